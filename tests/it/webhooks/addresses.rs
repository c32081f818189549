//! Private addresses: refused when they are entered, and again before each attempt.

use serde_json::json;

use super::sending::post;
use crate::harness::webhooks::{Receiver, quiet};
use crate::harness::{Backend, TestApp, TestDatabase, user_errors};

both! {
    private_addresses_are_refused,
    private_addresses_are_not_asked,
}

/// An application that sends to public addresses only, when the test says so.
async fn strict(database: TestDatabase) -> TestApp {
    TestApp::start_with(database, "2026-08-31", &[("WEBHOOKS_SEND", "false")]).await
}

async fn private_addresses_are_refused(backend: Backend) {
    let app = strict(TestDatabase::create(backend).await).await;
    for url in [
        "http://example.com/hooks",
        "https://127.0.0.1/hooks",
        "https://2130706433/hooks",
        "https://[::1]/hooks",
        "https://[::ffff:127.0.0.1]/hooks",
        "https://10.0.0.1/hooks",
        "https://169.254.169.254/latest/meta-data",
    ] {
        let input = json!({ "url": url, "description": "x" });
        let payload = app.mutate("createWebhookEndpoint", input).await;
        let errors = user_errors(&payload);
        assert_eq!((&errors[0]["code"], &errors[0]["field"]), (&json!("INVALID"), &json!(["url"])), "{url}");
        assert!(payload["secret"].is_null());
    }
}

async fn private_addresses_are_not_asked(backend: Backend) {
    let open = quiet(backend).await;
    let receiver = Receiver::start().await;
    open.partner("nordwind", "2024-06-01").await;
    let by_name = receiver.url.replace("http://127.0.0.1", "https://localhost");
    let mapped = receiver.url.replace("http://127.0.0.1", "https://[::ffff:127.0.0.1]");
    let literal = receiver.url.replace("http://", "https://");
    // address, and what a process says that may not go there
    let table = [
        (&receiver.url, "Events are sent by https; the URL has the scheme http."),
        (&literal, "127.0.0.1 is no public address"),
        (&mapped, "[::ffff:7f00:1] is no public address"),
        (&by_name, "localhost is no public address"),
    ];
    let mut endpoints = Vec::new();
    for (url, expected) in table {
        endpoints.push((open.endpoint(url, &["ACTIVITY_RECORDED"]).await.0, expected));
    }
    post(&open, "nordwind", "secret").await;
    let app = strict(open.database().shared()).await;
    assert_eq!(app.send_in(0).await, 4);
    for (id, expected) in endpoints {
        let shown = app.webhook(&id).await;
        let delivery = &shown["deliveries"]["nodes"][0];
        let error = delivery["attempts"][0]["error"].as_str().expect("an error");
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(
            (&delivery["state"], &delivery["attempts"][0]["statusCode"]),
            (&json!("PENDING"), &json!(null))
        );
    }
    assert!(receiver.got().is_empty());
    drop(app);
    assert_eq!(open.send_in(10).await, 4, "the setting allows it");
    assert_eq!(receiver.activities(), ["secret"], "by http; there is no TLS");
}
