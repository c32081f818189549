//! The subjects of a batch of activities, looked up by code and locked.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use entity::activity;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{ActivityDraft, SubjectCode};
use crate::error::Error;
use crate::program::fold::can_take;
use crate::service::input;
use crate::service::policy::Policy;
use crate::service::posting::Posting;
use crate::store::affiliation;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::{self, Subject, called};

/// Locked subjects of a batch: professionals first, then partners, each ordered by id, so that
/// transactions do not deadlock.
pub(super) struct Subjects {
    partners: HashMap<String, PartnerRow>,
    professionals: HashMap<String, ProfessionalRow>,
    affiliations: Vec<entity::affiliation::Model>,
}

/// A subject that exists.
pub(super) enum FoundSubject<'s> {
    Partner(&'s PartnerRow),
    Professional(&'s ProfessionalRow),
}

impl Subjects {
    pub(super) async fn lock_for_drafts<'d>(
        transaction: &DatabaseTransaction,
        drafts: impl Iterator<Item = &'d ActivityDraft> + Clone,
    ) -> Result<Self, Error> {
        let mut partner_codes = HashSet::new();
        let mut days: HashMap<&str, Vec<NaiveDate>> = HashMap::new();
        for draft in drafts {
            match &draft.subject {
                SubjectCode::Partner(code) => {
                    partner_codes.insert(code.as_str());
                }
                SubjectCode::Professional(code) => days.entry(code).or_default().push(draft.occurred_on),
            }
        }
        let codes: Vec<&str> = days.keys().copied().filter(|code| is_valid_code(code)).collect();
        let professionals = if codes.is_empty() {
            Vec::new()
        } else {
            subject::lock::<ProfessionalRow>(transaction, codes, []).await?
        };
        // A professional can be meant by more than one code.
        let mut days_of: HashMap<Uuid, Vec<NaiveDate>> = HashMap::new();
        for row in &professionals {
            for code in std::iter::once(row.code.clone()).chain(row.former_codes()) {
                days_of.entry(row.id).or_default().extend(days.get(code.as_str()).into_iter().flatten());
            }
        }
        let affiliations = if professionals.is_empty() {
            Vec::new()
        } else {
            affiliation::of_professionals(transaction, professionals.iter().map(|row| row.id)).await?
        };
        let needed = affiliations.iter().filter(|row| {
            let days = days_of.get(&row.professional_id);
            let covers = |day: &NaiveDate| row.starts_on <= *day && row.ends_on.is_none_or(|end| *day <= end);
            days.is_some_and(|days| days.iter().any(covers))
        });
        let partner_ids: HashSet<Uuid> = needed.map(|row| row.partner_id).collect();
        partner_codes.retain(|code| is_valid_code(code));
        let partners = if partner_codes.is_empty() && partner_ids.is_empty() {
            Vec::new()
        } else {
            subject::lock::<PartnerRow>(transaction, partner_codes, partner_ids).await?
        };
        Ok(Self {
            partners: partners.into_iter().map(|row| (row.code.clone(), row)).collect(),
            professionals: professionals.into_iter().map(|row| (row.code.clone(), row)).collect(),
            affiliations,
        })
    }

    /// Locks the subjects of stored activities, and the partners that their professionals work for on those days.
    pub(super) async fn lock_for_activities(
        transaction: &DatabaseTransaction,
        policy: &Policy,
        rows: &[activity::Model],
    ) -> Result<Self, Error> {
        // Where kinds take points, those of other days can give back what they took.
        let every_day = can_take(&policy.editions);
        let mut partner_ids: HashSet<Uuid> = rows.iter().filter_map(|row| row.partner_id).collect();
        let mut professionals = Vec::new();
        let mut affiliations = Vec::new();
        let people: HashSet<Uuid> = rows.iter().filter_map(|row| row.professional_id).collect();
        if !people.is_empty() {
            professionals = subject::lock::<ProfessionalRow>(transaction, [], people.iter().copied()).await?;
            affiliations = affiliation::of_professionals(transaction, people).await?;
            let mut spans: HashMap<Uuid, Vec<&entity::affiliation::Model>> = HashMap::new();
            for one in &affiliations {
                spans.entry(one.professional_id).or_default().push(one);
            }
            for row in rows {
                let of_person = row.professional_id.and_then(|id| spans.get(&id)).into_iter().flatten();
                let covers = |one: &&&entity::affiliation::Model| {
                    let on = row.occurred_on;
                    every_day || (one.starts_on <= on && one.ends_on.is_none_or(|end| on <= end))
                };
                partner_ids.extend(of_person.filter(covers).map(|one| one.partner_id));
            }
        }
        let partners = if partner_ids.is_empty() {
            Vec::new()
        } else {
            subject::lock::<PartnerRow>(transaction, [], partner_ids).await?
        };
        Ok(Self {
            partners: partners.into_iter().map(|row| (row.code.clone(), row)).collect(),
            professionals: professionals.into_iter().map(|row| (row.code.clone(), row)).collect(),
            affiliations,
        })
    }

    pub(super) fn posting<'p>(&self, policy: &'p Policy) -> Posting<'p> {
        let partners = self.partners.values().cloned().collect();
        let professionals = self.professionals.values().cloned().collect();
        Posting::open(policy, partners, professionals, &self.affiliations)
    }

    pub(super) fn find(&self, subject: &SubjectCode) -> Option<FoundSubject<'_>> {
        match subject {
            SubjectCode::Partner(code) => called(&self.partners, code).map(FoundSubject::Partner),
            SubjectCode::Professional(code) => {
                called(&self.professionals, code).map(FoundSubject::Professional)
            }
        }
    }
}

/// Whether a code is well-formed; others are not sent to the database, which may reject NUL.
fn is_valid_code(code: &str) -> bool {
    input::code("code", code).is_ok()
}

impl FoundSubject<'_> {
    pub(super) fn partner_id(&self) -> Option<Uuid> {
        match self {
            Self::Partner(row) => Some(row.id),
            Self::Professional(_) => None,
        }
    }

    pub(super) fn professional_id(&self) -> Option<Uuid> {
        match self {
            Self::Partner(_) => None,
            Self::Professional(row) => Some(row.id),
        }
    }

    /// Last day in the program, if there is one.
    pub(super) fn member_until(&self) -> Option<NaiveDate> {
        match self {
            Self::Partner(row) => row.left_on,
            Self::Professional(row) => row.left_on,
        }
    }

    /// Day of enrolment or sign-up.
    pub(super) fn member_since(&self) -> NaiveDate {
        match self {
            Self::Partner(row) => row.enrolled_on,
            Self::Professional(row) => row.signed_up_on,
        }
    }
}
