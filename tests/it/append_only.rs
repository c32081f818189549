//! What the database itself refuses, whoever asks: facts, log, ledger and editions stay as written.

mod commerce;

use std::sync::Arc;

use entity::value::{ImportKind, ImportPolicy};
use migration::{Migrator, MigratorTrait};
use partner_program::access::Caller;
use partner_program::service::imports::{RefusedRow, RowCounts};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};
use serde_json::json;

use crate::harness::webhooks::until;
use crate::harness::{Activity, Backend, TestApp, TestDatabase, every_entity, everything, run};

both! {
    nothing_written_is_changed_or_deleted,
    projections_beside_facts_can_change,
    migrations_go_down_and_up_again,
    every_entity_fits_its_table,
}

pub(crate) async fn app_with_rows(backend: Backend) -> TestApp {
    let app = TestApp::certifying(backend, "2026-08-31").await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2025-01-01").await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let certification = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-05-01");
    app.record(certification.points(600)).await;
    app.record(Activity::of_professional("ada", "FEEDBACK_SUBMITTED", "2025-05-02")).await;
    app.record(Activity::of_partner("nordwind", "LINKEDIN_POST", "2025-05-01").quantity(2)).await;
    commerce::fill(&app).await;
    certificate(&app).await;
    app.done("createApiKey", json!({ "role": "PARTNER", "subject": "nordwind", "label": "the portal" }))
        .await;
    webhook(&app).await;
    merge(&app).await;
    let keyed =
        json!({ "code": "keyed", "name": "Keyed", "enrolledOn": "2024-06-01", "idempotencyKey": "keyed" });
    app.done("createPartner", keyed).await;
    import(&app).await;
    edition(&app).await;
    app.services().seal_all().await.expect("every step is sealed");
    // Nothing is sent from now on, which would change rows.
    TestApp::start_with(app.stop().await, "2026-08-31", &[("WEBHOOKS_SEND", "false")]).await
}

/// A draft that was tried and published.
async fn edition(app: &TestApp) {
    let policy = app.ok("{ edition { document } }", json!({})).await["edition"]["document"].clone();
    let higher = policy.as_str().expect("a document").replacen("threshold = 750", "threshold = 500", 1);
    let input = json!({ "name": "A draft", "document": higher, "effectiveFrom": "2027-01-01" });
    let draft = app.done("saveEditionDraft", input).await["draft"]["id"].clone();
    let document = "query($draft: ID!) { tryEdition(input: { draft: $draft, effectiveFrom: \"2024-05-01\", on: \"2025-12-31\" }) { gainers } }";
    assert_eq!(app.ok(document, json!({ "draft": draft })).await["tryEdition"]["gainers"], 1);
    let document =
        "mutation($draft: ID!) { publishEdition(input: { draft: $draft }) { userErrors { message } } }";
    app.ok(document, json!({ "draft": draft })).await;
    let planned = "mutation($input: PlanRecalculationInput!) { planRecalculation(input: $input) { recalculation { id } } }";
    // What the worked examples expect is another matter.
    let bare = higher.split("[[example]]").next().expect("a start");
    let input = json!({ "document": bare, "effectiveFrom": "2025-01-01", "reason": "agreed" });
    let planned = app.ok(planned, json!({ "input": input })).await;
    let id = &planned["planRecalculation"]["recalculation"]["id"];
    let applied = "mutation($id: ID!) { applyRecalculation(input: { recalculation: $id }) { recalculation { status } } }";
    app.ok(applied, json!({ "id": id })).await;
    app.services().complete_recalculations().await.expect("every subject");
}

/// A certificate of a level that was set.
async fn certificate(app: &TestApp) {
    let days = ("2026-08-01", "2026-12-31");
    let input =
        json!({ "professional": "ada", "level": "ADVOCATE", "from": days.0, "until": days.1, "reason": "x" });
    app.done("overrideLevel", input).await;
    app.done("issueCertificate", json!({ "professional": "ada" })).await;
}

/// Two accounts of a professional that are one now.
async fn merge(app: &TestApp) {
    app.professional("adah", "2025-01-01").await;
    app.record(Activity::of_professional("adah", "DOCS_CORRECTION", "2025-05-03")).await;
    let input = json!({ "from": "adah", "into": "ada", "reason": "signed up twice" });
    app.done("mergeProfessionals", input).await;
}

/// An import that refused a row.
async fn import(app: &TestApp) {
    let services = app.services().for_caller(Arc::new(Caller::system("import")), None);
    let run = services.import_run_begin("a.csv", ImportKind::Partners, ImportPolicy::Valid).await;
    let refused = RefusedRow { line: 2, reasons: "no".to_owned(), content: None };
    let counts = RowCounts { refused: 1, ..RowCounts::default() };
    let mut run = run.expect("a run");
    services.import_run_advance(&mut run, counts, &[refused]).await.expect("a row");
}

