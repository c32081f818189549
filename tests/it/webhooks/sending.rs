//! What receivers get, and which of it.

use serde_json::{Value, json};

use crate::events::{feed, latest};
use crate::harness::webhooks::{Receiver, Reply, quiet};
use crate::harness::{Activity, Backend, TestApp, everything, user_errors};

both! {
    a_message_is_what_the_specification_says,
    secrets_are_returned_once_and_rotated,
    endpoints_get_what_they_ask_for,
    events_about_a_subject_are_sent_one_after_the_other,
    endpoints_that_fit_nothing_are_refused,
    a_test_is_sent_once_whatever_the_endpoint_is,
}

/// Records a post of a partner under an external id.
pub(crate) async fn post(app: &TestApp, partner: &str, id: &str) {
    app.record(Activity::of_partner(partner, "LINKEDIN_POST", "2026-05-01").external_id(id)).await;
}

async fn a_message_is_what_the_specification_says(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    app.partner("nordwind", "2024-06-01").await;
    post(&app, "nordwind", "before").await;
    let (id, secret) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    post(&app, "nordwind", "after").await;
    assert_eq!(app.send_in(0).await, 1, "events from its creation on");
    let got = receiver.news().pop().expect("a message");
    assert!(got.is_signed_with(&secret));
    assert_eq!(got.path, "/hooks");
    assert_eq!(got.header("content-type"), "application/json");
    assert!(got.header("user-agent").starts_with("partner-program/"));
    let events = feed(&app, 0).await;
    let event = events.iter().rfind(|event| event["type"] == "ACTIVITY_RECORDED").expect("an event");
    assert_eq!(got.header("webhook-id"), format!("evt_{}", event["number"]));
    let mut data = event["data"].clone();
    data["number"] = event["number"].clone();
    data["occurredOn"] = event["occurredOn"].clone();
    data["event"] = json!("ACTIVITY_RECORDED");
    let expected = json!({ "type": "activity.recorded", "timestamp": event["recordedAt"], "data": data });
    assert_eq!(got.body, expected);
    // Any other byte is another message.
    let mut forged = got.clone();
    forged.text = forged.text.replace("after", "later");
    assert!(!forged.is_signed_with(&secret));
    forged = got.clone();
    forged.headers.insert("webhook-id", "evt_1".parse().expect("a value"));
    assert!(!forged.is_signed_with(&secret));

    let shown = app.webhook(&id).await;
    assert_eq!(
        (&shown["lag"], &shown["pendingCount"], &shown["status"]),
        (&json!(0), &json!(0), &json!("ENABLED"))
    );
    let sent = &shown["deliveries"]["nodes"][0];
    assert_eq!((&sent["state"], &sent["type"]), (&json!("DELIVERED"), &json!("activity.recorded")), "{sent}");
    assert_eq!((&sent["event"]["number"], &sent["endpoint"]["id"]), (&event["number"], &id));
    assert_eq!(sent["attempts"].as_array().map(Vec::len), Some(1));
    let attempt = &sent["attempts"][0];
    assert_eq!((&attempt["statusCode"], &attempt["error"]), (&json!(200), &Value::Null));
    assert_eq!(attempt["response"], "noted");
    assert_eq!(app.send_in(1_000_000).await, 0, "it is sent once");
}

