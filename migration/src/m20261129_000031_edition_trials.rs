//! Trials of editions: a document tried on the whole log, and what it would change for each subject.

use sea_orm_migration::prelude::*;

use crate::schema::{column, drop_tables, index, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut trials = Table::create()
            .table("edition_trials")
            .col(column("id").uuid().primary_key())
            .col(optional("draft_id").uuid())
            .col(optional("draft_revision").big_integer())
            .col(column("document").text())
            .col(column("effective_from").date())
            .col(column("on_day").date())
            .col(column("status").text())
            .col(column("steps_done").big_integer())
            .col(column("steps").big_integer())
            .col(column("created_at").timestamp_with_time_zone())
            .col(column("created_by").text())
            .col(column("updated_at").timestamp_with_time_zone())
            .to_owned();
        for sum in
            ["gainers", "losers", "mixed", "credits_given", "credits_taken", "points_given", "points_taken"]
        {
            trials.col(column(sum).big_integer());
        }
        trials.col(column("discount_cost").text()).foreign_key(&mut references(
            "draft_id",
            "edition_drafts",
            "id",
        ));
        manager.create_table(trials).await?;
        index(manager, "edition_trials", &["draft_id", "id"], false).await?;
        let subjects = Table::create()
            .table("edition_trial_subjects")
            .col(column("trial_id").uuid())
            .col(column("place").big_integer())
            .col(column("code_place").big_integer())
            .col(optional("partner_id").uuid())
            .col(optional("professional_id").uuid())
            .col(column("code").text())
            .col(column("verdict").text())
            .col(column("difference").big_integer())
            .col(column("before").text())
            .col(column("after").text())
            .primary_key(Index::create().col("trial_id").col("place"))
            .foreign_key(&mut references("trial_id", "edition_trials", "id"))
            .to_owned();
        manager.create_table(subjects).await?;
        index(manager, "edition_trial_subjects", &["trial_id", "code_place"], true).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["edition_trial_subjects", "edition_trials"]).await
    }
}
