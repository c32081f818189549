//! What expires because of the steps of a posting, and when credits of its subjects expire next.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use entity::value::LogAction;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::{AppliedStep, LogEntry, Posting};
use crate::program::expiry::{
    Account, Accounts, CreditKind, DayOfCredits, Expired, Movement, Returning, movement,
};
use crate::program::fold::{ObjectIndex, PartnerIndex, ProfessionalIndex};
use crate::store::credit_day::{self, CreditDay};

/// What credits that a step gives back can be spent on.
pub(in crate::service) fn returning(action: LogAction) -> Returning {
    if action == LogAction::QuotePlaced { Returning::ForOrder } else { Returning::Free }
}

/// The account of a balance and the days on which it was earned.
pub(in crate::service) fn account<'r>(
    balance: i64,
    days: impl IntoIterator<Item = &'r CreditDay>,
) -> Account {
    let day = |row: &CreditDay| DayOfCredits { day: row.day, earned: row.earned, expired: row.expired };
    Account::new(balance, days.into_iter().map(day))
}

/// Days of credits by owner.
pub(in crate::service) fn by_owner(rows: Vec<CreditDay>) -> HashMap<Uuid, Vec<CreditDay>> {
    let mut days: HashMap<Uuid, Vec<CreditDay>> = HashMap::new();
    for row in rows {
        days.entry(row.owner).or_default().push(row);
    }
    days
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
                let movement = movement(award.reason, award.count.is_some(), award.effective_on, returning);
                let effect = Effect::of(movement, award.spendable_credits, returning);
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
            let days = by_owner(credit_day::of_partners(connection, &ids).await?);
            for who in needed {
                let row = &self.partners[who.0 as usize];
                let account = account(row.credits, days.get(&row.id).into_iter().flatten());
                self.accounts.add_partner(who, account);
            }
        }
        let awards = std::mem::take(&mut self.awards.credits);
        first = 0;
        for step in applied {
            let own = &awards[first..step.credits];
            self.accounts.settle_credits(own, returning(step.entry.action), &mut self.awards.credits);
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
                let movement = movement(award.reason, award.count.is_some(), award.effective_on, returning);
                let effect = Effect::of(movement, award.dojo_credits, returning);
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
            let days = by_owner(credit_day::of_professionals(connection, &ids).await?);
            for who in needed {
                let row = &self.professionals[who.0 as usize];
                let account = account(row.dojo_credits, days.get(&row.id).into_iter().flatten());
                self.accounts.add_professional(who, account);
            }
        }
        let awards = std::mem::take(&mut self.awards.points);
        first = 0;
        for step in applied {
            let own = &awards[first..step.points];
            self.accounts.settle_points(own, returning(step.entry.action), &mut self.awards.points);
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
    fn of(movement: Movement, credits: i64, returning: Returning) -> Self {
        match movement {
            Movement::Earned(day) if credits > 0 => Self::Earned(day),
            Movement::Earned(day) if credits < 0 => Self::TakenBack(day),
            Movement::Returned(_) | Movement::Expired(_) => Self::ByAccount,
            Movement::Spent if credits > 0 && returning == Returning::Free => Self::Unknown,
            Movement::Spent | Movement::Earned(_) => Self::Nothing,
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
