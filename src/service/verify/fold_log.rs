//! The log folded by several policies at once, without comparing anything.

mod circles;
mod tried;
mod waiting;

use std::collections::HashMap;

use entity::activity;
use entity::value::LogAction;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::replay::{FIRST_OTHER, Replay, StepObjects};
use crate::error::Error;
use crate::program::fold::{ObjectIndex, Step, Subject};
use crate::program::rule::{Attributes, KindId};
use crate::service::activities::parse_attributes;
use crate::store::log::LoggedStep;
use crate::store::recorded::{self, Recorded, RecordedPage};
use crate::store::{activity as activities, affiliation, log};
use circles::Circles;
pub(in crate::service) use tried::{FoldedLog, TriedLog};
pub(super) use waiting::Waiting;
use waiting::WaitingRoom;

/// Steps of a page, and recorded activities that are folded in one go: few enough that a page's text fits the cache of the
/// processor.
const STEPS_PER_PIECE: u16 = 1_000;
/// The same beside live traffic, which waits for what is under way.
const STEPS_BESIDE_OTHERS: u16 = 200;
/// Recorded activities that wait to be folded with others of their circle: as many as take 20 MB. A debug build lets so few
/// of them wait that tests see what happens when the room is full.
const WAITING_MAX: usize = if cfg!(debug_assertions) { 40 } else { 200_000 };

/// What a recorded activity is by a policy, and how many units it asks for; none if the policy does not allow it.
pub(super) type Judged = Option<(KindId, i64)>;

/// What a step is to each replay, or why it can't be.
pub(super) type ReadStep = Vec<Result<Option<Step>, String>>;

/// Replays by several policies, which the log is folded by at once.
pub(super) trait Replays<'a> {
    /// The first replay. All of them number subjects alike.
    fn main(&self) -> &Replay<'a>;

    /// How many replays judge an activity.
    fn count(&self) -> usize;

    /// What each policy says to a recorded activity, whose number is the next one.
    fn judge(&mut self, row: &Recorded<'_>, attributes: Option<&Attributes>) -> impl Iterator<Item = Judged>;

    /// Folds a recorded activity.
    fn fold(&mut self, row: &Waiting, judged: &[Judged]);

    /// Makes an activity known that was known by its number only.
    fn know(&mut self, row: &activity::Model, number: ObjectIndex);

    /// Whether what comes after a step depends on everything before it, whoever it is about.
    fn divides(&self, step: &LoggedStep) -> bool;

    /// What a step that was read as a whole is to each replay.
    fn read(&mut self, step: &LoggedStep, objects: &StepObjects) -> ReadStep;

    /// Folds a step that was read.
    fn finish(&mut self, step: &LoggedStep, read: ReadStep);
}

/// The log, folded by several policies piece by piece. A step that one of them does not allow is left out there.
///
/// Nearly all steps record an activity that no later step is about. Of these, no more is read than their awards depend on,
/// and nothing is kept but their places in the log, which number them; the others are read as `verify` reads them.
///
/// Recorded activities are folded circle by circle, in the order of the log within each; and before another step about the
/// circle, since that can depend on them.
pub(super) struct LogFold<R> {
    replays: R,
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
    numbers: Numbers,
    /// Whose recorded activities were before merges.
    former_owners: HashMap<i64, Vec<(i64, Uuid)>>,
}

/// Places of the recorded activities that were read, in order: the place in this list is the number.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<i64>);

impl Numbers {
    /// The number of the activity that a step recorded, if it has one.
    pub(super) fn of(&self, seq: i64) -> Option<ObjectIndex> {
        self.0.binary_search(&seq).ok().map(number)
    }

    /// The place in the log of a recorded activity.
    pub(super) fn seq(&self, number: ObjectIndex) -> Option<i64> {
        self.0.get(number.0 as usize).copied()
    }

    fn add(&mut self, seq: i64) -> ObjectIndex {
        self.0.push(seq);
        number(self.0.len() - 1)
    }
}

impl<'a, R: Replays<'a>> LogFold<R> {
    /// Nothing is folded yet; the replays have the subjects.
    pub(super) async fn begin(snapshot: &DatabaseTransaction, replays: R) -> Result<Self, Error> {
        let circles = Circles::of(replays.main(), affiliation::all_pairs(snapshot).await?);
        Ok(Self {
            steps: 0,
            last: 0,
            recorded: RecordedPage::default(),
            read_through: 0,
            waiting: WaitingRoom::new(circles.len(), replays.count()),
            circles,
            is_full: false,
            numbers: Numbers::default(),
            former_owners: recorded::former_owners(snapshot).await?,
            replays,
        })
    }

