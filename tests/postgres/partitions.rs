//! Tables that `ops/postgres/partition.sql` has partitioned: the program goes on, and nothing that the database refused
//! before is accepted now.

use std::path::Path;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::cluster::Cluster;
use crate::roles::{execute, grants};
use crate::server::{Server, run};

const SCRIPT: &str = include_str!("../../ops/postgres/partition.sql");
/// The partitioned tables.
const TABLES: [&str; 4] = ["activities", "log", "ledger_entries", "points_entries"];
/// The year of what is recorded now.
const YEAR: &str = "SELECT date_part('year', now() AT TIME ZONE 'UTC')::bigint";
/// Steps of the log in a partition.
const LOG_STEPS: i64 = 1_000;

/// Runs the script; rows from a moment on go into partitions by year.
async fn partition(session: &mut PgConnection, from: &str) {
    let settings = format!("SET partition.since = '{from}'; SET partition.log_steps = '{LOG_STEPS}'");
    session.execute(AssertSqlSafe(settings)).await.expect("settings");
    session.execute(SCRIPT).await.expect("the script runs");
}

async fn texts(session: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows = session
        .fetch_all(AssertSqlSafe(sql.to_owned()))
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.get(0)).collect()
}

async fn count(session: &mut PgConnection, sql: &str) -> i64 {
    let row = session
        .fetch_one(AssertSqlSafe(sql.to_owned()))
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.get(0)
}

/// Why the database refuses a statement: its code, and what it says.
async fn refusal(session: &mut PgConnection, sql: &str) -> (String, String) {
    let error = session.execute(AssertSqlSafe(sql.to_owned())).await.expect_err(sql);
    let error = error.as_database_error().unwrap_or_else(|| panic!("{sql}: {error}"));
    (error.code().unwrap_or_default().into_owned(), error.message().to_owned())
}

fn exported(folder: &Path, url: &str, name: &str) -> Vec<u8> {
    let file = folder.join(name);
    let done = run(&["export", file.to_str().expect("UTF-8")], &[("DATABASE_URL", url)]);
    assert!(done.status.success(), "{done:?}");
    std::fs::read(file).expect("the archive")
}

fn verified(url: &str) {
    let done = run(&["verify"], &[("DATABASE_URL", url)]);
    assert!(done.status.success(), "{done:?}");
}

const RECORD: &str = "mutation($input: ActivityInput!) { recordActivity(input: $input) { \
    activity { id status } duplicate userErrors { code } } }";

/// Records an activity of a partner or a professional; the id of it, or of the earlier one with its key.
async fn record(server: &Server, subject: &Value, id: &str, more: &Value) -> (String, bool) {
    let kind = if subject["partner"].is_string() { "CUSTOMER_MEETING" } else { "CERTIFICATION_OBTAINED" };
    let mut input = json!({ "subject": subject, "kind": kind, "occurredOn": "2026-03-01", "source": "tests",
        "externalId": id });
    input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let done = server.send(RECORD, json!({ "input": input })).await.ok();
    let done = &done["recordActivity"];
    assert_eq!(done["userErrors"], json!([]), "{done}");
    (done["activity"]["id"].as_str().expect("an id").to_owned(), done["duplicate"] == true)
}

async fn void(server: &Server, id: &str) {
    const VOID: &str = "mutation($input: VoidActivityInput!) { voidActivity(input: $input) { \
        activity { status } userErrors { code message } } }";
    let done = server.send(VOID, json!({ "input": { "activityId": id, "reason": "a test" } })).await.ok();
    assert_eq!(done["voidActivity"]["userErrors"], json!([]), "{done}");
    assert_eq!(done["voidActivity"]["activity"]["status"], "VOIDED");
}

