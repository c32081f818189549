//! Merges of partners: one account is as if everything had been recorded there from the start (E4).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::history::document;
use crate::harness::{Activity, Backend, Order, TestApp, everything, verified};

both! {
    e4_a_merged_partner_is_as_if_recorded_there_from_the_start,
    the_former_code_means_the_remaining_partner,
    the_feed_of_the_remaining_partner_has_the_events_of_both,
    what_contradicts_is_refused,
    a_preview_is_what_the_merge_then_does,
    merges_of_merges_keep_every_code,
    a_hundred_that_record_and_one_that_merges,
}

const TODAY: &str = "2026-08-31";

fn merge(from: &str, into: &str) -> Value {
    json!({ "from": from, "into": into, "reason": "enrolled twice" })
}

/// What two accounts did, in one order; `other` is the second one, or the first one again.
async fn record(app: &TestApp, other: &str) {
    app.partner("nordwind", "2022-01-01").await;
    if other != "nordwind" {
        app.partner(other, "2022-06-01").await;
    }
    app.product("course", "TRAINING", &[("1000", "EUR")]).await;
    for (code, partner) in [("ada", "nordwind"), ("bob", other)] {
        app.professional(code, "2023-01-01").await;
        app.affiliate(code, partner, "2023-01-01").await;
    }
    for (who, kind, on, quantity) in [
        ("nordwind", "EVENT_ORGANIZED", "2023-05-01", 1),
        (other, "EVENT_ORGANIZED", "2023-06-01", 1),
        // Two in a month are a block, at most one.
        (other, "LINKEDIN_POST", "2025-03-01", 1),
        ("nordwind", "LINKEDIN_POST", "2025-03-02", 1),
        ("nordwind", "LINKEDIN_POST", "2025-04-01", 2),
        (other, "LINKEDIN_POST", "2025-04-02", 3),
        // Once.
        (other, "WEBSITE_PRESENCE", "2024-09-01", 1),
        ("nordwind", "WEBSITE_PRESENCE", "2025-09-01", 1),
        // Blocks of five.
        ("nordwind", "CATALOG_DOWNLOADS", "2026-02-01", 3),
        (other, "CATALOG_DOWNLOADS", "2026-02-10", 4),
        (other, "CATALOG_DOWNLOADS", "2026-02-20", 4),
        // The first block is complete with the second report, on the day of the first one.
        ("nordwind", "CATALOG_DOWNLOADS", "2026-03-10", 3),
        (other, "CATALOG_DOWNLOADS", "2026-03-05", 4),
        ("nordwind", "CATALOG_DOWNLOADS", "2026-03-20", 4),
        (other, "EVENT_ORGANIZED", "2026-04-01", 2),
        ("nordwind", "CUSTOMER_MEETING", "2026-04-02", 7),
    ] {
        let activity = Activity::of_partner(who, kind, on).quantity(quantity);
        let activity = if kind == "CATALOG_DOWNLOADS" {
            activity.attributes(json!({ "itemType": "CONNECTOR" }))
        } else {
            activity
        };
        app.record(activity.external_id(&format!("{kind} {on}"))).await;
    }
    // Points of one month, of professionals of either, one of whom was entered late and left early.
    app.professional("cleo", "2023-01-01").await;
    for (who, kind, points, day) in [
        ("cleo", "DOCS_LARGE_CONTRIBUTION", 300, "2026-05-24"),
        ("ada", "DOCS_LARGE_CONTRIBUTION", 300, "2026-05-20"),
        ("bob", "DOCS_LARGE_CONTRIBUTION", 300, "2026-05-03"),
        ("bob", "CERTIFICATION_OBTAINED", 700, "2026-05-10"),
        ("ada", "DOCS_LARGE_CONTRIBUTION", 250, "2026-05-28"),
    ] {
        let activity = Activity::of_professional(who, kind, day).points(points);
        app.record(activity.external_id(&format!("{who} {kind} {points}"))).await;
        if who == "bob" && points == 300 {
            app.affiliate("cleo", other, "2026-01-01").await;
        }
    }
    let query = "{ professional(code: \"cleo\") { affiliations { nodes { id } } } }";
    let found = app.ok(query, json!({})).await["professional"]["affiliations"]["nodes"][0]["id"].clone();
    let shorter = json!({ "affiliation": found, "endsOn": "2026-05-15", "reason": "left earlier" });
    app.done("correctAffiliation", shorter).await;
    let voided = Activity::of_partner(other, "EVENT_ORGANIZED", "2026-05-02").external_id("voided");
    let voided = app.record(voided).await;
    app.void(&voided).await;
    // Together they reach the target of one of them.
    app.target("nordwind", 2026, "5000", "EUR").await;
    for (who, quantity) in [("nordwind", 3), (other, 2)] {
        let order = app.place(&Order::for_customer(who).line("course", quantity)).await;
        app.fulfill(&order, TODAY).await;
    }
    app.place(&Order::self_use(other).line("course", 1).credits(20)).await;
    let cancelled = app.place(&Order::self_use(other).line("course", 1).credits(10)).await;
    app.cancel(&cancelled).await;
    // A quote that holds credits, which it releases later.
    let quote = json!({ "order": Order::self_use(other).line("course", 1).credits(7).input(),
        "validUntil": "2026-12-31", "hold": true });
    let saved = app.ok(&document("saveQuote", false), json!({ "input": quote })).await;
    assert!(saved["saveQuote"]["savedQuote"]["number"].is_string(), "{saved}");
    app.contract(other, "c1", ("2026-01-01", "2026-12-31"), &[("TRAINING", "7")]).await;
    for (who, reference, customer, from, to) in [
        ("nordwind", "Acme 1", "Acme", "2026-06-01", "2026-06-10"),
        (other, "Acme 2", "Acme", "2026-07-01", "2026-07-10"),
        (other, "Globex", "Globex", "2026-07-15", "2026-07-20"),
    ] {
        app.engaged(who, reference, customer, from).await;
        app.close(reference, "WON_BY_PARTNER", to).await;
    }
    app.deal(other, "open", "Initech", "2026-08-15").await;
}

