//! Joining two customers, and keeping spellings apart.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::value::{EventKind, LogAction};
use entity::{customer, customer_name, deal};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::redefine::{Opportunity, Redefined, Redefinition, redefine};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::{Hold, name_key};
use crate::program::fold::{DealCorrection, FirstWon, Step, TakenReward};
use crate::program::refusal::{Code, Refusal, all};
use crate::program::rule::Derived;
use crate::program::wording::quoted;
use crate::service::audit::{Change, Changes};
use crate::service::deals::{CURRENT_READING, ClaimStep, place_of_claim};
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, Posting};
use crate::service::{ObjectId, Services, input, transact};
use crate::store::partner::PartnerRow;
use crate::store::subject::LATEST;
use crate::store::{customer as store, deal as deals, subject};

/// Most names that are kept apart at once.
const NAMES_MAX: usize = 100;

impl Services {
    /// Joins a customer into another one: its names and deals are those of the other one. The award for the later first
    /// deal is taken back, and of two claims of one opportunity the earlier one remains (R10).
    ///
    /// # Errors
    /// When there is no such customer, both are the same, one was joined into another already, or the reason is missing.
    pub async fn customers_join(
        &self,
        from: ObjectId<'_>,
        into: ObjectId<'_>,
        reason: &str,
    ) -> Result<customer::Model, Error> {
        self.authorize(Operation::JoinCustomers)?;
        let reason = input::required_reason("reason", reason);
        transact!(self, Operation::JoinCustomers, transaction, changes => {
            let found = find(transaction, &[("from", from), ("into", into)]).await?;
            let (reason, found) = all((reason.clone(), found))?;
            let [from, into] = lock(transaction, [&found[0], &found[1]]).await?;
            if from.key == into.key {
                let message = format!("Both are the customer {}; give two different ones.", quoted(&into.name));
                return Err(Refusal::new(Code::Invalid, "into", message).into());
            }
            all((check_standing("from", &from), check_standing("into", &into)))?;
            let names: Vec<customer_name::Model> = store::names_of(transaction, &[&from.key]).await?;
            let moved: Vec<_> =
                names.into_iter().map(|name| customer_name::Model { customer_key: into.key.clone(), ..name }).collect();
            let (key, other) = (from.key.clone(), into.key.clone());
            let change = Redefinition { from: key, into: other, spellings: None, reading: CURRENT_READING };
            let from = customer::Model { joined_into: Some(into.key.clone()), ..from };
            let step = CustomerStep { action: LogAction::CustomersJoined, change, reason, names: moved };
            let [_, into] = self.redefine_customers(transaction, changes, [from, into], step).await?;
            Ok(into)
        })
    }

    /// Keeps spellings of a customer apart: they are those of a new customer, with their deals. Its first won deal is
    /// rewarded as that of a new customer (R10). Returns the new one.
    ///
    /// # Errors
    /// When there is no such customer, it was joined into another one, a name is of another customer, no name would
    /// remain, or the reason is missing.
    pub async fn customers_separate(
        &self,
        customer: ObjectId<'_>,
        names: &[String],
        reason: &str,
    ) -> Result<customer::Model, Error> {
        self.authorize(Operation::SeparateCustomers)?;
        let checked = all((input::required_reason("reason", reason), check_names(names)));
        transact!(self, Operation::SeparateCustomers, transaction, changes => {
            let found = find(transaction, &[("customer", customer)]).await?;
            let ((reason, names), found) = all((checked.clone(), found))?;
            let locked = store::lock(transaction, &[&found[0].key]).await?;
            let from = locked.into_iter().next().ok_or_else(|| gone(&found[0]))?;
            check_standing("customer", &from)?;
            let id = Uuid::now_v7();
            let new = customer::Model {
                key: id.to_string(),
                id,
                name: names[0].clone(),
                won_deal_id: None,
                won_on: LATEST,
                joined_into: None,
            };
            let moved = self.separated_names(transaction, &from, &new.key, &names).await?;
            let spellings = moved.iter().map(|name| name.spelling.clone()).collect();
            let change = Redefinition {
                from: from.key.clone(),
                into: new.key.clone(),
                spellings: Some(spellings),
                reading: CURRENT_READING,
            };
            store::insert(transaction, new.clone()).await?;
            let step = CustomerStep { action: LogAction::CustomersSeparated, change, reason, names: moved };
            let [_, new] = self.redefine_customers(transaction, changes, [from, new], step).await?;
            Ok(new)
        })
    }

