//! Quotes that are saved: placed at their own prices through their last day, with credits held if that is asked for
//! (O9).

mod reads;

use std::sync::Arc;

use chrono::NaiveDate;
use entity::value::{EventKind, LogAction, OrderStatus, QuoteStatus};
use entity::{order, order_line, quote, quote_line};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::access::Visibility;
use super::audit::Change;
use super::orders::{OrderDraft, PlacedOrder, over_balance};
use super::posting::{LogEntry, Object, PostedRows, Posting};
use super::subjects::{self, lock_partner};
use super::{SERVER, Services, input, transact};
use crate::access::{Caller, Operation};
use crate::error::{Error, refused};
use crate::program::calendar::{implausible, is_plausible};
use crate::program::deal::name_key;
use crate::program::fold::{Redemption, Step};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::service::events::EventDraft;
use crate::store::partner::PartnerRow;
use crate::store::{order as orders, quote as store, subject};

/// Quotes that one transaction lets expire.
const QUOTES_PER_TRANSACTION: u64 = 200;

impl Services {
    /// Saves a quote: it keeps its prices, and holds its credits if `hold` is set.
    ///
    /// # Errors
    /// For everything that placing the order would be refused for, and when the last day is past.
    pub async fn quote_save(
        &self,
        draft: &OrderDraft,
        valid_until: NaiveDate,
        hold: bool,
    ) -> Result<quote::Model, Error> {
        let visibility = self.authorize(Operation::SaveQuote)?;
        let within = |refusals: Refusals| refusals.within("order");
        let day = check_last_day(valid_until, self.clock.today());
        transact!(self, Operation::SaveQuote, transaction, changes => {
            let partner = match lock_partner(transaction, &visibility, &draft.partner).await? {
                Ok(partner) => Ok(self.expire_quotes(transaction, partner).await?),
                Err(refusal) => Err(refusal),
            };
            let priced = refused(self.price_order(transaction, draft, partner).await)?.map_err(within);
            let ((row, partner), ()) = all((priced, day.clone()))?;
            let order = row.order;
            let mut quote = quote::Model {
                id: Uuid::now_v7(),
                seq: 0,
                number: String::new(),
                partner_id: order.partner_id,
                purpose: order.purpose,
                customer: order.customer,
                currency: order.currency,
                priced_on: order.placed_on,
                valid_until,
                hold,
                edition_id: order.edition_id,
                level: order.level,
                credits: order.credits,
                max_credits: order.max_credits,
                credit_value: order.credit_value,
                recorded_at: order.recorded_at,
                status: QuoteStatus::Open,
                closed_on: None,
                list: order.list,
                net: order.net,
                cap: order.cap,
                redeemed: order.redeemed,
            };
            let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
            let step = held(&mut posting, &quote, quote.priced_on).map(Step::Held);
            apply(&mut posting, LogEntry::new(LogAction::QuoteSaved, Object::Quote(quote.id)), step)?;
            let mut posted = posting.post(transaction, self).await?;
            quote.seq = posted.seqs.first().copied().unwrap_or_default();
            quote.number = self.number('Q', quote.seq);
            quote.recorded_at = posted.recorded_at;
            let lines = row.lines.into_iter().map(|line| quote_line(quote.id, line)).collect();
            store::insert(transaction, quote.clone(), lines).await?;
            posted.emit(0, EventDraft::quote(EventKind::QuoteSaved, &quote, quote.priced_on));
            posted.write(transaction).await?;
            let after = json!({
                "number": quote.number, "status": quote.status.to_value(), "validUntil": quote.valid_until,
                "credits": quote.credits, "hold": quote.hold,
            });
            changes.add(change(&quote).after(after));
            Ok(quote)
        })
    }

