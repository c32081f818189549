//! A running server, killed on drop.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The administrator's key.
pub(crate) const KEY: &str = "an-administrator-of-the-tests";

pub(crate) struct Server {
    process: Child,
    /// Its base URL, such as `http://127.0.0.1:40123`.
    base: String,
    metrics: Option<String>,
    folder: TempDir,
    settings: Vec<(String, String)>,
}

/// An HTTP response.
pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl TestResponse {
    pub(crate) fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
    }
}

/// The build under test, or the one that `PROGRAM` names.
fn command(folder: &TempDir, settings: &[(&str, &str)]) -> Command {
    let program = std::env::var("PROGRAM");
    let mut command = Command::new(program.as_deref().unwrap_or(env!("CARGO_BIN_EXE_partner-program")));
    command
        .current_dir(folder.path())
        .env_clear()
        .env("BIND", "127.0.0.1:0")
        .env("BOOTSTRAP_ADMIN_KEY", KEY)
        .envs(settings.iter().copied())
        .stdin(Stdio::null());
    command
}

/// The output of a server that does not start.
pub(crate) fn failed_start(settings: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    command(&folder, settings).arg("serve").output().expect("the program runs")
}

impl Server {
    /// Starts on an empty database and a free port.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), settings)
    }

    /// The same with its log in a file.
    pub(crate) fn start_logged(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = command(&folder, settings);
        command.arg("serve");
        command.stderr(std::fs::File::create(folder.path().join("log")).expect("a file"));
        Self::run(folder, command, settings)
    }

    fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let mut command = command(&folder, settings);
        command.arg("serve");
        Self::run(folder, command, settings)
    }

    fn run(folder: TempDir, mut command: Command, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program runs");
        if settings.iter().any(|(name, value)| name == "LOG_FORMAT" && value == "json") {
            let base = logged_address(&mut process, &folder.path().join("log"));
            return Self { process, base, metrics: None, folder, settings };
        }
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let mut metrics = None;
        let address = output.lines().map_while(Result::ok).find_map(|line| {
            if let Some(url) = line.strip_prefix("Metrics on ") {
                metrics = Some(url.to_owned());
            }
            line.strip_prefix("Listening on ")?.strip_suffix("/graphql").map(str::to_owned)
        });
        let base = address.expect("the server says where it listens");
        Self { process, base, metrics, folder, settings }
    }

    /// The URL of the metrics, if they have a separate address.
    pub(crate) fn metrics(&self) -> Option<&str> {
        self.metrics.as_deref()
    }

    /// Stops it with SIGTERM, waits until it has ended, and returns its log.
    pub(crate) fn stop(mut self) -> String {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status().expect("the program runs");
        let ended = self.process.wait().expect("it ends");
        assert!(status.success() && ended.success(), "{ended}");
        std::fs::read_to_string(self.folder.path().join("log")).expect("the log")
    }

    /// Stops it, gracefully or by a kill, and restarts it at the same address with the same data.
    pub(crate) fn restart(mut self, gracefully: bool) -> Self {
        if gracefully {
            let status = Command::new("kill").arg(self.process.id().to_string()).status();
            assert!(status.expect("kill runs").success());
            assert!(self.process.wait().expect("its end").success(), "the server did not end well");
        } else {
            self.process.kill().and_then(|()| self.process.wait()).expect("its end");
        }
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        let address = self.address().to_owned();
        let mut settings = std::mem::take(&mut self.settings);
        settings.retain(|(name, _)| name != "BIND");
        settings.push(("BIND".to_owned(), address));
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Self::start_in(folder, &settings)
    }

    /// The output of another command on its data.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        let settings: Vec<(&str, &str)> =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        command(&self.folder, &settings).args(arguments).output().expect("the program runs")
    }

    /// Kills it.
    pub(crate) fn kill(&self) {
        let killed = Command::new("kill").args(["-9", &self.process.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// A POST to `/graphql` with the key.
    pub(crate) fn post(&self) -> reqwest::RequestBuilder {
        reqwest::Client::new().post(self.url("/graphql")).bearer_auth(KEY)
    }

    pub(crate) async fn query(&self, query: &str) -> TestResponse {
        send(self.post().json(&serde_json::json!({ "query": query }))).await
    }

    /// Its peak memory, in bytes, where the system reports it.
    pub(crate) fn memory_peak(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    /// Its resident memory, in bytes, where the system reports it.
    pub(crate) fn memory(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    fn status(&self, field: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let value = status.lines().find_map(|line| line.strip_prefix(field))?;
        value.trim().strip_suffix(" kB")?.parse().ok().map(|it: u64| it << 10)
    }
}

/// The base URL of a server whose log is JSON, from the line that it logs when it listens.
fn logged_address(process: &mut Child, log: &Path) -> String {
    loop {
        let lines = std::fs::read_to_string(log).unwrap_or_default();
        let base = lines.lines().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            Some(line["url"].as_str()?.strip_suffix("/graphql")?.to_owned())
        });
        if let Some(base) = base {
            return base;
        }
        assert!(process.try_wait().expect("its state").is_none(), "the server ended\n{lines}");
        std::thread::yield_now();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended either way.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> TestResponse {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a whole answer");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    TestResponse { status, headers, text, body }
}
