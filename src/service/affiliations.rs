//! Adding and ending affiliations (A0 to A3).

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use entity::affiliation;
use entity::value::{EventKind, LogAction, PointsReason};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::access::Visibility;
use super::audit::Change;
use super::events::EventDraft;
use super::posting::{LogEntry, Object, Posting};
use super::subjects::{AddOutcome, lock_professional};
use super::{Services, input, transact};
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::fold::{Affiliation, PartnerIndex, PastAward, Step};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::{KindId, Program};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::{self, LATEST};
use crate::store::{activity, affiliation as store, ledger};

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
        transact!(self, Operation::AffiliateProfessional, transaction, changes => {
            let mut locked = LockedSubjects::lock(transaction, drafts).await?;
            let mut rows = Vec::new();
            let mut added = Vec::with_capacity(drafts.len());
            for draft in drafts {
                let one = match self.check_affiliation(&locked, draft) {
                    Err(refusals) => AddOutcome::Refused(refusals),
                    Ok((row, professional)) => locked.add(row, professional, &mut rows),
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
                        "This affiliation exists and ended on {end}; start the new one after that day."
                    );
                    Err(Refusal::new(Code::AffiliationOverlap, "startsOn", message).into())
                }
                _ => Ok(added.professional),
            },
            Some(AddOutcome::Refused(refusals)) => Err(refusals.into()),
            None => Err(Error::Damaged("no answer to an affiliation".to_owned())),
        }
    }

    fn check_affiliation(
        &self,
        locked: &LockedSubjects,
        draft: &AffiliationDraft,
    ) -> Result<(affiliation::Model, ProfessionalRow), Refusals> {
        let (starts_on, today) = (draft.starts_on, self.clock.today());
        let professional = locked.professionals.get(&draft.professional);
        let professional = professional.ok_or_else(|| input::no_professional(&draft.professional));
        let partner = locked.partners.get(&draft.partner).ok_or_else(|| input::no_partner(&draft.partner));
        let starts = all((
            input::not_in_future("startsOn", starts_on, today),
            match &professional {
                Ok(row) => check_start(starts_on, row.signed_up_on, "the professional's sign-up"),
                Err(_) => Ok(()),
            },
            match &partner {
                Ok(row) => check_start(starts_on, row.enrolled_on, "the partner's enrolment"),
                Err(_) => Ok(()),
            },
        ));
        let ends = draft.ends_on.map_or(Ok(()), |end| check_end(starts_on, end, today));
        let ends = ends.and_then(|()| {
            let left = [
                ("partner", partner.as_ref().ok().and_then(|row| row.left_on)),
                ("professional", professional.as_ref().ok().and_then(|row| row.left_on)),
            ];
            left.into_iter().try_for_each(|(whose, left_on)| check_left(draft, whose, left_on))
        });
        let (professional, partner, _, ()) = all((professional, partner, starts, ends))?;
        let row = affiliation::Model {
            id: Uuid::now_v7(),
            professional_id: professional.id,
            partner_id: partner.id,
            starts_on,
            ends_on: draft.ends_on,
            created_at: self.clock.now(),
        };
        Ok((row, professional.clone()))
    }

    /// Writes new affiliations and the credits for past awards.
    async fn post_affiliations(
        &self,
        transaction: &DatabaseTransaction,
        locked: &LockedSubjects,
        rows: Vec<affiliation::Model>,
    ) -> Result<(), Error> {
        let spans =
            rows.iter().map(|row| (row.professional_id, row.starts_on, row.ends_on.unwrap_or(LATEST)));
        let entries = ledger::points_in_spans(transaction, spans).await?;
        let activities: HashSet<Uuid> = entries.iter().filter_map(|entry| entry.activity_id).collect();
        let mut found = Vec::new();
        let quantities: HashMap<Uuid, i64> = if activities.is_empty() {
            HashMap::new()
        } else {
            found = activity::by_ids(transaction, activities).await?;
            found.iter().map(|row| (row.id, row.quantity)).collect()
        };
        let partners = locked.partners.values().cloned().collect();
        let professionals = locked.professionals.values().cloned().collect();
        let mut posting = Posting::open(&self.policy, partners, professionals, &[]);
        let keys = self.load_past_awards(&mut posting, &rows, &entries, &quantities);
        posting.load_for_awards(transaction, keys).await?;
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
        let credits: Vec<(Uuid, i64)> = posted
            .awarded
            .iter()
            .filter(|(_, (_, credits))| *credits != 0)
            .map(|(id, (_, n))| (*id, *n))
            .collect();
        activity::add_credits(transaction, credits).await?;
        posted.write(transaction).await
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
        for entry in entries {
            let Some(who) = posting.professional(entry.professional_id) else { continue };
            let Some(activity_id) = entry.activity_id else { continue };
            let editions = &self.policy.editions;
            let kind = entry.kind.as_deref().and_then(|kind| editions.kind(Program::Professional, kind));
            let Some(kind) = kind else { continue };
            let sign = match entry.reason {
                PointsReason::Void => -1,
                // What was awarded again is the same certification.
                PointsReason::Recalculation => 0,
                _ => 1,
            };
            let quantity = quantities.get(&activity_id).copied().unwrap_or(0);
            let also = editions.at(entry.effective_on).rule(kind).and_then(|rule| rule.counts_as);
            let activity = posting.add(Object::Activity(activity_id));
            posting.load_award(
                who,
                PastAward {
                    activity,
                    occurred_on: entry.effective_on,
                    points: entry.points,
                    also: also.filter(|_| sign != 0).map(|kind| (kind, sign * quantity)),
                },
            );
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

    /// Sets the last day of a professional's open affiliation (A3).
    ///
    /// # Errors
    /// When there is none, or the day lies before its first day or before the last credited award.
    pub async fn affiliation_end(
        &self,
        professional: &str,
        ends_on: NaiveDate,
    ) -> Result<ProfessionalRow, Error> {
        let visibility = self.authorize(Operation::EndAffiliation)?;
        transact!(self, Operation::EndAffiliation, transaction, changes => {
            let not_future = input::not_in_future("endsOn", ends_on, self.clock.today());
            let open = refused(lock_open(transaction, &visibility, professional).await)?;
            let ((row, open), ()) = all((open, not_future))?;
            check_end(open.starts_on, ends_on, self.clock.today())?;
            // Awards before the first window of the partner program credited no partner.
            let editions = &self.policy.editions;
            let credited = editions.legacy().map_or(editions.launch(), |legacy| legacy.from);
            let last = ledger::last_points_day(transaction, row.id, open.starts_on.max(credited)).await?;
            if let Some(last) = last.filter(|last| *last > ends_on) {
                let message = format!(
                    "{ends_on} is before {last}, the day of the last award that the partner was credited for; end the \
                     affiliation on that day or later."
                );
                return Err(Refusal::new(Code::Invalid, "endsOn", message).into());
            }
            let posting = Posting::open(&self.policy, Vec::new(), vec![row.clone()], &[]);
            self.post_end(transaction, posting, &open, ends_on).await?;
            let (before, after) = (json!({ "endsOn": null }), json!({ "endsOn": ends_on }));
            changes.add(change(&open).before(before).after(after));
            Ok(row)
        })
    }

    async fn post_end(
        &self,
        transaction: &DatabaseTransaction,
        mut posting: Posting<'_>,
        open: &affiliation::Model,
        ends_on: NaiveDate,
    ) -> Result<(), Error> {
        let step = posting.professional(open.professional_id);
        let step = step.map(|who| Step::AffiliationEnded(who, open.starts_on, ends_on));
        let entry = LogEntry {
            ends_on: Some(ends_on),
            ..LogEntry::new(LogAction::AffiliationEnded, Object::Affiliation(open.id))
        };
        posting
            .apply(entry, step)
            .map_err(|error| Refusal::new(Code::Invalid, "endsOn", error.to_string()))?;
        let mut posted = posting.post(transaction, self).await?;
        let partner = subject::by_ids::<PartnerRow>(transaction, [open.partner_id]).await?;
        posted.add_codes(partner.into_iter().map(|row| (row.id, row.code)));
        let ended = affiliation::Model { ends_on: Some(ends_on), ..open.clone() };
        posted.emit(0, EventDraft::affiliation(EventKind::AffiliationEnded, &ended, ends_on));
        store::end(transaction, open.id, ends_on).await?;
        posted.write(transaction).await
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
        let end = |row: &affiliation::Model| row.ends_on.unwrap_or(NaiveDate::MAX);
        let overlap = others.iter().find(|other| other.starts_on <= end(&row) && row.starts_on <= end(other));
        if let Some(other) = overlap {
            let start = other.starts_on;
            let message = match other.ends_on {
                None => format!(
                    "The professional works for a partner since {start} already; end that affiliation first."
                ),
                Some(end) => format!(
                    "The professional works for a partner from {start} to {end} already; choose days outside that time."
                ),
            };
            return AddOutcome::Refused(Refusal::new(Code::AffiliationOverlap, "startsOn", message).into());
        }
        others.push(row.clone());
        rows.push(row.clone());
        AddOutcome::Created(AddedAffiliation { row, professional })
    }
}

/// Locks a professional, and gives the affiliation that has no last day yet.
async fn lock_open(
    transaction: &DatabaseTransaction,
    visibility: &Visibility,
    code: &str,
) -> Result<(ProfessionalRow, affiliation::Model), Error> {
    let row = lock_professional(transaction, visibility, code).await??;
    let affiliations = store::of_professionals(transaction, [row.id]).await?;
    let open = affiliations.into_iter().find(|one| one.ends_on.is_none()).ok_or_else(|| {
        let message = format!(
            "Professional {} works for no partner at the moment; there is no affiliation to end.",
            row.code
        );
        Refusal::new(Code::WrongState, "professional", message)
    })?;
    Ok((row, open))
}

fn check_start(starts_on: NaiveDate, day: NaiveDate, what: &str) -> Result<(), Refusal> {
    if starts_on >= day {
        return Ok(());
    }
    let message = format!("{starts_on} is before {what} on {day}.");
    Err(Refusal::new(Code::DateBeforeEnrolment, "startsOn", message))
}

/// An affiliation ends with the participation of both.
fn check_left(draft: &AffiliationDraft, whose: &str, left_on: Option<NaiveDate>) -> Result<(), Refusal> {
    let Some(left) = left_on.filter(|left| draft.ends_on.is_none_or(|end| *left < end)) else {
        return Ok(());
    };
    let message = format!(
        "{left} is the {whose}'s last day in the program; the affiliation ends on that day or an earlier one."
    );
    Err(Refusal::new(Code::DateAfterEnd, "endsOn", message))
}

/// Checks the last day: a planned end is entered when it has come.
fn check_end(starts_on: NaiveDate, ends_on: NaiveDate, today: NaiveDate) -> Result<(), Refusal> {
    input::not_in_future("endsOn", ends_on, today)?;
    if ends_on < starts_on {
        let message = format!("{ends_on} is before {starts_on}, the first day of the affiliation.");
        return Err(Refusal::new(Code::Invalid, "endsOn", message));
    }
    Ok(())
}

fn change(row: &affiliation::Model) -> Change {
    Change::of("Affiliation", row.id).about(Some(row.partner_id), Some(row.professional_id))
}
