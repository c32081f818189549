//! Trying a document on the whole log (E2): it is folded by the editions in force and by those with the document among
//! them, in memory and in one snapshot. Nothing but the trial itself is written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use entity::edition_trial;
use entity::value::{TrialStatus, TrialVerdict};
use rust_decimal::Decimal;
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use tracing::Instrument;
use uuid::Uuid;

use super::check::{checked, listed, problems_of};
use super::publish::EditionSource;
use crate::access::Operation;
use crate::error::Error;
use crate::program::edition::ProductCategory;
use crate::program::level_change::Membership;
use crate::program::refusal::{Code, Refusal, all};
use crate::program::trial::{Outcome, Verdict};
use crate::service::audit::Change;
use crate::service::pace::Pace;
use crate::service::policy::Policy;
use crate::service::verify::fold_log::{FoldedLog, TriedLog};
use crate::service::{ObjectId, Services, input, labels, transact};
use crate::store::edition_trial::{self as store, TrialSubjectFilter, TrialSubjectOrder};
use crate::store::page::{Page, Rows};
use crate::store::{edition_draft, log};

/// How long an answer waits for the end of a trial.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Interval between signs of life of a trial.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
/// A trial of which nothing was heard for so long was interrupted: its process writes about every second that it goes on.
const INTERRUPTED_AFTER: TimeDelta = TimeDelta::seconds(20);
/// Subjects that are compared between two rests.
const SUBJECTS_PER_REST: usize = 100;
/// Subjects that one statement inserts.
const SUBJECTS_PER_INSERT: usize = 1_000;

/// A trial as received.
#[derive(Clone, Debug)]
pub struct TrialInput<'i> {
    /// What is tried.
    pub source: EditionSource<'i>,
    /// First day in force, which may have passed; none for that of the draft or the document.
    pub effective_from: Option<NaiveDate>,
    /// The day on which subjects are compared; none for the later of today and the first day.
    pub on: Option<NaiveDate>,
}

impl Services {
    /// Tries a document on the whole log. The answer is the finished trial, or one that goes on if it takes longer.
    ///
    /// # Errors
    /// When the caller is not an administrator, the document has problems, or the day is before the program's launch.
    pub async fn edition_try(&self, trial: &TrialInput<'_>) -> Result<edition_trial::Model, Error> {
        self.authorize(Operation::TryEdition)?;
        let (row, policy) = self.prepare_trial(trial, false).await?;
        let inserted = row.clone();
        transact!(self, Operation::TryEdition, transaction, _changes => {
            Ok(store::save(transaction, inserted.clone()).await?)
        })?;
        self.run_trial(row, policy).await
    }

    /// Folds the log for a trial that is kept, and returns it finished, or as it is if that takes longer.
    pub(in crate::service) async fn run_trial(
        &self,
        row: edition_trial::Model,
        policy: Policy,
    ) -> Result<edition_trial::Model, Error> {
        let (id, services) = (row.id, Self { deadline: None, run: None, whole: None, ..self.clone() });
        let work = async move {
            let done = Arc::new(AtomicU64::new(0));
            // The signs of life have a task of their own, so that they come whatever the fold is at. They end when the trial
            // is not to go on, as when it was cancelled.
            let mut signs = tokio::spawn(services.clone().show_progress(id, Arc::clone(&done)));
            let ended = tokio::select! {
                result = services.fold_trial(row, &policy, &done) => result,
                _ = &mut signs => Ok(()),
            };
            signs.abort();
            if let Err(error) = &ended {
                tracing::warn!(%error, "a trial failed");
                let _ = services.fail_trial(id).await;
            }
        };
        let task = tokio::spawn(work.in_current_span());
        // The task goes on if it takes longer.
        let _ = tokio::time::timeout(WAIT_MAX, task).await;
        let found = store::by_ids(self.db.reader(), [id]).await?;
        found.into_iter().next().ok_or_else(|| Error::Damaged("a trial that was just begun".to_owned()))
    }

