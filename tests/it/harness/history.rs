//! A random history of the whole program: mutations of every kind, each with what the ones before have made. What is
//! not possible when its turn comes is refused.

#![expect(clippy::cast_possible_wrap, reason = "places in short lists")]

mod document;
mod subjects;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::deals::{close, deal, report, status, swag};
use super::{Activity, Order, TestApp};
pub(crate) use document::document;

/// The day of a history.
pub(crate) const TODAY: &str = "2026-08-31";
/// Partners of a history, each with a key of its own; the last two can be merged into another one.
pub(crate) const PARTNERS: [&str; 4] = ["nordwind", "polder", "veld", "veld-bv"];
/// Professionals of a history; the last two can be merged into another one.
pub(crate) const PEOPLE: [&str; 5] = ["ada", "bram", "cleo", "dirk", "dirk-2"];

/// Numbers that look as if they came by chance, and are the same in every run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    pub(crate) fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A day from 2 June 2024 through the day before today.
    fn day(&mut self) -> String {
        let first: NaiveDate = "2024-06-02".parse().expect("a date");
        (first + Days::new(self.below(820) as u64)).to_string()
    }

    /// A day from tomorrow on, through the end of the year.
    fn day_ahead(&mut self) -> String {
        let today: NaiveDate = TODAY.parse().expect("a date");
        (today + Days::new(1 + self.below(120) as u64)).to_string()
    }

    fn pick<'v, T>(&mut self, all: &'v [T]) -> Option<&'v T> {
        if all.is_empty() { None } else { all.get(self.below(all.len())) }
    }
}

/// A mutation of a history.
#[derive(Clone, Debug)]
pub(crate) struct Mutation {
    pub(crate) name: &'static str,
    pub(crate) input: Value,
    /// The partner whose key sends it; none for the administrator's.
    by: Option<&'static str>,
}

/// What a history can go on with.
#[derive(Default)]
pub(crate) struct History {
    keys: BTreeMap<&'static str, String>,
    activities: Vec<Value>,
    claims: Vec<Value>,
    /// Inputs of claims that were sent.
    sent: Vec<Value>,
    orders: Vec<Value>,
    quotes: Vec<Value>,
    swag_orders: Vec<Value>,
    deals: Vec<String>,
    contracts: Vec<(&'static str, String)>,
    /// Ids of affiliations that stand, by professional.
    affiliations: BTreeMap<String, Vec<Value>>,
    /// Ids and names of customers.
    customers: Vec<(Value, Vec<String>)>,
    count: usize,
}

impl History {
    /// Enters the subjects and what they can buy.
    pub(crate) async fn begin(app: &TestApp) -> Self {
        let mut history = Self::default();
        for code in PARTNERS {
            app.partner(code, "2024-06-01").await;
            history.keys.insert(code, app.key("PARTNER", Some(code)).await);
        }
        for code in PEOPLE {
            app.professional(code, "2024-06-01").await;
        }
        app.product("dmc", "USAGE_BASED_SERVICE", &[("1", "EUR")]).await;
        app.product("course", "TRAINING", &[("40", "EUR")]).await;
        app.item("mug", 100, 500).await;
        history
    }

    /// The next mutation; none where chance wants something of which there is none yet.
    pub(crate) fn next(&mut self, chance: &mut Chance) -> Option<Mutation> {
        self.count += 1;
        match chance.below(100) {
            0..=22 => Some(Self::activity(chance)),
            23..=36 => self.review_or_voiding(chance),
            37..=48 => self.affiliation(chance),
            49..=64 => self.order(chance),
            65..=70 => self.swag(chance),
            71..=84 => self.deal(chance),
            85..=92 => self.subject(chance),
            93..=96 => Some(Self::merge(chance)),
            _ => self.customer(chance),
        }
    }

