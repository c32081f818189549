//! Problems of a document in its own words rather than those of the parser.

use crate::program::wording::shown;

/// A problem of the parser as whoever writes the document would say it.
pub(super) fn worded(message: &str) -> String {
    if message == "datetime key not found" || message == "expected field with custom name" {
        return format!("{} is expected here, not a table", expected("a TOML datetime"));
    }
    let wrong = ["invalid type: ", "invalid value: "].iter().find_map(|start| message.strip_prefix(start));
    if let Some((given, wanted)) = wrong.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("{} is expected here, not {}", expected(wanted), found(given));
    }
    if message.starts_with("invalid length ") && message.contains(", expected struct ") {
        return "a table is expected here, not a list".to_owned();
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return format!("{key} is missing here");
    }
    if let Some(told) = unknown(message) {
        return told;
    }
    let (said, expects) =
        message.split_once(", expected ").map_or((message, false), |(said, _)| (said, true));
    let syntax = SYNTAX.iter().find(|(by_parser, _)| *by_parser == said).map(|(_, told)| *told);
    // What the parser expects is a problem of syntax, also of a kind that is not listed.
    syntax.unwrap_or(if expects { "this is not TOML: see https://toml.io" } else { message }).to_owned()
}

/// What an unknown name is told, with the names that are known.
fn unknown(message: &str) -> Option<String> {
    let (what, names, rest) = [("a key", "unknown field "), ("a value", "unknown variant ")]
        .into_iter()
        .find_map(|(what, start)| Some((what, message.strip_prefix(start)?)))
        .and_then(|(what, rest)| rest.split_once(", ").map(|(name, rest)| (what, name, rest)))?;
    let (known, near) = rest.split_once(". ").map_or((rest, ""), |(known, near)| (known, near));
    let near = if near.is_empty() { String::new() } else { format!(" {near}") };
    let known: Vec<String> = known.split('`').skip(1).step_by(2).map(|name| format!("`{name}`")).collect();
    let known = if known.is_empty() { String::new() } else { format!("; known are {}", known.join(", ")) };
    Some(format!("{names} is not {what} here{known}.{near}").trim_end_matches('.').to_owned())
}

/// Problems of syntax: as the parser says them, without what it expects, and as they are told.
const SYNTAX: &[(&str, &str)] = &[
    ("duplicate key", "this key stands twice"),
    ("key with no value", "`=` and a value are expected after this key"),
    ("missing value", "a value is expected here"),
    ("missing value for key", "a value is expected here"),
    ("missing assignment between key-value pairs", "`=` is expected between a key and its value"),
    ("extra assignment between key-value pairs", "there is one `=` too many here"),
    ("extra `=`", "there is one `=` too many here"),
    ("unexpected `=` in array", "a list has values only, without `=`"),
    ("string values must be quoted", "a text stands in quotes"),
    ("invalid string", "a text stands in quotes"),
    ("missing opening quote", "a quote is expected at the start of the text"),
    ("invalid basic string", "this text has no quote at its end, or a character that has to be escaped"),
    (
        "invalid multi-line basic string",
        "this text has no quotes at its end, or a character that has to be escaped",
    ),
    ("invalid literal string", "this text has no apostrophe at its end"),
    ("invalid multi-line literal string", "this text has no apostrophes at its end"),
    ("missing escaped value", "`\\` in a text is followed by what it stands for, such as `\\n`"),
    ("too few unicode value digits", "`\\u` is followed by four hexadecimal digits, and `\\U` by eight"),
    ("invalid unquoted key", "a key has letters, digits, `-` and `_`, or stands in quotes"),
    ("unquoted keys cannot be empty", "a key is expected here"),
    ("invalid key-value pair", "a key is expected here"),
    ("missing key for inline table element", "a key is expected here"),
    ("invalid inline table element", "a key with `=` and a value is expected here"),
    ("keys cannot be multi-line basic strings", "a key stands in one line"),
    ("keys cannot be multi-line literal strings", "a key stands in one line"),
    ("unclosed table", "`]` is expected at the end of the table's name"),
    ("unclosed array table", "`]]` is expected at the end of the table's name"),
    ("missing table open", "`[` is expected at the start of the table's name"),
    ("unclosed array", "the list is not closed: `]` is expected"),
    ("missing array opening", "`[` is expected at the start of a list"),
    ("unclosed inline table", "the table is not closed: `}` is expected"),
    ("missing inline table opening", "`{` is expected at the start of a table"),
    (
        "missing comma between array elements",
        "`,` is expected between the values of a list, or `]` at its end",
    ),
    (
        "missing comma between key-value pairs",
        "`,` is expected between the keys of a table, or `}` at its end",
    ),
    ("extra comma in array", "there is one `,` too many here"),
    ("extra comma in inline table", "there is one `,` too many here"),
    ("unexpected key or value", "the line ends here: each key stands in a line of its own"),
    ("unexpected content", "the line ends here: each key stands in a line of its own"),
    ("unexpected content between comment and newline", "a comment has no control characters"),
    ("invalid comment character", "a comment has no control characters"),
    ("carriage return must be followed by newline", "a carriage return is not a line break by itself"),
    ("cannot recurse further; max recursion depth met", "lists and tables are nested too deeply here"),
    ("invalid boolean", "true or false is expected here"),
    ("invalid value", "this is not a value: a text stands in quotes"),
    ("invalid date", "this is not a date such as 2024-05-01"),
    ("invalid date-time", "this is not a date such as 2024-05-01"),
    ("invalid datetime", "this is not a date such as 2024-05-01"),
    ("invalid time", "this is not a date such as 2024-05-01"),
    ("invalid integer number", "this is not a number"),
    ("invalid float", "this is not a number"),
    ("invalid mantissa", "this is not a number"),
    ("invalid fraction", "this is not a number"),
    ("invalid exponent", "this is not a number"),
    ("invalid hexadecimal number", "this is not a number"),
    ("invalid octal number", "this is not a number"),
    ("invalid binary number", "this is not a number"),
    ("integers with a radix cannot be signed", "a number that begins with 0x, 0o or 0b has no sign"),
    ("unexpected leading zero", "a number does not begin with 0"),
    ("`_` may only go between digits", "`_` stands between the digits of a number only"),
    ("redundant numeric sign", "a number has one sign at most"),
    ("unexpected sign", "a number has one sign at most"),
];

