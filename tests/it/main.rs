//! Tests of the whole product, through HTTP and on both databases.

#[macro_use]
mod harness;

mod access;
mod affiliations;
mod append_only;
mod circles;
mod concurrency;
mod conflicts;
mod connections;
mod contracts;
mod deal_inputs;
mod deal_states;
mod deals;
mod documents;
mod event_fold;
mod event_subscribers;
mod events;
mod explanations;
mod golden;
mod hostile;
mod hostile_orders;
mod imports;
mod metrics;
mod order_matrix;
mod orders;
mod others;
mod points;
mod previews;
mod problems;
mod properties;
mod reading;
mod reasons;
mod recording;
mod redemptions;
mod schema;
mod subject_lists;
mod subscriptions;
mod swag;
mod target_changes;
mod targets;
mod tidy;
mod upgrades;
mod voiding;
mod webhooks;
mod work_lists;
