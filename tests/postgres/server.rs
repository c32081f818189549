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
    let ended = run(&["serve"], &[("DATABASE_URL", url)]);
    assert!(!ended.status.success());
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

impl Server {
    /// Starts the server on a database.
    pub(crate) fn start(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = program(&folder, &["serve"], &[("DATABASE_URL", url)]);
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

    /// Sends an operation.
    pub(crate) async fn send(&self, query: &str, variables: Value) -> Answer {
        let request = self.client.post(format!("{}/graphql", self.base)).bearer_auth(KEY);
        let sent = request.json(&json!({ "query": query, "variables": variables })).send().await;
        let text = match sent {
            Ok(response) => response.text().await.unwrap_or_else(|error| error.to_string()),
            Err(error) => error.to_string(),
        };
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let data = body["data"].is_object() && body["errors"].is_null();
        Answer { data: data.then(|| body["data"].clone()), text }
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
