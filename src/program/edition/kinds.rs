//! Numbers of kinds and of their tallies.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use crate::program::rule::{KindId, Program, Window};

/// Kinds of all editions, each with its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    /// Numbers by code, of partners' kinds and of professionals'.
    ids: [FxHashMap<String, KindId>; 2],
    pub(super) codes: Vec<String>,
    /// Kinds of which these number the tallies of windows of one sort.
    pub(super) windows: HashMap<KindId, (KindId, Window)>,
}

impl Kinds {
    pub(crate) fn intern(&mut self, program: Program, kind: &str) -> KindId {
        let next = u16::try_from(self.codes.len()).expect("editions name fewer than 65,536 kinds");
        *self.ids[program as usize].entry(kind.to_owned()).or_insert_with(|| {
            self.codes.push(kind.to_owned());
            KindId(next)
        })
    }

    /// The number of a kind; none if no edition names it.
    pub(super) fn get(&self, program: Program, kind: &str) -> Option<KindId> {
        self.ids[program as usize].get(kind).copied()
    }

    /// How many kinds there are.
    pub(super) fn len(&self) -> usize {
        self.codes.len()
    }

    /// The number of a kind's tallies whose windows are of another sort than its first ones.
    pub(crate) fn intern_windows(&mut self, program: Program, kind: &str, window: Window) -> KindId {
        let of = self.intern(program, kind);
        let id = self.intern(program, &format!("{kind}/{}", window.code()));
        self.windows.insert(id, (of, window));
        id
    }
}