async fn secrets_are_returned_once_and_rotated(backend: Backend) {
    const DAY: i64 = 24 * 3_600;
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    app.partner("nordwind", "2024-06-01").await;
    let (id, first) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    let rotated = app.done("rotateWebhookSecret", json!({ "id": id })).await;
    let second = rotated["secret"].as_str().expect("a secret").to_owned();
    assert_ne!(first, second);
    assert!(!rotated["webhookEndpoint"]["previousSecretExpiresAt"].is_null());
    post(&app, "nordwind", "both").await;
    assert_eq!(app.send_in(DAY - 60).await, 1);
    let got = receiver.news().pop().expect("a message");
    assert!(got.is_signed_with(&first) && got.is_signed_with(&second), "both sign for a day");
    assert_eq!(got.header("webhook-signature").split(' ').count(), 2);
    post(&app, "nordwind", "new").await;
    assert_eq!(app.send_in(DAY + 60).await, 1);
    let got = receiver.news().pop().expect("a message");
    assert!(!got.is_signed_with(&first) && got.is_signed_with(&second), "then the new one alone");

    let mut secrets = vec![first, second];
    for _ in 0..6 {
        let rotated = app.done("rotateWebhookSecret", json!({ "id": id })).await;
        secrets.push(rotated["secret"].as_str().expect("a secret").to_owned());
    }
    post(&app, "nordwind", "many").await;
    assert_eq!(app.send_in(0).await, 1);
    let got = receiver.news().pop().expect("a message");
    let signed: Vec<bool> = secrets.iter().map(|secret| got.is_signed_with(secret)).collect();
    assert_eq!(signed, [false, false, false, true, true, true, true, true], "the newest five");

    // No answer, no row that is shown and no line of a log has one.
    let audit = "{ auditLog(first: 100) { nodes { operation objectId before after } } }";
    let mut shown = everything(app.reader()).await.join("\n");
    shown += &app.ok(audit, json!({})).await.to_string();
    shown += &app.webhook(&id).await.to_string();
    assert!(shown.contains("rotateWebhookSecret"));
    for secret in &secrets {
        assert!(!shown.contains(&secret[6..20]), "a secret is shown");
    }
}

async fn endpoints_get_what_they_ask_for(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    for (partner, person) in [("nordwind", "ada"), ("polder", "bram")] {
        app.partner(partner, "2024-06-01").await;
        app.professional(person, "2024-06-01").await;
        app.affiliate(person, partner, "2024-06-01").await;
    }
    let path = |path: &str| format!("{}/{path}", receiver.url);
    let start = latest(&app).await;
    let create =
        async |input: Value| app.done("createWebhookEndpoint", input).await["webhookEndpoint"].clone();
    let own = json!({ "url": path("own"), "description": "nordwind's", "partner": "nordwind" });
    let own = create(own).await;
    assert_eq!((&own["partner"]["code"], &own["types"]), (&json!("nordwind"), &Value::Null));
    let levels = ["LEVEL_REACHED", "LEVEL_LAPSED", "LEVEL_REACHED"];
    let input = json!({ "url": path("levels"), "description": "levels", "types": levels });
    let levels = create(input).await;
    assert_eq!(levels["types"], json!(["LEVEL_REACHED", "LEVEL_LAPSED"]));
    create(json!({ "url": path("all"), "description": "everything" })).await;
    for (partner, person) in [("nordwind", "ada"), ("polder", "bram")] {
        app.record(Activity::of_professional(person, "CERTIFICATION_OBTAINED", "2026-03-01").points(1_000))
            .await;
        post(&app, partner, partner).await;
    }
    app.send_in(0).await;
    let events = feed(&app, start).await;
    let numbers = |wanted: &dyn Fn(&Value) -> bool| -> Vec<i64> {
        events.iter().filter(|event| wanted(event)).filter_map(|event| event["number"].as_i64()).collect()
    };
    let got = receiver.news();
    let sent = |path: &str| {
        let here = got.iter().filter(|got| got.path == format!("/hooks/{path}"));
        let mut numbers: Vec<i64> = here.filter_map(|got| got.body["data"]["number"].as_i64()).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(sent("all"), numbers(&|_| true));
    assert_eq!(sent("own"), numbers(&|event| event["partner"]["code"] == "nordwind"));
    let of_levels = numbers(&|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("LEVEL")));
    assert_eq!(sent("levels"), of_levels);
    assert!(of_levels.len() >= 2 && sent("own").len() >= 3, "{of_levels:?}");

    // What waits is not sent to who no longer wants it.
    post(&app, "nordwind", "late").await;
    app.services().webhooks_enqueue().await.expect("deliveries");
    let change = json!({ "id": own["id"], "partner": "polder", "url": path("changed") });
    let changed = app.done("updateWebhookEndpoint", change).await["webhookEndpoint"].clone();
    assert_eq!(
        (&changed["partner"]["code"], &changed["description"]),
        (&json!("polder"), &json!("nordwind's"))
    );
    post(&app, "polder", "after").await;
    app.send_in(0).await;
    let got = receiver.news();
    let changed: Vec<&str> = got
        .iter()
        .filter(|got| got.path == "/hooks/changed")
        .map(|got| &got.body["data"]["partner"])
        .map(|code| code.as_str().unwrap_or("none"))
        .collect();
    assert!(!changed.is_empty() && changed.iter().all(|code| *code == "polder"), "{changed:?}");
    // Variables that are left out change nothing; only null does.
    let partly = "mutation($id: ID!, $d: String, $t: [EventType!], $p: String) { updateWebhookEndpoint(input: \
        { id: $id, description: $d, types: $t, partner: $p }) { webhookEndpoint { description types partner { code } } \
        userErrors { message } } }";
    let narrow = json!({ "id": own["id"], "types": ["CREDITS_CHANGED"] });
    app.done("updateWebhookEndpoint", narrow).await;
    let partly = app.ok(partly, json!({ "id": own["id"], "d": "still polder's" })).await;
    let expected = json!({ "description": "still polder's", "types": ["CREDITS_CHANGED"], "partner": { "code": "polder" } });
    assert_eq!(partly["updateWebhookEndpoint"]["webhookEndpoint"], expected);
    let everybody = json!({ "id": own["id"], "partner": null, "types": null });
    let everybody = app.done("updateWebhookEndpoint", everybody).await["webhookEndpoint"].clone();
    assert_eq!((&everybody["partner"], &everybody["types"]), (&Value::Null, &Value::Null));
}

