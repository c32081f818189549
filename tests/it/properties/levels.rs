//! What sums reach over editions that change thresholds, against the definition in words.

use chrono::{Datelike, Days as Later, NaiveDate};
use partner_program::program::edition::{BUILT_IN, Editions};
use partner_program::program::level_change::{
    Membership, PartnerTotals, Points, partner_levels, professional_level,
};
use partner_program::program::level_history::Days;
use partner_program::program::level_reached::{LevelsOf, of_partners, of_professionals};
use partner_program::program::rule::Track;
use partner_program::program::totals::{Period, TrackTotal};
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// The built-in edition, and later ones: first day, Creator's and Advocate's thresholds.
fn editions(later: &[(&str, i64, i64)]) -> Editions {
    let head = BUILT_IN.split("[[example]]").next().expect("a head");
    let document = |(from, creator, advocate): &(&str, i64, i64)| {
        let from = format!("effective_from = {from}");
        let text = head.replacen("effective_from = 2024-05-01", &from, 1);
        let text = text.replacen("threshold = 75\n", &format!("threshold = {creator}\n"), 1);
        text.replacen("threshold = 750\n", &format!("threshold = {advocate}\n"), 1)
    };
    let later: Vec<String> = later.iter().map(document).collect();
    Editions::parse(later.iter().map(String::as_str).chain([head])).expect("documents")
}

fn totals(editions: &Editions, days: &Days) -> PartnerTotals {
    let mut totals = PartnerTotals::new();
    for (day, net) in days {
        let total: &mut TrackTotal = totals.entry((Period::of(editions, *day), Track::Business)).or_default();
        total.add(editions, *day, *net);
    }
    totals
}

#[test]
fn e3_a_raised_threshold_takes_nothing_that_was_reached() {
    // later editions; credits by day; levels of days
    type Row = (
        &'static [(&'static str, i64, i64)],
        &'static [(&'static str, i64)],
        &'static [(&'static str, &'static str)],
    );
    let table: [Row; 7] = [
        (
            &[("2026-12-01", 200, 1_000)],
            &[("2026-05-01", 80)],
            &[
                ("2026-04-30", "MEMBER"),
                ("2026-05-01", "CREATOR"),
                ("2026-12-01", "CREATOR"),
                ("2027-12-31", "CREATOR"),
                ("2028-01-01", "MEMBER"),
            ],
        ),
        // What comes later needs what the later edition says.
        (
            &[("2026-12-01", 200, 1_000)],
            &[("2026-05-01", 70), ("2026-12-02", 10)],
            &[("2026-12-31", "COLLABORATOR"), ("2027-01-01", "COLLABORATOR")],
        ),
        // More credits take nothing either.
        (
            &[("2026-12-01", 200, 1_000)],
            &[("2026-05-01", 80), ("2026-12-02", 10)],
            &[("2026-12-02", "CREATOR"), ("2027-06-01", "CREATOR")],
        ),
        // A sum that falls below what it had to reach loses the level; one that does not, keeps it.
        (
            &[("2026-12-01", 200, 1_000)],
            &[("2026-05-01", 80), ("2026-12-02", -5), ("2026-12-03", -1), ("2026-12-04", 50)],
            &[("2026-12-02", "CREATOR"), ("2026-12-03", "COLLABORATOR"), ("2026-12-04", "COLLABORATOR")],
        ),
        // Lowered for a while: reached on its first day, without a credit, and held from then on.
        (
            &[("2026-07-01", 200, 1_000), ("2026-10-01", 50, 600), ("2026-11-01", 75, 750)],
            &[("2026-03-01", 60)],
            &[
                ("2026-09-30", "COLLABORATOR"),
                ("2026-10-01", "CREATOR"),
                ("2026-11-01", "CREATOR"),
                ("2027-12-31", "CREATOR"),
            ],
        ),
        (
            &[("2026-07-01", 200, 1_000), ("2026-10-01", 50, 600), ("2026-11-01", 75, 750)],
            &[("2026-03-01", 60), ("2026-11-05", 10)],
            &[("2026-09-30", "COLLABORATOR"), ("2026-10-31", "CREATOR"), ("2026-11-05", "CREATOR")],
        ),
        // The new year begins with the new edition.
        (
            &[("2027-01-01", 200, 1_000)],
            &[("2026-05-01", 80), ("2027-02-01", 80)],
            &[("2027-01-01", "CREATOR"), ("2027-12-31", "CREATOR"), ("2028-01-01", "COLLABORATOR")],
        ),
    ];
    for (later, days, expected) in table {
        let editions = editions(later);
        let days: Days = days.iter().map(|(on, net)| (day(on), *net)).collect();
        let totals = totals(&editions, &days);
        for (on, level) in expected {
            let [_, business] = partner_levels(&editions, &[], &totals, day(on));
            assert_eq!(business, *level, "{later:?} {days:?} {on}");
        }
    }
}