    /// A trial that is not kept yet, and the policy that it tries. As the plan of a recalculation, it is for days that have
    /// begun, and its worked examples pass.
    pub(in crate::service) async fn prepare_trial(
        &self,
        trial: &TrialInput<'_>,
        is_plan: bool,
    ) -> Result<(edition_trial::Model, Policy), Error> {
        let draft = match &trial.source {
            EditionSource::Document(_) => None,
            EditionSource::Draft(id) => {
                let found = edition_draft::by_ids(self.db.reader(), id.key).await?;
                Some(
                    found
                        .into_iter()
                        .next()
                        .ok_or_else(|| input::not_found("draft", ("draft", "id"), id.text))?,
                )
            }
        };
        let (document, field) = match (&trial.source, &draft) {
            (EditionSource::Document(document), _) => (document.clone(), "document"),
            (_, draft) => (draft.as_ref().map_or(String::new(), |draft| draft.document.clone()), "draft"),
        };
        let day = trial.effective_from.or_else(|| draft.as_ref().and_then(|draft| draft.effective_from));
        let check = checked(self.policy().clone(), document, day).await?;
        if is_plan {
            let day = check.checked.effective_from.or(day).and_then(|day| self.past_day_problem(day));
            let day =
                day.map_or(Ok(()), |message| Err(Refusal::new(Code::Invalid, "effectiveFrom", message)));
            all((day, problems_of(field, &check)))?;
        } else {
            // What the worked examples expect is no hindrance to trying other figures.
            listed(field, check.checked.problems.clone())?;
        }
        let (Some(editions), Some(from)) = (check.checked.editions, check.checked.effective_from) else {
            return Err(Error::Damaged("a document without problems has no edition".to_owned()));
        };
        let on = trial.on.unwrap_or_else(|| self.clock.today().max(from));
        if on < editions.launch() {
            let message = format!("{on} is before the program's launch on {}.", editions.launch());
            return Err(Refusal::new(Code::Invalid, "on", message).into());
        }
        let now = self.clock.now();
        let row = edition_trial::Model {
            id: Uuid::now_v7(),
            draft_id: draft.as_ref().map(|draft| draft.id),
            draft_revision: draft.as_ref().map(|draft| draft.revision),
            document: check.checked.document,
            effective_from: from,
            on_day: on,
            status: TrialStatus::Running,
            steps_done: 0,
            steps: i64::try_from(log::count(self.db.reader()).await?).unwrap_or(i64::MAX),
            created_at: now,
            created_by: self.caller().actor.label().to_owned(),
            updated_at: now,
            gainers: 0,
            losers: 0,
            mixed: 0,
            credits_given: 0,
            credits_taken: 0,
            points_given: 0,
            points_taken: 0,
            dojo_credits_given: 0,
            dojo_credits_taken: 0,
            discount_cost: "{}".to_owned(),
        };
        Ok((row, self.policy.with_tried(editions)))
    }

    /// Folds the log, and keeps what differs.
    async fn fold_trial(
        &self,
        row: edition_trial::Model,
        tried: &Policy,
        done: &AtomicU64,
    ) -> Result<(), Error> {
        let policy = self.policy().clone();
        let opened = self.db.begin_snapshot().await?;
        let snapshot: &DatabaseTransaction = &opened;
        let mut fold = TriedLog::begin(snapshot, [&policy, tried]).await?;
        let mut pace = Pace::holding(1, &self.db);
        while let Some(steps) = fold.piece(snapshot, pace.is_beside_others()).await? {
            done.store(steps, Ordering::Relaxed);
            pace.rest().await;
        }
        let folded = fold.folded_through(row.on_day.max(self.clock.today()));
        let ordered =
            store::ordered(snapshot, row.on_day - TimeDelta::days(364), row.on_day.min(self.clock.today()))
                .await?;
        opened.commit().await?;
        let (before, after) = &folded;
        let folded = [before, after.as_ref().unwrap_or(before)];
        let mut result = compare(folded, [&policy, tried], row.on_day, Pace::holding(0, &self.db)).await;
        result.cost = discount_cost(&result.discounts, &ordered)?;
        self.keep_trial(row, result).await
    }

