//! What a server acknowledged, refused, and left in doubt.

use std::collections::HashMap;

use serde_json::json;

use crate::server::{Answer, Server};

const CREATE: &str = "mutation($code: String!, $name: String!) { createPartner(input: \
    { code: $code, name: $name, enrolledOn: \"2024-06-01\" }) { partner { code } userErrors { code } } }";
const REFUSED: &str = "mutation { createApiKey(input: { role: PARTNER, subject: \"nobody\", label: \"x\" }) \
    { userErrors { code } } }";
const READ: &str = "query($code: String!) { partner(code: $code) { code name } }";

/// What became of a write, as far as its client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acknowledged,
    /// Nothing was changed.
    Failed,
    InDoubt,
}

/// The outcomes of all writes.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    outcomes: HashMap<String, Outcome>,
}

impl Tally {
    /// Writes a partner with a new code. A failure must say so properly.
    pub(crate) async fn write(&mut self, server: &Server) -> Outcome {
        let code = format!("p-{}", self.outcomes.len());
        let name = "N".repeat(100);
        let answer = server.send(CREATE, json!({ "code": code, "name": name })).await;
        let outcome = outcome(&answer);
        self.outcomes.insert(code, outcome);
        outcome
    }

    /// Writes until a write fails; returns whether one did.
    pub(crate) async fn write_until_failure(&mut self, server: &Server, max: usize) -> bool {
        for _ in 0..max {
            if self.write(server).await != Outcome::Acknowledged {
                return true;
            }
        }
        false
    }

    /// A mutation that is refused, and rolled back for that.
    pub(crate) async fn refused(&self, server: &Server) {
        let answer = server.send(REFUSED, json!({})).await;
        let refused = &answer.body["data"]["createApiKey"]["userErrors"][0]["code"];
        assert_eq!(refused, "NOT_FOUND", "{answer:?}");
    }

    /// Reads one that was acknowledged, which always works.
    pub(crate) async fn read_one(&self, server: &Server) {
        let taken = self.outcomes.iter().find(|(_, outcome)| **outcome == Outcome::Acknowledged);
        let (code, _) = taken.expect("an acknowledged write");
        assert_eq!(server.data(READ, json!({ "code": code })).await["partner"]["code"], *code);
    }

    /// Compares with what the server has: how many acknowledged writes are lost, and how many failed ones
    /// have taken effect.
    pub(crate) async fn compare(&self, server: &Server) -> (usize, usize) {
        let (mut lost, mut from_nowhere) = (0, 0);
        for (code, outcome) in &self.outcomes {
            let exists = server.data(READ, json!({ "code": code })).await["partner"]["code"] == **code;
            match outcome {
                Outcome::Acknowledged if !exists => lost += 1,
                Outcome::Failed if exists => from_nowhere += 1,
                _ => {}
            }
        }
        (lost, from_nowhere)
    }

    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.values().filter(|one| **one == outcome).count()
    }
}

/// The outcome of a mutation, whose answer has the form that clients rely on.
pub(crate) fn outcome(answer: &Answer) -> Outcome {
    if answer.status == 200 && answer.body["errors"].is_null() {
        return Outcome::Acknowledged;
    }
    let form = (answer.status, answer.code(), answer.retry_after.is_some());
    let known = [(503, "SERVICE_UNAVAILABLE", true), (504, "OPERATION_TIMEOUT", false)];
    assert!(known.contains(&form) && answer.body.get("data").is_none(), "{answer:?}");
    let message = answer.message().to_lowercase();
    let internal = ["sql", "code:", "disk", "i/o", "pool", "commit"];
    assert!(!internal.iter().any(|word| message.contains(word)), "{message}");
    if answer.is_in_doubt() {
        assert!(message.contains("may have taken effect"), "{message}");
        return Outcome::InDoubt;
    }
    assert!(message.contains("nothing was changed"), "{message}");
    Outcome::Failed
}

/// How many times as many faults as usual: `FAULTS`.
pub(crate) fn factor() -> usize {
    std::env::var("FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}
