//! Reads: each takes a set of subjects and costs the same number of statements for one as for many.

mod audit;
mod entries;
mod partners;
mod professionals;
mod standings;

use std::collections::HashMap;

use uuid::Uuid;

use crate::program::refusal::Refusal;
pub use audit::AuditQuery;
pub use standings::{PartnerStanding, YearCredits};

/// What a subject was asked for, or why it can't be told.
pub type PerSubject<T> = HashMap<Uuid, Result<T, Refusal>>;
