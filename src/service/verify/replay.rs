//! The log once more: each step folded, and the entries that it should have left.

mod commerce;
mod customers;
mod deals;
mod entries;
mod expiry;
mod objects;
mod recalculated;
mod recorded;
mod subjects;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use entity::value::{ActivityStatus, LogAction};
use entity::{activity, ledger_entry, partner, points_entry, professional};
use rustc_hash::FxHashMap;
use uuid::Uuid;

use super::Report;
use crate::program::day_sums::DaySums;
use crate::program::expiry::{Accounts, Following};
use crate::program::fold::{
    Affiliation, Awards, CreditsAward, Fact, Fold, LimitExceeded, ObjectIndex, PartnerIndex,
    ProfessionalIndex, Step, Subject,
};
use crate::program::level_override::LevelOverride;
use crate::program::rule::Track;
use crate::service::activities::{judged_units, program};
use crate::service::policy::Policy;
use crate::service::posting::{Object, returning};
use crate::store::activity_states;
use crate::store::log::{LoggedAffiliation, LoggedStep};
pub(super) use commerce::{Commerce, StepObjects};
pub(super) use objects::FIRST_OTHER;
use objects::Objects;
pub(super) use recalculated::{Cause, Change, Differences, OpenMove, is_of_recalculation};

/// What the steps so far gave a partner.
pub(super) struct PartnerState {
    pub(super) id: Uuid,
    pub(super) code: String,
    /// Day of enrolment after the steps so far, and the stored one.
    first_day: NaiveDate,
    stored_first_day: NaiveDate,
    last_day: Option<NaiveDate>,
    stored_last_day: Option<NaiveDate>,
    pub(super) overrides: Vec<LevelOverride>,
    stored_overrides: Option<String>,
    /// The subject that it was merged into by the steps so far, and the stored one.
    pub(super) merged_into: Option<Uuid>,
    pub(super) stored_merged_into: Option<Uuid>,
    pub(super) entries: i64,
    pub(super) credits: i64,
    pub(super) level_credits: i64,
    pub(super) last_recorded_at: Option<DateTime<Utc>>,
    pub(super) days: DaySums<(Track, NaiveDate)>,
}

impl PartnerState {
    /// How differences call it.
    pub(super) fn name(&self) -> String {
        format!("partner {}", self.code)
    }
}

/// What the steps so far gave a professional.
pub(super) struct ProfessionalState {
    pub(super) id: Uuid,
    pub(super) code: String,
    /// Day of sign-up after the steps so far, and the stored one.
    pub(super) signed_up_on: NaiveDate,
    stored_signed_up_on: NaiveDate,
    last_day: Option<NaiveDate>,
    stored_last_day: Option<NaiveDate>,
    pub(super) overrides: Vec<LevelOverride>,
    stored_overrides: Option<String>,
    /// The subject that it was merged into by the steps so far, and the stored one.
    pub(super) merged_into: Option<Uuid>,
    pub(super) stored_merged_into: Option<Uuid>,
    pub(super) entries: i64,
    pub(super) points: i64,
    pub(super) dojo_credits: i64,
    pub(super) last_recorded_at: Option<DateTime<Utc>>,
    pub(super) days: DaySums<NaiveDate>,
}

impl ProfessionalState {
    /// How differences call the person.
    pub(super) fn name(&self) -> String {
        format!("professional {}", self.code)
    }
}

/// State of an activity after the steps so far.
struct ActivityState {
    number: ObjectIndex,
    status: ActivityStatus,
    graded_points: Option<i64>,
    quantity: i64,
    recorded_at: DateTime<Utc>,
    awarded_points: i64,
    awarded_credits: i64,
}

/// State of an affiliation after the steps so far.
#[derive(Clone, Copy)]
struct AffiliationState {
    professional: ProfessionalIndex,
    partner: PartnerIndex,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
    voided: bool,
}

/// Entries that a page of the log should have left.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub(super) ledger: Vec<ledger_entry::Model>,
    pub(super) points: Vec<points_entry::Model>,
    /// Whether nobody asks for them, so that they are not made.
    is_unasked: bool,
}

impl Expected {
    /// For those who only want the state after the steps.
    pub(super) fn unasked() -> Self {
        Self { is_unasked: true, ..Self::default() }
    }
}

