//! The GraphQL edge: what happens to a request before a resolver sees it (limits, validation,
//! variables; nothing in there knows HTTP), and the schema with its thin resolvers.

mod batch;
pub mod complexity;
mod connection;
pub mod document_ref;
pub mod documents;
mod error;
mod id;
mod mutations;
mod operations;
mod output_types;
pub mod persisted;
mod query;
pub mod refusal;
mod scalar;
pub mod schema;
pub mod schema_types;
pub mod shape;
mod single_root;
mod subscription;
mod syntax_error;
pub mod traced;
pub mod trusted;
mod types;
pub mod variables;
