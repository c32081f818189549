//! When a sum reached a level, and sums by day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Net credits or points by day.
pub type Days = BTreeMap<NaiveDate, i64>;

/// From this day on, the running sum of the period holds this level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// First day.
    pub on: NaiveDate,
    /// Code of the level.
    pub level: String,
}
