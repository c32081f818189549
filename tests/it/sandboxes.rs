//! Sandboxes: copies of the program with a clock that can be moved.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use partner_program::clock::Clock;
use partner_program::service::Services;
use partner_program::store::Database;
use reqwest::{Method, StatusCode};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::append_only::app_with_rows;
use crate::harness::sandboxes::LEVEL;
use crate::harness::webhooks::Receiver;
use crate::harness::{Activity, Backend, TestApp, TestDatabase, everything, user_errors, verified};

both! {
    a_copy_is_the_program_without_its_credentials,
    nothing_crosses_between_a_sandbox_and_the_program,
    a_level_lapses_in_the_sandbox_alone,
    a_clock_only_moves_forward,
    a_sandbox_begins_on_a_later_day,
    keys_are_valid_on_their_own_side,
    a_sandbox_has_no_sandboxes,
    webhooks_leave_a_sandbox_only_if_they_are_asked_for,
    streams_of_a_sandbox_end_with_its_day,
    sandboxes_expire_with_their_files,
    sandboxes_are_deleted_with_their_files,
    there_are_so_many_sandboxes_and_no_more,
    a_sandbox_may_have_demo_data,
    a_sandbox_has_the_routes_and_limits_of_the_program,
    a_restart_leaves_no_sandbox,
}

const TODAY: &str = "2026-08-31";

/// An application with a partner, whose sandboxes are in a folder.
async fn start(backend: Backend, folder: &Path, more: &[(&str, &str)]) -> TestApp {
    let folder = folder.to_str().expect("UTF-8");
    let settings = [&[("SANDBOX_DIR", folder)][..], more].concat();
    let app = TestApp::start_with(TestDatabase::create(backend).await, TODAY, &settings).await;
    app.partner("nordwind", "2024-06-01").await;
    app
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The databases of sandboxes in a folder.
fn databases(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "db") {
                found.push(path);
            }
        }
    }
    found
}

/// What is at an address of the application.
async fn get(app: &TestApp, path: &str, accept: &str) -> (StatusCode, String) {
    let response = app.request(Method::GET, path).header("accept", accept).send().await.expect("an answer");
    (response.status(), response.text().await.expect("a whole answer"))
}

/// Codes and fields of what a mutation refuses outside.
async fn refused(app: &TestApp, mutation: &str, input: Value) -> Vec<(String, Value)> {
    let payload = app.mutate(mutation, input).await;
    let errors = user_errors(&payload);
    errors.iter().map(|it| (it["code"].as_str().expect("a code").to_owned(), it["field"].clone())).collect()
}

/// What clients read and keep, global IDs and cursors among it.
const LISTS: &str = "{ today partners(first: 20) { totalCount edges { cursor node { id code name balance \
    standing { overall { code } } ledger(last: 20) { edges { cursor node { id recordedAt explanation } } } } } } \
    professionals(first: 20) { edges { cursor node { id code name email dojoCredits \
    pointsLedger(first: 20) { nodes { id recordedAt explanation } } } } } \
    orders(first: 20) { edges { cursor node { id number total { amount } } } } \
    deals(first: 20) { edges { cursor node { id reference status validUntil } } } \
    activities(first: 50) { edges { cursor node { id status recordedAt } } } \
    swagOrders(first: 20) { nodes { id number status } } contracts(first: 20) { nodes { id reference } } \
    customers(first: 20) { nodes { id name } } importRuns(first: 20) { nodes { id } } \
    editions(first: 20) { nodes { id name effectiveFrom } } recalculations(first: 20) { nodes { id status } } \
    events(first: 100) { nodes { number type recordedAt data } } auditLog(first: 100) { nodes { id at operation } } }";

