//! What a recalculation changes, as its plan found it.

use async_graphql::{Context, Object};

use super::edition_trial::{cost, subjects};
use super::{EditionTrialSubject, EditionTrialSubjectFilter, EditionTrialSubjectOrder, Money};
use crate::graphql::connection::{Connection, PageArguments};
use crate::graphql::error::ApiError;
use crate::graphql::scalar::{Date, int};
use crate::service::run;

/// What a recalculation changes for partners and professionals, as its plan found it, or what its reversion changes: the
/// same the other way round. Each of them follows in a transaction of its own, so this is known before the first has
/// followed, and does not change while they do.
pub(crate) struct PlannedEffects(pub(crate) run::PlannedEffects);

impl PlannedEffects {
    /// One of two figures of the plan: the first when it is applied, the second when it is reverted.
    fn figure(&self, applied: i64, reverted: i64) -> i32 {
        int(if self.0.reverts { reverted } else { applied })
    }
}

/// What a recalculation changes for partners and professionals, as its plan found it, or what its reversion changes: the
/// same the other way round. Each of them follows in a transaction of its own, so this is known before the first has
/// followed, and does not change while they do.
#[Object]
impl PlannedEffects {
    /// Whether the log has earned or reversed nothing since the plan was made, so that these figures are exactly what
    /// changes. Always true for an application, which is refused otherwise; for a reversion, what was recorded since the
    /// application may change as well.
    async fn current(&self) -> bool {
        self.0.is_current
    }

    /// Day on which subjects are compared.
    async fn on(&self) -> Date {
        Date(self.0.plan.on_day)
    }

    /// Number of subjects for which something is more and nothing is less.
    async fn gainers(&self) -> i32 {
        self.figure(self.0.plan.gainers, self.0.plan.losers)
    }

    /// Number of subjects for which something is less and nothing is more.
    async fn losers(&self) -> i32 {
        self.figure(self.0.plan.losers, self.0.plan.gainers)
    }

    /// Number of subjects for which something is more and something else is less.
    async fn mixed(&self) -> i32 {
        int(self.0.plan.mixed)
    }

    /// Spendable credits more, in sum over the partners that have more.
    async fn credits_given(&self) -> i32 {
        self.figure(self.0.plan.credits_given, self.0.plan.credits_taken)
    }

    /// Spendable credits less, in sum over the partners that have less.
    async fn credits_taken(&self) -> i32 {
        self.figure(self.0.plan.credits_taken, self.0.plan.credits_given)
    }

    /// Points of the membership year more, in sum over the professionals that have more.
    async fn points_given(&self) -> i32 {
        self.figure(self.0.plan.points_given, self.0.plan.points_taken)
    }

    /// Points of the membership year less, in sum over the professionals that have less.
    async fn points_taken(&self) -> i32 {
        self.figure(self.0.plan.points_taken, self.0.plan.points_given)
    }

    /// Spendable Dojo Credits more, in sum over the professionals that have more.
    async fn dojo_credits_given(&self) -> i32 {
        self.figure(self.0.plan.dojo_credits_given, self.0.plan.dojo_credits_taken)
    }

    /// Spendable Dojo Credits less, in sum over the professionals that have less.
    async fn dojo_credits_taken(&self) -> i32 {
        self.figure(self.0.plan.dojo_credits_taken, self.0.plan.dojo_credits_given)
    }

    /// Cost of the other base discounts by currency, on the orders of the year through `on`. Placed orders keep their
    /// prices: this is what orders like these will cost.
    async fn discount_cost(&self) -> Result<Vec<Money>, ApiError> {
        cost(&self.0.plan.discount_cost, if self.0.reverts { -1 } else { 1 })
    }

    /// Partners and professionals for which something differs, with what they have before and after.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn subjects(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all subjects for which something differs.")] filter: Option<
            EditionTrialSubjectFilter,
        >,
        #[graphql(desc = "Order of the list; `LOSSES` by default.")] order_by: Option<
            EditionTrialSubjectOrder,
        >,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<EditionTrialSubject>, ApiError> {
        let page = PageArguments { first, after, last, before };
        subjects(context, self.0.plan.id, (filter, order_by), page, self.0.reverts).await
    }
}
