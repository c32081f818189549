//! Whoever folds the feed alone gets every number, status and level that the API answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::events::{feed, latest};
use crate::harness::history::{Chance, History, Mutation, PARTNERS, PEOPLE, TODAY};
use crate::harness::{Backend, TestApp, verified};

both! {
    a_fold_of_the_feed_equals_the_api,
}

/// Mutations of a history; what is not possible when its turn comes is refused, and emits nothing.
const STEPS: usize = 320;

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
    /// Statuses by type and key; of an activity, those of what it took the place of come first.
    statuses: BTreeMap<(&'static str, String), Vec<String>>,
    /// First and last day of each subject.
    members: BTreeMap<String, (String, Value)>,
    /// Last days of affiliations that stand, by professional, partner and first day.
    affiliations: BTreeMap<(String, String, String), Value>,
    /// Contracts by partner and reference: last day, and whether it was voided.
    contracts: BTreeMap<(String, String), (String, bool)>,
    /// The subjects that others were merged into, by the code of the merged one.
    merged: BTreeMap<String, String>,
    /// Customers by those of their names that were joined or separated.
    customers: BTreeMap<String, String>,
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
                self.members.insert(partner.clone(), (text(&data["enrolment"]["enrolledOn"]), Value::Null));
                for track in ["TECHNICAL", "BUSINESS"] {
                    self.levels
                        .insert((partner.clone(), track.to_owned()), text(&data["enrolment"]["level"]));
                }
            }
            "PROFESSIONAL_SIGNED_UP" => {
                self.dojo_credits.insert(professional.clone(), 0);
                self.members.insert(professional.clone(), (text(&data["signUp"]["signedUpOn"]), Value::Null));
                self.levels.insert((professional, String::new()), String::new());
            }
            "PARTNER_UPDATED" if !data["enrolledOn"].is_null() => {
                self.member(&partner).0 = text(&data["enrolledOn"]);
            }
            "PROFESSIONAL_UPDATED" if !data["signedUpOn"].is_null() => {
                self.member(&professional).0 = text(&data["signedUpOn"]);
            }
            "PARTNERSHIP_ENDED" | "PARTNERSHIP_RESUMED" => {
                self.member(&partner).1 = data["membership"]["leftOn"].clone();
            }
            "MEMBERSHIP_ENDED" | "MEMBERSHIP_RESUMED" => {
                self.member(&professional).1 = data["membership"]["leftOn"].clone();
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
            kind if kind.starts_with("AFFILIATION_") => {
                let one = &data["affiliation"];
                let key = |first: &Value| (professional.clone(), partner.clone(), text(first));
                if !one["replaces"].is_null() {
                    self.affiliations.remove(&key(&one["replaces"]["startsOn"]));
                }
                if one["voided"] == true {
                    self.affiliations.remove(&key(&one["startsOn"]));
                } else {
                    self.affiliations.insert(key(&one["startsOn"]), one["endsOn"].clone());
                }
            }
            "PARTNERS_MERGED" | "PROFESSIONALS_MERGED" => {
                self.merge(&text(&data["merge"]["from"]), &text(&data["merge"]["into"]));
            }
            "CUSTOMERS_JOINED" | "CUSTOMERS_SEPARATED" => {
                let names = data["customers"]["names"].as_array().expect("a list");
                let into = text(&data["customers"]["into"]);
                self.customers.extend(names.iter().map(|name| (text(name), into.clone())));
            }
            kind if kind.starts_with("CONTRACT_") => {
                let one = &data["contract"];
                let state = (text(&one["endsOn"]), one["voided"] == true);
                self.contracts.insert((partner, text(&one["reference"])), state);
            }
            _ => {}
        }
        self.take_statuses(event);
    }

    /// Affiliations and contracts of one subject are the other's.
    fn merge(&mut self, from: &str, into: &str) {
        let now = |code: String| if code == from { into.to_owned() } else { code };
        let affiliations = std::mem::take(&mut self.affiliations).into_iter();
        self.affiliations =
            affiliations.map(|((who, partner, first), end)| ((now(who), now(partner), first), end)).collect();
        let contracts = std::mem::take(&mut self.contracts).into_iter();
        self.contracts =
            contracts.map(|((partner, reference), state)| ((now(partner), reference), state)).collect();
        self.members.remove(from);
        self.merged.insert(from.to_owned(), into.to_owned());
    }

    /// The code that a subject has now; none if it is its own.
    fn merged_into(&self, code: &str) -> Option<&str> {
        let mut into = self.merged.get(code)?;
        while let Some(next) = self.merged.get(into) {
            into = next;
        }
        Some(into)
    }

    fn member(&mut self, code: &str) -> &mut (String, Value) {
        self.members.get_mut(code).expect("one who came first")
    }

    fn take_statuses(&mut self, event: &Value) {
        let data = &event["data"];
        let kind = event["type"].as_str().expect("a type");
        for (name, keys) in [
            ("activity", ["source", "externalId"]),
            ("order", ["number", ""]),
            ("deal", ["reference", ""]),
            ("swagOrder", ["number", ""]),
            ("quote", ["number", ""]),
        ] {
            let object = &data[name];
            // An entry names the activity whose award it is, which another one may have replaced.
            let of_activity = kind.starts_with("ACTIVITY_") || kind.starts_with("CLAIM_");
            if !object["status"].is_string() || (name == "activity" && !of_activity) {
                continue;
            }
            let key = keys.map(|key| text(&object[key])).join(" ");
            let known = self.statuses.entry((name, key.trim_end().to_owned())).or_default();
            let is_new =
                ["ACTIVITY_RECORDED", "CLAIM_SUBMITTED"].contains(&kind) && object["replaces"] == true;
            if known.is_empty() || is_new {
                known.push(text(&object["status"]));
            } else if let Some(last) = known.last_mut() {
                *last = text(&object["status"]);
            }
        }
    }
}

