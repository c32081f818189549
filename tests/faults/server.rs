//! A server as a process, and the databases it runs on.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};

/// The administrator's key.
pub(crate) const KEY: &str = "an-administrator-of-the-tests";
/// Ends a hanging test on a loaded machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Settings of a server.
pub(crate) type Env = Vec<(&'static str, String)>;

pub(crate) struct Server {
    process: Child,
    base: String,
    folder: PathBuf,
    env: Env,
    client: reqwest::Client,
}

/// An HTTP response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
    }

    pub(crate) fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_default()
    }

    /// Whether it says that nobody knows whether the change took effect.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.body["errors"][0]["extensions"]["outcome"] == "UNKNOWN"
    }
}

/// The program with a command, in a folder.
pub(crate) fn program(folder: &Path, arguments: &[&str], env: &Env) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partner-program"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("BIND", "127.0.0.1:0")
        .env("BOOTSTRAP_ADMIN_KEY", KEY)
        .env("PROGRAM_TODAY", "2026-08-31")
        .env("WEBHOOKS_SEND", "false")
        .env("RATE_LIMIT_PER_MINUTE", "0")
        .envs(env.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null());
    command
}

/// Runs a command of the program to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str], env: &Env) -> Output {
    program(folder, arguments, env).output().expect("the program runs")
}

impl Server {
    /// Starts in a folder, whose file `log` gets the log.
    pub(crate) fn start(folder: &Path, env: Env) -> Self {
        let log = folder.join("log");
        let log = File::options().create(true).append(true).open(log).expect("a log");
        Self::start_logged(folder, env, log.into())
    }

    /// The same with another log.
    pub(crate) fn start_logged(folder: &Path, env: Env, log: Stdio) -> Self {
        let mut process = program(folder, &["serve"], &env)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program runs");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let address = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on ")?.strip_suffix("/graphql").map(str::to_owned));
        let base = address.expect("the server says where it listens");
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().expect("a client");
        Self { process, base, folder: folder.to_owned(), env, client }
    }

    /// Kills it, and starts it again on the same data.
    pub(crate) fn restart(mut self) -> Self {
        self.process.kill().and_then(|()| self.process.wait()).expect("its end");
        Self::start(&self.folder, std::mem::take(&mut self.env))
    }

    /// Sends a document with variables as the administrator.
    pub(crate) async fn send(&self, query: &str, variables: Value) -> Answer {
        self.send_as(KEY, query, variables).await
    }

    /// Sends a document with variables.
    pub(crate) async fn send_as(&self, key: &str, query: &str, variables: Value) -> Answer {
        let request = self.client.post(format!("{}/graphql", self.base)).bearer_auth(key);
        let request = request.header("accept", "application/graphql-response+json");
        let response = request.json(&json!({ "query": query, "variables": variables })).send().await;
        let response = response.expect("an answer");
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Answer { status, retry_after, body: response.json().await.expect("JSON") }
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.send(query, variables).await;
        assert!(answer.status == 200 && answer.body["errors"].is_null(), "{query}: {answer:?}");
        answer.body["data"].clone()
    }

    /// The status and the text of `/readyz`.
    pub(crate) async fn readiness(&self) -> (u16, String) {
        let response = self.client.get(format!("{}/readyz", self.base)).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a text"))
    }

    /// Waits until `/readyz` says 200, and returns how long that took.
    pub(crate) async fn until_ready(&self) -> Duration {
        let since = Instant::now();
        while self.readiness().await.0 != 200 {
            assert!(since.elapsed() < TIMEOUT, "the server is not ready again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        since.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended either way.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// An empty PostgreSQL database, gone when it is dropped.
pub(crate) struct Postgres {
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) admin: DatabaseConnection,
}

impl Postgres {
    pub(crate) async fn create(options: &str) -> Self {
        let admin = std::env::var("TEST_POSTGRES_URL").expect("run ./test, which starts a PostgreSQL");
        let name = format!("faults_{}", uuid::Uuid::now_v7().simple());
        let connection = sea_orm::Database::connect(&admin).await.expect("the cluster of ./test");
        connection
            .execute_unprepared(&format!("CREATE DATABASE {name} {options}"))
            .await
            .expect("a database");
        let (server, _) = admin.rsplit_once('/').expect("an address with a database");
        Self { url: format!("{server}/{name}"), name, admin: connection }
    }

    pub(crate) async fn drop(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin.execute_unprepared(&drop).await.expect("the database goes");
    }
}

/// `DATABASE_URL` and more settings.
pub(crate) fn env(url: &str, more: &[(&'static str, &str)]) -> Env {
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    std::iter::once(("DATABASE_URL", url.to_owned())).chain(more).collect()
}
