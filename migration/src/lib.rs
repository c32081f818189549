//! Database schema steps of partner-program, the same on SQLite and PostgreSQL.
//!
//! A step names tables by string and imports no entity, since entities move on. A released step is
//! never edited: what breaks is expanded, copied and contracted in later steps.

mod m20261121_000001_subjects;
mod m20261121_000002_log;
mod m20261121_000003_ledger;
mod m20261121_000004_projections;
mod m20261121_000005_commerce;
mod m20261121_000006_access;
mod m20261121_000007_log_of_commerce;
mod m20261122_000008_events;
mod m20261122_000009_webhooks;
mod m20261128_000010_field_names;
mod m20261128_000011_trigger_functions;
mod m20261128_000012_open_log;
mod m20261128_000013_deal_reviews;
mod m20261128_000015_corrections;
mod m20261128_000016_quotes;
mod m20261128_000017_subject_steps;
mod m20261128_000018_level_overrides;
mod m20261128_000019_work_lists;
mod m20261128_000020_claims;
mod m20261128_000020_search_keys;
mod m20261128_000021_import_runs;
mod m20261128_000022_general_events;
mod m20261128_000023_audit_reasons;
mod m20261128_000024_causes;
mod m20261129_000025_merges;
mod m20261129_000026_customers;
mod m20261129_000028_prospects;
mod m20261129_000029_merged_holds;
mod m20261129_000030_edition_drafts;
mod m20261129_000031_edition_trials;
mod m20261129_000040_notices;
mod m20261129_000041_reports;
mod m20261129_000042_recalculations;
mod m20261129_000044_expiry;
mod m20261129_000046_seals;
mod m20261129_000060_unawarded_wins;
mod m20261129_000061_professional_lapses;
mod m20261129_000062_trial_dojo_credits;
mod m20261129_000065_server_secrets;
mod m20261129_000068_refused_items;
mod m20261130_000069_certificates;
mod m20261130_000070_search_grams;
mod m20261201_000071_extra_dojo_credits;
mod schema;

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;

/// All steps, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_subjects::Migration),
            Box::new(m20261121_000002_log::Migration),
            Box::new(m20261121_000003_ledger::Migration),
            Box::new(m20261121_000004_projections::Migration),
            Box::new(m20261121_000005_commerce::Migration),
            Box::new(m20261121_000006_access::Migration),
            Box::new(m20261121_000007_log_of_commerce::Migration),
            Box::new(m20261122_000008_events::Migration),
            Box::new(m20261122_000009_webhooks::Migration),
            Box::new(m20261128_000010_field_names::Migration),
            Box::new(m20261128_000011_trigger_functions::Migration),
            Box::new(m20261128_000012_open_log::Migration),
            Box::new(m20261128_000013_deal_reviews::Migration),
            Box::new(m20261128_000015_corrections::Migration),
            Box::new(m20261128_000016_quotes::Migration),
            Box::new(m20261128_000017_subject_steps::Migration),
            Box::new(m20261128_000018_level_overrides::Migration),
            Box::new(m20261128_000019_work_lists::Migration),
            Box::new(m20261128_000020_search_keys::Migration),
            Box::new(m20261128_000020_claims::Migration),
            Box::new(m20261128_000021_import_runs::Migration),
            Box::new(m20261128_000022_general_events::Migration),
            Box::new(m20261128_000023_audit_reasons::Migration),
            Box::new(m20261128_000024_causes::Migration),
            Box::new(m20261129_000025_merges::Migration),
            Box::new(m20261129_000026_customers::Migration),
            Box::new(m20261129_000028_prospects::Migration),
            Box::new(m20261129_000029_merged_holds::Migration),
            Box::new(m20261129_000030_edition_drafts::Migration),
            Box::new(m20261129_000031_edition_trials::Migration),
            Box::new(m20261129_000040_notices::Migration),
            Box::new(m20261129_000041_reports::Migration),
            Box::new(m20261129_000042_recalculations::Migration),
            Box::new(m20261129_000044_expiry::Migration),
            Box::new(m20261129_000046_seals::Migration),
            Box::new(m20261129_000060_unawarded_wins::Migration),
            Box::new(m20261129_000061_professional_lapses::Migration),
            Box::new(m20261129_000062_trial_dojo_credits::Migration),
            Box::new(m20261129_000065_server_secrets::Migration),
            Box::new(m20261129_000068_refused_items::Migration),
            Box::new(m20261130_000069_certificates::Migration),
            Box::new(m20261130_000070_search_grams::Migration),
            Box::new(m20261201_000071_extra_dojo_credits::Migration),
        ]
    }
}
