//! Which entries are stored as they should be.

use std::marker::PhantomData;

use rustc_hash::FxHashMap;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use uuid::Uuid;

use crate::store::entry_lines::{self, EntryLine};

/// Entries of a page: few enough that its text fits the cache of the processor.
const ENTRIES_PER_PAGE: i64 = 2_000;
/// How many more stored entries than expected ones are read, since they come nearly in the order of the log.
const AHEAD: i64 = 4_000;
/// Stored entries that wait for a later step. A debug build lets so few of them wait that tests see what happens then.
const WAITING_MAX: usize = if cfg!(debug_assertions) { 4 } else { 20_000 };

/// The stored entries of one table, each read once.
pub(super) struct StoredEntries<R> {
    /// The id of the last one that was read.
    last: Uuid,
    is_over: bool,
    read: i64,
    expected: i64,
    /// Lines that no expected entry had so far, the latest last.
    waiting: Vec<Box<str>>,
    rows: PhantomData<R>,
}

impl<R: EntryLine> StoredEntries<R> {
    /// Nothing is read yet.
    pub(super) fn new() -> Self {
        Self {
            last: Uuid::nil(),
            is_over: false,
            read: 0,
            expected: 0,
            waiting: Vec::new(),
            rows: PhantomData,
        }
    }

    /// Leaves out the expected entries that are stored like this. One that remains may be stored nevertheless, in another
    /// place: it is to be looked up.
    pub(super) async fn leave_out_equal(
        &mut self,
        snapshot: &DatabaseTransaction,
        mut expected: Vec<R>,
    ) -> Result<Vec<R>, DbErr> {
        let backend = snapshot.get_database_backend();
        let mut text = String::new();
        let ends = expected.iter().map(|row| {
            row.write_line(backend, &mut text);
            text.len()
        });
        let ends: Vec<usize> = ends.collect();
        self.expected += i64::try_from(ends.len()).unwrap_or(i64::MAX);
        let starts = [0].iter().chain(&ends);
        let lines = starts.zip(&ends).map(|(start, end)| &text[*start..*end]);
        let mut left: FxHashMap<&str, usize> = lines.zip(0..).collect();
        self.waiting.retain(|line| left.remove(&**line).is_none());
        while !left.is_empty() && !self.is_over && self.read < self.expected + AHEAD {
            let (page, last) = entry_lines::after::<R>(snapshot, self.last, ENTRIES_PER_PAGE).await?;
            self.read += page.count;
            self.is_over = page.count < ENTRIES_PER_PAGE;
            self.last = last.unwrap_or(self.last);
            let others = entry_lines::without_ids(&page).filter(|line| left.remove(*line).is_none());
            self.waiting.extend(others.map(Box::from));
        }
        self.waiting.drain(..self.waiting.len().saturating_sub(WAITING_MAX));
        let mut remains = vec![false; expected.len()];
        for place in left.into_values() {
            remains[place] = true;
        }
        let mut remains = remains.into_iter();
        expected.retain(|_| remains.next().unwrap_or(true));
        Ok(expected)
    }
}
