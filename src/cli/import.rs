//! `import`: imports CSV files, each row independently and idempotently, or each file as a whole.

mod errors_file;
mod header;
mod kept;
mod lines;
mod pace;
mod reader;
mod records;
mod report;
mod row;
mod undo;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use entity::import_run;
use entity::value::{ImportPolicy, ImportStatus};
use tokio::sync::mpsc;

use super::database::{open_existing, shown};
use super::{CommandError, EXIT_ROWS_REFUSED};
use crate::access::Caller;
use crate::app;
use crate::config::Settings;
use crate::graphql::import_run_id;
use crate::program::refusal::Refusal;
use crate::service::Services;
use crate::service::imports::{ImportOutcome, REFUSED_ROWS_KEPT, RefusedRow, RowCounts};
use errors_file::ErrorsFile;
use header::{Header, Table};
use reader::{Batch, CsvFile, ReadRow, RowRefusal, RowText};
use report::{Progress, RefusedRows, summary};
use row::Draft;
use writer::Writer;

/// Maximum batches that are read ahead of the one being written.
const READ_AHEAD: usize = 2;

/// The arguments of `import`.
#[derive(Args, Debug)]
pub(super) struct ImportArguments {
    /// CSV files, in any order.
    #[arg(required_unless_present = "undo", value_name = "FILE.csv")]
    files: Vec<PathBuf>,
    /// Create the SQLite database if its file does not exist.
    #[arg(long, conflicts_with = "undo")]
    create: bool,
    /// Do everything and keep nothing: the same summary, in one transaction that is rolled back.
    #[arg(long)]
    dry_run: bool,
    /// Which rows of a file to keep if others are refused: all of the file or none, or the valid ones.
    #[arg(long, value_enum, default_value_t = Policy::Valid, conflicts_with = "undo")]
    policy: Policy,
    /// Write the refused rows with the reasons to a new CSV file, which can be corrected and imported.
    #[arg(long, value_name = "FILE.csv", conflicts_with = "undo")]
    errors: Option<PathBuf>,
    /// Void the activities of an import, by the ID that it printed. Needs --dry-run or --yes.
    #[arg(long, value_name = "RUN", conflicts_with = "files")]
    undo: Option<String>,
    /// Reason for the undo, which everybody can read who sees the activities.
    #[arg(long, requires = "undo")]
    reason: Option<String>,
    /// Undo without asking.
    #[arg(long, requires = "undo", conflicts_with = "dry_run")]
    yes: bool,
}

/// Which rows of a file are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// The whole file, or nothing if a row is refused.
    All,
    /// Every valid row.
    Valid,
}

/// The results of all files.
#[derive(Default)]
struct Results {
    refused: RefusedRows,
    /// Lines about runs.
    notes: Vec<String>,
    /// Name and counts of each file.
    summaries: Vec<(String, RowCounts)>,
}

impl Results {
    fn print(&self) {
        self.refused.print();
        for note in &self.notes {
            println!("{note}");
        }
        let mut total = RowCounts::default();
        for (name, counts) in &self.summaries {
            println!("{name}: {}", summary(counts));
            total.add(*counts);
        }
        println!("total: {}", summary(&total));
    }
}

/// Imports the files and prints the results. A SQLite file that is missing is created only if that was asked for.
pub(super) async fn import(settings: &Settings, arguments: &ImportArguments) -> Result<u8, CommandError> {
    if let Some(run) = &arguments.undo {
        return undo::undo(settings, run, arguments).await;
    }
    let errors = errors_file::paths(arguments.errors.as_deref(), &arguments.files)?;
    let opened = if arguments.create {
        app::open(settings).await?
    } else {
        open_existing(settings, "with --create").await?
    };
    println!("database: {}", shown(&settings.database_url));
    let services = opened.for_caller(Arc::new(Caller::system("import")), None);
    let results = if arguments.dry_run {
        let (trial, whole) = services.begin_whole().await?;
        let results = import_files(&trial, Writer::at_once(), arguments, &errors).await;
        whole.rollback(trial).await?;
        results?
    } else {
        import_files(&services, Writer::paced(&services).await?, arguments, &errors).await?
    };
    services.database().clone().close().await?;
    results.print();
    if arguments.dry_run {
        println!("dry run: nothing was kept");
    }
    Ok(if results.refused.is_empty() { 0 } else { EXIT_ROWS_REFUSED })
}

