//! API keys: shown once, limited, expired, revoked.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::world::TODAY;
use crate::harness::{Activity, Backend, TestApp, document, everything};

both! {
    a_key_is_shown_once_and_kept_as_a_digest,
    keys_that_fit_nothing_are_refused,
    revoked_and_expired_keys_are_refused,
    keys_are_limited,
    the_last_use_is_noted,
}

const WHO: &str =
    "{ viewer { role label integration readOnly sources keyId partner { code } professional { code } } }";

async fn status(app: &TestApp, key: &str) -> u16 {
    app.send_as(key, WHO, json!({})).await.status
}

async fn a_key_is_shown_once_and_kept_as_a_digest(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    let input = json!({ "role": "PARTNER", "subject": "nordwind", "label": "the portal" });
    let created = app.done("createApiKey", input).await;
    let secret = created["secret"].as_str().expect("a key");
    assert!(secret.starts_with("pp_") && secret.len() == 39, "{secret}");
    let who = app.send_as(secret, WHO, json!({})).await.body["data"]["viewer"].clone();
    assert_eq!((&who["role"], &who["label"]), (&json!("PARTNER"), &json!("the portal")));
    assert_eq!((&who["partner"]["code"], &who["keyId"]), (&json!("nordwind"), &created["apiKey"]["id"]));
    let list = app.ok(
        "{ apiKeys { totalCount nodes { id prefix role label createdBy readOnly sources partner { code } } } }",
        json!({}),
    );
    let list = list.await["apiKeys"].clone();
    let shown = &list["nodes"][0];
    assert_eq!((&list["totalCount"], &shown["createdBy"]), (&json!(1), &json!("bootstrap")));
    assert!(secret.starts_with(shown["prefix"].as_str().expect("a beginning")));
    assert!(!list.to_string().contains(secret));
    let stored = everything(app.reader()).await.join("\n");
    assert!(!stored.contains(secret) && !stored.contains(&secret[3..33]), "the key is stored");
    // A changed letter, a cut key, another case: none is the key.
    for wrong in [&secret[..38], &secret.to_lowercase(), &format!("{secret}0"), "pp_", "x"] {
        assert_eq!(status(&app, wrong).await, 401, "{wrong}");
    }
}

async fn keys_that_fit_nothing_are_refused(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let before = everything(app.reader()).await;
    // input beside a label, the code of the refusal and its field
    let table = [
        (json!({ "role": "PARTNER" }), "INVALID", "subject"),
        (json!({ "role": "PARTNER", "subject": "nobody" }), "NOT_FOUND", "subject"),
        (json!({ "role": "PROFESSIONAL", "subject": "\u{0}" }), "NOT_FOUND", "subject"),
        (json!({ "role": "INTEGRATOR" }), "INVALID", "subject"),
        (json!({ "role": "ADMINISTRATOR", "subject": "somebody" }), "INVALID", "subject"),
        (json!({ "role": "ADMINISTRATOR", "sources": ["a"] }), "INVALID", "sources"),
        (json!({ "role": "INTEGRATOR", "subject": "a", "sources": [] }), "INVALID", "sources"),
        (json!({ "role": "PROGRAM_STAFF", "label": " " }), "INVALID", "label"),
        (json!({ "role": "PROGRAM_STAFF", "expiresAt": "2026-08-30T00:00:00Z" }), "INVALID", "expiresAt"),
    ];
    for (mut input, code, field) in table {
        if input["label"].is_null() {
            input["label"] = json!("a key");
        }
        let payload = app.mutate("createApiKey", input.clone()).await;
        let error = &payload["userErrors"][0];
        assert_eq!((&error["code"], &error["field"][0]), (&json!(code), &json!(field)), "{input}: {payload}");
        assert!(payload["secret"].is_null());
    }
    assert_eq!(app.refusals("revokeApiKey", json!({ "id": "nonsense" })).await, ["NOT_FOUND"]);
    assert_eq!(everything(app.reader()).await, before);
}

