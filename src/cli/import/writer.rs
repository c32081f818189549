//! Writes rows in transactions, at a pace that leaves others their turn.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::RowOutcome;
use super::header::Table;
use super::pace::{Pace, Written};
use super::row::Draft;
use crate::error::Error;
use crate::service::Services;
use crate::service::activities::{ActivityDraft, Intake};
use crate::store::others::WatchedWrites;

/// Writes the rows of all files.
pub(super) struct Writer<'s> {
    pub(super) services: &'s Services,
    /// None before the first batch.
    pace: Option<Pace>,
    others: WatchedWrites,
}

impl<'s> Writer<'s> {
    /// Watches for others from now on.
    pub(super) async fn new(services: &'s Services) -> Result<Self, Error> {
        let others = WatchedWrites::start(services.database()).await?;
        Ok(Self { services, pace: None, others })
    }

    /// Writes rows of one table, each with its own outcome.
    pub(super) async fn write(&mut self, table: Table, drafts: Vec<Draft>) -> Result<Vec<RowOutcome>, Error> {
        let mut pace = match self.pace.take() {
            Some(pace) => pace,
            None => Pace::new(self.others_wrote(0).await?),
        };
        let mut outcomes = Vec::with_capacity(drafts.len());
        let mut rest = drafts;
        while !rest.is_empty() {
            let rows = rows_of_batch(&rest, pace.rows());
            let later = rest.split_off(rows);
            let begun = Instant::now();
            let (written, waited) = self.write_batch(table, std::mem::replace(&mut rest, later)).await?;
            let worked = begun.elapsed().saturating_sub(waited);
            let is_logged = |outcome: &&RowOutcome| matches!(outcome, RowOutcome::Recorded);
            let others_wrote = self.others_wrote(written.iter().filter(is_logged).count()).await?;
            outcomes.extend(written);
            let pause = pace.after(Written { rows, waited, worked }, others_wrote);
            if pause > Duration::ZERO {
                tokio::time::sleep(pause).await;
            }
        }
        self.pace = Some(pace);
        Ok(outcomes)
    }

    async fn others_wrote(&mut self, own_steps: usize) -> Result<bool, Error> {
        Ok(self.others.others_wrote(self.services.database(), own_steps).await?)
    }

    /// Writes one batch; how long it waited for its locks, where that is known.
    async fn write_batch(
        &self,
        table: Table,
        drafts: Vec<Draft>,
    ) -> Result<(Vec<RowOutcome>, Duration), Error> {
        macro_rules! drafts_of {
            ($kind:ident) => {
                drafts
                    .into_iter()
                    .filter_map(|draft| if let Draft::$kind(draft) = draft { Some(draft) } else { None })
                    .collect::<Vec<_>>()
            };
        }
        let services = self.services;
        let outcomes = match table {
            Table::Partners => row_outcomes(services.partners_add(&drafts_of!(Partner)).await?),
            Table::Professionals => {
                row_outcomes(services.professionals_add(&drafts_of!(Professional)).await?)
            }
            Table::Affiliations => row_outcomes(services.affiliations_add(&drafts_of!(Affiliation)).await?),
            Table::Activities => {
                let drafts: Vec<ActivityDraft> = drafts_of!(Activity);
                let (recorded, waited) = services.activities_record_timed(&drafts, Intake::Record).await?;
                return Ok((row_outcomes(recorded), waited));
            }
        };
        Ok((outcomes, Duration::ZERO))
    }
}

/// How many rows the next batch has: it ends before an activity whose key another one of it has, so that a repeat
/// meets the stored activity, however large batches are.
fn rows_of_batch(drafts: &[Draft], rows_max: usize) -> usize {
    let mut keys = HashSet::new();
    let is_repeat = |draft: &Draft| match draft {
        Draft::Activity(draft) => !keys.insert((draft.source.clone(), draft.external_id.clone())),
        _ => false,
    };
    let drafts = &drafts[..drafts.len().min(rows_max)];
    drafts.iter().position(is_repeat).unwrap_or(drafts.len())
}

fn row_outcomes<T: Into<RowOutcome>>(outcomes: Vec<T>) -> Vec<RowOutcome> {
    outcomes.into_iter().map(Into::into).collect()
}
