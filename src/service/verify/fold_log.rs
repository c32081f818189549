//! The log folded by other policies than the one in force, without comparing anything.

mod circles;
mod waiting;

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::value::LogAction;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::replay::{Expected, FIRST_OTHER, Replay, StepObjects};
use super::{SUBJECTS_PER_PAGE, SearchKeys, load_subjects};
use crate::error::Error;
use crate::program::day_sums::DaySums;
use crate::program::expiry::{Accounts, CreditKind};
use crate::program::fold::{ObjectIndex, Step, Subject};
use crate::program::level_override::LevelOverride;
use crate::program::rule::Track;
use crate::service::activities::parse_attributes;
use crate::service::policy::Policy;
use crate::service::posting::accounts;
use crate::store::log::LoggedStep;
use crate::store::recorded::{self, Recorded, RecordedPage};
use crate::store::{activity, affiliation, credit_entry, log, merge};
use circles::Circles;
pub(super) use waiting::Waiting;
use waiting::WaitingRoom;

/// Steps of a page: few enough that its text fits the cache of the processor, and that live traffic does not wait for long.
const STEPS_PER_PAGE: i64 = 1_000;
/// Recorded activities that are folded before other tasks have their turn.
const STEPS_PER_PIECE: usize = 1_000;
/// Recorded activities that wait to be folded with others of their circle: as many as take 20 MB. A debug build lets so few
/// of them wait that tests see what happens when the room is full.
const WAITING_MAX: usize = if cfg!(debug_assertions) { 40 } else { 200_000 };

/// What the log comes to for a partner.
#[derive(Clone, Debug)]
pub(in crate::service) struct FoldedPartner {
    pub(in crate::service) id: Uuid,
    pub(in crate::service) code: String,
    pub(in crate::service) overrides: Vec<LevelOverride>,
    pub(in crate::service) days: DaySums<(Track, NaiveDate)>,
    pub(in crate::service) balance: i64,
}

/// What the log comes to for a professional.
#[derive(Clone, Debug)]
pub(in crate::service) struct FoldedProfessional {
    pub(in crate::service) id: Uuid,
    pub(in crate::service) code: String,
    pub(in crate::service) signed_up_on: NaiveDate,
    pub(in crate::service) overrides: Vec<LevelOverride>,
    pub(in crate::service) days: DaySums<NaiveDate>,
    pub(in crate::service) dojo_credits: i64,
}

/// What the log comes to by a policy, without subjects that were merged into others.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct FoldedLog {
    pub(in crate::service) partners: Vec<FoldedPartner>,
    pub(in crate::service) professionals: Vec<FoldedProfessional>,
}

impl FoldedLog {
    fn of(replay: Replay<'_>) -> Self {
        let partners = replay.partners.into_iter().filter(|state| state.merged_into.is_none());
        let professionals = replay.professionals.into_iter().filter(|state| state.merged_into.is_none());
        Self {
            partners: partners
                .map(|state| FoldedPartner {
                    id: state.id,
                    code: state.code,
                    overrides: state.overrides,
                    days: state.days,
                    balance: state.credits,
                })
                .collect(),
            professionals: professionals
                .map(|state| FoldedProfessional {
                    id: state.id,
                    code: state.code,
                    signed_up_on: state.signed_up_on,
                    overrides: state.overrides,
                    days: state.days,
                    dojo_credits: state.dojo_credits,
                })
                .collect(),
        }
    }
}

/// The log, folded by two policies piece by piece. A step that one of them does not allow is left out there.
///
/// Nearly all steps record an activity that no later step is about. Of these, no more is read than their awards depend on,
/// and nothing is kept but their places in the log, which number them; the others are read as `verify` reads them.
///
/// Recorded activities are folded circle by circle, in the order of the log within each; and before another step about the
/// circle, since that can depend on them.
pub(in crate::service) struct LogFold<'a> {
    /// By each policy; by the first alone if the other one awards alike.
    replays: Vec<Replay<'a>>,
    /// What orders were paid with, of which both take it: neither policy places them again.
    paid: Accounts<'a>,
    /// Steps that were read.
    steps: u64,
    /// Place in the log of the last step that was read with those before it.
    last: i64,
    /// A page of recorded activities.
    recorded: RecordedPage,
    /// Place of the last one of the page; the end of all places if there are no more.
    read_through: i64,
    circles: Circles,
    waiting: WaitingRoom,
    /// Whether the activities that wait are being folded, and nothing is read.
    is_full: bool,
    /// Places of the recorded activities so far, in order: the place in this list is the number.
    places: Vec<i64>,
    /// Whose recorded activities were before merges.
    former_owners: HashMap<i64, Vec<(i64, Uuid)>>,
}

