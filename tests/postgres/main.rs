//! Tests with PostgreSQL servers of their own, which they stop, restart and configure.

mod cluster;
mod restarts;
mod server;
