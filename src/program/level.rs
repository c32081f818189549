//! Levels: what a sum of credits or points is worth.

use std::sync::Arc;

/// One level of a program, with the sum that reaches it (PP, Partnership levels; DP, levels).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Stable code, such as `CREATOR`.
    pub code: String,
    /// Display name, such as "Creator".
    pub name: String,
    /// Colour of the level in the published text, where it has one.
    pub medal: Option<String>,
    /// Place in rank order, from 0.
    pub rank: usize,
    /// Level credits of a calendar year, or points of a membership year, that reach it.
    pub threshold: i64,
}

/// The levels of one program in rank order, thresholds strictly rising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels(Vec<Arc<Level>>);

impl Levels {
    /// Levels that are already in order; [`super::edition`] checks what a document says.
    #[must_use]
    pub fn new(levels: Vec<Level>) -> Self {
        Self(levels.into_iter().map(Arc::new).collect())
    }

    /// The highest level that `sum` reaches, or `None` below the first threshold.
    #[must_use]
    pub fn reached(&self, sum: i64) -> Option<&Arc<Level>> {
        self.0.iter().rev().find(|level| level.threshold <= sum)
    }

    /// The level above `level`, or the first one when there is none yet.
    #[must_use]
    pub fn above(&self, level: Option<&Arc<Level>>) -> Option<&Arc<Level>> {
        self.0.get(level.map_or(0, |level| level.rank + 1))
    }

    /// The level with this code.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&Arc<Level>> {
        self.0.iter().find(|level| level.code == code)
    }

    /// The level of a rank.
    #[must_use]
    pub fn by_rank(&self, rank: usize) -> Option<&Arc<Level>> {
        self.0.get(rank)
    }

    /// All levels in rank order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Level>> {
        self.0.iter()
    }
}

/// The higher of two levels; `None` is below every level.
#[must_use]
pub fn higher<'a>(one: Option<&'a Arc<Level>>, other: Option<&'a Arc<Level>>) -> Option<&'a Arc<Level>> {
    match (one, other) {
        (Some(a), Some(b)) if b.rank > a.rank => Some(b),
        (Some(a), _) => Some(a),
        (None, b) => b,
    }
}
