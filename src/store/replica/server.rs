//! A server that may be a standby: what it is, how far it is, and whether it is of use.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Error as DriverError, PgConnection};

/// What a server says of itself. Some hosts of databases keep the identifier to themselves.
const IDENTIFIER: &str = "SELECT system_identifier FROM pg_control_system()";
/// The database, and whether the server is in recovery, which run of it this is, and what it has replayed.
const STATE: &str = "SELECT (SELECT oid::bigint FROM pg_database WHERE datname = current_database()), \
    current_database()::text, pg_is_in_recovery(), (pg_postmaster_start_time() AT TIME ZONE 'UTC')::text, \
    (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint";
/// Which run of which server this is: no two begin in the same microsecond.
pub(super) const RUN: &str = "SELECT (pg_postmaster_start_time() AT TIME ZONE 'UTC')::text";
/// The state of a standby.
const REPLAYED: &str = "SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint";
/// The end of what is on the disk of a primary: every commit that was acknowledged is before it.
const WRITTEN: &str = "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";

/// What a server has a copy of: a database of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// None if the role may not read it.
    cluster: Option<i64>,
    database: i64,
    name: String,
}

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    identity: Identity,
    in_recovery: bool,
    /// Which run of which server it is.
    pub(super) run: Arc<str>,
    pub(super) replayed: u64,
}

impl Server {
    /// Whether it is a standby of this database.
    ///
    /// # Errors
    /// Why it is not, to follow its address.
    pub(super) fn check(&self, primary: &Identity) -> Result<(), String> {
        let Identity { cluster, database, name } = &self.identity;
        if let (Some(own), Some(other)) = (cluster, primary.cluster)
            && *own != other
        {
            return Err(
                "belongs to another database cluster than DATABASE_URL: their system identifiers differ"
                    .to_owned(),
            );
        }
        if *database != primary.database {
            let other = &primary.name;
            return Err(format!(
                "was asked for the database {name}, which is not the database {other} of DATABASE_URL"
            ));
        }
        if !self.in_recovery {
            return Err("is not a standby: it is not in recovery".to_owned());
        }
        Ok(())
    }
}

/// The identity of the database that the primary has.
pub(super) async fn identity(primary: &PgConnectOptions) -> Result<Identity, DriverError> {
    let (connection, server) = connect(primary).await?;
    connection.close().await?;
    Ok(server.identity)
}

/// Connects to a server, and asks what it is.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<(PgConnection, Server), DriverError> {
    let mut connection = options.clone().disable_statement_logging().connect().await?;
    let cluster = match sqlx::query_scalar(IDENTIFIER).fetch_one(&mut connection).await {
        Ok(cluster) => Some(cluster),
        Err(DriverError::Database(_)) => None,
        Err(error) => return Err(error),
    };
    let (database, name, in_recovery, run, replayed): (i64, String, bool, String, Option<i64>) =
        sqlx::query_as(STATE).fetch_one(&mut connection).await?;
    let identity = Identity { cluster, database, name };
    let server = Server { identity, in_recovery, run: run.into(), replayed: position(replayed) };
    Ok((connection, server))
}

/// Whether a server in recovery, and what it has replayed.
pub(super) async fn replayed(connection: &mut PgConnection) -> Result<(bool, u64), DriverError> {
    let (in_recovery, replayed) = sqlx::query_as(REPLAYED).fetch_one(connection).await?;
    Ok((in_recovery, position(replayed)))
}

/// What a primary has written.
pub(super) async fn written(connection: &mut PgConnection) -> Result<u64, DriverError> {
    Ok(position(sqlx::query_scalar(WRITTEN).fetch_one(connection).await?))
}

/// A server that was never in recovery has replayed nothing.
fn position(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

/// Whether a connection fails because the server is away or starting. Other errors stay until somebody
/// changes a setting.
pub(super) fn is_away(error: &DriverError) -> bool {
    match error {
        DriverError::Io(_) => true,
        DriverError::Database(error) => {
            error.code().is_some_and(|code| ["08", "53", "57"].iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(cluster: Option<i64>, database: i64, in_recovery: bool) -> Server {
        let identity = Identity { cluster, database, name: "found".to_owned() };
        Server { identity, in_recovery, run: "run".into(), replayed: 0 }
    }

    #[test]
    fn a_server_is_refused_unless_it_is_a_standby_of_the_database() {
        // cluster, database, whether it is in recovery, the words of the refusal
        let table = [
            (Some(7), 5, true, None),
            (None, 5, true, None),
            (Some(8), 5, true, Some("another database cluster")),
            (Some(7), 6, true, Some("the database found, which is not the database wanted")),
            (Some(7), 5, false, Some("is not a standby")),
        ];
        let primary = Identity { cluster: Some(7), database: 5, name: "wanted".to_owned() };
        for (cluster, database, in_recovery, expected) in table {
            match (server(cluster, database, in_recovery).check(&primary), expected) {
                (Ok(()), None) => {}
                (Err(reason), Some(words)) => assert!(reason.contains(words), "{reason}"),
                (found, _) => panic!("{cluster:?} {database} {in_recovery}: {found:?}"),
            }
        }
    }
}
