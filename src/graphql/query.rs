//! Queries.

mod access;
mod commerce;
mod customers;
mod editions;
mod events;
mod imports;
mod lists;
mod nodes;
mod recalculations;
mod reports;
mod sandboxes;
mod webhooks;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use chrono::Datelike;

use super::batch::{BatchPage, BatchRow};
use super::connection::{Connection, ListOrder, PageArguments, Total};
use super::error::{ApiError, or_null};
use super::scalar::Date;
use super::types::{Activity, Edition, Node, Partner, Professional, Track};
use crate::service::Services;
use crate::service::reads::{self, PartnerQuery, ProfessionalQuery};
use crate::store::list::{partners, professionals};
use crate::store::page::Rows;
pub(super) use events::events_query;
use nodes::nodes;

/// Most ids of one request.
const IDS_MAX: usize = 100;

/// Root of the queries. Objects that the caller may not see are indistinguishable from objects that do not
/// exist.
#[derive(MergedObject, Debug, Default)]
pub struct Query(
    SubjectQueries,
    commerce::CommerceQueries,
    events::EventQueries,
    access::AccessQueries,
    webhooks::WebhookQueries,
    imports::ImportQueries,
    lists::WorkListQueries,
    customers::CustomerQueries,
    editions::EditionQueries,
    recalculations::RecalculationQueries,
    reports::ReportQueries,
    sandboxes::SandboxQueries,
);

/// Subjects, what they did, and the policy that judges it.
#[derive(Debug, Default)]
pub(crate) struct SubjectQueries;

/// Filter of partners. A partner must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct PartnerFilter {
    /// Partners whose code or name contains this text of at most 100 characters, without regard to case,
    /// accents and spacing: `muller` finds *Müller*, `lodz` finds *Łódź*.
    search: Option<String>,
    /// Partners enrolled on or after this day.
    enrolled_from: Option<Date>,
    /// Partners enrolled on or before this day.
    enrolled_to: Option<Date>,
    /// Partners that hold one of these levels today, by code, such as `CREATOR`: in `track` if it is given, and
    /// overall otherwise. A level that changes by date alone is listed within a minute.
    levels: Option<Vec<String>>,
    /// Track of the `levels`, of the levels that lapse, and of the credits to the next level, also in the orders
    /// `CREDITS_TO_NEXT` and `LAPSES_ON`. Without it, `levels` are overall, and the others of either track.
    track: Option<Track>,
    /// Partners with a level that lapses on or after this day unless further credits are earned: the last day on
    /// which it holds (`validUntil`) is in the period, or the day after it.
    lapsing_from: Option<Date>,
    /// Partners with a level that lapses on or before this day; see `lapsingFrom`.
    lapsing_to: Option<Date>,
    /// Partners that are missing at most this many credits this year for their next level (`creditsToNextLevel`).
    within_credits_of_next: Option<i32>,
}

/// Order of a list of partners.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartnerOrder {
    /// By code, ascending.
    Code,
    /// By name, ascending.
    Name,
    /// By first day in the program, ascending.
    EnrolledOn,
    /// By level credits of the current calendar year, descending.
    CreditsThisYear,
    /// By balance of spendable credits, descending.
    Balance,
    /// By credits missing for the next level (`creditsToNextLevel`), ascending: in the `track` of the filter, or else
    /// in the track that misses fewer. Partners on the highest level are last.
    CreditsToNext,
    /// By the day on which the level lapses, ascending: in the `track` of the filter, or else the level that lapses
    /// first. Partners whose levels do not lapse are last.
    LapsesOn,
}

/// Filter of professionals. A professional must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct ProfessionalFilter {
    /// Professionals whose code or name contains this text of at most 100 characters, without regard to case,
    /// accents and spacing: `muller` finds *Müller*, `lodz` finds *Łódź*.
    search: Option<String>,
    /// Professionals who signed up on or after this day.
    signed_up_from: Option<Date>,
    /// Professionals who signed up on or before this day.
    signed_up_to: Option<Date>,
    /// Professionals who hold one of these levels today, by code, such as `ENABLER`. A level that changes by date
    /// alone is listed within a minute.
    levels: Option<Vec<String>>,
    /// Professionals who work today for the partner with this code.
    partner: Option<String>,
    /// Professionals whose e-mail address begins with this text of at most 254 characters, without regard to
    /// case. Callers that may not read addresses find nobody.
    email: Option<String>,
    /// Professionals whose next membership year begins on or after this day (`renewsOn`).
    renews_from: Option<Date>,
    /// Professionals whose next membership year begins on or before this day (`renewsOn`).
    renews_to: Option<Date>,
    /// Professionals who lose their level at renewal unless they earn further points this year (`pointsToRetain` is
    /// above 0); with `false`, all others.
    at_risk: Option<bool>,
}

/// Order of a list of professionals.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProfessionalOrder {
    /// By code, ascending.
    Code,
    /// By name, ascending.
    Name,
    /// By date of sign-up, ascending.
    SignedUpOn,
}

/// Longest text to search for, in characters.
const SEARCH_MAX: usize = 100;
/// Longest beginning of an e-mail address to look for, in characters.
const EMAIL_MAX: usize = 254;

/// Checks a text of a filter.
fn check_text(name: &str, text: Option<String>, most: usize) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if text.chars().count() > most => Err(ApiError::bad_input(format!(
            "\"{name}\" must have at most {most} characters, not {}.",
            text.chars().count()
        ))),
        Some(text) if text.chars().any(char::is_control) => {
            Err(ApiError::bad_input(format!("\"{name}\" must not contain control characters.")))
        }
        text => Ok(text),
    }
}

