//! Editions of the policy: documents that are checked, saved as drafts, and published.

mod check;

pub use check::EditionCheck;
