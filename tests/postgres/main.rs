//! Tests with PostgreSQL servers of their own, which they stop, restart and configure.

mod address;
mod cluster;
mod failover;
mod hot_partner;
mod imports;
mod partitions;
mod replicas;
mod restarts;
mod roles;
mod server;
mod tls;
