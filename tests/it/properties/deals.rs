//! Properties of deals on one opportunity: one holder at most, and no reward twice (R1 to R5).

use chrono::{Days, Months, NaiveDate};
use partner_program::program::Editions;
use partner_program::program::deal::{
    Deal, DealTerms, Hold, Outcome, RegisteredDeal, Report, Status, name_key,
};
use partner_program::program::refusal::{Code, Refusals};
use proptest::prelude::*;

use super::logs::day;

/// The day from which deals are registered.
const START: &str = "2025-01-01";

/// Something that is reported about a deal, some days after the latest day so far, or before it.
#[derive(Clone, Copy, Debug)]
struct Event {
    deal: usize,
    what: What,
    later: i64,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Status(Status),
    Report(Report),
    Close(Outcome),
    ReportWin(Outcome),
    Approve,
    Reject,
    Withdraw,
    Reopen,
}

/// All deals of one opportunity and who holds it.
#[derive(Clone, Debug, PartialEq)]
struct Opportunity {
    deals: Vec<RegisteredDeal<u32>>,
    hold: Option<Hold<u32>>,
    rewards: Vec<(u32, u32)>,
    /// The deal that each closing rewarded, and the outcome that was reported.
    through: Vec<Option<u32>>,
    reported: Vec<Option<Outcome>>,
}

impl Opportunity {
    /// Deals as they are registered: each with its partner and days after the start.
    fn of(registered: &[(u32, u64)]) -> Self {
        let deals = (0..).zip(registered).map(|(id, (partner, days))| {
            let on = day(START) + Days::new(*days);
            RegisteredDeal { id, partner: 100 + partner, deal: Deal::register(on) }
        });
        let (through, reported) = (vec![None; registered.len()], vec![None; registered.len()]);
        Self { deals: deals.collect(), hold: None, rewards: Vec::new(), through, reported }
    }

    fn take(&mut self, terms: &DealTerms, event: Event, on: NaiveDate) -> Result<(), Refusals> {
        let hold = &mut self.hold;
        let deal = &mut self.deals[event.deal];
        let id = deal.id;
        match event.what {
            What::Status(to) => deal.set_status(terms, hold, to, on),
            What::Report(what) => Ok(deal.report(terms, hold, what, on)?),
            What::ReportWin(outcome) => {
                deal.report_win(terms, hold, outcome, on)?;
                self.reported[event.deal] = Some(outcome);
                Ok(())
            }
            What::Reject => Ok(deal.reject_win(terms, hold)?),
            What::Withdraw => Ok(deal.withdraw(terms, hold, on)?),
            What::Reopen => self.reopen(terms, event.deal),
            What::Close(_) | What::Approve => {
                let reported = self.reported[event.deal].unwrap_or(Outcome::WonByPartner);
                let on = if matches!(event.what, What::Approve) { deal.deal.status_on } else { on };
                let win = match event.what {
                    What::Close(outcome) => deal.close(terms, hold, outcome, on)?,
                    _ => deal.approve_win(terms, hold, reported)?,
                };
                let Some(win) = win else { return Ok(()) };
                self.through[event.deal] = win.deal;
                assert_eq!(win.partner.is_some(), win.deal.is_some(), "a reward has its deal");
                if let (Some(partner), Some(through)) = (win.partner, win.deal) {
                    self.rewards.push((through, partner));
                    let other = self.deals.iter_mut().find(|deal| deal.id == through && deal.id != id);
                    if let Some(deal) = other {
                        deal.reward(on);
                    }
                }
                Ok(())
            }
        }
    }
}

impl Opportunity {
    fn reopen(&mut self, terms: &DealTerms, index: usize) -> Result<(), Refusals> {
        let id = self.deals[index].id;
        self.deals[index].deal.check_closed()?;
        let through = self.through[index].take();
        let other = self.deals.iter_mut().find(|deal| through == Some(deal.id) && deal.id != id);
        if let Some(other) = other {
            other.take_reward(terms, &mut self.hold, true);
        }
        self.rewards.retain(|(deal, _)| Some(*deal) != through);
        Ok(self.deals[index].reopen(terms, &mut self.hold, through == Some(id))?)
    }
}

