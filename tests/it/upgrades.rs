//! A database of an earlier release is brought up to date with its rows.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryOrder};

use crate::harness::deals::status;
use crate::harness::{Backend, TestApp, TestDatabase, verified};

both! {
    rows_of_before_orders_stay,
    stored_names_of_the_api_are_renamed,
    wins_of_before_their_review_stay,
}

/// Steps of the schema before there were orders and deals.
const BEFORE: u32 = 4;

/// One connection, as the product has it for writing to SQLite.
async fn connect(backend: Backend, database: &TestDatabase) -> DatabaseConnection {
    let url = match backend {
        Backend::Sqlite => format!("{}?mode=rwc", database.url),
        Backend::Postgres => database.url.clone(),
    };
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1);
    sea_orm::Database::connect(options).await.expect("the test's own database")
}

/// An id as a literal of the engine.
fn id(backend: Backend, n: u8) -> String {
    match backend {
        Backend::Sqlite => format!("X'{n:032x}'"),
        Backend::Postgres => format!("'00000000-0000-0000-0000-{n:012x}'"),
    }
}

async fn rows_of_before_orders_stay(backend: Backend) {
    let database = TestDatabase::create(backend).await;
    let connection = connect(backend, &database).await;
    Migrator::up(&connection, Some(BEFORE)).await.expect("the schema of before");
    let id = |n: u8| id(backend, n);
    let (now, day) = ("'2025-01-02 00:00:00+00:00'", "'2025-01-02'");
    let statements = [
        format!("INSERT INTO editions VALUES ({}, '2024-05-01', 'x', 'x', {now})", id(1)),
        format!(
            "INSERT INTO professionals VALUES ({}, 'ada', 'Ada', 'ada@example.com', {day}, {now})",
            id(2)
        ),
        format!(
            "INSERT INTO activities (id, seq, professional_id, kind, occurred_on, quantity, attributes, source, external_id, \
             recorded_at, status) VALUES ({}, 1, {}, 'KATA_COMPLETED', {day}, 1, '{{}}', 's', '1', {now}, 'RECORDED')",
            id(3),
            id(2)
        ),
        format!(
            "INSERT INTO log (seq, recorded_at, action, activity_id) VALUES (1, {now}, 'RECORDED', {})",
            id(3)
        ),
        format!(
            "INSERT INTO points_entries (id, professional_id, number, log_seq, activity_id, effective_on, recorded_at, reason, \
             edition_id, points, dojo_credits, dojo_balance_after, day_after) \
             VALUES ({}, {}, 1, 1, {}, {day}, {now}, 'ACTIVITY', {}, 75, 75, 75, 75)",
            id(4),
            id(2),
            id(3),
            id(1)
        ),
    ];
    for statement in &statements {
        connection.execute_unprepared(statement).await.expect(statement);
    }
    Migrator::up(&connection, None).await.expect("the schema of now");
    let log = entity::log::Entity::find().all(&connection).await.expect("the log");
    assert_eq!((log.len(), log[0].seq, log[0].order_id), (1, 1, None));
    let entries = entity::points_entry::Entity::find().all(&connection).await.expect("entries");
    assert_eq!((entries.len(), entries[0].points, entries[0].swag_order_id), (1, 75, None));
    assert_eq!(entries[0].activity_id, log[0].activity_id);
    let people = entity::professional::Entity::find().all(&connection).await.expect("people");
    assert_eq!(people[0].email.as_deref(), Some("ada@example.com"));
    connection.execute_unprepared("UPDATE professionals SET email = NULL").await.expect("an erasure");
    // What guarded them still does, keys of other tables among it.
    for statement in ["DELETE FROM log", "UPDATE points_entries SET points = 1", "DELETE FROM activities"] {
        assert!(connection.execute_unprepared(statement).await.is_err(), "{statement}");
    }
    let orphan = format!(
        "INSERT INTO log (seq, recorded_at, action, order_id) VALUES (2, {now}, 'ORDER_PLACED', {})",
        id(9)
    );
    assert!(connection.execute_unprepared(&orphan).await.is_err(), "an order that is not there");
    assert_eq!(entity::log::Entity::find().count(&connection).await.expect("a count"), 1);
    connection.close().await.expect("a connection closes");
}

/// Steps of the schema before deliveries had attempts and level changes were time-based.
const BEFORE_FIELD_NAMES: u32 = 9;

