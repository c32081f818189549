//! Credits that orders spent or gave back (PP, Rewards).

use super::money;
use crate::program::money::Money;

/// Whether credits were spent, or why they came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spending {
    /// Spent on an order.
    Redeemed,
    /// Given back by an order that was cancelled.
    Cancelled,
    /// Given back by an order that was returned.
    Returned,
    /// Held for a saved quote.
    Held,
    /// No longer held for a saved quote.
    Released,
}

impl Spending {
    /// The words before the number.
    fn words(self) -> &'static str {
        match self {
            Self::Redeemed => "Redeemed on order",
            Self::Cancelled => "Given back from cancelled order",
            Self::Returned => "Given back from returned order",
            Self::Held => "Held for quote",
            Self::Released => "No longer held for quote",
        }
    }
}

/// The numbers of credits that an order spent or gave back.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// What happened to them.
    pub spending: Spending,
    /// Number of the order or quote.
    pub number: &'a str,
    /// Change of the balance: below zero when spent.
    pub credits: i64,
    /// The balance with it.
    pub balance_after: i64,
    /// What one credit was worth in the order.
    pub value: Option<Money>,
}

/// The sentence for credits redeemed on an order or given back.
#[must_use]
pub fn explain_redemption(spent: &Redemption<'_>) -> String {
    let Redemption { spending, number, credits, balance_after, value } = *spent;
    let before = balance_after - credits;
    let count = credits.abs();
    let sign = if credits < 0 { '-' } else { '+' };
    let worth = value.map_or(String::new(), |value| {
        let all = Money { minor: value.minor.saturating_mul(count), ..value };
        format!("{count} × {} = {}; ", money(value), money(all))
    });
    let what = spending.words();
    format!("{what} {number}: {worth}balance {before} {sign} {count} = {balance_after} (PP, Rewards).")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_is_a_sentence_with_its_arithmetic() {
        let value = Some(Money { minor: 100, currency: iso_currency::Currency::EUR });
        // what happened, credits, balance after, sentence
        let table = [
            (
                Spending::Redeemed,
                -120,
                300,
                "Redeemed on order O-7: 120 × EUR 1.00 = EUR 120.00; balance 420 - 120 = 300 (PP, Rewards).",
            ),
            (
                Spending::Cancelled,
                120,
                420,
                "Given back from cancelled order O-7: 120 × EUR 1.00 = EUR 120.00; balance 300 + 120 = 420 (PP, Rewards).",
            ),
            (
                Spending::Returned,
                120,
                420,
                "Given back from returned order O-7: 120 × EUR 1.00 = EUR 120.00; balance 300 + 120 = 420 (PP, Rewards).",
            ),
            (
                Spending::Held,
                -120,
                300,
                "Held for quote O-7: 120 × EUR 1.00 = EUR 120.00; balance 420 - 120 = 300 (PP, Rewards).",
            ),
            (
                Spending::Released,
                120,
                420,
                "No longer held for quote O-7: 120 × EUR 1.00 = EUR 120.00; balance 300 + 120 = 420 (PP, Rewards).",
            ),
        ];
        for (spending, credits, balance_after, sentence) in table {
            let spent = Redemption { spending, number: "O-7", credits, balance_after, value };
            assert_eq!(explain_redemption(&spent), sentence);
        }
    }
}
