//! Verification: replays the whole log and compares ledger entries and projections with the result.
//!
//! All of it is read in one snapshot. Stored entries are fetched by their numbers, page by page of
//! the log, so that memory holds a state for each subject and activity but never the entries.

mod commerce;
mod compare;
mod emitted_levels;
pub(super) mod fold_log;
mod projections;
mod replay;
mod seals;

use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::Services;
use crate::access::Operation;
use crate::error::Error;
use crate::program::search::fold_all;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
use crate::store::{activity, affiliation, ledger, log, merge, subject_step};
use compare::compare;
use replay::{Expected, Replay, StepObjects};
pub use seals::SealedPlace;

/// Steps of the log that are folded at once.
const STEPS_PER_PAGE: i64 = 4_000;
/// Rows that are compared at once.
const ROWS_PER_PAGE: u64 = 1_000;
/// Subjects whose projections are compared at once.
const SUBJECTS_PER_PAGE: usize = 100;
/// Most differences that a report lists.
const DIFFERENCES_MAX: usize = 1_000;

/// What verifying found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Steps of the log.
    pub steps: u64,
    /// Ledger entries that result from them.
    pub ledger_entries: u64,
    /// Points entries that result from them.
    pub points_entries: u64,
    /// The first differences, one line each: whose, what, found and expected.
    pub differences: Vec<String>,
    /// How many differences there are in all.
    pub count: usize,
    /// The last sealed step.
    pub sealed: Option<SealedPlace>,
    /// The step after which the log had the head that was asked for.
    pub kept: Option<SealedPlace>,
}

impl Report {
    fn add_difference(&mut self, line: impl FnOnce() -> String) {
        self.count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(line());
        }
    }
}

impl Services {
    /// Replays the log and compares entries and projections with the result. `progress` receives the number of
    /// processed steps and their total.
    ///
    /// # Errors
    /// When the database fails. A difference is no error.
    pub async fn verify(&self, progress: impl FnMut(u64, u64)) -> Result<Report, Error> {
        self.verify_against(None, progress).await
    }

    /// The same, and says after which step the log had a head that was kept elsewhere: what came before it is unchanged
    /// if there are no differences.
    ///
    /// # Errors
    /// When the database fails. A difference is no error.
    pub async fn verify_against(
        &self,
        head: Option<&str>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Report, Error> {
        self.authorize(Operation::Verify)?;
        let opened = self.db.begin_snapshot().await?;
        let snapshot: &DatabaseTransaction = &opened;
        let total = log::count(snapshot).await?;
        let mut replay = Replay::new(&self.policy);
        load_subjects(snapshot, &mut replay).await?;
        replay.keep_entries_of_merges();
        for moved in merge::former_owners(snapshot).await? {
            replay.former_owners.entry(moved.object_id).or_default().push((moved.log_seq, moved.from_id));
        }
        let mut last = 0;
        loop {
            let steps = log::after(snapshot, last, STEPS_PER_PAGE).await?;
            let Some(end) = steps.last() else { break };
            last = end.seq;
            let objects = StepObjects::load(snapshot, &steps).await?;
            let mut expected = Expected::default();
            for step in &steps {
                replay.apply(step, &objects, &mut expected);
            }
            compare_entries(snapshot, &mut replay, expected).await?;
            progress(replay.report.steps, total);
        }
        replay.compare_days();
        compare_facts(snapshot, &mut replay).await?;
        commerce::compare_commerce(snapshot, &mut replay).await?;
        projections::compare_partners(snapshot, &mut replay).await?;
        projections::compare_professionals(snapshot, &mut replay).await?;
        seals::compare_seals(snapshot, &mut replay.report, head).await?;
        opened.commit().await?;
        Ok(replay.report)
    }
}

async fn load_subjects(snapshot: &DatabaseTransaction, replay: &mut Replay<'_>) -> Result<(), DbErr> {
    // The first days as they were before any step changed them.
    let first_days = subject_step::first_days(snapshot).await?;
    let mut last = Uuid::nil();
    loop {
        let rows = subject::after::<PartnerRow>(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = rows.last() else { break };
        last = end.id;
        for row in rows {
            let expected = Some(fold_all(&[&row.code, &row.name]));
            if row.search_key != expected {
                let found = row.search_key.clone();
                replay.report.add_difference(|| {
                    format!("partner {}: search key {found:?}, not {expected:?}", row.code)
                });
            }
            let first_day = first_days.get(&row.id).copied();
            replay.add_partner(row, first_day);
        }
    }
    last = Uuid::nil();
    loop {
        let rows = subject::after::<ProfessionalRow>(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = rows.last() else { break };
        last = end.id;
        for row in rows {
            let keys = (row.search_key.clone(), row.email_key.clone());
            let email = row.email.as_deref().map(|email| fold_all(&[email]));
            let expected = (Some(fold_all(&[&row.code, &row.name])), email);
            if keys != expected {
                // No address in a report.
                replay.report.add_difference(|| {
                    format!("professional {}: the search keys are not those of name and address", row.code)
                });
            }
            let first_day = first_days.get(&row.id).copied();
            replay.add_professional(row, first_day);
        }
    }
    Ok(())
}

/// Compares entries with those stored under the same numbers.
async fn compare_entries(
    snapshot: &DatabaseTransaction,
    replay: &mut Replay<'_>,
    expected: Expected,
) -> Result<(), DbErr> {
    let spans = replay::spans(expected.ledger.iter().map(|row| (row.partner_id, row.number)));
    let found = ledger::in_ranges(snapshot, spans, i64::MAX).await?;
    compare(&mut replay.report, expected.ledger, found, |row| {
        replay.partners[replay.partner_indexes[&row.partner_id].0 as usize].name()
    });
    let spans = replay::spans(expected.points.iter().map(|row| (row.professional_id, row.number)));
    let found = ledger::points_in_ranges(snapshot, spans, i64::MAX).await?;
    compare(&mut replay.report, expected.points, found, |row| {
        replay.professionals[replay.professional_indexes[&row.professional_id].0 as usize].name()
    });
    Ok(())
}

/// Compares activities and affiliations with the replayed state.
async fn compare_facts(snapshot: &DatabaseTransaction, replay: &mut Replay<'_>) -> Result<(), DbErr> {
    let mut last = 0;
    loop {
        let found = activity::after(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = found.last() else { break };
        last = end.seq;
        let expected = found.iter().filter_map(|row| replay.expected_activity(row)).collect();
        compare(&mut replay.report, expected, found, |row| {
            format!("activity {}/{}", row.source, row.external_id)
        });
    }
    let most = i64::try_from(DIFFERENCES_MAX).unwrap_or(i64::MAX);
    for (source, external_id) in activity::broken_replacements(snapshot, most).await? {
        replay.report.add_difference(|| {
            format!("activity {source}/{external_id}: what it replaces and what replaced it do not fit")
        });
    }
    for index in (0..replay.professionals.len()).step_by(SUBJECTS_PER_PAGE) {
        let chunk = &replay.professionals[index..replay.professionals.len().min(index + SUBJECTS_PER_PAGE)];
        let found = affiliation::all_of_professionals(snapshot, chunk.iter().map(|one| one.id)).await?;
        let expected = found.iter().filter_map(|row| replay.expected_affiliation(row)).collect();
        compare(&mut replay.report, expected, found, |row| {
            replay.professionals[replay.professional_indexes[&row.professional_id].0 as usize].name()
        });
    }
    Ok(())
}
