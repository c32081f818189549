//! Tallies: units for each subject, rule and window.

use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::{partner_tally, professional_tally};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use uuid::Uuid;

use super::sql::Sql;

/// Subject, rule and first day of a window.
pub(crate) type Key<'a> = (Uuid, &'a str, NaiveDate);

fn by_keys(table: &str, owner: &str) -> Sql {
    Sql::per_engine(
        &format!(
            "SELECT t.* FROM json_each($1) k JOIN {table} t ON t.{owner} = unhex(k.value->>0) \
             AND t.rule = k.value->>1 AND t.window_start = k.value->>2"
        ),
        &format!(
            "SELECT t.* FROM jsonb_array_elements($1::text::jsonb) k JOIN {table} t ON t.{owner} = (k->>0)::uuid \
             AND t.rule = k->>1 AND t.window_start = (k->>2)::date"
        ),
    )
}

fn as_json<'a>(keys: impl IntoIterator<Item = Key<'a>>) -> Option<String> {
    let keys: Vec<_> =
        keys.into_iter().map(|(id, rule, start)| (id.simple().to_string(), rule, start)).collect();
    (!keys.is_empty()).then(|| serde_json::json!(keys).to_string())
}

/// Tallies of partners that exist.
pub(crate) async fn of_partners<'a>(
    connection: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = Key<'a>>,
) -> Result<Vec<partner_tally::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| by_keys("partner_tallies", "partner_id"));
    let Some(keys) = as_json(keys) else { return Ok(Vec::new()) };
    let statement = SQL.bind(connection.get_database_backend(), [keys.into()]);
    partner_tally::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Tallies of all windows of rules, each of a partner.
pub(crate) async fn of_partners_and_rules(
    connection: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = (Uuid, &str)>,
) -> Result<Vec<partner_tally::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| {
        Sql::per_engine(
            "SELECT t.* FROM json_each($1) k JOIN partner_tallies t ON t.partner_id = unhex(k.value->>0) \
             AND t.rule = k.value->>1",
            "SELECT t.* FROM jsonb_array_elements($1::text::jsonb) k JOIN partner_tallies t \
             ON t.partner_id = (k->>0)::uuid AND t.rule = k->>1",
        )
    });
    let keys: Vec<_> = keys.into_iter().map(|(id, rule)| (id.simple().to_string(), rule)).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let statement = SQL.bind(connection.get_database_backend(), [serde_json::json!(keys).to_string().into()]);
    partner_tally::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Tallies of professionals that exist.
pub(crate) async fn of_professionals<'a>(
    connection: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = Key<'a>>,
) -> Result<Vec<professional_tally::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| by_keys("professional_tallies", "professional_id"));
    let Some(keys) = as_json(keys) else { return Ok(Vec::new()) };
    let statement = SQL.bind(connection.get_database_backend(), [keys.into()]);
    professional_tally::Entity::find().from_raw_sql(statement).all(connection).await
}
