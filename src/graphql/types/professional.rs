//! A professional.

use async_graphql::{Context, ID, Object};
use uuid::Uuid;

use super::credit_lot::CreditLot;
use super::level_history::{LevelRows, ProfessionalLevelAward};
use super::standing::ProfessionalStanding;
use super::{Activity, Affiliation, Certificate, Partner, PointsEntry, SwagOrder};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchPages, BatchRow};
use crate::graphql::connection::{
    ACTIVITIES, AFFILIATIONS, Connection, ListOrder, POINTS, PageArguments, SWAG_ORDERS, Total,
};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;
use crate::store::activity::Owner;
use crate::store::affiliation::AffiliationOwner;
use crate::store::page::Rows;
use crate::store::partner::PartnerRow;
use crate::store::points::PointsFilter;
use crate::store::professional::ProfessionalRow;

/// Person in the DevOps professional program. The points of a membership year determine the level; the same
/// awards add Dojo Credits, a currency for the swag shop.
pub(crate) struct Professional(pub(crate) BatchRow<ProfessionalRow>);

impl Professional {
    fn ids(&self) -> Vec<Uuid> {
        self.0.batch_rows().iter().map(|row| row.id).collect()
    }
}

/// Person in the DevOps professional program. The points of a membership year determine the level; the same
/// awards add Dojo Credits, a currency for the swag shop.
#[Object]
impl Professional {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Professional.id(self.0.row().id)
    }

    /// Unique code.
    async fn code(&self) -> &str {
        &self.0.row().code
    }

    /// Display name; a pseudonym after erasure.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// E-mail address; null if it was erased, or if the caller is not allowed to see it.
    async fn email(&self) -> Option<&str> {
        self.0.row().email.as_deref()
    }

    /// Date of sign-up, from which membership years are counted.
    async fn signed_up_on(&self) -> Date {
        Date(self.0.row().signed_up_on)
    }

    /// Codes of professionals that were merged into this one. They mean it in look-ups, inputs and imports.
    async fn former_codes(&self, context: &Context<'_>) -> Result<Vec<String>, ApiError> {
        Ok(context.data_unchecked::<Services>().former_codes_of_professional(self.0.row())?)
    }

    /// Last day in the program; null while the professional takes part.
    async fn left_on(&self, context: &Context<'_>) -> Result<Option<Date>, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(services.professional_left_on(self.0.row())?.map(Date))
    }

    /// Level and points on a day, computed from the effective dates of points.
    async fn standing(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Effective date, from sign-up through today; today by default.")] as_of: Option<
            Date,
        >,
        #[graphql(
            desc = "Considers only what was recorded by this time; by default, everything recorded so far."
        )]
        known_at: Option<Moment>,
    ) -> Result<ProfessionalStanding, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (day, moment) = (as_of.map(|date| date.0), known_at.map(|moment| moment.0));
        let load = || async { services.professional_standings(self.0.batch_rows(), day, moment).await };
        let standings = self.0.load(Relation::Standing(day, moment), load).await?;
        match standings.get(&self.0.row().id) {
            Some(Ok((day, standing, found))) => Ok(ProfessionalStanding {
                professional: self.0.clone(),
                as_of: *day,
                known_at: moment,
                standing: standing.clone(),
                found: found.clone(),
            }),
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Err(ApiError::bad_input("This professional has no standing.")),
        }
    }

    /// Standing on a day ahead if nothing more is earned: membership years pass, and overrides begin and end. Editions
    /// that were published so far apply from their first days.
    async fn outlook(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Day ahead, from tomorrow through ten years from today.")] on: Date,
    ) -> Result<ProfessionalStanding, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.professional_outlooks(self.0.batch_rows(), on.0).await };
        let standings = self.0.load(Relation::Outlook(on.0), load).await?;
        match standings.get(&self.0.row().id) {
            Some(Ok((day, standing, found))) => Ok(ProfessionalStanding {
                professional: self.0.clone(),
                as_of: *day,
                known_at: None,
                standing: standing.clone(),
                found: found.clone(),
            }),
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Err(ApiError::bad_input("This professional has no outlook.")),
        }
    }

    /// Every level that was earned, oldest first: those that count, those that have expired, and those that a
    /// reversal removed (`reversed`). A partner sees the levels reached on days on which the professional worked
    /// for it.
    async fn level_history(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Considers only what was recorded by this time; by default, everything recorded so far."
        )]
        known_at: Option<Moment>,
    ) -> Result<Vec<ProfessionalLevelAward>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let moment = known_at.map(|moment| moment.0);
        let load = || async {
            services.professional_level_histories(self.0.batch_rows(), moment).await.map(LevelRows::new)
        };
        let histories = self.0.load(Relation::LevelHistory(moment), load).await?;
        Ok(histories.of(self.0.row().id).map(ProfessionalLevelAward).collect())
    }

    /// Certificates of the professional's levels, in the order of issuing; empty on a server that issues none. A partner
    /// sees them while the professional works for it.
    async fn certificates(&self, context: &Context<'_>) -> Result<Vec<Certificate>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let found = services.certificates_of_professionals(self.0.batch_rows()).await?.into_iter();
            let pages = found.map(|(id, rows)| (id, Rows { rows, has_more: false }));
            Ok::<_, Error>(BatchPages::new(pages.collect()))
        };
        let certificates = self.0.load(Relation::Certificates, load).await?;
        Ok(certificates.of(self.0.row().id).batch_rows().map(Certificate).collect())
    }

    /// Dojo Credits that can be spent, by the day on which they were earned, the oldest first: those are spent first. At
    /// most 1,000 days.
    async fn dojo_credit_lots(&self, context: &Context<'_>) -> Result<Vec<CreditLot>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.id).collect();
            services.dojo_credit_lots(&ids).await
        };
        let lots = self.0.load(Relation::CreditLots, load).await?;
        Ok(CreditLot::all(lots.get(&self.0.row().id)))
    }

    /// Balance of Dojo Credits, which expire only if the edition says so. Negative only if Dojo Credits that were already spent
    /// have been reversed.
    async fn dojo_credits(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Considers only what was recorded by this time; by default, everything recorded so far."
        )]
        known_at: Option<Moment>,
    ) -> Result<i32, ApiError> {
        let services = context.data_unchecked::<Services>();
        let moment = known_at.map(|moment| moment.0);
        let load = || async { services.dojo_credits(self.0.batch_rows(), moment).await };
        let credits = self.0.load(Relation::DojoCredits(moment), load).await?;
        match credits.get(&self.0.row().id) {
            Some(Ok(credits)) => Ok(int(*credits)),
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Err(ApiError::bad_input("This professional has no Dojo Credits.")),
        }
    }

    /// Partner for which the professional works on a day; null if there is none.
    async fn partner(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Effective date, not after today; today by default.")] as_of: Option<Date>,
    ) -> Option<Partner> {
        let services = context.data_unchecked::<Services>();
        let day = as_of.map(|date| date.0);
        let load = || async { services.employers(&self.ids(), day).await.map(Employers::new) };
        let employers = self.0.load(Relation::Employer(day), load).await;
        or_null(context, employers.map(|employers| employers.of(self.0.row().id).map(Partner)))
    }

    /// Activities recorded for the professional, in the order of recording.
    async fn activities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Activity>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&ACTIVITIES)?;
        let services = context.data_unchecked::<Services>();
        let load = || async {
            services.activity_pages(Owner::Professional, &self.ids(), &page).await.map(BatchPages::new)
        };
        let pages = self.0.load(Relation::Activities(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        let total = Total::ProfessionalActivities(self.0.clone());
        Ok(Connection::new(found, &page, ListOrder::Natural, total))
    }

    /// Points ledger: every change of points and Dojo Credits with an explanation, in the order of recording. A
    /// partner sees the entries of days on which the professional worked for it, and none of the swag shop.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn points_ledger(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Returns only entries with this effective date or a later one.")] from: Option<Date>,
        #[graphql(desc = "Returns only entries with this effective date or an earlier one.")] to: Option<
            Date,
        >,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PointsEntry>, ApiError> {
        let filter = PointsFilter { from: from.map(|date| date.0), to: to.map(|date| date.0) };
        let page = PageArguments { first, after, last, before }.page(&POINTS)?;
        let services = context.data_unchecked::<Services>();
        let load = || async { services.points_pages(&self.ids(), &filter, &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::PointsEntries(filter, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::Points(self.0.clone(), filter)))
    }

    /// Affiliations of the professional with partners, in the order of recording. Staff and the professional also see
    /// voided ones; a partner sees those with itself.
    async fn affiliations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Affiliation>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&AFFILIATIONS)?;
        let services = context.data_unchecked::<Services>();
        let owner = AffiliationOwner::Professional;
        let load =
            || async { services.affiliation_pages(owner, &self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Affiliations(owner, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::ProfessionalAffiliations(self.0.clone())))
    }

    /// Swag shop orders of the professional, in the order of placing.
    async fn swag_orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SwagOrder>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&SWAG_ORDERS)?;
        let services = context.data_unchecked::<Services>();
        let load = || async { services.swag_order_pages(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::SwagOrders(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::SwagOrders(self.0.clone())))
    }
}

/// Partners of professionals; colleagues share one.
struct Employers {
    partners: BatchById<PartnerRow>,
    of: std::collections::HashMap<Uuid, Uuid>,
}

impl Employers {
    fn new(rows: std::collections::HashMap<Uuid, PartnerRow>) -> Self {
        let of = rows.iter().map(|(professional, partner)| (*professional, partner.id)).collect();
        let partners = rows.into_values().map(|row| (row.id, row)).collect();
        Self { partners: BatchById::new(partners), of }
    }

    fn of(&self, professional: Uuid) -> Option<BatchRow<PartnerRow>> {
        self.partners.get(*self.of.get(&professional)?)
    }
}