/// Everything that the facts come to.
async fn sums(app: &TestApp) -> Value {
    let mut sums = json!({});
    for day in ["2024-05-01", "2024-12-31", "2025-03-31", "2025-12-31", "2026-03-31", "2026-05-31", TODAY] {
        sums[day] = app.partner_on("nordwind", day).await;
    }
    let query = "{ partner(code: \"nordwind\") { salesTarget(year: 2026) { reachedOn sold { amount } } \
                 activities(first: 100) { nodes { externalId status } } \
                 orders { totalCount } deals(first: 100) { nodes { reference status } } \
                 contracts { reference } professionals { nodes { code } } } }";
    let mut lists = app.ok(query, json!({})).await["partner"].clone();
    for (list, key) in [("activities", "externalId"), ("deals", "reference"), ("professionals", "code")] {
        let nodes = lists[list]["nodes"].as_array_mut().expect("a list");
        nodes.sort_by_key(|one| one[key].as_str().expect("a text").to_owned());
    }
    sums["lists"] = lists;
    sums
}

/// Net credits of each kind and day.
async fn ledger(app: &TestApp) -> Vec<(String, i64, i64)> {
    let mut days: std::collections::BTreeMap<String, (i64, i64)> = std::collections::BTreeMap::new();
    for entry in app.ledger("nordwind").await {
        let day = entry["effectiveOn"].as_str().expect("a day");
        let key = format!("{day} {}", entry["kind"]);
        let sum = days.entry(key).or_default();
        sum.0 += entry["levelCredits"].as_i64().expect("credits");
        sum.1 += entry["spendableCredits"].as_i64().expect("credits");
    }
    let days = days.into_iter().filter(|(_, sum)| *sum != (0, 0));
    days.map(|(day, (level, spendable))| (day, level, spendable)).collect()
}

