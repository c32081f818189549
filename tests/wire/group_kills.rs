//! Activities that are recorded one by one by many callers, and so booked together, survive kills: what was acknowledged is
//! there once, and nothing else is there twice or by half.
//!
//! `KILLS` is how often the server is killed on each database, and `PROGRAM` another build of it: an optimised one is
//! killed a thousand times in minutes.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::database::with_postgres;
use crate::server::{KEY, Server};

const CALLERS: usize = 16;
/// The first callers share a partner, so that one group books it several times; the others have one each.
const OF_ONE_PARTNER: usize = 6;
/// Acknowledged activities between two kills, at least and at most.
const BETWEEN: (usize, usize) = (20, 90);
/// Generous for a loaded machine; ends a hanging test.
const TIMEOUT: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_booked_together_survives_kills_on_sqlite() {
    survives_kills(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_booked_together_survives_kills_on_postgres() {
    with_postgres(async |url| survives_kills(&[("DATABASE_URL", &url)]).await).await;
}

async fn survives_kills(settings: &[(&str, &str)]) {
    let kills: usize = std::env::var("KILLS").map_or(4, |kills| kills.parse().expect("KILLS is a number"));
    let mut settings = settings.to_vec();
    settings.push(("PROGRAM_TODAY", "2026-08-31"));
    let mut server = Server::start(&settings);
    for partner in 0..CALLERS {
        let mutation = format!(
            "mutation {{ createPartner(input: {{ code: \"p{partner}\", name: \"P\", enrolledOn: \"2024-06-01\" }}) \
             {{ userErrors {{ code }} }} }}"
        );
        assert_eq!(server.query(&mutation).await.body["data"]["createPartner"]["userErrors"], json!([]));
    }
    let acknowledged: Vec<AtomicUsize> = (0..CALLERS).map(|_| AtomicUsize::new(0)).collect();
    let sum = || acknowledged.iter().map(|one| one.load(Ordering::Relaxed)).sum::<usize>();
    let client = reqwest::Client::new();
    for kill in 0..kills {
        // Another moment within a group each time.
        let goal = sum() + BETWEEN.0 + (kill * 37) % (BETWEEN.1 - BETWEEN.0);
        let callers =
            (0..CALLERS).map(|caller| record_until_killed(&client, &server, caller, &acknowledged[caller]));
        let killer = async {
            while sum() < goal {
                tokio::task::yield_now().await;
            }
            server.kill();
        };
        let round = async { tokio::join!(futures_util::future::join_all(callers), killer) };
        tokio::time::timeout(TIMEOUT, round).await.expect("a round ends");
        server = server.restart(false);
    }
    let recorded = recorded(&client, &server).await;
    for (caller, count) in acknowledged.iter().enumerate() {
        for index in 0..count.load(Ordering::Relaxed) {
            assert!(
                recorded.contains(&id(caller, index)),
                "{} was acknowledged and is lost",
                id(caller, index)
            );
        }
    }
    // A caller has at most one activity in flight when the server is killed, which it sends again.
    assert!(recorded.len() <= sum() + CALLERS, "{} are recorded, {} acknowledged", recorded.len(), sum());
    let verified = server.command(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    println!("{kills} kills: {} acknowledged, {} recorded, none lost", sum(), recorded.len());
}

fn id(caller: usize, index: usize) -> String {
    format!("{caller}-{index}")
}

/// The answer; none when the server has been killed.
async fn send(client: &reqwest::Client, server: &Server, body: &Value) -> Option<Value> {
    let request = client.post(server.url("/graphql")).bearer_auth(KEY).json(body);
    let answer: Value = request.send().await.ok()?.json().await.ok()?;
    // An answer in flight during the kill may say that the database is away.
    answer["errors"].is_null().then_some(answer)
}

async fn record_until_killed(
    client: &reqwest::Client,
    server: &Server,
    caller: usize,
    acknowledged: &AtomicUsize,
) {
    const RECORD: &str = "mutation($input: ActivityInput!) { recordActivity(input: $input) { \
        activity { id } userErrors { code } } }";
    let partner = if caller < OF_ONE_PARTNER { 0 } else { caller };
    loop {
        let index = acknowledged.load(Ordering::Relaxed);
        let input = json!({
            "subject": { "partner": format!("p{partner}") }, "kind": "CUSTOMER_MEETING", "occurredOn": "2026-03-01",
            "source": "kills", "externalId": id(caller, index),
        });
        let Some(answer) =
            send(client, server, &json!({ "query": RECORD, "variables": { "input": input } })).await
        else {
            return;
        };
        assert!(answer["data"]["recordActivity"]["activity"]["id"].is_string(), "{answer}");
        acknowledged.store(index + 1, Ordering::Relaxed);
    }
}

/// The activities that the feed says were recorded, each of them once and in a feed without a gap.
async fn recorded(client: &reqwest::Client, server: &Server) -> HashSet<String> {
    const NEXT: &str = "query($after: EventNumber) { events(after: $after, first: 100) { nodes { number type data } \
        pageInfo { hasNextPage } } activities { totalCount } }";
    let mut recorded = HashSet::new();
    let mut last = 0;
    loop {
        let body = json!({ "query": NEXT, "variables": { "after": last } });
        let answer = send(client, server, &body).await.expect("an answer");
        for event in answer["data"]["events"]["nodes"].as_array().expect("events") {
            assert_eq!(event["number"], last + 1, "the next number");
            last += 1;
            if event["type"] == "ACTIVITY_RECORDED" {
                let id = event["data"]["activity"]["externalId"].as_str().expect("an id");
                assert!(recorded.insert(id.to_owned()), "{id} is in the feed twice");
            }
        }
        if answer["data"]["events"]["pageInfo"]["hasNextPage"] == false {
            assert_eq!(
                answer["data"]["activities"]["totalCount"],
                recorded.len(),
                "activities and their events"
            );
            return recorded;
        }
    }
}
