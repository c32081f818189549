//! Rows of partners and professionals that an import meets again with another name or address.

use std::collections::{HashMap, HashSet};

use entity::value::EventKind;
use entity::{partner, professional};
use serde_json::json;

use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::Refusals;
use crate::program::search::fold_all;
use crate::service::activities::Outcome;
use crate::service::audit::Change;
use crate::service::events::EventDraft;
use crate::service::subjects::{AddOutcome, PartnerDraft, ProfessionalDraft};
use crate::service::{Services, input, transact};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::{subject, upsert_all};

/// The outcome of an imported row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It was new.
    Recorded,
    /// It was there before, or is of a subject that was merged into another one.
    Duplicate,
    /// It was there before with another name or address, and now has this one.
    Updated,
    /// It was refused.
    Refused(Refusals),
}

impl<T> From<AddOutcome<T>> for ImportOutcome {
    fn from(added: AddOutcome<T>) -> Self {
        match added {
            AddOutcome::Created(_) => Self::Recorded,
            AddOutcome::Duplicate(_) => Self::Duplicate,
            AddOutcome::Refused(refusals) => Self::Refused(refusals),
        }
    }
}

impl From<Outcome> for ImportOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Recorded(_) => Self::Recorded,
            Outcome::Duplicate(_) | Outcome::DuplicateNotVisible => Self::Duplicate,
            Outcome::Refused(refusals) => Self::Refused(refusals),
        }
    }
}

impl Services {
    /// Enrols partners, each by itself; one that is enrolled since the same day takes the name of its row.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_import(&self, drafts: &[PartnerDraft]) -> Result<Vec<ImportOutcome>, Error> {
        let codes = codes(drafts.iter().map(|draft| &draft.code));
        let known = transact!(self, Operation::Import, transaction, changes => {
            let mut known: HashMap<String, partner::Model> = HashMap::new();
            subject::lock::<PartnerRow>(transaction, codes.iter().map(String::as_str), []).await?;
            for row in subject::existing::<PartnerRow>(transaction, &codes).await? {
                known.insert(row.code.clone(), row);
            }
            let (mut rows, mut events, mut updated) = (HashMap::new(), Vec::new(), HashSet::new());
            let mut merged = HashSet::new();
            for (index, draft) in first_of_each(drafts, |draft| &draft.code) {
                if known.get(&draft.code).is_some_and(|row| row.merged_into.is_some()) {
                    merged.insert(index);
                    continue;
                }
                let (Some(row), Ok(name)) = (known.get_mut(&draft.code), input::name("name", &draft.name)) else {
                    continue;
                };
                if row.enrolled_on != draft.enrolled_on || row.name == name {
                    continue;
                }
                let change = Change::of("Partner", row.id).about(Some(row.id), None);
                changes.add(change.before(json!({ "name": row.name })).after(json!({ "name": name })));
                row.search_key = Some(fold_all(&[&row.code, &name]));
                row.name = name;
                let today = self.clock.today();
                events.push(EventDraft::changed(EventKind::PartnerUpdated, (Some(row.id), None), today, &["name"]));
                rows.insert(row.id, row.clone());
                updated.insert(index);
            }
            for id in rows.keys() {
                subject::changed::<PartnerRow>(transaction, *id).await?;
            }
            let codes: Vec<_> = rows.values().map(|row| (row.id, row.code.clone())).collect();
            upsert_all(transaction, rows.into_values().collect()).await?;
            self.emit(transaction, codes, events, None).await?;
            Ok(Known { updated, merged })
        })?;
        let rest = others(drafts, &known);
        let added = if rest.is_empty() { Vec::new() } else { self.partners_add(&rest).await? };
        Ok(in_order(drafts.len(), &known, added))
    }

    /// Signs professionals up, each by itself; one that signed up on the same day takes name and address of its row,
    /// unless they were erased.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_import(
        &self,
        drafts: &[ProfessionalDraft],
    ) -> Result<Vec<ImportOutcome>, Error> {
        let codes = codes(drafts.iter().map(|draft| &draft.code));
        let known = transact!(self, Operation::Import, transaction, changes => {
            let mut known: HashMap<String, professional::Model> = HashMap::new();
            subject::lock::<ProfessionalRow>(transaction, codes.iter().map(String::as_str), []).await?;
            for row in subject::existing::<ProfessionalRow>(transaction, &codes).await? {
                known.insert(row.code.clone(), row);
            }
            let (mut rows, mut events, mut updated) = (HashMap::new(), Vec::new(), HashSet::new());
            let mut merged = HashSet::new();
            for (index, draft) in first_of_each(drafts, |draft| &draft.code) {
                if known.get(&draft.code).is_some_and(|row| row.merged_into.is_some()) {
                    merged.insert(index);
                    continue;
                }
                let checked = (input::name("name", &draft.name), input::email("email", &draft.email));
                let (Some(row), (Ok(name), Ok(email))) = (known.get_mut(&draft.code), checked) else { continue };
                let fields = input::differing([
                    ("name", row.name != name),
                    ("email", row.email.as_ref() != Some(&email)),
                ]);
                if row.signed_up_on != draft.signed_up_on || row.erased_at.is_some() || fields.is_empty() {
                    continue;
                }
                // Neither name nor address: they can be erased, and the audit log can't.
                let change = Change::of("Professional", row.id).about(None, Some(row.id));
                changes.add(change.after(json!({ "changed": fields })));
                row.search_key = Some(fold_all(&[&row.code, &name]));
                row.email_key = Some(fold_all(&[&email]));
                (row.name, row.email) = (name, Some(email));
                let (kind, today) = (EventKind::ProfessionalUpdated, self.clock.today());
                events.push(EventDraft::changed(kind, (None, Some(row.id)), today, &fields));
                rows.insert(row.id, row.clone());
                updated.insert(index);
            }
            for id in rows.keys() {
                subject::changed::<ProfessionalRow>(transaction, *id).await?;
            }
            let codes: Vec<_> = rows.values().map(|row| (row.id, row.code.clone())).collect();
            upsert_all(transaction, rows.into_values().collect()).await?;
            self.emit(transaction, codes, events, None).await?;
            Ok(Known { updated, merged })
        })?;
        let rest = others(drafts, &known);
        let added = if rest.is_empty() { Vec::new() } else { self.professionals_add(&rest).await? };
        Ok(in_order(drafts.len(), &known, added))
    }
}

