//! What is not the caller's answers like what does not exist: to the byte.

use serde_json::{Value, json};
use uuid::Uuid;

use super::world::World;
use crate::harness::deals::swag;
use crate::harness::{Activity, Backend, Order, document, user_errors};

both! {
    foreign_is_like_missing,
    mutations_on_what_is_foreign_fail_like_on_what_is_missing,
    lists_and_counts_show_the_own_only,
    what_leads_on_from_the_own_stops_at_its_end,
    a_partner_sees_people_while_they_work_for_it,
    integrators_read_what_they_recorded,
}

/// base64url of `Type:uuid`, as the API makes global ids.
pub(super) fn global(kind: &str, key: Uuid) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{kind}:{key}"))
}

async fn foreign_is_like_missing(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let missing = |kind: &str| global(kind, Uuid::now_v7());
    let entry = app.ledger("polder").await[0]["id"].as_str().expect("an id").to_owned();
    let foreign_id = world.foreign["id"].as_str().expect("an id").to_owned();
    let (polder, bram) = (world.id("partner", "polder").await, world.id("professional", "bram").await);
    let node = "query($v: ID!) { node(id: $v) { __typename id } }";
    let nodes = "query($v: ID!) { nodes(ids: [$v]) { id } }";
    let list = "query($v: String!) { partners(filter: { search: $v }) { totalCount nodes { code } \
                pageInfo { hasNextPage hasPreviousPage startCursor } } }";
    let people = "query($v: String!) { professionals(filter: { search: $v }) { totalCount nodes { code } } }";
    let submit = "mutation($v: String!) { submitActivity(input: { subject: { professional: $v }, \
                  kind: \"BLOG_POST_PUBLISHED\", occurredOn: \"2026-01-01\", source: \"x\", externalId: \"x\" }) \
                  { activity { id } userErrors { code message field } } }";
    let submit_badly = "mutation($v: String!) { submitActivity(input: { subject: { professional: $v }, \
                        kind: \"BLOG_POST_PUBLISHED\", occurredOn: \"2020-01-01\", quantity: 2, points: 1, source: \"\", \
                        externalId: \"x\" }) { activity { id } userErrors { code message field } } }";
    // query, what is another's, what does not exist
    let table: Vec<(&str, String, String)> = vec![
        ("query($v: String!) { partner(code: $v) { code balance } }", "polder".into(), "nobody".into()),
        ("query($v: String!) { professional(code: $v) { code name } }", "bram".into(), "nobody".into()),
        (
            "query($v: String!) { activity(source: \"test\", externalId: $v) { id } }",
            "foreign".into(),
            "none".into(),
        ),
        (list, "polder".into(), "nothing-like-it".into()),
        (people, "bram".into(), "nothing-like-it".into()),
        (node, polder.clone(), missing("Partner")),
        (node, bram.clone(), missing("Professional")),
        (node, foreign_id.clone(), missing("Activity")),
        (node, entry.clone(), missing("LedgerEntry")),
        (nodes, polder, missing("Partner")),
        (nodes, bram, missing("Professional")),
        (nodes, foreign_id, missing("Activity")),
        (nodes, entry, missing("LedgerEntry")),
        (submit, "bram".into(), "nobody".into()),
        (submit_badly, "bram".into(), "nobody".into()),
    ];
    for role in ["PARTNER", "PROFESSIONAL", "INTEGRATOR"] {
        for (query, foreign, nobody) in &table {
            if query.starts_with("mutation") && role == "INTEGRATOR" {
                continue;
            }
            assert_alike(&world, role, query, foreign, nobody).await;
        }
    }
}

/// Checks that a query is answered for what is another's as for what does not exist: to the byte, but for the
/// value that the query holds itself.
async fn assert_alike(world: &World, role: &str, query: &str, foreign: &str, missing: &str) {
    let mut answers = Vec::new();
    for value in [foreign, missing] {
        let answer = world.app.send_as(world.key(role), query, json!({ "v": value })).await;
        answers.push((answer.status, answer.text.replace(value, "‹sent›")));
    }
    assert_eq!(answers[0], answers[1], "{role}: {query}");
    let text = &answers[0].1;
    assert!(!text.contains("polder") && !text.contains("bram"), "{text}");
}

/// A role, a query about `$v`, what is another's, and what does not exist.
type Call = (&'static str, String, String, &'static str);

const ERRORS: &str = "userErrors { code message field }";

fn mutation(call: &str) -> String {
    format!("mutation($v: String!) {{ {call} {{ {ERRORS} }} }}")
}

