//! What credits are spent on and what earns them in sales: products, contracts, orders, deals, sales
//! targets and the swag shop.

use sea_orm_migration::prelude::*;

use crate::schema::{append_only, column, drop_tables, index, one_of, optional, ordered_text, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The five categories of products (PP, Rewards).
const CATEGORIES: [&str; 5] =
    ["LICENSE", "USAGE_BASED_SERVICE", "SUPPORT_SERVICE", "TRAINING", "CERTIFICATION"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        products(manager).await?;
        contracts(manager).await?;
        orders(manager).await?;
        order_lines(manager).await?;
        sales(manager).await?;
        deals(manager).await?;
        swag(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "swag_orders",
            "swag_items",
            "deal_steps",
            "opportunities",
            "deals",
            "customers",
            "partner_sales",
            "sales_targets",
            "order_lines",
            "orders",
            "contract_rates",
            "contracts",
            "product_prices",
            "products",
        ];
        drop_tables(manager, &tables).await
    }
}

/// Prices may change: an order keeps those that it was priced with.
async fn products(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("products")
        .col(column("id").uuid().primary_key())
        .col(ordered_text(manager, "code").unique_key())
        .col(column("name").text())
        .col(column("category").text())
        .col(column("created_at").timestamp_with_time_zone())
        .check(one_of("category", &CATEGORIES))
        .to_owned();
    manager.create_table(table).await?;
    let prices = Table::create()
        .table("product_prices")
        .col(column("product_id").uuid())
        .col(column("currency").text())
        .col(column("amount").big_integer())
        .primary_key(Index::create().col("product_id").col("currency"))
        .foreign_key(&mut references("product_id", "products", "id"))
        .check(Expr::col("amount").gte(0))
        .to_owned();
    manager.create_table(prices).await
}

async fn contracts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("contracts")
        .col(column("id").uuid().primary_key())
        .col(column("partner_id").uuid())
        .col(column("reference").text())
        .col(column("starts_on").date())
        .col(column("ends_on").date())
        .col(column("recorded_at").timestamp_with_time_zone())
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .check(Expr::col("ends_on").gte(Expr::col("starts_on")))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "contracts", &["partner_id", "reference"], true).await?;
    append_only(manager, "contracts", &[], &[&["id"], &["partner_id", "reference"]]).await?;
    let rates = Table::create()
        .table("contract_rates")
        .col(column("contract_id").uuid())
        .col(column("category").text())
        .col(column("percent").text())
        .primary_key(Index::create().col("contract_id").col("category"))
        .foreign_key(&mut references("contract_id", "contracts", "id"))
        .check(one_of("category", &CATEGORIES))
        .to_owned();
    manager.create_table(rates).await?;
    append_only(manager, "contract_rates", &[], &[&["contract_id", "category"]]).await
}

/// What an order was priced with never changes; its status and the days of it are projections.
async fn orders(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let amounts = ["list", "net", "cap", "redeemed"];
    let mut table = Table::create()
        .table("orders")
        .col(column("id").uuid().primary_key())
        .col(column("seq").big_integer().unique_key())
        .col(column("number").text().unique_key())
        .col(column("partner_id").uuid())
        .col(column("purpose").text())
        .col(optional("customer").text())
        .col(column("currency").text())
        .col(column("placed_on").date())
        .col(column("edition_id").uuid())
        .col(column("level").text())
        .col(column("credits").big_integer())
        .col(column("max_credits").big_integer())
        .col(optional("credit_value").big_integer())
        .col(column("idempotency_key").text())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("status").text())
        .col(optional("fulfilled_on").date())
        .col(optional("cancelled_on").date())
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .foreign_key(&mut references("edition_id", "editions", "id"))
        .check(one_of("purpose", &["END_CUSTOMER", "SELF_USE"]))
        .check(one_of("status", &["PLACED", "FULFILLED", "CANCELLED"]))
        .check(Expr::col("credits").between(0, Expr::col("max_credits")))
        .check(Expr::col("redeemed").between(0, Expr::col("net")))
        .to_owned();
    for amount in amounts {
        table.col(column(amount).big_integer());
    }
    manager.create_table(table).await?;
    index(manager, "orders", &["partner_id", "idempotency_key"], true).await?;
    index(manager, "orders", &["partner_id", "seq"], false).await?;
    let facts = [
        "id",
        "seq",
        "number",
        "partner_id",
        "purpose",
        "customer",
        "currency",
        "placed_on",
        "edition_id",
        "level",
        "credits",
        "max_credits",
        "credit_value",
        "idempotency_key",
        "recorded_at",
        "list",
        "net",
        "cap",
        "redeemed",
    ];
    let keys: [&[&str]; 4] = [&["id"], &["seq"], &["number"], &["partner_id", "idempotency_key"]];
    append_only(manager, "orders", &facts, &keys).await
}

