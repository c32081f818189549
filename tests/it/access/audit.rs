//! The audit log: every change, in the same transaction, and none that was refused.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql_parser::types::{TypeKind, TypeSystemDefinition};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::world::TODAY;
use super::{
    audit_certificates, audit_corrections, audit_customers, audit_editions, audit_orders,
    audit_recalculations, audit_sandboxes, audit_subjects, audit_webhooks,
};
use crate::harness::{Activity, Answer, Backend, TestApp, TestDatabase, everything, user_errors};

both! {
    every_mutation_leaves_a_row,
    changes_and_their_rows_share_a_transaction,
    the_log_is_found_by_subject_actor_and_time,
}

const ENTRIES: &str = "query($filter: AuditFilter, $after: String) { auditLog(filter: $filter, first: 100, after: $after) { \
    totalCount pageInfo { hasNextPage endCursor } nodes { at actor role operation objectType objectId \
    partner { code } professional { code } requestId before after reason } } }";

async fn entries(app: &TestApp, filter: Value) -> Vec<Value> {
    let (mut nodes, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = app.ok(ENTRIES, json!({ "filter": filter, "after": after })).await;
        let page = &data["auditLog"];
        nodes.extend(page["nodes"].as_array().expect("a list").iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], nodes.len());
            return nodes;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// The mutations of the schema with the types of their inputs.
fn mutations() -> BTreeMap<String, String> {
    let sdl = partner_program::graphql::schema::definitions();
    let document = async_graphql_parser::parse_schema(sdl).expect("the SDL is GraphQL");
    let of_mutation = document.definitions.into_iter().find_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) if definition.node.name.node == "Mutation" => {
            Some(definition.node)
        }
        _ => None,
    });
    let TypeKind::Object(object) = of_mutation.expect("mutations").kind else { panic!("no object") };
    let fields = object.fields.iter().map(|field| {
        let input = field.node.arguments.first().expect("an input");
        (field.node.name.node.to_string(), input.node.ty.node.to_string())
    });
    fields.collect()
}

/// Runs a mutation, and gives its answer.
async fn mutate(app: &TestApp, mutation: &str, input: &Value) -> Answer {
    let input_type = &mutations()[mutation];
    let each = if ["recordActivities", "voidActivities"].contains(&mutation) {
        "results { userErrors { code } }"
    } else {
        ""
    };
    let query = format!(
        "mutation($input: {input_type}) {{ {mutation}(input: $input) {{ {each} userErrors {{ code message }} }} }}"
    );
    app.send(&query, json!({ "input": input })).await
}

/// A mutation that is done, one like it that is refused, and for each object that changes its type, the
/// subjects, and what it was and is.
pub(super) struct Case {
    mutation: &'static str,
    done: Value,
    refused: Value,
    rows: Vec<Value>,
}

/// The rows of a case without what differs from run to run.
pub(super) fn row(
    operation: &str,
    object: &str,
    subjects: (Option<&str>, Option<&str>),
    before: Value,
    after: Value,
) -> Value {
    let subject = |code: Option<&str>| code.map_or(Value::Null, |code| json!({ "code": code }));
    let mut row = json!({ "operation": operation, "objectType": object, "partner": subject(subjects.0),
        "professional": subject(subjects.1) });
    row["before"] = before;
    row["after"] = after;
    row["reason"] = Value::Null;
    row
}

/// The same with the reason that was given.
pub(super) fn because(mut row: Value, reason: &str) -> Value {
    row["reason"] = reason.into();
    row
}

pub(super) const ADA: (Option<&str>, Option<&str>) = (None, Some("ada"));
pub(super) const NORDWIND: (Option<&str>, Option<&str>) = (Some("nordwind"), None);

pub(super) fn case(mutation: &'static str, done: Value, refused: Value, rows: Vec<Value>) -> Case {
    Case { mutation, done, refused, rows }
}

async fn cases(app: &TestApp) -> Vec<Case> {
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.professional("erin", "2024-06-01").await;
    let mut cases = subject_cases();
    cases.extend(activity_cases(app).await);
    cases.extend(audit_orders::shop_cases());
    cases.extend(audit_orders::order_cases());
    cases.extend(deal_cases());
    cases.extend(audit_customers::cases(app).await);
    cases.extend(audit_editions::cases(app).await);
    cases.extend(audit_certificates::cases(app).await);
    cases.extend(access_cases(app).await);
    cases.extend(audit_corrections::cases(app).await);
    cases.extend(audit_subjects::cases(app).await);
    cases.extend(audit_webhooks::cases(app).await);
    cases.extend(audit_sandboxes::cases(app).await);
    let mut first = audit_recalculations::cases(app).await;
    first.extend(cases);
    first
}

