//! partner-program: a GraphQL API server that runs a technology vendor's two reward programs.

pub mod access;
pub mod agents;
pub mod app;
pub mod archive;
pub mod auth;
pub mod certificates;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credential;
pub mod deadline;
pub mod error;
pub mod freshness;
pub mod graphql;
pub mod http;
pub mod program;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod webhook_client;
