//! Previews: the transaction of a preview stays open until its answer was read in it, and is then rolled back.

use std::cell::RefCell;
use std::sync::Arc;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::fault;
use super::replica::{Replica, Standby};
use super::transaction::Transaction;

tokio::task_local! {
    static HELD: RefCell<Option<Arc<Transaction>>>;
}

/// Runs an operation. The transaction of a preview within it is held until the next transaction begins, or the
/// operation ends.
pub(crate) async fn scope<T>(operation: impl Future<Output = T>) -> T {
    let held = async {
        let result = operation.await;
        release().await;
        result
    };
    HELD.scope(RefCell::default(), held).await
}

/// Holds the transaction of a preview, in which statements that only read run from now on. Outside of an operation
/// there is nothing left to read, and it is rolled back.
pub(crate) async fn hold(transaction: Transaction) {
    let mut transaction = Some(transaction);
    let held = HELD.try_with(|held| {
        held.replace(transaction.take().map(Arc::new));
    });
    if let (Err(_), Some(transaction)) = (held, transaction) {
        transaction.rollback().await;
    }
}

/// Rolls back the transaction that is held, if there is one.
pub(crate) async fn release() {
    if let Some(transaction) = take().and_then(Arc::into_inner) {
        transaction.rollback().await;
    }
}

/// Takes the transaction that is held. Dropping it rolls it back.
pub(crate) fn take() -> Option<Arc<Transaction>> {
    HELD.try_with(RefCell::take).ok().flatten()
}

fn held() -> Option<Arc<Transaction>> {
    HELD.try_with(|held| held.borrow().clone()).ok().flatten()
}

/// The connections for statements that change nothing. While an operation holds the transaction of a preview, its
/// statements run in that one.
#[derive(Clone, Debug)]
pub struct Reader {
    primary: DatabaseConnection,
    replica: Option<Arc<Replica>>,
    route: Route,
}

/// Which server answers, where the database has a standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The one that was chosen for the current query; outside of queries the primary.
    Chosen,
    /// The primary.
    Primary,
    /// The primary, and while it does not answer the standby.
    PrimaryFirst,
}

impl Reader {
    /// A reader of a database without a standby.
    pub(super) fn new(primary: DatabaseConnection) -> Self {
        Self { primary, replica: None, route: Route::Chosen }
    }

    /// A reader of the same database with a standby.
    pub(super) fn with_replica(&self, replica: &Arc<Replica>, route: Route) -> Self {
        Self { primary: self.primary.clone(), replica: Some(Arc::clone(replica)), route }
    }

    /// The standby that is asked before the primary.
    fn standby(&self, replica: &Replica) -> Option<Standby> {
        match self.route {
            Route::Chosen => Replica::chosen(),
            Route::Primary => None,
            Route::PrimaryFirst => replica.while_away(),
        }
    }
}

/// Runs a statement: in the transaction of a preview, on the standby, or on the primary.
macro_rules! route {
    ($reader:ident, $method:ident, $statement:ident) => {{
        if let Some(transaction) = held() {
            return transaction.$method($statement).await;
        }
        let Some(replica) = &$reader.replica else { return $reader.primary.$method($statement).await };
        if let Some(standby) = $reader.standby(replica) {
            let read = standby.pool().$method($statement.clone());
            if let Some(found) = replica.attempt(&standby, read).await {
                return Ok(found);
            }
        }
        if $reader.route != Route::PrimaryFirst {
            return $reader.primary.$method($statement).await;
        }
        match ($reader.primary.$method($statement.clone()).await, replica.instead()) {
            (Err(error), Some(standby)) if fault::is_unavailable(&error) => {
                let read = standby.pool().$method($statement);
                replica.attempt(&standby, read).await.ok_or(error)
            }
            (result, _) => result,
        }
    }};
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.primary.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match held() {
            Some(transaction) => transaction.execute_raw(statement).await,
            None => self.primary.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult, DbErr> {
        match held() {
            Some(transaction) => transaction.execute_unprepared(text).await,
            None => self.primary.execute_unprepared(text).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        route!(self, query_one_raw, statement)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        route!(self, query_all_raw, statement)
    }
}