    /// Reads the next page, or folds a piece of what was read, a small one beside others, and returns the number of steps that
    /// were read so far; none if everything is folded.
    pub(super) async fn piece(
        &mut self,
        snapshot: &DatabaseTransaction,
        is_beside_others: bool,
    ) -> Result<Option<u64>, Error> {
        let size = if is_beside_others { STEPS_BESIDE_OTHERS } else { STEPS_PER_PIECE };
        let limit = i64::from(size);
        if self.is_full {
            self.is_full = (0..size).all(|_| self.fold_any());
            return Ok(Some(self.steps));
        }
        if self.recorded.is_empty() && self.read_through < i64::MAX {
            let (page, count, last) = recorded::after(snapshot, self.read_through, limit).await?;
            self.recorded = page;
            self.read_through = if count < limit { i64::MAX } else { last };
        }
        let steps = log::others_between(snapshot, (self.last, self.read_through), limit).await?;
        let has_more = steps.len() == usize::from(size);
        let through = steps.last().filter(|_| has_more).map_or(self.read_through, |step| step.seq);
        if steps.is_empty() && self.recorded.is_empty() {
            self.is_full = self.waiting.len() > 0;
            return Ok(self.is_full.then_some(self.steps));
        }
        let objects = StepObjects::load(snapshot, &steps).await?;
        let contributed = activities::by_ids(snapshot, objects.contributed()).await?;
        for step in &steps {
            self.admit_recorded(step.seq, Some(step))?;
            know_objects(&mut self.replays, &self.numbers, step, &objects, &contributed);
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
        let Self { replays, recorded, numbers, former_owners, circles, waiting, steps, .. } = self;
        while let Some(row) = recorded.take_through(through)? {
            if whole.is_some_and(|step| step.seq == row.seq) {
                continue;
            }
            *steps += 1;
            let number = numbers.add(row.seq);
            let subject = subject(replays.main(), former_owners, &row);
            let attributes = parse_attributes(row.attributes).ok();
            let judged = replays.judge(&row, attributes.as_ref());
            let Some(subject) = subject else { continue };
            let Recorded { seq, quantity, occurred_on, .. } = row;
            let row = Waiting { seq, quantity, subject, number, occurred_on };
            waiting.push(circles.number(subject), row, judged);
        }
        Ok(())
    }

    /// Folds what waits of a circle.
    fn fold_circle(&mut self, subject: Subject) {
        let circle = self.circles.number(subject);
        while let Some((row, judged)) = self.waiting.take(circle) {
            self.replays.fold(&row, judged);
        }
    }

    /// Folds an activity that waits; false if none does.
    fn fold_any(&mut self) -> bool {
        let Some((row, judged)) = self.waiting.take_any() else { return false };
        self.replays.fold(&row, judged);
        true
    }

    /// Applies a step that was read as a whole, after the recorded activities that it can depend on.
    fn apply(&mut self, step: &LoggedStep, objects: &StepObjects) {
        self.steps += 1;
        if self.replays.divides(step) {
            while self.fold_any() {}
        }
        let main = self.replays.main();
        let partner = step.partner_id.and_then(|id| main.partner_indexes.get(&id).copied());
        let professional = step.professional_id.and_then(|id| main.professional_indexes.get(&id).copied());
        let own = [partner.map(Subject::Partner), professional.map(Subject::Professional)];
        for subject in own.into_iter().flatten() {
            self.fold_circle(subject);
        }
        let read = self.replays.read(step, objects);
        let concerned = read.iter().filter_map(|read| read.as_ref().ok()?.as_ref()).flat_map(Step::subjects);
        for subject in concerned.collect::<Vec<_>>() {
            self.fold_circle(subject);
        }
        self.replays.finish(step, read);
    }

    /// The replays, once everything is folded, and the numbers of recorded activities.
    pub(super) fn end(self) -> (R, Numbers) {
        (self.replays, self.numbers)
    }
}

/// Makes activities known to replays that a step is about, where they are known by their numbers only.
pub(super) fn know_objects<'a>(
    replays: &mut impl Replays<'a>,
    numbers: &Numbers,
    step: &LoggedStep,
    objects: &StepObjects,
    contributed: &[activity::Model],
) {
    let earlier = step.activity.iter().chain(objects.history_of(step.seq));
    let contributed = contributed.iter().filter(|_| step.action == LogAction::PartnersMerged);
    for row in earlier.chain(contributed) {
        if let Some(number) = numbers.of(row.seq) {
            replays.know(row, number);
        }
    }
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
