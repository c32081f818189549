//! Credits by the day on which they were earned.

use async_graphql::SimpleObject;

use crate::graphql::scalar::{Date, int};
use crate::service::expiry;

/// Credits or Dojo Credits that were earned on one day. The oldest are spent first.
#[derive(SimpleObject)]
pub(crate) struct CreditLot {
    /// Effective date on which they were earned.
    earned_on: Date,
    /// Number of credits.
    credits: i32,
    /// First day on which they can no longer be spent, by the edition of the day on which they were earned; null if they
    /// never expire.
    expires_on: Option<Date>,
}

impl CreditLot {
    /// The lots of one object.
    pub(crate) fn all(lots: Option<&Vec<expiry::CreditLot>>) -> Vec<Self> {
        let lot = |lot: &expiry::CreditLot| Self {
            earned_on: Date(lot.earned_on),
            credits: int(lot.credits),
            expires_on: lot.expires_on.map(Date),
        };
        lots.into_iter().flatten().map(lot).collect()
    }
}
