//! The list of partners.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};
use uuid::Uuid;

use super::{ListQuery, subjects};
use crate::store::page::{Page, Rows};
use crate::store::partner::{COLUMNS, PartnerRow};
use crate::store::subject::{self, EARLIEST, LATEST, SortType, Subject, SubjectKey};

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

/// Partners by a column of the balance, ascending, and keyed by it.
fn by_balance_column(
    mut query: ListQuery,
    column: &str,
    sort: SortType,
    page: &Page<SubjectKey>,
) -> Statement {
    let [value_after, id_after, value_before, id_before] = subjects::bounds(&mut query, sort, page);
    let limit = query.value(page.limit());
    let (select, condition) = (subject::select::<PartnerRow>(), query.condition());
    let direction = if page.from_end { "DESC" } else { "ASC" };
    let text = format!(
        "{select} WHERE {condition} AND (b.{column}, b.partner_id) > ({value_after}, {id_after}) \
         AND (b.{column}, b.partner_id) < ({value_before}, {id_before}) \
         ORDER BY b.{column} {direction}, b.partner_id {direction} LIMIT {limit}"
    );
    query.statement(text)
}

/// Partners by spendable credits, most first, and keyed by them with the sign turned round.
fn by_balance(mut query: ListQuery, page: &Page<SubjectKey>) -> Statement {
    let [value_after, id_after, value_before, id_before] =
        subjects::bounds(&mut query, SortType::Integer, page);
    let limit = query.value(page.limit());
    let (select, condition) = (subject::select::<PartnerRow>(), query.condition());
    let (credits, id) = if page.from_end { ("ASC", "DESC") } else { ("DESC", "ASC") };
    let text = format!(
        "{select} WHERE b.credits <= -{value_after} AND b.credits >= -{value_before} AND {condition} \
         AND (-b.credits, b.partner_id) > ({value_after}, {id_after}) \
         AND (-b.credits, b.partner_id) < ({value_before}, {id_before}) \
         ORDER BY b.credits {credits}, b.partner_id {id} LIMIT {limit}"
    );
    query.statement(text)
}

/// Partners with credits in a year, most first, and keyed by the total with its sign turned round.
fn with_credits(mut query: ListQuery, year: i32, page: &Page<SubjectKey>) -> Statement {
    let [value_after, id_after, value_before, id_before] =
        subjects::bounds(&mut query, SortType::Integer, page);
    let (limit, year) = (query.value(page.limit()), query.value(year));
    let condition = query.condition();
    let (total, id) = if page.from_end { ("ASC", "DESC") } else { ("DESC", "ASC") };
    let text = format!(
        "SELECT {COLUMNS}, t.total AS year_credits, t.technical AS year_technical, \
         t.period AS credits_year FROM partner_totals t JOIN partners p ON p.id = t.partner_id \
         JOIN partner_balances b ON b.partner_id = p.id WHERE t.period = {year} AND t.total > 0 \
         AND t.total <= -{value_after} AND t.total >= -{value_before} AND {condition} \
         AND (-t.total, t.partner_id) > ({value_after}, {id_after}) \
         AND (-t.total, t.partner_id) < ({value_before}, {id_before}) \
         ORDER BY t.total {total}, t.partner_id {id} LIMIT {limit}"
    );
    query.statement(text)
}

/// Partners without credits in a year are last in the list, so their key is the largest number.
fn without_credits(mut query: ListQuery, year: i32, page: &Page<SubjectKey>) -> Statement {
    const LAST: &str = "CAST(9223372036854775807 AS BIGINT)";
    let [value_after, id_after, value_before, id_before] =
        subjects::bounds(&mut query, SortType::Integer, page);
    let (limit, year) = (query.value(page.limit()), query.value(year));
    let (select, condition) = (subject::select::<PartnerRow>(), query.condition());
    let id = if page.from_end { "DESC" } else { "ASC" };
    let text = format!(
        "{select} WHERE {condition} AND NOT EXISTS \
         (SELECT 1 FROM partner_totals t WHERE t.period = {year} AND t.partner_id = p.id AND t.total > 0) \
         AND ({LAST}, p.id) > ({value_after}, {id_after}) AND ({LAST}, p.id) < ({value_before}, {id_before}) \
         ORDER BY p.id {id} LIMIT {limit}"
    );
    query.statement(text)
}

/// The statements of a page. A list in two parts reads the second one only when the first does not fill the page.
pub(super) fn statements(
    backend: DbBackend,
    filter: &PartnerFilter,
    only: Option<Uuid>,
    order: PartnerOrder,
    page: &Page<SubjectKey>,
) -> Vec<Statement> {
    let query = || query(backend, filter, only);
    let by_column = |column, sort| vec![subjects::by_column::<PartnerRow>(query(), column, sort, page)];
    let mut parts = match order {
        PartnerOrder::Code => by_column("code", SortType::Text),
        PartnerOrder::Name => by_column("name", SortType::Text),
        PartnerOrder::EnrolledOn => by_column("enrolled_on", SortType::Date),
        PartnerOrder::Balance => vec![by_balance(query(), page)],
        PartnerOrder::CreditsToNext(track) => {
            vec![by_balance_column(query(), track.to_next(), SortType::Integer, page)]
        }
        PartnerOrder::LapsesOn(track) => {
            vec![by_balance_column(query(), track.lapses_on(), SortType::Date, page)]
        }
        PartnerOrder::YearCredits(year) => {
            vec![with_credits(query(), year, page), without_credits(query(), year, page)]
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
    let parts = statements(connection.get_database_backend(), filter, only, order, page);
    let limit = usize::try_from(page.size).unwrap_or(usize::MAX).saturating_add(1);
    let mut rows = Vec::new();
    for statement in parts {
        rows.extend(PartnerRow::find_by_statement(statement).all(connection).await?);
        if rows.len() >= limit {
            break;
        }
    }
    rows.truncate(limit);
    Ok(page.truncate(rows))
}

/// The number of partners that match, [`super::COUNT_MAX`] and one more at most.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    filter: &PartnerFilter,
    only: Option<Uuid>,
) -> Result<i64, DbErr> {
    let query = query(connection.get_database_backend(), filter, only);
    super::counted(connection, subjects::count::<PartnerRow>(query)).await
}
