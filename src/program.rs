//! The rules of the two programs: pure, so that the same log always gives the same ledger.
//!
//! Nothing in this module reads a clock, touches a database or knows a transport. The live path,
//! `verify`, simulation and the worked examples of an edition all call [`fold::Fold`].

pub mod admission;
pub mod calendar;
pub mod certificate;
pub mod credit_life;
pub mod customer;
pub mod day_sums;
pub mod deal;
pub mod edition;
pub mod edition_check;
pub mod examples;
pub mod expiry;
pub mod explain;
pub mod fold;
pub mod level;
pub mod level_change;
pub mod level_history;
pub mod level_override;
pub mod level_reached;
pub mod level_terms;
pub mod level_validity;
pub mod money;
mod name_key;
pub mod nearest;
pub mod notice;
pub mod path;
pub mod pricing;
pub mod prospects;
pub mod reached;
pub mod refusal;
pub mod rule;
pub mod seal;
pub mod search;
pub mod standing;
pub mod totals;
pub mod trial;
pub mod wording;

pub use edition::{Edition, Editions};
pub use level::Level;
pub use rule::{KindId, Program, Rule, Track};