async fn a_copy_is_the_program_without_its_credentials(backend: Backend) {
    let folder = temporary();
    let app = app_with_rows(backend).await;
    let settings = [("WEBHOOKS_SEND", "false"), ("SANDBOX_DIR", folder.path().to_str().expect("UTF-8"))];
    let app = TestApp::start_with(app.stop().await, TODAY, &settings).await;
    app.services().emit_time_based_events().await.expect("what is due");
    app.services().number_events().await.expect("numbers");
    let sandbox = app.sandbox(json!({})).await;
    let (outside, inside) = (app.ok(LISTS, json!({})).await, sandbox.ok(LISTS, json!({})).await);
    assert_eq!(inside, outside);
    let keys = "{ apiKeys { totalCount } webhookEndpoints { totalCount } }";
    let none = json!({ "apiKeys": { "totalCount": 0 }, "webhookEndpoints": { "totalCount": 0 } });
    assert_eq!(sandbox.ok(keys, json!({})).await, none);
    // Every other row is there as it was, and the log explains all of them.
    let files = databases(folder.path());
    let [file] = &files[..] else { panic!("{files:?}") };
    let database = Database::connect(&format!("sqlite://{}", file.display())).await.expect("its database");
    let clock = Clock::new(chrono_tz::Europe::Brussels, TODAY.parse().ok());
    let services = Services::open(database, clock).await.expect("services");
    verified(&services).await;
    let (mut original, mut copy) =
        (everything(app.reader()).await, everything(services.database().reader()).await);
    let mut credentials = 0;
    macro_rules! count {
        ($($module:ident),+) => {
            $(credentials += entity::$module::Entity::find().count(app.reader()).await.expect("a count");)+
        };
    }
    count!(api_key, webhook_endpoint, webhook_secret, webhook_delivery, webhook_attempt);
    assert!(credentials >= 5, "there are keys, an endpoint with its secret, a delivery and an attempt");
    assert_eq!(original.len() as u64, copy.len() as u64 + credentials);
    original.sort_unstable();
    copy.sort_unstable();
    for row in &copy {
        assert!(original.binary_search(row).is_ok(), "{row}");
    }
    services.database().clone().close().await.expect("closed");
}

async fn nothing_crosses_between_a_sandbox_and_the_program(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let (one, two) = (app.sandbox(json!({})).await, app.sandbox(json!({})).await);
    let create = |code: &str| json!({ "code": code, "name": code, "enrolledOn": "2026-01-01" });
    one.done("createPartner", create("inside")).await;
    app.partner("outside", "2026-01-01").await;
    let outside = app.ok("{ partners { nodes { code } } }", json!({})).await;
    assert_eq!(outside["partners"]["nodes"], json!([{ "code": "nordwind" }, { "code": "outside" }]));
    for (sandbox, has_inside) in [(&one, true), (&two, false)] {
        let found = [
            sandbox.has_partner("nordwind").await,
            sandbox.has_partner("inside").await,
            sandbox.has_partner("outside").await,
        ];
        assert_eq!(found, [true, has_inside, false]);
    }
    let label =
        one.ok("{ viewer { role label } auditLog(last: 1) { nodes { operation actor } } }", json!({}));
    let expected = json!({ "viewer": { "role": "ADMINISTRATOR", "label": "bootstrap" },
        "auditLog": { "nodes": [{ "operation": "createPartner", "actor": "bootstrap" }] } });
    assert_eq!(label.await, expected);
    verified(app.services()).await;
}

async fn a_level_lapses_in_the_sandbox_alone(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    app.earn("nordwind", "2025-11-03", 80).await;
    let outside = async || {
        let data = app.ok(LEVEL, json!({ "code": "nordwind" })).await;
        data["partner"]["standing"]["business"]["level"]["code"].clone()
    };
    let sandbox = app.sandbox(json!({})).await;
    assert_eq!((outside().await, sandbox.level("nordwind").await), (json!("CREATOR"), json!("CREATOR")));
    let latest = "{ today events(first: 0) { latestNumber } }";
    let before = sandbox.ok(latest, json!({})).await;
    assert_eq!(before["today"], TODAY);
    sandbox.advance("2026-12-31").await;
    assert_eq!(sandbox.level("nordwind").await, "CREATOR");
    sandbox.advance("2027-01-01").await;
    assert_eq!((outside().await, sandbox.level("nordwind").await), (json!("CREATOR"), json!("MEMBER")));
    // The feed has it when the answer is there.
    let lapsed = "query($after: EventNumber) { today events(first: 100, after: $after, types: [LEVEL_LAPSED]) { \
        nodes { occurredOn partner { code } levelChange { from { code } to { code } } } } }";
    let found = sandbox.ok(lapsed, json!({ "after": before["events"]["latestNumber"] })).await;
    let expected = json!({ "today": "2027-01-01", "events": { "nodes": [{ "occurredOn": "2027-01-01",
        "partner": { "code": "nordwind" },
        "levelChange": { "from": { "code": "CREATOR" }, "to": { "code": "MEMBER" } } }] } });
    assert_eq!(found, expected);
    let none = app.ok(lapsed, json!({ "after": 0 })).await;
    assert_eq!(none, json!({ "today": TODAY, "events": { "nodes": [] } }));
    // The day is what counts for facts as well.
    let meeting = |on: &str| Activity::of_partner("nordwind", "CUSTOMER_MEETING", on).quantity(30).input();
    sandbox.done("recordActivity", meeting("2027-01-01")).await;
    let early = sandbox.mutate("recordActivity", meeting("2027-01-02")).await;
    assert_eq!(user_errors(&early)[0]["code"], "DATE_IN_FUTURE");
    assert_eq!(sandbox.level("nordwind").await, "COLLABORATOR");
    verified(app.services()).await;
}

