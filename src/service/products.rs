//! Products and their list prices.

use std::collections::{BTreeMap, HashMap};

use entity::{product, product_price};
use rust_decimal::Decimal;
use sea_orm::ActiveEnum;
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::events::EventDraft;
use super::subjects::differs_by_case;
use super::{Services, input, labels, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::edition::ProductCategory;
use crate::program::money::MoneyDraft;
use crate::program::refusal::{Code, Refusal, Refusals, all, each};
use crate::store::page::{Page, Rows};
use crate::store::product as store;
pub use crate::store::product::ProductRow;

/// Most currencies that a product has prices in.
const PRICES_MAX: usize = 50;

/// A product as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductDraft {
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// What sort of product it is.
    pub category: ProductCategory,
    /// List prices of one, at most one for each currency.
    pub prices: Vec<MoneyDraft>,
}

impl Services {
    /// Creates a product, or replaces name, category and prices of the product with this code. Placed orders
    /// keep their prices.
    ///
    /// # Errors
    /// When code or name is invalid, a price is negative or not an amount of
    /// its currency, or a currency is repeated.
    pub async fn product_save(&self, draft: &ProductDraft) -> Result<ProductRow, Error> {
        self.authorize(Operation::SaveProduct)?;
        let (code, name, prices) = all((
            input::code("code", &draft.code),
            input::name("name", &draft.name),
            check_prices(&draft.prices),
        ))?;
        transact!(self, Operation::SaveProduct, transaction, changes => {
            let existing = store::lock(transaction, &code).await?;
            if existing.is_none() && let Some(taken) = store::similar_code(transaction, &code).await? {
                return Err(differs_by_case("product", &code, &taken).into());
            }
            let before = existing.as_ref().map(|row| json!({ "name": row.name, "category": row.category.to_value() }));
            let product = product::Model {
                id: existing.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
                code: code.clone(),
                name: name.clone(),
                category: labels::category_column(draft.category),
                created_at: existing.map_or_else(|| self.clock.now(), |row| row.created_at),
            };
            let prices = prices.iter().map(|(currency, amount)| product_price::Model {
                product_id: product.id,
                currency: (*currency).to_owned(),
                amount: *amount,
            });
            let row = ProductRow { prices: prices.collect(), product };
            let after = json!({ "name": row.product.name, "category": row.product.category.to_value(), "prices": prices_of(&row) });
            changes.add(Change::of("Product", row.product.id).maybe_before(before).after(after));
            store::save(transaction, row.clone()).await?;
            let event = EventDraft::product(&row, self.clock.today())?;
            self.emit(transaction, [], vec![event], None).await?;
            Ok(row)
        })
    }

    /// The product of a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn product_by_code(&self, code: &str) -> Result<Option<ProductRow>, Error> {
        if input::code("code", code).is_err() || !self.can_see(Operation::Product) {
            return Ok(None);
        }
        Ok(store::by_codes(self.db.reader(), [code]).await?.pop())
    }

    /// Products by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn products_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, ProductRow>, Error> {
        if !self.can_see(Operation::Product) {
            return Ok(HashMap::new());
        }
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.product.id, row)).collect())
    }

    /// One page of all products, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn products_page(&self, page: &Page<String>) -> Result<Rows<ProductRow>, Error> {
        if !self.can_see(Operation::Product) {
            return Ok(Rows::default());
        }
        Ok(store::page(self.db.reader(), page).await?)
    }

    /// How many products there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn products_count(&self) -> Result<u64, Error> {
        if !self.can_see(Operation::Product) {
            return Ok(0);
        }
        Ok(store::count(self.db.reader()).await?)
    }
}

/// Prices in minor units by currency, for the audit log.
fn prices_of(row: &ProductRow) -> BTreeMap<&str, i64> {
    row.prices.iter().map(|price| (price.currency.as_str(), price.amount)).collect()
}

/// Prices by currency.
fn check_prices(prices: &[MoneyDraft]) -> Result<BTreeMap<&'static str, i64>, Refusals> {
    if prices.len() > PRICES_MAX {
        let message =
            format!("A product has prices in at most {PRICES_MAX} currencies; got {}.", prices.len());
        return Err(Refusal::new(Code::TooMany, "prices", message).into());
    }
    let mut by_currency = BTreeMap::new();
    let checked = prices.iter().enumerate().map(|(index, price)| {
        check_price(price, &mut by_currency)
            .map_err(|refusals| refusals.within(&index.to_string()).within("prices"))
    });
    each(checked)?;
    Ok(by_currency)
}

fn check_price(price: &MoneyDraft, by_currency: &mut BTreeMap<&'static str, i64>) -> Result<(), Refusals> {
    let not_negative = if price.amount < Decimal::ZERO {
        let message = format!("A price is 0 or more; got {}.", price.amount);
        Err(Refusal::new(Code::Invalid, "amount", message))
    } else {
        Ok(())
    };
    let (money, ()) = all((price.read(), not_negative))?;
    let currency = money.currency.code();
    if by_currency.insert(currency, money.minor).is_some() {
        let message = format!("{currency} is given twice; a product has one price in each currency.");
        return Err(Refusal::new(Code::Invalid, "currency", message).into());
    }
    Ok(())
}