/// A program with some of everything that the tables hold.
async fn subjects(server: &Server) {
    const PROFESSIONAL: &str = "mutation { signUpProfessional(input: { code: \"ada\", name: \"Ada\", \
        email: \"ada@example.com\", signedUpOn: \"2025-01-01\" }) { userErrors { code } } }";
    const AFFILIATION: &str = "mutation { affiliateProfessional(input: { professional: \"ada\", partner: \"nordwind\", \
        startsOn: \"2025-01-01\" }) { userErrors { code } } }";
    server.create_partner("nordwind").await;
    for (mutation, name) in [(PROFESSIONAL, "signUpProfessional"), (AFFILIATION, "affiliateProfessional")] {
        let done = server.send(mutation, json!({})).await.ok();
        assert_eq!(done[name]["userErrors"], json!([]), "{done}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_goes_on_when_its_tables_are_partitioned() {
    let (nordwind, ada) = (json!({ "partner": "nordwind" }), json!({ "professional": "ada" }));
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().expect("a folder"));
    cluster.create("growing").await;
    let url = cluster.url("growing");
    let server = Server::start(&url);
    subjects(&server).await;
    let mut early = Vec::new();
    for number in 0..3 {
        early.push(record(&server, &nordwind, &format!("p{number}"), &json!({})).await.0);
        early.push(record(&server, &ada, &format!("a{number}"), &json!({ "points": 700 })).await.0);
    }
    drop(server);
    let before = exported(folder.path(), &url, "before");
    let mut session = cluster.connect("growing").await;
    partition(&mut session, "now").await;
    assert!(exported(folder.path(), &url, "after") == before, "the rows have changed");
    let again = refusal(&mut session, SCRIPT).await.1;
    assert!(again.contains("the tables are partitioned already"), "{again}");
    session.execute("ROLLBACK").await.expect("the transaction ends");
    // Later steps lie in another partition of the log.
    let far = format!("SELECT setval('log_seq', {LOG_STEPS} + 5)");
    session.execute(AssertSqlSafe(far)).await.expect("a place in the log");

    let server = Server::start(&url);
    assert_eq!(
        record(&server, &nordwind, "p0", &json!({})).await,
        (early[0].clone(), true),
        "a repeat is found"
    );
    for number in 3..6 {
        let (id, is_repeat) = record(&server, &nordwind, &format!("p{number}"), &json!({})).await;
        assert!(!is_repeat);
        let of_ada = record(&server, &ada, &format!("a{number}"), &json!({ "points": 650 })).await.0;
        if number == 3 {
            void(&server, &id).await;
            void(&server, &of_ada).await;
        }
    }
    void(&server, &early[2]).await;
    void(&server, &early[3]).await;
    let (instead, is_repeat) = record(&server, &nordwind, "p1", &json!({ "replaces": true })).await;
    assert!(!is_repeat && instead != early[2], "it takes the place of one in another partition");
    let ledger = "{ partner(code: \"nordwind\") { balance ledger(last: 50) { totalCount nodes { reason balanceAfter } } } \
        activities(first: 50) { totalCount nodes { id status } } }";
    let read = server.send(ledger, json!({})).await.ok();
    assert_eq!(read["activities"]["totalCount"], 13, "{read}");
    let entries = read["partner"]["ledger"]["nodes"].as_array().expect("entries");
    assert_eq!(entries.last().expect("an entry")["balanceAfter"], read["partner"]["balance"], "{read}");
    drop(server);
    verified(&url);
    for table in TABLES {
        let partitions =
            texts(&mut session, &format!("SELECT DISTINCT tableoid::regclass::text FROM {table}")).await;
        assert_eq!(partitions.len(), 2, "{table} has rows in {partitions:?}");
    }
    let everything = exported(folder.path(), &url, "everything");
    nothing_is_changed(&mut session).await;
    keys_hold_in_all_partitions(&mut session).await;
    the_same_key_waits_at_the_end_of_a_partition(&cluster, &mut session).await;
    // The log has gone on into its next partition, so there is one more ahead.
    for (call, made) in [("partition_ahead()", 1), ("partition_ahead()", 0), ("partition_ahead(4)", 6)] {
        assert_eq!(count(&mut session, &format!("SELECT {call}::bigint")).await, made, "{call}");
    }
    assert!(exported(folder.path(), &url, "untouched") == everything);

    // An empty database that is partitioned first takes the archive, each row by its year.
    cluster.create("split").await;
    let split = cluster.url("split");
    assert!(run(&["migrate"], &[("DATABASE_URL", split.as_str())]).status.success());
    let mut session = cluster.connect("split").await;
    partition(&mut session, "2020-01-01").await;
    let file = folder.path().join("everything");
    let restored = run(&["restore", file.to_str().expect("UTF-8")], &[("DATABASE_URL", split.as_str())]);
    assert!(restored.status.success(), "{restored:?}");
    assert!(exported(folder.path(), &split, "split") == everything);
    let year = count(&mut session, YEAR).await;
    assert_eq!(count(&mut session, &format!("SELECT count(*) FROM activities_{year}")).await, 13);
    verified(&split);
}

/// Rows of every partition are append-only, by whichever name they are addressed.
async fn nothing_is_changed(session: &mut PgConnection) {
    for table in TABLES {
        let mut names = texts(
            session,
            &format!(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass"
            ),
        )
        .await;
        assert!(names.len() > 3, "{names:?}");
        names.push(table.to_owned());
        for name in names {
            let column = if table == "log" { "seq" } else { "id" };
            let has_rows = count(session, &format!("SELECT count(*) FROM {name}")).await > 0;
            let mut statements = vec![format!("TRUNCATE {name} CASCADE")];
            if has_rows {
                statements.push(format!("UPDATE {name} SET {column} = {column}"));
                statements.push(format!("DELETE FROM {name}"));
            }
            for statement in statements {
                let (_, said) = refusal(session, &statement).await;
                assert!(said.contains("is append-only"), "{statement}: {said}");
            }
        }
    }
}

/// Unique and foreign keys hold across partitions.
async fn keys_hold_in_all_partitions(session: &mut PgConnection) {
    // table, the row that is copied, what is new about the copy, the key that refuses it
    let later = "id = partition_id(now() + interval '2 years')";
    let table = [
        (
            "activities",
            "replaced_by IS NULL AND status = 'RECORDED'",
            format!("{later}, seq = 99999"),
            "uq_activities_key",
        ),
        (
            "activities",
            "replaces IS NOT NULL",
            format!("{later}, seq = 99999, external_id = 'new'"),
            "uq_activities_replaces",
        ),
        ("ledger_entries", "true", later.to_owned(), "uq_ledger_entries_partner_id_number"),
        ("points_entries", "true", later.to_owned(), "uq_points_entries_professional_id_number"),
        ("log", "action = 'RECORDED'", format!("seq = {}", 2 * LOG_STEPS + 1), "uq_log_activity_id_once"),
    ];
    for (owner, which, change, key) in table {
        let copy = format!(
            "DROP TABLE IF EXISTS copied; CREATE TEMPORARY TABLE copied AS SELECT * FROM {owner} WHERE {which} LIMIT 1; \
             UPDATE copied SET {change}"
        );
        session.execute(AssertSqlSafe(copy)).await.expect("a copy");
        assert_eq!(count(session, "SELECT count(*) FROM copied").await, 1, "{owner}: no row is {which}");
        let (code, said) = refusal(session, &format!("INSERT INTO {owner} SELECT * FROM copied")).await;
        assert_eq!((code.as_str(), said.contains(key)), ("23505", true), "{owner} {key}: {said}");
    }
    let missing = "INSERT INTO log (seq, recorded_at, action, activity_id) VALUES \
        (99999, now(), 'RECORDED', '00000000-0000-0000-0000-000000000001')";
    assert_eq!(refusal(session, missing).await.0, "23503", "the log has activities that exist");
}

/// Two transactions that write one key into two partitions: the second waits for the first, and is refused if that one
/// keeps it.
async fn the_same_key_waits_at_the_end_of_a_partition(cluster: &Cluster, session: &mut PgConnection) {
    let year = count(session, YEAR).await;
    let insert = |moment: &str, seq: i64, key: &str| {
        format!(
            "INSERT INTO activities (id, seq, partner_id, kind, occurred_on, quantity, attributes, source, external_id, \
             recorded_at, status) SELECT partition_id('{moment}'), {seq}, id, 'CUSTOMER_MEETING', '2026-03-01', 1, '{{}}', \
             'edge', '{key}', now(), 'RECORDED' FROM partners LIMIT 1"
        )
    };
    for (round, (end, is_taken)) in (1_u8..).zip([("COMMIT", true), ("ROLLBACK", false)]) {
        let old = format!("{year}-12-31 23:59:5{round}+00");
        let new = format!("{}-01-01 00:00:0{round}+00", year + 1);
        let seq = 90_000 + 2 * i64::from(round);
        let mut first = cluster.connect("growing").await;
        let mut second = cluster.connect("growing").await;
        first.execute("BEGIN").await.expect("a transaction");
        first.execute(AssertSqlSafe(insert(&old, seq, end))).await.expect("the first");
        second.execute("BEGIN").await.expect("a transaction");
        let text = insert(&new, seq + 1, end);
        let waiting = tokio::spawn(async move {
            let done = second.execute(AssertSqlSafe(text)).await.map(drop);
            // Nothing of this test stays.
            second.execute("ROLLBACK").await.expect("the transaction ends");
            done
        });
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO activities%'";
        while count(session, waits).await == 0 {
            assert!(!waiting.is_finished(), "the second did not wait");
        }
        first.execute(end).await.expect("the transaction ends");
        let done = waiting.await.expect("the task ends");
        let code = done.err().and_then(|error| Some(error.as_database_error()?.code()?.into_owned()));
        assert_eq!(code.as_deref(), is_taken.then_some("23505"), "after {end}");
    }
    // The committed one has no step of the log: it goes, past the triggers.
    let remove = "SET session_replication_role = replica; DELETE FROM activities WHERE source = 'edge'; \
        RESET session_replication_role";
    session.execute(remove).await.expect("the row goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_that_serves_needs_no_more_rights() {
    let cluster = Cluster::start();
    let [roles, rights] = grants();
    execute(&mut cluster.connect("postgres").await, &roles).await;
    let url = |role: &str| format!("postgres://{role}@{}/partner_program", cluster.address());
    let (owner, serving) = (url("partner_program_owner"), url("partner_program"));
    let mut session = PgConnection::connect(&owner).await.expect("the owner");
    execute(&mut session, &rights).await;
    assert!(run(&["migrate"], &[("DATABASE_URL", owner.as_str())]).status.success());
    partition(&mut session, "2020-01-01").await;
    let server = Server::start(&serving);
    subjects(&server).await;
    record(&server, &json!({ "partner": "nordwind" }), "1", &json!({})).await;
    record(&server, &json!({ "professional": "ada" }), "2", &json!({ "points": 700 })).await;
    assert_eq!(count(&mut session, "SELECT count(*) FROM activities").await, 2);
    // The keys near the end of a partition are written by the same role.
    let mut serving = PgConnection::connect(&serving).await.expect("the serving role");
    let edge = "INSERT INTO activities (id, seq, partner_id, kind, occurred_on, quantity, attributes, source, external_id, \
        recorded_at, status) SELECT partition_id('2025-12-31 23:59:59+00'), 90001, id, 'CUSTOMER_MEETING', '2026-03-01', 1, \
        '{}', 'edge', '1', now(), 'RECORDED' FROM partners LIMIT 1";
    serving.execute(edge).await.expect("a row at the end of a year");
    assert!(
        count(&mut session, "SELECT count(*) FROM partition_edges WHERE name = 'uq_activities_key'").await
            == 1
    );
}
