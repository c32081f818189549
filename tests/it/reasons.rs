//! Who did what to an object, when and why: on the object, and in the audit log.

use serde_json::{Value, json};

use crate::harness::deals::swag;
use crate::harness::{Activity, Answer, Backend, Order, TestApp, document};

both! {
    reviews_and_voidings_are_on_the_activity,
    cancellations_are_on_the_order,
    staff_reads_the_audit_log_but_for_keys_and_editions,
}

const TODAY: &str = "2026-08-31";

/// Keys of all roles in the order of the table of rights; the partner is `nordwind`, the professional `ada`.
async fn roles(app: &TestApp) -> [String; 5] {
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    [
        app.key("ADMINISTRATOR", None).await,
        app.key("PROGRAM_STAFF", None).await,
        app.key("INTEGRATOR", Some("community")).await,
        app.key("PARTNER", Some("nordwind")).await,
        app.key("PROFESSIONAL", Some("ada")).await,
    ]
}

async fn done_as(app: &TestApp, key: &str, mutation: &str, input: Value) -> Value {
    let answer = app.send_as(key, &document(mutation), json!({ "input": input })).await;
    let payload = &answer.body["data"][mutation];
    assert_eq!(payload["userErrors"], json!([]), "{mutation}: {}", answer.text);
    payload.clone()
}

fn fine(answer: &Answer) -> &Value {
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    &answer.body["data"]
}

async fn reviews_and_voidings_are_on_the_activity(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let keys = roles(&app).await;
    let [_, staff, integrator, ..] = &keys;
    let claim = |id: &str| {
        let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-05-01").points(500);
        claim.external_id(id).input()
    };
    let mut ids = Vec::new();
    for id in ["approved", "rejected", "waiting"] {
        let submitted = done_as(&app, integrator, "submitActivity", claim(id)).await;
        ids.push(submitted["activity"]["id"].clone());
    }
    let review = |id: &Value, decision: &str, points: Value, reason: &str| json!({ "activityId": id, "decision": decision, "points": points, "reason": reason });
    let approve = review(&ids[0], "APPROVE", json!(600), "well written");
    done_as(&app, staff, "reviewActivity", approve).await;
    let reject = review(&ids[1], "REJECT", Value::Null, "not about the product");
    done_as(&app, staff, "reviewActivity", reject).await;
    app.void(&json!({ "id": ids[0] })).await;
    // Recording such a kind is its approval, but no review.
    app.record(
        Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-05-02")
            .points(500)
            .external_id("staff"),
    )
    .await;

    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Activity { externalId recordedAt \
        review { decision points at by reason } voided { at by reason } } } }";
    // Everybody who sees the activity sees who decided about it.
    let (reviewer, voider) = ("a key for PROGRAM_STAFF", "bootstrap");
    for key in &keys {
        let answer = app.send_as(key, query, json!({ "ids": ids })).await;
        let nodes = fine(&answer)["nodes"].as_array().expect("a list");
        let mut review = nodes[0]["review"].clone();
        assert!(review["at"].as_str() > nodes[0]["recordedAt"].as_str(), "{review}");
        review.as_object_mut().expect("a review").remove("at");
        let expected =
            json!({ "decision": "APPROVE", "points": 600, "by": reviewer, "reason": "well written" });
        assert_eq!(review, expected);
        assert_eq!(nodes[0]["voided"]["by"], voider);
        assert_eq!(nodes[0]["voided"]["reason"], "entered by mistake");
        assert!(nodes[0]["voided"]["at"].as_str() > nodes[0]["review"]["at"].as_str());
        let rejected = &nodes[1]["review"];
        assert_eq!((&rejected["decision"], &rejected["points"]), (&json!("REJECT"), &Value::Null));
        assert_eq!(
            (&rejected["by"], &rejected["reason"]),
            (&json!(reviewer), &json!("not about the product"))
        );
        assert_eq!(nodes[1]["voided"], Value::Null);
        assert_eq!(nodes[2]["review"], Value::Null, "not reviewed yet");
    }
    let staff = app.ok("{ activity(source: \"test\", externalId: \"staff\") { review { at } } }", json!({}));
    assert_eq!(staff.await["activity"]["review"], Value::Null);
}

