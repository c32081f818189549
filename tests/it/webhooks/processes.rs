//! The task that sends: several processes on one database, one that dies, and receivers that are slow.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::json;

use super::sending::post;
use crate::harness::webhooks::{Receiver, Reply, quiet, until};
use crate::harness::{Backend, TestApp, TestDatabase};

both! {
    two_processes_do_not_send_twice,
    deliveries_of_a_dead_process_are_retried,
    a_slow_receiver_does_not_hold_others,
    a_backlog_is_sent_in_order,
}

async fn two_processes_do_not_send_twice(backend: Backend) {
    let one = quiet(backend).await;
    let settings = [("WEBHOOKS_TO_PRIVATE", "true"), ("WEBHOOKS_SEND", "false")];
    let other = TestApp::start_with(one.database().shared(), "2026-08-31", &settings).await;
    let receiver = Receiver::start().await;
    let partners = ["nordwind", "polder", "alpen"];
    for partner in partners {
        one.partner(partner, "2024-06-01").await;
    }
    one.endpoint(&format!("{}/a", receiver.url), &["ACTIVITY_RECORDED"]).await;
    one.endpoint(&format!("{}/b", receiver.url), &["ACTIVITY_RECORDED"]).await;
    for number in 0..8 {
        for partner in partners {
            post(&one, partner, &format!("{partner}-{number}")).await;
        }
    }
    let (sent, also) = tokio::join!(one.send_in(0), other.send_in(0));
    // Each stops when the other has the rest.
    let rest = one.send_in(0).await;
    assert_eq!(sent + also + rest, 48);
    let mut streams: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for got in receiver.news() {
        let partner = got.body["data"]["partner"].as_str().expect("a partner").to_owned();
        streams.entry((got.path.clone(), partner)).or_default().push(got.activity().to_owned());
    }
    assert_eq!(streams.len(), 6);
    for ((path, partner), ids) in streams {
        let expected: Vec<String> = (0..8).map(|number| format!("{partner}-{number}")).collect();
        assert_eq!(ids, expected, "{path}: each once, in order");
    }
}

async fn deliveries_of_a_dead_process_are_retried(backend: Backend) {
    let one = quiet(backend).await;
    let receiver = Receiver::start().await;
    one.partner("nordwind", "2024-06-01").await;
    let (id, _) = one.endpoint(&receiver.url, &["ACTIVITY_RECORDED"]).await;
    post(&one, "nordwind", "first").await;
    one.services().webhooks_enqueue().await.expect("deliveries");
    receiver.answer(|_| Reply::Hang);
    let services = one.services().clone();
    let began = services.clock().real();
    let dying = tokio::spawn(async move { services.webhooks_send_due(began).await });
    let first = receiver.wait_for(1).await;
    dying.abort();
    assert!(dying.await.expect_err("aborted").is_cancelled());
    receiver.status(200);
    let other = TestApp::start_with(
        one.database().shared(),
        "2026-08-31",
        &[("WEBHOOKS_TO_PRIVATE", "true"), ("WEBHOOKS_SEND", "false")],
    );
    let other = other.await;
    let send = async |seconds: i64| {
        let now = began + TimeDelta::seconds(seconds);
        other.services().webhooks_send_due(now).await.expect("attempts")
    };
    assert_eq!((send(59).await, send(61).await), (0, 1), "after the lease, and not before");
    let all = receiver.got();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].header("webhook-id"), first[0].header("webhook-id"));
    let shown = other.webhook(&id).await;
    assert_eq!(shown["deliveries"]["nodes"][0]["state"], "DELIVERED");
}

async fn a_slow_receiver_does_not_hold_others(backend: Backend) {
    let settings = [("WEBHOOKS_TO_PRIVATE", "true")];
    let database = TestDatabase::create(backend).await;
    let app = TestApp::start_with(database, "2026-08-31", &settings).await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.answer(|_| Reply::Hang);
    let partners = ["p1", "p2", "p3", "p4", "p5", "p6"];
    for partner in partners {
        app.partner(partner, "2024-06-01").await;
    }
    let (id, _) = app.endpoint(&slow.url, &["ACTIVITY_RECORDED"]).await;
    app.endpoint(&quick.url, &["ACTIVITY_RECORDED"]).await;
    for partner in partners {
        post(&app, partner, partner).await;
        post(&app, partner, &format!("{partner}-again")).await;
    }
    quick.wait_for(12).await;
    assert_eq!(slow.wait_for(4).await.len(), 4, "so many at once to one endpoint");
    slow.release();
    until("the slow receiver to have all", async || {
        slow.release();
        app.webhook(&id).await["lag"] == 0
    })
    .await;
    assert_eq!(slow.got().len(), 12);
    // A disabled endpoint gets nothing, and all of it when it is enabled.
    app.done("disableWebhookEndpoint", json!({ "id": id })).await;
    post(&app, "p1", "later").await;
    quick.wait_for(13).await;
    assert_eq!(slow.got().len(), 12);
    app.done("enableWebhookEndpoint", json!({ "id": id })).await;
    slow.wait_for(13).await;
    let stopped = app.restart("2026-08-31").await;
    drop(stopped);
}

/// By the task itself: a long queue of one subject, and many short ones, to two endpoints.
async fn a_backlog_is_sent_in_order(backend: Backend) {
    let settings = [("WEBHOOKS_TO_PRIVATE", "true")];
    let app = TestApp::start_with(TestDatabase::create(backend).await, "2026-08-31", &settings).await;
    let receiver = Receiver::start().await;
    let counts: BTreeMap<String, usize> =
        (0..12).map(|partner| (format!("p{partner}"), if partner == 0 { 30 } else { 2 })).collect();
    for (partner, count) in &counts {
        app.partner(partner, "2024-06-01").await;
        for number in 0..*count {
            post(&app, partner, &format!("{partner}-{number}")).await;
        }
    }
    let paths = ["/hooks/a", "/hooks/b"];
    for path in paths {
        let url = receiver.url.replace("/hooks", path);
        let (id, _) = app.endpoint(&url, &["ACTIVITY_RECORDED"]).await;
        app.done("replayWebhookEvents", json!({ "id": id, "after": 0 })).await;
    }
    let all = counts.values().sum::<usize>() * paths.len();
    let mut streams: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for got in receiver.wait_for(all).await {
        let partner = got.body["data"]["partner"].as_str().expect("a partner").to_owned();
        streams.entry((got.path.clone(), partner)).or_default().push(got.activity().to_owned());
    }
    assert_eq!(streams.len(), counts.len() * paths.len());
    for ((path, partner), ids) in streams {
        let expected: Vec<String> =
            (0..counts[&partner]).map(|number| format!("{partner}-{number}")).collect();
        assert_eq!(ids, expected, "{path}: each once, in order");
    }
}
