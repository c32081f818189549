//! `verify`: replays the activity log and compares the result with the stored ledger.

use indicatif::{ProgressBar, ProgressStyle};

use super::database::open_existing;
use super::{CommandError, EXIT_FAILED};
use crate::config::Settings;
use crate::service::Services;

/// Verifies the database of the settings and prints what it found.
pub(super) async fn verify(settings: &Settings, head: Option<&str>) -> Result<u8, CommandError> {
    let services = open_existing(settings, "with `serve`").await?;
    let code = verify_opened(&services, head).await?;
    services.database().clone().close().await?;
    Ok(code)
}

/// Verifies a database that is open, and prints what it found.
pub(super) async fn verify_opened(services: &Services, head: Option<&str>) -> Result<u8, CommandError> {
    // The bar hides itself where stderr is not a terminal.
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} steps {eta}")?;
    bar.set_style(style);
    let report = services
        .verify_against(head, |done, steps| {
            bar.set_length(steps);
            bar.set_position(done);
        })
        .await;
    bar.finish_and_clear();
    let report = report?;
    let (steps, ledger, points) = (report.steps, report.ledger_entries, report.points_entries);
    let verified = format!("verified {steps} steps, {ledger} ledger entries, {points} points entries");
    let unknown = head.filter(|_| report.kept.is_none());
    for line in &report.differences {
        println!("{line}");
    }
    let more = report.count - report.differences.len();
    if more > 0 {
        println!("… and {more} more");
    }
    if let Some(head) = unknown {
        println!(
            "the log never had the head {head}: it was changed since, or the head is that of another program"
        );
    }
    let found = match report.count {
        0 => "no differences".to_owned(),
        count => format!("{count} differences"),
    };
    println!("{verified}: {found}");
    if let Some(place) = &report.kept {
        println!(
            "the head is the one after step {} of the log, the {}. sealed one",
            place.log_seq, place.number
        );
    }
    if let Some(place) = &report.sealed {
        println!("sealed {} steps, head {}", place.number, place.head);
    }
    Ok(if report.count == 0 && unknown.is_none() { 0 } else { EXIT_FAILED })
}
