//! Which professional works for which partner.

use chrono::NaiveDate;
use entity::affiliation;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use uuid::Uuid;

use super::sql::{self, sql};

/// Every affiliation of these professionals, each person's in order of days.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<affiliation::Model>, DbErr> {
    sql!(OF, "SELECT * FROM affiliations WHERE professional_id @uuids1 ORDER BY professional_id, starts_on");
    let backend = connection.get_database_backend();
    let statement = OF.bind(backend, [sql::ids(backend, ids)]);
    affiliation::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The affiliations of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<affiliation::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM affiliations WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    affiliation::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Enters an affiliation.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<affiliation::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, rows).await
}

/// Gives an open affiliation its last day.
pub(crate) async fn end(
    connection: &impl ConnectionTrait,
    id: Uuid,
    ends_on: NaiveDate,
) -> Result<(), DbErr> {
    let row = affiliation::ActiveModel {
        id: sea_orm::Unchanged(id),
        ends_on: sea_orm::Set(Some(ends_on)),
        ..Default::default()
    };
    affiliation::Entity::update(row).exec(connection).await.map(drop)
}

/// The affiliations of a partner, by its code, that have no last day.
pub(crate) async fn open_of_partner(
    connection: &impl ConnectionTrait,
    code: &str,
) -> Result<Vec<affiliation::Model>, DbErr> {
    sql!(
        OPEN,
        "SELECT a.* FROM affiliations a JOIN partners p ON p.id = a.partner_id \
         WHERE p.code = $1 AND a.ends_on IS NULL ORDER BY a.professional_id"
    );
    let statement = OPEN.bind(connection.get_database_backend(), [code.into()]);
    affiliation::Entity::find().from_raw_sql(statement).all(connection).await
}
