//! The clients of `examples/` as a user runs them, against a server behind an unreliable proxy.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::demo::Demo;
use crate::{flaky, npm};

/// The pinned day of the demo.
const DAY: &str = "2026-11-20";

/// Timeout for a client to read all events.
const TIMEOUT: Duration = Duration::from_mins(2);

/// A client that is ready to run.
struct Client {
    program: &'static str,
    script: PathBuf,
    folder: tempfile::TempDir,
    key: String,
}

impl Client {
    fn command(&self, url: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command
            .arg(&self.script)
            .args(["--url", url, "--on", DAY])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PARTNER_PROGRAM_KEY", &self.key)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null());
        command
    }

    /// Its output until it has read all current events.
    async fn run_once(&self, url: &str) -> Vec<String> {
        let mut command = tokio::process::Command::from(self.command(url, &["--once"]));
        let output = tokio::time::timeout(TIMEOUT, command.kill_on_drop(true).output()).await;
        let output = output.expect("it ends").expect("these tests need Node.js and Python");
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
        stdout.lines().map(str::to_owned).collect()
    }

    /// Runs it until it has printed an event, then kills it; returns all that it has printed by then, which
    /// can be more.
    fn run_and_kill(&self, url: &str) -> Vec<String> {
        let mut child = self.command(url, &[]).stdout(Stdio::piped()).spawn().expect("it runs");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut output = output.lines().map_while(Result::ok);
        let mut lines = Vec::new();
        for line in output.by_ref() {
            lines.push(line);
            if lines.last().is_some_and(|line| line.starts_with("event ")) {
                break;
            }
        }
        child.kill().and_then(|()| child.wait()).expect("an end");
        lines.extend(output);
        lines
    }
}

/// The events of a client's output.
fn events(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| line.starts_with("event ")).cloned().collect()
}

async fn latest(server: &Demo) -> u64 {
    let answer = server.run("{ events(first: 1) { latestNumber } }", &Value::Null).await;
    answer["events"]["latestNumber"].as_u64().expect("a number")
}

/// The events after a number as the clients print them.
async fn expected_events(server: &Demo, mut after: u64) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let query = "query($after: EventNumber) { events(after: $after, first: 100) {
            nodes { number type occurredOn partner { code } professional { code } } } }";
        let answer = server.run(query, &json!({ "after": after })).await;
        let nodes = answer["events"]["nodes"].as_array().expect("a list").clone();
        let Some(last) = nodes.last() else { return lines };
        after = last["number"].as_u64().expect("a number");
        lines.extend(nodes.iter().map(|node| {
            let number = node["number"].as_u64().expect("a number");
            let mut line = format!("event {number}: {}", node["type"].as_str().expect("a type"));
            for part in [&node["occurredOn"], &node["partner"]["code"], &node["professional"]["code"]] {
                line.extend(part.as_str().into_iter().flat_map(|text| [" ", text]));
            }
            line
        }));
    }
}

/// Records activities while a client is not running.
async fn record(server: &Demo, count: u64, round: &str) {
    let activities: Vec<Value> = (0..count)
        .map(|number| {
            json!({ "subject": { "professional": "bram.peeters" }, "kind": "DOCS_CORRECTION", "occurredOn": DAY,
                    "source": "clients", "externalId": format!("{round}-{number}") })
        })
        .collect();
    let query = "mutation($input: RecordActivitiesInput!) {
        recordActivities(input: $input) { results { activity { id } } } }";
    let data = server.run(query, &json!({ "input": { "activities": activities } })).await;
    assert!(data["recordActivities"]["results"][0]["activity"]["id"].is_string(), "{data}");
}

/// The life cycle of a client. While it is not running, `count` activities are recorded; `streams` is
/// whether it reads the feed as a stream.
async fn run_scenario(name: &str, program: &'static str, script: PathBuf, count: u64, streams: bool) {
    let server = Demo::start();
    let folder = tempfile::tempdir().expect("a folder");
    let client = Client { program, script, folder, key: server.keys()["PROGRAM_STAFF"].clone() };
    let start = latest(&server).await;
    let (url, failures) = flaky::start(server.address());

    // The first response is a 503, and that of the mutation is lost: the retry must not record anything
    // twice.
    let first = client.run_once(&url).await;
    let begin = [
        format!("feed: after event {start}"),
        format!("{DAY}-1: duplicate, 25 points"),
        format!("{DAY}-2: duplicate, 75 points"),
        format!("{DAY}-3: refused: POINTS_REQUIRED activities.2.points"),
    ];
    assert_eq!(first[..4], begin, "{name}");
    assert!(first[4].starts_with("Ada Nowak: Catalyst, "), "{name}: {}", first[4]);
    assert_eq!(events(&first), expected_events(&server, start).await, "{name}");
    assert!(events(&first).len() > 2, "{name}: {first:?}");
    let busy_and_lost = (failures.busy.load(Ordering::SeqCst), failures.lost.load(Ordering::SeqCst));
    assert_eq!(busy_and_lost, (1, 1), "{name}");

    // It resumes with the events of the meantime, however often the stream is cut off.
    let middle = latest(&server).await;
    record(&server, count, name).await;
    let killed = client.run_and_kill(&url);
    assert_eq!(killed[0], format!("feed: after event {middle}"), "{name}");
    let rest = client.run_once(&url).await;
    let all = expected_events(&server, middle).await;
    assert!(u64::try_from(all.len()).is_ok_and(|events| events >= count), "{name}: {}", all.len());
    let (seen, again) = (events(&killed), events(&rest));
    // Killed between an event and storing its number, it gets that event again: at least once.
    let overlap = usize::from(again.first() == seen.last());
    assert_eq!([&seen[..], &again[overlap..]].concat(), all, "{name}");
    assert_eq!(streams, failures.cut.load(Ordering::SeqCst) > 2, "{name}");

    // No new events: nothing is printed.
    let last = client.run_once(&server.url("")).await;
    assert_eq!(last[0], format!("feed: after event {}", latest(&server).await), "{name}");
    assert_eq!(events(&last), Vec::<String>::new(), "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_client_records_reads_and_subscribes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = [
        ".npmrc",
        "codegen.mjs",
        "package-lock.json",
        "package.json",
        "src/client.ts",
        "src/feed.ts",
        "src/index.ts",
        "src/main.ts",
        "src/operations.graphql",
        "tsconfig.json",
    ];
    let folder = npm::install(&root.join("examples/typescript"), "client-typescript", &sources);
    let schema = root.join("schema.graphql");
    for arguments in
        [vec!["codegen.mjs", schema.to_str().expect("UTF-8")], vec!["node_modules/typescript/bin/tsc"]]
    {
        let output = Command::new("node").args(&arguments).current_dir(&folder).output();
        let output = output.expect("these tests need Node.js 20.19 or later");
        let stdout = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stdout));
    }
    run_scenario("typescript", "node", folder.join("dist/main.js"), 20, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_records_reads_and_subscribes() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python/main.py");
    // More than two pages.
    run_scenario("python", "python3", script, 250, false).await;
}

/// The examples of GraphiQL: each document is valid, and each of its roles gets a response.
#[test]
fn the_examples_of_graphiql_are_answered() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let server = Demo::start();
    let examples = root.join("web/examples.js").display().to_string();
    let schema = root.join("schema.graphql").display().to_string();
    let keys = serde_json::to_string(server.keys()).expect("JSON");
    let output = npm::run("examples.mjs", &[&examples, &schema, &server.url("/graphql"), &keys, DAY]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    println!("{stdout}");
    assert!(stdout.contains(": 6 groups, "), "{stdout}");
}
