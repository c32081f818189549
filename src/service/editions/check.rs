//! Checking a document against the published editions.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use crate::access::Operation;
use crate::error::Error;
use crate::program::edition::{Change, EditionError};
use crate::program::edition_check::Checked;
use crate::program::refusal::{Code, Problems, Refusal, Refusals};
use crate::program::wording::quoted;
use crate::service::Services;
use crate::service::policy::Policy;

/// What was found in a document.
#[derive(Clone, Debug)]
pub struct EditionCheck {
    /// The document with its problems and examples.
    pub checked: Checked,
    /// What it changes of the edition that is in force on the day before, or is replaced.
    pub changes: Vec<Change>,
    /// Why it can't be published for the day that was asked for, if one was.
    pub day_problem: Option<String>,
}

impl EditionCheck {
    /// Everything that is in the way of publishing it, in the order of the document.
    #[must_use]
    pub fn problems(&self) -> Vec<EditionError> {
        let mut problems = self.checked.all_problems();
        let line =
            self.checked.document.lines().position(|line| line.trim_start().starts_with("effective_from"));
        let day = self.day_problem.iter().map(|message| EditionError {
            line: line.map_or(1, |line| line + 1),
            column: 1,
            message: message.clone(),
        });
        // The parser may have found the same.
        problems.extend(
            day.filter(|day| problems.iter().all(|problem| problem.line != day.line)).collect::<Vec<_>>(),
        );
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }
}

impl Services {
    /// Checks a document: its problems, its worked examples, and what it changes.
    ///
    /// # Errors
    /// When the caller is not an administrator.
    pub async fn edition_check(
        &self,
        document: String,
        effective_from: Option<NaiveDate>,
    ) -> Result<EditionCheck, Error> {
        self.authorize(Operation::CheckEdition)?;
        let mut check = checked(Arc::clone(self.policy()), document, effective_from).await?;
        check.day_problem =
            effective_from.and_then(|day| self.day_problem(day).or_else(|| self.taken_day(day)));
        Ok(check)
    }

    /// That another edition comes into force on a day.
    fn taken_day(&self, day: NaiveDate) -> Option<String> {
        let taken = self.policy.editions.iter().find(|edition| edition.effective_from == day)?;
        Some(format!("The edition {} comes into force on {day} already.", quoted(&taken.name)))
    }

    /// Why no edition can come into force on a day.
    pub(super) fn day_problem(&self, day: NaiveDate) -> Option<String> {
        let (today, editions) = (self.clock.today(), &self.policy.editions);
        if day.day() != 1 {
            return Some(format!("An edition comes into force on the first day of a month, not on {day}."));
        }
        if day <= today {
            let next = today.with_day(1).and_then(|first| first.checked_add_months(chrono::Months::new(1)));
            let next = next.map_or(String::new(), |next| format!(" The next one begins on {next}."));
            return Some(format!(
                "An edition comes into force in a month that has not begun; {day} is not after today, {today}.{next}"
            ));
        }
        if day <= editions.launch() {
            let launch = editions.launch();
            return Some(format!(
                "An edition comes into force after the first one, which does on {launch}; not on {day}."
            ));
        }
        None
    }
}

impl Services {
    /// Why no recalculation can be from a day on.
    pub(super) fn past_day_problem(&self, day: NaiveDate) -> Option<String> {
        let (today, launch) = (self.clock.today(), self.policy.editions.launch());
        if day.day() != 1 {
            return Some(format!("A recalculation is from the first day of a month on, not from {day}."));
        }
        if day > today {
            return Some(format!(
                "A recalculation is for days that have begun; {day} is after today, {today}. Publish an edition for it."
            ));
        }
        if day < launch {
            return Some(format!(
                "A recalculation is from the program's launch on {launch} at the earliest, not from {day}."
            ));
        }
        None
    }
}

/// Checks a document apart from the tasks that answer requests, as it may take a while.
pub(in crate::service) async fn checked(
    policy: Arc<Policy>,
    document: String,
    effective_from: Option<NaiveDate>,
) -> Result<EditionCheck, Error> {
    let check = move || {
        let editions = &policy.editions;
        let checked = editions.check(&document, effective_from);
        let changes = checked
            .edition()
            .map_or(Vec::new(), |edition| editions.at(edition.effective_from).changes(edition));
        EditionCheck { checked, changes, day_problem: None }
    };
    tokio::task::spawn_blocking(check).await.map_err(|stopped| Error::Damaged(format!("a check: {stopped}")))
}

/// Everything that is wrong with a document, with its place, as problems of a field.
pub(super) fn problems_of(field: &str, check: &EditionCheck) -> Result<(), Refusals> {
    listed(field, check.checked.all_problems())
}

/// Problems of a document, with their places, as problems of a field.
pub(super) fn listed(field: &str, found: Vec<EditionError>) -> Result<(), Refusals> {
    let mut problems = Problems::default();
    for problem in found {
        let message = format!("Line {}, column {}: {}", problem.line, problem.column, problem.message);
        problems.add(Refusal::new(Code::Invalid, field, message));
    }
    problems.finish()
}
