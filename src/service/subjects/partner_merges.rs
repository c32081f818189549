//! Merges of partners: two accounts of one company become one (E4).

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::value::{EventKind, LogAction};
use entity::{affiliation, partner_sales, sales_target, subject_step};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::merges::{check_first, check_last, check_overrides, check_shared, codes, lock_two};
use super::updates::{step, too_much};
use crate::access::Operation;
use crate::error::Error;
use crate::program::fold::{ObjectIndex, PartnerMerge, PastFact, SalesStep};
use crate::program::refusal::{Code, Refusal, all};
use crate::program::wording::quoted;
use crate::service::audit::Change;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, Posting, contributions, past_credits};
use crate::service::targets::{self, money};
use crate::service::{Services, input, transact};
use crate::store::partner::PartnerRow;
use crate::store::subject_step as steps;
use crate::store::{activity, contract, contribution, ledger, merge, sales, subject, upsert_all};

impl Services {
    /// Merges a partner into another one: everything that was recorded of the first counts for the second, as if it had
    /// been so from the start.
    ///
    /// # Errors
    /// When one of them does not exist or was merged before, both are the same, no reason is given, or facts of the two
    /// contradict each other.
    pub async fn partners_merge(&self, from: &str, into: &str, reason: &str) -> Result<PartnerRow, Error> {
        self.authorize(Operation::MergePartners)?;
        let reason = input::required_reason("reason", reason);
        let merged = transact!(self, Operation::MergePartners, transaction, changes => {
            self.check_no_recalculation(transaction, "from").await?;
            let found = lock_two::<PartnerRow>(transaction, "partner", (from, into)).await?;
            let (reason, (left, kept)) = all((reason.as_ref(), found))?;
            let owners = (left.id, kept.id);
            self.check_partners(transaction, (&left, &kept)).await?;
            let people: Vec<affiliation::Model> = Vec::new();
            let mut posting = Posting::open(&self.policy, vec![left.clone(), kept.clone()], Vec::new(), &people);
            let years = load_state(transaction, &mut posting, owners).await?;
            let object = Object::Partner(kept.id);
            let cause = posting.add(object);
            let entries = ledger::of_partners_before(transaction, &[left.id, kept.id], i64::MAX).await?;
            let PartnerFacts { facts, mut indexes } =
                self.facts_of_partners(transaction, &mut posting, owners).await?;
            let contributed = contribution::of_partners(transaction, [left.id, kept.id], i64::MAX).await?;
            let number =
                |id| *indexes.entry(id).or_insert_with(|| posting.add(Object::Activity(id)));
            let contributions =
                contributions(&self.policy.editions, &contributed, [left.id, kept.id], number);
            let entries = past_credits(&self.policy, &entries, &mut posting, cause, indexes)?;
            let (Some(who), Some(other)) = (posting.partner(left.id), posting.partner(kept.id)) else {
                return Err(Error::Damaged("a lost partner".to_owned()));
            };
            let shared = posting.shared_sales_years(who, other);
            let mut histories: Vec<(i32, Vec<SalesStep>)> = Vec::new();
            if !shared.is_empty() {
                let rows = sales::merged_history(transaction, &[left.id, kept.id], i64::MAX).await?;
                histories = targets::merged_sales(&rows, &shared, other, |id| posting.add(Object::Order(id)))?;
            }
            let entry = LogEntry {
                reason: Some(reason.clone()),
                ..LogEntry::new(LogAction::PartnersMerged, object)
            };
            let step_of = PartnerMerge {
                from: who,
                into: other,
                entries: &entries,
                facts: &facts,
                contributions: &contributions,
                sales: &histories,
                merge: cause,
            };
            posting.apply_partner_merge(entry, &step_of).map_err(too_much)?;
            let sums = sales_rows(&posting, owners, &years);
            let mut posted = posting.post(transaction, self).await?;
            let ids: Vec<Uuid> = posted.awarded.keys().copied().collect();
            if !ids.is_empty() {
                posted.name_activities(&activity::by_ids(transaction, ids).await?);
            }
            let object = json!({ "from": left.code, "into": kept.code });
            let (kind, today) = (EventKind::PartnersMerged, self.clock.today());
            for id in [kept.id, left.id] {
                posted.emit(0, EventDraft::of_partner(kind, today, id, "merge", object.clone()));
            }
            let seq = posted.seqs[0];
            let row = subject_step::Model { from_id: Some(left.id), ..step(seq, (Some(kept.id), None), None) };
            activity::add_awards(transaction, posted.awarded.clone()).await?;
            merge::delete_tallies(transaction, left.id).await?;
            posted.write(transaction).await?;
            steps::insert(transaction, row).await?;
            merge::point::<PartnerRow>(transaction, owners, &codes(&left, &kept)).await?;
            merge::move_facts::<PartnerRow>(transaction, &merge::OF_PARTNERS, seq, owners).await?;
            merge::move_targets(transaction, seq, owners).await?;
            write_sales(transaction, owners, sums).await?;
            merge::move_keys::<PartnerRow>(transaction, owners).await?;
            merge::move_endpoints(transaction, owners).await?;
            let change = Change::of("Partner", kept.id).about(Some(kept.id), None);
            changes.add(change.after(json!({ "merged": left.code })).because(Some(reason)));
            let change = Change::of("Partner", left.id).about(Some(left.id), None);
            changes.add(change.after(json!({ "mergedInto": kept.code })).because(Some(reason)));
            let found = subject::by_ids::<PartnerRow>(transaction, [kept.id]).await?.pop();
            found.ok_or_else(|| Error::Damaged("a partner is gone".to_owned()))
        });
        self.keys.forget();
        merged
    }