    /// Writes how far a trial is, until it has ended or was cancelled.
    async fn show_progress(self, id: Uuid, done: Arc<AtomicU64>) {
        loop {
            tokio::time::sleep(PROGRESS_INTERVAL).await;
            match self.trial_progress(id, done.load(Ordering::Relaxed)).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "failed to write the progress of a trial; trying again"),
            }
        }
    }

    /// Writes the progress; false if the trial is not to go on.
    async fn trial_progress(&self, id: Uuid, steps: u64) -> Result<bool, Error> {
        transact!(self, Operation::TryEdition, transaction, _changes => {
            let row = store::lock(transaction, id).await?;
            let Some(mut row) = row.filter(|row| row.status == TrialStatus::Running) else { return Ok(false) };
            row.steps_done = i64::try_from(steps).unwrap_or(i64::MAX);
            row.updated_at = self.clock.now();
            store::save(transaction, row).await?;
            Ok(true)
        })
    }

    async fn keep_trial(&self, trial: edition_trial::Model, result: TrialResult) -> Result<(), Error> {
        transact!(self, Operation::TryEdition, transaction, _changes => {
            let row = store::lock(transaction, trial.id).await?;
            let Some(row) = row.filter(|row| row.status == TrialStatus::Running) else { return Ok(()) };
            for rows in result.rows(trial.id)?.chunks(SUBJECTS_PER_INSERT) {
                store::insert_subjects(transaction, rows.to_vec()).await?;
            }
            let count = |verdict| {
                let found = result.subjects.iter().filter(|subject| subject.verdict == verdict).count();
                i64::try_from(found).unwrap_or(i64::MAX)
            };
            let balance = |one: &Outcome| one.balance;
            let points = |one: &Outcome| one.points;
            let row = edition_trial::Model {
                status: TrialStatus::Finished,
                steps_done: row.steps,
                updated_at: self.clock.now(),
                gainers: count(Verdict::Gains),
                losers: count(Verdict::Loses),
                mixed: count(Verdict::Mixed),
                credits_given: result.sum(true, balance, 1),
                credits_taken: result.sum(true, balance, -1),
                points_given: result.sum(false, points, 1),
                points_taken: result.sum(false, points, -1),
                dojo_credits_given: result.sum(false, balance, 1),
                dojo_credits_taken: result.sum(false, balance, -1),
                discount_cost: serde_json::to_string(&result.cost).unwrap_or_else(|_| "{}".to_owned()),
                ..row
            };
            Ok(store::save(transaction, row).await?)
        })
    }

    async fn fail_trial(&self, id: Uuid) -> Result<(), Error> {
        transact!(self, Operation::TryEdition, transaction, _changes => {
            let row = store::lock(transaction, id).await?;
            let Some(row) = row.filter(|row| row.status == TrialStatus::Running) else { return Ok(()) };
            let (status, updated_at) = (TrialStatus::Failed, self.clock.now());
            Ok(store::save(transaction, edition_trial::Model { status, updated_at, ..row }).await?)
        })
    }

    /// Cancels a trial that goes on; one that has ended, or whose process did, stays as it is.
    ///
    /// # Errors
    /// When there is no such trial, or the caller is not an administrator.
    pub async fn edition_trial_cancel(&self, id: ObjectId<'_>) -> Result<edition_trial::Model, Error> {
        self.authorize(Operation::CancelTrial)?;
        transact!(self, Operation::CancelTrial, transaction, changes => {
            let found = match id.key {
                Some(key) => store::lock(transaction, key).await?,
                None => None,
            };
            let Some(row) = found else { return Err(input::not_found("trial", ("trial", "id"), id.text).into()) };
            if row.status != TrialStatus::Running {
                return Ok(row);
            }
            // One that was interrupted has failed, and stays so.
            let (status, updated_at) = match self.edition_trial_status(&row) {
                TrialStatus::Running => (TrialStatus::Cancelled, self.clock.now()),
                ended => (ended, row.updated_at),
            };
            let change = Change::of("EditionTrial", row.id).before(json!({ "status": row.status.to_value() }));
            changes.add(change.after(json!({ "status": status.to_value() })));
            let row = edition_trial::Model { status, updated_at, ..row };
            store::save(transaction, row.clone()).await?;
            Ok(row)
        })
    }

    /// Trials by id; what does not exist for the caller is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn edition_trials_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, edition_trial::Model>, Error> {
        if !self.can_see(Operation::TryEdition) {
            return Ok(HashMap::new());
        }
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The last finished trial of each of these drafts.
    ///
    /// # Errors
    /// When the caller is not an administrator, or the database fails.
    pub async fn edition_trials_of_drafts(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, edition_trial::Model>, Error> {
        self.authorize(Operation::TryEdition)?;
        Ok(store::last_of_drafts(self.db.reader(), ids).await?)
    }

    /// The status of a trial; one whose process ended has failed.
    #[must_use]
    pub fn edition_trial_status(&self, row: &edition_trial::Model) -> TrialStatus {
        let is_interrupted =
            row.status == TrialStatus::Running && row.updated_at + INTERRUPTED_AFTER < self.clock.now();
        if is_interrupted { TrialStatus::Failed } else { row.status }
    }

    /// One page of the subjects of a trial.
    ///
    /// # Errors
    /// When the caller is not an administrator, or the database fails.
    pub async fn edition_trial_subjects(
        &self,
        trial: Uuid,
        filter: &TrialSubjectFilter,
        order: TrialSubjectOrder,
        page: &Page<i64>,
    ) -> Result<Rows<entity::edition_trial_subject::Model>, Error> {
        self.authorize(Operation::TryEdition)?;
        Ok(store::subjects(self.db.reader(), trial, filter, order, page).await?)
    }

    /// How many subjects of a trial match.
    ///
    /// # Errors
    /// When the caller is not an administrator, or the database fails.
    pub async fn edition_trial_subjects_count(
        &self,
        trial: Uuid,
        filter: &TrialSubjectFilter,
    ) -> Result<i64, Error> {
        self.authorize(Operation::TryEdition)?;
        Ok(store::count_subjects(self.db.reader(), trial, filter).await?)
    }
}

