//! `edition try`: a document on the whole log.

use std::path::Path;
use std::time::Duration;

use chrono::NaiveDate;
use entity::value::{TrialStatus, TrialVerdict};
use entity::{edition_trial, edition_trial_subject};

use super::{print_problems, read};
use crate::cli::database::open_existing;
use crate::cli::{CommandError, EXIT_FAILED};
use crate::config::Settings;
use crate::error::{Error, refused};
use crate::program::trial::Outcome;
use crate::service::Services;
use crate::service::editions::{EditionSource, TrialInput};
use crate::store::edition_trial::{TrialSubjectFilter, TrialSubjectOrder};
use crate::store::page::Page;

/// Interval of the look whether a trial has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Tries a document, and prints sums and the first subjects.
pub(super) async fn try_document(
    settings: &Settings,
    file: &Path,
    (from, on): (Option<NaiveDate>, Option<NaiveDate>),
    first: u64,
) -> Result<u8, CommandError> {
    let document = read(file)?;
    let services = open_existing(settings, "with `serve`").await?;
    let check = services.edition_check(document.clone(), from).await?;
    let problems = check.checked.all_problems();
    if !problems.is_empty() {
        print_problems(file, &problems);
        return Ok(EXIT_FAILED);
    }
    let input = TrialInput { source: EditionSource::Document(document), effective_from: from, on };
    let trial = match refused(services.edition_try(&input).await)? {
        Ok(trial) => ended(&services, trial).await?,
        Err(refusals) => {
            for refusal in refusals.iter() {
                println!("{}: {refusal}", file.display());
            }
            return Ok(EXIT_FAILED);
        }
    };
    for change in &check.changes {
        println!("{}", change.sentence);
    }
    let page = Page { size: first, from_end: false, after: None, before: None };
    let subjects = services
        .edition_trial_subjects(trial.id, &TrialSubjectFilter::default(), TrialSubjectOrder::Losses, &page)
        .await?;
    for row in &subjects.rows {
        println!("{}", line(row)?);
    }
    println!(
        "in force from {}, compared on {}: {} gain, {} lose, {} gain and lose",
        trial.effective_from, trial.on_day, trial.gainers, trial.losers, trial.mixed
    );
    println!(
        "credits given {}, taken {}; points given {}, taken {}; Dojo Credits given {}, taken {}",
        trial.credits_given,
        trial.credits_taken,
        trial.points_given,
        trial.points_taken,
        trial.dojo_credits_given,
        trial.dojo_credits_taken
    );
    services.database().clone().close().await?;
    Ok(0)
}

/// The trial when it has ended.
async fn ended(
    services: &Services,
    mut trial: edition_trial::Model,
) -> Result<edition_trial::Model, CommandError> {
    while services.edition_trial_status(&trial) == TrialStatus::Running {
        tokio::time::sleep(POLL_INTERVAL).await;
        let found = services.edition_trials_by_ids(&[trial.id]).await?.remove(&trial.id);
        trial = found.ok_or_else(|| Error::Damaged("a trial is gone".to_owned()))?;
    }
    if trial.status == TrialStatus::Finished {
        return Ok(trial);
    }
    Err(CommandError("the trial did not finish; try again".to_owned()))
}

/// A subject in a line.
fn line(row: &edition_trial_subject::Model) -> Result<String, CommandError> {
    let level = |text: &str| -> Result<String, CommandError> {
        let outcome: Outcome = serde_json::from_str(text)?;
        Ok(outcome.level.unwrap_or_else(|| "no level".to_owned()))
    };
    let verdict = match row.verdict {
        TrialVerdict::Gains => "gains",
        TrialVerdict::Loses => "loses",
        TrialVerdict::Mixed => "gains and loses",
    };
    let what = if row.partner_id.is_some() { "partner" } else { "professional" };
    let (before, after) = (level(&row.before)?, level(&row.after)?);
    let levels = if before == after { before } else { format!("{before} → {after}") };
    Ok(format!("{what} {} {verdict}: {levels}, difference {:+}", row.code, row.difference))
}
