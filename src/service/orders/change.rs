//! Fulfilling, cancelling and returning orders (O7).

use chrono::{Datelike, NaiveDate};
use entity::value::{EventKind, LogAction, OrderPurpose, OrderStatus};
use entity::{order, partner_sales, sales_target};
use iso_currency::Currency;
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::{apply, change, check_fulfilled, check_open, redemption};
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::fold::{OrderReturn, Sale, Step};
use crate::program::money::Money;
use crate::program::refusal::{Code, Refusal, all};
use crate::service::access::Visibility;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, Posting};
use crate::service::{Services, input, targets, transact};
use crate::store::partner::PartnerRow;
use crate::store::subject;
use crate::store::{order as store, sales, upsert_all};

impl Services {
    /// Fulfils an order. One for an end customer counts for the sales target of its year.
    ///
    /// # Errors
    /// When there is no such order, it is final already, or the day is ahead or before it was placed.
    pub async fn order_fulfill(&self, number: &str, on: NaiveDate) -> Result<order::Model, Error> {
        let visibility = self.authorize(Operation::FulfillOrder)?;
        let day = input::not_in_future("fulfilledOn", on, self.clock.today());
        transact!(self, Operation::FulfillOrder, transaction, changes => {
            let locked = refused(self.lock_order(transaction, &visibility, number, check_open).await)?;
            let ((), (mut order, mut posting)) = all((day.as_ref(), locked))?;
            let before = audit_state(&order);
            if on < order.placed_on {
                let message = format!("{on} is before the day on which the order was placed, {}.", order.placed_on);
                return Err(Refusal::new(Code::Invalid, "fulfilledOn", message).into());
            }
            let sale = self.sale(transaction, &mut posting, &order, on).await?;
            let entry = LogEntry {
                day: Some(on),
                ..LogEntry::new(LogAction::OrderFulfilled, Object::Order(order.id))
            };
            apply(&mut posting, entry, sale.as_ref().map(|sale| Step::Sold(sale.step)))?;
            let changed = sale.map(|sale| sale.rows(&posting, &order));
            order.status = OrderStatus::Fulfilled;
            order.fulfilled_on = Some(on);
            let mut posted = posting.post(transaction, self).await?;
            posted.emit(0, EventDraft::order(EventKind::OrderFulfilled, &order, on));
            changes.add(change(&order).before(before).after(audit_state(&order)));
            store::update(transaction, &order).await?;
            posted.write(transaction).await?;
            if let Some(changed) = changed {
                changed.write(transaction).await?;
            }
            Ok(order)
        })
    }

    /// Cancels an order: a new ledger entry returns its credits.
    ///
    /// # Errors
    /// When there is no such order, or it is final already.
    pub async fn order_cancel(&self, number: &str, reason: Option<&str>) -> Result<order::Model, Error> {
        let visibility = self.authorize(Operation::CancelOrder)?;
        let reason = input::reason("reason", reason);
        transact!(self, Operation::CancelOrder, transaction, changes => {
            let locked = refused(self.lock_order(transaction, &visibility, number, check_open).await)?;
            let (reason, (mut order, mut posting)) = all((reason.as_ref(), locked))?;
            let before = audit_state(&order);
            let today = self.clock.today();
            let step = redemption(&mut posting, &order, today).map(Step::Returned);
            let entry = LogEntry {
                day: Some(today),
                reason: reason.clone(),
                ..LogEntry::new(LogAction::OrderCancelled, Object::Order(order.id))
            };
            apply(&mut posting, entry, step)?;
            order.status = OrderStatus::Cancelled;
            order.cancelled_on = Some(today);
            let mut posted = posting.post(transaction, self).await?;
            posted.emit(0, EventDraft::order(EventKind::OrderCancelled, &order, today));
            changes.add(change(&order).before(before).after(audit_state(&order)).because(reason.as_deref()));
            store::update(transaction, &order).await?;
            posted.write(transaction).await?;
            Ok(order)
        })
    }

    /// Records that a fulfilled order came back: a new ledger entry returns its credits, and it leaves the sales of
    /// its fulfilment day, with the award of a target that is no longer reached without it.
    ///
    /// # Errors
    /// When there is no such order, it is not fulfilled, no reason is given, or the day is ahead or before it was
    /// fulfilled.
    pub async fn order_return(
        &self,
        number: &str,
        reason: &str,
        on: NaiveDate,
    ) -> Result<order::Model, Error> {
        let visibility = self.authorize(Operation::ReturnOrder)?;
        let given = all((
            input::required_reason("reason", reason),
            input::not_in_future("returnedOn", on, self.clock.today()),
        ));
        transact!(self, Operation::ReturnOrder, transaction, changes => {
            let locked = refused(self.lock_order(transaction, &visibility, number, check_fulfilled).await)?;
            let ((reason, ()), (mut order, mut posting)) = all((given.clone(), locked))?;
            let before = audit_state(&order);
            if let Some(fulfilled_on) = order.fulfilled_on.filter(|day| on < *day) {
                let message = format!("{on} is before the day on which the order was fulfilled, {fulfilled_on}.");
                return Err(Refusal::new(Code::Invalid, "returnedOn", message).into());
            }
            let (step, changed) = self.returned(transaction, &mut posting, &order, on).await?;
            let entry = LogEntry {
                day: Some(on),
                reason: Some(reason.clone()),
                ..LogEntry::new(LogAction::OrderReturned, Object::Order(order.id))
            };
            apply(&mut posting, entry, step)?;
            let changed = changed.map(|sale| sale.rows(&posting, &order));
            order.status = OrderStatus::Returned;
            order.returned_on = Some(on);
            let mut posted = posting.post(transaction, self).await?;
            posted.emit(0, EventDraft::order(EventKind::OrderReturned, &order, on));
            changes.add(change(&order).before(before).after(audit_state(&order)).because(Some(&reason)));
            store::update(transaction, &order).await?;
            posted.write(transaction).await?;
            if let Some(changed) = changed {
                changed.write(transaction).await?;
            }
            Ok(order)
        })
    }

