//! Deals: which one, with whom, and why this partner has the award (R5).

use crate::program::rule::{Derived, Rule};

/// Why a partner is rewarded for a transaction (R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyRewarded {
    /// It won the deal itself.
    WonItself,
    /// It held the registered opportunity, and another party sold.
    HeldOpportunity,
}

/// The deal that caused an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DealCause<'a> {
    /// A deal that the reader may see.
    Won {
        /// Reference of the deal.
        reference: &'a str,
        /// The end customer.
        customer: &'a str,
        /// Why this partner; none where it is not known.
        why: Option<WhyRewarded>,
    },
    /// A deal that the reader may not see.
    Hidden,
}

/// What the title of the rule is followed by.
pub(super) fn words(rule: &Rule, cause: &DealCause<'_>, amount: i64) -> String {
    let DealCause::Won { reference, customer, why } = *cause else {
        return if amount < 0 { ", taken back".to_owned() } else { String::new() };
    };
    let is_customer = rule.derived == Some(Derived::NewCustomer);
    if amount < 0 {
        return if is_customer {
            format!(", {customer}, with deal {reference}, taken back")
        } else {
            format!(", deal {reference} with {customer}, taken back")
        };
    }
    let why = match why {
        Some(WhyRewarded::WonItself) => ", won by the partner itself",
        Some(WhyRewarded::HeldOpportunity) => {
            ", sold by another party while the partner held the registered opportunity"
        }
        None => "",
    };
    if is_customer {
        format!(", {customer}, whose first won deal is {reference}{why}")
    } else {
        format!(", deal {reference} with {customer}{why}")
    }
}
