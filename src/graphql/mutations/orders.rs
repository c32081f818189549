//! Orders.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Effects, Order, OrderPurpose};
use crate::program::refusal::{Code, Refusal};
use crate::service::Services;
use crate::service::orders::OrderDraft;

/// Placing, fulfilling, cancelling and returning orders.
#[derive(Debug, Default)]
pub(crate) struct OrderMutations;

/// Line of an order.
#[derive(InputObject)]
pub(crate) struct OrderLineInput {
    /// Code of the product.
    product: String,
    /// Number of units, 1 or more.
    quantity: i32,
}

/// Order to quote or to place.
#[derive(InputObject)]
pub(crate) struct OrderInput {
    /// Code of the partner.
    partner: String,
    /// Purpose: resale to an end customer, or use by the partner itself.
    purpose: OrderPurpose,
    /// Name of the end customer. Required for `END_CUSTOMER`, not accepted for `SELF_USE`.
    customer: Option<String>,
    /// ISO 4217 code of the currency, such as `EUR`. Every ordered product needs a price in it (`NO_PRICE`).
    currency: String,
    /// Order lines, 1 to 100.
    lines: Vec<OrderLineInput>,
    /// Number of credits to redeem, 0 or more. More than the caps or the balance allow is refused as
    /// `CREDITS_OVER_CAP` or `CREDITS_OVER_BALANCE`, never reduced.
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

/// Order to place.
#[derive(InputObject)]
pub(crate) struct PlaceOrderInput {
    /// The order, at today's prices, level and rates. Excludes `quote`.
    order: Option<OrderInput>,
    /// Number of a saved quote whose order is placed at its own prices. Excludes `order`.
    quote: Option<String>,
    /// Client-chosen key, 1 to 200 characters, unique per partner. A repeat with the same content returns the
    /// first order; other content is refused as `CONFLICTING_DUPLICATE`.
    idempotency_key: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Order to mark as fulfilled.
#[derive(InputObject)]
pub(crate) struct FulfillOrderInput {
    /// Number of the order, such as `O-1831`.
    number: String,
    /// Date of fulfilment: not before the order was placed, not after today.
    fulfilled_on: Date,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Order to cancel.
#[derive(InputObject)]
pub(crate) struct CancelOrderInput {
    /// Number of the order, such as `O-1831`.
    number: String,
    /// Reason for the change, at most 2,000 characters on one line. Optional.
    reason: Option<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Fulfilled order that was returned.
#[derive(InputObject)]
pub(crate) struct ReturnOrderInput {
    /// Number of the order, such as `O-1831`.
    number: String,
    /// Reason for the return, 1 to 2,000 characters on one line.
    reason: String,
    /// Date of return: not before the order was fulfilled, not after today.
    returned_on: Date,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of an order mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct OrderPayload {
    /// The order after the change; null if the mutation was refused.
    order: Option<Order>,
    /// Whether an order with the same idempotency key already existed. `order` is then that order, and
    /// nothing was changed.
    duplicate: bool,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl OrderMutations {
    /// Places an order at today's prices, level and rates, or that of a saved quote at its own, and debits the redeemed
    /// credits from the partner's balance. Idempotent by `idempotencyKey`.
    async fn place_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order and idempotency key.")] input: PlaceOrderInput,
    ) -> Result<OrderPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let placed = match (input.order, input.quote) {
            (Some(order), None) => services.order_place(&order.into(), &input.idempotency_key).await,
            (None, Some(number)) => services.quote_place(&number, &input.idempotency_key).await,
            (order, _) => Err(order_or_quote(order.is_some()).into()),
        };
        Ok(match split_user_errors(placed)? {
            Ok(placed) => OrderPayload {
                order: Some(Order::with_lines(placed.order, placed.lines)),
                duplicate: placed.duplicate,
                effects: Effects(services.effects()),
                user_errors: Vec::new(),
            },
            Err(user_errors) => OrderPayload { user_errors, ..OrderPayload::default() },
        })
    }

    /// Marks a placed order as fulfilled. Orders for end customers count toward the partner's
    /// sales target.
    async fn fulfill_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order and date of fulfilment.")] input: FulfillOrderInput,
    ) -> Result<OrderPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let fulfilled = services.order_fulfill(&input.number, input.fulfilled_on.0).await;
        payload(&services, fulfilled.map(|order| (order, false))).await
    }

    /// Records that a fulfilled order was returned, which is final. A new ledger entry returns its credits. An order
    /// for an end customer leaves the sales of its fulfilment date; if the sales target of that year is not reached
    /// without it, the award is reversed with its own date. Refused as `WRONG_STATE` unless the order is fulfilled.
    async fn return_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order, reason and date of return.")] input: ReturnOrderInput,
    ) -> Result<OrderPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let returned = services.order_return(&input.number, &input.reason, input.returned_on.0).await;
        payload(&services, returned.map(|order| (order, false))).await
    }

    /// Cancels a placed order. A new ledger entry returns its credits.
    async fn cancel_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order to cancel.")] input: CancelOrderInput,
    ) -> Result<OrderPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let cancelled = services.order_cancel(&input.number, input.reason.as_deref()).await;
        payload(&services, cancelled.map(|order| (order, false))).await
    }
}

/// Refuses an input that names both an order and a quote, or neither.
fn order_or_quote(both: bool) -> Refusal {
    let (field, message) = if both {
        ("quote", "An order or a saved quote is placed, not both; leave one of them out.")
    } else {
        ("order", "Either the order or the number of a saved quote is required.")
    };
    Refusal::new(Code::Invalid, field, message)
}

async fn payload(
    services: &Services,
    result: Result<(entity::order::Model, bool), Error>,
) -> Result<OrderPayload, ApiError> {
    let first = async |id| Ok(services.orders_by_ids(&[id]).await?.remove(&id).map(|order| (order, true)));
    Ok(match split_user_errors(or_first(result, first).await)? {
        Ok((row, duplicate)) => OrderPayload {
            order: Some(Order(BatchRow::only(row))),
            duplicate,
            effects: Effects(services.effects()),
            user_errors: Vec::new(),
        },
        Err(user_errors) => OrderPayload { user_errors, ..OrderPayload::default() },
    })
}
