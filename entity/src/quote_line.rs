//! Table `quote_lines`.

use sea_orm::entity::prelude::*;

use crate::value::ProductCategory;

/// A line of a saved quote as it was priced; amounts are minor units of the quote's currency.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote_lines")]
pub struct Model {
    /// The quote.
    #[sea_orm(primary_key, auto_increment = false)]
    pub quote_id: Uuid,
    /// Place in the quote, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i32,
    /// The product.
    pub product_id: Uuid,
    /// Its code then.
    pub product_code: String,
    /// Its name then.
    pub product_name: String,
    /// Its category then.
    pub category: ProductCategory,
    /// How many.
    pub quantity: i64,
    /// List price of one.
    pub unit_price: i64,
    /// Base discount, 0 to 100, as a decimal number.
    pub discount_percent: String,
    /// The contract that set the discount.
    pub contract_id: Option<Uuid>,
    /// Share that credits could pay, 0 to 100, as a decimal number.
    pub cap_percent: String,
    /// List price of all.
    pub list: i64,
    /// After base discount.
    pub net: i64,
    /// Most value that credits could pay.
    pub cap: i64,
    /// Value that credits paid.
    pub redeemed: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
