//! What time will change of a level: the day on which it lapses, and what is missing for the next one or to keep it.
//! Lists of partners and professionals are filtered and ordered by it. The program computes the values of the rows that
//! there are when it starts. And an index for the activities of an import by their dates.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::optional;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table and column of each number.
const NUMBERS: [(&str, &str); 4] = [
    ("partner_balances", "technical_to_next"),
    ("partner_balances", "business_to_next"),
    ("partner_balances", "least_to_next"),
    ("professional_balances", "points_to_retain"),
];
/// Table and column of each day.
const DAYS: [(&str, &str); 4] = [
    ("partner_balances", "technical_lapses_on"),
    ("partner_balances", "business_lapses_on"),
    ("partner_balances", "first_lapses_on"),
    ("professional_balances", "renews_on"),
];

/// Name, and what it is on.
const INDEXES: [(&str, &str); 11] = [
    ("ix_partner_balances_technical_next", "partner_balances (technical_to_next, partner_id)"),
    ("ix_partner_balances_business_next", "partner_balances (business_to_next, partner_id)"),
    ("ix_partner_balances_least_next", "partner_balances (least_to_next, partner_id)"),
    ("ix_partner_balances_technical_lapse", "partner_balances (technical_lapses_on, partner_id)"),
    ("ix_partner_balances_business_lapse", "partner_balances (business_lapses_on, partner_id)"),
    ("ix_partner_balances_first_lapse", "partner_balances (first_lapses_on, partner_id)"),
    ("ix_professional_balances_renews", "professional_balances (renews_on, professional_id)"),
    (
        "ix_professional_balances_at_risk",
        "professional_balances (renews_on, professional_id) WHERE points_to_retain > 0",
    ),
    (
        "ix_activities_import_run_occurred",
        "activities (import_run_id, occurred_on, seq) WHERE import_run_id IS NOT NULL",
    ),
    ("ix_partner_balances_unknown", "partner_balances (partner_id) WHERE first_lapses_on IS NULL"),
    ("ix_professional_balances_unknown", "professional_balances (professional_id) WHERE renews_on IS NULL"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let numbers = NUMBERS.map(|(table, column)| (table, optional(column).big_integer().to_owned()));
        let days = DAYS.map(|(table, column)| (table, optional(column).date().to_owned()));
        for (table, column) in numbers.into_iter().chain(days) {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        for (name, on) in INDEXES {
            manager.get_connection().execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (name, _) in INDEXES {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        for (table, column) in NUMBERS.into_iter().chain(DAYS) {
            connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}
