//! Leaving parts out of a parsed document.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::EditionError;

/// Keys whose texts name the part that they stand in.
const NAMES: [&str; 2] = ["code", "kind"];

/// A step from a part of the document into a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A document from which parts are left out.
pub(super) struct Pruning<'t> {
    text: &'t str,
    tree: Spanned<DeTable<'t>>,
    /// Keys that were left out of a part that stays, with the place where that part begins.
    keys: HashSet<(usize, String)>,
    /// Names of parts that were left out.
    names: HashSet<String>,
    /// Places whose value was replaced.
    replaced: HashSet<usize>,
}

impl<'t> Pruning<'t> {
    pub(super) fn new(text: &'t str, tree: Spanned<DeTable<'t>>) -> Self {
        Self { text, tree, keys: HashSet::new(), names: HashSet::new(), replaced: HashSet::new() }
    }

    /// What is left.
    pub(super) fn tree(&self) -> &Spanned<DeTable<'t>> {
        &self.tree
    }

    /// Whether a problem is due to what was left out.
    pub(super) fn explains(&self, error: &EditionError) -> bool {
        let offset = self.offset(error);
        if missing(error).is_some_and(|key| self.keys.contains(&(offset, key.to_owned()))) {
            return true;
        }
        if self.replaced.contains(&offset) {
            return true;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        error.message.split(|c| !is_part(c)).any(|word| self.names.contains(word))
    }

    /// Leaves out the part that has a problem; false if nothing can be left out.
    pub(super) fn leave_out(&mut self, error: &EditionError) -> bool {
        let offset = self.offset(error);
        let Some(path) = self.smallest(offset, error) else { return false };
        let starts = self.starts(&path);
        if missing(error).is_none() && self.replaced.insert(offset) && self.replace(&path, &error.message) {
            return true;
        }
        let (Some(step), Some(parent)) = (path.last(), starts.get(path.len() - 1)) else { return false };
        if let Step::Key(key) = step {
            self.keys.insert((*parent, key.clone()));
            // Whatever a misspelt key means is not missing.
            let meant =
                error.message.split_once("Did you mean `").and_then(|(_, rest)| rest.split('`').next());
            self.keys.extend(meant.map(|key| (*parent, key.to_owned())));
        }
        let Some(removed) = remove(self.tree.get_mut(), &path) else { return false };
        self.note_names(&removed);
        true
    }

    fn note_names(&mut self, removed: &DeValue<'_>) {
        let Some(table) = removed.as_table() else { return };
        for (key, value) in table {
            if let (true, Some(name)) = (NAMES.contains(&key.get_ref().as_ref()), value.get_ref().as_str()) {
                self.names.insert(name.to_owned());
            }
        }
    }

    /// Puts a value that does in the place of a wrong one, so that what else is wrong beside it is found; false where none
    /// is known.
    fn replace(&mut self, path: &[Step], message: &str) -> bool {
        let Some(value) = value_mut(self.tree.get_mut(), path) else { return false };
        let Some(text) = substitute(message, value.get_ref()) else { return false };
        let parsed = DeValue::parse(&text).ok().map(|value| match value.into_inner() {
            DeValue::String(text) => DeValue::String(text.into_owned().into()),
            DeValue::Integer(_) => one(),
            DeValue::Boolean(is) => DeValue::Boolean(is),
            _ => DeValue::Array([].into_iter().collect()),
        });
        parsed.map(|parsed| *value.get_mut() = parsed).is_some()
    }

    /// The place in the text of a problem.
    fn offset(&self, error: &EditionError) -> usize {
        let lines = self.text.split_inclusive('\n');
        let before: usize = lines.clone().take(error.line - 1).map(str::len).sum();
        let line = lines.clone().nth(error.line - 1).unwrap_or("");
        before + line.chars().take(error.column - 1).map(char::len_utf8).sum::<usize>()
    }

    /// The path of the smallest part that a place is in.
    fn smallest(&self, offset: usize, error: &EditionError) -> Option<Vec<Step>> {
        let mut search = Search { offset, path: Vec::new(), best: None };
        search.table(self.tree.get_ref());
        let (_, path) = search.best?;
        // A problem without a place seems to be at the beginning.
        let names_it = |step: &Step| matches!(step, Step::Key(key) if error.message.contains(key.as_str()));
        (offset > 0 || path.last().is_some_and(names_it)).then_some(path)
    }

    /// The places where the parts along a path begin, the document itself first.
    fn starts(&self, path: &[Step]) -> Vec<usize> {
        let mut starts = vec![0];
        for length in 1..=path.len() {
            let span = value(self.tree.get_ref(), &path[..length]).map(Spanned::span);
            starts.extend(span.map(|span: Range<usize>| span.start));
        }
        starts
    }
}

