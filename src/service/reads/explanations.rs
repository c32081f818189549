//! Sentences for entries, with what they need loaded for all entries at once.

mod policies;

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveDate};
use entity::value::{DealOutcome, LedgerReason, PointsReason};
use entity::{activity, deal, ledger_entry, order, points_entry, quote, swag_order};
use uuid::Uuid;

use crate::error::Error;
use crate::program::calendar::{year_end, year_start};
use crate::program::expiry::CreditKind;
use crate::program::explain::{
    Award, Cause, DealCause, ExpiredCredits, PointsAward, PointsCause, Redemption, SpannedEditions, Spending,
    SwagSpent, TargetCause, WhyRewarded, explain, explain_amount, explain_expiry, explain_points,
    explain_redemption, explain_swag,
};
use crate::program::rule::{Attributes, Derived, Program, Rule};
use crate::service::{Services, targets};
use crate::store::cause::{self, CausingStep, TargetThen};
use crate::store::quote as store_quotes;
use policies::PoliciesThen;

/// What ledger entries refer to, as far as the caller may see it.
#[derive(Clone, Debug, Default)]
pub struct LedgerObjects {
    /// Orders by id.
    pub orders: HashMap<Uuid, order::Model>,
    /// Deals by id.
    pub deals: HashMap<Uuid, deal::Model>,
}

/// What points entries refer to, as far as the caller may see it.
#[derive(Clone, Debug, Default)]
pub struct PointsObjects {
    /// Activities by id.
    pub activities: HashMap<Uuid, activity::Model>,
    /// Orders of swag by id.
    pub swag_orders: HashMap<Uuid, swag_order::Model>,
}

/// What is known about the causes of ledger entries.
#[derive(Default)]
struct Causes {
    steps: HashMap<i64, CausingStep>,
    targets: HashMap<i64, TargetThen>,
    /// Saved quotes by id.
    quotes: HashMap<Uuid, quote::Model>,
    /// Places of the log where activities were voided.
    voided: HashMap<Uuid, i64>,
    /// Reasons of recalculations by a plan, by the places of their steps.
    plans: HashMap<i64, String>,
    then: PoliciesThen,
}

