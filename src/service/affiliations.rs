//! Adding affiliations (A0 to A2, A4).

mod changes;
mod reads;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use entity::affiliation;
use entity::value::{EventKind, LogAction};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::audit::Change;
use super::events::EventDraft;
use super::posting::{LogEntry, Object, PostedRows, Posting, past_award};
use super::subjects::AddOutcome;
use super::{Services, input, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::calendar::{implausible, is_plausible};
use crate::program::fold::{Affiliation, PartnerIndex, Step};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::KindId;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::{self, LATEST, called};
use crate::store::{activity, affiliation as store, ledger};

pub use changes::AffiliationCorrection;

/// An affiliation as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffiliationDraft {
    /// Code of the professional.
    pub professional: String,
    /// Code of the partner.
    pub partner: String,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day, if it is known already.
    pub ends_on: Option<NaiveDate>,
}

/// An affiliation with its professional.
#[derive(Clone, Debug)]
pub struct AddedAffiliation {
    /// The affiliation.
    pub row: affiliation::Model,
    /// The professional.
    pub professional: ProfessionalRow,
}

/// The locked subjects of a batch, with their affiliations including those added so far.
struct LockedSubjects {
    partners: HashMap<String, PartnerRow>,
    professionals: HashMap<String, ProfessionalRow>,
    affiliations: HashMap<Uuid, Vec<affiliation::Model>>,
}

