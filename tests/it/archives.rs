//! The whole program as one file, and databases of both engines from it.

use partner_program::archive::{ArchiveReader, ArchiveWriter, Line};
use partner_program::store::Database;
use partner_program::store::archive::{self, Restore, RestoreError};
use sea_orm::{DbErr, EntityName};
use serde_json::{Map, Value, json};

use crate::append_only::app_with_rows;
use crate::harness::{Activity, Backend, TestApp, TestDatabase, every_entity, everything, verified};

both! {
    the_same_rows_are_the_same_file_on_both_engines,
    what_does_not_fit_leaves_nothing,
}

const TODAY: &str = "2026-08-31";

async fn opened(database: &TestDatabase) -> Database {
    let opened = Database::connect(&database.url).await.expect("the test's own database");
    opened.migrate().await.expect("a schema");
    opened
}

async fn export(database: &TestDatabase) -> Vec<u8> {
    let opened = opened(database).await;
    let mut writer = ArchiveWriter::begin(Vec::new(), &archive::schema_name()).expect("memory");
    let written = archive::write_all(&opened, |table, row| {
        match row {
            None => writer.table(table),
            Some(row) => writer.row(row),
        }
        .map_err(|error| DbErr::Custom(error.to_string()))
    });
    written.await.expect("an export");
    opened.close().await.expect("closed");
    writer.finish().expect("memory").0
}

async fn restored(file: &[u8], backend: Backend) -> TestDatabase {
    let database = TestDatabase::create(backend).await;
    let opened = opened(&database).await;
    let mut restore = Restore::begin(&opened).await.expect("it is empty");
    let mut reader = ArchiveReader::begin(file).expect("an archive");
    while let Some(line) = reader.next_line().expect("it is whole") {
        match line {
            Line::Table(name) => restore.table(&name).await.expect("a table"),
            Line::Row(row) => restore.row(row).await.expect("a row"),
        }
    }
    restore.finish().await.expect("every row is kept");
    opened.close().await.expect("closed");
    database
}

fn every_table() -> Vec<&'static str> {
    let mut names = Vec::new();
    macro_rules! name {
        ($($module:ident),+ $(,)?) => { $(names.push(entity::$module::Entity.table_name());)+ };
    }
    every_entity!(name);
    names
}

/// What clients read and keep: global IDs and cursors among it.
async fn answers(app: &TestApp) -> Value {
    let document = "{ partners(first: 5) { totalCount edges { cursor node { id code balance \
        standing { overall { code } } ledger(last: 20) { edges { cursor node { id explanation } } } } } } \
        professionals(first: 5) { edges { cursor node { id code dojoCredits pointsLedger(first: 20) { nodes { id explanation } } } } } \
        orders(first: 20) { edges { cursor node { id number } } } deals(first: 20) { edges { cursor node { id reference status } } } \
        activities(first: 50) { edges { cursor node { id status } } } }";
    app.ok(document, json!({})).await
}

async fn the_same_rows_are_the_same_file_on_both_engines(backend: Backend) {
    let app = app_with_rows(backend).await;
    let (read, mut rows) = (answers(&app).await, everything(app.reader()).await);
    let first = export(&app.stop().await).await;
    let (mut tables, mut count) = (Vec::new(), 0);
    let mut reader = ArchiveReader::begin(&first[..]).expect("an archive");
    while let Some(line) = reader.next_line().expect("it is whole") {
        match line {
            Line::Table(name) => tables.push((name, 0)),
            Line::Row(_) => {
                tables.last_mut().expect("a table").1 += 1;
                count += 1;
            }
        }
    }
    assert_eq!(reader.rows(), count);
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, archive::tables());
    let mut known = archive::tables();
    let mut all = every_table();
    known.sort_unstable();
    all.sort_unstable();
    assert_eq!(known, all, "an archive has every table");
    let other = if backend == Backend::Sqlite { Backend::Postgres } else { Backend::Sqlite };
    let there = restored(&first, other).await;
    let second = export(&there).await;
    assert!(second == first, "another engine makes another file of the same rows");
    let back = restored(&second, backend).await;
    assert!(export(&back).await == first, "the way there and back changes the file");
    for database in [there, back] {
        let app = TestApp::start_with(database, TODAY, &[("WEBHOOKS_SEND", "false")]).await;
        verified(app.services()).await;
        assert_eq!(answers(&app).await, read);
        let mut found = everything(app.reader()).await;
        found.sort_unstable();
        rows.sort_unstable();
        assert_eq!(found, rows);
        // It goes on where it was: places in the log, numbers of orders and of events.
        app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-08-01").points(700))
            .await;
        let events = app.ok("{ events(first: 100) { nodes { number } } }", json!({})).await;
        let numbers = events["events"]["nodes"].as_array().expect("a list").iter();
        let numbers: Vec<i64> = numbers.map(|event| event["number"].as_i64().expect("a number")).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
        verified(app.services()).await;
    }
}

async fn what_does_not_fit_leaves_nothing(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    let full = app.stop().await;
    let file = export(&full).await;
    let of_full = opened(&full).await;
    let refused = Restore::begin(&of_full).await.err();
    assert!(matches!(refused, Some(RestoreError::NotEmpty(_))), "{refused:?}");
    of_full.close().await.expect("closed");
    // table, its row, words of the answer
    let mut reader = ArchiveReader::begin(&file[..]).expect("an archive");
    let partner = loop {
        match reader.next_line().expect("it is whole").expect("a partner") {
            Line::Row(row) if row.contains_key("enrolled_on") => break Value::Object(row),
            _ => {}
        }
    };
    let with = |column: &str, value: Value| {
        let mut row = partner.clone();
        row[column] = value;
        row
    };
    let table = [
        ("planets", json!({}), "there is no table planets"),
        ("partners", with("colour", json!("red")), "partners: there is no column colour"),
        (
            "partners",
            with("enrolled_on", json!("yesterday")),
            "enrolled_on is \"yesterday\", which is not a date",
        ),
        ("partners", with("code", Value::Null), "code is null, which is not a text"),
        ("partners", with("id", json!("7")), "id is \"7\", which is not an id"),
        ("activities", json!({}), "has no known value"),
    ];
    let database = TestDatabase::create(backend).await;
    let empty = opened(&database).await;
    for (name, row, words) in table {
        let mut restore = Restore::begin(&empty).await.expect("it is empty");
        let row: Map<String, Value> = row.as_object().expect("an object").clone();
        let outcome = match restore.table(name).await {
            Ok(()) => match restore.row(row).await {
                Ok(()) => restore.finish().await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        let error = outcome.expect_err(words).to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
    empty.close().await.expect("closed");
    assert!(export(&restored(&file, backend).await).await == file);
    drop(database);
}
