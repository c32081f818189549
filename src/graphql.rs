//! The GraphQL layer: processing of a request before its resolvers run (limits, validation, variables;
//! independent of HTTP), and the schema with its thin resolvers.

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
pub mod root_field_spans;
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
