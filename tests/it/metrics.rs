//! The values of `/metrics` against what was really done.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use entity::{ledger_entry, partner, points_entry};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel,
    Statement, TransactionTrait,
};
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, TestDatabase};

both! {
    requests_are_counted_by_what_came_of_them,
    awards_come_to_what_the_ledger_sums_up,
    names_of_clients_make_no_series,
    the_dashboard_asks_for_what_there_is,
    pool_metrics_match_the_pools,
    feed_metrics_match_the_feed,
    what_meets_a_rival_is_counted_as_tried_again,
}

const TODAY: &str = "2026-08-31";

type Series = HashMap<String, String>;

/// The whole number that a series has; zero before anything was counted in it.
fn value(series: &Series, name: &str) -> i64 {
    let value = series.get(&format!("partner_program_{name}"));
    value.map_or(0, |value| value.parse().expect("a whole number"))
}

/// The sum of all series of a name.
fn sum(series: &Series, name: &str) -> i64 {
    let beginning = format!("partner_program_{name}{{");
    let found = series.iter().filter(|(series, _)| series.starts_with(&beginning));
    found.map(|(_, value)| value.parse::<i64>().expect("a whole number")).sum()
}

/// Whether it is a series of awards.
fn is_award(series: &str) -> bool {
    series.contains("_awarded_total{") || series.contains("_taken_back_total{")
}

fn requests(labels: &str) -> String {
    format!("requests_total{{{labels}}}")
}

async fn requests_are_counted_by_what_came_of_them(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let other = TestApp::start(Backend::Sqlite, TODAY).await;
    let create = r#"mutation { createPartner(input: { code: "one", name: "One", enrolledOn: "2025-01-01" }) {
        userErrors { code } } }"#;
    for _ in 0..3 {
        app.send(create, Value::Null).await;
        app.send("query Mine { alias: partner(code: \"one\") { name } }", Value::Null).await;
    }
    app.send("{ ...f } fragment f on Query { partner(code: \"one\") { name } }", Value::Null).await;
    app.send("{ partner(code: \"one\") { name } partners { totalCount } }", Value::Null).await;
    app.send("{ partner(", Value::Null).await;
    app.send("{ nothing }", Value::Null).await;
    app.post("[]").await;
    app.send_as("pp_wrong", "{ partners { totalCount } }", Value::Null).await;
    let integrator = app.key("INTEGRATOR", Some("community")).await;
    app.send_as(&integrator, "{ apiKeys { totalCount } }", Value::Null).await;

    let (series, text) = app.metrics().await;
    let none = "type=\"none\",operation=\"none\",transport=\"http\"";
    for (labels, count) in [
        ("type=\"mutation\",operation=\"createPartner\",transport=\"http\",outcome=\"ok\"".to_owned(), 3),
        ("type=\"query\",operation=\"partner\",transport=\"http\",outcome=\"ok\"".to_owned(), 4),
        ("type=\"query\",operation=\"multiple\",transport=\"http\",outcome=\"ok\"".to_owned(), 1),
        ("type=\"mutation\",operation=\"createApiKey\",transport=\"http\",outcome=\"ok\"".to_owned(), 1),
        ("type=\"query\",operation=\"apiKeys\",transport=\"http\",outcome=\"FORBIDDEN\"".to_owned(), 1),
        (format!("{none},outcome=\"GRAPHQL_PARSE_FAILED\""), 1),
        (format!("{none},outcome=\"GRAPHQL_VALIDATION_FAILED\""), 1),
        (format!("{none},outcome=\"BAD_USER_INPUT\""), 1),
        (format!("{none},outcome=\"UNAUTHENTICATED\""), 1),
    ] {
        assert_eq!(value(&series, &requests(&labels)), count, "{labels}\n{text}");
    }
    let timed = sum(&series, "request_duration_seconds_count");
    assert_eq!((sum(&series, "requests_total"), timed), (14, 14), "{text}");
    assert_eq!(value(&series, "user_errors_total{code=\"ALREADY_EXISTS\"}"), 2, "{text}");
    assert_eq!(value(&series, "failed_logins_total"), 1);
    assert_eq!(value(&series, "requests_in_flight"), 0);
    assert!(value(&series, "connections_open") >= 1, "the scrape has one itself\n{text}");
    let (others, text) = other.metrics().await;
    assert!(!others.keys().any(|name| name.contains("requests_total")), "applications mix\n{text}");
}

