//! What the lists of partners, professionals and customers have in common.

use sea_orm::{DbBackend, Statement, Value};

use super::search::{self, Reading, Search};
use super::{COUNT_MAX, ListQuery};
use crate::store::page::Page;
use crate::store::subject::{SortType, Subject, SubjectKey};

/// A table of a list, with the column that has the id of the row `p`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    table: &'static str,
    alias: &'static str,
    id: &'static str,
}

impl Source {
    /// The table of the rows.
    pub(super) const fn rows(table: &'static str) -> Self {
        Self { table, alias: "p", id: "id" }
    }

    /// Another table.
    pub(super) const fn other(table: &'static str, alias: &'static str, id: &'static str) -> Self {
        Self { table, alias, id }
    }

    /// Subjects.
    pub(super) const fn subjects<S: Subject>() -> Self {
        Self::rows(S::TABLE)
    }

    /// Their balances.
    pub(super) const fn balances<S: Subject>() -> Self {
        Self::other(S::BALANCES, "b", S::ID)
    }
}

/// What a list is ordered by, and by ids after it.
#[derive(Clone, Debug)]
pub(super) enum Key {
    /// An expression, ascending.
    Ascending(String),
    /// A column of numbers, greatest first; the keys of rows have them with the sign turned round.
    Descending(&'static str),
    /// Nothing: these rows are after all that have a number, so their keys have the largest one.
    Last,
}

/// The largest number.
const LAST: &str = "CAST(9223372036854775807 AS BIGINT)";

/// Where the rows of a list are, and their order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The tables, that of the key first.
    pub(super) sources: Vec<Source>,
    /// What orders the rows.
    pub(super) key: Key,
    /// The type of its values.
    pub(super) sort: SortType,
    /// A condition on the first table that the index of the order has.
    pub(super) within: Option<String>,
}

impl Order {
    fn first(&self) -> Source {
        self.sources[0]
    }

    fn id(&self) -> String {
        format!("{}.{}", self.first().alias, self.first().id)
    }

    /// The condition of a page on the first table.
    fn bounds(&self, query: &mut ListQuery, page: &Page<SubjectKey>) -> String {
        let [value_after, id_after, value_before, id_before] = bounds(query, self.sort, page);
        let id = self.id();
        let (value, range) = match &self.key {
            Key::Ascending(value) => (value.clone(), String::new()),
            Key::Descending(value) => {
                let range = format!("{value} <= -{value_after} AND {value} >= -{value_before} AND ");
                (format!("-{value}"), range)
            }
            Key::Last => (LAST.to_owned(), String::new()),
        };
        let within = self.within.as_ref().map(|condition| format!("{condition} AND ")).unwrap_or_default();
        format!(
            "{within}{range}({value}, {id}) > ({value_after}, {id_after}) \
             AND ({value}, {id}) < ({value_before}, {id_before})"
        )
    }

    /// The expressions that the rows are sorted by.
    fn sorted(&self, from_end: bool) -> String {
        let (up, down) = if from_end { ("DESC", "ASC") } else { ("ASC", "DESC") };
        let id = self.id();
        match &self.key {
            Key::Ascending(value) => format!("{value} {up}, {id} {up}"),
            Key::Descending(value) => format!("{value} {down}, {id} {up}"),
            Key::Last => format!("{id} {up}"),
        }
    }

    /// The conditions of a list that are on the column which it is ordered by: a range of the index.
    fn range(&self, conditions: &[String]) -> String {
        let Key::Ascending(column) = &self.key else { return String::new() };
        let begins = |condition: &&String| {
            condition.strip_prefix(column.as_str()).is_some_and(|rest| rest.starts_with(' '))
        };
        let ranges = conditions.iter().filter(begins).map(|condition| format!("{condition} AND "));
        ranges.collect::<Vec<_>>().concat()
    }
}

/// The parameters of the bounds of a page: after which value and id, and before which.
fn bounds(query: &mut ListQuery, sort: SortType, page: &Page<SubjectKey>) -> [String; 4] {
    sort.bounds(page.after.as_ref(), page.before.as_ref()).map(|bound: Value| query.value(bound))
}

/// The tables of a list, joined as the planner likes.
fn joined(sources: &[Source]) -> String {
    let Some((first, others)) = sources.split_first() else { return String::new() };
    let joins = others.iter().map(|Source { table, alias, id }| {
        format!(" JOIN {table} {alias} ON {alias}.{id} = {}.{}", first.alias, first.id)
    });
    format!("{} {}{}", first.table, first.alias, joins.collect::<Vec<_>>().concat())
}