async fn a_clock_only_moves_forward(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let sandbox = app.sandbox(json!({})).await;
    sandbox.advance("2026-12-31").await;
    let to = |day: &str| json!({ "id": sandbox.id, "to": day });
    let rows = "{ auditLog { totalCount } }";
    let before = app.ok(rows, json!({})).await;
    let invalid = [("INVALID".to_owned(), json!(["to"]))];
    for day in ["2026-12-30", TODAY, "2036-09-01"] {
        assert_eq!(refused(&app, "advanceSandbox", to(day)).await, invalid, "{day}");
    }
    // Repeated, a move changes nothing.
    app.done("advanceSandbox", to("2026-12-31")).await;
    assert_eq!(app.ok(rows, json!({})).await, before);
    assert_eq!(sandbox.ok("{ today }", json!({})).await["today"], "2026-12-31");
    sandbox.advance("2036-08-31").await;
    for id in [json!("nonsense"), app.ok("{ edition { id } }", json!({})).await["edition"]["id"].clone()] {
        let input = json!({ "id": id, "to": "2027-01-01" });
        assert_eq!(refused(&app, "advanceSandbox", input).await, [("NOT_FOUND".to_owned(), json!(["id"]))]);
    }
}

async fn a_sandbox_begins_on_a_later_day(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    app.earn("nordwind", "2025-11-03", 80).await;
    let sandbox = app.sandbox(json!({ "asOf": "2027-01-01", "expiresIn": 1 })).await;
    assert_eq!(sandbox.shown().await["today"], "2027-01-01");
    assert_eq!(sandbox.level("nordwind").await, "MEMBER");
    let [shown] = &app.sandboxes().await[..] else { panic!("one sandbox") };
    let moment = |field: &str| {
        let text = shown[field].as_str().expect("a moment");
        text.parse::<chrono::DateTime<chrono::Utc>>().expect("a moment")
    };
    assert_eq!(moment("expiresAt") - moment("createdAt"), TimeDelta::hours(1));
    assert_eq!(shown["createdBy"], "bootstrap");
    // what is asked for, and the fields that are refused
    for (input, fields) in [
        (json!({ "asOf": "2026-08-30" }), &["asOf"][..]),
        (json!({ "asOf": "2036-09-01" }), &["asOf"]),
        (json!({ "expiresIn": 0 }), &["expiresIn"]),
        (json!({ "expiresIn": 169 }), &["expiresIn"]),
        (json!({ "asOf": "2020-01-01", "expiresIn": -1 }), &["asOf", "expiresIn"]),
    ] {
        let expected: Vec<_> = fields.iter().map(|field| ("INVALID".to_owned(), json!([field]))).collect();
        assert_eq!(refused(&app, "createSandbox", input.clone()).await, expected, "{input}");
    }
    assert_eq!(app.sandboxes().await.len(), 1);
}

async fn keys_are_valid_on_their_own_side(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let outer = app.key("PROGRAM_STAFF", None).await;
    let sandbox = app.sandbox(json!({})).await;
    let viewer = "{ viewer { role partner { code } } }";
    let made = json!({ "role": "PARTNER", "subject": "nordwind", "label": "inside" });
    let inner = sandbox.done("createApiKey", made).await["secret"].as_str().expect("a key").to_owned();
    let answer = sandbox.send_as(&inner, viewer, json!({})).await;
    assert_eq!(answer.body["data"]["viewer"]["partner"]["code"], "nordwind", "{}", answer.text);
    for (what, answer) in [
        ("a key of the program inside", sandbox.send_as(&outer, viewer, json!({})).await),
        (
            "the bootstrap key of the program inside",
            sandbox.send_as("an-administrator-of-the-tests", viewer, json!({})).await,
        ),
        ("a key of the sandbox outside", app.send_as(&inner, viewer, json!({})).await),
        (
            "the key of the sandbox's administrator outside",
            app.send_as(&sandbox.key, viewer, json!({})).await,
        ),
    ] {
        assert_eq!((answer.status, answer.codes()), (401, vec!["UNAUTHENTICATED"]), "{what}");
    }
    // What is done in it is in its own audit log.
    let log = "{ auditLog(last: 1) { nodes { operation } } }";
    assert_eq!(sandbox.ok(log, json!({})).await["auditLog"]["nodes"][0]["operation"], "createApiKey");
    assert_eq!(app.ok(log, json!({})).await["auditLog"]["nodes"][0]["operation"], "createSandbox");
    // Staff of the program sees neither sandboxes nor what was done about them.
    let staff = app.send_as(&outer, "{ auditLog(last: 1) { nodes { operation } } }", json!({})).await;
    assert_eq!(staff.body["data"]["auditLog"]["nodes"][0]["operation"], "createPartner", "{}", staff.text);
}

