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

/// Entry of a partner's ledger: a change of credits. The ledger is append-only; a correction is a new entry.
pub(crate) struct LedgerEntry(pub(crate) BatchRow<Model>);

/// Entry of a partner's ledger: a change of credits. The ledger is append-only; a correction is a new entry.
#[Object]
impl LedgerEntry {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::LedgerEntry.id(self.0.row().id)
    }

    /// Effective date: the day on which the credits count.
    async fn effective_on(&self) -> Date {
        Date(self.0.row().effective_on)
    }

    /// Time at which the entry was posted (recorded date).
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Reason for the entry.
    async fn reason(&self) -> LedgerReason {
        self.0.row().reason.into()
    }

    /// Track that the credits count toward; null for an entry that changes the balance only.
    async fn track(&self) -> Option<Track> {
        self.0.row().track.map(Into::into)
    }

    /// Code of the activity kind whose rule earned the credits; null if no rule did.
    async fn kind(&self) -> Option<&str> {
        self.0.row().kind.as_deref()
    }

    /// Change of level credits, which determine the level; negative for a reversal.
    async fn level_credits(&self) -> i32 {
        int(self.0.row().level_credits)
    }

    /// Change of spendable credits, which make up the balance; negative for a redemption or a reversal.
    async fn spendable_credits(&self) -> i32 {
        int(self.0.row().spendable_credits)
    }

    /// Balance after this entry, in the order of recording.
    async fn balance_after(&self) -> i32 {
        int(self.0.row().balance_after)
    }

    /// Explanation in one sentence: the rule, the units before and after, and the arithmetic; or the order
    /// and its credits.
    async fn explanation(&self, context: &Context<'_>) -> Result<String, ApiError> {
        let services = context.data_unchecked::<Services>();
        let order = self.find_order(services).await?;
        Ok(services.explain(self.0.row(), order.as_ref().map(BatchRow::row)))
    }

    /// Activity that caused the entry; null for orders, deals and sales targets.
    async fn activity(&self, context: &Context<'_>) -> Option<Activity> {
        let id = self.0.row().activity_id?;
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.activity_id).collect();
        let load = async { services.activities_by_ids(&ids).await.map(BatchById::new) };
        let activities = self.0.load(Relation::Activity, load).await;
        or_null(context, activities.map(|activities| activities.get(id).map(Activity)))
    }

    /// Order that caused the entry; null if there is none.
    async fn order(&self, context: &Context<'_>) -> Option<Order> {
        let services = context.data_unchecked::<Services>();
        or_null(context, self.find_order(services).await.map(|found| found.map(Order)))
    }

    /// Deal that caused the entry; null if there is none.
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