/// Tables that are looked up by key for each row of an expression, one row after the other: in the order of the
/// expression, and only for as many as are read.
pub(super) fn looked_up(backend: DbBackend, first: Source, expression: &str, others: &[Source]) -> String {
    let key = format!("{}.{}", first.alias, first.id);
    let others = others.iter().filter(|other| other.alias != first.alias);
    let look_ups = others.map(|Source { table, alias, id }| match backend {
        DbBackend::Postgres => format!(
            " CROSS JOIN LATERAL (SELECT * FROM {table} {alias} WHERE {alias}.{id} = {key} OFFSET 0) {alias}"
        ),
        _ => format!(" CROSS JOIN {table} {alias} ON {alias}.{id} = {key}"),
    });
    format!("{expression}{}", look_ups.collect::<Vec<_>>().concat())
}

/// The tables that a condition is on, and that of the rows.
fn used(sources: &[Source], condition: &str) -> Vec<Source> {
    let is_used = |source: &&Source| source.alias == "p" || condition.contains(&format!("{}.", source.alias));
    sources.iter().filter(is_used).copied().collect()
}

/// Restricts a list to subjects whose code or name contains a text, which is folded as the stored keys are.
pub(super) fn search(query: &mut ListQuery, text: &str) {
    let pattern = search::pattern(query, text);
    query.require(format!("p.search_key LIKE {pattern} ESCAPE '\\'"));
}

/// The search for a text in all rows of a table, which its index can answer.
pub(super) fn indexed<S: Subject>(text: &str) -> Option<Search<'_>> {
    Search::new(text, |query, text| search::rows_with_grams(query, S::TABLE, "p", text))
}

/// The statement of a page with these columns.
pub(super) fn page_statement(
    mut query: ListQuery,
    columns: &str,
    order: &Order,
    search: Option<Search<'_>>,
    reading: Reading,
    page: &Page<SubjectKey>,
) -> Statement {
    let backend = query.backend;
    let bounds = order.bounds(&mut query, page);
    let limit = query.value(page.limit());
    let (condition, sorted) = (query.condition(), order.sorted(page.from_end));
    let text = match (reading, search) {
        (Reading::Next(rows), _) => {
            let Source { table, alias, .. } = order.first();
            let (rows, range) = (query.value(rows), order.range(&query.conditions));
            let next = format!(
                "(SELECT * FROM {table} {alias} WHERE {range}{bounds} ORDER BY {sorted} LIMIT {rows}) {alias}"
            );
            let tables = looked_up(backend, order.first(), &next, &order.sources);
            // SQLite would sort all of them once more, instead of stopping at the last row of the page.
            let sorted = match backend {
                DbBackend::Postgres => format!(" ORDER BY {sorted}"),
                _ => String::new(),
            };
            format!("SELECT {columns} FROM {tables} WHERE {condition}{sorted} LIMIT {limit}")
        }
        (Reading::Found, Some(search)) => {
            let found = search.found(&mut query);
            let rows = Source::rows("");
            let page = format!("WHERE {condition} AND {bounds} ORDER BY {sorted} LIMIT {limit}");
            if used(&order.sources, &page).iter().any(|source| source.alias != rows.alias) {
                let tables = looked_up(backend, rows, &found, &order.sources);
                format!("SELECT {columns} FROM {tables} {page}")
            } else {
                // Only for the rows of the page.
                let found = format!("(SELECT p.* FROM {found} {page}) p");
                let tables = looked_up(backend, rows, &found, &order.sources);
                format!("SELECT {columns} FROM {tables} ORDER BY {sorted}")
            }
        }
        _ => {
            let tables = joined(&order.sources);
            format!(
                "SELECT {columns} FROM {tables} WHERE {condition} AND {bounds} ORDER BY {sorted} LIMIT {limit}"
            )
        }
    };
    query.statement(text)
}

/// The statement that counts the rows of a list, [`COUNT_MAX`] and one more at most.
pub(super) fn count(mut query: ListQuery, sources: &[Source], search: Option<Search<'_>>) -> Statement {
    let limit = query.value(COUNT_MAX + 1);
    let condition = query.condition();
    // Most filters are on the subject alone.
    let used = used(sources, &condition);
    let tables = match search {
        Some(search) => {
            let found = search.found(&mut query);
            looked_up(query.backend, Source::rows(""), &found, &used)
        }
        None => joined(&used),
    };
    let text = format!(
        "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM {tables} WHERE {condition} LIMIT {limit}) counted"
    );
    query.statement(text)
}
