//! The swag shop: Dojo Credits are spent, points never change (DP; S5).

use std::collections::HashMap;

use entity::value::{EventKind, LogAction, SwagOrderStatus};
use entity::{swag_item, swag_order};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::access::Visibility;
use super::audit::Change;
use super::input::differing;
use super::posting::{LogEntry, Object, Posting};
use super::subjects::{check_last_day, differs_by_case, lock_professional};
use super::{Services, input, transact};
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::fold::{ProfessionalIndex, Redemption, Step};
use crate::program::refusal::{Code, Problems, Refusal, Refusals, all};
use crate::program::wording::counted;
use crate::service::events::EventDraft;
use crate::store::page::{Page, Rows};
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
use crate::store::{swag as store, upsert_all};

/// Highest price and stock: what a GraphQL `Int` can hold.
const INT_MAX: i64 = i32::MAX as i64;

/// An item as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwagItemDraft {
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// Price of one in Dojo Credits.
    pub dojo_credits: i64,
    /// How many there are.
    pub stock: i64,
}

/// An order as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwagOrderDraft {
    /// Code of the professional.
    pub professional: String,
    /// Code of the item.
    pub item: String,
    /// How many.
    pub quantity: i64,
    /// The caller's key.
    pub idempotency_key: String,
}

/// Result of placing an order.
#[derive(Clone, Debug)]
pub struct PlacedSwagOrder {
    /// The order.
    pub order: swag_order::Model,
    /// Whether the key was used before: `order` is then the first order, unchanged.
    pub duplicate: bool,
}

impl Services {
    /// Creates an item, or replaces name, price and stock of the item with this code.
    ///
    /// # Errors
    /// When code or name is invalid, the price is below 1, or the stock is negative.
    pub async fn swag_item_save(&self, draft: &SwagItemDraft) -> Result<swag_item::Model, Error> {
        self.authorize(Operation::SaveSwagItem)?;
        let (code, name, (), ()) = all((
            input::code("code", &draft.code),
            input::name("name", &draft.name),
            check_range("dojoCredits", draft.dojo_credits, 1),
            check_range("stock", draft.stock, 0),
        ))?;
        transact!(self, Operation::SaveSwagItem, transaction, changes => {
            let existing = store::lock_item(transaction, &code).await?;
            if existing.is_none() && let Some(taken) = store::similar_code(transaction, &code).await? {
                return Err(differs_by_case("swag shop item", &code, &taken).into());
            }
            let before = existing.as_ref().map(item_audit_state);
            let row = swag_item::Model {
                id: existing.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
                code: code.clone(),
                name: name.clone(),
                dojo_credits: draft.dojo_credits,
                stock: draft.stock,
                created_at: existing.map_or_else(|| self.clock.now(), |row| row.created_at),
            };
            changes.add(Change::of("SwagItem", row.id).maybe_before(before).after(item_audit_state(&row)));
            upsert_all(transaction, vec![row.clone()]).await?;
            let event = EventDraft::swag_item(&row, self.clock.today());
            self.emit(transaction, [], vec![event], None).await?;
            Ok(row)
        })
    }

