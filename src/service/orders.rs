//! Quotes and orders: priced by one function, paid partly with credits (PP, Rewards; O1 to O8).

mod change;
mod price;

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::value::{EventKind, LogAction, OrderStatus};
use entity::{order, order_line};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::input::differing;
use super::posting::{LogEntry, Object, Posting};
use super::subjects::lock_partner;
use super::{Services, input, transact};
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::edition::OrderPurpose;
use crate::program::fold::{Redemption, Step};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::service::events::EventDraft;
use crate::store::order as store;
use crate::store::page::{Page, Rows};
use crate::store::partner::PartnerRow;
use crate::store::subject;

pub(super) use price::over_balance;

/// An order as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderDraft {
    /// Code of the partner.
    pub partner: String,
    /// What it is for.
    pub purpose: OrderPurpose,
    /// The end customer.
    pub customer: Option<String>,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// Codes of products, and how many of each.
    pub lines: Vec<(String, i64)>,
    /// Credits to redeem.
    pub credits: i64,
}

/// An order with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The order.
    pub order: order::Model,
    /// Its lines, in their order.
    pub lines: Vec<order_line::Model>,
}

/// The price of an order that is not placed.
#[derive(Clone, Debug)]
pub struct Quote {
    /// The order that would be placed.
    pub row: OrderRow,
    /// Who would order.
    pub partner: PartnerRow,
    /// Credits that could be redeemed now: the smaller of cap and balance, never below 0.
    pub usable_credits: i64,
}

/// Result of placing an order.
#[derive(Clone, Debug)]
pub struct PlacedOrder {
    /// The order.
    pub order: order::Model,
    /// Its lines.
    pub lines: Vec<order_line::Model>,
    /// Whether the key was used before: `order` is then the first order, unchanged.
    pub duplicate: bool,
}

impl Services {
    /// Prices an order and changes nothing (O6).
    ///
    /// # Errors
    /// For everything that placing the order would be refused for.
    pub async fn quote(&self, draft: &OrderDraft) -> Result<Quote, Error> {
        let visibility = self.authorize(Operation::Quote)?;
        let reader = self.db.reader();
        let found = match input::code("partner", &draft.partner) {
            Ok(code) => subject::by_code::<PartnerRow>(reader, &code).await?,
            Err(_) => None,
        };
        let partner = found.filter(|row| visibility.can_see_partner(row.id));
        let partner = match partner {
            Some(partner) => Ok(self.without_expired(reader, partner).await?),
            None => Err(input::no_partner(&draft.partner)),
        };
        let (row, partner) = self.price_order(reader, draft, partner).await?;
        let usable_credits = row.order.max_credits.min(partner.credits.max(0));
        Ok(Quote { row, partner, usable_credits })
    }

    /// Places an order: stores everything that determines its price, and debits the credits (O6).
    ///
    /// # Errors
    /// When the order is invalid, more credits are redeemed than caps or balance allow, or the key was used
    /// before with different content.
    pub async fn order_place(&self, draft: &OrderDraft, key: &str) -> Result<PlacedOrder, Error> {
        let visibility = self.authorize(Operation::PlaceOrder)?;
        let key = input::key("idempotencyKey", key);
        let within = |refusals: Refusals| refusals.within("order");
        let placed = transact!(self, Operation::PlaceOrder, transaction, changes => {
            let partner = match lock_partner(transaction, &visibility, &draft.partner).await? {
                Ok(partner) => Ok(self.expire_quotes(transaction, partner).await?),
                Err(refusal) => Err(refusal),
            };
            if let (Ok(key), Ok(partner)) = (&key, &partner)
                && let Some(first) = store::by_key(transaction, partner.id, key).await?
            {
                let lines = store::lines(transaction, &[first.id]).await?.remove(&first.id).unwrap_or_default();
                check_same_order(&price::CheckedDraft::of(draft).map_err(within)?, &first, &lines)?;
                return Ok(PlacedOrder { order: first, lines, duplicate: true });
            }
            let priced = refused(self.price_order(transaction, draft, partner).await)?.map_err(within);
            let (key, (row, partner)) = all((key.as_ref(), priced))?;
            let order = order::Model { idempotency_key: key.clone(), ..row.order };
            let order = self.post_order(transaction, partner, order, row.lines.clone()).await?;
            let after = json!({ "number": order.number, "status": order.status.to_value(), "credits": order.credits });
            changes.add(change(&order).after(after));
            Ok(PlacedOrder { order, lines: row.lines, duplicate: false })
        })?;
        Ok(placed)
    }

    async fn post_order(
        &self,
        transaction: &DatabaseTransaction,
        partner: PartnerRow,
        mut order: order::Model,
        lines: Vec<order_line::Model>,
    ) -> Result<order::Model, Error> {
        let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
        let step = redemption(&mut posting, &order, order.placed_on).map(Step::Redeemed);
        let entry = LogEntry::new(LogAction::OrderPlaced, Object::Order(order.id));
        apply(&mut posting, entry, step)?;
        let mut posted = posting.post(transaction, self).await?;
        order.seq = posted.seqs.first().copied().unwrap_or_default();
        order.number = self.number('O', order.seq);
        order.recorded_at = posted.recorded_at;
        self.name_customer(transaction, order.customer.as_deref(), order.placed_on).await?;
        store::insert(transaction, order.clone(), lines).await?;
        posted.emit(0, EventDraft::order(EventKind::OrderPlaced, &order, order.placed_on));
        posted.write(transaction).await?;
        Ok(order)
    }

