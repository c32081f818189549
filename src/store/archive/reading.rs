//! Reading every row as it is at one moment.

use futures_util::TryStreamExt;
use sea_orm::DbErr;
use sqlx::{AssertSqlSafe, Executor, Postgres, Sqlite, Transaction};
use tokio::sync::mpsc::Sender;

use super::lines::{from_copy, from_sqlite};
use super::part::{NO_TIMEOUTS, Part};
use super::tables::{self, Table};
use crate::store::Database;
use crate::store::pools::failed;

/// Length of a part from which on it is handed over.
const PART_BYTES: usize = 256 << 10;
/// Texts of times are in UTC and in ISO's form, whatever the role's settings are.
const FORMS: &str = "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'";

/// Hands over every row of the tables that are not left out, until nobody takes them.
pub(super) async fn read(database: &Database, left_out: &[&str], to: Sender<Part>) -> Result<(), DbErr> {
    let tables = tables::all().into_iter().filter(|table| !left_out.contains(&table.name));
    if database.pools.postgres.is_some() {
        let pool = database.pools.read.get_postgres_connection_pool();
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = pool.begin_with(begin).await.map_err(failed)?;
        transaction.execute(NO_TIMEOUTS).await.map_err(failed)?;
        transaction.execute(FORMS).await.map_err(failed)?;
        for table in tables {
            read_postgres(&mut transaction, &table, &to).await?;
        }
        return transaction.commit().await.map_err(failed);
    }
    let pool = database.pools.read.get_sqlite_connection_pool();
    let mut transaction = pool.begin().await.map_err(failed)?;
    for table in tables {
        read_sqlite(&mut transaction, &table, &to).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

async fn read_postgres(
    transaction: &mut Transaction<'_, Postgres>,
    table: &Table,
    to: &Sender<Part>,
) -> Result<(), DbErr> {
    let mut lines = Lines::begin(table, to).await;
    let copy = format!("COPY ({}) TO STDOUT", table.query(true));
    let mut rows = transaction.copy_out_raw(&copy).await.map_err(failed)?;
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let written = from_copy(table, &row, lines.row());
        written.ok_or_else(|| DbErr::Type(format!("a row of {} has a value without a form", table.name)))?;
        lines.hand_over(PART_BYTES).await;
    }
    lines.hand_over(1).await;
    Ok(())
}

async fn read_sqlite(
    transaction: &mut Transaction<'_, Sqlite>,
    table: &Table,
    to: &Sender<Part>,
) -> Result<(), sqlx::Error> {
    let mut lines = Lines::begin(table, to).await;
    let mut rows = sqlx::query(AssertSqlSafe(table.query(false))).fetch(&mut **transaction);
    while let Some(row) = rows.try_next().await? {
        from_sqlite(table, &row, lines.row())?;
        lines.hand_over(PART_BYTES).await;
    }
    lines.hand_over(1).await;
    Ok(())
}

/// Lines that wait until they are handed over.
struct Lines<'t> {
    to: &'t Sender<Part>,
    text: Vec<u8>,
    count: u64,
}

impl<'t> Lines<'t> {
    async fn begin(table: &Table, to: &'t Sender<Part>) -> Self {
        let mut begun = Self { to, text: Vec::new(), count: 0 };
        begun.send(Part::Table(table.name.to_owned())).await;
        begun
    }

    /// Where the line of a row goes.
    fn row(&mut self) -> &mut Vec<u8> {
        self.count += 1;
        &mut self.text
    }

    /// Hands over what has this length.
    async fn hand_over(&mut self, least: usize) {
        if self.text.len() >= least {
            let next = Vec::with_capacity(self.text.capacity());
            let lines = std::mem::replace(&mut self.text, next);
            let count = std::mem::take(&mut self.count);
            self.send(Part::Rows { lines, count }).await;
        }
    }

    async fn send(&mut self, part: Part) {
        // Whoever takes no more parts has failed, and says so.
        let _ = self.to.send(part).await;
    }
}
