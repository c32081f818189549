//! A path to a level.

use std::sync::Arc;

use async_graphql::Object;

use super::standing::Level;
use crate::graphql::scalar::{Date, int};
use crate::program::path;

/// Set of activities with which a partner would hold a level on a day (F3).
pub(crate) struct Path(pub(crate) path::Path);

/// Set of activities with which a partner would hold a level on a day (F3).
#[Object]
impl Path {
    /// Level that the activities reach.
    async fn level(&self) -> Level {
        Level(Arc::clone(&self.0.level))
    }

    /// Day on which the level holds.
    async fn by(&self) -> Date {
        Date(self.0.by)
    }

    /// Number of activities: the sum of the quantities. Five downloads are five.
    async fn activities(&self) -> i32 {
        int(self.0.activities)
    }

    /// What is to be done, ordered by month. Each is in the earliest month in which it earns as much; a later month
    /// under the same rules would do as well.
    async fn steps(&self) -> Vec<PathStep> {
        self.0.steps.iter().cloned().map(PathStep).collect()
    }
}

/// Activities of one kind in one month of a path.
pub(crate) struct PathStep(path::PathStep);

/// Activities of one kind in one month of a path.
#[Object]
impl PathStep {
    /// Code of the kind.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Display name of the kind in the edition of that month.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// First day of the month.
    async fn month(&self) -> Date {
        Date(self.0.month)
    }

    /// Number of activities, beside those that the windows of the kind have already.
    async fn quantity(&self) -> i32 {
        int(self.0.quantity)
    }

    /// Level credits that they add.
    async fn credits(&self) -> i32 {
        int(self.0.credits)
    }
}
