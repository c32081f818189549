//! Errors of the library about an argument, in words of this API. The library raises them when a resolver
//! reads the argument, without a code, and names types of its own.

use super::refusal::{QUOTED_CHARS_MAX, truncate_chars};
use super::schema_types::built_in_expected;

/// The message for a client, if the library's message is about the value of an argument.
#[must_use]
pub fn reword(message: &str) -> Option<String> {
    if let Some((ty, reason)) = named(message, "Failed to parse \"", "\": ") {
        // Enclosing types follow the reason.
        let reason = reason.split(" (occurred while parsing \"").next().unwrap_or(reason);
        // Those of numbers do not say what is accepted.
        let is_number = reason == "Invalid number" || reason.starts_with("Only integers ");
        return Some(match built_in_expected(ty) {
            Some(expected) if is_number => format!("The value is not {expected}."),
            _ => sentence(reason),
        });
    }
    if let Some((ty, found)) = named(message, "Expected input type \"", "\", found ") {
        let found = found.split(" (occurred while parsing \"").next().unwrap_or(found);
        let found = truncate_chars(found.trim_end_matches('.').to_owned(), QUOTED_CHARS_MAX);
        let expected = built_in_expected(ty).map_or_else(|| format!("of type {ty}"), str::to_owned);
        return Some(format!("{found} is not {expected}."));
    }
    if message.starts_with("Invalid value for argument \"") {
        return Some("An argument has an invalid value.".to_owned());
    }
    let name = message.strip_prefix("Variable ")?.strip_suffix(" is not defined.")?;
    Some(format!("Variable ${name} has no value."))
}

fn named<'m>(message: &'m str, before: &str, after: &str) -> Option<(&'m str, &'m str)> {
    message.strip_prefix(before)?.split_once(after)
}

fn sentence(reason: &str) -> String {
    let end = if reason.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{reason}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_library() {
        let int = "an Int; write a whole number from -2147483648 to 2147483647, without quotes.";
        for (message, expected) in [
            (
                "Failed to parse \"Date\": \"2026-13-45\" is not a date (occurred while parsing \"In\")",
                Some("\"2026-13-45\" is not a date.".to_owned()),
            ),
            (
                "Failed to parse \"Int\": Only integers from -2147483648 to 2147483647 are accepted.",
                Some(format!("The value is not {int}")),
            ),
            ("Failed to parse \"Int\": Invalid number", Some(format!("The value is not {int}"))),
            ("Expected input type \"Int\", found \"x\".", Some(format!("\"x\" is not {int}"))),
            (
                "Expected input type \"In\", found [1]. (occurred while parsing \"Outer\")",
                Some("[1] is not of type In.".to_owned()),
            ),
            ("Variable x is not defined.", Some("Variable $x has no value.".to_owned())),
            ("no such table: secrets", None),
        ] {
            assert_eq!(reword(message), expected, "{message}");
        }
    }
}