/// Calls about partners and an order: right but for what they name, and with other problems as well.
fn order_calls(number: &str) -> Vec<Call> {
    let placed = "partner: $v, purpose: END_CUSTOMER, customer: \"Acme\", currency: \"EUR\", \
                  lines: [{ product: \"dmc\", quantity: 1 }]";
    let badly = "partner: $v, purpose: END_CUSTOMER, currency: \"euros\", \
                 lines: [{ product: \"none\", quantity: 0 }], credits: -1";
    let quote = |order: &str| format!("query($v: String!) {{ quote(input: {{ {order} }}) {{ {ERRORS} }} }}");
    let place = |order: &str, key: &str| {
        mutation(&format!("placeOrder(input: {{ order: {{ {order} }}, idempotencyKey: \"{key}\" }})"))
    };
    let cancel =
        |reason: &str| mutation(&format!("cancelOrder(input: {{ number: $v, reason: \"{reason}\" }})"));
    let of_partner = |query: String| ("PARTNER", query, "polder".to_owned(), "nobody");
    let of_order = |query: String| ("PARTNER", query, number.to_owned(), "O-999999");
    vec![
        of_partner(quote(placed)),
        of_partner(quote(badly)),
        of_partner(place(placed, "k")),
        of_partner(place(badly, "")),
        of_order(cancel("x")),
        of_order(cancel("\\u0000")),
    ]
}

/// Calls about partners and a deal, and about professionals and an order of swag, in the same way.
fn deal_and_swag_calls(number: &str) -> Vec<Call> {
    let register = |day: &str| {
        let deal = "reference: \"N-1\", customer: \"Acme\", scope: \"x\"";
        mutation(&format!("registerDeal(input: {{ partner: $v, {deal}, registeredOn: \"{day}\" }})"))
    };
    let update = |status: &str, day: &str| {
        mutation(&format!("updateDeal(input: {{ reference: $v, status: {status}, on: \"{day}\" }})"))
    };
    let order = |item: &str, quantity: i64, key: &str| {
        let order = format!("item: \"{item}\", quantity: {quantity}, idempotencyKey: \"{key}\"");
        mutation(&format!("placeSwagOrder(input: {{ professional: $v, {order} }})"))
    };
    let report = mutation("reportDealActivity(input: { reference: $v, kind: MEETING, on: \"2026-08-02\" })");
    let close = mutation("closeDeal(input: { reference: $v, outcome: LOST, closedOn: \"2026-08-02\" })");
    let cancel = mutation("cancelSwagOrder(input: { number: $v, reason: \"x\" })");
    let of_deal = |role: &'static str, query: String| (role, query, "P-1".to_owned(), "P-9");
    vec![
        ("PARTNER", register("2026-08-01"), "polder".to_owned(), "nobody"),
        ("PARTNER", register("2020-01-01"), "polder".to_owned(), "nobody"),
        of_deal("PARTNER", update("ENGAGED", "2026-08-02")),
        of_deal("PARTNER", update("EXPIRED", "2030-01-01")),
        of_deal("PARTNER", report),
        of_deal("PARTNER", close),
        of_deal("INTEGRATOR", update("ENGAGED", "2026-08-02")),
        ("PROFESSIONAL", order("hoodie", 1, "k"), "bram".to_owned(), "nobody"),
        ("PROFESSIONAL", order("none", 0, ""), "bram".to_owned(), "nobody"),
        ("PROFESSIONAL", cancel, number.to_owned(), "S-999999"),
    ]
}

async fn mutations_on_what_is_foreign_fail_like_on_what_is_missing(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let order = app.place(&Order::for_customer("polder").line("dmc", 1)).await;
    app.deal("polder", "P-1", "Acme", "2026-08-01").await;
    let swag = app.done("placeSwagOrder", swag("bram", "hoodie", 1, "k")).await["swagOrder"].clone();
    let [order, swag] = [&order, &swag].map(|one| one["number"].as_str().expect("a number"));
    for (role, query, foreign, missing) in [order_calls(order), deal_and_swag_calls(swag)].concat() {
        assert_alike(&world, role, &query, &foreign, missing).await;
        let answer = app.send_as(world.key(role), &query, json!({ "v": missing })).await;
        let errors = user_errors(&answer.body);
        let found = errors.iter().find(|error| error["code"] == "NOT_FOUND");
        let message = found.and_then(|error| error["message"].as_str()).unwrap_or_default();
        assert!(message.contains(&format!("{missing:?}")), "{role}: {query}: {}", answer.text);
    }
}

