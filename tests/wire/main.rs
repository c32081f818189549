//! The server as a process of its own, met from outside: audits, bombs and settings.

mod audits;
mod bombs;
mod kills;
mod npm;
mod schema_changes;
mod server;
mod settings;
mod subscriptions;
mod telemetry;
mod webhooks;
