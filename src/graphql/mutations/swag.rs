//! The swag shop.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_error};
use crate::graphql::types::{SwagItem, SwagOrder};
use crate::service::Services;
use crate::service::swag::{SwagItemDraft, SwagOrderDraft};

/// Stocking the swag shop and ordering from it.
#[derive(Debug, Default)]
pub(crate) struct SwagMutations;

/// An item to enter or change.
#[derive(InputObject)]
pub(crate) struct SaveSwagItemInput {
    /// Unique code: the item of this code is changed, or a new one entered.
    code: String,
    /// Name for people.
    name: String,
    /// Price of one in Dojo Credits; 1 or more.
    dojo_credits: i32,
    /// How many there are now; 0 or more.
    stock: i32,
}

/// What came of a change to an item.
#[derive(SimpleObject)]
pub(crate) struct SwagItemPayload {
    /// The item; null when the change was refused.
    swag_item: Option<SwagItem>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

/// An order to place in the swag shop.
#[derive(InputObject)]
pub(crate) struct PlaceSwagOrderInput {
    /// Code of the professional who orders.
    professional: String,
    /// Code of the item.
    item: String,
    /// How many; 1 or more.
    #[graphql(default = 1)]
    quantity: i32,
    /// Key of your choice, unique for the professional: the same key again returns the first order.
    idempotency_key: String,
}

/// An order of swag to cancel.
#[derive(InputObject)]
pub(crate) struct CancelSwagOrderInput {
    /// Number of the order.
    number: String,
    /// Why, in a person's words.
    reason: Option<String>,
}

/// What came of an order of swag.
#[derive(SimpleObject, Default)]
pub(crate) struct SwagOrderPayload {
    /// The order; null when it was refused.
    swag_order: Option<SwagOrder>,
    /// Whether the same key came before: then `swagOrder` is that first one, and nothing has changed.
    duplicate: bool,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

#[Object]
impl SwagMutations {
    /// Enters an item of the swag shop, or gives the one of this code a new name, price and stock.
    async fn save_swag_item(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The item.")] input: SaveSwagItemInput,
    ) -> Result<SwagItemPayload, ApiError> {
        let draft = SwagItemDraft {
            code: input.code,
            name: input.name,
            dojo_credits: input.dojo_credits.into(),
            stock: input.stock.into(),
        };
        let services = context.data_unchecked::<Services>();
        Ok(match split_user_error(services.swag_item_save(&draft).await)? {
            Ok(row) => {
                SwagItemPayload { swag_item: Some(SwagItem(BatchRow::only(row))), user_errors: Vec::new() }
            }
            Err(error) => SwagItemPayload { swag_item: None, user_errors: vec![error] },
        })
    }

    /// Orders swag: takes it from the stock, and its price from the Dojo Credits. Points are never touched.
    async fn place_swag_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The order and its key.")] input: PlaceSwagOrderInput,
    ) -> Result<SwagOrderPayload, ApiError> {
        let draft = SwagOrderDraft {
            professional: input.professional,
            item: input.item,
            quantity: input.quantity.into(),
            idempotency_key: input.idempotency_key,
        };
        let placed = context.data_unchecked::<Services>().swag_order_place(&draft).await;
        payload(placed.map(|placed| (placed.order, placed.duplicate)))
    }

    /// Cancels an order of swag: its Dojo Credits come back, and the items return to the stock.
    async fn cancel_swag_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which order, and why.")] input: CancelSwagOrderInput,
    ) -> Result<SwagOrderPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let cancelled = services.swag_order_cancel(&input.number, input.reason.as_deref()).await;
        payload(cancelled.map(|order| (order, false)))
    }
}

fn payload(result: Result<(entity::swag_order::Model, bool), Error>) -> Result<SwagOrderPayload, ApiError> {
    Ok(match split_user_error(result)? {
        Ok((row, duplicate)) => SwagOrderPayload {
            swag_order: Some(SwagOrder(BatchRow::only(row))),
            duplicate,
            user_errors: Vec::new(),
        },
        Err(error) => SwagOrderPayload { user_errors: vec![error], ..SwagOrderPayload::default() },
    })
}