async fn a_sandbox_has_no_sandboxes(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let sandbox = app.sandbox(json!({})).await;
    let of_sandboxes = |data: &Value| {
        let names = data["viewer"]["mutations"].as_array().expect("a list");
        names.iter().filter(|name| name.as_str().is_some_and(|name| name.ends_with("Sandbox"))).count()
    };
    let query = "{ viewer { mutations } sandboxes { id } }";
    let (outside, inside) = (app.ok(query, json!({})).await, sandbox.ok(query, json!({})).await);
    assert_eq!((of_sandboxes(&outside), of_sandboxes(&inside)), (3, 0));
    assert_eq!(inside["sandboxes"], json!([]));
    let id = &sandbox.id;
    for (mutation, input) in [
        ("createSandbox", json!({})),
        ("advanceSandbox", json!({ "id": id, "to": "2027-01-01" })),
        ("deleteSandbox", json!({ "id": id })),
    ] {
        let payload = sandbox.mutate(mutation, input).await;
        assert_eq!(user_errors(&payload)[0]["code"], "WRONG_STATE", "{payload}");
    }
    let node = sandbox.ok("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    assert_eq!(node["node"], Value::Null);
}

async fn webhooks_leave_a_sandbox_only_if_they_are_asked_for(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[("WEBHOOKS_TO_PRIVATE", "true")]).await;
    let receiver = Receiver::start().await;
    let (_, secret) = app.endpoint(&receiver.url, &["PARTNER_ENROLLED"]).await;
    let silent = app.sandbox(json!({})).await;
    let sending = app.sandbox(json!({ "webhooks": true })).await;
    let create = |code: &str| json!({ "code": code, "name": code, "enrolledOn": "2026-01-01" });
    // An endpoint that is created in the sandbox gets nothing either.
    let endpoint = json!({ "url": receiver.url, "description": "inside" });
    let made = silent.done("createWebhookEndpoint", endpoint).await["webhookEndpoint"]["id"].clone();
    let sent = silent.done("sendTestWebhook", json!({ "id": made })).await;
    silent.done("createPartner", create("silent")).await;
    sending.done("createPartner", create("sending")).await;
    let got = receiver.wait_for(1).await;
    let [of_sandbox] = &got[..] else { panic!("{got:?}") };
    assert!(of_sandbox.is_signed_with(&secret));
    let data = &of_sandbox.body["data"];
    assert_eq!((&data["event"], &data["partner"]), (&json!("PARTNER_ENROLLED"), &json!("sending")));
    // It is no repeat of an event of the program, whose next event has the same number.
    let id = of_sandbox.body["sandbox"].as_str().expect("the id of the sandbox").replace('-', "");
    assert_eq!(of_sandbox.header("webhook-id"), format!("sandbox_{id}_evt_{}", data["number"]));
    app.partner("outside", "2026-01-01").await;
    let got = receiver.wait_for(2).await;
    assert_eq!(got[1].body["sandbox"], Value::Null);
    assert_eq!(got[1].header("webhook-id"), format!("evt_{}", got[1].body["data"]["number"]));
    let delivery = "query($id: ID!) { node(id: $id) { ... on WebhookDelivery { state attempts { at } } } }";
    let waiting = silent.ok(delivery, json!({ "id": sent["webhookDelivery"]["id"] })).await;
    assert_eq!(waiting["node"], json!({ "state": "PENDING", "attempts": [] }));
    assert_eq!(receiver.got().len(), 2);
    drop((silent, sending));
    // A process that sends no webhooks sends none of a sandbox.
    let quiet = [("WEBHOOKS_SEND", "false")];
    let app = TestApp::start_with(app.stop().await, TODAY, &quiet).await;
    let input = json!({ "webhooks": true });
    assert_eq!(refused(&app, "createSandbox", input).await, [("INVALID".to_owned(), json!(["webhooks"]))]);
}