fn statuses() -> impl Strategy<Value = Status> {
    let all = [
        Status::Lead,
        Status::Engaged,
        Status::Confirmed,
        Status::Quoted,
        Status::Negotiating,
        Status::WaitingPo,
        Status::Cold,
    ];
    let never = [
        Status::WonReported,
        Status::ClosedWon,
        Status::ClosedLost,
        Status::ClosedDropped,
        Status::ClosedWithdrawn,
        Status::Expired,
    ];
    prop_oneof![9 => prop::sample::select(all.to_vec()), 1 => prop::sample::select(never.to_vec())]
}

fn events(deals: usize) -> impl Strategy<Value = Vec<Event>> {
    let reports =
        [Report::Meeting, Report::Introduction, Report::ExhibitionMeeting, Report::Webinar, Report::Other];
    let what = prop_oneof![
        5 => statuses().prop_map(What::Status),
        5 => prop::sample::select(reports.to_vec()).prop_map(What::Report),
        1 => prop::sample::select(Outcome::ALL.as_slice()).prop_map(What::Close),
        1 => prop::sample::select(&Outcome::ALL[..2]).prop_map(What::ReportWin),
        2 => prop::sample::select(vec![What::Approve, What::Reject, What::Withdraw, What::Reopen, What::Reopen]),
    ];
    let later = prop_oneof![3 => 0..3_i64, 4 => 0..35_i64, 1 => 28..100_i64, 2 => -60..0_i64];
    let event = (0..deals, what, later).prop_map(|(deal, what, later)| Event { deal, what, later });
    prop::collection::vec(event, 0..60)
}

fn cases() -> impl Strategy<Value = (Vec<(u32, u64)>, Vec<Event>)> {
    let registered = prop::collection::vec((0..3_u32, 0..90_u64), 1..6);
    registered.prop_flat_map(|registered| {
        let events = events(registered.len());
        (Just(registered), events)
    })
}