impl Services {
    /// Adds a batch of affiliations. Each has its own outcome: a refused one does not affect the others.
    /// Awards since a start in the past are credited to the partner, oldest first (A2).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn affiliations_add(
        &self,
        drafts: &[AffiliationDraft],
    ) -> Result<Vec<AddOutcome<AddedAffiliation>>, Error> {
        self.add_affiliations(drafts, false).await
    }

    /// Adds the affiliations of a file. A row that was entered before is a duplicate, whatever became of it since: a file
    /// that is imported again brings back no affiliation that was voided, corrected or ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn affiliations_import(
        &self,
        drafts: &[AffiliationDraft],
    ) -> Result<Vec<AddOutcome<AddedAffiliation>>, Error> {
        self.add_affiliations(drafts, true).await
    }

    async fn add_affiliations(
        &self,
        drafts: &[AffiliationDraft],
        is_file: bool,
    ) -> Result<Vec<AddOutcome<AddedAffiliation>>, Error> {
        transact!(self, Operation::AffiliateProfessional, transaction, changes => {
            let mut locked = LockedSubjects::lock(transaction, drafts).await?;
            let entered = if is_file { locked.entered(transaction).await? } else { HashSet::new() };
            let mut rows = Vec::new();
            let mut added = Vec::with_capacity(drafts.len());
            for draft in drafts {
                let one = match self.check_affiliation(&locked, draft) {
                    (Some((row, professional)), _) if entered.contains(&entered_key(&row)) => {
                        AddOutcome::Duplicate(AddedAffiliation { row, professional })
                    }
                    (_, Err(refusals)) => AddOutcome::Refused(refusals),
                    (None, Ok(())) => return Err(Error::Damaged("an affiliation without its subjects".to_owned())),
                    (Some((row, professional)), Ok(())) => locked.add(row, professional, &mut rows),
                };
                added.push(one);
            }
            for row in &rows {
                changes.add(change(row).after(json!({ "startsOn": row.starts_on, "endsOn": row.ends_on })));
            }
            if !rows.is_empty() {
                self.post_affiliations(transaction, &locked, rows).await?;
            }
            Ok(added)
        })
    }

    /// Adds one affiliation and returns the professional.
    ///
    /// # Errors
    /// When it is refused, also because the same affiliation was added before and has ended, or the database
    /// fails.
    pub async fn affiliation_add(&self, draft: &AffiliationDraft) -> Result<ProfessionalRow, Error> {
        match self.affiliations_add(std::slice::from_ref(draft)).await?.pop() {
            Some(AddOutcome::Created(added)) => Ok(added.professional),
            Some(AddOutcome::Duplicate(added)) => match added.row.ends_on {
                Some(end) if draft.ends_on != Some(end) => {
                    let message = format!(
                        "This affiliation exists, with {end} as its last day; start the new one after that day."
                    );
                    Err(Refusal::new(Code::AffiliationOverlap, "startsOn", message).into())
                }
                _ => Ok(added.professional),
            },
            Some(AddOutcome::Refused(refusals)) => Err(refusals.into()),
            None => Err(Error::Damaged("no answer to an affiliation".to_owned())),
        }
    }

    /// The affiliation of a draft, if its subjects exist, and what is wrong with it.
    fn check_affiliation(
        &self,
        locked: &LockedSubjects,
        draft: &AffiliationDraft,
    ) -> (Option<(affiliation::Model, ProfessionalRow)>, Result<(), Refusals>) {
        let (starts_on, today) = (draft.starts_on, self.clock.today());
        let professional = called(&locked.professionals, &draft.professional);
        let professional = professional.ok_or_else(|| input::no_professional(&draft.professional));
        let partner =
            called(&locked.partners, &draft.partner).ok_or_else(|| input::no_partner(&draft.partner));
        let days = (starts_on, draft.ends_on);
        let days =
            check_days(days, professional.as_ref().ok().copied(), partner.as_ref().ok().copied(), today);
        let row = professional.as_ref().ok().zip(partner.as_ref().ok()).map(|(professional, partner)| {
            let row = affiliation::Model {
                id: Uuid::now_v7(),
                professional_id: professional.id,
                partner_id: partner.id,
                starts_on,
                ends_on: draft.ends_on,
                created_at: self.clock.now(),
                voided: false,
                replaces_id: None,
            };
            (row, (*professional).clone())
        });
        (row, all((professional, partner, days)).map(drop))
    }

    /// Writes new affiliations and the credits for past awards.
    async fn post_affiliations(
        &self,
        transaction: &DatabaseTransaction,
        locked: &LockedSubjects,
        rows: Vec<affiliation::Model>,
    ) -> Result<(), Error> {
        let partners = locked.partners.values().cloned().collect();
        let professionals = locked.professionals.values().cloned().collect();
        let mut posting = Posting::open(&self.policy, partners, professionals, &[]);
        let spans =
            rows.iter().map(|row| (row.professional_id, row.starts_on, row.ends_on.unwrap_or(LATEST)));
        let found = self.load_awards(transaction, &mut posting, &rows, spans).await?;
        for row in &rows {
            let (Some(who), Some(partner)) =
                (posting.professional(row.professional_id), posting.partner(row.partner_id))
            else {
                return Err(Error::Damaged("an affiliation without its subjects".to_owned()));
            };
            let step = Step::Affiliated(
                who,
                Affiliation { partner, starts_on: row.starts_on, ends_on: row.ends_on },
            );
            let entry = LogEntry {
                ends_on: row.ends_on,
                ..LogEntry::new(LogAction::Affiliated, Object::Affiliation(row.id))
            };
            posting
                .apply(entry, Some(step))
                .map_err(|error| Refusal::new(Code::Invalid, "startsOn", error.to_string()))?;
        }
        let mut posted = posting.post(transaction, self).await?;
        for (step, row) in rows.iter().enumerate() {
            posted.emit(step, EventDraft::affiliation(EventKind::AffiliationStarted, row, row.starts_on));
        }
        posted.name_activities(&found);
        store::insert(transaction, rows).await?;
        add_credits(transaction, &posted).await?;
        posted.write(transaction).await
    }

    /// Loads the past awards of spans into the posting, and the tallies that they count in for the partners of
    /// affiliations. Returns the activities of the awards.
    async fn load_awards(
        &self,
        transaction: &DatabaseTransaction,
        posting: &mut Posting<'_>,
        rows: &[affiliation::Model],
        spans: impl IntoIterator<Item = (Uuid, NaiveDate, NaiveDate)>,
    ) -> Result<Vec<entity::activity::Model>, Error> {
        let entries = ledger::points_in_spans(transaction, spans).await?;
        let activities: HashSet<Uuid> = entries.iter().filter_map(|entry| entry.activity_id).collect();
        let found = if activities.is_empty() {
            Vec::new()
        } else {
            activity::by_ids(transaction, activities).await?
        };
        let quantities = found.iter().map(|row| (row.id, row.quantity)).collect();
        let keys = self.load_past_awards(posting, rows, &entries, &quantities);
        posting.load_for_awards(transaction, keys).await?;
        Ok(found)
    }

    /// Loads past awards into the posting, and returns the tallies that they would count in.
    fn load_past_awards(
        &self,
        posting: &mut Posting<'_>,
        rows: &[affiliation::Model],
        entries: &[entity::points_entry::Model],
        quantities: &HashMap<Uuid, i64>,
    ) -> Vec<(PartnerIndex, KindId, NaiveDate)> {
        let mut keys = Vec::new();
        // An award and its reversal are about one activity.
        let mut numbers = HashMap::new();
        for entry in entries {
            let Some(who) = posting.professional(entry.professional_id) else { continue };
            let Some(activity_id) = entry.activity_id else { continue };
            let quantity = quantities.get(&activity_id).copied().unwrap_or(0);
            let is_repeated = numbers.contains_key(&activity_id);
            let activity =
                *numbers.entry(activity_id).or_insert_with(|| posting.add(Object::Activity(activity_id)));
            let award = past_award(&self.policy.editions, entry, quantity, (activity, is_repeated));
            let Some((kind, award)) = award else { continue };
            posting.load_award(who, award);
            let covering = rows.iter().filter(|row| {
                row.professional_id == entry.professional_id
                    && row.starts_on <= entry.effective_on
                    && row.ends_on.is_none_or(|end| entry.effective_on <= end)
            });
            let partners = covering.filter_map(|row| posting.partner(row.partner_id));
            keys.extend(partners.map(|partner| (partner, kind, entry.effective_on)));
        }
        keys
    }
}