    /// The names that are kept apart, as those of the new customer. A name that compares equal to one that remains is
    /// compared no more: it is that spelling alone.
    async fn separated_names(
        &self,
        transaction: &DatabaseTransaction,
        from: &customer::Model,
        into: &str,
        names: &[String],
    ) -> Result<Vec<customer_name::Model>, Error> {
        let known = store::names_of(transaction, &[&from.key]).await?;
        let today = self.clock.today();
        let mut moved = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let found = self.customer_name(name, today, into);
            let old = known.iter().find(|known| known.spelling == found.spelling);
            let is_other =
                self.customer_key(transaction, name, today).await?.is_none_or(|key| key != from.key);
            if old.is_none() && is_other {
                let message = format!(
                    "{} is no name of the customer {}; its names are listed in Customer.spellings.",
                    quoted(name),
                    quoted(&from.name)
                );
                let refusal = Refusal::new(Code::Invalid, &index.to_string(), message);
                return Err(refusal.within("names").into());
            }
            let found = old
                .map_or(found, |old| customer_name::Model { customer_key: into.to_owned(), ..old.clone() });
            if !moved.contains(&found) {
                moved.push(found);
            }
        }
        let remaining: Vec<_> = known
            .iter()
            .filter(|known| moved.iter().all(|name: &customer_name::Model| name.spelling != known.spelling))
            .collect();
        if remaining.is_empty() {
            let message =
                format!("These are all names of the customer {}; leave it at least one.", quoted(&from.name));
            return Err(Refusal::new(Code::Invalid, "names", message).into());
        }
        for name in &mut moved {
            if remaining.iter().any(|other| other.compare_key == name.compare_key) {
                name.compare_key = None;
            }
        }
        Ok(moved)
    }
}

/// A step about customers that is not written yet.
struct CustomerStep {
    action: LogAction,
    change: Redefinition,
    reason: String,
    /// The names that move, as they are then.
    names: Vec<customer_name::Model>,
}

