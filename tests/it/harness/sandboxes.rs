//! Sandboxes, and a client that has the key of one.

use serde_json::{Value, json};

use super::webhooks::until;
use super::{Answer, TestApp, document, user_errors};

/// What a mutation of this file takes and gives; none for others.
pub(super) fn document_of(mutation: &str) -> Option<(&'static str, String)> {
    const SANDBOX: &str =
        "sandbox { id url consoleUrl status today isDemo sendsWebhooks createdAt createdBy expiresAt }";
    Some(match mutation {
        "createSandbox" => ("CreateSandboxInput", format!("{SANDBOX} secret")),
        "advanceSandbox" => ("AdvanceSandboxInput", SANDBOX.to_owned()),
        "deleteSandbox" => ("DeleteSandboxInput", "deletedId".to_owned()),
        _ => return None,
    })
}

/// A sandbox of an application, with the key of its administrator.
pub(crate) struct Sandbox<'a> {
    app: &'a TestApp,
    pub(crate) id: Value,
    pub(crate) key: String,
    /// Where its addresses begin.
    pub(crate) base: String,
}

impl TestApp {
    /// Creates a sandbox, and waits until it is ready.
    pub(crate) async fn sandbox(&self, input: Value) -> Sandbox<'_> {
        let made = self.done("createSandbox", input).await;
        let (id, url) = (made["sandbox"]["id"].clone(), made["sandbox"]["url"].as_str().expect("an address"));
        let base = url.strip_suffix("/graphql").expect("the address of an endpoint").to_owned();
        let key = made["secret"].as_str().expect("a key").to_owned();
        let sandbox = Sandbox { app: self, id, key, base };
        sandbox.ready().await;
        sandbox
    }

    /// The sandboxes as they are listed.
    pub(crate) async fn sandboxes(&self) -> Vec<Value> {
        let query =
            "{ sandboxes { id url status today isDemo sendsWebhooks createdAt createdBy expiresAt } }";
        self.ok(query, json!({})).await["sandboxes"].as_array().expect("a list").clone()
    }
}

impl Sandbox<'_> {
    /// The sandbox as it is shown outside.
    pub(crate) async fn shown(&self) -> Value {
        let query = "query($id: ID!) { node(id: $id) { ... on Sandbox { id status today isDemo } } }";
        self.app.ok(query, json!({ "id": self.id })).await["node"].clone()
    }

    async fn ready(&self) {
        until("a sandbox", async || {
            let status = self.shown().await["status"].clone();
            assert_ne!(status, "FAILED");
            status == "READY"
        })
        .await;
    }

    /// Moves the clock, and waits until it stands on the day.
    pub(crate) async fn advance(&self, to: &str) {
        self.app.done("advanceSandbox", json!({ "id": self.id, "to": to })).await;
        self.ready().await;
        assert_eq!(self.shown().await["today"], to);
    }

    /// Sends one request to the sandbox with other credentials than its administrator's.
    pub(crate) async fn send_as(&self, credentials: &str, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.app.post_to(&format!("{}/graphql", self.base), credentials, body).await
    }

    /// The data of an answer of the sandbox that has no errors and no user errors.
    pub(crate) async fn ok(&self, query: &str, variables: Value) -> Value {
        let answer = self.send_as(&self.key, query, variables).await;
        let fine = answer.body["errors"].is_null() && user_errors(&answer.body).is_empty();
        assert!(fine && answer.body["data"].is_object(), "{query}\n{}", answer.text);
        answer.body["data"].clone()
    }

    /// What a mutation's payload says in the sandbox, refusals included.
    pub(crate) async fn mutate(&self, mutation: &str, input: Value) -> Value {
        let answer = self.send_as(&self.key, &document(mutation), json!({ "input": input })).await;
        let payload = &answer.body["data"][mutation];
        assert!(answer.body["errors"].is_null() && payload.is_object(), "{mutation}\n{}", answer.text);
        payload.clone()
    }

    /// What a mutation's payload says in the sandbox, which must not refuse.
    pub(crate) async fn done(&self, mutation: &str, input: Value) -> Value {
        let payload = self.mutate(mutation, input).await;
        assert!(user_errors(&payload).is_empty(), "{mutation}\n{payload}");
        payload
    }

    /// Whether there is a partner with a code in the sandbox.
    pub(crate) async fn has_partner(&self, code: &str) -> bool {
        let query = "query($code: String!) { partner(code: $code) { code } }";
        !self.ok(query, json!({ "code": code })).await["partner"].is_null()
    }

    /// Level of a partner's business track in the sandbox.
    pub(crate) async fn level(&self, code: &str) -> Value {
        self.ok(LEVEL, json!({ "code": code })).await["partner"]["standing"]["business"]["level"]["code"]
            .clone()
    }
}

/// Level of a partner's business track.
pub(crate) const LEVEL: &str =
    "query($code: String!) { partner(code: $code) { standing { business { level { code } } } } }";