impl LockedSubjects {
    async fn lock(transaction: &DatabaseTransaction, drafts: &[AffiliationDraft]) -> Result<Self, Error> {
        let plain = |code: &&str| input::code("code", code).is_ok();
        let codes: HashSet<&str> =
            drafts.iter().map(|draft| draft.professional.as_str()).filter(plain).collect();
        let professionals = subject::lock::<ProfessionalRow>(transaction, codes, []).await?;
        let mut affiliations: HashMap<Uuid, Vec<affiliation::Model>> = HashMap::new();
        for row in store::of_professionals(transaction, professionals.iter().map(|row| row.id)).await? {
            affiliations.entry(row.professional_id).or_default().push(row);
        }
        let codes: HashSet<&str> = drafts.iter().map(|draft| draft.partner.as_str()).filter(plain).collect();
        let partners = subject::lock::<PartnerRow>(transaction, codes, []).await?;
        Ok(Self {
            partners: partners.into_iter().map(|row| (row.code.clone(), row)).collect(),
            professionals: professionals.into_iter().map(|row| (row.code.clone(), row)).collect(),
            affiliations,
        })
    }

    /// What was entered of these professionals before.
    async fn entered(&self, transaction: &DatabaseTransaction) -> Result<HashSet<EnteredKey>, Error> {
        let entered = store::entered(transaction, self.professionals.values().map(|row| row.id)).await?;
        let key = |row: store::EnteredAffiliation| {
            (row.professional_id, row.partner_id, row.starts_on, row.ends_on)
        };
        Ok(entered.into_iter().map(key).collect())
    }

    /// Adds an affiliation unless it exists already or overlaps another one (A0).
    fn add(
        &mut self,
        row: affiliation::Model,
        professional: ProfessionalRow,
        rows: &mut Vec<affiliation::Model>,
    ) -> AddOutcome<AddedAffiliation> {
        let others = self.affiliations.entry(row.professional_id).or_default();
        let same = |other: &&affiliation::Model| {
            (other.partner_id, other.starts_on) == (row.partner_id, row.starts_on)
                && (row.ends_on.is_none() || row.ends_on == other.ends_on)
        };
        if let Some(first) = others.iter().find(same) {
            return AddOutcome::Duplicate(AddedAffiliation { row: first.clone(), professional });
        }
        if let Err(refusal) = check_overlap(&row, &*others) {
            return AddOutcome::Refused(refusal.into());
        }
        others.push(row.clone());
        rows.push(row.clone());
        AddOutcome::Created(AddedAffiliation { row, professional })
    }
}

/// Professional, partner, first and last day of an affiliation as it was entered.
type EnteredKey = (Uuid, Uuid, NaiveDate, Option<NaiveDate>);

