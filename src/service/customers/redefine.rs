//! What a step about customers makes of their deals: the same for the live path and for `verify` (R10).

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use entity::deal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::program::deal::{DealTerms, Hold, RegisteredDeal, name_key, remaining_hold};
use crate::program::edition::Editions;
use crate::service::deals::{CURRENT_READING, Reward, deal_dates};

/// Names and deals of one customer that are those of another one from a step on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::service) struct Redefinition {
    /// Key of the customer that they were of.
    pub(in crate::service) from: String,
    /// Key of the customer that they are of now.
    pub(in crate::service) into: String,
    /// The spellings that are kept apart; none where the whole customer is joined into the other one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::service) spellings: Option<Vec<String>>,
    /// How the step is read, as steps of deals are; 0 before that was kept.
    #[serde(default)]
    pub(in crate::service) reading: i64,
}

/// Customer and scope of an opportunity.
pub(in crate::service) type Opportunity = (String, String);

/// What a redefinition does besides moving deals.
#[derive(Debug, Default)]
pub(in crate::service) struct Redefined {
    /// The award for a new customer that is taken back.
    pub(in crate::service) taken: Option<Reward>,
    /// The award for a new customer that is given.
    pub(in crate::service) given: Option<Reward>,
    /// The first won deal of each customer, with its day.
    pub(in crate::service) firsts: Vec<(String, Option<(Uuid, NaiveDate)>)>,
    /// The holds on the opportunities that are concerned.
    pub(in crate::service) holds: Vec<(Opportunity, Option<Hold<Uuid>>)>,
}

impl Redefinition {
    /// Whether it is read as the rules say. Before, what a closing had awarded to nobody could be taken and given, and
    /// nothing decided between two claims of one day.
    fn is_current(&self) -> bool {
        self.reading >= CURRENT_READING
    }

    fn moves(&self, row: &deal::Model) -> bool {
        let is_moved = |spellings: &Vec<String>| spellings.contains(&name_key(&row.customer));
        row.customer_key == self.from && self.spellings.as_ref().is_none_or(is_moved)
    }
}

/// Moves deals to the customer that they are of now. `deals` are all deals of both customers in the order of
/// registration, `holds` those on their opportunities, `owner` knows the partners of the deals that were rewarded, and
/// `place` the places of claims in the log.
pub(in crate::service) fn redefine(
    editions: &Editions,
    change: &Redefinition,
    deals: &mut [deal::Model],
    holds: &[(Opportunity, Hold<Uuid>)],
    day: NaiveDate,
    owner: impl Fn(Uuid) -> Option<Uuid>,
    place: impl Fn(&Hold<Uuid>) -> Option<i64>,
) -> Redefined {
    let registered_at: HashMap<Uuid, i64> = deals.iter().map(|row| (row.id, row.seq)).collect();
    let place = |hold: &Hold<Uuid>| {
        let known = place(hold).or_else(|| registered_at.get(&hold.deal).copied());
        known.filter(|_| change.is_current()).unwrap_or_default()
    };
    let mut scopes = BTreeSet::new();
    for row in deals.iter_mut().filter(|row| change.moves(row)) {
        row.customer_key.clone_from(&change.into);
        scopes.insert(row.scope_key.clone());
    }
    let mut redefined = Redefined::default();
    for key in [&change.from, &change.into] {
        redefined.set_first(key, deals, &owner, change.is_current());
    }
    for scope in scopes {
        for key in [&change.from, &change.into] {
            let is_here = |row: &&deal::Model| row.customer_key == *key && row.scope_key == scope;
            let here: Vec<(RegisteredDeal<Uuid>, DealTerms)> =
                deals.iter().filter(is_here).map(|row| registered(editions, row)).collect();
            let held: Vec<Hold<Uuid>> = holds
                .iter()
                .filter(|((_, of), hold)| *of == scope && here.iter().any(|(deal, _)| deal.id == hold.deal))
                .map(|(_, hold)| *hold)
                .collect();
            redefined.holds.push(((key.clone(), scope.clone()), remaining_hold(&here, &held, day, place)));
        }
    }
    redefined
}

impl Redefined {
    /// The earliest won deal of a customer, in the order of the log, is its first, and has the award for a new one.
    fn set_first(
        &mut self,
        key: &str,
        deals: &mut [deal::Model],
        owner: impl Fn(Uuid) -> Option<Uuid>,
        is_current: bool,
    ) {
        let won = deals.iter().filter(|row| row.customer_key == key && row.won_seq.is_some());
        let first = won.min_by_key(|row| row.won_seq).map(|row| (row.id, row.status_on));
        for row in deals.iter_mut().filter(|row| row.customer_key == key) {
            if row.unawarded && is_current {
                // Nothing was awarded for it, so nothing is taken or given.
                row.customer_added = false;
                continue;
            }
            let is_new = first.is_some_and(|(id, _)| id == row.id) && row.rewarded_deal_id.is_some();
            if is_new == row.customer_added {
                continue;
            }
            row.customer_added = is_new;
            let partner = row.rewarded_deal_id.and_then(|id| Some((id, owner(id)?)));
            let slot = if is_new { &mut self.given } else { &mut self.taken };
            *slot = partner.map(|(deal, partner)| Reward {
                deal,
                partner,
                on: row.status_on,
                new_customer: true,
            });
        }
        self.firsts.push((key.to_owned(), first));
    }
}

fn registered(editions: &Editions, row: &deal::Model) -> (RegisteredDeal<Uuid>, DealTerms) {
    let deal = RegisteredDeal { id: row.id, partner: row.partner_id, deal: deal_dates(row) };
    (deal, editions.at(row.registered_on).deals.clone())
}
