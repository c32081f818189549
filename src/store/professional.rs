//! Professionals with their balances, and lists of them.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::{professional, professional_balance};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::page::{self, ListSql, Page, PageSql, Rows};
use super::partner::PartnerRow;
use super::sql::{self, Sql, sql};
use super::subject::{EARLIEST, LATEST, SortType, Subject, SubjectKey, SubjectSql, by_column, like};

/// A professional with its balance.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct ProfessionalRow {
    /// Key.
    pub id: Uuid,
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// E-mail address; none after erasure, or if it is not visible to the caller.
    pub email: Option<String>,
    /// Day of sign-up.
    pub signed_up_on: NaiveDate,
    /// Dojo Credits.
    pub dojo_credits: i64,
    /// `DevOps` Points of all time.
    pub points: i64,
    /// Number of the last points entry.
    pub entries: i64,
    /// When the last step about the professional was recorded.
    pub last_recorded_at: Option<sea_orm::prelude::DateTimeUtc>,
    /// Code of the level as last emitted; none without one.
    pub level: Option<String>,
    /// The first day on which the level may change by time alone.
    pub level_due: NaiveDate,
}

impl From<professional::Model> for ProfessionalRow {
    /// A new professional without entries.
    fn from(row: professional::Model) -> Self {
        Self {
            id: row.id,
            code: row.code,
            name: row.name,
            email: row.email,
            signed_up_on: row.signed_up_on,
            dojo_credits: 0,
            points: 0,
            entries: 0,
            last_recorded_at: None,
            level: None,
            level_due: EARLIEST,
        }
    }
}

impl Subject for ProfessionalRow {
    type Model = professional::Model;
    const TABLE: &'static str = "professionals";
    const BALANCES: &'static str = "professional_balances";
    const ID: &'static str = "professional_id";
    const LEVEL_DUE: &'static str = "level_due";

    fn columns() -> String {
        COLUMNS.to_owned()
    }

    fn sql() -> &'static SubjectSql {
        static SQL: LazyLock<SubjectSql> = LazyLock::new(SubjectSql::new::<ProfessionalRow>);
        &SQL
    }
}

const COLUMNS: &str = "p.id, p.code, p.name, p.email, p.signed_up_on, b.dojo_credits, b.points, b.entries, \
                       b.last_recorded_at, b.level, b.level_due";

/// Inserts professionals with their initial balances.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<professional::Model>,
    level_due: impl Fn(&professional::Model) -> NaiveDate,
) -> Result<(), DbErr> {
    let balances = rows.iter().map(|row| professional_balance::Model {
        professional_id: row.id,
        dojo_credits: 0,
        points: 0,
        entries: 0,
        last_recorded_at: None,
        level: None,
        level_due: level_due(row),
    });
    let balances: Vec<_> = balances.collect();
    super::insert_all(connection, rows).await?;
    super::insert_all(connection, balances).await
}

/// Replaces a professional's name by a pseudonym and removes the e-mail address.
pub(crate) async fn erase(
    connection: &impl ConnectionTrait,
    id: Uuid,
    pseudonym: &str,
    at: sea_orm::prelude::DateTimeUtc,
) -> Result<(), DbErr> {
    let row = professional::ActiveModel {
        id: sea_orm::Unchanged(id),
        name: sea_orm::Set(pseudonym.to_owned()),
        email: sea_orm::Set(None),
        erased_at: sea_orm::Set(Some(at)),
        ..Default::default()
    };
    professional::Entity::update(row).exec(connection).await.map(drop)
}

/// What a list of professionals is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfessionalOrder {
    /// Code, ascending.
    Code,
    /// Name, ascending.
    Name,
    /// Day of sign-up, ascending.
    SignedUpOn,
}

impl ProfessionalOrder {
    fn sort_type(self) -> SortType {
        match self {
            Self::Code | Self::Name => SortType::Text,
            Self::SignedUpOn => SortType::Date,
        }
    }
}

/// A filter on professionals. A professional matches if every field that is set is satisfied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProfessionalFilter {
    /// Only those whose code or name contains this, in any case.
    pub search: Option<String>,
    /// Only those with sign-up on this day or later.
    pub signed_up_from: Option<NaiveDate>,
    /// Only those with sign-up on this day or earlier.
    pub signed_up_to: Option<NaiveDate>,
}

impl ProfessionalFilter {
    fn values(&self) -> [Value; 3] {
        [
            like(self.search.as_deref()),
            self.signed_up_from.unwrap_or(EARLIEST).into(),
            self.signed_up_to.unwrap_or(LATEST).into(),
        ]
    }
}

const FILTER: &str = "(LOWER(p.code) LIKE $1 ESCAPE '\\' OR LOWER(p.name) LIKE $1 ESCAPE '\\') \
                      AND p.signed_up_on BETWEEN $2 AND $3";

/// The professionals that are visible to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProfessionalScope {
    /// Those affiliated with a partner by a day, now or before.
    Partner(Uuid, NaiveDate),
    /// One professional.
    Professional(Uuid),
}

impl ProfessionalScope {
    fn values(self) -> [Value; 3] {
        match self {
            Self::Partner(partner, day) => [partner.into(), day.into(), Uuid::nil().into()],
            Self::Professional(id) => [Uuid::nil().into(), EARLIEST.into(), id.into()],
        }
    }
}

/// Condition of a scope: see [`ProfessionalScope`].
const SCOPE: (&str, usize) = (
    "p.id IN (SELECT v.professional_id FROM affiliations v WHERE v.partner_id = $4 AND v.starts_on <= $5 \
     UNION SELECT o.professional_id FROM professional_balances o WHERE o.professional_id = $6)",
    3,
);

