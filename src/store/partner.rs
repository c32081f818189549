//! Partners with their balances, and lists of them.

use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::{partner, partner_balance};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use uuid::Uuid;

use super::page::{ListSql, Page, PageSql, RowFilter, Rows};
use super::sql::{Sql, sql};
use super::subject::{self, EARLIEST, LATEST, SortType, Subject, SubjectKey, SubjectSql, by_column, like};

/// A partner with its balance.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PartnerRow {
    /// Key.
    pub id: Uuid,
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// First day in the program.
    pub enrolled_on: NaiveDate,
    /// Spendable credits.
    pub credits: i64,
    /// Level credits of all time.
    pub level_credits: i64,
    /// Number of the last ledger entry.
    pub entries: i64,
    /// When the last step about the partner was recorded.
    pub last_recorded_at: Option<sea_orm::prelude::DateTimeUtc>,
    /// Code of the technical level as last emitted; none before it was first computed.
    pub technical_level: Option<String>,
    /// Code of the business level as last emitted.
    pub business_level: Option<String>,
    /// The first day on which a level may change by time alone.
    pub levels_due: NaiveDate,
    /// Level credits of the year that a list is ordered by; none in other lists, or without any.
    pub year_credits: Option<i64>,
    /// The technical ones among them.
    pub year_technical: Option<i64>,
    /// The year that they are of.
    pub credits_year: Option<i32>,
}

impl From<partner::Model> for PartnerRow {
    /// A new partner without entries.
    fn from(row: partner::Model) -> Self {
        Self {
            id: row.id,
            code: row.code,
            name: row.name,
            enrolled_on: row.enrolled_on,
            credits: 0,
            level_credits: 0,
            entries: 0,
            last_recorded_at: None,
            technical_level: None,
            business_level: None,
            levels_due: EARLIEST,
            year_credits: None,
            year_technical: None,
            credits_year: None,
        }
    }
}

impl Subject for PartnerRow {
    type Model = partner::Model;
    const TABLE: &'static str = "partners";
    const BALANCES: &'static str = "partner_balances";
    const ID: &'static str = "partner_id";
    const LEVEL_DUE: &'static str = "levels_due";

    fn columns() -> String {
        format!("{COLUMNS}, {NO_YEAR}")
    }

    fn sql() -> &'static SubjectSql {
        static SQL: LazyLock<SubjectSql> = LazyLock::new(SubjectSql::new::<PartnerRow>);
        &SQL
    }
}

/// The columns of a row in every list.
const COLUMNS: &str = "p.id, p.code, p.name, p.enrolled_on, b.credits, b.level_credits, b.entries, b.last_recorded_at, \
                       b.technical_level, b.business_level, b.levels_due";
/// The further columns in lists that are not ordered by a year's credits.
const NO_YEAR: &str = "CAST(NULL AS BIGINT) AS year_credits, CAST(NULL AS BIGINT) AS year_technical, \
                       CAST(NULL AS INTEGER) AS credits_year";

/// Inserts partners with their initial balances and level.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<partner::Model>,
    level: &str,
    levels_due: NaiveDate,
) -> Result<(), DbErr> {
    let balances = rows.iter().map(|row| partner_balance::Model {
        partner_id: row.id,
        credits: 0,
        level_credits: 0,
        entries: 0,
        last_recorded_at: None,
        technical_level: Some(level.to_owned()),
        business_level: Some(level.to_owned()),
        levels_due,
    });
    let balances: Vec<_> = balances.collect();
    super::insert_all(connection, rows).await?;
    super::insert_all(connection, balances).await
}

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
}

impl PartnerOrder {
    fn sort_type(self) -> SortType {
        match self {
            Self::Code | Self::Name => SortType::Text,
            Self::EnrolledOn => SortType::Date,
            Self::YearCredits(_) => SortType::Integer,
        }
    }
}

/// A filter on partners. A partner matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PartnerFilter {
    /// Only those whose code or name contains this, in any case.
    pub search: Option<String>,
    /// Only those enrolled on this day or later.
    pub enrolled_from: Option<NaiveDate>,
    /// Only those enrolled on this day or earlier.
    pub enrolled_to: Option<NaiveDate>,
}

impl PartnerFilter {
    fn values(&self) -> [Value; 3] {
        [
            like(self.search.as_deref()),
            self.enrolled_from.unwrap_or(EARLIEST).into(),
            self.enrolled_to.unwrap_or(LATEST).into(),
        ]
    }
}

const FILTER: &str = "(LOWER(p.code) LIKE $1 ESCAPE '\\' OR LOWER(p.name) LIKE $1 ESCAPE '\\') \
                      AND p.enrolled_on BETWEEN $2 AND $3";

