//! The log and the moves between policies in it: from a step on, the edition of a recalculation is in force, or no longer,
//! and each subject follows by a step of its own (E4).
//!
//! What a subject becomes is what the whole log comes to by the new policy. So the log is replayed beside itself: as it
//! was, and by each policy that it moves to.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::value::{LogAction, RecalculationStatus};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::fold_log::{Judged, LogFold, Numbers, ReadStep, Replays, Waiting, know_objects};
use super::replay::{
    Cause, Change, Differences, Expected, OpenMove, Replay, StepObjects, is_of_recalculation,
};
use super::{STEPS_PER_PAGE, SearchKeys, load_subjects, prepare};
use crate::error::Error;
use crate::program::fold::ObjectIndex;
use crate::program::rule::{Attributes, Program};
use crate::service::pace::Pace;
use crate::service::policy::Policy;
use crate::service::posting::{Object, RecalculatedSubject};
use crate::store::log::LoggedStep;
use crate::store::recorded::Recorded;
use crate::store::{activity, log, recalculation};

/// The policies of the log, and the steps that move from one to the next.
pub(in crate::service) struct Moves {
    policies: Vec<Policy>,
    seqs: Vec<i64>,
    open: Option<OpenMove>,
}

impl Moves {
    /// The moves in the log of a snapshot.
    ///
    /// # Errors
    /// [`Error::PolicyChanged`] if the policy lacks an edition of them.
    pub(in crate::service) async fn load(
        snapshot: &DatabaseTransaction,
        policy: &Policy,
    ) -> Result<Self, Error> {
        let rows = recalculation::moves(snapshot).await?;
        let applied = rows.iter().map(|row| (row.applied_seq, row.id, false));
        let reverted = rows.iter().map(|row| (row.reverted_seq, row.id, true));
        let mut list: Vec<(i64, Uuid, bool)> =
            applied.chain(reverted).filter_map(|(seq, id, reverts)| Some((seq?, id, reverts))).collect();
        list.sort_unstable();
        let mut in_force: Vec<Uuid> = Vec::new();
        let mut policies = vec![policy.with_recalculations(&in_force)?];
        for (_, id, reverts) in &list {
            if policy.id_of_recalculation(*id).is_none() {
                return Err(Error::PolicyChanged);
            }
            if *reverts {
                in_force.retain(|one| one != id);
            } else {
                in_force.push(*id);
            }
            policies.push(policy.with_recalculations(&in_force)?);
        }
        let open = rows
            .iter()
            .find(|row| matches!(row.status, RecalculationStatus::Applying | RecalculationStatus::Reverting));
        let open = open.map(|row| OpenMove {
            professionals_through: row.professionals_through,
            partners_through: row.partners_through,
        });
        Ok(Self { policies, seqs: list.into_iter().map(|(seq, ..)| seq).collect(), open })
    }

    /// Place in the log of the last move.
    fn last(&self) -> i64 {
        self.seqs.last().copied().unwrap_or(0)
    }
}

/// The log by one policy from the start, and how it differs from the log as it was.
struct Shadow<'a> {
    replay: Replay<'a>,
    differences: Differences,
}

/// The log replayed with its moves.
pub(in crate::service) struct MovingReplay<'a> {
    moves: &'a Moves,
    /// How many moves the steps so far have.
    begun: usize,
    pub(super) main: Replay<'a>,
    /// For each move that is not over, the log by the policy that it moves to.
    shadows: Vec<Option<Shadow<'a>>>,
    last: i64,
    /// Places after the last move that were replayed. On `PostgreSQL`, a step can be committed after one of a later place.
    seen: HashSet<i64>,
    /// Place of the last step of a subject's recalculation that was replayed. They are committed one after the other.
    recalculated: i64,
    /// When each subject was last part of a step that was replayed.
    last_steps: HashMap<Uuid, Option<DateTime<Utc>>>,
    /// Numbers of the activities that are known by them only.
    numbers: Numbers,
}

