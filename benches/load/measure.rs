//! One figure: the product and its limit by turns, from a load generator of its own process.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::client::{Plan, Reported};
use crate::product::KEY;

/// How often each of both is measured.
const ROUNDS: u32 = 2;

/// What is sent to one of the servers.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    pub(crate) bodies: Vec<String>,
    pub(crate) expected: &'static str,
}

/// Requests in a time, and what they cost the server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// In a second.
    pub(crate) requests: u64,
    /// Processor time of the server for one request, in microseconds; the database's is not in it.
    pub(crate) micros: u64,
}

/// Measures the product and its limit by turns and gives the medians.
pub(crate) async fn by_turns(
    product: &Target,
    limit: &Target,
    connections: usize,
    time: Duration,
) -> Result<[Rate; 2], String> {
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (target, rates) in [product, limit].into_iter().zip(&mut rates) {
            rates.push(once(target, connections, time).await?);
        }
    }
    Ok(rates.map(median))
}

fn median(mut rates: Vec<Rate>) -> Rate {
    let mut middle = |key: fn(&Rate) -> u64| {
        rates.sort_by_key(key);
        let (low, high) = (&rates[(rates.len() - 1) / 2], &rates[rates.len() / 2]);
        key(low).midpoint(key(high))
    };
    Rate { requests: middle(|rate| rate.requests), micros: middle(|rate| rate.micros) }
}

/// Measures one server once.
pub(crate) async fn once(target: &Target, connections: usize, time: Duration) -> Result<Rate, String> {
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
    let before = processor_time();
    let line = lines.next_line().await.map_err(failed)?.ok_or("the load generator stopped early")?;
    let spent = processor_time().saturating_sub(before);
    child.wait().await.map_err(failed)?;
    let reported: Reported = serde_json::from_str(&line).map_err(|error| error.to_string())?;
    match reported.wrong {
        Some(wrong) => Err(format!("{}: {wrong}", target.path)),
        None if reported.answers == 0 => Err(format!("{}: no answer at all", target.path)),
        None => Ok(Rate {
            requests: reported.answers * 1_000_000 / reported.micros.max(1),
            micros: spent.saturating_mul(1_000) / reported.answers,
        }),
    }
}

/// Processor time of this process so far, in milliseconds. The kernel counts in hundredths of a second.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    // Fields 14 and 15 of proc(5), counted from the third.
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    ticks.sum::<u64>() * 10
}