    /// Places the order of a saved quote at its own prices, with the credits that it holds.
    ///
    /// # Errors
    /// When there is no such quote, it is no longer open, its credits are not held and exceed the balance, or the key
    /// was used before for another order.
    pub async fn quote_place(&self, number: &str, key: &str) -> Result<PlacedOrder, Error> {
        let visibility = self.authorize(Operation::PlaceOrder)?;
        let key = input::key("idempotencyKey", key);
        transact!(self, Operation::PlaceOrder, transaction, changes => {
            let found = refused(self.lock_quote(transaction, &visibility, ("quote", number)).await)?;
            let (key, (mut quote, partner)) = all((key.as_ref(), found))?;
            if let Some(first) = orders::by_key(transaction, partner.id, key).await? {
                if first.quote_id == Some(quote.id) {
                    let lines = orders::lines(transaction, &[first.id]).await?.remove(&first.id).unwrap_or_default();
                    return Ok(PlacedOrder { order: first, lines, duplicate: true });
                }
                let message = format!(
                    "This idempotencyKey was used for order {}, which was not placed from quote {}; send a new one.",
                    first.number, quote.number
                );
                return Err(Refusal::new(Code::ConflictingDuplicate, "idempotencyKey", message).into());
            }
            check_open(&quote, "quote")?;
            subjects::check_last_day("quote", self.clock.today(), "partner", partner.left_on)?;
            if !quote.hold {
                over_balance(quote.credits, quote.max_credits, partner.credits)
                    .map_err(|refusal| Refusal { field: vec!["quote".to_owned()], ..refusal })?;
            }
            let lines = store::lines(transaction, &[quote.id]).await?.remove(&quote.id).unwrap_or_default();
            let today = self.clock.today();
            let mut order = placed(&quote, today, key, self.clock.now());
            let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
            let released = held(&mut posting, &quote, today).map(Step::HoldReleased);
            let entry = LogEntry {
                day: Some(today),
                ..LogEntry::new(LogAction::QuotePlaced, Object::Quote(quote.id))
            };
            apply(&mut posting, entry, released)?;
            let spent = redeemed(&mut posting, &order).map(Step::Redeemed);
            apply(&mut posting, LogEntry::new(LogAction::OrderPlaced, Object::Order(order.id)), spent)?;
            let mut posted = posting.post(transaction, self).await?;
            order.seq = posted.seqs.get(1).copied().unwrap_or_default();
            order.number = self.number('O', order.seq);
            order.recorded_at = posted.recorded_at;
            let before = audit_state(&quote);
            (quote.status, quote.closed_on) = (QuoteStatus::Placed, Some(today));
            let lines: Vec<_> = lines.into_iter().map(|line| as_ordered(order.id, line)).collect();
            self.name_customer(transaction, order.customer.as_deref(), order.placed_on).await?;
            orders::insert(transaction, order.clone(), lines.clone()).await?;
            store::update(transaction, &quote).await?;
            posted.emit(0, EventDraft::quote(EventKind::QuotePlaced, &quote, today));
            posted.emit(1, EventDraft::order(EventKind::OrderPlaced, &order, today));
            posted.write(transaction).await?;
            let after = json!({
                "number": order.number, "status": order.status.to_value(), "credits": order.credits,
                "quote": quote.number,
            });
            changes.add(Change::of("Order", order.id).about(Some(order.partner_id), None).after(after));
            changes.add(change(&quote).before(before).after(audit_state(&quote)));
            Ok(PlacedOrder { order, lines, duplicate: false })
        })
    }

    /// Withdraws an open quote, and releases the credits that it holds.
    ///
    /// # Errors
    /// When there is no such quote, or it is no longer open.
    pub async fn quote_withdraw(&self, number: &str, reason: Option<&str>) -> Result<quote::Model, Error> {
        let visibility = self.authorize(Operation::WithdrawQuote)?;
        let reason = input::reason("reason", reason);
        transact!(self, Operation::WithdrawQuote, transaction, changes => {
            let found = refused(self.lock_quote(transaction, &visibility, ("number", number)).await)?;
            let (reason, (mut quote, partner)) = all((reason.as_ref(), found))?;
            check_open(&quote, "number")?;
            let before = audit_state(&quote);
            let today = self.clock.today();
            let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
            let released = held(&mut posting, &quote, today).map(Step::HoldReleased);
            let entry = LogEntry {
                day: Some(today),
                reason: reason.clone(),
                ..LogEntry::new(LogAction::QuoteWithdrawn, Object::Quote(quote.id))
            };
            apply(&mut posting, entry, released)?;
            (quote.status, quote.closed_on) = (QuoteStatus::Withdrawn, Some(today));
            let mut posted = posting.post(transaction, self).await?;
            posted.emit(0, EventDraft::quote(EventKind::QuoteWithdrawn, &quote, today));
            store::update(transaction, &quote).await?;
            posted.write(transaction).await?;
            let change = change(&quote).before(before).after(audit_state(&quote));
            changes.add(change.because(reason.as_deref()));
            Ok(quote)
        })
    }

