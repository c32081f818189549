//! What expires because of the steps of a posting, and when credits of its subjects expire next.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use entity::value::{EventKind, LogAction};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AppliedStep, LogEntry, Object, Posting};
use crate::program::expiry::{
    Account, Accounts, CreditKind, Expired, Following, Movement, PastMovement, Returning, movement,
};
use crate::program::fold::{ObjectIndex, PartnerIndex, ProfessionalIndex};
use crate::service::events::EventDraft;
use crate::store::credit_entry::{self, CreditEntry};

/// What credits that a step gives back can be spent on.
pub(in crate::service) fn returning(action: LogAction) -> Returning {
    if action == LogAction::QuotePlaced { Returning::ForOrder } else { Returning::Free }
}

/// The accounts of subjects by their entries, which are in the order of recording.
pub(in crate::service) fn accounts(entries: &[CreditEntry]) -> HashMap<Uuid, Account> {
    let groups = entries.chunk_by(|one, other| one.owner == other.owner);
    groups.map(|group| (group[0].owner, Account::after(group.iter().map(past)))).collect()
}

fn past(row: &CreditEntry) -> PastMovement {
    let key = |id: Option<Uuid>| id.map_or(0, |id| id.as_u128());
    let movement = match row.window_start {
        Some(earned_on) if row.is_expiry => Movement::Expired(earned_on),
        _ if row.is_counted => Movement::Earned(row.effective_on),
        _ => Movement::Spent(key(row.object)),
    };
    PastMovement { movement, credits: row.credits, of_quote: row.of_quote.map(|id| id.as_u128()) }
}

/// Whose credits expire.
#[derive(Clone, Copy, Debug)]
enum Holder {
    Partner(PartnerIndex),
    Professional(ProfessionalIndex),
}