    /// Places a swag order: reduces the stock and debits the Dojo Credits.
    ///
    /// # Errors
    /// When there is no such professional or item, too little in stock or too few Dojo Credits, or the
    /// key was used before with different content.
    pub async fn swag_order_place(&self, draft: &SwagOrderDraft) -> Result<PlacedSwagOrder, Error> {
        let visibility = self.authorize(Operation::PlaceSwagOrder)?;
        let key = input::key("idempotencyKey", &draft.idempotency_key);
        let quantity = check_range("quantity", draft.quantity, 1);
        transact!(self, Operation::PlaceSwagOrder, transaction, changes => {
            let who = match lock_professional(transaction, &visibility, &draft.professional).await? {
                Ok(who) => Ok(self.expire_dojo_credits(transaction, who).await?),
                Err(refusal) => Err(refusal),
            };
            let no_item = || input::not_found("item", ("item", "code"), &draft.item);
            let item = input::code("item", &draft.item).map_err(|_| no_item());
            if let (Ok(key), Ok(who)) = (&key, &who)
                && let Some(first) = store::by_key(transaction, who.id, key).await?
            {
                let ((), item) = all((quantity.as_ref(), item))?;
                let ordered = store::items_by_ids(transaction, [first.item_id]).await?.pop();
                let same_item = ordered.is_some_and(|ordered| ordered.code == item);
                check_same_order(&first, same_item, draft.quantity)?;
                return Ok(PlacedSwagOrder { order: first, duplicate: true });
            }
            let item = match item {
                Ok(code) => store::lock_item(transaction, &code).await?.ok_or_else(no_item),
                Err(refusal) => Err(refusal),
            };
            let who = who.and_then(|who| {
                check_last_day("professional", self.clock.today(), "professional", who.left_on)?;
                Ok(who)
            });
            let (key, (), who, mut item) = all((key.as_ref(), quantity.as_ref(), who, item))?;
            let price = check(draft.quantity, &item, who.dojo_credits)?;
            item.stock -= draft.quantity;
            let mut order = swag_order::Model {
                id: Uuid::now_v7(),
                seq: 0,
                number: String::new(),
                professional_id: who.id,
                item_id: item.id,
                item_name: item.name.clone(),
                quantity: draft.quantity,
                unit_price: item.dojo_credits,
                dojo_credits: price,
                placed_on: self.clock.today(),
                idempotency_key: key.clone(),
                recorded_at: self.clock.now(),
                status: SwagOrderStatus::Placed,
                cancelled_on: None,
                fulfilled_on: None,
            };
            let mut posting = Posting::open(&self.policy, Vec::new(), vec![who], &[]);
            let spent = redemption(&mut posting, &order, order.placed_on)?;
            let entry = LogEntry::new(LogAction::SwagOrdered, Object::SwagOrder(order.id));
            apply(&mut posting, entry, Some(Step::SwagOrdered(spent)))?;
            let mut posted = posting.post(transaction, self).await?;
            order.seq = posted.seqs.first().copied().unwrap_or_default();
            order.number = self.number('S', order.seq);
            order.recorded_at = posted.recorded_at;
            upsert_all(transaction, vec![item]).await?;
            changes.add(change(&order).after(json!({ "number": order.number, "status": order.status.to_value() })));
            crate::store::insert_all(transaction, vec![order.clone()]).await?;
            posted.emit(0, EventDraft::swag_order(EventKind::SwagOrderPlaced, &order, order.placed_on));
            posted.write(transaction).await?;
            Ok(PlacedSwagOrder { order, duplicate: false })
        })
    }

    /// Cancels a swag order: returns the Dojo Credits and the stock.
    ///
    /// # Errors
    /// When there is no such order, or it was cancelled or shipped before.
    pub async fn swag_order_cancel(
        &self,
        number: &str,
        reason: Option<&str>,
    ) -> Result<swag_order::Model, Error> {
        let visibility = self.authorize(Operation::CancelSwagOrder)?;
        let reason = input::reason("reason", reason);
        transact!(self, Operation::CancelSwagOrder, transaction, changes => {
            let locked = refused(lock_order(transaction, &visibility, number).await)?;
            let (reason, (mut order, mut professionals)) = all((reason.as_ref(), locked))?;
            // What comes back is the oldest only after what has expired before.
            if let Some(who) = professionals.pop() {
                professionals.push(self.expire_dojo_credits(transaction, who).await?);
            }
            let today = self.clock.today();
            let mut posting = Posting::open(&self.policy, Vec::new(), professionals, &[]);
            let back = redemption(&mut posting, &order, today)?;
            let entry = LogEntry {
                day: Some(today),
                reason: reason.clone(),
                ..LogEntry::new(LogAction::SwagCancelled, Object::SwagOrder(order.id))
            };
            apply(&mut posting, entry, Some(Step::SwagReturned(back)))?;
            let before = json!({ "status": order.status.to_value() });
            order.status = SwagOrderStatus::Cancelled;
            let after = json!({ "status": order.status.to_value() });
            changes.add(change(&order).before(before).after(after).because(reason.as_deref()));
            order.cancelled_on = Some(today);
            let mut posted = posting.post(transaction, self).await?;
            store::update(transaction, &order).await?;
            store::restock(transaction, order.item_id, order.quantity).await?;
            posted.emit(0, EventDraft::swag_order(EventKind::SwagOrderCancelled, &order, today));
            posted.write(transaction).await?;
            Ok(order)
        })
    }