/// The rows without those whose code an earlier one has: two rows of a file that differ contradict each other.
fn first_of_each<D>(drafts: &[D], code: impl Fn(&D) -> &String) -> impl Iterator<Item = (usize, &D)> {
    let mut seen = HashSet::new();
    drafts.iter().enumerate().filter(move |(_, draft)| seen.insert(code(draft).clone()))
}

/// The codes that existing rows can have.
fn codes<'c>(codes: impl Iterator<Item = &'c String>) -> Vec<String> {
    codes.filter_map(|code| input::code("code", code).ok()).collect()
}

/// Rows of a file that were known before, by their places.
struct Known {
    /// Those whose name or address is another one now.
    updated: HashSet<usize>,
    /// Those whose subject was merged into another one, which keeps its own values.
    merged: HashSet<usize>,
}

impl Known {
    fn outcome(&self, index: usize) -> Option<ImportOutcome> {
        if self.updated.contains(&index) {
            return Some(ImportOutcome::Updated);
        }
        self.merged.contains(&index).then_some(ImportOutcome::Duplicate)
    }
}

fn others<D: Clone>(drafts: &[D], known: &Known) -> Vec<D> {
    let others = drafts.iter().enumerate().filter(|(index, _)| known.outcome(*index).is_none());
    others.map(|(_, draft)| draft.clone()).collect()
}

/// The outcomes in the order of the rows.
fn in_order<T>(rows: usize, known: &Known, added: Vec<AddOutcome<T>>) -> Vec<ImportOutcome> {
    let mut added = added.into_iter();
    let outcome = |index| known.outcome(index).or_else(|| added.next().map(Into::into));
    (0..rows).map_while(outcome).collect()
}
