//! Claims: those of partners, those that are sent again, and the evidence that an edition asks for.

use futures_util::future::join_all;
use partner_program::program::edition::BUILT_IN;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use crate::harness::{Activity, Answer, Backend, TestApp, document, refusal, verified};

both! {
    partners_claim_the_kinds_that_the_edition_marks,
    a_rejected_or_voided_activity_is_sent_again,
    one_of_many_replacements_is_taken,
    evidence_is_asked_for_as_the_edition_says,
}

const TODAY: &str = "2026-08-31";

const CHAIN: &str = "query($source: String!, $id: String!) { activity(source: $source, externalId: $id) { id status points \
    replacedBy { id } replaces { id status replacedBy { id } review { reason } voided { reason } } } }";

/// Submits an activity with a key.
async fn submit(app: &TestApp, key: &str, activity: &Activity) -> Answer {
    app.send_as(key, &document("submitActivity"), json!({ "input": activity.input() })).await
}

async fn partners_claim_the_kinds_that_the_edition_marks(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("polder", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    let key = app.key("PARTNER", Some("nordwind")).await;
    let kinds =
        ["EVENT_ORGANIZED", "CUSTOMER_MEETING", "WEBSITE_PRESENCE", "DOJO_PROFILE", "BLOG_POST_OR_PR"];
    for kind in kinds {
        let claim = Activity::of_partner("nordwind", kind, "2026-06-01").external_id(kind);
        for duplicate in [false, true] {
            let answer = submit(&app, &key, &claim).await;
            let payload = &answer.body["data"]["submitActivity"];
            assert_eq!(payload["activity"]["status"], "PENDING_REVIEW", "{}", answer.text);
            assert_eq!(payload["duplicate"], duplicate, "{}", answer.text);
        }
    }
    assert_eq!(app.balance("nordwind").await, 0, "a partner awards itself nothing");
    let query = "{ activities(filter: { statuses: [PENDING_REVIEW] }) { totalCount nodes { id } } }";
    let mine = app.send_as(&key, query, Value::Null).await;
    assert_eq!(mine.body["data"]["activities"]["totalCount"], kinds.len(), "{}", mine.text);
    // activity, code, part of the message
    let table = [
        (
            Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", "2026-06-01"),
            "NOT_ELIGIBLE",
            "CERTIFICATION_OBTAINED is not claimed by partners; they claim EVENT_ORGANIZED",
        ),
        (Activity::of_partner("polder", "EVENT_ORGANIZED", "2026-06-01"), "NOT_FOUND", "There is no partner"),
        (
            Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-06-01").points(500),
            "NOT_FOUND",
            "There is no professional",
        ),
    ];
    for (claim, code, message) in table {
        let answer = submit(&app, &key, &claim).await;
        let (found, _, text) = refusal(&answer.body["data"]["submitActivity"]);
        assert_eq!(found, code, "{}", answer.text);
        assert!(text.contains(message), "{text}");
    }
    let id = &mine.body["data"]["activities"]["nodes"][0]["id"];
    for (mutation, input) in [
        ("recordActivity", Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01").input()),
        ("reviewActivity", json!({ "activityId": id, "decision": "APPROVE" })),
    ] {
        let answer = app.send_as(&key, &document(mutation), json!({ "input": input })).await;
        assert_eq!((answer.status, answer.codes()), (403, vec!["FORBIDDEN"]), "{}", answer.text);
    }
    app.done("reviewActivity", json!({ "activityId": id, "decision": "APPROVE" })).await;
    assert_eq!(app.balance("nordwind").await, 50);
    verified(app.services()).await;
}

async fn a_rejected_or_voided_activity_is_sent_again(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    let ada = app.key("PROFESSIONAL", Some("ada")).await;
    let other = app.key("INTEGRATOR", Some("community")).await;
    let claim =
        Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-06-01").external_id("post").points(500);
    let again = claim.clone().points(700);
    let replacing = again.clone().with("replaces", true);
    let chain = async || {
        let found = app.ok(CHAIN, json!({ "source": "test", "id": "post" })).await;
        found["activity"].clone()
    };
    let refused = async |key: &str, activity: &Activity| {
        let answer = submit(&app, key, activity).await;
        let (code, field, message) = refusal(&answer.body["data"]["submitActivity"]);
        (code, field, message)
    };
    // Nothing has the key yet; then it awaits review.
    assert_eq!(refused(&ada, &replacing).await.0, "NOT_FOUND");
    let first = submit(&app, &ada, &claim).await.body["data"]["submitActivity"]["activity"].clone();
    let (code, field, message) = refused(&ada, &replacing).await;
    assert_eq!((code.as_str(), field.as_str()), ("WRONG_STATE", "replaces"), "{message}");
    app.done(
        "reviewActivity",
        json!({ "activityId": first["id"], "decision": "REJECT", "reason": "no link" }),
    )
    .await;
    let (code, _, message) = refused(&ada, &again).await;
    assert_eq!(code, "CONFLICTING_DUPLICATE");
    assert!(message.contains("It was rejected; send this one with replaces: true"), "{message}");
    // Who does not see the first one does not learn of it.
    let (code, _, message) = refused(&other, &replacing).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("CONFLICTING_DUPLICATE", "This source and externalId are in use; use a new externalId.")
    );
    for duplicate in [false, true] {
        let answer = submit(&app, &ada, &replacing).await;
        assert_eq!(answer.body["data"]["submitActivity"]["duplicate"], duplicate, "{}", answer.text);
        let second = chain().await;
        assert_eq!((&second["status"], &second["points"]), (&json!("PENDING_REVIEW"), &json!(700)));
        assert_eq!(second["replaces"]["id"], first["id"]);
        assert_eq!(second["replaces"]["review"]["reason"], "no link");
        assert_eq!(second["replaces"]["replacedBy"]["id"], second["id"]);
        assert_eq!(second["replacedBy"], Value::Null);
    }
    let second = chain().await;
    app.done("reviewActivity", json!({ "activityId": second["id"], "decision": "APPROVE" })).await;
    let points = async || app.professional_on("ada", TODAY).await["standing"]["points"].clone();
    assert_eq!(points().await, 700);
    // What counts is voided before it is replaced, and what replaces it counts alone.
    let third = claim.points(600).with("replaces", true);
    assert_eq!(app.refusals("recordActivity", third.input()).await, ["CONFLICTING_DUPLICATE"]);
    app.void(&second).await;
    assert_eq!(points().await, 0);
    let twice = json!({ "activities": [third.input(), third.input()] });
    let payload = app.done("recordActivities", twice).await;
    let duplicates: Vec<bool> =
        (0..2).map(|index| payload["results"][index]["duplicate"] == json!(true)).collect();
    assert_eq!(duplicates, [false, true], "{payload}");
    assert_eq!(points().await, 600);
    let newest = chain().await;
    assert_eq!(newest["id"], payload["results"][0]["activity"]["id"]);
    assert_eq!(newest["replaces"]["id"], second["id"]);
    assert!(newest["replaces"]["voided"].is_object(), "{newest}");
    // The import of the same row is a duplicate of the newest.
    let repeat = third.with("replaces", false);
    assert_eq!(app.done("recordActivity", repeat.input()).await["duplicate"], true);
    verified(app.services()).await;
}

async fn one_of_many_replacements_is_taken(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("polder", "2024-06-01").await;
    let event = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01").external_id("event");
    let recorded = app.record(event.clone()).await;
    app.void(&recorded).await;
    // Half of them are about another partner: the key decides.
    let sent = (0..30).map(|index| {
        let partner = if index % 2 == 0 { "nordwind" } else { "polder" };
        let activity = event.clone().with("subject", json!({ "partner": partner })).with("replaces", true);
        let app = &app;
        async move { app.mutate("recordActivity", activity.input()).await }
    });
    let answers = join_all(sent).await;
    let new = answers.iter().filter(|answer| answer["duplicate"] == false && answer["activity"].is_object());
    assert_eq!(new.count(), 1, "{answers:?}");
    let same = answers.iter().filter(|answer| answer["duplicate"] == true).count();
    assert_eq!(same, 14, "the same again is a duplicate: {answers:?}");
    assert_eq!(app.balance("nordwind").await + app.balance("polder").await, 50);
    verified(app.services()).await;
}

/// The published rules with evidence for two kinds, from 2026 on.
fn asking_for_evidence() -> String {
    let (head, rest) = BUILT_IN.split_once("[legacy]").expect("a legacy program");
    let (_, rest) = rest.split_once("level_valid_until = 2025-12-31").expect("its end");
    let document =
        format!("{head}{rest}").replacen("effective_from = 2024-05-01", "effective_from = 2026-01-01", 1);
    let required = "claimable = true\n[[partner.rule.attribute]]\nname = \"evidenceUrl\"\ntype = \"text\"\n";
    let (before, rule) = document.split_once("kind = \"EVENT_ORGANIZED\"").expect("events");
    let (rule, after) = rule.split_once("[[partner.rule]]").expect("the next rule");
    // Attributes stand behind the fields of their rule.
    let rule: Vec<&str> = rule.lines().filter(|line| !line.starts_with("claimable")).collect();
    let document =
        format!("{before}kind = \"EVENT_ORGANIZED\"{}\n{required}\n[[partner.rule]]{after}", rule.join("\n"));
    document.replacen(
        "kind = \"BLOG_POST_PUBLISHED\"",
        "kind = \"BLOG_POST_PUBLISHED\"\nevidence_days = 14",
        1,
    )
}

async fn evidence_is_asked_for_as_the_edition_says(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    let connection = app.database().connect().await;
    let edition = entity::edition::Model {
        id: uuid::Uuid::now_v7(),
        effective_from: "2026-01-01".parse().expect("a date"),
        name: "With evidence".to_owned(),
        document: asking_for_evidence(),
        published_at: app.services().clock().now(),
        published_by: None,
        recalculation_id: None,
    };
    let insert = entity::edition::Entity::insert(edition.into_active_model());
    insert.exec_without_returning(&connection).await.expect("an edition");
    connection.close().await.expect("a connection closes");
    let app = app.restart(TODAY).await;
    let rules = "{ edition { earningRules { kind claimable evidenceDays } } }";
    let rules = app.ok(rules, Value::Null).await["edition"]["earningRules"].clone();
    let blog =
        rules.as_array().and_then(|rules| rules.iter().find(|rule| rule["kind"] == "BLOG_POST_PUBLISHED"));
    assert_eq!(blog, Some(&json!({ "kind": "BLOG_POST_PUBLISHED", "claimable": true, "evidenceDays": 14 })));
    // Required at once.
    let event = Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-06-01");
    let (code, field, message) = refusal(&app.mutate("submitActivity", event.input()).await);
    assert_eq!((code.as_str(), field.as_str()), ("INVALID", "attributes.evidenceUrl"), "{message}");
    let evidence = json!({ "evidenceUrl": "https://example.com/event" });
    app.done("submitActivity", event.attributes(evidence.clone()).input()).await;
    // Within some days: through the last of them, and once after downtime.
    let post = |id: &str| {
        Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-06-01").external_id(id).points(500)
    };
    app.done("submitActivity", post("bare").input()).await;
    app.done("submitActivity", post("blank").attributes(json!({ "evidenceUrl": " " })).input()).await;
    app.done("submitActivity", post("shown").attributes(evidence.clone()).input()).await;
    let query = "{ activities(filter: { professional: \"ada\" }) { nodes { externalId status evidenceDueOn review { by reason } } } }";
    let claims = async |app: &TestApp| {
        app.services().emit_time_based_events().await.expect("what the day brings");
        app.ok(query, Value::Null).await["activities"]["nodes"].as_array().expect("rows").clone()
    };
    let app = app.restart("2026-09-14").await;
    let before = claims(&app).await;
    let due: Vec<&Value> = before.iter().map(|claim| &claim["evidenceDueOn"]).collect();
    assert_eq!(due, [&json!("2026-09-14"), &json!("2026-09-14"), &Value::Null]);
    assert!(before.iter().all(|claim| claim["status"] == "PENDING_REVIEW"), "{before:?}");
    let app = app.restart("2026-10-20").await;
    for _ in 0..2 {
        let after = claims(&app).await;
        let statuses: Vec<&Value> = after.iter().map(|claim| &claim["status"]).collect();
        assert_eq!(statuses, ["REJECTED", "REJECTED", "PENDING_REVIEW"]);
        assert_eq!(after[0]["review"]["reason"], "No evidence was given by 2026-09-14.");
    }
    let events =
        app.ok("{ events(first: 100, types: [CLAIM_REJECTED]) { nodes { type } } }", Value::Null).await;
    assert_eq!(events["events"]["nodes"].as_array().map(Vec::len), Some(2), "{events}");
    // It is sent again with its evidence.
    let again = post("bare").attributes(evidence).with("replaces", true);
    let again = app.done("submitActivity", again.input()).await;
    app.done("reviewActivity", json!({ "activityId": again["activity"]["id"], "decision": "APPROVE" })).await;
    verified(app.services()).await;
}
