//! Orders.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_error};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Order, OrderPurpose};
use crate::service::Services;
use crate::service::orders::OrderDraft;

/// Placing, fulfilling and cancelling orders.
#[derive(Debug, Default)]
pub(crate) struct OrderMutations;

/// A line of an order.
#[derive(InputObject)]
pub(crate) struct OrderLineInput {
    /// Code of the product.
    product: String,
    /// How many; 1 or more.
    quantity: i32,
}

/// An order to quote or place.
#[derive(InputObject)]
pub(crate) struct OrderInput {
    /// Code of the partner.
    partner: String,
    /// What it is for.
    purpose: OrderPurpose,
    /// The end customer; only for `END_CUSTOMER`, and then required.
    customer: Option<String>,
    /// ISO 4217 code of the currency that every product is priced in.
    currency: String,
    /// Its lines, 1 to 100.
    lines: Vec<OrderLineInput>,
    /// Credits to redeem. More than caps or balance allow are refused, never silently reduced.
    #[graphql(default = 0)]
    credits: i32,
}

impl From<OrderInput> for OrderDraft {
    fn from(input: OrderInput) -> Self {
        Self {
            partner: input.partner,
            purpose: input.purpose.into(),
            customer: input.customer,
            currency: input.currency,
            lines: input.lines.into_iter().map(|line| (line.product, line.quantity.into())).collect(),
            credits: input.credits.into(),
        }
    }
}

/// An order to place.
#[derive(InputObject)]
pub(crate) struct PlaceOrderInput {
    /// The order.
    order: OrderInput,
    /// Key of your choice, unique for the partner: the same key again returns the first order.
    idempotency_key: String,
}

/// An order that was delivered.
#[derive(InputObject)]
pub(crate) struct FulfillOrderInput {
    /// Number of the order.
    number: String,
    /// When it was fulfilled; not before it was placed, not after today.
    fulfilled_on: Date,
}

/// An order to cancel.
#[derive(InputObject)]
pub(crate) struct CancelOrderInput {
    /// Number of the order.
    number: String,
    /// Why, in a person's words.
    reason: Option<String>,
}

/// What came of an order.
#[derive(SimpleObject, Default)]
pub(crate) struct OrderPayload {
    /// The order; null when it was refused.
    order: Option<Order>,
    /// Whether the same key came before: then `order` is that first one, and nothing has changed.
    duplicate: bool,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

#[Object]
impl OrderMutations {
    /// Places an order at today's prices, level and rates, and takes the credits from the balance.
    async fn place_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The order and its key.")] input: PlaceOrderInput,
    ) -> Result<OrderPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let placed = services.order_place(&input.order.into(), &input.idempotency_key).await;
        payload(placed.map(|placed| (placed.order, placed.duplicate)))
    }

    /// Fulfils an order, which is final. One for an end customer counts for the partner's sales target.
    async fn fulfill_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which order, and when.")] input: FulfillOrderInput,
    ) -> Result<OrderPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let fulfilled = services.order_fulfill(&input.number, input.fulfilled_on.0).await;
        payload(fulfilled.map(|order| (order, false)))
    }

    /// Cancels an order: its credits come back by a new entry.
    async fn cancel_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which order, and why.")] input: CancelOrderInput,
    ) -> Result<OrderPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let cancelled = services.order_cancel(&input.number, input.reason.as_deref()).await;
        payload(cancelled.map(|order| (order, false)))
    }
}

fn payload(result: Result<(entity::order::Model, bool), Error>) -> Result<OrderPayload, ApiError> {
    Ok(match split_user_error(result)? {
        Ok((row, duplicate)) => {
            OrderPayload { order: Some(Order(BatchRow::only(row))), duplicate, user_errors: Vec::new() }
        }
        Err(error) => OrderPayload { user_errors: vec![error], ..OrderPayload::default() },
    })
}
