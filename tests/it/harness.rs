//! A running application for each test, on a database of its own, and the clients that speak to it.

mod activity;
mod app;
pub(crate) mod certificates;
mod commerce;
mod database;
pub(crate) mod deals;
pub(crate) mod history;
pub(crate) mod sandboxes;
mod state;
mod stream;
pub(crate) mod webhooks;

pub(crate) use activity::Activity;
pub(crate) use app::{Answer, TestApp, document, user_errors};
pub(crate) use commerce::{Order, amount, contract, problems, refusal};
pub(crate) use database::{Backend, TestDatabase};
pub(crate) use state::{every_entity, everything, verified};

/// Stack of a thread that runs requests, as the server itself has it.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Runs an asynchronous test on several threads, so that requests really run at once.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test)
}

/// Declares each asynchronous function `name(Backend)` as two tests, `sqlite::name` and `postgres::name`.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                crate::harness::run(super::$name(crate::harness::Backend::Sqlite));
            })+
        }

        mod postgres {
            $(#[test]
            fn $name() {
                crate::harness::run(super::$name(crate::harness::Backend::Postgres));
            })+
        }
    };
}
