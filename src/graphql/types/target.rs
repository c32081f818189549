//! A partner's sales target.

use async_graphql::Object;

use super::Money;
use crate::graphql::scalar::Date;
use crate::service::targets;

/// What a partner is to sell to end customers in a year, and how far it got.
pub(crate) struct SalesTarget(pub(crate) targets::SalesTarget);

/// What a partner is to sell to end customers in a year, and how far it got.
#[Object]
impl SalesTarget {
    /// The calendar year.
    async fn year(&self) -> i32 {
        self.0.row.year
    }

    /// What is to be sold.
    async fn target(&self) -> Money {
        self.0.amount.into()
    }

    /// What was sold: the net amount of end-customer orders fulfilled in the year, in the target's currency.
    /// Orders in another currency don't count.
    async fn sold(&self) -> Money {
        self.0.sold.into()
    }

    /// What was sold in other currencies: it does not count for the target.
    async fn not_counted(&self) -> Vec<Money> {
        self.0.not_counted.iter().map(|&money| money.into()).collect()
    }

    /// Whether the target is reached.
    async fn reached(&self) -> bool {
        self.0.row.reached_on.is_some()
    }

    /// The day that it counts as reached on: the latest day of fulfilment among the year's orders when it was reached; null before.
    async fn reached_on(&self) -> Option<Date> {
        self.0.row.reached_on.map(Date)
    }
}
