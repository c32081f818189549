//! Databases that a test has for itself.

use std::thread;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// The engine that a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// An empty database, gone when it is dropped.
pub(crate) struct TestDatabase {
    /// Address as the settings have it.
    pub(crate) url: String,
    place: Place,
}

enum Place {
    File {
        _folder: TempDir,
    },
    Cluster {
        admin_url: String,
        name: String,
    },
    /// Another one has it.
    Shared,
}

impl TestDatabase {
    /// Makes a database.
    pub(crate) async fn create(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().expect("a folder for the database");
                let path = folder.path().join("test.db");
                let url = format!("sqlite://{}", path.display());
                Self { url, place: Place::File { _folder: folder } }
            }
            Backend::Postgres => {
                let admin_url = cluster();
                let name = format!("test_{}", Uuid::now_v7().simple());
                execute(&admin_url, &format!("CREATE DATABASE {name}")).await;
                let (server, _) = admin_url.rsplit_once('/').expect("an address with a database");
                Self { url: format!("{server}/{name}"), place: Place::Cluster { admin_url, name } }
            }
        }
    }

    /// The same database, which somebody else takes away.
    pub(crate) fn shared(&self) -> Self {
        Self { url: self.url.clone(), place: Place::Shared }
    }

    /// A connection beside the application's own.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        Database::connect(&self.url).await.expect("the test's own database")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Place::Cluster { admin_url, name } = &self.place else { return };
        let sql = format!("DROP DATABASE {name} WITH (FORCE)");
        // A thread of its own, because a runtime can't wait inside another one.
        thread::scope(|scope| {
            scope.spawn(|| super::run(execute(admin_url, &sql)));
        });
    }
}

async fn execute(url: &str, sql: &str) {
    let connection = Database::connect(url).await.expect("the cluster of ./test answers");
    connection.execute_unprepared(sql).await.expect("the cluster of ./test obeys");
    connection.close().await.expect("a connection closes");
}

fn cluster() -> String {
    let url = std::env::var("TEST_POSTGRES_URL").unwrap_or_default();
    assert!(
        !url.is_empty(),
        "TEST_POSTGRES_URL is not set: run ./test, which starts a PostgreSQL of its own"
    );
    url
}
