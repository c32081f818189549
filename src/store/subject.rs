//! Subjects of the ledger: what the statements for partners and professionals have in common.
//!
//! A subject has a row with a code, and a balance row that is the lock of its writers. [`Subject`] names the
//! tables and columns of each; [`SubjectSql`] builds the statements once for each, so their texts stay constant.

use std::collections::HashMap;

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::sql::{self, Sql};
use super::{fault, turns};

/// Bounds that both engines can store, outside of every accepted date.
pub(crate) const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a date");
/// See [`EARLIEST`].
pub(crate) const LATEST: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

/// Sorts after every code and name: the last code point of Unicode, which is not a character.
const AFTER_TEXT: &str = "\u{10FFFF}\u{10FFFF}";

/// A kind of subject: the row type with the balance, and the tables that it is read from.
pub(crate) trait Subject: FromQueryResult {
    /// The row without the balance.
    type Model: FromQueryResult;
    /// Table of the subjects.
    const TABLE: &'static str;
    /// Table of the balances.
    const BALANCES: &'static str;
    /// Column of the balances that references the subject.
    const ID: &'static str;
    /// Column of the balances with the first day on which a level may change without a step.
    const LEVEL_DUE: &'static str;
    /// Column of the balances with a day that is none before what is ahead of the subject was first computed.
    const AHEAD: &'static str;

    /// The columns that every read has, from the subject `p` and the balance `b`.
    fn columns() -> String;

    /// The columns that writers read: with what is ahead of the subject.
    fn whole_columns() -> String;

    /// The code of the subject.
    fn own_code(&self) -> &str;

    /// The codes of subjects that were merged into it, as its row has them.
    fn other_codes(&self) -> Option<&str>;