/// Partners with credits in a year, most first, and keyed by the total with its sign turned round.
fn with_credits(filter: RowFilter) -> PageSql {
    let [value_after, id_after, value_before, id_before, limit, year] = filter.parameters();
    let condition = filter.condition();
    let text = |total: &str, id: &str| {
        Sql::new(&format!(
            "SELECT {COLUMNS}, t.total AS year_credits, t.technical AS year_technical, \
             t.period AS credits_year FROM partner_totals t JOIN partners p ON p.id = t.partner_id \
             JOIN partner_balances b ON b.partner_id = p.id WHERE t.period = {year} AND t.total > 0 \
             AND t.total <= -{value_after} AND t.total >= -{value_before} AND {condition} \
             AND (-t.total, t.partner_id) > ({value_after}, {id_after}) \
             AND (-t.total, t.partner_id) < ({value_before}, {id_before}) \
             ORDER BY t.total {total}, t.partner_id {id} LIMIT {limit}"
        ))
    };
    PageSql { forward: text("DESC", "ASC"), backward: text("ASC", "DESC") }
}

/// Partners without credits in a year are last in the list, so their key is the largest number.
fn without_credits(filter: RowFilter) -> PageSql {
    const LAST: &str = "CAST(9223372036854775807 AS BIGINT)";
    let [value_after, id_after, value_before, id_before, limit, year] = filter.parameters();
    let (select, condition) = (subject::select::<PartnerRow>(), filter.condition());
    let text = |id: &str| {
        Sql::new(&format!(
            "{select} WHERE {condition} AND NOT EXISTS \
             (SELECT 1 FROM partner_totals t WHERE t.period = {year} AND t.partner_id = p.id AND t.total > 0) \
             AND ({LAST}, p.id) > ({value_after}, {id_after}) AND ({LAST}, p.id) < ({value_before}, {id_before}) \
             ORDER BY p.id {id} LIMIT {limit}"
        ))
    };
    PageSql { forward: text("ASC"), backward: text("DESC") }
}

/// Condition of a caller that sees one partner only.
const SCOPE: (&str, usize) = ("p.id = $4", 1);

static BY_CODE_ORDER: ListSql = ListSql::new(FILTER, SCOPE, |filter| by_column::<PartnerRow>("code", filter));
static BY_NAME: ListSql = ListSql::new(FILTER, SCOPE, |filter| by_column::<PartnerRow>("name", filter));
static BY_ENROLMENT: ListSql =
    ListSql::new(FILTER, SCOPE, |filter| by_column::<PartnerRow>("enrolled_on", filter));
static WITH_CREDITS: ListSql = ListSql::new(FILTER, SCOPE, with_credits);
static WITHOUT_CREDITS: ListSql = ListSql::new(FILTER, SCOPE, without_credits);

/// One page of partners, within the partner that is visible to the caller, if limited.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &PartnerFilter,
    only: Option<Uuid>,
    order: PartnerOrder,
    page: &Page<SubjectKey>,
) -> Result<Rows<PartnerRow>, DbErr> {
    let backend = connection.get_database_backend();
    // A list in two parts reads the second one only when the first does not fill the page.
    let lists: &[&ListSql] = match order {
        PartnerOrder::Code => &[&BY_CODE_ORDER],
        PartnerOrder::Name => &[&BY_NAME],
        PartnerOrder::EnrolledOn => &[&BY_ENROLMENT],
        PartnerOrder::YearCredits(_) if page.from_end => &[&WITHOUT_CREDITS, &WITH_CREDITS],
        PartnerOrder::YearCredits(_) => &[&WITH_CREDITS, &WITHOUT_CREDITS],
    };
    let all = *filter == PartnerFilter::default() && only.is_none();
    let mut values = if all { Vec::new() } else { filter.values().to_vec() };
    values.extend(only.map(Value::from));
    values.extend(order.sort_type().bounds(page.after.as_ref(), page.before.as_ref()));
    values.push(page.limit());
    if let PartnerOrder::YearCredits(year) = order {
        values.push(year.into());
    }
    let limit = usize::try_from(page.size).unwrap_or(usize::MAX).saturating_add(1);
    let mut rows = Vec::new();
    for part in lists {
        let statement = part.sql(all, only.is_some()).for_page(page).bind(backend, values.clone());
        rows.extend(PartnerRow::find_by_statement(statement).all(connection).await?);
        if rows.len() >= limit {
            break;
        }
    }
    rows.truncate(limit);
    Ok(page.truncate(rows))
}

/// The number of partners that match, within the partner that is visible to the caller, if limited.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    filter: &PartnerFilter,
    only: Option<Uuid>,
) -> Result<i64, DbErr> {
    sql!(COUNT, &format!("SELECT COUNT(*) AS n FROM partners p WHERE {FILTER}"));
    sql!(COUNT_SCOPED, &format!("SELECT COUNT(*) AS n FROM partners p WHERE {FILTER} AND {}", SCOPE.0));
    let sql: &Sql = if only.is_some() { &COUNT_SCOPED } else { &COUNT };
    let values = filter.values().into_iter().chain(only.map(Value::from));
    let row = connection.query_one_raw(sql.bind(connection.get_database_backend(), values)).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}
