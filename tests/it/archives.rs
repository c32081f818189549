//! The whole program as one file, and databases of both engines from it.

use std::io::Cursor;

use partner_program::archive::{ArchiveReader, ArchiveWriter};
use partner_program::store::Database;
use partner_program::store::archive::{self, Part, Restore, RestoreError};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityName, Statement};
use serde_json::{Value, json};

use crate::append_only::app_with_rows;
use crate::harness::{Activity, Backend, TestApp, TestDatabase, every_entity, everything, verified};

both! {
    the_same_rows_are_the_same_file_on_both_engines,
    what_does_not_fit_leaves_nothing,
    rows_that_contradict_each_other_leave_nothing,
    a_second_restore_is_refused,
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
    let written = archive::write_all(&opened, |part| {
        match part {
            Part::Table(name) => writer.table(&name),
            Part::Rows { lines, count } => writer.rows(lines, count),
        }
        .map_err(|error| DbErr::Custom(error.to_string()))
    });
    written.await.expect("an export");
    opened.close().await.expect("closed");
    writer.finish().expect("memory").0
}

/// The parts of an archive.
fn parts(file: &[u8]) -> Vec<Part> {
    let mut reader = ArchiveReader::begin(Cursor::new(file.to_vec())).expect("an archive");
    let mut parts = Vec::new();
    while let Some(part) = reader.next_part().expect("it is whole") {
        parts.push(match part {
            partner_program::archive::Part::Table(name) => Part::Table(name),
            partner_program::archive::Part::Rows { lines, count } => Part::Rows { lines, count },
        });
    }
    parts
}

/// Restores parts, in the order of a restore: what fits no table is refused before the end.
async fn restore(database: &Database, parts: Vec<Part>) -> Result<(), RestoreError> {
    let mut restore = Restore::begin(database).await?;
    let mut encoder = restore.encoder();
    for part in parts {
        if let Some(rows) = encoder.encode(part)? {
            restore.insert(rows).await?;
        }
    }
    restore.finish().await
}

async fn restored(file: &[u8], backend: Backend) -> TestDatabase {
    let database = TestDatabase::create(backend).await;
    let opened = opened(&database).await;
    let before = structure(&opened).await;
    restore(&opened, parts(file)).await.expect("every row is kept");
    assert_eq!(structure(&opened).await, before, "something of the schema is not as it was");
    opened.close().await.expect("closed");
    database
}

