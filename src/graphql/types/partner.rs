//! A partner.

use async_graphql::{Context, ID, Object};
use uuid::Uuid;

use super::credit_lot::CreditLot;
use super::enums::Track;
use super::level_history::{LevelAward, LevelRows};
use super::path::Path;
use super::standing::PartnerStanding;
use super::{
    Activity, Affiliation, Certificate, Contract, Deal, LedgerEntry, Order, Professional, SalesTarget,
    SavedQuote,
};
use crate::error::Error;
use crate::graphql::batch::{BatchPages, BatchRow};
use crate::graphql::connection::{
    ACTIVITIES, AFFILIATED, AFFILIATIONS, Connection, DEALS, LEDGER, ListOrder, ORDERS, PageArguments,
    QUOTES, Total, asks_of_nodes,
};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;
use crate::service::reads::{self, PathQuery, PerSubject};
use crate::store::activity::Owner;
use crate::store::affiliation::AffiliationOwner;
use crate::store::ledger::LedgerFilter;
use crate::store::page::Rows;
use crate::store::partner::PartnerRow;

/// Company in the partner program. It earns credits in two tracks; level credits determine its levels,
/// spendable credits can be redeemed on orders.
pub(crate) struct Partner(pub(crate) BatchRow<PartnerRow>);

impl Partner {
    /// A partner whose standing today is known, if it is.
    pub(crate) fn with_standings(
        (row, standings): (PartnerRow, Option<PerSubject<reads::PartnerStanding>>),
    ) -> Self {
        let row = BatchRow::only(row);
        Self(match standings {
            Some(standings) => row.with(Relation::Standing(None, None), standings),
            None => row,
        })
    }

    fn ids(&self) -> Vec<Uuid> {
        self.0.batch_rows().iter().map(|row| row.id).collect()
    }
}

