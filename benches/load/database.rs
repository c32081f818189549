//! Databases that live as long as a run.

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// One database to measure.
pub(crate) enum Database {
    /// A file in a folder that goes with it.
    Sqlite(TempDir),
    /// A database of its own on a server.
    Postgres { server: String, name: String },
}

impl Database {
    pub(crate) fn sqlite() -> std::io::Result<Self> {
        tempfile::tempdir().map(Self::Sqlite)
    }

    pub(crate) async fn postgres(server: &str) -> Result<Self, sqlx::Error> {
        let name = format!("partner_program_load_{}", std::process::id());
        let mut connection = PgConnection::connect(server).await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        connection.close().await?;
        Ok(Self::Postgres { server: server.to_owned(), name })
    }

    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// Its address, as `DATABASE_URL` has it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", folder.path().join("load.db").display()),
            Self::Postgres { server, name } => {
                // scheme://user@host:port/database?parameters
                let (address, parameters) =
                    server.split_once('?').map_or((server.as_str(), None), |(head, tail)| (head, Some(tail)));
                let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
                let host = rest.split('/').next().unwrap_or(rest);
                let parameters = parameters.map(|text| format!("?{text}")).unwrap_or_default();
                format!("{scheme}://{host}/{name}{parameters}")
            }
        }
    }

    /// Brings what the engine knows of the data up to date, as its own housekeeping would.
    pub(crate) async fn analyse(&self) -> Result<(), sqlx::Error> {
        if let Self::Postgres { .. } = self {
            let mut connection = PgConnection::connect(&self.url()).await?;
            sqlx::query("VACUUM ANALYZE").execute(&mut connection).await?;
            sqlx::query("CHECKPOINT").execute(&mut connection).await?;
            connection.close().await?;
        }
        Ok(())
    }

    /// Drops it.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        if let Self::Postgres { server, name } = self {
            let mut connection = PgConnection::connect(&server).await?;
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await?;
            connection.close().await?;
        }
        Ok(())
    }
}
