//! The list of partners.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

use super::search::{Reading, Search, read};
use super::subjects::{Key, Order, Source};
use super::{ListQuery, subjects};
use crate::store::page::{Page, Rows};
use crate::store::partner::{COLUMNS, PartnerRow};
use crate::store::subject::{EARLIEST, LATEST, SortType, Subject, SubjectKey};

/// What a list of partners is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartnerOrder {
    /// Code, ascending.
    Code,
    /// Name, ascending.
    Name,
    /// First day in the program, ascending.
    EnrolledOn,
    /// Level credits of a year, most first.
    YearCredits(i32),
    /// Spendable credits, most first.
    Balance,
    /// Credits missing for the next level in a track, or in the one that misses fewer: fewest first.
    CreditsToNext(TrackColumn),
    /// The first day on which the level of a track no longer holds, or of the first one.
    LapsesOn(TrackColumn),
}

/// A track, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrackColumn {
    /// The technical track.
    Technical,
    /// The business track.
    Business,
    /// The track whose value is the lesser one.
    Either,
}

impl TrackColumn {
    const fn to_next(self) -> &'static str {
        match self {
            Self::Technical => "technical_to_next",
            Self::Business => "business_to_next",
            Self::Either => "least_to_next",
        }
    }

    const fn lapses_on(self) -> &'static str {
        match self {
            Self::Technical => "technical_lapses_on",
            Self::Business => "business_lapses_on",
            Self::Either => "first_lapses_on",
        }
    }
}

/// Levels that lapse within a period: the last day on which one holds is in it, or the day after.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lapsing {
    /// Of which track.
    pub track: TrackColumn,
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
}

/// Levels to look for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LevelFilter {
    /// The technical level is one of these.
    Technical(Vec<String>),
    /// The business level is one of these.
    Business(Vec<String>),
    /// Technical and business level, with a bar between them, are one of these pairs.
    Pairs(Vec<String>),
}

/// A filter on partners. A partner matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PartnerFilter {
    /// Only those whose code or name contains this, folded as the stored keys are.
    pub search: Option<String>,
    /// Only those enrolled on this day or later.
    pub enrolled_from: Option<NaiveDate>,
    /// Only those enrolled on this day or earlier.
    pub enrolled_to: Option<NaiveDate>,
    /// Only those of these levels, as last emitted.
    pub levels: Option<LevelFilter>,
    /// Only those with a level that lapses within a period.
    pub lapsing: Option<Lapsing>,
    /// Only those that miss this many credits for the next level of a track at most.
    pub within_credits: Option<(TrackColumn, i64)>,
}

fn query(backend: DbBackend, filter: &PartnerFilter, only: Option<Uuid>) -> ListQuery {
    let mut query = ListQuery::new(backend, PartnerRow::TABLE, "id");
    query.require("p.merged_into IS NULL".to_owned());
    if let Some(id) = only {
        let condition = format!("p.id = {}", query.value(id));
        query.require(condition);
    }
    if let Some(text) = &filter.search {
        subjects::search(&mut query, text);
    }
    query.subject_between("enrolled_on", filter.enrolled_from, filter.enrolled_to);
    if let Some(levels) = &filter.levels {
        let (what, levels) = match levels {
            LevelFilter::Technical(levels) => ("b.technical_level", levels),
            LevelFilter::Business(levels) => ("b.business_level", levels),
            LevelFilter::Pairs(levels) => ("(b.technical_level || '|' || b.business_level)", levels),
        };
        let condition = query.one_of(what, levels.iter().map(String::as_str));
        query.require(condition);
    }
    if let Some(lapsing) = &filter.lapsing {
        require_lapsing(&mut query, lapsing);
    }
    if let Some((track, credits)) = filter.within_credits {
        let condition = format!("b.{} <= {}", track.to_next(), query.value(credits));
        query.require(condition);
    }
    query
}

fn require_lapsing(query: &mut ListQuery, lapsing: &Lapsing) {
    let from = lapsing.from.unwrap_or(EARLIEST);
    // What never lapses is on the latest day; a level that holds through the last day of the period lapses after it.
    let end = lapsing.to.and_then(|day| day.succ_opt()).map_or(LATEST, |day| day.min(LATEST));
    let before = if end == LATEST { "<" } else { "<=" };
    let (from, end) = (query.value(from), query.value(end));
    let within = |column: &str| format!("b.{column} >= {from} AND b.{column} {before} {end}");
    query.require(match lapsing.track {
        TrackColumn::Either => {
            let [technical, business] =
                [TrackColumn::Technical, TrackColumn::Business].map(|track| within(track.lapses_on()));
            // The earlier of the two is in an index.
            format!("b.{} {before} {end} AND ({technical} OR {business})", lapsing.track.lapses_on())
        }
        track => within(track.lapses_on()),
    });
}

