//! Checking a document: every problem that can be found, not only the first one, and its worked examples.
//!
//! The parser stops at the first problem. To find the next one, the part of the document that has it is left out of
//! the parsed tree (or replaced, where a plain value does), and the rest is read again. What is wrong only because
//! that part is missing is not reported.

mod limits;
mod pruning;

use std::borrow::Cow;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::edition::{Edition, EditionError, Editions, Kinds, document};
use crate::program::examples;
pub use limits::DOCUMENT_BYTES_MAX;
use pruning::Pruning;

/// Most problems that are listed.
const PROBLEMS_MAX: usize = 30;
/// Most times that a document is read again, so that none takes long.
const ROUNDS_MAX: usize = 60;

/// What came of a worked example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleResult {
    /// Name of the example.
    pub name: String,
    /// Line of the document on which it begins, from 1.
    pub line: usize,
    /// Why it failed; none if it passed.
    pub problem: Option<examples::Difference>,
}

/// A document as checked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The document, with the first day that was asked for.
    pub document: String,
    /// What is wrong, in the order of the document.
    pub problems: Vec<EditionError>,
    /// The editions with this one among them, in the place of one of the same first day; none if something is wrong.
    pub editions: Option<Editions>,
    /// First day of the edition; none if something is wrong.
    pub effective_from: Option<NaiveDate>,
    /// Its worked examples, judged by these editions; empty if something is wrong.
    pub examples: Vec<ExampleResult>,
}

impl Checked {
    /// The edition, unless something is wrong.
    #[must_use]
    pub fn edition(&self) -> Option<&Edition> {
        let (editions, day) = (self.editions.as_ref()?, self.effective_from?);
        Some(editions.at(day))
    }

    /// Everything that is in the way of publishing it, with the examples that fail.
    #[must_use]
    pub fn all_problems(&self) -> Vec<EditionError> {
        let failed = self.examples.iter().filter_map(|example| {
            let message = format!("example \"{}\": {}", example.name, example.problem.as_ref()?.message);
            Some(EditionError { line: example.line, column: 1, message })
        });
        self.problems.iter().cloned().chain(failed.take(PROBLEMS_MAX)).collect()
    }
}

impl Editions {
    /// Checks a document that is to be one of the editions. With a first day, the document is taken as if it said so.
    #[must_use]
    pub fn check(&self, text: &str, effective_from: Option<NaiveDate>) -> Checked {
        let text = effective_from.map_or(Cow::Borrowed(text), |day| dated(text, day));
        let mut checked = Checked {
            document: text.clone().into_owned(),
            problems: Vec::new(),
            editions: None,
            effective_from: None,
            examples: Vec::new(),
        };
        let tree = match self.read(&text) {
            Ok((edition, kinds, tree)) => {
                let day = edition.effective_from;
                let mut all: Vec<Edition> = self.editions.clone();
                all.retain(|other| other.effective_from != day);
                let place = all.partition_point(|other| other.effective_from < day);
                all.insert(place, edition);
                match Self::assemble(all, kinds) {
                    Ok(editions) => checked.editions = Some(editions),
                    Err(problem) => checked.problems.push(problem),
                }
                checked.effective_from = Some(day).filter(|_| checked.editions.is_some());
                tree
            }
            Err(problems) => {
                checked.problems = problems;
                return checked;
            }
        };
        if let (Some(editions), Some(edition)) = (&checked.editions, checked.edition()) {
            let lines = example_lines(&text, &tree);
            let results = edition.examples.iter().enumerate().map(|(place, example)| ExampleResult {
                name: example.name.clone(),
                line: lines.get(place).copied().unwrap_or(1),
                problem: examples::run(example, editions).err(),
            });
            checked.examples = results.collect();
        }
        checked
    }

    /// Reads a document by itself, or finds all that is wrong with it.
    fn read<'t>(&self, text: &'t str) -> Result<(Edition, Kinds, Spanned<DeTable<'t>>), Vec<EditionError>> {
        limits::check_text(text)?;
        let (tree, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(syntax_problems(text, &errors));
        }
        limits::check_tree(text, tree.get_ref())?;
        let mut kinds = self.kinds.clone();
        let mut error = match document::parse_tree(text, tree.clone(), &mut kinds) {
            Ok(edition) => return Ok((edition, kinds, tree)),
            Err(error) => error,
        };
        let mut problems: Vec<EditionError> = Vec::new();
        let mut pruning = Pruning::new(text, tree);
        for _ in 0..ROUNDS_MAX {
            if !pruning.explains(&error) && !problems.contains(&error) {
                problems.push(error.clone());
            }
            if problems.len() == PROBLEMS_MAX || !pruning.leave_out(&error) {
                break;
            }
            match document::parse_tree(text, pruning.tree().clone(), &mut self.kinds.clone()) {
                Ok(_) => break,
                Err(next) => error = next,
            }
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Err(problems.into_iter().map(document::told).collect())
    }
}

/// The problems of a text that is no TOML, one a line: what follows on a line is mostly due to the first.
fn syntax_problems(text: &str, errors: &[toml::de::Error]) -> Vec<EditionError> {
    let mut problems: Vec<EditionError> = errors
        .iter()
        .map(|error| at(text, error.span().map_or(0, |span| span.start), error.message()))
        .collect();
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems.dedup_by_key(|problem| problem.line);
    problems.truncate(PROBLEMS_MAX);
    problems.into_iter().map(document::told).collect()
}

/// A problem at a place of the text.
fn at(text: &str, offset: usize, message: impl Into<String>) -> EditionError {
    let before = text.get(..offset).unwrap_or(text);
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.chars().rev().take_while(|c| *c != '\n').count();
    EditionError { line, column, message: message.into() }
}

/// The document with another first day.
fn dated(text: &str, day: NaiveDate) -> Cow<'_, str> {
    let literal = || {
        if text.len() > DOCUMENT_BYTES_MAX {
            return None;
        }
        let tree = DeTable::parse(text).ok()?;
        let (_, value) = tree.get_ref().iter().find(|(key, _)| key.get_ref() == "effective_from")?;
        matches!(value.get_ref(), DeValue::Datetime(_)).then(|| value.span())
    };
    match literal() {
        Some(span) => Cow::Owned([&text[..span.start], &day.to_string(), &text[span.end..]].concat()),
        None => Cow::Borrowed(text),
    }
}

/// The line of each example.
fn example_lines(text: &str, tree: &Spanned<DeTable<'_>>) -> Vec<usize> {
    let examples = tree.get_ref().iter().find(|(key, _)| key.get_ref() == "example");
    match examples.map(|(_, value)| value.get_ref()) {
        Some(DeValue::Array(items)) => {
            items.iter().map(|item| at(text, item.span().start, "").line).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
