//! Ending, correcting and voiding affiliations (A3, A4).

use chrono::NaiveDate;
use entity::affiliation;
use entity::value::{EventKind, LogAction};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::{add_credits, change, check_days, check_end, check_last_day, check_overlap};
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::fold::{Affiliation, Step};
use crate::program::refusal::{Code, Refusal, all};
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, PostedRows, Posting};
use crate::service::subjects::lock_professional;
use crate::service::{ObjectId, Services, input, transact};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::{self, LATEST, Subject};
use crate::store::{affiliation as store, ledger};

/// What an affiliation was meant to be. What is left out stays as it is.
#[derive(Clone, Debug)]
pub struct AffiliationCorrection<'t> {
    /// The affiliation.
    pub affiliation: ObjectId<'t>,
    /// Code of the partner.
    pub partner: Option<String>,
    /// First day.
    pub starts_on: Option<NaiveDate>,
    /// Last day; the inner none makes it open.
    pub ends_on: Option<Option<NaiveDate>>,
    /// Why.
    pub reason: String,
}

/// An affiliation under the lock of its professional, whose other ones these are.
struct Locked {
    professional: ProfessionalRow,
    row: affiliation::Model,
    others: Vec<affiliation::Model>,
}

impl Services {
    /// Sets the last day of a professional's current affiliation, which may lie ahead, and can be changed as long
    /// as it does (A3, A4).
    ///
    /// # Errors
    /// When there is none, or the day lies before its first day or before the last credited award that stands.
    pub async fn affiliation_end(
        &self,
        professional: &str,
        ends_on: NaiveDate,
    ) -> Result<ProfessionalRow, Error> {
        let visibility = self.authorize(Operation::EndAffiliation)?;
        transact!(self, Operation::EndAffiliation, transaction, changes => {
            let found = lock_professional(transaction, &visibility, professional).await?;
            let (professional, ()) = all((found, check_last_day(ends_on)))?;
            let Locked { professional, row: open, others } =
                self.lock_current(transaction, professional).await?;
            check_end(open.starts_on, ends_on)?;
            // Awards before the first window of the partner program credited no partner.
            let editions = &self.policy.editions;
            let credited = editions.legacy().map_or(editions.launch(), |legacy| legacy.from);
            let from = open.starts_on.max(credited);
            let last = ledger::last_standing_day(transaction, professional.id, from).await?;
            if let Some(last) = last.filter(|last| *last > ends_on) {
                let message = format!(
                    "{ends_on} is before {last}, the day of the last award that the partner was credited for; end the \
                     affiliation on that day or later."
                );
                return Err(Refusal::new(Code::Invalid, "endsOn", message).into());
            }
            let ended = affiliation::Model { ends_on: Some(ends_on), ..open.clone() };
            check_overlap(&ended, &others).map_err(|refusal| refusal.of_field("endsOn"))?;
            let partners = subject::lock::<PartnerRow>(transaction, [], [open.partner_id]).await?;
            let posting =
                Posting::open(&self.policy, partners, vec![professional.clone()], std::slice::from_ref(&open));
            let entry = LogEntry {
                ends_on: Some(ends_on),
                ..LogEntry::new(LogAction::AffiliationEnded, Object::Affiliation(open.id))
            };
            let mut posted = self.post_change(transaction, posting, entry, [&open, &ended]).await?;
            posted.emit(0, EventDraft::affiliation(EventKind::AffiliationEnded, &ended, ends_on));
            store::end(transaction, open.id, ends_on).await?;
            posted.write(transaction).await?;
            let (before, after) = (json!({ "endsOn": open.ends_on }), json!({ "endsOn": ends_on }));
            changes.add(change(&open).before(before).after(after));
            Ok(professional)
        })
    }

