//! Who takes part, and by which policy: editions, partners, professionals, affiliations.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, drop_tables, index, optional, ordered_text, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        editions(manager).await?;
        partners(manager).await?;
        professionals(manager).await?;
        affiliations(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["affiliations", "professionals", "partners", "editions"]).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let functions = "DROP FUNCTION refuse_overlap; DROP FUNCTION refuse_change";
            manager.get_connection().execute_unprepared(functions).await?;
        }
        Ok(())
    }
}

async fn editions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("editions")
        .col(column("id").uuid().primary_key())
        .col(column("effective_from").date().unique_key())
        .col(column("name").text())
        .col(column("document").text())
        .col(column("published_at").timestamp_with_time_zone())
        .to_owned();
    manager.create_table(table).await?;
    append_only(manager, "editions", &[], &[&["id"], &["effective_from"]]).await
}

async fn partners(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("partners")
        .col(column("id").uuid().primary_key())
        .col(ordered_text(manager, "code").unique_key())
        .col(ordered_text(manager, "name"))
        .col(column("enrolled_on").date())
        .col(column("created_at").timestamp_with_time_zone())
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "partners", &["name", "id"], false).await?;
    index(manager, "partners", &["enrolled_on", "id"], false).await
}

async fn professionals(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("professionals")
        .col(column("id").uuid().primary_key())
        .col(ordered_text(manager, "code").unique_key())
        .col(ordered_text(manager, "name"))
        .col(column("email").text())
        .col(column("signed_up_on").date())
        .col(column("created_at").timestamp_with_time_zone())
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "professionals", &["name", "id"], false).await?;
    index(manager, "professionals", &["signed_up_on", "id"], false).await
}

async fn affiliations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("affiliations")
        .col(column("id").uuid().primary_key())
        .col(column("professional_id").uuid())
        .col(column("partner_id").uuid())
        .col(column("starts_on").date())
        .col(optional("ends_on").date())
        .col(column("created_at").timestamp_with_time_zone())
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .check(Expr::col("ends_on").gte(Expr::col("starts_on")))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "affiliations", &["professional_id", "starts_on"], true).await?;
    index(manager, "affiliations", &["partner_id", "professional_id"], false).await?;
    manager
        .get_connection()
        .execute_unprepared(
            "CREATE UNIQUE INDEX uq_affiliations_open ON affiliations (professional_id) WHERE ends_on IS NULL",
        )
        .await?;
    never_two_at_once(manager).await?;
    let facts = ["id", "professional_id", "partner_id", "starts_on", "created_at"];
    append_only(manager, "affiliations", &facts, &[&["id"], &["professional_id", "starts_on"]]).await
}

/// Makes the database refuse days in which a professional would work for two partners (A0).
async fn never_two_at_once(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let overlap = "EXISTS (SELECT 1 FROM affiliations o WHERE o.professional_id = NEW.professional_id AND o.id <> NEW.id \
                   AND (NEW.ends_on IS NULL OR o.starts_on <= NEW.ends_on) \
                   AND (o.ends_on IS NULL OR NEW.starts_on <= o.ends_on))";
    let statements = if manager.get_database_backend() == DbBackend::Postgres {
        format!(
            "CREATE FUNCTION refuse_overlap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {overlap} THEN RAISE EXCEPTION 'affiliations of a professional overlap'; END IF; \
             RETURN NEW; END $$; \
             CREATE TRIGGER affiliations_no_overlap BEFORE INSERT OR UPDATE ON affiliations \
             FOR EACH ROW EXECUTE FUNCTION refuse_overlap()"
        )
    } else {
        ["INSERT", "UPDATE"]
            .map(|event| {
                format!(
                    "CREATE TRIGGER affiliations_no_overlap_{event} BEFORE {event} ON affiliations WHEN {overlap} \
                     BEGIN SELECT RAISE(ABORT, 'affiliations of a professional overlap'); END;"
                )
            })
            .concat()
    };
    manager.get_connection().execute_unprepared(&statements).await.map(drop)
}
