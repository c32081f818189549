//! Orders, deals, sales targets and swag in the log.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use entity::value::{LogAction, OrderPurpose, OrderStatus, QuoteStatus, SwagOrderStatus};
use entity::{
    activity, contract, deal, deal_step, opportunity, order, quote, sales_target, subject_step as step_row,
    swag_order,
};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::Replay;
use crate::program::deal::Hold;
use crate::program::fold::{
    ObjectIndex, OrderReturn, ProfessionalIndex, Redemption, Sale, SpentCredits, Step, Target,
};
use crate::service::deals::{ClaimStep, opportunity_row};
use crate::service::posting::Object;
use crate::service::targets::money;
use crate::store::contribution::{self, Contributions};
use crate::store::log::LoggedStep;
use crate::store::subject_step::{self, HistoryRow};
use crate::store::{deal as deals, order as orders, quote as quotes, sales, swag};

/// The objects of one page of steps, besides activities and affiliations.
#[derive(Default)]
pub(in crate::service::verify) struct StepObjects {
    orders: HashMap<Uuid, order::Model>,
    deals: HashMap<Uuid, deal::Model>,
    deal_steps: HashMap<i64, deal_step::Model>,
    targets: HashMap<Uuid, sales_target::Model>,
    swag_orders: HashMap<Uuid, swag_order::Model>,
    pub(super) subject_steps: HashMap<i64, step_row::Model>,
    /// What partners had before they were merged.
    pub(super) merged: HashMap<i64, MergedPartners>,
    /// Histories of professionals before steps that recalculate them.
    pub(super) histories: HashMap<i64, Vec<HistoryRow>>,
    quotes: HashMap<Uuid, quote::Model>,
}

