//! The GraphQL layer: processing of a request before its resolvers run (limits, validation, variables;
//! independent of HTTP), and the schema with its thin resolvers.

mod batch;
pub mod complexity;
mod connection;
pub mod document_ref;
pub mod documents;
mod error;
mod id;
pub mod introspection;
pub mod limits;
mod mutations;
mod operations;
mod output_types;
mod query;
pub mod refusal;
mod relation;
pub mod root_field_spans;
mod scalar;
pub mod schema;
pub mod schema_types;
pub mod shape;
mod single_root;
mod subscription;
mod syntax_error;
pub mod trusted_documents;
mod types;
pub mod variables;
