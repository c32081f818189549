//! Previews: the transaction of a preview stays open until its answer was read in it, and is then rolled back.

use std::cell::RefCell;
use std::sync::Arc;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

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
pub struct Reader(pub(super) DatabaseConnection);

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match held() {
            Some(transaction) => transaction.execute_raw(statement).await,
            None => self.0.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult, DbErr> {
        match held() {
            Some(transaction) => transaction.execute_unprepared(text).await,
            None => self.0.execute_unprepared(text).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match held() {
            Some(transaction) => transaction.query_one_raw(statement).await,
            None => self.0.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match held() {
            Some(transaction) => transaction.query_all_raw(statement).await,
            None => self.0.query_all_raw(statement).await,
        }
    }
}
