//! What sales earn: targets reached, deals won, customers added (PP, Earning Credits, Sales).

use chrono::{Datelike, NaiveDate};
use iso_currency::Currency;

use super::{
    Awards, Cause, Fold, LimitExceeded, ObjectIndex, OrderReturn, PartnerIndex, Reason, Redemption, SUM_MAX,
    Sale, Target, WonDeal, redeemed,
};
use crate::program::money::Money;
use crate::program::rule::Derived;

/// Fulfilled end-customer orders of a partner and year in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sold {
    /// Their net amount, in minor units.
    pub net: i64,
    /// How many.
    pub orders: i64,
    /// The latest day of fulfilment.
    pub latest_on: NaiveDate,
}

/// What changed the sales of a partner and year, or their target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SalesStep {
    /// An order was fulfilled.
    Sold(Sale),
    /// The target was set.
    Target(Money),
}

/// A partner's sales and target of one calendar year.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YearSales {
    /// What is to be sold.
    pub target: Option<Money>,
    /// The day that the target counts as reached on.
    pub reached_on: Option<NaiveDate>,
    /// What was sold, by currency.
    pub sold: Vec<(Currency, Sold)>,
    /// What led here, in the order of the log, without orders that came back. Only the return of an order
    /// reads it, and needs the whole.
    pub history: Vec<SalesStep>,
}

impl YearSales {
    /// What a history comes to.
    ///
    /// # Errors
    /// When a sum exceeds the largest amount.
    pub fn of_history(steps: impl IntoIterator<Item = SalesStep>) -> Result<Self, LimitExceeded> {
        let mut sales = Self::default();
        for step in steps {
            sales.apply(step)?;
        }
        Ok(sales)
    }

    /// What was sold in a currency.
    #[must_use]
    pub fn in_currency(&self, currency: Currency) -> Option<Sold> {
        self.sold.iter().find(|(of, _)| *of == currency).map(|(_, sold)| *sold)
    }

    fn apply(&mut self, step: SalesStep) -> Result<(), LimitExceeded> {
        match step {
            SalesStep::Sold(sale) => self.add(&sale)?,
            SalesStep::Target(amount) => self.target = Some(amount),
        }
        self.history.push(step);
        // A target that was reached stays reached on its day, whatever is sold later.
        self.reached_on = self.reached().map(|on| self.reached_on.unwrap_or(on));
        Ok(())
    }

    fn add(&mut self, sale: &Sale) -> Result<(), LimitExceeded> {
        let currency = sale.net.currency;
        if let Some((_, sold)) = self.sold.iter_mut().find(|(of, _)| *of == currency) {
            sold.net = sold.net.checked_add(sale.net.minor).ok_or(LimitExceeded::Sales)?;
            sold.orders += 1;
            sold.latest_on = sold.latest_on.max(sale.on);
        } else {
            self.sold.push((currency, Sold { net: sale.net.minor, orders: 1, latest_on: sale.on }));
        }
        Ok(())
    }

    /// The same as if an order had never been fulfilled.
    fn without(&self, order: ObjectIndex) -> Result<Self, LimitExceeded> {
        let is_other = |step: &&SalesStep| !matches!(step, SalesStep::Sold(sale) if sale.order == order);
        Self::of_history(self.history.iter().filter(is_other).copied())
    }

    /// The day on which the target is reached by what was sold: that of the latest order, since it is
    /// reached only when its last part was sold.
    fn reached(&self) -> Option<NaiveDate> {
        let target = self.target?;
        let sold = self.in_currency(target.currency)?;
        (sold.net >= target.minor).then_some(sold.latest_on)
    }
}

