//! The database restarts under load: nothing acknowledged is lost, and once it is back no request fails.
//!
//! `RESTARTS=60 ./test --test postgres restarts -- --nocapture` restarts it 60 times and prints the figures.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sqlx::Connection;
use tokio::sync::Notify;

use crate::cluster::{Cluster, Stop};
use crate::server::Server;

const PARTNERS: usize = 8;
const WRITERS: usize = 16;
const READERS: usize = 4;
/// Maximum time from the database's return to the last failed request.
const RECOVERY_MAX: Duration = Duration::from_secs(5);
/// Successful requests in a row after which the server counts as recovered.
const IN_A_ROW: usize = 200;
/// Successful requests that follow, none of which may fail.
const STEADY: usize = 400;
/// Ends a hanging test.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What the clients saw.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<String>,
    failed: usize,
    /// Successes since the last failure.
    in_a_row: usize,
    last_failure: Option<(Instant, String)>,
}

struct Load<'a> {
    server: &'a Server,
    seen: Mutex<Seen>,
    changed: Notify,
    is_over: AtomicBool,
}

impl Load<'_> {
    async fn write(&self, writer: usize) {
        let mut count = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            count += 1;
            let id = format!("{writer}-{count}");
            let answer = self.server.record(&format!("p{}", writer % PARTNERS), &id).await;
            let is_done =
                answer.data.is_some_and(|data| data["recordActivity"]["activity"]["id"].is_string());
            self.note(is_done.then_some(id), is_done, answer.text);
        }
    }

    async fn read(&self, reader: usize) {
        while !self.is_over.load(Ordering::Relaxed) {
            let answer = self.server.balance(&format!("p{}", reader % PARTNERS)).await;
            self.note(None, answer.data.is_some(), answer.text);
        }
    }

    fn note(&self, acknowledged: Option<String>, is_done: bool, text: String) {
        let mut seen = self.seen.lock().expect("the figures");
        seen.acknowledged.extend(acknowledged);
        if is_done {
            seen.in_a_row += 1;
        } else {
            seen.in_a_row = 0;
            seen.failed += 1;
            seen.last_failure = Some((Instant::now(), text));
        }
        self.changed.notify_one();
    }

    /// Waits until as many requests in a row have succeeded, and returns the last failure.
    async fn succeed(&self, in_a_row: usize) -> Option<(Instant, String)> {
        let until = Instant::now() + TIMEOUT;
        self.seen.lock().expect("the figures").in_a_row = 0;
        loop {
            {
                let seen = self.seen.lock().expect("the figures");
                if seen.in_a_row >= in_a_row {
                    return seen.last_failure.clone();
                }
                assert!(Instant::now() < until, "requests go on failing: {:?}", seen.last_failure);
            }
            self.changed.notified().await;
        }
    }

    /// Restarts the database again and again; returns how long each recovery took.
    async fn restart(&self, cluster: &mut Cluster, restarts: usize) -> Vec<Duration> {
        let mut recoveries = Vec::new();
        for restart in 0..restarts {
            self.succeed(STEADY).await;
            tokio::task::block_in_place(|| {
                cluster.stop(if restart % 2 == 0 { Stop::Immediate } else { Stop::Fast });
                cluster.restart();
            });
            let back = Instant::now();
            let last = self.succeed(IN_A_ROW).await;
            let recovery = last.as_ref().map_or(Duration::ZERO, |(at, _)| at.saturating_duration_since(back));
            assert!(recovery <= RECOVERY_MAX, "restart {restart}: {recovery:?}, {last:?}");
            let recovered = self.seen.lock().expect("the figures").failed;
            self.succeed(STEADY).await;
            let seen = self.seen.lock().expect("the figures");
            assert_eq!(seen.failed, recovered, "restart {restart}, after it: {:?}", seen.last_failure);
            recoveries.push(recovery);
        }
        self.is_over.store(true, Ordering::Relaxed);
        recoveries
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_of_the_database_are_recovered_from() {
    let restarts = std::env::var("RESTARTS").map_or(2, |text| text.parse().expect("RESTARTS is a number"));
    let mut cluster = Cluster::start();
    cluster.create("restarts").await;
    let server = Server::start(&cluster.url("restarts"));
    for partner in 0..PARTNERS {
        server.create_partner(&format!("p{partner}")).await;
    }
    let load = Load {
        server: &server,
        seen: Mutex::default(),
        changed: Notify::new(),
        is_over: AtomicBool::new(false),
    };
    let writers = join_all((0..WRITERS).map(|writer| load.write(writer)));
    let readers = join_all((0..READERS).map(|reader| load.read(reader)));
    let (_, _, mut recoveries) = tokio::join!(writers, readers, load.restart(&mut cluster, restarts));
    let Seen { acknowledged, failed, .. } = load.seen.into_inner().expect("the figures");

    let mut session = cluster.connect("restarts").await;
    let stored: Vec<String> = sqlx::query_scalar("SELECT external_id FROM activities")
        .fetch_all(&mut session)
        .await
        .expect("a read");
    let stored: std::collections::HashSet<String> = stored.into_iter().collect();
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !stored.contains(*id)).collect();
    recoveries.sort_unstable();
    println!(
        "{restarts} restarts: {} acknowledged, {} lost, {failed} failed during restarts, 0 after recovery; \
         recovery: median {:?}, maximum {:?}",
        acknowledged.len(),
        lost.len(),
        recoveries[recoveries.len() / 2],
        recoveries.last()
    );
    assert_eq!(lost, Vec::<&String>::new());
    // Notifications are received again, over one connection.
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'";
    let until = Instant::now() + TIMEOUT;
    loop {
        let count: i64 = sqlx::query_scalar(listening).fetch_one(&mut session).await.expect("a read");
        if count == 1 {
            break;
        }
        assert!(Instant::now() < until, "{count} connections listen");
    }
    assert_eq!(server.ready().await, 200);
    assert!(!server.log().contains("unexpected message"), "{}", server.log());
    session.close().await.expect("a session ends");
}
