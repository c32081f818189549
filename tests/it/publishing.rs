//! Editions: documents are checked, saved, approved and published (PROGRAM.md, sections 2 and 9).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::webhooks::until;
use crate::harness::{Activity, Answer, Backend, TestApp, TestDatabase, user_errors, verified};

both! {
    e1_a_document_is_checked_with_problems_examples_and_changes,
    e1_drafts_keep_their_revisions_and_are_approved_by_another_administrator,
    e1_an_approval_is_required_where_the_setting_says_so,
    e1_a_month_that_has_an_edition_is_a_problem,
    e3_an_edition_is_published_for_a_month_that_has_not_begun,
    e3_of_a_hundred_publications_at_once_one_wins,
    e3_a_process_that_missed_a_publication_never_books_by_the_old_edition,
    e3_levels_change_when_an_edition_comes_into_force,
    e3_a_publication_is_seen_by_other_processes,
}

pub(crate) const TODAY: &str = "2026-08-31";

pub(crate) const SAVE: &str = "mutation($input: SaveEditionDraftInput!) { saveEditionDraft(input: $input) { \
    draft { id name revision status effectiveFrom approvedBy } userErrors { code message field } } }";
pub(crate) const APPROVE: &str = "mutation($input: ApproveEditionDraftInput!) { approveEditionDraft(input: $input) { \
    draft { id revision status approvedBy } userErrors { code message field } } }";
const WITHDRAW: &str = "mutation($input: WithdrawEditionDraftInput!) { withdrawEditionDraft(input: $input) { \
    draft { id status } userErrors { code message field } } }";
const PUBLISH: &str = "mutation($input: PublishEditionInput!) { publishEdition(input: $input) { \
    edition { id effectiveFrom name document } userErrors { code message field } } }";
const CHECK: &str = "query($document: String!, $from: Date) { checkEdition(document: $document, effectiveFrom: $from) { \
    problems { line column message } examples { name passed expected actual } changes { path before after sentence } } }";

/// The published document with replacements.
pub(crate) async fn document(app: &TestApp, replacements: &[(&str, &str)]) -> String {
    let data = app.ok("{ edition { document } }", json!({})).await;
    let mut text = data["edition"]["document"].as_str().expect("a document").to_owned();
    for (from, into) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, into, 1);
    }
    text
}

pub(crate) fn payload(answer: &Answer, mutation: &str) -> Value {
    let payload = &answer.body["data"][mutation];
    assert!(payload.is_object(), "{}", answer.text);
    payload.clone()
}

async fn publish(app: &TestApp, document: &str, from: &str) -> Value {
    let input = json!({ "effectiveFrom": from, "document": document });
    payload(&app.send(PUBLISH, json!({ "input": input })).await, "publishEdition")
}

/// The edition that is published, which must not be refused.
pub(crate) async fn published(app: &TestApp, document: &str, from: &str) -> Value {
    let payload = publish(app, document, from).await;
    assert!(refusals(&payload).is_empty(), "{from}: {payload}");
    payload["edition"].clone()
}

/// Codes and messages of a payload.
fn refusals(payload: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    user_errors(payload).iter().map(|error| (text(&error["code"]), text(&error["message"]))).collect()
}