async fn order_lines(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("order_lines")
        .col(column("order_id").uuid())
        .col(column("line").integer())
        .col(column("product_id").uuid())
        .col(column("product_code").text())
        .col(column("product_name").text())
        .col(column("category").text())
        .col(column("quantity").big_integer())
        .col(column("unit_price").big_integer())
        .col(column("discount_percent").text())
        .col(optional("contract_id").uuid())
        .col(column("cap_percent").text())
        .col(column("list").big_integer())
        .col(column("net").big_integer())
        .col(column("cap").big_integer())
        .col(column("redeemed").big_integer())
        .primary_key(Index::create().col("order_id").col("line"))
        .foreign_key(&mut references("order_id", "orders", "id"))
        .foreign_key(&mut references("product_id", "products", "id"))
        .foreign_key(&mut references("contract_id", "contracts", "id"))
        .check(one_of("category", &CATEGORIES))
        .check(Expr::col("quantity").gte(1))
        .check(Expr::col("redeemed").between(0, Expr::col("cap")))
        .to_owned();
    manager.create_table(table).await?;
    append_only(manager, "order_lines", &[], &[&["order_id", "line"]]).await
}

/// A target of a partner and year, and what fulfilled orders came to, by currency.
async fn sales(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let targets = Table::create()
        .table("sales_targets")
        .col(column("id").uuid().primary_key())
        .col(column("partner_id").uuid())
        .col(column("year").integer())
        .col(column("currency").text())
        .col(column("amount").big_integer())
        .col(optional("reached_on").date())
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .check(Expr::col("amount").gt(0))
        .to_owned();
    manager.create_table(targets).await?;
    index(manager, "sales_targets", &["partner_id", "year"], true).await?;
    let sums = Table::create()
        .table("partner_sales")
        .col(column("partner_id").uuid())
        .col(column("year").integer())
        .col(column("currency").text())
        .col(column("net").big_integer())
        .col(column("orders").big_integer())
        .col(column("latest_on").date())
        .primary_key(Index::create().col("partner_id").col("year").col("currency"))
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .to_owned();
    manager.create_table(sums).await
}

/// A deal's reference, partner and day of registration never change. Where it stands is a projection of
/// its steps, as are the customers' won deals and who holds which opportunity.
async fn deals(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let customers = Table::create()
        .table("customers")
        .col(column("key").text().primary_key())
        .col(optional("won_deal_id").uuid())
        .to_owned();
    manager.create_table(customers).await?;
    let statuses = [
        "LEAD",
        "ENGAGED",
        "CONFIRMED",
        "QUOTED",
        "NEGOTIATING",
        "WAITING_PO",
        "COLD",
        "CLOSED_WON",
        "CLOSED_LOST",
        "CLOSED_DROPPED",
    ];
    let table = Table::create()
        .table("deals")
        .col(column("id").uuid().primary_key())
        .col(column("seq").big_integer().unique_key())
        .col(column("partner_id").uuid())
        .col(column("reference").text().unique_key())
        .col(column("registered_on").date())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("customer").text())
        .col(column("customer_key").text())
        .col(column("scope").text())
        .col(column("scope_key").text())
        .col(optional("description").text())
        .col(column("status").text())
        .col(column("status_on").date())
        .col(optional("outcome").text())
        .col(optional("lead_proof_on").date())
        .col(optional("proof_on").date())
        .col(column("activity_on").date())
        .col(optional("claimed_on").date())
        .col(optional("rewarded_on").date())
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .foreign_key(&mut references("customer_key", "customers", "key"))
        .check(one_of("status", &statuses))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "deals", &["partner_id", "seq"], false).await?;
    let facts = ["id", "seq", "partner_id", "reference", "registered_on", "recorded_at"];
    append_only(manager, "deals", &facts, &[&["id"], &["seq"], &["reference"]]).await?;
    let opportunities = Table::create()
        .table("opportunities")
        .col(column("customer_key").text())
        .col(column("scope_key").text())
        .col(optional("deal_id").uuid())
        .col(optional("held_since").date())
        .col(optional("held_until").date())
        .primary_key(Index::create().col("customer_key").col("scope_key"))
        .foreign_key(&mut references("customer_key", "customers", "key"))
        .foreign_key(&mut references("deal_id", "deals", "id"))
        .to_owned();
    manager.create_table(opportunities).await?;
    deal_steps(manager, &statuses).await
}

