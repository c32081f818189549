//! Syntax errors as a person would report them: what stands at the position, and what was expected there.
//!
//! The parser's own message draws the line of the document, which may be the whole document, and names
//! rules of its grammar. Neither reaches a client.

use async_graphql_parser::{Error, Pos};

use super::refusal::{Code, Refusal, truncate_chars};

/// Longest piece of the document that a message quotes, in characters.
const QUOTED_CHARS_MAX: usize = 40;

/// Rules of the parser's grammar, and what they are called in a message. A rule without a name of its own
/// here is left out. The order is that of the message.
const EXPECTED: [(&[&str], &str); 16] = [
    (
        &["executable_document", "executable_definition", "operation_definition", "operation_type"],
        "an operation or a fragment",
    ),
    (&["type_condition"], "\"on\" and the name of a type"),
    (&["selection", "field"], "a field"),
    (&["name", "name_start"], "a name"),
    (&["object_field", "const_object_field"], "a field such as \"code: 1\""),
    (&["variable_definition", "variable"], "a variable and its type, such as \"$code: String!\""),
    (&["type_"], "a type such as String! or [Int!]"),
    (&["argument", "const_argument"], "an argument such as \"first: 10\""),
    (&["value", "const_value", "number", "string", "enum_value", "list", "object"], "a value"),
    (&["float", "fractional", "exponent"], "a number"),
    (&["selection_set"], "\"{\""),
    (&["alias"], "an alias"),
    (&["arguments", "variable_definitions"], "\"(\""),
    (&["directives", "directive"], "a directive"),
    (&["default_value"], "a default value"),
    (&["EOI"], "the end of the document"),
];

/// The refusal of a document that is not GraphQL. The position is that of the error; a second parser, whose
/// grammar has no descriptions and fewer escapes, says what it expected.
#[must_use]
pub(super) fn refusal(source: &str, text: &str, pos: Pos) -> Refusal {
    match async_graphql_parser::parse_query(text) {
        Err(error) if !is_about_escape(source, &error, pos) => worded(source, &error),
        _ => unexpected(source, pos),
    }
}

/// The refusal of a document in which the parser left something out.
#[must_use]
pub(super) fn incomplete(source: &str, text: &str) -> Refusal {
    match async_graphql_parser::parse_query(text) {
        Err(error) => worded(source, &error),
        Ok(_) => Refusal::new(Code::GraphqlParseFailed, "The document is not GraphQL."),
    }
}

/// Whether the second parser objects to a string in another place than the error.
fn is_about_escape(source: &str, error: &Error, pos: Pos) -> bool {
    error.positions().next().is_some_and(|other| other != pos && rest_of_line(source, other).starts_with('"'))
}

fn unexpected(source: &str, pos: Pos) -> Refusal {
    let message = format!(
        "Syntax error at line {}, column {}: unexpected {}.",
        pos.line,
        pos.column,
        found(source, pos)
    );
    Refusal::new(Code::GraphqlParseFailed, message).at(pos)
}

fn worded(source: &str, error: &Error) -> Refusal {
    let locations: Vec<Pos> = error.positions().collect();
    let message = match (error, locations.first()) {
        (Error::Syntax { message, .. }, Some(pos)) => {
            let place = format!("Syntax error at line {}, column {}", pos.line, pos.column);
            match expected(message) {
                Some(expected) => format!("{place}: expected {expected}; found {}.", found(source, *pos)),
                None => return unexpected(source, *pos),
            }
        }
        _ => "The document is not GraphQL.".to_owned(),
    };
    Refusal { locations, ..Refusal::new(Code::GraphqlParseFailed, message) }
}

/// What the grammar expected, in words; nothing where it has no words for it.
fn expected(message: &str) -> Option<String> {
    let (_, reason) = message.rsplit_once("= ")?;
    let rules: Vec<&str> = reason.split([' ', ',']).collect();
    let is_expected = |names: &[&str]| names.iter().any(|name| rules.contains(name));
    let words: Vec<&str> =
        EXPECTED.iter().filter(|(names, _)| is_expected(names)).map(|(_, words)| *words).collect();
    match words.as_slice() {
        [] => None,
        [word] => Some((*word).to_owned()),
        [words @ .., last] => Some(format!("{} or {last}", words.join(", "))),
    }
}

/// What stands in the document at a position: a word, a sign, or its end.
fn found(source: &str, pos: Pos) -> String {
    let rest = rest_of_line(source, pos);
    let Some(first) = rest.chars().next() else {
        let is_last = pos.line >= source.lines().count();
        return if is_last { "the end of the document" } else { "the end of the line" }.to_owned();
    };
    if first == '"' {
        let has_escape = rest.contains('\\');
        return if has_escape { "a string with an escape that GraphQL does not have" } else { "a string" }
            .to_owned();
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let token: String =
        if is_word(first) { rest.chars().take_while(|c| is_word(*c)).collect() } else { first.to_string() };
    format!("\"{}\"", quoted(&token))
}

fn rest_of_line(source: &str, pos: Pos) -> String {
    let line = source.lines().nth(pos.line.saturating_sub(1)).unwrap_or_default();
    line.chars().skip(pos.column.saturating_sub(1)).collect()
}

fn quoted(text: &str) -> String {
    truncate_chars(text.escape_debug().to_string(), QUOTED_CHARS_MAX)
}
