//! Three processes on a primary with a synchronous standby. The primary dies under load, the standby is promoted, and
//! the address leads to it: nothing acknowledged is lost, queries go on meanwhile, and events stay in order.
//!
//! `FAILOVER_SECONDS=20 ./test --test postgres failover -- --nocapture` writes for so long before, and prints the figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Json, State};
use axum::routing::post;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::Notify;

use crate::address::Address;
use crate::cluster::{Cluster, Stop};
use crate::server::Server;

const PROCESSES: usize = 3;
const PARTNERS: usize = 6;
const WRITERS: usize = 12;
const READERS: usize = 6;
/// Acknowledged writes before the primary dies, and after the address leads to the new one.
const WRITES: usize = 200;
/// Queries that are answered while there is no primary.
const READS: usize = 300;
/// Maximum time until the processes have noticed that the primary is away.
const NOTICED_IN: Duration = Duration::from_secs(2);
/// Maximum time for which a query is under way.
const UNDER_WAY_MAX: Duration = Duration::from_millis(500);
/// Maximum time from the new address to the last failed request.
const RECOVERY_MAX: Duration = Duration::from_secs(10);
/// Interval of questions whether something has happened.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Ends a hanging test.
const TIMEOUT: Duration = Duration::from_mins(2);

/// A query that was not answered.
struct Failed {
    began: Instant,
    text: String,
}

#[derive(Default)]
struct Seen {
    /// Ids of acknowledged activities.
    acknowledged: Vec<String>,
    failed_reads: Vec<Failed>,
}

struct Load<'a> {
    servers: &'a [Server],
    seen: Mutex<Seen>,
    writes: AtomicUsize,
    reads: AtomicUsize,
    changed: Notify,
    is_over: AtomicBool,
}

impl Load<'_> {
    /// Records activities, each again until it is acknowledged.
    async fn write(&self, writer: usize) {
        let server = &self.servers[writer % PROCESSES];
        for count in 0.. {
            let id = format!("{writer}-{count}");
            loop {
                if self.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let answer = server.record(&format!("p{}", writer % PARTNERS), &id).await;
                let is_done =
                    answer.data.is_some_and(|data| data["recordActivity"]["activity"]["id"].is_string());
                if is_done {
                    break;
                }
            }
            self.seen.lock().expect("the figures").acknowledged.push(id);
            self.writes.fetch_add(1, Ordering::Relaxed);
            self.changed.notify_one();
        }
    }

    async fn read(&self, reader: usize, key: &str) {
        const BALANCE: &str = "query($code: String!) { partner(code: $code) { balance } }";
        let server = &self.servers[reader % PROCESSES];
        let code = json!({ "code": format!("p{}", reader % PARTNERS) });
        while !self.is_over.load(Ordering::Relaxed) {
            let began = Instant::now();
            let answer = server.send_as(key, None, BALANCE, code.clone()).await;
            if answer.data.is_some() {
                self.reads.fetch_add(1, Ordering::Relaxed);
                self.changed.notify_one();
            } else {
                let failed = Failed { began, text: answer.text };
                self.seen.lock().expect("the figures").failed_reads.push(failed);
            }
        }
    }

    /// Waits until a counter has grown by a number.
    async fn grown(&self, what: &str, counter: &AtomicUsize, by: usize) {
        let from = counter.load(Ordering::Relaxed);
        let growing = async {
            while counter.load(Ordering::Relaxed) < from + by {
                self.changed.notified().await;
            }
        };
        if tokio::time::timeout(TIMEOUT, growing).await.is_err() {
            let seen = self.seen.lock().expect("the figures");
            panic!("no {what}: {:?}", seen.failed_reads.last().map(|failed| &failed.text));
        }
    }
}

/// What a receiver of webhooks got.
#[derive(Default)]
struct Got {
    numbers: BTreeSet<i64>,
    /// The numbers of events by partner, in the order in which they came first.
    by_partner: BTreeMap<String, Vec<i64>>,
}

type Received = Arc<Mutex<Got>>;

async fn receive(State(received): State<Received>, Json(body): Json<Value>) {
    let number = body["data"]["number"].as_i64().expect("a number");
    let partner = body["data"]["partner"].as_str().unwrap_or("none").to_owned();
    let mut got = received.lock().expect("a list");
    // An attempt whose acknowledgement was lost is made again.
    if got.numbers.insert(number) {
        got.by_partner.entry(partner).or_default().push(number);
    }
}