impl Fold<'_> {
    /// Loads a partner's sales of a year.
    pub fn load_sales(&mut self, who: PartnerIndex, year: i32, sales: YearSales) {
        *self.year_sales(who, year) = sales;
    }

    /// A partner's sales of every year that has any, in no order.
    pub fn sales(&self, who: PartnerIndex) -> impl Iterator<Item = (i32, &YearSales)> + '_ {
        let sales = self.partners.get(who.0 as usize).map(|state| &state.sales);
        sales.into_iter().flatten().map(|(year, sales)| (*year, sales))
    }

    fn year_sales(&mut self, who: PartnerIndex, year: i32) -> &mut YearSales {
        let sales = &mut self.partner(who).sales;
        let index = sales.iter().position(|(of, _)| *of == year).unwrap_or_else(|| {
            sales.push((year, YearSales::default()));
            sales.len() - 1
        });
        &mut sales[index].1
    }

    pub(super) fn sold(&mut self, sale: &Sale, out: &mut Awards) -> Result<(), LimitExceeded> {
        let year = sale.on.year();
        let mut sales = self.year_sales(sale.partner, year).clone();
        sales.apply(SalesStep::Sold(*sale))?;
        self.evaluate_sales(sale.partner, year, sales, sale.order, out)
    }

    pub(super) fn target_set(&mut self, target: &Target, out: &mut Awards) -> Result<(), LimitExceeded> {
        let mut sales = self.year_sales(target.partner, target.year).clone();
        sales.apply(SalesStep::Target(target.amount))?;
        self.evaluate_sales(target.partner, target.year, sales, target.target, out)
    }

    /// Takes an order out of the sales of its year, and gives back the credits that it had redeemed.
    pub(super) fn order_returned(
        &mut self,
        back: &OrderReturn,
        out: &mut Awards,
    ) -> Result<(), LimitExceeded> {
        if let Some(sold_on) = back.sold_on {
            let sales = self.year_sales(back.partner, sold_on.year()).without(back.order)?;
            self.evaluate_sales(back.partner, sold_on.year(), sales, back.order, out)?;
        }
        if back.credits > 0 {
            let OrderReturn { partner: subject, order, on, credits, .. } = *back;
            out.credits.push(redeemed(&Redemption { subject, order, on, credits }, 1));
        }
        Ok(())
    }

    /// Awards a target that is now reached, and reverses the award of one that no longer is. An order that
    /// came back can move the day: the award is then reversed on the one and given on the other.
    fn evaluate_sales(
        &mut self,
        who: PartnerIndex,
        year: i32,
        sales: YearSales,
        object: ObjectIndex,
        out: &mut Awards,
    ) -> Result<(), LimitExceeded> {
        let before = self.year_sales(who, year).reached_on;
        // A target that is reached after the partner has left is not awarded, nor is an award moved there.
        let after = sales.reached_on.filter(|on| before == Some(*on) || !self.has_left(who, *on));
        let sales = YearSales { reached_on: after, ..sales };
        if before != after {
            let kinds = &[Derived::SalesTarget];
            if let Some(on) = before {
                let cause = Cause { object, date: on, reason: Reason::Void };
                self.award_derived(who, kinds, -1, cause, out)?;
            }
            if let Some(on) = after {
                let reason = if before.is_some() { Reason::Correction } else { Reason::Activity };
                self.award_derived(who, kinds, 1, Cause { object, date: on, reason }, out)?;
            }
        }
        *self.year_sales(who, year) = sales;
        Ok(())
    }

    pub(super) fn deal_won(&mut self, won: &WonDeal, out: &mut Awards) -> Result<(), LimitExceeded> {
        if self.has_left(won.partner, won.on) {
            return Ok(());
        }
        let cause = Cause { object: won.deal, date: won.on, reason: Reason::Activity };
        let kinds: &[Derived] =
            if won.new_customer { &[Derived::WonDeal, Derived::NewCustomer] } else { &[Derived::WonDeal] };
        self.award_derived(won.partner, kinds, 1, cause, out)
    }

    /// Whether a partner had left the program by a day: nothing more is earned then.
    #[must_use]
    pub fn has_left(&self, who: PartnerIndex, on: NaiveDate) -> bool {
        self.partners[who.0 as usize].left_on.is_some_and(|last| last < on)
    }

    /// Counts units of derived kinds.
    fn award_derived(
        &mut self,
        who: PartnerIndex,
        kinds: &[Derived],
        units: i64,
        cause: Cause,
        out: &mut Awards,
    ) -> Result<(), LimitExceeded> {
        self.check_derived(who, kinds, units, cause.date)?;
        self.count_derived(who, kinds, units, cause, out);
        Ok(())
    }

    /// Checks that units of derived kinds stay within the range of the API.
    pub(super) fn check_derived(
        &self,
        who: PartnerIndex,
        kinds: &[Derived],
        units: i64,
        date: NaiveDate,
    ) -> Result<(), LimitExceeded> {
        let edition = self.editions.at(date);
        let rules = kinds.iter().filter_map(|kind| edition.derived_rule_on(*kind, date));
        let most = rules.map(|rule| self.most(who, rule, units.max(0), date));
        if most.fold(self.partners[who.0 as usize].credits, i64::saturating_add) > SUM_MAX {
            return Err(LimitExceeded::Awards);
        }
        Ok(())
    }

    pub(super) fn count_derived(
        &mut self,
        who: PartnerIndex,
        kinds: &[Derived],
        units: i64,
        cause: Cause,
        out: &mut Awards,
    ) {
        let edition_index = self.editions.index_at(cause.date);
        let edition = self.edition(edition_index);
        for rule in kinds.iter().filter_map(|kind| edition.derived_rule_on(*kind, cause.date)) {
            self.credit(who, rule, edition_index, units, cause, out);
        }
    }
}

#[cfg(test)]
mod tests;
