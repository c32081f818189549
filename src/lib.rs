//! partner-program: a GraphQL API server that runs a technology vendor's two reward programs.

pub mod program;
