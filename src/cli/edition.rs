//! `edition`: checks the document of an edition, tries it, and publishes it.

mod trial;

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Subcommand;

use super::database::{exists, open_existing};
use super::{CommandError, EXIT_FAILED};
use crate::config::Settings;
use crate::error::{Error, refused};
use crate::program::calendar::parse_date;
use crate::program::edition::{EditionError, Editions};
use crate::program::edition_check::Checked;
use crate::program::wording::not_a_date;
use crate::service::editions::{EditionSource, PublishInput};

/// What to do with a document.
#[derive(Debug, Subcommand)]
pub(super) enum EditionCommand {
    /// Check a document: problems with line and column, worked examples, and what it changes. Without a database it is
    /// compared with the built-in edition.
    Check {
        /// Path of the TOML document.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// First day in force, in place of the document's `effective_from`.
        #[arg(long, value_name = "DATE", value_parser = day)]
        from: Option<NaiveDate>,
    },
    /// Try a document on the whole log, and print who would gain and lose. Nothing is changed.
    Try {
        /// Path of the TOML document.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// First day in force, in place of the document's `effective_from`; it may have passed.
        #[arg(long, value_name = "DATE", value_parser = day)]
        from: Option<NaiveDate>,
        /// The day on which subjects are compared; the later of today and the first day without it.
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<NaiveDate>,
        /// How many subjects to print, those that lose most first.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=1_000))]
        first: u64,
    },
    /// Publish a document. It comes into force on the first day of a month that has not begun.
    Publish {
        /// Path of the TOML document.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// First day in force, in place of the document's `effective_from`.
        #[arg(long, value_name = "DATE", value_parser = day)]
        from: Option<NaiveDate>,
    },
}

fn day(text: &str) -> Result<NaiveDate, String> {
    parse_date(text).ok_or_else(|| not_a_date(text))
}

/// Runs the command.
pub(super) async fn edition(settings: &Settings, command: EditionCommand) -> Result<u8, CommandError> {
    match command {
        EditionCommand::Check { file, from } => check(settings, &file, from).await,
        EditionCommand::Try { file, from, on, first } => {
            trial::try_document(settings, &file, (from, on), first).await
        }
        EditionCommand::Publish { file, from } => publish(settings, &file, from).await,
    }
}

fn read(file: &Path) -> Result<String, CommandError> {
    fs::read_to_string(file).map_err(|error| CommandError(format!("cannot read {}: {error}", file.display())))
}

async fn check(settings: &Settings, file: &Path, from: Option<NaiveDate>) -> Result<u8, CommandError> {
    let document = read(file)?;
    let (checked, problems, changes) = if exists(settings) {
        let services = open_existing(settings, "with `serve`").await?;
        let check = services.edition_check(document, from).await?;
        services.database().clone().close().await?;
        (check.checked.clone(), check.problems(), check.changes)
    } else {
        let editions = Editions::built_in();
        let checked = editions.check(&document, from);
        let changes = checked
            .edition()
            .map_or(Vec::new(), |edition| editions.at(edition.effective_from).changes(edition));
        let problems = checked.all_problems();
        (checked, problems, changes)
    };
    if !problems.is_empty() {
        print_problems(file, &problems);
        return Ok(EXIT_FAILED);
    }
    for change in &changes {
        println!("{}", change.sentence);
    }
    println!("{}: no problems, {}, {} changes", file.display(), examples(&checked), changes.len());
    Ok(0)
}

fn examples(checked: &Checked) -> String {
    format!("{} worked examples pass", checked.examples.len())
}

async fn publish(settings: &Settings, file: &Path, from: Option<NaiveDate>) -> Result<u8, CommandError> {
    let document = read(file)?;
    let services = open_existing(settings, "with `serve`").await?;
    let check = services.edition_check(document.clone(), from).await?;
    let publication = PublishInput { source: EditionSource::Document(document), effective_from: from };
    let result = services.edition_publish(&publication).await;
    // The command ends with everything done.
    let rolled_out = services.complete_rollouts().await;
    let result = refused(result);
    services.database().clone().close().await?;
    match result? {
        Ok(_) => rolled_out?,
        Err(refusals) => {
            let problems = check.checked.all_problems();
            print_problems(file, &problems);
            for refusal in
                refusals.iter().filter(|one| one.field.first().is_some_and(|field| field != "document"))
            {
                println!("{}: {refusal}", file.display());
            }
            if problems.is_empty() {
                for refusal in
                    refusals.iter().filter(|one| one.field.first().is_none_or(|field| field == "document"))
                {
                    println!("{}: {refusal}", file.display());
                }
            }
            return Ok(EXIT_FAILED);
        }
    }
    for change in &check.changes {
        println!("{}", change.sentence);
    }
    let day =
        check.checked.effective_from.ok_or_else(|| Error::Damaged("an edition without a day".to_owned()))?;
    println!("{}: published, in force from {day}", file.display());
    Ok(0)
}

/// Problems as compilers print them.
fn print_problems(file: &Path, problems: &[EditionError]) {
    for problem in problems {
        println!("{}:{}:{}: {}", file.display(), problem.line, problem.column, problem.message);
    }
}
