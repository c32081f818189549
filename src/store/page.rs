//! Keyset pagination: the cost of a page does not depend on its position.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::HashMap;
use std::sync::OnceLock;
use uuid::Uuid;

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

/// The condition of a list: none, or a filter on the first three values.
///
/// The texts differ, because PostgreSQL plans a text once for all its values: a filter that lets
/// everything pass would be planned like one that lets nearly nothing pass.
#[derive(Clone, Copy)]
pub(crate) enum RowFilter {
    All,
    Filtered(&'static str),
    /// Filtered, and limited to the rows visible to a caller by a condition on that many further values.
    Scoped(&'static str, &'static str, usize),
}

impl RowFilter {
    /// The condition on a row.
    pub(crate) fn condition(self) -> String {
        match self {
            Self::All => "TRUE".to_owned(),
            Self::Filtered(condition) => condition.to_owned(),
            Self::Scoped(condition, scope, _) => format!("{condition} AND {scope}"),
        }
    }

    /// Parameters that follow those of the filter: after value and id, before value and id,
    /// the limit, and one more.
    pub(crate) fn parameters(self) -> [String; 6] {
        let first = match self {
            Self::All => 1,
            Self::Filtered(_) => 4,
            Self::Scoped(_, _, values) => 4 + values,
        };
        std::array::from_fn(|index| format!("${}", first + index))
    }
}

/// The statements of a list with and without a filter, built on first use.
pub(crate) struct ListSql {
    build: fn(RowFilter) -> PageSql,
    condition: &'static str,
    scope: (&'static str, usize),
    all: OnceLock<PageSql>,
    filtered: OnceLock<PageSql>,
    scoped: OnceLock<PageSql>,
}

impl ListSql {
    /// `scope` is the condition on what a caller may see, and how many values it takes: they stand
    /// behind those of the filter.
    pub(crate) const fn new(
        condition: &'static str,
        scope: (&'static str, usize),
        build: fn(RowFilter) -> PageSql,
    ) -> Self {
        Self {
            build,
            condition,
            scope,
            all: OnceLock::new(),
            filtered: OnceLock::new(),
            scoped: OnceLock::new(),
        }
    }

    /// The statements for all rows, for filtered ones, or for filtered ones that are visible to a caller.
    pub(crate) fn sql(&self, all: bool, scoped: bool) -> &PageSql {
        if scoped {
            let (scope, values) = self.scope;
            return self
                .scoped
                .get_or_init(|| (self.build)(RowFilter::Scoped(self.condition, scope, values)));
        }
        if all {
            return self.all.get_or_init(|| (self.build)(RowFilter::All));
        }
        self.filtered.get_or_init(|| (self.build)(RowFilter::Filtered(self.condition)))
    }
}

/// Reads one page for each owner with one statement, whose first value is the set of owners.
pub(crate) async fn pages_per_owner<T, K>(
    connection: &impl ConnectionTrait,
    sql: &PageSql,
    page: &Page<K>,
    owners: &[Uuid],
    values: impl IntoIterator<Item = Value>,
    owner: impl Fn(&T) -> Uuid,
) -> Result<HashMap<Uuid, Rows<T>>, DbErr>
where
    T: FromQueryResult,
{
    let backend = connection.get_database_backend();
    let values = std::iter::once(sql::ids(backend, owners.iter().copied())).chain(values);
    let found = T::find_by_statement(sql.for_page(page).bind(backend, values)).all(connection).await?;
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
