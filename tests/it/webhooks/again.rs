//! Sent again: one delivery, or everything after a number, and what is no longer kept.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::sending::post;
use crate::harness::webhooks::{Got, Receiver, quiet};
use crate::harness::{Backend, user_errors};

both! {
    what_was_sent_is_sent_again_with_the_same_id,
    what_is_no_longer_kept_is_not_sent_and_that_is_said,
}

async fn what_was_sent_is_sent_again_with_the_same_id(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("polder", "2024-06-01").await;
    let (id, _) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    for (partner, activity) in [("nordwind", "n1"), ("polder", "p1"), ("nordwind", "n2"), ("polder", "p2")] {
        post(&app, partner, activity).await;
    }
    assert_eq!(app.send_in(0).await, 4);
    let mut first: Vec<(String, String)> =
        receiver.news().iter().map(|got| (got.header("webhook-id").to_owned(), got.text.clone())).collect();
    first.sort_unstable();

    let shown = app.webhook(&id).await;
    let second = &shown["deliveries"]["nodes"][1];
    let again = app.done("resendWebhookDelivery", json!({ "deliveryId": second["id"] })).await;
    assert_eq!(again["webhookDelivery"]["state"], "PENDING");
    assert_eq!(app.send_in(0).await, 1);
    let got = receiver.news().pop().expect("a message");
    assert_eq!(
        (got.activity(), got.header("webhook-id")),
        ("p1", second["webhookId"].as_str().expect("an id"))
    );
    let shown = app.webhook(&id).await;
    assert_eq!(shown["deliveries"]["nodes"][1]["attempts"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["deliveries"]["totalCount"], 4);

    // Everything after the second one, then everything.
    let after = second["eventNumber"].clone();
    let replayed = app.done("replayWebhookEvents", json!({ "id": id, "after": after })).await;
    assert_eq!(replayed["webhookEndpoint"]["position"], after);
    assert_eq!(app.send_in(0).await, 2);
    let mut got = receiver.activities();
    got.sort_unstable();
    assert_eq!(got, ["n2", "p2"]);
    app.done("replayWebhookEvents", json!({ "id": id, "after": 0 })).await;
    assert_eq!(app.send_in(0).await, 4);
    let replayed = receiver.news();
    let of = |partner: &str| -> Vec<&str> {
        let own = replayed.iter().filter(|got| got.body["data"]["partner"] == partner);
        own.map(Got::activity).collect()
    };
    assert_eq!((of("nordwind"), of("polder")), (vec!["n1", "n2"], vec!["p1", "p2"]), "in order again");
    let mut all: Vec<(String, String)> =
        replayed.iter().map(|got| (got.header("webhook-id").to_owned(), got.text.clone())).collect();
    all.sort_unstable();
    assert_eq!(all, first, "the same ids with the same words");
    assert_eq!(app.webhook(&id).await["deliveries"]["totalCount"], 4);
    let too_far = app.mutate("replayWebhookEvents", json!({ "id": id, "after": 1_000_000 })).await;
    assert_eq!(user_errors(&too_far)[0]["field"], json!(["after"]));
}

async fn what_is_no_longer_kept_is_not_sent_and_that_is_said(backend: Backend) {
    let app = quiet(backend).await;
    let receiver = Receiver::start().await;
    app.partner("nordwind", "2024-06-01").await;
    let (id, _) = app.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    post(&app, "nordwind", "sent").await;
    assert_eq!(app.send_in(0).await, 1);
    receiver.status(503);
    post(&app, "nordwind", "waits").await;
    assert_eq!(app.send_in(0).await, 1);
    let shown = app.webhook(&id).await;
    let sent = shown["deliveries"]["nodes"][0]["id"].clone();
    app.done("disableWebhookEndpoint", json!({ "id": id })).await;
    post(&app, "nordwind", "never").await;
    let services = app.services();
    services.webhooks_enqueue().await.expect("numbers");
    // The clock of the tests is pinned; what is kept from its future on is nothing.
    assert!(services.delete_expired_events(TimeDelta::hours(-24)).await.expect("deleted") >= 3);
    receiver.status(200);
    receiver.news();

    assert_eq!(app.refusals("resendWebhookDelivery", json!({ "deliveryId": sent })).await, ["WRONG_STATE"]);
    let replay = app.mutate("replayWebhookEvents", json!({ "id": id, "after": 1 })).await;
    let error = user_errors(&replay)[0].clone();
    assert_eq!((&error["code"], &error["field"]), (&json!("INVALID"), &json!(["after"])));
    assert_eq!(app.refusals("enableWebhookEndpoint", json!({ "id": id })).await, ["WRONG_STATE"]);
    app.done("enableWebhookEndpoint", json!({ "id": id, "skipExpired": true })).await;
    post(&app, "nordwind", "next").await;
    assert_eq!(app.send_in(0).await, 1);
    assert_eq!(receiver.activities(), ["next"]);
    // The log goes with the events.
    assert_eq!(services.delete_expired_deliveries(TimeDelta::days(365)).await.expect("deleted"), 1);
    let shown = app.webhook(&id).await;
    let nodes = shown["deliveries"]["nodes"].as_array().expect("a list");
    assert_eq!(nodes.iter().map(|one| &one["state"]).collect::<Vec<_>>(), ["DELIVERED"]);
    assert_ne!(nodes[0]["event"], Value::Null);

    // An endpoint that was enabled all the time is reported as well.
    post(&app, "nordwind", "lost").await;
    services.webhooks_enqueue().await.expect("deliveries");
    assert!(services.delete_expired_events(TimeDelta::hours(-24)).await.expect("deleted") > 0);
    assert_eq!(app.send_in(0).await, 1);
    assert!(receiver.news().is_empty());
    let shown = app.webhook(&id).await;
    let reason = shown["disabledReason"].as_str().expect("a reason");
    assert!(reason.ends_with("was not delivered in time: it is no longer kept."), "{reason}");
}
