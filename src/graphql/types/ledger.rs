//! An entry of a partner's ledger.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::ledger_entry::Model;
use entity::{deal, order};

use super::earning_rule::EarningRule;
use super::enums::{LedgerReason, Track};
use super::{Activity, Deal, Edition, Order, SavedQuote};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::program::Program;
use crate::service::Services;
use crate::service::reads::LedgerObjects;

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
    /// and its credits. That of a deal names the customer and why this partner is rewarded.
    async fn explanation(&self, context: &Context<'_>) -> Result<String, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let objects = LedgerObjects {
                orders: self.orders(services).await?.map(|found| found.rows()).unwrap_or_default(),
                deals: self.deals(services).await?.map(|found| found.rows()).unwrap_or_default(),
            };
            services.explain_entries(self.0.batch_rows(), &objects).await.map_err(ApiError::from)
        };
        let sentences = self.0.load(Relation::Explanations, load).await?;
        Ok(sentences.get(&self.0.row().id).cloned().unwrap_or_default())
    }

    /// Edition whose rule earned the credits; for redeemed and returned credits, the edition in force on
    /// `effectiveOn`.
    async fn edition(&self, context: &Context<'_>) -> Edition {
        let services = context.data_unchecked::<Services>();
        let (id, index) = services.edition_of(self.0.row().edition_id, self.0.row().effective_on);
        Edition { id, index, policy: Arc::clone(services.policy()) }
    }

    /// Rule of `edition` that earned the credits; null if no rule did.
    async fn rule(&self, context: &Context<'_>) -> Option<EarningRule> {
        let kind = self.0.row().kind.as_deref()?;
        let services = context.data_unchecked::<Services>();
        let (_, index) = services.edition_of(self.0.row().edition_id, self.0.row().effective_on);
        EarningRule::find(services.policy(), index, Program::Partner, kind)
    }

    /// Activity that caused the entry; null for orders, deals and sales targets.
    async fn activity(&self, context: &Context<'_>) -> Option<Activity> {
        let id = self.0.row().activity_id?;
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.activity_id).collect();
            services.activities_by_ids(&ids).await.map(BatchById::new)
        };
        let activities = self.0.load(Relation::Activity, load).await;
        or_null(context, activities.map(|activities| activities.get(id).map(Activity)))
    }

    /// Order that caused the entry; null if there is none.
    async fn order(&self, context: &Context<'_>) -> Option<Order> {
        let id = self.0.row().order_id?;
        let orders = self.orders(context.data_unchecked::<Services>()).await;
        or_null(context, orders.map(|orders| orders?.get(id).map(Order)))
    }

    /// Saved quote that holds or held the credits; null if there is none.
    async fn quote(&self, context: &Context<'_>) -> Option<SavedQuote> {
        let id = self.0.row().quote_id?;
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.quote_id).collect();
            services.saved_quotes_by_ids(&ids).await.map(BatchById::new)
        };
        let quotes = self.0.load(Relation::SavedQuote, load).await;
        or_null(context, quotes.map(|quotes| quotes.get(id).map(SavedQuote)))
    }

    /// Deal that caused the entry; null if there is none.
    async fn deal(&self, context: &Context<'_>) -> Option<Deal> {
        let id = self.0.row().deal_id?;
        let deals = self.deals(context.data_unchecked::<Services>()).await;
        or_null(context, deals.map(|deals| deals?.get(id).map(Deal)))
    }
}

impl LedgerEntry {
    /// The orders of the batch; none if no entry has one.
    async fn orders(&self, services: &Services) -> Result<Option<Arc<BatchById<order::Model>>>, ApiError> {
        let rows = self.0.batch_rows();
        if rows.iter().all(|row| row.order_id.is_none()) {
            return Ok(None);
        }
        let load = || async {
            let ids: Vec<_> = rows.iter().filter_map(|row| row.order_id).collect();
            services.orders_by_ids(&ids).await.map(BatchById::new)
        };
        self.0.load(Relation::Order, load).await.map(Some)
    }

    /// The deals of the batch; none if no entry has one.
    async fn deals(&self, services: &Services) -> Result<Option<Arc<BatchById<deal::Model>>>, ApiError> {
        let rows = self.0.batch_rows();
        if rows.iter().all(|row| row.deal_id.is_none()) {
            return Ok(None);
        }
        let load = || async {
            let ids: Vec<_> = rows.iter().filter_map(|row| row.deal_id).collect();
            services.deals_by_ids(&ids).await.map(BatchById::new)
        };
        self.0.load(Relation::Deal, load).await.map(Some)
    }
}
