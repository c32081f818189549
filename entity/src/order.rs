//! Table `orders`.

use sea_orm::entity::prelude::*;

use crate::value::{OrderPurpose, OrderStatus};

/// An order with everything that it was priced with; amounts are minor units of its currency.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Sequence number in the log.
    pub seq: i64,
    /// Unique number that people refer to it by.
    pub number: String,
    /// Who ordered.
    pub partner_id: Uuid,
    /// What it is for.
    pub purpose: OrderPurpose,
    /// The end customer.
    pub customer: Option<String>,
    /// The customer without case and spacing; none until a start has computed it.
    pub customer_spelling: Option<String>,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// When it was placed.
    pub placed_on: Date,
    /// Edition that it was priced by.
    pub edition_id: Uuid,
    /// Code of the partner's level that day.
    pub level: String,
    /// Credits redeemed.
    pub credits: i64,
    /// Most credits that the caps allowed.
    pub max_credits: i64,
    /// Value of one credit.
    pub credit_value: Option<i64>,
    /// The caller's key, unique for the partner.
    pub idempotency_key: String,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// Sum of list prices.
    pub list: i64,
    /// Sum after base discount.
    pub net: i64,
    /// Most value that credits could pay.
    pub cap: i64,
    /// Value that credits paid.
    pub redeemed: i64,
    /// Status.
    pub status: OrderStatus,
    /// When it was fulfilled.
    pub fulfilled_on: Option<Date>,
    /// When it was cancelled.
    pub cancelled_on: Option<Date>,
    /// When it came back.
    pub returned_on: Option<Date>,
    /// The saved quote that it was placed from.
    pub quote_id: Option<Uuid>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