async fn awards_come_to_what_the_ledger_sums_up(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2025-01-01").await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let day = "2026-06-10";
    let (before, _) = app.metrics().await;
    let mut voided = Vec::new();
    for activity in [
        Activity::of_partner("nordwind", "LINKEDIN_POST", day),
        Activity::of_partner("nordwind", "CUSTOMER_MEETING", day).quantity(3),
        Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", day).points(190),
        Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", day).points(150),
    ] {
        // A repeat changes nothing, and counts nothing.
        app.done("recordActivity", activity.input()).await;
        voided.push(app.record(activity).await);
    }
    app.void(&voided[1]).await;
    app.void(&voided[3]).await;

    // unit, program, kind, track: what was awarded, and what was taken back
    let mut expected: BTreeMap<[String; 4], (i64, i64)> = BTreeMap::new();
    let mut add = |unit: &str, program: &str, kind: Option<String>, track: &str, amount: i64| {
        let kind = kind.unwrap_or_else(|| "none".to_owned());
        let sums = expected.entry([unit.to_owned(), program.to_owned(), kind, track.to_owned()]).or_default();
        if amount > 0 { sums.0 += amount } else { sums.1 -= amount }
    };
    let connection = app.database().connect().await;
    for row in ledger_entry::Entity::find().all(&connection).await.expect("the ledger") {
        let track = row.track.map_or("none".to_owned(), |track| format!("{track:?}").to_lowercase());
        add("level_credits", "partner", row.kind.clone(), &track, row.level_credits);
        add("spendable_credits", "partner", row.kind, &track, row.spendable_credits);
    }
    for row in points_entry::Entity::find().all(&connection).await.expect("the points") {
        add("points", "professional", row.kind.clone(), "none", row.points);
        add("dojo_credits", "professional", row.kind, "none", row.dojo_credits);
    }
    connection.close().await.expect("a connection closes");
    let (series, text) = app.metrics().await;
    assert!(expected.len() >= 4 && expected.values().all(|sums| sums.1 > 0), "{expected:?}");
    let mut reported = 0;
    for ([unit, program, kind, track], (awarded, taken_back)) in &expected {
        let labels = format!("program=\"{program}\",kind=\"{kind}\",track=\"{track}\"");
        for (what, amount) in [("awarded", *awarded), ("taken_back", *taken_back)] {
            let found = value(&series, &format!("{unit}_{what}_total{{{labels}}}"));
            assert_eq!(found, amount, "{unit} {what} {labels}\n{text}");
            reported += usize::from(amount > 0);
        }
    }
    let above_zero = series.iter().filter(|(name, value)| is_award(name) && value.as_str() != "0");
    assert_eq!(above_zero.count(), reported, "{text}");
    // Every series was there before its first award.
    let known = |series: &Series| -> BTreeSet<String> {
        series.keys().filter(|name| is_award(name)).cloned().collect()
    };
    assert_eq!(known(&before), known(&series), "{text}");
}

