//! The whole database as lines of text, and back.
//!
//! A row is one JSON object: its columns by name in alphabetical order, without those that are null. Rows of a table
//! follow in the order of their primary key. So both engines give the same lines for the same rows.

mod copy;
mod unfinished;
mod values;

use futures_util::TryStreamExt;
use migration::{Migrator, MigratorTrait};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend,
    DbErr, EntityName, EntityTrait, FromQueryResult, IdenStatic, IntoActiveModel, Iterable, ModelTrait,
    Order, PrimaryKeyToColumn, QueryOrder, Select, Statement, TryIntoModel,
};
use serde_json::{Map, Value as Json};

use super::{Database, insert_all};
pub use copy::copy;
pub use unfinished::{Progress, mark, refuse_marked, unmark};

/// Rows that are inserted together.
const ROWS_AT_ONCE: usize = 1_000;
/// Tables that are not empty in a new database: their rows are replaced.
const FILLED_AT_FIRST: [&str; 2] = ["event_feed", "server_secrets"];
/// Lifts the timeouts of one transaction.
const NO_TIMEOUTS: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0";

/// Calls a macro with every table, those first that others refer to.
macro_rules! every_table {
    ($each:ident) => {
        $each!(
            audit_entry,
            customer,
            edition,
            event_feed,
            event,
            idempotency_key,
            import_run,
            notice_progress,
            partner,
            product,
            professional,
            server_secret,
            swag_item,
            activity,
            affiliation,
            api_key,
            certificate,
            contract,
            customer_name,
            deal,
            edition_draft,
            edition_rollout,
            import_refused_row,
            partner_balance,
            partner_day,
            partner_sales,
            partner_tally,
            partner_total,
            product_price,
            professional_balance,
            professional_day,
            professional_tally,
            professional_total,
            quote,
            sales_target,
            swag_order,
            webhook_endpoint,
            contract_rate,
            deal_step,
            deal_timer,
            edition_trial,
            recalculation,
            opportunity,
            opportunity_timer,
            order,
            quote_line,
            webhook_delivery,
            webhook_secret,
            edition_trial_subject,
            log,
            order_line,
            webhook_attempt,
            ledger_entry,
            merged_object,
            points_entry,
            seal,
            subject_step,
        )
    };
}

use every_table;

/// Why an archive can't be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The database has rows already: the table that has.
    #[error("the database is not empty: {0} has rows")]
    NotEmpty(String),
    /// Another restore into the same database is running.
    #[error("another restore into the database is running")]
    Running,
    /// The database has the rows of another archive, which were not verified.
    #[error("the database has the rows of another archive")]
    OtherArchive,
    /// A line of the archive does not fit: what is wrong with it.
    #[error("{0}")]
    Unfit(String),
}

/// The name of the schema: its last migration.
#[must_use]
pub fn schema_name() -> String {
    Migrator::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default()
}

/// Names of all tables, in the order in which an archive has them.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    let mut names = Vec::new();
    macro_rules! name {
        ($($module:ident),+ $(,)?) => { $(names.push(entity::$module::Entity.table_name());)+ };
    }
    every_table!(name);
    names
}