    /// What was recorded of two partners themselves.
    async fn facts_of_partners(
        &self,
        transaction: &DatabaseTransaction,
        posting: &mut Posting<'_>,
        (left, kept): (Uuid, Uuid),
    ) -> Result<PartnerFacts, Error> {
        let mut rows = steps::partner_history(transaction, left, i64::MAX).await?;
        rows.extend(steps::partner_history(transaction, kept, i64::MAX).await?);
        rows.sort_by_key(|(seq, ..)| *seq);
        let ids: Vec<Uuid> = rows.iter().map(|(.., row)| row.id).collect();
        let (facts, _) = self.past_facts(posting, rows)?;
        let indexes = ids.into_iter().zip(&facts).map(|(id, (_, past))| (id, past.fact.activity)).collect();
        Ok(PartnerFacts { facts, indexes })
    }

    /// Refuses what facts of two partners contradict.
    async fn check_partners(
        &self,
        transaction: &DatabaseTransaction,
        (left, kept): (&PartnerRow, &PartnerRow),
    ) -> Result<(), Error> {
        let owners = (left.id, kept.id);
        check_first("enrolment", kept.enrolled_on, steps::first_of_partner(transaction, left.id).await?)?;
        check_last(kept.left_on, steps::last_of_partner(transaction, left.id).await?)?;
        check_overrides(left.level_overrides.as_deref(), self.clock.today())?;
        for (key, what) in [
            (("orders", "idempotency_key"), "an order with the idempotency key"),
            (("contracts", "reference"), "a contract with the reference"),
        ] {
            let shared = merge::shared_key::<PartnerRow>(transaction, key, owners).await?;
            check_shared(shared, what)?;
        }
        check_contracts(transaction, owners).await?;
        let (rows, _) = sales::all_of(transaction, &[left.id, kept.id]).await?;
        check_targets(&rows, owners)
    }
}

/// Two contracts of one partner can't govern a category on the same days.
async fn check_contracts(transaction: &DatabaseTransaction, (left, kept): (Uuid, Uuid)) -> Result<(), Error> {
    let rows = contract::of_partners(transaction, &[left, kept]).await?;
    let (own, others): (Vec<_>, Vec<_>) =
        rows.iter().filter(|row| !row.contract.voided).partition(|row| row.contract.partner_id == kept);
    for (one, other) in own.iter().flat_map(|one| others.iter().map(move |other| (one, other))) {
        let (a, b) = (&one.contract, &other.contract);
        let meets = a.starts_on <= b.ends_on && b.starts_on <= a.ends_on;
        let shared =
            one.rates.iter().find(|rate| other.rates.iter().any(|also| also.category == rate.category));
        if let Some(rate) = shared.filter(|_| meets) {
            let message = format!(
                "The contracts {} and {} of the two both govern {} from {} to {}; end or void one of them first.",
                quoted(&a.reference),
                quoted(&b.reference),
                rate.category.to_value(),
                a.starts_on.max(b.starts_on),
                a.ends_on.min(b.ends_on)
            );
            return Err(Refusal::new(Code::ContractOverlap, "from", message).into());
        }
    }
    Ok(())
}

