//! Sales targets of partners (PP, Earning Credits, Sales).

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use entity::sales_target;
use entity::value::LogAction;
use iso_currency::Currency;
use rust_decimal::Decimal;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::events::EventDraft;
use super::posting::{LogEntry, Object, Posting};
use super::subjects::lock_partner;
use super::{Services, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::calendar::{year_end, year_start};
use crate::program::fold::{ObjectIndex, PartnerIndex, Sale, SalesStep, Sold, Step, Target, YearSales};
use crate::program::money::{Money, MoneyDraft};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::Derived;
use crate::store::partner::PartnerRow;
use crate::store::subject;
use crate::store::{sales as store, upsert_all};

/// Years that a target can be set for.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// A partner's target of a year, and how far it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalesTarget {
    /// The target.
    pub row: sales_target::Model,
    /// What is to be sold.
    pub amount: Money,
    /// Net amount of the year's fulfilled end-customer orders in the target's currency.
    pub sold: Money,
    /// What was sold in other currencies, which does not count.
    pub not_counted: Vec<Money>,
}

impl Services {
    /// Sets a partner's target of a year, in the place of an earlier one. Where what was sold reaches it,
    /// the award comes by itself; where it no longer does, the award is taken back.
    ///
    /// # Errors
    /// When there is no such partner, or year or amount are not accepted.
    pub async fn sales_target_set(
        &self,
        partner: &str,
        year: i32,
        amount: impl Into<MoneyDraft>,
    ) -> Result<PartnerRow, Error> {
        let visibility = self.authorize(Operation::SetSalesTarget)?;
        let checked = all((check_year(year), check_amount(&amount.into())));
        transact!(self, Operation::SetSalesTarget, transaction, changes => {
            let partner = lock_partner(transaction, &visibility, partner).await?;
            let (((), amount), partner) = all((checked.clone(), partner))?;
            let id = partner.id;
            let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
            let existing = load(transaction, &mut posting, id, year, None).await?;
            let who = posting.partner(id).ok_or_else(|| Error::Damaged("a partner that the posting does not hold".to_owned()))?;
            let said = |currency: &str, amount: i64| json!({ "year": year, "currency": currency, "amount": amount });
            let before = existing.as_ref().map(|row| said(&row.currency, row.amount));
            let mut row = sales_target::Model {
                id: existing.map_or_else(Uuid::now_v7, |row| row.id),
                partner_id: id,
                year,
                currency: amount.currency.code().to_owned(),
                amount: amount.minor,
                reached_on: None,
            };
            let target = posting.add(Object::SalesTarget(row.id));
            let entry = LogEntry {
                amount: Some(amount),
                ..LogEntry::new(LogAction::SalesTargetSet, Object::SalesTarget(row.id))
            };
            posting.apply(entry, Some(Step::TargetSet(Target { partner: who, target, year, amount })))
                .map_err(|error| Refusal::new(Code::Invalid, "target", error.to_string()))?;
            row.reached_on = posting.sales(who, year).and_then(|sales| sales.reached_on);
            let mut posted = posting.post(transaction, self).await?;
            posted.emit(0, EventDraft::sales_target(&row, amount, self.clock.today()));
            let change = Change::of("SalesTarget", row.id).about(Some(id), None);
            changes.add(change.maybe_before(before).after(said(&row.currency, row.amount)));
            upsert_all(transaction, vec![row]).await?;
            posted.write(transaction).await?;
            let partner = subject::by_ids::<PartnerRow>(transaction, [id]).await?.pop();
            partner.ok_or_else(|| Error::Damaged("a partner is gone".to_owned()))
        })
    }

    /// Sales targets of partners in a year; partners without one are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sales_targets(&self, ids: &[Uuid], year: i32) -> Result<HashMap<Uuid, SalesTarget>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        let targets = store::targets(self.db.reader(), ids, year).await?;
        if targets.is_empty() {
            return Ok(HashMap::new());
        }
        let mut sold: HashMap<Uuid, Vec<Money>> = HashMap::new();
        for row in store::sold(self.db.reader(), ids, year).await? {
            sold.entry(row.partner_id).or_default().push(money(row.net, &row.currency)?);
        }
        let mut found = HashMap::new();
        for row in targets {
            let amount = money(row.amount, &row.currency)?;
            let all = sold.remove(&row.partner_id).unwrap_or_default();
            let (counted, not_counted): (Vec<Money>, Vec<Money>) =
                all.into_iter().partition(|one| one.currency == amount.currency);
            let none = Money { minor: 0, ..amount };
            let sold = counted.first().copied().unwrap_or(none);
            found.insert(row.partner_id, SalesTarget { row, amount, sold, not_counted });
        }
        Ok(found)
    }
}

