//! Acknowledged changes are stored and emitted exactly once in the feed, however often the server is killed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::database::with_postgres;
use crate::server::{KEY, Server};

const WRITERS: usize = 8;
const BATCHES: usize = 50;
const BATCH: usize = 25;
const CHANGES: usize = WRITERS * BATCHES * BATCH;
const KILLS: usize = 5;
/// Generous for a loaded machine; ends a hanging test.
const TIMEOUT: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_changes_are_emitted_once_despite_kills_on_sqlite() {
    changes_are_emitted_once(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_changes_are_emitted_once_despite_kills_on_postgres() {
    with_postgres(async |url| changes_are_emitted_once(&[("DATABASE_URL", &url)]).await).await;
}

async fn changes_are_emitted_once(settings: &[(&str, &str)]) {
    let mut settings = settings.to_vec();
    settings.push(("PROGRAM_TODAY", "2026-08-31"));
    let mut server = Server::start(&settings);
    for writer in 0..WRITERS {
        let mutation = format!(
            "mutation {{ createPartner(input: {{ code: \"p{writer}\", name: \"P\", enrolledOn: \"2024-06-01\" }}) \
             {{ userErrors {{ code }} }} }}"
        );
        assert_eq!(server.query(&mutation).await.body["data"]["createPartner"]["userErrors"], json!([]));
    }
    let acknowledged: Vec<AtomicUsize> = (0..WRITERS).map(|_| AtomicUsize::new(0)).collect();
    let mut reader = Reader::default();
    for round in 1..=KILLS + 1 {
        let goal = if round > KILLS { WRITERS * BATCHES } else { round * WRITERS * BATCHES / (KILLS + 1) };
        let writers = futures_util::future::join_all(
            (0..WRITERS).map(|writer| record_batches(&server, writer, &acknowledged)),
        );
        let killer = async {
            while acknowledged.iter().map(|batches| batches.load(Ordering::Relaxed)).sum::<usize>() < goal {
                tokio::task::yield_now().await;
            }
            if round <= KILLS {
                server.kill();
            }
        };
        let all = async { tokio::join!(writers, killer, reader.read(&server, round > KILLS)) };
        tokio::time::timeout(TIMEOUT, all).await.expect("a round ends");
        if round <= KILLS {
            server = server.restart(false);
        }
    }
    assert_eq!(reader.recorded.len(), CHANGES);
    assert_eq!(reader.entries, CHANGES);
}

/// Sends a request; none when the server has been killed.
async fn try_send(server: &Server, body: &Value) -> Option<Value> {
    let client = reqwest::Client::new().post(server.url("/graphql")).bearer_auth(KEY).json(body);
    let answer: Value = client.send().await.ok()?.json().await.ok()?;
    // A response in flight during the kill may report that the database is closed.
    answer["errors"].is_null().then_some(answer)
}

/// Records batches until all are acknowledged or the server is killed. An unacknowledged batch is retried
/// in the next round: its external ids make it idempotent.
async fn record_batches(server: &Server, writer: usize, acknowledged: &[AtomicUsize]) {
    const RECORD: &str = "mutation($input: RecordActivitiesInput!) { recordActivities(input: $input) { \
        results { activity { id } userErrors { code } } userErrors { code } } }";
    loop {
        let batch = acknowledged[writer].load(Ordering::Relaxed);
        if batch == BATCHES {
            return;
        }
        let activity = |index: usize| {
            json!({
                "subject": { "partner": format!("p{writer}") }, "kind": "CUSTOMER_MEETING", "occurredOn": "2026-03-01",
                "source": "kills", "externalId": format!("{writer}-{batch}-{index}"),
            })
        };
        let activities: Vec<Value> = (0..BATCH).map(activity).collect();
        let body = json!({ "query": RECORD, "variables": { "input": { "activities": activities } } });
        let Some(answer) = try_send(server, &body).await else { return };
        let results = answer["data"]["recordActivities"]["results"].as_array().expect("results");
        assert!(results.iter().all(|result| result["activity"]["id"].is_string()), "{answer}");
        acknowledged[writer].store(batch + 1, Ordering::Relaxed);
    }
}

/// A reader that keeps its last number across restarts of the server.
#[derive(Default)]
struct Reader {
    last: i64,
    recorded: HashSet<String>,
    entries: usize,
}

impl Reader {
    /// Reads until the server is killed or, in the last round, until all events were read.
    async fn read(&mut self, server: &Server, is_last_round: bool) {
        const NEXT: &str =
            "query($after: EventNumber) { events(after: $after, first: 100) { nodes { number type data } } }";
        while !(is_last_round && self.recorded.len() == CHANGES && self.entries == CHANGES) {
            let body = json!({ "query": NEXT, "variables": { "after": self.last } });
            let Some(answer) = try_send(server, &body).await else { return };
            for event in answer["data"]["events"]["nodes"].as_array().expect("events") {
                assert_eq!(event["number"], self.last + 1, "the next number");
                self.last += 1;
                let id = event["data"]["activity"]["externalId"].as_str().unwrap_or_default();
                match event["type"].as_str() {
                    Some("ACTIVITY_RECORDED") => assert!(self.recorded.insert(id.to_owned()), "{id} twice"),
                    Some("CREDITS_CHANGED") => self.entries += 1,
                    _ => {}
                }
            }
        }
    }
}
