//! Mutations of subjects themselves: their days, contracts and levels, merges, and what customers are.

use serde_json::{Value, json};

use super::super::contract;
use super::{Chance, History, Mutation, PARTNERS, PEOPLE, TODAY, mutation, with};

impl History {
    pub(super) fn subject(&mut self, chance: &mut Chance) -> Option<Mutation> {
        let (partner, person) = (chance.of(&PARTNERS), chance.of(&PEOPLE));
        let earlier = |chance: &mut Chance| format!("2024-0{}-1{}", 1 + chance.below(6), chance.below(9));
        Some(match chance.below(12) {
            0 => {
                let first = chance.day();
                let reference = format!("K-{}", self.count);
                let until = chance.day_ahead();
                mutation(
                    "recordContract",
                    contract(partner, &reference, (&first, &until), &[("TRAINING", "5")]),
                )
            }
            1 => {
                let (of, reference) = chance.pick(&self.contracts)?.clone();
                let on = chance.day_ahead();
                let input =
                    json!({ "partner": of, "reference": reference, "endsOn": on, "reason": "ended early" });
                mutation("endContract", input)
            }
            2 => {
                let (of, reference) = chance.pick(&self.contracts)?.clone();
                let input = json!({ "partner": of, "reference": reference, "reason": "never signed" });
                mutation("voidContract", input)
            }
            3 => mutation("updatePartner", json!({ "code": partner, "enrolledOn": earlier(chance) })),
            4 => {
                let mut input = json!({ "code": person, "signedUpOn": earlier(chance), "reason": "misread" });
                if chance.below(2) == 0 {
                    input["name"] = format!("Professional {}", self.count).into();
                }
                mutation("updateProfessional", input)
            }
            5 => {
                let on = [Value::Null, Value::Null, TODAY.into()][chance.below(3)].clone();
                mutation("endPartnership", json!({ "partner": partner, "on": on, "reason": "terminated" }))
            }
            6 => {
                let on = [Value::Null, Value::Null, TODAY.into()][chance.below(3)].clone();
                mutation("endMembership", json!({ "professional": person, "on": on, "reason": "retired" }))
            }
            7 | 8 => {
                let (from, until) = (chance.day(), chance.day_ahead());
                let input = if chance.below(2) == 0 {
                    let level = chance.of(&["MEMBER", "COLLABORATOR", "CREATOR"]);
                    let track = chance.of(&["TECHNICAL", "BUSINESS"]);
                    json!({ "partner": partner, "track": track, "level": level })
                } else {
                    let level = chance.of(&["ADVOCATE", "ENABLER", "CATALYST"]);
                    json!({ "professional": person, "level": level })
                };
                mutation(
                    "overrideLevel",
                    with(input, json!({ "from": from, "until": until, "reason": "a pilot" })),
                )
            }
            9 | 10 => {
                let subject = if chance.below(2) == 0 {
                    json!({ "partner": partner, "track": chance.of(&["TECHNICAL", "BUSINESS"]) })
                } else {
                    json!({ "professional": person })
                };
                mutation("endOverride", with(subject, json!({ "reason": "the pilot is over" })))
            }
            _ => {
                let price = json!([{ "amount": chance.of(&["35", "40", "45"]), "currency": "EUR" }]);
                let product =
                    json!({ "code": "course", "name": "Course", "category": "TRAINING", "prices": price });
                mutation("saveProduct", product)
            }
        })
    }

    /// A merge of two accounts. Of those that can be merged, some contradict each other.
    pub(super) fn merge(chance: &mut Chance) -> Mutation {
        let (name, from, into) = if chance.below(2) == 0 {
            ("mergePartners", chance.of(&PARTNERS[2..]), chance.of(&PARTNERS))
        } else {
            ("mergeProfessionals", chance.of(&PEOPLE[3..]), chance.of(&PEOPLE))
        };
        mutation(name, json!({ "from": from, "into": into, "reason": "entered twice" }))
    }

    /// Customers that are one, or names that are not.
    pub(super) fn customer(&self, chance: &mut Chance) -> Option<Mutation> {
        let (id, names) = chance.pick(&self.customers)?;
        if chance.below(2) == 0 {
            let (into, _) = chance.pick(&self.customers)?;
            return Some(mutation(
                "joinCustomers",
                json!({ "from": id, "into": into, "reason": "one company" }),
            ));
        }
        let names = json!([chance.pick(names)?]);
        Some(mutation(
            "separateCustomers",
            json!({ "customer": id, "names": names, "reason": "two companies" }),
        ))
    }

    /// Keeps which customers there are, and their names.
    pub(super) fn learn_customers(&mut self, step: &Mutation, payload: &Value) {
        let found = if payload["customer"].is_null() {
            &payload["deal"]["endCustomer"]
        } else {
            &payload["customer"]
        };
        let Some(names) = found["spellings"].as_array() else { return };
        let names: Vec<String> = names.iter().map(|name| name.as_str().expect("a text").to_owned()).collect();
        if step.name == "joinCustomers" {
            self.customers.retain(|(id, _)| *id != step.input["from"]);
        }
        for (_, known) in &mut self.customers {
            known.retain(|name| !names.contains(name));
        }
        match self.customers.iter_mut().find(|(id, _)| *id == found["id"]) {
            Some((_, known)) => *known = names,
            None => self.customers.push((found["id"].clone(), names)),
        }
    }
}
