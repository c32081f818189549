//! Trials of editions.

use std::collections::BTreeMap;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::{edition_trial, edition_trial_subject, value};
use uuid::Uuid;

use super::commerce::ProductCategory;
use super::enums::map_enum;
use super::{EditionDraft, Money, Partner, Professional};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchPage, BatchRow};
use crate::graphql::connection::{Connection, ListOrder, PageArguments, TRIAL_SUBJECTS, Total};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Decimal, Moment, int};
use crate::program::trial::Outcome;
use crate::service::Services;
use crate::store::edition_trial::{TrialSubjectFilter as Filter, TrialSubjectOrder as Order};

/// Status of a trial of an edition.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditionTrialStatus {
    /// The log is being folded; see `progress`.
    Running,
    /// The result is complete.
    Finished,
    /// The trial was cancelled.
    Cancelled,
    /// The trial failed, or was interrupted by the end of its process.
    Failed,
}

map_enum!(EditionTrialStatus = value::TrialStatus { Running, Finished, Cancelled, Failed });

/// How a subject fares by a tried edition. It counts the levels, the credits or points of the year, what can be spent, and
/// the base discounts.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditionTrialOutcome {
    /// Something is more, and nothing is less.
    Gains,
    /// Something is less, and nothing is more.
    Loses,
    /// Something is more, and something else is less.
    Mixed,
}

map_enum!(EditionTrialOutcome = value::TrialVerdict { Gains, Loses, Mixed });
map_enum!(value::TrialVerdict = EditionTrialOutcome { Gains, Loses, Mixed });

/// Filter of the subjects of a trial. A subject must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct EditionTrialSubjectFilter {
    /// Subjects that fare so.
    outcomes: Option<Vec<EditionTrialOutcome>>,
    /// Only partners (`true`) or only professionals (`false`).
    partners: Option<bool>,
}

/// Order of the subjects of a trial.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditionTrialSubjectOrder {
    /// Those that lose first, by the greatest difference.
    Losses,
    /// Those that gain first, by the greatest difference.
    Gains,
    /// By code, ascending; partners first.
    Code,
}

/// Trial of an edition: the whole log is folded by the published editions, and by those with the tried one among them. It
/// changes nothing. Administrators only.
pub(crate) struct EditionTrial(pub(crate) BatchRow<edition_trial::Model>);