#[Object]
impl SubjectQueries {
    /// Object with a global ID; null if there is none.
    async fn node(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global ID, as returned in the field `id` of an object.")] id: ID,
    ) -> Option<Node> {
        let found = nodes(context.data_unchecked::<Services>(), &[id]).await;
        or_null(context, found.map(|mut nodes| nodes.pop().flatten()))
    }

    /// Objects with the given global IDs, in the same order; null for each that does not exist.
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global IDs, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, ApiError> {
        if ids.len() > IDS_MAX {
            return Err(ApiError::bad_input(format!(
                "\"ids\" must have at most {IDS_MAX} ids, not {}.",
                ids.len()
            )));
        }
        nodes(context.data_unchecked::<Services>(), &ids).await
    }

    /// Edition of the policy in force on a day.
    async fn edition(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Effective date; today by default. Before the first edition, the first applies.")]
        as_of: Option<Date>,
    ) -> Edition {
        let services = context.data_unchecked::<Services>();
        let (id, index) = services.edition_at(as_of.map(|date| date.0));
        Edition { id, index, policy: Arc::clone(services.policy()) }
    }

    /// Partner with a code; null if there is none.
    async fn partner(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Code of the partner.")] code: String,
    ) -> Option<Partner> {
        let services = context.data_unchecked::<Services>();
        let asks_standing = context.field().selection_set().any(|field| field.name() == "standing");
        let found = if asks_standing {
            services.partner_with_standing(&code).await.map(|found| found.map(Partner::with_standings))
        } else {
            services.partner_by_code(&code).await.map(|row| row.map(|row| Partner(BatchRow::only(row))))
        };
        or_null(context, found.map_err(Into::into))
    }

    /// Partners, as a paginated list.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn partners(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all partners.")] filter: Option<PartnerFilter>,
        #[graphql(desc = "Order of the list; `CODE` by default.")] order_by: Option<PartnerOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Partner>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let filter = filter.unwrap_or_default();
        let track = reads::track_column(filter.track.map(Into::into));
        let filter = services.partner_filter(PartnerQuery {
            search: check_text("search", filter.search, SEARCH_MAX)?,
            enrolled_from: filter.enrolled_from.map(|date| date.0),
            enrolled_to: filter.enrolled_to.map(|date| date.0),
            levels: filter.levels,
            track: filter.track.map(Into::into),
            lapsing_from: filter.lapsing_from.map(|date| date.0),
            lapsing_to: filter.lapsing_to.map(|date| date.0),
            within_credits: filter.within_credits_of_next,
        })?;
        let order = match order_by.unwrap_or(PartnerOrder::Code) {
            PartnerOrder::Code => partners::PartnerOrder::Code,
            PartnerOrder::Name => partners::PartnerOrder::Name,
            PartnerOrder::EnrolledOn => partners::PartnerOrder::EnrolledOn,
            PartnerOrder::CreditsThisYear => {
                partners::PartnerOrder::YearCredits(services.clock().today().year())
            }
            PartnerOrder::Balance => partners::PartnerOrder::Balance,
            PartnerOrder::CreditsToNext => partners::PartnerOrder::CreditsToNext(track),
            PartnerOrder::LapsesOn => partners::PartnerOrder::LapsesOn(track),
        };
        let page = PageArguments { first, after, last, before }.page(&order)?;
        let rows = services.partners_page(&filter, order, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Partners(order), Total::Partners(filter)))
    }

    /// Professional with a code; null if there is none.
    async fn professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Code of the professional.")] code: String,
    ) -> Option<Professional> {
        let found = context.data_unchecked::<Services>().professional_by_code(&code).await;
        or_null(
            context,
            found.map(|row| row.map(|row| Professional(BatchRow::only(row)))).map_err(Into::into),
        )
    }

    /// Professionals, as a paginated list.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn professionals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all professionals.")] filter: Option<ProfessionalFilter>,
        #[graphql(desc = "Order of the list; `CODE` by default.")] order_by: Option<ProfessionalOrder>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Professional>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let filter = filter.unwrap_or_default();
        let filter = services.professional_filter(ProfessionalQuery {
            search: check_text("search", filter.search, SEARCH_MAX)?,
            signed_up_from: filter.signed_up_from.map(|date| date.0),
            signed_up_to: filter.signed_up_to.map(|date| date.0),
            levels: filter.levels,
            partner: filter.partner,
            email: check_text("email", filter.email, EMAIL_MAX)?,
            renews_from: filter.renews_from.map(|date| date.0),
            renews_to: filter.renews_to.map(|date| date.0),
            at_risk: filter.at_risk,
        });
        let filter = filter.await?;
        let order = match order_by.unwrap_or(ProfessionalOrder::Code) {
            ProfessionalOrder::Code => professionals::ProfessionalOrder::Code,
            ProfessionalOrder::Name => professionals::ProfessionalOrder::Name,
            ProfessionalOrder::SignedUpOn => professionals::ProfessionalOrder::SignedUpOn,
        };
        let page = PageArguments { first, after, last, before }.page(&order)?;
        let rows = match &filter {
            Some(filter) => services.professionals_page(filter, order, &page).await?,
            None => Rows::default(),
        };
        Ok(Connection::new(
            BatchPage::new(rows),
            &page,
            ListOrder::Professionals(order),
            Total::Professionals(filter),
        ))
    }

    /// Activity with a natural key (`source` and `externalId`); null if there is none.
    async fn activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Source system of the activity.")] source: String,
        #[graphql(desc = "ID of the activity in the source system.")] external_id: String,
    ) -> Option<Activity> {
        let found = context.data_unchecked::<Services>().activity_by_key(&source, &external_id).await;
        or_null(context, found.map(|row| row.map(|row| Activity(BatchRow::only(row)))).map_err(Into::into))
    }
}
