//! What the audit log keeps of changes and ends of partners and professionals.

use serde_json::json;

use super::audit::{Case, because, case, row};
use crate::harness::TestApp;

const SPARE: (Option<&str>, Option<&str>) = (Some("spare"), None);
const BOB: (Option<&str>, Option<&str>) = (None, Some("bob"));

#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    app.partner("spare", "2025-01-01").await;
    app.professional("bob", "2025-01-01").await;
    app.affiliate("bob", "spare", "2025-01-01").await;
    let set = |until: &str| json!({ "override": { "track": "TECHNICAL", "level": "CREATOR", "from": "2026-01-01", "until": until, "reason": "agreed" } });
    let subject = json!({ "partner": "spare", "track": "TECHNICAL", "reason": "agreed" });
    let mut draft = subject.clone();
    for (field, value) in [("level", "CREATOR"), ("from", "2026-01-01"), ("until", "2026-12-31")] {
        draft[field] = json!(value);
    }
    let mut other = draft.clone();
    other["level"] = json!("MEMBER");
    let left = |on| json!({ "leftOn": on });
    app.partner("busy", "2025-01-01").await;
    app.partner("idle", "2025-01-01").await;
    app.professional("cora", "2025-01-01").await;
    app.professional("cole", "2025-01-01").await;
    vec![
        case(
            "mergePartners",
            json!({ "from": "idle", "into": "busy", "reason": "twice" }),
            json!({ "from": "busy", "into": "busy", "reason": "twice" }),
            vec![
                because(
                    row(
                        "mergePartners",
                        "Partner",
                        (Some("busy"), None),
                        serde_json::Value::Null,
                        json!({ "merged": "idle" }),
                    ),
                    "twice",
                ),
                because(
                    row(
                        "mergePartners",
                        "Partner",
                        (Some("idle"), None),
                        serde_json::Value::Null,
                        json!({ "mergedInto": "busy" }),
                    ),
                    "twice",
                ),
            ],
        ),
        case(
            "mergeProfessionals",
            json!({ "from": "cole", "into": "cora", "reason": "twice" }),
            json!({ "from": "cora", "into": "cora", "reason": "twice" }),
            vec![
                because(
                    row(
                        "mergeProfessionals",
                        "Professional",
                        (None, Some("cora")),
                        serde_json::Value::Null,
                        json!({ "merged": "cole" }),
                    ),
                    "twice",
                ),
                because(
                    row(
                        "mergeProfessionals",
                        "Professional",
                        (None, Some("cole")),
                        serde_json::Value::Null,
                        json!({ "mergedInto": "cora" }),
                    ),
                    "twice",
                ),
            ],
        ),
        case(
            "overrideLevel",
            draft,
            other,
            vec![because(
                row("overrideLevel", "Partner", SPARE, serde_json::Value::Null, set("2026-12-31")),
                "agreed",
            )],
        ),
        case(
            "endOverride",
            json!({ "partner": "spare", "track": "TECHNICAL", "on": "2026-06-30", "reason": "over" }),
            subject,
            vec![because(row("endOverride", "Partner", SPARE, set("2026-12-31"), set("2026-06-30")), "over")],
        ),
        case(
            "updatePartner",
            json!({ "code": "spare", "name": "Other" }),
            json!({ "code": "spare", "enrolledOn": "2025-01-02" }),
            vec![row(
                "updatePartner",
                "Partner",
                SPARE,
                json!({ "name": "Partner spare", "enrolledOn": "2025-01-01" }),
                json!({ "name": "Other", "enrolledOn": "2025-01-01" }),
            )],
        ),
        case(
            "updateProfessional",
            json!({ "code": "bob", "name": "Other", "signedUpOn": "2024-12-31" }),
            json!({ "code": "bob", "signedUpOn": "2025-01-02" }),
            vec![row(
                "updateProfessional",
                "Professional",
                BOB,
                json!({ "signedUpOn": "2025-01-01" }),
                json!({ "signedUpOn": "2024-12-31", "fields": ["name", "signedUpOn"] }),
            )],
        ),
        case(
            "endPartnership",
            json!({ "partner": "spare", "on": "2026-08-01", "reason": "left" }),
            json!({ "partner": "spare", "on": "2024-12-31", "reason": "left" }),
            vec![
                because(
                    row("endPartnership", "Partner", SPARE, left(None), left(Some("2026-08-01"))),
                    "left",
                ),
                because(
                    row(
                        "endPartnership",
                        "Affiliation",
                        (Some("spare"), Some("bob")),
                        json!({ "endsOn": null }),
                        json!({ "endsOn": "2026-08-01" }),
                    ),
                    "left",
                ),
            ],
        ),
        case(
            "endMembership",
            json!({ "professional": "bob", "on": "2026-08-02", "reason": "left" }),
            json!({ "professional": "bob", "on": "2024-12-30", "reason": "left" }),
            vec![because(
                row("endMembership", "Professional", BOB, left(None), left(Some("2026-08-02"))),
                "left",
            )],
        ),
    ]
}