/// The number 1.
fn one<'t>() -> DeValue<'t> {
    DeValue::parse("1").map_or(DeValue::Boolean(true), Spanned::into_inner)
}

/// What can stand in the place of a value that has this problem, as TOML.
fn substitute(message: &str, value: &DeValue<'_>) -> Option<String> {
    if message.starts_with("unknown variant") {
        return message.split('`').nth(3).map(|first| format!("\"{first}\""));
    }
    if let Some((_, expected)) =
        message.strip_prefix("invalid type").and_then(|rest| rest.split_once(", expected "))
    {
        let with = match expected {
            "i64" => "1",
            "a string" => "\"X\"",
            "a boolean" => "true",
            "a sequence" => "[]",
            _ => return None,
        };
        return Some(with.to_owned());
    }
    match value {
        _ if message.starts_with("unknown field") => None,
        DeValue::Integer(_) => Some("1".to_owned()),
        DeValue::String(text) if text.parse::<f64>().is_ok() => Some("\"1\"".to_owned()),
        _ => None,
    }
}

/// The key that a problem says is missing.
fn missing(error: &EditionError) -> Option<&str> {
    error.message.strip_prefix("missing field `")?.split('`').next()
}

/// The search for the smallest part that a place is in.
struct Search {
    offset: usize,
    path: Vec<Step>,
    best: Option<(usize, Vec<Step>)>,
}

impl Search {
    fn consider(&mut self, span: &Range<usize>) {
        let is_smaller = self.best.as_ref().is_none_or(|(length, _)| span.len() <= *length);
        if span.contains(&self.offset) && is_smaller {
            self.best = Some((span.len(), self.path.clone()));
        }
    }

    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            self.path.push(Step::Key(key.get_ref().to_string()));
            self.consider(&key.span());
            self.value(value);
            self.path.pop();
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>) {
        self.consider(&value.span());
        match value.get_ref() {
            DeValue::Table(table) => self.table(table),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(Step::Index(index));
                    self.value(item);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }
}

/// The value at a path.
fn value<'v, 't>(table: &'v DeTable<'t>, path: &[Step]) -> Option<&'v Spanned<DeValue<'t>>> {
    let (Step::Key(first), rest) = path.split_first()? else { return None };
    let mut found = table.iter().find(|(key, _)| key.get_ref() == first.as_str()).map(|(_, value)| value)?;
    for step in rest {
        found = match (step, found.get_ref()) {
            (Step::Index(index), DeValue::Array(items)) => items.get(*index)?,
            (Step::Key(name), DeValue::Table(table)) => {
                table.iter().find(|(key, _)| key.get_ref() == name.as_str()).map(|(_, value)| value)?
            }
            _ => return None,
        };
    }
    Some(found)
}

/// The value at a path, to change it.
fn value_mut<'v, 't>(table: &'v mut DeTable<'t>, path: &[Step]) -> Option<&'v mut Spanned<DeValue<'t>>> {
    let (Step::Key(first), rest) = path.split_first()? else { return None };
    let mut found =
        table.iter_mut().find(|(key, _)| key.get_ref() == first.as_str()).map(|(_, value)| value)?;
    for step in rest {
        found = match (step, found.get_mut()) {
            (Step::Index(index), DeValue::Array(items)) => items.get_mut(*index)?,
            (Step::Key(name), DeValue::Table(table)) => {
                table.iter_mut().find(|(key, _)| key.get_ref() == name.as_str()).map(|(_, value)| value)?
            }
            _ => return None,
        };
    }
    Some(found)
}

/// Removes the value at a path, and returns it.
fn remove<'t>(table: &mut DeTable<'t>, path: &[Step]) -> Option<DeValue<'t>> {
    let (last, parent) = path.split_last()?;
    match last {
        Step::Key(name) if parent.is_empty() => remove_key(table, name),
        Step::Key(name) => match value_mut(table, parent)?.get_mut() {
            DeValue::Table(table) => remove_key(table, name),
            _ => None,
        },
        Step::Index(index) => match value_mut(table, parent)?.get_mut() {
            DeValue::Array(items) => {
                let removed = items.get(*index).map(|item| item.get_ref().clone());
                let others = items.iter().enumerate().filter(|(place, _)| place != index);
                *items = others.map(|(_, item)| item.clone()).collect();
                removed
            }
            _ => None,
        },
    }
}

fn remove_key<'t>(table: &mut DeTable<'t>, name: &str) -> Option<DeValue<'t>> {
    let (removed, others): (Vec<_>, Vec<_>) =
        std::mem::take(table).into_iter().partition(|(key, _)| key.get_ref() == name);
    table.extend(others);
    removed.into_iter().next().map(|(_, value)| value.into_inner())
}
