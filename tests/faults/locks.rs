//! Locks that are held longer than the timeout: what is answered with a timeout is never done.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use serde_json::json;

use crate::server::{Answer, Postgres, Server, env};
use crate::tally::{Outcome, outcome};

const CREATE_PARTNER: &str = "mutation($code: String!) { createPartner(input: { code: $code, name: \"P\", \
    enrolledOn: \"2024-06-01\" }) { userErrors { code } } }";
const CREATE_KEY: &str = "mutation($label: String!) { createApiKey(input: { role: PROGRAM_STAFF, label: $label }) \
    { secret userErrors { code } } }";
const TWO: &str = "mutation($code: String!, $label: String!) { createPartner(input: { code: $code, name: \"P\", \
    enrolledOn: \"2024-06-01\" }) { userErrors { code } } createApiKey(input: { role: PROGRAM_STAFF, \
    label: $label }) { secret userErrors { code } } }";
const LISTS: &str = "{ partners(first: 100) { nodes { code } } apiKeys(first: 100) { nodes { label } } }";
/// Mutations of each kind that meet the lock.
const CALLS: usize = 6;
/// How long the lock is held: three times the timeout.
const HELD: Duration = Duration::from_secs(3);

async fn one_connection(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("a connection")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_timed_out_is_never_done_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("locked.db").display());
    let server = Server::start(folder.path(), env(&url, &[("OPERATION_TIMEOUT", "1s")]));
    let lock = one_connection(&url).await;
    lock.execute_unprepared("BEGIN IMMEDIATE").await.expect("the lock");
    timeouts_change_nothing(&server, &lock).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_timed_out_is_never_done_on_postgres() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Postgres::create("").await;
    let server = Server::start(folder.path(), env(&database.url, &[("OPERATION_TIMEOUT", "1s")]));
    let lock = one_connection(&database.url).await;
    let tables = "BEGIN; LOCK TABLE partners, api_keys IN SHARE ROW EXCLUSIVE MODE";
    lock.execute_unprepared(tables).await.expect("the lock");
    timeouts_change_nothing(&server, &lock).await;
    drop(server);
    lock.close().await.expect("the end of the connection");
    database.drop().await;
}

async fn timeouts_change_nothing(server: &Server, lock: &DatabaseConnection) {
    let since = Instant::now();
    let partners = (0..CALLS).map(|n| server.send(CREATE_PARTNER, json!({ "code": format!("late-{n}") })));
    let keys = (0..CALLS).map(|n| server.send(CREATE_KEY, json!({ "label": format!("late {n}") })));
    let two = server.send(TWO, json!({ "code": "late-too", "label": "late too" }));
    let calls = async { tokio::join!(join_all(partners), join_all(keys), two) };
    let held = async {
        tokio::time::sleep(HELD).await;
        lock.execute_unprepared("ROLLBACK").await.expect("the lock is released");
    };
    let ((partners, keys, two), ()) = tokio::join!(calls, held);
    let answers: Vec<Answer> = partners.into_iter().chain(keys).chain([two]).collect();
    for answer in &answers {
        assert_eq!(outcome(answer), Outcome::Failed, "{answer:?}");
    }
    assert!(answers.iter().any(|answer| answer.code() == "OPERATION_TIMEOUT"));
    // Whatever still waits gets its lock before this, which comes last.
    let after = loop {
        let answer = server.send(CREATE_PARTNER, json!({ "code": "after" })).await;
        if outcome(&answer) == Outcome::Acknowledged {
            break answer;
        }
        assert!(since.elapsed() < Duration::from_mins(1), "{answer:?}");
    };
    assert_eq!(after.body["data"]["createPartner"]["userErrors"], json!([]));
    println!("{} answers of failure behind a lock, writes again after {:?}", answers.len(), since.elapsed());
    for n in 0..20 {
        server.data(CREATE_PARTNER, json!({ "code": format!("after-{n}") })).await;
    }
    let data = server.data(LISTS, json!({})).await;
    let partners = data["partners"]["nodes"].as_array().expect("partners");
    assert!(partners.iter().all(|it| it["code"].as_str().is_some_and(|code| code.starts_with("after"))));
    assert_eq!(data["apiKeys"]["nodes"], json!([]), "no key that nobody knows");
}
