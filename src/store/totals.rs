//! Days and totals: what entries sum up to.

use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::value::Track;
use entity::{
    partner_day, partner_tally, partner_total, professional_day, professional_tally, professional_total,
};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryResult};
use uuid::Uuid;

use super::row::{self, decode_row};
use super::sql::{self, Sql, sql};

/// Totals of all periods of these partners.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<partner_total::Model>, DbErr> {
    sql!(OF, "SELECT * FROM partner_totals WHERE partner_id @uuids1 ORDER BY partner_id, period");
    let backend = connection.get_database_backend();
    row::all(connection, OF.bind(backend, [sql::ids(backend, ids)]), of_partner).await
}

/// Totals of a partner.
fn of_partner(row: &QueryResult) -> Result<partner_total::Model, DbErr> {
    decode_row!(row => partner_total::Model { partner_id, period, technical, technical_last_on, technical_reached, business, business_last_on, business_reached, total })
}

/// Totals of one period of these partners.
pub(crate) async fn of_partners_in(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
    period: i32,
) -> Result<Vec<partner_total::Model>, DbErr> {
    sql!(IN, "SELECT * FROM partner_totals WHERE partner_id @uuids1 AND period = $2");
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, ids.iter().copied()), period.into()];
    row::all(connection, IN.bind(backend, values), of_partner).await
}

/// Totals of all membership years of these professionals.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<professional_total::Model>, DbErr> {
    sql!(OF, "SELECT * FROM professional_totals WHERE professional_id @uuids1");
    let backend = connection.get_database_backend();
    professional_total::Entity::find()
        .from_raw_sql(OF.bind(backend, [sql::ids(backend, ids)]))
        .all(connection)
        .await
}

/// Days of partners: for each partner and track, from a day to a day.
pub(crate) async fn partner_days(
    connection: &impl ConnectionTrait,
    spans: impl IntoIterator<Item = (Uuid, Track, NaiveDate, NaiveDate)>,
) -> Result<Vec<partner_day::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| {
        Sql::per_engine(
            "SELECT d.* FROM json_each($1) k JOIN partner_days d ON d.partner_id = unhex(k.value->>0) \
             AND d.track = k.value->>1 AND d.day BETWEEN k.value->>2 AND k.value->>3",
            "SELECT d.* FROM jsonb_array_elements($1::text::jsonb) k JOIN partner_days d \
             ON d.partner_id = (k->>0)::uuid AND d.track = k->>1 \
             AND d.day BETWEEN (k->>2)::date AND (k->>3)::date",
        )
    });
    let spans =
        spans.into_iter().map(|(id, track, from, to)| (id.simple().to_string(), track.to_value(), from, to));
    let spans: Vec<_> = spans.collect();
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let spans = serde_json::json!(spans).to_string();
    let statement = SQL.bind(connection.get_database_backend(), [spans.into()]);
    partner_day::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Days of professionals: for each, from a day to a day.
pub(crate) async fn professional_days(
    connection: &impl ConnectionTrait,
    spans: impl IntoIterator<Item = (Uuid, NaiveDate, NaiveDate)>,
) -> Result<Vec<professional_day::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| {
        Sql::per_engine(
            "SELECT d.* FROM json_each($1) k JOIN professional_days d ON d.professional_id = unhex(k.value->>0) \
             AND d.day BETWEEN k.value->>1 AND k.value->>2",
            "SELECT d.* FROM jsonb_array_elements($1::text::jsonb) k JOIN professional_days d \
             ON d.professional_id = (k->>0)::uuid AND d.day BETWEEN (k->>1)::date AND (k->>2)::date",
        )
    });
    let spans = spans.into_iter().map(|(id, from, to)| (id.simple().to_string(), from, to));
    let spans: Vec<_> = spans.collect();
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let spans = serde_json::json!(spans).to_string();
    let statement = SQL.bind(connection.get_database_backend(), [spans.into()]);
    professional_day::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Every row of a table that belongs to these owners, in no order.
pub(crate) async fn all_of<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    owner: E::Column,
    ids: &[Uuid],
) -> Result<Vec<E::Model>, DbErr> {
    E::find().filter(owner.is_in(ids.iter().copied())).all(connection).await
}

/// Deletes tallies and totals of professionals, which are written anew.
pub(crate) async fn delete_windows_of_professionals(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<(), DbErr> {
    professional_tally::Entity::delete_many()
        .filter(professional_tally::Column::ProfessionalId.is_in(ids.iter().copied()))
        .exec(connection)
        .await?;
    professional_total::Entity::delete_many()
        .filter(professional_total::Column::ProfessionalId.is_in(ids.iter().copied()))
        .exec(connection)
        .await
        .map(drop)
}

/// Deletes tallies and totals of partners, which are written anew.
pub(crate) async fn delete_windows_of_partners(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<(), DbErr> {
    partner_tally::Entity::delete_many()
        .filter(partner_tally::Column::PartnerId.is_in(ids.iter().copied()))
        .exec(connection)
        .await?;
    partner_total::Entity::delete_many()
        .filter(partner_total::Column::PartnerId.is_in(ids.iter().copied()))
        .exec(connection)
        .await
        .map(drop)
}
