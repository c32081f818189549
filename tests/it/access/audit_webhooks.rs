//! What the audit log keeps of endpoints of webhooks.

use serde_json::{Value, json};

use super::audit::{Case, case, row};
use crate::harness::TestApp;

pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    const URL: &str = "https://nobody.invalid/";
    let create = async |partner: Value| {
        let input =
            json!({ "url": URL, "description": "made", "partner": partner, "types": ["DEAL_CLOSED"] });
        app.done("createWebhookEndpoint", input).await["webhookEndpoint"].clone()
    };
    let made = create(json!("nordwind")).await;
    let off = create(Value::Null).await["id"].clone();
    app.done("disableWebhookEndpoint", json!({ "id": off, "reason": "later" })).await;
    let id = made["id"].clone();
    let sent = app.done("sendTestWebhook", json!({ "id": id })).await["webhookDelivery"]["id"].clone();
    let nothing = json!({ "id": "nonsense" });
    let state = |description: &str, types: Value, status: &str, reason: Value| json!({ "url": URL, "description": description, "types": types, "status": status, "reason": reason });
    let kinds = json!(["DEAL_CLOSED"]);
    let of = |operation: &str, before: Value, after: Value| {
        vec![row(operation, "WebhookEndpoint", (Some("nordwind"), None), before, after)]
    };
    let on = || state("made", json!(["DEAL_CLOSED"]), "ENABLED", Value::Null);
    let changed = || state("other", Value::Null, "ENABLED", Value::Null);
    let disabled = || state("other", Value::Null, "DISABLED", json!("why not"));
    let delivery = |operation: &str, before: Value, after: Value| {
        vec![row(operation, "WebhookDelivery", (Some("nordwind"), None), before, after)]
    };
    let everybody = |before: Value, after: Value| {
        vec![row("enableWebhookEndpoint", "WebhookEndpoint", (None, None), before, after)]
    };
    vec![
        case(
            "createWebhookEndpoint",
            json!({ "url": URL, "description": "made", "partner": "nordwind", "types": kinds }),
            json!({ "url": "http://127.0.0.1/", "description": "made" }),
            of("createWebhookEndpoint", Value::Null, on()),
        ),
        case(
            "updateWebhookEndpoint",
            json!({ "id": id, "description": "other", "types": null }),
            json!({ "id": id, "types": [] }),
            of("updateWebhookEndpoint", on(), changed()),
        ),
        case(
            "rotateWebhookSecret",
            json!({ "id": id }),
            nothing.clone(),
            of("rotateWebhookSecret", Value::Null, json!({})),
        ),
        case(
            "sendTestWebhook",
            json!({ "id": id }),
            nothing.clone(),
            delivery("sendTestWebhook", Value::Null, json!({ "type": "webhook.test" })),
        ),
        case(
            "resendWebhookDelivery",
            json!({ "deliveryId": sent }),
            json!({ "deliveryId": id }),
            delivery("resendWebhookDelivery", json!({ "state": "PENDING" }), json!({ "state": "PENDING" })),
        ),
        case(
            "replayWebhookEvents",
            json!({ "id": id, "after": 0 }),
            json!({ "id": id, "after": 9_999_999 }),
            of("replayWebhookEvents", json!({ "position": made["position"] }), json!({ "position": 0 })),
        ),
        case(
            "disableWebhookEndpoint",
            json!({ "id": id, "reason": "why not" }),
            nothing.clone(),
            of("disableWebhookEndpoint", changed(), disabled()),
        ),
        case(
            "enableWebhookEndpoint",
            json!({ "id": off }),
            nothing.clone(),
            everybody(
                state("made", kinds.clone(), "DISABLED", json!("later")),
                state("made", kinds.clone(), "ENABLED", Value::Null),
            ),
        ),
        case(
            "deleteWebhookEndpoint",
            json!({ "id": id }),
            nothing,
            of("deleteWebhookEndpoint", disabled(), Value::Null),
        ),
    ]
}