    /// Records that a swag order was shipped; it can no longer be cancelled.
    ///
    /// # Errors
    /// When there is no such order, or it was cancelled or shipped before.
    pub async fn swag_order_fulfill(&self, number: &str) -> Result<swag_order::Model, Error> {
        let visibility = self.authorize(Operation::FulfillSwagOrder)?;
        transact!(self, Operation::FulfillSwagOrder, transaction, changes => {
            let (mut order, professionals) = lock_order(transaction, &visibility, number).await?;
            let today = self.clock.today();
            let mut posting = Posting::open(&self.policy, Vec::new(), professionals, &[]);
            let entry = LogEntry {
                day: Some(today),
                ..LogEntry::new(LogAction::SwagFulfilled, Object::SwagOrder(order.id))
            };
            apply(&mut posting, entry, None)?;
            let before = json!({ "status": order.status.to_value() });
            order.status = SwagOrderStatus::Fulfilled;
            order.fulfilled_on = Some(today);
            changes.add(change(&order).before(before).after(json!({ "status": order.status.to_value() })));
            let mut posted = posting.post(transaction, self).await?;
            store::update(transaction, &order).await?;
            posted.emit(0, EventDraft::swag_order(EventKind::SwagOrderFulfilled, &order, today));
            posted.write(transaction).await?;
            Ok(order)
        })
    }

    /// The item of a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_item_by_code(&self, code: &str) -> Result<Option<swag_item::Model>, Error> {
        if input::code("code", code).is_err() || !self.can_see(Operation::SwagItem) {
            return Ok(None);
        }
        Ok(store::item_by_code(self.db.reader(), code).await?)
    }

    /// Items by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_items_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, swag_item::Model>, Error> {
        if !self.can_see(Operation::SwagItem) {
            return Ok(HashMap::new());
        }
        let rows = store::items_by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One page of all items, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_items_page(&self, page: &Page<String>) -> Result<Rows<swag_item::Model>, Error> {
        if !self.can_see(Operation::SwagItem) {
            return Ok(Rows::default());
        }
        Ok(store::items(self.db.reader(), page).await?)
    }

    /// How many items there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_items_count(&self) -> Result<u64, Error> {
        if !self.can_see(Operation::SwagItem) {
            return Ok(0);
        }
        Ok(store::count_items(self.db.reader()).await?)
    }

    /// The order of a number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_order_by_number(&self, number: &str) -> Result<Option<swag_order::Model>, Error> {
        let Ok(number) = input::key("number", number) else { return Ok(None) };
        let visibility = self.visibility(Operation::SwagOrder);
        let found = store::by_number(self.db.reader(), &number).await?;
        Ok(found.filter(|row| visibility.can_see_professional(row.professional_id)))
    }

    /// Orders by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_orders_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, swag_order::Model>, Error> {
        let visibility = self.visibility(Operation::SwagOrder);
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let rows = rows.into_iter().filter(|row| visibility.can_see_professional(row.professional_id));
        Ok(rows.map(|row| (row.id, row)).collect())
    }

    /// For each professional, one page of orders in the order of placing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_order_pages(
        &self,
        ids: &[Uuid],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<swag_order::Model>>, Error> {
        self.authorize_swag_orders(ids)?;
        Ok(store::of_professionals(self.db.reader(), ids, page).await?)
    }

    /// For each professional, how many orders there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_order_counts(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize_swag_orders(ids)?;
        Ok(store::count_of_professionals(self.db.reader(), ids).await?)
    }

    /// Checks that the orders of these professionals are open to the caller.
    pub(in crate::service) fn authorize_swag_orders(&self, ids: &[Uuid]) -> Result<(), Error> {
        let visibility = self.authorize(Operation::SwagOrder)?;
        if ids.iter().all(|id| visibility.can_see_professional(*id)) {
            return Ok(());
        }
        Err(Error::Forbidden(Operation::SwagOrder.name()))
    }
}

fn change(row: &swag_order::Model) -> Change {
    Change::of("SwagOrder", row.id).about(None, Some(row.professional_id))
}

/// An item as the audit log keeps it.
fn item_audit_state(row: &swag_item::Model) -> serde_json::Value {
    json!({ "name": row.name, "dojoCredits": row.dojo_credits, "stock": row.stock })
}