async fn names_of_clients_make_no_series(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    let ask = async |n: usize| {
        let (name, alias) = (format!("Operation{n}"), format!("alias{n}"));
        let query = format!("query {name} {{ {alias}: partner(code: \"code-{n}\") {{ name }} }}");
        app.ok(&query, Value::Null).await;
        app.send(&format!("query {name} {{ nothing{n} }}"), Value::Null).await;
        app.post(json!({ "query": query, "operationName": format!("No{n}") }).to_string()).await;
        app.send_as(&format!("pp_{n}"), &query, Value::Null).await;
    };
    ask(0).await;
    let (before, _) = app.metrics().await;
    for n in 1..=100 {
        ask(n).await;
    }
    let (after, text) = app.metrics().await;
    let names = |series: &Series| series.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&before), names(&after), "{text}");
    let partner = "type=\"query\",operation=\"partner\",transport=\"http\",outcome=\"ok\"";
    assert_eq!(value(&after, &requests(partner)), 101, "{text}");
}

async fn the_dashboard_asks_for_what_there_is(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("one", "2025-01-01").await;
    app.refusals("createPartner", json!({ "code": "one", "name": "One", "enrolledOn": "2025-01-01" })).await;
    app.professional("ada", "2025-01-01").await;
    let day = "2026-06-10";
    for activity in [
        Activity::of_partner("one", "CUSTOMER_MEETING", day).quantity(3),
        Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", day).points(190),
    ] {
        let activity = app.record(activity).await;
        app.void(&activity).await;
    }
    let (series, text) = app.metrics().await;
    let there: BTreeSet<&str> =
        series.keys().map(|name| name.split('{').next().unwrap_or_default()).collect();
    let mut asked = BTreeSet::new();
    for (file, is_dashboard) in
        [("ops/grafana/partner-program.json", true), ("ops/prometheus/alerts.yml", false)]
    {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(path).expect(file);
        let names: BTreeSet<String> = if is_dashboard {
            let dashboard: Value = serde_json::from_str(&source).expect("JSON");
            expressions(&dashboard).iter().flat_map(|expression| names_in(expression)).collect()
        } else {
            names_in(&source).collect()
        };
        assert!(!names.is_empty(), "{file} asks for nothing");
        asked.extend(names);
    }
    assert!(asked.len() >= 20, "{asked:?}");
    // What there is of a standby only where there is one: tests/postgres/replicas.rs.
    let of_standby =
        |name: &str| name.starts_with("partner_program_replica_") || name == "partner_program_reads_total";
    asked.retain(|name| !of_standby(name));
    let missing: Vec<_> = asked.iter().filter(|name| !there.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} of {asked:?}\n{text}");
    // What is there is described, in the documentation too.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/observability.md");
    let manual = std::fs::read_to_string(path).expect("the manual");
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap_or_default();
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
        assert!(manual.contains(&format!("`{name}")), "docs/observability.md does not describe {name}");
    }
}

/// Every `expr` of a dashboard.
fn expressions(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if name == "expr" || name == "query" => vec![text.clone()],
                value => expressions(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

/// Names of our metrics in a text.
fn names_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("partner_program_") || word.starts_with("process_"))
        .map(str::to_owned)
}

async fn pool_metrics_match_the_pools(backend: Backend) {
    let app = TestApp::start_with(TestDatabase::create(backend).await, TODAY, &[]).await;
    app.partner("one", "2025-01-01").await;
    let (series, text) = app.metrics().await;
    let pools: &[(&str, i64)] = match backend {
        Backend::Sqlite => &[("write", 1), ("read", 4)],
        Backend::Postgres => &[("write", 8), ("read", 8)],
    };
    for (pool, max) in pools {
        let reported = |what: &str| value(&series, &format!("db_pool_connections{what}{{pool=\"{pool}\"}}"));
        assert_eq!(reported("_max"), *max, "{text}");
        assert!(reported("") >= 1 && reported("") <= *max, "{text}");
        assert_eq!(reported("_idle") + reported("_in_use"), reported(""), "{text}");
    }
    let uptime: f64 = series["partner_program_uptime_seconds"].parse().expect("a number");
    assert!(uptime > 0.0);
    assert_eq!(value(&series, &format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1);
}

/// The metrics as soon as they fulfil a condition.
async fn reported(app: &TestApp, wanted: impl Fn(&Series) -> bool) -> Series {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let (series, text) = app.metrics().await;
        if wanted(&series) {
            return series;
        }
        assert!(Instant::now() < until, "{text}");
        tokio::task::yield_now().await;
    }
}