async fn import_files(
    services: &Services,
    mut writer: Writer,
    arguments: &ImportArguments,
    errors: &[Option<PathBuf>],
) -> Result<Results, CommandError> {
    let mut results = Results::default();
    let mut sources = Vec::new();
    for (path, errors) in arguments.files.iter().zip(errors) {
        match reader::open(path, &services.policy().editions) {
            Ok(source) => sources.push((source, path, errors)),
            Err((line, reason)) => {
                let name = reader::display_name(path);
                results.refused.add(&name, line, &reason);
                results.summaries.push((name, RowCounts { refused: 1, ..RowCounts::default() }));
            }
        }
    }
    sources.sort_by_key(|(source, ..)| source.header.table);
    for (source, path, errors) in sources {
        let errors = errors.as_deref().map(|path| ErrorsFile::new(path, &source.header));
        let mut file = ImportedFile {
            name: source.name.clone(),
            file_name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            header: source.header.clone(),
            counts: RowCounts::default(),
            kept: Vec::new(),
            errors,
            refused: &mut results.refused,
        };
        let run = match arguments.policy {
            Policy::Valid => file.import_valid(services, &mut writer, source).await?,
            Policy::All => file.import_all(services, source).await?,
        };
        // No server may be running that would do it, and the events of the next file then have theirs at once.
        services.number_events().await?;
        let (name, counts) = (file.name, file.counts);
        let id = import_run_id(run.id);
        results.notes.push(match run.status {
            ImportStatus::Refused => {
                format!("{name}: import run {id}: nothing was kept, because rows were refused (--policy all)")
            }
            _ => format!("{name}: import run {id}"),
        });
        results.summaries.push((name, counts));
    }
    Ok(results)
}

/// A file while it is imported.
struct ImportedFile<'r> {
    /// As given.
    name: String,
    /// Without its folders.
    file_name: String,
    header: Header,
    counts: RowCounts,
    /// The first refused rows.
    kept: Vec<RefusedRow>,
    errors: Option<ErrorsFile>,
    refused: &'r mut RefusedRows,
}

