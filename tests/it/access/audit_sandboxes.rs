//! Rows of the audit log about sandboxes.

use serde_json::{Value, json};

use super::audit::{Case, case, row};
use super::world::TODAY;
use crate::harness::TestApp;

const NONE: (Option<&str>, Option<&str>) = (None, None);

/// Two sandboxes, one whose clock is moved and one that is deleted.
pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let moved = app.sandbox(json!({})).await.id.clone();
    let deleted = app.sandbox(json!({})).await.id.clone();
    let after = json!({ "asOf": TODAY, "expiresIn": 5, "demo": false, "webhooks": false });
    let before = json!({ "today": TODAY, "demo": false, "webhooks": false });
    let row = |operation: &str, before: Value, after: Value| row(operation, "Sandbox", NONE, before, after);
    vec![
        case(
            "createSandbox",
            json!({ "expiresIn": 5 }),
            json!({ "expiresIn": 0 }),
            vec![row("createSandbox", Value::Null, after)],
        ),
        case(
            "advanceSandbox",
            json!({ "id": moved, "to": "2027-01-01" }),
            json!({ "id": moved, "to": "2026-01-01" }),
            vec![row("advanceSandbox", json!({ "today": TODAY }), json!({ "today": "2027-01-01" }))],
        ),
        case(
            "deleteSandbox",
            json!({ "id": deleted }),
            json!({ "id": deleted }),
            vec![row("deleteSandbox", before, Value::Null)],
        ),
    ]
}
