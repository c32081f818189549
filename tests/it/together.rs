//! Activities of one caller that arrive at once: they share transactions, and each has its own answer.

use std::collections::{HashMap, HashSet};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, user_errors, verified};

both! {
    each_has_its_own_answer,
    each_has_its_own_audit_entry_and_events,
    a_level_is_reached_in_one_answer,
    callers_keep_their_rights,
}

const TODAY: &str = "2026-08-31";
const RECORD: &str = "mutation($input: ActivityInput!) { recordActivity(input: $input) { duplicate \
    activity { id externalId awardedCredits quantity } \
    effects { ledgerEntries { levelCredits activity { externalId } } levelChanges { to { code } } } \
    userErrors { code } } }";

async fn app(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("ostwind", "2024-06-01").await;
    app
}

fn meetings(number: i64) -> Activity {
    let code = if number % 5 == 0 { "ostwind" } else { "nordwind" };
    let activity = Activity::of_partner(code, "CUSTOMER_MEETING", "2025-05-01");
    activity.quantity(number % 3 + 1).external_id(&format!("m-{number}"))
}

async fn record(app: &TestApp, activity: &Activity) -> Value {
    let answer = app.send(RECORD, json!({ "input": activity.input() })).await;
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    answer.body["data"]["recordActivity"].clone()
}

fn codes(payload: &Value) -> Vec<String> {
    user_errors(payload).iter().map(|error| error["code"].as_str().unwrap_or("none").to_owned()).collect()
}

async fn each_has_its_own_answer(backend: Backend) {
    let app = app(backend).await;
    let first = record(&app, &meetings(7)).await;
    let sent: Vec<(Activity, Option<&str>)> = (0..120)
        .map(|number| match number % 12 {
            1 => (meetings(number).with("kind", "NO_SUCH_KIND"), Some("UNKNOWN_KIND")),
            2 => (meetings(number).quantity(0), Some("INVALID")),
            3 => (meetings(7), None),
            4 => (meetings(7).with("quantity", 3), Some("CONFLICTING_DUPLICATE")),
            5 => (meetings(number).with("preview", true), None),
            _ => (meetings(number), None),
        })
        .collect();
    let answers = join_all(sent.iter().map(|(activity, _)| record(&app, activity))).await;
    let mut credits: HashMap<&str, i64> = HashMap::new();
    for ((activity, refusal), answer) in sent.iter().zip(&answers) {
        let input = activity.input();
        assert_eq!(
            codes(answer),
            refusal.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>(),
            "{input}"
        );
        if refusal.is_some() {
            assert!(answer["activity"].is_null() && answer["effects"]["ledgerEntries"] == json!([]));
            continue;
        }
        if input["externalId"] == "m-7" {
            assert_eq!((&answer["duplicate"], &answer["activity"]), (&json!(true), &first["activity"]));
            continue;
        }
        let entries = answer["effects"]["ledgerEntries"].as_array().expect("entries");
        assert_eq!((entries.len(), &entries[0]["levelCredits"]), (1, &input["quantity"]), "{answer}");
        assert_eq!(answer["duplicate"], false);
        if input["preview"] == true {
            continue;
        }
        assert_eq!(answer["activity"]["externalId"], input["externalId"]);
        assert_eq!(answer["activity"]["awardedCredits"], input["quantity"]);
        assert_eq!(entries[0]["activity"]["externalId"], input["externalId"]);
        let code = if input["subject"]["partner"] == "ostwind" { "ostwind" } else { "nordwind" };
        *credits.entry(code).or_default() += input["quantity"].as_i64().expect("a quantity");
    }
    let of_first = first["activity"]["quantity"].as_i64().expect("a quantity");
    assert_eq!(app.balance("nordwind").await, credits["nordwind"] + of_first);
    assert_eq!(app.balance("ostwind").await, credits["ostwind"]);
    verified(app.services()).await;
}

async fn each_has_its_own_audit_entry_and_events(backend: Backend) {
    let app = app(backend).await;
    let sent: Vec<Activity> = (0..64).map(meetings).collect();
    let answers = join_all(sent.iter().map(|activity| record(&app, activity))).await;
    let recorded: HashSet<&str> =
        answers.iter().map(|answer| answer["activity"]["id"].as_str().expect("an id")).collect();
    assert_eq!(recorded.len(), 64);
    let entries = "{ auditLog(first: 100, filter: { operation: \"recordActivity\" }) { nodes { objectId requestId } } }";
    let entries = app.ok(entries, json!({})).await["auditLog"]["nodes"].clone();
    let entries = entries.as_array().expect("entries");
    let text = |entry: &Value, field: &str| entry[field].as_str().expect(field).to_owned();
    assert_eq!(entries.len(), 64);
    let objects: HashSet<String> = entries.iter().map(|entry| text(entry, "objectId")).collect();
    let requests: HashSet<String> = entries.iter().map(|entry| text(entry, "requestId")).collect();
    assert_eq!((objects.len(), requests.len()), (64, 64), "each names the request that sent it");
    let events = "{ events(first: 100, types: [ACTIVITY_RECORDED]) { nodes { number } } }";
    let events = app.ok(events, json!({})).await["events"]["nodes"].clone();
    assert_eq!(events.as_array().expect("events").len(), 64);
    verified(app.services()).await;
}

async fn a_level_is_reached_in_one_answer(backend: Backend) {
    let app = app(backend).await;
    let event = |number: i64| {
        let activity = Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-05-01");
        activity.quantity(5).external_id(&format!("e-{number}"))
    };
    let sent: Vec<Activity> = (0..40).map(event).collect();
    let answers = join_all(sent.iter().map(|activity| record(&app, activity))).await;
    // 200 credits of one track and year: Collaborator at 25, and Creator at 75, at once or one after the other.
    let changes =
        answers.iter().flat_map(|answer| answer["effects"]["levelChanges"].as_array().expect("changes"));
    let reached: Vec<&str> = changes.map(|change| change["to"]["code"].as_str().expect("a level")).collect();
    assert!(reached.len() <= 2 && reached.last().is_some(), "{reached:?}");
    assert_eq!(reached.iter().filter(|level| **level == "CREATOR").count(), 1, "{reached:?}");
}

async fn callers_keep_their_rights(backend: Backend) {
    let app = app(backend).await;
    let integration = app.key("INTEGRATOR", Some("academy")).await;
    let partner = app.key("PARTNER", Some("nordwind")).await;
    let as_each = |number: i64| {
        let (key, app) = ([&integration, &partner][usize::from(number % 2 == 1)], &app);
        let input = json!({ "input": meetings(number).input() });
        async move { app.send_as(key, RECORD, input).await }
    };
    let answers = join_all((0..40).map(as_each)).await;
    for (number, answer) in answers.iter().enumerate() {
        let is_recorded = answer.body["data"]["recordActivity"]["activity"].is_object();
        assert_eq!(is_recorded, number % 2 == 0, "{}", answer.text);
    }
    verified(app.services()).await;
}
