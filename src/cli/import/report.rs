//! Results and progress of an import.

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::CommandError;
use crate::service::imports::RowCounts;

/// Maximum refused rows that are printed.
const PRINTED_MAX: usize = 1_000;

/// The counts as the summary shows them.
pub(super) fn summary(counts: &RowCounts) -> String {
    let RowCounts { recorded, duplicate, updated, refused } = counts;
    let updated = if *updated > 0 { format!(", updated {updated}") } else { String::new() };
    format!("recorded {recorded}, duplicate {duplicate}, refused {refused}{updated}")
}

/// Refused rows, as many as are printed.
#[derive(Debug, Default)]
pub(super) struct RefusedRows {
    lines: Vec<String>,
    count: usize,
}

impl RefusedRows {
    pub(super) fn add(&mut self, file: &str, line: u64, reason: &str) {
        self.count += 1;
        if self.lines.len() < PRINTED_MAX {
            self.lines.push(format!("{file}:{line}: {reason}"));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn print(&self) {
        for line in &self.lines {
            println!("{line}");
        }
        if self.count > self.lines.len() {
            println!("… and {} more", self.count - self.lines.len());
        }
    }
}

/// A progress bar on a terminal, otherwise a line for every tenth of the file.
pub(super) struct Progress {
    bar: ProgressBar,
    name: String,
    bytes: u64,
    tenths: u64,
}

impl Progress {
    pub(super) fn new(name: &str, bytes: u64) -> Result<Self, CommandError> {
        let bar = ProgressBar::new(bytes);
        let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}")?;
        bar.set_style(style);
        bar.set_message(name.to_owned());
        Ok(Self { bar, name: name.to_owned(), bytes, tenths: 0 })
    }

    pub(super) fn advance(&mut self, bytes: u64, rows: u64) {
        self.bar.set_position(bytes);
        let tenths = (bytes * 10).checked_div(self.bytes).unwrap_or(0);
        if self.bar.is_hidden() && tenths > self.tenths {
            self.tenths = tenths;
            eprintln!("{}: {rows} rows, {}0 %", self.name, tenths.min(10));
        }
    }

    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
