//! Lists of points entries of professionals.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::points_entry;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

use super::page::{self, Page, PageSql, Rows};
use super::row::{self, decode_row};
use super::sql::{self, Sql, sql};
use super::subject::{EARLIEST, LATEST};

/// A filter on points entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PointsFilter {
    /// Only those that count on this day or later.
    pub from: Option<NaiveDate>,
    /// Only those that count on this day or earlier.
    pub to: Option<NaiveDate>,
}

/// Pages of points entries, and how many there are in all.
struct Statements {
    lists: PageSql,
    count: Sql,
}

impl Statements {
    /// Those of a condition with so many values, which stand behind the set of owners; after, before and limit
    /// follow.
    fn new(condition: &str, values: usize, order: &str) -> Self {
        let [after, before, limit] = std::array::from_fn(|index| format!("${}", values + index + 2));
        let text = |direction: &str| {
            let condition = format!("{condition} AND {order} > {after} AND {order} < {before}");
            let order = format!("{order} {direction}");
            Sql::page_per_owner("e.*", "points_entries", "professional_id", &condition, &order, &limit, "")
        };
        let count = Sql::new(&format!(
            "SELECT e.professional_id AS owner, COUNT(*) AS rows FROM points_entries e \
             WHERE e.professional_id @uuids1 AND {condition} GROUP BY e.professional_id"
        ));
        Self { lists: PageSql { forward: text("ASC"), backward: text("DESC") }, count }
    }
}

/// What an employer sees of a professional: awards of days on which the person worked for it, and nothing of the
/// swag shop.
fn employed_by(partner: &str) -> String {
    format!(
        "e.activity_id IS NOT NULL AND EXISTS (SELECT 1 FROM affiliations v \
         WHERE v.professional_id = e.professional_id AND v.partner_id = {partner} \
         AND NOT v.voided AND v.starts_on <= e.effective_on AND (v.ends_on IS NULL OR v.ends_on >= e.effective_on))"
    )
}

static ALL: LazyLock<Statements> = LazyLock::new(|| Statements::new("TRUE", 0, "e.number"));

/// Some days. The number is no index here: the days are read and sorted instead of walking the whole history.
static OF_DAYS: LazyLock<Statements> =
    LazyLock::new(|| Statements::new("e.effective_on BETWEEN $2 AND $3", 2, "(e.number + 0)"));

static OF_EMPLOYED: LazyLock<Statements> = LazyLock::new(|| {
    Statements::new(
        &format!("e.effective_on BETWEEN $2 AND $3 AND {}", employed_by("$4")),
        3,
        "(e.number + 0)",
    )
});

impl PointsFilter {
    /// The statements for the filter and an employer, if entries are limited to one, and the values of their
    /// condition.
    fn statements(self, employer: Option<Uuid>) -> (&'static Statements, Vec<Value>) {
        let days = [self.from.unwrap_or(EARLIEST).into(), self.to.unwrap_or(LATEST).into()];
        match employer {
            Some(employer) => (&OF_EMPLOYED, days.into_iter().chain([employer.into()]).collect()),
            None if self == Self::default() => (&ALL, Vec::new()),
            None => (&OF_DAYS, days.to_vec()),
        }
    }
}

/// For each professional, one page of entries in the order of recording; those that an employer sees, if one is
/// set.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
    filter: &PointsFilter,
    employer: Option<Uuid>,
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<points_entry::Model>>, DbErr> {
    let (sql, mut values) = filter.statements(employer);
    values.extend([page.after.unwrap_or(0).into(), page.before.unwrap_or(i64::MAX).into(), page.limit()]);
    let owner = |row: &points_entry::Model| row.professional_id;
    page::pages_per_owner(connection, &sql.lists, page, professionals, values, entry, owner).await
}

/// A row of the points.
pub(super) fn entry(row: &QueryResult) -> Result<points_entry::Model, DbErr> {
    decode_row!(row => points_entry::Model { id, professional_id, number, log_seq, activity_id, swag_order_id, effective_on, recorded_at, reason, kind, edition_id, window_start, units_before, units_after, points, dojo_credits, dojo_balance_after, day_after })
}

/// For each professional, the number of entries that match.
pub(crate) async fn count_of_professionals(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
    filter: &PointsFilter,
    employer: Option<Uuid>,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    let (sql, values) = filter.statements(employer);
    page::count_per_owner(connection, &sql.count, professionals, values).await
}

/// Entries of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<points_entry::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM points_entries WHERE id @uuids1");
    let backend = connection.get_database_backend();
    row::all(connection, BY_IDS.bind(backend, [sql::ids(backend, ids)]), entry).await
}