/// The state after the steps replayed so far.
pub(super) struct Replay<'a> {
    pub(super) policy: &'a Policy,
    pub(super) fold: Fold<'a>,
    pub(super) report: Report,
    pub(super) partners: Vec<PartnerState>,
    pub(super) professionals: Vec<ProfessionalState>,
    pub(super) partner_indexes: FxHashMap<Uuid, PartnerIndex>,
    pub(super) professional_indexes: FxHashMap<Uuid, ProfessionalIndex>,
    objects: Objects,
    activities: FxHashMap<Uuid, ActivityState>,
    affiliations: HashMap<Uuid, AffiliationState>,
    pub(super) commerce: Commerce,
    /// What the last step gave.
    pub(super) awards: Awards,
    /// What credits were earned on, where some edition lets them expire.
    pub(super) accounts: Accounts<'a>,
    /// Whose facts were before merges: the places of those in the log, in order.
    pub(super) former_owners: HashMap<Uuid, Vec<(i64, Uuid)>>,
    /// Entries of partners of merges, which moves them.
    kept: HashMap<PartnerIndex, Vec<KeptCredit>>,
    /// The move between policies that goes on at the end of the log, which not every subject has followed.
    pub(super) open: Option<OpenMove>,
    /// Place in the log of the step that is replayed.
    seq: i64,
}

/// An entry of a partner's ledger.
#[derive(Clone, Copy)]
struct KeptCredit {
    award: CreditsAward,
    /// The edition of its rule, whose place in the policy may become another one.
    edition: Option<Uuid>,
    seq: i64,
}

impl<'a> Replay<'a> {
    /// Nothing has happened yet.
    pub(super) fn new(policy: &'a Policy) -> Self {
        Self {
            policy,
            fold: Fold::new(&policy.editions),
            report: Report::default(),
            partners: Vec::new(),
            professionals: Vec::new(),
            partner_indexes: FxHashMap::default(),
            professional_indexes: FxHashMap::default(),
            objects: Objects::default(),
            activities: FxHashMap::default(),
            affiliations: HashMap::new(),
            commerce: Commerce::default(),
            awards: Awards::default(),
            accounts: Accounts::new(&policy.editions),
            former_owners: HashMap::new(),
            kept: HashMap::new(),
            open: None,
            seq: 0,
        }
    }

    /// Whose a fact was at the step that is replayed.
    fn owner(&self, object: Uuid, stored: Uuid) -> Uuid {
        let moves = self.former_owners.get(&object).map_or(&[][..], Vec::as_slice);
        moves.iter().find(|(seq, _)| *seq >= self.seq).map_or(stored, |(_, from)| *from)
    }

    /// Adds a partner with nothing to its name.
    pub(super) fn add_partner(&mut self, row: partner::Model, first_day: Option<NaiveDate>) {
        let index = self.fold.add_partner(0);
        self.partner_indexes.insert(row.id, index);
        self.open_account(index);
        self.partners.push(PartnerState {
            id: row.id,
            code: row.code,
            first_day: first_day.unwrap_or(row.enrolled_on),
            stored_first_day: row.enrolled_on,
            last_day: None,
            stored_last_day: row.left_on,
            overrides: Vec::new(),
            stored_overrides: row.level_overrides,
            merged_into: None,
            stored_merged_into: row.merged_into,
            entries: 0,
            credits: 0,
            level_credits: 0,
            last_recorded_at: None,
            days: DaySums::default(),
        });
    }

    /// Adds a professional with nothing to the name.
    pub(super) fn add_professional(&mut self, row: professional::Model, first_day: Option<NaiveDate>) {
        let signed_up_on = first_day.unwrap_or(row.signed_up_on);
        let index = self.fold.add_professional(signed_up_on, 0);
        self.professional_indexes.insert(row.id, index);
        self.open_dojo_account(index);
        self.professionals.push(ProfessionalState {
            id: row.id,
            code: row.code,
            signed_up_on,
            stored_signed_up_on: row.signed_up_on,
            last_day: None,
            stored_last_day: row.left_on,
            overrides: Vec::new(),
            stored_overrides: row.level_overrides,
            merged_into: None,
            stored_merged_into: row.merged_into,
            entries: 0,
            points: 0,
            dojo_credits: 0,
            last_recorded_at: None,
            days: DaySums::default(),
        });
    }

    /// What the next step is to the fold, which is changed here by steps about subjects themselves and by expiry only.
    pub(super) fn read(
        &mut self,
        logged: &LoggedStep,
        objects: &StepObjects,
    ) -> Result<Option<Step>, String> {
        self.report.steps += 1;
        self.seq = logged.seq;
        self.awards.clear();
        match (&logged.activity, &logged.affiliation) {
            _ if is_of_recalculation(logged.action) => Ok(None),
            (Some(row), _) => self.activity_step(logged, row),
            (None, Some(row)) => self.affiliation_step(logged, row),
            (None, None) if objects.subject_steps.contains_key(&logged.seq) => {
                self.subject_step(logged, objects)
            }
            (None, None) if logged.action == LogAction::CreditsExpired => self.expiry_step(logged),
            (None, None) => self.commerce_step(logged, objects),
        }
    }

