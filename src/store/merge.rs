//! Merges of subjects: facts get another owner, and codes another meaning.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::subject::{self, Subject};

/// Tables of facts whose owner is a professional.
pub(crate) const OF_PROFESSIONALS: [&str; 3] = ["affiliations", "activities", "swag_orders"];

/// Tables of facts whose owner is a partner, but for sales targets.
pub(crate) const OF_PARTNERS: [&str; 6] =
    ["affiliations", "activities", "orders", "quotes", "deals", "contracts"];

/// Lets the code of a subject mean another one, which has `codes` besides its own.
pub(crate) async fn point<S: Subject>(
    connection: &impl ConnectionTrait,
    (from, into): (Uuid, Uuid),
    codes: &[String],
) -> Result<(), DbErr> {
    let table = S::TABLE;
    let text = format!("UPDATE {table} SET merged_into = $1 WHERE id = $2 OR merged_into = $2");
    execute(connection, text, [into.into(), from.into()]).await?;
    let text = format!("UPDATE {table} SET former_codes = $1 WHERE id = $2");
    let codes = serde_json::json!(codes).to_string();
    execute(connection, text, [codes.into(), into.into()]).await?;
    for id in [from, into] {
        subject::changed::<S>(connection, id).await?;
    }
    Ok(())
}

/// Gives the facts of a merged subject to the remaining one, and keeps whose they were.
pub(crate) async fn move_facts<S: Subject>(
    connection: &impl ConnectionTrait,
    tables: &[&str],
    log_seq: i64,
    (from, into): (Uuid, Uuid),
) -> Result<(), DbErr> {
    let owner = S::ID;
    for table in tables {
        let text = format!(
            "INSERT INTO merged_objects (object_id, log_seq, from_id) \
             SELECT id, CAST($1 AS BIGINT), {owner} FROM {table} WHERE {owner} = $2"
        );
        execute(connection, text, [log_seq.into(), from.into()]).await?;
        let text = format!("UPDATE {table} SET {owner} = $1 WHERE {owner} = $2");
        execute(connection, text, [into.into(), from.into()]).await?;
    }
    Ok(())
}

/// Gives the sales targets of a merged partner to the remaining one, but for those of years in which that has its own.
pub(crate) async fn move_targets(
    connection: &impl ConnectionTrait,
    log_seq: i64,
    (from, into): (Uuid, Uuid),
) -> Result<(), DbErr> {
    const FREE: &str = "partner_id = $2 AND NOT EXISTS \
                        (SELECT 1 FROM sales_targets o WHERE o.partner_id = $3 AND o.year = sales_targets.year)";
    let text = format!(
        "INSERT INTO merged_objects (object_id, log_seq, from_id) \
         SELECT id, CAST($1 AS BIGINT), partner_id FROM sales_targets WHERE {FREE}"
    );
    execute(connection, text, [log_seq.into(), from.into(), into.into()]).await?;
    let text = "UPDATE sales_targets SET partner_id = $1 WHERE id IN \
                (SELECT object_id FROM merged_objects WHERE log_seq = $2)";
    execute(connection, text.to_owned(), [into.into(), log_seq.into()]).await
}

/// Deletes the tallies of a merged partner.
pub(crate) async fn delete_tallies(connection: &impl ConnectionTrait, from: Uuid) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM partner_tallies WHERE partner_id = $1".to_owned(), [from.into()]).await
}

/// Deletes what a merged partner sold.
pub(crate) async fn delete_sales(connection: &impl ConnectionTrait, from: Uuid) -> Result<(), DbErr> {
    execute(connection, "DELETE FROM partner_sales WHERE partner_id = $1".to_owned(), [from.into()]).await
}

/// Lets the webhook endpoints of a merged partner get the events of the remaining one.
pub(crate) async fn move_endpoints(
    connection: &impl ConnectionTrait,
    (from, into): (Uuid, Uuid),
) -> Result<(), DbErr> {
    let text = "UPDATE webhook_endpoints SET partner_id = $1 WHERE partner_id = $2";
    execute(connection, text.to_owned(), [into.into(), from.into()]).await
}

/// Lets the API keys of a merged subject act for the remaining one.
pub(crate) async fn move_keys<S: Subject>(
    connection: &impl ConnectionTrait,
    (from, into): (Uuid, Uuid),
) -> Result<(), DbErr> {
    let owner = S::ID;
    let text = format!("UPDATE api_keys SET {owner} = $1 WHERE {owner} = $2");
    execute(connection, text, [into.into(), from.into()]).await
}

/// A key or reference that a fact of each of two subjects has, which one of them can have once only.
pub(crate) async fn shared_key<S: Subject>(
    connection: &impl ConnectionTrait,
    (table, column): (&str, &str),
    (from, into): (Uuid, Uuid),
) -> Result<Option<String>, DbErr> {
    let owner = S::ID;
    let text = format!(
        "SELECT f.{column} AS shared FROM {table} f JOIN {table} i ON i.{column} = f.{column} \
         WHERE f.{owner} = $1 AND i.{owner} = $2 ORDER BY f.{column} LIMIT 1"
    );
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text, [from.into(), into.into()]);
    let row = connection.query_one_raw(statement).await?;
    row.map(|row| row.try_get("", "shared")).transpose()
}

/// Whose a fact was before a merge.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct FormerOwner {
    pub(crate) object_id: Uuid,
    pub(crate) log_seq: i64,
    pub(crate) from_id: Uuid,
}

/// Whose every merged fact was before, in the order of the merges.
pub(crate) async fn former_owners(connection: &impl ConnectionTrait) -> Result<Vec<FormerOwner>, DbErr> {
    let text = "SELECT object_id, log_seq, from_id FROM merged_objects ORDER BY log_seq, object_id";
    let statement = Statement::from_string(connection.get_database_backend(), text);
    FormerOwner::find_by_statement(statement).all(connection).await
}

async fn execute(
    connection: &impl ConnectionTrait,
    text: String,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), text, values);
    connection.execute_raw(statement).await.map(drop)
}