async fn e4_a_merged_partner_is_as_if_recorded_there_from_the_start(backend: Backend) {
    let merged = TestApp::start(backend, TODAY).await;
    record(&merged, "nord-wind").await;
    let from_start = TestApp::start(backend, TODAY).await;
    record(&from_start, "nordwind").await;
    let old = merged.ok("{ partner(code: \"nord-wind\") { id } }", json!({})).await["partner"]["id"].clone();
    merged.done("mergePartners", merge("nord-wind", "nordwind")).await;
    verified(merged.services()).await;
    assert_eq!(ledger(&merged).await, ledger(&from_start).await);
    assert_eq!(sums(&merged).await, sums(&from_start).await);
    // Nothing is left of the merged account but its history.
    let query = "query($id: ID!) { node(id: $id) { ... on Partner { code balance credits(year: 2026) { total } \
                 activities { totalCount } orders { totalCount } deals { totalCount } ledger { totalCount } } } }";
    let node = merged.ok(query, json!({ "id": old })).await["node"].clone();
    let nothing = json!({ "totalCount": 0 });
    assert_eq!((&node["balance"], &node["credits"]["total"]), (&json!(0), &json!(0)));
    assert_eq!((&node["activities"], &node["orders"], &node["deals"]), (&nothing, &nothing, &nothing));
    assert!(node["ledger"]["totalCount"].as_i64().expect("a count") > 10);
    // What comes later counts in the windows of both, and what was moved can be voided, returned and reopened.
    for app in [&merged, &from_start] {
        for (kind, on, quantity) in
            [("LINKEDIN_POST", "2025-03-05", 1), ("WEBSITE_PRESENCE", "2026-03-01", 1)]
        {
            let later = Activity::of_partner("nordwind", kind, on).quantity(quantity);
            app.record(later.external_id(&format!("later {kind}"))).await;
        }
        let bob = Activity::of_professional("bob", "DOCS_LARGE_CONTRIBUTION", "2026-05-20").points(250);
        app.record(bob.external_id("later bob")).await;
        for id in ["LINKEDIN_POST 2025-03-01", "EVENT_ORGANIZED 2026-04-01", "bob CERTIFICATION_OBTAINED 700"]
        {
            let query = "query($id: String!) { activity(source: \"test\", externalId: $id) { id } }";
            let found = app.ok(query, json!({ "id": id })).await["activity"].clone();
            app.void(&found).await;
        }
        app.done("reopenDeal", json!({ "reference": "Globex", "reason": "it fell through" })).await;
        app.close("open", "WON_BY_PARTNER", "2026-08-20").await;
        let query = "{ partner(code: \"nordwind\") { quotes { nodes { number } } } }";
        let number = app.ok(query, json!({})).await["partner"]["quotes"]["nodes"][0]["number"].clone();
        let ended = app.ok(&document("withdrawQuote", false), json!({ "input": { "number": number } })).await;
        assert_eq!(ended["withdrawQuote"]["savedQuote"]["status"], "WITHDRAWN", "{ended}");
        verified(app.services()).await;
    }
    assert_eq!(ledger(&merged).await, ledger(&from_start).await);
    assert_eq!(sums(&merged).await, sums(&from_start).await);
}

async fn the_former_code_means_the_remaining_partner(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    record(&app, "nord-wind").await;
    app.done("mergePartners", merge("nord-wind", "nordwind")).await;
    let found = app.ok("{ partner(code: \"nord-wind\") { code formerCodes } }", json!({})).await;
    assert_eq!(found["partner"], json!({ "code": "nordwind", "formerCodes": ["nord-wind"] }));
    let list = app.ok("{ partners { totalCount nodes { code } } }", json!({})).await;
    assert_eq!(list["partners"], json!({ "totalCount": 1, "nodes": [{ "code": "nordwind" }] }));
    let filtered = "{ deals(filter: { partner: \"nord-wind\" }) { totalCount } orders(filter: { partner: \"nord-wind\" }) { totalCount } }";
    let filtered = app.ok(filtered, json!({})).await;
    assert_eq!((&filtered["deals"]["totalCount"], &filtered["orders"]["totalCount"]), (&json!(4), &json!(4)));
    let before = app.balance("nordwind").await;
    app.record(Activity::of_partner("nord-wind", "EVENT_ORGANIZED", "2026-08-01")).await;
    app.deal("nord-wind", "by the old code", "Hooli", "2026-08-20").await;
    app.professional("cem", "2025-01-01").await;
    app.affiliate("cem", "nord-wind", "2026-01-01").await;
    app.place(&Order::self_use("nord-wind").line("course", 1).credits(5)).await;
    assert_eq!(app.balance("nordwind").await, before + 50 - 5);
    let again = json!({ "code": "nord-wind", "name": "x", "enrolledOn": "2022-06-01" });
    assert_eq!(app.refusals("createPartner", again).await, ["ALREADY_EXISTS"]);
    verified(app.services()).await;
}

