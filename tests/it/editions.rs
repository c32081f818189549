//! Editions: what they can say, and the history of what vendors have changed, as a chain of them.

mod chain;
mod levels;
pub(crate) mod live;
mod model;
mod negative;
mod rates;
mod replay;
mod rules;
mod steps;
mod windows;