static BY_CODE_ORDER: ListSql =
    ListSql::new(FILTER, SCOPE, |filter| by_column::<ProfessionalRow>("code", filter));
static BY_NAME: ListSql = ListSql::new(FILTER, SCOPE, |filter| by_column::<ProfessionalRow>("name", filter));
static BY_SIGN_UP: ListSql =
    ListSql::new(FILTER, SCOPE, |filter| by_column::<ProfessionalRow>("signed_up_on", filter));

/// One page of professionals.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &ProfessionalFilter,
    scope: Option<ProfessionalScope>,
    order: ProfessionalOrder,
    page: &Page<SubjectKey>,
) -> Result<Rows<ProfessionalRow>, DbErr> {
    let backend = connection.get_database_backend();
    let lists = match order {
        ProfessionalOrder::Code => &BY_CODE_ORDER,
        ProfessionalOrder::Name => &BY_NAME,
        ProfessionalOrder::SignedUpOn => &BY_SIGN_UP,
    };
    let all = *filter == ProfessionalFilter::default() && scope.is_none();
    let mut values = if all { Vec::new() } else { filter.values().to_vec() };
    values.extend(scope.into_iter().flat_map(ProfessionalScope::values));
    values.extend(order.sort_type().bounds(page.after.as_ref(), page.before.as_ref()));
    values.push(page.limit());
    let rows = ProfessionalRow::find_by_statement(
        lists.sql(all, scope.is_some()).for_page(page).bind(backend, values),
    )
    .all(connection)
    .await?;
    Ok(page.truncate(rows))
}

/// The number of professionals that match.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    filter: &ProfessionalFilter,
    scope: Option<ProfessionalScope>,
) -> Result<i64, DbErr> {
    sql!(COUNT, &format!("SELECT COUNT(*) AS n FROM professionals p WHERE {FILTER}"));
    sql!(COUNT_SCOPED, &format!("SELECT COUNT(*) AS n FROM professionals p WHERE {FILTER} AND {}", SCOPE.0));
    let sql: &Sql = if scope.is_some() { &COUNT_SCOPED } else { &COUNT };
    let values = filter.values().into_iter().chain(scope.into_iter().flat_map(ProfessionalScope::values));
    let row = connection.query_one_raw(sql.bind(connection.get_database_backend(), values)).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}

/// A professional affiliated with a partner.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct AffiliatedProfessional {
    /// The partner.
    pub partner_id: Uuid,
    /// The professional.
    #[sea_orm(nested)]
    pub row: ProfessionalRow,
}

/// Of a partner, on the day $2: keyed by the professional's id, $3 after and $4 before.
fn affiliated() -> PageSql {
    let text = |direction: &str| {
        Sql::page_per_owner(
            &format!("k.id AS partner_id, {COLUMNS}"),
            "affiliations",
            "partner_id",
            "e.starts_on <= $2 AND (e.ends_on IS NULL OR e.ends_on >= $2) \
             AND e.professional_id > $3 AND e.professional_id < $4",
            &format!("e.professional_id {direction}"),
            "$5",
            "JOIN professionals p ON p.id = e.professional_id \
             JOIN professional_balances b ON b.professional_id = p.id",
        )
    };
    PageSql { forward: text("ASC"), backward: text("DESC") }
}

static AFFILIATED: LazyLock<PageSql> = LazyLock::new(affiliated);

/// For each partner, one page of the professionals affiliated with it on a day, in the order of sign-up.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    day: NaiveDate,
    page: &Page<Uuid>,
) -> Result<HashMap<Uuid, Rows<AffiliatedProfessional>>, DbErr> {
    let values = [
        day.into(),
        page.after.unwrap_or(Uuid::nil()).into(),
        page.before.unwrap_or(Uuid::max()).into(),
        page.limit(),
    ];
    page::pages_per_owner(connection, &AFFILIATED, page, partners, values, |row: &AffiliatedProfessional| {
        row.partner_id
    })
    .await
}

/// For each partner, the number of professionals affiliated with it on a day.
pub(crate) async fn count_of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    day: NaiveDate,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    sql!(
        COUNT,
        "SELECT e.partner_id AS owner, COUNT(*) AS rows FROM affiliations e WHERE e.partner_id @uuids1 \
                 AND e.starts_on <= $2 AND (e.ends_on IS NULL OR e.ends_on >= $2) GROUP BY e.partner_id"
    );
    page::count_per_owner(connection, &COUNT, partners, [day.into()]).await
}

/// The partner that a professional is affiliated with.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
struct Employer {
    professional_id: Uuid,
    #[sea_orm(nested)]
    row: PartnerRow,
}

/// For each professional, the partner on a day.
pub(crate) async fn employers(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
    day: NaiveDate,
) -> Result<HashMap<Uuid, PartnerRow>, DbErr> {
    sql!(
        EMPLOYERS,
        &format!(
            "SELECT a.professional_id, {} FROM affiliations a JOIN partners p ON p.id = a.partner_id \
             JOIN partner_balances b ON b.partner_id = p.id WHERE a.professional_id @uuids1 \
             AND a.starts_on <= $2 AND (a.ends_on IS NULL OR a.ends_on >= $2)",
            PartnerRow::columns()
        )
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, professionals.iter().copied()), day.into()];
    let found = Employer::find_by_statement(EMPLOYERS.bind(backend, values)).all(connection).await?;
    Ok(found.into_iter().map(|one| (one.professional_id, one.row)).collect())
}