async fn deal_steps(manager: &SchemaManager<'_>, statuses: &[&str]) -> Result<(), DbErr> {
    let reports = ["MEETING", "INTRODUCTION", "EXHIBITION_MEETING", "WEBINAR", "OTHER"];
    let steps = Table::create()
        .table("deal_steps")
        .col(column("log_seq").big_integer().primary_key())
        .col(column("deal_id").uuid())
        .col(column("day").date())
        .col(optional("status").text())
        .col(optional("outcome").text())
        .col(optional("report").text())
        .col(optional("note").text())
        .col(optional("customer").text())
        .col(optional("scope").text())
        .col(optional("description").text())
        .foreign_key(&mut references("deal_id", "deals", "id"))
        .check(one_of("status", statuses))
        .check(one_of("outcome", &["WON_BY_PARTNER", "WON_BY_OTHER", "LOST", "DROPPED"]))
        .check(one_of("report", &reports))
        .to_owned();
    manager.create_table(steps).await?;
    index(manager, "deal_steps", &["deal_id", "log_seq"], false).await?;
    append_only(manager, "deal_steps", &[], &[&["log_seq"]]).await
}

async fn swag(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let items = Table::create()
        .table("swag_items")
        .col(column("id").uuid().primary_key())
        .col(ordered_text(manager, "code").unique_key())
        .col(column("name").text())
        .col(column("dojo_credits").big_integer())
        .col(column("stock").big_integer())
        .col(column("created_at").timestamp_with_time_zone())
        .check(Expr::col("dojo_credits").gte(1))
        .check(Expr::col("stock").gte(0))
        .to_owned();
    manager.create_table(items).await?;
    let orders = Table::create()
        .table("swag_orders")
        .col(column("id").uuid().primary_key())
        .col(column("seq").big_integer().unique_key())
        .col(column("number").text().unique_key())
        .col(column("professional_id").uuid())
        .col(column("item_id").uuid())
        .col(column("item_name").text())
        .col(column("quantity").big_integer())
        .col(column("unit_price").big_integer())
        .col(column("dojo_credits").big_integer())
        .col(column("placed_on").date())
        .col(column("idempotency_key").text())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("status").text())
        .col(optional("cancelled_on").date())
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .foreign_key(&mut references("item_id", "swag_items", "id"))
        .check(one_of("status", &["PLACED", "CANCELLED"]))
        .check(Expr::col("quantity").gte(1))
        .to_owned();
    manager.create_table(orders).await?;
    index(manager, "swag_orders", &["professional_id", "idempotency_key"], true).await?;
    index(manager, "swag_orders", &["professional_id", "seq"], false).await?;
    let facts = [
        "id",
        "seq",
        "number",
        "professional_id",
        "item_id",
        "item_name",
        "quantity",
        "unit_price",
        "dojo_credits",
        "placed_on",
        "idempotency_key",
        "recorded_at",
    ];
    let keys: [&[&str]; 4] = [&["id"], &["seq"], &["number"], &["professional_id", "idempotency_key"]];
    append_only(manager, "swag_orders", &facts, &keys).await
}
