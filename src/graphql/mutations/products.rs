//! Products, contracts and sales targets.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::subjects::PartnerPayload;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_error};
use crate::graphql::scalar::{Date, Decimal};
use crate::graphql::types::{MoneyInput, Product, ProductCategory};
use crate::program::refusal::Refusal;
use crate::service::Services;
use crate::service::contracts::ContractDraft;
use crate::service::products::ProductDraft;

/// What is sold, at which rates, and how much of it is expected.
#[derive(Debug, Default)]
pub(crate) struct ProductMutations;

/// A product to enter or change.
#[derive(InputObject)]
pub(crate) struct SaveProductInput {
    /// Unique code: the product of this code is changed, or a new one entered.
    code: String,
    /// Name for people.
    name: String,
    /// The category: it decides which discount and which cap on credits hold.
    category: ProductCategory,
    /// List prices of one, at most one for each currency. They take the place of earlier ones.
    prices: Vec<MoneyInput>,
}

/// What came of a change to a product.
#[derive(SimpleObject)]
pub(crate) struct ProductPayload {
    /// The product; null when the change was refused.
    product: Option<Product>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

/// A discount of a contract.
#[derive(InputObject)]
pub(crate) struct ContractRateInput {
    /// The category that it governs.
    category: ProductCategory,
    /// Share of the list price in percent, "0" to "100" with up to four decimals.
    percent: Decimal,
}

/// A contract with discount rates of its own.
#[derive(InputObject)]
pub(crate) struct RecordContractInput {
    /// Code of the partner.
    partner: String,
    /// Reference that is unique for the partner.
    reference: String,
    /// First day on which its rates govern.
    starts_on: Date,
    /// Last day on which its rates govern.
    ends_on: Date,
    /// Its rates, one for each category that it governs.
    rates: Vec<ContractRateInput>,
}

/// What a partner is to sell in a year.
#[derive(InputObject)]
pub(crate) struct SetSalesTargetInput {
    /// Code of the partner.
    partner: String,
    /// The calendar year.
    year: i32,
    /// Net amount of end-customer orders to be fulfilled in the year. Orders in another currency don't count.
    target: MoneyInput,
}

#[Object]
impl ProductMutations {
    /// Enters a product, or gives the one of this code a new name, category and prices. Orders keep what they were priced with.
    async fn save_product(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The product.")] input: SaveProductInput,
    ) -> Result<ProductPayload, ApiError> {
        let price = |(index, price): (usize, &MoneyInput)| {
            price.to_amount().map_err(|refusal| refusal.within(&index.to_string()).within("prices"))
        };
        let prices = match input.prices.iter().enumerate().map(price).collect::<Result<Vec<_>, Refusal>>() {
            Ok(prices) => prices,
            Err(refusal) => return Ok(ProductPayload { product: None, user_errors: vec![refusal.into()] }),
        };
        let draft =
            ProductDraft { code: input.code, name: input.name, category: input.category.into(), prices };
        let services = context.data_unchecked::<Services>();
        Ok(match split_user_error(services.product_save(&draft).await)? {
            Ok(row) => {
                ProductPayload { product: Some(Product(BatchRow::only(row))), user_errors: Vec::new() }
            }
            Err(error) => ProductPayload { product: None, user_errors: vec![error] },
        })
    }

    /// Records a contract: from its first through its last day it governs its categories, even where the level's rate is better.
    async fn record_contract(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The contract.")] input: RecordContractInput,
    ) -> Result<PartnerPayload, ApiError> {
        let draft = ContractDraft {
            partner: input.partner,
            reference: input.reference,
            starts_on: input.starts_on.0,
            ends_on: input.ends_on.0,
            rates: input.rates.into_iter().map(|rate| (rate.category.into(), rate.percent.0)).collect(),
        };
        let services = context.data_unchecked::<Services>();
        Ok(PartnerPayload::from_result(split_user_error(services.contract_record(&draft).await)?))
    }

    /// Sets what a partner is to sell in a year, in the place of an earlier target. When it is reached, the award comes by itself.
    async fn set_sales_target(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The target.")] input: SetSalesTargetInput,
    ) -> Result<PartnerPayload, ApiError> {
        let amount = match input.target.to_amount() {
            Ok(amount) => amount,
            Err(refusal) => return Ok(PartnerPayload::from_result(Err(refusal.within("target").into()))),
        };
        let services = context.data_unchecked::<Services>();
        let set = services.sales_target_set(&input.partner, input.year, amount).await;
        Ok(PartnerPayload::from_result(split_user_error(set)?))
    }
}
