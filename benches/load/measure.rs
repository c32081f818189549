//! One figure: the product and those that it is compared with by turns, from a load generator of its own process.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::client::{Plan, Reported};
use crate::database::Database;
use crate::processes;
use crate::product::KEY;

/// How often each of them is measured.
const ROUNDS: u32 = 2;

/// What is sent to one of the servers.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The server's process; none if it is this one.
    pub(crate) process: Option<u32>,
    pub(crate) path: &'static str,
    pub(crate) bodies: Vec<String>,
    pub(crate) expected: &'static str,
}

/// Requests in a time, and what they cost the server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// In a second.
    pub(crate) requests: u64,
    /// Processor time of the server for one request, in microseconds.
    pub(crate) micros: u64,
    /// That of the database's processes, where they are not the server's.
    pub(crate) database: u64,
}

/// Measures servers by turns and gives the medians.
pub(crate) async fn by_turns(
    database: &Database,
    targets: &[&Target],
    connections: usize,
    time: Duration,
) -> Result<Vec<Rate>, String> {
    let mut rates = vec![Vec::new(); targets.len()];
    for _ in 0..ROUNDS {
        for (target, rates) in targets.iter().zip(&mut rates) {
            rates.push(once(database, target, connections, time).await?);
        }
    }
    Ok(rates.into_iter().map(median).collect())
}

fn median(mut rates: Vec<Rate>) -> Rate {
    let mut middle = |key: fn(&Rate) -> u64| {
        rates.sort_by_key(key);
        let (low, high) = (&rates[(rates.len() - 1) / 2], &rates[rates.len() / 2]);
        key(low).midpoint(key(high))
    };
    Rate {
        requests: middle(|rate| rate.requests),
        micros: middle(|rate| rate.micros),
        database: middle(|rate| rate.database),
    }
}

/// Measures one server once.
pub(crate) async fn once(
    database: &Database,
    target: &Target,
    connections: usize,
    time: Duration,
) -> Result<Rate, String> {
    let plan = Plan {
        address: target.address,
        path: target.path.to_owned(),
        key: KEY.to_owned(),
        bodies: target.bodies.clone(),
        expected: target.expected.to_owned(),
        connections,
        warm_up: Duration::from_secs(1),
        time,
        run: format!("{:x}", uuid::Uuid::now_v7().as_u128() & 0xffff_ffff_ffff),
    };
    let failed = |error: std::io::Error| format!("the load generator: {error}");
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = Command::new(program)
        .arg("client")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let plan = serde_json::to_string(&plan).expect("a plan is JSON");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(plan.as_bytes()).await.map_err(failed)?;
    drop(input);
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    lines.next_line().await.map_err(failed)?;
    let spent = || [processes::of(target.process), processes::of_database(database)];
    let before = spent();
    let line = lines.next_line().await.map_err(failed)?.ok_or("the load generator stopped early")?;
    let after = spent();
    child.wait().await.map_err(failed)?;
    let reported: Reported = serde_json::from_str(&line).map_err(|error| error.to_string())?;
    match reported.wrong {
        Some(wrong) => Err(format!("{}: {wrong}", target.path)),
        None if reported.answers == 0 => Err(format!("{}: no answer at all", target.path)),
        None => {
            let [micros, database] = [0, 1].map(|place: usize| {
                let spent = after[place].saturating_sub(before[place]).as_micros();
                u64::try_from(spent).unwrap_or(u64::MAX) / reported.answers
            });
            let requests = reported.answers * 1_000_000 / reported.micros.max(1);
            Ok(Rate { requests, micros, database })
        }
    }
}
