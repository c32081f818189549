//! Professionals with their balances, and lists of them.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::{professional, professional_balance};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryResult};
use uuid::Uuid;

use super::page::{self, Page, PageSql, Rows};
use super::partner::PartnerRow;
use super::row::{self, Cells, take_cells};
use super::sql::{self, Sql, sql};
use super::subject::{EARLIEST, Subject, SubjectSql};

/// A professional with its balance.
///
/// What is ahead of a professional is read by whoever writes only ([`ProfessionalRow::is_whole`]): the columns of all other
/// reads are those up to `expires_on`.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Last day in the program; none while the person takes part.
    pub left_on: Option<NaiveDate>,
    /// Overrides of levels so far: a JSON list, or none.
    pub level_overrides: Option<String>,
    /// The professional that it was merged into.
    pub merged_into: Option<Uuid>,
    /// Codes of professionals that were merged into it: a JSON list, or none.
    pub former_codes: Option<String>,
    /// Dojo Credits.
    pub dojo_credits: i64,
    /// `DevOps` Points of all time.
    pub points: i64,
    /// Number of the last points entry.
    pub entries: i64,
    /// A day before which no Dojo Credits expire; none if nothing expires.
    pub expires_on: Option<NaiveDate>,
    /// Whether the fields from here on were read.
    pub is_whole: bool,
    /// When the last step about the professional was recorded.
    pub last_recorded_at: Option<sea_orm::prelude::DateTimeUtc>,
    /// Code of the level as last emitted; none without one.
    pub level: Option<String>,
    /// The first day on which the level may change by time alone.
    pub level_due: NaiveDate,
    /// The anniversary on which the next membership year begins.
    pub renews_on: Option<NaiveDate>,
    /// Points missing to keep the level then.
    pub points_to_retain: Option<i64>,
    /// The first day on which the level no longer holds without further points; after every other day without one.
    pub lapses_on: Option<NaiveDate>,
}

impl FromQueryResult for ProfessionalRow {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let cells = &mut Cells::of(row)?;
        let mut row = Self::EMPTY;
        take_cells!(cells => row { id, code, name, email, signed_up_on, left_on, level_overrides, merged_into, former_codes, dojo_credits, points, entries, expires_on });
        row.is_whole = cells.is_next("last_recorded_at");
        if row.is_whole {
            take_cells!(cells => row { last_recorded_at, level, level_due, renews_on, points_to_retain, lapses_on });
        }
        Ok(row)
    }
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
            left_on: row.left_on,
            level_overrides: row.level_overrides,
            merged_into: row.merged_into,
            former_codes: row.former_codes,
            is_whole: true,
            ..Self::EMPTY
        }
    }
}

impl ProfessionalRow {
    const EMPTY: Self = Self {
        id: Uuid::nil(),
        code: String::new(),
        name: String::new(),
        email: None,
        signed_up_on: EARLIEST,
        left_on: None,
        level_overrides: None,
        merged_into: None,
        former_codes: None,
        dojo_credits: 0,
        points: 0,
        entries: 0,
        expires_on: None,
        is_whole: false,
        last_recorded_at: None,
        level: None,
        level_due: EARLIEST,
        renews_on: None,
        points_to_retain: None,
        lapses_on: None,
    };

    /// The balance with its level.
    pub(crate) fn balance(
        &self,
        last_recorded_at: Option<sea_orm::prelude::DateTimeUtc>,
    ) -> professional_balance::Model {
        // A part of a balance would be written over all of it.
        assert!(self.is_whole, "the professional was read for showing only");
        professional_balance::Model {
            professional_id: self.id,
            dojo_credits: self.dojo_credits,
            points: self.points,
            entries: self.entries,
            last_recorded_at,
            level: self.level.clone(),
            level_due: self.level_due,
            renews_on: self.renews_on,
            points_to_retain: self.points_to_retain,
            expires_on: self.expires_on,
            lapses_on: self.lapses_on,
        }
    }
}

