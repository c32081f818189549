use chrono::DateTime;

use super::*;
use crate::program::level_terms::FOREVER;
use crate::program::rule::Track;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn level(code: &str) -> Arc<Level> {
    let editions = Editions::built_in();
    let edition = editions.at(day("2025-01-01"));
    let found = edition.partner_levels.by_code(code).or_else(|| edition.professional_levels.by_code(code));
    Arc::clone(found.expect("a level"))
}

/// A level that a partner earned in the year of the day.
fn earned(code: &str, on: &str) -> Award {
    Award::of_partner(LevelAward {
        track: Track::Technical,
        level: level(code),
        earned_on: day(on),
        valid_until: FOREVER,
        legacy: false,
    })
}

fn set(code: &str, from: &str, until: &str) -> LevelOverride {
    LevelOverride {
        seq: 1,
        track: None,
        level: code.to_owned(),
        from: day(from),
        until: day(until),
        reason: None,
        by: "staff".to_owned(),
        at: DateTime::UNIX_EPOCH,
    }
}

/// A level with its first and last day; none without one.
type Certified = Option<(&'static str, &'static str, &'static str)>;
/// Awards, overrides, last day in the program.
type Records = (Vec<Award>, Vec<LevelOverride>, Option<&'static str>);

fn record((awards, overrides, left_on): Records) -> LevelRecord {
    LevelRecord { awards, overrides, left_on: left_on.map(day) }
}

#[test]
fn a_certificate_is_for_the_days_of_its_level() {
    // records, level with its days on 2026-05-01
    let table: [(Records, Certified); 15] = [
        ((vec![], vec![], None), None),
        (
            (vec![earned("COLLABORATOR", "2025-11-03")], vec![], None),
            Some(("COLLABORATOR", "2025-11-03", "2026-12-31")),
        ),
        // Over by then.
        ((vec![earned("CREATOR", "2024-06-03")], vec![], None), None),
        // The higher one, and of two equal ones the one that holds longer. The level itself has been held since 2025.
        (
            (vec![earned("COLLABORATOR", "2026-01-03"), earned("CREATOR", "2025-02-01")], vec![], None),
            Some(("CREATOR", "2025-02-01", "2026-12-31")),
        ),
        (
            (vec![earned("COLLABORATOR", "2025-11-03"), earned("COLLABORATOR", "2026-02-01")], vec![], None),
            Some(("COLLABORATOR", "2025-11-03", "2027-12-31")),
        ),
        // Renewed for the fourth year, the first time by a higher one.
        (
            (
                vec![
                    earned("CREATOR", "2023-03-01"),
                    earned("COLLABORATOR", "2024-11-03"),
                    earned("COLLABORATOR", "2025-06-01"),
                    earned("COLLABORATOR", "2026-02-01"),
                ],
                vec![],
                None,
            ),
            Some(("COLLABORATOR", "2023-03-01", "2027-12-31")),
        ),
        // Renewed too late: it had ended on the last day of 2024.
        (
            (vec![earned("COLLABORATOR", "2023-11-03"), earned("COLLABORATOR", "2025-01-02")], vec![], None),
            Some(("COLLABORATOR", "2025-01-02", "2026-12-31")),
        ),
        // First set, then earned.
        (
            (vec![earned("CREATOR", "2026-03-10")], vec![set("CREATOR", "2026-01-01", "2026-03-31")], None),
            Some(("CREATOR", "2026-01-01", "2027-12-31")),
        ),
        // A lower one before it is not this one.
        (
            (vec![earned("COLLABORATOR", "2025-11-03"), earned("CREATOR", "2026-02-01")], vec![], None),
            Some(("CREATOR", "2026-02-01", "2027-12-31")),
        ),
        (
            (vec![], vec![set("CREATOR", "2026-04-01", "2026-06-30")], None),
            Some(("CREATOR", "2026-04-01", "2026-06-30")),
        ),
        // What is set counts, also if it is lower: every partner has that level.
        (
            (vec![earned("CREATOR", "2025-11-03")], vec![set("MEMBER", "2026-04-01", "2026-06-30")], None),
            None,
        ),
        // After a break the days begin anew.
        (
            (
                vec![earned("CREATOR", "2025-11-03")],
                vec![set("COLLABORATOR", "2026-02-01", "2026-02-28")],
                None,
            ),
            Some(("CREATOR", "2026-03-01", "2026-12-31")),
        ),
        ((vec![earned("CREATOR", "2025-11-03")], vec![], Some("2026-04-30")), None),
        (
            (vec![earned("CREATOR", "2025-11-03")], vec![], Some("2026-05-01")),
            Some(("CREATOR", "2025-11-03", "2026-05-01")),
        ),
        // A level that was set, and no edition has.
        ((vec![], vec![set("GONE", "2026-04-01", "2026-06-30")], None), None),
    ];
    let editions = Editions::built_in();
    for (records, expected) in table {
        let records = [record(records)];
        let found = certifiable(&editions, Program::Partner, &records, day("2026-05-01"));
        let found = found.map(|held| (held.level.code.clone(), held.from, held.until));
        let expected = expected.map(|(code, from, until)| (code.to_owned(), day(from), day(until)));
        assert_eq!(found, expected, "{records:?}");
        if let Some((code, from, until)) = found {
            let claim = Claim { level: &code, from, until };
            let now = status(&editions, Program::Partner, &records, &claim, day("2026-05-01"));
            assert_eq!(now, Status::Valid, "{records:?}");
        }
    }
}

#[test]
fn a_certificate_is_valid_until_it_ends_or_the_level_does() {
    use Status::{Ended, Revoked, Valid};
    // records, today, status of Collaborator from 2025-11-03 through 2026-12-31
    let earlier = || earned("COLLABORATOR", "2025-11-03");
    let table: [(Records, &str, Status); 15] = [
        ((vec![earlier()], vec![], None), "2025-11-03", Valid),
        ((vec![earlier()], vec![], None), "2026-12-31", Valid),
        ((vec![earlier()], vec![], None), "2027-01-01", Ended),
        // A higher level is this one as well.
        ((vec![earned("CREATOR", "2025-11-03")], vec![], None), "2026-05-01", Valid),
        // Voided, before and after the last day.
        ((vec![], vec![], None), "2026-05-01", Revoked),
        ((vec![], vec![], None), "2027-05-01", Revoked),
        // Reached on another day than the certificate says.
        ((vec![earned("COLLABORATOR", "2025-12-01")], vec![], None), "2026-05-01", Revoked),
        ((vec![earned("COLLABORATOR", "2025-10-01")], vec![], None), "2026-05-01", Valid),
        // Earned again after a break, by credits of another year.
        ((vec![earned("COLLABORATOR", "2026-03-01")], vec![], None), "2026-05-01", Revoked),
        // Set lower.
        ((vec![earlier()], vec![set("MEMBER", "2026-04-01", "2026-06-30")], None), "2026-03-31", Valid),
        ((vec![earlier()], vec![set("MEMBER", "2026-04-01", "2026-06-30")], None), "2026-04-01", Revoked),
        ((vec![earlier()], vec![set("MEMBER", "2026-04-01", "2026-06-30")], None), "2026-07-01", Revoked),
        // Set for as long, and ended early.
        ((vec![], vec![set("COLLABORATOR", "2025-11-03", "2026-04-30")], None), "2026-04-30", Valid),
        ((vec![], vec![set("COLLABORATOR", "2025-11-03", "2026-04-30")], None), "2026-05-01", Revoked),
        // The holder left.
        ((vec![earlier()], vec![], Some("2026-04-30")), "2026-05-01", Revoked),
    ];
    let editions = Editions::built_in();
    let claim = Claim { level: "COLLABORATOR", from: day("2025-11-03"), until: day("2026-12-31") };
    for (records, today, expected) in table {
        let records = [record(records)];
        let found = status(&editions, Program::Partner, &records, &claim, day(today));
        assert_eq!(found, expected, "{records:?} on {today}");
    }
}

#[test]
fn s3_a_professional_holds_a_level_through_the_next_membership_year() {
    use Status::{Ended, Revoked, Valid};
    let signed_up_on = day("2024-06-01");
    let award = Award::of_professional(level("ENABLER"), day("2026-03-01"), signed_up_on, 1);
    let records = [LevelRecord { awards: vec![award], ..LevelRecord::default() }];
    let editions = Editions::built_in();
    let found = certifiable(&editions, Program::Professional, &records, day("2026-05-01"));
    let found = found.expect("a level");
    assert_eq!((found.from, found.until), (day("2026-03-01"), day("2027-05-31")));
    let claim = Claim { level: "ENABLER", from: found.from, until: found.until };
    for (records, today, expected) in [
        (&records[..], "2027-05-31", Valid),
        (&records[..], "2027-06-01", Ended),
        (&[LevelRecord::default()][..], "2026-05-01", Revoked),
    ] {
        assert_eq!(
            status(&editions, Program::Professional, records, &claim, day(today)),
            expected,
            "{today}"
        );
    }
}

#[test]
fn v4_either_track_gives_the_overall_level() {
    let editions = Editions::built_in();
    let of =
        |award: Option<Award>| LevelRecord { awards: award.into_iter().collect(), ..LevelRecord::default() };
    let both = [of(Some(earned("COLLABORATOR", "2025-11-03"))), of(Some(earned("CREATOR", "2026-02-01")))];
    let found = certifiable(&editions, Program::Partner, &both, day("2026-05-01")).expect("a level");
    assert_eq!((found.level.code.as_str(), found.from), ("CREATOR", day("2026-02-01")));
    let claim = Claim { level: "COLLABORATOR", from: day("2026-02-01"), until: day("2026-12-31") };
    for (records, expected) in [
        (both.clone(), Status::Valid),
        ([of(None), both[1].clone()], Status::Valid),
        ([both[0].clone(), of(None)], Status::Valid),
        ([of(None), of(None)], Status::Revoked),
    ] {
        let found = status(&editions, Program::Partner, &records, &claim, day("2026-05-01"));
        assert_eq!(found, expected, "{records:?}");
    }
}
