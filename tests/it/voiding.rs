//! Voiding in batches: each activity by itself, an import exactly once.

use std::sync::Arc;

use entity::value::{ImportKind, ImportPolicy, ImportStatus};
use partner_program::access::Caller;
use partner_program::service::Services;
use partner_program::service::activities::{ActivityDraft, Intake, Outcome, SubjectCode};
use partner_program::service::imports::RowCounts;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::events::{feed, latest};
use crate::harness::{Activity, Backend, TestApp, everything, problems, verified};

both! {
    one_bad_item_spoils_no_other,
    a_batch_equals_one_after_the_other,
    a_preview_shows_what_a_batch_does_and_a_key_repeats_it,
    an_import_is_voided_in_parts_and_each_activity_once,
}

const TODAY: &str = "2026-08-31";

/// Every row; the order of events can change when they are numbered.
async fn kept(app: &TestApp) -> Vec<String> {
    let mut rows = everything(app.reader()).await;
    rows.sort_unstable();
    rows
}

async fn with_ada(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    app
}

async fn one_bad_item_spoils_no_other(backend: Backend) {
    let app = with_ada(backend).await;
    let certified = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-01").points(600);
    let certified = app.record(certified).await;
    let meeting =
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-01").quantity(3)).await;
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-03-01").points(500);
    let claim = app.done("submitActivity", claim.input()).await["activity"].clone();
    let before = latest(&app).await;
    let ids = [&certified["id"], &json!("nothing"), &claim["id"], &meeting["id"], &certified["id"]];
    let payload = app.mutate("voidActivities", json!({ "ids": ids, "reason": "a test" })).await;
    let results = payload["results"].as_array().expect("a list");
    let statuses: Vec<&Value> = results.iter().map(|one| &one["activity"]["status"]).collect();
    assert_eq!(statuses, [&json!("VOIDED"), &Value::Null, &Value::Null, &json!("VOIDED"), &Value::Null]);
    assert_eq!(
        problems(&payload),
        [("NOT_FOUND", "ids.1"), ("WRONG_STATE", "ids.2"), ("WRONG_STATE", "ids.4")]
            .map(|(code, path)| (code.to_owned(), path.to_owned()))
    );
    assert_eq!(payload["remaining"], 0);
    for one in [&results[0], &results[3]] {
        assert_eq!(
            (&one["activity"]["awardedPoints"], &one["activity"]["awardedCredits"]),
            (&json!(0), &json!(0))
        );
    }
    assert_eq!((app.balance("nordwind").await, app.credits_on("nordwind", TODAY).await), (0, (0, 0)));
    let events = feed(&app, before).await;
    let voided: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "ACTIVITY_VOIDED")
        .map(|event| &event["activity"]["externalId"])
        .collect();
    assert_eq!(voided, [&certified["externalId"], &meeting["externalId"]]);
    let query = "query($id: ID!) { node(id: $id) { ... on Activity { voided { reason } } } }";
    let seen = app.ok(query, json!({ "id": meeting["id"] })).await;
    assert_eq!(seen["node"]["voided"]["reason"], "a test");
    // What is refused as a whole.
    let many: Vec<&Value> = std::iter::repeat_n(&certified["id"], 1_001).collect();
    let table = [
        (json!({ "reason": "a test" }), vec![("INVALID", "ids")]),
        (json!({ "ids": [certified["id"]], "reason": " " }), vec![("INVALID", "reason")]),
        (json!({ "ids": [], "importRun": "x", "reason": "a test" }), vec![("INVALID", "ids")]),
        (json!({ "importRun": "x", "reason": "a test" }), vec![("NOT_FOUND", "importRun")]),
        (
            json!({ "importRun": "x", "idempotencyKey": "k", "reason": "a test" }),
            vec![("INVALID", "idempotencyKey")],
        ),
        (
            json!({ "ids": many, "reason": "x".repeat(2_001) }),
            vec![("INVALID", "reason"), ("TOO_MANY", "ids")],
        ),
    ];
    for (input, expected) in table {
        let payload = app.mutate("voidActivities", input).await;
        let expected: Vec<_> =
            expected.iter().map(|(code, path)| ((*code).to_owned(), (*path).to_owned())).collect();
        assert_eq!((problems(&payload), &payload["results"]), (expected, &json!([])));
    }
    verified(app.services()).await;
}

