//! Fulfilling and cancelling orders (O7).

use chrono::{Datelike, NaiveDate};
use entity::value::{EventKind, LogAction, OrderPurpose, OrderStatus};
use entity::{order, partner_sales, sales_target};
use iso_currency::Currency;
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;

use super::{apply, change, check_open, redemption};
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::fold::{Sale, Step};
use crate::program::money::Money;
use crate::program::refusal::{Code, Refusal, all};
use crate::service::access::Visibility;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, Posting};
use crate::service::{Services, input, targets, transact};
use crate::store::partner::PartnerRow;
use crate::store::subject;
use crate::store::{order as store, upsert_all};

impl Services {
    /// Fulfils an order, which is final. One for an end customer counts for the sales target of its year.
    ///
    /// # Errors
    /// When there is no such order, it is final already, or the day is ahead or before it was placed.
    pub async fn order_fulfill(&self, number: &str, on: NaiveDate) -> Result<order::Model, Error> {
        let visibility = self.authorize(Operation::FulfillOrder)?;
        let day = input::not_in_future("fulfilledOn", on, self.clock.today());
        transact!(self, Operation::FulfillOrder, transaction, changes => {
            let locked = refused(self.lock_order(transaction, &visibility, number).await)?;
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
            if let Some((sold, target)) = changed {
                upsert_all(transaction, sold.into_iter().collect()).await?;
                upsert_all(transaction, target.into_iter().collect()).await?;
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
            let locked = refused(self.lock_order(transaction, &visibility, number).await)?;
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

    /// Locks an order's partner and reads the order as it then is: one that can still be changed.
    async fn lock_order(
        &self,
        transaction: &DatabaseTransaction,
        visibility: &Visibility,
        number: &str,
    ) -> Result<(order::Model, Posting<'_>), Error> {
        let missing = || input::not_found("number", ("order", "number"), number);
        let number = input::key("number", number).map_err(|_| missing())?;
        let order = store::by_number(transaction, &number).await?;
        let order = order.filter(|row| visibility.can_see_partner(row.partner_id)).ok_or_else(missing)?;
        let partners = subject::lock::<PartnerRow>(transaction, [], [order.partner_id]).await?;
        let order = store::by_number(transaction, &number).await?.ok_or_else(missing)?;
        check_open(&order)?;
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

/// What fulfilling or cancelling changes of an order.
fn audit_state(row: &order::Model) -> serde_json::Value {
    json!({ "status": row.status.to_value(), "fulfilledOn": row.fulfilled_on, "cancelledOn": row.cancelled_on })
}

/// A sale to be posted, with the sales target of its year.
struct SaleStep {
    step: Sale,
    target: Option<sales_target::Model>,
}

impl SaleStep {
    /// The rows that the sale changes, after it was applied to the posting.
    fn rows(
        self,
        posting: &Posting<'_>,
        order: &order::Model,
    ) -> (Option<partner_sales::Model>, Option<sales_target::Model>) {
        let year = self.step.on.year();
        let Some(sales) = posting.sales(self.step.partner, year) else { return (None, None) };
        let sold = sales.in_currency(self.step.net.currency).map(|sold| partner_sales::Model {
            partner_id: order.partner_id,
            year,
            currency: order.currency.clone(),
            net: sold.net,
            orders: sold.orders,
            latest_on: sold.latest_on,
        });
        (sold, self.target.map(|target| sales_target::Model { reached_on: sales.reached_on, ..target }))
    }
}
