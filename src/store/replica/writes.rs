//! When each caller wrote last, in this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Callers that are told apart. With more of them, all count as having written.
const CALLERS_MAX: usize = 10_000;

/// When callers wrote last.
#[derive(Debug)]
pub(super) struct Writes(Mutex<Noted>);

#[derive(Debug)]
struct Noted {
    by_caller: HashMap<u64, Instant>,
    /// When any other caller may have written last.
    others: Instant,
}

impl Writes {
    /// Before `now`, callers may have written by a process that has ended since.
    pub(super) fn since(now: Instant) -> Self {
        Self(Mutex::new(Noted { by_caller: HashMap::new(), others: now }))
    }

    /// Notes that a write of a caller has been committed.
    pub(super) fn note(&self, caller: u64, at: Instant) {
        let mut noted = self.noted();
        if noted.by_caller.len() >= CALLERS_MAX && !noted.by_caller.contains_key(&caller) {
            // Later than what any of them wrote.
            noted.by_caller.clear();
            noted.others = at;
        }
        noted.by_caller.insert(caller, at);
    }

    /// When a caller wrote last.
    pub(super) fn last(&self, caller: u64) -> Instant {
        let noted = self.noted();
        noted.by_caller.get(&caller).map_or(noted.others, |at| noted.others.max(*at))
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_last_write_of_each_caller_is_known_and_none_is_forgotten() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let writes = Writes::since(start);
        assert_eq!(writes.last(1), start);
        writes.note(1, at(5));
        writes.note(1, at(9));
        writes.note(2, at(7));
        assert_eq!((writes.last(1), writes.last(2), writes.last(3)), (at(9), at(7), start));
        for caller in 3..=u64::try_from(CALLERS_MAX).expect("a number") {
            writes.note(caller, at(10));
        }
        assert_eq!(writes.last(2), at(7), "there is room for all");
        writes.note(u64::MAX, at(20));
        assert_eq!((writes.last(1), writes.last(u64::MAX)), (at(20), at(20)));
        assert_eq!(writes.noted().by_caller.len(), 1);
    }
}
