//! What was found in the document of an edition.

use async_graphql::SimpleObject;

use crate::graphql::scalar::int;
use crate::program::edition::{Change, EditionError};
use crate::program::edition_check::ExampleResult;
use crate::service::editions;

/// Result of checking a document: problems with their places, worked examples, and what the document changes.
#[derive(SimpleObject)]
pub(crate) struct EditionCheck {
    /// Everything that is in the way of publishing the document, in the order of its lines; empty if nothing is. An
    /// example that fails is among them.
    problems: Vec<EditionProblem>,
    /// Worked examples of the document, in its order; empty while the document cannot be read.
    examples: Vec<EditionExample>,
    /// Differences from the edition that holds on its first day until now; empty while the document cannot be read.
    changes: Vec<EditionChange>,
}

impl From<editions::EditionCheck> for EditionCheck {
    fn from(check: editions::EditionCheck) -> Self {
        Self {
            problems: check.problems().into_iter().map(Into::into).collect(),
            examples: check.checked.examples.into_iter().map(Into::into).collect(),
            changes: check.changes.into_iter().map(Into::into).collect(),
        }
    }
}

/// Problem of a document, with its place.
#[derive(SimpleObject)]
pub(crate) struct EditionProblem {
    /// Line of the document, from 1.
    line: i32,
    /// Character of the line, from 1.
    column: i32,
    /// What is wrong, and what would be right.
    message: String,
}

impl From<EditionError> for EditionProblem {
    fn from(problem: EditionError) -> Self {
        let number = |number: usize| int(i64::try_from(number).unwrap_or(i64::MAX));
        Self { line: number(problem.line), column: number(problem.column), message: problem.message }
    }
}

/// Worked example of a document: facts, a date, and the values that must result.
#[derive(SimpleObject)]
pub(crate) struct EditionExample {
    /// Name of the example.
    name: String,
    /// Line of the document on which it begins, from 1.
    line: i32,
    /// Whether every value is as expected.
    passed: bool,
    /// First value that is different, as expected; null if the example passed, or could not be carried out.
    expected: Option<String>,
    /// First value that is different, as it is.
    actual: Option<String>,
    /// What is different, in words; null if the example passed.
    message: Option<String>,
}

impl From<ExampleResult> for EditionExample {
    fn from(example: ExampleResult) -> Self {
        let (expected, actual, message) = match example.problem {
            Some(problem) => (problem.expected, problem.actual, Some(problem.message)),
            None => (None, None, None),
        };
        let line = int(i64::try_from(example.line).unwrap_or(i64::MAX));
        Self { name: example.name, line, passed: message.is_none(), expected, actual, message }
    }
}

/// Difference between a document and the edition that it would replace.
#[derive(SimpleObject)]
pub(crate) struct EditionChange {
    /// Place in the document, such as `professional.rule.TRAINING_DAY_ATTENDED.points`.
    path: String,
    /// Value before; null if there was none.
    before: Option<String>,
    /// Value after; null if there is none any more.
    after: Option<String>,
    /// Difference in words, such as "Training day: 250 → 500 points a day".
    sentence: String,
}

impl From<Change> for EditionChange {
    fn from(change: Change) -> Self {
        Self { path: change.path, before: change.before, after: change.after, sentence: change.sentence }
    }
}
