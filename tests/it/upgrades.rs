//! A database of an earlier release is brought up to date with its rows.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryOrder};

use serde_json::{Value, json};

use crate::harness::deals::{close, status, swag};
use crate::harness::{
    Activity, Backend, Order, TestApp, TestDatabase, document, everything, user_errors, verified,
};

both! {
    rows_of_before_orders_stay,
    stored_names_of_the_api_are_renamed,
    wins_of_before_their_review_stay,
    wins_that_awarded_nothing_are_known_as_such,
    a_whole_database_of_before_goes_on,
    customers_of_before_stay_apart,
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

/// Stops an application, and gives its database the schema of before, with what that schema did not hold left out.
async fn downgraded(backend: Backend, app: TestApp) -> TestDatabase {
    let database = app.stop().await;
    let connection = connect(backend, &database).await;
    let steps = u32::try_from(Migrator::migrations().len()).expect("a few");
    Migrator::down(&connection, Some(steps - BEFORE_REVIEWS)).await.expect("the schema of before");
    // What was added since is not there.
    for later in [
        "SELECT 1 FROM quotes",
        "SELECT 1 FROM subject_steps",
        "SELECT actor FROM log",
        "SELECT voided FROM contracts",
    ] {
        assert!(connection.execute_unprepared(later).await.is_err(), "{later}");
    }
    // A closing was activity then.
    let closed = "UPDATE deals SET activity_on = status_on WHERE outcome IS NOT NULL";
    connection.execute_unprepared(closed).await.expect(closed);
    connection.close().await.expect("a connection closes");
    database
}

/// What a release before reviews, corrections and quotes could record. A partner's key won deals at once then, as staff
/// does now.
async fn recorded_before(app: &TestApp) -> (Vec<Value>, Vec<Value>, Vec<Value>) {
    for partner in ["nordwind", "suedwind"] {
        app.partner(partner, "2024-06-01").await;
    }
    for code in ["ada", "bram"] {
        app.professional(code, "2024-06-01").await;
        app.affiliate(code, "nordwind", "2024-06-01").await;
    }
    app.done("endAffiliation", json!({ "professional": "bram", "endsOn": "2025-12-31" })).await;
    app.affiliate("bram", "suedwind", "2026-01-01").await;
    let certified = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-11-03").points(900);
    let certified = app.record(certified).await;
    app.record(Activity::of_professional("bram", "CERTIFICATION_OBTAINED", "2026-02-03").points(600)).await;
    let voided =
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-02-01").quantity(7)).await;
    app.void(&voided).await;
    app.earn("nordwind", "2026-02-02", 40).await;
    let claim = Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2026-03-01").points(600);
    let claim = app.done("submitActivity", claim.input()).await["activity"].clone();
    app.product("course", "TRAINING", &[("100", "EUR")]).await;
    app.contract("nordwind", "frame", ("2026-01-01", "2026-12-31"), &[("TRAINING", "5")]).await;
    app.target("nordwind", 2026, "150", "EUR").await;
    let mut orders = Vec::new();
    for order in [
        Order::self_use("nordwind").line("course", 1).credits(9),
        Order::for_customer("nordwind").line("course", 2),
        Order::self_use("nordwind").line("course", 1).credits(5),
    ] {
        orders.push(app.place(&order).await);
    }
    app.fulfill(&orders[1], "2026-03-31").await;
    app.cancel(&orders[2]).await;
    app.item("mug", 100, 9).await;
    let mut swags = Vec::new();
    for key in ["kept", "sent"] {
        swags.push(app.done("placeSwagOrder", swag("ada", "mug", 2, key)).await["swagOrder"].clone());
    }
    app.engaged("nordwind", "N-1", "Acme", "2026-03-01").await;
    app.close("N-1", "WON_BY_OTHER", "2026-03-10").await;
    app.engaged("suedwind", "S-1", "Bolt", "2026-03-01").await;
    app.close("S-1", "WON_BY_PARTNER", "2026-03-11").await;
    app.engaged("suedwind", "S-2", "Crux", "2026-03-20").await;
    (vec![certified, claim], orders, swags)
}

/// Everything that subjects came to.
async fn sums(app: &TestApp) -> Value {
    let mut sums = json!({});
    for code in ["nordwind", "suedwind"] {
        sums[code] = json!([app.partner_on(code, "2026-03-31").await, app.ledger(code).await]);
    }
    for code in ["ada", "bram"] {
        sums[code] = app.professional_on(code, "2026-03-31").await;
    }
    for reference in ["N-1", "S-1", "S-2"] {
        sums[reference] = app.deal_now(reference).await;
    }
    sums
}

async fn a_whole_database_of_before_goes_on(backend: Backend) {
    let app = TestApp::start(backend, "2026-03-31").await;
    let (activities, orders, swags) = recorded_before(&app).await;
    let (before, rows) = (sums(&app).await, everything(app.reader()).await.len());
    let database = downgraded(backend, app).await;
    let app = TestApp::start_on(database, "2026-03-31").await;
    assert_eq!(sums(&app).await, before);
    assert_eq!(everything(app.reader()).await.len(), rows, "no row is lost");
    verified(app.services()).await;
    // Wins stay won and rewarded; a partner's key reports only from now on.
    let (nordwind, suedwind) = (app.balance("nordwind").await, app.balance("suedwind").await);
    for reference in ["N-1", "S-1"] {
        assert_eq!(app.deal_now(reference).await["status"], "CLOSED_WON");
    }
    let key = app.key("PARTNER", Some("suedwind")).await;
    let input = json!({ "input": close("S-2", "WON_BY_PARTNER", "2026-03-25") });
    let answer = app.send_as(&key, &document("closeDeal"), input).await;
    assert!(user_errors(&answer.body).is_empty(), "{}", answer.text);
    assert_eq!(app.deal_now("S-2").await["status"], "WON_REPORTED");
    assert_eq!(app.balance("suedwind").await, suedwind);
    app.done("reviewDeal", json!({ "reference": "S-2", "decision": "APPROVE" })).await;
    assert_eq!(app.balance("suedwind").await, suedwind + 150);
    // Everything of before can be corrected.
    app.done("reopenDeal", json!({ "reference": "N-1", "reason": "it fell through" })).await;
    assert_eq!(app.balance("nordwind").await, nordwind - 150);
    app.give_back(&orders[1], "2026-03-31").await;
    assert_eq!(app.balance("nordwind").await, nordwind - 150 - 50, "the target is no longer reached");
    app.cancel(&orders[0]).await;
    app.done("fulfillSwagOrder", json!({ "number": swags[0]["number"] })).await;
    app.done("cancelSwagOrder", json!({ "number": swags[1]["number"] })).await;
    let early = json!({ "partner": "nordwind", "reference": "frame", "endsOn": "2026-06-30" });
    app.done("endContract", early).await;
    app.done("reviewActivity", json!({ "activityId": activities[1]["id"], "decision": "APPROVE" })).await;
    app.void(&activities[0]).await;
    let query = "{ professional(code: \"bram\") { affiliations { nodes { id partner { code } } } } }";
    let found = app.ok(query, json!({})).await["professional"]["affiliations"]["nodes"].clone();
    let wrong = found.as_array().expect("a list").iter().find(|one| one["partner"]["code"] == "suedwind");
    let id = wrong.expect("an affiliation")["id"].clone();
    let earned = app.balance("suedwind").await;
    let corrected = json!({ "affiliation": id, "partner": "nordwind", "reason": "mixed up" });
    app.done("correctAffiliation", corrected).await;
    assert_eq!(app.balance("suedwind").await, earned - 15, "a certification and a block of points");
    app.done("updateProfessional", json!({ "code": "ada", "signedUpOn": "2024-05-02" })).await;
    let set = json!({ "professional": "ada", "level": "ENABLER", "from": "2026-03-01", "until": "2026-12-31", "reason": "a test" });
    app.done("overrideLevel", set).await;
    app.done("endPartnership", json!({ "partner": "suedwind", "on": "2026-03-31", "reason": "a test" }))
        .await;
    verified(app.services()).await;
}

async fn wins_that_awarded_nothing_are_known_as_such(backend: Backend) {
    let app = TestApp::start(backend, "2026-03-31").await;
    for partner in ["nordwind", "suedwind"] {
        app.partner(partner, "2024-06-01").await;
    }
    for (partner, reference, customer) in
        [("nordwind", "N-1", "Acme"), ("nordwind", "N-2", "Bolt"), ("suedwind", "S-1", "Crux")]
    {
        app.engaged(partner, reference, customer, "2026-03-01").await;
    }
    app.close("N-1", "WON_BY_PARTNER", "2026-03-10").await;
    app.done("endPartnership", json!({ "partner": "nordwind", "on": "2026-03-12", "reason": "a test" }))
        .await;
    for reference in ["N-2", "S-1"] {
        app.close(reference, "WON_BY_PARTNER", "2026-03-20").await;
    }
    let database = app.stop().await;
    let connection = connect(backend, &database).await;
    let migrations = Migrator::migrations();
    let place = migrations.iter().position(|one| one.name().ends_with("000060_unawarded_wins"));
    let later = migrations.len() - place.expect("the migration of wins");
    Migrator::down(&connection, Some(u32::try_from(later).expect("a few")))
        .await
        .expect("the schema of before");
    connection.close().await.expect("a connection closes");
    let app = TestApp::start_on(database, "2026-03-31").await;
    verified(app.services()).await;
    for (reference, balances) in [("N-2", (150, 150)), ("N-1", (0, 150)), ("S-1", (0, 0))] {
        app.done("reopenDeal", json!({ "reference": reference, "reason": "it fell through" })).await;
        let now = (app.balance("nordwind").await, app.balance("suedwind").await);
        assert_eq!(now, balances, "{reference}");
    }
    verified(app.services()).await;
}

/// Names of customers, and those that they have in the database of before, where only case and spacing did not matter.
const NAMES_OF_BEFORE: [(&str, &str); 2] = [("Acme Xinc", "Acme Inc"), ("Acme Xgmbh", "ACME, GmbH")];

/// Gives customers and their deals the names of before, which the rules of now compare as equal.
async fn rename_customers(connection: &DatabaseConnection, backend: Backend) {
    let steps_change = match backend {
        Backend::Sqlite => "DROP TRIGGER deal_steps_no_update",
        Backend::Postgres => "ALTER TABLE deal_steps DISABLE TRIGGER USER",
    };
    let mut statements = vec![steps_change.to_owned()];
    for (now, before) in NAMES_OF_BEFORE {
        let key_of = |name: &str| name.to_lowercase().replace(' ', "");
        let (key, old_key) = (key_of(now), key_of(before));
        statements.extend([
            format!("INSERT INTO customers (key, won_deal_id) SELECT '{old_key}', won_deal_id FROM customers WHERE key = '{key}'"),
            format!("UPDATE deals SET customer = '{before}', customer_key = '{old_key}' WHERE customer_key = '{key}'"),
            format!("UPDATE opportunities SET customer_key = '{old_key}' WHERE customer_key = '{key}'"),
            format!("UPDATE deal_steps SET customer = '{before}' WHERE customer = '{now}'"),
            format!("DELETE FROM customers WHERE key = '{key}'"),
        ]);
    }
    for statement in &statements {
        connection.execute_unprepared(statement).await.expect(statement);
    }
}

async fn customers_of_before_stay_apart(backend: Backend) {
    let app = TestApp::start(backend, "2026-03-31").await;
    for partner in ["nordwind", "suedwind"] {
        app.partner(partner, "2024-06-01").await;
    }
    for (partner, reference, customer, on) in [
        ("nordwind", "N-1", "Acme", "2026-03-10"),
        ("suedwind", "S-1", "Acme Xinc", "2026-03-11"),
        ("suedwind", "S-2", "Acme Xgmbh", "2026-03-12"),
    ] {
        app.engaged(partner, reference, customer, "2026-03-01").await;
        app.close(reference, "WON_BY_PARTNER", on).await;
    }
    app.engaged("suedwind", "S-3", "Acme Xinc", "2026-03-20").await;
    let database = app.stop().await;
    let connection = connect(backend, &database).await;
    let migrations = Migrator::migrations();
    let place = migrations.iter().position(|one| one.name().ends_with("000026_customers"));
    let later = u32::try_from(migrations.len() - place.expect("the migration of customers")).expect("a few");
    Migrator::down(&connection, Some(later)).await.expect("the schema of before");
    rename_customers(&connection, backend).await;
    connection.close().await.expect("a connection closes");

    let app = TestApp::start_on(database, "2026-03-31").await;
    verified(app.services()).await;
    let query = "{ customers { nodes { id name spellings firstDeal { reference } deals { totalCount } } } }";
    let found = app.ok(query, json!({})).await["customers"]["nodes"].clone();
    let all: Vec<Value> = found
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            json!([one["name"], one["spellings"], one["firstDeal"]["reference"], one["deals"]["totalCount"]])
        })
        .collect();
    let expected = [
        json!(["ACME, GmbH", ["ACME, GmbH"], "S-2", 1]),
        json!(["Acme", ["Acme"], "N-1", 1]),
        json!(["Acme Inc", ["Acme Inc"], "S-1", 2]),
    ];
    assert_eq!(all, expected, "each is the customer that it was");
    assert_eq!((app.balance("nordwind").await, app.balance("suedwind").await), (150, 300));
    // A name of before means who it meant, and one that is new the earliest of those that compare equal.
    for (reference, customer, of) in
        [("S-4", "acme  inc", "Acme Inc"), ("S-5", "ACME, GmbH", "ACME, GmbH"), ("S-6", "Acme AG", "Acme")]
    {
        app.deal("suedwind", reference, customer, "2026-03-25").await;
        let query = "query($of: String!) { deal(reference: $of) { endCustomer { name } } }";
        let deal = app.ok(query, json!({ "of": reference })).await["deal"].clone();
        assert_eq!(deal["endCustomer"]["name"], of, "{customer}");
    }
    // Staff decides that they are one.
    let join = json!({ "from": found[0]["id"], "into": found[1]["id"], "reason": "one company" });
    app.done("joinCustomers", join).await;
    assert_eq!((app.balance("nordwind").await, app.balance("suedwind").await), (150, 200));
    verified(app.services()).await;
}
