//! Previews change nothing and say what the real run then does; keys of mutations make a repeat harmless.

use serde_json::{Value, json};

use crate::harness::deals::swag;
use crate::harness::{Activity, Backend, Order, TestApp, contract, everything, verified};

both! {
    a_preview_keeps_nothing_and_says_what_the_run_does,
    a_preview_is_refused_like_the_run,
    a_batch_is_a_preview_as_a_whole,
    what_a_preview_changes_is_read_as_in_a_run,
    mutations_of_one_document_are_apart,
    effects_are_of_accounts_that_the_caller_may_read,
    a_repeat_of_a_key_returns_the_first_object,
}

const TODAY: &str = "2026-08-31";

const EFFECTS: &str = "effects { ledgerEntries { effectiveOn reason track kind levelCredits spendableCredits \
    balanceAfter } pointsEntries { effectiveOn reason kind points dojoCredits } levelChanges { partner { code } professional { code } track from { code } to { code } on timeBased } }";

/// Runs a mutation and returns its payload with the effects.
async fn run(app: &TestApp, key: Option<&str>, mutation: &str, input: &Value) -> Value {
    let mut name = mutation[..1].to_uppercase();
    name.push_str(&mutation[1..]);
    let input_type = match mutation {
        "recordActivity" | "submitActivity" => "ActivityInput".to_owned(),
        _ => format!("{name}Input"),
    };
    let document = format!(
        "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {EFFECTS} userErrors {{ code field message }} }} }}"
    );
    let variables = json!({ "input": input });
    let answer = match key {
        Some(key) => app.send_as(key, &document, variables).await,
        None => app.send(&document, variables).await,
    };
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    answer.body["data"][mutation].clone()
}

fn preview(input: &Value) -> Value {
    let mut input = input.clone();
    input["preview"] = true.into();
    input
}

async fn program(app: &TestApp) {
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.product("course", "TRAINING", &[("100", "EUR")]).await;
    app.item("mug", 100, 10).await;
}

fn grace() -> Value {
    json!({ "code": "grace", "name": "Grace", "email": "grace@example.com", "signedUpOn": "2026-01-01" })
}

async fn a_preview_keeps_nothing_and_says_what_the_run_does(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    program(&app).await;
    let certification = |id: &str| {
        let one = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-02");
        one.points(1000).external_id(id).input()
    };
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-05-01").points(900);
    let event =
        Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01").external_id("event").input();
    let order = |key: &str| Order::self_use("nordwind").line("course", 2).credits(20).keyed(key);
    let sale = Order::for_customer("nordwind").line("course", 2).keyed("sale");
    // mutation, input, whether credits or levels of the partner change; `$activity` and so on are found then
    let table: [(&str, Value, bool); 18] = [
        ("createPartner", json!({ "code": "polder", "name": "Polder", "enrolledOn": "2026-01-01" }), false),
        ("signUpProfessional", grace(), false),
        ("recordActivity", certification("1"), false),
        (
            "affiliateProfessional",
            json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2026-01-01" }),
            true,
        ),
        ("recordActivity", certification("2"), true),
        ("recordActivity", event, true),
        ("submitActivity", claim.external_id("claim").input(), false),
        ("reviewActivity", json!({ "activityId": "$claim", "decision": "APPROVE" }), true),
        ("voidActivity", json!({ "activityId": "$event", "reason": "cancelled" }), true),
        ("placeOrder", order("first"), true),
        ("cancelOrder", json!({ "number": "$order", "reason": "too early" }), true),
        ("placeOrder", sale, false),
        (
            "setSalesTarget",
            json!({ "partner": "nordwind", "year": 2026, "target": { "amount": "150", "currency": "EUR" } }),
            false,
        ),
        ("fulfillOrder", json!({ "number": "$order", "fulfilledOn": "2026-08-31" }), true),
        ("placeSwagOrder", swag("ada", "mug", 2, "mugs"), false),
        (
            "recordContract",
            contract("nordwind", "C-1", ("2026-01-01", "2026-12-31"), &[("TRAINING", "10")]),
            false,
        ),
        (
            "saveProduct",
            json!({
                "code": "course",
                "name": "Course",
                "category": "TRAINING",
                "prices": [{ "amount": "90", "currency": "EUR" }],
            }),
            false,
        ),
        ("saveSwagItem", json!({ "code": "mug", "name": "Mug", "dojoCredits": 90, "stock": 3 }), false),
    ];
    for (mutation, mut input, changes) in table {
        for (field, value) in input.as_object_mut().expect("an input") {
            let found = match value.as_str() {
                Some("$claim") => "{ activity(source: \"test\", externalId: \"claim\") { id } }",
                Some("$event") => "{ activity(source: \"test\", externalId: \"event\") { id } }",
                Some("$order") => "{ partner(code: \"nordwind\") { orders(last: 1) { nodes { number } } } }",
                _ => continue,
            };
            let data = app.ok(found, json!({})).await;
            *value = match field.as_str() {
                "number" => data["partner"]["orders"]["nodes"][0]["number"].clone(),
                _ => data["activity"]["id"].clone(),
            };
        }
        let before = everything(app.reader()).await;
        let would = run(&app, None, mutation, &preview(&input)).await;
        assert_eq!(would["userErrors"], json!([]), "{mutation}");
        assert_eq!(everything(app.reader()).await, before, "a preview of {mutation} kept something");
        let does = run(&app, None, mutation, &input).await;
        assert_eq!(would, does, "{mutation} {input}");
        let entries = does["effects"]["ledgerEntries"].as_array().expect("a list");
        assert_eq!(!entries.is_empty(), changes, "{mutation}: {does}");
        assert_ne!(everything(app.reader()).await, before, "{mutation} did nothing");
    }
    verified(app.services()).await;
}

