//! What those notice who read and write while a document is tried.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};

use crate::Failure;
use crate::data::{Data, partner, professional};
use crate::product::KEY;
use crate::random::Random;

/// Callers at once; each reads a partner and records an activity by turns.
const CALLERS: u32 = 4;
/// How long they are measured alone.
const ALONE: Duration = Duration::from_secs(5);

const READ: &str = "query($code: String!) { partner(code: $code) { code standing { overall { code } } balance \
    ledger(last: 20) { nodes { effectiveOn levelCredits explanation } } } }";
const RECORD: &str =
    "mutation($input: ActivityInput!) { recordActivity(input: $input) { userErrors { message } } }";

/// Measures callers alone and during a trial, and prints both.
pub(crate) fn print(
    runtime: &Runtime,
    data: &Data,
    address: SocketAddr,
    begin: impl FnOnce() -> JoinHandle<Result<(), String>>,
) -> Result<(), Failure> {
    let callers =
        Callers { client: Client::new(), url: format!("http://{address}/graphql"), data: data.clone() };
    let callers = Arc::new(callers);
    let numbers = Arc::new(AtomicU32::new(0));
    runtime.block_on(callers.measure(&numbers, Until::Passed(Duration::from_secs(1))))?;
    let alone = runtime.block_on(callers.measure(&numbers, Until::Passed(ALONE)))?;
    let during = runtime.block_on(callers.measure(&numbers, Until::Ended(begin())))?;
    for (name, [reads, writes]) in [("alone", alone), ("during a trial", during)] {
        println!(
            "{CALLERS} callers {name:<18} reads p50 {:.1?}, p95 {:.1?}; writes p50 {:.1?}, p95 {:.1?}",
            share(&reads, 50),
            share(&reads, 95),
            share(&writes, 50),
            share(&writes, 95)
        );
    }
    Ok(())
}

enum Until {
    Passed(Duration),
    Ended(JoinHandle<Result<(), String>>),
}

struct Callers {
    client: Client,
    url: String,
    data: Data,
}

impl Callers {
    /// How long reads and writes took, in order.
    async fn measure(
        self: &Arc<Self>,
        numbers: &Arc<AtomicU32>,
        until: Until,
    ) -> Result<[Vec<Duration>; 2], Failure> {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (this, numbers, stopped) = (Arc::clone(self), Arc::clone(numbers), stopped.clone());
            callers.spawn(async move {
                let mut times = [Vec::new(), Vec::new()];
                while !*stopped.borrow() {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    let bodies = this.bodies(number);
                    for (body, times) in bodies.into_iter().zip(&mut times) {
                        let began = Instant::now();
                        this.send(&body).await.map_err(|error| error.to_string())?;
                        times.push(began.elapsed());
                    }
                }
                Ok::<_, String>(times)
            });
        }
        match until {
            Until::Passed(time) => tokio::time::sleep(time).await,
            Until::Ended(task) => task.await??,
        }
        stop.send(true)?;
        let mut all = [Vec::new(), Vec::new()];
        while let Some(times) = callers.join_next().await {
            for (all, times) in all.iter_mut().zip(times??) {
                all.extend(times);
            }
        }
        for times in &mut all {
            times.sort_unstable();
        }
        Ok(all)
    }

    fn bodies(&self, number: u32) -> [Value; 2] {
        let mut random = Random::new(u64::from(number));
        let code = partner(random.below(self.data.partners));
        let person = professional(random.below(self.data.professionals));
        let input = json!({
            "subject": { "professional": person }, "kind": "KATA_COMPLETED", "occurredOn": self.data.today,
            "source": "live", "externalId": format!("live-{number}"),
        });
        [
            json!({ "query": READ, "variables": { "code": code } }),
            json!({ "query": RECORD, "variables": { "input": input } }),
        ]
    }

    async fn send(&self, body: &Value) -> Result<(), Failure> {
        let answer = self.client.post(&self.url).bearer_auth(KEY).json(body).send().await?;
        let answer: Value = answer.json().await?;
        let is_refused = answer.pointer("/data/recordActivity/userErrors/0").is_some();
        if answer.get("errors").is_some() || is_refused {
            return Err(format!("an answer has errors: {answer}").into());
        }
        Ok(())
    }
}

/// The time that so many percent did not exceed.
fn share(times: &[Duration], percent: usize) -> Duration {
    let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or_default()
}
