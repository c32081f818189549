//! Enrolling partners and signing up professionals.

mod ends;
mod merges;
mod overrides;
mod partner_merges;
mod updates;

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{partner, professional};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::access::Visibility;
use super::audit::Change;
use super::events::EventDraft;
use super::input::differing;
use super::{Services, input, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::level_change::{
    Membership, PartnerTotals, Points, partner_levels_due, professional_level_due,
};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::search::fold_all;
use crate::program::wording::quoted;
use crate::service::posting::{set_partner_prospects, set_renewal};
use crate::store::partner::{self as partners, PartnerRow};
use crate::store::professional::{self as professionals, ProfessionalRow};
use crate::store::subject;
pub(super) use ends::check_last_day;
pub(super) use merges::{dropped, logged_as_dropped};
pub(super) use overrides::apply_override;
pub use overrides::{OverriddenSubject, OverrideDraft, OverrideSubject};
pub use updates::{PartnerUpdate, ProfessionalUpdate};

/// First day of the first subject; an earlier date is a typing error.
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
    Refused(Refusals),
}

impl Services {
    /// Enrols partners, each by itself: one that is refused does not affect the others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_add(
        &self,
        drafts: &[PartnerDraft],
    ) -> Result<Vec<AddOutcome<partner::Model>>, Error> {
        let checked: Vec<CheckedRow<'_, partner::Model>> = drafts
            .iter()
            .map(|draft| CheckedRow { code: &draft.code, row: self.check_partner(draft) })
            .collect();
        transact!(self, Operation::CreatePartner, transaction, changes => {
            let existing = subject::in_any_case::<PartnerRow>(transaction, &codes(&checked)).await?;
            let (added, rows) = split_new(
                &checked,
                existing,
                |row| (&row.code, row.merged_into.is_some()),
                |one, other| {
                    differing([
                        ("name", one.name != other.name),
                        ("enrolledOn", one.enrolled_on != other.enrolled_on),
                    ])
                },
                "partner",
            );
            for row in &rows {
                let after = json!({ "code": row.code, "name": row.name, "enrolledOn": row.enrolled_on });
                changes.add(Change::of("Partner", row.id).about(Some(row.id), None).after(after));
            }
            let (editions, today) = (&self.policy.editions, self.clock.today());
            let first = editions.at(today).partner_levels.reached(0).map_or("", |level| &level.code);
            let codes: Vec<(Uuid, String)> = rows.iter().map(|row| (row.id, row.code.clone())).collect();
            let events = rows.iter().map(|row| EventDraft::enrolled(row, first)).collect();
            let set_levels = |row: &mut PartnerRow| {
                (row.technical_level, row.business_level) = (Some(first.to_owned()), Some(first.to_owned()));
                row.levels_due = partner_levels_due(editions, &[], today);
                set_partner_prospects(editions, row, &PartnerTotals::new());
            };
            partners::insert(transaction, rows, set_levels).await?;
            self.emit(transaction, codes, events, None).await?;
            Ok(added)
        })
    }

    /// Signs professionals up, each by itself: one that is refused does not affect the others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_add(
        &self,
        drafts: &[ProfessionalDraft],
    ) -> Result<Vec<AddOutcome<professional::Model>>, Error> {
        let checked: Vec<CheckedRow<'_, professional::Model>> = drafts
            .iter()
            .map(|draft| CheckedRow { code: &draft.code, row: self.check_professional(draft) })
            .collect();
        transact!(self, Operation::SignUpProfessional, transaction, changes => {
            let existing = subject::in_any_case::<ProfessionalRow>(transaction, &codes(&checked)).await?;
            let (added, rows) = split_new(
                &checked,
                existing,
                |row| (&row.code, row.merged_into.is_some()),
                |one, other| {
                    differing([
                        ("name", one.name != other.name || one.erased_at != other.erased_at),
                        ("email", one.email != other.email),
                        ("signedUpOn", one.signed_up_on != other.signed_up_on),
                    ])
                },
                "professional",
            );
            for row in &rows {
                // Neither name nor address: they can be erased, and the audit log can't.
                let after = json!({ "code": row.code, "signedUpOn": row.signed_up_on });
                changes.add(Change::of("Professional", row.id).about(None, Some(row.id)).after(after));
            }
            let (editions, today) = (&self.policy.editions, self.clock.today());
            let set_level = |row: &mut ProfessionalRow| {
                let of = Membership { signed_up_on: row.signed_up_on, overrides: &[] };
                row.level_due = professional_level_due(editions, of, today);
                set_renewal(editions, row, &Points::new());
            };
            let codes: Vec<(Uuid, String)> = rows.iter().map(|row| (row.id, row.code.clone())).collect();
            let events = rows.iter().map(EventDraft::signed_up).collect();
            professionals::insert(transaction, rows, set_level).await?;
            self.emit(transaction, codes, events, None).await?;
            Ok(added)
        })
    }

    fn check_partner(&self, draft: &PartnerDraft) -> Result<partner::Model, Refusals> {
        let (code, name, enrolled_on) = all((
            input::code("code", &draft.code),
            input::name("name", &draft.name),
            self.check_first_day("enrolledOn", draft.enrolled_on),
        ))?;
        let search_key = Some(fold_all(&[&code, &name]));
        Ok(partner::Model {
            id: Uuid::now_v7(),
            code,
            name,
            enrolled_on,
            created_at: self.clock.now(),
            search_key,
            left_on: None,
            level_overrides: None,
            merged_into: None,
            former_codes: None,
        })
    }

    fn check_professional(&self, draft: &ProfessionalDraft) -> Result<professional::Model, Refusals> {
        let (code, name, email, signed_up_on) = all((
            input::code("code", &draft.code),
            input::name("name", &draft.name),
            input::email("email", &draft.email),
            self.check_first_day("signedUpOn", draft.signed_up_on),
        ))?;
        let (search_key, email_key) = (Some(fold_all(&[&code, &name])), Some(fold_all(&[&email])));
        Ok(professional::Model {
            id: Uuid::now_v7(),
            code,
            name,
            email: Some(email),
            signed_up_on,
            created_at: self.clock.now(),
            erased_at: None,
            search_key,
            email_key,
            left_on: None,
            level_overrides: None,
            merged_into: None,
            former_codes: None,
        })
    }

    fn check_first_day(&self, field: &str, day: NaiveDate) -> Result<NaiveDate, Refusal> {
        let today = self.clock.today();
        input::not_in_future(field, day, today)?;
        if day < FIRST_DAY_MIN {
            let message =
                format!("{day} is out of range; {field} is from {FIRST_DAY_MIN} to today, {today}.");
            return Err(Refusal::new(Code::Invalid, field, message));
        }
        Ok(day)
    }
}

