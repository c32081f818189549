//! The server as a process, and a client with the administrator's key.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

const KEY: &str = "an-administrator-of-the-tests";
/// Ends a hanging test.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A running server, killed on drop.
pub(crate) struct Server {
    process: Child,
    base: String,
    folder: TempDir,
    client: reqwest::Client,
}

/// A response of `/graphql`.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The data, if there are no errors.
    pub(crate) data: Option<Value>,
    /// The whole body, or why there is none.
    pub(crate) text: String,
    /// The header `Consistency-Token`.
    pub(crate) token: Option<String>,
}

impl Answer {
    /// The data of a response without errors.
    pub(crate) fn ok(self) -> Value {
        self.data.unwrap_or_else(|| panic!("{}", self.text))
    }
}

/// The command that runs a command of the program. `PROGRAM` names another build of it, to compare with.
fn program(folder: &TempDir, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let path = std::env::var("PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_partner-program").to_owned());
    let mut command = Command::new(path);
    let log = std::fs::File::create(folder.path().join("log")).expect("a file");
    command
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("BIND", "127.0.0.1:0")
        .env("BOOTSTRAP_ADMIN_KEY", KEY)
        .env("PROGRAM_TODAY", "2026-08-31")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stderr(log);
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    program(&folder, arguments, settings).stderr(Stdio::piped()).output().expect("the program runs")
}

/// The error of a server that does not start.
pub(crate) fn failed_start(url: &str) -> String {
    failed_start_with(&[("DATABASE_URL", url)])
}

/// The same with other settings.
pub(crate) fn failed_start_with(settings: &[(&str, &str)]) -> String {
    let ended = run(&["serve"], settings);
    assert!(!ended.status.success());
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

impl Server {
    /// Starts the server on a database.
    pub(crate) fn start(url: &str) -> Self {
        Self::start_with(&[("DATABASE_URL", url)])
    }

    /// The same with other settings.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = program(&folder, &["serve"], settings);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program runs");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let address = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on ")?.strip_suffix("/graphql").map(str::to_owned));
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        let base = address.unwrap_or_else(|| panic!("the server did not start: {}", log()));
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().expect("a client");
        Self { process, base, folder, client }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("the log")
    }

    /// The status of `/readyz`.
    pub(crate) async fn ready(&self) -> u16 {
        let response = self.client.get(format!("{}/readyz", self.base)).send().await.expect("an answer");
        response.status().as_u16()
    }

    /// What `/metrics` says.
    pub(crate) async fn metrics(&self) -> String {
        let response = self.client.get(format!("{}/metrics", self.base)).send().await.expect("an answer");
        response.text().await.expect("a text")
    }

    /// What `/metrics` says of a series; none if it is not there.
    pub(crate) async fn metric(&self, series: &str) -> Option<f64> {
        let text = self.metrics().await;
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        Some(value.parse().expect("a number"))
    }

    /// The same of a counter.
    pub(crate) async fn count(&self, series: &str) -> u64 {
        let text = self.metrics().await;
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.expect("a counter").parse().expect("a whole number")
    }

    /// Sends an operation.
    pub(crate) async fn send(&self, query: &str, variables: Value) -> Answer {
        self.send_as(KEY, None, query, variables).await
    }

    /// Sends an operation with a key and, where given, the header `Consistency-Token`.
    pub(crate) async fn send_as(
        &self,
        key: &str,
        token: Option<&str>,
        query: &str,
        variables: Value,
    ) -> Answer {
        let mut request = self.client.post(format!("{}/graphql", self.base)).bearer_auth(key);
        if let Some(token) = token {
            request = request.header("consistency-token", token);
        }
        let sent = request.json(&json!({ "query": query, "variables": variables })).send().await;
        let (text, token) = match sent {
            Ok(response) => {
                let token = response.headers().get("consistency-token");
                let token = token.and_then(|value| value.to_str().ok()).map(str::to_owned);
                (response.text().await.unwrap_or_else(|error| error.to_string()), token)
            }
            Err(error) => (error.to_string(), None),
        };
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let data = body["data"].is_object() && body["errors"].is_null();
        Answer { data: data.then(|| body["data"].clone()), text, token }
    }

    /// A new key of the program's staff.
    pub(crate) async fn key(&self, label: &str) -> String {
        const CREATE: &str = "mutation($label: String!) { createApiKey(input: { role: PROGRAM_STAFF, label: $label }) { \
            secret userErrors { code } } }";
        let made = self.send(CREATE, json!({ "label": label })).await.ok();
        made["createApiKey"]["secret"].as_str().expect("a key").to_owned()
    }

    /// Creates a partner.
    pub(crate) async fn create_partner(&self, code: &str) {
        const CREATE: &str = "mutation($code: String!) { createPartner(input: { code: $code, name: \"P\", \
            enrolledOn: \"2024-06-01\" }) { userErrors { code } } }";
        let made = self.send(CREATE, json!({ "code": code })).await.ok();
        assert_eq!(made["createPartner"]["userErrors"], json!([]));
    }

    /// Records an activity of a partner.
    pub(crate) async fn record(&self, partner: &str, id: &str) -> Answer {
        const RECORD: &str = "mutation($input: ActivityInput!) { recordActivity(input: $input) { \
            activity { id } duplicate userErrors { code } } }";
        let input = json!({ "subject": { "partner": partner }, "kind": "CUSTOMER_MEETING",
            "occurredOn": "2026-03-01", "source": "tests", "externalId": id });
        self.send(RECORD, json!({ "input": input })).await
    }

    /// Reads the balance of a partner.
    pub(crate) async fn balance(&self, partner: &str) -> Answer {
        self.send("query($code: String!) { partner(code: $code) { balance } }", json!({ "code": partner }))
            .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended either way.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}
