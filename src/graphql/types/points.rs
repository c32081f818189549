//! An entry of a professional's points.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::points_entry::Model;
use entity::{activity, swag_order};

use super::earning_rule::EarningRule;
use super::enums::PointsReason;
use super::{Activity, Edition, SwagOrder};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::program::Program;
use crate::service::Services;
use crate::service::reads::PointsObjects;

/// Entry of a professional's points ledger: a change of DevOps Points and Dojo Credits. The ledger is append-only;
/// a correction is a new entry.
pub(crate) struct PointsEntry(pub(crate) BatchRow<Model>);

/// Entry of a professional's points ledger: a change of DevOps Points and Dojo Credits. The ledger is append-only;
/// a correction is a new entry.
#[Object]
impl PointsEntry {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::PointsEntry.id(self.0.row().id)
    }

    /// Effective date: the day on which the points count.
    async fn effective_on(&self) -> Date {
        Date(self.0.row().effective_on)
    }

    /// Time at which the entry was posted (recorded date).
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Reason for the entry.
    async fn reason(&self) -> PointsReason {
        self.0.row().reason.into()
    }

    /// Code of the activity kind whose rule awarded the points; null for the swag shop.
    async fn kind(&self) -> Option<&str> {
        self.0.row().kind.as_deref()
    }

    /// Change of DevOps Points, which determine the level; negative for a reversal, 0 for the swag shop.
    async fn points(&self) -> i32 {
        int(self.0.row().points)
    }

    /// Change of Dojo Credits, the currency of the swag shop; negative for a swag order or a reversal.
    async fn dojo_credits(&self) -> i32 {
        int(self.0.row().dojo_credits)
    }

    /// Balance of Dojo Credits after this entry, in the order of recording; null for a partner, which does not see
    /// what a professional has.
    async fn dojo_balance_after(&self, context: &Context<'_>) -> Option<i32> {
        let shown = context.data_unchecked::<Services>().can_see_dojo_balance(self.0.row());
        shown.then(|| int(self.0.row().dojo_balance_after))
    }

    /// Explanation in one sentence: the rule, the points before the cap, the cap and the arithmetic; or the swag order.
    async fn explanation(&self, context: &Context<'_>) -> Result<String, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let activities = self.activities(services).await?;
            let orders = self.swag_orders(services).await?;
            let objects = PointsObjects {
                activities: activities.map(|found| found.rows()).unwrap_or_default(),
                swag_orders: orders.map(|found| found.rows()).unwrap_or_default(),
            };
            Ok::<_, ApiError>(services.explain_points_entries(self.0.batch_rows(), &objects).await?)
        };
        let sentences = self.0.load(Relation::Explanations, load).await?;
        Ok(sentences.get(&self.0.row().id).cloned().unwrap_or_default())
    }

    /// Activity that caused the entry; null for the swag shop.
    async fn activity(&self, context: &Context<'_>) -> Option<Activity> {
        let id = self.0.row().activity_id?;
        let activities = self.activities(context.data_unchecked::<Services>()).await;
        or_null(context, activities.map(|activities| activities?.get(id).map(Activity)))
    }

    /// Swag order that caused the entry; null if there is none.
    async fn swag_order(&self, context: &Context<'_>) -> Option<SwagOrder> {
        let id = self.0.row().swag_order_id?;
        let orders = self.swag_orders(context.data_unchecked::<Services>()).await;
        or_null(context, orders.map(|orders| orders?.get(id).map(SwagOrder)))
    }

    /// Edition whose rule awarded the points; for the swag shop, the edition in force on `effectiveOn`.
    async fn edition(&self, context: &Context<'_>) -> Edition {
        let services = context.data_unchecked::<Services>();
        let (id, index) = services.edition_of(self.0.row().edition_id, self.0.row().effective_on);
        Edition { id, index, policy: Arc::clone(services.policy()) }
    }

    /// Rule of `edition` that awarded the points; null for the swag shop.
    async fn rule(&self, context: &Context<'_>) -> Option<EarningRule> {
        let kind = self.0.row().kind.as_deref()?;
        let services = context.data_unchecked::<Services>();
        let (_, index) = services.edition_of(self.0.row().edition_id, self.0.row().effective_on);
        EarningRule::find(services.policy(), index, Program::Professional, kind)
    }
}

impl PointsEntry {
    /// The activities of the batch; none if no entry has one.
    async fn activities(
        &self,
        services: &Services,
    ) -> Result<Option<Arc<BatchById<activity::Model>>>, ApiError> {
        let rows = self.0.batch_rows();
        if rows.iter().all(|row| row.activity_id.is_none()) {
            return Ok(None);
        }
        let load = || async {
            let ids: Vec<_> = rows.iter().filter_map(|row| row.activity_id).collect();
            services.activities_by_ids(&ids).await.map(BatchById::new)
        };
        self.0.load(Relation::Activity, load).await.map(Some)
    }

    /// The swag orders of the batch; none if no entry has one.
    async fn swag_orders(
        &self,
        services: &Services,
    ) -> Result<Option<Arc<BatchById<swag_order::Model>>>, ApiError> {
        let rows = self.0.batch_rows();
        if rows.iter().all(|row| row.swag_order_id.is_none()) {
            return Ok(None);
        }
        let load = || async {
            let ids: Vec<_> = rows.iter().filter_map(|row| row.swag_order_id).collect();
            services.swag_orders_by_ids(&ids).await.map(BatchById::new)
        };
        self.0.load(Relation::SwagOrder, load).await.map(Some)
    }
}