    /// Folds a step that was read, and adds the entries that it should have left; an impossible one is reported and skipped.
    /// Orders are paid with what they were paid with in the accounts of `paid`, where there are some: by another policy they
    /// were not placed.
    pub(super) fn finish(
        &mut self,
        logged: &LoggedStep,
        step: Result<Option<Step>, String>,
        paid: Option<&Accounts<'_>>,
        expected: &mut Expected,
    ) {
        self.seq = logged.seq;
        if is_of_recalculation(logged.action) {
            return;
        }
        let applied = step.and_then(|step| match step {
            Some(step) => {
                self.fold.apply(&step, &mut self.awards).map_err(|error: LimitExceeded| error.to_string())
            }
            None => Ok(()),
        });
        if let Err(reason) = applied {
            self.report.add_difference(|| format!("step {} of the log: {reason}", logged.seq));
        }
        let objects = &self.objects;
        let returning = returning(logged.action);
        let following = match paid {
            Some(paid) => Following::PaidAs(paid, returning),
            None => Following::Own(returning),
        };
        self.accounts.settle(&mut self.awards, following, &|index| objects.key(index));
        self.points_entries(logged, expected);
        self.ledger_entries(logged, expected);
    }

    fn activity_step(&mut self, logged: &LoggedStep, row: &activity::Model) -> Result<Option<Step>, String> {
        let before = self.activities.get(&row.id).map(|state| state.status);
        let after = match (logged.action, before) {
            (LogAction::Submitted, None) => ActivityStatus::PendingReview,
            (LogAction::Recorded, None) | (LogAction::Approved, Some(ActivityStatus::PendingReview)) => {
                ActivityStatus::Recorded
            }
            (LogAction::Rejected, Some(ActivityStatus::PendingReview)) => ActivityStatus::Rejected,
            (LogAction::Voided, Some(ActivityStatus::Recorded)) => ActivityStatus::Voided,
            (action, before) => {
                let before = before.map_or("not there".to_owned(), |status| format!("{status:?}"));
                return Err(format!("{action:?} can't happen to activity {}, which is {before}", key(row)));
            }
        };
        if before.is_none() {
            self.add_activity(logged, row);
        }
        if before.is_none() && row.seq != logged.seq {
            self.report.add_difference(|| {
                format!(
                    "activity {}: its sequence number in the log is {}, expected {}",
                    key(row),
                    row.seq,
                    logged.seq
                )
            });
        }
        let Some(state) = self.activities.get_mut(&row.id) else { return Ok(None) };
        state.status = after;
        if logged.action == LogAction::Approved {
            state.graded_points = logged.points;
        }
        let (index, graded_points) = (state.number, state.graded_points);
        match (after, self.units(row, graded_points)?) {
            // A recalculation took back what a voided one without units was awarded.
            (ActivityStatus::PendingReview | ActivityStatus::Rejected, _)
            | (ActivityStatus::Voided, None) => Ok(None),
            (ActivityStatus::Recorded, Some(units)) => {
                Ok(Some(Step::Recorded(self.fact(index, row, units)?)))
            }
            (ActivityStatus::Recorded, None) => {
                Err(format!("no edition scores {} on {}", row.kind, row.occurred_on))
            }
            (ActivityStatus::Voided, Some(units)) => Ok(Some(Step::Voided(self.fact(index, row, units)?))),
        }
    }

    /// Units of an activity by the editions in force at this step.
    fn units(&self, row: &activity::Model, graded_points: Option<i64>) -> Result<Option<i64>, String> {
        judged_units(self.policy, row, graded_points).map_err(|error| error.to_string())
    }

    /// Adds the object of a step and returns its index in this replay.
    pub(super) fn add(&mut self, object: Object) -> ObjectIndex {
        self.objects.add(object)
    }

    fn add_activity(&mut self, logged: &LoggedStep, row: &activity::Model) {
        let number = self.add(Object::Activity(row.id));
        self.activities.insert(
            row.id,
            ActivityState {
                number,
                status: ActivityStatus::PendingReview,
                graded_points: None,
                quantity: row.quantity,
                recorded_at: logged.recorded_at,
                awarded_points: 0,
                awarded_credits: 0,
            },
        );
    }

