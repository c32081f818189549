//! Pages of lists by keyset: what a page costs does not depend on where it lies.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::HashMap;
use std::sync::OnceLock;
use uuid::Uuid;

use super::sql::{self, Sql};

/// Which rows of a list are wanted: the first ones after a key, or the last ones before a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page<K> {
    /// Rows wanted, at most.
    pub size: u64,
    /// Whether to count from the end of the list.
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
    /// Whether the list goes on in the direction of counting.
    pub has_more: bool,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), has_more: false }
    }
}

impl<K> Page<K> {
    /// Rows to ask the database for: one more than wanted tells whether the list goes on.
    pub(crate) fn limit(&self) -> Value {
        Value::BigInt(Some(i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)))
    }

    /// Cuts what the database gave to the page, and turns it round where it was read from the end.
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

/// Statements of a list in both directions.
pub(crate) struct PageSql {
    /// Counted from the start.
    pub(crate) forward: Sql,
    /// Counted from the end.
    pub(crate) backward: Sql,
}

impl PageSql {
    /// The statement for a page.
    pub(crate) fn for_page<K>(&self, page: &Page<K>) -> &Sql {
        if page.from_end { &self.backward } else { &self.forward }
    }
}

/// Whether a list shows all rows, or those that the filter in the first three values wants.
///
/// The texts differ, because PostgreSQL plans a text once for all its values: a filter that lets
/// everything pass would be taken for one that lets nearly nothing pass.
#[derive(Clone, Copy)]
pub(crate) enum RowFilter {
    All,
    Filtered(&'static str),
    /// Filtered, and limited to what a caller may see by a condition on that many values more.
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

    /// Places of the values behind the filter's: after which value and id, before which value and id,
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

/// A list with and without a filter, each put together when it is first asked for.
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

    /// The list of all rows, of those that the filter wants, or of those among them that a caller may see.
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