    /// The step that returning an order is, and the sale that it takes back.
    async fn returned(
        &self,
        transaction: &DatabaseTransaction,
        posting: &mut Posting<'_>,
        order: &order::Model,
        on: NaiveDate,
    ) -> Result<(Option<Step>, Option<SaleStep>), Error> {
        let (Some(who), Some(fulfilled_on)) = (posting.partner(order.partner_id), order.fulfilled_on) else {
            return Err(Error::Damaged(format!("order {} was fulfilled on no day", order.number)));
        };
        let back = |order, credits, sold_on| OrderReturn { partner: who, order, on, credits, sold_on };
        if order.purpose == OrderPurpose::SelfUse {
            let spent = redemption(posting, order, on);
            return Ok((
                spent.map(|spent| Step::OrderReturned(back(spent.order, spent.credits, None))),
                None,
            ));
        }
        let (target, sale) =
            targets::load_history(transaction, posting, order.partner_id, order.id, fulfilled_on).await?;
        let sale = sale.ok_or_else(|| Error::Damaged(format!("order {} is no sale", order.number)))?;
        let step = Step::OrderReturned(back(sale.order, order.credits, Some(fulfilled_on)));
        Ok((Some(step), Some(SaleStep { step: sale, target })))
    }

    /// Locks an order's partner and reads the order as it then is, in the state that is checked for.
    async fn lock_order(
        &self,
        transaction: &DatabaseTransaction,
        visibility: &Visibility,
        number: &str,
        check: fn(&order::Model) -> Result<(), Refusal>,
    ) -> Result<(order::Model, Posting<'_>), Error> {
        let missing = || input::not_found("number", ("order", "number"), number);
        let number = input::key("number", number).map_err(|_| missing())?;
        let order = store::by_number(transaction, &number).await?;
        let order = order.filter(|row| visibility.can_see_partner(row.partner_id)).ok_or_else(missing)?;
        let mut partners = subject::lock::<PartnerRow>(transaction, [], [order.partner_id]).await?;
        // What comes back is the oldest only after what has expired before.
        if let Some(partner) = partners.pop() {
            partners.push(self.expire_credits(transaction, partner).await?);
        }
        let order = store::by_number(transaction, &number).await?.ok_or_else(missing)?;
        check(&order)?;
        Ok((order, Posting::open(&self.policy, partners, Vec::new(), &[])))
    }

    /// The sale that fulfilling an order is; none for self-use.
    async fn sale(
        &self,
        transaction: &DatabaseTransaction,
        posting: &mut Posting<'_>,
        order: &order::Model,
        on: NaiveDate,
    ) -> Result<Option<SaleStep>, Error> {
        if order.purpose == OrderPurpose::SelfUse {
            return Ok(None);
        }
        let Some(who) = posting.partner(order.partner_id) else { return Ok(None) };
        let target = targets::load(transaction, posting, order.partner_id, on.year(), Some(on)).await?;
        let currency = Currency::from_code(&order.currency)
            .ok_or_else(|| Error::Damaged(format!("order {} has no currency", order.number)))?;
        let net = Money { minor: order.net, currency };
        let number = posting.add(Object::Order(order.id));
        Ok(Some(SaleStep { step: Sale { partner: who, order: number, on, net }, target }))
    }
}

/// What fulfilling, cancelling or returning changes of an order.
fn audit_state(row: &order::Model) -> serde_json::Value {
    json!({
        "status": row.status.to_value(), "fulfilledOn": row.fulfilled_on, "cancelledOn": row.cancelled_on,
        "returnedOn": row.returned_on,
    })
}

/// A sale to be posted or taken back, with the sales target of its year.
struct SaleStep {
    step: Sale,
    target: Option<sales_target::Model>,
}

impl SaleStep {
    /// The rows that the step changes, after it was applied to the posting.
    fn rows(self, posting: &Posting<'_>, order: &order::Model) -> ChangedSales {
        let year = self.step.on.year();
        let sales = posting.sales(self.step.partner, year);
        let reached_on = sales.and_then(|sales| sales.reached_on);
        let sold = sales.and_then(|sales| sales.in_currency(self.step.net.currency));
        ChangedSales {
            of: (order.partner_id, year, order.currency.clone()),
            sold: sold.map(|sold| partner_sales::Model {
                partner_id: order.partner_id,
                year,
                currency: order.currency.clone(),
                net: sold.net,
                orders: sold.orders,
                latest_on: sold.latest_on,
            }),
            target: self.target.map(|target| sales_target::Model { reached_on, ..target }),
        }
    }
}

/// The sales of a partner, year and currency after a step, and the target of the year.
struct ChangedSales {
    of: (Uuid, i32, String),
    sold: Option<partner_sales::Model>,
    target: Option<sales_target::Model>,
}

impl ChangedSales {
    async fn write(self, transaction: &DatabaseTransaction) -> Result<(), Error> {
        match self.sold {
            Some(row) => upsert_all(transaction, vec![row]).await?,
            None => sales::remove(transaction, self.of.0, self.of.1, &self.of.2).await?,
        }
        Ok(upsert_all(transaction, self.target.into_iter().collect()).await?)
    }
}
