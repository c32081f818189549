//! The swag shop.

use async_graphql::{Context, ID, Object};
use entity::{swag_item, swag_order};

use super::Professional;
use super::enums::SwagOrderStatus;
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;

/// Something that Dojo Credits buy.
pub(crate) struct SwagItem(pub(crate) BatchRow<swag_item::Model>);

/// Something that Dojo Credits buy.
#[Object]
impl SwagItem {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::SwagItem.id(self.0.row().id)
    }

    /// Unique code that people and machines refer to it by.
    async fn code(&self) -> &str {
        &self.0.row().code
    }

    /// Name for people.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// Price of one in Dojo Credits.
    async fn dojo_credits(&self) -> i32 {
        int(self.0.row().dojo_credits)
    }

    /// How many are left.
    async fn stock(&self) -> i32 {
        int(self.0.row().stock)
    }
}

/// An order in the swag shop, paid with Dojo Credits. It never touches points.
pub(crate) struct SwagOrder(pub(crate) BatchRow<swag_order::Model>);

/// An order in the swag shop, paid with Dojo Credits. It never touches points.
#[Object]
impl SwagOrder {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::SwagOrder.id(self.0.row().id)
    }

    /// Unique number that people and machines refer to it by.
    async fn number(&self) -> &str {
        &self.0.row().number
    }

    /// Who ordered.
    async fn professional(&self, context: &Context<'_>) -> Result<Professional, ApiError> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.professional_id).collect();
        let load = async { services.professionals_by_ids(&ids).await.map(BatchById::new) };
        let professionals = self.0.load(Relation::Professional, load).await?;
        let found = professionals.get(self.0.row().professional_id).map(Professional);
        found.ok_or_else(|| Error::Damaged("an order without its professional".to_owned()).into())
    }

    /// The item as it is now.
    async fn item(&self, context: &Context<'_>) -> Result<SwagItem, ApiError> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.item_id).collect();
        let load = async { services.swag_items_by_ids(&ids).await.map(BatchById::new) };
        let items = self.0.load(Relation::SwagItem, load).await?;
        let found = items.get(self.0.row().item_id).map(SwagItem);
        found.ok_or_else(|| Error::Damaged("an order without its item".to_owned()).into())
    }

    /// Name of the item when it was ordered.
    async fn item_name(&self) -> &str {
        &self.0.row().item_name
    }

    /// How many.
    async fn quantity(&self) -> i32 {
        int(self.0.row().quantity)
    }

    /// What all of it cost in Dojo Credits.
    async fn dojo_credits(&self) -> i32 {
        int(self.0.row().dojo_credits)
    }

    /// Where it stands.
    async fn status(&self) -> SwagOrderStatus {
        self.0.row().status.into()
    }

    /// When it was placed.
    async fn placed_on(&self) -> Date {
        Date(self.0.row().placed_on)
    }

    /// When it was cancelled; null unless it was.
    async fn cancelled_on(&self) -> Option<Date> {
        self.0.row().cancelled_on.map(Date)
    }

    /// When the system learned of it.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }
}
