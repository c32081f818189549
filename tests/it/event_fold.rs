//! Whoever folds the feed alone gets every number, status and level that the API answers.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::events::feed;
use crate::harness::deals::{close, deal, report, status, swag};
use crate::harness::{Activity, Backend, Order, TestApp, verified};

both! {
    a_fold_of_the_feed_equals_the_api,
}

const TODAY: &str = "2026-08-31";
const PARTNERS: [&str; 3] = ["nordwind", "polder", "veld"];
const PEOPLE: [&str; 4] = ["ada", "bram", "cleo", "dirk"];
/// Steps of a history; what is not possible when its turn comes is refused, and emits nothing.
const STEPS: usize = 220;

/// Numbers that look as if they came by chance, and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A day from 2 June 2024 through the day before today.
    fn day(&mut self) -> String {
        let first: NaiveDate = "2024-06-02".parse().expect("a date");
        (first + Days::new(self.below(820) as u64)).to_string()
    }
}

/// What somebody knows who read the events and nothing else.
#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    /// Balance by partner.
    balances: BTreeMap<String, i64>,
    /// Level credits by partner, year and track.
    credits: BTreeMap<(String, String, String), i64>,
    /// Dojo Credits by professional.
    dojo_credits: BTreeMap<String, i64>,
    /// Points by professional and day.
    points: BTreeMap<(String, String), i64>,
    /// Levels by subject and track.
    levels: BTreeMap<(String, String), String>,
    /// Statuses by type and key.
    statuses: BTreeMap<(&'static str, String), String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

impl Known {
    fn take(&mut self, event: &Value) {
        let data = &event["data"];
        let (partner, professional) = (text(&data["partner"]), text(&data["professional"]));
        let entry = &data["entry"];
        match event["type"].as_str().expect("a type") {
            "PARTNER_ENROLLED" => {
                self.balances.insert(partner.clone(), 0);
                for track in ["TECHNICAL", "BUSINESS"] {
                    self.levels
                        .insert((partner.clone(), track.to_owned()), text(&data["enrolment"]["level"]));
                }
            }
            "PROFESSIONAL_SIGNED_UP" => {
                self.dojo_credits.insert(professional.clone(), 0);
                self.levels.insert((professional, String::new()), String::new());
            }
            "CREDITS_CHANGED" => {
                let balance = self.balances.entry(partner.clone()).or_default();
                *balance += number(&entry["spendableCredits"]);
                assert_eq!(*balance, number(&entry["balanceAfter"]), "{event}");
                if !entry["track"].is_null() {
                    let year = text(&event["occurredOn"])[..4].to_owned();
                    *self.credits.entry((partner, year, text(&entry["track"]))).or_default() +=
                        number(&entry["levelCredits"]);
                }
            }
            "POINTS_CHANGED" => {
                *self.dojo_credits.entry(professional.clone()).or_default() += number(&entry["dojoCredits"]);
                *self.points.entry((professional, text(&event["occurredOn"]))).or_default() +=
                    number(&entry["points"]);
            }
            "LEVEL_REACHED" | "LEVEL_LAPSED" => {
                let level = &data["level"];
                let who = if level["track"].is_null() { professional } else { partner };
                let before = self.levels.insert((who, text(&level["track"])), text(&level["to"]));
                assert_eq!(before, Some(text(&level["from"])), "{event}");
            }
            _ => {}
        }
        for (name, keys) in [
            ("activity", ["source", "externalId"]),
            ("order", ["number", ""]),
            ("deal", ["reference", ""]),
            ("swagOrder", ["number", ""]),
        ] {
            let object = &data[name];
            let key = keys.map(|key| text(&object[key])).join(" ");
            if event["type"] == "DEAL_EXPIRED" {
                self.statuses.insert(("deal", text(&data["deal"]["reference"])), "EXPIRED".to_owned());
            } else if object["status"].is_string() {
                self.statuses.insert((name, key.trim_end().to_owned()), text(&object["status"]));
            }
        }
    }
}

/// The id or number of what was made; none where it was refused.
fn text_of(value: &Value) -> Option<Value> {
    value.is_string().then(|| value.clone())
}

/// Sends a mutation, which may be refused.
async fn tried(app: &TestApp, mutation: &str, input: Value) -> Value {
    app.mutate(mutation, input).await
}

async fn step(app: &TestApp, chance: &mut Chance, place: usize, made: &mut Made) {
    let (partner, person, on) = (chance.of(&PARTNERS), chance.of(&PEOPLE), chance.day());
    match chance.below(20) {
        0..=3 => {
            let kind =
                chance.of(&["CUSTOMER_MEETING", "LINKEDIN_POST", "CATALOG_DOWNLOADS", "EVENT_ORGANIZED"]);
            let quantity = if kind == "EVENT_ORGANIZED" { 1 } else { 1 + chance.below(12) as i64 };
            let mut activity = Activity::of_partner(partner, kind, &on).quantity(quantity);
            if kind == "CATALOG_DOWNLOADS" {
                activity = activity.attributes(json!({ "itemType": "connector" }));
            }
            made.activities
                .push(tried(app, "recordActivity", activity.input()).await["activity"]["id"].clone());
        }
        4..=7 => {
            let kind = chance.of(&["CERTIFICATION_OBTAINED", "DOCS_CORRECTION", "FEEDBACK_SUBMITTED"]);
            let mut activity = Activity::of_professional(person, kind, &on);
            if kind == "CERTIFICATION_OBTAINED" {
                activity = activity.points(500 + 100 * chance.below(6) as i64);
            }
            made.activities
                .push(tried(app, "recordActivity", activity.input()).await["activity"]["id"].clone());
        }
        8 => {
            let claim = Activity::of_professional(person, "BLOG_POST_PUBLISHED", &on).points(600);
            made.claims.extend(text_of(&tried(app, "submitActivity", claim.input()).await["activity"]["id"]));
        }
        9 => {
            if let Some(claim) = made.claims.pop() {
                let decision = chance.of(&["APPROVE", "REJECT"]);
                tried(app, "reviewActivity", json!({ "activityId": claim, "decision": decision })).await;
                made.activities.push(claim);
            }
        }
        10 | 11 => {
            let ids: Vec<Value> = (0..1 + chance.below(3))
                .filter_map(|_| {
                    let count = made.activities.len();
                    (count > 0).then(|| made.activities.swap_remove(chance.below(count)))
                })
                .filter(Value::is_string)
                .collect();
            tried(app, "voidActivities", json!({ "ids": ids })).await;
        }
        12 => {
            let input = json!({ "professional": person, "partner": partner, "startsOn": on });
            tried(app, "affiliateProfessional", input).await;
        }
        13 => {
            tried(app, "endAffiliation", json!({ "professional": person, "endsOn": on })).await;
        }
        14 => {
            let order = Order::self_use(partner).line("dmc", 1 + chance.below(60) as i64);
            let order = order.credits(chance.below(6) as i64).fresh();
            made.orders.extend(text_of(&tried(app, "placeOrder", order).await["order"]["number"]));
        }
        15 => {
            let order = Order::for_customer(partner).line("dmc", 100).fresh();
            made.orders.extend(text_of(&tried(app, "placeOrder", order).await["order"]["number"]));
            app.target(partner, 2026, "150", "EUR").await;
        }
        16 => {
            let Some(number) = made.orders.pop() else { return };
            if chance.below(2) == 0 {
                tried(app, "cancelOrder", json!({ "number": number })).await;
            } else {
                tried(app, "fulfillOrder", json!({ "number": number, "fulfilledOn": TODAY })).await;
            }
        }
        17 => {
            if chance.below(3) == 0
                && let Some(number) = made.swag_orders.pop()
            {
                tried(app, "cancelSwagOrder", json!({ "number": number })).await;
                return;
            }
            let input = swag(person, "mug", 1, &format!("swag-{place}"));
            made.swag_orders
                .extend(text_of(&tried(app, "placeSwagOrder", input).await["swagOrder"]["number"]));
        }
        _ => step_of_deals(app, chance, (place, partner), made).await,
    }
}

async fn step_of_deals(app: &TestApp, chance: &mut Chance, (place, partner): (usize, &str), made: &mut Made) {
    let today = "2026-08-30";
    match (chance.below(4), made.deals.len()) {
        (0, _) | (_, 0) => {
            let customer = chance.of(&["Acme", "Bolt", "Corp"]);
            let reference = format!("D-{place}");
            tried(app, "registerDeal", deal(partner, &reference, customer, "2026-08-01")).await;
            tried(app, "updateDeal", status(&reference, "ENGAGED", "2026-08-02")).await;
            made.deals.push(reference);
        }
        (1, count) => {
            let reference = &made.deals[chance.below(count)];
            tried(app, "reportDealActivity", report(reference, "MEETING", today)).await;
            tried(app, "updateDeal", status(reference, "QUOTED", today)).await;
        }
        (_, count) => {
            let reference = made.deals.swap_remove(chance.below(count));
            let outcome = chance.of(&["WON_BY_PARTNER", "WON_BY_OTHER", "LOST"]);
            tried(app, "closeDeal", close(&reference, outcome, today)).await;
        }
    }
}

/// What the history can go on with.
#[derive(Default)]
struct Made {
    activities: Vec<Value>,
    claims: Vec<Value>,
    orders: Vec<Value>,
    swag_orders: Vec<Value>,
    deals: Vec<String>,
}

/// All statuses of the objects of one list, in pages.
async fn statuses(app: &TestApp, subject: (&str, &str), list: &str, keys: &str) -> Vec<(String, String)> {
    let (kind, code) = subject;
    let query = format!(
        "query($code: String!, $after: String) {{ {kind}(code: $code) {{ {list}(first: 100, after: $after) {{ \
         nodes {{ {keys} status }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let (mut found, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = app.ok(&query, json!({ "code": code, "after": after })).await;
        let page = &data[kind][list];
        for node in page["nodes"].as_array().expect("a list") {
            let key: Vec<String> = keys.split(' ').map(|key| text(&node[key])).collect();
            found.push((key.join(" "), text(&node["status"])));
        }
        if page["pageInfo"]["hasNextPage"] == false {
            return found;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn a_fold_of_the_feed_equals_the_api(backend: Backend) {
    for seed in [1, 2] {
        let app = TestApp::start(backend, TODAY).await;
        for code in PARTNERS {
            app.partner(code, "2024-06-01").await;
        }
        for code in PEOPLE {
            app.professional(code, "2024-06-01").await;
        }
        app.product("dmc", "USAGE_BASED_SERVICE", &[("1", "EUR")]).await;
        app.item("mug", 100, 500).await;
        let (mut chance, mut made) = (Chance(seed), Made::default());
        for place in 0..STEPS {
            step(&app, &mut chance, place, &mut made).await;
        }
        // Later, so that levels lapse and deals expire by time alone.
        let app = app.restart("2027-02-01").await;
        app.services().emit_time_based_events().await.expect("what is due");
        verified(app.services()).await;
        let mut known = Known::default();
        for event in feed(&app, 0).await {
            known.take(&event);
        }
        compare(&app, &known).await;
    }
}

async fn compare(app: &TestApp, known: &Known) {
    let query = "query($code: String!) { partner(code: $code) { balance y2024: credits(year: 2024) { technical business } \
        y2025: credits(year: 2025) { technical business } y2026: credits(year: 2026) { technical business } \
        standing { technical { level { code } } business { level { code } } } } }";
    let (mut nonzero, mut seen) = (0, 0);
    for code in PARTNERS {
        let partner = app.ok(query, json!({ "code": code })).await["partner"].clone();
        assert_eq!(known.balances[code], number(&partner["balance"]), "{code}");
        for (field, year) in [("y2024", "2024"), ("y2025", "2025"), ("y2026", "2026")] {
            for (name, track) in [("technical", "TECHNICAL"), ("business", "BUSINESS")] {
                let key = (code.to_owned(), year.to_owned(), track.to_owned());
                let credits = known.credits.get(&key).copied().unwrap_or(0);
                assert_eq!(credits, number(&partner[field][name]), "{key:?}");
                nonzero += i32::from(credits != 0);
            }
        }
        for (name, track) in [("technical", "TECHNICAL"), ("business", "BUSINESS")] {
            let level = text(&partner["standing"][name]["level"]["code"]);
            assert_eq!(known.levels[&(code.to_owned(), track.to_owned())], level, "{code} {track}");
        }
        for (list, name, keys) in [
            ("activities", "activity", "source externalId"),
            ("orders", "order", "number"),
            ("deals", "deal", "reference"),
        ] {
            for (key, status) in statuses(app, ("partner", code), list, keys).await {
                assert_eq!(known.statuses.get(&(name, key.clone())), Some(&status), "{name} {key}");
                seen += 1;
            }
        }
    }
    for code in PEOPLE {
        let person = app.professional_on(code, "2027-02-01").await;
        let standing = &person["standing"];
        assert_eq!(known.dojo_credits[code], number(&person["dojoCredits"]), "{code}");
        let (from, to) = (text(&standing["startsOn"]), text(&standing["renewsOn"]));
        let of_year = known.points.range((code.to_owned(), from)..(code.to_owned(), to));
        assert_eq!(of_year.map(|(_, points)| points).sum::<i64>(), number(&standing["points"]), "{code}");
        let level = text(&standing["level"]["code"]);
        assert_eq!(known.levels[&(code.to_owned(), String::new())], level, "{code}");
        for (list, name, keys) in
            [("activities", "activity", "source externalId"), ("swagOrders", "swagOrder", "number")]
        {
            for (key, status) in statuses(app, ("professional", code), list, keys).await {
                assert_eq!(known.statuses.get(&(name, key.clone())), Some(&status), "{name} {key}");
                seen += 1;
            }
        }
    }
    assert_eq!(known.statuses.len(), seen, "no more than there is");
    assert!(nonzero > 5 && seen > 60, "a history without much in it: {nonzero} sums, {seen} objects");
}