impl<'a> MovingReplay<'a> {
    /// Nothing is replayed yet. If that `verify`s the log, search keys are compared; else activities are known by their
    /// numbers only.
    async fn new(
        snapshot: &DatabaseTransaction,
        moves: &'a Moves,
        search_keys: SearchKeys,
    ) -> Result<Self, Error> {
        let mut replays: Vec<Replay<'a>> = moves.policies.iter().map(Replay::new).collect();
        if search_keys == SearchKeys::Trusted {
            replays.iter_mut().for_each(Replay::number_recorded);
        }
        prepare(snapshot, &mut replays, search_keys).await?;
        let mut replays = replays.into_iter();
        let Some(mut main) = replays.next() else {
            return Err(Error::Damaged("there is no policy".to_owned()));
        };
        main.open = moves.open;
        let shadows = replays.map(|replay| Some(Shadow { replay, differences: Differences::default() }));
        Ok(Self {
            moves,
            begun: 0,
            main,
            shadows: shadows.collect(),
            last: 0,
            seen: HashSet::new(),
            recalculated: 0,
            last_steps: HashMap::new(),
            numbers: Numbers::default(),
        })
    }

    /// For `verify`: nothing is replayed yet.
    pub(super) async fn begin(snapshot: &DatabaseTransaction, moves: &'a Moves) -> Result<Self, Error> {
        Self::new(snapshot, moves, SearchKeys::Compared).await
    }

    /// For recalculating: the whole log is replayed, and activities are known by their numbers only.
    pub(in crate::service) async fn whole(
        snapshot: &DatabaseTransaction,
        moves: &'a Moves,
        pace: &mut Pace<'_>,
    ) -> Result<Self, Error> {
        let mut fold =
            LogFold::begin(snapshot, Self::new(snapshot, moves, SearchKeys::Trusted).await?).await?;
        while fold.piece(snapshot, pace.is_beside_others()).await?.is_some() {
            pace.rest().await;
        }
        let (mut whole, numbers) = fold.end();
        whole.numbers = numbers;
        let rows = recalculation::last_steps(snapshot).await?;
        whole.last_steps = rows.into_iter().map(|row| (row.id, row.last_recorded_at)).collect();
        Ok(whole)
    }

    /// Replays the next page, and returns the entries that it should have left; none if there is no further step.
    pub(super) async fn page(&mut self, snapshot: &DatabaseTransaction) -> Result<Option<Expected>, Error> {
        let steps = log::after(snapshot, self.last, STEPS_PER_PAGE).await?;
        let Some(end) = steps.last() else { return Ok(None) };
        self.last = end.seq;
        let objects = StepObjects::load(snapshot, &steps).await?;
        let mut expected = Expected::default();
        for step in &steps {
            self.apply(step, &objects, &mut expected);
        }
        // Live traffic has its turn.
        tokio::task::yield_now().await;
        Ok(Some(expected))
    }

    fn apply(&mut self, step: &LoggedStep, objects: &StepObjects, expected: &mut Expected) {
        let read = self.read(step, objects);
        self.finish_as(step, read, expected);
    }

    fn finish_as(&mut self, step: &LoggedStep, read: ReadStep, expected: &mut Expected) {
        self.note_seen(step.seq);
        match step.action {
            LogAction::RecalculationApplied | LogAction::RecalculationReverted => self.begin_move(step),
            LogAction::Recalculated => self.recalculate(step, expected),
            _ => {
                let mut read = read.into_iter();
                let mut next = || read.next().unwrap_or(Ok(None));
                self.main.finish(step, next(), None, expected);
                for Shadow { replay, differences } in self.shadows.iter_mut().flatten() {
                    let paid = Some(&self.main.accounts);
                    replay.finish(step, next(), paid, &mut Expected::unasked());
                    differences.add(replay, 1);
                    differences.add(&self.main, -1);
                }
            }
        }
    }

    /// Only recalculations ask for what was committed late.
    fn note_seen(&mut self, seq: i64) {
        if !self.moves.seqs.is_empty() && seq > self.moves.last() {
            self.seen.insert(seq);
        }
    }

