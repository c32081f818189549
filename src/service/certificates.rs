//! Certificates of levels: issuing them, reading them, and whether they can be relied on.
//!
//! A certificate is a row that says which level of whom, for which days; it never changes. Everything else follows when it
//! is read: the name is the holder's as it is then, and the status that of the records as they are then. So a voiding, a
//! correction, a merge or a recalculation needs no step here, and an erasure leaves no name behind.

mod records;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{NaiveDate, TimeDelta};
use entity::certificate;
use entity::value::CertifiedLevel;
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::access::Visibility;
use super::audit::Change;
use super::{Services, input, transact};
use crate::access::Operation;
use crate::credential::{self, Achievement, Badge, Issuer, PLACES, StatusEntry, StatusList};
use crate::error::Error;
use crate::program::certificate::{HeldLevel, Status, certifiable};
use crate::program::level_terms::FOREVER;
use crate::program::refusal::{Code, Refusal};
use crate::program::wording::quoted;
use crate::program::{Level, Program, Track};
use crate::store::certificate as store;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
use records::Holders;

/// Certificates of a status list. Half of its places stay free, so that a free one is found at once.
const LIST_MAX: i64 = 65_536;
/// Random bytes in the address of a certificate.
const TOKEN_BYTES: usize = 16;

/// Whose level is to be certified: a partner's, overall or of a track, or a professional's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateSubject {
    /// Code of the partner.
    pub partner: Option<String>,
    /// The track; the overall level by default.
    pub track: Option<Track>,
    /// Code of the professional.
    pub professional: Option<String>,
}

/// A certificate as it is now.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// What was issued.
    pub row: certificate::Model,
    /// Name of the holder: after a merge, of the one that remains; none once it was erased.
    pub holder: Option<String>,
    /// The level, as the edition of its first day has it.
    pub level: Arc<Level>,
    /// Whether it can be relied on.
    pub status: Status,
}

impl Certificate {
    /// The last day; none if the level is never lost.
    #[must_use]
    pub fn valid_until(&self) -> Option<NaiveDate> {
        Some(self.row.valid_until).filter(|day| *day < FOREVER)
    }

    /// Which level of the holder it is about.
    #[must_use]
    pub fn level_of(&self) -> credential::CertifiedLevel {
        match self.row.level_of {
            CertifiedLevel::Technical => credential::CertifiedLevel::Technical,
            CertifiedLevel::Business => credential::CertifiedLevel::Business,
            CertifiedLevel::Overall => credential::CertifiedLevel::Overall,
            CertifiedLevel::Professional => credential::CertifiedLevel::Professional,
        }
    }

    /// The level as an achievement.
    #[must_use]
    pub fn achievement(&self) -> Achievement<'_> {
        achievement(self.level_of(), &self.level)
    }
}

fn achievement(level_of: credential::CertifiedLevel, level: &Level) -> Achievement<'_> {
    Achievement { level_of, code: &level.code, name: &level.name, threshold: level.threshold }
}

/// Whose certificate is issued.
enum Holder {
    Partner(PartnerRow),
    Professional(ProfessionalRow),
}

impl Services {
    /// The same services, which issue certificates.
    #[must_use]
    pub fn with_issuer(self, issuer: Arc<Issuer>) -> Self {
        Self { issuer: Some(issuer), ..self }
    }

    /// Who issues certificates; none where that is not set up.
    #[must_use]
    pub fn issuer(&self) -> Option<&Arc<Issuer>> {
        self.issuer.as_ref()
    }

