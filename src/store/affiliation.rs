//! Which professional works for which partner.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::affiliation;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult};
use uuid::Uuid;

use super::page::{self, Page, PageSql, Rows};
use super::row::{self, Cells};
use super::sql::{self, Sql, sql};

/// Every affiliation of these professionals that stands, each person's in order of days.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<affiliation::Model>, DbErr> {
    sql!(
        OF,
        "SELECT * FROM affiliations WHERE professional_id @uuids1 AND NOT voided ORDER BY professional_id, starts_on"
    );
    let backend = connection.get_database_backend();
    let statement = OF.bind(backend, [sql::ids(backend, ids)]);
    affiliation::Entity::find().from_raw_sql(statement).all(connection).await
}

/// An affiliation as it was entered, with its last day of then. It may have been ended, corrected or voided since.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct EnteredAffiliation {
    pub(crate) professional_id: Uuid,
    pub(crate) partner_id: Uuid,
    pub(crate) starts_on: NaiveDate,
    pub(crate) ends_on: Option<NaiveDate>,
}

/// Every affiliation of these professionals as it was entered.
pub(crate) async fn entered(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<EnteredAffiliation>, DbErr> {
    sql!(
        ENTERED,
        "SELECT a.professional_id, a.partner_id, a.starts_on, l.ends_on FROM affiliations a \
         JOIN log l ON l.affiliation_id = a.id AND l.action = 'AFFILIATED' WHERE a.professional_id @uuids1 ORDER BY l.seq"
    );
    let backend = connection.get_database_backend();
    let statement = ENTERED.bind(backend, [sql::ids(backend, ids)]);
    EnteredAffiliation::find_by_statement(statement).all(connection).await
}

/// Enters an affiliation.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<affiliation::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, rows).await
}

/// Gives an affiliation its last day.
pub(crate) async fn end(
    connection: &impl ConnectionTrait,
    id: Uuid,
    ends_on: NaiveDate,
) -> Result<(), DbErr> {
    set_end(connection, id, Some(ends_on)).await
}

/// Sets the last day of an affiliation, or removes it.
pub(crate) async fn set_end(
    connection: &impl ConnectionTrait,
    id: Uuid,
    ends_on: Option<NaiveDate>,
) -> Result<(), DbErr> {
    let row = affiliation::ActiveModel {
        id: sea_orm::Unchanged(id),
        ends_on: sea_orm::Set(ends_on),
        ..Default::default()
    };
    affiliation::Entity::update(row).exec(connection).await.map(drop)
}

