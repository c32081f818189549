//! The swag shop.

use async_graphql::{Context, ID, Object};
use entity::value::LogAction;
use entity::{swag_item, swag_order};

use super::commerce::SwagOrderStatus;
use super::credit_lot::CreditLot;
use super::{Cancellation, Professional};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;

/// Item of the swag shop, which professionals buy with Dojo Credits.
pub(crate) struct SwagItem(pub(crate) BatchRow<swag_item::Model>);

/// Item of the swag shop, which professionals buy with Dojo Credits.
#[Object]
impl SwagItem {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::SwagItem.id(self.0.row().id)
    }

    /// Unique code.
    async fn code(&self) -> &str {
        &self.0.row().code
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// Price of one unit in Dojo Credits.
    async fn dojo_credits(&self) -> i32 {
        int(self.0.row().dojo_credits)
    }

    /// Number of units in stock.
    async fn stock(&self) -> i32 {
        int(self.0.row().stock)
    }
}

/// Order of a professional in the swag shop, paid with Dojo Credits. Points are unaffected.
pub(crate) struct SwagOrder(pub(crate) BatchRow<swag_order::Model>);

/// Order of a professional in the swag shop, paid with Dojo Credits. Points are unaffected.
#[Object]
impl SwagOrder {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::SwagOrder.id(self.0.row().id)
    }

    /// Unique number, such as `S-17`.
    async fn number(&self) -> &str {
        &self.0.row().number
    }

    /// Professional who placed the order.
    async fn professional(&self, context: &Context<'_>) -> Result<Professional, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.professional_id).collect();
            services.professionals_by_ids(&ids).await.map(BatchById::new)
        };
        let professionals = self.0.load(Relation::Professional, load).await?;
        let found = professionals.get(self.0.row().professional_id).map(Professional);
        found.ok_or_else(|| Error::Damaged("an order without its professional".to_owned()).into())
    }

    /// Current state of the item, which may differ from what was ordered.
    async fn item(&self, context: &Context<'_>) -> Result<SwagItem, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.item_id).collect();
            services.swag_items_by_ids(&ids).await.map(BatchById::new)
        };
        let items = self.0.load(Relation::SwagItem, load).await?;
        let found = items.get(self.0.row().item_id).map(SwagItem);
        found.ok_or_else(|| Error::Damaged("an order without its item".to_owned()).into())
    }

    /// Name of the item at the time of the order.
    async fn item_name(&self) -> &str {
        &self.0.row().item_name
    }

    /// Number of units.
    async fn quantity(&self) -> i32 {
        int(self.0.row().quantity)
    }

    /// Price of all units in Dojo Credits.
    async fn dojo_credits(&self) -> i32 {
        int(self.0.row().dojo_credits)
    }

    /// What the Dojo Credits had been earned on, the oldest first; also of an order that was cancelled, which gives back
    /// the same. At most 1,000 days.
    async fn paid_with(&self, context: &Context<'_>) -> Result<Vec<CreditLot>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.swag_orders_paid_with(self.0.batch_rows()).await };
        let lots = self.0.load(Relation::PaidWith, load).await?;
        Ok(CreditLot::all(lots.get(&self.0.row().id)))
    }

    /// Status of the order.
    async fn status(&self) -> SwagOrderStatus {
        self.0.row().status.into()
    }

    /// Date of the order.
    async fn placed_on(&self) -> Date {
        Date(self.0.row().placed_on)
    }

    /// Date of cancellation; null unless the order was cancelled.
    async fn cancelled_on(&self) -> Option<Date> {
        self.0.row().cancelled_on.map(Date)
    }

    /// Cancellation, with its reason; null unless the order was cancelled.
    async fn cancelled(&self, context: &Context<'_>) -> Option<Cancellation> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.swag_order_histories(self.0.batch_rows()).await };
        let found = self.0.load(Relation::Histories, load).await;
        let actions = [LogAction::SwagCancelled];
        or_null(context, found.map(|found| found.last(self.0.row().id, &actions).map(Into::into)))
    }

    /// Date of shipping; null unless the order was shipped.
    async fn fulfilled_on(&self) -> Option<Date> {
        self.0.row().fulfilled_on.map(Date)
    }

    /// Time at which the order was recorded.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }
}
