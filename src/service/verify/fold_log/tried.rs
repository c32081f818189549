//! The log by the policy in force and by another one that is tried.

use chrono::NaiveDate;
use entity::activity;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{Judged, LogFold, ReadStep, Replays, Waiting};
use crate::error::Error;
use crate::program::day_sums::DaySums;
use crate::program::expiry::{Accounts, CreditKind};
use crate::program::fold::{ObjectIndex, Subject};
use crate::program::level_override::LevelOverride;
use crate::program::rule::{Attributes, Track};
use crate::service::policy::Policy;
use crate::service::posting::accounts;
use crate::service::verify::replay::{Expected, Replay, StepObjects};
use crate::service::verify::{SUBJECTS_PER_PAGE, SearchKeys, prepare};
use crate::store::log::LoggedStep;
use crate::store::recorded::Recorded;
use crate::store::{affiliation, credit_entry};

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

/// The replays by two policies.
struct PolicyPair<'a> {
    /// By each policy; by the first alone if the other one awards alike.
    replays: Vec<Replay<'a>>,
    /// What orders were paid with, of which both take it: neither policy places them again.
    paid: Accounts<'a>,
    /// For each professional, the place in the log after which the awards of recorded activities are not needed again.
    last_steps: Vec<i64>,
}

impl<'a> Replays<'a> for PolicyPair<'a> {
    fn main(&self) -> &Replay<'a> {
        &self.replays[0]
    }

    fn count(&self) -> usize {
        self.replays.len()
    }

    fn judge(&mut self, row: &Recorded<'_>, attributes: Option<&Attributes>) -> impl Iterator<Item = Judged> {
        self.replays.iter().map(move |replay| replay.judge_recorded(row, attributes?))
    }

    fn fold(&mut self, row: &Waiting, judged: &[Judged]) {
        if let Subject::Professional(who) = row.subject
            && row.seq > self.last_steps[who.0 as usize]
        {
            self.replays.iter_mut().for_each(|replay| replay.fold.forget_awards(who));
        }
        for (replay, judged) in self.replays.iter_mut().zip(judged) {
            replay.apply_recorded(row, *judged, None);
            // Another step may have been read before, whose awards are still to come.
            replay.awards.clear();
        }
    }

    fn know(&mut self, row: &activity::Model, number: ObjectIndex) {
        for replay in &mut self.replays {
            replay.know_recorded(row, number);
        }
    }

    fn divides(&self, _: &LoggedStep) -> bool {
        false
    }

    fn read(&mut self, step: &LoggedStep, objects: &StepObjects) -> ReadStep {
        self.replays.iter_mut().map(|replay| replay.read(step, objects)).collect()
    }

    fn finish(&mut self, step: &LoggedStep, read: ReadStep) {
        for (replay, read) in self.replays.iter_mut().zip(read) {
            replay.finish(step, read, Some(&self.paid), &mut Expected::unasked());
        }
    }
}

/// The log as it is folded by the policy in force and by the one that is tried.
pub(in crate::service) struct TriedLog<'a>(LogFold<PolicyPair<'a>>);

impl<'a> TriedLog<'a> {
    /// The log of a snapshot, of which nothing is folded yet.
    pub(in crate::service) async fn begin(
        snapshot: &DatabaseTransaction,
        policies: [&'a Policy; 2],
    ) -> Result<Self, Error> {
        let [first, second] = policies;
        let mut replays = vec![Replay::new(first)];
        if !first.editions.award_like(&second.editions) {
            replays.push(Replay::new(second));
        }
        replays.iter_mut().for_each(Replay::number_recorded);
        prepare(snapshot, &mut replays, SearchKeys::Trusted).await?;
        let paid = paid(snapshot, policies, &replays[0]).await?;
        let last_steps = last_steps(snapshot, &replays[0]).await?;
        Ok(Self(LogFold::begin(snapshot, PolicyPair { replays, paid, last_steps }).await?))
    }

    /// Reads the next page, or folds a piece of what was read, a small one beside others, and returns the number of steps that
    /// were read so far; none if everything is folded.
    pub(in crate::service) async fn piece(
        &mut self,
        snapshot: &DatabaseTransaction,
        is_beside_others: bool,
    ) -> Result<Option<u64>, Error> {
        self.0.piece(snapshot, is_beside_others).await
    }

    /// What the log comes to by the policies, with what expires through a day; one thing by both if they award alike.
    pub(in crate::service) fn folded_through(self, day: NaiveDate) -> (FoldedLog, Option<FoldedLog>) {
        let (pair, _) = self.0.end();
        let mut folded = pair.replays.into_iter().map(|mut replay| {
            replay.expire_through(day);
            FoldedLog::of(replay)
        });
        (folded.next().unwrap_or_default(), folded.next())
    }
}

/// For each professional of a replay, the place in the log of the last step that asks for awards of before. Merges ask for
/// those of both.
async fn last_steps(snapshot: &DatabaseTransaction, replay: &Replay<'_>) -> Result<Vec<i64>, Error> {
    let mut last = vec![0; replay.professionals.len()];
    for (id, seq) in affiliation::last_steps(snapshot).await? {
        if let Some(who) = replay.professional_indexes.get(&id) {
            last[who.0 as usize] = seq;
        }
    }
    for (index, state) in replay.professionals.iter().enumerate() {
        let Some(into) = state.stored_merged_into else { continue };
        last[index] = i64::MAX;
        if let Some(who) = replay.professional_indexes.get(&into) {
            last[who.0 as usize] = i64::MAX;
        }
    }
    Ok(last)
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