const PARTNERS: Source = Source::subjects::<PartnerRow>();
const BALANCES: Source = Source::balances::<PartnerRow>();

/// The search for the text of a filter by the index. One partner is read by its id.
fn search(filter: &PartnerFilter, only: Option<Uuid>) -> Option<Search<'_>> {
    let text = filter.search.as_deref().filter(|_| only.is_none())?;
    subjects::indexed::<PartnerRow>(text)
}

fn by_column(column: &str, sort: SortType) -> Order {
    let sources = if column.starts_with("b.") { [BALANCES, PARTNERS] } else { [PARTNERS, BALANCES] };
    Order { sources: sources.to_vec(), key: Key::Ascending(column.to_owned()), sort, within: None }
}

/// Partners with credits in a year, most first.
fn with_credits(year: &str) -> Order {
    Order {
        sources: vec![Source::other("partner_totals", "t", "partner_id"), PARTNERS, BALANCES],
        key: Key::Descending("t.total"),
        sort: SortType::Integer,
        within: Some(format!("t.period = {year} AND t.total > 0")),
    }
}

/// The statements of a page. A list in two parts reads the second one only when the first does not fill the page.
pub(super) fn statements(
    backend: DbBackend,
    filter: &PartnerFilter,
    only: Option<Uuid>,
    order: PartnerOrder,
    reading: Reading,
    page: &Page<SubjectKey>,
) -> Vec<Statement> {
    let search = search(filter, only);
    let columns = match order {
        PartnerOrder::CreditsToNext(_) | PartnerOrder::LapsesOn(_) => PartnerRow::whole_columns(),
        _ => PartnerRow::columns(),
    };
    let statement = |query: ListQuery, columns: &str, order: &Order| {
        subjects::page_statement(query, columns, order, search, reading, page)
    };
    let part = |order: Order| vec![statement(query(backend, filter, only), &columns, &order)];
    let mut parts = match order {
        PartnerOrder::Code => part(by_column("p.code", SortType::Text)),
        PartnerOrder::Name => part(by_column("p.name", SortType::Text)),
        PartnerOrder::EnrolledOn => part(by_column("p.enrolled_on", SortType::Date)),
        PartnerOrder::Balance => part(Order {
            sources: vec![BALANCES, PARTNERS],
            key: Key::Descending("b.credits"),
            sort: SortType::Integer,
            within: None,
        }),
        PartnerOrder::CreditsToNext(track) => {
            part(by_column(&format!("b.{}", track.to_next()), SortType::Integer))
        }
        PartnerOrder::LapsesOn(track) => part(by_column(&format!("b.{}", track.lapses_on()), SortType::Date)),
        PartnerOrder::YearCredits(year) => {
            let (mut with, mut without) = (query(backend, filter, only), query(backend, filter, only));
            let of_year = with.value(year);
            let with_columns = format!(
                "{COLUMNS}, t.total AS year_credits, t.technical AS year_technical, t.period AS credits_year"
            );
            let with = statement(with, &with_columns, &with_credits(&of_year));
            let of_year = without.value(year);
            without.require(format!(
                "NOT EXISTS (SELECT 1 FROM partner_totals t WHERE t.period = {of_year} \
                 AND t.partner_id = p.id AND t.total > 0)"
            ));
            let last = Order { key: Key::Last, ..by_column("p.id", SortType::Integer) };
            vec![with, statement(without, &columns, &last)]
        }
    };
    if page.from_end {
        parts.reverse();
    }
    parts
}

/// One page of partners, within the partner that is visible to the caller, if limited.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &PartnerFilter,
    only: Option<Uuid>,
    order: PartnerOrder,
    page: &Page<SubjectKey>,
) -> Result<Rows<PartnerRow>, DbErr> {
    let backend = connection.get_database_backend();
    let statements = |reading| statements(backend, filter, only, order, reading, page);
    read(connection, page, search(filter, only), statements).await
}

/// The number of partners that match, [`super::COUNT_MAX`] and one more at most.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    filter: &PartnerFilter,
    only: Option<Uuid>,
) -> Result<i64, DbErr> {
    let statement = count_statement(connection.get_database_backend(), filter, only);
    super::counted(connection, statement).await
}

/// The statement that counts them.
pub(super) fn count_statement(backend: DbBackend, filter: &PartnerFilter, only: Option<Uuid>) -> Statement {
    subjects::count(query(backend, filter, only), &[PARTNERS, BALANCES], search(filter, only))
}
