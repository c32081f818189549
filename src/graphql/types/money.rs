//! Amounts of money.

use async_graphql::{InputObject, SimpleObject};

use crate::graphql::error::ApiError;
use crate::graphql::scalar::Decimal;
use crate::program::money::Money as Amount;
use crate::program::refusal::Refusal;

/// An amount of money.
#[derive(Clone, SimpleObject)]
pub(crate) struct Money {
    /// The amount in major units, such as "12.50".
    amount: Decimal,
    /// ISO 4217 code of the currency.
    currency: String,
}

impl From<Amount> for Money {
    fn from(money: Amount) -> Self {
        Self { amount: Decimal(money.amount()), currency: money.currency.code().to_owned() }
    }
}

impl Money {
    /// An amount as it is stored.
    pub(crate) fn of(minor: i64, currency: &str) -> Result<Self, ApiError> {
        let currency = Amount::currency(currency).map_err(|_| {
            ApiError::from(crate::error::Error::Damaged(format!("{currency} is not a currency")))
        })?;
        Ok(Amount { minor, currency }.into())
    }
}

/// An amount of money.
#[derive(InputObject)]
pub(crate) struct MoneyInput {
    /// The amount in major units, such as "12.50", with no more decimals than the currency has.
    amount: Decimal,
    /// ISO 4217 code of the currency, such as EUR.
    currency: String,
}

impl MoneyInput {
    /// The amount as the core has it.
    pub(crate) fn read(&self) -> Result<Amount, Refusal> {
        Amount::read(self.amount.0, &self.currency)
    }
}
