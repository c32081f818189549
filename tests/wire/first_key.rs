//! A server without any credentials: it explains how to create the first API key.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::server::send;

/// A server started with these settings alone, and the lines that it prints before it listens.
struct Bare {
    process: Child,
    lines: Vec<String>,
    url: String,
}

impl Bare {
    fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partner-program"));
        command.arg("serve").current_dir(folder).env_clear().env("BIND", "127.0.0.1:0");
        command.envs(settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the program runs");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let (mut lines, mut url) = (Vec::new(), String::new());
        for line in output.lines().map_while(Result::ok) {
            if let Some(listening) = line.strip_prefix("Listening on ") {
                listening.clone_into(&mut url);
                break;
            }
            lines.push(line);
        }
        assert!(!url.is_empty(), "it does not listen: {lines:?}");
        Self { process, lines, url }
    }

    async fn status(&self, key: &str) -> u16 {
        let query = json!({ "query": "{ viewer { role } }" });
        send(reqwest::Client::new().post(&self.url).bearer_auth(key).json(&query)).await.status
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It is gone either way.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn shell(folder: &Path, command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).current_dir(folder).env_clear().output();
    let output = output.expect("a shell runs");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

#[tokio::test]
async fn a_bare_server_prints_the_command_that_creates_the_first_key() {
    let program = env!("CARGO_BIN_EXE_partner-program");
    let folder = tempfile::tempdir().expect("a folder");
    // Database, and the command up to its arguments.
    for (database, expected) in [
        (None, program.to_owned()),
        (Some("sqlite://other's.db"), format!(r"DATABASE_URL='sqlite://other'\''s.db' {program}")),
    ] {
        let settings: Vec<_> = database.into_iter().map(|url| ("DATABASE_URL", url)).collect();
        let server = Bare::start(folder.path(), &settings);
        assert_eq!(
            server.lines,
            [
                "There is no usable API key yet, so every request is rejected with 401. Create one:"
                    .to_owned(),
                format!("  {expected} key create --role ADMINISTRATOR --label admin"),
                "Alternatively, set BOOTSTRAP_ADMIN_KEY to a secret of 16 characters or more and restart."
                    .to_owned(),
            ]
        );
        assert_eq!(server.status("pp_none").await, 401);
        let key = shell(folder.path(), &server.lines[1]);
        assert_eq!(server.status(&key).await, 200);
        drop(server);
        assert_eq!(Bare::start(folder.path(), &settings).lines, [""; 0], "a key exists");
        shell(folder.path(), &format!("{expected} key revoke {}", &key[..11]));
        let later = Bare::start(folder.path(), &settings);
        assert_eq!(later.lines.len(), 3, "the only key is revoked: {:?}", later.lines);
    }
    let bootstrap = [("DATABASE_URL", "sqlite://new.db"), ("BOOTSTRAP_ADMIN_KEY", "0123456789abcdef")];
    assert_eq!(Bare::start(folder.path(), &bootstrap).lines, [""; 0]);
}

#[tokio::test]
async fn an_expired_key_is_not_usable() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = env!("CARGO_BIN_EXE_partner-program");
    let create = "key create --role PROGRAM_STAFF --label staff --expires-at 2027-01-02T00:00:00Z";
    shell(folder.path(), &format!("PROGRAM_TODAY=2027-01-01 {program} {create}"));
    for (today, lines) in [("2027-01-01", 0), ("2027-01-03", 3)] {
        let server = Bare::start(folder.path(), &[("PROGRAM_TODAY", today)]);
        assert_eq!(server.lines.len(), lines, "{today}: {:?}", server.lines);
    }
}