/// Trial of an edition: the whole log is folded by the published editions, and by those with the tried one among them. It
/// changes nothing. Administrators only.
#[Object]
impl EditionTrial {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::EditionTrial.id(self.0.row().id)
    }

    /// Status of the trial. A trial that takes longer than the answer of `tryEdition` goes on; read it again by its ID.
    async fn status(&self, context: &Context<'_>) -> EditionTrialStatus {
        context.data_unchecked::<Services>().edition_trial_status(self.0.row()).into()
    }

    /// Share of the log that is folded, in percent.
    async fn progress(&self) -> i32 {
        let row = self.0.row();
        if row.status == value::TrialStatus::Finished || row.steps == 0 {
            return 100;
        }
        int((row.steps_done * 100 / row.steps).min(99))
    }

    /// Draft that is tried; null for a document.
    async fn draft(&self, context: &Context<'_>) -> Result<Option<EditionDraft>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.draft_id).collect();
            services.edition_drafts_by_ids(&ids).await.map(BatchById::new)
        };
        let drafts = self.0.load(Relation::EditionDraft, load).await?;
        Ok(self.0.row().draft_id.and_then(|id| drafts.get(id)).map(EditionDraft))
    }

    /// Revision of the draft that is tried; null for a document.
    async fn draft_revision(&self) -> Option<i32> {
        self.0.row().draft_revision.map(int)
    }

    /// TOML document that is tried.
    async fn document(&self) -> &str {
        &self.0.row().document
    }

    /// First day in force that is tried.
    async fn effective_from(&self) -> Date {
        Date(self.0.row().effective_from)
    }

    /// Day on which subjects are compared.
    async fn on(&self) -> Date {
        Date(self.0.row().on_day)
    }

    /// Time at which the trial began.
    async fn created_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// Label of the key, or subject of the token, that requested the trial.
    async fn created_by(&self) -> &str {
        &self.0.row().created_by
    }

    /// Number of subjects for which something is more and nothing is less.
    async fn gainers(&self) -> i32 {
        int(self.0.row().gainers)
    }

    /// Number of subjects for which something is less and nothing is more.
    async fn losers(&self) -> i32 {
        int(self.0.row().losers)
    }

    /// Number of subjects for which something is more and something else is less.
    async fn mixed(&self) -> i32 {
        int(self.0.row().mixed)
    }

    /// Spendable credits more, in sum over the partners that would have more.
    async fn credits_given(&self) -> i32 {
        int(self.0.row().credits_given)
    }

    /// Spendable credits less, in sum over the partners that would have less.
    async fn credits_taken(&self) -> i32 {
        int(self.0.row().credits_taken)
    }

    /// Points of the membership year more, in sum over the professionals that would have more.
    async fn points_given(&self) -> i32 {
        int(self.0.row().points_given)
    }

    /// Points of the membership year less, in sum over the professionals that would have less.
    async fn points_taken(&self) -> i32 {
        int(self.0.row().points_taken)
    }

    /// Spendable Dojo Credits more, in sum over the professionals that would have more.
    async fn dojo_credits_given(&self) -> i32 {
        int(self.0.row().dojo_credits_given)
    }

    /// Spendable Dojo Credits less, in sum over the professionals that would have less.
    async fn dojo_credits_taken(&self) -> i32 {
        int(self.0.row().dojo_credits_taken)
    }

    /// Cost of the other base discounts by currency: the orders of the year through `on` at the discounts that their
    /// partners would have on that day, less those that they have. Lines that a contract governs are not counted. Negative if
    /// discounts would be lower; empty if they are the same.
    async fn discount_cost(&self) -> Result<Vec<Money>, ApiError> {
        cost(&self.0.row().discount_cost, 1)
    }

    /// Subjects for which something differs; empty until the trial has finished.
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
        subjects(context, self.0.row().id, (filter, order_by), page, false).await
    }
}

/// A page of the subjects of a trial, or of what taking it back does to them: before and after are the other way round.
pub(super) async fn subjects(
    context: &Context<'_>,
    trial: Uuid,
    (filter, order): (Option<EditionTrialSubjectFilter>, Option<EditionTrialSubjectOrder>),
    page: PageArguments,
    reverts: bool,
) -> Result<Connection<EditionTrialSubject>, ApiError> {
    let filter = filter.unwrap_or_default();
    let stored = |outcome: EditionTrialOutcome| {
        let verdict = value::TrialVerdict::from(outcome);
        if reverts { opposite(verdict) } else { verdict }
    };
    let filter = Filter {
        verdicts: filter.outcomes.map(|outcomes| outcomes.into_iter().map(stored).collect()),
        partners: filter.partners,
    };
    let order = match (order.unwrap_or(EditionTrialSubjectOrder::Losses), reverts) {
        (EditionTrialSubjectOrder::Losses, false) | (EditionTrialSubjectOrder::Gains, true) => Order::Losses,
        (EditionTrialSubjectOrder::Gains, false) | (EditionTrialSubjectOrder::Losses, true) => Order::Gains,
        (EditionTrialSubjectOrder::Code, _) => Order::Code,
    };
    let page = page.page(&TRIAL_SUBJECTS)?;
    let services = context.data_unchecked::<Services>();
    let mut rows = services.edition_trial_subjects(trial, &filter, order, &page).await?;
    if reverts {
        for row in &mut rows.rows {
            std::mem::swap(&mut row.before, &mut row.after);
            row.verdict = opposite(row.verdict);
            row.difference = -row.difference;
        }
    }
    let order = ListOrder::TrialSubjects(order);
    Ok(Connection::new(BatchPage::new(rows), &page, order, Total::TrialSubjects(trial, filter)))
}

fn opposite(verdict: value::TrialVerdict) -> value::TrialVerdict {
    match verdict {
        value::TrialVerdict::Gains => value::TrialVerdict::Loses,
        value::TrialVerdict::Loses => value::TrialVerdict::Gains,
        value::TrialVerdict::Mixed => value::TrialVerdict::Mixed,
    }
}

