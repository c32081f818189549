//! What the audit log keeps of endpoints of webhooks.

use serde_json::{Value, json};

use super::audit::{Case, case, row};
use crate::harness::TestApp;

const URL: &str = "https://nobody.invalid/";
const NORDWIND: (Option<&str>, Option<&str>) = (Some("nordwind"), None);

/// An endpoint for closed deals of a partner.
fn draft(partner: Option<&str>) -> Value {
    json!({ "url": URL, "description": "made", "partner": partner, "types": ["DEAL_CLOSED"] })
}

/// An endpoint as the log has it.
fn state(description: &str, types: Value, reason: Option<&str>) -> Value {
    let status = if reason.is_some() { "DISABLED" } else { "ENABLED" };
    let mut state = json!({ "url": URL, "description": description, "status": status, "reason": reason });
    state["types"] = types;
    state
}

fn made(reason: Option<&str>) -> Value {
    state("made", json!(["DEAL_CLOSED"]), reason)
}

/// A mutation of nordwind's endpoint that is refused without an endpoint.
fn of(mutation: &'static str, done: Value, before: Value, after: Value) -> Case {
    let rows = vec![row(mutation, "WebhookEndpoint", NORDWIND, before, after)];
    let mut refused = done.clone();
    refused["id"] = json!("nonsense");
    case(mutation, done, refused, rows)
}

pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let create =
        async |partner| app.done("createWebhookEndpoint", draft(partner)).await["webhookEndpoint"].clone();
    let endpoint = create(Some("nordwind")).await;
    let id = &endpoint["id"];
    let off = create(None).await["id"].clone();
    app.done("disableWebhookEndpoint", json!({ "id": off, "reason": "later" })).await;
    let sent = app.done("sendTestWebhook", json!({ "id": id })).await["webhookDelivery"]["id"].clone();
    let changed = |reason| state("other", Value::Null, reason);
    let position = |number: Value| json!({ "position": number });
    let just = json!({ "id": id });
    let enabled =
        vec![row("enableWebhookEndpoint", "WebhookEndpoint", (None, None), made(Some("later")), made(None))];
    let delivery = |operation, before: Value, after: Value| {
        vec![row(operation, "WebhookDelivery", NORDWIND, before, after)]
    };
    let pending = || json!({ "state": "PENDING" });
    vec![
        case(
            "createWebhookEndpoint",
            draft(Some("nordwind")),
            json!({ "url": "http://127.0.0.1/", "description": "made" }),
            vec![row("createWebhookEndpoint", "WebhookEndpoint", NORDWIND, Value::Null, made(None))],
        ),
        of(
            "updateWebhookEndpoint",
            json!({ "id": id, "description": "other", "types": null }),
            made(None),
            changed(None),
        ),
        of("rotateWebhookSecret", just.clone(), Value::Null, json!({})),
        case(
            "sendTestWebhook",
            just.clone(),
            json!({ "id": "nonsense" }),
            delivery("sendTestWebhook", Value::Null, json!({ "type": "webhook.test" })),
        ),
        case(
            "resendWebhookDelivery",
            json!({ "deliveryId": sent }),
            json!({ "deliveryId": id }),
            delivery("resendWebhookDelivery", pending(), pending()),
        ),
        of(
            "replayWebhookEvents",
            json!({ "id": id, "after": 0 }),
            position(endpoint["position"].clone()),
            position(json!(0)),
        ),
        of(
            "disableWebhookEndpoint",
            json!({ "id": id, "reason": "why not" }),
            changed(None),
            changed(Some("why not")),
        ),
        case("enableWebhookEndpoint", json!({ "id": off }), json!({ "id": "nonsense" }), enabled),
        of("deleteWebhookEndpoint", just, changed(Some("why not")), Value::Null),
    ]
}