    /// The codes of subjects that were merged into it.
    fn former_codes(&self) -> Vec<String> {
        // The column is written as a list only.
        self.other_codes().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Whether a code is that of the subject, or of one that was merged into it.
    fn is_called(&self, code: &str) -> bool {
        self.own_code() == code
            || (self.other_codes().is_some() && self.former_codes().iter().any(|one| one == code))
    }

    /// The statements of this kind of subject, built on first use.
    fn sql() -> &'static SubjectSql;
}

/// The statements that are the same for each kind of subject but for names.
pub(crate) struct SubjectSql {
    lock: Sql,
    changed: Sql,
    balance_changed: Sql,
    by_code: Sql,
    by_ids: Sql,
    merged: Sql,
    existing: Sql,
    in_any_case: Sql,
    after: Sql,
    level_due: Sql,
    expiring: Sql,
}

impl SubjectSql {
    /// The statements for a kind of subject.
    pub(super) fn new<S: Subject>() -> Self {
        let (table, balances, id, due) = (S::TABLE, S::BALANCES, S::ID, S::LEVEL_DUE);
        let columns = S::whole_columns();
        let meant = format!("COALESCE(c.merged_into, c.id) FROM {table} c WHERE c.code @texts1");
        let lock = |by_code: &str| {
            format!(
                "SELECT {columns}, CASE WHEN p.changes <> b.changes THEN 1 WHEN p.merged_into IS NOT NULL THEN 2 \
                 ELSE 0 END AS is_outdated FROM {table} p JOIN {balances} b ON b.{id} = p.id \
                 WHERE {by_code} OR p.id @uuids2 ORDER BY p.id @lock(b)"
            )
        };
        Self {
            // PostgreSQL looks ids up by the index if they are an array.
            lock: Sql::per_engine(
                &lock(&format!("p.id IN (SELECT {meant})")),
                &lock(&format!("p.id = ANY(ARRAY(SELECT {meant}))")),
            ),
            changed: Sql::new(&format!("UPDATE {table} SET changes = changes + 1 WHERE id = $1")),
            balance_changed: Sql::new(&format!(
                "UPDATE {balances} SET changes = changes + 1 WHERE {id} = $1"
            )),
            by_code: Sql::new(&format!(
                "{} WHERE p.id = (SELECT COALESCE(c.merged_into, c.id) FROM {table} c WHERE c.code = $1)",
                select::<S>(&S::columns())
            )),
            by_ids: Sql::new(&format!("{} WHERE p.id @uuids1", select::<S>(&columns))),
            merged: Sql::new(&format!("SELECT id FROM {table} WHERE merged_into = $1 ORDER BY id")),
            existing: Sql::new(&format!("SELECT * FROM {table} WHERE code @texts1")),
            in_any_case: Sql::new(&format!("SELECT * FROM {table} WHERE LOWER(code) @texts1")),
            after: Sql::new(&format!("SELECT * FROM {table} WHERE id > $1 ORDER BY id LIMIT $2")),
            level_due: Sql::new(&format!(
                "SELECT b.{id} AS id FROM {balances} b JOIN {table} p ON p.id = b.{id} \
                 WHERE b.{due} <= $1 AND p.merged_into IS NULL ORDER BY b.{due} LIMIT $2"
            )),
            // Each page is sorted by the key: what was computed again meanwhile is neither left out nor read twice.
            expiring: Sql::new(&format!(
                "SELECT b.{id} AS id FROM {balances} b JOIN {table} p ON p.id = b.{id} \
                 WHERE b.expires_on <= $1 AND b.{id} > $2 AND p.merged_into IS NULL ORDER BY b.{id} LIMIT $3"
            )),
        }
    }
}

/// Rows of a kind of subject with their balances.
fn select<S: Subject>(columns: &str) -> String {
    let (table, balances, id) = (S::TABLE, S::BALANCES, S::ID);
    format!("SELECT {columns} FROM {table} p JOIN {balances} b ON b.{id} = p.id")
}

/// The subjects of these codes or ids, for the code of a merged one the one that it was merged into, their balance rows locked for the rest of the transaction in the order
/// of ids, so that transactions do not deadlock.
pub(crate) async fn lock<'a, S: Subject>(
    connection: &impl ConnectionTrait,
    codes: impl IntoIterator<Item = &'a str>,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<S>, DbErr> {
    let (codes, ids): (Vec<&str>, Vec<Uuid>) = (codes.into_iter().collect(), ids.into_iter().collect());
    turns::take(codes.iter().map(|code| (S::TABLE, code)))?;
    turns::take(ids.iter().map(|id| (S::TABLE, id)))?;
    let backend = connection.get_database_backend();
    let statement = S::sql().lock.bind(backend, [sql::texts(codes), sql::ids(backend, ids)]);
    // On PostgreSQL, whoever has waited for the lock reads the balance as it is now, and the rest as it was before.
    // Whoever holds it reads all of it as it is now.
    for _ in 0..2 {
        let rows = connection.query_all_raw(statement.clone()).await?;
        let outdated = rows.iter().map(|row| row.try_get::<i32>("", "is_outdated"));
        let outdated = outdated.collect::<Result<Vec<_>, _>>()?;
        // Whoever comes to a merged subject by its id has read one of its facts before it was merged.
        if outdated.contains(&2) {
            break;
        }
        if !outdated.contains(&1) {
            return rows.iter().map(|row| S::from_query_result(row, "")).collect();
        }
    }
    Err(fault::outdated())
}

/// The subject that a code means, among subjects by their own codes.
pub(crate) fn called<'r, S: Subject>(rows: &'r HashMap<String, S>, code: &str) -> Option<&'r S> {
    rows.get(code).or_else(|| rows.values().find(|row| row.is_called(code)))
}

/// Notes that a subject's row has changed, so that writers who wait for its lock read it again.
pub(crate) async fn changed<S: Subject>(connection: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    connection.execute_raw(S::sql().changed.bind(backend, [id.into()])).await?;
    connection.execute_raw(S::sql().balance_changed.bind(backend, [id.into()])).await.map(drop)
}