    fn recalculate(&mut self, step: &LoggedStep, expected: &mut Expected) {
        self.recalculated = step.seq;
        let shadow = self.begun.checked_sub(1).and_then(|place| self.shadows[place].as_mut());
        let Some(Shadow { replay, differences }) = shadow else {
            self.main.skip(step);
            let seq = step.seq;
            self.main.report.add_difference(|| format!("step {seq} of the log: there is no recalculation"));
            return;
        };
        self.main.recalculate(step, (replay, differences), expected);
        // What the subject was given is part of what later policies compare with.
        for later in self.shadows[self.begun..].iter_mut().flatten() {
            later.differences.add(&self.main, -1);
        }
    }

    fn begin_move(&mut self, step: &LoggedStep) {
        self.main.skip(step);
        if self.moves.seqs.get(self.begun) != Some(&step.seq) {
            let seq = step.seq;
            self.main.report.add_difference(|| format!("step {seq} of the log: it is of no recalculation"));
            return;
        }
        // Whatever was recalculated before is done.
        for shadow in &mut self.shadows[..self.begun] {
            *shadow = None;
        }
        self.begun += 1;
        self.main.use_policy(&self.moves.policies[self.begun]);
    }

    /// Replays what was committed meanwhile, unless these subjects, whose rows are locked, were no part of it. Each comes with
    /// when it was last part of a step.
    pub(in crate::service) async fn catch_up(
        &mut self,
        connection: &DatabaseTransaction,
        subjects: impl Iterator<Item = (Uuid, Option<DateTime<Utc>>)>,
    ) -> Result<(), Error> {
        let others: Vec<_> = subjects.filter(|(id, last)| self.last_steps.get(id) != Some(last)).collect();
        if others.is_empty() {
            return Ok(());
        }
        // Ids begin with the time of their creation; clocks of processes differ by less than a day.
        let recent = Uuid::from_u128((Uuid::now_v7().as_u128() >> 80).saturating_sub(86_400_000) << 80);
        let shadows = self.shadows.iter_mut().flatten().map(|shadow| &mut shadow.replay);
        for replay in shadows.chain([&mut self.main]) {
            load_subjects(connection, std::slice::from_mut(replay), recent, SearchKeys::Trusted).await?;
        }
        let mut last = self.moves.last();
        loop {
            let mut steps = log::late(connection, (last, self.recalculated), STEPS_PER_PAGE).await?;
            let Some(end) = steps.last() else { break };
            last = end.seq;
            steps.retain(|step| !self.seen.contains(&step.seq));
            if steps.is_empty() {
                continue;
            }
            let objects = StepObjects::load(connection, &steps).await?;
            let numbers = std::mem::take(&mut self.numbers);
            for step in &steps {
                // Merges wait until every subject has followed.
                know_objects(self, &numbers, step, &objects, &[]);
                self.apply(step, &objects, &mut Expected::unasked());
                self.note_subjects(step);
            }
            self.numbers = numbers;
        }
        self.last_steps.extend(others);
        Ok(())
    }

    /// Notes of whom a step was replayed, so that it is not looked for again.
    fn note_subjects(&mut self, step: &LoggedStep) {
        let Replay { awards, partners, professionals, .. } = &self.main;
        let partners = awards.credits.iter().map(|award| partners[award.partner.0 as usize].id);
        let people = awards.points.iter().map(|award| professionals[award.professional.0 as usize].id);
        let own = step.partner_id.into_iter().chain(step.professional_id);
        for id in partners.chain(people).chain(own) {
            self.last_steps.insert(id, Some(step.recorded_at));
        }
    }

    /// What the last move makes of a subject, before recorded activities are looked up.
    fn change(&self, subject: Object) -> Option<Change> {
        let Shadow { replay, differences } = self.shadows.last()?.as_ref()?;
        match subject {
            Object::Partner(id) => {
                let who = self.main.partner_indexes.get(&id)?;
                Some(self.main.partner_change(*who, (replay, differences)))
            }
            Object::Professional(id) => {
                let who = self.main.professional_indexes.get(&id)?;
                Some(self.main.professional_change(*who, (replay, differences)))
            }
            _ => None,
        }
    }