/// Amounts by currency, as they are stored.
pub(super) fn cost(stored: &str, sign: i64) -> Result<Vec<Money>, ApiError> {
    let stored: BTreeMap<String, i64> = serde_json::from_str(stored)
        .map_err(|error| Error::Damaged(format!("the cost of a trial: {error}")))?;
    stored.iter().map(|(currency, minor)| Money::from_minor(sign * minor, currency)).collect()
}

/// Subject for which a tried edition makes a difference.
pub(crate) struct EditionTrialSubject(pub(crate) BatchRow<edition_trial_subject::Model>);

/// Subject for which a tried edition makes a difference.
#[Object]
impl EditionTrialSubject {
    /// Code of the partner or professional.
    async fn code(&self) -> &str {
        &self.0.row().code
    }

    /// The partner; null for a professional.
    async fn partner(&self, context: &Context<'_>) -> Result<Option<Partner>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.partner_id).collect();
            services.partners_by_ids(&ids).await.map(BatchById::new)
        };
        let partners = self.0.load(Relation::Partner, load).await?;
        Ok(self.0.row().partner_id.and_then(|id| partners.get(id)).map(Partner))
    }

    /// The professional; null for a partner.
    async fn professional(&self, context: &Context<'_>) -> Result<Option<Professional>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.professional_id).collect();
            services.professionals_by_ids(&ids).await.map(BatchById::new)
        };
        let people = self.0.load(Relation::Professional, load).await?;
        Ok(self.0.row().professional_id.and_then(|id| people.get(id)).map(Professional))
    }

    /// How the subject fares.
    async fn outcome(&self) -> EditionTrialOutcome {
        self.0.row().verdict.into()
    }

    /// Difference of the balance; if that is the same, of the credits or points of the year.
    async fn difference(&self) -> i32 {
        int(self.0.row().difference)
    }

    /// What the subject has by the published editions.
    async fn before(&self) -> Result<EditionTrialState, ApiError> {
        EditionTrialState::read(&self.0.row().before)
    }

    /// What the subject would have.
    async fn after(&self) -> Result<EditionTrialState, ApiError> {
        EditionTrialState::read(&self.0.row().after)
    }
}

/// What a subject of a trial has on its day.
#[derive(SimpleObject)]
pub(crate) struct EditionTrialState {
    /// Code of the partner's technical level; null for a professional.
    technical_level: Option<String>,
    /// Code of the partner's business level; null for a professional.
    business_level: Option<String>,
    /// Code of the partner's overall level, or of the professional's level; null for a professional below the first.
    level: Option<String>,
    /// Technical level credits of the calendar year.
    technical_credits: i32,
    /// Business level credits of the calendar year.
    business_credits: i32,
    /// Points of the membership year.
    points: i32,
    /// Spendable credits of a partner, Dojo Credits of a professional.
    balance: i32,
    /// Base discounts of a partner; only categories with one.
    base_discounts: Vec<EditionTrialDiscount>,
}

/// Base discount of a subject of a trial.
#[derive(SimpleObject)]
pub(crate) struct EditionTrialDiscount {
    /// Product category.
    category: ProductCategory,
    /// Discount in percent of the list price.
    percent: Decimal,
}

impl EditionTrialState {
    fn read(stored: &str) -> Result<Self, ApiError> {
        let outcome: Outcome = serde_json::from_str(stored)
            .map_err(|error| Error::Damaged(format!("an outcome of a trial: {error}")))?;
        let categories = crate::program::edition::ProductCategory::ALL.into_iter().zip(outcome.discounts);
        let discounts = categories.filter(|(_, percent)| !percent.is_zero());
        Ok(Self {
            technical_level: outcome.technical_level,
            business_level: outcome.business_level,
            level: outcome.level,
            technical_credits: int(outcome.technical_credits),
            business_credits: int(outcome.business_credits),
            points: int(outcome.points),
            balance: int(outcome.balance),
            base_discounts: discounts
                .map(|(category, percent)| EditionTrialDiscount {
                    category: category.into(),
                    percent: Decimal(percent),
                })
                .collect(),
        })
    }
}
