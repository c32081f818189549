//! Tests of the server as a separate process: audits, bombs, clients and settings.

mod agents;
mod audits;
mod bombs;
mod certificates;
mod clients;
mod conformance;
mod database;
mod demo;
mod first_key;
mod flaky;
mod group_kills;
mod kills;
mod npm;
mod python;
mod readme;
mod schema_changes;
mod server;
mod settings;
mod slow_readers;
mod subscriptions;
mod telemetry;
mod webhooks;