/// What holds at any time.
fn check(terms: &DealTerms, now: &Opportunity) -> Result<(), TestCaseError> {
    let mut through: Vec<u32> = now.rewards.iter().map(|(deal, _)| *deal).collect();
    through.sort_unstable();
    let rewarded: Vec<u32> =
        now.deals.iter().filter(|one| one.deal.rewarded_on.is_some()).map(|one| one.id).collect();
    prop_assert_eq!(through, rewarded, "each deal is rewarded once at most");
    for (deal, partner) in &now.rewards {
        let owner = now.deals.iter().find(|one| one.id == *deal).map(|one| one.partner);
        prop_assert_eq!(owner, Some(*partner));
    }
    let Some(hold) = now.hold else { return Ok(()) };
    let holder = now.deals.iter().find(|one| one.id == hold.deal).expect("a deal of these");
    prop_assert_eq!(holder.partner, hold.partner);
    prop_assert_eq!(holder.deal.rewarded_on.is_some(), hold.won, "a rewarded deal has had its opportunity");
    if hold.won {
        let protects = now.deals.iter().any(|deal| deal.conflicts(Some(&hold), hold.since));
        prop_assert!(!protects, "what was won protects no more");
        return Ok(());
    }
    let waits = holder.deal.status == Status::WonReported;
    prop_assert!(waits || holder.deal.status.is_engaged(), "only an engaged deal holds: {:?}", holder);
    let claimed_on = holder.deal.claimed_on.expect("the day of the claim");
    prop_assert!(claimed_on <= hold.since && hold.since <= hold.until);
    // What had lapsed before the day of the win is not held, and stays as it was.
    if waits && hold.until >= holder.deal.status_on {
        prop_assert_eq!(hold.until, partner_program::program::deal::UNLIMITED, "no time runs");
    } else {
        prop_assert!(
            hold.until <= claimed_on + Months::new(terms.opportunity_months),
            "12 months: {:?}",
            hold
        );
        let active_on = holder.deal.activity_on.max(claimed_on);
        prop_assert!(hold.until <= active_on + Months::new(terms.activity_months));
    }
    prop_assert!(holder.deal.valid_until(terms).is_none_or(|end| hold.until <= end), "it outlives the deal");
    for deal in &now.deals {
        for on in [hold.since, hold.until, hold.until.checked_add_days(Days::new(1)).unwrap_or(hold.until)] {
            let conflict = deal.conflicts(Some(&hold), on);
            prop_assert_eq!(conflict, deal.partner != hold.partner && on <= hold.until);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn one_partner_holds_an_opportunity_and_no_deal_is_rewarded_twice((registered, events) in cases()) {
        let editions = Editions::built_in();
        let terms = &editions.at(day(START)).deals;
        let mut now = Opportunity::of(&registered);
        let mut latest = day(START);
        for event in events {
            let on = latest + chrono::Duration::days(event.later);
            latest = latest.max(on);
            let before = now.clone();
            let was = before.deals[event.deal];
            let listed = match event.what {
                What::Status(to) => was.deal.next_statuses(terms, on).contains(&to) && on >= was.deal.status_on,
                What::Close(outcome) => was.deal.outcomes(terms, on).contains(&outcome) && on >= was.deal.status_on,
                What::ReportWin(outcome) => {
                    was.deal.status != Status::WonReported
                        && was.deal.outcomes(terms, on).contains(&outcome)
                        && on >= was.deal.status_on
                }
                What::Approve | What::Reject => was.deal.status == Status::WonReported,
                What::Withdraw => was.deal.is_open(terms, on) && on >= was.deal.status_on,
                What::Reopen => was.deal.status.is_closed(),
                What::Report(_) => was.deal.is_open(terms, on) && on >= was.deal.registered_on,
            };
            match now.take(terms, event, on) {
                Ok(()) => prop_assert!(listed, "what is taken is listed: {event:?} on {on}, {was:?}"),
                Err(refusals) => {
                    prop_assert_eq!(&now, &before, "a refusal changes nothing");
                    let protected = refusals.first().code == Code::DealProtected;
                    prop_assert_eq!(listed, protected, "{:?} on {}, {:?}", refusals, on, was);
                    if protected {
                        let hold = before.hold.expect("somebody holds it");
                        prop_assert!(hold.partner != was.partner && on <= hold.until);
                        prop_assert!(!refusals.to_string().contains(&hold.partner.to_string()));
                    }
                }
            }
            check(terms, &now)?;
            // Who held it has lost it by its own doing, by a transaction, or before the next one came.
            if let (Some(old), Some(new)) = (before.hold, now.hold)
                && old.deal != new.deal
            {
                prop_assert!(old.won || old.until < new.since, "{old:?} was displaced by {new:?}");
            }
            if let (Some(old), None) = (before.hold, now.hold) {
                let won = matches!(
                    event.what,
                    What::Close(Outcome::WonByPartner | Outcome::WonByOther) | What::Approve | What::Reopen
                );
                prop_assert!(won || old.deal == was.id, "{old:?} was lost by {event:?} of another deal");
            }
            for (old, new) in before.deals.iter().zip(&now.deals) {
                let rewarded = Deal { rewarded_on: new.deal.rewarded_on, ..old.deal };
                prop_assert!(old.id == was.id || rewarded == new.deal, "another deal changed");
                // Time that was given is not taken back by what follows in the same status.
                if old.deal.status == new.deal.status && old.deal.status_on == new.deal.status_on {
                    prop_assert!(old.deal.valid_until(terms) <= new.deal.valid_until(terms));
                }
            }
        }
        for deal in &now.deals {
            let far = day("2100-01-01");
            let status = deal.deal.status_at(terms, far);
            let timed = matches!(deal.deal.status, Status::Lead | Status::Engaged);
            prop_assert_eq!(status == Status::Expired, timed, "whatever has a time runs out of it");
        }
    }

    #[test]
    fn a_name_and_its_key_are_the_same_name(name in "\\PC{0,40}", blanks in "[ \t\u{a0}\u{200b}\u{2060}]{0,4}") {
        let key = name_key(&name);
        prop_assert_eq!(name_key(&key), &*key);
        prop_assert_eq!(name_key(&format!("{blanks}{name}{blanks}")), &*key);
    }
}