    fn activity(chance: &mut Chance) -> Mutation {
        let (partner, person, on) = (chance.of(&PARTNERS), chance.of(&PEOPLE), chance.day());
        let recorded = |activity: Activity| mutation("recordActivity", activity.input());
        match chance.below(10) {
            0..=3 => {
                let kind =
                    chance.of(&["CUSTOMER_MEETING", "LINKEDIN_POST", "CATALOG_DOWNLOADS", "EVENT_ORGANIZED"]);
                let quantity = if kind == "EVENT_ORGANIZED" { 1 } else { 1 + chance.below(12) as i64 };
                let activity = Activity::of_partner(partner, kind, &on).quantity(quantity);
                recorded(match kind {
                    "CATALOG_DOWNLOADS" => activity.attributes(json!({ "itemType": "connector" })),
                    _ => activity,
                })
            }
            4..=7 => {
                let kind = chance.of(&[
                    "CERTIFICATION_OBTAINED",
                    "DOCS_CORRECTION",
                    "FEEDBACK_SUBMITTED",
                    "LINKEDIN_HEADLINE",
                ]);
                let activity = Activity::of_professional(person, kind, &on);
                recorded(match kind {
                    "CERTIFICATION_OBTAINED" => activity.points(500 + 100 * chance.below(6) as i64),
                    _ => activity,
                })
            }
            8 => {
                let claim = Activity::of_professional(person, "BLOG_POST_PUBLISHED", &on).points(600);
                mutation("submitActivity", claim.input())
            }
            _ => {
                let claim = Activity::of_partner(partner, "EVENT_ORGANIZED", &on);
                Mutation { by: Some(partner), ..mutation("submitActivity", claim.input()) }
            }
        }
    }

    fn review_or_voiding(&mut self, chance: &mut Chance) -> Option<Mutation> {
        match chance.below(6) {
            0 | 1 => {
                let claim = chance.pick(&self.claims)?.clone();
                let decision = chance.of(&["APPROVE", "APPROVE", "REJECT"]);
                Some(mutation(
                    "reviewActivity",
                    json!({ "activityId": claim, "decision": decision, "reason": "seen" }),
                ))
            }
            2 => {
                // What was rejected or voided is sent again under its key.
                let mut again = chance.pick(&self.sent)?.clone();
                again["replaces"] = true.into();
                let name = if again["points"].is_null() { "recordActivity" } else { "submitActivity" };
                Some(mutation(name, again))
            }
            3 => {
                let id = chance.pick(&self.activities)?.clone();
                Some(mutation("voidActivity", json!({ "activityId": id, "reason": "never happened" })))
            }
            _ => {
                let count = 1 + chance.below(3);
                let mut ids: Vec<Value> =
                    (0..count).filter_map(|_| chance.pick(&self.activities).cloned()).collect();
                ids.dedup();
                (!ids.is_empty())
                    .then(|| mutation("voidActivities", json!({ "ids": ids, "reason": "twice" })))
            }
        }
    }

    fn affiliation(&mut self, chance: &mut Chance) -> Option<Mutation> {
        let (partner, person, on) = (chance.of(&PARTNERS), chance.of(&PEOPLE), chance.day());
        let known = self.affiliations.get(person).map_or(&[][..], Vec::as_slice);
        match chance.below(8) {
            0..=2 => {
                let mut input = json!({ "professional": person, "partner": partner, "startsOn": on });
                if chance.below(3) == 0 {
                    input["endsOn"] = chance.day_ahead().into();
                }
                Some(mutation("affiliateProfessional", input))
            }
            3 => Some(mutation("endAffiliation", json!({ "professional": person, "endsOn": on }))),
            4 => {
                let on = if chance.below(2) == 0 { TODAY.to_owned() } else { chance.day_ahead() };
                Some(mutation("endAffiliation", json!({ "professional": person, "endsOn": on })))
            }
            5 | 6 => {
                let id = chance.pick(known)?;
                let mut input = json!({ "affiliation": id, "reason": "mixed up" });
                match chance.below(3) {
                    0 => input["partner"] = partner.into(),
                    1 => input["startsOn"] = on.into(),
                    _ => (input["partner"], input["startsOn"]) = (partner.into(), on.into()),
                }
                Some(mutation("correctAffiliation", input))
            }
            _ => {
                let id = chance.pick(known)?;
                Some(mutation("voidAffiliation", json!({ "affiliation": id, "reason": "never was" })))
            }
        }
    }