fn check_year(year: i32) -> Result<(), Refusal> {
    if YEARS.contains(&year) {
        return Ok(());
    }
    let message =
        format!("A sales target is for a year from {} to {}; got {year}.", YEARS.start(), YEARS.end());
    Err(Refusal::new(Code::Invalid, "year", message))
}

fn check_amount(amount: &MoneyDraft) -> Result<Money, Refusals> {
    let positive = if amount.amount > Decimal::ZERO {
        Ok(())
    } else {
        let message = format!("A sales target is above 0; got {}.", amount.amount);
        Err(Refusal::new(Code::Invalid, "amount", message))
    };
    let checked = all((amount.read(), positive));
    checked.map(|(money, ())| money).map_err(|refusals| refusals.within("target"))
}

/// Loads a partner's sales of a year into a posting and returns the target. `on` is the day of a new sale.
pub(super) async fn load(
    connection: &impl ConnectionTrait,
    posting: &mut Posting<'_>,
    partner: Uuid,
    year: i32,
    on: Option<NaiveDate>,
) -> Result<Option<sales_target::Model>, Error> {
    let target = store::targets(connection, &[partner], year).await?.pop();
    let mut sales = YearSales {
        target: target.as_ref().map(|row| money(row.amount, &row.currency)).transpose()?,
        reached_on: target.as_ref().and_then(|row| row.reached_on),
        ..YearSales::default()
    };
    for row in store::sold(connection, &[partner], year).await? {
        let sold = Sold { net: row.net, orders: row.orders, latest_on: row.latest_on };
        sales.sold.push((money(0, &row.currency)?.currency, sold));
    }
    if let Some(who) = posting.partner(partner) {
        let days = sales.sold.iter().map(|(_, sold)| sold.latest_on).chain(sales.reached_on).chain(on);
        let days: Vec<NaiveDate> = days.collect();
        posting.load_sales(who, year, sales);
        posting.load_derived(connection, who, &[Derived::SalesTarget], days).await?;
    }
    Ok(target)
}

/// Loads a partner's sales of the year of a day into a posting, with all that led to them, and returns the target
/// and the sale of an order among them.
pub(super) async fn load_history(
    connection: &impl ConnectionTrait,
    posting: &mut Posting<'_>,
    partner: Uuid,
    order: Uuid,
    on: NaiveDate,
) -> Result<(Option<sales_target::Model>, Option<Sale>), Error> {
    let (year, mut returned) = (on.year(), None);
    let target = load(connection, posting, partner, year, Some(on)).await?;
    let Some(who) = posting.partner(partner) else { return Ok((target, None)) };
    let mut steps = Vec::new();
    let mut days = Vec::new();
    for row in store::history(connection, partner, (year, year_start(year), year_end(year))).await? {
        let amount = money(row.amount, &row.currency)?;
        steps.push(match (row.order_id, row.day) {
            (Some(id), Some(on)) => {
                let sale = Sale { partner: who, order: posting.add(Object::Order(id)), on, net: amount };
                returned = returned.or_else(|| (id == order).then_some(sale));
                days.push(on);
                SalesStep::Sold(sale)
            }
            _ => SalesStep::Target(amount),
        });
    }
    let sales = YearSales::of_history(steps).map_err(|error| Error::Damaged(error.to_string()))?;
    // What is awarded, which the history alone does not say of a partner that has left.
    let sales = YearSales { reached_on: target.as_ref().and_then(|row| row.reached_on), ..sales };
    posting.load_sales(who, year, sales);
    posting.load_derived(connection, who, &[Derived::SalesTarget], days).await?;
    Ok((target, returned))
}

/// What led to the sales of two partners together in these years, in the order of the log.
pub(super) fn merged_sales(
    rows: &[store::MergedSalesRow],
    years: &[i32],
    partner: PartnerIndex,
    mut index: impl FnMut(Uuid) -> ObjectIndex,
) -> Result<Vec<(i32, Vec<SalesStep>)>, Error> {
    let mut histories: Vec<(i32, Vec<SalesStep>)> = years.iter().map(|year| (*year, Vec::new())).collect();
    for row in rows {
        let net = money(row.amount, &row.currency)?;
        let (year, step) = match (row.order_id, row.day, row.target_year) {
            (Some(id), Some(on), None) => {
                (on.year(), SalesStep::Sold(Sale { partner, order: index(id), on, net }))
            }
            (_, _, Some(year)) => (year, SalesStep::Target(net)),
            _ => continue,
        };
        if let Some((_, steps)) = histories.iter_mut().find(|(of, _)| *of == year) {
            steps.push(step);
        }
    }
    Ok(histories)
}

/// An amount as it is stored.
pub(super) fn money(minor: i64, currency: &str) -> Result<Money, Error> {
    let currency = Currency::from_code(currency)
        .ok_or_else(|| Error::Damaged(format!("{currency} is not a currency")))?;
    Ok(Money { minor, currency })
}
