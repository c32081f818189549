//! Products, contracts and sales targets.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::subjects::PartnerPayload;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::{Date, Decimal};
use crate::graphql::types::{Effects, MoneyInput, Product, ProductCategory};
use crate::service::contracts::ContractDraft;
use crate::service::products::ProductDraft;

/// What is sold, at which rates, and how much of it is expected.
#[derive(Debug, Default)]
pub(crate) struct ProductMutations;

/// Product to create or change.
#[derive(InputObject)]
pub(crate) struct SaveProductInput {
    /// Code of the product. If the code is new, a product is created; otherwise that product is changed.
    code: String,
    /// Display name, 1 to 200 characters.
    name: String,
    /// Category, which determines the base discount and the cap on redeemed credits.
    category: ProductCategory,
    /// List prices of one unit, at most one per currency and 50 in total. They replace all earlier prices.
    prices: Vec<MoneyInput>,
    /// Whether to answer with the product as it would be, and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Result of a product mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct ProductPayload {
    /// The product after the change; null if the mutation was refused.
    product: Option<Product>,
    /// What the mutation changed of credits, points and levels, or would change as a preview: nothing, because what was
    /// ordered keeps its prices.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Discount rate of a contract for one product category.
#[derive(InputObject)]
pub(crate) struct ContractRateInput {
    /// Product category, at most once per contract.
    category: ProductCategory,
    /// Discount in percent of the list price: "0" to "100" with up to four decimals.
    percent: Decimal,
}

/// Contract to record.
#[derive(InputObject)]
pub(crate) struct RecordContractInput {
    /// Code of the partner.
    partner: String,
    /// Reference of the contract, unique per partner.
    reference: String,
    /// First day on which the rates apply, in the years 1990 to 2100.
    starts_on: Date,
    /// Last day on which the rates apply, inclusive: not before `startsOn`, in the years 1990 to 2100.
    ends_on: Date,
    /// Discount rates, at least one, and at most one per product category.
    rates: Vec<ContractRateInput>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Contract to give another last day.
#[derive(InputObject)]
pub(crate) struct EndContractInput {
    /// Code of the partner.
    partner: String,
    /// Reference of the contract.
    reference: String,
    /// Last day on which the rates apply, inclusive: not before the first day, in the years 1990 to 2100. It can be
    /// earlier or later than the present one.
    ends_on: Date,
    /// Reason for the change, at most 2,000 characters on one line. Optional.
    reason: Option<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Contract to void.
#[derive(InputObject)]
pub(crate) struct VoidContractInput {
    /// Code of the partner.
    partner: String,
    /// Reference of the contract.
    reference: String,
    /// Reason for the change, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Sales target to set.
#[derive(InputObject)]
pub(crate) struct SetSalesTargetInput {
    /// Code of the partner.
    partner: String,
    /// Calendar year, 2000 to 2100.
    year: i32,
    /// Net amount of end-customer orders to reach, more than 0. Orders in other currencies do not count.
    target: MoneyInput,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

#[Object]
impl ProductMutations {
    /// Creates a product, or replaces name, category and prices of the product with this code. Existing
    /// orders keep their prices.
    async fn save_product(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Product to save.")] input: SaveProductInput,
    ) -> Result<ProductPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let prices = input.prices.into_iter().map(Into::into).collect();
        let draft =
            ProductDraft { code: input.code, name: input.name, category: input.category.into(), prices };
        Ok(match split_user_errors(services.product_save(&draft).await)? {
            Ok(row) => {
                let product = Some(Product(BatchRow::only(row)));
                ProductPayload { product, effects: Effects(services.effects()), user_errors: Vec::new() }
            }
            Err(user_errors) => ProductPayload { user_errors, ..ProductPayload::default() },
        })
    }

    /// Records a contract of a partner. Refused as `CONTRACT_OVERLAP` if another contract of the partner
    /// covers one of its categories on the same days.
    async fn record_contract(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Contract to record.")] input: RecordContractInput,
    ) -> Result<PartnerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let draft = ContractDraft {
            partner: input.partner,
            reference: input.reference,
            starts_on: input.starts_on.0,
            ends_on: input.ends_on.0,
            rates: input.rates.into_iter().map(|rate| (rate.category.into(), rate.percent.0)).collect(),
        };
        let recorded = services.contract_record(&draft).await;
        let recorded = or_first(recorded, async |_| services.partner_by_code(&draft.partner).await).await;
        Ok(PartnerPayload::of(&services, split_user_errors(recorded)?))
    }

    /// Sets another last day for a contract. Orders that were placed keep their prices. Refused as
    /// `CONTRACT_OVERLAP` if another contract covers one of its categories on days that are added.
    async fn end_contract(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Contract and last day.")] input: EndContractInput,
    ) -> Result<PartnerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let EndContractInput { partner, reference, ends_on, reason, .. } = input;
        let ended = services.contract_end(&partner, &reference, ends_on.0, reason.as_deref()).await;
        let ended = or_first(ended, async |_| services.partner_by_code(&partner).await).await;
        Ok(PartnerPayload::of(&services, split_user_errors(ended)?))
    }

    /// Voids a contract that was recorded by mistake: its rates apply on no day. Orders that were placed keep their
    /// prices.
    async fn void_contract(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Contract to void.")] input: VoidContractInput,
    ) -> Result<PartnerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let voided = services.contract_void(&input.partner, &input.reference, &input.reason).await;
        let voided = or_first(voided, async |_| services.partner_by_code(&input.partner).await).await;
        Ok(PartnerPayload::of(&services, split_user_errors(voided)?))
    }

    /// Sets a partner's sales target for a year and replaces an earlier one. The award is posted
    /// automatically when the target is reached, and reversed if a changed target is no longer reached.
    async fn set_sales_target(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Sales target to set.")] input: SetSalesTargetInput,
    ) -> Result<PartnerPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let set = services.sales_target_set(&input.partner, input.year, input.target).await;
        Ok(PartnerPayload::of(&services, split_user_errors(set)?))
    }
}