async fn e1_a_document_is_checked_with_problems_examples_and_changes(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let check = async |replacements: &[(&str, &str)], from: Value| {
        let document = document(&app, replacements).await;
        app.ok(CHECK, json!({ "document": document, "from": from })).await["checkEdition"].clone()
    };
    let same = check(&[], Value::Null).await;
    assert_eq!((&same["problems"], &same["changes"]), (&json!([]), &json!([])));
    assert!(
        same["examples"]
            .as_array()
            .is_some_and(|all| all.len() >= 9 && all.iter().all(|one| one["passed"] == true))
    );
    let days = &[("points = 250\nmax_quantity = 5", "points = 500\nmax_quantity = 5")];
    let changed = check(days, json!("2026-09-01")).await;
    assert_eq!(changed["problems"], json!([]));
    let change = json!([{ "path": "professional.rule.TRAINING_DAY_ATTENDED.points", "before": "250", "after": "500",
        "sentence": "Days of in-person training attended: 250 → 500 points a day." }]);
    assert_eq!(changed["changes"], change);
    // first day, words of the problem
    for (from, words) in [
        ("2026-09-02", "first day of a month, not on 2026-09-02"),
        ("2026-08-01", "2026-08-01 is not after today, 2026-08-31. The next one begins on 2026-09-01."),
    ] {
        let found = check(&[], json!(from)).await;
        let problems = found["problems"].as_array().expect("a list");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0]["message"].as_str().is_some_and(|message| message.contains(words)),
            "{problems:?}"
        );
    }
    let wrong = check(&[("per = 500", "prr = 500"), ("threshold = 75", "threshold = 20")], Value::Null).await;
    let problems = wrong["problems"].as_array().expect("a list");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(problems[1]["column"], 1);
    assert!(
        problems[1]["message"].as_str().is_some_and(|text| text.ends_with("Did you mean `per`?")),
        "{problems:?}"
    );
    let failing = check(&[("credits = 10\nper = 5\n", "credits = 11\nper = 5\n")], Value::Null).await;
    let failed = failing["examples"].as_array().expect("a list").iter().filter(|one| one["passed"] == false);
    let failed: Vec<&Value> = failed.collect();
    assert!(
        failed.iter().any(|one| (&one["expected"], &one["actual"]) == (&json!("10"), &json!("11"))),
        "{failed:?}"
    );
    assert_eq!(failing["problems"].as_array().map(Vec::len), Some(failed.len()));
}