async fn events_about_a_subject_are_sent_one_after_the_other(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("polder", "2024-06-01").await;
    let (id, _) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    for (partner, activity) in
        [("nordwind", "n1"), ("polder", "p1"), ("nordwind", "n2"), ("polder", "p2"), ("nordwind", "n3")]
    {
        post(&app, partner, activity).await;
    }
    receiver.answer(|got| Reply::Status(if got.activity() == "n1" { 500 } else { 204 }, Vec::new()));
    assert_eq!(app.send_in(0).await, 3);
    let mut got = receiver.activities();
    got.sort_unstable();
    assert_eq!(got, ["n1", "p1", "p2"], "others go on meanwhile");
    let shown = app.webhook(&id).await;
    assert_eq!(shown["pendingCount"], 3);
    assert!(shown["lag"].as_i64().is_some_and(|lag| lag >= 5), "{}", shown["lag"]);
    assert_eq!(app.send_in(4).await, 0, "not before its time");
    receiver.status(200);
    assert_eq!(app.send_in(10).await, 3);
    assert_eq!(receiver.activities(), ["n1", "n2", "n3"]);
    assert_eq!(app.webhook(&id).await["lag"], 0);
}

async fn endpoints_that_fit_nothing_are_refused(backend: Backend) {
    let app = quiet(backend).await;
    let url = "https://example.com/hooks";
    let create = [
        (json!({ "url": "nowhere", "description": "x" }), "INVALID", "url"),
        (json!({ "url": "ftp://example.com", "description": "x" }), "INVALID", "url"),
        (json!({ "url": "https://me:word@example.com", "description": "x" }), "INVALID", "url"),
        (json!({ "url": url, "description": " " }), "INVALID", "description"),
        (json!({ "url": url, "description": "x", "types": [] }), "INVALID", "types"),
        (json!({ "url": url, "description": "x", "partner": "nobody" }), "NOT_FOUND", "partner"),
        (json!({ "url": url, "description": "x", "partner": "\u{0}" }), "NOT_FOUND", "partner"),
    ];
    let of_nothing = [
        ("updateWebhookEndpoint", json!({ "id": "nonsense", "description": "x" }), "NOT_FOUND", "id"),
        ("enableWebhookEndpoint", json!({ "id": "nonsense" }), "NOT_FOUND", "id"),
        ("disableWebhookEndpoint", json!({ "id": "nonsense" }), "NOT_FOUND", "id"),
        ("deleteWebhookEndpoint", json!({ "id": "nonsense" }), "NOT_FOUND", "id"),
        ("rotateWebhookSecret", json!({ "id": "nonsense" }), "NOT_FOUND", "id"),
        ("sendTestWebhook", json!({ "id": "nonsense" }), "NOT_FOUND", "id"),
        ("replayWebhookEvents", json!({ "id": "nonsense", "after": 0 }), "NOT_FOUND", "id"),
        ("resendWebhookDelivery", json!({ "deliveryId": "nonsense" }), "NOT_FOUND", "deliveryId"),
    ];
    let before = everything(app.reader()).await;
    let create = create.map(|(input, code, field)| ("createWebhookEndpoint", input, code, field));
    for (mutation, input, code, field) in create.into_iter().chain(of_nothing) {
        let payload = app.mutate(mutation, input.clone()).await;
        let errors = user_errors(&payload);
        assert_eq!(errors.len(), 1, "{mutation} {input}");
        assert_eq!(
            (&errors[0]["code"], &errors[0]["field"]),
            (&json!(code), &json!([field])),
            "{mutation} {input}"
        );
    }
    assert_eq!(everything(app.reader()).await, before);
    for _ in 0..100 {
        app.done("createWebhookEndpoint", json!({ "url": url, "description": "one of many" })).await;
    }
    let one_more = json!({ "url": url, "description": "one too many" });
    assert_eq!(app.refusals("createWebhookEndpoint", one_more).await, ["TOO_MANY"]);
    let page = "{ webhookEndpoints(last: 2) { totalCount nodes { id url } pageInfo { hasPreviousPage } } }";
    let page = app.ok(page, json!({})).await["webhookEndpoints"].clone();
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasPreviousPage"]), (&json!(100), &json!(true)));
    let id = &page["nodes"][1]["id"];
    assert_eq!(app.done("deleteWebhookEndpoint", json!({ "id": id })).await["deletedId"], *id);
    assert!(app.webhook(id).await.is_null());
}