    /// Lets quotes expire whose last day is past; returns whether there may be more.
    pub(in crate::service) async fn emit_quote_expiries(&self) -> Result<bool, Error> {
        let today = self.clock.today();
        let due = store::expired(self.db.reader(), None, today, QUOTES_PER_TRANSACTION).await?;
        let Some(first) = due.first() else { return Ok(false) };
        let partner = first.partner_id;
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            for row in subject::lock::<PartnerRow>(transaction, [], [partner]).await? {
                self.expire_quotes(transaction, row).await?;
            }
            Ok(())
        })?;
        Ok(true)
    }

    /// Lets the credits of a locked partner expire that can no longer be spent, and its quotes whose last day is past,
    /// and returns the partner as it then is: what they held is released before anything else happens to the balance.
    pub(in crate::service) async fn expire_quotes(
        &self,
        transaction: &DatabaseTransaction,
        partner: PartnerRow,
    ) -> Result<PartnerRow, Error> {
        let partner = self.expire_credits(transaction, partner).await?;
        let partner = self.release_expired_quotes(transaction, partner).await?;
        // What a quote had held may expire after its last day.
        self.expire_credits(transaction, partner).await
    }

    async fn release_expired_quotes(
        &self,
        transaction: &DatabaseTransaction,
        partner: PartnerRow,
    ) -> Result<PartnerRow, Error> {
        let today = self.clock.today();
        let due = store::expired(transaction, Some(partner.id), today, QUOTES_PER_TRANSACTION).await?;
        if due.is_empty() {
            return Ok(partner);
        }
        let id = partner.id;
        let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
        let mut expired = Vec::with_capacity(due.len());
        for mut quote in due {
            let on = quote.valid_until.succ_opt().unwrap_or(today);
            let released = held(&mut posting, &quote, on).map(Step::HoldReleased);
            let entry =
                LogEntry { day: Some(on), ..LogEntry::new(LogAction::QuoteExpired, Object::Quote(quote.id)) };
            apply(&mut posting, entry, released)?;
            (quote.status, quote.closed_on) = (QuoteStatus::Expired, Some(on));
            expired.push((quote, on));
        }
        // Whoever is the first to notice did not let them expire.
        let server = self.for_caller(Arc::new(Caller::system(SERVER)), None);
        let mut posted: PostedRows = posting.post(transaction, &server).await?;
        for (step, (quote, on)) in expired.iter().enumerate() {
            posted.emit(step, EventDraft::quote(EventKind::QuoteExpired, quote, *on));
            store::update(transaction, quote).await?;
        }
        posted.write(transaction).await?;
        let partner = subject::by_ids::<PartnerRow>(transaction, [id]).await?.pop();
        partner.ok_or_else(|| Error::Damaged("a partner is gone".to_owned()))
    }

    /// Locks the partner of a quote, which a field names, and reads the quote as it then is.
    async fn lock_quote(
        &self,
        transaction: &DatabaseTransaction,
        visibility: &Visibility,
        (field, number): (&str, &str),
    ) -> Result<(quote::Model, PartnerRow), Error> {
        let missing = || input::not_found(field, ("quote", "number"), number);
        let number = input::key(field, number).map_err(|_| missing())?;
        let quote = store::by_number(transaction, &number).await?;
        let quote = quote.filter(|row| visibility.can_see_partner(row.partner_id)).ok_or_else(missing)?;
        let partner = subject::lock::<PartnerRow>(transaction, [], [quote.partner_id]).await?.pop();
        let partner = self.expire_quotes(transaction, partner.ok_or_else(missing)?).await?;
        let quote = store::by_number(transaction, &number).await?.ok_or_else(missing)?;
        Ok((quote, partner))
    }
}

/// Checks the last day of a quote.
fn check_last_day(valid_until: NaiveDate, today: NaiveDate) -> Result<(), Refusal> {
    let message = if !is_plausible(valid_until) {
        implausible(valid_until)
    } else if valid_until < today {
        format!(
            "{valid_until} is past; a quote can be placed through its last day, which is {today} or later."
        )
    } else {
        return Ok(());
    };
    Err(Refusal::new(Code::Invalid, "validUntil", message))
}

