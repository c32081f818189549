//! Limits on the size of a document, so that none is slow to read, check or try.

use toml::de::{DeTable, DeValue};

use super::{EditionError, PROBLEMS_MAX, at};

/// Largest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 262_144;
/// Longest text within a document, in characters.
const TEXT_CHARS_MAX: usize = 2_000;
/// Most items of a list for which no other limit is set.
const ITEMS_MAX: usize = 200;
/// Most items of the lists that may be long, by name.
const LISTS: [(&str, usize); 6] =
    [("rule", 500), ("example", 500), ("facts", 500), ("attribute", 50), ("level", 20), ("legal_forms", 500)];

/// Checks what can be checked before a text is parsed.
pub(super) fn check_text(text: &str) -> Result<(), Vec<EditionError>> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let message =
            format!("a document has at most {DOCUMENT_BYTES_MAX} bytes; this one has {}", text.len());
        return Err(vec![EditionError::on_line(1, message)]);
    }
    Ok(())
}

/// Checks the lists and texts of a document.
pub(super) fn check_tree(text: &str, tree: &DeTable<'_>) -> Result<(), Vec<EditionError>> {
    let mut problems = Vec::new();
    check_table(text, tree, &mut problems);
    problems.sort_by_key(|problem: &EditionError| (problem.line, problem.column));
    problems.truncate(PROBLEMS_MAX);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn check_table(text: &str, table: &DeTable<'_>, problems: &mut Vec<EditionError>) {
    for (key, value) in table {
        check_value(text, (key.get_ref(), key.span().start), value.get_ref(), problems);
    }
}

fn check_value(text: &str, key: (&str, usize), value: &DeValue<'_>, problems: &mut Vec<EditionError>) {
    let (name, offset) = key;
    match value {
        DeValue::String(string) => {
            let length = string.chars().count();
            if length > TEXT_CHARS_MAX {
                let message =
                    format!("a text has at most {TEXT_CHARS_MAX} characters; this one has {length}");
                problems.push(at(text, offset, message));
            }
            if let Some(found) = string.chars().find(|one| one.is_control() && !matches!(one, '\n' | '\t')) {
                let message =
                    format!("a text has no control characters; `{name}` has U+{:04X}", u32::from(found));
                problems.push(at(text, offset, message));
            }
        }
        DeValue::Array(items) => {
            let most = LISTS.iter().find(|(list, _)| *list == name).map_or(ITEMS_MAX, |(_, most)| *most);
            if items.len() > most {
                let message = format!("`{name}` has at most {most} items; here are {}", items.len());
                problems.push(at(text, offset, message));
            }
            for item in items {
                check_value(text, (name, item.span().start), item.get_ref(), problems);
            }
        }
        DeValue::Table(table) => check_table(text, table, problems),
        _ => {}
    }
}
