//! Enrolling partners and signing up professionals.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{partner, professional};
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::{Services, input, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::level_change::{partner_levels_due, professional_level_due};
use crate::program::refusal::{Code, Refusal};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;
use crate::store::{partner as partners, professional as professionals};

/// Nobody enrolled before this day; an earlier date is a slip of the pen.
const FIRST_DAY_MIN: NaiveDate = NaiveDate::from_ymd_opt(1990, 1, 1).expect("a date");

/// A partner as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerDraft {
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// First day in the program.
    pub enrolled_on: NaiveDate,
}

/// A professional as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfessionalDraft {
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// Address for mail.
    pub email: String,
    /// Day of sign-up.
    pub signed_up_on: NaiveDate,
}

/// Outcome of adding one row.
#[derive(Clone, Debug)]
pub enum AddOutcome<T> {
    /// It is new.
    Created(T),
    /// It was there already, with the same content.
    Duplicate(T),
    /// It was refused, and nothing has changed.
    Refused(Refusal),
}

impl Services {
    /// Enrols partners, each by itself: one that is refused spoils no other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_add(
        &self,
        drafts: &[PartnerDraft],
    ) -> Result<Vec<AddOutcome<partner::Model>>, Error> {
        let checked: Vec<Result<partner::Model, Refusal>> =
            drafts.iter().map(|draft| self.check_partner(draft)).collect();
        transact!(self, Operation::CreatePartner, transaction, changes => {
            let codes: Vec<String> = checked.iter().flatten().map(|row| row.code.clone()).collect();
            let existing = subject::existing::<PartnerRow>(transaction, &codes).await?;
            let (added, rows) = split_new(
                &checked,
                existing,
                |row| &row.code,
                |one, other| (&one.name, one.enrolled_on) == (&other.name, other.enrolled_on),
                "partner",
            );
            for row in &rows {
                let after = json!({ "code": row.code, "name": row.name, "enrolledOn": row.enrolled_on });
                changes.add(Change::of("Partner", row.id).about(Some(row.id), None).after(after));
            }
            let (editions, today) = (&self.policy.editions, self.clock.today());
            let first = editions.at(today).partner_levels.reached(0).map_or("", |level| &level.code);
            partners::insert(transaction, rows, first, partner_levels_due(editions, today)).await?;
            Ok(added)
        })
    }

    /// Signs professionals up, each by itself: one that is refused spoils no other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_add(
        &self,
        drafts: &[ProfessionalDraft],
    ) -> Result<Vec<AddOutcome<professional::Model>>, Error> {
        let checked: Vec<Result<professional::Model, Refusal>> =
            drafts.iter().map(|draft| self.check_professional(draft)).collect();
        transact!(self, Operation::SignUpProfessional, transaction, changes => {
            let codes: Vec<String> = checked.iter().flatten().map(|row| row.code.clone()).collect();
            let existing = subject::existing::<ProfessionalRow>(transaction, &codes).await?;
            let (added, rows) = split_new(
                &checked,
                existing,
                |row| &row.code,
                |one, other| {
                    (&one.name, &one.email, one.signed_up_on, one.erased_at)
                        == (&other.name, &other.email, other.signed_up_on, other.erased_at)
                },
                "professional",
            );
            for row in &rows {
                // Neither name nor address: they can be erased, and the audit log can't.
                let after = json!({ "code": row.code, "signedUpOn": row.signed_up_on });
                changes.add(Change::of("Professional", row.id).about(None, Some(row.id)).after(after));
            }
            let (editions, today) = (&self.policy.editions, self.clock.today());
            let due = |row: &professional::Model| professional_level_due(editions, row.signed_up_on, today);
            professionals::insert(transaction, rows, due).await?;
            Ok(added)
        })
    }

    fn check_partner(&self, draft: &PartnerDraft) -> Result<partner::Model, Refusal> {
        Ok(partner::Model {
            id: Uuid::now_v7(),
            code: input::code("code", &draft.code)?,
            name: input::name("name", &draft.name)?,
            enrolled_on: self.check_first_day("enrolledOn", draft.enrolled_on)?,
            created_at: self.clock.now(),
        })
    }

    fn check_professional(&self, draft: &ProfessionalDraft) -> Result<professional::Model, Refusal> {
        Ok(professional::Model {
            id: Uuid::now_v7(),
            code: input::code("code", &draft.code)?,
            name: input::name("name", &draft.name)?,
            email: Some(input::email("email", &draft.email)?),
            signed_up_on: self.check_first_day("signedUpOn", draft.signed_up_on)?,
            created_at: self.clock.now(),
            erased_at: None,
        })
    }

    fn check_first_day(&self, field: &str, day: NaiveDate) -> Result<NaiveDate, Refusal> {
        let today = self.clock.today();
        if day > today {
            return Err(Refusal::new(Code::DateInFuture, field, format!("{day} lies after today, {today}.")));
        }
        if day < FIRST_DAY_MIN {
            return Err(Refusal::new(Code::Invalid, field, format!("{day} lies before {FIRST_DAY_MIN}.")));
        }
        Ok(day)
    }
}

/// Separates new rows from existing ones; returns the outcomes and the rows to insert.
fn split_new<T: Clone>(
    checked: &[Result<T, Refusal>],
    existing: Vec<T>,
    code: impl Fn(&T) -> &String,
    same: impl Fn(&T, &T) -> bool,
    what: &str,
) -> (Vec<AddOutcome<T>>, Vec<T>) {
    let mut known: HashMap<String, T> = existing.into_iter().map(|row| (code(&row).clone(), row)).collect();
    let mut new = Vec::new();
    let added = checked
        .iter()
        .map(|row| match row {
            Err(refusal) => AddOutcome::Refused(refusal.clone()),
            Ok(row) => match known.get(code(row)) {
                Some(first) if same(first, row) => AddOutcome::Duplicate(first.clone()),
                Some(_) => {
                    let message = format!("There is another {what} with this code: codes are unique.");
                    AddOutcome::Refused(Refusal::new(Code::AlreadyExists, "code", message))
                }
                None => {
                    known.insert(code(row).clone(), row.clone());
                    new.push(row.clone());
                    AddOutcome::Created(row.clone())
                }
            },
        })
        .collect();
    (added, new)
}