async fn cancellations_are_on_the_order(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let keys = roles(&app).await;
    let [_, staff, integrator, partner, professional] = &keys;
    app.product("dmc", "USAGE_BASED_SERVICE", &[("1", "EUR")]).await;
    app.item("hoodie", 1, 10).await;
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-01").points(600)).await;
    let order = Order::self_use("nordwind").line("dmc", 100).fresh();
    let order = done_as(&app, partner, "placeOrder", order).await["order"]["number"].clone();
    let item = swag("ada", "hoodie", 1, "one");
    let item = done_as(&app, professional, "placeSwagOrder", item).await["swagOrder"]["number"].clone();
    let query = "query($order: String!, $swag: String!) { order(number: $order) { cancelled { on by reason } } \
        swagOrder(number: $swag) { cancelled { on by reason } } }";
    let numbers = json!({ "order": order, "swag": item });
    let before = app.ok(query, numbers.clone()).await;
    assert_eq!(before["order"]["cancelled"], Value::Null);
    assert_eq!(before["swagOrder"]["cancelled"], Value::Null);
    done_as(&app, partner, "cancelOrder", json!({ "number": order, "reason": "ordered twice" })).await;
    done_as(&app, professional, "cancelSwagOrder", json!({ "number": item, "reason": "too small" })).await;
    // the order's and the swag order's actor, as the caller sees them
    let table = [
        (staff, json!("a key for PARTNER"), json!("a key for PROFESSIONAL")),
        (partner, json!("a key for PARTNER"), Value::Null),
        (professional, Value::Null, json!("a key for PROFESSIONAL")),
        (integrator, Value::Null, Value::Null),
    ];
    for (key, of_order, of_swag) in table {
        let answer = app.send_as(key, query, numbers.clone()).await;
        let data = fine(&answer);
        for (kind, by, reason) in [("order", of_order, "ordered twice"), ("swagOrder", of_swag, "too small")]
        {
            if by.is_null() {
                assert_eq!(data[kind], Value::Null, "{}", answer.text);
                continue;
            }
            let expected = json!({ "on": TODAY, "by": by, "reason": reason });
            assert_eq!(data[kind]["cancelled"], expected, "{}", answer.text);
        }
    }
}

async fn staff_reads_the_audit_log_but_for_keys_and_editions(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let [administrator, staff, ..] = roles(&app).await;
    let activity = app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-05-01")).await;
    let void = json!({ "activityId": activity["id"], "reason": "did not take place" });
    done_as(&app, &staff, "voidActivity", void).await;
    let query = "{ auditLog(first: 100) { totalCount nodes { id objectType operation actorLabel reason } } }";
    let all = fine(&app.send_as(&administrator, query, json!({})).await)["auditLog"].clone();
    let shown = fine(&app.send_as(&staff, query, json!({})).await)["auditLog"].clone();
    let (all, shown) = (all["nodes"].as_array().expect("a list"), &shown);
    let of_keys: Vec<&Value> = all.iter().filter(|entry| entry["objectType"] == "ApiKey").collect();
    assert_eq!(of_keys.len(), 5);
    let others: Vec<&Value> = all.iter().filter(|entry| entry["objectType"] != "ApiKey").collect();
    assert_eq!(shown["totalCount"], others.len());
    assert_eq!(shown["nodes"], json!(others));
    let last = others.last().expect("entries");
    assert_eq!(last["actorLabel"], "a key for PROGRAM_STAFF");
    assert_eq!((&last["operation"], &last["reason"]), (&json!("voidActivity"), &json!("did not take place")));
    assert_eq!((&others[0]["actorLabel"], &others[0]["reason"]), (&json!("bootstrap"), &Value::Null));
    // Nor by the id.
    let ids: Vec<&Value> = all.iter().map(|entry| &entry["id"]).collect();
    let found = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let answer = app.send_as(&staff, found, json!({ "ids": ids })).await;
    let found: Vec<&Value> =
        fine(&answer)["nodes"].as_array().expect("a list").iter().filter(|one| !one.is_null()).collect();
    assert_eq!(found.len(), others.len());
}
