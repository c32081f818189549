//! What an import costs those who write at the same time, and what it takes when nobody does.
//!
//! `cargo bench --bench import -- [SECONDS] [ROWS]`, 10 and 20,000 without numbers. Starts the real server on a
//! throwaway SQLite file, or on `DATABASE_URL` when that is set (an empty database), and imports files in a
//! process of its own, as an operator does. Eight callers record activities of eight partners, one after the
//! other: alone, and during an import of activities of the same partners and their professionals. Everything
//! stays on 127.0.0.1.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const KEY: &str = "an-administrator-of-the-bench";
const CALLERS: usize = 8;
const PROFESSIONALS: usize = 40;
type Failure = Box<dyn Error + Send + Sync>;

/// A process, killed on drop.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended either way.
        let _gone = self.0.kill().and_then(|()| self.0.wait());
    }
}

struct Bench {
    folder: tempfile::TempDir,
    url: String,
    _server: Process,
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partner-program"));
    command.current_dir(folder).env("PROGRAM_TODAY", "2026-08-31").stdout(Stdio::piped());
    command
}

impl Bench {
    fn start() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let mut serve = program(folder.path());
        serve.arg("serve").env("BIND", "127.0.0.1:0").env("BOOTSTRAP_ADMIN_KEY", KEY);
        serve.env("RATE_LIMIT_PER_MINUTE", "0");
        let mut server = Process(serve.spawn()?);
        let output = BufReader::new(server.0.stdout.take().ok_or("no output")?);
        let mut lines = output.lines().map_while(Result::ok);
        let url = lines.find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned));
        Ok(Self { url: url.ok_or("the server does not listen")?, folder, _server: server })
    }

    fn write(
        &self,
        name: &str,
        header: &str,
        rows: impl IntoIterator<Item = String>,
    ) -> Result<PathBuf, Failure> {
        let path = self.folder.path().join(name);
        let mut text = format!("{header}\n");
        for row in rows {
            writeln!(text, "{row}")?;
        }
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Activities in the order of a feed: professionals, and now and then a partner.
    fn activities(&self, name: &str, rows: usize) -> Result<PathBuf, Failure> {
        let rows = (0..rows).map(|row| {
            let day = format!("2026-{:02}-{:02}", 1 + row * 7 / rows, 1 + row % 28);
            match row % 10 {
                0 => format!("{name},{row},,partner-{},CUSTOMER_MEETING,{day}", row / 10 % CALLERS),
                _ => format!("{name},{row},person-{},,DOCS_CORRECTION,{day}", row * 7 % PROFESSIONALS),
            }
        });
        self.write(&format!("{name}.csv"), "source,external_id,professional,partner,kind,occurred_on", rows)
    }

    fn start_import(&self, files: &[PathBuf]) -> Result<Process, Failure> {
        Ok(Process(program(self.folder.path()).arg("import").args(files).stderr(Stdio::null()).spawn()?))
    }

    /// Imports files; how many rows were new, and how many were recorded before.
    fn import(&self, files: &[PathBuf]) -> Result<(u64, u64), Failure> {
        let output = program(self.folder.path()).arg("import").args(files).output()?;
        let text = String::from_utf8(output.stdout)?;
        let total = text.lines().last().unwrap_or_default();
        let numbers: Vec<u64> = total.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [recorded, duplicate, 0] => Ok((recorded, duplicate)),
            _ => Err(format!("the import refused rows: {text}").into()),
        }
    }

    fn subjects(&self) -> Result<(), Failure> {
        let partners = (0..CALLERS).map(|n| format!("partner-{n},Partner {n},2024-06-01"));
        let people = (0..PROFESSIONALS).map(|n| format!("person-{n},Person {n},p{n}@example.com,2025-01-01"));
        let works = (0..PROFESSIONALS).map(|n| format!("person-{n},partner-{},2025-01-01", n % CALLERS));
        let files = [
            self.write("partners.csv", "partner,name,enrolled_on", partners)?,
            self.write("people.csv", "professional,name,email,signed_up_on", people)?,
            self.write("works.csv", "professional,partner,starts_on", works)?,
        ];
        self.import(&files).map(drop)
    }

    /// Records activities by all callers until `done`.
    async fn live(&self, phase: &str, done: Arc<AtomicBool>) -> Result<Live, Failure> {
        let begun = Instant::now();
        let calls = (0..CALLERS).map(|caller| {
            let (url, done, phase) = (self.url.clone(), Arc::clone(&done), phase.to_owned());
            tokio::spawn(async move { record(&url, caller, &phase, &done).await })
        });
        let mut live = Live::default();
        for call in futures_util::future::join_all(calls).await {
            let (times, errors) = call?;
            live.times.extend(times);
            live.errors += errors;
        }
        live.times.sort_unstable();
        live.seconds = begun.elapsed();
        Ok(live)
    }
}

