//! Table `quotes`.

use sea_orm::entity::prelude::*;

use crate::value::{OrderPurpose, QuoteStatus};

/// A saved quote with everything that it was priced with; amounts are minor units of its currency.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quotes")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Sequence number in the log.
    pub seq: i64,
    /// Unique number that people refer to it by.
    pub number: String,
    /// Who would order.
    pub partner_id: Uuid,
    /// What it is for.
    pub purpose: OrderPurpose,
    /// The end customer.
    pub customer: Option<String>,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// The day of its prices.
    pub priced_on: Date,
    /// Last day on which it can be placed.
    pub valid_until: Date,
    /// Whether its credits are held until then.
    pub hold: bool,
    /// Edition that it was priced by.
    pub edition_id: Uuid,
    /// Code of the partner's level that day.
    pub level: String,
    /// Credits to redeem.
    pub credits: i64,
    /// Most credits that the caps allowed.
    pub max_credits: i64,
    /// Value of one credit.
    pub credit_value: Option<i64>,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// Status.
    pub status: QuoteStatus,
    /// When it was placed, withdrawn or expired.
    pub closed_on: Option<Date>,
    /// Sum of list prices.
    pub list: i64,
    /// Sum after base discount.
    pub net: i64,
    /// Most value that credits could pay.
    pub cap: i64,
    /// Value that credits pay.
    pub redeemed: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