/// Locks the partner with a code, where it exists for the caller.
pub(super) async fn lock_partner(
    transaction: &DatabaseTransaction,
    visibility: &Visibility,
    code: &str,
) -> Result<Result<PartnerRow, Refusal>, Error> {
    let found = match input::code("partner", code) {
        Ok(code) => subject::lock::<PartnerRow>(transaction, [code.as_str()], []).await?.pop(),
        // What no code can be is not sent to a database, which may refuse NUL.
        Err(_) => None,
    };
    Ok(found.filter(|row| visibility.can_see_partner(row.id)).ok_or_else(|| input::no_partner(code)))
}

/// Locks the professional with a code, where the person exists for the caller.
pub(super) async fn lock_professional(
    transaction: &DatabaseTransaction,
    visibility: &Visibility,
    code: &str,
) -> Result<Result<ProfessionalRow, Refusal>, Error> {
    let found = match input::code("professional", code) {
        Ok(code) => subject::lock::<ProfessionalRow>(transaction, [code.as_str()], []).await?.pop(),
        Err(_) => None,
    };
    let found = found.filter(|row| visibility.can_see_professional(row.id));
    Ok(found.ok_or_else(|| input::no_professional(code)))
}

/// A row that is to be added, checked by itself.
struct CheckedRow<'d, T> {
    /// The code as it was sent.
    code: &'d str,
    row: Result<T, Refusals>,
}

