//! Indexes of the work lists, each ending in what a list is ordered by, and the last active day of deals.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::column;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Where no time runs, as where the program has yet to compute it: after every other day.
const NEVER: &str = "'9999-12-31'";

/// Name, table and columns, and the condition of a partial index.
const INDEXES: [(&str, &str, &str); 36] = [
    ("ix_activities_kind_seq", "activities (kind, seq)", ""),
    ("ix_activities_kind_occurred", "activities (kind, occurred_on, seq)", ""),
    ("ix_activities_source_seq", "activities (source, seq)", ""),
    ("ix_activities_source_occurred", "activities (source, occurred_on, seq)", ""),
    ("ix_activities_occurred", "activities (occurred_on, seq)", ""),
    ("ix_activities_partner_occurred", "activities (partner_id, occurred_on, seq)", "partner_id IS NOT NULL"),
    (
        "ix_activities_professional_occurred",
        "activities (professional_id, occurred_on, seq)",
        "professional_id IS NOT NULL",
    ),
    ("ix_activities_recorder_seq", "activities (recorded_by, seq)", "recorded_by IS NOT NULL"),
    (
        "ix_activities_recorder_occurred",
        "activities (recorded_by, occurred_on, seq)",
        "recorded_by IS NOT NULL",
    ),
    // Nearly every activity is recorded: only the others are looked for by status.
    ("ix_activities_status_seq", "activities (status, seq)", "status <> 'RECORDED'"),
    ("ix_activities_status_occurred", "activities (status, occurred_on, seq)", "status <> 'RECORDED'"),
    ("ix_activities_partner_status", "activities (partner_id, status, seq)", "status <> 'RECORDED'"),
    (
        "ix_activities_professional_status",
        "activities (professional_id, status, seq)",
        "status <> 'RECORDED'",
    ),
    ("ix_deals_status_seq", "deals (status, seq)", ""),
    ("ix_deals_status_valid", "deals (status, valid_until, seq)", ""),
    ("ix_deals_valid", "deals (valid_until, seq)", ""),
    ("ix_deals_partner_valid", "deals (partner_id, valid_until, seq)", ""),
    ("ix_deals_customer", "deals (customer_key, seq)", ""),
    ("ix_deals_customer_valid", "deals (customer_key, valid_until, seq)", ""),
    ("ix_deals_recorder", "deals (recorded_by, seq)", "recorded_by IS NOT NULL"),
    ("ix_deals_recorder_valid", "deals (recorded_by, valid_until, seq)", "recorded_by IS NOT NULL"),
    ("ix_opportunities_held", "opportunities (held_until)", "deal_id IS NOT NULL"),
    ("ix_orders_placed", "orders (placed_on, seq)", ""),
    ("ix_orders_partner_placed", "orders (partner_id, placed_on, seq)", ""),
    ("ix_orders_status_placed", "orders (status, placed_on, seq)", ""),
    ("ix_orders_purpose_placed", "orders (purpose, placed_on, seq)", ""),
    ("ix_orders_currency_placed", "orders (currency, placed_on, seq)", ""),
    ("ix_swag_orders_placed", "swag_orders (placed_on, seq)", ""),
    ("ix_swag_orders_professional_placed", "swag_orders (professional_id, placed_on, seq)", ""),
    ("ix_swag_orders_status_placed", "swag_orders (status, placed_on, seq)", ""),
    ("ix_swag_orders_item_placed", "swag_orders (item_id, placed_on, seq)", ""),
    ("ix_affiliations_starts", "affiliations (starts_on, id)", ""),
    ("ix_affiliations_professional_starts", "affiliations (professional_id, starts_on, id)", ""),
    ("ix_affiliations_partner_starts", "affiliations (partner_id, starts_on, id)", ""),
    ("ix_contracts_starts", "contracts (starts_on, id)", ""),
    ("ix_contracts_ends", "contracts (ends_on, id)", ""),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let valid_until = column("valid_until").date().default(Expr::cust(NEVER)).to_owned();
        manager.alter_table(Table::alter().table("deals").add_column(valid_until).to_owned()).await?;
        for (name, columns, condition) in INDEXES {
            let partial = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
            let create = format!("CREATE INDEX {name} ON {columns}{partial}");
            manager.get_connection().execute_unprepared(&create).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, ..) in INDEXES {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        let contract = "ALTER TABLE deals DROP COLUMN valid_until";
        manager.get_connection().execute_unprepared(contract).await.map(drop)
    }
}