    fn fact(&self, activity: ObjectIndex, row: &activity::Model, units: i64) -> Result<Fact, String> {
        let owner = |stored: Option<Uuid>| stored.map(|id| self.owner(row.id, id));
        let partner = owner(row.partner_id).and_then(|id| self.partner_indexes.get(&id));
        let professional = owner(row.professional_id).and_then(|id| self.professional_indexes.get(&id));
        let subject = match (partner, professional) {
            (Some(&who), None) => Subject::Partner(who),
            (None, Some(&who)) => Subject::Professional(who),
            _ => return Err(format!("activity {} has no subject", key(row))),
        };
        let kind = self.policy.editions.kind(program(row), &row.kind);
        let kind = kind.ok_or_else(|| format!("activity {}: no edition knows {}", key(row), row.kind))?;
        let (occurred_on, quantity) = (row.occurred_on, row.quantity);
        Ok(Fact { activity, subject, kind, occurred_on, quantity, units })
    }

    fn affiliation_step(
        &mut self,
        logged: &LoggedStep,
        row: &LoggedAffiliation,
    ) -> Result<Option<Step>, String> {
        // An affiliation can have been moved by merges of both its subjects.
        let owners = |stored: Uuid, is_known: &dyn Fn(&Uuid) -> bool| {
            let moves = self.former_owners.get(&row.id).map_or(&[][..], Vec::as_slice);
            let later = moves.iter().filter(|(seq, from)| *seq >= self.seq && is_known(from));
            later.map(|(_, from)| *from).next().unwrap_or(stored)
        };
        let partner = owners(row.partner_id, &|id| self.partner_indexes.contains_key(id));
        let who = owners(row.professional_id, &|id| self.professional_indexes.contains_key(id));
        let (partner, who) = (self.partner_indexes.get(&partner), self.professional_indexes.get(&who));
        let (Some(&partner), Some(&who)) = (partner, who) else {
            return Err("an affiliation without its subjects".to_owned());
        };
        let state = |ends_on, voided| AffiliationState {
            professional: who,
            partner,
            starts_on: row.starts_on,
            ends_on,
            voided,
        };
        let after = |ends_on| Affiliation { partner, starts_on: row.starts_on, ends_on };
        let standing =
            |id: &Uuid| self.affiliations.get(id).filter(|state| !state.voided).map(|one| one.starts_on);
        let replaced = row.replaces_id.and_then(|id| standing(&id).map(|starts_on| (id, starts_on)));
        let known = self.affiliations.contains_key(&row.id);
        let (step, next) = match (logged.action, standing(&row.id), logged.step_ends_on) {
            (LogAction::Affiliated, None, end) if !known && row.replaces_id.is_none() => {
                (Step::Affiliated(who, after(end)), state(end, false))
            }
            (LogAction::AffiliationEnded, Some(starts_on), Some(end)) => {
                (Step::AffiliationEnded(who, starts_on, end), state(Some(end), false))
            }
            (LogAction::AffiliationVoided, Some(starts_on), None) => {
                let ends_on = self.affiliations.get(&row.id).and_then(|one| one.ends_on);
                (Step::AffiliationVoided(who, starts_on), state(ends_on, true))
            }
            (LogAction::AffiliationCorrected, None, end) if !known && replaced.is_some() => {
                let (id, starts_on) = replaced.unwrap_or_default();
                if let Some(replaced) = self.affiliations.get_mut(&id) {
                    replaced.voided = true;
                }
                (Step::AffiliationCorrected(who, starts_on, after(end)), state(end, false))
            }
            (action, _, _) => {
                let name = self.professionals[who.0 as usize].name();
                return Err(format!(
                    "{action:?} can't happen to the affiliation from {} of {name}",
                    row.starts_on
                ));
            }
        };
        self.affiliations.insert(row.id, next);
        Ok(Some(step))
    }

    /// Whether an activity came to what follows from the log.
    pub(super) fn is_expected(&self, stored: &activity_states::ActivityState) -> bool {
        self.activities.get(&stored.id).is_some_and(|state| {
            stored.status == state.status
                && stored.graded_points == state.graded_points
                && stored.awarded_points == state.awarded_points
                && stored.awarded_credits == state.awarded_credits
                && stored.recorded_at == state.recorded_at
        })
    }

    /// The activity that follows from the log; none if no step recorded it.
    pub(super) fn expected_activity(&self, found: &activity::Model) -> Option<activity::Model> {
        let state = self.activities.get(&found.id)?;
        Some(activity::Model {
            status: state.status,
            graded_points: state.graded_points,
            awarded_points: state.awarded_points,
            awarded_credits: state.awarded_credits,
            recorded_at: state.recorded_at,
            ..found.clone()
        })
    }
}

fn key(row: &activity::Model) -> String {
    format!("{}/{}", row.source, row.external_id)
}
