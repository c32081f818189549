//! Sales targets: what was to be sold, and what was.

use super::money;
use crate::program::money::Money;

/// The sales target that caused an award, as of that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetCause {
    /// Calendar year.
    pub year: i32,
    /// What was to be sold; none where it is not known.
    pub target: Option<Money>,
    /// What was sold in the target's currency; none where it is not known.
    pub sold: Option<Money>,
}

/// What the title of the rule is followed by.
pub(super) fn words(cause: &TargetCause, amount: i64) -> String {
    let year = cause.year;
    let target = cause.target.map_or_else(String::new, |target| format!(" of {}", money(target)));
    if amount < 0 && cause.target.zip(cause.sold).is_some_and(|(target, sold)| sold.minor >= target.minor) {
        return format!(
            ", taken back on this day, because without a returned order the target{target} for {year} is reached on another"
        );
    }
    if amount < 0 {
        let sold =
            cause.sold.map_or_else(|| "what was sold".to_owned(), |sold| format!("{} sold", money(sold)));
        return format!(", taken back, because {sold} is below the target{target} for {year}");
    }
    let sold = cause.sold.map_or_else(String::new, |sold| format!("{} sold of ", money(sold)));
    format!(", {sold}the target{target} for {year}")
}