#[test]
fn e3_a_raised_threshold_takes_no_level_of_a_professional() {
    // later editions; points by day; levels of days, for a sign-up on 2025-01-20
    type Row = (
        &'static [(&'static str, i64, i64)],
        &'static [(&'static str, i64)],
        &'static [(&'static str, Option<&'static str>)],
    );
    const ADVOCATE: Option<&str> = Some("ADVOCATE");
    let table: [Row; 5] = [
        (
            &[("2026-12-01", 200, 1_000)],
            &[("2026-05-01", 800)],
            &[
                ("2026-04-30", None),
                ("2026-05-01", ADVOCATE),
                ("2026-12-01", ADVOCATE),
                ("2028-01-19", ADVOCATE),
                ("2028-01-20", None),
            ],
        ),
        (
            &[("2026-12-01", 200, 1_000)],
            &[("2026-05-01", 700), ("2026-12-02", 250)],
            &[("2026-12-02", None), ("2027-01-20", None)],
        ),
        (
            &[("2026-12-01", 200, 1_000)],
            &[("2026-05-01", 800), ("2026-12-02", -50), ("2026-12-03", -1)],
            &[("2026-12-02", ADVOCATE), ("2026-12-03", None)],
        ),
        (
            &[("2026-10-01", 50, 600), ("2026-11-01", 75, 750)],
            &[("2026-05-01", 700)],
            &[
                ("2026-09-30", None),
                ("2026-10-01", ADVOCATE),
                ("2026-11-01", ADVOCATE),
                ("2028-01-19", ADVOCATE),
            ],
        ),
        // The year before counts by what it reached.
        (
            &[("2026-01-01", 200, 1_000)],
            &[("2025-05-01", 800)],
            &[("2026-01-01", ADVOCATE), ("2027-01-19", ADVOCATE), ("2027-01-20", None)],
        ),
    ];
    for (later, days, expected) in table {
        let editions = editions(later);
        let days: Days = days.iter().map(|(on, net)| (day(on), *net)).collect();
        let of = Membership { signed_up_on: day("2025-01-20"), overrides: &[] };
        for (on, expected) in expected {
            let known = days.range(..=day(on)).map(|(on, net)| (*on, *net)).collect();
            let points = Points::of_days(&editions, of.signed_up_on, &known);
            let level = professional_level(&editions, of, &points, day(on));
            assert_eq!(
                level.map(|level| level.code.clone()).as_deref(),
                *expected,
                "{later:?} {days:?} {on}"
            );
        }
    }
}

/// Whether the sums of days hold a level on one: a day reached the threshold of its edition, and no day since then fell
/// below every threshold since then.
fn holds(editions: &Editions, of: LevelsOf, sums: &[(NaiveDate, i64)], code: &str) -> bool {
    let threshold = |on: NaiveDate| of(editions.at(on)).by_code(code).map_or(0, |level| level.threshold);
    (0..sums.len()).any(|first| {
        let mut least = i64::MAX;
        let (on, sum) = sums[first];
        sum >= threshold(on)
            && sums[first..].iter().all(|(on, sum)| {
                least = least.min(threshold(*on));
                *sum >= least
            })
    })
}

fn highest(editions: &Editions, of: LevelsOf, sums: &[(NaiveDate, i64)], codes: &[&str]) -> Option<String> {
    let held = codes.iter().rev().find(|code| holds(editions, of, sums, code));
    held.map(|code| (*code).to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Editions with any thresholds, and credits of any days of a year: what is held on a day is what the words say, known on
    /// that day or afterwards; and points of the same days, of a membership year that is the calendar year.
    #[test]
    fn v2_what_was_reached_is_held_through_changes_of_thresholds(
        thresholds in prop::collection::vec((26..150_i64, 100..1_400_i64), 3),
        credits in prop::collection::btree_map(0..365_u64, -30..60_i64, 0..12),
    ) {
        let starts = ["2026-03-01", "2026-07-01", "2026-10-01"];
        let later: Vec<(&str, i64, i64)> =
            starts.iter().zip(thresholds).map(|(from, (creator, advocate))| (*from, creator, advocate)).collect();
        let editions = editions(&later);
        let first = day("2026-01-01");
        let days: Days = credits.iter().map(|(after, net)| (first + Later::new(*after), *net)).collect();
        let points: Days = days.iter().map(|(on, net)| (*on, net * 10)).collect();
        let afterwards = totals(&editions, &days);
        let of = Membership { signed_up_on: first, overrides: &[] };
        let (mut sums, mut sums_of_points) = (Vec::new(), Vec::new());
        let (mut sum, mut known, mut known_points) = (0, Days::new(), Days::new());
        for after in 0..365 {
            let on = first + Later::new(after);
            if let Some(net) = days.get(&on) {
                sum += net;
                known.insert(on, *net);
                known_points.insert(on, net * 10);
            }
            sums.push((on, sum.max(0)));
            sums_of_points.push((on, sum * 10));
            if after % 5 != 0 && on.day() != 1 && !days.contains_key(&on) {
                continue;
            }
            let expected = highest(&editions, of_partners, &sums, &["MEMBER", "COLLABORATOR", "CREATOR"]);
            let [_, found] = partner_levels(&editions, &[], &afterwards, on);
            prop_assert_eq!(Some(&found), expected.as_ref(), "afterwards, on {}", on);
            let [_, found] = partner_levels(&editions, &[], &totals(&editions, &known), on);
            prop_assert_eq!(Some(&found), expected.as_ref(), "then, on {}", on);
            let codes = ["ADVOCATE", "ENABLER", "CATALYST"];
            let expected = highest(&editions, of_professionals, &sums_of_points, &codes);
            let points = Points::of_days(&editions, first, &known_points);
            let found = professional_level(&editions, of, &points, on).map(|level| level.code.clone());
            prop_assert_eq!(found, expected, "points, on {}", on);
        }
        prop_assert_eq!(points.len(), days.len());
    }
}