impl Subject for ProfessionalRow {
    type Model = professional::Model;
    const TABLE: &'static str = "professionals";
    const BALANCES: &'static str = "professional_balances";
    const ID: &'static str = "professional_id";
    const LEVEL_DUE: &'static str = "level_due";
    const AHEAD: &'static str = "lapses_on";

    fn own_code(&self) -> &str {
        &self.code
    }

    fn other_codes(&self) -> Option<&str> {
        self.former_codes.as_deref()
    }

    fn columns() -> String {
        COLUMNS.to_owned()
    }

    fn whole_columns() -> String {
        format!("{COLUMNS}, {AHEAD}")
    }

    fn sql() -> &'static SubjectSql {
        static SQL: LazyLock<SubjectSql> = LazyLock::new(SubjectSql::new::<ProfessionalRow>);
        &SQL
    }
}

/// The columns of every row.
const COLUMNS: &str = "p.id, p.code, p.name, p.email, p.signed_up_on, p.left_on, p.level_overrides, p.merged_into, \
                       p.former_codes, b.dojo_credits, b.points, b.entries, b.expires_on";
/// The further columns of a whole one.
const AHEAD: &str = "b.last_recorded_at, b.level, b.level_due, b.renews_on, b.points_to_retain, b.lapses_on";

/// Inserts professionals with their initial balances, and the level that a function sets.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<professional::Model>,
    set_level: impl Fn(&mut ProfessionalRow),
) -> Result<(), DbErr> {
    let balances = rows.iter().map(|row| {
        let mut row = ProfessionalRow::from(row.clone());
        set_level(&mut row);
        row.balance(None)
    });
    let balances: Vec<_> = balances.collect();
    super::insert_all(connection, rows).await?;
    super::insert_all(connection, balances).await
}

/// Sets the keys by which a professional is searched.
pub(crate) async fn set_search_keys(
    connection: &impl ConnectionTrait,
    id: Uuid,
    key: String,
    email: Option<String>,
) -> Result<(), DbErr> {
    let row = professional::ActiveModel {
        id: sea_orm::Unchanged(id),
        search_key: sea_orm::Set(Some(key)),
        email_key: sea_orm::Set(email),
        ..Default::default()
    };
    professional::Entity::update(row).exec(connection).await.map(drop)
}