async fn a_preview_is_refused_like_the_run(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    program(&app).await;
    let too_much = Order::self_use("nordwind").line("course", 1).credits(10).fresh();
    let late = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-09-01").input();
    let taken = json!({ "code": "nordwind", "name": "Another", "enrolledOn": "2024-06-01" });
    for (mutation, input, code) in [
        ("placeOrder", too_much, "CREDITS_OVER_BALANCE"),
        ("recordActivity", late, "DATE_IN_FUTURE"),
        ("createPartner", taken, "ALREADY_EXISTS"),
    ] {
        let would = run(&app, None, mutation, &preview(&input)).await;
        assert_eq!(would["userErrors"][0]["code"], code, "{would}");
        assert_eq!(run(&app, None, mutation, &input).await, would);
    }
}

async fn a_batch_is_a_preview_as_a_whole(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    program(&app).await;
    let event =
        |id: &str| Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01").external_id(id).input();
    let batch = json!({ "activities": [event("1"), preview(&event("2"))] });
    let refused = run(&app, None, "recordActivities", &batch).await;
    assert_eq!(refused["userErrors"][0]["field"], json!(["activities", "1", "preview"]), "{refused}");
    let batch = json!({ "activities": [event("1"), event("2")], "preview": true });
    let would = run(&app, None, "recordActivities", &batch).await;
    assert_eq!(would["effects"]["ledgerEntries"].as_array().map(Vec::len), Some(2), "{would}");
    let change = &would["effects"]["levelChanges"][0];
    assert_eq!(
        (&change["partner"]["code"], &change["to"]["code"]),
        (&json!("nordwind"), &json!("CREATOR")),
        "{would}"
    );
    assert_eq!(app.balance("nordwind").await, 0);
}

async fn what_a_preview_changes_is_read_as_in_a_run(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    program(&app).await;
    let event = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01").external_id("event");
    let id = app.record(event).await["id"].clone();
    let order = app.place(&Order::for_customer("nordwind").line("course", 1)).await;
    app.fulfill(&order, TODAY).await;
    app.engaged("nordwind", "D-1", "Acme", "2026-08-01").await;
    app.close("D-1", "LOST", "2026-08-10").await;
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-05-01").points(900);
    let claim =
        app.done("submitActivity", claim.external_id("claim").input()).await["activity"]["id"].clone();
    let new = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-02").external_id("new").input();
    // mutation, type of its input, input, what is asked, and what a preview and a run answer
    let table = [
        (
            ("createPartner", "CreatePartnerInput"),
            json!({ "code": "polder", "name": "Polder", "enrolledOn": "2026-01-01" }),
            "partner { name balance standing { overall { code } } }",
            json!({ "partner": { "name": "Polder", "balance": 0, "standing": { "overall": { "code": "MEMBER" } } } }),
        ),
        (
            ("signUpProfessional", "SignUpProfessionalInput"),
            grace(),
            "professional { code dojoCredits }",
            json!({ "professional": { "code": "grace", "dojoCredits": 0 } }),
        ),
        (
            ("recordActivity", "ActivityInput"),
            new,
            "activity { awardedCredits subject { ... on Partner { balance } } } \
             effects { ledgerEntries { activity { externalId status awardedCredits } } }",
            json!({ "activity": { "awardedCredits": 50, "subject": { "balance": 100 } },
                "effects": { "ledgerEntries": [{ "activity": { "externalId": "new", "status": "RECORDED", "awardedCredits": 50 } }] } }),
        ),
        (
            ("reviewActivity", "ReviewActivityInput"),
            json!({ "activityId": claim, "decision": "APPROVE", "reason": "read it" }),
            "activity { review { decision reason by } } effects { pointsEntries { activity { review { reason } } } }",
            json!({ "activity": { "review": { "decision": "APPROVE", "reason": "read it", "by": "bootstrap" } },
                "effects": { "pointsEntries": [{ "activity": { "review": { "reason": "read it" } } }] } }),
        ),
        (
            ("voidActivity", "VoidActivityInput"),
            json!({ "activityId": id, "reason": "cancelled" }),
            "activity { voided { reason } } effects { ledgerEntries { activity { voided { reason } } } }",
            json!({ "activity": { "voided": { "reason": "cancelled" } },
                "effects": { "ledgerEntries": [{ "activity": { "voided": { "reason": "cancelled" } } }] } }),
        ),
        (
            ("returnOrder", "ReturnOrderInput"),
            json!({ "number": order["number"], "returnedOn": TODAY, "reason": "never installed" }),
            "order { returned { reason } }",
            json!({ "order": { "returned": { "reason": "never installed" } } }),
        ),
        (
            ("reopenDeal", "ReopenDealInput"),
            json!({ "reference": "D-1", "reason": "a mistake" }),
            "deal { holdsOpportunity reopened { reason } }",
            json!({ "deal": { "holdsOpportunity": true, "reopened": { "reason": "a mistake" } } }),
        ),
    ];
    for ((mutation, input_type), input, asked, expected) in table {
        let document =
            format!("mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {asked} }} }}");
        for input in [preview(&input), input] {
            let found = app.ok(&document, json!({ "input": input })).await;
            assert_eq!(found[mutation], expected, "{mutation} {input}");
        }
    }
    verified(app.services()).await;
}

