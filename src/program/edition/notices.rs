//! When notices say that something ends.

/// Days before an end on which a notice says so (F4), the most first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// Before a level lapses.
    pub level: Vec<u32>,
    /// Before a deal expires.
    pub deal: Vec<u32>,
    /// Before a contract ends.
    pub contract: Vec<u32>,
    /// Before a saved quote that holds credits expires.
    pub quote: Vec<u32>,
    /// Before credits or Dojo Credits expire.
    pub credits: Vec<u32>,
    /// Before a registered opportunity lapses.
    pub opportunity: Vec<u32>,
}
