//! Who may do what, who did, and what is forgotten.

mod audit;
mod audit_certificates;
mod audit_corrections;
mod audit_customers;
mod audit_editions;
mod audit_orders;
mod audit_recalculations;
mod audit_sandboxes;
mod audit_subjects;
mod audit_webhooks;
mod erasure;
mod isolation;
mod keys;
mod operations;
mod tokens;
pub(crate) mod world;