/// The subject of this code, or the one that it was merged into.
pub(crate) async fn by_code<S: Subject>(
    connection: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<S>, DbErr> {
    let statement = S::sql().by_code.bind(connection.get_database_backend(), [code.into()]);
    S::find_by_statement(statement).one(connection).await
}

/// The subjects of these ids, whole, in no order.
pub(crate) async fn by_ids<S: Subject>(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<S>, DbErr> {
    let backend = connection.get_database_backend();
    S::find_by_statement(S::sql().by_ids.bind(backend, [sql::ids(backend, ids)])).all(connection).await
}

/// The ids of subjects that were merged into one.
pub(crate) async fn merged<S: Subject>(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<Uuid>, DbErr> {
    let statement = S::sql().merged.bind(connection.get_database_backend(), [id.into()]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// The rows of these codes, neither locked nor with their balances.
pub(crate) async fn existing<S: Subject>(
    connection: &impl ConnectionTrait,
    codes: &[String],
) -> Result<Vec<S::Model>, DbErr> {
    let codes = sql::texts(codes.iter().map(String::as_str));
    let statement = S::sql().existing.bind(connection.get_database_backend(), [codes]);
    S::Model::find_by_statement(statement).all(connection).await
}

/// The rows whose codes are these but for the case of letters.
pub(crate) async fn in_any_case<S: Subject>(
    connection: &impl ConnectionTrait,
    codes: &[String],
) -> Result<Vec<S::Model>, DbErr> {
    let codes: Vec<String> = codes.iter().map(|code| code.to_ascii_lowercase()).collect();
    let codes = sql::texts(codes.iter().map(String::as_str));
    let statement = S::sql().in_any_case.bind(connection.get_database_backend(), [codes]);
    S::Model::find_by_statement(statement).all(connection).await
}

/// The rows after an id, in the order of ids.
pub(crate) async fn after<S: Subject>(
    connection: &impl ConnectionTrait,
    id: Uuid,
    limit: u64,
) -> Result<Vec<S::Model>, DbErr> {
    let values = [id.into(), limit_value(limit)];
    let statement = S::sql().after.bind(connection.get_database_backend(), values);
    S::Model::find_by_statement(statement).all(connection).await
}

/// Ids of subjects without a key for searching: those of a release that had none.
pub(crate) async fn without_search_key<S: Subject>(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    let text = format!("SELECT id FROM {} WHERE search_key IS NULL ORDER BY id LIMIT $1", S::TABLE);
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text, [limit_value(limit)]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Ids of subjects of which is not stored what is ahead of them: those of a release that did not store it.
pub(crate) async fn without_prospects<S: Subject>(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    let (balances, id, ahead) = (S::BALANCES, S::ID, S::AHEAD);
    let text = format!("SELECT {id} AS id FROM {balances} WHERE {ahead} IS NULL ORDER BY {id} LIMIT $1");
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text, [limit_value(limit)]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Ids of subjects whose level may have changed by a day without a step, at most `limit` of them.
pub(crate) async fn level_due<S: Subject>(
    connection: &impl ConnectionTrait,
    today: NaiveDate,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    #[derive(FromQueryResult)]
    struct Id {
        id: Uuid,
    }
    let values = [today.into(), limit_value(limit)];
    let statement = S::sql().level_due.bind(connection.get_database_backend(), values);
    Ok(Id::find_by_statement(statement).all(connection).await?.into_iter().map(|row| row.id).collect())
}

/// Ids of subjects of which credits may expire by a day, after one of them, at most `limit`.
pub(crate) async fn expiring<S: Subject>(
    connection: &impl ConnectionTrait,
    day: NaiveDate,
    after: Uuid,
    limit: u64,
) -> Result<Vec<Uuid>, DbErr> {
    let values = [day.into(), after.into(), limit_value(limit)];
    let statement = S::sql().expiring.bind(connection.get_database_backend(), values);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

fn limit_value(limit: u64) -> Value {
    i64::try_from(limit).unwrap_or(i64::MAX).into()
}

/// The position of a subject in a list: the value that the list is ordered by, and the id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubjectKey {
    /// Value that the list is ordered by, as text.
    pub value: String,
    /// Orders equal values.
    pub id: Uuid,
}

/// The type of the value that a list is ordered by.
#[derive(Clone, Copy, Debug)]
pub(super) enum SortType {
    Text,
    Date,
    Integer,
}

impl SortType {
    /// The values of a page's bounds: after which value and id, and before which.
    pub(super) fn bounds(self, after: Option<&SubjectKey>, before: Option<&SubjectKey>) -> [Value; 4] {
        let (first, last) = match self {
            Self::Text => ("".into(), AFTER_TEXT.into()),
            Self::Date => (EARLIEST.into(), LATEST.into()),
            Self::Integer => ((-i64::MAX).into(), i64::MAX.into()),
        };
        let value = |key: Option<&SubjectKey>, end| key.and_then(|key| self.value(&key.value)).unwrap_or(end);
        let id = |key: Option<&SubjectKey>, end: Uuid| key.map_or(end, |key| key.id).into();
        [value(after, first), id(after, Uuid::nil()), value(before, last), id(before, Uuid::max())]
    }

    /// A key's value as the type of the column.
    fn value(self, text: &str) -> Option<Value> {
        match self {
            Self::Text => Some(text.into()),
            Self::Date => text.parse::<NaiveDate>().ok().map(Into::into),
            Self::Integer => text.parse::<i64>().ok().map(Into::into),
        }
    }
}