    fn order(&mut self, chance: &mut Chance) -> Option<Mutation> {
        let partner = chance.of(&PARTNERS);
        let credits = chance.below(9) as i64;
        let order = match chance.below(3) {
            0 => Order::self_use(partner).line("dmc", 1 + chance.below(60) as i64).credits(credits),
            1 => Order::self_use(partner).line("course", 1 + chance.below(4) as i64).credits(credits),
            _ => Order::for_customer(partner).line("dmc", 100),
        };
        let key = |what: &str| format!("{what}-{}", self.count);
        match chance.below(12) {
            0..=2 => Some(mutation("placeOrder", order.keyed(&key("order")))),
            3 | 4 => {
                let (until, hold) = (chance.day_ahead(), chance.below(3) > 0);
                let input = json!({ "order": order.input(), "validUntil": until, "hold": hold });
                Some(mutation("saveQuote", input))
            }
            5 => {
                let quote = chance.pick(&self.quotes)?;
                Some(mutation("placeOrder", json!({ "quote": quote, "idempotencyKey": key("quote") })))
            }
            6 => {
                let quote = chance.pick(&self.quotes)?;
                Some(mutation("withdrawQuote", json!({ "number": quote, "reason": "no budget" })))
            }
            7 => {
                let number = chance.pick(&self.orders)?;
                Some(mutation("cancelOrder", json!({ "number": number, "reason": "too early" })))
            }
            8 | 9 => {
                let number = chance.pick(&self.orders)?;
                Some(mutation("fulfillOrder", json!({ "number": number, "fulfilledOn": TODAY })))
            }
            10 => {
                let number = chance.pick(&self.orders)?;
                let input = json!({ "number": number, "returnedOn": TODAY, "reason": "never installed" });
                Some(mutation("returnOrder", input))
            }
            _ => {
                let amount = chance.of(&["90", "150", "250", "400"]);
                let target = json!({ "amount": amount, "currency": "EUR" });
                Some(mutation(
                    "setSalesTarget",
                    json!({ "partner": partner, "year": 2026, "target": target }),
                ))
            }
        }
    }

    fn swag(&mut self, chance: &mut Chance) -> Option<Mutation> {
        let person = chance.of(&PEOPLE);
        match chance.below(5) {
            0 | 1 => {
                Some(mutation("placeSwagOrder", swag(person, "mug", 1, &format!("swag-{}", self.count))))
            }
            2 => {
                let number = chance.pick(&self.swag_orders)?;
                Some(mutation("cancelSwagOrder", json!({ "number": number, "reason": "wrong size" })))
            }
            3 => Some(mutation("fulfillSwagOrder", json!({ "number": chance.pick(&self.swag_orders)? }))),
            _ => {
                let price = 80 + 10 * chance.below(4) as i64;
                let item = json!({ "code": "mug", "name": "Mug", "dojoCredits": price, "stock": 500 });
                Some(mutation("saveSwagItem", item))
            }
        }
    }