    /// Issues the certificate of a level that is held today. For the same level and the same days it is the same one.
    ///
    /// # Errors
    /// When certificates are not set up, there is no such holder, its personal data was erased, or it holds no level that
    /// was earned or set.
    pub async fn certificate_issue(&self, subject: &CertificateSubject) -> Result<Certificate, Error> {
        let visibility = self.authorize(Operation::IssueCertificate)?;
        check_subject(subject)?;
        let holder = self.certificate_holder(subject, &visibility).await?;
        if self.issuer.is_none() {
            let message = if self.sandbox_id().is_some() {
                "This is a sandbox, which issues no certificates; the program that it is a copy of does."
            } else {
                "This server issues no certificates: CERTIFICATE_ISSUER and CERTIFICATE_KEY_FILE are not set."
            };
            return Err(
                Refusal { code: Code::WrongState, message: message.to_owned(), field: Vec::new() }.into()
            );
        }
        let (new, held) = self.certified(&holder, subject.track).await?;
        let row = transact!(self, Operation::IssueCertificate, transaction, changes => {
            if let Some(row) = store::same(transaction, &new).await? {
                return Ok(row);
            }
            let (list, place) = free_place(transaction).await?;
            let row = certificate::Model {
                id: Uuid::now_v7(),
                token: token()?,
                list,
                place,
                issued_at: self.clock.now(),
                ..new.clone()
            };
            store::insert(transaction, row.clone()).await?;
            let after = json!({
                "levelOf": row.level_of.to_value(), "level": row.level, "validFrom": row.valid_from,
                "validUntil": row.valid_until,
            });
            let change = Change::of("Certificate", row.id).about(row.partner_id, row.professional_id);
            changes.add(change.after(after));
            Ok(row)
        })?;
        let holder = match holder {
            Holder::Partner(row) => row.name,
            Holder::Professional(row) => row.name,
        };
        Ok(Certificate { row, holder: Some(holder), level: held.level, status: Status::Valid })
    }

    /// The holder with a code, where it exists for the caller.
    async fn certificate_holder(
        &self,
        subject: &CertificateSubject,
        visibility: &Visibility,
    ) -> Result<Holder, Error> {
        if let Some(code) = &subject.partner {
            let found = match input::code("partner", code) {
                Ok(code) => subject::by_code::<PartnerRow>(self.db.reader(), &code).await?,
                // What no code can be is not sent to a database, which may refuse NUL.
                Err(_) => None,
            };
            let found = found.filter(|row| visibility.can_see_partner(row.id));
            return Ok(Holder::Partner(found.ok_or_else(|| input::no_partner(code))?));
        }
        let code = subject.professional.as_deref().unwrap_or_default();
        let found = match input::code("professional", code) {
            Ok(code) => subject::by_code::<ProfessionalRow>(self.db.reader(), &code).await?,
            Err(_) => None,
        };
        // A partner sees the level of those who work for it today.
        let shown = self.with_visible_points(found.iter().map(|row| row.id), self.clock.today()).await?;
        let found = found.filter(|row| shown.as_ref().is_none_or(|shown| shown.contains(&row.id)));
        Ok(Holder::Professional(found.ok_or_else(|| input::no_professional(code))?))
    }

    /// What is certified today, without what a new certificate gets.
    async fn certified(
        &self,
        holder: &Holder,
        track: Option<Track>,
    ) -> Result<(certificate::Model, HeldLevel), Error> {
        let (partner_id, professional_id, field, code) = match holder {
            Holder::Partner(row) => (Some(row.id), None, "partner", &row.code),
            Holder::Professional(row) => (None, Some(row.id), "professional", &row.code),
        };
        let level_of = match (holder, track) {
            (Holder::Professional(_), _) => CertifiedLevel::Professional,
            (Holder::Partner(_), None) => CertifiedLevel::Overall,
            (Holder::Partner(_), Some(Track::Technical)) => CertifiedLevel::Technical,
            (Holder::Partner(_), Some(Track::Business)) => CertifiedLevel::Business,
        };
        let holders = self.holders(partner_id, professional_id).await?;
        if professional_id.is_some_and(|id| holders.is_erased(id)) {
            let message =
                format!("The personal data of {} was erased, so there is no name to certify.", quoted(code));
            return Err(Refusal::new(Code::WrongState, field, message).into());
        }
        let records = holders.records(partner_id.or(professional_id), level_of);
        let (editions, today) = (&self.policy.editions, self.clock.today());
        let held = certifiable(editions, program(level_of), records, today).ok_or_else(|| {
            let message =
                format!("{} holds no level on {today} that a certificate can be issued for.", quoted(code));
            Refusal::new(Code::NotEligible, field, message)
        })?;
        let new = certificate::Model {
            id: Uuid::nil(),
            token: String::new(),
            partner_id,
            professional_id,
            level_of,
            level: held.level.code.clone(),
            valid_from: held.from,
            valid_until: held.until,
            list: 0,
            place: 0,
            issued_at: self.clock.now(),
        };
        Ok((new, held))
    }

