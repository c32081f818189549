//! Rows of the audit log about editions, their drafts and trials.

use entity::edition_trial;
use entity::value::TrialStatus;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::audit::{Case, because, case, row};
use super::isolation::global;
use crate::harness::TestApp;

const NONE: (Option<&str>, Option<&str>) = (None, None);

/// Drafts of another administrator, and a trial that goes on.
pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let document = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
    let text = document.as_str().expect("a document").replacen("threshold = 75\n", "threshold = 80\n", 1);
    let digits =
        |byte: &u8| [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16).expect("a digit"));
    let digest: String = Sha256::digest(text.as_bytes()).iter().flat_map(digits).collect();
    let input = json!({ "name": "Next year", "document": text, "effectiveFrom": "2027-01-01" });
    let other = app.key("ADMINISTRATOR", None).await;
    let save =
        "mutation($input: SaveEditionDraftInput!) { saveEditionDraft(input: $input) { draft { id } } }";
    let mut drafts = Vec::new();
    for _ in 0..3 {
        let answer = app.send_as(&other, save, json!({ "input": input })).await;
        drafts.push(answer.body["data"]["saveEditionDraft"]["draft"]["id"].clone());
    }
    let trial = running_trial(app).await;
    let state = |status: &str| json!({ "name": "Next year", "revision": 1, "status": status, "effectiveFrom": "2027-01-01", "documentSha256": digest });
    let draft = |operation: &str, before: Value, after: &str| {
        row(operation, "EditionDraft", NONE, before, state(after))
    };
    let published = json!({ "effectiveFrom": "2027-01-01", "name": "Partner Program and DevOps Points, May 2024",
        "changes": ["Creator: 75 → 80 credits."] });
    vec![
        case(
            "saveEditionDraft",
            input,
            json!({ "name": "", "document": "" }),
            vec![draft("saveEditionDraft", Value::Null, "OPEN")],
        ),
        case(
            "approveEditionDraft",
            json!({ "draft": drafts[0], "revision": 1 }),
            json!({ "draft": drafts[0], "revision": 2 }),
            vec![draft("approveEditionDraft", state("OPEN"), "APPROVED")],
        ),
        case(
            "withdrawEditionDraft",
            json!({ "draft": drafts[1], "reason": "too early" }),
            json!({ "draft": "x" }),
            vec![because(draft("withdrawEditionDraft", state("OPEN"), "WITHDRAWN"), "too early")],
        ),
        case(
            "cancelTrial",
            json!({ "trial": trial }),
            json!({ "trial": "x" }),
            vec![row(
                "cancelTrial",
                "EditionTrial",
                NONE,
                json!({ "status": "RUNNING" }),
                json!({ "status": "CANCELLED" }),
            )],
        ),
        case(
            "publishEdition",
            json!({ "draft": drafts[2] }),
            json!({ "draft": drafts[2] }),
            vec![
                row("publishEdition", "Edition", NONE, Value::Null, published),
                draft("publishEdition", state("OPEN"), "PUBLISHED"),
            ],
        ),
    ]
}

async fn running_trial(app: &TestApp) -> String {
    let now = app.services().clock().now();
    let day = app.services().clock().today();
    let row = edition_trial::Model {
        id: Uuid::now_v7(),
        draft_id: None,
        draft_revision: None,
        document: String::new(),
        effective_from: day,
        on_day: day,
        status: TrialStatus::Running,
        steps_done: 0,
        steps: 1,
        created_at: now,
        created_by: "somebody".to_owned(),
        // It shows signs of life for as long as the other cases take.
        updated_at: now + chrono::TimeDelta::hours(1),
        gainers: 0,
        losers: 0,
        mixed: 0,
        credits_given: 0,
        credits_taken: 0,
        points_given: 0,
        points_taken: 0,
        dojo_credits_given: 0,
        dojo_credits_taken: 0,
        discount_cost: "{}".to_owned(),
    };
    let id = global("EditionTrial", row.id);
    let connection = app.database().connect().await;
    let insert = edition_trial::Entity::insert(row.into_active_model());
    insert.exec_without_returning(&connection).await.expect("a trial");
    connection.close().await.expect("a connection closes");
    id
}
