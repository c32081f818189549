//! Level changes, by facts and by time.

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn emitted(levels: [&str; 2], due: &str) -> EmittedLevels<PartnerLevels> {
    EmittedLevels { levels: levels.map(str::to_owned), due: day(due) }
}

fn labels(changes: &[LevelChange]) -> Vec<String> {
    let code = |level: &Option<Arc<Level>>| level.as_ref().map_or("-", |level| &level.code).to_owned();
    let word = |one: &LevelChange| format!("{} {}>{}", one.on, code(&one.from), code(&one.to));
    changes.iter().map(word).collect()
}

#[test]
fn v3_levels_lapse_when_the_second_year_begins() {
    let editions = Editions::built_in();
    let mut totals = PartnerTotals::new();
    totals
        .insert((Period(2025), Track::Technical), TrackTotal::of_days(&editions, [(day("2025-03-03"), 80)]));
    totals
        .insert((Period(2026), Track::Technical), TrackTotal::of_days(&editions, [(day("2026-05-05"), 30)]));
    // looked at, what was found, the next day to look
    let table: [(&str, &[&str], &str); 4] = [
        ("2025-12-31", &[], "2026-01-01"),
        ("2026-12-31", &[], "2027-01-01"),
        ("2027-01-01", &["2027-01-01 CREATOR>COLLABORATOR"], "2028-01-01"),
        ("2029-06-01", &["2027-01-01 CREATOR>COLLABORATOR", "2028-01-01 COLLABORATOR>MEMBER"], "2030-01-01"),
    ];
    for (today, expected, due) in table {
        let start = emitted(["CREATOR", "MEMBER"], "2026-01-01");
        let (now, changes) = time_based_partner_changes(&editions, &[], Some(start), &totals, day(today));
        assert_eq!((labels(&changes), now.due), (labels_of(expected), day(due)), "{today}");
        let (again, nothing) =
            time_based_partner_changes(&editions, &[], Some(now.clone()), &totals, day(today));
        assert_eq!((again, nothing), (now, Vec::new()), "emitted twice on {today}");
    }
}