    /// Certificates of partners, in the order of issuing.
    ///
    /// # Errors
    /// When the caller may not see certificates or these partners' accounts, or the database fails.
    pub async fn certificates_of_partners(
        &self,
        partners: &[PartnerRow],
    ) -> Result<HashMap<Uuid, Vec<Certificate>>, Error> {
        self.authorize(Operation::Certificate)?;
        self.authorize_accounts(partners.iter().map(|row| row.id))?;
        if self.issuer.is_none() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = partners.iter().map(|row| row.id).collect();
        self.by_holder(store::of_partners(self.db.reader(), &ids).await?).await
    }

    /// Certificates of professionals, in the order of issuing. A partner sees those of professionals who work for it today.
    ///
    /// # Errors
    /// When the caller may not see certificates, or the database fails.
    pub async fn certificates_of_professionals(
        &self,
        professionals: &[ProfessionalRow],
    ) -> Result<HashMap<Uuid, Vec<Certificate>>, Error> {
        self.authorize(Operation::Certificate)?;
        let ids = professionals.iter().map(|row| row.id);
        let shown = self.with_visible_points(ids.clone(), self.clock.today()).await?;
        if self.issuer.is_none() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = ids.filter(|id| shown.as_ref().is_none_or(|shown| shown.contains(id))).collect();
        self.by_holder(store::of_professionals(self.db.reader(), &ids).await?).await
    }

    /// Certificates by id; those that don't exist or are not visible are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn certificates_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Certificate>, Error> {
        let visibility = self.visibility(Operation::Certificate);
        if self.issuer.is_none() || visibility == Visibility::Nothing {
            return Ok(HashMap::new());
        }
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let holders = self.holders_of(&rows).await?;
        let people: Vec<Uuid> = rows.iter().filter_map(|row| holders.professional(row)).collect();
        let shown = self.with_visible_points(people.into_iter(), self.clock.today()).await?;
        let is_shown = |row: &certificate::Model| {
            holders.partner(row).is_some_and(|id| visibility.can_see_partner(id))
                || holders
                    .professional(row)
                    .is_some_and(|id| shown.as_ref().is_none_or(|shown| shown.contains(&id)))
        };
        let rows = rows.into_iter().filter(is_shown);
        rows.map(|row| Ok((row.id, self.as_it_is(row, &holders)?))).collect()
    }

    async fn by_holder(
        &self,
        rows: Vec<certificate::Model>,
    ) -> Result<HashMap<Uuid, Vec<Certificate>>, Error> {
        let holders = self.holders_of(&rows).await?;
        let mut found: HashMap<Uuid, Vec<Certificate>> = HashMap::new();
        for row in rows {
            if let Some(id) = holders.partner(&row).or(holders.professional(&row)) {
                found.entry(id).or_default().push(self.as_it_is(row, &holders)?);
            }
        }
        Ok(found)
    }

    /// The certificate at an address, for whoever has the address: nobody can guess it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn certificate_at(&self, token: &str) -> Result<Option<Certificate>, Error> {
        let is_token = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        // What no address can be is not sent to a database, which may refuse NUL.
        if self.issuer.is_none() || token.len() > 64 || !token.bytes().all(is_token) {
            return Ok(None);
        }
        let Some(row) = store::by_token(self.db.reader(), token).await? else { return Ok(None) };
        let holders = self.holders(row.partner_id, row.professional_id).await?;
        self.as_it_is(row, &holders).map(Some)
    }

    /// The certificate as a signed token; none once the holder's name was erased.
    ///
    /// # Errors
    /// When it can't be signed.
    pub fn certificate_token(&self, certificate: &Certificate) -> Result<Option<String>, Error> {
        let (Some(issuer), Some(holder)) = (&self.issuer, &certificate.holder) else { return Ok(None) };
        let until = certificate.valid_until().and_then(|day| day.succ_opt());
        let badge = Badge {
            token: &certificate.row.token,
            holder,
            achievement: certificate.achievement(),
            from: self.clock.start_of(certificate.row.valid_from),
            until: until.map(|day| self.clock.start_of(day) - TimeDelta::seconds(1)),
            status: StatusEntry { list: certificate.row.list, place: certificate.row.place },
        };
        issuer.sign_badge(&badge).map(Some).map_err(|error| Error::Damaged(error.to_string()))
    }

    /// A status list as a signed token, for everybody; none if it has no certificate.
    ///
    /// # Errors
    /// When the database fails, or it can't be signed.
    pub async fn certificate_status_list(&self, number: i32) -> Result<Option<String>, Error> {
        let Some(issuer) = &self.issuer else { return Ok(None) };
        let rows = store::of_list(self.db.reader(), number).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let holders = self.holders_of(&rows).await?;
        let revoked = rows.iter().filter(|row| self.status_of(row, &holders) == Status::Revoked);
        let list = StatusList::new(number, revoked.map(|row| row.place));
        // Those who verify it compare its time with their own clocks.
        let signed = issuer.sign_status_list(&list, self.clock.real());
        signed.map(Some).map_err(|error| Error::Damaged(error.to_string()))
    }

    /// A level of the edition in force as an achievement, for everybody; none if there is no such level.
    #[must_use]
    pub fn certified_achievement(&self, level_of: &str, code: &str) -> Option<serde_json::Value> {
        let issuer = self.issuer.as_ref()?;
        let level_of = credential::CertifiedLevel::ALL.into_iter().find(|one| one.word() == level_of)?;
        let program = match level_of {
            credential::CertifiedLevel::Professional => Program::Professional,
            _ => Program::Partner,
        };
        let level = self.level_by_code(program, code, self.clock.today())?;
        Some(achievement(level_of, &level).to_json(issuer))
    }

    /// The certificate of a row, by what its holder is now.
    fn as_it_is(&self, row: certificate::Model, holders: &Holders) -> Result<Certificate, Error> {
        let level = self.level_by_code(program(row.level_of), &row.level, row.valid_from);
        let level = level.ok_or_else(|| Error::Damaged("the level of a certificate".to_owned()))?;
        let status = self.status_of(&row, holders);
        let holder = holders.name(&row);
        Ok(Certificate { row, holder, level, status })
    }

    /// A level as the edition of a day has it, or otherwise the newest edition that has it.
    fn level_by_code(&self, program: Program, code: &str, day: NaiveDate) -> Option<Arc<Level>> {
        let editions = &self.policy.editions;
        let of = |edition: &crate::program::Edition| match program {
            Program::Partner => edition.partner_levels.by_code(code).cloned(),
            Program::Professional => edition.professional_levels.by_code(code).cloned(),
        };
        of(editions.at(day)).or_else(|| editions.iter().filter_map(of).last())
    }
}

