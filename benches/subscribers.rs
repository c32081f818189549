//! The cost of subscribers: memory for each idle one, and the time for one change to reach all.
//!
//! `cargo bench --bench subscribers -- [SUBSCRIBERS]`, 1,000 without a number. Starts the real server on a
//! throwaway SQLite file, or on `DATABASE_URL` when that is set; everything stays on 127.0.0.1. The time
//! for all is printed with the time of the same number of sequential plain responses.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const KEY: &str = "an-administrator-of-the-bench";
type Failure = Box<dyn Error + Send + Sync>;
type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server, killed on drop.
struct Server {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let mut process = Command::new(env!("CARGO_BIN_EXE_partner-program"))
            .arg("serve")
            .current_dir(folder.path())
            .env("BIND", "127.0.0.1:0")
            .env("PROGRAM_TODAY", "2026-08-31")
            .env("BOOTSTRAP_ADMIN_KEY", KEY)
            .env("STREAMS_PER_KEY_MAX", "100000")
            .env("CONNECTIONS_MAX", "100000")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        let line = output.lines().map_while(Result::ok).find_map(|line| {
            line.strip_prefix("Listening on http://")?.strip_suffix("/graphql").map(str::to_owned)
        });
        Ok(Self { process, address: line.ok_or("the server does not listen")?, _folder: folder })
    }

    /// Its memory, in bytes.
    fn memory(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
    }

    async fn send(&self, client: &reqwest::Client, query: &str) -> Result<Value, Failure> {
        let request = client.post(format!("http://{}/graphql", self.address)).bearer_auth(KEY);
        let answer: Value = request.json(&json!({ "query": query })).send().await?.json().await?;
        if answer["errors"].is_null() { Ok(answer["data"].clone()) } else { Err(answer.to_string().into()) }
    }

    /// A socket that subscribes to the partner from an event number.
    async fn follow(&self, after: i64) -> Result<Socket, Failure> {
        let mut request = format!("ws://{}/graphql/ws", self.address).into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
        let (mut socket, _) = connect_async(request).await?;
        let init =
            json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {KEY}") } });
        socket.send(Message::text(init.to_string())).await?;
        next(&mut socket, "connection_ack").await?;
        let query = format!(
            "subscription {{ partnerChanged(code: \"followed\", after: {after}) {{ number partner {{ balance }} \
             ledgerEntry {{ spendableCredits }} }} }}"
        );
        let subscribe = json!({ "id": "1", "type": "subscribe", "payload": { "query": query } });
        socket.send(Message::text(subscribe.to_string())).await?;
        Ok(socket)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended either way.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// The next message of a type; others are skipped.
async fn next(socket: &mut Socket, kind: &str) -> Result<Value, Failure> {
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_close() {
            return Err(format!("closed: {message}").into());
        }
        let Ok(value) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default()) else {
            continue;
        };
        if value["type"] == kind {
            return Ok(value);
        }
    }
    Err("the socket ended".into())
}

const ENROL: &str = "mutation { createPartner(input: { code: \"followed\", name: \"F\", enrolledOn: \"2024-06-01\" }) \
                     { userErrors { message } } }";

fn record(number: usize) -> String {
    format!(
        "mutation {{ recordActivity(input: {{ subject: {{ partner: \"followed\" }}, kind: \"CUSTOMER_MEETING\", \
         occurredOn: \"2026-03-01\", source: \"bench\", externalId: \"{number}\" }}) {{ userErrors {{ message }} }} }}"
    )
}

async fn run(subscribers: usize) -> Result<(), Failure> {
    let server = Server::start()?;
    let client = reqwest::Client::new();
    server.send(&client, ENROL).await?;
    server.send(&client, &record(0)).await?;
    let latest = server.send(&client, "{ events(first: 0) { latestNumber } }").await?;
    let latest = latest["events"]["latestNumber"].as_i64().ok_or("no number")?;
    // What the server loads for the first socket is shared by all.
    let mut sockets = vec![server.follow(latest).await?];
    let before = server.memory()?;
    while sockets.len() <= subscribers {
        sockets.push(server.follow(latest).await?);
    }
    // A plain query at the end: everything sent before it has been processed by then.
    server.send(&client, "{ viewer { role } }").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = server.memory()?.saturating_sub(before) / u64::try_from(subscribers)?;
    println!("{subscribers} subscribers: {idle} bytes each, {} MB in all", server.memory()? >> 20);

    let mut times = Vec::new();
    for change in 1..=5 {
        let begun = Instant::now();
        server.send(&client, &record(change)).await?;
        let acknowledged = begun.elapsed();
        let reported = sockets.iter_mut().map(|socket| next(socket, "next"));
        for reported in futures_util::future::join_all(reported).await {
            let reported = reported?;
            if reported["payload"]["data"]["partnerChanged"]["ledgerEntry"]["spendableCredits"] != 1 {
                return Err(reported.to_string().into());
            }
        }
        times.push((begun.elapsed(), acknowledged));
    }
    let begun = Instant::now();
    for _ in 0..subscribers {
        server
            .send(
                &client,
                "{ partner(code: \"followed\") { balance ledger(last: 1) { nodes { spendableCredits } } } }",
            )
            .await?;
    }
    let plain = begun.elapsed();
    times.sort_unstable();
    let (all, acknowledged) = times[times.len() / 2];
    println!(
        "one change reached all in {all:?} (median of 5; acknowledged after {acknowledged:?}, slowest {:?})",
        times[4].0
    );
    // In hundredths, as integers.
    let ratio = plain.as_micros() * 100 / all.as_micros().max(1);
    println!(
        "as many plain queries one by one took {plain:?}: {}.{:02} times as long",
        ratio / 100,
        ratio % 100
    );
    println!("memory after it: {} MB", server.memory()? >> 20);
    Ok(())
}

fn main() -> ExitCode {
    let subscribers = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(1_000);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("subscribers: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(subscribers)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("subscribers: {error}");
            ExitCode::FAILURE
        }
    }
}
