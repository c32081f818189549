//! What expires because of the steps of a posting, and when credits of its subjects expire next.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use entity::value::LogAction;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::{AppliedStep, LogEntry, Posting};
use crate::program::expiry::{
    Account, Accounts, CreditKind, Expired, Movement, PastMovement, Returning, movement,
};
use crate::program::fold::{ObjectIndex, PartnerIndex, ProfessionalIndex};
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

impl Posting<'_> {
    /// Lets credits of a partner expire, whose account is that of before the posting.
    pub(in crate::service) fn expire_credits(
        &mut self,
        entry: LogEntry,
        (who, object): (PartnerIndex, ObjectIndex),
        account: &Account,
        expired: &[Expired],
    ) {
        if self.accounts.partner(who).is_none() {
            self.accounts.add_partner(who, account.clone());
        }
        self.awards.credits.extend(Accounts::of_partner(who, object, expired));
        self.applied_as(entry);
    }

    /// Lets Dojo Credits of a professional expire, whose account is that of before the posting.
    pub(in crate::service) fn expire_dojo_credits(
        &mut self,
        entry: LogEntry,
        (who, object): (ProfessionalIndex, ObjectIndex),
        account: &Account,
        expired: &[Expired],
    ) {
        if self.accounts.professional(who).is_none() {
            self.accounts.add_professional(who, account.clone());
        }
        self.awards.points.extend(Accounts::of_professional(who, object, expired));
        self.applied_as(entry);
    }

    /// Adds what expires or comes back because of the awards, and computes when credits expire next. Without an edition
    /// by which something expires, there is nothing to do.
    pub(super) async fn settle_expiry(
        &mut self,
        connection: &impl ConnectionTrait,
        applied: &mut [AppliedStep],
        today: NaiveDate,
    ) -> Result<(), DbErr> {
        let editions = &self.policy.editions;
        if editions.expire(CreditKind::Credits) && !self.awards.credits.is_empty() {
            self.settle_credits(connection, applied, today).await?;
        }
        if editions.expire(CreditKind::DojoCredits) && !self.awards.points.is_empty() {
            self.settle_dojo_credits(connection, applied, today).await?;
        }
        Ok(())
    }

    async fn settle_credits(
        &mut self,
        connection: &impl ConnectionTrait,
        applied: &mut [AppliedStep],
        today: NaiveDate,
    ) -> Result<(), DbErr> {
        let terms = self.accounts.terms(CreditKind::Credits);
        let mut next: HashMap<PartnerIndex, Option<NaiveDate>> = HashMap::new();
        let mut needed: HashSet<PartnerIndex> = HashSet::new();
        let mut first = 0;
        for step in &*applied {
            let returning = returning(step.entry.action);
            for award in &self.awards.credits[first..step.credits] {
                let row = &self.partners[award.partner.0 as usize];
                let next = next.entry(award.partner).or_insert(row.expires_on);
                let movement =
                    movement((award.reason, award.count.is_some(), 0), award.effective_on, returning);
                let effect = Effect::of(movement, award.spendable_credits);
                if effect.needs_account(|day| terms.expires_on(day), today) {
                    needed.insert(award.partner);
                }
                *next = earlier(*next, effect.expires_on(|day| terms.expires_on(day), today));
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
            let (returning, objects) = (returning(step.entry.action), &self.objects);
            let key = |index: ObjectIndex| objects[index.0 as usize].id().as_u128();
            self.accounts.settle_credits(own, returning, &key, &mut self.awards.credits);
            (first, step.credits) = (step.credits, self.awards.credits.len());
        }
        for (who, next) in next {
            let account = self.accounts.partner(who);
            let row = &mut self.partners[who.0 as usize];
            row.expires_on = account.map_or(next, |account| account.expires_next(terms));
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
        let mut next: HashMap<ProfessionalIndex, Option<NaiveDate>> = HashMap::new();
        let mut needed: HashSet<ProfessionalIndex> = HashSet::new();
        let mut first = 0;
        for step in &*applied {
            let returning = returning(step.entry.action);
            for award in &self.awards.points[first..step.points] {
                let row = &self.professionals[award.professional.0 as usize];
                let next = next.entry(award.professional).or_insert(row.expires_on);
                let movement =
                    movement((award.reason, award.count.is_some(), 0), award.effective_on, returning);
                let effect = Effect::of(movement, award.dojo_credits);
                if effect.needs_account(|day| terms.expires_on(day), today) {
                    needed.insert(award.professional);
                }
                *next = earlier(*next, effect.expires_on(|day| terms.expires_on(day), today));
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
            let (returning, objects) = (returning(step.entry.action), &self.objects);
            let key = |index: ObjectIndex| objects[index.0 as usize].id().as_u128();
            self.accounts.settle_points(own, returning, &key, &mut self.awards.points);
            (first, step.points) = (step.points, self.awards.points.len());
        }
        for (who, next) in next {
            let account = self.accounts.professional(who);
            let row = &mut self.professionals[who.0 as usize];
            row.expires_on = account.map_or(next, |account| account.expires_next(terms));
        }
        Ok(())
    }
}

/// What an award does to the days on which credits expire.
enum Effect {
    Nothing,
    /// More was earned on a day.
    Earned(NaiveDate),
    /// What was earned on a day was taken back.
    TakenBack(NaiveDate),
    /// Credits came back of which the days are not known without the account.
    Unknown,
    /// Credits came back or expired, which the account decides.
    ByAccount,
}

impl Effect {
    fn of(movement: Movement, credits: i64) -> Self {
        match movement {
            Movement::Earned(day) if credits > 0 => Self::Earned(day),
            Movement::Earned(day) if credits < 0 => Self::TakenBack(day),
            Movement::Returned(..) | Movement::Expired(_) => Self::ByAccount,
            Movement::Spent(_) if credits > 0 => Self::Unknown,
            Movement::Spent(_) | Movement::ForOrder(_) | Movement::Earned(_) => Self::Nothing,
        }
    }

    /// Whether only the account says what follows.
    fn needs_account(&self, expires_on: impl Fn(NaiveDate) -> Option<NaiveDate>, today: NaiveDate) -> bool {
        match self {
            Self::ByAccount => true,
            Self::TakenBack(day) => expires_on(*day).is_some_and(|day| day <= today),
            Self::Nothing | Self::Earned(_) | Self::Unknown => false,
        }
    }

    /// A day on which something may expire that did not before; it may be too early, since it is computed again then.
    fn expires_on(
        &self,
        expires_on: impl Fn(NaiveDate) -> Option<NaiveDate>,
        today: NaiveDate,
    ) -> Option<NaiveDate> {
        match self {
            Self::Earned(day) => expires_on(*day),
            Self::Unknown => Some(today),
            Self::Nothing | Self::TakenBack(_) | Self::ByAccount => None,
        }
    }
}

/// The earlier of two days, of which each may not be there.
fn earlier(one: Option<NaiveDate>, other: Option<NaiveDate>) -> Option<NaiveDate> {
    one.into_iter().chain(other).min()
}
