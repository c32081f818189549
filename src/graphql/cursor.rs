//! Cursors: positions in lists.

/// The position of a row in a list, which a client passes back as an opaque cursor.
///
/// `L` identifies the list that a cursor belongs to, so that a cursor of another list is refused.
pub(crate) trait Cursor<L>: Sized {
    /// Parses a decoded cursor of the list.
    fn parse(text: &str, list: &L) -> Option<Self>;
}
