//! `export` and `restore`: the whole program as one file, and a database of either engine from it.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::pin::pin;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::database::{exists, shown};
use super::new_file::{NewFile, at};
use super::serve::signal;
use super::{CommandError, verify};
use crate::app;
use crate::archive::{self, ArchiveError, ArchiveReader, ArchiveWriter};
use crate::config::Settings;
use crate::store::Database;
use crate::store::archive::{self as rows, Part, Progress, Restore, RestoreError};

/// Parts of rows that are checked before the database takes them.
const PARTS_AHEAD: usize = 2;

/// Writes the database of the settings, as it is at one moment, into a new file.
pub(super) async fn export(settings: &Settings, file: &Path) -> Result<u8, CommandError> {
    if !exists(settings) {
        let url = shown(&settings.database_url);
        return Err(CommandError(format!("there is no database {url}; check DATABASE_URL")));
    }
    let database = open(settings).await?;
    rows::refuse_marked(&database).await?;
    if !database.is_ready().await? {
        return Err(CommandError(
            "the schema of the database is not that of this release: run partner-program migrate first"
                .to_owned(),
        ));
    }
    let new = NewFile::begin(file)?;
    let interrupted = signal()?;
    let bar = ProgressBar::no_length();
    bar.set_style(ProgressStyle::with_template("{human_pos} rows {elapsed}")?);
    let out = BufWriter::new(new.as_file().try_clone()?);
    let mut writer = ArchiveWriter::begin(out, &rows::schema_name())?;
    let written = rows::write_all(&database, |part| match part {
        Part::Table(name) => writer.table(&name).map_err(CommandError::from),
        Part::Rows { lines, count } => {
            bar.inc(count);
            writer.rows(lines, count).map_err(CommandError::from)
        }
    });
    let written = tokio::select! {
        written = written => written,
        () = interrupted => return Err(at(file, &"the export was interrupted")),
    };
    if let Err(error) = written {
        // Nothing more can be written if the thread that writes has failed.
        return Err(writer.failure().map_or(error, |failure| at(file, &failure)));
    }
    let (out, count) = writer.finish()?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?;
    bar.finish_and_clear();
    let bytes = new.finish()?;
    database.close().await?;
    println!("exported {count} rows to {}, {bytes} bytes", file.display());
    Ok(0)
}

/// Builds the database of the settings, which has to be empty, from a file, and verifies it. What an interrupted restore
/// of the same file has done is not done again.
pub(super) async fn restore(settings: &Settings, file: &Path) -> Result<u8, CommandError> {
    let bar = ProgressBar::no_length();
    bar.set_style(ProgressStyle::with_template("{msg} {bar:40} {human_pos}/{human_len} rows {eta}")?);
    bar.set_message("checking");
    // The whole file is read before anything is written.
    let (count, archive) = checked(file)?;
    bar.set_length(count);
    bar.set_message("restoring");
    let explained = |error| explained(settings, file, error);
    let database = open(settings).await?;
    let progress = rows::mark(&database, &archive).await.map_err(|error| explained(Failed::Rows(error)))?;
    database.migrate().await?;
    let shown = shown(&settings.database_url);
    let mut interrupted = pin!(signal()?);
    match progress {
        Progress::NoRows => {
            tokio::select! {
                filled = fill(&database, file, &archive, &bar) => filled.map_err(explained)?,
                () = &mut interrupted => {
                    return Err(at(file, &"the restore was interrupted and no row was kept; run it again"));
                }
            }
            bar.finish_and_clear();
            println!("restored {count} rows to {shown}");
        }
        Progress::AllRows => {
            bar.finish_and_clear();
            println!("an interrupted restore had kept the {count} rows in {shown}");
        }
    }
    let services = app::open_restored(database, settings).await?;
    let code = tokio::select! {
        code = verify::verify_opened(&services, None) => code?,
        () = &mut interrupted => {
            return Err(at(file, &"the verification was interrupted; run the restore again, which repeats it"));
        }
    };
    // Whoever runs the command knows what was found.
    rows::unmark(services.database()).await?;
    services.database().clone().close().await?;
    Ok(code)
}

/// How many rows a file has, and its checksum. The whole file is read.
fn checked(file: &Path) -> Result<(u64, String), CommandError> {
    let mut reader = reader(file)?;
    reader.check().map_err(|error| at(file, &error))?;
    let checksum = reader.checksum().unwrap_or_default().to_owned();
    Ok((reader.rows(), checksum))
}

async fn open(settings: &Settings) -> Result<Database, CommandError> {
    Ok(Database::connect_with(settings.database_url.as_str(), settings.database_pools).await?)
}

fn reader(file: &Path) -> Result<ArchiveReader, CommandError> {
    let opened = File::open(file).map_err(|error| at(file, &error))?;
    let reader = ArchiveReader::begin(opened).map_err(|error| at(file, &error))?;
    let (found, own) = (&reader.head().schema, rows::schema_name());
    if *found != own {
        let text = format!(
            "the archive has the schema {found}, this release {own}; restore it with the release that wrote it, \
             migrate, and export again"
        );
        return Err(at(file, &text));
    }
    Ok(reader)
}

/// Why nothing was restored.
enum Failed {
    Archive(ArchiveError),
    Rows(RestoreError),
    Command(CommandError),
}

async fn fill(database: &Database, file: &Path, archive: &str, bar: &ProgressBar) -> Result<(), Failed> {
    let mut reader = reader(file).map_err(Failed::Command)?;
    let mut restore = Restore::begin_marked(database, archive).await.map_err(Failed::Rows)?;
    let mut encoder = restore.encoder();
    let (to, mut ready) = mpsc::channel(PARTS_AHEAD);
    let reading = spawn_blocking(move || {
        while let Some(part) = reader.next_part().map_err(Failed::Archive)? {
            let part = match part {
                archive::Part::Table(name) => Part::Table(name),
                archive::Part::Rows { lines, count } => Part::Rows { lines, count },
            };
            let rows = encoder.encode(part).map_err(Failed::Rows)?;
            // Nobody takes them once the database has refused some.
            if rows.is_some_and(|rows| to.blocking_send(rows).is_err()) {
                break;
            }
        }
        Ok(())
    });
    while let Some(rows) = ready.recv().await {
        bar.inc(rows.count());
        restore.insert(rows).await.map_err(Failed::Rows)?;
    }
    reading.await.map_err(|error| Failed::Command(CommandError(error.to_string())))??;
    bar.set_message("indexing");
    restore.finish().await.map_err(Failed::Rows)
}

fn explained(settings: &Settings, file: &Path, error: Failed) -> CommandError {
    match error {
        Failed::Command(error) => error,
        Failed::Archive(error) => at(file, &error),
        Failed::Rows(RestoreError::NotEmpty(table)) => CommandError(format!(
            "{} is not empty (the table {table} has rows); restore into a new database",
            shown(&settings.database_url)
        )),
        Failed::Rows(RestoreError::Running) => CommandError(format!(
            "another restore into {} is running, or its connection is still closing; try again",
            shown(&settings.database_url)
        )),
        Failed::Rows(RestoreError::OtherArchive) => CommandError(format!(
            "{} has the rows of another archive, whose restore was interrupted before they were verified: restore that \
             archive again, or restore this one into a new database",
            shown(&settings.database_url)
        )),
        Failed::Rows(RestoreError::Unfit(text)) => {
            at(file, &format!("the archive does not fit this release: {text}"))
        }
        Failed::Rows(RestoreError::Database(error)) => error.into(),
    }
}