async fn start_receiver(received: &Received) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
    let router = Router::new().route("/hooks", post(receive)).with_state(Arc::clone(received));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// From now on the primary acknowledges what the standby has.
async fn make_synchronous(primary: &Cluster) {
    let mut session = primary.connect("postgres").await;
    session.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'").await.expect("a setting");
    session.execute("SELECT pg_reload_conf()").await.expect("a setting in force");
    loop {
        let states: Vec<String> = sqlx::query_scalar("SELECT sync_state FROM pg_stat_replication")
            .fetch_all(&mut session)
            .await
            .expect("a read");
        if states == ["sync"] {
            break;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    session.close().await.expect("a session ends");
}

/// What the new primary has of what was acknowledged.
async fn check(session: &mut PgConnection, acknowledged: &[String]) {
    let stored: Vec<(String, i64)> = sqlx::query_as(
        "SELECT a.external_id, count(e.id) FROM activities a LEFT JOIN ledger_entries e ON e.activity_id = a.id \
         GROUP BY a.id, a.external_id",
    )
    .fetch_all(&mut *session)
    .await
    .expect("a read");
    let count = stored.len();
    let stored: BTreeMap<String, i64> = stored.into_iter().collect();
    assert_eq!(stored.len(), count, "an activity is there twice");
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !stored.contains_key(*id)).collect();
    assert_eq!(lost, Vec::<&String>::new(), "of {} acknowledged", acknowledged.len());
    let doubled: Vec<_> = stored.iter().filter(|(_, entries)| **entries > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
}

/// The events of the new primary, and the webhooks that came of them; returns how many.
async fn check_events(session: &mut PgConnection, received: &Received) -> usize {
    let feed: (i64, i64, i64) = sqlx::query_as("SELECT min(number), max(number), count(number) FROM events")
        .fetch_one(&mut *session)
        .await
        .expect("a read");
    assert_eq!((feed.0, feed.1), (1, feed.2), "numbers have no gap");
    let disordered: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT number, lag(number) OVER (PARTITION BY partner_id ORDER BY id) AS before \
         FROM events) e WHERE number < before",
    )
    .fetch_one(&mut *session)
    .await
    .expect("a read");
    assert_eq!(disordered, 0, "the events of a partner are in the order in which they were written");
    let expected: Vec<i64> =
        sqlx::query_scalar("SELECT number FROM events WHERE kind = 'ACTIVITY_RECORDED' ORDER BY number")
            .fetch_all(&mut *session)
            .await
            .expect("a read");
    let since = Instant::now();
    while received.lock().expect("a list").numbers.len() < expected.len() {
        assert!(since.elapsed() < TIMEOUT, "webhooks are missing");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let got = received.lock().expect("a list");
    assert_eq!(got.numbers.iter().copied().collect::<Vec<_>>(), expected);
    for (partner, numbers) in &got.by_partner {
        assert!(numbers.is_sorted(), "{partner}: {numbers:?}");
    }
    assert_eq!(got.by_partner.len(), PARTNERS);
    expected.len()
}

/// Processes that read from the standby, with partners and a webhook endpoint.
async fn processes(address: &Address, standby: &Cluster, hook: &str) -> Vec<Server> {
    const ENDPOINT: &str = "mutation($url: String!) { createWebhookEndpoint(input: { url: $url, description: \"d\", \
        types: [ACTIVITY_RECORDED] }) { userErrors { message } } }";
    let (url, replica) = (address.url("failover"), standby.url("failover"));
    let settings = [
        ("DATABASE_URL", &*url),
        ("DATABASE_REPLICA_URL", &*replica),
        ("DATABASE_REPLICA_LAG_MAX", "30s"),
        // In the end all of them lead to one server.
        ("DATABASE_READ_CONNECTIONS_MAX", "4"),
        ("DATABASE_WRITE_CONNECTIONS_MAX", "4"),
        ("WEBHOOKS_TO_PRIVATE", "true"),
    ];
    let servers: Vec<Server> = (0..PROCESSES).map(|_| Server::start_with(&settings)).collect();
    for partner in 0..PARTNERS {
        servers[0].create_partner(&format!("p{partner}")).await;
    }
    let made = servers[0].send(ENDPOINT, json!({ "url": hook })).await.ok();
    assert_eq!(made["createWebhookEndpoint"]["userErrors"], json!([]));
    for server in &servers {
        let since = Instant::now();
        while server.metric("partner_program_replica_in_use").await != Some(1.0) {
            assert!(since.elapsed() < TIMEOUT, "{}", server.log());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
    servers
}

/// When the primary died, and when the address led to the new one.
struct Times {
    killed: Instant,
    back: Instant,
}

impl Load<'_> {
    /// The primary dies, the standby is promoted, and the address leads to it.
    async fn fail_over(&self, primary: &mut Cluster, standby: &Cluster, address: &Address) -> Times {
        let killed = Instant::now();
        tokio::task::block_in_place(|| primary.stop(Stop::Immediate));
        // After the last answers that were under way.
        while killed.elapsed() < NOTICED_IN {
            self.grown("queries without a primary", &self.reads, 1).await;
        }
        self.grown("queries without a primary", &self.reads, READS).await;
        for server in self.servers {
            assert_eq!(server.ready().await, 200, "a balancer goes on sending queries");
        }
        let mut session = standby.connect("failover").await;
        let promoted: bool = sqlx::query_scalar("SELECT pg_promote(true, 60)")
            .fetch_one(&mut session)
            .await
            .expect("a promotion");
        assert!(promoted);
        session.close().await.expect("a session ends");
        self.grown("queries of the promoted standby", &self.reads, READS).await;
        // The new primary waits for no standby: it was not asked to.
        let back = Instant::now();
        address.lead_to(standby.address());
        self.grown("writes after the failover", &self.writes, WRITES).await;
        self.grown("queries after the failover", &self.reads, READS).await;
        Times { killed, back }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_loses_nothing_and_queries_go_on() {
    let seconds = std::env::var("FAILOVER_SECONDS").map_or(0, |text| text.parse().expect("a number"));
    let mut primary = Cluster::start();
    primary.create("failover").await;
    drop(Server::start(&primary.url("failover")));
    let standby = Cluster::standby_of(&primary, "standby", &[]);
    make_synchronous(&primary).await;
    let address = Address::start(primary.address()).await;
    let received = Received::default();
    let servers = processes(&address, &standby, &start_receiver(&received).await).await;
    let keys: Vec<String> = join_all((0..READERS).map(|_| servers[0].key("reader"))).await;

    let load = Load {
        servers: &servers,
        seen: Mutex::default(),
        writes: AtomicUsize::new(0),
        reads: AtomicUsize::new(0),
        changed: Notify::new(),
        is_over: AtomicBool::new(false),
    };
    let writers = join_all((0..WRITERS).map(|writer| load.write(writer)));
    let readers = join_all(keys.iter().enumerate().map(|(reader, key)| load.read(reader, key)));
    let story = async {
        let since = Instant::now();
        load.grown("writes", &load.writes, WRITES).await;
        while since.elapsed() < Duration::from_secs(seconds) {
            load.grown("writes", &load.writes, WRITES).await;
        }
        let before = load.writes.load(Ordering::Relaxed);
        let times = load.fail_over(&mut primary, &standby, &address).await;
        load.is_over.store(true, Ordering::Relaxed);
        (before, times)
    };
    let (_, _, (before, Times { killed, back })) = tokio::join!(writers, readers, story);
    let Seen { acknowledged, failed_reads } = load.seen.into_inner().expect("the figures");

    let mut session = standby.connect("failover").await;
    check(&mut session, &acknowledged).await;
    // Queries that were under way when the primary died, or when the address changed, may have failed; others not.
    let is_under_way = |began: Instant, at: Instant| began + UNDER_WAY_MAX >= at;
    let may_fail = |began: Instant| {
        is_under_way(began, killed) && began < killed + NOTICED_IN || is_under_way(began, back)
    };
    let wrong: Vec<&Failed> = failed_reads.iter().filter(|failed| !may_fail(failed.began)).collect();
    let first = wrong.first().map(|failed| &failed.text);
    assert!(wrong.is_empty(), "{} of {}, such as {first:?}", wrong.len(), failed_reads.len());
    let last = failed_reads.iter().map(|failed| failed.began).max();
    let recovery = last.map_or(Duration::ZERO, |last| last.saturating_duration_since(back));
    let last = failed_reads.last().map(|failed| &failed.text);
    assert!(recovery <= RECOVERY_MAX, "{recovery:?}, {last:?}");
    let webhooks = check_events(&mut session, &received).await;
    println!(
        "{} acknowledged, {before} of them before the failover: 0 lost, 0 doubled; {} queries answered, {} failed; \
         {:?} without a primary; the last query failed {recovery:?} after the new address; {webhooks} webhooks in order",
        acknowledged.len(),
        load.reads.load(Ordering::Relaxed),
        failed_reads.len(),
        back.saturating_duration_since(killed),
    );
    session.close().await.expect("a session ends");
}
