//! Steps of the log about partners and professionals themselves, and what bounds them.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{activity, partner, professional, subject_step};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Statement,
    Value,
};
use uuid::Uuid;

use super::partner::PartnerRow;
use super::professional::ProfessionalRow;
use super::sql::{self, Sql, sql};
use super::subject::{self, Subject};

/// Writes what a step changed.
pub(crate) async fn insert(connection: &impl ConnectionTrait, row: subject_step::Model) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}

/// What steps of the log from a place through another changed.
pub(crate) async fn between(
    connection: &impl ConnectionTrait,
    first: i64,
    last: i64,
) -> Result<Vec<subject_step::Model>, DbErr> {
    subject_step::Entity::find()
        .filter(subject_step::Column::LogSeq.between(first, last))
        .all(connection)
        .await
}

/// The first days of subjects as they were before they were ever changed.
pub(crate) async fn first_days(connection: &impl ConnectionTrait) -> Result<HashMap<Uuid, NaiveDate>, DbErr> {
    use subject_step::Column;
    let rows = subject_step::Entity::find()
        .filter(Column::FirstDayBefore.is_not_null())
        .order_by_desc(Column::LogSeq)
        .all(connection)
        .await?;
    // The first change is the last one in this order.
    let days = rows
        .into_iter()
        .filter_map(|row| Some((row.partner_id.or(row.professional_id)?, row.first_day_before?)));
    Ok(days.collect())
}

/// The days of sign-up of these professionals as known at a past time, where they were changed since.
pub(crate) async fn sign_ups_known(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
    known_at: DateTimeUtc,
) -> Result<HashMap<Uuid, NaiveDate>, DbErr> {
    #[derive(FromQueryResult)]
    struct Known {
        professional_id: Uuid,
        first_day_before: NaiveDate,
    }
    sql!(
        KNOWN,
        "SELECT s.professional_id, s.first_day_before FROM subject_steps s JOIN log l ON l.seq = s.log_seq \
         WHERE s.professional_id @uuids1 AND s.first_day_before IS NOT NULL AND l.recorded_at > $2 \
         ORDER BY s.log_seq DESC"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, ids.iter().copied()), known_at.into()];
    let rows = Known::find_by_statement(KNOWN.bind(backend, values)).all(connection).await?;
    // The first change since then is the last one in this order.
    Ok(rows.into_iter().map(|row| (row.professional_id, row.first_day_before)).collect())
}

/// A fact of a subject's history: its place in the log, whether it is a voiding, and the activity.
pub(crate) type HistoryRow = (i64, bool, activity::Model);

/// The statement of what was recorded, approved and voided of a subject, by the column of the subject.
macro_rules! history_of {
    ($owner:literal) => {
        concat!(
            "SELECT a.*, l.seq AS step_seq, CASE WHEN l.action = 'VOIDED' THEN 1 ELSE 0 END AS is_voided \
             FROM activities a JOIN log l ON l.activity_id = a.id AND l.action IN ('RECORDED', 'APPROVED', 'VOIDED') \
             WHERE a.id IN (SELECT o.id FROM activities o WHERE o.",
            $owner,
            " = $1 UNION SELECT f.object_id FROM merged_objects f WHERE f.from_id = $1) AND l.seq < $2 \
             AND COALESCE((SELECT m.from_id FROM merged_objects m WHERE m.object_id = a.id AND m.log_seq >= $2 \
             ORDER BY m.log_seq LIMIT 1), a.",
            $owner,
            ") = $1 ORDER BY l.seq"
        )
    };
}

/// What was recorded, approved and voided of a professional before a place in the log, in its order. Whose an activity
/// was there, a later merge does not change.
pub(crate) async fn history(
    connection: &impl ConnectionTrait,
    professional: Uuid,
    before: i64,
) -> Result<Vec<HistoryRow>, DbErr> {
    sql!(OF_PROFESSIONAL, history_of!("professional_id"));
    read_history(connection, &OF_PROFESSIONAL, professional, before).await
}

/// The same of a partner itself.
pub(crate) async fn partner_history(
    connection: &impl ConnectionTrait,
    partner: Uuid,
    before: i64,
) -> Result<Vec<HistoryRow>, DbErr> {
    sql!(OF_PARTNER, history_of!("partner_id"));
    read_history(connection, &OF_PARTNER, partner, before).await
}