    /// Puts the affiliation that was meant in the place of one that was entered wrongly. What the wrong one credited
    /// is taken back from its partner, and given to the other, by entries of the awards' own dates (A3).
    ///
    /// # Errors
    /// When there is no such affiliation or partner, it was voided or corrected before, nothing would change, no
    /// reason is given, or the new days are not accepted.
    pub async fn affiliation_correct(
        &self,
        correction: &AffiliationCorrection<'_>,
    ) -> Result<ProfessionalRow, Error> {
        self.authorize(Operation::CorrectAffiliation)?;
        let reason = input::required_reason("reason", &correction.reason);
        transact!(self, Operation::CorrectAffiliation, transaction, changes => {
            let locked = refused(lock_affiliation(transaction, correction.affiliation).await)?;
            let (reason, Locked { professional, row: old, others }) = all((reason.as_ref(), locked))?;
            let (partners, partner) =
                lock_partners(transaction, correction.partner.as_deref(), old.partner_id).await?;
            let new = affiliation::Model {
                id: Uuid::now_v7(),
                partner_id: partner.id,
                starts_on: correction.starts_on.unwrap_or(old.starts_on),
                ends_on: correction.ends_on.unwrap_or(old.ends_on),
                created_at: self.clock.now(),
                replaces_id: Some(old.id),
                ..old.clone()
            };
            check_days((new.starts_on, new.ends_on), Some(&professional), Some(&partner), self.clock.today())?;
            if (old.partner_id, old.starts_on, old.ends_on) == (new.partner_id, new.starts_on, new.ends_on) {
                let message = "The affiliation has this partner and these days already; nothing would change.";
                return Err(Refusal::new(Code::Invalid, "affiliation", message).into());
            }
            // The first day stays unless another one is given.
            let field = if correction.starts_on.is_some() { "startsOn" } else { "endsOn" };
            check_overlap(&new, &others).map_err(|refusal| refusal.of_field(field))?;
            let posting =
                Posting::open(&self.policy, partners, vec![professional.clone()], std::slice::from_ref(&old));
            let entry = LogEntry {
                ends_on: new.ends_on,
                reason: Some(reason.clone()),
                ..LogEntry::new(LogAction::AffiliationCorrected, Object::Affiliation(new.id))
            };
            let mut posted = self.post_change(transaction, posting, entry, [&old, &new]).await?;
            let voided = affiliation::Model { voided: true, ..old.clone() };
            posted.emit(0, EventDraft::affiliation_corrected(&old, &new));
            if old.partner_id != new.partner_id {
                posted.emit(0, EventDraft::affiliation(EventKind::AffiliationVoided, &voided, voided.starts_on));
            }
            store::void(transaction, old.id).await?;
            store::insert(transaction, vec![new.clone()]).await?;
            posted.write(transaction).await?;
            let corrected = change(&old).before(audit_state(&old)).after(audit_state(&voided));
            changes.add(corrected.because(Some(reason)));
            changes.add(change(&new).after(audit_state(&new)).because(Some(reason)));
            Ok(professional)
        })
    }

    /// Voids an affiliation that never was: what it credited is taken back from its partner (A3).
    ///
    /// # Errors
    /// When there is no such affiliation, it was voided or corrected before, or no reason is given.
    pub async fn affiliation_void(
        &self,
        affiliation: ObjectId<'_>,
        reason: &str,
    ) -> Result<ProfessionalRow, Error> {
        self.authorize(Operation::VoidAffiliation)?;
        let reason = input::required_reason("reason", reason);
        transact!(self, Operation::VoidAffiliation, transaction, changes => {
            let locked = refused(lock_affiliation(transaction, affiliation).await)?;
            let (reason, Locked { professional, row, .. }) = all((reason.as_ref(), locked))?;
            let partners = subject::lock::<PartnerRow>(transaction, [], [row.partner_id]).await?;
            let posting =
                Posting::open(&self.policy, partners, vec![professional.clone()], std::slice::from_ref(&row));
            let entry = LogEntry {
                reason: Some(reason.clone()),
                ..LogEntry::new(LogAction::AffiliationVoided, Object::Affiliation(row.id))
            };
            let voided = affiliation::Model { voided: true, ..row.clone() };
            let mut posted = self.post_change(transaction, posting, entry, [&row, &voided]).await?;
            posted.emit(0, EventDraft::affiliation(EventKind::AffiliationVoided, &voided, voided.starts_on));
            store::void(transaction, row.id).await?;
            posted.write(transaction).await?;
            let change = change(&row).before(audit_state(&row)).after(audit_state(&voided));
            changes.add(change.because(Some(reason)));
            Ok(professional)
        })
    }

