//! Rows of the audit log about recalculations.

use serde_json::{Value, json};

use super::audit::{Case, because, case, row};
use crate::harness::TestApp;
use crate::recalculations::PLAN;

const NONE: (Option<&str>, Option<&str>) = (None, None);

/// A plan, and one that is applied and reverted. They come first: what is recorded overtakes a plan.
pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let document = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
    // What the worked examples expect is another matter.
    let text = document.as_str().expect("a document").split("[[example]]").next().expect("a start");
    let text = text.replacen("threshold = 75\n", "threshold = 80\n", 1);
    let input = json!({ "document": text, "effectiveFrom": "2025-01-01", "reason": "agreed" });
    let planned = app.ok(PLAN, json!({ "input": input })).await["planRecalculation"].clone();
    let id = planned["recalculation"]["id"].clone();
    assert!(id.is_string(), "{planned}");
    let state = |status: &str| json!({ "status": status });
    let change = |operation: &str, before: &str, after: &str, reason: &str| {
        because(row(operation, "Recalculation", NONE, state(before), state(after)), reason)
    };
    let plan = json!({ "status": "PLANNED", "effectiveFrom": "2025-01-01" });
    vec![
        case(
            "planRecalculation",
            input,
            json!({ "document": "", "effectiveFrom": "2025-01-01", "reason": "agreed" }),
            vec![because(row("planRecalculation", "Recalculation", NONE, Value::Null, plan), "agreed")],
        ),
        case(
            "applyRecalculation",
            json!({ "recalculation": id }),
            json!({ "recalculation": "x" }),
            vec![change("applyRecalculation", "PLANNED", "APPLYING", "agreed")],
        ),
        case(
            "revertRecalculation",
            json!({ "recalculation": id, "reason": "a mistake" }),
            json!({ "recalculation": "x", "reason": "a mistake" }),
            vec![change("revertRecalculation", "APPLIED", "REVERTING", "a mistake")],
        ),
    ]
}
