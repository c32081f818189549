//! Activities of one caller that wait together are recorded together.
//!
//! While a transaction of a caller runs, the activities that it sends meanwhile wait here. They are then recorded as
//! one batch: one transaction and one commit, in sets. Each has its own outcome, its own audit entry and events, as
//! in `recordActivities`. An activity that comes while nothing runs does not wait. If the batch as a whole fails, each
//! of its activities is recorded alone.
//!
//! A transaction that waits for the lock of one busy subject must not stop the caller's activities of all others: what
//! waits or runs too long together is recorded alone, and so is what comes in the time after.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::DbBackend;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{ActivityDraft, Intake, Outcome, SentDraft};
use crate::access::Caller;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::service::Services;
use crate::service::run::{Effects, SubjectId};

/// Maximum number of activities that are recorded together: a batch delays others no longer than a small set does.
const TOGETHER_MAX: usize = 100;
/// Maximum number of activities of a caller that wait; further ones are recorded alone.
const WAITING_MAX: usize = 1_000;
/// Maximum time that an activity waits for a batch to begin.
const PATIENCE: Duration = Duration::from_millis(250);
/// Maximum duration of a batch until it commits.
const BATCH_TIME_MAX: Duration = Duration::from_millis(500);
/// Time in which a caller's activities are recorded alone after one of these was exceeded.
const ALONE_TIME: Duration = Duration::from_secs(2);
/// Time before the deadline of an activity after which its batch does not begin to commit. The caller is told that
/// nothing was changed when the deadline passes, so a commit must have begun visibly before.
const MARGIN: Duration = Duration::from_millis(200);

/// What is recorded together: activities of one caller that count at once, or that are claims.
type LaneKey = (Caller, Intake);

/// The activities that wait, by caller.
#[derive(Debug, Default)]
pub(in crate::service) struct Together {
    lanes: Mutex<HashMap<LaneKey, Lane>>,
}

#[derive(Debug, Default)]
struct Lane {
    /// Transactions that run.
    running: usize,
    waiting: VecDeque<Waiting>,
    /// Until when nothing is to wait.
    alone_until: Option<Instant>,
}

impl Lane {
    fn is_slow(&self) -> bool {
        self.alone_until.is_some_and(|until| Instant::now() < until)
    }
}

impl Together {
    fn with_lane<T>(&self, key: &LaneKey, work: impl FnOnce(&mut Lane) -> T) -> T {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(key.clone()).or_default();
        let done = work(lane);
        if lane.running == 0 && lane.waiting.is_empty() && !lane.is_slow() {
            lanes.remove(key);
        }
        done
    }
}

/// A draft that outlives its request.
#[derive(Debug)]
struct OneDraft {
    draft: Arc<ActivityDraft>,
    replaces: bool,
    request_id: Option<Arc<str>>,
}

impl OneDraft {
    fn sent(&self) -> SentDraft<'_> {
        SentDraft { draft: &self.draft, replaces: self.replaces, request_id: self.request_id.as_deref() }
    }
}

#[derive(Debug)]
struct Waiting {
    one: OneDraft,
    deadline: Option<Deadline>,
    answer: oneshot::Sender<Answer>,
}

impl Waiting {
    fn key(&self) -> (&str, &str) {
        (&self.one.draft.source, &self.one.draft.external_id)
    }
}

#[derive(Debug)]
enum Answer {
    Recorded(Box<(Outcome, Effects)>),
    /// Nothing was recorded: the caller records it alone.
    Alone,
    InDoubt,
}

/// How a draft enters its lane.
enum Entered {
    /// It is recorded at once, alone.
    AtOnce(Box<Turn>),
    /// It waits for an answer.
    Waits(oneshot::Receiver<Answer>),
}

/// A transaction of a lane. When it ends, what waits comes next.
struct Turn {
    services: Services,
    intake: Intake,
}

impl Services {
    /// Records or submits one activity; with others of the same caller if they wait together.
    ///
    /// # Errors
    /// When the caller has no right to it, or the database fails.
    pub async fn activity_record(
        &self,
        draft: ActivityDraft,
        replaces: bool,
        intake: Intake,
    ) -> Result<Outcome, Error> {
        self.authorize(intake.operation())?;
        let draft = Arc::new(draft);
        let is_late =
            self.deadline.as_ref().is_some_and(|deadline| Instant::now() + 2 * MARGIN > deadline.at());
        if self.is_preview() || self.whole.is_some() || is_late {
            return self.record_alone(&draft, replaces, intake).await;
        }
        let received = match self.enter(&draft, replaces, intake) {
            Entered::AtOnce(_turn) => return self.record_alone(&draft, replaces, intake).await,
            Entered::Waits(received) => received,
        };
        match self.answer(received, &draft, intake).await? {
            Answer::Recorded(recorded) => {
                let (outcome, effects) = *recorded;
                self.keep_effects(effects);
                Ok(outcome)
            }
            Answer::Alone => self.record_alone(&draft, replaces, intake).await,
            Answer::InDoubt => Err(Error::InDoubt(None)),
        }
    }

