//! Deals and orders in worked examples.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::{Difference, Run, expect_equal};
use crate::program::deal::{Deal, Hold, Outcome, RegisteredDeal, Report, Status, Win, name_key};
use crate::program::edition::Editions;
use crate::program::edition::example::{ExpectedOrder, GivenFact, GivenLine, Refused};
use crate::program::fold::{ObjectIndex, PartnerIndex, Step, WonDeal};
use crate::program::money::Money;
use crate::program::pricing::{LineInput, PricingTerms, price};
use crate::program::refusal::Refusals;

/// Customer and scope as they are compared.
type Opportunity = (String, String);

/// The deals of an example.
#[derive(Default)]
pub(super) struct Deals {
    places: HashMap<String, usize>,
    registered: Vec<(RegisteredDeal<u32>, Opportunity)>,
    holds: HashMap<Opportunity, Hold<u32>>,
    won: HashSet<String>,
}

impl Run<'_> {
    /// Takes what a fact says of a deal: registered with a customer and a scope, then one thing at a time.
    pub(super) fn apply_deal(&mut self, name: &str, given: &GivenFact) -> Result<(), String> {
        let on = given.on.ok_or("a deal needs `on`")?.0;
        let place = self.deals.places.get(name).copied();
        let Some(place) = place else {
            let owner = given.partner.as_deref().ok_or("a new deal needs `partner`")?;
            let (partner, _) = self.partner(owner)?;
            let (Some(customer), Some(scope)) = (&given.customer, &given.scope) else {
                return Err("a new deal needs `customer` and `scope`".to_owned());
            };
            let place = self.deals.registered.len();
            let id = u32::try_from(place).unwrap_or(u32::MAX);
            let registered = RegisteredDeal { id, partner: partner.0, deal: Deal::register(on) };
            self.deals
                .registered
                .push((registered, (self.editions.at(on).customers.key(customer), name_key(scope))));
            self.deals.places.insert(name.to_owned(), place);
            return Ok(());
        };
        match (self.apply_deal_step(place, given, on), given.refused) {
            (Ok(win), None) => self.win(place, win, on),
            (Ok(_), Some(Refused(code))) => {
                Err(format!("deal {name} must be refused as {}, but was taken", code.name()))
            }
            (Err(refusals), Some(Refused(code))) if refusals.first().code == code => Ok(()),
            (Err(refusals), Some(Refused(code))) => {
                let found = refusals.first().code.name();
                Err(format!("deal {name} must be refused as {}, but was {found}", code.name()))
            }
            (Err(refusals), None) => Err(format!("deal {name} on {on} was refused: {refusals}")),
        }
    }

    fn apply_deal_step(
        &mut self,
        place: usize,
        given: &GivenFact,
        on: NaiveDate,
    ) -> Result<Option<Win<u32>>, Refusals> {
        let (registered, opportunity) = &mut self.deals.registered[place];
        let terms = &self.editions.at(registered.deal.registered_on).deals;
        let mut hold = self.deals.holds.get(opportunity).copied();
        let win = if let Some(outcome) = given.outcome.map(Outcome::from) {
            registered.close(terms, &mut hold, outcome, on)?
        } else if let Some(report) = given.report.map(Report::from) {
            registered.report(terms, &mut hold, report, on)?;
            None
        } else {
            let status = given.status.map_or(Status::Lead, Status::from);
            registered.set_status(terms, &mut hold, status, on)?;
            None
        };
        match hold {
            Some(hold) => self.deals.holds.insert(opportunity.clone(), hold),
            None => self.deals.holds.remove(opportunity),
        };
        Ok(win)
    }

    fn win(&mut self, place: usize, win: Option<Win<u32>>, on: NaiveDate) -> Result<(), String> {
        let Some(win) = win else { return Ok(()) };
        let new_customer = self.deals.won.insert(self.deals.registered[place].1.0.clone());
        let (Some(partner), Some(deal)) = (win.partner, win.deal) else { return Ok(()) };
        if let Some((rewarded, _)) = self.deals.registered.get_mut(deal as usize) {
            rewarded.reward(on);
        }
        let won = WonDeal { deal: ObjectIndex(deal), partner: PartnerIndex(partner), new_customer, on };
        self.fold.apply(&Step::DealWon(won), &mut self.awards).map_err(|error| error.to_string())
    }
}

/// Prices an order for a partner of a level, and compares.
pub(super) fn check_order(
    order: &ExpectedOrder,
    editions: &Editions,
    level: &str,
    partner: &str,
    day: NaiveDate,
) -> Result<(), Difference> {
    let read = |amount| Money::read(amount, &order.currency).map_err(|refusal| refusal.message);
    let currency = Money::currency(&order.currency)?;
    let rewards = &editions.at(day).rewards;
    let terms = PricingTerms { rewards, purpose: order.purpose.into(), currency, level, contracts: &[], day };
    let line = |line: &GivenLine| {
        let unit_price = read(line.unit_price)?.minor;
        Ok(LineInput { category: line.category.into(), unit_price, quantity: line.quantity })
    };
    let lines = order.lines.iter().map(line).collect::<Result<Vec<_>, String>>()?;
    let priced = price(&terms, &lines, order.credits)
        .map_err(|error| format!("an order of {partner} on {day}: {error}"))?;
    let amount = |minor| Money { minor, currency }.amount();
    expect_equal(day, partner, "net", order.net.as_ref(), &amount(priced.amounts.net))?;
    expect_equal(day, partner, "max_credits", order.max_credits.as_ref(), &priced.max_credits)?;
    expect_equal(day, partner, "total", order.total.as_ref(), &amount(priced.amounts.total))
}