/// The codes that existing rows can have.
fn codes<T>(checked: &[CheckedRow<'_, T>]) -> Vec<String> {
    checked.iter().filter_map(|checked| input::code("code", checked.code).ok()).collect()
}

/// Separates new rows from existing ones; returns the outcomes and the rows to insert. `differs` names the fields in
/// which an existing row differs from the received one.
fn split_new<T: Clone>(
    checked: &[CheckedRow<'_, T>],
    existing: Vec<T>,
    code_and_merged: impl Fn(&T) -> (&String, bool),
    differs: impl Fn(&T, &T) -> Vec<&'static str>,
    what: &str,
) -> (Vec<AddOutcome<T>>, Vec<T>) {
    let code = |row: &T| code_and_merged(row).0.clone();
    let mut in_any_case: HashMap<String, String> =
        existing.iter().map(|row| (code(row).to_ascii_lowercase(), code(row))).collect();
    let mut known: HashMap<String, T> = existing.into_iter().map(|row| (code(&row), row)).collect();
    let mut new = Vec::new();
    let mut outcomes = Vec::with_capacity(checked.len());
    for checked in checked {
        let similar = in_any_case.get(&checked.code.to_ascii_lowercase());
        let outcome = match (&checked.row, known.get(checked.code)) {
            (Ok(_), None) if similar.is_some() => {
                let taken = similar.map_or("", String::as_str);
                AddOutcome::Refused(differs_by_case(what, checked.code, taken).into())
            }
            (Err(refusals), None) => AddOutcome::Refused(refusals.clone()),
            (Err(refusals), Some(_)) => {
                AddOutcome::Refused(refusals.clone().and(already_exists(what, checked.code, &[])))
            }
            (Ok(row), None) => {
                in_any_case.insert(code(row).to_ascii_lowercase(), code(row));
                known.insert(code(row), row.clone());
                new.push(row.clone());
                AddOutcome::Created(row.clone())
            }
            (Ok(_), Some(first)) if code_and_merged(first).1 => {
                AddOutcome::Refused(was_merged(what, checked.code).into())
            }
            (Ok(row), Some(first)) => match differs(first, row)[..] {
                [] => AddOutcome::Duplicate(first.clone()),
                ref fields => AddOutcome::Refused(already_exists(what, checked.code, fields).into()),
            },
        };
        outcomes.push(outcome);
    }
    (outcomes, new)
}

/// That a subject with a code exists. `fields` are those in which it differs from what was sent.
#[must_use]
pub fn already_exists(what: &str, code: &str, fields: &[&str]) -> Refusal {
    let code = quoted(code);
    let differs = match fields {
        [] => String::new(),
        fields => format!(", with another {}", fields.join(", another ")),
    };
    let message = format!("There is a {what} with the code {code} already{differs}; codes are unique.");
    Refusal::new(Code::AlreadyExists, "code", message)
}

/// That a code is one of a subject that was merged into another one.
fn was_merged(what: &str, code: &str) -> Refusal {
    let code = quoted(code);
    let message =
        format!("The {what} with the code {code} was merged into another one, which the code now means.");
    Refusal::new(Code::AlreadyExists, "code", message)
}

/// That a code is in use in other letters.
pub(super) fn differs_by_case(what: &str, code: &str, taken: &str) -> Refusal {
    let message = format!(
        "There is a {what} with the code {} already; codes are unique, and {} differs from it only by the case of letters.",
        quoted(taken),
        quoted(code)
    );
    Refusal::new(Code::AlreadyExists, "code", message)
}
