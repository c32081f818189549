//! What happens to a GraphQL request before a resolver sees it: limits, validation and
//! the check of variables. Nothing in here knows HTTP, so a WebSocket can use it as well.

pub mod cost;
pub mod documents;
pub mod guard;
pub mod input_types;
mod operations;
pub mod refusal;
pub mod schema;
pub mod shape;
pub mod variables;