fn check_open(quote: &quote::Model, field: &str) -> Result<(), Refusal> {
    let number = &quote.number;
    let on = quote.closed_on.map_or(String::new(), |day| format!(" on {day}"));
    let message = match quote.status {
        QuoteStatus::Open => return Ok(()),
        QuoteStatus::Placed => format!("Quote {number} was placed{on}; a quote is placed once."),
        QuoteStatus::Expired => {
            format!("Quote {number} could be placed through {}; save a new one.", quote.valid_until)
        }
        QuoteStatus::Withdrawn => format!("Quote {number} was withdrawn{on}; save a new one."),
    };
    Err(Refusal::new(Code::WrongState, field, message))
}

/// The credits that a quote holds; none if it holds nothing.
fn held(
    posting: &mut Posting<'_>,
    quote: &quote::Model,
    on: NaiveDate,
) -> Option<Redemption<crate::program::fold::PartnerIndex>> {
    let subject = posting.partner(quote.partner_id).filter(|_| quote.hold && quote.credits > 0)?;
    Some(Redemption { subject, order: posting.add(Object::Quote(quote.id)), on, credits: quote.credits })
}

fn redeemed(
    posting: &mut Posting<'_>,
    order: &order::Model,
) -> Option<Redemption<crate::program::fold::PartnerIndex>> {
    let subject = posting.partner(order.partner_id).filter(|_| order.credits > 0)?;
    let (number, on) = (posting.add(Object::Order(order.id)), order.placed_on);
    Some(Redemption { subject, order: number, on, credits: order.credits })
}

fn apply(posting: &mut Posting<'_>, entry: LogEntry, step: Option<Step>) -> Result<(), Refusal> {
    posting.apply(entry, step).map_err(|exceeded| Refusal::new(Code::Invalid, "quote", exceeded.to_string()))
}

/// The order of a quote, with everything that the quote was priced with.
fn placed(quote: &quote::Model, on: NaiveDate, key: &str, at: chrono::DateTime<chrono::Utc>) -> order::Model {
    let quote = quote.clone();
    order::Model {
        id: Uuid::now_v7(),
        seq: 0,
        number: String::new(),
        partner_id: quote.partner_id,
        purpose: quote.purpose,
        customer_spelling: quote.customer.as_deref().map(name_key),
        customer: quote.customer,
        currency: quote.currency,
        placed_on: on,
        edition_id: quote.edition_id,
        level: quote.level,
        credits: quote.credits,
        max_credits: quote.max_credits,
        credit_value: quote.credit_value,
        idempotency_key: key.to_owned(),
        recorded_at: at,
        list: quote.list,
        net: quote.net,
        cap: quote.cap,
        redeemed: quote.redeemed,
        status: OrderStatus::Placed,
        fulfilled_on: None,
        cancelled_on: None,
        returned_on: None,
        quote_id: Some(quote.id),
    }
}

fn quote_line(quote_id: Uuid, line: order_line::Model) -> quote_line::Model {
    quote_line::Model {
        quote_id,
        line: line.line,
        product_id: line.product_id,
        product_code: line.product_code,
        product_name: line.product_name,
        category: line.category,
        quantity: line.quantity,
        unit_price: line.unit_price,
        discount_percent: line.discount_percent,
        contract_id: line.contract_id,
        cap_percent: line.cap_percent,
        list: line.list,
        net: line.net,
        cap: line.cap,
        redeemed: line.redeemed,
    }
}

/// A line of a quote as that of an order.
fn as_ordered(order_id: Uuid, line: quote_line::Model) -> order_line::Model {
    order_line::Model {
        order_id,
        line: line.line,
        product_id: line.product_id,
        product_code: line.product_code,
        product_name: line.product_name,
        category: line.category,
        quantity: line.quantity,
        unit_price: line.unit_price,
        discount_percent: line.discount_percent,
        contract_id: line.contract_id,
        cap_percent: line.cap_percent,
        list: line.list,
        net: line.net,
        cap: line.cap,
        redeemed: line.redeemed,
    }
}

fn change(row: &quote::Model) -> Change {
    Change::of("SavedQuote", row.id).about(Some(row.partner_id), None)
}

fn audit_state(row: &quote::Model) -> serde_json::Value {
    json!({ "status": row.status.to_value(), "closedOn": row.closed_on })
}
