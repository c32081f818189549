//! Products and contracts.

use async_graphql::{ID, Object, SimpleObject};

use super::Money;
use super::enums::ProductCategory;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::scalar::{Date, Decimal};
use crate::service::contracts::{ContractRow, percent};
use crate::service::products::ProductRow;

/// Something that partners order.
pub(crate) struct Product(pub(crate) BatchRow<ProductRow>);

/// Something that partners order.
#[Object]
impl Product {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Product.id(self.0.row().product.id)
    }

    /// Unique code that people and machines refer to it by.
    async fn code(&self) -> &str {
        &self.0.row().product.code
    }

    /// Name for people.
    async fn name(&self) -> &str {
        &self.0.row().product.name
    }

    /// The category: it decides which discount and which cap on credits hold.
    async fn category(&self) -> ProductCategory {
        self.0.row().product.category.into()
    }

    /// List price of one, by currency. Orders keep the price that they were placed at.
    async fn prices(&self) -> Result<Vec<Money>, ApiError> {
        self.0.row().prices.iter().map(|price| Money::from_minor(price.amount, &price.currency)).collect()
    }
}

/// A contract with discount rates of its own: from its first through its last day it governs its
/// categories, even where the level's rate is better.
pub(crate) struct Contract(pub(crate) BatchRow<ContractRow>);

/// A contract with discount rates of its own: from its first through its last day it governs its
/// categories, even where the level's rate is better.
#[Object]
impl Contract {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Contract.id(self.0.row().contract.id)
    }

    /// Reference that is unique for the partner.
    async fn reference(&self) -> &str {
        &self.0.row().contract.reference
    }

    /// First day.
    async fn starts_on(&self) -> Date {
        Date(self.0.row().contract.starts_on)
    }

    /// Last day.
    async fn ends_on(&self) -> Date {
        Date(self.0.row().contract.ends_on)
    }

    /// Its rates, one for each category that it governs.
    async fn rates(&self) -> Result<Vec<ContractRate>, ApiError> {
        let rate = |rate: &entity::contract_rate::Model| {
            Ok(ContractRate { category: rate.category.into(), percent: Decimal(percent(&rate.percent)?) })
        };
        self.0.row().rates.iter().map(rate).collect()
    }
}

/// The discount of a contract on one category of product.
#[derive(SimpleObject)]
pub(crate) struct ContractRate {
    /// The category.
    category: ProductCategory,
    /// Share of the list price, in percent.
    percent: Decimal,
}
