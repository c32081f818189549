//! Credits that expire.

use chrono::NaiveDate;

use super::Replay;
use crate::program::expiry::{Account, Accounts, CreditKind};
use crate::program::fold::{ObjectIndex, PartnerIndex, ProfessionalIndex, Step};
use crate::service::posting::Object;
use crate::store::log::LoggedStep;

impl Replay<'_> {
    pub(super) fn open_account(&mut self, who: PartnerIndex) {
        if self.policy.editions.expire(CreditKind::Credits) {
            self.accounts.add_partner(who, Account::default());
        }
    }

    pub(super) fn open_dojo_account(&mut self, who: ProfessionalIndex) {
        if self.policy.editions.expire(CreditKind::DojoCredits) {
            self.accounts.add_professional(who, Account::default());
        }
    }

    pub(super) fn expiry_step(&mut self, logged: &LoggedStep) -> Result<Option<Step>, String> {
        let partner = logged.partner_id.and_then(|id| Some((id, *self.partner_indexes.get(&id)?)));
        let person = logged.professional_id.and_then(|id| Some((id, *self.professional_indexes.get(&id)?)));
        match (partner, person, logged.day) {
            (Some((id, who)), None, Some(day)) => {
                let object = self.add(Object::Partner(id));
                self.expire_credits(who, object, day);
            }
            (None, Some((id, who)), Some(day)) => {
                let object = self.add(Object::Professional(id));
                self.expire_dojo_credits(who, object, day);
            }
            _ => return Err("credits of nobody expired, or on no day".to_owned()),
        }
        Ok(None)
    }

    /// Lets everything expire through a day, as the steps of the log would that the policy had.
    pub(in crate::service::verify) fn expire_through(&mut self, day: NaiveDate) {
        self.awards.clear();
        for index in (0..).take(self.partners.len()) {
            let id = self.partners[index as usize].id;
            let object = self.add(Object::Partner(id));
            self.expire_credits(PartnerIndex(index), object, day);
        }
        for index in (0..).take(self.professionals.len()) {
            let id = self.professionals[index as usize].id;
            let object = self.add(Object::Professional(id));
            self.expire_dojo_credits(ProfessionalIndex(index), object, day);
        }
        for award in self.awards.credits.drain(..) {
            self.partners[award.partner.0 as usize].credits += award.spendable_credits;
        }
        for award in self.awards.points.drain(..) {
            self.professionals[award.professional.0 as usize].dojo_credits += award.dojo_credits;
        }
    }

    /// When credits of a partner expire next.
    pub(in crate::service::verify) fn credits_expire_next(&self, who: PartnerIndex) -> Option<NaiveDate> {
        self.accounts.partner(who)?.expires_next(self.accounts.terms(CreditKind::Credits))
    }

    /// When Dojo Credits of a professional expire next.
    pub(in crate::service::verify) fn dojo_credits_expire_next(
        &self,
        who: ProfessionalIndex,
    ) -> Option<NaiveDate> {
        self.accounts.professional(who)?.expires_next(self.accounts.terms(CreditKind::DojoCredits))
    }

    fn expire_credits(&mut self, who: PartnerIndex, object: ObjectIndex, day: NaiveDate) {
        let terms = self.accounts.terms(CreditKind::Credits);
        let due =
            self.accounts.partner(who).map(|account| account.due_through(terms, day)).unwrap_or_default();
        self.awards.credits.extend(Accounts::of_partner(who, object, &due));
    }

    fn expire_dojo_credits(&mut self, who: ProfessionalIndex, object: ObjectIndex, day: NaiveDate) {
        let terms = self.accounts.terms(CreditKind::DojoCredits);
        let due = self
            .accounts
            .professional(who)
            .map(|account| account.due_through(terms, day))
            .unwrap_or_default();
        self.awards.points.extend(Accounts::of_professional(who, object, &due));
    }
}
