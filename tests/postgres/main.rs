//! Tests with PostgreSQL servers of their own, which they stop, restart and configure.

mod cluster;
mod hot_partner;
mod imports;
mod restarts;
mod roles;
mod server;
mod tls;
