//! One sentence for each entry: the rule, the units before and after, and the arithmetic; or the order.
//!
//! Each family of entries has a file: awards by a rule ([`award`]) with what deals and targets add to them ([`deal`],
//! [`target`]), redemptions ([`redemption`]), what expired ([`expiry`]), and points ([`points`]). A new cause is a variant of [`Cause`] and the
//! words that [`award`] has for it.

mod award;
mod deal;
mod editions;
mod expiry;
mod points;
mod redemption;
mod target;

use chrono::{Datelike, NaiveDate};

use super::money::Money;
use super::rule::{Rule, Window};
pub use award::{Award, Cause, explain};
pub use deal::{DealCause, WhyRewarded};
pub use editions::SpannedEditions;
pub use expiry::{ExpiredCredits, explain_expiry};
pub use points::{PointsAward, PointsCause, SwagSpent, explain_points, explain_swag};
pub use redemption::{Redemption, Spending, explain_redemption};
pub use target::TargetCause;

/// What a window is called in a sentence.
fn window(rule: &Rule, start: NaiveDate) -> String {
    match rule.window {
        Window::Month => start.format("%B %Y").to_string(),
        Window::CalendarYear => format!("the year {}", start.year()),
        Window::MembershipYear => format!("the membership year from {start}"),
        Window::Each | Window::Lifetime => format!("the count since {start}"),
    }
}

/// An amount with its currency.
fn money(amount: Money) -> String {
    format!("{} {}", amount.currency.code(), amount.amount())
}

/// The sentence for an entry about which nothing but its amount is known.
#[must_use]
pub fn explain_amount(amount: i64, unit: &str) -> String {
    format!("{amount} {unit}.")
}
