//! The load generator: a process of its own, so that its processor time is measured apart from the server's.
//!
//! It reads a [`Plan`] from standard input, warms up, says `go`, runs for the time of the plan and says
//! what came of it.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::random::Random;

/// Stands in a body for a text that is different in each request.
pub(crate) const FRESH: &str = "@fresh@";
/// Most requests of one connection, whatever the time.
const REQUESTS_MAX: u32 = 1_000_000;
/// Longest wait for one answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// What to send, where, and for how long.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) key: String,
    /// Bodies to choose from, each as likely as another.
    pub(crate) bodies: Vec<String>,
    /// Text that a good answer has.
    pub(crate) expected: String,
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
    /// Tells this run's fresh texts from those of others.
    pub(crate) run: String,
}

/// What came of a plan.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Reported {
    pub(crate) answers: u64,
    pub(crate) micros: u64,
    /// The first answer that was not as expected.
    pub(crate) wrong: Option<String>,
}

/// The process: plan in, word out.
pub(crate) fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("a plan on standard input");
    let plan: Plan = serde_json::from_str(&text).expect("a plan");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let reported = tokio::task::LocalSet::new().block_on(&runtime, run(Rc::new(plan)));
    say(&serde_json::to_string(&reported).expect("numbers are JSON"));
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("standard output");
}

async fn run(plan: Rc<Plan>) -> Reported {
    let warm = Instant::now() + plan.warm_up;
    let connections: Vec<_> = (0..plan.connections)
        .map(|number| tokio::task::spawn_local(connection(Rc::clone(&plan), number, warm)))
        .collect();
    tokio::time::sleep_until(warm.into()).await;
    say("go");
    let mut reported = Reported::default();
    for connection in connections {
        match connection.await.expect("no connection panics") {
            Ok((answers, micros)) => {
                reported.answers += answers;
                reported.micros = reported.micros.max(micros);
            }
            Err(wrong) => reported.wrong = Some(wrong),
        }
    }
    reported
}

/// Answers after the warm-up, and the microseconds that they took.
async fn connection(plan: Rc<Plan>, number: usize, warm: Instant) -> Result<(u64, u64), String> {
    let mut random = Random::new(u64::try_from(number).unwrap_or(0) + 1);
    let mut stream = TcpStream::connect(plan.address).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let end = warm + plan.time;
    let mut answers = 0;
    let mut received = Vec::new();
    for request in 0..REQUESTS_MAX {
        let body = &plan.bodies[random.index(plan.bodies.len())];
        let body = body.replace(FRESH, &format!("{}-{number}-{request}", plan.run));
        let answer = tokio::time::timeout(ANSWER_TIME_MAX, ask(&mut stream, &plan, &body, &mut received));
        let answer =
            answer.await.map_err(|_| "no answer in time".to_owned())?.map_err(|error| error.to_string())?;
        if !answer.starts_with("HTTP/1.1 200") || !answer.contains(&plan.expected) {
            return Err(answer.chars().take(600).collect());
        }
        let now = Instant::now();
        if now >= end {
            break;
        }
        answers += u64::from(now > warm);
    }
    let micros = warm.elapsed().min(plan.time).as_micros();
    Ok((answers, u64::try_from(micros).unwrap_or(u64::MAX)))
}

async fn ask<'a>(
    stream: &mut TcpStream,
    plan: &Plan,
    body: &str,
    received: &'a mut Vec<u8>,
) -> std::io::Result<std::borrow::Cow<'a, str>> {
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Accept: application/graphql-response+json\r\nContent-Length: {}\r\n\r\n{body}",
        plan.path,
        plan.key,
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    received.clear();
    let mut end = None;
    while !end.is_some_and(|end: End| end.is_reached(received)) {
        if stream.read_buf(received).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if end.is_none()
            && let Some(head) = received.windows(4).position(|four| four == b"\r\n\r\n")
        {
            end = Some(End::of(&received[..head])?);
        }
    }
    Ok(String::from_utf8_lossy(received))
}

/// The end of an answer.
#[derive(Clone, Copy)]
enum End {
    /// After so many bytes.
    Whole(usize),
    /// After a part that is empty.
    InParts,
}

impl End {
    fn of(head: &[u8]) -> std::io::Result<Self> {
        let text = String::from_utf8_lossy(head).to_ascii_lowercase();
        let mut values = text.lines().filter_map(|line| line.split_once(':'));
        let found = values.find_map(|(name, value)| match (name, value.trim()) {
            ("content-length", length) => {
                length.parse::<usize>().ok().map(|length| Self::Whole(head.len() + 4 + length))
            }
            ("transfer-encoding", "chunked") => Some(Self::InParts),
            _ => None,
        });
        found.ok_or_else(|| std::io::Error::other("an answer without its length"))
    }

    fn is_reached(self, received: &[u8]) -> bool {
        match self {
            Self::Whole(length) => received.len() >= length,
            Self::InParts => received.ends_with(b"\r\n0\r\n\r\n"),
        }
    }
}
