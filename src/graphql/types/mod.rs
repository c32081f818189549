//! Objects of the schema: each wraps rows that were read together, and names what the contract names.

mod access;
mod activity;
mod edition;
mod ledger;
mod partner;
mod professional;
mod standing;
mod words;

use async_graphql::ID;
use async_graphql::Interface;

pub(crate) use access::{ApiKey, AuditEntry, Role, Viewer};
pub(crate) use activity::Activity;
pub(crate) use edition::Edition;
pub(crate) use ledger::LedgerEntry;
pub(crate) use partner::Partner;
pub(crate) use professional::Professional;
pub(crate) use words::{ReviewDecision, UserErrorCode};

/// An object with a global id, which `node` finds again.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Global id: opaque, and the same for ever."))]
pub(crate) enum Node {
    Partner(Partner),
    Professional(Professional),
    Activity(Activity),
    LedgerEntry(LedgerEntry),
    Edition(Edition),
    ApiKey(ApiKey),
    AuditEntry(AuditEntry),
}
