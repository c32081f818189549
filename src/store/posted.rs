//! The rows of a posting: one statement on PostgreSQL, one for each table on SQLite.

use std::sync::LazyLock;

use entity::{
    activity, event, ledger_entry, log, partner_balance, partner_day, partner_tally, partner_total,
    points_entry, professional_balance, professional_day, professional_tally, professional_total,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ModelTrait, Statement, Value};

use super::event::Numbering;
use super::{event as events, insert_all, set, upsert_all};

/// The rows of a posting.
#[derive(Debug, Default)]
pub(crate) struct PostedSets {
    /// New activities.
    pub(crate) activities: Vec<activity::Model>,
    pub(crate) log: Vec<log::Model>,
    pub(crate) points: Vec<points_entry::Model>,
    pub(crate) ledger: Vec<ledger_entry::Model>,
    pub(crate) professional_tallies: Vec<professional_tally::Model>,
    pub(crate) partner_tallies: Vec<partner_tally::Model>,
    pub(crate) professional_days: Vec<professional_day::Model>,
    pub(crate) partner_days: Vec<partner_day::Model>,
    pub(crate) professional_totals: Vec<professional_total::Model>,
    pub(crate) partner_totals: Vec<partner_total::Model>,
    pub(crate) professional_balances: Vec<professional_balance::Model>,
    pub(crate) partner_balances: Vec<partner_balance::Model>,
    /// Events in their order.
    pub(crate) events: Vec<event::Model>,
}

impl PostedSets {
    /// Writes all rows.
    pub(crate) async fn write(
        self,
        connection: &impl ConnectionTrait,
        numbering: Numbering,
    ) -> Result<(), DbErr> {
        if connection.get_database_backend() == DbBackend::Postgres {
            return self.write_at_once(connection, numbering).await;
        }
        insert_all(connection, self.activities).await?;
        insert_all(connection, self.log).await?;
        insert_all(connection, self.points).await?;
        insert_all(connection, self.ledger).await?;
        upsert_all(connection, self.professional_tallies).await?;
        upsert_all(connection, self.partner_tallies).await?;
        upsert_all(connection, self.professional_days).await?;
        upsert_all(connection, self.partner_days).await?;
        upsert_all(connection, self.professional_totals).await?;
        upsert_all(connection, self.partner_totals).await?;
        upsert_all(connection, self.professional_balances).await?;
        upsert_all(connection, self.partner_balances).await?;
        events::insert(connection, self.events, numbering).await
    }

    /// Writes all rows by one statement. Its foreign keys are checked when it ends.
    async fn write_at_once(
        self,
        connection: &impl ConnectionTrait,
        numbering: Numbering,
    ) -> Result<(), DbErr> {
        static TEXT: LazyLock<String> = LazyLock::new(|| {
            let mut text = Text::default();
            text.insert::<activity::Model>(false);
            text.insert::<log::Model>(false);
            text.insert::<points_entry::Model>(false);
            text.insert::<ledger_entry::Model>(false);
            text.insert::<professional_tally::Model>(true);
            text.insert::<partner_tally::Model>(true);
            text.insert::<professional_day::Model>(true);
            text.insert::<partner_day::Model>(true);
            text.insert::<professional_total::Model>(true);
            text.insert::<partner_total::Model>(true);
            text.insert::<professional_balance::Model>(true);
            text.insert::<partner_balance::Model>(true);
            format!("WITH {}, {}", text.parts.join(", "), events::insert_text(text.parameters + 1))
        });
        let mut values: Vec<Value> = Vec::new();
        values.extend(set::arrays(&self.activities)?);
        values.extend(set::arrays(&self.log)?);
        values.extend(set::arrays(&self.points)?);
        values.extend(set::arrays(&self.ledger)?);
        values.extend(set::arrays(&self.professional_tallies)?);
        values.extend(set::arrays(&self.partner_tallies)?);
        values.extend(set::arrays(&self.professional_days)?);
        values.extend(set::arrays(&self.partner_days)?);
        values.extend(set::arrays(&self.professional_totals)?);
        values.extend(set::arrays(&self.partner_totals)?);
        values.extend(set::arrays(&self.professional_balances)?);
        values.extend(set::arrays(&self.partner_balances)?);
        values.extend(events::insert_values(&self.events, numbering)?);
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, TEXT.as_str(), values);
        connection.execute_raw(statement).await.map(drop)
    }
}

/// The parts of a statement that writes rows of several tables.
#[derive(Debug, Default)]
struct Text {
    parts: Vec<String>,
    parameters: usize,
}

impl Text {
    fn insert<M: ModelTrait>(&mut self, upsert: bool) {
        let insert = set::insert_text::<M>(upsert, self.parameters + 1);
        self.parts.push(format!("w{} AS ({insert})", self.parts.len()));
        self.parameters += set::parameters::<M>();
    }
}