async fn e1_drafts_keep_their_revisions_and_are_approved_by_another_administrator(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let (second, staff) = (app.key("ADMINISTRATOR", None).await, app.key("PROGRAM_STAFF", None).await);
    let text = document(&app, &[("threshold = 75", "threshold = 100")]).await;
    let save = async |more: Value| {
        let mut input = json!({ "name": "A draft", "document": text, "effectiveFrom": "2026-10-01" });
        input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        payload(&app.send(SAVE, json!({ "input": input })).await, "saveEditionDraft")
    };
    let draft = save(json!({})).await["draft"].clone();
    assert_eq!((&draft["revision"], &draft["status"]), (&json!(1), &json!("OPEN")));
    let id = &draft["id"];
    // what is sent with the draft, the code of the refusal
    let table = [
        (json!({ "draft": id, "revision": 2 }), "WRONG_STATE"),
        (json!({ "draft": id }), "INVALID"),
        (json!({ "draft": "x", "revision": 1 }), "NOT_FOUND"),
        (json!({ "name": "" }), "INVALID"),
        (json!({ "document": "x".repeat(262_145) }), "INVALID"),
        (json!({ "document": "\u{0}" }), "INVALID"),
    ];
    for (more, code) in table {
        let refused = refusals(&save(more.clone()).await);
        assert_eq!(refused.first().map(|(code, _)| code.as_str()), Some(code), "{refused:?}");
    }
    let approve = async |key: Option<&str>, revision: i64| {
        let variables = json!({ "input": { "draft": id, "revision": revision } });
        let answer = match key {
            Some(key) => app.send_as(key, APPROVE, variables).await,
            None => app.send(APPROVE, variables).await,
        };
        payload(&answer, "approveEditionDraft")
    };
    let refused = refusals(&approve(None, 1).await);
    assert!(refused[0].1.contains("by another administrator than the one who saved it last"), "{refused:?}");
    assert_eq!(refusals(&approve(Some(&second), 2).await)[0].0, "WRONG_STATE");
    assert_eq!(approve(Some(&second), 1).await["draft"]["status"], "APPROVED");
    // Another revision is to be approved again.
    let saved = save(json!({ "draft": id, "revision": 1, "name": "Better" })).await["draft"].clone();
    assert_eq!(json!([saved["revision"], saved["status"], saved["approvedBy"]]), json!([2, "OPEN", null]));
    let query = "query($id: ID!) { node(id: $id) { ... on EditionDraft { name check { problems { message } \
                 changes { sentence } } } } editionDrafts(filter: { statuses: [OPEN] }) { totalCount nodes { id } } }";
    let found = app.ok(query, json!({ "id": id })).await;
    assert_eq!(found["node"]["check"]["changes"], json!([{ "sentence": "Creator: 75 → 100 credits." }]));
    assert_eq!(found["editionDrafts"], json!({ "totalCount": 1, "nodes": [{ "id": id }] }));
    // Program staff sees neither drafts nor what became of them.
    let answer = app.send_as(&staff, "query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    assert_eq!(answer.body["data"]["node"], Value::Null);
    let events = "{ events(first: 100) { nodes { type } } auditLog(first: 100) { nodes { objectType } } }";
    let seen = app.send_as(&staff, events, json!({})).await.text;
    assert!(!seen.contains("EDITION_DRAFT") && !seen.contains("EditionDraft"), "{seen}");
    let seen = app.send(events, json!({})).await.text;
    for word in ["EDITION_DRAFT_SAVED", "EDITION_DRAFT_APPROVED", "\"EditionDraft\""] {
        assert!(seen.contains(word), "{word}: {seen}");
    }
    // A draft with problems is not approved; a withdrawn one is done.
    let broken = save(json!({ "document": "name = 1" })).await["draft"]["id"].clone();
    let variables = json!({ "input": { "draft": broken, "revision": 1 } });
    let answer = payload(&app.send_as(&second, APPROVE, variables.clone()).await, "approveEditionDraft");
    assert!(refusals(&answer)[0].1.starts_with("Line 1, column "), "{answer}");
    let input = json!({ "input": { "draft": broken, "reason": "not needed" } });
    for _ in 0..2 {
        let withdrawn = payload(&app.send(WITHDRAW, input.clone()).await, "withdrawEditionDraft");
        assert_eq!(withdrawn["draft"]["status"], "WITHDRAWN");
    }
    let answer = payload(&app.send_as(&second, APPROVE, variables).await, "approveEditionDraft");
    assert!(refusals(&answer)[0].1.contains("was withdrawn and cannot be approved"), "{answer}");
}

async fn e1_an_approval_is_required_where_the_setting_says_so(backend: Backend) {
    let settings = [("EDITION_APPROVAL", "required")];
    let app = TestApp::start_with(TestDatabase::create(backend).await, TODAY, &settings).await;
    let second = app.key("ADMINISTRATOR", None).await;
    let text = document(&app, &[("threshold = 75", "threshold = 100")]).await;
    let refused = refusals(&publish(&app, &text, "2026-10-01").await);
    assert_eq!(refused[0].0, "WRONG_STATE", "{refused:?}");
    let input = json!({ "name": "A draft", "document": text, "effectiveFrom": "2026-10-01" });
    let saved = payload(&app.send(SAVE, json!({ "input": input })).await, "saveEditionDraft");
    let id = &saved["draft"]["id"];
    let publish = async |more: Value| {
        let mut input = json!({ "draft": id });
        input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        payload(&app.send(PUBLISH, json!({ "input": input })).await, "publishEdition")
    };
    assert_eq!(refusals(&publish(json!({})).await)[0].0, "WRONG_STATE");
    let variables = json!({ "input": { "draft": id, "revision": 1 } });
    payload(&app.send_as(&second, APPROVE, variables).await, "approveEditionDraft");
    let other_day = refusals(&publish(json!({ "effectiveFrom": "2026-11-01" })).await);
    assert!(other_day[0].1.contains("meant for 2026-10-01, not for 2026-11-01"), "{other_day:?}");
    let published = publish(json!({})).await;
    assert_eq!(published["edition"]["effectiveFrom"], "2026-10-01", "{published}");
    let query = "query($id: ID!) { node(id: $id) { ... on EditionDraft { status edition { effectiveFrom publishedBy } } } }";
    let draft = app.ok(query, json!({ "id": id })).await["node"].clone();
    let edition = json!({ "effectiveFrom": "2026-10-01", "publishedBy": "bootstrap" });
    assert_eq!(draft, json!({ "status": "PUBLISHED", "edition": edition }));
    assert_eq!(refusals(&publish(json!({})).await)[0].0, "WRONG_STATE");
    // The day of a draft without one is that of its document.
    let text = text.replacen("effective_from = 2024-05-01", "effective_from = 2026-12-01", 1);
    let input = json!({ "name": "Another", "document": text });
    let saved = payload(&app.send(SAVE, json!({ "input": input })).await, "saveEditionDraft");
    let id = &saved["draft"]["id"];
    let variables = json!({ "input": { "draft": id, "revision": 1 } });
    payload(&app.send_as(&second, APPROVE, variables).await, "approveEditionDraft");
    let input = json!({ "draft": id, "effectiveFrom": "2026-11-01" });
    let other_day = refusals(&payload(&app.send(PUBLISH, json!({ "input": input })).await, "publishEdition"));
    assert!(other_day[0].1.contains("approved for 2026-12-01, not for 2026-11-01"), "{other_day:?}");
}

async fn e1_a_month_that_has_an_edition_is_a_problem(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let text = document(&app, &[("threshold = 75", "threshold = 100")]).await;
    let problems = async |from: &str| {
        let found = app.ok(CHECK, json!({ "document": text, "from": from })).await;
        found["checkEdition"]["problems"].as_array().expect("a list").clone()
    };
    assert_eq!(problems("2026-10-01").await, Vec::<Value>::new());
    published(&app, &text, "2026-10-01").await;
    let [problem] = &problems("2026-10-01").await[..] else { panic!("one problem") };
    let message = problem["message"].as_str().expect("a text");
    assert!(message.ends_with("comes into force on 2026-10-01 already."), "{message}");
    assert_eq!(problems("2026-11-01").await, Vec::<Value>::new());
}

async fn e3_an_edition_is_published_for_a_month_that_has_not_begun(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-02-02")).await;
    let good = document(
        &app,
        &[("credits = 50\nper = 1\nwindow = \"each\"", "credits = 60\nper = 1\nwindow = \"each\"")],
    )
    .await;
    // first day, what is published, code, words of the message
    let failing = document(&app, &[("credits = 10\nper = 5\n", "credits = 11\nper = 5\n")]).await;
    let wrong = document(&app, &[("per = 500", "per = 0")]).await;
    let table = [
        ("2026-08-01", &good, "INVALID", "in a month that has not begun"),
        ("2026-09-15", &good, "INVALID", "first day of a month"),
        ("2027-01-01", &wrong, "INVALID", "column 7: `per` must be 1 or more, not 0"),
    ];
    for (from, document, code, words) in table {
        let refused = refusals(&publish(&app, document, from).await);
        assert!(refused[0].0 == code && refused[0].1.contains(words), "{from}: {refused:?}");
    }
    // Its worked examples judge days that the built-in edition judges, so they pass; one of its own days fails.
    published(&app, &failing, "2040-01-01").await;
    let example = "\n[[example]]\nname = \"An event of 2027\"\npartners = { a = 2024-06-01 }\nfacts = [{ on = 2027-02-01, \
        partner = \"a\", kind = \"EVENT_ORGANIZED\" }]\nexpect = [{ on = 2027-02-01, partner = \"a\", business = 50 }]\n";
    let refused = refusals(&publish(&app, &format!("{good}{example}"), "2027-01-01").await);
    assert_eq!(refused.len(), 1, "{refused:?}");
    let words = "example \"An event of 2027\": business of a on 2027-02-01 must be 50, but came out as 60";
    assert!(refused[0].1.starts_with("Line ") && refused[0].1.ends_with(words), "{refused:?}");
    let (before, ledger) = (app.balance("nordwind").await, app.ledger("nordwind").await);
    let published_edition = published(&app, &good, "2027-01-01").await;
    assert_eq!(published_edition["effectiveFrom"], "2027-01-01");
    assert!(
        published_edition["document"]
            .as_str()
            .is_some_and(|text| text.contains("effective_from = 2027-01-01"))
    );
    let again = refusals(&publish(&app, &good, "2027-01-01").await);
    assert_eq!(again[0].0, "ALREADY_EXISTS", "{again:?}");
    // An earlier month may follow, and a list has all of them.
    published(&app, &good, "2026-10-01").await;
    let query = "{ editions { totalCount nodes { effectiveFrom } } today: edition { effectiveFrom } \
                 then: edition(asOf: \"2027-01-01\") { id effectiveFrom } }";
    let found = app.ok(query, json!({})).await;
    let days: Vec<&Value> = found["editions"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["effectiveFrom"])
        .collect();
    assert_eq!(json!(days), json!(["2024-05-01", "2026-10-01", "2027-01-01", "2040-01-01"]));
    assert_eq!(found["today"]["effectiveFrom"], "2024-05-01");
    assert_eq!(found["then"]["id"], published_edition["id"]);
    assert_eq!((app.balance("nordwind").await, app.ledger("nordwind").await), (before, ledger));
    let events = app.ok("{ events(first: 100) { nodes { type data } } }", json!({})).await["events"]["nodes"]
        .to_string();
    assert!(events.contains("EDITION_PUBLISHED") && events.contains("2040-01-01"), "{events}");
    app.services().emit_time_based_events().await.expect("the rollout");
    verified(app.services()).await;
    let app = app.restart("2027-02-01").await;
    let activity = app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2027-01-05")).await;
    assert_eq!(activity["awardedCredits"], 60);
    verified(app.services()).await;
}

async fn e3_of_a_hundred_publications_at_once_one_wins(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let other = app.another(TODAY).await;
    let text = document(&app, &[]).await;
    let all = (0..100).map(|number| {
        let app = if number % 2 == 0 { &app } else { &other };
        let document = text.replacen("name = \"", &format!("name = \"{number} "), 1);
        async move {
            let input = json!({ "effectiveFrom": "2027-01-01", "document": document });
            loop {
                let answer = app.send(PUBLISH, json!({ "input": &input })).await;
                // Two processes on one SQLite file: who has waited too long is told to try again.
                if !answer.text.contains("SERVICE_UNAVAILABLE") {
                    break payload(&answer, "publishEdition");
                }
            }
        }
    });
    let answers = join_all(all).await;
    let won: Vec<&Value> = answers.iter().filter(|answer| !answer["edition"].is_null()).collect();
    assert_eq!(won.len(), 1);
    let lost =
        answers.iter().filter(|answer| refusals(answer).iter().all(|(code, _)| code == "ALREADY_EXISTS"));
    assert_eq!(lost.filter(|answer| answer["edition"].is_null()).count(), 99);
    for app in [&app, &other] {
        app.services().refresh_policy().await.expect("the editions");
        let found = app.ok("{ edition(asOf: \"2027-01-01\") { id } }", json!({})).await;
        assert_eq!(found["edition"]["id"], won[0]["edition"]["id"]);
    }
    drop(other);
}

async fn e3_a_process_that_missed_a_publication_never_books_by_the_old_edition(backend: Backend) {
    use partner_program::service::activities::{ActivityDraft, Intake, SubjectCode};

    let app = TestApp::start(backend, "2026-12-15").await;
    app.partner("nordwind", "2024-06-01").await;
    // It is opened before the publication, on a day after the first one, and hears of nothing.
    let settings = app.settings("2027-01-10");
    let stale = partner_program::app::open(&settings).await.expect("services");
    let new = [
        ("credits = 50\nper = 1\nwindow = \"each\"", "credits = 60\nper = 1\nwindow = \"each\""),
        ("kind = \"WEBSITE_PRESENCE\"", "kind = \"A_NEW_KIND\""),
    ];
    let text = document(&app, &new).await;
    published(&app, &text, "2027-01-01").await;
    let draft = |number: usize, kind: &str, on: &str| ActivityDraft {
        subject: SubjectCode::Partner("nordwind".to_owned()),
        kind: kind.to_owned(),
        occurred_on: on.parse().expect("a date"),
        quantity: 1,
        points: None,
        attributes: serde_json::Map::new(),
        source: "test".to_owned(),
        external_id: number.to_string(),
    };
    assert_eq!(stale.policy().editions.iter().count(), 1, "it has not heard of the publication");
    let drafts = [
        draft(1, "EVENT_ORGANIZED", "2027-01-05"),
        draft(2, "EVENT_ORGANIZED", "2026-12-01"),
        draft(3, "A_NEW_KIND", "2027-01-05"),
        draft(4, "WEBSITE_PRESENCE", "2027-01-05"),
    ];
    let outcomes = stale.activities_record(&drafts, Intake::Record).await.expect("a batch");
    assert_eq!(stale.policy().editions.iter().count(), 2, "it has read the editions");
    let taken: Vec<bool> = outcomes
        .iter()
        .map(|outcome| !matches!(outcome, partner_program::service::activities::Outcome::Refused(_)))
        .collect();
    assert_eq!(taken, [true, true, true, false], "{outcomes:?}");
    let credits: Vec<Value> =
        app.ledger("nordwind").await.iter().map(|entry| entry["levelCredits"].clone()).collect();
    assert_eq!(json!(credits), json!([60, 50, 10]));
    stale.complete_rollouts().await.expect("the rollout");
    verified(&stale).await;
    stale.database().clone().close().await.expect("closed");
}

async fn e3_levels_change_when_an_edition_comes_into_force(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2026-03-01").await;
    app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-02-02")).await;
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-04-01").points(700)).await;
    let lower = [("threshold = 75", "threshold = 50"), ("threshold = 750", "threshold = 700")];
    let text = document(&app, &lower).await;
    published(&app, &text, "2026-10-01").await;
    app.services().emit_time_based_events().await.expect("the rollout");
    verified(app.services()).await;
    let app = app.restart("2026-10-02").await;
    app.services().emit_time_based_events().await.expect("levels");
    let query = "{ events(first: 100, types: [LEVEL_REACHED]) { nodes { occurredOn data } } }";
    let data = app.ok(query, json!({})).await;
    let rises: Vec<Value> = data["events"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|node| {
            json!([node["occurredOn"], node["data"]["level"]["to"], node["data"]["level"]["timeBased"]])
        })
        .filter(|rise| rise[2] == true)
        .collect();
    assert!(rises.contains(&json!(["2026-10-01", "CREATOR", true])), "{rises:?}");
    assert!(rises.contains(&json!(["2026-10-01", "ADVOCATE", true])), "{rises:?}");
    assert_eq!(rises.len(), 2, "{rises:?}");
    verified(app.services()).await;
}

async fn e3_a_publication_is_seen_by_other_processes(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let other = app.another(TODAY).await;
    let text = document(&app, &[]).await;
    published(&app, &text, "2027-01-01").await;
    let count = async |app: &TestApp| {
        app.ok("{ editions { totalCount } }", json!({})).await["editions"]["totalCount"].clone()
    };
    assert_eq!(count(&app).await, 2, "whoever published it sees it at once");
    until("the other process has read the editions", async || count(&other).await == 2).await;
}
