//! Keyset pagination: the cost of a page does not depend on its position.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Value};
use std::collections::HashMap;
use uuid::Uuid;

use super::row;
use super::sql::{self, Sql};

/// A page of a list: the first rows after a key, or the last ones before a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page<K> {
    /// Maximum number of rows.
    pub size: u64,
    /// Whether to page from the end of the list.
    pub from_end: bool,
    /// Only rows after this key.
    pub after: Option<K>,
    /// Only rows before this key.
    pub before: Option<K>,
}

/// The rows of one page, in the order of the list.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are further rows in the direction of paging.
    pub has_more: bool,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), has_more: false }
    }
}

impl<K> Page<K> {
    /// Rows to fetch: one more than the page, which shows whether there are further rows.
    pub(crate) fn limit(&self) -> Value {
        Value::BigInt(Some(i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)))
    }

    /// Truncates the fetched rows to the page, and reverses them if they were read from the end.
    pub(crate) fn truncate<T>(&self, mut rows: Vec<T>) -> Rows<T> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let has_more = rows.len() > size;
        rows.truncate(size);
        if self.from_end {
            rows.reverse();
        }
        Rows { rows, has_more }
    }
}

/// The rows of a list that are visible to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope<S> {
    /// All of it.
    All,
    /// Only the rows of this scope.
    Only(S),
}

impl<S> Scope<S> {
    /// The scope; `None` for all rows.
    pub(crate) fn only(self) -> Option<S> {
        match self {
            Self::All => None,
            Self::Only(scope) => Some(scope),
        }
    }
}

/// Statements of a list for both directions of paging.
pub(crate) struct PageSql {
    /// From the start.
    pub(crate) forward: Sql,
    /// From the end.
    pub(crate) backward: Sql,
}

impl PageSql {
    /// The statement for a page.
    pub(crate) fn for_page<K>(&self, page: &Page<K>) -> &Sql {
        if page.from_end { &self.backward } else { &self.forward }
    }
}

/// Reads one page for each owner with one statement, whose first value is the set of owners.
pub(crate) async fn pages_per_owner<T, K>(
    connection: &impl ConnectionTrait,
    sql: &PageSql,
    page: &Page<K>,
    owners: &[Uuid],
    values: impl IntoIterator<Item = Value>,
    decode: impl Fn(&QueryResult) -> Result<T, DbErr>,
    owner: impl Fn(&T) -> Uuid,
) -> Result<HashMap<Uuid, Rows<T>>, DbErr> {
    let backend = connection.get_database_backend();
    let values = std::iter::once(sql::ids(backend, owners.iter().copied())).chain(values);
    let found = row::all(connection, sql.for_page(page).bind(backend, values), decode).await?;
    let mut grouped: HashMap<Uuid, Vec<T>> = HashMap::new();
    for row in found {
        grouped.entry(owner(&row)).or_default().push(row);
    }
    Ok(grouped.into_iter().map(|(id, rows)| (id, page.truncate(rows))).collect())
}

/// How many rows each owner has.
pub(crate) async fn count_per_owner(
    connection: &impl ConnectionTrait,
    sql: &Sql,
    owners: &[Uuid],
    values: impl IntoIterator<Item = Value>,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    #[derive(FromQueryResult)]
    struct Count {
        owner: Uuid,
        rows: i64,
    }
    let backend = connection.get_database_backend();
    let values = std::iter::once(sql::ids(backend, owners.iter().copied())).chain(values);
    let counts = Count::find_by_statement(sql.bind(backend, values)).all(connection).await?;
    Ok(counts.into_iter().map(|count| (count.owner, count.rows)).collect())
}