impl Services {
    /// Moves names and deals from the first of two locked customers to the second, and posts what follows.
    async fn redefine_customers(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        [mut from, mut into]: [customer::Model; 2],
        step: CustomerStep,
    ) -> Result<[customer::Model; 2], Error> {
        let day = self.clock.today();
        let keys = [from.key.as_str(), into.key.as_str()];
        let before = store::deals_of(transaction, &keys).await?;
        let holds = holds_of(transaction, &keys, &before).await?;
        let owners = owners(transaction, &before).await?;
        let mut rows = before.clone();
        let owner = |id: Uuid| owners.get(&id).copied();
        let steps = deals::steps(transaction, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
        let place = |hold: &Hold<Uuid>| {
            let claims = steps.get(&hold.deal)?.iter().filter_map(ClaimStep::of);
            place_of_claim(claims, hold.since)
        };
        let redefined = redefine(&self.policy.editions, &step.change, &mut rows, &holds, day, owner, place);
        self.post_redefinition(transaction, &redefined, &step, day).await?;
        for (row, _) in rows.iter().zip(&before).filter(|(row, before)| row != before) {
            deals::update(transaction, row).await?;
        }
        for (key, first) in &redefined.firsts {
            let row = if *key == from.key { &mut from } else { &mut into };
            row.won_deal_id = first.map(|(id, _)| id);
            row.won_on = first.map_or(LATEST, |(_, on)| on);
        }
        store::update(transaction, &from).await?;
        store::update(transaction, &into).await?;
        let names: Vec<String> = step.names.iter().map(|name| name.name.clone()).collect();
        store::save_names(transaction, step.names).await?;
        self.write_holds(transaction, &holds, &redefined.holds, day).await?;
        let kind = match step.action {
            LogAction::CustomersJoined => EventKind::CustomersJoined,
            _ => EventKind::CustomersSeparated,
        };
        let event = EventDraft::customers(kind, (&from.name, &into.name), &names, day);
        self.emit(transaction, [], vec![event], Some(&step.reason)).await?;
        let change = Change::of("Customer", into.id).because(Some(&step.reason));
        changes.add(change.before(json!({ "customer": from.name })).after(json!({
            "customer": into.name, "names": names,
        })));
        Ok([from, into])
    }

    /// Posts the awards that are taken back and given.
    async fn post_redefinition(
        &self,
        transaction: &DatabaseTransaction,
        redefined: &Redefined,
        step: &CustomerStep,
        day: NaiveDate,
    ) -> Result<(), Error> {
        let rewards = redefined.taken.iter().chain(&redefined.given);
        let partners: Vec<Uuid> = rewards.clone().map(|reward| reward.partner).collect();
        let partners = if partners.is_empty() {
            Vec::new()
        } else {
            subject::lock::<PartnerRow>(transaction, [], partners).await?
        };
        let mut posting = Posting::open(&self.policy, partners, Vec::new(), &[]);
        for reward in rewards {
            if let Some(partner) = posting.partner(reward.partner) {
                posting.load_derived(transaction, partner, &[Derived::NewCustomer], [reward.on]).await?;
            }
        }
        let mut correction = DealCorrection { of_customers: true, ..DealCorrection::default() };
        if let Some((reward, partner)) =
            redefined.taken.and_then(|one| Some((one, posting.partner(one.partner)?)))
        {
            let deal = posting.add(Object::Deal(reward.deal));
            correction.taken =
                Some(TakenReward { deal, partner, on: reward.on, won: false, new_customer: true });
        }
        if let Some((reward, partner)) =
            redefined.given.and_then(|one| Some((one, posting.partner(one.partner)?)))
        {
            let deal = posting.add(Object::Deal(reward.deal));
            correction.first = Some(FirstWon { deal, partner, on: reward.on });
        }
        let entry = LogEntry {
            day: Some(day),
            reason: Some(step.reason.clone()),
            data: Some(json!(step.change)),
            ..LogEntry::new(step.action, Object::Customers)
        };
        posting
            .apply(entry, (!correction.is_empty()).then_some(Step::DealsCorrected(correction)))
            .map_err(|exceeded| Refusal::new(Code::Invalid, "reason", exceeded.to_string()))?;
        let posted = posting.post(transaction, self).await?;
        posted.write(transaction).await
    }
}

/// The customers of ids as they were sent, all problems listed.
async fn find(
    transaction: &DatabaseTransaction,
    asked: &[(&'static str, ObjectId<'_>)],
) -> Result<Result<Vec<customer::Model>, crate::program::refusal::Refusals>, Error> {
    let ids: Vec<Uuid> = asked.iter().filter_map(|(_, id)| id.key).collect();
    let rows = store::by_ids(transaction, ids).await?;
    let of = |(field, id): &(&'static str, ObjectId<'_>)| {
        let row = rows.iter().find(|row| Some(row.id) == id.key).cloned();
        row.ok_or_else(|| input::not_found(field, ("customer", "id"), id.text))
    };
    Ok(crate::program::refusal::each(asked.iter().map(of)))
}

/// Two customers as they are once their rows are locked.
async fn lock(
    transaction: &DatabaseTransaction,
    [from, into]: [&customer::Model; 2],
) -> Result<[customer::Model; 2], Error> {
    let locked = store::lock(transaction, &[&from.key, &into.key]).await?;
    let now = |row: &customer::Model| {
        locked.iter().find(|one| one.key == row.key).cloned().ok_or_else(|| gone(row))
    };
    Ok([now(from)?, now(into)?])
}

fn gone(row: &customer::Model) -> Error {
    Error::Damaged(format!("customer {}", row.key))
}

/// A customer that was joined into another one has neither names nor deals.
fn check_standing(field: &str, row: &customer::Model) -> Result<(), Refusal> {
    if row.joined_into.is_none() {
        return Ok(());
    }
    let message = format!(
        "The customer {} was joined into another one; use that one, Customer.joinedInto.",
        quoted(&row.name)
    );
    Err(Refusal::new(Code::WrongState, field, message))
}

/// The names to keep apart: each once, and none without a visible character.
fn check_names(names: &[String]) -> Result<Vec<String>, Refusal> {
    if names.is_empty() || names.len() > NAMES_MAX {
        let message = format!("names has 1 to {NAMES_MAX} names; got {}.", names.len());
        return Err(Refusal::new(Code::Invalid, "names", message));
    }
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        let name = input::name("names", name)?;
        if name_key(&name).is_empty() {
            let message = format!("A name has at least one visible character; got {}.", quoted(&name));
            return Err(Refusal::new(Code::Invalid, "names", message));
        }
        if distinct.iter().all(|known| name_key(known) != name_key(&name)) {
            distinct.push(name);
        }
    }
    Ok(distinct)
}

/// The holds on the opportunities of customers.
async fn holds_of(
    transaction: &DatabaseTransaction,
    keys: &[&str],
    rows: &[deal::Model],
) -> Result<Vec<(Opportunity, Hold<Uuid>)>, Error> {
    let mut holds = Vec::new();
    for row in store::opportunities_of(transaction, keys).await? {
        let (Some(deal), Some(since), Some(until)) = (row.deal_id, row.held_since, row.held_until) else {
            continue;
        };
        // A deal that has another customer now left nothing but its past here.
        let Some(holder) = rows.iter().find(|one| one.id == deal) else { continue };
        let won = holder.rewarded_on.is_some();
        let hold = Hold { deal, partner: holder.partner_id, since, until, won };
        holds.push(((row.customer_key, row.scope_key), hold));
    }
    Ok(holds)
}

/// The partners of the deals that these rewarded.
async fn owners(
    transaction: &DatabaseTransaction,
    rows: &[deal::Model],
) -> Result<HashMap<Uuid, Uuid>, Error> {
    let mut owners: HashMap<Uuid, Uuid> = rows.iter().map(|row| (row.id, row.partner_id)).collect();
    let others: Vec<Uuid> =
        rows.iter().filter_map(|row| row.rewarded_deal_id).filter(|id| !owners.contains_key(id)).collect();
    if !others.is_empty() {
        owners.extend(deals::by_ids(transaction, others).await?.iter().map(|row| (row.id, row.partner_id)));
    }
    Ok(owners)
}
