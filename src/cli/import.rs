//! `import`: CSV files into the database, each row by itself and never twice.

mod lines;
mod reader;
mod report;
mod table;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Failure, REFUSED};
use crate::access::Caller;
use crate::app;
use crate::config::Settings;
use crate::error::Error;
use crate::program::refusal::Refusal;
use crate::service::Services;
use crate::service::activities::{Intake, Outcome};
use crate::service::subjects::AddOutcome;
use reader::{Batch, Source};
use report::{Progress, Refused, Sums};
use table::{Draft, Table};

/// Batches that are read ahead of the one being written.
const READ_AHEAD: usize = 2;

/// Imports the files and prints what came of them.
pub(super) async fn import(settings: &Settings, files: &[PathBuf]) -> Result<u8, Failure> {
    let caller = Arc::new(Caller::system("import"));
    let services = app::open(settings).await?.for_caller(caller, None);
    let mut refused = Refused::default();
    let mut summaries = Vec::new();
    let mut sources = Vec::new();
    for path in files {
        match reader::open(path) {
            Ok(source) => sources.push(source),
            Err((line, reason)) => {
                let name = reader::name(path);
                refused.add(&name, line, &reason);
                summaries.push((name, Sums { refused: 1, ..Sums::default() }));
            }
        }
    }
    sources.sort_by_key(|source| source.header.table);
    for source in sources {
        let name = source.name.clone();
        let sums = import_file(&services, source, &mut refused).await?;
        summaries.push((name, sums));
    }
    services.database().clone().close().await?;
    refused.print();
    let mut all = Sums::default();
    for (name, sums) in summaries {
        println!("{name}: {sums}");
        all.add(sums);
    }
    println!("in all: {all}");
    Ok(if refused.is_empty() { 0 } else { REFUSED })
}

/// Reads ahead while the batch before is written.
async fn import_file(services: &Services, source: Source, refused: &mut Refused) -> Result<Sums, Failure> {
    let (name, table) = (source.name.clone(), source.header.table);
    let mut progress = Progress::new(&name, source.bytes)?;
    let (sender, mut batches) = mpsc::channel(READ_AHEAD);
    let policy = Arc::clone(services.policy());
    let reading = tokio::task::spawn_blocking(move || source.send(&policy, &sender));
    let mut sums = Sums::default();
    let mut rows = 0;
    while let Some(batch) = batches.recv().await {
        let bytes = batch.bytes;
        rows += (batch.rows.len() + batch.refused.len()) as u64;
        sums.add(import_batch(services, &name, table, batch, refused).await?);
        progress.reach(bytes, rows);
    }
    reading.await?;
    progress.finish();
    Ok(sums)
}

/// What came of one row.
enum Fate {
    Recorded,
    Duplicate,
    Refused(Refusal),
}

impl<T> From<AddOutcome<T>> for Fate {
    fn from(added: AddOutcome<T>) -> Self {
        match added {
            AddOutcome::Created(_) => Self::Recorded,
            AddOutcome::Duplicate(_) => Self::Duplicate,
            AddOutcome::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl From<Outcome> for Fate {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Recorded(_) => Self::Recorded,
            Outcome::Duplicate(_) | Outcome::DuplicateNotVisible => Self::Duplicate,
            Outcome::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

async fn import_batch(
    services: &Services,
    name: &str,
    table: Table,
    batch: Batch,
    refused: &mut Refused,
) -> Result<Sums, Failure> {
    let (lines, drafts): (Vec<u64>, Vec<Draft>) = batch.rows.into_iter().unzip();
    let fates = take(services, table, drafts).await?;
    let mut sums = Sums::default();
    let mut reasons = batch.refused;
    for (line, fate) in lines.into_iter().zip(fates) {
        match fate {
            Fate::Recorded => sums.recorded += 1,
            Fate::Duplicate => sums.duplicate += 1,
            Fate::Refused(refusal) => reasons.push((line, reason(table, &refusal))),
        }
    }
    reasons.sort_by_key(|(line, _)| *line);
    sums.refused = reasons.len() as u64;
    for (line, reason) in reasons {
        refused.add(name, line, &reason);
    }
    Ok(sums)
}

async fn take(services: &Services, table: Table, drafts: Vec<Draft>) -> Result<Vec<Fate>, Error> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    macro_rules! only {
        ($kind:ident) => {
            drafts
                .into_iter()
                .filter_map(|draft| if let Draft::$kind(draft) = draft { Some(draft) } else { None })
                .collect::<Vec<_>>()
        };
    }
    Ok(match table {
        Table::Partners => fates(services.partners_add(&only!(Partner)).await?),
        Table::Professionals => fates(services.professionals_add(&only!(Professional)).await?),
        Table::Affiliations => fates(services.affiliations_add(&only!(Affiliation)).await?),
        Table::Activities => fates(services.activities_record(&only!(Activity), Intake::Record).await?),
    })
}

fn fates<T: Into<Fate>>(outcomes: Vec<T>) -> Vec<Fate> {
    outcomes.into_iter().map(Into::into).collect()
}

/// A refusal with the column that it is about, as the file calls it.
fn reason(table: Table, refusal: &Refusal) -> String {
    let field = refusal.field.last().map_or("", String::as_str);
    let column = match (table, field) {
        (Table::Partners, "code") => "partner",
        (Table::Professionals, "code") => "professional",
        (_, "enrolledOn") => "enrolled_on",
        (_, "signedUpOn") => "signed_up_on",
        (_, "startsOn") => "starts_on",
        (_, "endsOn") => "ends_on",
        (_, "occurredOn") => "occurred_on",
        (_, "externalId") => "external_id",
        (_, other) => other,
    };
    format!("{column}: {}", refusal.message)
}
