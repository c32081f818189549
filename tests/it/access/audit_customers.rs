//! Rows of the audit log about customers.

use serde_json::{Value, json};

use super::audit::{Case, case, row};
use crate::harness::TestApp;

/// Two customers that are joined, and separated again.
pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    for (reference, name) in [("c-1", "Alpha"), ("c-2", "Beta")] {
        app.deal("nordwind", reference, name, "2026-08-01").await;
    }
    let data = app.ok("{ customers { nodes { id name } } }", json!({})).await;
    let nodes = data["customers"]["nodes"].as_array().expect("customers").clone();
    let id = |name: &str| {
        let found: Option<&Value> = nodes.iter().find(|node| node["name"] == name);
        found.expect("a customer")["id"].clone()
    };
    let join = json!({ "from": id("Alpha"), "into": id("Beta"), "reason": "one company" });
    let separate = json!({ "customer": id("Beta"), "names": ["Alpha"], "reason": "two companies" });
    let changed = |operation: &str, before: &str, after: &str, reason: &str| {
        let after = json!({ "customer": after, "names": ["Alpha"] });
        let mut row = row(operation, "Customer", (None, None), json!({ "customer": before }), after);
        row["reason"] = json!(reason);
        vec![row]
    };
    vec![
        case("joinCustomers", join.clone(), join, changed("joinCustomers", "Alpha", "Beta", "one company")),
        case(
            "separateCustomers",
            separate.clone(),
            separate,
            changed("separateCustomers", "Beta", "Alpha", "two companies"),
        ),
    ]
}