    /// The order of a number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn order_by_number(&self, number: &str) -> Result<Option<order::Model>, Error> {
        let Ok(number) = input::key("number", number) else { return Ok(None) };
        let visibility = self.visibility(Operation::Order);
        let found = store::by_number(self.db.reader(), &number).await?;
        Ok(found.filter(|row| visibility.can_see_partner(row.partner_id)))
    }

    /// Orders by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn orders_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, order::Model>, Error> {
        let visibility = self.visibility(Operation::Order);
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let rows = rows.into_iter().filter(|row| visibility.can_see_partner(row.partner_id));
        Ok(rows.map(|row| (row.id, row)).collect())
    }

    /// Lines of orders, in their order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn order_lines(
        &self,
        orders: &[order::Model],
    ) -> Result<HashMap<Uuid, Vec<order_line::Model>>, Error> {
        let visibility = self.visibility(Operation::Order);
        let shown = orders.iter().filter(|row| visibility.can_see_partner(row.partner_id)).map(|row| row.id);
        Ok(store::lines(self.db.reader(), &shown.collect::<Vec<_>>()).await?)
    }

    /// For each partner, one page of its orders in the order of placing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn order_pages(
        &self,
        ids: &[Uuid],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<order::Model>>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(store::of_partners(self.db.reader(), ids, page).await?)
    }

    /// For each partner, how many orders it has placed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn order_counts(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(store::count_of_partners(self.db.reader(), ids).await?)
    }
}

fn change(row: &order::Model) -> Change {
    Change::of("Order", row.id).about(Some(row.partner_id), None)
}

/// The redemption of an order or its return, on a day; none if no credits are redeemed.
fn redemption(
    posting: &mut Posting<'_>,
    order: &order::Model,
    on: NaiveDate,
) -> Option<Redemption<crate::program::fold::PartnerIndex>> {
    let subject = posting.partner(order.partner_id).filter(|_| order.credits > 0)?;
    Some(Redemption { subject, order: posting.add(Object::Order(order.id)), on, credits: order.credits })
}

fn apply(posting: &mut Posting<'_>, entry: LogEntry, step: Option<Step>) -> Result<(), Refusal> {
    posting.apply(entry, step).map_err(|exceeded| Refusal::new(Code::Invalid, "number", exceeded.to_string()))
}

/// Whether a repeat says the same as the first.
fn check_same_order(
    again: &price::CheckedDraft<'_>,
    first: &order::Model,
    lines: &[order_line::Model],
) -> Result<(), Refusal> {
    let same_lines = lines.len() == again.draft.lines.len()
        && lines
            .iter()
            .zip(&again.draft.lines)
            .all(|(line, (product, quantity))| line.product_code == *product && line.quantity == *quantity);
    let differs = differing([
        ("purpose", super::labels::purpose(first.purpose) != again.draft.purpose),
        ("customer", first.customer != again.customer),
        ("currency", first.currency != again.currency.code()),
        ("lines", !same_lines),
        ("credits", first.credits != again.draft.credits),
    ]);
    if differs.is_empty() {
        return Ok(());
    }
    let number = &first.number;
    let advice = match first.status {
        OrderStatus::Placed => {
            format!("{number} is placed; cancel it if this order replaces it, and send a new idempotencyKey")
        }
        OrderStatus::Fulfilled => format!("{number} is fulfilled; to order more, send a new idempotencyKey"),
        OrderStatus::Returned => {
            format!("{number} was returned; to place this order instead, send a new idempotencyKey")
        }
        OrderStatus::Cancelled => {
            format!("{number} is cancelled; to place this order instead, send a new idempotencyKey")
        }
    };
    let differs = differs.join(", ");
    let message =
        format!("This idempotencyKey was used for order {number}, which differs in {differs}. {advice}.");
    Err(Refusal::new(Code::ConflictingDuplicate, "idempotencyKey", message))
}

/// Whether an order can still be fulfilled or cancelled.
fn check_open(order: &order::Model) -> Result<(), Refusal> {
    check_status(order, OrderStatus::Placed, "only a placed order can be fulfilled or cancelled")
}

/// Whether an order can come back.
fn check_fulfilled(order: &order::Model) -> Result<(), Refusal> {
    check_status(order, OrderStatus::Fulfilled, "only a fulfilled order can be returned")
}

fn check_status(order: &order::Model, wanted: OrderStatus, rule: &str) -> Result<(), Refusal> {
    if order.status == wanted {
        return Ok(());
    }
    let number = &order.number;
    let on = |day: Option<NaiveDate>| day.map_or(String::new(), |day| format!(" on {day}"));
    let state = match order.status {
        OrderStatus::Placed => format!("is placed since {}", order.placed_on),
        OrderStatus::Fulfilled => format!("was fulfilled{}", on(order.fulfilled_on)),
        OrderStatus::Cancelled => format!("was cancelled{}", on(order.cancelled_on)),
        OrderStatus::Returned => format!("was returned{}", on(order.returned_on)),
    };
    let advice = match (order.status, wanted) {
        (OrderStatus::Placed, _) => "; cancel it instead",
        (OrderStatus::Fulfilled, _) => "; return it instead",
        _ => "",
    };
    Err(Refusal::new(Code::WrongState, "number", format!("Order {number} {state}; {rule}{advice}.")))
}
