//! The accounts of the subjects of a fold: what expires because of its awards.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{Account, CreditKind, Expired, Movement, ObjectKey, Terms};
use crate::program::edition::Editions;
use crate::program::fold::{
    Awards, CreditsAward, ObjectIndex, PartnerIndex, PointsAward, ProfessionalIndex, Reason,
};

/// What credits that come back can be spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returning {
    /// Anything, so what has expired meanwhile expires now.
    Free,
    /// An order that is placed by the next step, with what was held for it.
    ForOrder,
}

/// What follows from the awards of a step.
#[derive(Clone, Copy, Debug)]
pub enum Following<'a> {
    /// What the accounts say, which pay what is spent with the oldest.
    Own(Returning),
    /// What the accounts say; orders are paid with what they were paid with in other ones of the same subjects.
    PaidAs(&'a Accounts<'a>, Returning),
    /// Nothing: the awards have all of it.
    Nothing,
}

impl<'a> Following<'a> {
    const fn returning(self) -> Returning {
        match self {
            Self::Own(returning) | Self::PaidAs(_, returning) => returning,
            Self::Nothing => Returning::Free,
        }
    }

    const fn paid(self) -> Option<&'a Accounts<'a>> {
        if let Self::PaidAs(paid, _) = self { Some(paid) } else { None }
    }

    const fn is_nothing(self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// The accounts of subjects. An award of a subject without an account moves nothing.
#[derive(Clone, Debug)]
pub struct Accounts<'e> {
    editions: &'e Editions,
    partners: HashMap<PartnerIndex, Account>,
    professionals: HashMap<ProfessionalIndex, Account>,
}

impl<'e> Accounts<'e> {
    /// No accounts yet.
    #[must_use]
    pub fn new(editions: &'e Editions) -> Self {
        Self { editions, partners: HashMap::new(), professionals: HashMap::new() }
    }

    /// Lets credits expire by other editions from now on.
    pub fn use_editions(&mut self, editions: &'e Editions) {
        self.editions = editions;
    }

    /// The terms of a kind of credits.
    #[must_use]
    pub fn terms(&self, kind: CreditKind) -> Terms<'e> {
        Terms { editions: self.editions, kind }
    }

    /// Adds the account of a partner.
    pub fn add_partner(&mut self, who: PartnerIndex, account: Account) {
        self.partners.insert(who, account);
    }

    /// Adds the account of a professional.
    pub fn add_professional(&mut self, who: ProfessionalIndex, account: Account) {
        self.professionals.insert(who, account);
    }

    /// The account of a partner, if there is one.
    #[must_use]
    pub fn partner(&self, who: PartnerIndex) -> Option<&Account> {
        self.partners.get(&who)
    }

    /// The account of a professional, if there is one.
    #[must_use]
    pub fn professional(&self, who: ProfessionalIndex) -> Option<&Account> {
        self.professionals.get(&who)
    }

    /// The entries by which credits of a partner expire.
    #[must_use]
    pub fn of_partner(who: PartnerIndex, object: ObjectIndex, expired: &[Expired]) -> Vec<CreditsAward> {
        let award = |one: &Expired| CreditsAward {
            partner: who,
            object,
            track: None,
            effective_on: one.on,
            level_credits: 0,
            spendable_credits: -one.credits,
            reason: Reason::Expiry { earned_on: one.earned_on },
            count: None,
        };
        expired.iter().map(award).collect()
    }

    /// The entries by which Dojo Credits of a professional expire.
    #[must_use]
    pub fn of_professional(
        who: ProfessionalIndex,
        object: ObjectIndex,
        expired: &[Expired],
    ) -> Vec<PointsAward> {
        let award = |one: &Expired| PointsAward {
            professional: who,
            object,
            effective_on: one.on,
            points: 0,
            dojo_credits: -one.credits,
            reason: Reason::Expiry { earned_on: one.earned_on },
            count: None,
        };
        expired.iter().map(award).collect()
    }

