//! Writes rows in transactions, at a pace that leaves others their turn.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::header::Table;
use super::pace::{Pace, Written};
use super::row::Draft;
use crate::error::Error;
use crate::service::Services;
use crate::service::activities::{ActivityDraft, BATCH_MAX, Intake};
use crate::service::imports::ImportOutcome;
use crate::store::others::WatchedWrites;

/// Writes the rows of all files.
pub(super) struct Writer {
    /// None before the first batch.
    pace: Option<Pace>,
    /// None within one transaction: others wait until it ends, whatever its batches are.
    others: Option<WatchedWrites>,
}

impl Writer {
    /// Watches for others from now on.
    pub(super) async fn paced(services: &Services) -> Result<Self, Error> {
        Ok(Self { pace: None, others: Some(WatchedWrites::start(services.database()).await?) })
    }

    /// Writes as fast as it can, for services that are bound to one transaction.
    pub(super) fn at_once() -> Self {
        Self { pace: None, others: None }
    }

    /// Writes rows of one table as parts of a run, each with its own outcome.
    pub(super) async fn write(
        &mut self,
        services: &Services,
        run: Uuid,
        table: Table,
        drafts: Vec<Draft>,
    ) -> Result<Vec<ImportOutcome>, Error> {
        let mut pace = match self.pace.take() {
            Some(pace) => pace,
            None => Pace::new(self.others_wrote(services, 0).await?),
        };
        let mut outcomes = Vec::with_capacity(drafts.len());
        let mut rest = drafts;
        while !rest.is_empty() {
            let rows_max = if self.others.is_some() { pace.rows() } else { BATCH_MAX };
            let rows = rows_of_batch(&rest, rows_max);
            let later = rest.split_off(rows);
            let begun = Instant::now();
            let batch = std::mem::replace(&mut rest, later);
            let (written, waited) = write_batch(services, run, table, batch).await?;
            let worked = begun.elapsed().saturating_sub(waited);
            let is_logged = |outcome: &&ImportOutcome| matches!(outcome, ImportOutcome::Recorded);
            let own_steps = written.iter().filter(is_logged).count();
            let others_wrote = self.others_wrote(services, own_steps).await?;
            outcomes.extend(written);
            let pause = pace.after(Written { rows, waited, worked }, others_wrote);
            if pause > Duration::ZERO && self.others.is_some() {
                tokio::time::sleep(pause).await;
            }
        }
        self.pace = Some(pace);
        Ok(outcomes)
    }

    async fn others_wrote(&mut self, services: &Services, own_steps: usize) -> Result<bool, Error> {
        match &mut self.others {
            Some(others) => Ok(others.others_wrote(services.database(), own_steps).await?),
            None => Ok(false),
        }
    }
}

/// Writes one batch; how long it waited for its locks, where that is known.
async fn write_batch(
    services: &Services,
    run: Uuid,
    table: Table,
    drafts: Vec<Draft>,
) -> Result<(Vec<ImportOutcome>, Duration), Error> {
    macro_rules! drafts_of {
        ($kind:ident) => {
            drafts
                .into_iter()
                .filter_map(|draft| if let Draft::$kind(draft) = draft { Some(draft) } else { None })
                .collect::<Vec<_>>()
        };
    }
    let outcomes = match table {
        Table::Partners => services.partners_import(&drafts_of!(Partner)).await?,
        Table::Professionals => services.professionals_import(&drafts_of!(Professional)).await?,
        Table::Affiliations => row_outcomes(services.affiliations_import(&drafts_of!(Affiliation)).await?),
        Table::Activities => {
            let drafts: Vec<ActivityDraft> = drafts_of!(Activity);
            let recorded = services.activities_record_timed(&drafts, Intake::Record, Some(run));
            let (recorded, waited) = recorded.await?;
            return Ok((row_outcomes(recorded), waited));
        }
    };
    Ok((outcomes, Duration::ZERO))
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

fn row_outcomes<T: Into<ImportOutcome>>(outcomes: Vec<T>) -> Vec<ImportOutcome> {
    outcomes.into_iter().map(Into::into).collect()
}