async fn lists_and_counts_show_the_own_only(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    app.partner("another", "2024-06-01").await;
    app.professional("another", "2024-06-01").await;
    let query = "query($after: String) { \
        partners(after: $after) { totalCount nodes { code } edges { cursor } pageInfo { hasNextPage hasPreviousPage } } \
        byName: partners(orderBy: NAME, last: 1) { nodes { code } pageInfo { hasPreviousPage } } \
        byDay: partners(orderBy: ENROLLED_ON, first: 1) { nodes { code } pageInfo { hasNextPage } } \
        byCredits: partners(orderBy: CREDITS_THIS_YEAR, first: 1) { nodes { code } pageInfo { hasNextPage } } \
        filtered: partners(filter: { enrolledFrom: \"2024-01-01\" }) { totalCount nodes { code } } \
        professionals { totalCount nodes { code email } } \
        peopleByName: professionals(orderBy: NAME, last: 1) { nodes { code } pageInfo { hasPreviousPage } } \
        peopleByDay: professionals(orderBy: SIGNED_UP_ON, first: 1) { totalCount nodes { code } pageInfo { hasNextPage } } }";
    for (role, partners, people, email) in [
        ("PARTNER", &["nordwind"][..], &["ada"][..], None),
        ("PROFESSIONAL", &[], &["ada"], Some("ada@example.com")),
        ("INTEGRATOR", &[], &[], None),
    ] {
        let answer = app.send_as(world.key(role), query, json!({})).await;
        assert!(answer.body["errors"].is_null(), "{}", answer.text);
        let data = &answer.body["data"];
        for (name, expected) in [
            ("partners", partners),
            ("byName", partners),
            ("byDay", partners),
            ("byCredits", partners),
            ("filtered", partners),
            ("professionals", people),
            ("peopleByName", people),
            ("peopleByDay", people),
        ] {
            let list = &data[name];
            let codes: Vec<&str> = list["nodes"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|one| one["code"].as_str())
                .collect();
            assert_eq!(codes, expected, "{role}: {name}");
            for more in ["hasNextPage", "hasPreviousPage"] {
                assert_ne!(list["pageInfo"][more], true, "{role}: {name}: {list}");
            }
            if !list["totalCount"].is_null() {
                assert_eq!(list["totalCount"], expected.len(), "{role}: {name}");
            }
        }
        if let Some(person) = data["professionals"]["nodes"].as_array().and_then(|list| list.first()) {
            assert_eq!(person["email"].as_str(), email, "{role}");
        }
    }
    // A cursor of another's row is a place in the list like any other.
    let all = app.ok("{ partners { edges { cursor node { code } } } }", json!({})).await;
    let edges = all["partners"]["edges"].as_array().expect("a list").clone();
    for edge in &edges {
        let cursor = json!({ "after": edge["cursor"] });
        let answer = app.send_as(world.key("PARTNER"), query, cursor).await;
        let is_before = edge["node"]["code"].as_str() < Some("nordwind");
        let shown = answer.body["data"]["partners"]["nodes"].as_array().map_or(0, Vec::len);
        assert_eq!(shown, usize::from(is_before), "{}", answer.text);
        assert_eq!(answer.body["data"]["partners"]["totalCount"], 1);
    }
}

async fn what_leads_on_from_the_own_stops_at_its_end(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let query = "{ viewer { role partner { code balance ledger { totalCount nodes { activity { id subject { \
        ... on Professional { code name email partner { code } } } } } } \
        professionals { totalCount nodes { code email dojoCredits standing(asOf: \"2026-03-01\") { points } activities { totalCount } \
        partner { code } } } } professional { code } } }";
    let answer = app.send_as(world.key("PARTNER"), query, json!({})).await;
    let partner = &answer.body["data"]["viewer"]["partner"];
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    assert_eq!(
        (&partner["code"], &answer.body["data"]["viewer"]["professional"]),
        (&json!("nordwind"), &Value::Null)
    );
    let person = &partner["professionals"]["nodes"][0];
    let expected = json!({ "code": "ada", "email": null, "dojoCredits": 600, "standing": { "points": 600 },
        "activities": { "totalCount": 1 }, "partner": { "code": "nordwind" } });
    assert_eq!(person, &expected);
    assert_eq!(partner["ledger"]["nodes"][0]["activity"]["id"], world.own["id"]);

    let query = "{ viewer { partner { code } professional { code email dojoCredits partner { code } \
        standing { points } activities { totalCount nodes { id subject { ... on Professional { email } } } } } } }";
    let answer = app.send_as(world.key("PROFESSIONAL"), query, json!({})).await;
    let viewer = &answer.body["data"]["viewer"];
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    assert!(viewer["partner"].is_null() && viewer["professional"]["partner"].is_null(), "{}", answer.text);
    assert_eq!(viewer["professional"]["activities"]["nodes"][0]["subject"]["email"], "ada@example.com");
}

