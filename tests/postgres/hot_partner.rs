//! Many writers of one partner delay neither reads, nor readiness, nor the writers of other partners.
//!
//! `HOT_SECONDS=10 ./test --test postgres hot -- --nocapture` measures for ten seconds and prints the latencies.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sqlx::{Connection, Executor};

use crate::cluster::Cluster;
use crate::server::Server;

const WRITERS: usize = 64;
/// Less than the time that a writer waits for a lock.
const UNDELAYED: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_partner_blocks_nobody_else() {
    let cluster = Cluster::start();
    cluster.create("hot").await;
    let server = Server::start(&cluster.url("hot"));
    for partner in ["hot", "other"] {
        server.create_partner(partner).await;
    }
    let mut rival = cluster.connect("hot").await;
    rival.execute("BEGIN").await.expect("a transaction");
    let lock = "SELECT 1 FROM partner_balances b JOIN partners p ON p.id = b.partner_id WHERE p.code = 'hot' FOR UPDATE";
    rival.execute(lock).await.expect("the lock");
    let writers = join_all((0..WRITERS).map(|writer| {
        let server = &server;
        async move { server.record("hot", &writer.to_string()).await }
    }));
    let others = async {
        let mut session = cluster.connect("hot").await;
        let waiting: i64 = loop {
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
            let count = sqlx::query_scalar(waiting).fetch_one(&mut session).await.expect("a count");
            if count >= 2 {
                break count;
            }
        };
        for count in 0..10 {
            server.balance("other").await.ok();
            assert_eq!(server.ready().await, 200);
            server.record("other", &format!("other-{count}")).await.ok();
        }
        assert!(waiting < 8, "{waiting} writers wait for one lock with a connection");
        rival.execute("ROLLBACK").await.expect("the lock goes");
    };
    let since = Instant::now();
    let others = async {
        others.await;
        assert!(since.elapsed() < UNDELAYED, "{:?}", since.elapsed());
    };
    let (answers, ()) = tokio::join!(writers, others);
    // Those that waited are recorded once the lock is gone.
    let recorded = answers.into_iter().filter(|answer| answer.data.is_some()).count();
    assert_eq!(recorded, WRITERS);
    rival.close().await.expect("a session ends");
}

/// Latencies of a reader, in order.
async fn read(server: &Server, until: impl Fn(usize) -> bool) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while !until(latencies.len()) {
        let since = Instant::now();
        server.balance("other").await.ok();
        latencies.push(since.elapsed());
    }
    latencies.sort_unstable();
    latencies
}

fn percentiles(latencies: &[Duration]) -> String {
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    format!("p50 {:?}, p95 {:?}, p99 {:?} of {}", at(50), at(95), at(99), latencies.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_one_partner_leave_time_for_all_others() {
    let seconds =
        std::env::var("HOT_SECONDS").map_or(1, |text| text.parse().expect("HOT_SECONDS is a number"));
    let cluster = Cluster::start();
    cluster.create("hot").await;
    let server = Server::start(&cluster.url("hot"));
    for partner in ["hot", "other", "third"] {
        server.create_partner(partner).await;
    }
    let idle = read(&server, |count| count >= 200).await;
    let is_over = AtomicBool::new(false);
    let (hot, third) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let write = async |partner: &str, writer: usize, count: &AtomicUsize| {
        let mut number = 0;
        while !is_over.load(Ordering::Relaxed) {
            number += 1;
            server.record(partner, &format!("{partner}-{writer}-{number}")).await.ok();
            count.fetch_add(1, Ordering::Relaxed);
        }
    };
    let readiness = async {
        let mut unready = 0;
        while !is_over.load(Ordering::Relaxed) {
            unready += usize::from(server.ready().await != 200);
        }
        unready
    };
    let reader = async {
        let until = Instant::now() + Duration::from_secs(seconds);
        let latencies = read(&server, |_| Instant::now() >= until).await;
        is_over.store(true, Ordering::Relaxed);
        latencies
    };
    let writers = join_all((0..WRITERS).map(|writer| write("hot", writer, &hot)));
    let (_, (), unready, busy) = tokio::join!(writers, write("third", 0, &third), readiness, reader);
    let (hot, third) = (hot.into_inner(), third.into_inner());
    println!(
        "reads of another partner, idle: {}; with {WRITERS} writers of one partner: {}; \
         writes in {seconds} s: {hot} of the one, {third} by the writer of a third; \
         {unready} times not ready",
        percentiles(&idle),
        percentiles(&busy)
    );
    // How many depends on the machine; that nobody waits for the lock of another is what the other test shows.
    assert!(hot > 0 && third > 0, "{hot} and {third}");
    assert_eq!(unready, 0);
}
