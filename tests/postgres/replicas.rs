//! Queries that go to a hot standby: what they see, what they cost, and what happens while it is away.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::cluster::{Cluster, Stop};
use crate::server::{Server, failed_start_with};

/// Ends a hanging test.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Interval of questions whether something has happened.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Rounds of writing and reading.
const ROUNDS: usize = 100;

const REPLICA: &str = "partner_program_reads_total{source=\"replica\"}";
const PRIMARY: &str = "partner_program_reads_total{source=\"primary\"}";
const IN_USE: &str = "partner_program_replica_in_use";
const LAG: &str = "partner_program_replica_lag_seconds";
const LAG_BYTES: &str = "partner_program_replica_lag_bytes";
const REPEATED: &str = "partner_program_replica_reads_repeated_total";

/// A primary with a database and a standby of it.
async fn pair(settings: &[&str]) -> (Cluster, Cluster) {
    let primary = Cluster::start();
    primary.create("replicas").await;
    // With its tables: the first server would otherwise begin by making the standby replay them.
    drop(Server::start(&primary.url("replicas")));
    let standby = Cluster::standby_of(&primary, "standby", settings);
    (primary, standby)
}

/// A server on both, which reads from the standby when this returns.
async fn server(primary: &Cluster, standby: &Cluster, settings: &[(&str, &str)]) -> Server {
    let (url, replica) = (primary.url("replicas"), standby.url("replicas"));
    let mut all = vec![("DATABASE_URL", url.as_str()), ("DATABASE_REPLICA_URL", replica.as_str())];
    all.extend(settings);
    let server = Server::start_with(&all);
    until("the standby is in use", async || server.metric(IN_USE).await == Some(1.0)).await;
    server
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < TIMEOUT, "not in time: {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

async fn pause(standby: &mut PgConnection) {
    sqlx::query("SELECT pg_wal_replay_pause()").execute(&mut *standby).await.expect("a pause");
    loop {
        let state: String = sqlx::query_scalar("SELECT pg_get_wal_replay_pause_state()")
            .fetch_one(&mut *standby)
            .await
            .expect("a state");
        if state == "paused" {
            return;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

async fn resume(standby: &mut PgConnection) {
    sqlx::query("SELECT pg_wal_replay_resume()").execute(standby).await.expect("an end of the pause");
}

async fn rename(server: &Server, key: &str, token: Option<&str>, name: &str) -> Option<String> {
    const RENAME: &str = "mutation($name: String!) { updatePartner(input: { code: \"p\", name: $name }) { \
        userErrors { message } } }";
    let answer = server.send_as(key, token, RENAME, json!({ "name": name })).await;
    assert_eq!(
        answer.data.as_ref().map(|it| &it["updatePartner"]["userErrors"]),
        Some(&json!([])),
        "{answer:?}"
    );
    answer.token
}

async fn name(server: &Server, key: &str, token: Option<&str>) -> String {
    let answer = server.send_as(key, token, "{ partner(code: \"p\") { name } }", Value::Null).await;
    answer.ok()["partner"]["name"].as_str().expect("a name").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_sees_what_it_wrote() {
    let (primary, standby) = pair(&[]).await;
    // Others may read what is old, so that it shows which server answers.
    let settings = [("DATABASE_REPLICA_LAG_MAX", "3600s")];
    let one = server(&primary, &standby, &settings).await;
    let other = server(&primary, &standby, &settings).await;
    one.create_partner("p").await;
    let (writer, reader) = (one.key("writer").await, one.key("reader").await);
    let mut session = standby.connect("replicas").await;
    let mut token = "0".to_owned();
    for round in 0..ROUNDS {
        let written = format!("name {round}");
        token = rename(&one, &writer, Some(&token), &written).await.expect("a token");
        assert_eq!(name(&one, &writer, None).await, written, "by the same process");
        assert_eq!(name(&other, &writer, Some(&token)).await, written, "by another one, with the token");
        assert_eq!(name(&other, &reader, Some("now")).await, written, "by anybody, now");
    }
    assert!(one.count(REPLICA).await > 0, "the primary answered everything");
    check_metrics(&one.metrics().await);

    // The standby stays as it is.
    until("it has replayed everything", async || one.metric(LAG_BYTES).await == Some(0.0)).await;
    assert_eq!(name(&one, &reader, None).await, format!("name {}", ROUNDS - 1));
    pause(&mut session).await;
    let later = rename(&one, &writer, Some(&token), "new").await.expect("a token");
    for _ in 0..10 {
        assert_eq!(name(&one, &writer, None).await, "new", "the primary answers who wrote");
        assert_eq!(name(&other, &writer, Some(&later)).await, "new", "the primary answers who has the token");
        assert_eq!(name(&other, &reader, Some("now")).await, "new", "the primary answers who asks for now");
        let old = format!("name {}", ROUNDS - 1);
        assert_eq!(name(&one, &reader, None).await, old, "the standby answers others");
        assert_eq!(name(&other, &writer, Some(&token)).await, old, "the standby answers with an older token");
    }
    // A token of another history waits for nothing.
    assert_eq!(name(&one, &reader, Some("ffffffffffffffff")).await, "new");
    until("the lag is seen", async || {
        one.metric(LAG_BYTES).await > Some(0.0) && one.metric(LAG).await > Some(0.0)
    })
    .await;
    resume(&mut session).await;
    until("the standby has caught up", async || name(&one, &reader, None).await == "new").await;
    until("there is no lag", async || one.metric(LAG).await == Some(0.0)).await;
    let before = one.metric(REPLICA).await;
    assert_eq!(name(&one, &writer, None).await, "new");
    assert!(one.metric(REPLICA).await > before, "the standby answers who wrote");

    let refused =
        one.send_as(&reader, Some("yesterday"), "{ partner(code: \"p\") { name } }", Value::Null).await;
    assert!(refused.text.contains("BAD_USER_INPUT"), "{}", refused.text);
    session.close().await.expect("a session ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lags_is_not_used() {
    let (primary, standby) = pair(&[]).await;
    let server = server(&primary, &standby, &[("DATABASE_REPLICA_LAG_MAX", "1s")]).await;
    server.create_partner("p").await;
    let (writer, reader) = (server.key("writer").await, server.key("reader").await);
    let mut session = standby.connect("replicas").await;
    pause(&mut session).await;
    rename(&server, &writer, None, "new").await;
    until("the lag is too long", async || server.metric(IN_USE).await == Some(0.0)).await;
    until("the metric says how long", async || server.metric(LAG).await >= Some(1.0)).await;
    let before = server.metric(PRIMARY).await;
    assert_eq!(name(&server, &reader, None).await, "new");
    assert!(server.metric(PRIMARY).await > before);
    resume(&mut session).await;
    until("it is used again", async || server.metric(IN_USE).await == Some(1.0)).await;
    let before = server.metric(REPLICA).await;
    assert_eq!(name(&server, &reader, None).await, "new");
    assert!(server.metric(REPLICA).await > before);
    session.close().await.expect("a session ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_fails_costs_no_answer() {
    let (primary, mut standby) = pair(&[]).await;
    let server = server(&primary, &standby, &[]).await;
    server.create_partner("p").await;
    let reader = server.key("reader").await;
    // Its sessions end while they are used and between.
    let mut session = standby.connect("replicas").await;
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let end_sessions = async {
        const END: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
            WHERE application_name = 'partner-program' AND query NOT LIKE '%pg_last_wal%'";
        while server.metric(REPEATED).await < Some(3.0) {
            let _: i64 = sqlx::query_scalar(END).fetch_one(&mut session).await.expect("sessions end");
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let read = async {
        let since = Instant::now();
        while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
            assert_eq!(name(&server, &reader, None).await, "P");
            assert!(since.elapsed() < TIMEOUT, "no read was repeated");
        }
    };
    tokio::join!(end_sessions, read);
    session.close().await.expect("a session ends");

    // It is away, and comes back.
    until("it is used again", async || server.metric(IN_USE).await == Some(1.0)).await;
    for how in [Stop::Immediate, Stop::Fast] {
        standby.stop(how);
        for _ in 0..20 {
            assert_eq!(name(&server, &reader, None).await, "P");
        }
        until("it is missed", async || server.metric(IN_USE).await == Some(0.0)).await;
        assert_eq!(server.ready().await, 200);
        standby.restart();
        until("it is used again", async || server.metric(IN_USE).await == Some(1.0)).await;
        let before = server.metric(REPLICA).await;
        assert_eq!(name(&server, &reader, None).await, "P");
        assert!(server.metric(REPLICA).await > before);
    }

    // A server starts without it.
    standby.stop(Stop::Fast);
    let (url, replica) = (primary.url("replicas"), standby.url("replicas"));
    let late = Server::start_with(&[("DATABASE_URL", &url), ("DATABASE_REPLICA_URL", &replica)]);
    assert_eq!(name(&late, &reader, None).await, "P");
    assert_eq!(late.metric(IN_USE).await, Some(0.0));
    let said = "the replica is not used: reads go to the primary";
    until("the log says so", async || late.log().contains(said)).await;
    standby.restart();
    until("it is used", async || late.metric(IN_USE).await == Some(1.0)).await;
    assert_eq!(late.log().matches(said).count(), 1, "{}", late.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_costs_as_many_statements_as_without() {
    const READS: usize = 20;
    let (primary, standby) = pair(&["log_statement=all", "log_line_prefix=%a: "]).await;
    let server = server(&primary, &standby, &[]).await;
    server.create_partner("p").await;
    let reader = server.key("reader").await;
    // The key is known then, and the connections are open.
    let statements = || {
        let log = standby.log();
        let own =
            log.lines().filter(|line| line.starts_with("partner-program: ") && line.contains("execute"));
        // Neither what watches the standby, nor what a new connection begins with.
        let others =
            ["pg_last_wal_replay_lsn", "pg_postmaster_start_time", "pg_stat_ssl", "pg_control_system"];
        own.filter(|line| !others.iter().any(|other| line.contains(other))).count()
    };
    until("the standby answers", async || {
        let before = statements();
        name(&server, &reader, None).await;
        statements() == before + 1
    })
    .await;
    let (before, counted, answered) =
        (statements(), server.count(REPLICA).await, server.count(PRIMARY).await);
    for _ in 0..READS {
        assert_eq!(name(&server, &reader, None).await, "P");
    }
    assert_eq!(statements() - before, READS, "one for each query\n{}", standby.log());
    assert_eq!(server.count(PRIMARY).await, answered, "the primary answers none");
    assert_eq!(usize::try_from(server.count(REPLICA).await - counted), Ok(READS));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_standby_of_the_database_is_refused() {
    let (primary, standby) = pair(&[]).await;
    standby_of_another_database(&primary, &standby).await;
    let other = Cluster::start();
    other.create("replicas").await;
    let url = primary.url("replicas");
    // DATABASE_URL, DATABASE_REPLICA_URL, what the error says
    let table = [
        (
            "sqlite://a.db",
            standby.url("replicas"),
            "requires PostgreSQL, and DATABASE_URL is a file of SQLite",
        ),
        (&*url, "sqlite://a.db".to_owned(), "must be the URL of a standby with postgres://"),
        (&*url, primary.url("replicas"), "is not a standby: it is not in recovery"),
        (&*url, other.url("replicas"), "belongs to another database cluster than DATABASE_URL"),
        (
            &*url,
            standby.url("another"),
            "was asked for the database another, which is not the database replicas of DATABASE_URL",
        ),
        (&*url, standby.url("missing"), "database \"missing\" does not exist"),
        (&*url, standby.url("replicas?sslmode=require"), "does not support TLS"),
    ];
    for (url, replica, expected) in table {
        let error = failed_start_with(&[("DATABASE_URL", url), ("DATABASE_REPLICA_URL", &replica)]);
        assert!(error.starts_with("error: DATABASE_REPLICA_URL"), "{error}");
        assert!(error.contains(expected) && error.trim().lines().count() == 1, "{replica}: {error}");
    }
}

/// A second database, which the standby has as well when this returns.
async fn standby_of_another_database(primary: &Cluster, standby: &Cluster) {
    primary.create("another").await;
    let mut session = standby.connect("postgres").await;
    loop {
        let found: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'another')")
                .fetch_one(&mut session)
                .await
                .expect("an answer");
        if found {
            break;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    session.close().await.expect("a session ends");
}

/// What there is of a standby is described, and what the dashboard and the alerts ask for is there.
fn check_metrics(text: &str) {
    let read = |file: &str| {
        std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR")))
            .expect("a file of the repository")
    };
    let is_of_standby =
        |name: &str| name.starts_with("partner_program_replica_") || name == "partner_program_reads_total";
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let there: Vec<&str> = types.filter(|name| is_of_standby(name)).collect();
    assert_eq!(there.len(), 5, "{text}");
    let manual = read("docs/observability.md");
    for name in &there {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
        assert!(manual.contains(&format!("`{name}`")), "docs/observability.md does not describe {name}");
    }
    let mut asked = 0;
    for file in ["ops/grafana/partner-program.json", "ops/prometheus/alerts.yml"] {
        let source = read(file);
        let words = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in words.filter(|word| is_of_standby(word)) {
            assert!(there.contains(&name), "{file} asks for {name}");
            asked += 1;
        }
    }
    assert!(asked >= 5, "{asked}");
}
