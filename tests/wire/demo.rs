//! A server with demo data of a pinned day, and a key of each role.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::send;

/// The day of the demo data.
pub(crate) const TODAY: &str = "2026-11-21";

/// A process of `serve --demo`, killed when it is dropped.
pub(crate) struct Demo {
    process: Child,
    base: String,
    keys: BTreeMap<String, String>,
    _folder: TempDir,
}

impl Demo {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(env!("CARGO_BIN_EXE_partner-program"))
            .args(["serve", "--demo"])
            .current_dir(folder.path())
            .env_clear()
            .env("BIND", "127.0.0.1:0")
            .env("PROGRAM_TODAY", TODAY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let (mut keys, mut base) = (BTreeMap::new(), None);
        let output = BufReader::new(process.stdout.take().expect("its output"));
        for line in output.lines().map_while(Result::ok) {
            if let Some((role, key)) = line.split_once(": Authorization: Bearer ") {
                let role = role.split(' ').next().unwrap_or(role);
                keys.insert(role.to_owned(), key.to_owned());
            }
            if let Some(url) = line.strip_prefix("Listening on ") {
                base = url.strip_suffix("/graphql").map(str::to_owned);
                break;
            }
        }
        let base = base.expect("the server says where it listens");
        Self { process, base, keys, _folder: folder }
    }

    /// The keys by role.
    pub(crate) fn keys(&self) -> &BTreeMap<String, String> {
        &self.keys
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// The data of an operation by the program staff.
    pub(crate) async fn run(&self, query: &str, variables: &Value) -> Value {
        let client = reqwest::Client::new();
        let request = client.post(self.url("/graphql")).bearer_auth(&self.keys["PROGRAM_STAFF"]);
        let answer = send(request.json(&json!({ "query": query, "variables": variables }))).await;
        assert!(answer.body["errors"].is_null(), "{}", answer.text);
        answer.body["data"].clone()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It has ended either way.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}
