//! The statement of a partner for a period.

use std::collections::HashMap;

use async_graphql::{Context, Object};

use super::enums::{LedgerReason, Track};
use super::level_history::{LevelAward, LevelRows};
use super::sealed_head::SealedHead;
use super::standing::PartnerStanding;
use super::{LedgerEntry, Order, Partner};
use crate::graphql::batch::{BatchPage, BatchPages, BatchRow};
use crate::graphql::connection::{Connection, LEDGER, ListOrder, PageArguments, Total};
use crate::graphql::error::ApiError;
use crate::graphql::relation::Relation;
use crate::graphql::row_list::RowList;
use crate::graphql::scalar::{Date, int};
use crate::service::Services;
use crate::service::reads::{self, OrderQuery};
use crate::store::ledger::LedgerFilter;
use crate::store::partner::PartnerRow;
use crate::store::statement::{KindSum, PeriodSum};

/// Account of a partner in a period, by effective date and as known now: what is recorded late changes it.
pub(crate) struct Statement {
    statement: reads::Statement,
    partner: BatchRow<PartnerRow>,
}

impl Statement {
    pub(crate) fn new(statement: reads::Statement) -> Self {
        Self { partner: BatchRow::only(statement.partner.clone()), statement }
    }

    async fn entries(
        &self,
        context: &Context<'_>,
        filter: LedgerFilter,
        page: PageArguments,
    ) -> Result<Connection<LedgerEntry>, ApiError> {
        let page = page.page(&LEDGER)?;
        let services = context.data_unchecked::<Services>();
        let id = self.partner.row().id;
        let load = || async { services.ledger_pages(&[id], &filter, &page).await.map(BatchPages::new) };
        let pages = self.partner.load(Relation::LedgerEntries(filter, page.clone()), load).await?;
        Ok(Connection::new(
            pages.of(id),
            &page,
            ListOrder::Natural,
            Total::Ledger(self.partner.clone(), filter),
        ))
    }

    async fn standing(
        &self,
        context: &Context<'_>,
        day: chrono::NaiveDate,
    ) -> Result<Option<PartnerStanding>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let rows = self.partner.batch_rows();
        let load = || async { services.partner_standings(rows, Some(day), None).await };
        let standings = self.partner.load(Relation::Standing(Some(day), None), load).await?;
        // There is none before enrolment and the program's launch.
        let standing = standings.get(&self.partner.row().id).and_then(|one| one.as_ref().ok());
        let standing = standing.cloned();
        Ok(standing.map(|standing| PartnerStanding {
            partner: self.partner.clone(),
            known_at: None,
            standing,
        }))
    }
}

/// Account of a partner in a period, by effective date and as known now: what is recorded late changes it.
#[Object]
impl Statement {
    /// Partner.
    async fn partner(&self) -> Partner {
        Partner(self.partner.clone())
    }

    /// First day of the period.
    async fn from(&self) -> Date {
        Date(self.statement.from)
    }

    /// Last day of the period.
    async fn to(&self) -> Date {
        Date(self.statement.to)
    }

    /// Opening balance: spendable credits of entries with an effective date before the period.
    async fn opening(&self) -> i32 {
        int(self.statement.opening)
    }

    /// Closing balance: the opening balance and the spendable credits of all movements.
    async fn closing(&self) -> i32 {
        int(self.statement.closing)
    }

    /// Sums of the movements by track and reason.
    async fn sums(&self) -> Vec<StatementSum> {
        self.statement.sums.iter().cloned().map(StatementSum).collect()
    }

    /// Sums of the movements that rules earned, by track and kind of activity. Redemptions, returns, expiries and others
    /// without a rule are in `sums` alone.
    async fn kinds(&self, context: &Context<'_>) -> Result<Vec<StatementKind>, ApiError> {
        let sums = context.data_unchecked::<Services>().statement_kinds(&self.statement).await?;
        Ok(sums.into_iter().map(StatementKind).collect())
    }