/// Writes every row as it is at one moment: `line` takes the name of a table and one of its rows, or none before its
/// first.
///
/// # Errors
/// When the database fails, or `line` does.
pub async fn write_all<E>(
    database: &Database,
    mut line: impl FnMut(&'static str, Option<&str>) -> Result<(), E>,
) -> Result<(), E>
where
    E: From<DbErr>,
{
    let opened = database.begin_snapshot().await?;
    let snapshot: &DatabaseTransaction = &opened;
    lift_timeouts(snapshot).await?;
    macro_rules! write {
        ($($module:ident),+ $(,)?) => { $(write_table::<entity::$module::Entity, E>(snapshot, &mut line).await?;)+ };
    }
    every_table!(write);
    Ok(opened.commit().await.map_err(DbErr::from)?)
}

async fn write_table<T, E>(
    snapshot: &DatabaseTransaction,
    line: &mut impl FnMut(&'static str, Option<&str>) -> Result<(), E>,
) -> Result<(), E>
where
    T: EntityTrait,
    T::Model: FromQueryResult,
    E: From<DbErr>,
{
    let name = T::default().table_name();
    line(name, None)?;
    let mut rows = in_order::<T>(snapshot).stream(snapshot).await?;
    while let Some(row) = rows.try_next().await? {
        line(name, Some(&Json::Object(json_row(&row, |_| true)).to_string()))?;
    }
    Ok(())
}

/// The rows of a table in the order of their primary key.
fn in_order<T: EntityTrait>(snapshot: &DatabaseTransaction) -> Select<T> {
    let mut query = T::find();
    for key in T::PrimaryKey::iter() {
        let column = key.into_column();
        query = if snapshot.get_database_backend() == DbBackend::Postgres && values::is_text(&column.def()) {
            // The order of bytes, as SQLite's, and not of the database's language.
            query.order_by(Expr::cust(format!("\"{}\" COLLATE \"C\"", column.as_str())), Order::Asc)
        } else {
            query.order_by(column, Order::Asc)
        };
    }
    query
}

/// The columns of a row that are kept, without those that are null.
pub(crate) fn json_row<M: ModelTrait>(row: &M, is_kept: impl Fn(&str) -> bool) -> Map<String, Json> {
    let columns = <M::Entity as EntityTrait>::Column::iter().filter(|column| is_kept(column.as_str()));
    let columns =
        columns.filter_map(|column| Some((column.as_str().to_owned(), values::to_json(row.get(column))?)));
    columns.collect()
}

/// Rows that are put into an empty database, all of them or none.
pub struct Restore {
    transaction: super::transaction::Transaction,
    table: Option<&'static str>,
    rows: Vec<Map<String, Json>>,
    /// Keys to the same table or to a later one, of PostgreSQL: they are checked at the end.
    deferred: Vec<(String, String)>,
    /// The checksum of the archive, for the mark that is on the database.
    marked: Option<String>,
}

impl Restore {
    /// Begins with a database whose schema is up to date.
    ///
    /// # Errors
    /// When a table has rows.
    pub async fn begin(database: &Database) -> Result<Self, RestoreError> {
        Self::begin_with(database, &[]).await
    }

    /// The same with a database that is [marked](mark) for the archive with this checksum.
    ///
    /// # Errors
    /// When a table has rows, or another restore is running.
    pub async fn begin_marked(database: &Database, archive: &str) -> Result<Self, RestoreError> {
        let begun = Self::begin_with(database, &[]).await?;
        unfinished::refuse_second(&begun.transaction).await?;
        Ok(Self { marked: Some(archive.to_owned()), ..begun })
    }

    /// The same where some tables get no rows: one that is not empty in a new database keeps its own.
    async fn begin_with(database: &Database, left_out: &[&str]) -> Result<Self, RestoreError> {
        let transaction = database.begin().await?;
        lift_timeouts(&transaction).await?;
        for name in tables() {
            if FILLED_AT_FIRST.contains(&name) {
                if left_out.contains(&name) {
                    continue;
                }
                transaction.execute_unprepared(&format!("DELETE FROM {name}")).await?;
                continue;
            }
            let any = format!("SELECT 1 FROM {name} LIMIT 1");
            let statement = Statement::from_string(transaction.get_database_backend(), any);
            if transaction.query_one_raw(statement).await?.is_some() {
                return Err(RestoreError::NotEmpty(name.to_owned()));
            }
        }
        let mut deferred = Vec::new();
        if transaction.get_database_backend() == DbBackend::Postgres {
            deferred = later_keys(&transaction).await?;
            for (table, key) in &deferred {
                let text =
                    format!("ALTER TABLE {table} ALTER CONSTRAINT {key} DEFERRABLE INITIALLY DEFERRED");
                transaction.execute_unprepared(&text).await?;
            }
        } else {
            transaction.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
        }
        Ok(Self { transaction, table: None, rows: Vec::new(), deferred, marked: None })
    }

    /// The rows that follow are those of a table.
    ///
    /// # Errors
    /// When there is no such table, or the database fails.
    pub async fn table(&mut self, name: &str) -> Result<(), RestoreError> {
        self.flush().await?;
        let known = tables().into_iter().find(|known| *known == name);
        self.table = Some(known.ok_or_else(|| RestoreError::Unfit(format!("there is no table {name}")))?);
        Ok(())
    }

    /// Adds a row to the table.
    ///
    /// # Errors
    /// When it does not fit the table, or the database fails.
    pub async fn row(&mut self, row: Map<String, Json>) -> Result<(), RestoreError> {
        self.rows.push(row);
        if self.rows.len() >= ROWS_AT_ONCE { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), RestoreError> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let Some(table) = self.table else {
            return Err(RestoreError::Unfit("a row stands before the first table".to_owned()));
        };
        let transaction: &DatabaseTransaction = &self.transaction;
        macro_rules! insert {
            ($($module:ident),+ $(,)?) => {
                $(if table == entity::$module::Entity.table_name() {
                    return insert_rows::<entity::$module::Entity>(transaction, rows).await;
                })+
            };
        }
        every_table!(insert);
        Ok(())
    }

    /// Keeps everything.
    ///
    /// # Errors
    /// When a row refers to one that is missing, or the database fails.
    pub async fn finish(mut self) -> Result<(), RestoreError> {
        self.flush().await?;
        let transaction = &self.transaction;
        if transaction.get_database_backend() == DbBackend::Postgres {
            transaction.execute_unprepared("SET CONSTRAINTS ALL IMMEDIATE").await?;
            for (table, key) in &self.deferred {
                let text = format!("ALTER TABLE {table} ALTER CONSTRAINT {key} NOT DEFERRABLE");
                transaction.execute_unprepared(&text).await?;
            }
            for sequence in sequences(transaction).await? {
                transaction.execute_unprepared(&sequence).await?;
            }
            transaction.execute_unprepared("ANALYZE").await?;
        }
        if let Some(archive) = &self.marked {
            unfinished::note_rows(transaction, archive).await?;
        }
        Ok(self.transaction.commit().await.map_err(DbErr::from)?)
    }
}

async fn insert_rows<T>(
    transaction: &DatabaseTransaction,
    rows: Vec<Map<String, Json>>,
) -> Result<(), RestoreError>
where
    T: EntityTrait,
    T::Model: IntoActiveModel<T::ActiveModel>,
    T::ActiveModel: ActiveModelBehavior + TryIntoModel<T::Model>,
{
    let name = T::default().table_name();
    let unfit = |text: String| RestoreError::Unfit(format!("{name}: {text}"));
    let mut models = Vec::with_capacity(rows.len());
    for mut row in rows {
        let mut active = T::ActiveModel::default();
        for column in T::Column::iter() {
            let value = row.remove(column.as_str());
            let value = values::from_json(&column.def(), value.as_ref());
            let value = value.map_err(|text| unfit(format!("{} {text}", column.as_str())))?;
            active
                .try_set(column, value)
                .map_err(|_| unfit(format!("{} has no known value", column.as_str())))?;
        }
        if let Some(column) = row.keys().next() {
            return Err(unfit(format!("there is no column {column}")));
        }
        models.push(active.try_into_model().map_err(|error| unfit(error.to_string()))?);
    }
    Ok(insert_all(transaction, models).await?)
}

async fn lift_timeouts(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(NO_TIMEOUTS).await?;
    }
    Ok(())
}

/// Foreign keys that refer to rows that may come later, with the table: those to the table itself, and that of an edition
/// to its recalculation, whose plan may come from a draft that was published. The keys of partitions are those of their
/// table.
async fn later_keys(transaction: &DatabaseTransaction) -> Result<Vec<(String, String)>, DbErr> {
    let text = "SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name FROM pg_constraint \
                WHERE contype = 'f' AND conparentid = 0 AND (conrelid = confrelid OR confrelid::regclass::text = 'recalculations') AND connamespace = current_schema()::regnamespace";
    let rows = transaction.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "owner")?, row.try_get("", "name")?))).collect()
}

/// Statements after which every sequence goes on behind the rows that are there.
async fn sequences(transaction: &DatabaseTransaction) -> Result<Vec<String>, DbErr> {
    let text = "SELECT quote_ident(table_name) AS owner, quote_ident(column_name) AS name, \
                pg_get_serial_sequence(quote_ident(table_name), column_name) AS sequence \
                FROM information_schema.columns WHERE table_schema = current_schema() \
                AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL";
    let rows = transaction.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await?;
    let mut found = vec![("log".to_owned(), "seq".to_owned(), "log_seq".to_owned())];
    for row in rows {
        found.push((row.try_get("", "owner")?, row.try_get("", "name")?, row.try_get("", "sequence")?));
    }
    let statement = |(owner, name, sequence): (String, String, String)| {
        format!("SELECT setval('{sequence}', (SELECT COALESCE(MAX({name}), 0) FROM {owner}) + 1, false)")
    };
    Ok(found.into_iter().map(statement).collect())
}