    /// Posts that an affiliation is now another one, with what that takes back and gives.
    async fn post_change(
        &self,
        transaction: &DatabaseTransaction,
        mut posting: Posting<'_>,
        entry: LogEntry,
        [old, new]: [&affiliation::Model; 2],
    ) -> Result<PostedRows, Error> {
        let first = old.starts_on.min(new.starts_on);
        let last = |row: &affiliation::Model| row.ends_on.unwrap_or(LATEST);
        let span = (old.professional_id, first, last(old).max(last(new)));
        let rows = [old.clone(), new.clone()];
        let found = self.load_awards(transaction, &mut posting, &rows, [span]).await?;
        let (Some(who), Some(partner)) =
            (posting.professional(old.professional_id), posting.partner(new.partner_id))
        else {
            return Err(Error::Damaged("an affiliation without its subjects".to_owned()));
        };
        let step = match (new.voided, new.ends_on) {
            (true, _) => Step::AffiliationVoided(who, old.starts_on),
            (false, Some(ends_on)) if old.id == new.id => Step::AffiliationEnded(who, old.starts_on, ends_on),
            (false, ends_on) => {
                let after = Affiliation { partner, starts_on: new.starts_on, ends_on };
                Step::AffiliationCorrected(who, old.starts_on, after)
            }
        };
        posting
            .apply(entry, Some(step))
            .map_err(|error| Refusal::new(Code::Invalid, "affiliation", error.to_string()))?;
        let mut posted = posting.post(transaction, self).await?;
        posted.name_activities(&found);
        add_credits(transaction, &posted).await?;
        Ok(posted)
    }

    /// The affiliation of a locked professional whose last day is not set or lies ahead.
    async fn lock_current(
        &self,
        transaction: &DatabaseTransaction,
        professional: ProfessionalRow,
    ) -> Result<Locked, Error> {
        let today = self.clock.today();
        let is_current = |row: &affiliation::Model| row.ends_on.is_none_or(|end| end > today);
        let rows = store::of_professionals(transaction, [professional.id]).await?;
        let (current, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_current);
        let row = current.into_iter().next().ok_or_else(|| {
            let message = format!(
                "Professional {} works for no partner at the moment; there is no affiliation to end.",
                professional.code
            );
            Refusal::new(Code::WrongState, "professional", message)
        })?;
        Ok(Locked { professional, row, others })
    }
}

/// Locks the professional of an affiliation, which must stand.
async fn lock_affiliation(transaction: &DatabaseTransaction, id: ObjectId<'_>) -> Result<Locked, Error> {
    let missing = || input::not_found("affiliation", ("affiliation", "id"), id.text);
    let key = id.key.ok_or_else(missing)?;
    let found = store::by_ids(transaction, [key]).await?.pop().ok_or_else(missing)?;
    let professionals = subject::lock::<ProfessionalRow>(transaction, [], [found.professional_id]).await?;
    let professional = professionals.into_iter().next().ok_or_else(missing)?;
    let rows = store::of_professionals(transaction, [professional.id]).await?;
    if let Some(replacement) = rows.iter().find(|row| row.replaces_id == Some(key)) {
        let message = format!(
            "This affiliation was corrected before; correct or void the one in its place, which starts on {}.",
            replacement.starts_on
        );
        return Err(Refusal::new(Code::WrongState, "affiliation", message).into());
    }
    let (own, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.id == key);
    let row = own.into_iter().next().ok_or_else(|| {
        let message = "This affiliation was voided or corrected before, which is final.";
        Refusal::new(Code::WrongState, "affiliation", message)
    })?;
    Ok(Locked { professional, row, others })
}

/// Locks the partner of an affiliation and the one that it was meant for, which is the same where no code is given.
async fn lock_partners(
    transaction: &DatabaseTransaction,
    code: Option<&str>,
    current: Uuid,
) -> Result<(Vec<PartnerRow>, PartnerRow), Error> {
    let plain = code.filter(|code| input::code("partner", code).is_ok());
    let partners = subject::lock::<PartnerRow>(transaction, plain, [current]).await?;
    let is_meant = |row: &&PartnerRow| code.map_or(row.id == current, |code| row.is_called(code));
    let found = partners.iter().find(is_meant).cloned();
    let partner = found.ok_or_else(|| input::no_partner(code.unwrap_or_default()))?;
    Ok((partners, partner))
}

fn audit_state(row: &affiliation::Model) -> serde_json::Value {
    json!({ "startsOn": row.starts_on, "endsOn": row.ends_on, "voided": row.voided })
}