async fn a_batch_equals_one_after_the_other(backend: Backend) {
    let app = with_ada(backend).await;
    app.partner("polder", "2024-06-01").await;
    let posts = |partner: &str| {
        (1..=7)
            .map(|day| Activity::of_partner(partner, "LINKEDIN_POST", &format!("2026-03-0{day}")))
            .collect::<Vec<_>>()
    };
    let mut recorded: Vec<Vec<Value>> = Vec::new();
    for partner in ["nordwind", "polder"] {
        let mut rows = Vec::new();
        for post in posts(partner) {
            rows.push(app.record(post).await);
        }
        recorded.push(rows);
    }
    // Blocks of two within a cap: what is left of seven decides.
    for taken in [vec![6, 0], vec![3, 2, 5], vec![1, 4]] {
        let ids: Vec<&Value> = taken.iter().map(|index| &recorded[0][*index]["id"]).collect();
        app.done("voidActivities", json!({ "ids": ids, "reason": "a test" })).await;
        for index in taken {
            app.void(&recorded[1][index]).await;
        }
        let entries = |ledger: Vec<Value>| -> Vec<[Value; 3]> {
            ledger
                .into_iter()
                .map(|entry| ["effectiveOn", "levelCredits", "explanation"].map(|name| entry[name].clone()))
                .collect()
        };
        assert_eq!(entries(app.ledger("nordwind").await), entries(app.ledger("polder").await));
    }
    assert_eq!(app.balance("nordwind").await, 0);
    verified(app.services()).await;
}

async fn a_preview_shows_what_a_batch_does_and_a_key_repeats_it(backend: Backend) {
    let app = with_ada(backend).await;
    let certified = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-01").points(900);
    let certified = app.record(certified).await;
    let meeting =
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-01").quantity(30)).await;
    let voided =
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-02").quantity(1)).await;
    app.void(&voided).await;
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-03-01").points(500);
    let claim = app.done("submitActivity", claim.input()).await["activity"].clone();
    let ids = [&certified["id"], &json!("nothing"), &meeting["id"], &voided["id"], &claim["id"]];
    let input = |preview: bool, reason: &str| json!({ "ids": ids, "reason": reason, "preview": preview, "idempotencyKey": "k-1" });
    let before = kept(&app).await;
    let previewed = app.mutate("voidActivities", input(true, "a test")).await;
    assert_eq!(kept(&app).await, before, "nothing is kept");
    let done = app.mutate("voidActivities", input(false, "a test")).await;
    assert_eq!(previewed["effects"], done["effects"]);
    let effects = json!({
        "ledgerEntries": [
            { "levelCredits": -5, "spendableCredits": -5 },
            { "levelCredits": -10, "spendableCredits": -10 },
            { "levelCredits": -30, "spendableCredits": -30 },
        ],
        "levelChanges": [{ "to": null }, { "to": { "code": "MEMBER" } }],
    });
    assert_eq!(done["effects"], effects);
    let entries =
        |index: usize| done["results"][index]["effects"]["ledgerEntries"].as_array().map_or(0, Vec::len);
    assert_eq!((0..3).map(entries).collect::<Vec<_>>(), [2, 0, 1]);
    assert_eq!(
        problems(&done),
        [("NOT_FOUND", "ids.1"), ("WRONG_STATE", "ids.3"), ("WRONG_STATE", "ids.4")]
            .map(|(code, path)| (code.to_owned(), path.to_owned()))
    );
    // The same key with the same content has the same results, whatever happened since, and changes nothing.
    app.done("reviewActivity", json!({ "activityId": claim["id"], "decision": "APPROVE", "points": 500 }))
        .await;
    app.void(&claim).await;
    let after = kept(&app).await;
    let again = app.mutate("voidActivities", input(false, "a test")).await;
    let shown = |payload: &Value| -> Vec<Value> {
        let results = payload["results"].as_array().expect("a list");
        results.iter().map(|one| json!([one["activity"], one["userErrors"]])).collect()
    };
    assert_eq!(shown(&again), shown(&done));
    let other = app.mutate("voidActivities", input(false, "another reason")).await;
    assert_eq!(problems(&other), [("CONFLICTING_DUPLICATE".to_owned(), "idempotencyKey".to_owned())]);
    assert_eq!(kept(&app).await, after);
    verified(app.services()).await;
}

