//! The database: connections, transactions, and statements by noun. No rule is decided here.

pub(crate) mod activity;
pub(crate) mod affiliation;
pub(crate) mod api_key;
pub(crate) mod audit;
pub mod backup;
mod connection;
pub(crate) mod contract;
pub(crate) mod deal;
pub(crate) mod edition;
pub mod event;
pub(crate) mod ledger;
pub(crate) mod listener;
pub(crate) mod log;
mod log_ordered;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod partner;
mod pools;
pub(crate) mod product;
pub(crate) mod professional;
pub(crate) mod sales;
mod set;
pub(crate) mod sql;
pub(crate) mod standing;
pub(crate) mod subject;
pub(crate) mod swag;
pub(crate) mod tally;
pub(crate) mod timer;
mod tls;
pub(crate) mod totals;
pub(crate) mod turns;
pub mod webhook;
pub(crate) mod webhook_log;

pub use connection::Database;
pub(crate) use connection::{insert_all, is_retryable, is_unavailable, lock_startup, upsert_all};
pub use pools::PoolSizes;
