//! Money and percentages of the edition.

use iso_currency::Currency;
use rust_decimal::Decimal;

use super::refusal::{Code, Refusal};

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

    /// Parses an amount and the code of its currency, as received.
    ///
    /// # Errors
    /// A refusal of `amount` or of `currency`.
    pub fn read(amount: Decimal, currency: &str) -> Result<Self, Refusal> {
        let currency =
            Self::currency(currency).map_err(|message| Refusal::new(Code::Invalid, "currency", message))?;
        Self::parse(amount, currency).map_err(|message| {
            Refusal::new(Code::Invalid, "amount", format!("This can't be taken: {message}."))
        })
    }

    /// The currency of a code.
    ///
    /// # Errors
    /// A sentence that says what a code is.
    pub fn currency(code: &str) -> Result<Currency, &'static str> {
        let known = Currency::from_code(code).filter(|currency| currency.code() == code);
        known.ok_or("A currency is an ISO 4217 code of three capital letters, such as EUR.")
    }

    /// The amount in major units, with the currency's number of decimals.
    #[must_use]
    pub fn amount(self) -> Decimal {
        Decimal::new(self.minor, exponent(self.currency))
    }
}

/// Decimals that a percentage may have.
const PERCENT_DECIMALS: u32 = 4;

/// 100 percent in the unit of [`percent_parts`].
pub const PERCENT_WHOLE: i64 = 1_000_000;

/// A percentage in millionths of the whole, 0 to [`PERCENT_WHOLE`]: 12.5 percent is 125,000.
///
/// None for what is not 0 to 100 or has more than four decimals: with that bound, a share of any
/// amount is exact in 128 bits.
#[must_use]
pub fn percent_parts(percent: Decimal) -> Option<i64> {
    let percent = percent.normalize();
    let missing = PERCENT_DECIMALS.checked_sub(percent.scale())?;
    if percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
        return None;
    }
    i64::try_from(percent.mantissa() * 10_i128.pow(missing)).ok()
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
    #[test]
    fn percentages_are_0_to_100_with_four_decimals() {
        // percentage, millionths of the whole or refusal
        let table = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("12.5", Some(125_000)),
            ("0.0001", Some(1)),
            ("99.9999", Some(999_999)),
            ("100.00000", Some(PERCENT_WHOLE)),
            ("0.00001", None),
            ("100.0001", None),
            ("-0.0001", None),
            ("33.333333333333333333333333333", None),
            ("79228162514264337593543950335", None),
        ];
        for (percent, parts) in table {
            assert_eq!(percent_parts(percent.parse().expect("a decimal")), parts, "{percent}");
        }
    }
}