/// Every index, constraint and trigger, as the database defines it.
async fn structure(database: &Database) -> Vec<String> {
    let text = match database.backend() {
        DbBackend::Sqlite => {
            "SELECT type || name || tbl_name || COALESCE(sql, '') AS text FROM sqlite_schema"
        }
        _ => {
            "SELECT pg_get_indexdef(i.indexrelid) || i.indisvalid::text || COALESCE((SELECT string_agg(format('%s %s', attnum, \
             attstattarget), ',') FROM pg_attribute WHERE attrelid = i.indexrelid), '') AS text \
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = current_schema()::regnamespace \
             UNION ALL SELECT format('%s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated) \
             FROM pg_constraint WHERE connamespace = current_schema()::regnamespace \
             UNION ALL SELECT pg_get_triggerdef(t.oid) || t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
             WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
        }
    };
    let statement = Statement::from_string(database.backend(), text);
    let rows = database.reader().query_all_raw(statement).await.expect("the catalogue");
    let mut found: Vec<String> = rows.iter().map(|row| row.try_get("", "text").expect("a text")).collect();
    assert!(found.len() > 100, "{}", found.len());
    found.sort_unstable();
    found
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
    let mut tables: Vec<(String, u64)> = Vec::new();
    for part in parts(&first) {
        match part {
            Part::Table(name) => tables.push((name, 0)),
            Part::Rows { count, .. } => tables.last_mut().expect("a table").1 += count,
        }
    }
    assert!(tables.iter().any(|(_, rows)| *rows > 1));
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

/// The rows of a table of an archive.
fn rows_of(file: &[u8], table: &str) -> Vec<Value> {
    let mut is_found = false;
    let mut rows = Vec::new();
    for part in parts(file) {
        match part {
            Part::Table(name) => is_found = name == table,
            Part::Rows { lines, .. } if is_found => {
                let lines = String::from_utf8(lines).expect("UTF-8");
                rows.extend(lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row")));
            }
            Part::Rows { .. } => {}
        }
    }
    rows
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
    let partner: Value = rows_of(&file, "partners").first().expect("a partner").clone();
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
        let lines = format!("{row}\n").into_bytes();
        let parts = vec![Part::Table(name.to_owned()), Part::Rows { lines, count: 1 }];
        let error = restore(&empty, parts).await.expect_err(words).to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
    empty.close().await.expect("closed");
    assert!(export(&restored(&file, backend).await).await == file);
    drop(database);
}

/// An archive's parts, with the rows of one table changed.
fn changed(file: &[u8], table: &str, change: impl Fn(&mut Vec<Value>)) -> Vec<Part> {
    let mut rows = rows_of(file, table);
    change(&mut rows);
    let lines: Vec<u8> = rows.iter().flat_map(|row| format!("{row}\n").into_bytes()).collect();
    let count = u64::try_from(rows.len()).expect("a number");
    let mut is_found = false;
    let mut found = Vec::new();
    for part in parts(file) {
        match part {
            Part::Table(name) => {
                is_found = name == table;
                found.push(Part::Table(name));
                if is_found {
                    found.push(Part::Rows { lines: lines.clone(), count });
                }
            }
            Part::Rows { .. } if is_found => {}
            rows @ Part::Rows { .. } => found.push(rows),
        }
    }
    found
}

/// Changes the rows of a table.
type Change = fn(&mut Vec<Value>);

async fn rows_that_contradict_each_other_leave_nothing(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    for code in ["nordwind", "polder"] {
        app.partner(code, "2024-06-01").await;
    }
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-08-01").points(700)).await;
    let file = export(&app.stop().await).await;
    // table, what is changed, words of the answer
    let table: [(&str, Change, &str); 8] = [
        ("partners", |rows| rows.push(rows[0].clone()), "partners: two rows have the same key"),
        ("partners", |rows| rows[1]["code"] = rows[0]["code"].clone(), "partners: two rows have the same"),
        ("partners", |rows| rows[1]["name"] = json!("a\u{0}b"), "name has the character U+0000"),
        // A unique index that is made behind the rows.
        (
            "partners",
            |rows| rows[1]["code"] = rows[0]["code"].as_str().expect("a code").to_uppercase().into(),
            "partners: two rows have the same",
        ),
        // A row that refers to one of an earlier table, and one that is referred to by a later one.
        (
            "points_entries",
            |rows| rows[0]["activity_id"] = json!("0198f5a0-0000-7000-8000-000000000000"),
            "of activities that is missing",
        ),
        ("log", Vec::clear, "of log that is missing"),
        (
            "activities",
            |rows| rows[0]["quantity"] = json!(-5),
            "activities: a row has values that do not go together",
        ),
        (
            "affiliations",
            |rows| {
                let mut other = rows[0].clone();
                other["id"] = json!("ffffffff-0000-7000-8000-000000000000");
                other["starts_on"] = json!("2025-01-01");
                rows.push(other);
            },
            "affiliations: a row contradicts another one",
        ),
    ];
    let database = TestDatabase::create(backend).await;
    let empty = opened(&database).await;
    let before = structure(&empty).await;
    for (name, change, words) in table {
        let error = restore(&empty, changed(&file, name, change)).await.expect_err(words);
        assert!(matches!(error, RestoreError::Unfit(_)), "{words}: {error}");
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert_eq!(structure(&empty).await, before, "{words}");
    }
    restore(&empty, parts(&file)).await.expect("nothing was kept of what was refused");
    empty.close().await.expect("closed");
    assert!(export(&database).await == file);
}

async fn a_second_restore_is_refused(backend: Backend) {
    let database = TestDatabase::create(backend).await;
    let opened = opened(&database).await;
    let before = structure(&opened).await;
    archive::mark(&opened, "a checksum").await.expect("it is empty");
    let first = Restore::begin_marked(&opened, "a checksum").await.expect("the first one");
    if backend == Backend::Postgres {
        // It neither waits for the first one nor takes anything away.
        let refused = Restore::begin_marked(&opened, "a checksum").await.err();
        assert!(matches!(refused, Some(RestoreError::Running)), "{refused:?}");
    }
    drop(first);
    archive::unmark(&opened).await.expect("the mark goes");
    assert_eq!(structure(&opened).await, before);
    opened.close().await.expect("closed");
}
