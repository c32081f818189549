//! The swag shop.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::types::{Effects, SwagItem, SwagOrder};
use crate::service::Services;
use crate::service::swag::{SwagItemDraft, SwagOrderDraft};

/// Stocking the swag shop and ordering from it.
#[derive(Debug, Default)]
pub(crate) struct SwagMutations;

/// Swag shop item to create or change.
#[derive(InputObject)]
pub(crate) struct SaveSwagItemInput {
    /// Code of the item. If the code is new, an item is created; otherwise that item is changed.
    code: String,
    /// Display name, 1 to 200 characters.
    name: String,
    /// Price of one unit in Dojo Credits, 1 or more.
    dojo_credits: i32,
    /// Number of units in stock, 0 or more.
    stock: i32,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Result of a swag shop item mutation.
#[derive(SimpleObject)]
pub(crate) struct SwagItemPayload {
    /// The item after the change; null if the mutation was refused.
    swag_item: Option<SwagItem>,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Swag shop order to place.
#[derive(InputObject)]
pub(crate) struct PlaceSwagOrderInput {
    /// Code of the professional who orders.
    professional: String,
    /// Code of the item.
    item: String,
    /// Number of units, 1 or more.
    #[graphql(default = 1)]
    quantity: i32,
    /// Client-chosen key, 1 to 200 characters, unique per professional. A repeat with the same content
    /// returns the first order; other content is refused as `CONFLICTING_DUPLICATE`.
    idempotency_key: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Swag shop order to cancel.
#[derive(InputObject)]
pub(crate) struct CancelSwagOrderInput {
    /// Number of the order, such as `S-17`.
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

/// Swag shop order that was shipped.
#[derive(InputObject)]
pub(crate) struct FulfillSwagOrderInput {
    /// Number of the order, such as `S-17`.
    number: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of a swag shop order mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct SwagOrderPayload {
    /// The order after the change; null if the mutation was refused.
    swag_order: Option<SwagOrder>,
    /// Whether an order with the same idempotency key already existed. `swagOrder` is then that order, and
    /// nothing was changed.
    duplicate: bool,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl SwagMutations {
    /// Creates a swag shop item, or replaces name, price and stock of the item with this code. Existing
    /// orders keep their price.
    async fn save_swag_item(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Item to save.")] input: SaveSwagItemInput,
    ) -> Result<SwagItemPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let draft = SwagItemDraft {
            code: input.code,
            name: input.name,
            dojo_credits: input.dojo_credits.into(),
            stock: input.stock.into(),
        };
        Ok(match split_user_errors(services.swag_item_save(&draft).await)? {
            Ok(row) => {
                let effects = Effects(services.effects());
                SwagItemPayload {
                    swag_item: Some(SwagItem(BatchRow::only(row))),
                    effects,
                    user_errors: Vec::new(),
                }
            }
            Err(user_errors) => SwagItemPayload { swag_item: None, effects: Effects::default(), user_errors },
        })
    }

    /// Places a swag shop order: takes the items from stock and debits their price from the professional's
    /// Dojo Credits. Points are unaffected. Idempotent by `idempotencyKey`.
    async fn place_swag_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order and idempotency key.")] input: PlaceSwagOrderInput,
    ) -> Result<SwagOrderPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        let draft = SwagOrderDraft {
            professional: input.professional,
            item: input.item,
            quantity: input.quantity.into(),
            idempotency_key: input.idempotency_key,
        };
        let placed = services.swag_order_place(&draft).await;
        payload(&services, placed.map(|placed| (placed.order, placed.duplicate))).await
    }

    /// Marks a placed swag shop order as shipped, which is final: it can no longer be cancelled.
    async fn fulfill_swag_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order that was shipped.")] input: FulfillSwagOrderInput,
    ) -> Result<SwagOrderPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let fulfilled = services.swag_order_fulfill(&input.number).await;
        payload(&services, fulfilled.map(|order| (order, false))).await
    }

    /// Cancels a swag shop order that was not shipped yet. Its Dojo Credits are returned, and its items go back to stock.
    async fn cancel_swag_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order to cancel.")] input: CancelSwagOrderInput,
    ) -> Result<SwagOrderPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let cancelled = services.swag_order_cancel(&input.number, input.reason.as_deref()).await;
        payload(&services, cancelled.map(|order| (order, false))).await
    }
}

async fn payload(
    services: &Services,
    result: Result<(entity::swag_order::Model, bool), Error>,
) -> Result<SwagOrderPayload, ApiError> {
    let first =
        async |id| Ok(services.swag_orders_by_ids(&[id]).await?.remove(&id).map(|order| (order, true)));
    Ok(match split_user_errors(or_first(result, first).await)? {
        Ok((row, duplicate)) => SwagOrderPayload {
            swag_order: Some(SwagOrder(BatchRow::only(row))),
            duplicate,
            effects: Effects(services.effects()),
            user_errors: Vec::new(),
        },
        Err(user_errors) => SwagOrderPayload { user_errors, ..SwagOrderPayload::default() },
    })
}
