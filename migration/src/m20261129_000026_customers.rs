//! Customers: an id and a name of their own, the names that mean them, and what a step about a customer resolved a name
//! to. What existing deals were awarded stays: each customer of before keeps its key, and its name means it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{column, drop_tables, index, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// A customer of before has the id of its first deal, which is of no other.
const FILL: &str = "
    UPDATE customers SET
        id = COALESCE((SELECT d.id FROM deals d WHERE d.customer_key = customers.key ORDER BY d.seq LIMIT 1), {random}),
        name = COALESCE((SELECT d.customer FROM deals d WHERE d.customer_key = customers.key ORDER BY d.seq LIMIT 1), key);
    UPDATE customers SET won_on = (SELECT d.status_on FROM deals d WHERE d.id = customers.won_deal_id)
    WHERE won_deal_id IS NOT NULL;
    INSERT INTO customer_names (spelling, customer_key, name) SELECT key, key, name FROM customers";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        let (uuid, day, text, last_day, random) = if is_postgres {
            ("uuid", "date", "text COLLATE \"C\"", "DATE '9999-12-31'", "gen_random_uuid()")
        } else {
            ("uuid_text", "date_text", "text", "'9999-12-31'", "randomblob(16)")
        };
        let statement = format!(
            "ALTER TABLE customers ADD COLUMN id {uuid}; \
             ALTER TABLE customers ADD COLUMN name {text} NOT NULL DEFAULT ''; \
             ALTER TABLE customers ADD COLUMN won_on {day} NOT NULL DEFAULT {last_day}; \
             ALTER TABLE customers ADD COLUMN joined_into text REFERENCES customers (key) ON DELETE RESTRICT; \
             ALTER TABLE deal_steps ADD COLUMN customer_key text; \
             ALTER TABLE orders ADD COLUMN customer_spelling text; \
             CREATE INDEX ix_orders_customer_spelling ON orders (customer_spelling, seq) \
             WHERE customer_spelling IS NOT NULL; \
             CREATE INDEX ix_orders_unnamed ON orders (seq) WHERE customer IS NOT NULL AND customer_spelling IS NULL; \
             CREATE INDEX ix_deals_customer_key_seq ON deals (customer_key, seq)"
        );
        connection.execute_unprepared(&statement).await?;
        manager.create_table(customer_names()).await?;
        index(manager, "customer_names", &["customer_key"], false).await?;
        index(manager, "customer_names", &["compare_key"], false).await?;
        connection.execute_unprepared(&FILL.replace("{random}", random)).await?;
        let statement = "CREATE UNIQUE INDEX uq_customers_id ON customers (id); \
             CREATE INDEX ix_customer_names_uncompared ON customer_names (spelling) WHERE search_key IS NULL; \
             CREATE INDEX ix_customers_name_id ON customers (name, id) WHERE joined_into IS NULL; \
             CREATE INDEX ix_customers_won_on_id ON customers (won_on, id) WHERE joined_into IS NULL";
        connection.execute_unprepared(statement).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["customer_names"]).await?;
        let statement = "DROP INDEX ix_customers_won_on_id; DROP INDEX ix_customers_name_id; \
             DROP INDEX uq_customers_id; DROP INDEX ix_deals_customer_key_seq; DROP INDEX ix_orders_unnamed; \
             DROP INDEX ix_orders_customer_spelling; \
             ALTER TABLE orders DROP COLUMN customer_spelling; ALTER TABLE deal_steps DROP COLUMN customer_key; \
             ALTER TABLE customers DROP COLUMN joined_into; ALTER TABLE customers DROP COLUMN won_on; \
             ALTER TABLE customers DROP COLUMN name; ALTER TABLE customers DROP COLUMN id";
        manager.get_connection().execute_unprepared(statement).await.map(drop)
    }
}

/// Which customer a name means. Without a key to compare by, it is that spelling alone.
fn customer_names() -> TableCreateStatement {
    Table::create()
        .table("customer_names")
        .col(column("spelling").text().primary_key())
        .col(column("customer_key").text())
        .col(column("name").text())
        .col(optional("compare_key").text())
        .col(optional("search_key").text())
        .foreign_key(&mut references("customer_key", "customers", "key"))
        .to_owned()
}
