//! An entry of a partner's ledger.

use async_graphql::{Context, ID, Object};
use entity::ledger_entry::Model;
use entity::order;

use super::enums::{LedgerReason, Track};
use super::{Activity, Deal, Order};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;

/// A change of a partner's credits. Entries are never changed or deleted: a correction is a new entry.
pub(crate) struct LedgerEntry(pub(crate) BatchRow<Model>);

/// A change of a partner's credits. Entries are never changed or deleted: a correction is a new entry.
#[Object]
impl LedgerEntry {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::LedgerEntry.id(self.0.row().id)
    }

    /// The day on which it counts.
    async fn effective_on(&self) -> Date {
        Date(self.0.row().effective_on)
    }

    /// When the system learned of it.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// What it came from.
    async fn reason(&self) -> LedgerReason {
        self.0.row().reason.into()
    }

    /// The track that the credits count for; null for entries that only change the balance.
    async fn track(&self) -> Option<Track> {
        self.0.row().track.map(Into::into)
    }

    /// Kind of the earning rule; null for entries that no rule earned.
    async fn kind(&self) -> Option<&str> {
        self.0.row().kind.as_deref()
    }

    /// Credits that count for the level.
    async fn level_credits(&self) -> i32 {
        int(self.0.row().level_credits)
    }

    /// Credits that can be spent.
    async fn spendable_credits(&self) -> i32 {
        int(self.0.row().spendable_credits)
    }

    /// The partner's balance with this entry.
    async fn balance_after(&self) -> i32 {
        int(self.0.row().balance_after)
    }

    /// One sentence: the rule, the units before and after, and the arithmetic; or the order and what it cost.
    async fn explanation(&self, context: &Context<'_>) -> Result<String, ApiError> {
        let services = context.data_unchecked::<Services>();
        let order = self.find_order(services).await?;
        Ok(services.explain(self.0.row(), order.as_ref().map(BatchRow::row)))
    }

    /// The activity that it is about; null for orders, deals and sales targets.
    async fn activity(&self, context: &Context<'_>) -> Option<Activity> {
        let id = self.0.row().activity_id?;
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.activity_id).collect();
        let load = async { services.activities_by_ids(&ids).await.map(BatchById::new) };
        let activities = self.0.load(Relation::Activity, load).await;
        or_null(context, activities.map(|activities| activities.get(id).map(Activity)))
    }

    /// The order that it is about; null for what no order caused.
    async fn order(&self, context: &Context<'_>) -> Option<Order> {
        let services = context.data_unchecked::<Services>();
        or_null(context, self.find_order(services).await.map(|found| found.map(Order)))
    }

    /// The deal that it is about; null for what no deal caused.
    async fn deal(&self, context: &Context<'_>) -> Option<Deal> {
        let id = self.0.row().deal_id?;
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.deal_id).collect();
        let load = async { services.deals_by_ids(&ids).await.map(BatchById::new) };
        let deals = self.0.load(Relation::Deal, load).await;
        or_null(context, deals.map(|deals| deals.get(id).map(Deal)))
    }
}

impl LedgerEntry {
    async fn find_order(&self, services: &Services) -> Result<Option<BatchRow<order::Model>>, ApiError> {
        let Some(id) = self.0.row().order_id else { return Ok(None) };
        let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.order_id).collect();
        let load = async { services.orders_by_ids(&ids).await.map(BatchById::new) };
        Ok(self.0.load(Relation::Order, load).await?.get(id))
    }
}