/// The program that a level belongs to.
fn program(level_of: CertifiedLevel) -> Program {
    if level_of == CertifiedLevel::Professional { Program::Professional } else { Program::Partner }
}

/// Exactly one holder; a track for a partner only.
fn check_subject(subject: &CertificateSubject) -> Result<(), Refusal> {
    match (&subject.partner, &subject.track, &subject.professional) {
        (Some(_), _, None) | (None, None, Some(_)) => Ok(()),
        (None, Some(_), Some(_)) => {
            Err(Refusal::new(Code::Invalid, "track", "A professional's level has no track; leave it out."))
        }
        _ => {
            let message = "Give either a partner, with a track or without, or a professional.";
            Err(Refusal::new(Code::Invalid, "partner", message))
        }
    }
}

/// A free place in the newest list that has room. It is random, so that a place does not tell when it was given.
async fn free_place(transaction: &DatabaseTransaction) -> Result<(i32, i32), Error> {
    let list = match store::newest_list(transaction).await? {
        None => 1,
        Some((list, certificates)) if certificates < LIST_MAX => list,
        Some((list, _)) => list + 1,
    };
    loop {
        let place = i32::try_from(random_place()?).unwrap_or_default();
        if !store::is_taken(transaction, (list, place)).await? {
            return Ok((list, place));
        }
    }
}

fn random_place() -> Result<u32, Error> {
    let number = getrandom::u32().map_err(no_random_bytes)?;
    Ok(number % PLACES.unsigned_abs())
}

fn token() -> Result<String, Error> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(no_random_bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn no_random_bytes(error: getrandom::Error) -> Error {
    Error::Damaged(format!("no random bytes: {error}"))
}