async fn a_test_is_sent_once_whatever_the_endpoint_is(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    let (id, secret) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    app.done("disableWebhookEndpoint", json!({ "id": id, "reason": "not yet" })).await;
    let sent = app.done("sendTestWebhook", json!({ "id": id })).await["webhookDelivery"].clone();
    assert_eq!((&sent["type"], &sent["state"]), (&json!("webhook.test"), &json!("PENDING")));
    assert_eq!(app.send_in(0).await, 1);
    let got = receiver.news().pop().expect("a test");
    assert!(got.is_signed_with(&secret));
    assert_eq!(
        (&got.body["type"], got.header("webhook-id")),
        (&sent["type"], sent["webhookId"].as_str().expect("an id"))
    );
    receiver.status(500);
    app.done("sendTestWebhook", json!({ "id": id })).await;
    assert_eq!((app.send_in(0).await, app.send_in(1_000_000).await), (1, 0));
    let shown = app.webhook(&id).await;
    assert_eq!((&shown["status"], &shown["disabledReason"]), (&json!("DISABLED"), &json!("not yet")));
    let states: Vec<&Value> =
        shown["deliveries"]["nodes"].as_array().expect("a list").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["DELIVERED", "FAILED"]);
    assert_eq!(
        shown["deliveries"]["nodes"][1]["attempts"][0]["error"],
        "The receiver answered 500 Internal Server Error."
    );
}
