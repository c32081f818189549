use super::*;
use crate::program::Editions;

use Outcome::{Dropped, Lost, WonByOther, WonByPartner};
use Status::{
    ClosedDropped, ClosedLost, ClosedWon, Cold, Confirmed, Engaged, Expired, Lead, Negotiating, Quoted,
    WaitingPo,
};

/// When every deal of these tests is registered; as a lead it is active through 31 January.
const REGISTERED: &str = "2026-01-01";

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub(super) fn terms() -> DealTerms {
    Editions::built_in().at(day(REGISTERED)).deals.clone()
}

fn lead() -> Deal {
    Deal::register(day(REGISTERED))
}

/// A deal that has a status since a day.
fn with(status: Status, since: &str) -> Deal {
    let mut deal = lead();
    deal.apply_status(&terms(), status, day(since));
    deal
}

#[test]
fn r2_active_statuses_move_anywhere_and_closed_ones_nowhere() {
    let settable = [Lead, Engaged, Confirmed, Quoted, Negotiating, WaitingPo, Cold];
    for from in settable.into_iter().chain([ClosedWon, ClosedLost, ClosedDropped]) {
        for to in settable.into_iter().chain([ClosedWon, ClosedLost, ClosedDropped, Expired]) {
            let mut deal = with(from, "2026-01-10");
            let before = deal;
            let closed = matches!(from, ClosedWon | ClosedLost | ClosedDropped);
            let possible = !closed && settable.contains(&to) && from != to;
            let done = deal.set_status(&terms(), to, day("2026-01-20"));
            assert_eq!(done.is_ok(), possible, "from {from:?} to {to:?}: {done:?}");
            let listed = before.next_statuses(&terms(), day("2026-01-20")).contains(&to);
            assert_eq!(listed, possible, "what is listed is what is taken: from {from:?} to {to:?}");
            match done {
                Ok(()) => assert_eq!((deal.status, deal.status_on), (to, day("2026-01-20"))),
                Err(refusals) => {
                    assert_eq!(deal, before, "a refusal changes nothing");
                    let code = if closed || from == to { Code::WrongState } else { Code::Invalid };
                    assert_eq!(refusals.first().code, code, "from {from:?} to {to:?}");
                }
            }
        }
    }
}

#[test]
fn r2_outcomes_by_status() {
    // status, outcomes that it can be closed with
    let all = Outcome::ALL.as_slice();
    let table = [
        (Lead, all),
        (Engaged, all),
        (Confirmed, all),
        (Quoted, all),
        (Negotiating, all),
        (WaitingPo, all),
        (Cold, &[Lost, Dropped]),
        (ClosedWon, &[]),
        (ClosedLost, &[]),
        (ClosedDropped, &[]),
    ];
    for (from, possible) in table {
        let on = day("2026-01-20");
        assert_eq!(with(from, "2026-01-10").outcomes(&terms(), on), possible, "{from:?}");
        for outcome in Outcome::ALL {
            let mut deal = with(from, "2026-01-10");
            let done = deal.close(&terms(), outcome, on);
            assert_eq!(done.is_ok(), possible.contains(&outcome), "{from:?} {outcome:?}");
            let left = if done.is_ok() { outcome.status() } else { from };
            assert_eq!(deal.status, left, "{from:?} {outcome:?}");
        }
    }
    let outcomes = [WonByPartner, WonByOther, Lost, Dropped].map(Outcome::status);
    assert_eq!(outcomes, [ClosedWon, ClosedWon, ClosedLost, ClosedDropped]);
}

#[test]
fn r2_changes_are_reported_in_their_order() {
    let mut deal = with(Engaged, "2026-01-20");
    for refused in [
        deal.set_status(&terms(), Quoted, day("2026-01-19")),
        deal.close(&terms(), Lost, day("2026-01-19")),
        deal.report(&terms(), Report::Other, day("2025-12-31")).map_err(Refusals::from),
    ] {
        assert_eq!(refused.expect_err("out of order").first().code, Code::Invalid);
    }
    assert_eq!(deal, with(Engaged, "2026-01-20"));
    // On the same day there is no order to keep, and reports may be late.
    deal.set_status(&terms(), Quoted, day("2026-01-20")).expect("the same day");
    deal.report(&terms(), Report::Meeting, day("2026-01-05")).expect("a late report");
    assert_eq!((deal.proof_on, deal.activity_on), (Some(day("2026-01-05")), day("2026-01-05")));
}

