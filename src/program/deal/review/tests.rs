use super::super::tests::{day, terms};
use super::*;
use crate::program::deal::Report;

use Outcome::{Dropped, Lost, WonByOther, WonByPartner};
use Status::{
    ClosedLost, ClosedWithdrawn, ClosedWon, Cold, Confirmed, Engaged, Lead, Negotiating, WonReported,
};

type Registered = RegisteredDeal<u32>;

/// A deal that has a status since 10 January, and what it holds.
fn with(status: Status) -> (Registered, Option<Hold<u32>>) {
    let mut deal = RegisteredDeal { id: 1, partner: 10, deal: Deal::register(day("2026-01-01")) };
    let mut hold = None;
    if status != Lead {
        deal.set_status(&terms(), &mut hold, status, day("2026-01-10")).expect("a status");
    }
    (deal, hold)
}

#[test]
fn r6_a_reported_win_comes_to_what_the_vendor_decides() {
    for status in [Lead, Engaged, Confirmed, Negotiating] {
        let (before, hold_before) = with(status);
        let (mut deal, mut hold) = (before, hold_before);
        deal.report_win(&terms(), &mut hold, WonByPartner, day("2026-01-20")).expect("a report");
        assert_eq!((deal.deal.status, deal.deal.status_on), (WonReported, day("2026-01-20")), "{status:?}");
        assert!(deal.deal.status.is_active() && deal.deal.valid_until(&terms()).is_none());
        assert_eq!(deal.deal.rewarded_on, None, "nothing is awarded yet");
        assert_eq!(hold.map(|hold| hold.until), hold_before.map(|_| UNLIMITED), "{status:?}");
        let again = deal.report_win(&terms(), &mut hold, WonByOther, day("2026-01-21"));
        assert_eq!(again.expect_err("reported").first().code, Code::WrongState);
        let (mut rejected, mut kept) = (deal, hold);
        rejected.reject_win(&terms(), &mut kept).expect("a rejection");
        assert_eq!((rejected, kept), (before, hold_before), "{status:?}");
        let win = deal.approve_win(&terms(), &mut hold, WonByPartner).expect("an approval");
        assert_eq!(win.and_then(|win| win.partner), Some(10), "{status:?}");
        assert_eq!((deal.deal.status, deal.deal.status_on), (ClosedWon, day("2026-01-20")));
    }
    let (mut cold, mut hold) = with(Cold);
    assert!(cold.report_win(&terms(), &mut hold, WonByPartner, day("2026-01-20")).is_err());
    for review in [Registered::reject_win(&mut cold, &terms(), &mut hold).is_err(), cold.deal.status == Cold]
    {
        assert!(review);
    }
}

#[test]
fn r6_a_report_is_taken_back_by_another_status() {
    let (mut deal, mut hold) = with(Engaged);
    deal.report_win(&terms(), &mut hold, WonByPartner, day("2026-01-20")).expect("a report");
    deal.report(&terms(), &mut hold, Report::Other, day("2026-01-22")).expect("work goes on");
    assert_eq!(hold.map(|hold| hold.until), Some(UNLIMITED));
    deal.set_status(&terms(), &mut hold, Negotiating, day("2026-01-25")).expect("not yet");
    assert_eq!((deal.deal.status, deal.deal.before), (Negotiating, None));
    assert_eq!(hold.map(|hold| hold.until), Some(day("2026-02-22")), "a month after the report");
}

#[test]
fn r8_what_was_closed_is_what_it_was_before() {
    for status in [Lead, Engaged, Confirmed, Negotiating, Cold] {
        for outcome in [WonByPartner, WonByOther, Lost, Dropped] {
            let (before, hold_before) = with(status);
            let (mut deal, mut hold) = (before, hold_before);
            let Ok(win) = deal.close(&terms(), &mut hold, outcome, day("2026-01-20")) else { continue };
            let own = win.is_some_and(|win| win.deal == Some(1));
            deal.reopen(&terms(), &mut hold, own).expect("it is closed");
            assert_eq!((deal, hold), (before, hold_before), "{status:?} {outcome:?}");
            assert!(deal.reopen(&terms(), &mut hold, false).is_err(), "it is open");
        }
        let (before, hold_before) = with(status);
        let (mut deal, mut hold) = (before, hold_before);
        deal.withdraw(&terms(), &mut hold, day("2026-01-20")).expect("it is open");
        assert_eq!((deal.deal.status, hold), (ClosedWithdrawn, None));
        assert!(deal.withdraw(&terms(), &mut hold, day("2026-01-21")).is_err(), "once");
        deal.reopen(&terms(), &mut hold, false).expect("it is closed");
        assert_eq!((deal, hold), (before, hold_before), "{status:?} withdrawn");
    }
}

#[test]
fn r8_a_claim_of_another_deal_since_stays() {
    let (mut deal, mut hold) = with(Engaged);
    deal.close(&terms(), &mut hold, Lost, day("2026-01-20")).expect("lost");
    let mut other = RegisteredDeal { id: 2, partner: 20, deal: Deal::register(day("2026-01-01")) };
    other.set_status(&terms(), &mut hold, Engaged, day("2026-01-21")).expect("it is free");
    let claimed = hold;
    deal.reopen(&terms(), &mut hold, false).expect("it is closed");
    assert_eq!((deal.deal.status, hold), (Engaged, claimed));
    // Nor does a deal hold again that was closed meanwhile, when what was rewarded through it is taken back.
    let (mut holder, mut hold) = with(Engaged);
    other.deal.status = Lead;
    let win = other.close(&terms(), &mut hold, WonByPartner, day("2026-01-22")).expect("won");
    assert_eq!(win.and_then(|win| win.deal), Some(1));
    holder.reward(day("2026-01-22"));
    holder.close(&terms(), &mut hold, Lost, day("2026-01-23")).expect("lost");
    holder.take_reward(&terms(), &mut hold, true);
    assert_eq!((holder.deal.status, holder.deal.rewarded_on, hold), (ClosedLost, None, None));
}
