//! The points ledger: what professionals were awarded and spent, page by page, in sentences, to each role.

use serde_json::{Value, json};

use crate::harness::deals::swag;
use crate::harness::{Activity, Backend, TestApp, verified};

both! {
    every_entry_explains_itself,
    pages_go_both_ways,
    each_role_sees_its_part,
}

const TODAY: &str = "2026-08-31";

const ENTRIES: &str = "query($code: String!, $first: Int, $after: String, $last: Int, $before: String, $from: Date, $to: Date) { \
    professional(code: $code) { pointsLedger(first: $first, after: $after, last: $last, before: $before, from: $from, to: $to) { \
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { id effectiveOn reason kind points \
    dojoCredits dojoBalanceAfter explanation activity { externalId } swagOrder { number } edition { effectiveFrom } } } } }";

fn done(kind: &str, on: &str) -> Activity {
    Activity::of_professional("ada", kind, on)
}

/// A professional with entries of each kind; works for `nordwind` until July, and for `polder` in August.
async fn app(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("polder", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    app.item("hoodie", 100, 10).await;
    let feedback = app.record(done("FEEDBACK_SUBMITTED", "2026-07-01").quantity(3)).await;
    let kata = done("KATA_COMPLETED", "2026-07-02").attributes(json!({ "releasedOn": "2026-07-01" }));
    app.record(kata).await;
    app.record(done("LINKEDIN_HEADLINE", "2026-07-03")).await;
    app.void(&feedback).await;
    let placed = app.done("placeSwagOrder", swag("ada", "hoodie", 1, "one")).await;
    let number = placed["swagOrder"]["number"].clone();
    app.done("cancelSwagOrder", json!({ "number": number })).await;
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-07-31" })).await;
    app.affiliate("ada", "polder", "2026-08-01").await;
    app.record(done("COURSE_COMPLETED", "2026-08-02").points(200)).await;
    app
}

async fn entries(app: &TestApp) -> Value {
    let data = app.ok(ENTRIES, json!({ "code": "ada", "first": 100 })).await;
    data["professional"]["pointsLedger"].clone()
}

async fn every_entry_explains_itself(backend: Backend) {
    let app = app(backend).await;
    let ledger = entries(&app).await;
    let number = ledger["nodes"][4]["swagOrder"]["number"].as_str().expect("a number").to_owned();
    // reason, kind, points, Dojo Credits, balance, sentence
    let expected = [
        (
            "ACTIVITY",
            json!("FEEDBACK_SUBMITTED"),
            [100, 100, 100],
            "Feedback submitted: 100 of 150 points: the cap of 100 a month leaves 100 - 0 = 100 in July 2026 (DP, Submitting feedback).".to_owned(),
        ),
        (
            "ACTIVITY",
            json!("KATA_COMPLETED"),
            [150, 150, 250],
            "Kata completed: 75 + 75 for the first 7 days from releasedOn 2026-07-01 = 150 points (DP, Actively participating in Kata sessions).".to_owned(),
        ),
        (
            "ACTIVITY",
            json!("LINKEDIN_HEADLINE"),
            [250, 250, 500],
            "DevOps level in the LinkedIn headline: the membership year from 2026-06-01 went from 0 to 250 points, at most 250, so 250 - 0 = 250 points (DP, Being an advocate for the DataMiner brand).".to_owned(),
        ),
        (
            "VOID",
            json!("FEEDBACK_SUBMITTED"),
            [-100, -100, 400],
            "Feedback submitted, an activity voided: July 2026 went from 150 to 0 points, at most 100, so 0 - 100 = -100 points (DP, Submitting feedback).".to_owned(),
        ),
        (
            "REDEMPTION",
            Value::Null,
            [0, -100, 300],
            format!("Spent on swag order {number}, 1 × Item hoodie: Dojo Credits 400 - 100 = 300; points stay (DP, DevOps Points)."),
        ),
        (
            "REDEMPTION_RETURNED",
            Value::Null,
            [0, 100, 400],
            format!("Given back from cancelled swag order {number}, 1 × Item hoodie: Dojo Credits 300 + 100 = 400; points stay (DP, DevOps Points)."),
        ),
        (
            "ACTIVITY",
            json!("COURSE_COMPLETED"),
            [200, 200, 600],
            "Online course completed: 200 points, out of 25 to 250 (DP, Enrolling in and completing online training courses).".to_owned(),
        ),
    ];
    assert_eq!(ledger["totalCount"], expected.len());
    for (entry, (reason, kind, [points, dojo_credits, balance], sentence)) in
        ledger["nodes"].as_array().expect("a list").iter().zip(expected)
    {
        assert_eq!((&entry["reason"], &entry["kind"]), (&json!(reason), &kind));
        assert_eq!(
            (&entry["points"], &entry["dojoCredits"]),
            (&json!(points), &json!(dojo_credits)),
            "{entry}"
        );
        assert_eq!((&entry["dojoBalanceAfter"], &entry["explanation"]), (&json!(balance), &json!(sentence)));
        assert_eq!(entry["edition"]["effectiveFrom"], "2024-05-01");
        assert_eq!(entry["activity"].is_null(), kind.is_null(), "{entry}");
        assert_eq!(entry["swagOrder"].is_null(), !kind.is_null(), "{entry}");
    }
    verified(app.services()).await;
}

async fn pages_go_both_ways(backend: Backend) {
    let app = app(backend).await;
    let all = entries(&app).await["nodes"].as_array().expect("a list").clone();
    for (size, cursor, end) in [("first", "after", "endCursor"), ("last", "before", "startCursor")] {
        let (mut found, mut place): (Vec<Value>, Value) = (Vec::new(), Value::Null);
        loop {
            let data = app.ok(ENTRIES, json!({ "code": "ada", size: 3, cursor: place })).await;
            let page = data["professional"]["pointsLedger"].clone();
            assert_eq!(page["totalCount"], all.len());
            let nodes = page["nodes"].as_array().expect("a list").iter().cloned();
            let more = if size == "first" {
                found.extend(nodes);
                &page["pageInfo"]["hasNextPage"]
            } else {
                found.splice(..0, nodes);
                &page["pageInfo"]["hasPreviousPage"]
            };
            if more == false {
                break;
            }
            place = page["pageInfo"][end].clone();
        }
        assert_eq!(found, all, "{size}");
    }
    let days = json!({ "code": "ada", "from": "2026-07-02", "to": "2026-07-31" });
    let data = app.ok(ENTRIES, days).await;
    let page = &data["professional"]["pointsLedger"];
    let kinds: Vec<&Value> =
        page["nodes"].as_array().expect("a list").iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(
        (json!(kinds), &page["totalCount"]),
        (json!(["KATA_COMPLETED", "LINKEDIN_HEADLINE"]), &json!(2))
    );
    let refused = app.send(ENTRIES, json!({ "code": "ada", "after": "nonsense" })).await;
    assert_eq!(refused.codes(), ["BAD_USER_INPUT"]);
}

async fn each_role_sees_its_part(backend: Backend) {
    let app = app(backend).await;
    app.professional("bram", "2024-06-01").await;
    let all = entries(&app).await["nodes"].as_array().expect("a list").clone();
    let ids: Vec<&Value> = all.iter().map(|entry| &entry["id"]).collect();
    // role, subject, the entries that it sees, whether it sees balances
    let none: &[usize] = &[];
    let table = [
        ("ADMINISTRATOR", None, &[0, 1, 2, 3, 4, 5, 6][..], true),
        ("PROGRAM_STAFF", None, &[0, 1, 2, 3, 4, 5, 6], true),
        ("PROFESSIONAL", Some("ada"), &[0, 1, 2, 3, 4, 5, 6], true),
        // On days on which she worked for it, and nothing of the shop.
        ("PARTNER", Some("nordwind"), &[0, 1, 2, 3], false),
        ("PARTNER", Some("polder"), &[6], false),
        ("PROFESSIONAL", Some("bram"), none, false),
        ("INTEGRATOR", Some("community"), none, false),
    ];
    for (role, subject, seen, balances) in table {
        let key = app.key(role, subject).await;
        let mut expected: Vec<Value> = seen.iter().map(|place| all[*place].clone()).collect();
        if !balances {
            for entry in &mut expected {
                entry["dojoBalanceAfter"] = Value::Null;
            }
        }
        let answer = app.send_as(&key, ENTRIES, json!({ "code": "ada" })).await;
        assert!(answer.body["errors"].is_null(), "{role}: {}", answer.text);
        let professional = &answer.body["data"]["professional"];
        if seen.is_empty() {
            assert_eq!(professional, &Value::Null, "{role}");
        } else {
            let page = &professional["pointsLedger"];
            assert_eq!(page["nodes"], json!(expected), "{role} {subject:?}");
            assert_eq!(page["totalCount"], expected.len(), "{role} {subject:?}");
        }
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on PointsEntry { dojoBalanceAfter } } }";
        let answer = app.send_as(&key, query, json!({ "ids": ids })).await;
        let nodes = answer.body["data"]["nodes"].as_array().expect("a list");
        let found: Vec<&Value> =
            nodes.iter().filter(|node| !node.is_null()).map(|node| &node["id"]).collect();
        let expected: Vec<&Value> = expected.iter().map(|entry| &entry["id"]).collect();
        assert_eq!(found, expected, "{role} {subject:?}");
        assert!(nodes.iter().all(|node| balances || node["dojoBalanceAfter"].is_null()), "{}", answer.text);
    }
}
