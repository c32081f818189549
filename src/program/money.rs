//! Money and percentages of the edition.

use iso_currency::{Currency, IntoEnumIterator};
use rust_decimal::Decimal;

use super::nearest::nearest;
use super::refusal::{Code, Refusal};
use super::wording::{did_you_mean, shown};

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
        let too_large = || {
            let [least, most] = [-i64::MAX, i64::MAX].map(|minor| Self { minor, currency }.amount());
            format!("{} amounts are from {least} to {most}; got {amount}.", currency.code())
        };
        let minor = amount.checked_mul(Decimal::from(10_i64.pow(digits))).ok_or_else(too_large)?;
        if !minor.fract().is_zero() {
            let decimals = match digits {
                0 => "no decimals".to_owned(),
                1 => "at most 1 decimal".to_owned(),
                digits => format!("at most {digits} decimals"),
            };
            return Err(format!("{} amounts have {decimals}; got {amount}.", currency.code()));
        }
        let minor = i64::try_from(minor).map_err(|_| too_large())?;
        Ok(Self { minor, currency })
    }

    /// Parses an amount and the code of its currency, as received.
    ///
    /// # Errors
    /// A refusal of `amount` or of `currency`. How many decimals an amount can have is known with the
    /// currency alone, so the amount is not checked where the currency is wrong.
    pub fn read(amount: Decimal, currency: &str) -> Result<Self, Refusal> {
        let currency =
            Self::currency(currency).map_err(|message| Refusal::new(Code::Invalid, "currency", message))?;
        Self::parse(amount, currency).map_err(|message| Refusal::new(Code::Invalid, "amount", message))
    }

    /// The currency of a code.
    ///
    /// # Errors
    /// A sentence that names the nearest code, or says what a code is.
    pub fn currency(code: &str) -> Result<Currency, String> {
        if let Some(currency) = Currency::from_code(code) {
            return Ok(currency);
        }
        let near = nearest(code, Currency::iter().map(|currency| currency.code()));
        let accepted = match near {
            Some(_) => "",
            None => " Write three capital letters, such as EUR.",
        };
        let near = did_you_mean(near);
        Err(format!("{} is not an ISO 4217 currency code.{near}{accepted}", shown(code)))
    }

    /// The amount in major units, with the currency's number of decimals.
    #[must_use]
    pub fn amount(self) -> Decimal {
        Decimal::new(self.minor, exponent(self.currency))
    }
}

/// An amount as it was sent, not yet checked against its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyDraft {
    /// The amount in major units.
    pub amount: Decimal,
    /// Code of the currency.
    pub currency: String,
}

impl MoneyDraft {
    /// The amount in its currency.
    ///
    /// # Errors
    /// As [`Money::read`].
    pub fn read(&self) -> Result<Money, Refusal> {
        Money::read(self.amount, &self.currency)
    }
}

impl From<Money> for MoneyDraft {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency.code().to_owned() }
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
    fn a_refused_amount_or_currency_says_what_is_accepted() {
        // amount, currency, field, message
        let table = [
            ("1000.555", "EUR", "amount", "EUR amounts have at most 2 decimals; got 1000.555."),
            ("7.5", "JPY", "amount", "JPY amounts have no decimals; got 7.5."),
            ("1.2345", "KWD", "amount", "KWD amounts have at most 3 decimals; got 1.2345."),
            (
                "92233720368547758.08",
                "EUR",
                "amount",
                "EUR amounts are from -92233720368547758.07 to 92233720368547758.07; got 92233720368547758.08.",
            ),
            ("1.005", "eur", "currency", "eur is not an ISO 4217 currency code. Did you mean EUR?"),
            ("1", "EURO", "currency", "EURO is not an ISO 4217 currency code. Did you mean EUR?"),
            (
                "1",
                "\u{1b}[31m",
                "currency",
                "\"\\u{1b}[31m\" is not an ISO 4217 currency code. Write three capital letters, such as EUR.",
            ),
        ];
        for (amount, currency, field, message) in table {
            let refusal = Money::read(amount.parse().expect("a decimal"), currency).expect_err(message);
            assert_eq!((refusal.field, refusal.message.as_str()), (vec![field.to_owned()], message));
        }
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
