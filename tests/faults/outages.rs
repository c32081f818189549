//! A database that goes away and comes back, and one whose defaults differ.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::server::{KEY, Postgres, Server, env};
use crate::tally::{Outcome, Tally, factor};

const READ: &str = "{ partner(code: \"p-0\") { code } }";
const TWO_READS: &str = "{ a: partner(code: \"p-0\") { code } b: partners(first: 1) { totalCount } }";
const KEYS: &str = "mutation { createApiKey(input: { role: PROGRAM_STAFF, label: \"outage\" }) { secret } }";
/// Time for answers while the database is away.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);
/// Time within which everything works again once the database is back.
const RESUME_TIME_MAX: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_answered_as_one_and_ends_by_itself() {
    let database = Postgres::create("").await;
    let (rest, name) = database.url.rsplit_once('/').expect("an address with a database");
    let (user, address) = rest.rsplit_once('@').expect("an address with a user");
    let proxy = Proxy::start(address.to_owned()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path(), env(&format!("{user}@{}/{name}", proxy.address), &[]));
    let mut tally = Tally::default();
    let mut resumed_max = Duration::ZERO;
    for _ in 0..factor() {
        for _ in 0..3 {
            assert_eq!(tally.write(&server).await, Outcome::Acknowledged);
        }
        let key = server.data(KEYS, json!({})).await;
        let key = key["createApiKey"]["secret"].as_str().expect("a secret").to_owned();
        proxy.set_up(false);
        let since = Instant::now();
        // A key that is not cached can't be verified; it is not rejected either.
        let calls = [(KEY, READ), (KEY, TWO_READS), (key.as_str(), READ)];
        let answers = join_all(calls.map(|(key, query)| server.send_as(key, query, json!({})))).await;
        for answer in answers {
            let form = (answer.status, answer.code(), answer.retry_after.as_deref());
            assert_eq!(form, (503, "SERVICE_UNAVAILABLE", Some("2")), "{answer:?}");
            assert!(answer.body.get("data").is_none(), "{answer:?}");
        }
        assert_ne!(tally.write(&server).await, Outcome::Acknowledged);
        assert!(since.elapsed() < ANSWER_TIME_MAX, "{:?}", since.elapsed());
        assert_eq!(server.readiness().await.0, 503);
        proxy.set_up(true);
        let since = Instant::now();
        server.until_ready().await;
        assert_eq!(tally.write(&server).await, Outcome::Acknowledged);
        assert_eq!(server.send_as(&key, READ, json!({})).await.status, 200);
        resumed_max = resumed_max.max(since.elapsed());
    }
    assert_eq!(tally.compare(&server).await, (0, 0));
    println!("outages: {}, well again within {resumed_max:?}", factor());
    assert!(resumed_max < RESUME_TIME_MAX);
    drop(server);
    database.drop().await;
}

/// Each of these as the default of a database breaks a program that relies on the engine's own.
#[tokio::test(flavor = "multi_thread")]
async fn the_defaults_of_a_database_do_not_matter() {
    const RECORD: &str = "mutation($id: String!) { recordActivity(input: { subject: { partner: \"p-0\" }, \
        kind: \"CUSTOMER_MEETING\", occurredOn: \"2026-03-01\", source: \"defaults\", externalId: $id }) \
        { activity { id } userErrors { code } } }";
    const WRITERS: usize = 8;
    for isolation in ["serializable", "repeatable read"] {
        let database = Postgres::create("").await;
        for (setting, value) in [
            ("default_transaction_isolation", isolation),
            ("default_transaction_read_only", "on"),
            ("default_transaction_deferrable", "on"),
            ("synchronous_commit", "off"),
        ] {
            let alter = format!("ALTER DATABASE {} SET {setting} = '{value}'", database.name);
            database.admin.execute_unprepared(&alter).await.expect("a default");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start(folder.path(), env(&database.url, &[]));
        let mut tally = Tally::default();
        assert_eq!(tally.write(&server).await, Outcome::Acknowledged);
        let writers = (0..WRITERS).map(async |writer| {
            for index in 0..10 {
                let data = server.data(RECORD, json!({ "id": format!("{writer}-{index}") })).await;
                assert_eq!(data["recordActivity"]["userErrors"], Value::Array(Vec::new()), "{isolation}");
            }
        });
        join_all(writers).await;
        drop(server);
        database.drop().await;
    }
}