/// A subject for which something differs.
struct TriedSubject {
    id: Uuid,
    code: String,
    is_partner: bool,
    verdict: Verdict,
    before: Outcome,
    after: Outcome,
}

/// What differs, the greatest loss first.
struct TrialResult {
    subjects: Vec<TriedSubject>,
    /// Discounts of each partner before and after.
    discounts: HashMap<Uuid, [Vec<Decimal>; 2]>,
    /// Cost of the other discounts by currency, in minor units.
    cost: BTreeMap<String, i64>,
}

impl TrialResult {
    /// The sum of differences of one sign over partners or professionals, as a number above zero.
    fn sum(&self, of_partners: bool, number: fn(&Outcome) -> i64, sign: i64) -> i64 {
        let subjects = self.subjects.iter().filter(|one| one.is_partner == of_partners);
        subjects.map(|one| ((number(&one.after) - number(&one.before)) * sign).max(0)).sum()
    }

    fn rows(&self, trial_id: Uuid) -> Result<Vec<entity::edition_trial_subject::Model>, Error> {
        let damaged = |error: serde_json::Error| Error::Damaged(format!("an outcome of a trial: {error}"));
        let mut by_code: Vec<usize> = (0..self.subjects.len()).collect();
        by_code.sort_by_key(|place| (!self.subjects[*place].is_partner, &self.subjects[*place].code));
        let number = |place: usize| i64::try_from(place).map_or(i64::MAX, |place| place + 1);
        let code_places: HashMap<usize, i64> =
            by_code.into_iter().enumerate().map(|(place, subject)| (subject, number(place))).collect();
        let rows = self.subjects.iter().enumerate().map(|(place, subject)| {
            Ok(entity::edition_trial_subject::Model {
                trial_id,
                place: number(place),
                code_place: code_places.get(&place).copied().unwrap_or_default(),
                partner_id: subject.is_partner.then_some(subject.id),
                professional_id: (!subject.is_partner).then_some(subject.id),
                code: subject.code.clone(),
                verdict: match subject.verdict {
                    Verdict::Gains => TrialVerdict::Gains,
                    Verdict::Loses => TrialVerdict::Loses,
                    Verdict::Mixed => TrialVerdict::Mixed,
                },
                difference: subject.before.difference(&subject.after),
                before: serde_json::to_string(&subject.before).map_err(damaged)?,
                after: serde_json::to_string(&subject.after).map_err(damaged)?,
            })
        });
        rows.collect()
    }
}