impl Posting<'_> {
    /// Gives a partner the account of before the posting, of which everything expires that is due.
    pub(in crate::service) fn load_account(&mut self, who: PartnerIndex, account: Account) {
        self.accounts.add_partner(who, account);
    }

    /// The same for a professional.
    pub(in crate::service) fn load_dojo_account(&mut self, who: ProfessionalIndex, account: Account) {
        self.accounts.add_professional(who, account);
    }

    /// Adds what expires or comes back because of the awards, with steps of its own for what is due through today, and
    /// computes when credits expire next. Returns the events of these steps, by their places. Without an edition by which
    /// something expires, there is nothing to do.
    pub(super) async fn settle_expiry(
        &mut self,
        connection: &impl ConnectionTrait,
        applied: &mut Vec<AppliedStep>,
        today: NaiveDate,
    ) -> Result<Vec<(usize, EventDraft)>, DbErr> {
        let editions = &self.policy.editions;
        if editions.expire(CreditKind::Credits) {
            self.settle_credits(connection, applied, today).await?;
        }
        if editions.expire(CreditKind::DojoCredits) {
            self.settle_dojo_credits(connection, applied, today).await?;
        }
        let mut drafts = Vec::new();
        for who in self.accounts.partners() {
            self.expire_due(Holder::Partner(who), today, applied, &mut drafts);
        }
        for who in self.accounts.professionals() {
            self.expire_due(Holder::Professional(who), today, applied, &mut drafts);
        }
        Ok(drafts)
    }

    /// Lets expire what a subject can no longer spend, by a step for each day.
    fn expire_due(
        &mut self,
        holder: Holder,
        today: NaiveDate,
        applied: &mut Vec<AppliedStep>,
        drafts: &mut Vec<(usize, EventDraft)>,
    ) {
        let (kind, account) = match holder {
            Holder::Partner(who) => (CreditKind::Credits, self.accounts.partner(who)),
            Holder::Professional(who) => (CreditKind::DojoCredits, self.accounts.professional(who)),
        };
        let terms = self.accounts.terms(kind);
        let Some(account) = account else { return };
        let mut balance = account.balance();
        let mut days: BTreeMap<NaiveDate, Vec<Expired>> = BTreeMap::new();
        for one in account.due_through(terms, today) {
            days.entry(one.on).or_default().push(one);
        }
        for (on, expired) in days {
            let data = event_data(&expired, &mut balance);
            let (object, draft) = match holder {
                Holder::Partner(who) => {
                    let id = self.partners[who.0 as usize].id;
                    let object = self.add(Object::Partner(id));
                    self.accounts.expire_partner(who, &expired);
                    self.awards.credits.extend(Accounts::of_partner(who, object, &expired));
                    let draft = EventDraft::of_partner(EventKind::CreditsExpired, on, id, "expired", data);
                    (Object::Partner(id), draft)
                }
                Holder::Professional(who) => {
                    let id = self.professionals[who.0 as usize].id;
                    let object = self.add(Object::Professional(id));
                    self.accounts.expire_professional(who, &expired);
                    self.awards.points.extend(Accounts::of_professional(who, object, &expired));
                    let kind = EventKind::CreditsExpired;
                    let draft = EventDraft::of_professional(kind, on, id, "expired", data);
                    (Object::Professional(id), draft)
                }
            };
            drafts.push((applied.len(), draft));
            let entry = LogEntry { day: Some(on), ..LogEntry::new(LogAction::CreditsExpired, object) };
            let (points, credits) = (self.awards.points.len(), self.awards.credits.len());
            applied.push(AppliedStep { entry, points, credits });
        }
        match holder {
            Holder::Partner(who) => {
                let next = self.accounts.partner(who).and_then(|account| account.expires_next(terms));
                self.partners[who.0 as usize].expires_on = next;
            }
            Holder::Professional(who) => {
                let next = self.accounts.professional(who).and_then(|account| account.expires_next(terms));
                self.professionals[who.0 as usize].expires_on = next;
            }
        }
    }

    async fn settle_credits(
        &mut self,
        connection: &impl ConnectionTrait,
        applied: &mut [AppliedStep],
        today: NaiveDate,
    ) -> Result<(), DbErr> {
        let terms = self.accounts.terms(CreditKind::Credits);
        let mut needed: HashSet<PartnerIndex> = self.rebuilt.iter().copied().collect();
        let mut first = 0;
        for step in &*applied {
            let returning = returning(step.entry.action);
            for award in &self.awards.credits[first..step.credits] {
                let movement =
                    movement((award.reason, award.count.is_some(), 0), award.effective_on, returning);
                match Effect::of(movement, award.spendable_credits) {
                    Effect::Nothing => {}
                    Effect::Earned(day) => match terms.expires_on(day) {
                        Some(on) if on > today => {
                            let row = &mut self.partners[award.partner.0 as usize];
                            row.expires_on = earlier(row.expires_on, Some(on));
                        }
                        Some(_) => drop(needed.insert(award.partner)),
                        None => {}
                    },
                    Effect::ByAccount => drop(needed.insert(award.partner)),
                }
            }
            first = step.credits;
        }
        needed.retain(|who| self.accounts.partner(*who).is_none());
        if !needed.is_empty() {
            let ids: Vec<Uuid> = needed.iter().map(|who| self.partners[who.0 as usize].id).collect();
            let mut found = accounts(&credit_entry::of_partners(connection, &ids).await?);
            for who in needed {
                let account = found.remove(&self.partners[who.0 as usize].id).unwrap_or_default();
                self.accounts.add_partner(who, account);
            }
        }
        let awards = std::mem::take(&mut self.awards.credits);
        first = 0;
        for step in applied {
            let own = &awards[first..step.credits];
            let (following, objects) = (following(step.entry.action), &self.objects);
            let key = |index: ObjectIndex| objects[index.0 as usize].id().as_u128();
            first = step.credits;
            self.accounts.settle_credits(own, following, &key, &mut self.awards.credits);
            step.credits = self.awards.credits.len();
        }
        Ok(())
    }

    async fn settle_dojo_credits(
        &mut self,
        connection: &impl ConnectionTrait,
        applied: &mut [AppliedStep],
        today: NaiveDate,
    ) -> Result<(), DbErr> {
        let terms = self.accounts.terms(CreditKind::DojoCredits);
        let mut needed: HashSet<ProfessionalIndex> = self.recalculated.iter().copied().collect();
        let mut first = 0;
        for step in &*applied {
            let returning = returning(step.entry.action);
            for award in &self.awards.points[first..step.points] {
                let movement =
                    movement((award.reason, award.count.is_some(), 0), award.effective_on, returning);
                match Effect::of(movement, award.dojo_credits) {
                    Effect::Nothing => {}
                    Effect::Earned(day) => match terms.expires_on(day) {
                        Some(on) if on > today => {
                            let row = &mut self.professionals[award.professional.0 as usize];
                            row.expires_on = earlier(row.expires_on, Some(on));
                        }
                        Some(_) => drop(needed.insert(award.professional)),
                        None => {}
                    },
                    Effect::ByAccount => drop(needed.insert(award.professional)),
                }
            }
            first = step.points;
        }
        needed.retain(|who| self.accounts.professional(*who).is_none());
        if !needed.is_empty() {
            let ids: Vec<Uuid> = needed.iter().map(|who| self.professionals[who.0 as usize].id).collect();
            let mut found = accounts(&credit_entry::of_professionals(connection, &ids).await?);
            for who in needed {
                let account = found.remove(&self.professionals[who.0 as usize].id).unwrap_or_default();
                self.accounts.add_professional(who, account);
            }
        }
        let awards = std::mem::take(&mut self.awards.points);
        first = 0;
        for step in applied {
            let own = &awards[first..step.points];
            let (following, objects) = (following(step.entry.action), &self.objects);
            let key = |index: ObjectIndex| objects[index.0 as usize].id().as_u128();
            first = step.points;
            self.accounts.settle_points(own, following, &key, &mut self.awards.points);
            step.points = self.awards.points.len();
        }
        Ok(())
    }
}