#[test]
fn every_problem_of_a_change_is_listed() {
    let deal = with(Cold, "2026-01-20");
    // the change, code and field of each problem
    let table = [
        (deal.check_status(&terms(), ClosedWon, day("2026-01-19")), vec!["on", "status"]),
        (deal.check_status(&terms(), Cold, day("2026-01-20")), vec!["status"]),
        (
            with(Cold, "2026-01-20").close(&terms(), WonByPartner, day("2026-01-19")),
            vec!["closedOn", "outcome"],
        ),
        // What is closed is closed, whatever else is wrong.
        (
            with(ClosedLost, "2026-01-20").check_status(&terms(), Expired, day("2026-01-19")),
            vec!["reference"],
        ),
    ];
    for (found, expected) in table {
        let fields: Vec<String> = found.expect_err("refused").iter().map(|one| one.field.concat()).collect();
        assert_eq!(fields, expected);
    }
}

#[test]
fn r3_a_lead_lasts_30_days_and_60_with_a_proof() {
    // proofs and when, the last day
    let table: [(&[(Report, &str)], &str); 8] = [
        (&[], "2026-01-31"),
        (&[(Report::Other, "2026-01-15")], "2026-01-31"),
        (&[(Report::Meeting, "2026-01-01")], "2026-03-02"),
        (&[(Report::Introduction, "2026-01-15")], "2026-03-02"),
        (&[(Report::ExhibitionMeeting, "2026-01-31")], "2026-03-02"),
        (&[(Report::Webinar, "2026-01-31")], "2026-03-02"),
        (&[(Report::Meeting, "2026-01-31"), (Report::Meeting, "2026-03-02")], "2026-03-02"),
        (&[(Report::Other, "2026-01-31"), (Report::Webinar, "2026-01-31")], "2026-03-02"),
    ];
    for (reports, last) in table {
        let mut deal = lead();
        for (what, on) in reports {
            deal.report(&terms(), *what, day(on)).expect("a report in time");
        }
        assert_eq!(deal.valid_until(&terms()), Some(day(last)), "{reports:?}");
        assert_eq!(deal.status_at(&terms(), day(last)), Lead, "{reports:?}");
        let next = day(last).succ_opt().expect("a day");
        assert_eq!(deal.status_at(&terms(), next), Expired, "{reports:?}");
    }
}

#[test]
fn r3_what_comes_after_expiry_is_refused() {
    type Step = fn(&mut Deal, NaiveDate) -> Result<(), Refusals>;
    // the deal, its last day
    for (deal, last) in [(lead(), "2026-01-31"), (with(Engaged, "2026-01-10"), "2026-04-10")] {
        let (last, late) = (day(last), day(last).succ_opt().expect("a day"));
        let steps: [Step; 3] = [
            |deal, on| Ok(deal.report(&terms(), Report::Meeting, on)?),
            |deal, on| deal.set_status(&terms(), Quoted, on),
            |deal, on| deal.close(&terms(), WonByPartner, on),
        ];
        for step in steps {
            let mut next = deal;
            let refusals = step(&mut next, late).expect_err("it has expired");
            assert_eq!(refusals.first().code, Code::WrongState);
            assert!(refusals.to_string().contains(&last.to_string()), "{refusals}");
            assert_eq!(next, deal);
            // One that is reported late, but happened in time, is accepted.
            step(&mut next, last).expect("the last day");
        }
        assert!(deal.next_statuses(&terms(), late).is_empty() && deal.outcomes(&terms(), late).is_empty());
        assert!(!deal.is_open(&terms(), late) && !deal.can_change_opportunity(&terms(), late));
    }
}

