//! Tests of the hold of joined opportunities.

use super::*;
use crate::program::deal::Deal;
use crate::program::deal::tests::{day, terms};

const TODAY: &str = "2026-03-31";

fn hold(deal: u32, since: &str, until: &str, won: bool) -> Hold<u32> {
    Hold { deal, partner: 100 + deal, since: day(since), until: day(until), won }
}

fn deal(id: u32, status: Status, claimed_on: Option<&str>) -> (RegisteredDeal<u32>, DealTerms) {
    let on = day("2026-03-01");
    let deal = Deal { status, status_on: on, claimed_on: claimed_on.map(day), ..Deal::register(on) };
    (RegisteredDeal { id, partner: 100 + id, deal }, terms())
}

/// Of two claims of one day, that of the deal with the higher number was made first.
fn place(hold: &Hold<u32>) -> i64 {
    -i64::from(hold.deal)
}

#[test]
fn r10_of_two_claims_of_one_day_the_first_one_in_the_log_remains() {
    let [one, two] = [1, 2].map(|deal| hold(deal, "2026-03-10", "2026-04-10", false));
    for holds in [[one, two], [two, one]] {
        assert_eq!(remaining_hold(&[], &holds, day(TODAY), place), Some(two), "{holds:?}");
        let passed = holds.map(|hold| Hold { until: day("2026-03-20"), ..hold });
        let remains = remaining_hold(&[], &passed, day(TODAY), place);
        assert_eq!(remains.map(|hold| hold.deal), Some(2), "{holds:?}");
    }
    let deals = [1, 2].map(|id| deal(id, Status::Engaged, Some("2026-03-02")));
    assert_eq!(remaining_hold(&deals, &[], day(TODAY), place).map(|hold| hold.deal), Some(2));
}

#[test]
fn r10_the_earliest_claim_that_stands_remains() {
    let standing = hold(1, "2026-03-10", "2026-04-10", false);
    let earlier = hold(2, "2026-03-05", "2026-03-31", false);
    let lapsed = hold(3, "2026-02-01", "2026-03-01", false);
    let won = hold(4, "2026-01-01", "2026-03-20", true);
    // holds, the one that remains
    for (holds, expected) in [
        (vec![], None),
        (vec![standing], Some(standing)),
        (vec![standing, earlier], Some(earlier)),
        (vec![lapsed, standing], Some(standing)),
        (vec![won, standing], Some(standing)),
        (vec![lapsed, won], Some(won)),
        (vec![lapsed], Some(lapsed)),
    ] {
        assert_eq!(remaining_hold(&[], &holds, day(TODAY), place), expected, "{holds:?}");
    }
}

#[test]
fn r10_what_gave_way_holds_again_where_none_stands() {
    let lapsed = hold(9, "2026-01-01", "2026-02-01", false);
    let again = |deals: &[(RegisteredDeal<u32>, DealTerms)], holds: &[Hold<u32>]| {
        remaining_hold(deals, holds, day(TODAY), place).map(|hold| (hold.deal, hold.until))
    };
    let early = deal(1, Status::Engaged, Some("2026-03-02"));
    let late = deal(2, Status::Quoted, Some("2026-03-04"));
    let reported = deal(3, Status::WonReported, Some("2026-03-03"));
    let never = deal(4, Status::Engaged, None);
    let lead = deal(5, Status::Lead, Some("2026-03-01"));
    assert_eq!(again(&[late.clone(), early.clone()], &[]), Some((1, day("2026-04-02"))));
    assert_eq!(again(&[late.clone(), early], &[lapsed]), Some((1, day("2026-04-02"))));
    assert_eq!(again(&[late, reported], &[]), Some((3, UNLIMITED)));
    assert_eq!(again(&[never, lead], &[lapsed]), Some((9, day("2026-02-01"))));
    let rewarded = deal(6, Status::Quoted, Some("2026-03-02"));
    let rewarded =
        RegisteredDeal { deal: Deal { rewarded_on: Some(day(TODAY)), ..rewarded.0.deal }, ..rewarded.0 };
    assert_eq!(again(&[(rewarded, terms())], &[]), None);
}
