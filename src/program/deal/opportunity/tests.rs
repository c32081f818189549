use super::super::tests::{day, terms};
use super::*;

use Outcome::{Dropped, Lost, WonByOther, WonByPartner};
use Status::{Cold, Confirmed, Engaged, Lead, Quoted};

/// Deals of partners on one opportunity; deal 1 is partner 10's, deal 2 partner 20's, and so on.
struct Play {
    deals: Vec<RegisteredDeal<u32>>,
    hold: Option<Hold<u32>>,
}

impl Play {
    fn of(partners: &[u32], registered: &str) -> Self {
        let deals = (1..).zip(partners);
        let deals = deals.map(|(id, partner)| RegisteredDeal {
            id,
            partner: *partner,
            deal: Deal::register(day(registered)),
        });
        Self { deals: deals.collect(), hold: None }
    }

    fn at(&mut self, id: u32) -> &mut RegisteredDeal<u32> {
        self.deals.iter_mut().find(|deal| deal.id == id).expect("a deal")
    }

    fn status(&mut self, id: u32, to: Status, on: &str) -> Result<(), Code> {
        let mut hold = self.hold;
        let done = self.at(id).set_status(&terms(), &mut hold, to, day(on));
        self.hold = hold;
        done.map_err(|refusals| refusals.first().code)
    }

    fn report(&mut self, id: u32, what: Report, on: &str) -> Result<(), Code> {
        let mut hold = self.hold;
        let done = self.at(id).report(&terms(), &mut hold, what, day(on));
        self.hold = hold;
        done.map_err(|refusal| refusal.code)
    }

    /// Closes a deal; gives the partner that is rewarded and the deal that it is rewarded through.
    fn close(&mut self, id: u32, outcome: Outcome, on: &str) -> Option<(u32, u32)> {
        let mut hold = self.hold;
        let win = self.at(id).close(&terms(), &mut hold, outcome, day(on)).expect("it can be closed");
        self.hold = hold;
        let win = win?;
        if let Some(other) = win.deal.filter(|deal| *deal != id) {
            self.at(other).reward(day(on));
        }
        win.partner.zip(win.deal)
    }

    fn holder(&self, on: &str) -> Option<u32> {
        self.hold.filter(|hold| hold.covers(day(on)) && !hold.won).map(|hold| hold.deal)
    }
}

#[test]
fn r4_the_first_in_contact_holds_the_opportunity() {
    let mut play = Play::of(&[10, 20], "2026-01-01");
    assert_eq!(play.holder("2026-01-01"), None, "registering gives no exclusivity");
    play.report(1, Report::Meeting, "2026-01-02").expect("a report");
    assert_eq!(play.holder("2026-01-02"), None, "a lead holds nothing");
    play.status(2, Confirmed, "2026-01-05").expect("the first contact");
    assert_eq!(play.holder("2026-01-04"), None);
    assert_eq!(play.holder("2026-01-05"), Some(2));
    for to in [Engaged, Confirmed, Quoted] {
        assert_eq!(play.status(1, to, "2026-01-06"), Err(Code::DealProtected), "{to:?}");
    }
    assert_eq!(play.at(1).deal.status, Lead);
    assert!(play.deals[0].conflicts(play.hold.as_ref(), day("2026-01-06")));
    assert!(!play.deals[1].conflicts(play.hold.as_ref(), day("2026-01-06")));
    // What is no contact is not refused, and a partner does not compete with itself.
    play.report(1, Report::Meeting, "2026-01-06").expect("a report");
    play.status(1, Cold, "2026-01-07").expect("postponed");
    assert_eq!(play.status(1, Engaged, "2026-01-08"), Err(Code::DealProtected));
    let mut play = Play::of(&[10, 10], "2026-01-01");
    play.status(1, Engaged, "2026-01-02").expect("contact");
    play.status(2, Engaged, "2026-01-02").expect("the same partner");
    assert_eq!(play.holder("2026-01-02"), Some(1));
    assert!(!play.deals[1].conflicts(play.hold.as_ref(), day("2026-01-02")));
}