/// Imports activities as the command does, and gives the run.
async fn imported(app: &TestApp, count: usize) -> Uuid {
    let services: Services = app.services().for_caller(Arc::new(Caller::system("import")), None);
    let run = services.import_run_begin("a.csv", ImportKind::Activities, ImportPolicy::Valid).await;
    let mut run = run.expect("a run");
    let id = run.id;
    let draft = |number: usize| ActivityDraft {
        subject: SubjectCode::Partner("nordwind".to_owned()),
        kind: "CUSTOMER_MEETING".to_owned(),
        occurred_on: "2026-03-01".parse().expect("a date"),
        quantity: 1,
        points: None,
        attributes: serde_json::Map::new().into_iter().collect(),
        source: "import".to_owned(),
        external_id: number.to_string(),
    };
    let drafts: Vec<ActivityDraft> = (0..count).map(draft).collect();
    for batch in drafts.chunks(1_000) {
        let (outcomes, _) =
            services.activities_record_timed(batch, Intake::Record, Some(id)).await.expect("a batch");
        assert!(outcomes.iter().all(|one| matches!(one, Outcome::Recorded(_))));
    }
    let counts = RowCounts { recorded: count as u64, ..RowCounts::default() };
    services.import_run_advance(&mut run, counts, &[]).await.expect("counts");
    services.import_run_end(run, ImportStatus::Finished).await.expect("an end");
    id
}

async fn an_import_is_voided_in_parts_and_each_activity_once(backend: Backend) {
    const COUNT: usize = 1_300;
    let app = with_ada(backend).await;
    let other = app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-02")).await;
    imported(&app, COUNT).await;
    let run = app.ok("{ importRuns { nodes { id status activities(first: 1) { totalCount nodes { id importRun { id } } } } } }", json!({}));
    let run = run.await["importRuns"]["nodes"][0].clone();
    assert_eq!((&run["status"], &run["activities"]["totalCount"]), (&json!("FINISHED"), &json!(COUNT)));
    assert_eq!(run["activities"]["nodes"][0]["importRun"]["id"], run["id"]);
    let seen = app.ok(
        "query($id: ID!) { node(id: $id) { ... on Activity { importRun { id } } } }",
        json!({ "id": other["id"] }),
    );
    assert_eq!(seen.await["node"]["importRun"], Value::Null);
    assert_eq!(app.balance("nordwind").await, 1_301);
    // Two at once, and one more when nothing remains.
    let void = async || {
        app.done("voidActivities", json!({ "importRun": run["id"], "reason": "a wrong file" })).await
    };
    let voided = |payload: &Value| payload["results"].as_array().map_or(0, Vec::len);
    let (one, two) = tokio::join!(void(), void());
    assert!(voided(&one) + voided(&two) >= 1_000 && voided(&one) + voided(&two) <= COUNT);
    let mut all = voided(&one) + voided(&two);
    loop {
        let payload = void().await;
        all += voided(&payload);
        if payload["remaining"] == 0 {
            break;
        }
    }
    assert_eq!(all, COUNT, "each once");
    assert_eq!(voided(&void().await), 0);
    assert_eq!(app.balance("nordwind").await, 1, "the other activity stands");
    let run = app.ok("{ importRuns { nodes { status } } }", json!({})).await;
    assert_eq!(run["importRuns"]["nodes"][0]["status"], "UNDONE");
    verified(app.services()).await;
}
