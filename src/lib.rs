//! Partner program.
