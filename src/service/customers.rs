//! End customers: which one a name means, their list, and the vendor's word on which of them are one (R10).

mod change;
mod reads;
mod redefine;
mod resolve;

pub(super) use redefine::{Opportunity, Redefinition, redefine};