async fn stored_names_of_the_api_are_renamed(backend: Backend) {
    let database = TestDatabase::create(backend).await;
    let connection = connect(backend, &database).await;
    Migrator::up(&connection, Some(BEFORE_FIELD_NAMES)).await.expect("the schema of before");
    let id = |n: u8| id(backend, n);
    let (now, day) = ("'2026-01-02 00:00:00+00:00'", "'2026-01-01'");
    let event = |number: u8, kind: &str, data: &str| {
        format!(
            "INSERT INTO events (id, number, recorded_at, kind, occurred_on, data) \
             VALUES ({number}, {number}, {now}, '{kind}', {day}, '{data}')"
        )
    };
    let level =
        r#"{"level":{"byCalendar":true,"from":"CREATOR","to":null,"track":"BUSINESS"},"partner":"p"}"#;
    let other = r#"{"deal":{"reference":"\"byCalendar\":"}}"#;
    let statements = [
        event(1, "LEVEL_LAPSED", level),
        event(2, "DEAL_CHANGED", other),
        format!(
            "INSERT INTO webhook_endpoints (id, url, description, status, since, position, created_at, created_by) \
             VALUES ({}, 'https://nobody.invalid/', 'x', 'ENABLED', {now}, 1, {now}, 'x')",
            id(1)
        ),
        format!(
            "INSERT INTO webhook_deliveries (id, endpoint_id, number, state, tries, next_try_at, created_at) \
             VALUES ({}, {}, 1, 'PENDING', 3, {now}, {now})",
            id(2),
            id(1)
        ),
    ];
    for statement in &statements {
        connection.execute_unprepared(statement).await.expect(statement);
    }
    Migrator::up(&connection, None).await.expect("the schema of now");
    let events = entity::event::Entity::find().order_by_asc(entity::event::Column::Id);
    let events = events.all(&connection).await.expect("events");
    let data: Vec<&str> = events.iter().map(|row| row.data.as_str()).collect();
    assert_eq!(data, [level.replace("byCalendar", "timeBased").as_str(), other]);
    let deliveries = entity::webhook_delivery::Entity::find().all(&connection).await.expect("deliveries");
    assert_eq!(
        (deliveries[0].attempts, deliveries[0].next_attempt_at.to_rfc3339()),
        (3, "2026-01-02T00:00:00+00:00".to_owned())
    );
    let steps = u32::try_from(Migrator::migrations().len()).expect("a few");
    let steps = Some(steps - BEFORE_FIELD_NAMES);
    Migrator::down(&connection, steps).await.expect("the schema of before");
    let query = "SELECT data FROM events WHERE id = 1";
    let query = sea_orm::Statement::from_string(connection.get_database_backend(), query);
    let row = connection.query_one_raw(query).await.expect("a read").expect("an event");
    assert_eq!(row.try_get::<String>("", "data").expect("text"), level);
    connection.close().await.expect("a connection closes");
}

/// Steps of the schema before wins of deals were reviewed.
const BEFORE_REVIEWS: u32 = 11;

async fn wins_of_before_their_review_stay(backend: Backend) {
    let app = TestApp::start(backend, "2026-03-31").await;
    for partner in ["nordwind", "suedwind"] {
        app.partner(partner, "2024-06-01").await;
    }
    // What a partner's own key won at once then, as staff does now: one through the other partner's deal.
    app.engaged("nordwind", "N-1", "Acme", "2026-03-01").await;
    app.deal("suedwind", "S-1", "Acme", "2026-03-01").await;
    app.close("S-1", "WON_BY_PARTNER", "2026-03-10").await;
    app.engaged("suedwind", "S-2", "Bolt", "2026-03-01").await;
    app.close("S-2", "WON_BY_OTHER", "2026-03-11").await;
    app.engaged("nordwind", "N-2", "Bolt", "2026-03-12").await;
    app.engaged("nordwind", "N-3", "Crux", "2026-03-01").await;
    app.close("N-3", "LOST", "2026-03-12").await;
    let references = ["N-1", "S-1", "S-2", "N-2", "N-3"];
    let deals = async |app: &TestApp| {
        let deals = entity::deal::Entity::find().order_by_asc(entity::deal::Column::Seq);
        deals.all(app.reader()).await.expect("deals")
    };
    let before = deals(&app).await;
    let database = app.stop().await;
    let connection = connect(backend, &database).await;
    let steps = u32::try_from(Migrator::migrations().len()).expect("a few");
    Migrator::down(&connection, Some(steps - BEFORE_REVIEWS)).await.expect("the schema of before");
    // A closing was activity then.
    let closed = "UPDATE deals SET activity_on = status_on WHERE outcome IS NOT NULL";
    connection.execute_unprepared(closed).await.expect(closed);
    connection.close().await.expect("a connection closes");

    let app = TestApp::start_on(database, "2026-03-31").await;
    for (mut before, after) in before.into_iter().zip(deals(&app).await) {
        before.activity_on = after.activity_on;
        assert_eq!(after, before);
    }
    assert_eq!((app.balance("nordwind").await, app.balance("suedwind").await), (150, 150));
    verified(app.services()).await;
    // It goes on: what was won can be reopened, and what is open is judged as it is now.
    for reference in ["S-1", "N-3"] {
        let reopen = serde_json::json!({ "reference": reference, "reason": "it fell through" });
        let deal = app.done("reopenDeal", reopen).await["deal"].clone();
        assert!(deal["status"] == "LEAD" || deal["status"] == "ENGAGED", "{deal}");
    }
    assert_eq!((app.balance("nordwind").await, app.balance("suedwind").await), (0, 150));
    app.done("updateDeal", status("N-2", "QUOTED", "2026-03-20")).await;
    app.close("N-1", "WON_BY_PARTNER", "2026-03-25").await;
    assert_eq!(app.balance("nordwind").await, 150);
    for reference in references {
        assert!(!app.deal_now(reference).await.is_null());
    }
    verified(app.services()).await;
}