    /// Whether what is ahead of a program's subjects, and what they have of their credits and points, stays as it is with the
    /// last move unless the credits and points change.
    pub(in crate::service) fn values_alike(&self, program: Program) -> bool {
        match self.moves.policies.as_slice() {
            [.., before, after] => before.editions.value_like(&after.editions, program),
            _ => true,
        }
    }

    /// What the last move makes of subjects, in their order; none of one that is unknown.
    pub(in crate::service) async fn changes(
        &self,
        connection: &impl ConnectionTrait,
        subjects: impl Iterator<Item = Object>,
    ) -> Result<Vec<Option<RecalculatedSubject>>, DbErr> {
        let changes: Vec<Option<Change>> = subjects.map(|subject| self.change(subject)).collect();
        let of_partners =
            changes.iter().flatten().flat_map(|change| change.credits.iter().map(|net| net.object));
        let of_people =
            changes.iter().flatten().flat_map(|change| change.points.iter().map(|net| net.object));
        let seq = |cause| match cause {
            Cause::Recorded(number) => self.numbers.seq(number),
            Cause::Object(_) => None,
        };
        let mut seqs: Vec<i64> = of_partners.chain(of_people).filter_map(seq).collect();
        seqs.sort_unstable();
        seqs.dedup();
        let ids = activity::ids_at(connection, &seqs).await?;
        let object = |cause| match cause {
            Cause::Object(object) => Some(object),
            cause @ Cause::Recorded(_) => ids.get(&seq(cause)?).copied().map(Object::Activity),
        };
        let named = |change: Change| change.with_objects(self.main.policy, object, |object| object.id());
        Ok(changes.into_iter().map(|change| change.map(named)).collect())
    }
}

impl<'a> Replays<'a> for MovingReplay<'a> {
    fn main(&self) -> &Replay<'a> {
        &self.main
    }

    fn count(&self) -> usize {
        1 + self.shadows.len()
    }

    fn judge(&mut self, row: &Recorded<'_>, attributes: Option<&Attributes>) -> impl Iterator<Item = Judged> {
        self.note_seen(row.seq);
        self.main.add_quantity(row.quantity);
        let shadows = self.shadows.iter().map(|shadow| shadow.as_ref().map(|shadow| &shadow.replay));
        let replays = std::iter::once(Some(&self.main)).chain(shadows);
        replays.map(move |replay| replay?.judge_recorded(row, attributes?))
    }

    fn fold(&mut self, row: &Waiting, judged: &[Judged]) {
        let Some((by_main, by_shadows)) = judged.split_first() else { return };
        self.main.apply_recorded(row, *by_main, None);
        for (shadow, judged) in self.shadows.iter_mut().zip(by_shadows) {
            let Some(Shadow { replay, differences }) = shadow else { continue };
            replay.apply_recorded(row, *judged, Some(&self.main.accounts));
            differences.add(replay, 1);
            differences.add(&self.main, -1);
            // Another step may have been read before, whose awards are still to come.
            replay.awards.clear();
        }
        self.main.awards.clear();
    }

    fn know(&mut self, row: &entity::activity::Model, number: ObjectIndex) {
        let shadows = self.shadows.iter_mut().flatten().map(|shadow| &mut shadow.replay);
        for replay in shadows.chain([&mut self.main]) {
            replay.know_recorded(row, number);
        }
    }

    fn divides(&self, step: &LoggedStep) -> bool {
        matches!(step.action, LogAction::RecalculationApplied | LogAction::RecalculationReverted)
    }

    fn read(&mut self, step: &LoggedStep, objects: &StepObjects) -> ReadStep {
        // It says nothing about facts.
        if is_of_recalculation(step.action) {
            return ReadStep::new();
        }
        let shadows = self.shadows.iter_mut().flatten().map(|shadow| &mut shadow.replay);
        std::iter::once(&mut self.main).chain(shadows).map(|replay| replay.read(step, objects)).collect()
    }

    fn finish(&mut self, step: &LoggedStep, read: ReadStep) {
        self.finish_as(step, read, &mut Expected::unasked());
    }
}