    fn deal(&mut self, chance: &mut Chance) -> Option<Mutation> {
        let partner = chance.of(&PARTNERS);
        let on = |chance: &mut Chance| format!("2026-08-{:02}", 10 + chance.below(21));
        if self.deals.len() < 3 || chance.below(5) == 0 {
            let customer = chance.of(&["Acme", "Acme Inc", "Bolt", "Bolt, B.V.", "Corp", "Dune"]);
            let reference = format!("D-{}", self.count);
            return Some(mutation("registerDeal", deal(partner, &reference, customer, "2026-08-01")));
        }
        let reference = chance.pick(&self.deals)?.clone();
        let owner = PARTNERS[chance.below(PARTNERS.len())];
        Some(match chance.below(12) {
            0..=2 => {
                let to = chance.of(&["ENGAGED", "ENGAGED", "QUOTED", "COLD", "LEAD"]);
                mutation("updateDeal", status(&reference, to, &on(chance)))
            }
            3 => mutation("reportDealActivity", report(&reference, "MEETING", &on(chance))),
            4 | 5 => {
                // By a partner's key, which reports a win only; another one's deal does not exist for it.
                let outcome = chance.of(&["WON_BY_PARTNER", "WON_BY_OTHER", "LOST"]);
                let closed = mutation("closeDeal", close(&reference, outcome, &on(chance)));
                Mutation { by: Some(owner), ..closed }
            }
            6 => {
                let outcome = chance.of(&["WON_BY_PARTNER", "WON_BY_OTHER", "DROPPED"]);
                mutation("closeDeal", close(&reference, outcome, &on(chance)))
            }
            7..=9 => {
                let decision = chance.of(&["APPROVE", "APPROVE", "REJECT"]);
                let input =
                    json!({ "reference": reference, "decision": decision, "reason": "looked into it" });
                mutation("reviewDeal", input)
            }
            10 => mutation("reopenDeal", json!({ "reference": reference, "reason": "it fell through" })),
            _ => {
                let input = json!({ "reference": reference, "on": on(chance), "reason": "no longer wanted" });
                mutation("withdrawDeal", input)
            }
        })
    }

    /// Sends a mutation, and gives its payload.
    pub(crate) async fn send(&self, app: &TestApp, step: &Mutation) -> Value {
        let document = document(step.name, true);
        let variables = json!({ "input": step.input });
        let answer = match step.by {
            None => app.send(&document, variables).await,
            Some(partner) => app.send_as(&self.keys[partner], &document, variables).await,
        };
        let payload = &answer.body["data"][step.name];
        assert!(answer.body["errors"].is_null() && payload.is_object(), "{step:?}\n{}", answer.text);
        payload.clone()
    }

    /// Keeps what a mutation has made.
    pub(crate) fn learn(&mut self, step: &Mutation, payload: &Value) {
        let found = |path: &str| payload.pointer(path).filter(|value| value.is_string()).cloned();
        if let Some(id) = found("/activity/id") {
            let list = if step.name == "submitActivity" { &mut self.claims } else { &mut self.activities };
            if !list.contains(&id) {
                list.push(id);
            }
            if ["submitActivity", "recordActivity"].contains(&step.name) && step.by.is_none() {
                self.sent.push(step.input.clone());
            }
        }
        for (path, list) in [
            ("/order/number", &mut self.orders),
            ("/savedQuote/number", &mut self.quotes),
            ("/swagOrder/number", &mut self.swag_orders),
        ] {
            list.extend(found(path).filter(|number| !list.contains(number)));
        }
        if let Some(Value::String(reference)) =
            found("/deal/reference").filter(|_| step.name == "registerDeal")
        {
            self.deals.push(reference);
        }
        self.learn_customers(step, payload);
        if step.name == "recordContract" && !payload["partner"].is_null() {
            let of = PARTNERS.into_iter().find(|code| step.input["partner"] == *code).expect("a partner");
            self.contracts.push((of, step.input["reference"].as_str().expect("a text").to_owned()));
        }
        if let Some(nodes) = payload.pointer("/professional/affiliations/nodes").and_then(Value::as_array) {
            let code = payload["professional"]["code"].as_str().expect("a code").to_owned();
            let standing = nodes.iter().filter(|one| one["voided"].is_null());
            self.affiliations.insert(code, standing.map(|one| one["id"].clone()).collect());
        }
    }
}

fn mutation(name: &'static str, input: Value) -> Mutation {
    Mutation { name, input, by: None }
}

fn with(mut input: Value, more: Value) -> Value {
    let Value::Object(more) = more else { return input };
    input.as_object_mut().expect("an object").extend(more);
    input
}

impl Mutation {
    /// The same as a preview.
    pub(crate) fn preview(&self) -> Self {
        Self { input: with(self.input.clone(), json!({ "preview": true })), ..self.clone() }
    }
}
