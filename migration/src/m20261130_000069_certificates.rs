//! Certificates of levels. A row says which level of whom, for which days, and never changes: whether it is revoked
//! follows from what the ledger says now.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::{append_only, column, drop_tables, index, one_of, optional, references};

/// What a certificate is about: the same again is the same certificate.
const PERIOD: [&str; 4] = ["level_of", "level", "valid_from", "valid_until"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let partner = || Expr::col("partner_id");
        let professional = || Expr::col("professional_id");
        let of_professional = Expr::col("level_of").eq("PROFESSIONAL");
        let of_partner = Expr::col("level_of").ne("PROFESSIONAL");
        let one_holder = of_professional
            .and(partner().is_null())
            .and(professional().is_not_null())
            .or(of_partner.and(partner().is_not_null()).and(professional().is_null()));
        let table = Table::create()
            .table("certificates")
            .col(column("id").uuid().primary_key())
            .col(column("token").text().unique_key())
            .col(optional("partner_id").uuid())
            .col(optional("professional_id").uuid())
            .col(column("level_of").text())
            .col(column("level").text())
            .col(column("valid_from").date())
            .col(column("valid_until").date())
            .col(column("list").integer())
            .col(column("place").integer())
            .col(column("issued_at").timestamp_with_time_zone())
            .foreign_key(&mut references("partner_id", "partners", "id"))
            .foreign_key(&mut references("professional_id", "professionals", "id"))
            .check(one_of("level_of", &["TECHNICAL", "BUSINESS", "OVERALL", "PROFESSIONAL"]))
            .check(one_holder)
            .check(Expr::col("valid_from").lte(Expr::col("valid_until")))
            .check(Expr::col("list").gte(1))
            .check(Expr::col("place").gte(0).and(Expr::col("place").lt(131_072)))
            .to_owned();
        manager.create_table(table).await?;
        for holder in ["partner", "professional"] {
            // The name that the columns would give is longer than PostgreSQL allows.
            let text = format!(
                "CREATE UNIQUE INDEX uq_certificates_period_of_{holder} ON certificates ({holder}_id, {})",
                PERIOD.join(", ")
            );
            manager.get_connection().execute_unprepared(&text).await?;
        }
        index(manager, "certificates", &["list", "place"], true).await?;
        let of_partner = [&["partner_id"][..], &PERIOD].concat();
        let of_professional = [&["professional_id"][..], &PERIOD].concat();
        let keys: [&[&'static str]; 5] =
            [&["id"], &["token"], &["list", "place"], &of_partner, &of_professional];
        append_only(manager, "certificates", &[], &keys).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["certificates"]).await
    }
}
