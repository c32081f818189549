//! Queries.

mod access;
mod commerce;
mod events;
mod nodes;
mod webhooks;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use chrono::Datelike;

use super::batch::{BatchPage, BatchRow};
use super::connection::{Connection, ListOrder, PageArguments, Total};
use super::error::{ApiError, or_null};
use super::scalar::Date;
use super::types::{Activity, Edition, Node, Partner, Professional};
use crate::service::Services;
use crate::store::partner as partners;
use crate::store::professional as professionals;
pub(super) use events::events_query;
use nodes::nodes;

/// Most ids of one request.
const IDS_MAX: usize = 100;

/// Everything that can be read.
#[derive(MergedObject, Debug, Default)]
pub struct Query(
    SubjectQueries,
    commerce::CommerceQueries,
    events::EventQueries,
    access::AccessQueries,
    webhooks::WebhookQueries,
);

/// Subjects, what they did, and the policy that judges it.
#[derive(Debug, Default)]
pub(crate) struct SubjectQueries;

/// Which partners a list shows.
#[derive(InputObject, Default)]
pub(crate) struct PartnerFilter {
    /// Only partners whose code or name contains this, in any case of the letters A to Z.
    search: Option<String>,
    /// Only partners enrolled on this day or later.
    enrolled_from: Option<Date>,
    /// Only partners enrolled on this day or earlier.
    enrolled_to: Option<Date>,
}

/// What a list of partners is ordered by.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartnerOrder {
    /// Code, ascending.
    Code,
    /// Name, ascending.
    Name,
    /// First day in the program, ascending.
    EnrolledOn,
    /// Level credits of this calendar year, most first.
    CreditsThisYear,
}

/// Which professionals a list shows.
#[derive(InputObject, Default)]
pub(crate) struct ProfessionalFilter {
    /// Only professionals whose code or name contains this, in any case of the letters A to Z.
    search: Option<String>,
    /// Only professionals who signed up on this day or later.
    signed_up_from: Option<Date>,
    /// Only professionals who signed up on this day or earlier.
    signed_up_to: Option<Date>,
}

/// What a list of professionals is ordered by.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProfessionalOrder {
    /// Code, ascending.
    Code,
    /// Name, ascending.
    Name,
    /// Day of sign-up, ascending.
    SignedUpOn,
}

/// Longest text to search for, in characters.
const SEARCH_MAX: usize = 100;

fn check_search(search: Option<String>) -> Result<Option<String>, ApiError> {
    match search {
        Some(text) if text.chars().count() > SEARCH_MAX || text.chars().any(char::is_control) => {
            Err(ApiError::bad_input(format!(
                "`search` takes up to {SEARCH_MAX} characters and no control characters."
            )))
        }
        search => Ok(search),
    }
}

#[Object]
impl SubjectQueries {
    /// The object with a global id; null when there is none.
    async fn node(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global id, as `id` of an object gave it.")] id: ID,
    ) -> Option<Node> {
        let found = nodes(context.data_unchecked::<Services>(), &[id]).await;
        or_null(context, found.map(|mut nodes| nodes.pop().flatten()))
    }

    /// The objects with these global ids, in their order; null for each that does not exist.
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, ApiError> {
        if ids.len() > IDS_MAX {
            return Err(ApiError::bad_input(format!(
                "`ids` takes at most {IDS_MAX} ids, not {}.",
                ids.len()
            )));
        }
        nodes(context.data_unchecked::<Services>(), &ids).await
    }

    /// The policy in force on a day.
    async fn edition(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The day; today, when left out. Days before the first edition are judged by it.")]
        as_of: Option<Date>,
    ) -> Edition {
        let services = context.data_unchecked::<Services>();
        let (id, index) = services.edition_at(as_of.map(|date| date.0));
        Edition { id, index, policy: Arc::clone(services.policy()) }
    }

    /// The partner with a code; null when there is none.
    async fn partner(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique code.")] code: String,
    ) -> Option<Partner> {
        let found = context.data_unchecked::<Services>().partner_by_code(&code).await;
        or_null(context, found.map(|row| row.map(|row| Partner(BatchRow::only(row)))).map_err(Into::into))
    }

    /// Partners, one page at a time.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn partners(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which partners; all, when left out.")] filter: Option<PartnerFilter>,
        #[graphql(desc = "What they are ordered by; CODE, when left out.")] order_by: Option<PartnerOrder>,
        #[graphql(desc = "How many partners from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only partners after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many partners from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only partners before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Partner>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let filter = filter.unwrap_or_default();
        let filter = partners::PartnerFilter {
            search: check_search(filter.search)?,
            enrolled_from: filter.enrolled_from.map(|date| date.0),
            enrolled_to: filter.enrolled_to.map(|date| date.0),
        };
        let order = match order_by.unwrap_or(PartnerOrder::Code) {
            PartnerOrder::Code => partners::PartnerOrder::Code,
            PartnerOrder::Name => partners::PartnerOrder::Name,
            PartnerOrder::EnrolledOn => partners::PartnerOrder::EnrolledOn,
            PartnerOrder::CreditsThisYear => {
                partners::PartnerOrder::YearCredits(services.clock().today().year())
            }
        };
        let page = PageArguments { first, after, last, before }.page(&order)?;
        let rows = services.partners_page(&filter, order, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Partners(order), Total::Partners(filter)))
    }

    /// The professional with a code; null when there is none.
    async fn professional(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique code.")] code: String,
    ) -> Option<Professional> {
        let found = context.data_unchecked::<Services>().professional_by_code(&code).await;
        or_null(
            context,
            found.map(|row| row.map(|row| Professional(BatchRow::only(row)))).map_err(Into::into),
        )
    }

    /// Professionals, one page at a time.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn professionals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which professionals; all, when left out.")] filter: Option<ProfessionalFilter>,
        #[graphql(desc = "What they are ordered by; CODE, when left out.")] order_by: Option<
            ProfessionalOrder,
        >,
        #[graphql(desc = "How many professionals from the start, 0 to 100; 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only professionals after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many professionals from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only professionals before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Professional>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let filter = filter.unwrap_or_default();
        let filter = professionals::ProfessionalFilter {
            search: check_search(filter.search)?,
            signed_up_from: filter.signed_up_from.map(|date| date.0),
            signed_up_to: filter.signed_up_to.map(|date| date.0),
        };
        let order = match order_by.unwrap_or(ProfessionalOrder::Code) {
            ProfessionalOrder::Code => professionals::ProfessionalOrder::Code,
            ProfessionalOrder::Name => professionals::ProfessionalOrder::Name,
            ProfessionalOrder::SignedUpOn => professionals::ProfessionalOrder::SignedUpOn,
        };
        let page = PageArguments { first, after, last, before }.page(&order)?;
        let rows = services.professionals_page(&filter, order, &page).await?;
        Ok(Connection::new(
            BatchPage::new(rows),
            &page,
            ListOrder::Professionals(order),
            Total::Professionals(filter),
        ))
    }

    /// The activity that a source sent under an external id; null when there is none.
    async fn activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "System that it came from.")] source: String,
        #[graphql(desc = "Its id in that system.")] external_id: String,
    ) -> Option<Activity> {
        let found = context.data_unchecked::<Services>().activity_by_key(&source, &external_id).await;
        or_null(context, found.map(|row| row.map(|row| Activity(BatchRow::only(row)))).map_err(Into::into))
    }
}
