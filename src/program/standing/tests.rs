use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn reached(on: &str, level: &str) -> Vec<Reached> {
    vec![Reached { on: day(on), level: level.to_owned() }]
}

#[test]
fn v3_the_higher_of_this_year_and_last_year() {
    let editions = Editions::built_in();
    let earned = reached("2025-11-03", "COLLABORATOR");
    let this = TrackSums { this_year: 25, this_year_reached: earned.clone(), ..TrackSums::default() };
    let last = TrackSums { last_year: 25, last_year_reached: earned, ..TrackSums::default() };
    let legacy = TrackSums { legacy: 30, ..TrackSums::default() };
    // day, sums, level, earned on, valid until, credits to the next level
    let table = [
        ("2025-11-02", &TrackSums { this_year: 24, ..TrackSums::default() }, "MEMBER", None, None, 1),
        ("2025-11-03", &this, "COLLABORATOR", Some("2025-11-03"), Some("2026-12-31"), 50),
        ("2026-12-31", &last, "COLLABORATOR", Some("2025-11-03"), Some("2026-12-31"), 75),
        ("2025-12-31", &legacy, "COLLABORATOR", Some("2024-05-01"), Some("2025-12-31"), 75),
        ("2026-01-01", &legacy, "MEMBER", None, None, 25),
    ];
    for (on, sums, level, earned_on, valid_until, to_next) in table {
        let standing = track_standing(&editions, Track::Technical, sums, day(on));
        let dates = (standing.earned_on, standing.valid_until);
        assert_eq!(standing.level.code, level, "{on}");
        assert_eq!(dates, (earned_on.map(day), valid_until.map(day)), "{on}");
        assert_eq!(standing.credits_to_next_level, Some(to_next), "{on}");
    }
}

#[test]
fn f1_what_is_missing_to_retain_a_level() {
    let editions = Editions::built_in();
    let year = |this_year, last_year| TrackSums { this_year, last_year, ..TrackSums::default() };
    let legacy = |this_year| TrackSums { this_year, legacy: 80, ..TrackSums::default() };
    // day, sums, level, to retain
    let table = [
        ("2026-03-01", year(0, 0), "MEMBER", 0),
        ("2026-03-01", year(24, 0), "MEMBER", 0),
        ("2026-03-01", year(25, 0), "COLLABORATOR", 0),
        ("2026-03-01", year(0, 30), "COLLABORATOR", 25),
        ("2026-03-01", year(10, 30), "COLLABORATOR", 15),
        ("2026-03-01", year(25, 30), "COLLABORATOR", 0),
        ("2026-12-31", year(30, 80), "CREATOR", 45),
        ("2026-12-31", year(80, 80), "CREATOR", 0),
        ("2026-03-01", year(-5, 30), "COLLABORATOR", 30),
        ("2024-07-01", legacy(0), "CREATOR", 0),
        ("2025-07-01", legacy(30), "CREATOR", 45),
    ];
    for (on, sums, level, to_retain) in table {
        let standing = track_standing(&editions, Track::Technical, &sums, day(on));
        assert_eq!(
            (standing.level.code.as_str(), standing.credits_to_retain),
            (level, to_retain),
            "{on} {sums:?}"
        );
    }
}

#[test]
fn a_reversal_can_leave_a_sum_below_zero() {
    let editions = Editions::built_in();
    let sums = TrackSums { this_year: -10, last_year: -10, ..TrackSums::default() };
    let standing = track_standing(&editions, Track::Business, &sums, day("2026-02-01"));
    assert_eq!((standing.level.code.as_str(), standing.credits), ("MEMBER", -10));
}