#[test]
fn r4_it_lapses_after_a_month_without_an_activity() {
    let mut play = Play::of(&[10, 20], "2026-01-01");
    play.status(1, Engaged, "2026-01-31").expect("contact");
    assert_eq!(play.hold.map(|hold| hold.until), Some(day("2026-02-28")), "a month after 31 January");
    assert_eq!(play.status(2, Engaged, "2026-01-31"), Err(Code::DealProtected));
    // Any report keeps it, a proof or not; a change of status does not.
    play.report(1, Report::Other, "2026-02-28").expect("a report");
    assert_eq!(play.holder("2026-03-28"), Some(1));
    assert_eq!(play.holder("2026-03-29"), None);
    play.status(1, Quoted, "2026-03-10").expect("a quote");
    assert_eq!(play.holder("2026-03-28"), Some(1));
    assert_eq!(play.holder("2026-03-29"), None);
}

#[test]
fn r4_it_is_free_on_the_day_after_its_last() {
    for (on, done) in [("2026-02-10", Err(Code::DealProtected)), ("2026-02-11", Ok(()))] {
        let mut play = Play::of(&[10, 20], "2026-01-10");
        play.report(2, Report::Meeting, "2026-01-11").expect("a proof: a lead through 11 March");
        play.status(1, Engaged, "2026-01-10").expect("contact");
        assert_eq!(play.status(2, Engaged, on), done, "{on}");
        assert_eq!(play.holder(on), Some(if done.is_ok() { 2 } else { 1 }), "{on}");
    }
}

#[test]
fn r4_it_lapses_12_months_after_it_was_claimed() {
    let mut play = Play::of(&[10, 20], "2026-01-05");
    play.status(1, Confirmed, "2026-01-10").expect("contact");
    for month in 2..=12 {
        play.report(1, Report::Other, &format!("2026-{month:02}-10")).expect("a report");
    }
    play.report(1, Report::Other, "2027-01-10").expect("a report on the last day");
    assert_eq!(play.holder("2027-01-10"), Some(1));
    assert_eq!(play.holder("2027-01-11"), None);
    // The deal goes on, but its time for the opportunity is over.
    play.report(1, Report::Meeting, "2027-01-11").expect("a report");
    assert_eq!(play.holder("2027-01-11"), None);
    assert_eq!(play.at(1).deal.status_at(&terms(), day("2027-01-11")), Confirmed);
}

#[test]
fn r4_it_ends_with_the_deal() {
    // what happens to the holder
    type Step = fn(&mut Play);
    let steps: [(&str, Step); 4] = [
        ("cold", |play| play.status(1, Cold, "2026-01-15").expect("postponed")),
        ("a lead again", |play| play.status(1, Lead, "2026-01-15").expect("a lead")),
        ("lost", |play| assert_eq!(play.close(1, Lost, "2026-01-15"), None)),
        ("dropped", |play| assert_eq!(play.close(1, Dropped, "2026-01-15"), None)),
    ];
    for (name, step) in steps {
        let mut play = Play::of(&[10, 20], "2026-01-01");
        play.status(1, Engaged, "2026-01-10").expect("contact");
        step(&mut play);
        assert_eq!(play.hold, None, "{name}");
        play.status(2, Engaged, "2026-01-15").expect(name);
        assert_eq!(play.holder("2026-01-15"), Some(2), "{name}");
    }
    // A deal that expires does so before a year, but never within a month of its last proof.
    let long = DealTerms { activity_months: 6, ..terms() };
    let mut deal = RegisteredDeal { id: 1, partner: 10, deal: Deal::register(day("2026-01-01")) };
    let mut hold = None;
    deal.set_status(&long, &mut hold, Engaged, day("2026-01-10")).expect("contact");
    assert_eq!(hold.map(|hold| hold.until), Some(day("2026-04-10")), "the last day of the deal");
}

