//! A database of each engine for a test of a statement.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use uuid::Uuid;

/// Runs a test on an empty database of each engine, where what rows refer to does not have to be there.
pub(super) async fn on_each(test: impl AsyncFn(&DatabaseConnection)) {
    let connection = migrated("sqlite::memory:", "PRAGMA foreign_keys = off").await;
    test(&connection).await;
    // `./test` starts a server; without it the other engine is checked only.
    let Ok(admin) = std::env::var("TEST_POSTGRES_URL") else { return };
    let name = format!("statements_{}", Uuid::now_v7().simple());
    let server = Database::connect(&admin).await.expect("the server of ./test");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    let (address, _) = admin.rsplit_once('/').expect("an address with a database");
    let connection = migrated(&format!("{address}/{name}"), "SET session_replication_role = replica").await;
    test(&connection).await;
    connection.close().await.expect("a connection closes");
    server.execute_unprepared(&format!("DROP DATABASE {name}")).await.expect("the database goes");
}

async fn migrated(url: &str, without_keys: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1);
    let connection = Database::connect(options).await.expect("a database");
    Migrator::up(&connection, None).await.expect("the schema");
    connection.execute_unprepared(without_keys).await.expect(without_keys);
    connection
}
