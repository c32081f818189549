//! `import`: imports CSV files, each row independently and idempotently.

mod header;
mod lines;
mod pace;
mod reader;
mod records;
mod report;
mod row;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::database::{open_existing, shown};
use super::{CommandError, EXIT_ROWS_REFUSED};
use crate::access::Caller;
use crate::app;
use crate::config::Settings;
use crate::program::refusal::{Refusal, Refusals};
use crate::service::activities::Outcome;
use crate::service::subjects::AddOutcome;
use header::Table;
use reader::{Batch, CsvFile};
use report::{ImportCounts, Progress, RefusedRows};
use row::Draft;
use writer::Writer;

/// Maximum batches that are read ahead of the one being written.
const READ_AHEAD: usize = 2;

/// Imports the files and prints the results. A SQLite file that is missing is created only if `may_create`.
pub(super) async fn import(
    settings: &Settings,
    files: &[PathBuf],
    may_create: bool,
) -> Result<u8, CommandError> {
    let opened = if may_create {
        app::open(settings).await?
    } else {
        open_existing(settings, "with --create").await?
    };
    println!("database: {}", shown(&settings.database_url));
    let services = opened.for_caller(Arc::new(Caller::system("import")), None);
    let mut writer = Writer::new(&services).await?;
    let mut refused = RefusedRows::default();
    let mut summaries = Vec::new();
    let mut sources = Vec::new();
    for path in files {
        match reader::open(path, &services.policy().editions) {
            Ok(source) => sources.push(source),
            Err((line, reason)) => {
                let name = reader::display_name(path);
                refused.add(&name, line, &reason);
                summaries.push((name, ImportCounts { refused: 1, ..ImportCounts::default() }));
            }
        }
    }
    sources.sort_by_key(|file| file.header.table);
    for source in sources {
        let name = source.name.clone();
        let counts = import_file(&mut writer, source, &mut refused).await?;
        summaries.push((name, counts));
    }
    services.database().clone().close().await?;
    refused.print();
    let mut total = ImportCounts::default();
    for (name, counts) in summaries {
        println!("{name}: {counts}");
        total.add(counts);
    }
    println!("total: {total}");
    Ok(if refused.is_empty() { 0 } else { EXIT_ROWS_REFUSED })
}

/// Imports a file; the next batch is read while one is written.
async fn import_file(
    writer: &mut Writer<'_>,
    source: CsvFile,
    refused: &mut RefusedRows,
) -> Result<ImportCounts, CommandError> {
    let (name, table) = (source.name.clone(), source.header.table);
    let mut progress = Progress::new(&name, source.bytes)?;
    let (sender, mut batches) = mpsc::channel(READ_AHEAD);
    let policy = Arc::clone(writer.services.policy());
    let reading = tokio::task::spawn_blocking(move || source.send_batches(&policy, &sender));
    let mut counts = ImportCounts::default();
    let mut rows = 0;
    while let Some(batch) = batches.recv().await {
        let bytes = batch.bytes;
        rows += (batch.rows.len() + batch.refused.len()) as u64;
        counts.add(import_batch(writer, &name, table, batch, refused).await?);
        progress.advance(bytes, rows);
    }
    reading.await?;
    progress.finish();
    Ok(counts)
}

/// The outcome of a row.
enum RowOutcome {
    Recorded,
    Duplicate,
    Refused(Refusals),
}

impl<T> From<AddOutcome<T>> for RowOutcome {
    fn from(added: AddOutcome<T>) -> Self {
        match added {
            AddOutcome::Created(_) => Self::Recorded,
            AddOutcome::Duplicate(_) => Self::Duplicate,
            AddOutcome::Refused(refusals) => Self::Refused(refusals),
        }
    }
}

impl From<Outcome> for RowOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Recorded(_) => Self::Recorded,
            Outcome::Duplicate(_) | Outcome::DuplicateNotVisible => Self::Duplicate,
            Outcome::Refused(refusals) => Self::Refused(refusals),
        }
    }
}

async fn import_batch(
    writer: &mut Writer<'_>,
    name: &str,
    table: Table,
    batch: Batch,
    refused: &mut RefusedRows,
) -> Result<ImportCounts, CommandError> {
    let (lines, drafts): (Vec<u64>, Vec<Draft>) = batch.rows.into_iter().unzip();
    let outcomes = writer.write(table, drafts).await?;
    let mut counts = ImportCounts::default();
    let mut reasons = batch.refused;
    for (line, outcome) in lines.into_iter().zip(outcomes) {
        match outcome {
            RowOutcome::Recorded => counts.recorded += 1,
            RowOutcome::Duplicate => counts.duplicate += 1,
            RowOutcome::Refused(refusals) => {
                let errors: Vec<String> = refusals.iter().map(|refusal| row_error(table, refusal)).collect();
                reasons.push((line, errors.join(" ")));
            }
        }
    }
    reasons.sort_by_key(|(line, _)| *line);
    counts.refused = reasons.len() as u64;
    for (line, reason) in reasons {
        refused.add(name, line, &reason);
    }
    Ok(counts)
}

/// The message of a refusal, with the file's name of the column.
fn row_error(table: Table, refusal: &Refusal) -> String {
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
    // Where the message begins with the field, the column takes its place.
    let message = refusal.message.strip_prefix(field).and_then(|rest| rest.strip_prefix([':', ' ']));
    match message {
        Some(rest) => format!("{column}: {}", rest.trim_start()),
        None => format!("{column}: {}", refusal.message),
    }
}