/// What callers saw.
#[derive(Default)]
struct Live {
    times: Vec<Duration>,
    errors: u64,
    seconds: Duration,
}

impl Live {
    /// Acknowledged writes in a second.
    fn rate(&self) -> u128 {
        self.times.len() as u128 * 1_000 / self.seconds.as_millis().max(1)
    }

    fn percentile(&self, percent: usize) -> u128 {
        let at = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).map_or(0, Duration::as_millis)
    }

    fn print(&self, what: &str) {
        println!(
            "{what}: {} writes/s, p50 {} ms, p95 {} ms, max {} ms, {} errors",
            self.rate(),
            self.percentile(50),
            self.percentile(95),
            self.percentile(100),
            self.errors
        );
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

async fn record(url: &str, caller: usize, phase: &str, done: &AtomicBool) -> (Vec<Duration>, u64) {
    let client = reqwest::Client::new();
    let query = "mutation($input: ActivityInput!) { recordActivity(input: $input) { activity { id } } }";
    let (mut times, mut errors) = (Vec::new(), 0);
    while !done.load(Ordering::Relaxed) {
        let input = json!({
            "subject": { "partner": format!("partner-{caller}") }, "kind": "CUSTOMER_MEETING",
            "occurredOn": "2026-08-01", "source": format!("live-{phase}"),
            "externalId": NEXT.fetch_add(1, Ordering::Relaxed).to_string(),
        });
        let begun = Instant::now();
        let request = client.post(url).bearer_auth(KEY);
        let sent = request.json(&json!({ "query": query, "variables": { "input": input } })).send().await;
        let answer: Option<Value> = match sent {
            Ok(answer) => answer.json().await.ok(),
            Err(_) => None,
        };
        if answer.is_some_and(|answer| answer["data"]["recordActivity"]["activity"]["id"].is_string()) {
            times.push(begun.elapsed());
        } else {
            errors += 1;
        }
    }
    (times, errors)
}

async fn run(seconds: u64, rows: usize) -> Result<(), Failure> {
    let bench = Bench::start()?;
    bench.subjects()?;
    let (warm, alone, busy) = (
        bench.activities("warm", 1_000)?,
        bench.activities("alone", rows)?,
        bench.activities("busy", rows * 2)?,
    );
    bench.import(&[warm])?;

    let begun = Instant::now();
    let (recorded, _) = bench.import(&[alone])?;
    let took = begun.elapsed();
    println!(
        "import alone: {recorded} rows in {took:.1?}, {} rows/s",
        u128::from(recorded) * 1_000 / took.as_millis()
    );

    let stop = |done: &Arc<AtomicBool>| {
        let done = Arc::clone(done);
        async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            done.store(true, Ordering::Relaxed);
        }
    };
    let done = Arc::default();
    let (live, ()) = tokio::join!(bench.live("alone", Arc::clone(&done)), stop(&done));
    let quiet = live?;
    quiet.print("callers alone");

    let done = Arc::default();
    let busy = [busy];
    let importing = bench.start_import(&busy)?;
    let (live, ()) = tokio::join!(bench.live("busy", Arc::clone(&done)), stop(&done));
    let (live, mut importing) = (live?, importing);
    let ended = importing.0.try_wait()?.is_some();
    drop(importing);
    live.print("callers during an import");
    println!(
        "kept: {} % of the rate{}",
        live.rate() * 100 / quiet.rate().max(1),
        if ended { " (the import ended)" } else { "" }
    );
    let (_, imported) = bench.import(&busy)?;
    println!("import meanwhile: {} rows/s", imported / seconds.max(1));
    Ok(())
}

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let (seconds, rows) = (numbers.next().unwrap_or(10), numbers.next().unwrap_or(20_000));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("import: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(seconds, usize::try_from(rows).unwrap_or(20_000))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("import: {error}");
            ExitCode::FAILURE
        }
    }
}