async fn revoked_and_expired_keys_are_refused(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let create = async |expires: Value| {
        let input = json!({ "role": "PROGRAM_STAFF", "label": "staff", "expiresAt": expires });
        let created = app.done("createApiKey", input).await;
        (created["apiKey"]["id"].clone(), created["secret"].as_str().expect("a key").to_owned())
    };
    let (id, revoked) = create(Value::Null).await;
    let (_, ending) = create(json!("2026-09-01T00:00:00Z")).await;
    let (_, lasting) = create(Value::Null).await;
    assert_eq!((status(&app, &revoked).await, status(&app, &ending).await), (200, 200));

    // Another process on the same database has seen the key too.
    let other = app.another(TODAY).await;
    assert_eq!(status(&other, &revoked).await, 200);
    app.done("revokeApiKey", json!({ "id": id })).await;
    let refused = app.send_as(&revoked, WHO, json!({})).await;
    let unknown = app.send_as("pp_unknown", WHO, json!({})).await;
    assert_eq!((refused.status, &refused.text), (401, &unknown.text), "refused at once, like any wrong key");
    let since = Instant::now();
    while status(&other, &revoked).await == 200 {
        assert!(since.elapsed() < Duration::from_secs(5), "another process refuses it within 5 s");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Revoking it again changes nothing.
    app.done("revokeApiKey", json!({ "id": id })).await;
    let audit = "{ auditLog(filter: { operation: \"revokeApiKey\" }) { totalCount } }";
    assert_eq!(app.ok(audit, json!({})).await["auditLog"]["totalCount"], 1);
    drop(other);

    let app = app.restart("2026-09-02").await;
    assert_eq!((status(&app, &lasting).await, status(&app, &ending).await), (200, 401));
    assert_eq!(app.send_as(&ending, WHO, json!({})).await.text, unknown.text);
}

async fn keys_are_limited(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.professional("ada", "2024-06-01").await;
    let create = async |more: Value| {
        let mut input = json!({ "role": "INTEGRATOR", "subject": "community", "label": "limited" });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        app.done("createApiKey", input).await["secret"].as_str().expect("a key").to_owned()
    };
    let record = document("recordActivity");
    let activity = |source: &str| {
        Activity::of_professional("ada", "DOCS_CORRECTION", "2026-03-01").with("source", source)
    };

    let read_only = create(json!({ "readOnly": true })).await;
    let before = everything(app.reader()).await;
    let answer = app.send_as(&read_only, &record, json!({ "input": activity("forum").input() })).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"], "{}", answer.text);
    let staff = json!({ "role": "ADMINISTRATOR", "subject": null, "readOnly": true });
    let administrator = create(staff).await;
    for mutation in [
        "createPartner(input: { code: \"x\", name: \"X\", enrolledOn: \"2026-01-01\" }) { partner { id } }",
        "createApiKey(input: { role: ADMINISTRATOR, label: \"x\" }) { secret }",
    ] {
        let answer = app.send_as(&administrator, &format!("mutation {{ {mutation} }}"), json!({})).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{}", answer.text);
    }
    let seen = app.send_as(&administrator, "{ apiKeys { totalCount } }", json!({})).await;
    assert_eq!(seen.body["data"]["apiKeys"]["totalCount"], 2, "{}", seen.text);
    let tables = |rows: &[String]| {
        rows.iter().filter(|row| !row.contains("api_key") && !row.contains("digest")).count()
    };
    assert!(tables(&everything(app.reader()).await) >= tables(&before));

    let forum = create(json!({ "sources": ["forum", "wiki"] })).await;
    for (source, expected) in
        [("forum", None), ("wiki", None), ("Forum", Some("INVALID")), ("shop", Some("INVALID"))]
    {
        let answer = app.send_as(&forum, &record, json!({ "input": activity(source).input() })).await;
        let error = &answer.body["data"]["recordActivity"]["userErrors"][0];
        assert_eq!(error["code"].as_str(), expected, "{source}: {}", answer.text);
        if expected.is_some() {
            assert_eq!(error["field"], json!(["source"]));
        }
    }
    let who = app.send_as(&forum, WHO, json!({})).await.body["data"]["viewer"].clone();
    assert_eq!((&who["sources"], &who["integration"]), (&json!(["forum", "wiki"]), &json!("community")));
}

async fn the_last_use_is_noted(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let last = async || {
        let data = app.ok("{ apiKeys { nodes { lastUsedAt } } }", json!({})).await;
        data["apiKeys"]["nodes"][0]["lastUsedAt"].clone()
    };
    assert!(last().await.is_null());
    assert_eq!(status(&app, &key).await, 200);
    let since = Instant::now();
    while last().await.is_null() {
        assert!(since.elapsed() < Duration::from_secs(5), "the use is noted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let first = last().await;
    for _ in 0..5 {
        assert_eq!(status(&app, &key).await, 200);
    }
    assert_eq!(last().await, first, "not at every request");
}