    /// The partners that have an account, in order.
    #[must_use]
    pub fn partners(&self) -> Vec<PartnerIndex> {
        let mut all: Vec<PartnerIndex> = self.partners.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// The professionals that have an account, in order.
    #[must_use]
    pub fn professionals(&self) -> Vec<ProfessionalIndex> {
        let mut all: Vec<ProfessionalIndex> = self.professionals.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Lets credits of a partner expire.
    pub fn expire_partner(&mut self, who: PartnerIndex, expired: &[Expired]) {
        if let Some(account) = self.partners.get_mut(&who) {
            account.expire(expired);
        }
    }

    /// Lets Dojo Credits of a professional expire.
    pub fn expire_professional(&mut self, who: ProfessionalIndex, expired: &[Expired]) {
        if let Some(account) = self.professionals.get_mut(&who) {
            account.expire(expired);
        }
    }

    /// Moves what the awards of a step say, and adds what expires or comes back because of each after it. `key` identifies
    /// their objects.
    pub fn settle(
        &mut self,
        awards: &mut Awards,
        following: Following<'_>,
        key: &impl Fn(ObjectIndex) -> ObjectKey,
    ) {
        if !self.partners.is_empty() && !awards.credits.is_empty() {
            let credits = std::mem::take(&mut awards.credits);
            self.settle_credits(&credits, following, key, &mut awards.credits);
        }
        if !self.professionals.is_empty() && !awards.points.is_empty() {
            let points = std::mem::take(&mut awards.points);
            self.settle_points(&points, following, key, &mut awards.points);
        }
    }

    /// The same for credits of partners.
    pub fn settle_credits(
        &mut self,
        awards: &[CreditsAward],
        following: Following<'_>,
        key: &impl Fn(ObjectIndex) -> ObjectKey,
        out: &mut Vec<CreditsAward>,
    ) {
        let terms = self.terms(CreditKind::Credits);
        for award in awards {
            out.push(*award);
            let Some(account) = self.partners.get_mut(&award.partner) else { continue };
            let cause = (award.reason, award.count.is_some(), key(award.object));
            let movement = movement(cause, award.effective_on, following.returning());
            let paid = following.paid().and_then(|paid| paid.partners.get(&award.partner));
            if following.is_nothing() {
                account.only_move(movement, award.spendable_credits);
                continue;
            }
            let after = account.post(movement, award.spendable_credits, terms, paid);
            out.extend(Self::of_partner(award.partner, award.object, &after));
        }
    }

    /// The same for Dojo Credits of professionals.
    pub fn settle_points(
        &mut self,
        awards: &[PointsAward],
        following: Following<'_>,
        key: &impl Fn(ObjectIndex) -> ObjectKey,
        out: &mut Vec<PointsAward>,
    ) {
        let terms = self.terms(CreditKind::DojoCredits);
        for award in awards {
            out.push(*award);
            let Some(account) = self.professionals.get_mut(&award.professional) else { continue };
            let cause = (award.reason, award.count.is_some(), key(award.object));
            let movement = movement(cause, award.effective_on, following.returning());
            let paid = following.paid().and_then(|paid| paid.professionals.get(&award.professional));
            if following.is_nothing() {
                account.only_move(movement, award.dojo_credits);
                continue;
            }
            let after = account.post(movement, award.dojo_credits, terms, paid);
            out.extend(Self::of_professional(award.professional, award.object, &after));
        }
    }
}

/// What an award moves, by its reason, whether a rule has counted it, and its object. What was counted was earned.
#[must_use]
pub fn movement(
    (reason, counted, object): (Reason, bool, ObjectKey),
    on: NaiveDate,
    returning: Returning,
) -> Movement {
    match reason {
        Reason::Expiry { earned_on } => Movement::Expired(earned_on),
        _ if counted => Movement::Earned(on),
        Reason::HoldReleased if returning == Returning::ForOrder => Movement::ForOrder(object),
        Reason::RedemptionReturned | Reason::HoldReleased => Movement::Returned(object, on),
        _ => Movement::Spent(object),
    }
}