async fn mutations_of_one_document_are_apart(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    program(&app).await;
    let document = "mutation($would: ActivityInput!, $does: ActivityInput!) { \
        a: recordActivity(input: $would) { duplicate activity { awardedCredits subject { ... on Partner { balance } } } } \
        b: recordActivity(input: $does) { duplicate activity { awardedCredits subject { ... on Partner { balance } } } } \
        c: recordActivity(input: $would) { duplicate activity { awardedCredits subject { ... on Partner { balance } } } } \
        d: createApiKey(input: { role: PROGRAM_STAFF, label: \"x\" }) { userErrors { code } } }";
    let does = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01").external_id("1").input();
    let done = app.ok(document, json!({ "would": preview(&does), "does": does })).await;
    let one = |duplicate: bool| json!({ "duplicate": duplicate, "activity": { "awardedCredits": 50, "subject": { "balance": 50 } } });
    assert_eq!((&done["a"], &done["b"], &done["c"]), (&one(false), &one(false), &one(true)));
    assert_eq!(done["d"]["userErrors"], json!([]));
    assert_eq!(app.balance("nordwind").await, 50);
    verified(app.services()).await;
}

async fn effects_are_of_accounts_that_the_caller_may_read(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    program(&app).await;
    let staff = app.key("PROGRAM_STAFF", None).await;
    let integrator = app.key("INTEGRATOR", Some("community")).await;
    let input = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01").external_id("1").input();
    for (key, entries) in [(&integrator, 0), (&staff, 1)] {
        let would = run(&app, Some(key), "recordActivity", &preview(&input)).await;
        assert_eq!(would["effects"]["ledgerEntries"].as_array().map(Vec::len), Some(entries), "{would}");
    }
}

async fn a_repeat_of_a_key_returns_the_first_object(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    program(&app).await;
    let event = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01").external_id("1");
    let id = app.record(event).await["id"].clone();
    let input = json!({ "activityId": id, "reason": "cancelled", "idempotencyKey": "void-1" });
    let first = app.done("voidActivity", input.clone()).await;
    let before = everything(app.reader()).await;
    assert_eq!(app.done("voidActivity", input.clone()).await, first);
    assert_eq!(everything(app.reader()).await, before);
    let mut other = input.clone();
    other["reason"] = "another".into();
    let refused = app.mutate("voidActivity", other).await;
    assert_eq!(refused["userErrors"][0]["code"], "CONFLICTING_DUPLICATE", "{refused}");
    // Keys of another mutation are others, though both void activities.
    let batch = json!({ "ids": [id], "reason": "cancelled", "idempotencyKey": "void-1" });
    let answer = app.mutate("voidActivities", batch).await;
    assert_eq!(answer["userErrors"], json!([]), "{answer}");
    assert_eq!(answer["results"][0]["userErrors"][0]["code"], "WRONG_STATE", "{answer}");
    // Keys of another caller are others.
    let staff = app.key("PROGRAM_STAFF", None).await;
    let answer = run(&app, Some(&staff), "voidActivity", &input).await;
    assert_eq!(answer["userErrors"][0]["code"], "WRONG_STATE", "{answer}");
    let person = json!({ "code": "bob", "name": "Bob", "email": "bob@example.com", "signedUpOn": "2025-01-01", "idempotencyKey": "k" });
    let signed_up = app.done("signUpProfessional", person.clone()).await;
    assert_eq!(app.done("signUpProfessional", person).await, signed_up);
    // A hundred at once are one.
    let company =
        json!({ "code": "many", "name": "Many", "enrolledOn": "2025-01-01", "idempotencyKey": "k" });
    let all =
        futures_util::future::join_all((0..100).map(|_| app.mutate("createPartner", company.clone()))).await;
    for one in &all {
        assert_eq!(one, &all[0]);
        assert_eq!(one["partner"]["code"], "many");
    }
}