impl Services {
    /// One sentence for each ledger entry. What the objects don't hold is left out of the sentence.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn explain_entries(
        &self,
        entries: &[ledger_entry::Model],
        objects: &LedgerObjects,
    ) -> Result<HashMap<Uuid, String>, Error> {
        self.authorize_accounts(entries.iter().map(|entry| entry.partner_id))?;
        let causes = self.causes(entries).await?;
        Ok(entries.iter().map(|entry| (entry.id, self.explain_entry(entry, objects, &causes))).collect())
    }

    async fn causes(&self, entries: &[ledger_entry::Model]) -> Result<Causes, Error> {
        let db = self.db.reader();
        let mut causes = Causes::default();
        let is_target = |entry: &&ledger_entry::Model| {
            self.rule_of(entry).is_some_and(|rule| rule.derived == Some(Derived::SalesTarget))
        };
        let of_steps = entries.iter().filter(|entry| entry.deal_id.is_some() || is_target(entry));
        let seqs: HashSet<i64> = of_steps.map(|entry| entry.log_seq).collect();
        if !seqs.is_empty() {
            causes.steps = cause::steps(db, seqs).await?.into_iter().map(|step| (step.seq, step)).collect();
        }
        let of_targets = entries.iter().filter(is_target);
        let keys: HashSet<cause::TargetKey> = of_targets
            .map(|entry| {
                let year = entry.effective_on.year();
                (entry.log_seq, entry.partner_id, year_start(year), year_end(year))
            })
            .collect();
        if !keys.is_empty() {
            let found = cause::targets(db, keys).await?;
            causes.targets = found.into_iter().map(|target| (target.seq, target)).collect();
        }
        let quotes: HashSet<Uuid> = entries.iter().filter_map(|entry| entry.quote_id).collect();
        if !quotes.is_empty() {
            let found = store_quotes::by_ids(db, quotes).await?;
            causes.quotes = found.into_iter().map(|row| (row.id, row)).collect();
        }
        let of_affiliations = entries.iter().filter(|entry| entry.reason == LedgerReason::Affiliation);
        let activities: HashSet<Uuid> = of_affiliations.filter_map(|entry| entry.activity_id).collect();
        if !activities.is_empty() {
            let found = cause::voidings(db, activities).await?;
            causes.voided = found.into_iter().map(|row| (row.activity_id, row.seq)).collect();
        }
        let expired = entries.iter().filter(|entry| entry.reason == LedgerReason::Expiry);
        causes.then = self.policies_then(expired.map(|entry| entry.log_seq)).await?;
        let by_plan = [LedgerReason::Recalculation, LedgerReason::Expiry];
        let recalculated = entries.iter().filter(|entry| by_plan.contains(&entry.reason));
        causes.plans = self.plans(recalculated.map(|entry| entry.log_seq)).await?;
        Ok(causes)
    }

    /// The reasons of recalculations by a plan, by the places of their steps.
    async fn plans(&self, seqs: impl Iterator<Item = i64>) -> Result<HashMap<i64, String>, Error> {
        let seqs: HashSet<i64> = seqs.collect();
        if seqs.is_empty() {
            return Ok(HashMap::new());
        }
        let found = cause::plans(self.db.reader(), seqs).await?;
        Ok(found.into_iter().map(|row| (row.seq, row.reason)).collect())
    }

    /// The rule that awarded an entry.
    fn rule_of(&self, entry: &ledger_entry::Model) -> Option<&Rule> {
        let editions = &self.policy.editions;
        let kind = editions.kind(Program::Partner, entry.kind.as_deref()?)?;
        editions.get(self.policy.index(entry.edition_id?)?)?.rule(kind)
    }

    fn explain_entry(&self, entry: &ledger_entry::Model, objects: &LedgerObjects, causes: &Causes) -> String {
        if let (LedgerReason::Expiry, Some(earned_on)) = (entry.reason, entry.window_start) {
            return explain_expiry(&ExpiredCredits {
                kind: CreditKind::Credits,
                earned_on,
                expiry: causes.then.expiry(&self.policy, (CreditKind::Credits, earned_on), entry.log_seq),
                plan: causes.plans.get(&entry.log_seq).map(String::as_str),
                credits: entry.spendable_credits,
                balance_after: entry.balance_after,
            });
        }
        let order = entry.order_id.and_then(|id| objects.orders.get(&id));
        if let (None, Some(order)) = (&entry.kind, order) {
            let money = |minor| targets::money(minor, &order.currency).ok();
            return explain_redemption(&Redemption {
                // Only a fulfilled order is returned, and no fulfilled one is cancelled.
                spending: spending(entry.reason, order.fulfilled_on.is_some()),
                number: &order.number,
                credits: entry.spendable_credits,
                balance_after: entry.balance_after,
                value: order.credit_value.and_then(money),
            });
        }
        if let Some(quote) = entry.quote_id.and_then(|id| causes.quotes.get(&id)) {
            let money = |minor| targets::money(minor, &quote.currency).ok();
            return explain_redemption(&Redemption {
                spending: spending(entry.reason, false),
                number: &quote.number,
                credits: entry.spendable_credits,
                balance_after: entry.balance_after,
                value: quote.credit_value.and_then(money),
            });
        }
        let (Some(rule), Some(window_start), Some(units_before), Some(units_after)) =
            (self.rule_of(entry), entry.window_start, entry.units_before, entry.units_after)
        else {
            return explain_amount(entry.spendable_credits, "credits");
        };
        let spanned = self.spanned(rule, entry.edition_id, window_start, entry.effective_on);
        let award = Award {
            cause: cause_of(entry, rule, objects, causes),
            legacy: entry.effective_on < self.policy.editions.launch(),
            window_start,
            units_before,
            units_after,
            amount: entry.level_credits,
            editions: spanned.as_ref(),
        };
        explain(rule, &award)
    }

    /// The editions of a window that an entry counted in.
    fn spanned(
        &self,
        rule: &Rule,
        edition: Option<Uuid>,
        window_start: NaiveDate,
        until: NaiveDate,
    ) -> Option<SpannedEditions> {
        let editions = &self.policy.editions;
        let own = editions.get(self.policy.index(edition?)?)?.effective_from;
        SpannedEditions::of(editions, rule, own, window_start, until)
    }

    /// One sentence for each points entry. What the objects don't hold is left out of the sentence.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn explain_points_entries(
        &self,
        entries: &[points_entry::Model],
        objects: &PointsObjects,
    ) -> Result<HashMap<Uuid, String>, Error> {
        let expired = entries.iter().filter(|entry| entry.reason == PointsReason::Expiry);
        let then = self.policies_then(expired.map(|entry| entry.log_seq)).await?;
        let by_plan = [PointsReason::Recalculation, PointsReason::Expiry];
        let recalculated = entries.iter().filter(|entry| by_plan.contains(&entry.reason));
        let plans = self.plans(recalculated.map(|entry| entry.log_seq)).await?;
        let sentence = |entry: &points_entry::Model| {
            let plan = plans.get(&entry.log_seq).map(String::as_str);
            (entry.id, self.explain_points_entry(entry, objects, (plan, &then)))
        };
        Ok(entries.iter().map(sentence).collect())
    }

    fn explain_points_entry(
        &self,
        entry: &points_entry::Model,
        objects: &PointsObjects,
        (plan, then): (Option<&str>, &PoliciesThen),
    ) -> String {
        if let (PointsReason::Expiry, Some(earned_on)) = (entry.reason, entry.window_start) {
            return explain_expiry(&ExpiredCredits {
                kind: CreditKind::DojoCredits,
                earned_on,
                expiry: then.expiry(&self.policy, (CreditKind::DojoCredits, earned_on), entry.log_seq),
                plan,
                credits: entry.dojo_credits,
                balance_after: entry.dojo_balance_after,
            });
        }
        if let Some(order) = entry.swag_order_id.and_then(|id| objects.swag_orders.get(&id)) {
            if entry.reason == PointsReason::Recalculation {
                let amount = explain_amount(entry.dojo_credits, "Dojo Credits");
                return format!("Order {} moved by a merge: {amount}", order.number);
            }
            return explain_swag(&SwagSpent {
                order: &order.number,
                item: &order.item_name,
                quantity: order.quantity,
                dojo_credits: entry.dojo_credits,
                balance_after: entry.dojo_balance_after,
            });
        }
        let editions = &self.policy.editions;
        let kind = entry.kind.as_deref().and_then(|kind| editions.kind(Program::Professional, kind));
        let edition = entry.edition_id.and_then(|id| editions.get(self.policy.index(id)?));
        let rule = kind.zip(edition).and_then(|(kind, edition)| edition.rule(kind));
        let (Some(rule), Some(window_start), Some(units_before), Some(units_after)) =
            (rule, entry.window_start, entry.units_before, entry.units_after)
        else {
            return if entry.points == 0 {
                explain_amount(entry.dojo_credits, "Dojo Credits")
            } else {
                explain_amount(entry.points, "points")
            };
        };
        let activity = entry.activity_id.and_then(|id| objects.activities.get(&id));
        let read = |row: &activity::Model| -> Option<(i64, Attributes)> {
            Some((row.quantity, serde_json::from_str(&row.attributes).ok()?))
        };
        let activity = activity.and_then(read);
        let cause = match entry.reason {
            PointsReason::Void => PointsCause::Void,
            PointsReason::Recalculation => PointsCause::Recalculation(plan),
            PointsReason::Activity
            | PointsReason::Redemption
            | PointsReason::RedemptionReturned
            | PointsReason::Expiry => PointsCause::Activity,
        };
        let activity = activity.as_ref().map(|(quantity, attributes)| (*quantity, attributes));
        let points = entry.points;
        let spanned = self.spanned(rule, entry.edition_id, window_start, entry.effective_on);
        let editions = spanned.as_ref();
        explain_points(
            rule,
            &PointsAward { cause, window_start, units_before, units_after, points, activity, editions },
        )
    }
}