#[test]
fn r4_what_lapsed_can_be_claimed_again() {
    let mut play = Play::of(&[10, 20], "2026-01-01");
    play.status(1, Confirmed, "2026-01-10").expect("contact");
    assert_eq!(play.holder("2026-02-11"), None);
    play.report(1, Report::Other, "2026-03-01").expect("work goes on");
    assert_eq!(play.hold.map(|hold| (hold.deal, hold.since)), Some((1, day("2026-03-01"))));
    assert_eq!(play.at(1).deal.claimed_on, Some(day("2026-01-10")), "its 12 months began with the first");
    // Postponed and taken up again, it claims with what is reported then.
    play.status(1, Cold, "2026-03-02").expect("postponed");
    play.status(1, Quoted, "2026-09-01").expect("taken up again");
    assert_eq!(play.holder("2026-09-01"), None);
    play.report(1, Report::Other, "2026-09-01").expect("a report");
    assert_eq!(play.holder("2026-09-01"), Some(1));
    assert_eq!(play.holder("2026-10-02"), None);
    play.report(1, Report::Other, "2026-12-31").expect("a report");
    assert_eq!(play.hold.map(|hold| hold.until), Some(day("2027-01-10")));
}

#[test]
fn r4_a_late_report_displaces_nobody() {
    let mut play = Play::of(&[10, 20], "2026-01-01");
    play.report(2, Report::Meeting, "2026-01-05").expect("a proof");
    play.status(1, Confirmed, "2026-01-10").expect("contact");
    play.status(2, Engaged, "2026-02-20").expect("the first one lapsed on 10 February");
    let hold = play.hold;
    // The first partner reports later that it had not been idle; the second one keeps what it was given.
    play.report(1, Report::Meeting, "2026-02-05").expect("a late report");
    play.status(1, Quoted, "2026-02-19").expect("a late change");
    assert_eq!(play.hold, hold);
    assert_eq!(play.holder("2026-02-20"), Some(2));
    // Nor does a third one that says that it was in contact earlier.
    play.deals.push(RegisteredDeal { id: 3, partner: 30, deal: Deal::register(day("2026-02-01")) });
    assert_eq!(play.status(3, Engaged, "2026-02-15"), Err(Code::DealProtected));
    assert_eq!(play.hold, hold);
}

