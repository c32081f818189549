//! How messages show what was given and what is accepted. What was given is of any length and may hold any
//! character: messages show it shortened, and with control characters escaped.

use chrono::NaiveDate;

use super::calendar::meant_dates;

/// Most characters of a given text that a message shows, escapes counted as they are written.
const SHOWN_MAX: usize = 80;
/// Most characters of a list of accepted values.
const LISTED_MAX: usize = 240;

/// A given text in quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    let mut length = 0;
    for character in text.chars() {
        let escaped: String = match character {
            '\'' => "'".to_owned(),
            character => character.escape_debug().collect(),
        };
        length += escaped.chars().count();
        if length > SHOWN_MAX {
            shown.push('…');
            break;
        }
        shown.push_str(&escaped);
    }
    shown.push('"');
    shown
}

/// A given text as it is where it reads as one word, such as a code, a number or a date; in quotes elsewhere.
#[must_use]
pub fn shown(text: &str) -> String {
    if is_word(text) { text.to_owned() } else { quoted(text) }
}

/// Whether a given text reads as one word of a sane length.
#[must_use]
pub fn is_word(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !text.is_empty() && text.len() <= SHOWN_MAX && text.chars().all(is_part)
}

/// The question that follows a value that is not accepted; empty where nothing is near.
#[must_use]
pub fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |nearest| format!(" Did you mean {nearest}?"))
}

/// Accepted values in a row, as many as people will read.
#[must_use]
pub fn listed<'v>(values: impl IntoIterator<Item = &'v str>) -> String {
    let mut row = String::new();
    let mut values = values.into_iter();
    while let Some(value) = values.next() {
        if !row.is_empty() && row.chars().count() + value.chars().count() > LISTED_MAX {
            return format!("{row} and {} more", 1 + values.count());
        }
        if !row.is_empty() {
            row.push_str(", ");
        }
        row.push_str(value);
    }
    row
}

/// A unit in the number that goes with a count, where its plural ends in an s.
#[must_use]
pub fn unit_of(count: i64, unit: &str) -> String {
    if count.unsigned_abs() == 1 { unit.to_owned() } else { format!("{unit}s") }
}

/// A count with its unit: `1 point`, `20 points`, `-1 point`.
#[must_use]
pub fn counted(count: i64, unit: &str) -> String {
    format!("{count} {}", unit_of(count, unit))
}

/// That a text is not a calendar date.
#[must_use]
pub fn not_a_date(text: &str) -> String {
    format!("{} is not a date; write {}.", shown(text), date_advice(text))
}

/// How to write a date: those that the text may mean, else the form.
#[must_use]
pub fn date_advice(text: &str) -> String {
    match meant_dates(text)[..] {
        [] => "YYYY-MM-DD, such as 2026-06-30".to_owned(),
        [date] => date.to_string(),
        [one, other, ..] => format!("YYYY-MM-DD, so {one} or {other}"),
    }
}

/// That a day is in the future.
#[must_use]
pub fn in_the_future(day: NaiveDate, today: NaiveDate) -> String {
    format!("{day} is in the future; today is {today}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_shown_shortened_and_escaped() {
        let long = "x".repeat(1_000_000);
        let clipped = format!("\"{}…\"", "x".repeat(SHOWN_MAX));
        // given, in quotes, as a word
        let table = [
            ("nordwind", "\"nordwind\"", "nordwind"),
            ("2026-13-45", "\"2026-13-45\"", "2026-13-45"),
            ("", "\"\"", "\"\""),
            ("a b", "\"a b\"", "\"a b\""),
            ("O'Brien \"x\"", "\"O'Brien \\\"x\\\"\"", "\"O'Brien \\\"x\\\"\""),
            ("a\0\u{1b}[31m\n", "\"a\\0\\u{1b}[31m\\n\"", "\"a\\0\\u{1b}[31m\\n\""),
            ("\u{200b}\u{202e}", "\"\\u{200b}\\u{202e}\"", "\"\\u{200b}\\u{202e}\""),
            ("é💥", "\"é💥\"", "\"é💥\""),
            (&long, &clipped, &clipped),
        ];
        for (given, in_quotes, as_word) in table {
            assert_eq!(quoted(given), in_quotes);
            assert_eq!(shown(given), as_word);
        }
        assert!(quoted(&"\0".repeat(1_000)).chars().count() <= SHOWN_MAX + 3, "escapes are counted");
    }

    #[test]
    fn a_unit_is_in_the_number_of_its_count() {
        // count, text
        let table =
            [(0, "0 points"), (1, "1 point"), (2, "2 points"), (-1, "-1 point"), (i64::MIN, "points")];
        for (count, text) in table {
            assert!(counted(count, "point").ends_with(text), "{count}");
        }
    }

    #[test]
    fn lists_end_where_nobody_reads_on() {
        assert_eq!(listed([]), "");
        assert_eq!(listed(["a", "b"]), "a, b");
        let names: Vec<String> = (0..100).map(|n| format!("value {n}")).collect();
        let list = listed(names.iter().map(String::as_str));
        assert!(list.starts_with("value 0, value 1, ") && list.ends_with(" more"), "{list}");
        assert!(list.chars().count() < LISTED_MAX + 20, "{list}");
        assert_eq!(listed([names.concat().as_str()]), names.concat(), "one is shown as it is");
    }
}