/// One partner has one target a year.
fn check_targets(rows: &[sales_target::Model], (left, kept): (Uuid, Uuid)) -> Result<(), Error> {
    let of = |id: Uuid| rows.iter().filter(move |row| row.partner_id == id);
    for (one, other) in of(left).flat_map(|one| of(kept).map(move |other| (one, other))) {
        if one.year != other.year || (one.amount, &one.currency) == (other.amount, &other.currency) {
            continue;
        }
        let amount = |row: &sales_target::Model| {
            money(row.amount, &row.currency).map(|money| format!("{} {}", money.amount(), row.currency))
        };
        let message = format!(
            "The sales targets of {} differ: {} of the merged one, {} of the remaining one; set them to the same amount \
             first.",
            one.year,
            amount(one)?,
            amount(other)?
        );
        return Err(Refusal::new(Code::WrongState, "from", message).into());
    }
    Ok(())
}

/// Loads what both partners have sold and count, and returns the years in which they sold or have a target.
async fn load_state(
    transaction: &DatabaseTransaction,
    posting: &mut Posting<'_>,
    (left, kept): (Uuid, Uuid),
) -> Result<Vec<i32>, Error> {
    posting.load_all_partner_tallies(transaction, &[left, kept]).await?;
    let (rows, sold) = sales::all_of(transaction, &[left, kept]).await?;
    let years = rows.iter().map(|row| (row.partner_id, row.year));
    let years = years.chain(sold.iter().map(|row| (row.partner_id, row.year)));
    let mut years: Vec<(Uuid, i32)> = years.collect();
    years.sort_unstable();
    years.dedup();
    for (id, year) in &years {
        targets::load(transaction, posting, *id, *year, None).await?;
    }
    let mut years: Vec<i32> = years.into_iter().map(|(_, year)| year).collect();
    years.sort_unstable();
    years.dedup();
    Ok(years)
}

/// What was recorded of partners, in the order of the log, and the activities in their posting.
struct PartnerFacts {
    facts: Vec<(i64, PastFact)>,
    indexes: HashMap<Uuid, ObjectIndex>,
}

/// What the remaining partner sold, and the day on which the target of each year was reached.
struct SalesRows {
    sold: Vec<partner_sales::Model>,
    reached: HashMap<i32, Option<NaiveDate>>,
}

fn sales_rows(posting: &Posting<'_>, (_, kept): (Uuid, Uuid), years: &[i32]) -> SalesRows {
    let mut rows = SalesRows { sold: Vec::new(), reached: HashMap::new() };
    let Some(who) = posting.partner(kept) else { return rows };
    for (year, sales) in years.iter().filter_map(|year| Some((*year, posting.sales(who, *year)?))) {
        rows.reached.insert(year, sales.reached_on);
        rows.sold.extend(sales.sold.iter().map(|(currency, sold)| partner_sales::Model {
            partner_id: kept,
            year,
            currency: currency.code().to_owned(),
            net: sold.net,
            orders: sold.orders,
            latest_on: sold.latest_on,
        }));
    }
    rows
}

async fn write_sales(
    transaction: &DatabaseTransaction,
    (left, kept): (Uuid, Uuid),
    rows: SalesRows,
) -> Result<(), Error> {
    merge::delete_sales(transaction, left).await?;
    upsert_all(transaction, rows.sold).await?;
    let (targets, _) = sales::all_of(transaction, &[left, kept]).await?;
    let targets = targets.into_iter().map(|row| {
        let reached_on = rows.reached.get(&row.year).copied().flatten().filter(|_| row.partner_id == kept);
        sales_target::Model { reached_on, ..row }
    });
    Ok(upsert_all(transaction, targets.collect()).await?)
}
