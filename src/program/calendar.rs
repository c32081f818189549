//! Calendar dates of the programs: windows, membership years, anniversaries.

use chrono::{Datelike, Months, NaiveDate};

/// A calendar date written as `YYYY-MM-DD`, and in no other way.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let shape = |(place, byte): (usize, u8)| {
        if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() }
    };
    let in_shape = text.len() == 10 && text.bytes().enumerate().all(shape);
    in_shape.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

/// The dates that a text in another form than [`parse_date`]'s may mean, for messages: `31.12.2025`, `12/31/2025`,
/// `2025/12/31`, `20251231`, or a date with a time. Between slashes, day and month are in either order.
#[must_use]
pub fn meant_dates(text: &str) -> Vec<NaiveDate> {
    let text = text.trim();
    if text.len() > DATE_BYTES_MAX || !text.is_ascii() {
        return Vec::new();
    }
    let date = |year: &str, month: &str, day: &str| {
        let year = (year.len() == 4).then(|| year.parse().ok()).flatten()?;
        let date = NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)?;
        is_plausible(date).then_some(date)
    };
    let parts: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let found = match parts[..] {
        [digits] if digits.len() == 8 && digits == text => {
            vec![date(&digits[..4], &digits[4..6], &digits[6..])]
        }
        [year, month, day, ..] if year.len() == 4 => vec![date(year, month, day)],
        [day, month, year, ..] if text.contains('.') => vec![date(year, month, day)],
        [one, other, year, ..] if one == other => vec![date(year, one, other)],
        [one, other, year, ..] => vec![date(year, other, one), date(year, one, other)],
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// Maximum length of a text that is taken for a date with a time, in bytes.
const DATE_BYTES_MAX: usize = 40;

/// Years of plausible dates: others are typos.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

/// Whether a date is plausible: others are typos.
#[must_use]
pub fn is_plausible(date: NaiveDate) -> bool {
    YEARS.contains(&date.year())
}

/// That a date is not plausible.
#[must_use]
pub fn implausible(date: NaiveDate) -> String {
    let (first, last) = (year_start(*YEARS.start()), year_end(*YEARS.end()));
    format!("{date} is out of range; dates are from {first} to {last}.")
}

/// The first day of the month of `date`.
#[must_use]
pub fn month_start(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// 1 January of `year`; years beyond the calendar return its last day.
#[must_use]
pub fn year_start(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(NaiveDate::MAX)
}

/// 31 December of `year`; years beyond the calendar return its last day.
#[must_use]
pub fn year_end(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(NaiveDate::MAX)
}

/// One year of a professional's membership (S2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MembershipYear {
    /// Number of the anniversary that it starts on; 0 starts on the day of sign-up.
    pub number: i32,
    /// First day.
    pub starts_on: NaiveDate,
    /// The next anniversary: the first day that no longer belongs to this year.
    pub renews_on: NaiveDate,
}

/// The `number`-th anniversary of `signed_up_on`.
///
/// Someone who signed up on 29 February has the anniversary on 28 February in common years (S2).
#[must_use]
pub fn anniversary(signed_up_on: NaiveDate, number: i32) -> NaiveDate {
    let months = u32::try_from(number).unwrap_or(0).saturating_mul(12);
    signed_up_on.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

/// The membership year that `date` lies in; days before sign-up count to the first.
///
/// The day of the anniversary belongs to the new year (S2).
#[must_use]
pub fn membership_year(signed_up_on: NaiveDate, date: NaiveDate) -> MembershipYear {
    let mut number = (date.year() - signed_up_on.year()).max(0);
    if number > 0 && date < anniversary(signed_up_on, number) {
        number -= 1;
    }
    MembershipYear {
        number,
        starts_on: anniversary(signed_up_on, number),
        renews_on: anniversary(signed_up_on, number + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn dates_have_one_form() {
        let table = [
            ("2024-02-29", true),
            ("2024-02-30", false),
            ("2023-02-29", false),
            ("2024-2-29", false),
            ("+024-02-29", false),
            ("2024-02-29 ", false),
            ("24-02-29", false),
            ("2024/02/29", false),
            ("", false),
        ];
        for (text, is_date) in table {
            assert_eq!(parse_date(text).is_some(), is_date, "{text}");
        }
    }

    #[test]
    fn other_forms_are_understood_for_messages() {
        // text, the dates that it may mean
        let table: [(&str, &[&str]); 14] = [
            ("31.12.2025", &["2025-12-31"]),
            ("1.2.2025", &["2025-02-01"]),
            ("12/31/2025", &["2025-12-31"]),
            ("31/12/2025", &["2025-12-31"]),
            ("01/02/2025", &["2025-02-01", "2025-01-02"]),
            ("03/03/2025", &["2025-03-03"]),
            ("2025/12/31", &["2025-12-31"]),
            ("2025-1-5", &["2025-01-05"]),
            ("20251231", &["2025-12-31"]),
            ("2025-12-31T08:30:00Z", &["2025-12-31"]),
            ("31.12.2025 08:30", &["2025-12-31"]),
            ("2025-02-30", &[]),
            ("46022", &[]),
            ("soon", &[]),
        ];
        for (text, expected) in table {
            let found: Vec<String> = meant_dates(text).iter().map(NaiveDate::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn s2_membership_years() {
        // signed up, day, number, starts, renews
        let table = [
            ("2023-04-12", "2023-04-12", 0, "2023-04-12", "2024-04-12"),
            ("2023-04-12", "2024-04-11", 0, "2023-04-12", "2024-04-12"),
            ("2023-04-12", "2024-04-12", 1, "2024-04-12", "2025-04-12"),
            ("2024-02-29", "2025-02-27", 0, "2024-02-29", "2025-02-28"),
            ("2024-02-29", "2025-02-28", 1, "2025-02-28", "2026-02-28"),
            ("2024-02-29", "2028-02-28", 3, "2027-02-28", "2028-02-29"),
            ("2024-02-29", "2028-02-29", 4, "2028-02-29", "2029-02-28"),
            ("2023-12-31", "2024-01-01", 0, "2023-12-31", "2024-12-31"),
        ];
        for (signed_up, on, number, starts, renews) in table {
            let expected = MembershipYear { number, starts_on: day(starts), renews_on: day(renews) };
            assert_eq!(membership_year(day(signed_up), day(on)), expected, "{signed_up} on {on}");
        }
    }
}