/// Numbers of the events of a partner, read in pages of seven.
async fn numbers(app: &TestApp, key: &str, partner: Option<&str>) -> Vec<i64> {
    let query = "query($partner: String, $after: EventNumber) { events(partner: $partner, first: 7, after: $after) { \
                 nodes { number } pageInfo { hasNextPage endCursor } } }";
    let (mut found, mut after) = (Vec::new(), json!(0));
    loop {
        let answer = app.send_as(key, query, json!({ "partner": partner, "after": after })).await;
        assert!(answer.body["errors"].is_null(), "{}", answer.text);
        let page = &answer.body["data"]["events"];
        let nodes = page["nodes"].as_array().expect("a list").iter();
        found.extend(nodes.map(|node| node["number"].as_i64().expect("a number")));
        if page["pageInfo"]["hasNextPage"] == false {
            return found;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn the_feed_of_the_remaining_partner_has_the_events_of_both(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    record(&app, "nord-wind").await;
    let staff = app.key("PROGRAM_STAFF", None).await;
    let keys = [app.key("PARTNER", Some("nordwind")).await, app.key("PARTNER", Some("nord-wind")).await];
    let (one, other) =
        (numbers(&app, &staff, Some("nordwind")).await, numbers(&app, &staff, Some("nord-wind")).await);
    assert!(one.len() > 20 && other.len() > 20 && one.iter().all(|number| !other.contains(number)));
    let (general, own) = (numbers(&app, &keys[1], None).await, other.clone());
    let general: Vec<i64> = general.into_iter().filter(|number| !own.contains(number)).collect();
    app.done("mergePartners", merge("nord-wind", "nordwind")).await;
    let mut both: Vec<i64> = one.into_iter().chain(other).collect();
    both.sort_unstable();
    let after = numbers(&app, &staff, Some("nordwind")).await;
    assert!(after.is_sorted() && after.starts_with(&both) && after.len() > both.len() + 20, "what both did");
    assert_eq!(numbers(&app, &staff, Some("nord-wind")).await, after, "by the former code");
    // The keys of either read them, with what concerns everybody.
    let mut with_general: Vec<i64> = after.iter().copied().chain(general).collect();
    with_general.sort_unstable();
    for key in &keys {
        assert_eq!(numbers(&app, key, Some("nordwind")).await, after);
        assert_eq!(numbers(&app, key, None).await, with_general);
    }
    // By the codes that they have, credits come to what each account holds.
    let query = "{ events(partner: \"nordwind\", first: 100, types: [CREDITS_CHANGED]) { nodes { data } } }";
    let events = app.ok(query, json!({})).await["events"]["nodes"].clone();
    let sum = |code: &str| -> i64 {
        let of = events.as_array().expect("a list").iter().filter(|event| event["data"]["partner"] == code);
        of.map(|event| event["data"]["entry"]["spendableCredits"].as_i64().expect("credits")).sum()
    };
    assert_eq!((sum("nord-wind"), sum("nordwind")), (0, app.balance("nordwind").await));
}

async fn what_contradicts_is_refused(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.product("course", "TRAINING", &[("1000", "EUR")]).await;
    for code in ["a", "b", "c", "d", "e", "f"] {
        app.partner(code, if code == "c" { "2023-01-01" } else { "2024-06-01" }).await;
    }
    app.contract("a", "one", ("2026-01-01", "2026-12-31"), &[("TRAINING", "7")]).await;
    app.contract("b", "two", ("2026-06-01", "2027-12-31"), &[("TRAINING", "5")]).await;
    app.record(Activity::of_partner("c", "EVENT_ORGANIZED", "2023-06-01")).await;
    app.target("a", 2026, "5000", "EUR").await;
    app.target("d", 2026, "6000", "EUR").await;
    let level = json!({ "partner": "e", "track": "BUSINESS", "level": "CREATOR", "from": "2026-01-01", "until": "2026-12-31", "reason": "a test" });
    app.done("overrideLevel", level).await;
    for partner in ["a", "f"] {
        let order = Order::self_use(partner).line("course", 1).keyed("same");
        app.done("placeOrder", order).await;
    }
    let before = everything(app.reader()).await;
    // from, into, code, what the message names
    let refused = [
        ("nobody", "a", "NOT_FOUND", "nobody"),
        ("a", "a", "INVALID", "itself"),
        ("b", "a", "CONTRACT_OVERLAP", "2026-06-01 to 2026-12-31"),
        ("c", "a", "DATE_BEFORE_ENROLMENT", "2023-06-01"),
        ("d", "a", "WRONG_STATE", "6000"),
        ("e", "a", "WRONG_STATE", "\"CREATOR\""),
        ("f", "a", "WRONG_STATE", "\"same\""),
    ];
    for (from, into, code, named) in refused {
        let payload = app.mutate("mergePartners", merge(from, into)).await;
        let error = &payload["userErrors"][0];
        assert_eq!(error["code"], code, "{from} into {into}: {payload}");
        assert!(error["message"].as_str().expect("a text").contains(named), "{from} into {into}: {payload}");
    }
    assert_eq!(everything(app.reader()).await, before, "refused merges change nothing");
    // The same target of both is one.
    app.target("d", 2026, "5000", "EUR").await;
    app.done("mergePartners", merge("d", "a")).await;
    assert_eq!(app.refusals("mergePartners", merge("d", "a")).await, ["WRONG_STATE"]);
    verified(app.services()).await;
}

const EFFECTS: &str = "mutation($input: MergePartnersInput!) { mergePartners(input: $input) { \
    effects { ledgerEntries { effectiveOn reason kind levelCredits spendableCredits balanceAfter } \
    levelChanges { track from { code } to { code } } } userErrors { code } } }";

async fn a_preview_is_what_the_merge_then_does(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    record(&app, "nord-wind").await;
    let mut preview = merge("nord-wind", "nordwind");
    preview["preview"] = json!(true);
    let before = everything(app.reader()).await;
    let shown = app.ok(EFFECTS, json!({ "input": preview })).await;
    assert_eq!(everything(app.reader()).await, before, "a preview keeps nothing");
    let mut input = merge("nord-wind", "nordwind");
    input["idempotencyKey"] = json!("once");
    let done = app.ok(EFFECTS, json!({ "input": input })).await;
    assert_eq!(shown, done);
    let entries = done["mergePartners"]["effects"]["ledgerEntries"].as_array().expect("a list");
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry["reason"] == "RECALCULATION"));
    let kept = everything(app.reader()).await;
    app.ok(EFFECTS, json!({ "input": input })).await;
    assert_eq!(everything(app.reader()).await, kept, "the same key is the same merge");
    let query = "{ events(first: 100, types: [PARTNERS_MERGED]) { nodes { type partner { code } data } } }";
    let events = app.ok(query, json!({})).await;
    let nodes = events["events"]["nodes"].as_array().expect("a list");
    let merges: Vec<_> = nodes.iter().filter(|node| node["type"] == "PARTNERS_MERGED").collect();
    assert_eq!(merges.len(), 2);
    for (event, code) in merges.iter().zip(["nordwind", "nord-wind"]) {
        assert_eq!(event["partner"]["code"], code);
        assert_eq!(event["data"]["merge"], json!({ "from": "nord-wind", "into": "nordwind" }));
        assert_eq!(event["data"]["reason"], "enrolled twice");
    }
}

async fn merges_of_merges_keep_every_code(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for code in ["a", "b", "c"] {
        app.partner(code, "2024-06-01").await;
        app.record(Activity::of_partner(code, "LINKEDIN_POST", "2026-03-01")).await;
        app.record(Activity::of_partner(code, "WEBSITE_PRESENCE", "2026-03-02")).await;
    }
    app.done("mergePartners", merge("c", "b")).await;
    app.record(Activity::of_partner("c", "EVENT_ORGANIZED", "2026-03-03")).await;
    verified(app.services()).await;
    app.done("mergePartners", merge("b", "a")).await;
    for code in ["a", "b", "c"] {
        assert_eq!(app.balance(code).await, 5 + 10 + 50, "{code}");
    }
    verified(app.services()).await;
}

async fn a_hundred_that_record_and_one_that_merges(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for code in ["a", "b"] {
        app.partner(code, "2024-06-01").await;
    }
    app.professional("ada", "2024-01-01").await;
    app.affiliate("ada", "b", "2025-01-01").await;
    let mut inputs: Vec<(&str, Value)> = Vec::new();
    for number in 0..99 {
        let activity = match number % 3 {
            0 => Activity::of_partner("a", "CUSTOMER_MEETING", "2026-03-01"),
            1 => Activity::of_partner("b", "CUSTOMER_MEETING", "2026-03-01"),
            _ => Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", "2026-03-01").points(100),
        };
        inputs.push(("recordActivity", activity.input()));
    }
    inputs.insert(50, ("mergePartners", merge("b", "a")));
    let answers =
        join_all(inputs.iter().map(|(mutation, input)| app.refusals(mutation, input.clone()))).await;
    assert!(answers.iter().all(Vec::is_empty), "{answers:?}");
    // 66 meetings, and 3,300 points of a month.
    assert_eq!(app.balance("a").await, 66 + 6 * 5);
    verified(app.services()).await;
}