/// What follows from the awards of a step of the live path.
fn following(action: LogAction) -> Following<'static> {
    match action {
        // It has what expires and what comes back.
        LogAction::Recalculated => Following::Nothing,
        action => Following::Own(returning(action)),
    }
}

/// What the event of an expiry says; the balance is that before it, and then that after it.
fn event_data(expired: &[Expired], balance: &mut i64) -> Value {
    let credits: i64 = expired.iter().map(|one| one.credits).sum();
    *balance -= credits;
    let lots = expired.iter().map(|one| json!({ "earnedOn": one.earned_on, "credits": one.credits }));
    json!({ "credits": credits, "lots": lots.collect::<Vec<_>>(), "balanceAfter": *balance })
}

/// What an award does to the days on which credits expire.
enum Effect {
    Nothing,
    /// More was earned on a day.
    Earned(NaiveDate),
    /// Credits were taken back, came back or expired: what follows is known by the account.
    ByAccount,
}

impl Effect {
    fn of(movement: Movement, credits: i64) -> Self {
        match movement {
            Movement::Earned(day) if credits > 0 => Self::Earned(day),
            Movement::Returned(..) | Movement::Expired(_) => Self::ByAccount,
            Movement::Earned(_) if credits < 0 => Self::ByAccount,
            Movement::Spent(_) if credits > 0 => Self::ByAccount,
            Movement::Spent(_) | Movement::ForOrder(_) | Movement::Earned(_) => Self::Nothing,
        }
    }
}

/// The earlier of two days, of which each may not be there.
fn earlier(one: Option<NaiveDate>, other: Option<NaiveDate>) -> Option<NaiveDate> {
    one.into_iter().chain(other).min()
}