fn subject_cases() -> Vec<Case> {
    vec![
        case(
            "createPartner",
            json!({ "code": "polder", "name": "Polder", "enrolledOn": "2026-01-01" }),
            json!({ "code": "polder", "name": "Another", "enrolledOn": "2026-01-01" }),
            vec![row(
                "createPartner",
                "Partner",
                (Some("polder"), None),
                Value::Null,
                json!({ "code": "polder", "name": "Polder", "enrolledOn": "2026-01-01" }),
            )],
        ),
        case(
            "signUpProfessional",
            json!({ "code": "bram", "name": "Bram P.", "email": "b@example.com", "signedUpOn": "2026-01-01" }),
            json!({ "code": "bram", "name": "Bram Q.", "email": "b@example.com", "signedUpOn": "2026-01-01" }),
            vec![row(
                "signUpProfessional",
                "Professional",
                (None, Some("bram")),
                Value::Null,
                json!({ "code": "bram", "signedUpOn": "2026-01-01" }),
            )],
        ),
        case(
            "affiliateProfessional",
            json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2026-01-01" }),
            json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2026-02-01" }),
            vec![row(
                "affiliateProfessional",
                "Affiliation",
                (Some("nordwind"), Some("ada")),
                Value::Null,
                json!({ "startsOn": "2026-01-01", "endsOn": null }),
            )],
        ),
    ]
}

async fn activity_cases(app: &TestApp) -> Vec<Case> {
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-01-01").points(500);
    let claim = app.done("submitActivity", claim.input()).await["activity"]["id"].clone();
    let recorded = app.record(Activity::of_professional("ada", "DOCS_CORRECTION", "2026-01-01")).await;
    let met = app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-01-01")).await;
    let of_ada = |kind: &str| Activity::of_professional("ada", kind, "2026-02-01").input();
    let of_nobody = || Activity::of_professional("nobody", "DOCS_CORRECTION", "2026-02-01").input();
    let recorded_row =
        || row("recordActivity", "Activity", ADA, Value::Null, json!({ "status": "RECORDED" }));
    vec![
        case("recordActivity", of_ada("DOCS_CORRECTION"), of_nobody(), vec![recorded_row()]),
        case(
            "recordActivities",
            json!({ "activities": [of_ada("DOCS_CORRECTION"), of_nobody(), of_ada("LINKEDIN_MENTION_POST")] }),
            json!({ "activities": [of_nobody()] }),
            vec![recorded_row(), recorded_row()],
        ),
        case(
            "submitActivity",
            of_ada("LINKEDIN_HEADLINE"),
            of_nobody(),
            vec![row("submitActivity", "Activity", ADA, Value::Null, json!({ "status": "PENDING_REVIEW" }))],
        ),
        case(
            "reviewActivity",
            json!({ "activityId": claim, "decision": "APPROVE", "points": 600 }),
            json!({ "activityId": claim, "decision": "REJECT" }),
            vec![row(
                "reviewActivity",
                "Activity",
                ADA,
                json!({ "status": "PENDING_REVIEW", "points": 500 }),
                json!({ "status": "RECORDED", "points": 600 }),
            )],
        ),
        case(
            "voidActivity",
            json!({ "activityId": recorded["id"] }),
            json!({ "activityId": "nonsense" }),
            vec![row(
                "voidActivity",
                "Activity",
                ADA,
                json!({ "status": "RECORDED", "points": null }),
                json!({ "status": "VOIDED", "points": null }),
            )],
        ),
        case(
            "voidActivities",
            json!({ "ids": [met["id"]], "reason": "twice" }),
            json!({ "ids": [met["id"]], "reason": "twice" }),
            vec![because(
                row(
                    "voidActivity",
                    "Activity",
                    NORDWIND,
                    json!({ "status": "RECORDED", "points": null }),
                    json!({ "status": "VOIDED", "points": null }),
                ),
                "twice",
            )],
        ),
        case(
            "endAffiliation",
            json!({ "professional": "ada", "endsOn": TODAY }),
            json!({ "professional": "ada", "endsOn": TODAY }),
            vec![row(
                "endAffiliation",
                "Affiliation",
                (Some("nordwind"), Some("ada")),
                json!({ "endsOn": null }),
                json!({ "endsOn": TODAY }),
            )],
        ),
    ]
}

