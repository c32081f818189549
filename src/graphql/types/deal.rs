//! Deals.

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::deal::Model;

use super::Partner;
use super::enums::{DealActivityKind, DealOutcome, DealStatus};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment};
use crate::service::Services;
use crate::service::deals::OpportunityView;

/// An opportunity to sell that a partner registered early. Registering gives no exclusivity; it proves who
/// found the opportunity, and a successful transaction is rewarded to who holds it.
pub(crate) struct Deal(pub(crate) BatchRow<Model>);

impl Deal {
    async fn opportunity(&self, context: &Context<'_>) -> Result<OpportunityView, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = async { services.deal_opportunities(self.0.batch_rows()).await };
        let views = self.0.load(Relation::Opportunity, load).await?;
        Ok(views.get(&self.0.row().id).copied().unwrap_or_default())
    }
}

/// An opportunity to sell that a partner registered early. Registering gives no exclusivity; it proves who
/// found the opportunity, and a successful transaction is rewarded to who holds it.
#[Object]
impl Deal {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Deal.id(self.0.row().id)
    }

    /// Unique reference that people and machines refer to it by.
    async fn reference(&self) -> &str {
        &self.0.row().reference
    }

    /// Who registered it.
    async fn partner(&self, context: &Context<'_>) -> Result<Partner, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = async { services.partners_of_deals(self.0.batch_rows()).await.map(BatchById::new) };
        let partners = self.0.load(Relation::Partner, load).await?;
        let found = partners.get(self.0.row().partner_id).map(Partner);
        found.ok_or_else(|| Error::Damaged("a deal without its partner".to_owned()).into())
    }

    /// The end customer. The same name in another case or spacing is the same customer.
    async fn customer(&self) -> &str {
        &self.0.row().customer
    }

    /// What it is about: products, services, a project. Compared without case and spacing.
    async fn scope(&self) -> &str {
        &self.0.row().scope
    }

    /// More about it.
    async fn description(&self) -> Option<&str> {
        self.0.row().description.as_deref()
    }

    /// When it was registered.
    async fn registered_on(&self) -> Date {
        Date(self.0.row().registered_on)
    }

    /// When the system learned of it.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Where it stands today. Expiry is worked out from dates.
    async fn status(&self, context: &Context<'_>) -> DealStatus {
        context.data_unchecked::<Services>().deal_view(self.0.row()).status().into()
    }

    /// Since when it has had the status that was last set.
    async fn status_since(&self) -> Date {
        Date(self.0.row().status_on)
    }

    /// The last day on which it is active unless something happens; it expires on the next. Null where no time runs.
    async fn valid_until(&self, context: &Context<'_>) -> Option<Date> {
        context.data_unchecked::<Services>().deal_view(self.0.row()).valid_until().map(Date)
    }

    /// How it was closed; null unless it was.
    async fn outcome(&self) -> Option<DealOutcome> {
        self.0.row().outcome.map(Into::into)
    }

    /// When it was closed; null unless it was.
    async fn closed_on(&self) -> Option<Date> {
        self.0.row().outcome.map(|_| Date(self.0.row().status_on))
    }

    /// Whether it holds the registered opportunity of its customer and scope today.
    async fn holds_opportunity(&self, context: &Context<'_>) -> Result<bool, ApiError> {
        Ok(self.opportunity(context).await?.held_until.is_some())
    }

    /// The last day on which it holds the opportunity unless an activity is reported; null when it does not.
    async fn opportunity_until(&self, context: &Context<'_>) -> Result<Option<Date>, ApiError> {
        Ok(self.opportunity(context).await?.held_until.map(Date))
    }

    /// Whether another partner holds the registered opportunity of its customer and scope today.
    async fn conflict(&self, context: &Context<'_>) -> Result<bool, ApiError> {
        Ok(self.opportunity(context).await?.conflict)
    }

    /// What may be changed today, as names of fields of `UpdateDealInput`; empty when it is closed or expired.
    async fn editable_fields(&self, context: &Context<'_>) -> &'static [&'static str] {
        context.data_unchecked::<Services>().deal_view(self.0.row()).editable_fields()
    }

    /// Statuses that it may be given today; where there is a conflict, none that makes contact.
    async fn next_statuses(&self, context: &Context<'_>) -> Result<Vec<DealStatus>, ApiError> {
        let conflict = self.opportunity(context).await?.conflict;
        let view = context.data_unchecked::<Services>().deal_view(self.0.row());
        let protected = conflict && !view.status().is_engaged();
        let next = view.next_statuses().into_iter().filter(|status| !(protected && status.is_engaged()));
        Ok(next.map(Into::into).collect())
    }

    /// Outcomes that it may be closed with today.
    async fn possible_outcomes(&self, context: &Context<'_>) -> Vec<DealOutcome> {
        let view = context.data_unchecked::<Services>().deal_view(self.0.row());
        view.outcomes().into_iter().map(Into::into).collect()
    }

    /// Everything that happened to it, in the order in which the system learned of it.
    async fn history(&self, context: &Context<'_>) -> Result<Vec<DealStep>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = async { services.deal_steps(self.0.batch_rows()).await };
        let steps = self.0.load(Relation::DealHistory, load).await?;
        let steps = steps.get(&self.0.row().id).map_or(&[][..], Vec::as_slice);
        Ok(steps.iter().map(DealStep::from_row).collect())
    }
}

/// Something that happened to a deal. What it did not change is null.
#[derive(SimpleObject)]
pub(crate) struct DealStep {
    /// The day of it.
    on: Date,
    /// The status that it was given.
    status: Option<DealStatus>,
    /// How it was closed.
    outcome: Option<DealOutcome>,
    /// The activity that was reported.
    activity: Option<DealActivityKind>,
    /// What was said about the activity.
    note: Option<String>,
    /// The customer that it was given.
    customer: Option<String>,
    /// The scope that it was given.
    scope: Option<String>,
    /// The description that it was given.
    description: Option<String>,
}

impl DealStep {
    fn from_row(row: &entity::deal_step::Model) -> Self {
        Self {
            on: Date(row.day),
            status: row.status.map(Into::into),
            outcome: row.outcome.map(Into::into),
            activity: row.report.map(Into::into),
            note: row.note.clone(),
            customer: row.customer.clone(),
            scope: row.scope.clone(),
            description: row.description.clone(),
        }
    }
}