/// The professionals that were merged into one, and whose personal data was not erased.
pub(crate) async fn merged_into(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<professional::Model>, DbErr> {
    professional::Entity::find()
        .filter(professional::Column::MergedInto.eq(id))
        .filter(professional::Column::ErasedAt.is_null())
        .all(connection)
        .await
}

/// Those of these professionals whose personal data was erased.
pub(crate) async fn erased(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashSet<Uuid>, DbErr> {
    sql!(ERASED, "SELECT id FROM professionals WHERE id @uuids1 AND erased_at IS NOT NULL");
    let backend = connection.get_database_backend();
    let statement = ERASED.bind(backend, [sql::ids(backend, ids.iter().copied())]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Replaces a professional's name by a pseudonym and removes the e-mail address.
pub(crate) async fn erase(
    connection: &impl ConnectionTrait,
    id: Uuid,
    pseudonym: &str,
    search_key: String,
    at: sea_orm::prelude::DateTimeUtc,
) -> Result<(), DbErr> {
    let row = professional::ActiveModel {
        id: sea_orm::Unchanged(id),
        name: sea_orm::Set(pseudonym.to_owned()),
        email: sea_orm::Set(None),
        search_key: sea_orm::Set(Some(search_key)),
        email_key: sea_orm::Set(None),
        erased_at: sea_orm::Set(Some(at)),
        ..Default::default()
    };
    professional::Entity::update(row).exec(connection).await.map(drop)
}

/// A professional affiliated with a partner.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct AffiliatedProfessional {
    /// The partner.
    pub(crate) partner_id: Uuid,
    /// The points of the last two membership years that have some, the later one first, as [`YearPoints`] reads them; none
    /// if nobody asked for them.
    totals: Option<String>,
    /// The professional.
    #[sea_orm(nested)]
    pub(crate) row: ProfessionalRow,
}

/// Points of a membership year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct YearPoints {
    /// Number of the membership year.
    pub(crate) number: i32,
    pub(crate) points: i64,
    /// The last day with points.
    pub(crate) last_on: NaiveDate,
}

impl YearPoints {
    fn read(text: &str) -> Option<Self> {
        let mut fields = text.split(' ');
        let mut next = || fields.next();
        Some(Self {
            number: next()?.parse().ok()?,
            points: next()?.parse().ok()?,
            last_on: next()?.parse().ok()?,
        })
    }
}

impl AffiliatedProfessional {
    /// The points of the last two membership years that have some; none if nobody asked for them.
    pub(crate) fn totals(&self) -> Option<Vec<YearPoints>> {
        self.totals.as_deref()?.split_terminator(';').map(YearPoints::read).collect()
    }
}

/// Of a partner, on the day $2: keyed by the professional's id, $3 after and $4 before.
fn affiliated(totals: &str) -> PageSql {
    let text = |direction: &str| {
        Sql::page_per_owner(
            // The columns of the row first, where it expects them.
            &format!("{COLUMNS}, k.id AS partner_id, {totals} AS totals"),
            "affiliations",
            "partner_id",
            "NOT e.voided AND e.starts_on <= $2 AND (e.ends_on IS NULL OR e.ends_on >= $2) \
             AND e.professional_id > $3 AND e.professional_id < $4",
            &format!("e.professional_id {direction}"),
            "$5",
            "JOIN professionals p ON p.id = e.professional_id \
             JOIN professional_balances b ON b.professional_id = p.id",
        )
    };
    PageSql { forward: text("ASC"), backward: text("DESC") }
}

/// For each partner, one page of the professionals affiliated with it on a day, in the order of sign-up; with the points of
/// membership years if they are asked for.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    day: NaiveDate,
    page: &Page<Uuid>,
    with_totals: bool,
) -> Result<HashMap<Uuid, Rows<AffiliatedProfessional>>, DbErr> {
    static ALONE: LazyLock<PageSql> = LazyLock::new(|| affiliated("CAST(NULL AS TEXT)"));
    static WITH_TOTALS: LazyLock<PageSql> = LazyLock::new(|| {
        affiliated(
            "COALESCE((SELECT string_agg(concat_ws(' ', t.membership_year, t.points, t.last_on), ';') \
             FROM (SELECT y.membership_year, y.points, y.last_on FROM professional_totals y \
             WHERE y.professional_id = p.id ORDER BY y.membership_year DESC LIMIT 2) t), '')",
        )
    });
    let values = [
        day.into(),
        page.after.unwrap_or(Uuid::nil()).into(),
        page.before.unwrap_or(Uuid::max()).into(),
        page.limit(),
    ];
    page::pages_per_owner(
        connection,
        if with_totals { &WITH_TOTALS } else { &ALONE },
        page,
        partners,
        values,
        row::derived,
        |row: &AffiliatedProfessional| row.partner_id,
    )
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
                 AND NOT e.voided AND e.starts_on <= $2 AND (e.ends_on IS NULL OR e.ends_on >= $2) GROUP BY e.partner_id"
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
            // The columns of the row first, where it expects them.
            "SELECT {}, a.professional_id FROM affiliations a JOIN partners p ON p.id = a.partner_id \
             JOIN partner_balances b ON b.partner_id = p.id WHERE a.professional_id @uuids1 \
             AND NOT a.voided AND a.starts_on <= $2 AND (a.ends_on IS NULL OR a.ends_on >= $2)",
            PartnerRow::columns()
        )
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, professionals.iter().copied()), day.into()];
    let found = Employer::find_by_statement(EMPLOYERS.bind(backend, values)).all(connection).await?;
    Ok(found.into_iter().map(|one| (one.professional_id, one.row)).collect())
}
