//! The server and the reference implementation of GraphQL refuse the same documents, and a refused document leaves no
//! trace in the database.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::npm;
use crate::server::{KEY, Server};

const SOURCES: [&str; 7] = [
    ".npmrc",
    "package.json",
    "package-lock.json",
    "cases.mjs",
    "compare.mjs",
    "generated.mjs",
    "reference.mjs",
];
/// Printed once all documents that the reference implementation refuses were sent.
const ALL_REFUSED: &str = "All refused documents were sent.";
/// How many documents are compared at least.
const DOCUMENTS_MIN: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_refused_or_run_as_the_reference_implementation_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("conformance.db").display());
    let server = Server::start(&[("DATABASE_URL", &format!("{url}?mode=rwc"))]);
    fs::write(folder.path().join("schema.graphql"), partner_program::graphql::schema::sdl()).expect("a file");
    let database = sea_orm::Database::connect(&url).await.expect("the database of the server");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/conformance");
    let before = dump(&database).await;
    assert!(before.contains("editions"), "{before}");

    let mut script = Command::new("node")
        .arg(npm::install(&from, "conformance", &SOURCES).join("compare.mjs"))
        .args([&server.url("/graphql"), KEY])
        .arg(folder.path().join("schema.graphql"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("these tests need Node.js 20.19 or later");
    let lines = BufReader::new(script.stdout.take().expect("its output")).lines();
    let mut said = Vec::new();
    let mut state = None;
    for line in lines.map_while(Result::ok) {
        if line == ALL_REFUSED {
            state = Some(dump(&database).await);
            let mut go_on = script.stdin.take().expect("its input");
            go_on.write_all(b"\n").expect("it waits");
        }
        said.push(line);
    }
    let succeeded = script.wait().expect("its end").success();
    let said = said.join("\n");
    println!("{said}");
    assert!(succeeded, "{said}");
    let state = state.expect("all refused documents were sent");
    assert!(state == before, "refused documents changed the database: {}", difference(&before, &state));
    let count = said.lines().find_map(|line| line.split_once(" documents, ")?.0.parse::<usize>().ok());
    assert!(count.is_some_and(|count| count >= DOCUMENTS_MIN), "{said}");
}

/// All rows of all tables as text, without how far notices have been emitted: no document changes that, and the server
/// does when it starts. What a virtual table shows is in the tables that it consists of.
async fn dump(database: &DatabaseConnection) -> String {
    let query = |sql: String| Statement::from_string(database.get_database_backend(), sql);
    let tables = "SELECT name AS text FROM sqlite_master WHERE type = 'table' \
                  AND name <> 'notice_progress' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
    let tables = texts(database, query(tables.to_owned())).await;
    let mut all = String::new();
    for table in tables {
        let columns = format!("SELECT name AS text FROM pragma_table_info('{table}') ORDER BY cid");
        let columns = texts(database, query(columns)).await;
        let columns: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let rows = format!("SELECT {} AS text FROM \"{table}\" ORDER BY text", columns.join(" || ',' || "));
        let rows = texts(database, query(rows)).await;
        // Writing to a string does not fail.
        let _ = writeln!(all, "{table}: {} rows\n{}", rows.len(), rows.join("\n"));
    }
    all
}

async fn texts(database: &DatabaseConnection, statement: Statement) -> Vec<String> {
    let rows = database.query_all_raw(statement).await.expect("a statement");
    rows.iter().map(|row| row.try_get("", "text").expect("a text")).collect()
}

/// The first line that differs.
fn difference(before: &str, after: &str) -> String {
    let differ = before.lines().zip(after.lines()).find(|(before, after)| before != after);
    differ.map_or_else(|| "rows at the end".to_owned(), |(before, after)| format!("{before} and {after}"))
}