#[test]
fn r3_an_engaged_deal_lasts_90_days_from_contact_or_the_newest_proof() {
    // reports and when, the last day of a deal in contact since 10 January
    let table: [(&[(Report, &str)], &str); 5] = [
        (&[], "2026-04-10"),
        (&[(Report::Meeting, "2026-01-05")], "2026-04-10"),
        (&[(Report::Other, "2026-02-01")], "2026-04-10"),
        (&[(Report::Meeting, "2026-02-01")], "2026-05-02"),
        (&[(Report::Meeting, "2026-04-10"), (Report::Webinar, "2026-02-01")], "2026-07-09"),
    ];
    for (reports, last) in table {
        let mut deal = with(Engaged, "2026-01-10");
        for (what, on) in reports {
            deal.report(&terms(), *what, day(on)).expect("a report in time");
        }
        assert_eq!(deal.valid_until(&terms()), Some(day(last)), "{reports:?}");
        let next = day(last).succ_opt().expect("a day");
        let at = [day(last), next].map(|on| deal.status_at(&terms(), on));
        assert_eq!(at, [Engaged, Expired], "{reports:?}");
    }
}

#[test]
fn r3_no_time_runs_for_other_statuses() {
    for status in [Confirmed, Quoted, Negotiating, WaitingPo, Cold, ClosedWon, ClosedLost, ClosedDropped] {
        let deal = with(status, "2026-01-10");
        assert_eq!(deal.valid_until(&terms()), None, "{status:?}");
        assert_eq!(deal.status_at(&terms(), day("2099-12-31")), status);
    }
}

#[test]
fn r3_a_deal_is_a_lead_again_only_in_the_days_of_a_lead() {
    for (on, possible) in [("2026-01-31", true), ("2026-02-01", false)] {
        for from in [Confirmed, Cold] {
            let mut deal = with(from, "2026-01-10");
            assert_eq!(deal.next_statuses(&terms(), day(on)).contains(&Lead), possible, "{from:?} {on}");
            assert_eq!(deal.set_status(&terms(), Lead, day(on)).is_ok(), possible, "{from:?} {on}");
        }
    }
}

#[test]
fn customer_and_scope_change_only_while_it_is_a_lead() {
    for (deal, on, possible) in [
        (lead(), "2026-01-31", true),
        (lead(), "2026-02-01", false),
        (with(Engaged, "2026-01-10"), "2026-01-11", false),
        (with(Cold, "2026-01-10"), "2026-01-11", false),
    ] {
        assert_eq!(deal.can_change_opportunity(&terms(), day(on)), possible, "{deal:?} {on}");
    }
}

#[test]
fn names_are_compared_without_case_spacing_and_invisible_characters() {
    let same = [
        ("Acme Telecom", "ACME  telecom "),
        ("Acme Telecom", "acmetelecom"),
        ("Acme", "A\u{200b}c\u{ad}m\u{2060}e\u{feff}\u{200e}"),
        ("Acme\u{a0}TV", "acme tv"),
        ("Société", "SOCIE\u{301}TE\u{301}"),
        ("Ｓｔｕｄｉｏ ﬁlm", "studio film"),
        ("Straßenfunk", "STRASSENFUNK"),
        ("Οδός", "ΟΔΌΣ"),
    ];
    for (one, other) in same {
        assert_eq!(name_key(one), name_key(other), "{one} and {other}");
    }
    for (one, other) in [("Acme", "Acme 2"), ("Société", "Societe"), ("A-B", "AB"), ("Studio", "Studió")] {
        assert_ne!(name_key(one), name_key(other), "{one} and {other}");
    }
    for nothing in ["\u{200b}\u{200d}", "\u{2060} \u{feff}", "\u{ad}", "\u{200e}\u{202e}", "\u{3164}"] {
        assert_eq!(name_key(nothing), "", "{nothing:?}");
    }
    // A key stays what it is.
    for (one, _) in same {
        assert_eq!(name_key(&name_key(one)), name_key(one));
    }
}
