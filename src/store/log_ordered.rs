//! Lists in the order of recording: rows of an owner, keyed by their position in the log.

use std::collections::HashMap;
use std::sync::OnceLock;

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use uuid::Uuid;

use super::page::{self, Page, PageSql, Rows};
use super::row;
use super::sql::Sql;

/// The list statements of one table by one owner, built on first use.
pub(crate) struct LogOrderedList {
    table: &'static str,
    owner: &'static str,
    pages: OnceLock<PageSql>,
    count: OnceLock<Sql>,
}

impl LogOrderedList {
    pub(crate) const fn new(table: &'static str, owner: &'static str) -> Self {
        Self { table, owner, pages: OnceLock::new(), count: OnceLock::new() }
    }

    /// For each owner, one page.
    pub(crate) async fn pages<T: FromQueryResult>(
        &self,
        connection: &impl ConnectionTrait,
        owners: &[Uuid],
        page: &Page<i64>,
        owner: impl Fn(&T) -> Uuid,
    ) -> Result<HashMap<Uuid, Rows<T>>, DbErr> {
        // Behind the set of owners: after, before, and how many.
        let text = |direction: &str| {
            let (condition, order) = ("e.seq > $2 AND e.seq < $3", format!("e.seq {direction}"));
            Sql::page_per_owner("e.*", self.table, self.owner, condition, &order, "$4", "")
        };
        let sql = self.pages.get_or_init(|| PageSql { forward: text("ASC"), backward: text("DESC") });
        let values: [Value; 3] =
            [page.after.unwrap_or(0).into(), page.before.unwrap_or(i64::MAX).into(), page.limit()];
        page::pages_per_owner(connection, sql, page, owners, values, row::derived, owner).await
    }

    /// For each owner, how many rows there are.
    pub(crate) async fn counts(
        &self,
        connection: &impl ConnectionTrait,
        owners: &[Uuid],
    ) -> Result<HashMap<Uuid, i64>, DbErr> {
        let Self { table, owner, .. } = self;
        let sql = self.count.get_or_init(|| {
            Sql::new(&format!(
                "SELECT {owner} AS owner, COUNT(*) AS rows FROM {table} e WHERE {owner} @uuids1 GROUP BY {owner}"
            ))
        });
        page::count_per_owner(connection, sql, owners, []).await
    }
}
