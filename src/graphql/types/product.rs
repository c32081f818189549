//! Products and contracts.

use async_graphql::{Context, ID, Object, SimpleObject};

use super::commerce::ProductCategory;
use super::{Money, Partner, Voiding};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Decimal};
use crate::service::Services;
use crate::service::contracts::{ContractRow, percent};
use crate::service::products::ProductRow;

/// Product that partners order.
pub(crate) struct Product(pub(crate) BatchRow<ProductRow>);

/// Product that partners order.
#[Object]
impl Product {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Product.id(self.0.row().product.id)
    }

    /// Unique code.
    async fn code(&self) -> &str {
        &self.0.row().product.code
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.row().product.name
    }

    /// Category, which determines the base discount and the cap on redeemed credits.
    async fn category(&self) -> ProductCategory {
        self.0.row().product.category.into()
    }

    /// List prices of one unit, one per currency. Existing orders keep their own prices.
    async fn prices(&self) -> Result<Vec<Money>, ApiError> {
        self.0.row().prices.iter().map(|price| Money::from_minor(price.amount, &price.currency)).collect()
    }
}

/// Contract with discount rates of its own. From its first through its last day its rates take precedence
/// over those of the partner's level for the categories that it covers, even if the level's rate is better.
pub(crate) struct Contract(pub(crate) BatchRow<ContractRow>);

/// Contract with discount rates of its own. From its first through its last day its rates take precedence
/// over those of the partner's level for the categories that it covers, even if the level's rate is better.
#[Object]
impl Contract {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Contract.id(self.0.row().contract.id)
    }

    /// Reference of the contract, unique per partner.
    async fn reference(&self) -> &str {
        &self.0.row().contract.reference
    }

    /// Partner of the contract; null if the caller may not see it.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.contract.partner_id).collect();
            services.partners_by_ids(&ids).await.map(BatchById::new)
        };
        let found = self.0.load(Relation::Partner, load).await;
        or_null(context, found.map(|found| found.get(self.0.row().contract.partner_id).map(Partner)))
    }

    /// First day on which the rates apply.
    async fn starts_on(&self) -> Date {
        Date(self.0.row().contract.starts_on)
    }

    /// Last day on which the rates apply. `endContract` changes it.
    async fn ends_on(&self) -> Date {
        Date(self.0.row().contract.ends_on)
    }

    /// Last day as it was recorded with the contract.
    async fn agreed_until(&self) -> Date {
        Date(self.0.row().contract.agreed_until)
    }

    /// Voiding of the contract; null unless it was voided. Its rates then apply on no day.
    async fn voided(&self, context: &Context<'_>) -> Option<Voiding> {
        let services = context.data_unchecked::<Services>();
        let voided = self.0.batch_rows().iter().filter(|row| row.contract.voided);
        let load = || async {
            let ids: Vec<_> = voided.map(|row| row.contract.id).collect();
            services.contract_voidings(&ids).await
        };
        let found = self.0.load(Relation::Voidings, load).await;
        or_null(context, found.map(|found| found.get(&self.0.row().contract.id).map(Into::into)))
    }

    /// Discount rates, one per covered category.
    async fn rates(&self) -> Result<Vec<ContractRate>, ApiError> {
        let rate = |rate: &entity::contract_rate::Model| {
            Ok(ContractRate { category: rate.category.into(), percent: Decimal(percent(&rate.percent)?) })
        };
        self.0.row().rates.iter().map(rate).collect()
    }
}

/// Discount rate of a contract for one product category.
#[derive(SimpleObject)]
pub(crate) struct ContractRate {
    /// Product category.
    category: ProductCategory,
    /// Discount in percent of the list price.
    percent: Decimal,
}
