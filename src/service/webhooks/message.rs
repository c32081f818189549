//! Messages to receivers: body, id and signing secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use entity::value::EventKind;
use entity::{event, webhook_delivery};
use sea_orm::ActiveEnum;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::error::Error;
use crate::service::Services;

/// Bytes of a secret; the specification asks for 24 to 64.
const SECRET: usize = 32;
/// The type of a test message.
const TEST: &str = "webhook.test";

/// A new secret.
pub(super) fn secret() -> Result<String, Error> {
    let mut bytes = [0; SECRET];
    getrandom::fill(&mut bytes).map_err(|error| Error::Damaged(format!("no random bytes: {error}")))?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

/// The type as receivers read it: `level.lapsed` or `swag_order.placed`.
pub(crate) fn event_type(kind: Option<EventKind>) -> String {
    let Some(kind) = kind else { return TEST.to_owned() };
    let word = kind.to_value().to_lowercase();
    // The one verb of two words.
    if let Some(noun) = word.strip_suffix("_signed_up") {
        return format!("{noun}.signed_up");
    }
    word.rsplit_once('_').map_or(word.clone(), |(noun, verb)| format!("{noun}.{verb}"))
}

impl Services {
    /// The id of a message, the same for every attempt. A sandbox goes on from the event numbers of the program, so its
    /// messages have ids of their own: receivers would otherwise take an event of the program for a repeat.
    #[must_use]
    pub fn webhook_message_id(&self, row: &webhook_delivery::Model) -> String {
        let id =
            row.number.map_or_else(|| format!("test_{}", row.id.simple()), |number| format!("evt_{number}"));
        match self.sandbox_id() {
            None => id,
            Some(sandbox) => format!("sandbox_{}_{id}", sandbox.simple()),
        }
    }
}

/// The body of an event's message.
pub(super) fn body(row: &event::Model, sandbox: Option<Uuid>) -> String {
    let mut data: Map<String, Value> = serde_json::from_str(&row.data).unwrap_or_default();
    data.insert("number".to_owned(), row.number.into());
    data.insert("event".to_owned(), row.kind.to_value().into());
    data.insert("occurredOn".to_owned(), row.occurred_on.to_string().into());
    message(&event_type(Some(row.kind)), row.recorded_at, &data.into(), sandbox)
}

/// The body of a test message.
pub(super) fn test_body(row: &webhook_delivery::Model, sandbox: Option<Uuid>) -> String {
    let said = json!({ "message": "This is a test. Nothing happened." });
    message(TEST, row.created_at, &said, sandbox)
}

/// A message, which says so if it is of a sandbox.
fn message(kind: &str, at: DateTime<Utc>, data: &Value, sandbox: Option<Uuid>) -> String {
    let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut message = json!({ "type": kind, "timestamp": at, "data": data });
    if let Some(sandbox) = sandbox {
        message["sandbox"] = sandbox.to_string().into();
    }
    message.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_nouns_and_verbs() {
        for (kind, expected) in [
            (Some(EventKind::LevelLapsed), "level.lapsed"),
            (Some(EventKind::SwagOrderPlaced), "swag_order.placed"),
            (Some(EventKind::CreditsChanged), "credits.changed"),
            (Some(EventKind::ProfessionalSignedUp), "professional.signed_up"),
            (Some(EventKind::SalesTargetSet), "sales_target.set"),
            (None, "webhook.test"),
        ] {
            assert_eq!(event_type(kind), expected);
        }
    }

    #[test]
    fn secrets_are_as_the_specification_has_them() {
        let (one, two) = (secret().expect("a secret"), secret().expect("a secret"));
        assert_ne!(one, two);
        let bytes = STANDARD.decode(one.strip_prefix("whsec_").expect("a beginning"));
        assert_eq!(bytes.expect("base64").len(), SECRET);
    }
}