async fn read_history(
    connection: &impl ConnectionTrait,
    of: &Sql,
    subject: Uuid,
    before: i64,
) -> Result<Vec<HistoryRow>, DbErr> {
    let values = [subject.into(), before.into()];
    let rows = connection.query_all_raw(of.bind(connection.get_database_backend(), values)).await?;
    rows.iter()
        .map(|row| {
            let is_voided: i32 = row.try_get("", "is_voided")?;
            Ok((row.try_get("", "step_seq")?, is_voided == 1, activity::Model::from_query_result(row, "")?))
        })
        .collect()
}

/// A fact that bounds the days of a subject: what it is, in words, and its day.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct DatedFact {
    pub(crate) what: String,
    pub(crate) day: NaiveDate,
}

async fn dated(
    connection: &impl ConnectionTrait,
    sql: &Sql,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<DatedFact>, DbErr> {
    let statement = sql.bind(connection.get_database_backend(), values);
    DatedFact::find_by_statement(statement).one(connection).await
}

/// The earliest fact of a professional that stands.
pub(crate) async fn first_of_professional(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<DatedFact>, DbErr> {
    sql!(
        FIRST,
        "SELECT what, day FROM (SELECT 'an activity' AS what, MIN(occurred_on) AS day FROM activities \
         WHERE professional_id = $1 AND status IN ('RECORDED', 'PENDING_REVIEW') \
         UNION ALL SELECT 'an affiliation', MIN(starts_on) FROM affiliations WHERE professional_id = $1 AND NOT voided \
         UNION ALL SELECT 'a swag shop order', MIN(placed_on) FROM swag_orders WHERE professional_id = $1) f \
         WHERE day IS NOT NULL ORDER BY day LIMIT 1"
    );
    dated(connection, &FIRST, [id.into()]).await
}

/// The earliest fact of a partner that stands.
pub(crate) async fn first_of_partner(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<DatedFact>, DbErr> {
    sql!(
        FIRST,
        "SELECT what, day FROM (SELECT 'an activity' AS what, MIN(occurred_on) AS day FROM activities \
         WHERE partner_id = $1 AND status IN ('RECORDED', 'PENDING_REVIEW') \
         UNION ALL SELECT 'an affiliation', MIN(starts_on) FROM affiliations WHERE partner_id = $1 AND NOT voided \
         UNION ALL SELECT 'an order', MIN(placed_on) FROM orders WHERE partner_id = $1 \
         UNION ALL SELECT 'a deal', MIN(registered_on) FROM deals WHERE partner_id = $1) f \
         WHERE day IS NOT NULL ORDER BY day LIMIT 1"
    );
    dated(connection, &FIRST, [id.into()]).await
}

/// The latest fact of a professional that stands.
pub(crate) async fn last_of_professional(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<DatedFact>, DbErr> {
    sql!(
        LAST,
        "SELECT what, day FROM (SELECT 'an activity' AS what, MAX(occurred_on) AS day FROM activities \
         WHERE professional_id = $1 AND status = 'RECORDED' \
         UNION ALL SELECT 'an affiliation', MAX(starts_on) FROM affiliations WHERE professional_id = $1 AND NOT voided \
         UNION ALL SELECT 'a swag shop order', MAX(placed_on) FROM swag_orders \
         WHERE professional_id = $1 AND status <> 'CANCELLED') f \
         WHERE day IS NOT NULL ORDER BY day DESC LIMIT 1"
    );
    dated(connection, &LAST, [id.into()]).await
}

/// The latest fact of a partner that stands, awards of its professionals among them.
pub(crate) async fn last_of_partner(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<DatedFact>, DbErr> {
    sql!(
        LAST,
        "SELECT what, day FROM (SELECT 'an activity' AS what, MAX(occurred_on) AS day FROM activities \
         WHERE partner_id = $1 AND status = 'RECORDED' \
         UNION ALL SELECT 'an activity of a professional', MAX(a.occurred_on) FROM affiliations f \
         JOIN activities a ON a.professional_id = f.professional_id AND a.status = 'RECORDED' \
         AND a.occurred_on >= f.starts_on AND (f.ends_on IS NULL OR a.occurred_on <= f.ends_on) \
         WHERE f.partner_id = $1 AND NOT f.voided \
         UNION ALL SELECT 'an affiliation', MAX(starts_on) FROM affiliations WHERE partner_id = $1 AND NOT voided \
         UNION ALL SELECT 'an order', MAX(placed_on) FROM orders \
         WHERE partner_id = $1 AND status NOT IN ('CANCELLED', 'RETURNED') \
         UNION ALL SELECT 'the fulfilment of an order', MAX(fulfilled_on) FROM orders \
         WHERE partner_id = $1 AND status = 'FULFILLED' \
         UNION ALL SELECT 'a deal', MAX(registered_on) FROM deals WHERE partner_id = $1 \
         UNION ALL SELECT 'a won deal', MAX(rewarded_on) FROM deals WHERE partner_id = $1) f \
         WHERE day IS NOT NULL ORDER BY day DESC LIMIT 1"
    );
    dated(connection, &LAST, [id.into()]).await
}

/// Updates a partner's name, with the key that it is searched by, and first day.
pub(crate) async fn update_partner(
    connection: &impl ConnectionTrait,
    id: Uuid,
    (name, search_key): (&str, String),
    enrolled_on: NaiveDate,
) -> Result<(), DbErr> {
    let row = partner::ActiveModel {
        id: sea_orm::Unchanged(id),
        name: sea_orm::Set(name.to_owned()),
        search_key: sea_orm::Set(Some(search_key)),
        enrolled_on: sea_orm::Set(enrolled_on),
        ..Default::default()
    };
    partner::Entity::update(row).exec(connection).await?;
    subject::changed::<PartnerRow>(connection, id).await
}

/// Updates a professional's name and address, with the keys that they are searched by, and day of sign-up.
pub(crate) async fn update_professional(
    connection: &impl ConnectionTrait,
    id: Uuid,
    (name, search_key): (&str, String),
    email: Option<(&str, String)>,
    signed_up_on: NaiveDate,
) -> Result<(), DbErr> {
    let (email, email_key) = email.unzip();
    let row = professional::ActiveModel {
        id: sea_orm::Unchanged(id),
        name: sea_orm::Set(name.to_owned()),
        email: sea_orm::Set(email.map(str::to_owned)),
        search_key: sea_orm::Set(Some(search_key)),
        email_key: sea_orm::Set(email_key),
        signed_up_on: sea_orm::Set(signed_up_on),
        ..Default::default()
    };
    professional::Entity::update(row).exec(connection).await?;
    subject::changed::<ProfessionalRow>(connection, id).await
}

/// Sets the last day of a subject in the program, or removes it.
pub(crate) async fn end<S: Subject>(
    connection: &impl ConnectionTrait,
    id: Uuid,
    left_on: Option<NaiveDate>,
) -> Result<(), DbErr> {
    set::<S>(connection, id, "left_on", left_on.into()).await
}

/// Replaces the overrides beside a subject.
pub(crate) async fn override_levels<S: Subject>(
    connection: &impl ConnectionTrait,
    id: Uuid,
    overrides: Option<String>,
) -> Result<(), DbErr> {
    set::<S>(connection, id, "level_overrides", overrides.into()).await
}

/// Sets a column that both kinds of subjects have.
async fn set<S: Subject>(
    connection: &impl ConnectionTrait,
    id: Uuid,
    column: &str,
    value: Value,
) -> Result<(), DbErr> {
    let text = format!("UPDATE {} SET {column} = $1 WHERE id = $2", S::TABLE);
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text, [value, id.into()]);
    connection.execute_raw(statement).await?;
    subject::changed::<S>(connection, id).await
}

/// A step about an override, with what the log says of it.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct OverrideStep {
    #[sea_orm(nested)]
    pub(crate) row: subject_step::Model,
    pub(crate) recorded_at: DateTimeUtc,
    pub(crate) reason: Option<String>,
}

/// The steps about overrides of these subjects through a moment, in the order of the log.
pub(crate) async fn overrides_known(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
    known_at: DateTimeUtc,
) -> Result<Vec<OverrideStep>, DbErr> {
    sql!(
        KNOWN,
        "SELECT s.*, l.recorded_at, l.reason FROM subject_steps s JOIN log l ON l.seq = s.log_seq \
         WHERE (s.partner_id @uuids1 OR s.professional_id @uuids1) AND l.recorded_at <= $2 \
         AND (s.level IS NOT NULL OR s.override_seq IS NOT NULL) ORDER BY s.log_seq"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, ids.iter().copied()), known_at.into()];
    OverrideStep::find_by_statement(KNOWN.bind(backend, values)).all(connection).await
}