async fn compare(
    [before, after]: [&FoldedLog; 2],
    policies: [&Policy; 2],
    on: NaiveDate,
    mut pace: Pace<'_>,
) -> TrialResult {
    let mut result = TrialResult { subjects: Vec::new(), discounts: HashMap::new(), cost: BTreeMap::new() };
    let add = |result: &mut TrialResult, id, code: &str, is_partner, outcomes: [Outcome; 2]| {
        let [before, after] = outcomes;
        if let Some(verdict) = before.verdict(&after) {
            let code = code.to_owned();
            result.subjects.push(TriedSubject { id, code, is_partner, verdict, before, after });
        }
    };
    for (place, (old, new)) in before.partners.iter().zip(&after.partners).enumerate() {
        if place % SUBJECTS_PER_REST == 0 {
            pace.rest().await;
        }
        let outcomes = [(old, policies[0]), (new, policies[1])].map(|(one, policy)| {
            Outcome::of_partner(&policy.editions, &one.overrides, &one.days, one.balance, on)
        });
        result.discounts.insert(old.id, outcomes.clone().map(|outcome| outcome.discounts));
        add(&mut result, old.id, &old.code, true, outcomes);
    }
    for (place, (old, new)) in before.professionals.iter().zip(&after.professionals).enumerate() {
        if place % SUBJECTS_PER_REST == 0 {
            pace.rest().await;
        }
        // Nobody has a membership year before the sign-up.
        if old.signed_up_on > on {
            continue;
        }
        let outcomes = [(old, policies[0]), (new, policies[1])].map(|(one, policy)| {
            let of = Membership { signed_up_on: one.signed_up_on, overrides: &one.overrides };
            Outcome::of_professional(&policy.editions, of, &one.days, one.dojo_credits, on)
        });
        add(&mut result, old.id, &old.code, false, outcomes);
    }
    result.subjects.sort_by(|one, other| {
        let key = |subject: &TriedSubject| {
            let fate = match subject.verdict {
                Verdict::Loses => 0,
                Verdict::Mixed => 1,
                Verdict::Gains => 2,
            };
            (fate, subject.before.difference(&subject.after))
        };
        key(one)
            .cmp(&key(other))
            .then_with(|| (!one.is_partner, &one.code).cmp(&(!other.is_partner, &other.code)))
    });
    result
}

/// What the other discounts would cost on these orders, by currency in minor units.
fn discount_cost(
    discounts: &HashMap<Uuid, [Vec<Decimal>; 2]>,
    ordered: &[store::OrderedList],
) -> Result<BTreeMap<String, i64>, Error> {
    let mut cost: BTreeMap<String, Decimal> = BTreeMap::new();
    for amount in ordered {
        let Some([before, after]) = discounts.get(&amount.partner_id) else { continue };
        let category = labels::category(amount.category);
        let place = ProductCategory::ALL.iter().position(|one| *one == category).unwrap_or_default();
        let percent = |discounts: &Vec<Decimal>| discounts.get(place).copied().unwrap_or_default();
        let more = percent(after) - percent(before);
        *cost.entry(amount.currency.clone()).or_default() +=
            Decimal::from(amount.list) * more / Decimal::ONE_HUNDRED;
    }
    let minor = |(currency, amount): (String, Decimal)| {
        let damaged = || Error::Damaged("a sum of orders beyond the range".to_owned());
        Ok((currency, i64::try_from(amount.round()).map_err(|_| damaged())?))
    };
    cost.into_iter().filter(|(_, amount)| !amount.is_zero()).map(minor).collect()
}