fn entered_key(row: &affiliation::Model) -> EnteredKey {
    (row.professional_id, row.partner_id, row.starts_on, row.ends_on)
}

fn check_start(starts_on: NaiveDate, day: NaiveDate, what: &str) -> Result<(), Refusal> {
    if starts_on >= day {
        return Ok(());
    }
    let message = format!("{starts_on} is before {what} on {day}.");
    Err(Refusal::new(Code::DateBeforeEnrolment, "startsOn", message))
}

/// An affiliation ends with the participation of both.
fn check_left(ends_on: Option<NaiveDate>, whose: &str, left_on: Option<NaiveDate>) -> Result<(), Refusal> {
    let Some(left) = left_on.filter(|left| ends_on.is_none_or(|end| *left < end)) else {
        return Ok(());
    };
    let message = format!(
        "{left} is the {whose}'s last day in the program; the affiliation ends on that day or an earlier one."
    );
    Err(Refusal::new(Code::DateAfterEnd, "endsOn", message))
}

/// Checks a last day by itself.
fn check_last_day(ends_on: NaiveDate) -> Result<(), Refusal> {
    if is_plausible(ends_on) {
        return Ok(());
    }
    Err(Refusal::new(Code::Invalid, "endsOn", implausible(ends_on)))
}

/// Checks the last day, which may lie ahead (A4).
fn check_end(starts_on: NaiveDate, ends_on: NaiveDate) -> Result<(), Refusal> {
    check_last_day(ends_on)?;
    if ends_on < starts_on {
        let message = format!("{ends_on} is before {starts_on}, the first day of the affiliation.");
        return Err(Refusal::new(Code::Invalid, "endsOn", message));
    }
    Ok(())
}

/// Checks the days of an affiliation against the days on which its subjects joined.
fn check_days(
    (starts_on, ends_on): (NaiveDate, Option<NaiveDate>),
    professional: Option<&ProfessionalRow>,
    partner: Option<&PartnerRow>,
    today: NaiveDate,
) -> Result<(), Refusals> {
    let joined = |day: Option<NaiveDate>, what| day.map_or(Ok(()), |day| check_start(starts_on, day, what));
    all((
        input::not_in_future("startsOn", starts_on, today),
        joined(professional.map(|row| row.signed_up_on), "the professional's sign-up"),
        joined(partner.map(|row| row.enrolled_on), "the partner's enrolment"),
        ends_on.map_or(Ok(()), |end| check_end(starts_on, end)),
        check_left(ends_on, "partner", partner.and_then(|row| row.left_on)),
        check_left(ends_on, "professional", professional.and_then(|row| row.left_on)),
    ))
    .map(drop)
}

/// Checks that an affiliation has no day in common with another one (A0).
fn check_overlap<'r>(
    row: &affiliation::Model,
    others: impl IntoIterator<Item = &'r affiliation::Model>,
) -> Result<(), Refusal> {
    let end = |row: &affiliation::Model| row.ends_on.unwrap_or(NaiveDate::MAX);
    let meets = |other: &&affiliation::Model| other.starts_on <= end(row) && row.starts_on <= end(other);
    let Some(other) = others.into_iter().find(meets) else { return Ok(()) };
    let start = other.starts_on;
    let message = match other.ends_on {
        None => {
            format!("The professional works for a partner since {start} already; end that affiliation first.")
        }
        Some(end) => format!(
            "The professional works for a partner from {start} to {end} already; choose days outside that time."
        ),
    };
    Err(Refusal::new(Code::AffiliationOverlap, "startsOn", message))
}

/// Adds to activities what a posting awarded partners for them.
async fn add_credits(transaction: &DatabaseTransaction, posted: &PostedRows) -> Result<(), Error> {
    let credits = posted.awarded.iter().filter(|(_, (_, credits))| *credits != 0);
    let credits: Vec<(Uuid, i64)> = credits.map(|(id, (_, credits))| (*id, *credits)).collect();
    Ok(activity::add_credits(transaction, credits).await?)
}

fn change(row: &affiliation::Model) -> Change {
    Change::of("Affiliation", row.id).about(Some(row.partner_id), Some(row.professional_id))
}