/// What would be right.
fn expected(by_parser: &str) -> &str {
    match by_parser {
        "i64" => "a whole number",
        "a boolean" => "true or false",
        "a string" => "a text in quotes",
        "a sequence" => "a list",
        "a map" => "a table",
        "a TOML datetime" => "a date such as 2024-05-01",
        "a Decimal type representing a fixed-point number" => "a number such as \"12.5\"",
        "any value" => "a number up to 9223372036854775807",
        table if table.starts_with("struct ") => "a table",
        other => other,
    }
}

/// What is there instead.
fn found(by_parser: &str) -> String {
    let given = by_parser.split_once(" `").map(|(_, value)| value.split('`').next().unwrap_or_default());
    match by_parser {
        "map" => "a table".to_owned(),
        "sequence" => "a list".to_owned(),
        text if text.starts_with("string \"") => {
            let text = text.trim_start_matches("string \"");
            shown(text.strip_suffix('"').unwrap_or(text))
        }
        _ if given == Some("NaN") => "nan".to_owned(),
        other => given.unwrap_or(other).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_told_without_the_words_of_the_parser() {
        // of the parser, as it is told
        let table = [
            ("invalid type: string \"one\", expected i64", "a whole number is expected here, not one"),
            ("invalid type: floating point `1.5`, expected i64", "a whole number is expected here, not 1.5"),
            (
                "invalid type: boolean `true`, expected struct RawPartner",
                "a table is expected here, not true",
            ),
            (
                "invalid type: integer `99999999999999999999` as i128, expected any value",
                "a number up to 9223372036854775807 is expected here, not 99999999999999999999",
            ),
            ("invalid type: map, expected a sequence", "a list is expected here, not a table"),
            (
                "invalid value: string \"5 %\", expected a Decimal type representing a fixed-point number",
                "a number such as \"12.5\" is expected here, not \"5 %\"",
            ),
            (
                "invalid length 0, expected struct Member with 2 elements",
                "a table is expected here, not a list",
            ),
            ("datetime key not found", "a date such as 2024-05-01 is expected here, not a table"),
            ("missing field `kind`", "`kind` is missing here"),
            (
                "unknown field `prr`, expected one of `per`, `cap`. Did you mean `per`?",
                "`prr` is not a key here; known are `per`, `cap`. Did you mean `per`?",
            ),
            ("unknown variant `x`, expected `a` or `b`", "`x` is not a value here; known are `a`, `b`"),
            ("key with no value, expected `=`", "`=` and a value are expected after this key"),
            ("duplicate key", "this key stands twice"),
            ("invalid anything, expected something", "this is not TOML: see https://toml.io"),
            ("`cap` must be 1 or more, not 0", "`cap` must be 1 or more, not 0"),
        ];
        for (message, told) in table {
            assert_eq!(worded(message), told);
        }
    }
}