impl<'a> LogFold<'a> {
    /// Nothing is folded yet.
    pub(in crate::service) async fn begin(
        snapshot: &DatabaseTransaction,
        policies: [&'a Policy; 2],
    ) -> Result<Self, Error> {
        let [first, second] = policies;
        let mut replays = vec![Replay::new(first)];
        if !first.editions.award_like(&second.editions) {
            replays.push(Replay::new(second));
        }
        let all_moved = merge::former_owners(snapshot).await?;
        for replay in &mut replays {
            replay.number_recorded();
        }
        load_subjects(snapshot, &mut replays, Uuid::nil(), SearchKeys::Trusted).await?;
        for replay in &mut replays {
            replay.keep_entries_of_merges();
            for moved in &all_moved {
                let owners = replay.former_owners.entry(moved.object_id).or_default();
                owners.push((moved.log_seq, moved.from_id));
            }
        }
        let paid = paid(snapshot, policies, &replays[0]).await?;
        let circles = Circles::of(&replays[0], affiliation::all_pairs(snapshot).await?);
        Ok(Self {
            replays,
            paid,
            steps: 0,
            last: 0,
            recorded: RecordedPage::default(),
            read_through: 0,
            waiting: WaitingRoom::new(circles.len()),
            circles,
            is_full: false,
            places: Vec::new(),
            former_owners: recorded::former_owners(snapshot).await?,
        })
    }

    /// Reads the next page, or folds a piece of what was read, and returns the number of steps that were read so far; none
    /// if everything is folded.
    pub(in crate::service) async fn piece(
        &mut self,
        snapshot: &DatabaseTransaction,
    ) -> Result<Option<u64>, Error> {
        if self.is_full {
            for _ in 0..STEPS_PER_PIECE {
                let Some(row) = self.waiting.take_any() else {
                    self.is_full = false;
                    break;
                };
                self.fold(&row);
            }
            return Ok(Some(self.steps));
        }
        if self.recorded.is_empty() && self.read_through < i64::MAX {
            let (page, count, last) = recorded::after(snapshot, self.read_through, STEPS_PER_PAGE).await?;
            self.recorded = page;
            self.read_through = if count < STEPS_PER_PAGE { i64::MAX } else { last };
        }
        let steps = log::others_between(snapshot, (self.last, self.read_through), STEPS_PER_PAGE).await?;
        let has_more = i64::try_from(steps.len()).is_ok_and(|count| count == STEPS_PER_PAGE);
        let through = steps.last().filter(|_| has_more).map_or(self.read_through, |step| step.seq);
        if steps.is_empty() && self.recorded.is_empty() {
            self.is_full = self.waiting.len() > 0;
            return Ok(self.is_full.then_some(self.steps));
        }
        let objects = StepObjects::load(snapshot, &steps).await?;
        let contributed = activity::by_ids(snapshot, objects.contributed()).await?;
        for step in &steps {
            self.admit_recorded(step.seq, Some(step))?;
            let earlier = step.activity.iter().chain(objects.history_of(step.seq));
            let contributed = contributed.iter().filter(|_| step.action == LogAction::PartnersMerged);
            for row in earlier.chain(contributed) {
                self.know(row);
            }
            self.apply(step, &objects);
        }
        self.admit_recorded(through, None)?;
        self.last = through;
        self.is_full = self.waiting.len() >= WAITING_MAX;
        Ok(Some(self.steps))
    }

    /// Takes the recorded activities through a place out of the page, but for the one that was recorded by a step which is
    /// read as a whole.
    fn admit_recorded(&mut self, through: i64, whole: Option<&LoggedStep>) -> Result<(), Error> {
        let Self { replays, recorded, places, former_owners, circles, waiting, steps, .. } = self;
        while let Some(row) = recorded.take_through(through)? {
            if whole.is_some_and(|step| step.seq == row.seq) {
                continue;
            }
            *steps += 1;
            let number = number(places.len());
            places.push(row.seq);
            let Some(subject) = subject(&replays[0], former_owners, &row) else { continue };
            let attributes = parse_attributes(row.attributes).ok();
            let judge =
                |replay: &Replay<'_>| attributes.as_ref().and_then(|them| replay.judge_recorded(&row, them));
            let judged = [0, 1].map(|place| replays.get(place).and_then(judge));
            let Recorded { seq, quantity, occurred_on, .. } = row;
            let row = Waiting { seq, quantity, subject, number, occurred_on, judged };
            waiting.push(circles.number(subject), row);
        }
        Ok(())
    }

    /// Folds what waits of a circle.
    fn fold_circle(&mut self, subject: Subject) {
        let circle = self.circles.number(subject);
        while let Some(row) = self.waiting.take(circle) {
            self.fold(&row);
        }
    }

    fn fold(&mut self, row: &Waiting) {
        for (replay, judged) in self.replays.iter_mut().zip(row.judged) {
            replay.apply_recorded(row, judged);
        }
    }

    /// Applies a step that was read as a whole, after the recorded activities that it can depend on.
    fn apply(&mut self, step: &LoggedStep, objects: &StepObjects) {
        self.steps += 1;
        let main = &self.replays[0];
        let partner = step.partner_id.and_then(|id| main.partner_indexes.get(&id).copied());
        let professional = step.professional_id.and_then(|id| main.professional_indexes.get(&id).copied());
        let own = [partner.map(Subject::Partner), professional.map(Subject::Professional)];
        for subject in own.into_iter().flatten() {
            self.fold_circle(subject);
        }
        let read: Vec<_> = self.replays.iter_mut().map(|replay| replay.read(step, objects)).collect();
        let concerned = read.iter().filter_map(|read| read.as_ref().ok()?.as_ref()).flat_map(Step::subjects);
        for subject in concerned.collect::<Vec<_>>() {
            self.fold_circle(subject);
        }
        for (replay, read) in self.replays.iter_mut().zip(read) {
            replay.finish(step, read, Some(&self.paid), &mut Expected::unasked());
        }
    }

    /// Makes an activity known to the replays that they know by its number only.
    fn know(&mut self, row: &entity::activity::Model) {
        let Ok(place) = self.places.binary_search(&row.seq) else { return };
        let number = number(place);
        for replay in &mut self.replays {
            replay.know_recorded(row, number);
        }
    }

    /// What the log comes to by the policies, with what expires through a day; one thing by both if they award alike.
    pub(in crate::service) fn end(self, through: NaiveDate) -> (FoldedLog, Option<FoldedLog>) {
        let mut folded = self.replays.into_iter().map(|mut replay| {
            replay.expire_through(through);
            FoldedLog::of(replay)
        });
        (folded.next().unwrap_or_default(), folded.next())
    }
}

/// What orders of the log were paid with, by the numbers that a replay gives the subjects. Where nothing expires, nothing is
/// read.
async fn paid<'a>(
    snapshot: &DatabaseTransaction,
    policies: [&'a Policy; 2],
    replay: &Replay<'_>,
) -> Result<Accounts<'a>, Error> {
    let mut paid = Accounts::new(&policies[0].editions);
    let expires = |kind| policies.iter().any(|policy| policy.editions.expire(kind));
    if expires(CreditKind::Credits) {
        let ids = credit_entry::spending_partners(snapshot).await?;
        for chunk in ids.chunks(SUBJECTS_PER_PAGE) {
            for (id, account) in accounts(&credit_entry::of_partners(snapshot, chunk).await?) {
                let Some(who) = replay.partner_indexes.get(&id) else { continue };
                paid.add_partner(*who, account.payments_only());
            }
        }
    }
    if expires(CreditKind::DojoCredits) {
        let ids = credit_entry::spending_professionals(snapshot).await?;
        for chunk in ids.chunks(SUBJECTS_PER_PAGE) {
            for (id, account) in accounts(&credit_entry::of_professionals(snapshot, chunk).await?) {
                let Some(who) = replay.professional_indexes.get(&id) else { continue };
                paid.add_professional(*who, account.payments_only());
            }
        }
    }
    Ok(paid)
}

/// The number of a recorded activity: those of other objects are above.
fn number(place: usize) -> ObjectIndex {
    let number = u32::try_from(place).ok().filter(|number| *number < FIRST_OTHER);
    ObjectIndex(number.expect("fewer than 2^31 recorded activities"))
}

/// Whose a recorded activity was at its step. The replays number subjects alike.
fn subject(
    replay: &Replay<'_>,
    former_owners: &HashMap<i64, Vec<(i64, Uuid)>>,
    row: &Recorded<'_>,
) -> Option<Subject> {
    // Few logs have a merge.
    let owners = if former_owners.is_empty() { None } else { former_owners.get(&row.seq) };
    let former = owners.and_then(|owners| owners.iter().find(|(merge, _)| *merge >= row.seq));
    let id = former.map_or(row.subject, |(_, from)| *from);
    if row.is_partner {
        replay.partner_indexes.get(&id).copied().map(Subject::Partner)
    } else {
        replay.professional_indexes.get(&id).copied().map(Subject::Professional)
    }
}