/// What happened to the credits of an order.
fn spending(reason: LedgerReason, returned: bool) -> Spending {
    match reason {
        LedgerReason::Redemption => Spending::Redeemed,
        LedgerReason::Hold => Spending::Held,
        LedgerReason::HoldReleased => Spending::Released,
        LedgerReason::RedemptionReturned if returned => Spending::Returned,
        LedgerReason::RedemptionReturned
        | LedgerReason::Correction
        | LedgerReason::Recalculation
        | LedgerReason::Activity
        | LedgerReason::Void
        | LedgerReason::Affiliation
        | LedgerReason::Expiry
        | LedgerReason::Legacy => Spending::Cancelled,
    }
}

fn cause_of<'a>(
    entry: &ledger_entry::Model,
    rule: &Rule,
    objects: &'a LedgerObjects,
    causes: &'a Causes,
) -> Cause<'a> {
    // An entry that is not kept has the place of another step, or of none.
    let step = causes.steps.get(&entry.log_seq).filter(|step| step.recorded_at == entry.recorded_at);
    match (rule.derived, entry.reason) {
        (Some(Derived::SalesTarget), _) => {
            let then = step.and_then(|step| causes.targets.get(&step.seq));
            let money = |minor: i64, then: &TargetThen| targets::money(minor, &then.currency).ok();
            Cause::Target(TargetCause {
                year: entry.effective_on.year(),
                target: then.and_then(|then| money(then.amount, then)),
                sold: then.and_then(|then| money(then.sold, then)),
            })
        }
        (Some(Derived::WonDeal | Derived::NewCustomer), _) => {
            let deal = entry.deal_id.and_then(|id| objects.deals.get(&id));
            Cause::Deal(deal.map_or(DealCause::Hidden, |deal| DealCause::Won {
                reference: &deal.reference,
                customer: &deal.customer,
                why: step.and_then(|step| why_rewarded(deal, step)),
            }))
        }
        (_, LedgerReason::Void) => Cause::Void,
        (_, LedgerReason::Recalculation) => {
            Cause::Recalculation(causes.plans.get(&entry.log_seq).map(String::as_str))
        }
        (_, LedgerReason::Correction) => Cause::Correction,
        (_, LedgerReason::Affiliation) => {
            let voided = entry.activity_id.and_then(|id| causes.voided.get(&id));
            Cause::Affiliation { was_voided: voided.is_some_and(|seq| *seq < entry.log_seq) }
        }
        _ => Cause::Activity,
    }
}

/// Why the partner of a deal is rewarded: another party can only have sold while the partner held the opportunity.
fn why_rewarded(rewarded: &deal::Model, step: &CausingStep) -> Option<WhyRewarded> {
    match (step.outcome?, step.partner_id? == rewarded.partner_id) {
        (DealOutcome::WonByPartner, true) => Some(WhyRewarded::WonItself),
        (DealOutcome::WonByPartner, false) | (DealOutcome::WonByOther, _) => {
            Some(WhyRewarded::HeldOpportunity)
        }
        (DealOutcome::Lost | DealOutcome::Dropped, _) => None,
    }
}
