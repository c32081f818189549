//! Amounts of money.

use async_graphql::{InputObject, SimpleObject};

use crate::graphql::error::ApiError;
use crate::graphql::scalar::Decimal;
use crate::program::money::{self, MoneyDraft};

/// Amount of money.
#[derive(Clone, SimpleObject)]
pub(crate) struct Money {
    /// Amount in major units, such as "12.50".
    amount: Decimal,
    /// ISO 4217 code of the currency, such as `EUR`.
    currency: String,
}

impl From<money::Money> for Money {
    fn from(money: money::Money) -> Self {
        Self { amount: Decimal(money.amount()), currency: money.currency.code().to_owned() }
    }
}

impl Money {
    /// An amount from its stored value.
    pub(crate) fn from_minor(minor: i64, currency: &str) -> Result<Self, ApiError> {
        let currency = money::Money::currency(currency).map_err(|_| {
            ApiError::from(crate::error::Error::Damaged(format!("{currency} is not a currency")))
        })?;
        Ok(money::Money { minor, currency }.into())
    }
}

/// Amount of money.
#[derive(InputObject)]
pub(crate) struct MoneyInput {
    /// Amount in major units, such as "12.50", with at most as many decimals as the currency has.
    amount: Decimal,
    /// ISO 4217 code of the currency, such as `EUR`.
    currency: String,
}

impl From<MoneyInput> for MoneyDraft {
    fn from(input: MoneyInput) -> Self {
        Self { amount: input.amount.0, currency: input.currency }
    }
}
