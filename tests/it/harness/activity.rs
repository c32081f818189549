//! Activities to send.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// An activity as the API takes it, with an external id that no other has.
#[derive(Clone, Debug)]
pub(crate) struct Activity(Value);

impl Activity {
    /// Something that a partner did.
    pub(crate) fn of_partner(code: &str, kind: &str, on: &str) -> Self {
        Self::of(&json!({ "partner": code }), kind, on)
    }

    /// Something that a professional did.
    pub(crate) fn of_professional(code: &str, kind: &str, on: &str) -> Self {
        Self::of(&json!({ "professional": code }), kind, on)
    }

    fn of(subject: &Value, kind: &str, on: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let external_id = format!("activity-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self(json!({
            "subject": subject, "kind": kind, "occurredOn": on, "source": "test", "externalId": external_id,
        }))
    }

    /// The same with another field of the input.
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0[field] = value.into();
        self
    }

    pub(crate) fn quantity(self, quantity: i64) -> Self {
        self.with("quantity", quantity)
    }

    pub(crate) fn points(self, points: i64) -> Self {
        self.with("points", points)
    }

    pub(crate) fn attributes(self, attributes: Value) -> Self {
        self.with("attributes", attributes)
    }

    pub(crate) fn external_id(self, id: &str) -> Self {
        self.with("externalId", id)
    }

    /// The input.
    pub(crate) fn input(&self) -> Value {
        self.0.clone()
    }
}