fn deal_cases() -> Vec<Case> {
    let deal = json!({ "partner": "nordwind", "reference": "d-1", "customer": "Acme", "scope": "All",
        "registeredOn": "2026-08-01" });
    let state = |status: &str, since: &str, active: &str, outcome: Option<&str>| json!({ "reference": "d-1", "status": status, "statusOn": since, "outcome": outcome, "activityOn": active });
    let lead = || state("LEAD", "2026-08-01", "2026-08-01", None);
    let reported = || state("LEAD", "2026-08-01", "2026-08-02", None);
    // A change of status is no report (R4).
    let engaged = || state("ENGAGED", "2026-08-03", "2026-08-02", None);
    let report = |on: &str| json!({ "reference": "d-1", "kind": "MEETING", "on": on });
    let update = |on: &str| json!({ "reference": "d-1", "status": "ENGAGED", "on": on });
    let close = |on: &str| json!({ "reference": "d-1", "outcome": "LOST", "closedOn": on });
    let step = |operation: &str, before: Value, after: Value| row(operation, "Deal", NORDWIND, before, after);
    vec![
        case("registerDeal", deal.clone(), deal, vec![step("registerDeal", Value::Null, lead())]),
        case(
            "reportDealActivity",
            report("2026-08-02"),
            report("2027-01-01"),
            vec![step("reportDealActivity", lead(), reported())],
        ),
        case(
            "updateDeal",
            update("2026-08-03"),
            update("2027-01-01"),
            vec![step("updateDeal", reported(), engaged())],
        ),
        case(
            "closeDeal",
            close("2026-08-04"),
            close("2026-08-05"),
            vec![step(
                "closeDeal",
                engaged(),
                state("CLOSED_LOST", "2026-08-04", "2026-08-02", Some("LOST")),
            )],
        ),
    ]
}

async fn access_cases(app: &TestApp) -> Vec<Case> {
    let key = json!({ "role": "PROFESSIONAL", "subject": "ada", "label": "to revoke" });
    let key = app.done("createApiKey", key).await["apiKey"]["id"].clone();
    vec![
        case(
            "createApiKey",
            json!({ "role": "INTEGRATOR", "subject": "community", "label": "the forum", "sources": ["forum"] }),
            json!({ "role": "INTEGRATOR", "label": "no subject" }),
            vec![row(
                "createApiKey",
                "ApiKey",
                (None, None),
                Value::Null,
                json!({ "role": "INTEGRATOR",
                "integration": "community", "sources": ["forum"], "readOnly": false, "expiresAt": null }),
            )],
        ),
        case(
            "revokeApiKey",
            json!({ "id": key }),
            json!({ "id": "nonsense" }),
            vec![row("revokeApiKey", "ApiKey", ADA, json!({ "revokedAt": null }), json!({}))],
        ),
        case(
            "eraseProfessional",
            json!({ "professional": "erin", "reason": "asked for in writing" }),
            json!({ "professional": "erin" }),
            vec![because(
                row(
                    "eraseProfessional",
                    "Professional",
                    (None, Some("erin")),
                    json!({ "erased": false }),
                    json!({ "erased": true, "reason": "asked for in writing" }),
                ),
                "asked for in writing",
            )],
        ),
    ]
}

/// Puts the number of the order that was placed last in its place.
async fn with_number(app: &TestApp, mut input: Value) -> Value {
    if input["number"] == "LAST" {
        let all = entries(app, Value::Null).await;
        let number = all.iter().rev().find_map(|entry| entry["after"]["number"].as_str());
        input["number"] = json!(number.expect("an order"));
    }
    input
}

/// An application that sends no webhooks by itself.
async fn silent(backend: Backend) -> TestApp {
    let database = TestDatabase::create(backend).await;
    TestApp::certifying_with(database, TODAY, &[("WEBHOOKS_SEND", "false")]).await
}

async fn every_mutation_leaves_a_row(backend: Backend) {
    // Nothing is sent meanwhile, which would change rows as well.
    let app = silent(backend).await;
    let cases = cases(&app).await;
    let tried: BTreeSet<String> = cases.iter().map(|case| case.mutation.to_owned()).collect();
    assert_eq!(tried, mutations().into_keys().collect(), "every mutation of the schema is tried");
    for Case { mutation, done, refused, rows } in cases {
        let before = entries(&app, Value::Null).await.len();
        let (done, refused) = (with_number(&app, done).await, with_number(&app, refused).await);
        let answer = mutate(&app, mutation, &done).await;
        let payload = &answer.body["data"][mutation];
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {}", answer.text);
        let mut found = entries(&app, Value::Null).await.split_off(before);
        for entry in &mut found {
            assert_eq!((&entry["actor"], &entry["role"]), (&json!("bootstrap"), &json!("ADMINISTRATOR")));
            assert!(
                entry["requestId"].is_string() && entry["at"].is_string() && entry["objectId"].is_string()
            );
            for field in ["actor", "role", "requestId", "at", "objectId"] {
                entry.as_object_mut().expect("an object").remove(field);
            }
            // Random or the moment itself.
            for field in ["prefix", "revokedAt", "number", "previousSecretExpiresAt"] {
                if let Some(after) = entry["after"].as_object_mut() {
                    after.remove(field);
                }
            }
        }
        assert_eq!(found, rows, "{mutation}");
        // A refused one leaves none, and neither does one that has nothing to do.
        let before = everything(app.reader()).await;
        let answer = mutate(&app, mutation, &refused).await;
        assert!(!user_errors(&answer.body).is_empty(), "{mutation}: {}", answer.text);
        assert_eq!(everything(app.reader()).await, before, "{mutation}");
    }
}