impl ImportedFile<'_> {
    /// Imports every valid row, in transactions that leave others their turn.
    async fn import_valid(
        &mut self,
        services: &Services,
        writer: &mut Writer,
        source: CsvFile,
    ) -> Result<import_run::Model, CommandError> {
        let kind = self.header.table.into();
        let mut run = services.import_run_begin(&self.file_name, kind, ImportPolicy::Valid).await?;
        match self.import_rows(services, writer, source, &mut run).await {
            Ok(()) => Ok(services.import_run_end(run, ImportStatus::Finished).await?),
            Err(error) => {
                // The first error is the one to report.
                let _ = services.import_run_end(run, ImportStatus::Failed).await;
                Err(error)
            }
        }
    }

    /// Imports all rows in one transaction, or none: of a refused file, only the run is kept.
    async fn import_all(
        &mut self,
        services: &Services,
        source: CsvFile,
    ) -> Result<import_run::Model, CommandError> {
        let kind = self.header.table.into();
        let (bound, whole) = services.begin_whole().await?;
        let tried = async {
            let mut run = bound.import_run_begin(&self.file_name, kind, ImportPolicy::All).await?;
            self.import_rows(&bound, &mut Writer::at_once(), source, &mut run).await?;
            Ok(bound.import_run_end(run, ImportStatus::Finished).await?)
        };
        let tried: Result<import_run::Model, CommandError> = tried.await;
        match tried {
            Ok(run) if run.refused == 0 => {
                whole.commit(bound).await?;
                Ok(run)
            }
            Ok(_) => {
                whole.rollback(bound).await?;
                let counts = RowCounts { refused: self.counts.refused, ..RowCounts::default() };
                self.counts = counts;
                let mut run = services.import_run_begin(&self.file_name, kind, ImportPolicy::All).await?;
                services.import_run_advance(&mut run, counts, &self.kept).await?;
                Ok(services.import_run_end(run, ImportStatus::Refused).await?)
            }
            Err(error) => {
                whole.rollback(bound).await?;
                Err(error)
            }
        }
    }

    /// Imports the rows of a file; the next batch is read while one is written.
    async fn import_rows(
        &mut self,
        services: &Services,
        writer: &mut Writer,
        source: CsvFile,
        run: &mut import_run::Model,
    ) -> Result<(), CommandError> {
        let mut progress = Progress::new(&self.name, source.bytes)?;
        let (sender, mut batches) = mpsc::channel(READ_AHEAD);
        let policy = Arc::clone(services.policy());
        let reading = tokio::task::spawn_blocking(move || source.send_batches(&policy, &sender));
        let mut rows = 0;
        while let Some(batch) = batches.recv().await {
            let bytes = batch.bytes;
            rows += (batch.rows.len() + batch.refused.len()) as u64;
            self.import_batch(services, writer, batch, run).await?;
            progress.advance(bytes, rows);
        }
        reading.await?;
        progress.finish();
        Ok(())
    }

    async fn import_batch(
        &mut self,
        services: &Services,
        writer: &mut Writer,
        batch: Batch,
        run: &mut import_run::Model,
    ) -> Result<(), CommandError> {
        let table = self.header.table;
        let mut texts = Vec::with_capacity(batch.rows.len());
        let mut drafts: Vec<Draft> = Vec::with_capacity(batch.rows.len());
        for ReadRow { line, cells, draft } in batch.rows {
            texts.push((line, cells));
            drafts.push(draft);
        }
        let outcomes = writer.write(services, run.id, table, drafts).await?;
        let mut counts = RowCounts::default();
        let mut refused = batch.refused;
        for ((line, cells), outcome) in texts.into_iter().zip(outcomes) {
            match outcome {
                ImportOutcome::Recorded => counts.recorded += 1,
                ImportOutcome::Duplicate => counts.duplicate += 1,
                ImportOutcome::Updated => counts.updated += 1,
                ImportOutcome::Refused(refusals) => {
                    let reasons: Vec<String> =
                        refusals.iter().map(|refusal| row_error(table, refusal)).collect();
                    let text = RowText::Cells(cells);
                    refused.push(RowRefusal { line, reasons: reasons.join(" "), text });
                }
            }
        }
        refused.sort_by_key(|row| row.line);
        counts.refused = refused.len() as u64;
        let rows = self.note_refused(&refused)?;
        services.import_run_advance(run, counts, &rows).await?;
        self.counts.add(counts);
        Ok(())
    }

    /// Notes refused rows for the output, the file of errors and the run; those of the run are returned.
    fn note_refused(&mut self, refused: &[RowRefusal]) -> Result<Vec<RefusedRow>, CommandError> {
        for row in refused {
            self.refused.add(&self.name, row.line, &row.reasons);
            if let Some(errors) = &mut self.errors {
                errors.add(row).map_err(|error| CommandError(format!("the file of errors: {error}")))?;
            }
        }
        let rows: Vec<RefusedRow> = refused.iter().map(|row| kept::kept(&self.header, row)).collect();
        let room = usize::try_from(REFUSED_ROWS_KEPT).unwrap_or(0).saturating_sub(self.kept.len());
        self.kept.extend(rows.iter().take(room).cloned());
        Ok(rows)
    }
}

/// Whether a path names an existing file; what can't be looked at is left to whoever opens it.
fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(false)
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