    async fn record_alone(
        &self,
        draft: &ActivityDraft,
        replaces: bool,
        intake: Intake,
    ) -> Result<Outcome, Error> {
        let sent = SentDraft { draft, replaces, request_id: self.request_id() };
        let (mut outcomes, _) = self.record_drafts(&[sent], intake, None).await?;
        outcomes.pop().ok_or_else(|| Error::Damaged("an activity without an outcome".to_owned()))
    }

    fn lane(&self, intake: Intake) -> LaneKey {
        (self.caller().clone(), intake)
    }

    /// Lets a draft wait if enough transactions of the caller run.
    fn enter(&self, draft: &Arc<ActivityDraft>, replaces: bool, intake: Intake) -> Entered {
        self.together.with_lane(&self.lane(intake), |lane| {
            if lane.running < self.batches_at_once() || lane.waiting.len() >= WAITING_MAX || lane.is_slow() {
                lane.running += 1;
                return Entered::AtOnce(Box::new(Turn { services: self.clone(), intake }));
            }
            let (answer, received) = oneshot::channel();
            let one = OneDraft { draft: Arc::clone(draft), replaces, request_id: self.request_id.clone() };
            lane.waiting.push_back(Waiting { one, deadline: self.deadline.clone(), answer });
            Entered::Waits(received)
        })
    }

    /// Takes back a draft that still waits; false if it is being recorded.
    fn withdraw(&self, draft: &Arc<ActivityDraft>, intake: Intake) -> bool {
        self.together.with_lane(&self.lane(intake), |lane| {
            let place = lane.waiting.iter().position(|waiting| Arc::ptr_eq(&waiting.one.draft, draft));
            let Some(place) = place else { return false };
            lane.waiting.remove(place);
            lane.alone_until = Some(Instant::now() + ALONE_TIME);
            true
        })
    }

    /// Transactions of a caller that run at once. On PostgreSQL one works while the other commits; SQLite has one
    /// writer.
    fn batches_at_once(&self) -> usize {
        if self.db.backend() == DbBackend::Postgres { 2 } else { 1 }
    }

    /// Waits for the answer until the deadline, and longer if a commit has begun.
    async fn answer(
        &self,
        mut received: oneshot::Receiver<Answer>,
        draft: &Arc<ActivityDraft>,
        intake: Intake,
    ) -> Result<Answer, Error> {
        // A batch that ended without an answer may have been committed.
        let in_doubt = |_| Error::InDoubt(None);
        let commits = self.deadline.as_ref().map_or(0, Deadline::commits);
        match tokio::time::timeout(PATIENCE, &mut received).await {
            Ok(answer) => return answer.map_err(in_doubt),
            Err(_) if self.withdraw(draft, intake) => return Ok(Answer::Alone),
            Err(_) => {}
        }
        let Some(deadline) = &self.deadline else { return received.await.map_err(in_doubt) };
        match tokio::time::timeout_at(deadline.at().into(), &mut received).await {
            Ok(answer) => answer.map_err(in_doubt),
            Err(_) if deadline.commits() == commits => Err(Error::TimedOut),
            Err(_) => match tokio::time::timeout_at(deadline.commit_by().into(), received).await {
                Ok(answer) => answer.map_err(in_doubt),
                Err(_) => Err(Error::InDoubt(None)),
            },
        }
    }

    /// Records what waited together, and answers each.
    async fn record_waiting(self, batch: Vec<Waiting>, intake: Intake) {
        let deadlines = batch.iter().filter_map(|waiting| waiting.deadline.as_ref());
        let deadline = Deadline::shared(deadlines, MARGIN, Instant::now() + BATCH_TIME_MAX);
        let services = Self { request_id: None, ..self.with_deadline(Some(deadline)) };
        let services = services.for_mutation(false, None);
        let (drafts, answers): (Vec<OneDraft>, Vec<oneshot::Sender<Answer>>) =
            batch.into_iter().map(|waiting| (waiting.one, waiting.answer)).unzip();
        let sent: Vec<SentDraft<'_>> = drafts.iter().map(OneDraft::sent).collect();
        let recorded = services.record_drafts(&sent, intake, None).await;
        let answered: Vec<Answer> = match recorded {
            Ok((outcomes, _)) => {
                let effects = effects_of_each(&outcomes, &services.effects());
                let recorded = outcomes.into_iter().zip(effects).map(Box::new);
                recorded.map(Answer::Recorded).collect()
            }
            Err(Error::InDoubt(_)) => answers.iter().map(|_| Answer::InDoubt).collect(),
            Err(error) => {
                if matches!(error, Error::TimedOut) {
                    let until = Instant::now() + ALONE_TIME;
                    services
                        .together
                        .with_lane(&services.lane(intake), |lane| lane.alone_until = Some(until));
                }
                answers.iter().map(|_| Answer::Alone).collect()
            }
        };
        for (answer, to) in answered.into_iter().zip(answers) {
            // One whose deadline has passed does not wait any more.
            let _ = to.send(answer);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let at_once = self.services.batches_at_once();
        let batch = self.services.together.with_lane(&self.services.lane(self.intake), |lane| {
            // Those that were recorded alone beside the others have no successor.
            let batch = if lane.running > at_once { Vec::new() } else { next_batch(&mut lane.waiting) };
            lane.running -= usize::from(batch.is_empty());
            batch
        });
        if batch.is_empty() {
            return;
        }
        let next = Self { services: self.services.clone(), intake: self.intake };
        // Without a runtime the program ends, and nobody waits for an answer.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let turn = next;
                turn.services.clone().record_waiting(batch, turn.intake).await;
            });
        }
    }
}

