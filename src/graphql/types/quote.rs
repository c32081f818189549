//! Saved quotes.

use async_graphql::{Context, ID, Object};
use entity::quote;

use super::commerce::{OrderPurpose, QuoteStatus};
use super::order::{LineRow, OrderLine, priced_edition, priced_level};
use super::standing::Level;
use super::{Edition, Money, Order, Partner};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchPages, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;
use crate::store::page::Rows;

/// Saved quote. Through its last day it can be placed as an order at its own prices, whatever changes meanwhile.
pub(crate) struct SavedQuote(pub(crate) BatchRow<quote::Model>);

impl SavedQuote {
    fn money(&self, minor: i64) -> Result<Money, ApiError> {
        Money::from_minor(minor, &self.0.row().currency)
    }
}

/// Saved quote. Through its last day it can be placed as an order at its own prices, whatever changes meanwhile.
#[Object]
impl SavedQuote {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::SavedQuote.id(self.0.row().id)
    }

    /// Unique number, such as `Q-1830`.
    async fn number(&self) -> &str {
        &self.0.row().number
    }

    /// Partner for which the quote was saved.
    async fn partner(&self, context: &Context<'_>) -> Result<Partner, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.partner_id).collect();
            services.partners_by_ids(&ids).await.map(BatchById::new)
        };
        let partners = self.0.load(Relation::Partner, load).await?;
        let found = partners.get(self.0.row().partner_id).map(Partner);
        found.ok_or_else(|| Error::Damaged("a quote without its partner".to_owned()).into())
    }

    /// Purpose: resale to an end customer, or use by the partner itself.
    async fn purpose(&self) -> OrderPurpose {
        self.0.row().purpose.into()
    }

    /// Name of the end customer; null for self-use.
    async fn customer(&self) -> Option<&str> {
        self.0.row().customer.as_deref()
    }

    /// Status of the quote.
    async fn status(&self, context: &Context<'_>) -> QuoteStatus {
        let row = self.0.row();
        let today = context.data_unchecked::<Services>().clock().today();
        if row.status == entity::value::QuoteStatus::Open && row.valid_until < today {
            return QuoteStatus::Expired;
        }
        row.status.into()
    }

    /// Date of the prices, level and rates.
    async fn priced_on(&self) -> Date {
        Date(self.0.row().priced_on)
    }

    /// Last day on which the quote can be placed.
    async fn valid_until(&self) -> Date {
        Date(self.0.row().valid_until)
    }

    /// Whether the credits are held until then: they are deducted from the balance, and released when the quote expires
    /// or is withdrawn.
    async fn hold(&self) -> bool {
        self.0.row().hold
    }

    /// Date on which the quote was placed, withdrawn or expired; null while it is open.
    async fn closed_on(&self) -> Option<Date> {
        self.0.row().closed_on.map(Date)
    }

    /// Time at which the quote was saved.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Order that was placed from the quote; null if there is none.
    async fn order(&self, context: &Context<'_>) -> Option<Order> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.id).collect();
            services.orders_of_quotes(&ids).await.map(BatchById::new)
        };
        let orders = self.0.load(Relation::OrderOfQuote, load).await;
        or_null(context, orders.map(|orders| orders.get(self.0.row().id).map(Order)))
    }

    /// Overall level of the partner on the date of the prices.
    async fn level(&self, context: &Context<'_>) -> Result<Level, ApiError> {
        let row = self.0.row();
        priced_level(context.data_unchecked::<Services>(), row.edition_id, &row.level)
    }

    /// Edition by which the quote was priced.
    async fn edition(&self, context: &Context<'_>) -> Result<Edition, ApiError> {
        priced_edition(context.data_unchecked::<Services>(), self.0.row().edition_id)
    }

    /// Order lines, in the order in which they were submitted.
    async fn lines(&self, context: &Context<'_>) -> Result<Vec<OrderLine>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let batch_rows = self.0.batch_rows();
        let load = || async {
            let mut lines = services.saved_quote_lines(batch_rows).await?;
            let of = |row: &quote::Model| {
                let rows = lines.remove(&row.id).unwrap_or_default().into_iter();
                let rows = rows.map(|line| LineRow::by(line, &row.currency, row.edition_id, &row.level));
                (row.id, Rows { rows: rows.collect(), has_more: false })
            };
            Ok::<_, Error>(BatchPages::new(batch_rows.iter().map(of).collect()))
        };
        let lines = self.0.load(Relation::QuoteLines, load).await?;
        Ok(lines.of(self.0.row().id).batch_rows().map(OrderLine).collect())
    }

    /// Number of credits to redeem.
    async fn credits(&self) -> i32 {
        int(self.0.row().credits)
    }

    /// Maximum number of credits that the caps on the order allow, regardless of the balance.
    async fn max_credits(&self) -> i32 {
        int(self.0.row().max_credits)
    }

    /// Value of one credit; null if credits have no value in the currency.
    async fn credit_value(&self) -> Result<Option<Money>, ApiError> {
        self.0.row().credit_value.map(|minor| self.money(minor)).transpose()
    }

    /// Sum of the list prices.
    async fn list(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().list)
    }

    /// Sum of the base discounts.
    async fn base_discount(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().list - self.0.row().net)
    }

    /// Net amount: list prices less base discounts.
    async fn net(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().net)
    }

    /// Maximum value that credits can pay.
    async fn cap(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().cap)
    }

    /// Value that the redeemed credits pay.
    async fn redeemed(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().redeemed)
    }

    /// Amount payable: net amount less the redeemed value.
    async fn total(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().net - self.0.row().redeemed)
    }
}
