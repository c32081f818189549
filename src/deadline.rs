//! The deadline of an operation, shared by the transport that answers and the use cases that keep it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Time after the deadline for a commit that had begun before it.
pub const COMMIT_TIME_MAX: Duration = Duration::from_secs(5);

/// The deadline of an operation. Until a transaction begins to commit, the deadline ends it without any
/// effect; a commit that has begun is awaited.
#[derive(Clone, Debug)]
pub struct Deadline {
    at: Instant,
    /// One counter for each operation that the transactions are a part of.
    commits: Vec<Arc<AtomicU32>>,
}

impl Deadline {
    /// A deadline for an operation that has not changed anything yet.
    #[must_use]
    pub fn new(at: Instant) -> Self {
        Self { at, commits: vec![Arc::default()] }
    }

    /// The deadline of a transaction that several operations share: `latest`, or `margin` before the first of theirs.
    #[must_use]
    pub fn shared<'d>(deadlines: impl Iterator<Item = &'d Self>, margin: Duration, latest: Instant) -> Self {
        let (mut at, mut commits) = (latest, Vec::new());
        for deadline in deadlines {
            at = at.min(deadline.at.checked_sub(margin).unwrap_or(deadline.at));
            commits.extend(deadline.commits.iter().cloned());
        }
        Self { at, commits }
    }

    /// When it passes.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        Instant::now() >= self.at
    }

    /// Until when a commit that has begun is awaited.
    #[must_use]
    pub fn commit_by(&self) -> Instant {
        self.at + COMMIT_TIME_MAX
    }

    /// Notes that a commit takes effect, from its beginning on.
    pub fn commit_begins(&self) {
        for counter in &self.commits {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Notes that a commit that had begun has no effect.
    pub fn commit_failed(&self) {
        for counter in &self.commits {
            counter.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// How many commits have taken effect, or may have.
    #[must_use]
    pub fn commits(&self) -> u32 {
        self.commits.first().map_or(0, |counter| counter.load(Ordering::SeqCst))
    }
}