async fn changes_and_their_rows_share_a_transaction(backend: Backend) {
    // Nothing is sent meanwhile, which would change rows as well.
    let app = silent(backend).await;
    let cases = cases(&app).await;
    let connection = app.database().connect().await;
    // A log that can't be written to: then nothing changes at all.
    let refuse = match backend {
        Backend::Sqlite => {
            "CREATE TRIGGER closed BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'closed'); END"
        }
        Backend::Postgres => {
            "CREATE TRIGGER closed BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        }
    };
    let before = everything(&connection).await;
    connection.execute_unprepared(refuse).await.expect("a trigger");
    for Case { mutation, done, .. } in cases {
        // What needs an earlier one of the table is refused without it, and changes nothing either.
        let answer = mutate(&app, mutation, &done).await;
        let failed = answer.codes() == ["INTERNAL_SERVER_ERROR"];
        let refused = !user_errors(&answer.body).is_empty();
        assert!(failed || refused, "{mutation}: {}", answer.text);
        let first = [
            "endAffiliation",
            "endOverride",
            "placeOrder",
            "fulfillOrder",
            "cancelOrder",
            "placeSwagOrder",
            "cancelSwagOrder",
            "reportDealActivity",
            "updateDeal",
            "closeDeal",
            "separateCustomers",
            "revertRecalculation",
        ];
        assert!(failed || first.contains(&mutation), "{mutation}: {}", answer.text);
        assert_eq!(everything(&connection).await, before, "{mutation}");
    }
}

async fn the_log_is_found_by_subject_actor_and_time(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    let staff = app.key("PROGRAM_STAFF", None).await;
    let create = "mutation { createPartner(input: { code: \"polder\", name: \"P\", enrolledOn: \"2026-01-01\" }) { partner { id } } }";
    assert_eq!(app.send_as(&staff, create, json!({})).await.codes(), Vec::<&str>::new());
    let all = entries(&app, Value::Null).await;
    let actor = all.last().expect("an entry")["actor"].clone();
    assert!(actor.as_str().is_some_and(|actor| actor.starts_with("key:")), "{actor}");
    let operations = async |filter: Value| -> Vec<String> {
        let found = entries(&app, filter).await;
        found.iter().map(|entry| entry["operation"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(
        operations(json!({ "partner": "nordwind" })).await,
        ["createPartner", "affiliateProfessional"]
    );
    assert_eq!(
        operations(json!({ "professional": "ada" })).await,
        ["signUpProfessional", "affiliateProfessional"]
    );
    assert_eq!(operations(json!({ "actor": actor })).await, ["createPartner"]);
    assert_eq!(operations(json!({ "actor": actor, "partner": "nordwind" })).await, Vec::<String>::new());
    assert_eq!(operations(json!({ "operation": "createApiKey" })).await, ["createApiKey"]);
    assert_eq!(operations(json!({ "partner": "nobody" })).await, Vec::<String>::new());
    assert_eq!(operations(json!({ "actor": "\u{0}" })).await, Vec::<String>::new());
    let last = all.last().expect("an entry")["at"].clone();
    assert_eq!(operations(json!({ "from": last })).await, ["createPartner"]);
    assert_eq!(operations(json!({ "to": all[0]["at"] })).await, ["createPartner"]);
    // Pages go on where they ended, both ways.
    let page = "query($after: String) { auditLog(first: 2, after: $after) { nodes { operation } pageInfo { endCursor hasNextPage } } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = app.ok(page, json!({ "after": after })).await["auditLog"].clone();
        seen.extend(data["nodes"].as_array().expect("a list").clone());
        if data["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = data["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen.len(), all.len());
    let last = app
        .ok("{ auditLog(last: 1) { nodes { id operation } pageInfo { hasPreviousPage } } }", json!({}))
        .await;
    assert_eq!(last["auditLog"]["nodes"][0]["operation"], "createPartner");
    assert_eq!(last["auditLog"]["pageInfo"]["hasPreviousPage"], true);
    let node = app.ok(
        "query($id: ID!) { node(id: $id) { ... on AuditEntry { operation } } }",
        json!({ "id": last["auditLog"]["nodes"][0]["id"] }),
    );
    assert_eq!(node.await["node"]["operation"], "createPartner");
}
