//! Rows of the audit log about certificates.

use serde_json::{Value, json};

use super::audit::{Case, case, row};
use crate::harness::TestApp;

/// A certificate of a level that was set.
pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    app.partner("certified", "2024-06-01").await;
    let (from, until) = ("2026-08-01", "2026-12-31");
    let input = json!({ "partner": "certified", "track": "BUSINESS", "level": "CREATOR", "from": from,
        "until": until, "reason": "x" });
    app.done("overrideLevel", input).await;
    let after = json!({ "levelOf": "OVERALL", "level": "CREATOR", "validFrom": from, "validUntil": until });
    let issued = row("issueCertificate", "Certificate", (Some("certified"), None), Value::Null, after);
    let (done, refused) = (json!({ "partner": "certified" }), json!({ "partner": "nobody" }));
    vec![case("issueCertificate", done, refused, vec![issued])]
}
