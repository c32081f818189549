//! Webhooks: signed, ordered, tried again, and never sent where they should not go.

mod addresses;
mod again;
mod failing;
mod processes;
mod sending;
