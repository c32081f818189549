//! Verification: replays the whole log and compares ledger entries and projections with the result.
//!
//! All of it is read in one snapshot. Stored entries are read beside the log, so that memory holds a state for each subject and
//! activity but never the entries; those that are not where they should be are looked up by their numbers.

mod commerce;
mod compare;
mod emitted_levels;
pub(super) mod fold_log;
pub(super) mod moves;
mod projections;
mod replay;
mod seals;
mod stored;

use entity::{ledger_entry, points_entry};
use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::Services;
use crate::access::Operation;
use crate::error::Error;
use crate::program::search::fold_all;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
use crate::store::{activity, activity_states, affiliation, ledger, log, merge, subject_step};
use compare::compare;
use moves::{Moves, MovingReplay};
use replay::{Expected, Replay};
pub use seals::SealedPlace;
use stored::StoredEntries;

/// Steps of the log that are folded at once.
const STEPS_PER_PAGE: i64 = 4_000;
/// Rows that are compared at once.
const ROWS_PER_PAGE: u64 = 1_000;
/// Subjects whose projections are compared at once.
const SUBJECTS_PER_PAGE: usize = 500;
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
        self.refresh_policy().await?;
        let mut opened = self.db.begin_snapshot().await?;
        let mut moves = Moves::load(&opened, self.policy()).await;
        if matches!(moves, Err(Error::PolicyChanged)) {
            // An edition came into force meanwhile.
            opened.commit().await?;
            self.refresh_policy().await?;
            opened = self.db.begin_snapshot().await?;
            moves = Moves::load(&opened, self.policy()).await;
        }
        let moves = moves?;
        let snapshot: &DatabaseTransaction = &opened;
        let total = log::count(snapshot).await?;
        let mut moving = MovingReplay::begin(snapshot, &moves).await?;
        let mut stored = (StoredEntries::new(), StoredEntries::new());
        while let Some(expected) = moving.page(snapshot).await? {
            compare_entries(snapshot, &mut moving.main, expected, &mut stored).await?;
            progress(moving.main.report.steps, total);
        }
        let mut replay = moving.main;
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

/// Whether what rows of subjects repeat of themselves, to be searched, is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SearchKeys {
    Compared,
    Trusted,
}

/// Gives replays that nothing has happened in their subjects, and what merges moved later.
async fn prepare(
    snapshot: &DatabaseTransaction,
    replays: &mut [Replay<'_>],
    search_keys: SearchKeys,
) -> Result<(), DbErr> {
    load_subjects(snapshot, replays, Uuid::nil(), search_keys).await?;
    let all_moved = merge::former_owners(snapshot).await?;
    for replay in replays {
        replay.keep_entries_of_merges();
        for moved in &all_moved {
            let owners = replay.former_owners.entry(moved.object_id).or_default();
            owners.push((moved.log_seq, moved.from_id));
        }
    }
    Ok(())
}

/// Loads the subjects after an id that the replays, which have the same ones, do not have yet.
async fn load_subjects(
    snapshot: &DatabaseTransaction,
    replays: &mut [Replay<'_>],
    first: Uuid,
    search_keys: SearchKeys,
) -> Result<(), DbErr> {
    let Some((main, others)) = replays.split_first_mut() else { return Ok(()) };
    // The first days as they were before any step changed them.
    let first_days = subject_step::first_days(snapshot).await?;
    let mut last = first;
    loop {
        let mut rows = subject::after::<PartnerRow>(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = rows.last() else { break };
        last = end.id;
        rows.retain(|row| !main.partner_indexes.contains_key(&row.id));
        for row in rows {
            if search_keys == SearchKeys::Compared {
                compare_partner_key(&mut main.report, &row);
            }
            let first_day = first_days.get(&row.id).copied();
            for other in &mut *others {
                other.add_partner(row.clone(), first_day);
            }
            main.add_partner(row, first_day);
        }
    }
    last = first;
    loop {
        let mut rows = subject::after::<ProfessionalRow>(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = rows.last() else { break };
        last = end.id;
        rows.retain(|row| !main.professional_indexes.contains_key(&row.id));
        for row in rows {
            if search_keys == SearchKeys::Compared {
                compare_professional_keys(&mut main.report, &row);
            }
            let first_day = first_days.get(&row.id).copied();
            for other in &mut *others {
                other.add_professional(row.clone(), first_day);
            }
            main.add_professional(row, first_day);
        }
    }
    Ok(())
}

fn compare_partner_key(report: &mut Report, row: &entity::partner::Model) {
    let expected = Some(fold_all(&[&row.code, &row.name]));
    if row.search_key != expected {
        let found = &row.search_key;
        report.add_difference(|| format!("partner {}: search key {found:?}, not {expected:?}", row.code));
    }
}

fn compare_professional_keys(report: &mut Report, row: &entity::professional::Model) {
    let email = row.email.as_deref().map(|email| fold_all(&[email]));
    let expected = (Some(fold_all(&[&row.code, &row.name])), email);
    if (&row.search_key, &row.email_key) != (&expected.0, &expected.1) {
        // No address in a report.
        report.add_difference(|| {
            format!("professional {}: the search keys are not those of name and address", row.code)
        });
    }
}

/// Compares entries with those that are stored, and those of them that none is equal to with what is stored under their
/// numbers.
async fn compare_entries(
    snapshot: &DatabaseTransaction,
    replay: &mut Replay<'_>,
    expected: Expected,
    stored: &mut (StoredEntries<ledger_entry::Model>, StoredEntries<points_entry::Model>),
) -> Result<(), DbErr> {
    let expected_ledger = stored.0.leave_out_equal(snapshot, expected.ledger).await?;
    if !expected_ledger.is_empty() {
        let numbers = expected_ledger.iter().map(|row| (row.partner_id, row.number, row.number));
        let found = ledger::in_ranges(snapshot, numbers, i64::MAX).await?;
        compare(&mut replay.report, expected_ledger, found, |row| {
            replay.partners[replay.partner_indexes[&row.partner_id].0 as usize].name()
        });
    }
    let expected_points = stored.1.leave_out_equal(snapshot, expected.points).await?;
    if !expected_points.is_empty() {
        let numbers = expected_points.iter().map(|row| (row.professional_id, row.number, row.number));
        let found = ledger::points_in_ranges(snapshot, numbers, i64::MAX).await?;
        compare(&mut replay.report, expected_points, found, |row| {
            replay.professionals[replay.professional_indexes[&row.professional_id].0 as usize].name()
        });
    }
    Ok(())
}

/// Compares activities and affiliations with the replayed state.
async fn compare_facts(snapshot: &DatabaseTransaction, replay: &mut Replay<'_>) -> Result<(), DbErr> {
    let mut last = 0;
    loop {
        let states = activity_states::after(snapshot, last, STEPS_PER_PAGE).await?;
        let Some(end) = states.iter().map(|state| state.seq).max() else { break };
        last = end;
        let differing = states.iter().filter(|state| !replay.is_expected(state)).map(|state| state.id);
        let differing: Vec<Uuid> = differing.collect();
        if differing.is_empty() {
            continue;
        }
        let found = activity::by_ids(snapshot, differing).await?;
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
