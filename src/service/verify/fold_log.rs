//! The log folded by other policies than the one in force, without comparing anything.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::replay::{Expected, Replay, StepObjects};
use super::{STEPS_PER_PAGE, load_subjects};
use crate::error::Error;
use crate::program::level_override::LevelOverride;
use crate::program::rule::Track;
use crate::service::policy::Policy;
use crate::store::{log, merge};

/// What the log comes to for a partner.
#[derive(Clone, Debug)]
pub(in crate::service) struct FoldedPartner {
    pub(in crate::service) id: Uuid,
    pub(in crate::service) code: String,
    pub(in crate::service) overrides: Vec<LevelOverride>,
    pub(in crate::service) days: BTreeMap<(Track, NaiveDate), i64>,
    pub(in crate::service) balance: i64,
}

/// What the log comes to for a professional.
#[derive(Clone, Debug)]
pub(in crate::service) struct FoldedProfessional {
    pub(in crate::service) id: Uuid,
    pub(in crate::service) code: String,
    pub(in crate::service) signed_up_on: NaiveDate,
    pub(in crate::service) overrides: Vec<LevelOverride>,
    pub(in crate::service) days: BTreeMap<NaiveDate, i64>,
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
pub(in crate::service) struct LogFold<'a> {
    replays: [Replay<'a>; 2],
    last: i64,
}

impl<'a> LogFold<'a> {
    /// Nothing is folded yet.
    pub(in crate::service) async fn begin(
        snapshot: &DatabaseTransaction,
        policies: [&'a Policy; 2],
    ) -> Result<Self, Error> {
        let mut replays = policies.map(Replay::new);
        for replay in &mut replays {
            replay.accounts.expire_by_themselves();
            load_subjects(snapshot, replay, Uuid::nil()).await?;
            replay.keep_entries_of_merges();
            for moved in merge::former_owners(snapshot).await? {
                let owners = replay.former_owners.entry(moved.object_id).or_default();
                owners.push((moved.log_seq, moved.from_id));
            }
        }
        Ok(Self { replays, last: 0 })
    }

    /// Folds the next page, and returns the number of steps so far; none if there is no further step.
    pub(in crate::service) async fn page(
        &mut self,
        snapshot: &DatabaseTransaction,
    ) -> Result<Option<u64>, Error> {
        let steps = log::after(snapshot, self.last, STEPS_PER_PAGE).await?;
        let Some(end) = steps.last() else { return Ok(None) };
        self.last = end.seq;
        let objects = StepObjects::load(snapshot, &steps).await?;
        for replay in &mut self.replays {
            for step in &steps {
                replay.apply(step, &objects, &mut Expected::unasked());
            }
            // Live traffic has its turn.
            tokio::task::yield_now().await;
        }
        Ok(Some(self.replays[0].report.steps))
    }

    /// What the log comes to by each of the policies, with what expires through a day.
    pub(in crate::service) fn end(self, through: NaiveDate) -> [FoldedLog; 2] {
        self.replays.map(|mut replay| {
            replay.expire_through(through);
            FoldedLog::of(replay)
        })
    }
}
