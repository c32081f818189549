//! What a query has to see, where queries are read from a standby of the database.

/// What a query has to see at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// What its caller changed by this process.
    #[default]
    Own,
    /// That, and everything up to a position in the log of the database.
    Position(u64),
    /// Everything that was changed before the request arrived.
    Now,
}
