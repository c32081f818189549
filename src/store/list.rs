//! Work lists: rows of one table, filtered and ordered, keyset-paginated through indexes.
//!
//! A list reads one or several *branches*. A branch is a range of an index whose columns end in the order of
//! the list, so its first rows are read without the others; a filter on a set of values is a branch that is
//! read once for each value. The pages of the branches are merged. Further filters are checked on the rows of
//! the most selective range. The cost of a page thus depends on its size, not on that of the table.
//!
//! The text of a statement depends on which filters are set, never on their values.

pub(crate) mod activities;
pub(crate) mod affiliations;
pub(crate) mod contracts;
pub mod customers;
pub(crate) mod deals;
pub(crate) mod orders;
pub mod partners;
pub mod professionals;
mod search;
mod subjects;
pub(crate) mod swag_orders;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::page::{Page, Rows};
use super::sql;

/// Rows that are counted at most, so that a count costs a bounded time in a list of any length.
pub const COUNT_MAX: i64 = 100_000;

/// Position of a row in a work list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowKey {
    /// The date that the list is ordered by; none where it is ordered by the tie alone.
    pub day: Option<NaiveDate>,
    /// Orders rows of the same date.
    pub tie: Tie,
}

/// What orders rows of the same date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tie {
    /// Sequence number in the log.
    Seq(i64),
    /// Id of the row.
    Id(Uuid),
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// Column of the date; none for the order of the tie alone.
    pub(crate) day: Option<&'static str>,
    /// Whether the last is first.
    pub(crate) descending: bool,
}

/// A range of rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Branch {
    /// Table expression `k`, for each of whose rows the range is read.
    driver: Option<String>,
    /// Conditions on the row `e`.
    conditions: Vec<String>,
    /// Whether the range is in no order of an index: it is small, and sorted.
    sorted: bool,
}

impl Branch {
    /// The rows that meet a condition.
    pub(crate) fn of(condition: String) -> Self {
        Self { conditions: vec![condition], ..Self::default() }
    }

    /// The rows that meet a condition, for each row `k` of a table expression.
    pub(crate) fn for_each(driver: String, condition: &str) -> Self {
        Self { driver: Some(driver), conditions: vec![condition.to_owned()], sorted: false }
    }

    /// The same rows, which are few and sorted.
    pub(crate) fn sorted(self) -> Self {
        Self { sorted: true, ..self }
    }

    fn and(&mut self, conditions: &[String]) {
        self.conditions.extend_from_slice(conditions);
    }

    fn condition(&self) -> String {
        if self.conditions.is_empty() { "TRUE".to_owned() } else { self.conditions.join(" AND ") }
    }
}

/// A statement under construction.
pub(crate) struct ListQuery {
    backend: DbBackend,
    table: &'static str,
    tie: &'static str,
    branches: Vec<Branch>,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl ListQuery {
    /// A list of a table, whose rows of the same date are ordered by the column `tie`.
    pub(crate) fn new(backend: DbBackend, table: &'static str, tie: &'static str) -> Self {
        Self { backend, table, tie, branches: Vec::new(), conditions: Vec::new(), values: Vec::new() }
    }

    /// Adds a value and returns its parameter.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// A table expression `k` with the column `v`, one row for each text of a set.
    pub(crate) fn each_text<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> String {
        let parameter = self.value(sql::texts(texts));
        match self.backend {
            DbBackend::Postgres => {
                format!("(SELECT jsonb_array_elements_text({parameter}::text::jsonb) AS v)")
            }
            _ => format!("(SELECT value AS v FROM json_each({parameter}))"),
        }
    }

    /// The condition that an expression is one of a set of texts.
    pub(crate) fn one_of<'t>(&mut self, what: &str, texts: impl IntoIterator<Item = &'t str>) -> String {
        let parameter = self.value(sql::texts(texts));
        match self.backend {
            DbBackend::Postgres => {
                format!("{what} = ANY(ARRAY(SELECT jsonb_array_elements_text({parameter}::text::jsonb)))")
            }
            _ => format!("{what} IN (SELECT value FROM json_each({parameter}))"),
        }
    }

    /// A range for each text of a set: those rows whose column is that text, and that meet a condition.
    pub(crate) fn branch_for_texts(&mut self, column: &str, texts: &[&str], condition: &str) -> Branch {
        if let [text] = texts {
            let parameter = self.value(*text);
            return Branch::of(format!("e.{column} = {parameter}{condition}"));
        }
        let driver = self.each_text(texts.iter().copied());
        Branch::for_each(driver, &format!("e.{column} = k.v{condition}"))
    }

    /// Adds a range.
    pub(crate) fn add(&mut self, branch: Branch) {
        self.branches.push(branch);
    }