#[test]
fn levels_that_a_year_kept() {
    // changes of the level in 2025; levels kept, each with its day
    type Row = (&'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]);
    let editions = Editions::built_in();
    let table: [Row; 4] = [
        (
            &[("03-01", "COLLABORATOR"), ("07-01", "CREATOR")],
            &[("03-01", "COLLABORATOR"), ("07-01", "CREATOR")],
        ),
        (&[("03-01", "CREATOR")], &[("03-01", "CREATOR")]),
        (&[("03-01", "CREATOR"), ("07-01", "COLLABORATOR")], &[("03-01", "COLLABORATOR")]),
        (&[("03-01", "COLLABORATOR"), ("07-01", "MEMBER")], &[]),
    ];
    for (changes, kept) in table {
        let changes: Vec<Reached> = changes
            .iter()
            .map(|(on, level)| Reached { on: day(&format!("2025-{on}")), level: (*level).to_owned() })
            .collect();
        let awards = period_awards(&editions, Track::Technical, Period(2025), 0, &changes);
        let awards: Vec<(String, &str)> = awards
            .iter()
            .map(|one| (one.earned_on.format("%m-%d").to_string(), one.level.code.as_str()))
            .collect();
        let kept: Vec<(String, &str)> = kept.iter().map(|(on, level)| ((*on).to_owned(), *level)).collect();
        assert_eq!(awards, kept, "{changes:?}");
    }
}

#[test]
fn s3_retention_and_demotion() {
    let editions = Editions::built_in();
    let code = |level: Option<Arc<Level>>| level.map(|level| level.code.clone());
    // day, points this year, points last year, level, secured, to the next level, to retain
    let table = [
        ("2023-06-11", 749, 0, None, None, 1, None),
        ("2023-06-12", 750, 0, Some("ADVOCATE"), Some("ADVOCATE"), 4_250, Some(0)),
        ("2024-04-12", 0, 7_600, Some("ENABLER"), None, 15_000, Some(5_000)),
        ("2024-08-13", 750, 7_600, Some("ENABLER"), Some("ADVOCATE"), 14_250, Some(4_250)),
        ("2025-04-12", 0, 4_300, Some("ADVOCATE"), None, 5_000, Some(750)),
    ];
    for (on, this, last, level, secured, to_next, to_retain) in table {
        let standing = professional_standing(&editions, day("2023-04-12"), day(on), this, last);
        assert_eq!(code(standing.level).as_deref(), level, "{on}");
        assert_eq!(code(standing.secured_level).as_deref(), secured, "{on}");
        assert_eq!(standing.points_to_next_level, Some(to_next), "{on}");
        assert_eq!(standing.points_to_retain, to_retain, "{on}");
    }
}

#[test]
fn f2_days_of_an_outlook() {
    let early = "an outlook is for 2025-01-02 to 2035-01-01. For that day, use standing(asOf:).";
    let late = "on 2035-01-02: an outlook is for 2025-01-02 to 2035-01-01.";
    // day, words of the refusal
    let table = [
        ("2024-12-31", Some(early)),
        ("2025-01-01", Some(early)),
        ("2025-01-02", None),
        ("2035-01-01", None),
        ("2035-01-02", Some(late)),
    ];
    for (on, words) in table {
        let answer = check_outlook_day(day(on), day("2025-01-01")).err().map(|refusal| refusal.message);
        assert_eq!(answer.is_some(), words.is_some(), "{on}");
        assert!(answer.is_none_or(|message| message.ends_with(words.unwrap_or_default())), "{on}");
    }
}

#[test]
fn v5_days_that_cannot_be_asked_for() {
    let editions = Editions::built_in();
    let table = [
        ("2024-04-30", Some(Code::DateBeforeEnrolment), "launch"),
        ("2024-05-31", Some(Code::DateBeforeEnrolment), "enrolment"),
        ("2024-06-01", None, ""),
        ("2025-01-02", Some(Code::DateInFuture), "today"),
    ];
    for (on, code, words) in table {
        let answer = check_partner_day(&editions, day("2024-06-01"), day(on), day("2025-01-01"));
        assert_eq!(answer.as_ref().err().map(|refusal| refusal.code), code, "{on}");
        assert!(answer.err().is_none_or(|refusal| refusal.message.contains(words)), "{on}");
    }
}