    /// Movements: ledger entries with an effective date in the period, whenever they were recorded, in the order of
    /// recording.
    async fn movements(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<LedgerEntry>, ApiError> {
        let page = PageArguments { first, after, last, before };
        self.entries(context, self.statement.movements(), page).await
    }

    /// What came late: ledger entries that were recorded in the period and have an earlier effective date. They are in
    /// the opening balance, and changed statements of earlier periods.
    async fn late(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<LedgerEntry>, ApiError> {
        let filter = context.data_unchecked::<Services>().late_entries(&self.statement);
        self.entries(context, filter, PageArguments { first, after, last, before }).await
    }

    /// Spendable credits of all entries that came late.
    async fn late_credits(&self, context: &Context<'_>) -> Result<i32, ApiError> {
        Ok(int(context.data_unchecked::<Services>().late_credits(&self.statement).await?))
    }

    /// Levels on the first day; null before enrolment and the program's launch.
    async fn opening_standing(&self, context: &Context<'_>) -> Result<Option<PartnerStanding>, ApiError> {
        self.standing(context, self.statement.from).await
    }

    /// Levels on the last day; null before enrolment and the program's launch.
    async fn closing_standing(&self, context: &Context<'_>) -> Result<Option<PartnerStanding>, ApiError> {
        self.standing(context, self.statement.to).await
    }

    /// Levels that were reached or lapsed in the period, oldest first.
    async fn levels(&self, context: &Context<'_>) -> Result<Vec<LevelAward>, ApiError> {
        let id = self.partner.row().id;
        let awards = context.data_unchecked::<Services>().statement_levels(&self.statement).await?;
        Ok(LevelRows::new(HashMap::from([(id, awards)])).of(id).map(LevelAward).collect())
    }

    /// Head of the sealed log as it is now; null before the first step is sealed. A statement that is kept with it can be
    /// checked against later changes of what it was made from.
    async fn sealed_head(&self, context: &Context<'_>) -> Result<Option<SealedHead>, ApiError> {
        Ok(context.data_unchecked::<Services>().sealed_head().await?.map(SealedHead))
    }

    /// Orders that were placed in the period, by day.
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
        let row_list = RowList::Orders(false);
        let page = PageArguments { first, after, last, before }.page(&row_list)?;
        let query = OrderQuery {
            partner: Some(self.partner.row().code.clone()),
            placed_from: Some(self.statement.from),
            placed_to: Some(self.statement.to),
            ..OrderQuery::default()
        };
        let services = context.data_unchecked::<Services>();
        let (rows, total) = services.orders_page(query, false, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Rows(row_list), Total::Rows(total)))
    }
}

/// Sum of the movements of a track and reason.
pub(crate) struct StatementSum(PeriodSum);

/// Sum of the movements of a track and reason.
#[Object]
impl StatementSum {
    /// Track of the credits; null for credits that are redeemed or returned.
    async fn track(&self) -> Option<Track> {
        self.0.track.map(Into::into)
    }

    /// Reason of the entries.
    async fn reason(&self) -> Option<LedgerReason> {
        self.0.reason.map(Into::into)
    }

    /// Number of entries.
    async fn entries(&self) -> i32 {
        int(self.0.entries)
    }

    /// Level credits.
    async fn level_credits(&self) -> i32 {
        int(self.0.level_credits)
    }

    /// Spendable credits.
    async fn spendable_credits(&self) -> i32 {
        int(self.0.spendable_credits)
    }
}

/// Sum of the movements of a track and kind of activity.
pub(crate) struct StatementKind(KindSum);

/// Sum of the movements of a track and kind of activity.
#[Object]
impl StatementKind {
    /// Track of the credits.
    async fn track(&self) -> Track {
        self.0.track.into()
    }

    /// Code of the kind of activity.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Number of entries.
    async fn entries(&self) -> i32 {
        int(self.0.entries)
    }

    /// Level credits.
    async fn level_credits(&self) -> i32 {
        int(self.0.level_credits)
    }

    /// Spendable credits.
    async fn spendable_credits(&self) -> i32 {
        int(self.0.spendable_credits)
    }
}
