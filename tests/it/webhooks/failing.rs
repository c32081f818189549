//! Receivers that fail: tried again by the schedule, then turned off and said to be, then on again.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::sending::post;
use crate::harness::webhooks::{Receiver, Reply, quiet};
use crate::harness::{Backend, TestApp};

both! {
    an_endpoint_that_fails_for_three_days_is_disabled_and_resumes_at_its_position,
    a_receiver_can_unsubscribe_with_410_gone,
    a_receiver_can_say_when_to_come_again,
    redirects_are_failures,
}

async fn next_attempt_at(app: &TestApp, id: &Value) -> DateTime<Utc> {
    let shown = app.webhook(id).await;
    let next = shown["deliveries"]["nodes"][0]["nextAttemptAt"].as_str().unwrap_or_else(|| panic!("{shown}"));
    next.parse().expect("a moment")
}

async fn an_endpoint_that_fails_for_three_days_is_disabled_and_resumes_at_its_position(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    app.partner("nordwind", "2024-06-01").await;
    let (id, _) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    post(&app, "nordwind", "first").await;
    post(&app, "nordwind", "second").await;
    receiver.status(500);
    let services = app.services();
    let mut last = services.clock().real();
    assert_eq!(app.send_in(0).await, 1);
    let mut pauses = Vec::new();
    while app.webhook(&id).await["status"] == "ENABLED" {
        let next = next_attempt_at(&app, &id).await;
        let early = next - TimeDelta::seconds(1);
        assert_eq!(services.webhooks_send_due(early).await.expect("attempts"), 0, "not before its time");
        assert_eq!(services.webhooks_send_due(next).await.expect("attempts"), 1);
        pauses.push((next - last).num_seconds());
        last = next;
    }
    let table = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    assert_eq!(pauses.len(), table.len(), "{pauses:?}");
    for (pause, expected) in pauses.iter().zip(table) {
        // With jitter, and the time that the requests took.
        assert!((expected..=expected + expected / 10 + 10).contains(pause), "{pauses:?}");
    }
    assert_eq!(receiver.activities(), ["first"; 10]);
    let shown = app.webhook(&id).await;
    let reason = shown["disabledReason"].as_str().expect("a reason");
    let beginning = format!(
        "All 10 attempts to deliver event {} (activity.recorded) failed, the last on ",
        shown["deliveries"]["nodes"][0]["eventNumber"]
    );
    assert!(
        reason.starts_with(&beginning)
            && reason.ends_with(": The receiver answered 500 Internal Server Error."),
        "{reason}"
    );
    assert_eq!(shown["deliveries"]["nodes"][0]["state"], "FAILED");
    assert_eq!(shown["deliveries"]["nodes"][0]["attempts"].as_array().map(Vec::len), Some(10));
    let audit = "{ auditLog(filter: { operation: \"sendWebhooks\" }) { nodes { actor objectId after } } }";
    let audit = app.ok(audit, json!({})).await["auditLog"]["nodes"].clone();
    assert_eq!(audit.as_array().map(Vec::len), Some(1));
    assert_eq!((&audit[0]["actor"], &audit[0]["objectId"]), (&json!("system:server"), &id));
    assert_eq!(audit[0]["after"], json!({ "status": "DISABLED", "reason": reason }));
    let status = services.webhooks_status().await.expect("a status");
    assert_eq!((status.pending, status.disabled), (1, 1));

    // Nothing is sent, and nothing is lost.
    post(&app, "nordwind", "third").await;
    receiver.status(200);
    assert_eq!(app.send_in(10_000_000).await, 0);
    let resend = json!({ "deliveryId": shown["deliveries"]["nodes"][0]["id"] });
    assert_eq!(app.refusals("resendWebhookDelivery", resend).await, ["WRONG_STATE"]);
    let enabled = app.done("enableWebhookEndpoint", json!({ "id": id })).await["webhookEndpoint"].clone();
    assert_eq!((&enabled["status"], &enabled["disabledReason"]), (&json!("ENABLED"), &Value::Null));
    assert_eq!(app.send_in(0).await, 3);
    assert_eq!(receiver.activities(), ["first", "second", "third"]);
    let status = services.webhooks_status().await.expect("a status");
    assert_eq!((status.pending, status.oldest, status.disabled), (0, None, 0));
}

async fn a_receiver_can_unsubscribe_with_410_gone(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    app.partner("nordwind", "2024-06-01").await;
    let (id, _) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    post(&app, "nordwind", "first").await;
    receiver.status(410);
    assert_eq!((app.send_in(0).await, app.send_in(1_000_000).await), (1, 0));
    let shown = app.webhook(&id).await;
    assert_eq!(shown["status"], "DISABLED");
    let reason = shown["disabledReason"].as_str().expect("a reason");
    assert!(reason.starts_with("The receiver answered 410 Gone to event "), "{reason}");
}

async fn a_receiver_can_say_when_to_come_again(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    app.partner("nordwind", "2024-06-01").await;
    let (id, _) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    post(&app, "nordwind", "first").await;
    // the answer to the next try, and the least and most seconds until the one after it
    let table = [
        (503, 600, 599, 620),
        (429, 1_200, 1_199, 1_220),
        (500, 9_999, 1_799, 2_000),
        (503, 999_999, 86_399, 86_420),
    ];
    app.services().webhooks_enqueue().await.expect("deliveries");
    let mut due = app.services().clock().real();
    for (status, seconds, least, most) in table {
        receiver.answer(move |_| Reply::Status(status, vec![("retry-after", seconds.to_string())]));
        assert_eq!(app.services().webhooks_send_due(due).await.expect("attempts"), 1);
        let next = next_attempt_at(&app, &id).await;
        let pause = (next - due).num_seconds();
        assert!((least..=most).contains(&pause), "{status} with {seconds}: {pause}");
        due = next;
    }
}

async fn redirects_are_failures(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    let (id, _) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    let elsewhere = format!("{}/elsewhere", receiver.url);
    for status in [301, 302, 307, 308] {
        let elsewhere = elsewhere.clone();
        receiver.answer(move |_| Reply::Status(status, vec![("location", elsewhere.clone())]));
        app.done("sendTestWebhook", json!({ "id": id })).await;
        assert_eq!(app.send_in(0).await, 1);
        let got = receiver.news();
        assert_eq!(got.iter().map(|got| got.path.as_str()).collect::<Vec<_>>(), ["/hooks"]);
    }
    let shown = app.webhook(&id).await;
    for delivery in shown["deliveries"]["nodes"].as_array().expect("a list") {
        let error = delivery["attempts"][0]["error"].as_str().expect("an error");
        assert!(error.ends_with("; redirects are not followed."), "{error}");
    }
}
