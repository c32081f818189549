#!/usr/bin/env bash
# sqlx 0.9.0 with SQLite: after one COMMIT that fails, later transactions of the connection are acknowledged and lost.
#
# When a COMMIT fails because the file can't grow, SQLite ends the transaction by itself. The driver's
# ROLLBACK then fails, and its count of open transactions stays at 1. The next begin() is therefore a
# SAVEPOINT. Rolling that back leaves it open, and from then on every commit() only releases a savepoint
# within a transaction that nobody commits: it returns Ok, and the rows are gone when the connection closes.
#
# Seen: sqlx 0.9.0 (libsqlite3-sys bundles SQLite). Output:
#   commit: error returned from database: (code: 778) disk I/O error
#   rows acknowledged after there was room: 10, read by another connection: 0, there after closing: 0
#
# Requires cargo, a C compiler and prlimit (util-linux). The limit on the size of files makes the write fail;
# raising it is the room.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "commit-that-fails"
version = "0.1.0"
edition = "2024"

[dependencies]
sqlx = { version = "=0.9.0", default-features = false, features = ["runtime-tokio", "sqlite"] }
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat >"$folder/src/main.rs" <<'RUST'
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, query, query_scalar};

async fn open() -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename("rows.db").create_if_missing(true);
    options.pragma("journal_mode", "WAL").pragma("synchronous", "FULL").connect().await.expect("a connection")
}

async fn count(connection: &mut SqliteConnection) -> i64 {
    query_scalar("SELECT count(*) FROM small").fetch_one(connection).await.expect("a count")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut connection = open().await;
    query("CREATE TABLE large (bytes BLOB)").execute(&mut connection).await.expect("a table");
    query("CREATE TABLE small (n INTEGER)").execute(&mut connection).await.expect("a table");
    // Small enough to stay in memory until the COMMIT writes it.
    let mut transaction = connection.begin().await.expect("begin");
    query("INSERT INTO large VALUES (randomblob(1000000))").execute(&mut *transaction).await.expect("insert");
    println!("commit: {}", transaction.commit().await.expect_err("the file can't grow"));
    let limit = format!("prlimit --fsize=unlimited --pid {}", std::process::id());
    let raised = std::process::Command::new("sh").args(["-c", &limit]).status();
    assert!(raised.expect("sh runs").success());

    connection.begin().await.expect("begin").rollback().await.expect("rollback");
    let mut acknowledged = 0;
    for n in 0..10 {
        let mut transaction = connection.begin().await.expect("begin");
        let insert = AssertSqlSafe(format!("INSERT INTO small VALUES ({n})"));
        query(insert).execute(&mut *transaction).await.expect("insert");
        acknowledged += i64::from(transaction.commit().await.is_ok());
    }
    let read = count(&mut open().await).await;
    connection.close().await.expect("it closes");
    let there = count(&mut open().await).await;
    println!("rows acknowledged after there was room: {acknowledged}, read by another connection: {read}, there after closing: {there}");
}
RUST
cargo build --quiet --manifest-path "$folder/Cargo.toml" --target-dir "${CARGO_TARGET_DIR:-$folder/target}"
cd "$folder"
program=${CARGO_TARGET_DIR:-$folder/target}/debug/commit-that-fails
# 500 blocks of 1,024 bytes; the signal of the limit is ignored, so that the write fails instead.
output=$(trap '' XFSZ && ulimit -S -f 500 && "$program")
printf '%s\n' "$output"
expected='commit: error returned from database: (code: 778) disk I/O error
rows acknowledged after there was room: 10, read by another connection: 0, there after closing: 0'
[[ $output == "$expected" ]] || { echo "The behaviour has changed." >&2; exit 1; }