/// The affiliations of a partner, by its code, that stand and last beyond a day.
pub(crate) async fn open_of_partner(
    connection: &impl ConnectionTrait,
    code: &str,
    day: NaiveDate,
) -> Result<Vec<affiliation::Model>, DbErr> {
    sql!(
        OPEN,
        "SELECT a.* FROM affiliations a JOIN partners p ON COALESCE(p.merged_into, p.id) = a.partner_id \
         WHERE p.code = $1 AND NOT a.voided AND (a.ends_on IS NULL OR a.ends_on > $2) ORDER BY a.professional_id"
    );
    let statement = OPEN.bind(connection.get_database_backend(), [code.into(), day.into()]);
    affiliation::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Voids an affiliation.
pub(crate) async fn void(connection: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    let row = affiliation::ActiveModel {
        id: sea_orm::Unchanged(id),
        voided: sea_orm::Set(true),
        ..Default::default()
    };
    affiliation::Entity::update(row).exec(connection).await.map(drop)
}

/// Affiliations of these ids, voided ones included, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<affiliation::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM affiliations WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    affiliation::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Every affiliation of these professionals, voided ones included, in no order.
pub(crate) async fn all_of_professionals(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<affiliation::Model>, DbErr> {
    sql!(ALL_OF, "SELECT * FROM affiliations WHERE professional_id @uuids1");
    let backend = connection.get_database_backend();
    let statement = ALL_OF.bind(backend, [sql::ids(backend, ids)]);
    affiliation::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The professional and the partner of every affiliation, voided ones included, in no order.
pub(crate) async fn all_pairs(connection: &impl ConnectionTrait) -> Result<Vec<(Uuid, Uuid)>, DbErr> {
    sql!(PAIRS, "SELECT professional_id, partner_id FROM affiliations");
    row::all(connection, PAIRS.bind(connection.get_database_backend(), []), |row| {
        let mut cells = Cells::of(row)?;
        Ok((cells.take("professional_id")?, cells.take("partner_id")?))
    })
    .await
}

/// For professionals, the place in the log of the last step about an affiliation of theirs or about themselves, in no order.
pub(crate) async fn last_steps(connection: &impl ConnectionTrait) -> Result<Vec<(Uuid, i64)>, DbErr> {
    sql!(
        LAST_STEPS,
        "SELECT professional_id, MAX(seq) AS seq FROM (SELECT f.professional_id, l.seq FROM affiliations f \
         JOIN log l ON l.affiliation_id = f.id UNION ALL \
         SELECT professional_id, seq FROM log WHERE professional_id IS NOT NULL) AS steps GROUP BY professional_id"
    );
    row::all(connection, LAST_STEPS.bind(connection.get_database_backend(), []), |row| {
        let mut cells = Cells::of(row)?;
        Ok((cells.take("professional_id")?, cells.take("seq")?))
    })
    .await
}

/// Whose affiliations are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AffiliationOwner {
    /// Those of partners.
    Partner,
    /// Those of professionals.
    Professional,
}

impl AffiliationOwner {
    fn column(self) -> &'static str {
        match self {
            Self::Partner => "partner_id",
            Self::Professional => "professional_id",
        }
    }

    fn of(self, row: &affiliation::Model) -> Uuid {
        match self {
            Self::Partner => row.partner_id,
            Self::Professional => row.professional_id,
        }
    }

    fn pages(self) -> &'static PageSql {
        static PAGES: [LazyLock<PageSql>; 2] = [
            LazyLock::new(|| page_sql(AffiliationOwner::Partner)),
            LazyLock::new(|| page_sql(AffiliationOwner::Professional)),
        ];
        &PAGES[self as usize]
    }

    fn count(self) -> &'static Sql {
        static COUNTS: [LazyLock<Sql>; 2] = [
            LazyLock::new(|| count_sql(AffiliationOwner::Partner)),
            LazyLock::new(|| count_sql(AffiliationOwner::Professional)),
        ];
        &COUNTS[self as usize]
    }
}

fn page_sql(owner: AffiliationOwner) -> PageSql {
    let text = |direction: &str| {
        Sql::page_per_owner(
            "e.*",
            "affiliations",
            owner.column(),
            "e.id > $2 AND e.id < $3 AND ($4 OR (NOT e.voided AND e.partner_id = $5))",
            &format!("e.id {direction}"),
            "$6",
            "",
        )
    };
    PageSql { forward: text("ASC"), backward: text("DESC") }
}

fn count_sql(owner: AffiliationOwner) -> Sql {
    let column = owner.column();
    Sql::new(&format!(
        "SELECT e.{column} AS owner, COUNT(*) AS rows FROM affiliations e WHERE e.{column} @uuids1 \
         AND ($2 OR (NOT e.voided AND e.partner_id = $3)) GROUP BY e.{column}"
    ))
}

/// For each owner, one page of its affiliations in the order of recording; only standing ones with a partner, if one
/// is given.
pub(crate) async fn of_owners(
    connection: &impl ConnectionTrait,
    owner: AffiliationOwner,
    owners: &[Uuid],
    partner: Option<Uuid>,
    page: &Page<Uuid>,
) -> Result<HashMap<Uuid, Rows<affiliation::Model>>, DbErr> {
    let values = [
        page.after.unwrap_or(Uuid::nil()).into(),
        page.before.unwrap_or(Uuid::max()).into(),
        partner.is_none().into(),
        partner.unwrap_or(Uuid::nil()).into(),
        page.limit(),
    ];
    page::pages_per_owner(connection, owner.pages(), page, owners, values, row::derived, |row| owner.of(row))
        .await
}

/// For each owner, how many affiliations it has; only standing ones with a partner, if one is given.
pub(crate) async fn count_of_owners(
    connection: &impl ConnectionTrait,
    owner: AffiliationOwner,
    owners: &[Uuid],
    partner: Option<Uuid>,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    let values = [partner.is_none().into(), partner.unwrap_or(Uuid::nil()).into()];
    page::count_per_owner(connection, owner.count(), owners, values).await
}