#[test]
fn r5_who_is_rewarded() {
    // who holds, whose deal is closed and how, the partner and deal rewarded, who holds after it
    let table = [
        (None, 1, WonByPartner, Some((10, 1)), None),
        (None, 1, WonByOther, None, None),
        (None, 1, Lost, None, None),
        (None, 1, Dropped, None, None),
        (Some(1), 1, WonByPartner, Some((10, 1)), None),
        (Some(1), 1, WonByOther, Some((10, 1)), None),
        (Some(1), 1, Lost, None, None),
        (Some(1), 1, Dropped, None, None),
        (Some(1), 2, WonByPartner, Some((10, 1)), None),
        (Some(1), 2, WonByOther, Some((10, 1)), None),
        (Some(1), 2, Lost, None, Some(1)),
        (Some(1), 2, Dropped, None, Some(1)),
    ];
    for (holder, closed, outcome, rewarded, after) in table {
        let mut play = Play::of(&[10, 20], "2026-01-01");
        if let Some(holder) = holder {
            play.status(holder, Engaged, "2026-01-05").expect("contact");
        }
        let name = format!("{holder:?} holds, {closed} is closed as {outcome:?}");
        assert_eq!(play.close(closed, outcome, "2026-01-20"), rewarded, "{name}");
        assert_eq!(play.holder("2026-01-20"), after, "{name}");
        let noted: Vec<u32> =
            play.deals.iter().filter(|one| one.deal.rewarded_on.is_some()).map(|one| one.id).collect();
        assert_eq!(noted, rewarded.map(|(_, deal)| deal).into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn r5_a_lapsed_opportunity_decides_nothing() {
    // when the second partner's sale closes, who is rewarded
    for (on, rewarded) in [("2026-02-05", (10, 1)), ("2026-02-06", (20, 2))] {
        let mut play = Play::of(&[10, 20], "2026-01-01");
        play.report(2, Report::Meeting, "2026-01-05").expect("a proof");
        play.status(1, Confirmed, "2026-01-05").expect("contact");
        assert_eq!(play.close(2, WonByPartner, on), Some(rewarded), "{on}");
    }
    // Nor does it on days before it was held.
    let mut play = Play::of(&[10, 20], "2026-01-01");
    play.status(1, Confirmed, "2026-01-15").expect("contact");
    assert_eq!(play.close(2, WonByPartner, "2026-01-14"), Some((20, 2)));
    assert_eq!(play.holder("2026-01-15"), Some(1), "the claim was for another transaction");
}

#[test]
fn r5_one_deal_is_rewarded_once() {
    let mut play = Play::of(&[10, 20, 10], "2026-01-01");
    play.status(1, Engaged, "2026-01-05").expect("contact");
    play.status(3, Engaged, "2026-01-06").expect("another deal of the same partner");
    assert_eq!(play.close(2, WonByPartner, "2026-01-20"), Some((10, 1)), "sold by the second partner");
    // The rewarded deal goes on, holds nothing any more, and its own end is rewarded no more.
    play.report(1, Report::Meeting, "2026-01-21").expect("a report");
    assert_eq!(play.holder("2026-01-21"), None);
    assert_eq!(play.close(1, WonByPartner, "2026-01-22"), None);
    // The partner's other deal was not rewarded, and takes the opportunity that is free now.
    play.report(3, Report::Meeting, "2026-01-23").expect("a report");
    assert_eq!(play.holder("2026-01-23"), Some(3));
    assert_eq!(play.close(3, WonByOther, "2026-01-24"), Some((10, 3)));
}

#[test]
fn r5_one_transaction_is_rewarded_once_whoever_tells_it_first() {
    // The first partner holds; the second one sells on the 20th. Which one reports it first, and on which day the other.
    for (first, second, on) in
        [(1, 2, "2026-01-20"), (1, 2, "2026-01-18"), (2, 1, "2026-01-20"), (2, 1, "2026-01-25")]
    {
        let mut play = Play::of(&[10, 20], "2026-01-01");
        play.status(1, Engaged, "2026-01-05").expect("contact");
        let outcome = |id| if id == 1 { WonByOther } else { WonByPartner };
        assert_eq!(
            play.close(first, outcome(first), "2026-01-20"),
            Some((10, 1)),
            "{first} reports it first"
        );
        assert_eq!(play.close(second, outcome(second), on), None, "{second} reports it again on {on}");
    }
    // A later day is another transaction, and so is another deal of the partner that was rewarded.
    let mut play = Play::of(&[10, 20, 10], "2026-01-01");
    play.status(1, Engaged, "2026-01-05").expect("contact");
    play.close(1, WonByOther, "2026-01-20");
    assert_eq!(play.close(3, WonByPartner, "2026-01-20"), Some((10, 3)));
    assert_eq!(play.close(2, WonByPartner, "2026-01-21"), Some((20, 2)));
}

#[test]
fn r7_a_rewarded_deal_consumes_no_other_opportunity() {
    let mut play = Play::of(&[10, 20, 10], "2026-01-01");
    play.status(1, Engaged, "2026-01-05").expect("contact");
    assert_eq!(play.close(2, WonByPartner, "2026-01-10"), Some((10, 1)));
    play.status(3, Engaged, "2026-01-11").expect("contact");
    assert_eq!(play.holder("2026-01-12"), Some(3));
    assert_eq!(play.close(1, WonByPartner, "2026-01-12"), None);
    assert_eq!(play.holder("2026-01-12"), Some(3));
    assert_eq!(play.close(3, WonByPartner, "2026-01-13"), Some((10, 3)));
}

#[test]
fn steps_of_before_are_read_as_they_were() {
    let first = DealTerms { reading: Reading::First, ..terms() };
    let mut deal = RegisteredDeal { id: 1, partner: 10, deal: Deal::register(day("2026-01-01")) };
    let mut hold = None;
    deal.set_status(&first, &mut hold, Engaged, day("2026-01-10")).expect("contact");
    deal.set_status(&first, &mut hold, Quoted, day("2026-02-01")).expect("a quote");
    assert_eq!(hold.map(|hold| hold.until), Some(day("2026-03-01")), "a change of status was activity");
    deal.set_status(&first, &mut hold, Engaged, day("2026-02-01")).expect("contact");
    deal.report(&first, &mut hold, Report::Meeting, day("2026-02-01")).expect("a proof");
    assert_eq!(deal.deal.lead_proof_on, None, "a proof of an engaged deal extended no lead");
    let lead = Deal { status: Lead, ..deal.deal };
    assert_eq!(lead.valid_until(&first), Some(day("2026-01-31")));
    assert_eq!(lead.valid_until(&terms()), Some(day("2026-03-02")), "R9");
}