/// Locks the professional of an order and reads the order as it then is: one that can still be cancelled.
async fn lock_order(
    transaction: &DatabaseTransaction,
    visibility: &Visibility,
    number: &str,
) -> Result<(swag_order::Model, Vec<ProfessionalRow>), Error> {
    let missing = || input::not_found("number", ("order", "number"), number);
    let number = input::key("number", number).map_err(|_| missing())?;
    let order = store::by_number(transaction, &number).await?;
    let order =
        order.filter(|row| visibility.can_see_professional(row.professional_id)).ok_or_else(missing)?;
    let professionals = subject::lock::<ProfessionalRow>(transaction, [], [order.professional_id]).await?;
    let order = store::by_number(transaction, &number).await?.ok_or_else(missing)?;
    for (state, day) in [("cancelled", order.cancelled_on), ("shipped", order.fulfilled_on)] {
        if let Some(on) = day {
            let message = format!("Order {} was {state} on {on}, which is final.", order.number);
            return Err(Refusal::new(Code::WrongState, "number", message).into());
        }
    }
    Ok((order, professionals))
}

fn check_range(field: &str, number: i64, least: i64) -> Result<(), Refusal> {
    if (least..=INT_MAX).contains(&number) {
        return Ok(());
    }
    Err(Refusal::new(Code::Invalid, field, format!("{field} is {least} or more; got {number}.")))
}

/// Whether a repeat says the same as the first.
fn check_same_order(first: &swag_order::Model, same_item: bool, quantity: i64) -> Result<(), Refusal> {
    let differs = differing([("item", !same_item), ("quantity", first.quantity != quantity)]);
    if differs.is_empty() {
        return Ok(());
    }
    let number = &first.number;
    let advice = match first.status {
        SwagOrderStatus::Placed => {
            format!("{number} is placed; cancel it if this order replaces it, and send a new idempotencyKey")
        }
        SwagOrderStatus::Fulfilled => {
            format!("{number} was shipped; to order more, send a new idempotencyKey")
        }
        SwagOrderStatus::Cancelled => {
            format!("{number} is cancelled; to place this order instead, send a new idempotencyKey")
        }
    };
    let differs = differs.join(", ");
    let message =
        format!("This idempotencyKey was used for order {number}, which differs in {differs}. {advice}.");
    Err(Refusal::new(Code::ConflictingDuplicate, "idempotencyKey", message))
}

/// The price of so many, if they are in stock and can be paid.
fn check(quantity: i64, item: &swag_item::Model, balance: i64) -> Result<i64, Refusals> {
    let code = &item.code;
    let mut problems = Problems::default();
    if quantity > item.stock {
        let are = if item.stock == 1 { "is" } else { "are" };
        let message = format!("{} of {code} {are} in stock; got a quantity of {quantity}.", item.stock);
        problems.add(Refusal::new(Code::OutOfStock, "quantity", message));
    }
    let price = item.dojo_credits.saturating_mul(quantity);
    if price > balance {
        let message = format!(
            "{quantity} of {code} {} {}; the balance of {balance} pays for at most {}.",
            if quantity == 1 { "costs" } else { "cost" },
            counted(price, "Dojo Credit"),
            balance.max(0) / item.dojo_credits
        );
        problems.add(Refusal::new(Code::CreditsOverBalance, "quantity", message));
    }
    problems.finish().map(|()| price)
}

/// The redemption of an order or its return, on a day.
fn redemption(
    posting: &mut Posting<'_>,
    order: &swag_order::Model,
    on: chrono::NaiveDate,
) -> Result<Redemption<ProfessionalIndex>, Error> {
    let subject = posting.professional(order.professional_id);
    let subject = subject.ok_or_else(|| Error::Damaged("an order without its professional".to_owned()))?;
    let number = posting.add(Object::SwagOrder(order.id));
    Ok(Redemption { subject, order: number, on, credits: order.dojo_credits })
}

fn apply(posting: &mut Posting<'_>, entry: LogEntry, step: Option<Step>) -> Result<(), Refusal> {
    posting
        .apply(entry, step)
        .map_err(|exceeded| Refusal::new(Code::Invalid, "quantity", exceeded.to_string()))
}