/// The drafts to record next, the longest waiting first. Of drafts with the same key, each is recorded after the
/// one before it, which it then finds.
fn next_batch(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut keys: HashSet<(String, String)> = HashSet::new();
    let mut batch = Vec::new();
    let mut later = VecDeque::new();
    for one in waiting.drain(..) {
        // Nobody waits for the answer of one whose deadline has passed.
        if one.answer.is_closed() {
            continue;
        }
        let (source, external_id) = one.key();
        let key = (source.to_owned(), external_id.to_owned());
        if batch.len() < TOGETHER_MAX && keys.insert(key) {
            batch.push(one);
        } else {
            later.push_back(one);
        }
    }
    *waiting = later;
    batch
}

/// The effects of each outcome of a batch. A change of a level belongs to the last activity that changed its subject.
fn effects_of_each(outcomes: &[Outcome], all: &Effects) -> Vec<Effects> {
    let seqs: Vec<Option<i64>> = outcomes.iter().map(Outcome::recorded_seq).collect();
    let mut each = all.of_each_step(&seqs);
    let mut last: HashMap<Uuid, usize> = HashMap::new();
    for (index, effects) in each.iter().enumerate() {
        last.extend(effects.ledger.iter().map(|entry| (entry.partner_id, index)));
        last.extend(effects.points.iter().map(|entry| (entry.professional_id, index)));
    }
    for (subject, change) in &all.levels {
        let (SubjectId::Partner(id) | SubjectId::Professional(id)) = subject;
        if let Some(index) = last.get(id) {
            each[*index].levels.push((*subject, change.clone()));
        }
    }
    each
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::activities::SubjectCode;

    fn waiting(external_id: &str) -> (Waiting, oneshot::Receiver<Answer>) {
        let draft = ActivityDraft {
            subject: SubjectCode::Partner("a".to_owned()),
            kind: "CUSTOMER_MEETING".to_owned(),
            occurred_on: chrono::NaiveDate::MIN,
            quantity: 1,
            points: None,
            attributes: serde_json::Map::new(),
            source: "crm".to_owned(),
            external_id: external_id.to_owned(),
        };
        let (answer, received) = oneshot::channel();
        let one = OneDraft { draft: Arc::new(draft), replaces: false, request_id: None };
        (Waiting { one, deadline: None, answer }, received)
    }

    fn ids(batch: &[Waiting]) -> Vec<&str> {
        batch.iter().map(|one| one.one.draft.external_id.as_str()).collect()
    }

    #[test]
    fn drafts_with_one_key_come_one_after_the_other_and_abandoned_ones_never() {
        let (mut queue, mut receivers) = (VecDeque::new(), Vec::new());
        for id in ["1", "2", "1", "gone", "3", "1"] {
            let (one, received) = waiting(id);
            queue.push_back(one);
            if id != "gone" {
                receivers.push(received);
            }
        }
        let first = next_batch(&mut queue);
        assert_eq!(ids(&first), ["1", "2", "3"]);
        let second = next_batch(&mut queue);
        assert_eq!(ids(&second), ["1"]);
        assert_eq!(ids(&next_batch(&mut queue)), ["1"]);
        assert!(next_batch(&mut queue).is_empty());
    }

    #[test]
    fn a_batch_is_bounded_and_keeps_the_order() {
        let (mut queue, receivers): (VecDeque<_>, Vec<_>) =
            (0..=TOGETHER_MAX).map(|number| waiting(&number.to_string())).unzip();
        assert_eq!(next_batch(&mut queue).len(), TOGETHER_MAX);
        assert_eq!(ids(&next_batch(&mut queue)), [TOGETHER_MAX.to_string()]);
        drop(receivers);
    }
}
