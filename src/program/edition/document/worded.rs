//! What a value of the wrong sort is told, in the words of a document rather than those of the parser.

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
    message.to_owned()
}

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
            ("missing field `kind`", "missing field `kind`"),
        ];
        for (message, told) in table {
            assert_eq!(worded(message), told);
        }
    }
}
