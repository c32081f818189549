//! Tests of the whole product, through HTTP and on both databases.

#[macro_use]
mod harness;

mod access;
mod affiliations;
mod append_only;
mod concurrency;
mod golden;
mod hostile;
mod properties;
mod reading;
mod recording;
mod schema;
mod tidy;
