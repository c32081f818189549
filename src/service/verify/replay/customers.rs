//! Customers in the log: those that were joined, and names that were separated.

use std::collections::HashMap;

use entity::value::LogAction;
use entity::{customer, customer_name, deal, deal_step};
use uuid::Uuid;

use super::Replay;
use super::commerce::{Commerce, CustomerState};
use crate::program::deal::{Hold, name_key};
use crate::program::fold::{DealCorrection, FirstWon, Step, TakenReward};
use crate::service::customers::{Opportunity, Redefinition, redefine};
use crate::service::deals::place_of_claim;
use crate::store::log::LoggedStep;
use crate::store::subject::LATEST;

impl Commerce {
    /// Customers with their first won deals.
    pub(in crate::service::verify) fn expected_customers(&self) -> Vec<customer::Model> {
        let row = |(key, state): (&String, &CustomerState)| {
            let won = state.won.and_then(|id| self.deals.get(&id));
            customer::Model {
                key: key.clone(),
                id: Uuid::nil(),
                name: String::new(),
                won_deal_id: state.won,
                won_on: won.map_or(LATEST, |(_, row)| row.status_on),
                joined_into: state.joined_into.clone(),
            }
        };
        self.customers.iter().map(row).collect()
    }

    /// Whether a customer is one of deals; orders alone leave no trace in the log.
    pub(in crate::service::verify) fn knows_customer(&self, row: &customer::Model) -> bool {
        self.customers.contains_key(&row.key) || row.won_deal_id.is_some() || row.joined_into.is_some()
    }

    /// Which customers the names of deals mean.
    pub(in crate::service::verify) fn expected_names(&self) -> Vec<customer_name::Model> {
        let row = |(spelling, key): (&String, &String)| customer_name::Model {
            spelling: spelling.clone(),
            customer_key: key.clone(),
            name: String::new(),
            compare_key: None,
            search_key: None,
        };
        self.names.iter().map(row).collect()
    }

    /// Whether a name is one of deals.
    pub(in crate::service::verify) fn knows_name(&self, row: &customer_name::Model) -> bool {
        self.names.contains_key(&row.spelling)
    }
}

impl Replay<'_> {
    /// The name of a customer in a step of a deal, which means that customer from then on.
    pub(super) fn customer_named(&mut self, step: &deal_step::Model, key: &str) {
        self.commerce.customers.entry(key.to_owned()).or_default();
        let Some(name) = &step.customer else { return };
        let known = self.commerce.names.entry(name_key(name)).or_insert_with(|| key.to_owned());
        if known != key {
            let (known, seq) = (known.clone(), step.log_seq);
            self.report.add_difference(|| {
                format!("step {seq} of the log: {name} is the customer {key}, expected {known}")
            });
        }
    }

    pub(super) fn customer_step(&mut self, logged: &LoggedStep) -> Result<Option<Step>, String> {
        let missing = || format!("what {:?} did is missing", logged.action);
        let (data, day) = (logged.data.as_deref().ok_or_else(missing)?, logged.day.ok_or_else(missing)?);
        let change: Redefinition = serde_json::from_str(data).map_err(|error| error.to_string())?;
        let is_join = change.spellings.is_none();
        if is_join != (logged.action == LogAction::CustomersJoined) || change.from == change.into {
            return Err(missing());
        }
        self.move_names(&change);
        let is_concerned = |key: &String| *key == change.from || *key == change.into;
        let deals = self.commerce.deals.values().map(|(_, row)| row);
        let mut rows: Vec<deal::Model> =
            deals.filter(|row| is_concerned(&row.customer_key)).cloned().collect();
        rows.sort_by_key(|row| row.seq);
        let known: HashMap<Uuid, bool> = rows.iter().map(|row| (row.id, row.rewarded_on.is_some())).collect();
        let opportunities = self.commerce.opportunities.iter();
        let holds: Vec<(Opportunity, Hold<Uuid>)> = opportunities
            .filter(|((customer, _), _)| is_concerned(customer))
            .filter_map(|(key, hold)| Some((key.clone(), (*hold)?)))
            .filter_map(|(key, hold)| Some((key, hold, known.get(&hold.deal)?)))
            .map(|(key, hold, rewarded)| (key, Hold { won: *rewarded, ..hold }))
            .collect();
        let owner = |id: Uuid| self.commerce.deals.get(&id).map(|(_, row)| row.partner_id);
        let place = |hold: &Hold<Uuid>| {
            place_of_claim(self.commerce.claims.get(&hold.deal)?.iter().copied(), hold.since)
        };
        let redefined = redefine(&self.policy.editions, &change, &mut rows, &holds, day, owner, place);
        for row in rows {
            if let Some((_, state)) = self.commerce.deals.get_mut(&row.id) {
                *state = row;
            }
        }
        for (key, first) in redefined.firsts {
            self.commerce.customers.entry(key).or_default().won = first.map(|(id, _)| id);
        }
        for (key, after) in redefined.holds {
            let before = holds.iter().find(|(of, _)| *of == key).map(|(_, hold)| *hold);
            if before != after {
                self.commerce.opportunities.insert(key, after);
            }
        }
        let mut correction = DealCorrection { of_customers: true, ..DealCorrection::default() };
        if let Some(reward) = redefined.taken {
            correction.taken = self.rewarded(&reward).map(|(deal, partner)| TakenReward {
                deal,
                partner,
                on: reward.on,
                won: false,
                new_customer: true,
            });
        }
        if let Some(reward) = redefined.given {
            let first = self.rewarded(&reward);
            correction.first = first.map(|(deal, partner)| FirstWon { deal, partner, on: reward.on });
        }
        Ok((!correction.is_empty()).then_some(Step::DealsCorrected(correction)))
    }

    fn move_names(&mut self, change: &Redefinition) {
        let Commerce { names, customers, .. } = &mut self.commerce;
        customers.entry(change.into.clone()).or_default();
        let from = customers.entry(change.from.clone()).or_default();
        if let Some(spellings) = &change.spellings {
            names.extend(spellings.iter().map(|spelling| (spelling.clone(), change.into.clone())));
        } else {
            from.joined_into = Some(change.into.clone());
            let of = names.values_mut().filter(|key| **key == change.from);
            of.for_each(|key| key.clone_from(&change.into));
        }
    }
}