async fn streams_of_a_sandbox_end_with_its_day(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let sandbox = app.sandbox(json!({})).await;
    let path = format!("{}/graphql", sandbox.base);
    let follow = "subscription { partnerChanged(code: \"nordwind\") { type } }";
    let mut stream = app.follow_at(&path, &sandbox.key, follow).await;
    // What happens outside is not in it.
    app.earn("nordwind", TODAY, 1).await;
    let meeting = Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-01-01");
    sandbox.done("recordActivity", meeting.quantity(30).input()).await;
    let mut types = Vec::new();
    while types.len() < 2 {
        types.push(stream.data().await["partnerChanged"]["type"].clone());
    }
    assert_eq!(types, ["CREDITS_CHANGED", "LEVEL_REACHED"]);
    sandbox.advance("2027-01-01").await;
    stream.ended().await;
    let mut stream = app.follow_at(&path, &sandbox.key, follow).await;
    app.done("deleteSandbox", json!({ "id": sandbox.id })).await;
    stream.ended().await;
}

/// That nothing of a sandbox is there any more.
async fn assert_gone(app: &TestApp, base: &str, folder: &Path) {
    assert_eq!(app.sandboxes().await, Vec::<Value>::new());
    for path in ["/graphql", "/graphql/ws", "/console", "/schema.graphql", "/healthz", ""] {
        assert_eq!(get(app, &format!("{base}{path}"), "*/*").await.0, 404, "{path}");
    }
    assert_eq!(databases(folder), Vec::<std::path::PathBuf>::new());
}

async fn sandboxes_expire_with_their_files(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let short = app.sandbox(json!({ "expiresIn": 1 })).await;
    let long = app.sandbox(json!({ "expiresIn": 2 })).await;
    assert_eq!(databases(folder.path()).len(), 2);
    let services = app.services();
    let now = services.clock().real();
    services.sandboxes_expire(now).await;
    assert_eq!(app.sandboxes().await.len(), 2);
    services.sandboxes_expire(now + TimeDelta::minutes(61)).await;
    let left = app.sandboxes().await;
    assert_eq!(left.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&long.id]);
    assert_eq!(get(&app, &format!("{}/healthz", short.base), "*/*").await.0, 404);
    assert!(long.has_partner("nordwind").await);
    services.sandboxes_expire(now + TimeDelta::minutes(121)).await;
    assert_gone(&app, &long.base, folder.path()).await;
}

async fn sandboxes_are_deleted_with_their_files(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let sandbox = app.sandbox(json!({})).await;
    let input = json!({ "id": sandbox.id });
    assert_eq!(app.done("deleteSandbox", input.clone()).await["deletedId"], sandbox.id);
    assert_gone(&app, &sandbox.base, folder.path()).await;
    let unknown = [("NOT_FOUND".to_owned(), json!(["id"]))];
    assert_eq!(refused(&app, "deleteSandbox", input).await, unknown);
    assert_eq!(sandbox.shown().await, Value::Null);
    // One that is being created is deleted as well.
    let made = app.done("createSandbox", json!({ "demo": true })).await["sandbox"].clone();
    app.done("deleteSandbox", json!({ "id": made["id"] })).await;
    let base = made["url"].as_str().and_then(|url| url.strip_suffix("/graphql")).expect("an address");
    assert_gone(&app, base, folder.path()).await;
}

async fn there_are_so_many_sandboxes_and_no_more(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[("SANDBOXES_MAX", "1"), ("SANDBOX_HOURS_MAX", "2")]).await;
    let first = app.sandbox(json!({})).await.id.clone();
    let many = [("TOO_MANY".to_owned(), Value::Null)];
    assert_eq!(refused(&app, "createSandbox", json!({})).await, many);
    assert_eq!(
        refused(&app, "createSandbox", json!({ "expiresIn": 3 })).await,
        [("INVALID".to_owned(), json!(["expiresIn"]))]
    );
    app.done("deleteSandbox", json!({ "id": first })).await;
    app.sandbox(json!({})).await;
    let app = TestApp::start_with(app.stop().await, TODAY, &[("SANDBOXES_MAX", "0")]).await;
    assert_eq!(refused(&app, "createSandbox", json!({})).await, [("WRONG_STATE".to_owned(), Value::Null)]);
    assert_eq!(app.sandboxes().await, Vec::<Value>::new());
    let mutations = app.ok("{ viewer { mutations } }", json!({})).await["viewer"]["mutations"].to_string();
    assert!(!mutations.contains("Sandbox"), "{mutations}");
}

