//! The log folded by other policies than the one in force, without comparing anything.

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
use crate::program::fold::{ObjectIndex, Subject};
use crate::program::level_override::LevelOverride;
use crate::program::rule::Track;
use crate::service::policy::Policy;
use crate::service::posting::accounts;
use crate::store::log::LoggedStep;
use crate::store::recorded::{self, Recorded, RecordedPage};
use crate::store::{activity, credit_entry, log, merge};

/// Steps of a page: few enough that its text fits the cache of the processor, and that live traffic does not wait for long.
const STEPS_PER_PAGE: i64 = 1_000;
/// Recorded activities that are folded before other tasks have their turn.
const STEPS_PER_TURN: usize = 250;

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

/// The log, folded by two policies page by page. A step that one of them does not allow is left out there.
///
/// Nearly all steps record an activity that no later step is about. Of these, no more is read than their awards depend on,
/// and nothing is kept but their places in the log, which number them; the others are read as `verify` reads them.
pub(in crate::service) struct LogFold<'a> {
    replays: [Replay<'a>; 2],
    /// What orders were paid with, of which both take it: neither policy places them again.
    paid: Accounts<'a>,
    /// Place in the log of the last step that was folded.
    last: i64,
    /// Recorded activities that were read and not folded yet.
    recorded: RecordedPage,
    /// Place of the last one that was read; the end of all places if there are no more.
    read_through: i64,
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
        let mut replays = policies.map(Replay::new);
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
        Ok(Self {
            replays,
            paid,
            last: 0,
            recorded: RecordedPage::default(),
            read_through: 0,
            places: Vec::new(),
            former_owners: recorded::former_owners(snapshot).await?,
        })
    }

    /// Folds the next page, and returns the number of steps so far; none if there is no further step.
    pub(in crate::service) async fn page(
        &mut self,
        snapshot: &DatabaseTransaction,
    ) -> Result<Option<u64>, Error> {
        if self.recorded.is_empty() && self.read_through < i64::MAX {
            let (page, count, last) = recorded::after(snapshot, self.read_through, STEPS_PER_PAGE).await?;
            self.recorded = page;
            self.read_through = if count < STEPS_PER_PAGE { i64::MAX } else { last };
        }
        let steps = log::others_between(snapshot, (self.last, self.read_through), STEPS_PER_PAGE).await?;
        let is_full = i64::try_from(steps.len()).is_ok_and(|count| count == STEPS_PER_PAGE);
        let through = steps.last().filter(|_| is_full).map_or(self.read_through, |step| step.seq);
        if steps.is_empty() && self.recorded.is_empty() {
            return Ok(None);
        }
        let objects = StepObjects::load(snapshot, &steps).await?;
        let contributed = activity::by_ids(snapshot, objects.contributed()).await?;
        for step in &steps {
            self.fold_recorded(step.seq, Some(step), usize::MAX)?;
            let earlier = step.activity.iter().chain(objects.history_of(step.seq));
            let contributed = contributed.iter().filter(|_| step.action == LogAction::PartnersMerged);
            for row in earlier.chain(contributed) {
                self.know(row);
            }
            for replay in &mut self.replays {
                replay.apply(step, &objects, Some(&self.paid), &mut Expected::unasked());
            }
        }
        while self.fold_recorded(through, None, STEPS_PER_TURN)? {
            tokio::task::yield_now().await;
        }
        self.last = through;
        Ok(Some(self.replays[0].report.steps))
    }

    /// Folds the recorded activities through a place, but for the one that was recorded by a step which is read as a whole; so
    /// many of them at most. Whether there may be more.
    fn fold_recorded(
        &mut self,
        through: i64,
        whole: Option<&LoggedStep>,
        most: usize,
    ) -> Result<bool, Error> {
        let Self { replays, recorded, places, former_owners, .. } = self;
        for _ in 0..most {
            let Some(row) = recorded.take_through(through)? else { return Ok(false) };
            if whole.is_some_and(|step| step.seq == row.seq) {
                continue;
            }
            let number = number(places.len());
            places.push(row.seq);
            let Some(subject) = subject(&replays[0], former_owners, &row) else { continue };
            for replay in replays.iter_mut() {
                replay.apply_recorded(&row, number, subject);
            }
        }
        Ok(true)
    }

    /// Makes an activity known to the replays that they know by its number only.
    fn know(&mut self, row: &entity::activity::Model) {
        let Ok(place) = self.places.binary_search(&row.seq) else { return };
        let number = number(place);
        for replay in &mut self.replays {
            replay.know_recorded(row, number);
        }
    }

    /// What the log comes to by each of the policies, with what expires through a day.
    pub(in crate::service) fn end(self, through: NaiveDate) -> [FoldedLog; 2] {
        self.replays.map(|mut replay| {
            replay.expire_through(through);
            FoldedLog::of(replay)
        })
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