impl StepObjects {
    /// Loads the objects of these steps.
    pub(in crate::service::verify) async fn load(
        connection: &impl ConnectionTrait,
        steps: &[LoggedStep],
    ) -> Result<Self, DbErr> {
        let ids = |of: fn(&LoggedStep) -> Option<Uuid>| steps.iter().filter_map(of).collect::<Vec<_>>();
        let mut objects = Self::default();
        let wanted = ids(|step| step.order_id);
        if !wanted.is_empty() {
            let rows = orders::by_ids(connection, wanted).await?;
            objects.orders = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        let wanted = ids(|step| step.quote_id);
        if !wanted.is_empty() {
            let rows = quotes::by_ids(connection, wanted).await?;
            objects.quotes = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        let wanted = ids(|step| step.swag_order_id);
        if !wanted.is_empty() {
            let rows = swag::by_ids(connection, wanted).await?;
            objects.swag_orders = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        let wanted = ids(|step| step.sales_target_id);
        if !wanted.is_empty() {
            let rows = sales::targets_by_ids(connection, wanted).await?;
            objects.targets = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        if let (true, Some(first), Some(last)) =
            (steps.iter().any(|step| step.is_about_subject), steps.first(), steps.last())
        {
            for row in subject_step::between(connection, first.seq, last.seq).await? {
                let whose = [row.professional_id, row.from_id];
                let is_merge = row.from_id.is_some();
                if row.professional_id.is_some() && (is_merge || row.first_day_before.is_some()) {
                    let mut history = Vec::new();
                    for who in whose.into_iter().flatten() {
                        history.extend(subject_step::history(connection, who, row.log_seq).await?);
                    }
                    history.sort_by_key(|(seq, ..)| *seq);
                    objects.histories.insert(row.log_seq, history);
                }
                if let (Some(into), Some(from)) = (row.partner_id, row.from_id) {
                    let ids = [from, into];
                    let sales = sales::merged_history(connection, &ids, row.log_seq).await?;
                    let mut facts = subject_step::partner_history(connection, from, row.log_seq).await?;
                    facts.extend(subject_step::partner_history(connection, into, row.log_seq).await?);
                    facts.sort_by_key(|(seq, ..)| *seq);
                    let contributed = contribution::of_partners(connection, ids, row.log_seq).await?;
                    objects.merged.insert(row.log_seq, MergedPartners { facts, contributed, sales });
                }
                objects.subject_steps.insert(row.log_seq, row);
            }
        }
        let wanted = ids(|step| step.deal_id);
        if let (false, Some(first), Some(last)) = (wanted.is_empty(), steps.first(), steps.last()) {
            let rows = deals::by_ids(connection, wanted).await?;
            objects.deals = rows.into_iter().map(|row| (row.id, row)).collect();
            let rows = deals::steps_between(connection, first.seq, last.seq).await?;
            objects.deal_steps = rows.into_iter().map(|row| (row.log_seq, row)).collect();
        }
        Ok(objects)
    }

    /// The activities of the past that a step looks at again.
    pub(in crate::service::verify) fn history_of(&self, seq: i64) -> impl Iterator<Item = &activity::Model> {
        let merged = self.merged.get(&seq).map(|merged| &merged.facts);
        let rows = self.histories.get(&seq).into_iter().chain(merged).flatten();
        rows.map(|(_, _, row)| row)
    }

    /// The activities that professionals contributed to partners which are merged.
    pub(in crate::service::verify) fn contributed(&self) -> Vec<Uuid> {
        let entries = self.merged.values().flat_map(|merged| &merged.contributed.entries);
        entries.filter_map(|entry| entry.row.activity_id).collect()
    }
}

/// Facts, contributions of professionals and sales of two partners before they were merged.
pub(super) struct MergedPartners {
    pub(super) facts: Vec<HistoryRow>,
    pub(super) contributed: Contributions,
    pub(super) sales: Vec<sales::MergedSalesRow>,
}

/// State of an order after the steps so far.
struct OrderState {
    number: ObjectIndex,
    seq: i64,
    recorded_at: DateTime<Utc>,
    status: OrderStatus,
    fulfilled_on: Option<NaiveDate>,
    cancelled_on: Option<NaiveDate>,
    returned_on: Option<NaiveDate>,
}

/// State of a saved quote after the steps so far.
struct QuoteState {
    number: ObjectIndex,
    seq: i64,
    recorded_at: DateTime<Utc>,
    status: QuoteStatus,
    closed_on: Option<NaiveDate>,
}

/// State of a swag order after the steps so far.
struct SwagState {
    number: ObjectIndex,
    professional: ProfessionalIndex,
    placed_on: NaiveDate,
    credits: i64,
    seq: i64,
    recorded_at: DateTime<Utc>,
    cancelled_on: Option<NaiveDate>,
    fulfilled_on: Option<NaiveDate>,
}

/// State of a customer after the steps so far.
#[derive(Clone, Debug, Default)]
pub(super) struct CustomerState {
    /// Its first won deal.
    pub(super) won: Option<Uuid>,
    pub(super) joined_into: Option<String>,
}

/// State of orders, swag orders, deals and opportunities after the steps so far.
#[derive(Default)]
pub(in crate::service::verify) struct Commerce {
    orders: HashMap<Uuid, OrderState>,
    swag_orders: HashMap<Uuid, SwagState>,
    /// Last days that steps have set, and whether the contract was voided.
    contracts: HashMap<Uuid, (Option<NaiveDate>, bool)>,
    quotes: HashMap<Uuid, QuoteState>,
    pub(super) deals: HashMap<Uuid, (ObjectIndex, deal::Model)>,
    /// Steps by which deals can have claimed their opportunities.
    pub(super) claims: HashMap<Uuid, Vec<ClaimStep>>,
    pub(super) customers: BTreeMap<String, CustomerState>,
    /// Which customers the spellings of names in deals mean.
    pub(super) names: BTreeMap<String, String>,
    pub(super) opportunities: BTreeMap<(String, String), Option<Hold<Uuid>>>,
}

impl Commerce {
    /// The order that follows from the log; none if no step placed it.
    pub(in crate::service::verify) fn expected_order(&self, found: &order::Model) -> Option<order::Model> {
        let state = self.orders.get(&found.id)?;
        Some(order::Model {
            seq: state.seq,
            recorded_at: state.recorded_at,
            status: state.status,
            fulfilled_on: state.fulfilled_on,
            cancelled_on: state.cancelled_on,
            returned_on: state.returned_on,
            redeemed: found.credit_value.map_or(0, |value| value.saturating_mul(found.credits)),
            ..found.clone()
        })
    }

    /// The swag order that follows from the log; none if no step placed it.
    pub(in crate::service::verify) fn expected_swag(
        &self,
        found: &swag_order::Model,
    ) -> Option<swag_order::Model> {
        let state = self.swag_orders.get(&found.id)?;
        Some(swag_order::Model {
            seq: state.seq,
            recorded_at: state.recorded_at,
            status: match (state.cancelled_on, state.fulfilled_on) {
                (Some(_), _) => SwagOrderStatus::Cancelled,
                (None, Some(_)) => SwagOrderStatus::Fulfilled,
                (None, None) => SwagOrderStatus::Placed,
            },
            cancelled_on: state.cancelled_on,
            fulfilled_on: state.fulfilled_on,
            dojo_credits: found.unit_price.saturating_mul(found.quantity),
            ..found.clone()
        })
    }

    /// The saved quote that follows from the log; none if no step saved it.
    pub(in crate::service::verify) fn expected_quote(&self, found: &quote::Model) -> Option<quote::Model> {
        let state = self.quotes.get(&found.id)?;
        Some(quote::Model {
            seq: state.seq,
            recorded_at: state.recorded_at,
            status: state.status,
            closed_on: state.closed_on,
            redeemed: found.credit_value.map_or(0, |value| value.saturating_mul(found.credits)),
            ..found.clone()
        })
    }

    /// The contract that follows from what was recorded and from the log.
    pub(in crate::service::verify) fn expected_contract(&self, found: &contract::Model) -> contract::Model {
        let (ends_on, voided) = self.contracts.get(&found.id).copied().unwrap_or_default();
        contract::Model { ends_on: ends_on.unwrap_or(found.agreed_until), voided, ..found.clone() }
    }

    /// The deal that follows from the log; none if no step registered it.
    pub(in crate::service::verify) fn expected_deal(&self, found: &deal::Model) -> Option<deal::Model> {
        self.deals.get(&found.id).map(|(_, row)| row.clone())
    }

    /// Holds on opportunities.
    pub(in crate::service::verify) fn expected_opportunities(&self) -> Vec<opportunity::Model> {
        let row = |((customer, scope), hold): (&(String, String), &Option<Hold<Uuid>>)| {
            opportunity_row(customer, scope, *hold)
        };
        self.opportunities.iter().map(row).collect()
    }
}

impl Commerce {
    /// The number of an order in the replay.
    pub(in crate::service::verify) fn order_number(&self, id: Uuid) -> Option<ObjectIndex> {
        self.orders.get(&id).map(|state| state.number)
    }

    /// Gives the deals of a partner, and the opportunities that they hold, to another one.
    pub(in crate::service::verify) fn move_deals(&mut self, from: Uuid, into: Uuid) {
        for (_, deal) in self.deals.values_mut().filter(|(_, deal)| deal.partner_id == from) {
            deal.partner_id = into;
        }
        for hold in self.opportunities.values_mut().flatten().filter(|hold| hold.partner == from) {
            hold.partner = into;
        }
    }

    /// What the orders of a professional spent and returned, in the order of the log. They are another one's now.
    pub(in crate::service::verify) fn move_swag(
        &mut self,
        from: ProfessionalIndex,
        into: ProfessionalIndex,
    ) -> Vec<SpentCredits> {
        let orders = self.swag_orders.values_mut().filter(|state| state.professional == from);
        let mut orders: Vec<&mut SwagState> = orders.collect();
        orders.sort_by_key(|state| state.seq);
        let mut spent = Vec::new();
        for SwagState { number, professional, placed_on, credits, cancelled_on, .. } in orders {
            *professional = into;
            let (order, credits) = (*number, *credits);
            spent.push(SpentCredits { order, on: *placed_on, credits: -credits });
            spent.extend(cancelled_on.map(|on| SpentCredits { order, on, credits }));
        }
        spent
    }
}

impl Replay<'_> {
    pub(super) fn commerce_step(
        &mut self,
        logged: &LoggedStep,
        objects: &StepObjects,
    ) -> Result<Option<Step>, String> {
        if let Some(row) = logged.order_id.and_then(|id| objects.orders.get(&id)) {
            return self.order_step(logged, row);
        }
        if let Some(row) = logged.swag_order_id.and_then(|id| objects.swag_orders.get(&id)) {
            return self.swag_step(logged, row);
        }
        if let Some(row) = logged.sales_target_id.and_then(|id| objects.targets.get(&id)) {
            return self.target_step(logged, row);
        }
        if let Some(row) = logged.deal_id.and_then(|id| objects.deals.get(&id)) {
            let step = objects.deal_steps.get(&logged.seq);
            let step = step.ok_or_else(|| format!("what it did to deal {} is missing", row.reference))?;
            return self.deal_step(logged, row, step);
        }
        if let Some(row) = logged.quote_id.and_then(|id| objects.quotes.get(&id)) {
            return self.quote_step(logged, row);
        }
        if let Some(id) = logged.contract_id {
            return self.contract_step(logged, id);
        }
        if matches!(logged.action, LogAction::CustomersJoined | LogAction::CustomersSeparated) {
            return self.customer_step(logged);
        }
        Err("it is about nothing".to_owned())
    }

    fn order_step(&mut self, logged: &LoggedStep, row: &order::Model) -> Result<Option<Step>, String> {
        let partner = self.partner_indexes.get(&self.owner(row.id, row.partner_id)).copied();
        let partner = partner.ok_or_else(|| format!("order {} has no partner", row.number))?;
        let before = self.commerce.orders.get(&row.id).map(|state| state.status);
        if logged.action == LogAction::OrderPlaced && before.is_none() {
            let number = self.add(Object::Order(row.id));
            let state = OrderState {
                number,
                seq: logged.seq,
                recorded_at: logged.recorded_at,
                status: OrderStatus::Placed,
                fulfilled_on: None,
                cancelled_on: None,
                returned_on: None,
            };
            self.commerce.orders.insert(row.id, state);
            let spent =
                Redemption { subject: partner, order: number, on: row.placed_on, credits: row.credits };
            return Ok((row.credits > 0).then_some(Step::Redeemed(spent)));
        }
        let (Some(before), Some(day)) = (before, logged.day) else {
            return Err(format!("{:?} can't happen to order {}", logged.action, row.number));
        };
        let Some(state) = self.commerce.orders.get_mut(&row.id) else { return Ok(None) };
        match (logged.action, before) {
            (LogAction::OrderFulfilled, OrderStatus::Placed) => {
                (state.status, state.fulfilled_on) = (OrderStatus::Fulfilled, Some(day));
                if row.purpose == OrderPurpose::SelfUse {
                    return Ok(None);
                }
                let net = money(row.net, &row.currency).map_err(|error| error.to_string())?;
                Ok(Some(Step::Sold(Sale { partner, order: state.number, on: day, net })))
            }
            (LogAction::OrderReturned, OrderStatus::Fulfilled) => {
                (state.status, state.returned_on) = (OrderStatus::Returned, Some(day));
                let sold_on = state.fulfilled_on.filter(|_| row.purpose == OrderPurpose::EndCustomer);
                let (order, credits) = (state.number, row.credits);
                let back = OrderReturn { partner, order, on: day, credits, sold_on };
                Ok((credits > 0 || sold_on.is_some()).then_some(Step::OrderReturned(back)))
            }
            (LogAction::OrderCancelled, OrderStatus::Placed) => {
                (state.status, state.cancelled_on) = (OrderStatus::Cancelled, Some(day));
                let back =
                    Redemption { subject: partner, order: state.number, on: day, credits: row.credits };
                Ok((row.credits > 0).then_some(Step::Returned(back)))
            }
            (action, _) => Err(format!("{action:?} can't happen to order {}", row.number)),
        }
    }

    fn quote_step(&mut self, logged: &LoggedStep, row: &quote::Model) -> Result<Option<Step>, String> {
        let partner = self.partner_indexes.get(&self.owner(row.id, row.partner_id)).copied();
        let partner = partner.ok_or_else(|| format!("quote {} has no partner", row.number))?;
        let impossible = || format!("{:?} can't happen to quote {}", logged.action, row.number);
        let holds = row.hold && row.credits > 0;
        let held = |order, on| Redemption { subject: partner, order, on, credits: row.credits };
        let known = self.commerce.quotes.contains_key(&row.id);
        if logged.action == LogAction::QuoteSaved && !known {
            let number = self.add(Object::Quote(row.id));
            let state = QuoteState {
                number,
                seq: logged.seq,
                recorded_at: logged.recorded_at,
                status: QuoteStatus::Open,
                closed_on: None,
            };
            self.commerce.quotes.insert(row.id, state);
            return Ok(holds.then(|| Step::Held(held(number, row.priced_on))));
        }
        let after = match logged.action {
            LogAction::QuotePlaced => QuoteStatus::Placed,
            LogAction::QuoteExpired => QuoteStatus::Expired,
            LogAction::QuoteWithdrawn => QuoteStatus::Withdrawn,
            _ => return Err(impossible()),
        };
        let state = self.commerce.quotes.get_mut(&row.id).ok_or_else(impossible)?;
        let (QuoteStatus::Open, Some(day)) = (state.status, logged.day) else { return Err(impossible()) };
        (state.status, state.closed_on) = (after, Some(day));
        Ok(holds.then(|| Step::HoldReleased(held(state.number, day))))
    }

    fn contract_step(&mut self, logged: &LoggedStep, id: Uuid) -> Result<Option<Step>, String> {
        let (last_day, voided) = self.commerce.contracts.entry(id).or_default();
        match (logged.action, logged.step_ends_on, *voided) {
            (LogAction::ContractEnded, Some(day), false) => *last_day = Some(day),
            (LogAction::ContractVoided, None, false) => *voided = true,
            (action, ..) => return Err(format!("{action:?} can't happen to a contract")),
        }
        Ok(None)
    }

    fn swag_step(&mut self, logged: &LoggedStep, row: &swag_order::Model) -> Result<Option<Step>, String> {
        let who = self.professional_indexes.get(&self.owner(row.id, row.professional_id)).copied();
        let who = who.ok_or_else(|| format!("order {} has no professional", row.number))?;
        let placed = self.commerce.swag_orders.get(&row.id);
        let placed = placed.map(|state| (state.number, state.cancelled_on.or(state.fulfilled_on)));
        match (logged.action, placed, logged.day) {
            (LogAction::SwagOrdered, None, _) => {
                let order = self.add(Object::SwagOrder(row.id));
                let state = SwagState {
                    number: order,
                    professional: who,
                    placed_on: row.placed_on,
                    credits: row.dojo_credits,
                    seq: logged.seq,
                    recorded_at: logged.recorded_at,
                    cancelled_on: None,
                    fulfilled_on: None,
                };
                self.commerce.swag_orders.insert(row.id, state);
                let spent = Redemption { subject: who, order, on: row.placed_on, credits: row.dojo_credits };
                Ok(Some(Step::SwagOrdered(spent)))
            }
            (LogAction::SwagCancelled, Some((order, None)), Some(day)) => {
                if let Some(state) = self.commerce.swag_orders.get_mut(&row.id) {
                    state.cancelled_on = Some(day);
                }
                let back = Redemption { subject: who, order, on: day, credits: row.dojo_credits };
                Ok(Some(Step::SwagReturned(back)))
            }
            (LogAction::SwagFulfilled, Some((_, None)), Some(day)) => {
                if let Some(state) = self.commerce.swag_orders.get_mut(&row.id) {
                    state.fulfilled_on = Some(day);
                }
                Ok(None)
            }
            (action, _, _) => Err(format!("{action:?} can't happen to order {}", row.number)),
        }
    }

    fn target_step(
        &mut self,
        logged: &LoggedStep,
        row: &sales_target::Model,
    ) -> Result<Option<Step>, String> {
        let partner = self.partner_indexes.get(&self.owner(row.id, row.partner_id)).copied();
        let partner = partner.ok_or("a sales target has no partner")?;
        let (LogAction::SalesTargetSet, Some(currency), Some(minor)) =
            (logged.action, &logged.currency, logged.amount)
        else {
            return Err(format!("{:?} can't happen to a sales target", logged.action));
        };
        let amount = money(minor, currency).map_err(|error| error.to_string())?;
        let target = self.add(Object::SalesTarget(row.id));
        Ok(Some(Step::TargetSet(Target { partner, target, year: row.year, amount })))
    }
}