async fn a_partner_sees_people_while_they_work_for_it(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let end = json!({ "professional": "ada", "endsOn": "2026-05-31" });
    app.done("endAffiliation", end).await;
    app.affiliate("ada", "polder", "2026-06-01").await;
    let later = Activity::of_professional("ada", "FEEDBACK_SUBMITTED", "2026-07-01").external_id("later");
    app.record(later).await;
    let person = "query($day: Date) { professional(code: \"ada\") { name email partner { code } \
        standing(asOf: $day) { points } activities { totalCount nodes { externalId } } } \
        later: activity(source: \"test\", externalId: \"later\") { id } \
        sooner: activity(source: \"test\", externalId: \"own\") { id } }";
    let former = app.send_as(world.key("PARTNER"), person, json!({ "day": "2026-05-31" })).await;
    assert!(former.body["errors"].is_null(), "{}", former.text);
    let data = &former.body["data"];
    assert_eq!(data["professional"]["standing"]["points"], 600);
    assert!(data["professional"]["partner"].is_null() && data["later"].is_null(), "{}", former.text);
    assert!(data["sooner"]["id"].is_string(), "{}", former.text);
    let activities = json!({ "totalCount": 1, "nodes": [{ "externalId": "own" }] });
    assert_eq!(data["professional"]["activities"], activities);
    // What the person earns elsewhere is none of its business.
    let now = app.send_as(world.key("PARTNER"), person, json!({})).await;
    assert_eq!(now.codes(), ["BAD_USER_INPUT"], "{}", now.text);
    let credits = "{ professional(code: \"ada\") { dojoCredits } }";
    let now = app.send_as(world.key("PARTNER"), credits, json!({})).await;
    assert_eq!(now.codes(), ["BAD_USER_INPUT"], "{}", now.text);
    // The next one sees nothing of the time before.
    let next = app.key("PARTNER", Some("polder")).await;
    let answer = app.send_as(&next, person, json!({ "day": "2026-07-01" })).await;
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    let data = &answer.body["data"];
    assert!(data["sooner"].is_null() && data["later"]["id"].is_string(), "{}", answer.text);
    assert_eq!(data["professional"]["activities"]["totalCount"], 1);
}

async fn integrators_read_what_they_recorded(backend: Backend) {
    let world = World::new(backend).await;
    let app = &world.app;
    let key = world.key("INTEGRATOR");
    let record = document("recordActivity");
    let send = async |key: &str, activity: Activity| {
        let answer = app.send_as(key, &record, json!({ "input": activity.input() })).await;
        assert!(answer.body["errors"].is_null(), "{}", answer.text);
        answer.body["data"]["recordActivity"].clone()
    };
    let certification = |who: &str, id: &str| {
        Activity::of_professional(who, "CERTIFICATION_OBTAINED", "2026-03-01").points(600).external_id(id)
    };
    // Its own again, also by its next key: the first one is the answer.
    let next = app.key("INTEGRATOR", Some("community")).await;
    for key in [key, &next] {
        let again = send(key, certification("ada", "own")).await;
        assert_eq!((&again["duplicate"], &again["activity"]["id"]), (&json!(true), &world.own["id"]));
    }
    // Another's, with the same content: it is there, and not shown.
    let again = send(key, certification("bram", "foreign")).await;
    assert_eq!((&again["duplicate"], &again["activity"]), (&json!(true), &Value::Null));
    assert!(user_errors(&again).is_empty());
    // Another's, with other content: the key is taken, and nothing is said of what took it.
    let taken = send(key, certification("ada", "foreign")).await;
    assert_eq!(taken["userErrors"][0]["code"], "CONFLICTING_DUPLICATE");
    let other = send(key, certification("bram", "foreign").quantity(1).points(700)).await;
    assert_eq!(taken["userErrors"], other["userErrors"]);
    // What needs a review is not an integrator's to record; what only staff say is not its to submit.
    let blog = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-03-01").points(600);
    assert_eq!(send(key, blog.clone()).await["userErrors"][0]["code"], "REVIEW_REQUIRED");
    let mindset = Activity::of_professional("ada", "MINDSET_RECOGNITION", "2026-03-01").points(200);
    let submit = document("submitActivity");
    for (role, activity, expected) in [
        ("INTEGRATOR", &blog, None),
        ("INTEGRATOR", &mindset, Some("REVIEW_REQUIRED")),
        ("PROFESSIONAL", &mindset, Some("REVIEW_REQUIRED")),
        ("PROGRAM_STAFF", &mindset, None),
    ] {
        let answer = app.send_as(world.key(role), &submit, json!({ "input": activity.input() })).await;
        let code = answer.body["data"]["submitActivity"]["userErrors"][0]["code"].as_str();
        assert_eq!(code, expected, "{role}: {}", answer.text);
    }
    // Staff's recording is a review.
    let answer = app.send_as(
        world.key("PROGRAM_STAFF"),
        &record,
        json!({ "input": mindset.external_id("m").input() }),
    );
    let answer = answer.await;
    assert_eq!(answer.body["data"]["recordActivity"]["activity"]["status"], "RECORDED", "{}", answer.text);
}