    /// Adds a condition on the rows of all ranges.
    pub(crate) fn require(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// Restricts a column to a period, whose ends may be open.
    pub(crate) fn between(&mut self, column: &str, from: Option<NaiveDate>, to: Option<NaiveDate>) {
        if let Some(day) = from {
            let parameter = self.value(day);
            self.require(format!("e.{column} >= {parameter}"));
        }
        if let Some(day) = to {
            let parameter = self.value(day);
            self.require(format!("e.{column} <= {parameter}"));
        }
    }

    /// Restricts a column of a subject to a period, whose ends may be open.
    fn subject_between(&mut self, column: &str, from: Option<NaiveDate>, to: Option<NaiveDate>) {
        for (day, compare) in [(from, ">="), (to, "<=")] {
            if let Some(day) = day {
                let parameter = self.value(day);
                self.require(format!("p.{column} {compare} {parameter}"));
            }
        }
    }

    /// The conditions on the rows of all ranges.
    fn condition(&self) -> String {
        if self.conditions.is_empty() { "TRUE".to_owned() } else { self.conditions.join(" AND ") }
    }

    /// The statement of a text with the values so far.
    fn statement(self, text: String) -> Statement {
        sql::statement(self.backend, text, self.values)
    }

    fn finish(&mut self) {
        if self.branches.is_empty() {
            self.branches.push(Branch::default());
        }
        for branch in &mut self.branches {
            branch.and(&self.conditions);
        }
    }

    /// A column of `e`, or an expression of the same value that no index has.
    fn expression(&self, column: &str, sorted: bool) -> String {
        match (sorted, self.backend) {
            (false, _) => format!("e.{column}"),
            (true, DbBackend::Postgres) => format!("(e.{column} + 0)"),
            (true, _) => format!("+e.{column}"),
        }
    }

    /// The condition of a page on the rows of a branch, and its order.
    fn page_of(&self, branch: &Branch, sort: Sort, bounds: &[(bool, String)], from_end: bool) -> [String; 2] {
        let columns: Vec<String> = (sort.day.into_iter().chain([self.tie]))
            .map(|column| self.expression(column, branch.sorted))
            .collect();
        let key = match &columns[..] {
            [one] => one.clone(),
            columns => format!("({})", columns.join(", ")),
        };
        let mut condition = branch.condition();
        for (greater, bound) in bounds {
            let compare = if *greater { ">" } else { "<" };
            condition = format!("{condition} AND {key} {compare} {bound}");
        }
        let direction = if sort.descending == from_end { "ASC" } else { "DESC" };
        let order: Vec<String> = columns.iter().map(|column| format!("{column} {direction}")).collect();
        [condition, order.join(", ")]
    }

    /// The statement of a page.
    pub(crate) fn page(mut self, sort: Sort, page: &Page<RowKey>) -> Statement {
        self.finish();
        let mut bounds = Vec::new();
        for (key, is_after) in [(&page.after, true), (&page.before, false)] {
            let Some(key) = key else { continue };
            let tie = match key.tie {
                Tie::Seq(seq) => self.value(seq),
                Tie::Id(id) => self.value(id),
            };
            let bound = match (sort.day, key.day) {
                (Some(_), Some(day)) => format!("({}, {tie})", self.value(day)),
                _ => tie,
            };
            bounds.push((is_after != sort.descending, bound));
        }
        let limit = self.value(page.limit());
        let table = self.table;
        let branches = self.branches.iter().map(|branch| {
            let [condition, order] = self.page_of(branch, sort, &bounds, page.from_end);
            let rows = |what: &str| {
                format!("SELECT {what} FROM {table} e WHERE {condition} ORDER BY {order} LIMIT {limit}")
            };
            match (&branch.driver, self.backend) {
                (None, _) => rows("e.*"),
                (Some(driver), DbBackend::Postgres) => format!(
                    "SELECT e.* FROM {driver} k CROSS JOIN LATERAL ({}) e ORDER BY {order} LIMIT {limit}",
                    rows("e.*")
                ),
                (Some(driver), _) => format!(
                    "SELECT e.* FROM {driver} k CROSS JOIN {table} e ON e.id IN ({}) ORDER BY {order} LIMIT {limit}",
                    rows("e.id")
                ),
            }
        });
        let branches: Vec<String> = branches.collect();
        let text = match &branches[..] {
            [one] => one.clone(),
            several => {
                let several: Vec<String> =
                    several.iter().map(|branch| format!("SELECT * FROM ({branch}) b")).collect();
                let [_, order] = self.page_of(&Branch::default(), sort, &[], page.from_end);
                format!("SELECT e.* FROM ({}) e ORDER BY {order} LIMIT {limit}", several.join(" UNION ALL "))
            }
        };
        sql::statement(self.backend, text, self.values)
    }

    /// The statement that counts the rows, [`COUNT_MAX`] and one more at most.
    pub(crate) fn count(mut self) -> Statement {
        self.finish();
        let limit = self.value(COUNT_MAX + 1);
        let table = self.table;
        let branches = self.branches.iter().map(|branch| {
            let condition = branch.condition();
            match &branch.driver {
                None => format!("SELECT 1 AS one FROM {table} e WHERE {condition}"),
                Some(driver) => {
                    format!("SELECT 1 AS one FROM {driver} k CROSS JOIN {table} e WHERE {condition}")
                }
            }
        });
        let branches = branches.collect::<Vec<_>>().join(" UNION ALL ");
        let text = format!("SELECT COUNT(*) AS n FROM ({branches} LIMIT {limit}) counted");
        sql::statement(self.backend, text, self.values)
    }
}

/// Reads one page.
pub(crate) async fn read<T: FromQueryResult>(
    connection: &impl ConnectionTrait,
    query: ListQuery,
    sort: Sort,
    page: &Page<RowKey>,
) -> Result<Rows<T>, DbErr> {
    let rows = T::find_by_statement(query.page(sort, page)).all(connection).await?;
    Ok(page.truncate(rows))
}

/// Counts the rows of a list, [`COUNT_MAX`] and one more at most.
pub(crate) async fn count(connection: &impl ConnectionTrait, query: ListQuery) -> Result<i64, DbErr> {
    counted(connection, query.count()).await
}

async fn counted(connection: &impl ConnectionTrait, statement: Statement) -> Result<i64, DbErr> {
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}