/// Company in the partner program. It earns credits in two tracks; level credits determine its levels,
/// spendable credits can be redeemed on orders.
#[Object]
impl Partner {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Partner.id(self.0.row().id)
    }

    /// Unique code.
    async fn code(&self) -> &str {
        &self.0.row().code
    }

    /// Display name.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// First day in the program.
    async fn enrolled_on(&self) -> Date {
        Date(self.0.row().enrolled_on)
    }

    /// Codes of partners that were merged into this one. They mean it in look-ups, inputs and imports.
    async fn former_codes(&self, context: &Context<'_>) -> Result<Vec<String>, ApiError> {
        Ok(context.data_unchecked::<Services>().former_codes_of_partner(self.0.row())?)
    }

    /// Last day in the program; null while the partner takes part.
    async fn left_on(&self, context: &Context<'_>) -> Result<Option<Date>, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(services.partner_left_on(self.0.row())?.map(Date))
    }

    /// Levels and base discounts on a day, computed from the effective dates of credits.
    async fn standing(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Effective date, from enrolment and the program's launch through today; today by default."
        )]
        as_of: Option<Date>,
        #[graphql(
            desc = "Considers only what was recorded by this time; by default, everything recorded so far."
        )]
        known_at: Option<Moment>,
    ) -> Result<PartnerStanding, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (day, moment) = (as_of.map(|date| date.0), known_at.map(|moment| moment.0));
        let load = || async { services.partner_standings(self.0.batch_rows(), day, moment).await };
        let standings = self.0.load(Relation::Standing(day, moment), load).await?;
        match standings.get(&self.0.row().id) {
            Some(Ok(standing)) => {
                Ok(PartnerStanding { partner: self.0.clone(), known_at: moment, standing: standing.clone() })
            }
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Err(ApiError::bad_input("This partner has no standing.")),
        }
    }

    /// Standing on a day ahead if nothing more is earned: levels lapse as their dates say, and overrides and contracts
    /// begin and end. Editions that were published so far apply from their first days.
    async fn outlook(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Day ahead, from tomorrow through ten years from today.")] on: Date,
    ) -> Result<PartnerStanding, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.partner_outlooks(self.0.batch_rows(), on.0).await };
        let standings = self.0.load(Relation::Outlook(on.0), load).await?;
        match standings.get(&self.0.row().id) {
            Some(Ok(standing)) => {
                Ok(PartnerStanding { partner: self.0.clone(), known_at: None, standing: standing.clone() })
            }
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Err(ApiError::bad_input("This partner has no outlook.")),
        }
    }

    /// Paths to a level in a track: for each, a set of activities from today on with which the level holds on a day,
    /// none of them superfluous; those with the fewest activities first. Empty if no activities reach it by then; one
    /// path without steps if the level holds on that day anyway. What depends on the attributes of an activity counts with
    /// the fewest credits that they allow: a kind that is divided by a number without an upper limit earns nothing for
    /// sure, so it is in no path unless it also counts as another kind.
    async fn paths(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Track of the level.")] track: Track,
        #[graphql(
            desc = "Code of the level; by default the next one, or the highest one for partners that have it."
        )]
        level: Option<String>,
        #[graphql(
            desc = "Day on which the level is to hold, from today through ten years from today; 31 December of this year by default."
        )]
        by: Option<Date>,
        #[graphql(desc = "Number of paths, 1 to 10.", default = 3)] first: i32,
        #[graphql(
            desc = "Includes kinds that follow from others: won deals, new customers, sales targets, and the points of professionals.",
            default = false
        )]
        include_dependent: bool,
    ) -> Result<Vec<Path>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let by = by.map(|date| date.0);
        let query = PathQuery { track: track.into(), level, by, first, include_dependent };
        let load = || async { services.partner_paths(self.0.batch_rows(), &query).await };
        let paths = self.0.load(Relation::Paths(query.clone()), load).await?;
        match paths.get(&self.0.row().id) {
            Some(Ok(paths)) => Ok(paths.iter().cloned().map(Path).collect()),
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Ok(Vec::new()),
        }
    }

    /// Balance of spendable credits. Negative only if credits that were already redeemed have been reversed.
    async fn balance(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Considers only what was recorded by this time; by default, everything recorded so far."
        )]
        known_at: Option<Moment>,
    ) -> Result<i32, ApiError> {
        let services = context.data_unchecked::<Services>();
        let Some(Moment(moment)) = known_at else { return Ok(int(services.balance(self.0.row())?)) };
        let load = || async { services.known_balances(&self.ids(), moment).await };
        let balances = self.0.load(Relation::Balance(moment), load).await?;
        Ok(int(balances.get(&self.0.row().id).copied().unwrap_or(0)))
    }

    /// What can be spent, by the day on which it was earned, the oldest first: that is spent first. At most 1,000 days.
    async fn credit_lots(&self, context: &Context<'_>) -> Result<Vec<CreditLot>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.credit_lots(&self.ids()).await };
        let lots = self.0.load(Relation::CreditLots, load).await?;
        Ok(CreditLot::all(lots.get(&self.0.row().id)))
    }

    /// Level credits of a calendar year. Years before the program's launch contain the credits that count
    /// toward the first level only.
    async fn credits(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Calendar year, such as 2025.")] year: i32,
        #[graphql(
            desc = "Considers only what was recorded by this time; by default, everything recorded so far."
        )]
        known_at: Option<Moment>,
    ) -> Result<YearCredits, ApiError> {
        let services = context.data_unchecked::<Services>();
        let moment = known_at.map(|moment| moment.0);
        let load = || async { services.year_credits(self.0.batch_rows(), year, moment).await };
        let credits = self.0.load(Relation::Credits(year, moment), load).await?;
        Ok(YearCredits { year, credits: credits.get(&self.0.row().id).copied().unwrap_or_default() })
    }

    /// Every level that was earned, oldest first: those that count, those that have expired, and those that a
    /// reversal removed (`reversed`).
    async fn level_history(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Considers only what was recorded by this time; by default, everything recorded so far."
        )]
        known_at: Option<Moment>,
    ) -> Result<Vec<LevelAward>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let moment = known_at.map(|moment| moment.0);
        let load = || async { services.level_histories(&self.ids(), moment).await.map(LevelRows::new) };
        let histories = self.0.load(Relation::LevelHistory(moment), load).await?;
        Ok(histories.of(self.0.row().id).map(LevelAward).collect())
    }

    /// Ledger: every change of credits with an explanation, in the order of recording.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn ledger(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Returns only entries of this track.")] track: Option<Track>,
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
    ) -> Result<Connection<LedgerEntry>, ApiError> {
        let filter = LedgerFilter {
            track: track.map(Into::into),
            from: from.map(|date| date.0),
            to: to.map(|date| date.0),
            recorded: None,
        };
        let page = PageArguments { first, after, last, before }.page(&LEDGER)?;
        let services = context.data_unchecked::<Services>();
        let load = || async { services.ledger_pages(&self.ids(), &filter, &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::LedgerEntries(filter, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::Ledger(self.0.clone(), filter)))
    }

    /// Activities recorded for the partner itself, in the order of recording.
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
            services.activity_pages(Owner::Partner, &self.ids(), &page).await.map(BatchPages::new)
        };
        let pages = self.0.load(Relation::Activities(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        let total = Total::PartnerActivities(self.0.clone());
        Ok(Connection::new(found, &page, ListOrder::Natural, total))
    }

    /// Professionals who work for the partner on a day, in the order in which their sign-ups were recorded.
    async fn professionals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Effective date, not after today; today by default.")] as_of: Option<Date>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Professional>, ApiError> {
        let day = as_of.map(|date| date.0);
        let page = PageArguments { first, after, last, before }.page(&AFFILIATED)?;
        let services = context.data_unchecked::<Services>();
        let asks_standings = asks_of_nodes(context.field(), "standing");
        let load = || async {
            let (pages, standings) =
                services.affiliated_pages(&self.ids(), day, &page, asks_standings).await?;
            let pages = BatchPages::new(pages);
            Ok::<_, Error>(match standings {
                Some(standings) => pages.with(Relation::Standing(None, None), standings),
                None => pages,
            })
        };
        let pages = self.0.load(Relation::Affiliated(day, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        let total = Total::Affiliated(self.0.clone(), day);
        Ok(Connection::new(found, &page, ListOrder::Natural, total))
    }

    /// Affiliations of professionals with the partner, in the order of recording. Staff also sees voided ones.
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
        let owner = AffiliationOwner::Partner;
        let load =
            || async { services.affiliation_pages(owner, &self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Affiliations(owner, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::PartnerAffiliations(self.0.clone())))
    }

    /// Orders of the partner, in the order of placing.
    async fn orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Order>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&ORDERS)?;
        let services = context.data_unchecked::<Services>();
        let load = || async { services.order_pages(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Orders(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::Orders(self.0.clone())))
    }

    /// Quotes that were saved for the partner, in the order of saving.
    async fn quotes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SavedQuote>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&QUOTES)?;
        let services = context.data_unchecked::<Services>();
        let load = || async { services.quote_pages(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Quotes(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::Quotes(self.0.clone())))
    }

    /// Deals that the partner registered, in the order of registration.
    async fn deals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Deal>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&DEALS)?;
        let services = context.data_unchecked::<Services>();
        let load = || async { services.deal_pages(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Deals(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::Deals(self.0.clone())))
    }

    /// Contracts with discount rates of their own, ordered by first day; voided ones are among them.
    async fn contracts(&self, context: &Context<'_>) -> Result<Vec<Contract>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let contracts = services.contracts(&self.ids()).await?.into_iter();
            let pages = contracts.map(|(id, rows)| (id, Rows { rows, has_more: false }));
            Ok::<_, Error>(BatchPages::new(pages.collect()))
        };
        let contracts = self.0.load(Relation::Contracts, load).await?;
        Ok(contracts.of(self.0.row().id).batch_rows().map(Contract).collect())
    }

    /// Certificates of the partner's levels, in the order of issuing; empty on a server that issues none.
    async fn certificates(&self, context: &Context<'_>) -> Result<Vec<Certificate>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let found = services.certificates_of_partners(self.0.batch_rows()).await?.into_iter();
            let pages = found.map(|(id, rows)| (id, Rows { rows, has_more: false }));
            Ok::<_, Error>(BatchPages::new(pages.collect()))
        };
        let certificates = self.0.load(Relation::Certificates, load).await?;
        Ok(certificates.of(self.0.row().id).batch_rows().map(Certificate).collect())
    }

    /// Sales target for a year; null if none was set.
    async fn sales_target(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Calendar year, such as 2025.")] year: i32,
    ) -> Option<SalesTarget> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.sales_targets(&self.ids(), year).await };
        let targets = self.0.load(Relation::SalesTarget(year), load).await;
        or_null(context, targets.map(|targets| targets.get(&self.0.row().id).cloned().map(SalesTarget)))
    }
}

/// Level credits of a partner in one calendar year.
pub(crate) struct YearCredits {
    year: i32,
    credits: reads::YearCredits,
}

/// Level credits of a partner in one calendar year.
#[Object]
impl YearCredits {
    /// Calendar year.
    async fn year(&self) -> i32 {
        self.year
    }

    /// Level credits in the technical track.
    async fn technical(&self) -> i32 {
        int(self.credits.technical)
    }

    /// Level credits in the business track.
    async fn business(&self) -> i32 {
        int(self.credits.business)
    }

    /// Level credits in both tracks together.
    async fn total(&self) -> i32 {
        int(self.credits.technical + self.credits.business)
    }
}
