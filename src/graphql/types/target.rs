//! A partner's sales target.

use async_graphql::Object;

use super::Money;
use crate::graphql::scalar::Date;
use crate::service::targets;

/// Sales target of a partner for a calendar year, with the progress toward it.
pub(crate) struct SalesTarget(pub(crate) targets::SalesTarget);

/// Sales target of a partner for a calendar year, with the progress toward it.
#[Object]
impl SalesTarget {
    /// Calendar year.
    async fn year(&self) -> i32 {
        self.0.row.year
    }

    /// Net amount of end-customer orders to reach.
    async fn target(&self) -> Money {
        self.0.amount.into()
    }

    /// Net amount of end-customer orders fulfilled in the year, in the currency of the target, before credits
    /// are redeemed.
    async fn sold(&self) -> Money {
        self.0.sold.into()
    }

    /// Net amounts of end-customer orders fulfilled in the year in other currencies, which do not count
    /// toward the target.
    async fn not_counted(&self) -> Vec<Money> {
        self.0.not_counted.iter().map(|&money| money.into()).collect()
    }

    /// Whether the target is reached.
    async fn reached(&self) -> bool {
        self.0.row.reached_on.is_some()
    }

    /// Date of the award: the latest date of fulfilment among the orders of the year when the target was
    /// reached; null until then.
    async fn reached_on(&self) -> Option<Date> {
        self.0.row.reached_on.map(Date)
    }
}