async fn a_sandbox_may_have_demo_data(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let sandbox = app.sandbox(json!({ "demo": true, "asOf": "2027-03-01" })).await;
    assert_eq!(sandbox.shown().await["isDemo"], true);
    let query = "{ today partners { totalCount } partner(code: \"alpenfunk\") { name } }";
    let inside = sandbox.ok(query, json!({})).await;
    assert_eq!((&inside["today"], &inside["partners"]["totalCount"]), (&json!("2027-03-01"), &json!(6)));
    let outside = app.ok(query, json!({})).await;
    assert_eq!((&outside["partners"]["totalCount"], &outside["partner"]), (&json!(1), &Value::Null));
    sandbox.advance("2028-01-01").await;
    assert_eq!(sandbox.ok(query, json!({})).await["today"], "2028-01-01");
}

async fn a_sandbox_has_the_routes_and_limits_of_the_program(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[("BODY_BYTES_MAX", "1024"), ("QUERY_DEPTH_MAX", "3")]).await;
    let sandbox = app.sandbox(json!({})).await;
    let base = &sandbox.base;
    let graphql = format!("\"graphql\":\"{base}/graphql\"");
    let console = format!("<a href=\"{base}/console\">");
    // path, what is accepted, words of the answer
    let table: [(&str, &str, &str); 9] = [
        ("/healthz", "*/*", "ok"),
        ("/readyz", "*/*", "ready"),
        ("/schema.graphql", "*/*", "type Sandbox implements Node"),
        ("/graphql", "text/html", "<title>"),
        ("/console", "text/html", "<title>"),
        ("/console/partners/nordwind", "text/html", "<title>"),
        ("/console/config.json", "*/*", "\"sandbox\":{\"expiresAt\":\""),
        ("", "application/json", &graphql),
        ("/", "text/html", &console),
    ];
    for (path, accept, words) in table {
        let (status, text) = get(&app, &format!("{base}{path}"), accept).await;
        assert!(status == 200 && text.contains(words), "{path}: {status} {text}");
    }
    let (status, text) = get(&app, &format!("{base}/graphqll"), "*/*").await;
    assert_eq!(status, 404);
    assert!(
        text.contains(&format!("There is nothing at {base}/graphqll. Did you mean {base}/graphql?")),
        "{text}"
    );
    // Those of the process are with the program.
    assert_eq!(get(&app, &format!("{base}/metrics"), "*/*").await.0, 404);
    // Every sandbox that there is not is an unknown path.
    let unknown = URL_SAFE_NO_PAD.encode(format!("Sandbox:{}", uuid::Uuid::now_v7()));
    for path in
        [format!("/sandbox/{unknown}/graphql"), "/sandbox/none/graphql".to_owned(), "/sandbox/".to_owned()]
    {
        let (status, text) = get(&app, &path, "*/*").await;
        assert!(status == 404 && text.contains("There is nothing at /sandbox/"), "{path}: {text}");
        let answer = app.post_to(&path, &sandbox.key, "{}").await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let long = format!("{{ partner(code: \"{}\") {{ code }} }}", "x".repeat(1_100));
    assert_eq!(sandbox.send_as(&sandbox.key, &long, json!({})).await.status, 413);
    let deep = "{ partners { edges { node { standing { overall { code } } } } } }";
    assert_eq!(sandbox.send_as(&sandbox.key, deep, json!({})).await.codes(), ["QUERY_TOO_COMPLEX"]);
    assert_eq!(sandbox.send_as("", "{ today }", json!({})).await.status, 401);
}

async fn a_restart_leaves_no_sandbox(backend: Backend) {
    let folder = temporary();
    let app = start(backend, folder.path(), &[]).await;
    let sandbox = app.sandbox(json!({})).await;
    let base = sandbox.base.clone();
    drop(sandbox);
    let database = app.stop().await;
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0, "the folder of the process is gone");
    let settings = [("SANDBOX_DIR", folder.path().to_str().expect("UTF-8"))];
    let app = TestApp::start_with(database, TODAY, &settings).await;
    assert_gone(&app, &base, folder.path()).await;
    assert!(app.sandbox(json!({})).await.has_partner("nordwind").await);
}