/// An endpoint, and an attempt that comes to nothing.
async fn webhook(app: &TestApp) {
    let input = json!({ "url": "https://nobody.invalid/", "description": "nowhere" });
    let made = app.done("createWebhookEndpoint", input).await;
    app.done("sendTestWebhook", json!({ "id": made["webhookEndpoint"]["id"] })).await;
    until("an attempt", async || {
        let attempt = entity::webhook_attempt::Entity::find().one(app.reader()).await;
        attempt.expect("a read").is_some()
    })
    .await;
}

async fn refused(connection: &DatabaseConnection, statement: &str) {
    let answer = connection.execute_unprepared(statement).await;
    let error = answer.map(|done| done.rows_affected()).expect_err(statement).to_string();
    assert!(error.contains("append-only"), "{statement}: {error}");
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn nothing_written_is_changed_or_deleted(backend: Backend) {
    let app = app_with_rows(backend).await;
    let connection = app.database().connect().await;
    let before = everything(&connection).await;
    // table, a column and another value for it, for every column of the tables that never change
    let table: [(&str, &[(&str, &str)]); 10] = [
        (
            "certificates",
            &[
                ("token", "'x'"),
                ("partner_id", "professional_id"),
                ("professional_id", "NULL"),
                ("level_of", "'OVERALL'"),
                ("level", "'CATALYST'"),
                ("valid_from", "'2025-01-01'"),
                ("valid_until", "'2035-01-01'"),
                ("list", "list + 1"),
                ("place", "place"),
                ("issued_at", "issued_at"),
            ],
        ),
        ("seals", &[("number", "number + 100"), ("log_seq", "log_seq"), ("head", "'x'")]),
        (
            "merged_objects",
            &[("object_id", "object_id"), ("log_seq", "log_seq + 100"), ("from_id", "object_id")],
        ),
        (
            "ledger_entries",
            &[
                ("partner_id", "partner_id"),
                ("number", "number + 100"),
                ("log_seq", "log_seq"),
                ("effective_on", "'2025-01-01'"),
                ("recorded_at", "recorded_at"),
                ("reason", "'VOID'"),
                ("level_credits", "0"),
                ("spendable_credits", "spendable_credits + 1"),
                ("balance_after", "balance_after + 1"),
            ],
        ),
        (
            "points_entries",
            &[
                ("professional_id", "professional_id"),
                ("number", "number + 100"),
                ("effective_on", "'2025-01-01'"),
                ("points", "points + 1"),
                ("dojo_credits", "0"),
                ("dojo_balance_after", "7"),
            ],
        ),
        (
            "log",
            &[
                ("seq", "seq + 100"),
                ("action", "'VOIDED'"),
                ("reason", "'because'"),
                ("points", "1"),
                ("data", "'{}'"),
                ("actor", "'x'"),
            ],
        ),
        ("editions", &[("name", "'x'"), ("document", "''"), ("effective_from", "'2020-01-01'")]),
        (
            "activities",
            &[
                ("id", "id"),
                ("seq", "seq + 100"),
                ("partner_id", "partner_id"),
                ("professional_id", "professional_id"),
                ("kind", "'EVENT_ORGANIZED'"),
                ("occurred_on", "'2025-01-01'"),
                ("quantity", "quantity + 1"),
                ("points", "1"),
                ("attributes", "'{}'"),
                ("source", "'x'"),
                ("external_id", "external_id"),
                ("recorded_at", "recorded_at"),
                ("recorded_by", "'x'"),
                ("replaces", "id"),
                ("evidence_due_on", "'2025-01-01'"),
            ],
        ),
        (
            "audit_log",
            &[("actor", "'x'"), ("at", "at"), ("after", "NULL"), ("reason", "'x'"), ("partner_id", "NULL")],
        ),
        (
            "affiliations",
            &[
                ("starts_on", "'2025-02-01'"),
                ("replaces_id", "id"),
                ("partner_id", "partner_id"),
                ("professional_id", "professional_id"),
            ],
        ),
    ];
    for (name, columns) in table.into_iter().chain(commerce::TABLES) {
        for (column, value) in columns {
            refused(&connection, &format!("UPDATE {name} SET {column} = {value}")).await;
        }
        refused(&connection, &format!("DELETE FROM {name}")).await;
        if backend == Backend::Postgres {
            refused(&connection, &format!("TRUNCATE {name} CASCADE")).await;
        }
    }
    assert_eq!(everything(&connection).await, before);
}

/// PostgreSQL has no such statement: there, a row that holds the key is an error or an update.
#[test]
fn sqlite_replaces_nothing_that_is_written() {
    run(nothing_is_replaced());
}

async fn nothing_is_replaced() {
    let app = app_with_rows(Backend::Sqlite).await;
    let connection = app.database().connect().await;
    let before = everything(&connection).await;
    for table in [
        "ledger_entries",
        "points_entries",
        "log",
        "editions",
        "activities",
        "affiliations",
        "audit_log",
        "merged_objects",
        "seals",
        "certificates",
    ]
    .into_iter()
    .chain(commerce::TABLES.map(|(table, _)| table))
    {
        refused(&connection, &format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}")).await;
    }
    // By another unique key than the primary one.
    let columns = "partner_id, number, log_seq, activity_id, effective_on, recorded_at, reason, kind, edition_id, \
                   window_start, units_before, units_after, track, 999, spendable_credits, balance_after, day_after, \
                   order_id, deal_id, quote_id";
    let replace = format!("REPLACE INTO ledger_entries SELECT randomblob(16), {columns} FROM ledger_entries");
    refused(&connection, &replace).await;
    assert_eq!(everything(&connection).await, before);
}

async fn projections_beside_facts_can_change(backend: Backend) {
    // The triggers name columns: those that a review, a voiding or an end writes are not among them.
    let app = app_with_rows(backend).await;
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2025-06-01").points(500);
    let claim = app.done("submitActivity", claim.input()).await["activity"].clone();
    let review = json!({ "activityId": claim["id"], "decision": "APPROVE", "points": 600 });
    let approved = app.done("reviewActivity", review).await["activity"].clone();
    assert_eq!((&approved["status"], &approved["points"]), (&json!("RECORDED"), &json!(600)));
    app.void(&approved).await;
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2025-12-31" })).await;
}

async fn migrations_go_down_and_up_again(backend: Backend) {
    let database = TestDatabase::create(backend).await;
    let url = match backend {
        Backend::Sqlite => format!("{}?mode=rwc", database.url),
        Backend::Postgres => database.url.clone(),
    };
    let connection = sea_orm::Database::connect(url).await.expect("the test's own database");
    let tables = async || {
        let query = match backend {
            Backend::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'index', 'trigger') ORDER BY name"
            }
            Backend::Postgres => {
                "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace \
                 UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
            }
        };
        let rows = connection
            .query_all_raw(sea_orm::Statement::from_string(connection.get_database_backend(), query));
        let rows = rows.await.expect("a read");
        rows.iter().map(|row| row.try_get::<String>("", "name").expect("a name")).collect::<Vec<_>>()
    };
    Migrator::up(&connection, None).await.expect("up");
    let whole = tables().await;
    assert!(whole.iter().any(|name| name == "ledger_entries_no_update"), "{whole:?}");
    assert!(Migrator::get_pending_migrations(&connection).await.expect("a read").is_empty());
    // One step at a time, and what a step leaves is what the one before had made.
    let steps = u32::try_from(Migrator::migrations().len()).expect("a few");
    let mut states = Vec::new();
    for _ in 0..steps {
        states.push(tables().await);
        Migrator::down(&connection, Some(1)).await.expect("down");
    }
    let left: Vec<String> =
        tables().await.into_iter().filter(|name| !name.contains("seaql_migrations")).collect();
    assert_eq!(left, Vec::<String>::new());
    for state in states.into_iter().rev() {
        Migrator::up(&connection, Some(1)).await.expect("up again");
        assert_eq!(tables().await, state);
    }
    assert_eq!(tables().await, whole);
    connection.close().await.expect("a connection closes");
}

async fn every_entity_fits_its_table(backend: Backend) {
    let app = app_with_rows(backend).await;
    let connection = app.reader();
    macro_rules! read {
        ($($module:ident),+ $(,)?) => {
            $({
                let row = entity::$module::Entity::find().one(connection).await;
                let row = row.unwrap_or_else(|error| panic!("{}: {error}", stringify!($module)));
                assert!(row.is_some(), "{} has no row to read", stringify!($module));
            })+
        };
    }
    every_entity!(read);
    macro_rules! count {
        ($($module:ident),+ $(,)?) => { [$(stringify!($module)),+].len() };
    }
    // None is forgotten. What SQLite's full-text indexes consist of are tables as well.
    let query = match backend {
        Backend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
             AND name NOT GLOB '*_grams' AND name NOT GLOB '*_grams_*'"
        }
        Backend::Postgres => "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    };
    let rows =
        connection.query_all_raw(sea_orm::Statement::from_string(connection.get_database_backend(), query));
    assert_eq!(
        rows.await.expect("a read").len(),
        every_entity!(count) + 1,
        "the entities' tables and that of the migrations"
    );
}