fn labels_of(expected: &[&str]) -> Vec<String> {
    expected.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn l1_the_legacy_level_ends_with_its_window() {
    let editions = Editions::built_in();
    let legacy = TrackTotal { credits: 30, ..TrackTotal::default() };
    let totals = PartnerTotals::from([((Period::LEGACY, Track::Business), legacy)]);
    let start = emitted(["MEMBER", "COLLABORATOR"], "2025-01-01");
    let (_, changes) = time_based_partner_changes(&editions, &[], Some(start), &totals, day("2026-03-01"));
    assert_eq!(labels(&changes), ["2026-01-01 COLLABORATOR>MEMBER"]);
}

#[test]
fn a_change_of_the_year_that_runs_does_not_hide_what_lapsed_before() {
    let editions = Editions::built_in();
    let days = [(day("2027-02-02"), 100)];
    let totals =
        PartnerTotals::from([((Period(2027), Track::Technical), TrackTotal::of_days(&editions, days))]);
    let start = emitted(["CREATOR", "MEMBER"], "2027-01-01");
    let (mut now, changes) =
        time_based_partner_changes(&editions, &[], Some(start), &totals, day("2027-03-01"));
    assert_eq!(labels(&changes), ["2027-01-01 CREATOR>MEMBER"]);
    let found = day("2027-03-01");
    let changes = partner_changes(&editions, &[], &mut now.levels, &totals, (found, found), false);
    assert_eq!(labels(&changes), ["2027-02-02 MEMBER>CREATOR"]);
}

#[test]
fn s3_a_professionals_level_lapses_on_the_anniversary() {
    let editions = Editions::built_in();
    let signed_up_on = day("2023-04-12");
    let points = Points::from([(0, 7_600), (1, 800)]);
    let start = EmittedLevels { levels: Some("ENABLER".to_owned()), due: day("2024-04-12") };
    let follow = |today| {
        time_based_professional_changes(
            &editions,
            Membership { signed_up_on, overrides: &[] },
            Some(start.clone()),
            &points,
            today,
        )
    };
    assert_eq!(labels(&follow(day("2025-04-11")).1), [""; 0]);
    let (now, changes) = follow(day("2026-08-01"));
    assert_eq!(labels(&changes), ["2025-04-12 ENABLER>ADVOCATE", "2026-04-12 ADVOCATE>-"]);
    assert_eq!((now.levels, now.due), (None, day("2027-04-12")));
}

#[test]
fn s3_a_level_is_dated_on_the_day_on_which_it_was_reached() {
    let editions = Editions::built_in();
    let signed_up_on = day("2023-04-12");
    let days = |days: &[(&str, i64)]| -> BTreeMap<NaiveDate, i64> {
        days.iter().map(|(on, points)| (day(on), *points)).collect()
    };
    let points = |days: &BTreeMap<NaiveDate, i64>| Points::of_days(&editions, signed_up_on, days);
    // points by day, rank, looked at on, since
    #[expect(clippy::type_complexity, reason = "rows of a table")]
    let table: [(&[(&str, i64)], usize, &str, &str); 7] = [
        (&[("2023-05-01", 700), ("2023-06-12", 50), ("2023-07-01", 10)], 0, "2023-09-01", "2023-06-12"),
        (&[("2023-05-01", 750), ("2023-06-12", -10), ("2023-07-01", 10)], 0, "2023-09-01", "2023-07-01"),
        (&[("2023-05-01", 5_000)], 0, "2023-09-01", "2023-05-01"),
        (&[("2023-05-01", 750), ("2023-06-12", 4_250)], 1, "2023-09-01", "2023-06-12"),
        // Found in the next year, or the one after.
        (&[("2023-05-01", 750)], 0, "2024-09-01", "2023-05-01"),
        (&[("2023-05-01", 750), ("2024-05-01", 800)], 0, "2025-01-01", "2023-05-01"),
        (&[("2024-05-01", 800)], 0, "2025-09-01", "2024-05-01"),
    ];
    for (on, rank, as_of, since) in table {
        let on = days(on);
        let of = Membership { signed_up_on, overrides: &[] };
        let found = professional_level_since(&editions, of, (&points(&on), &on), rank, day(as_of));
        assert_eq!(found, day(since), "{on:?} as of {as_of}");
    }
    // An override, from and until, which a level that was reached goes on from.
    let table = [
        ("2023-08-01", "2023-12-31", 1, "2023-08-01"),
        ("2023-05-20", "2023-12-31", 0, "2023-05-20"),
        ("2023-06-20", "2023-06-30", 0, "2023-06-12"),
    ];
    for (from, until, rank, since) in table {
        let overrides = [LevelOverride {
            seq: 1,
            track: None,
            level: "ENABLER".to_owned(),
            from: day(from),
            until: day(until),
            reason: None,
            by: "staff".to_owned(),
            at: chrono::DateTime::UNIX_EPOCH,
        }];
        let on = days(&[("2023-05-01", 700), ("2023-06-12", 50)]);
        let of = Membership { signed_up_on, overrides: &overrides };
        let sums = (&points(&on), &on);
        let found = professional_level_since(&editions, of, sums, rank, day("2023-09-01"));
        assert_eq!(found, day(since), "{from} through {until}");
    }
}

#[test]
fn levels_without_a_baseline_emit_nothing() {
    let editions = Editions::built_in();
    let (now, changes) =
        time_based_partner_changes(&editions, &[], None, &PartnerTotals::new(), day("2026-03-01"));
    assert_eq!((now, changes), (emitted(["MEMBER", "MEMBER"], "2027-01-01"), Vec::new()));
}

#[test]
fn e5_an_override_begins_and_ends_by_time() {
    let editions = Editions::built_in();
    let overrides = [LevelOverride {
        seq: 1,
        track: Some(Track::Technical),
        level: "CREATOR".to_owned(),
        from: day("2026-03-01"),
        until: day("2026-03-31"),
        reason: None,
        by: "staff".to_owned(),
        at: chrono::DateTime::UNIX_EPOCH,
    }];
    let totals = PartnerTotals::new();
    // today, what was found, the next day to look
    let table: [(&str, &[&str], &str); 3] = [
        ("2026-02-28", &[], "2026-03-01"),
        ("2026-03-01", &["2026-03-01 MEMBER>CREATOR"], "2026-04-01"),
        ("2026-06-01", &["2026-03-01 MEMBER>CREATOR", "2026-04-01 CREATOR>MEMBER"], "2027-01-01"),
    ];
    for (today, expected, due) in table {
        let start = emitted(["MEMBER", "MEMBER"], "2026-02-01");
        let start =
            EmittedLevels { due: partner_levels_due(&editions, &overrides, day("2026-01-15")), ..start };
        let (now, changes) =
            time_based_partner_changes(&editions, &overrides, Some(start), &totals, day(today));
        assert_eq!((labels(&changes), now.due), (labels_of(expected), day(due)), "{today}");
    }
}