async fn feed_metrics_match_the_feed(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("one", "2025-01-01").await;
    app.record(Activity::of_partner("one", "CUSTOMER_MEETING", "2026-06-10").quantity(3)).await;
    let latest = async || {
        let data = app.ok("{ events(first: 1) { latestNumber } }", Value::Null).await;
        data["events"]["latestNumber"].as_i64().expect("a number")
    };
    let first = latest().await;
    assert!(first > 0);
    let series = reported(&app, |series| value(series, "feed_position") == first).await;
    assert_eq!(value(&series, "outbox_rows"), 0);
    if backend == Backend::Postgres {
        // While somebody has the feed's row, nobody gives numbers.
        let connection = app.database().connect().await;
        let holding = begin(&connection).await;
        let lock = "SELECT 1 FROM event_feed WHERE id = 1 FOR UPDATE";
        holding.execute_unprepared(lock).await.expect("the lock");
        app.record(Activity::of_partner("one", "CUSTOMER_MEETING", "2026-06-11").quantity(3)).await;
        let series = reported(&app, |series| value(series, "outbox_rows") > 0).await;
        let lag: f64 = series["partner_program_outbox_lag_seconds"].parse().expect("a number");
        assert!(lag > 0.0 && value(&series, "feed_position") == first, "{series:?}");
        holding.rollback().await.expect("the lock goes");
        connection.close().await.expect("a connection closes");
        let series = reported(&app, |series| value(series, "outbox_rows") == 0).await;
        let lag: f64 = series["partner_program_outbox_lag_seconds"].parse().expect("a number");
        assert!(lag.abs() < f64::EPSILON, "{lag}");
        let last = latest().await;
        assert!(last > first);
        reported(&app, |series| value(series, "feed_position") == last).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may wait for locks as it likes")]
async fn begin(connection: &DatabaseConnection) -> DatabaseTransaction {
    connection.begin().await.expect("a transaction")
}

/// SQLite's writers queue, so that nobody gets in anybody's way.
async fn what_meets_a_rival_is_counted_as_tried_again(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("one", "2025-01-01").await;
    let retries = "transaction_retries_total";
    assert_eq!(value(&app.metrics().await.0, retries), 0);
    if backend == Backend::Sqlite {
        return;
    }
    let connection = app.database().connect().await;
    let rival = begin(&connection).await;
    let row = partner::Model {
        id: uuid::Uuid::now_v7(),
        code: "two".to_owned(),
        name: "Of a rival".to_owned(),
        enrolled_on: "2025-01-01".parse().expect("a day"),
        created_at: app.services().clock().now(),
        search_key: None,
        left_on: None,
        level_overrides: None,
        merged_into: None,
        former_codes: None,
    };
    let insert = partner::Entity::insert(row.into_active_model());
    insert.exec_without_returning(&rival).await.expect("a partner");
    let committed = async {
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
            AND wait_event_type = 'Lock' AND query LIKE 'INSERT%'";
        let until = Instant::now() + Duration::from_secs(20);
        let waiting = || Statement::from_string(DbBackend::Postgres, waits);
        while connection.query_one_raw(waiting()).await.expect("an answer").is_none() {
            assert!(Instant::now() < until, "nobody waits for the rival");
        }
        rival.commit().await.expect("the rival is first");
    };
    let input = json!({ "code": "two", "name": "Two", "enrolledOn": "2025-01-01" });
    let (refused, ()) = tokio::join!(app.refusals("createPartner", input), committed);
    connection.close().await.expect("a connection closes");
    assert_eq!(refused, ["ALREADY_EXISTS"]);
    assert_eq!(value(&app.metrics().await.0, retries), 1);
}