/// Objects of one list in pages, each with these fields.
async fn listed(app: &TestApp, subject: (&str, &str), list: &str, fields: &str) -> Vec<Value> {
    let (kind, code) = subject;
    let query = format!(
        "query($code: String!, $after: String) {{ {kind}(code: $code) {{ {list}(first: 100, after: $after) {{ \
         nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let (mut found, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = app.ok(&query, json!({ "code": code, "after": after })).await;
        let page = &data[kind][list];
        found.extend(page["nodes"].as_array().expect("a list").iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return found;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// All statuses of the objects of one list, by key.
async fn statuses(
    app: &TestApp,
    subject: (&str, &str),
    list: &str,
    keys: &str,
) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in listed(app, subject, list, &format!("{keys} status")).await {
        let key: Vec<String> = keys.split(' ').map(|key| text(&node[key])).collect();
        found.entry(key.join(" ")).or_default().push(text(&node["status"]));
    }
    found
}

async fn a_fold_of_the_feed_equals_the_api(backend: Backend) {
    let mut done = BTreeMap::new();
    for seed in [1, 2, 3] {
        let app = TestApp::start(backend, TODAY).await;
        let (mut chance, mut history) = (Chance(seed), History::begin(&app).await);
        let mut last = latest(&app).await;
        for _ in 0..STEPS {
            let Some(step) = history.next(&mut chance) else { continue };
            let payload = history.send(&app, &step).await;
            history.learn(&step, &payload);
            let events = feed(&app, last).await;
            last += i64::try_from(events.len()).expect("a few");
            if !events.is_empty() {
                *done.entry(step.name).or_insert(0) += 1;
            }
            said(&app, &step, &events).await;
        }
        // Later, so that levels lapse and deals and quotes expire by time alone.
        let app = app.restart("2027-02-01").await;
        app.services().emit_time_based_events().await.expect("what is due");
        verified(app.services()).await;
        let mut known = Known::default();
        for event in feed(&app, 0).await {
            known.take(&event);
        }
        compare(&app, &known).await;
    }
    assert!(done.len() > 30, "of most kinds of mutations, some take effect: {done:?}");
    for name in ["mergePartners", "mergeProfessionals", "joinCustomers", "separateCustomers"] {
        assert!(done.contains_key(name), "{name} takes effect: {done:?}");
    }
}

/// Checks what the events of one mutation say besides numbers: who and why, about whom, and when.
async fn said(app: &TestApp, step: &Mutation, events: &[Value]) {
    for event in events {
        let data = &event["data"];
        for subject in ["partner", "professional"] {
            assert_eq!(data[subject], event[subject]["code"], "{step:?}: {event}");
        }
        if data["level"]["timeBased"] == true {
            assert!(data["actor"].is_null() && data["reason"].is_null(), "{event}");
            continue;
        }
        if is_of_another_partner(step, events, event) {
            assert!(data["actor"].is_null() && data["reason"].is_null(), "{step:?}: {event}");
        } else {
            assert!(data["actor"].is_string(), "{step:?}: {event}");
            assert_eq!(data["reason"], step.input["reason"], "{step:?}: {event}");
        }
        if step.name.contains("ffiliat") && event["type"] == "CREDITS_CHANGED" {
            assert!(data["activity"]["externalId"].is_string(), "{step:?}: {event}");
        }
        if event["type"] == "LEVEL_REACHED" {
            reached(app, event).await;
        }
    }
}

/// Whether an event tells a partner what a step about another one's deal, or about customers, brings it: it is not told
/// who did that and why (R4).
fn is_of_another_partner(step: &Mutation, events: &[Value], event: &Value) -> bool {
    let is_of =
        |event: &Value, kind: &str| event["type"].as_str().is_some_and(|found| found.starts_with(kind));
    if !event["professional"].is_null() || event["partner"].is_null() {
        return false;
    }
    let of_deal = events.iter().find(|event| is_of(event, "DEAL_")).map(|event| &event["partner"]);
    let is_about_deals = step.name.ends_with("Deal") || step.name.ends_with("Customers");
    is_about_deals && !is_of(event, "DEAL_") && of_deal != Some(&event["partner"])
}

/// Levels from the lowest to the highest, of partners and of professionals.
const LEVELS: [&str; 6] = ["MEMBER", "COLLABORATOR", "CREATOR", "ADVOCATE", "ENABLER", "CATALYST"];

/// The level of a standing is the one that was reached, or a higher one that an override or the year before gives.
fn holds(standing: &Value, to: &Value, event: &Value) {
    let rank = |code: &Value| LEVELS.iter().position(|level| *code == **level);
    assert!(rank(&standing["level"]["code"]) >= rank(to), "{standing} on the day of {event}");
}

/// The level holds from the day of its event on, and the event goes to the partner of that day.
async fn reached(app: &TestApp, event: &Value) {
    let day = &event["occurredOn"];
    let to = event["levelChange"]["to"]["code"].clone();
    if event["professional"].is_null() {
        let query = "query($code: String!, $day: Date) { partner(code: $code) { standing(asOf: $day) { \
            technical { level { code } } business { level { code } } } } }";
        let data = app.ok(query, json!({ "code": event["partner"]["code"], "day": day })).await;
        let track = text(&event["levelChange"]["track"]).to_lowercase();
        holds(&data["partner"]["standing"][track], &to, event);
        return;
    }
    let query = "query($code: String!, $day: Date) { professional(code: $code) { partner(asOf: $day) { code } \
        standing(asOf: $day) { level { code } } } }";
    let data = app.ok(query, json!({ "code": event["professional"]["code"], "day": day })).await;
    let person = &data["professional"];
    holds(&person["standing"], &to, event);
    assert_eq!(person["partner"]["code"], event["partner"]["code"], "{event}");
}

#[expect(clippy::too_many_lines, reason = "one comparison after the other")]
async fn compare(app: &TestApp, known: &Known) {
    let query = "query($code: String!) { partner(code: $code) { code balance enrolledOn leftOn \
        y2024: credits(year: 2024) { technical business } y2025: credits(year: 2025) { technical business } \
        y2026: credits(year: 2026) { technical business } contracts { reference endsOn voided { by } } \
        standing { technical { level { code } } business { level { code } } } } }";
    let (mut nonzero, mut seen) = (0, 0);
    for code in PARTNERS {
        let partner = app.ok(query, json!({ "code": code })).await["partner"].clone();
        if let Some(into) = known.merged_into(code) {
            assert_eq!((&partner["code"], known.balances[code]), (&json!(into), 0), "{code}");
            let mut credits = known.credits.iter().filter(|((of, ..), _)| of == code);
            assert!(credits.all(|(_, sum)| *sum == 0), "{code}");
            for track in ["TECHNICAL", "BUSINESS"] {
                assert_eq!(known.levels[&(code.to_owned(), track.to_owned())], "MEMBER", "{code} {track}");
            }
            continue;
        }
        assert_eq!(known.balances[code], number(&partner["balance"]), "{code}");
        assert_eq!(known.members[code], (text(&partner["enrolledOn"]), partner["leftOn"].clone()), "{code}");
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
        let contracts = partner["contracts"].as_array().expect("a list").iter().map(|one| {
            let state = (text(&one["endsOn"]), !one["voided"].is_null());
            ((code.to_owned(), text(&one["reference"])), state)
        });
        let told = known.contracts.iter().filter(|((of, _), _)| of == code);
        let told: BTreeMap<_, _> = told.map(|(key, state)| (key.clone(), state.clone())).collect();
        assert_eq!(told, contracts.collect(), "{code}");
        for (list, name, keys) in [
            ("activities", "activity", "source externalId"),
            ("orders", "order", "number"),
            ("deals", "deal", "reference"),
            ("quotes", "quote", "number"),
        ] {
            for (key, status) in statuses(app, ("partner", code), list, keys).await {
                assert_eq!(known.statuses.get(&(name, key.clone())), Some(&status), "{name} {key}");
                seen += 1;
            }
        }
    }
    for code in PEOPLE {
        if let Some(into) = known.merged_into(code) {
            let query = "query($code: String!) { professional(code: $code) { code } }";
            let found = app.ok(query, json!({ "code": code })).await;
            assert_eq!(
                (&found["professional"]["code"], known.dojo_credits[code]),
                (&json!(into), 0),
                "{code}"
            );
            let mut points = known.points.iter().filter(|((of, _), _)| of == code);
            assert!(points.all(|(_, sum)| *sum == 0), "{code}");
            assert_eq!(known.levels[&(code.to_owned(), String::new())], "", "{code}");
            continue;
        }
        let person = app.professional_on(code, "2027-02-01").await;
        let standing = &person["standing"];
        assert_eq!(known.dojo_credits[code], number(&person["dojoCredits"]), "{code}");
        let (from, to) = (text(&standing["startsOn"]), text(&standing["renewsOn"]));
        let of_year = known.points.range((code.to_owned(), from)..(code.to_owned(), to));
        assert_eq!(of_year.map(|(_, points)| points).sum::<i64>(), number(&standing["points"]), "{code}");
        let level = text(&standing["level"]["code"]);
        assert_eq!(known.levels[&(code.to_owned(), String::new())], level, "{code}");
        let query = "query($code: String!) { professional(code: $code) { signedUpOn leftOn } }";
        let days = app.ok(query, json!({ "code": code })).await["professional"].clone();
        assert_eq!(known.members[code], (text(&days["signedUpOn"]), days["leftOn"].clone()), "{code}");
        let fields = "partner { code } startsOn endsOn voided { by }";
        let affiliations = listed(app, ("professional", code), "affiliations", fields).await;
        let standing = affiliations.iter().filter(|one| one["voided"].is_null()).map(|one| {
            let key = (code.to_owned(), text(&one["partner"]["code"]), text(&one["startsOn"]));
            (key, one["endsOn"].clone())
        });
        let told = known.affiliations.iter().filter(|((of, ..), _)| of == code);
        let told: BTreeMap<_, _> = told.map(|(key, end)| (key.clone(), end.clone())).collect();
        assert_eq!(told, standing.collect(), "{code}");
        for (list, name, keys) in
            [("activities", "activity", "source externalId"), ("swagOrders", "swagOrder", "number")]
        {
            for (key, status) in statuses(app, ("professional", code), list, keys).await {
                assert_eq!(known.statuses.get(&(name, key.clone())), Some(&status), "{name} {key}");
                seen += 1;
            }
        }
    }
    let all = app.ok("{ customers(first: 100) { nodes { name spellings } } }", json!({})).await;
    for customer in all["customers"]["nodes"].as_array().expect("a list") {
        for name in customer["spellings"].as_array().expect("a list") {
            let told = known.customers.get(&text(name));
            assert!(told.is_none_or(|told| customer["name"] == **told), "{name} of {customer}");
        }
    }
    assert_eq!(known.statuses.len(), seen, "no more than there is");
    assert!(nonzero > 5 && seen > 60, "a history without much in it: {nonzero} sums, {seen} objects");
}
