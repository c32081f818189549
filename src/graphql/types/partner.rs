//! A partner.

use async_graphql::{Context, ID, Object};
use uuid::Uuid;

use super::enums::Track;
use super::standing::{LevelAward, PartnerStanding};
use super::{Activity, Contract, Deal, LedgerEntry, Order, Professional, SalesTarget};
use crate::graphql::batch::{BatchPages, BatchRow};
use crate::graphql::connection::{
    ACTIVITIES, AFFILIATED, Connection, DEALS, LEDGER, ListOrder, ORDERS, PageArguments, Total,
    without_partner,
};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;
use crate::service::reads;
use crate::store::activity::Owner;
use crate::store::ledger::LedgerFilter;
use crate::store::partner::PartnerRow;

/// A company in the partner program: it earns credits, which set its levels and can be spent.
pub(crate) struct Partner(pub(crate) BatchRow<PartnerRow>);

impl Partner {
    fn ids(&self) -> Vec<Uuid> {
        self.0.batch_rows().iter().map(|row| row.id).collect()
    }
}

/// A company in the partner program: it earns credits, which set its levels and can be spent.
#[Object]
impl Partner {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Partner.id(self.0.row().id)
    }

    /// Unique code that people and machines refer to it by.
    async fn code(&self) -> &str {
        &self.0.row().code
    }

    /// Name for people.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// First day in the program.
    async fn enrolled_on(&self) -> Date {
        Date(self.0.row().enrolled_on)
    }

    /// Levels on a day, worked out from dates: a level that lapses on 1 January has lapsed when asked for then.
    async fn standing(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "The day; today, when left out. Not before enrolment or the program's launch, not after today."
        )]
        as_of: Option<Date>,
        #[graphql(desc = "Only what the system knew at this moment; everything known now, when left out.")]
        known_at: Option<Moment>,
    ) -> Result<PartnerStanding, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (day, moment) = (as_of.map(|date| date.0), known_at.map(|moment| moment.0));
        let load = async { services.partner_standings(self.0.batch_rows(), day, moment).await };
        let standings = self.0.load(Relation::Standing(day, moment), load).await?;
        match standings.get(&self.0.row().id) {
            Some(Ok(standing)) => {
                Ok(PartnerStanding { partner: self.0.clone(), known_at: moment, standing: standing.clone() })
            }
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Err(ApiError::bad_input("This partner has no standing.")),
        }
    }

    /// Spendable credits. Below zero only when credits already spent were taken back.
    async fn balance(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only what the system knew at this moment; everything known now, when left out.")]
        known_at: Option<Moment>,
    ) -> Result<i32, ApiError> {
        let services = context.data_unchecked::<Services>();
        let Some(Moment(moment)) = known_at else { return Ok(int(services.balance(self.0.row())?)) };
        let load = async { services.known_balances(&self.ids(), moment).await };
        let balances = self.0.load(Relation::Balance(moment), load).await?;
        Ok(int(balances.get(&self.0.row().id).copied().unwrap_or(0)))
    }

    /// Level credits of a calendar year. Years before launch show what counted for the first level only.
    async fn credits(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The calendar year, such as 2025.")] year: i32,
        #[graphql(desc = "Only what the system knew at this moment; everything known now, when left out.")]
        known_at: Option<Moment>,
    ) -> Result<YearCredits, ApiError> {
        let services = context.data_unchecked::<Services>();
        let moment = known_at.map(|moment| moment.0);
        let load = async { services.year_credits(self.0.batch_rows(), year, moment).await };
        let credits = self.0.load(Relation::Credits(year, moment), load).await?;
        Ok(YearCredits { year, credits: credits.get(&self.0.row().id).copied().unwrap_or_default() })
    }

    /// Every level that was earned and not lost again by a reversal, oldest first.
    async fn level_history(&self, context: &Context<'_>) -> Result<Vec<LevelAward>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = async { services.level_histories(&self.ids()).await };
        let histories = self.0.load(Relation::LevelHistory, load).await?;
        let history = histories.get(&self.0.row().id).map_or(&[][..], Vec::as_slice);
        Ok(history.iter().cloned().map(LevelAward).collect())
    }

    /// Every change of credits in the order of recording, each with its explanation.
    #[expect(clippy::too_many_arguments, reason = "the contract names them")]
    async fn ledger(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only entries of this track.")] track: Option<Track>,
        #[graphql(desc = "Only entries that count on this day or later.")] from: Option<Date>,
        #[graphql(desc = "Only entries that count on this day or earlier.")] to: Option<Date>,
        #[graphql(desc = "How many entries from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many entries from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Connection<LedgerEntry>, ApiError> {
        let filter = LedgerFilter {
            track: track.map(Into::into),
            from: from.map(|date| date.0),
            to: to.map(|date| date.0),
        };
        let page = PageArguments { first, after, last, before }.page(&LEDGER)?;
        let services = context.data_unchecked::<Services>();
        let load = async { services.ledger_pages(&self.ids(), &filter, &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::LedgerEntries(filter, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::Ledger(self.0.clone(), filter)))
    }

    /// Activities recorded on the partner itself, in the order of recording.
    async fn activities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many activities from the start, 0 to 100; 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only activities after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many activities from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only activities before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Activity>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&ACTIVITIES)?;
        let services = context.data_unchecked::<Services>();
        let load =
            async { services.activity_pages(Owner::Partner, &self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Activities(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        let total = Total::PartnerActivities(self.0.clone());
        Ok(Connection::new(found, &page, ListOrder::Natural, total))
    }

    /// Professionals who work for the partner on a day, in the order in which the system learned of them.
    async fn professionals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The day; today, when left out. Not after today.")] as_of: Option<Date>,
        #[graphql(desc = "How many professionals from the start, 0 to 100; 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only professionals after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many professionals from the end, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only professionals before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Professional>, ApiError> {
        let day = as_of.map(|date| date.0);
        let page = PageArguments { first, after, last, before }.page(&AFFILIATED)?;
        let services = context.data_unchecked::<Services>();
        let load = async {
            services
                .affiliated_pages(&self.ids(), day, &page)
                .await
                .map(|pages| BatchPages::new(without_partner(pages)))
        };
        let pages = self.0.load(Relation::Affiliated(day, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        let total = Total::Affiliated(self.0.clone(), day);
        Ok(Connection::new(found, &page, ListOrder::Natural, total))
    }

    /// Orders of the partner, in the order of placing.
    async fn orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many orders from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only orders after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many orders from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only orders before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Order>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&ORDERS)?;
        let services = context.data_unchecked::<Services>();
        let load = async { services.order_pages(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Orders(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::Orders(self.0.clone())))
    }

    /// Deals that the partner registered, in the order of registering.
    async fn deals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many deals from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only deals after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many deals from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only deals before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Deal>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&DEALS)?;
        let services = context.data_unchecked::<Services>();
        let load = async { services.deal_pages(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Deals(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::Deals(self.0.clone())))
    }

    /// Contracts with discount rates of their own, in the order of their first days.
    async fn contracts(&self, context: &Context<'_>) -> Result<Vec<Contract>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = async { services.contracts(&self.ids()).await };
        let contracts = self.0.load(Relation::Contracts, load).await?;
        let contracts = contracts.get(&self.0.row().id).map_or(&[][..], Vec::as_slice);
        Ok(contracts.iter().cloned().map(BatchRow::only).map(Contract).collect())
    }

    /// What the partner is to sell in a year; null where no target was set.
    async fn sales_target(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The calendar year, such as 2025.")] year: i32,
    ) -> Option<SalesTarget> {
        let services = context.data_unchecked::<Services>();
        let load = async { services.sales_targets(&self.ids(), year).await };
        let targets = self.0.load(Relation::SalesTarget(year), load).await;
        or_null(context, targets.map(|targets| targets.get(&self.0.row().id).cloned().map(SalesTarget)))
    }
}

/// Level credits of one calendar year.
pub(crate) struct YearCredits {
    year: i32,
    credits: reads::YearCredits,
}

/// Level credits of one calendar year.
#[Object]
impl YearCredits {
    /// The calendar year.
    async fn year(&self) -> i32 {
        self.year
    }

    /// Technical credits.
    async fn technical(&self) -> i32 {
        int(self.credits.technical)
    }

    /// Business credits.
    async fn business(&self) -> i32 {
        int(self.credits.business)
    }

    /// Both tracks together.
    async fn total(&self) -> i32 {
        int(self.credits.technical + self.credits.business)
    }
}
