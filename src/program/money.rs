//! Money and percentages of the edition.

use iso_currency::Currency;
use rust_decimal::Decimal;

/// An amount in minor units (cents for EUR) of an ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// Amount in minor units.
    pub minor: i64,
    /// The currency, which says how many minor units make one major unit.
    pub currency: Currency,
}

impl Money {
    /// Reads a decimal amount such as `"1.00"`.
    ///
    /// # Errors
    /// A sentence when the amount has more decimals than the currency, or does not fit.
    pub fn parse(amount: Decimal, currency: Currency) -> Result<Self, String> {
        let digits = exponent(currency);
        let minor = amount
            .checked_mul(Decimal::from(10_i64.pow(digits)))
            .ok_or_else(|| "the amount is too large".to_owned())?;
        if !minor.fract().is_zero() {
            return Err(format!("{} has {digits} decimals, so {amount} is too precise", currency.code()));
        }
        let minor = i64::try_from(minor).map_err(|_| "the amount is too large".to_owned())?;
        Ok(Self { minor, currency })
    }

    /// The amount in major units, with the currency's number of decimals.
    #[must_use]
    pub fn amount(self) -> Decimal {
        Decimal::new(self.minor, exponent(self.currency))
    }
}

/// Decimals of a currency: 2 for EUR, 0 for JPY, 3 for KWD.
fn exponent(currency: Currency) -> u32 {
    currency.exponent().map_or(0, u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_the_decimals_of_their_currency() {
        // amount, currency, minor units or refusal
        let table = [
            ("1.00", Currency::EUR, Some(100)),
            ("1", Currency::EUR, Some(100)),
            ("0.005", Currency::EUR, None),
            ("7", Currency::JPY, Some(7)),
            ("7.5", Currency::JPY, None),
            ("1.234", Currency::KWD, Some(1234)),
            ("92233720368547758.08", Currency::EUR, None),
        ];
        for (amount, currency, minor) in table {
            let parsed = Money::parse(amount.parse().expect("a decimal"), currency);
            assert_eq!(parsed.ok().map(|money| money.minor), minor, "{amount} {currency}");
        }
        let money = Money { minor: 100, currency: Currency::EUR };
        assert_eq!(money.amount().to_string(), "1.00");
    }
}
