//! Recording, submitting, reviewing and voiding activities.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use entity::activity;
use entity::value::{ActivityStatus, LogAction};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::booking::{Book, Entry, Object, Settled};
use super::policy::Policy;
use super::{Services, input};
use crate::error::Error;
use crate::program::admission::{Admitted, Attributes, Claim, admit, units};
use crate::program::fold::{Fact, Step, Subject};
use crate::program::refusal::{Code, Refusal};
use crate::program::rule::{Asked, Program, Review};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::{activity as store, affiliation, partner, professional};

/// Whose activity it is, by code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SubjectCode {
    /// A partner.
    Partner(String),
    /// A professional.
    Professional(String),
}

/// An activity as it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityDraft {
    /// Whose it is.
    pub subject: SubjectCode,
    /// Code of the kind.
    pub kind: String,
    /// When it happened.
    pub occurred_on: NaiveDate,
    /// How many of it.
    pub quantity: i64,
    /// Graded points, where the kind has a range.
    pub points: Option<i64>,
    /// What the kind asks for.
    pub attributes: Attributes,
    /// System that it comes from.
    pub source: String,
    /// Its id there.
    pub external_id: String,
}

/// Whether an activity counts at once or waits for a reviewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It counts: recording and review in one (S6).
    Record,
    /// It is a claim, and its points are a proposal (S6).
    Submit,
}

/// What came of one activity.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is new.
    Recorded(activity::Model),
    /// It came before, with the same content.
    Duplicate(activity::Model),
    /// It was refused, and nothing has changed.
    Refused(Refusal),
}

/// A reviewer's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It counts, with these points where the kind is graded; none keeps those proposed.
    Approve {
        /// Points that the reviewer grades.
        points: Option<i64>,
    },
    /// It does not count.
    Reject,
}

/// Most activities of one request.
pub const BATCH_MAX: usize = 1_000;

/// A draft whose texts are in order.
struct Checked<'d> {
    draft: &'d ActivityDraft,
    source: String,
    external_id: String,
    attributes: String,
}

/// What is known of a draft before anything is written.
enum Plan {
    Done(Outcome),
    /// The same activity as an earlier one of the batch.
    Repeats(usize),
    New {
        row: Box<activity::Model>,
        fact: Option<Fact>,
    },
}

impl Services {
    /// Records or submits activities, each by itself: one that is refused spoils no other. All that are
    /// taken are written in one transaction.
    ///
    /// # Errors
    /// Only for the batch as a whole: when it is too large, or the database fails.
    pub async fn activities_take(
        &self,
        drafts: &[ActivityDraft],
        intake: Intake,
    ) -> Result<Vec<Outcome>, Error> {
        if drafts.len() > BATCH_MAX {
            let message = format!("One request takes at most {BATCH_MAX} activities, not {}.", drafts.len());
            return Err(Refusal::new(Code::TooMany, "activities", message).into());
        }
        let checked: Vec<Result<Checked<'_>, Refusal>> = drafts.iter().map(check).collect();
        if checked.iter().all(Result::is_err) {
            return Ok(checked.into_iter().filter_map(Result::err).map(Outcome::Refused).collect());
        }
        self.transact(async |transaction| self.take_in(transaction, &checked, intake).await).await
    }

    async fn take_in(
        &self,
        transaction: &DatabaseTransaction,
        checked: &[Result<Checked<'_>, Refusal>],
        intake: Intake,
    ) -> Result<Vec<Outcome>, Error> {
        let good = || checked.iter().filter_map(|one| one.as_ref().ok());
        let subjects = Subjects::lock(transaction, good().map(|one| one.draft)).await?;
        let keys = good().map(|one| (one.source.as_str(), one.external_id.as_str()));
        let existing = store::by_keys(transaction, keys).await?;
        let mut book = subjects.open(&self.policy);
        let mut plans = self.plan(&mut book, &subjects, checked, existing, intake);
        let facts: Vec<Fact> = plans
            .iter()
            .filter_map(|plan| match plan {
                Plan::New { fact, .. } => *fact,
                _ => None,
            })
            .collect();
        book.load_for_facts(transaction, &facts).await?;
        for plan in &mut plans {
            let Plan::New { row, fact } = plan else { continue };
            let action = if fact.is_some() { LogAction::Recorded } else { LogAction::Submitted };
            let entry = Entry::new(action, Object::Activity(row.id));
            if let Err(too_much) = book.take(entry, fact.map(Step::Recorded)) {
                let refusal = Refusal::new(Code::Invalid, "quantity", format!("Not taken: {too_much}."));
                *plan = Plan::Done(Outcome::Refused(refusal));
            }
        }
        if !plans.iter().any(|plan| matches!(plan, Plan::New { .. })) {
            return Ok(outcomes(plans));
        }
        let settled = book.settle(transaction, self.clock.now()).await?;
        let mut places = settled.places.iter();
        for plan in &mut plans {
            let Plan::New { row, .. } = plan else { continue };
            row.seq = places.next().copied().unwrap_or_default();
            row.recorded_at = settled.recorded_at;
            (row.awarded_points, row.awarded_credits) =
                settled.awarded.get(&row.id).copied().unwrap_or_default();
        }
        let rows = plans.iter().filter_map(|plan| match plan {
            Plan::New { row, .. } => Some((**row).clone()),
            _ => None,
        });
        store::insert(transaction, rows.collect()).await?;
        settled.write(transaction).await?;
        Ok(outcomes(plans))
    }

    fn plan(
        &self,
        book: &mut Book<'_>,
        subjects: &Subjects,
        checked: &[Result<Checked<'_>, Refusal>],
        existing: Vec<activity::Model>,
        intake: Intake,
    ) -> Vec<Plan> {
        let existing: HashMap<(String, String), activity::Model> =
            existing.into_iter().map(|row| ((row.source.clone(), row.external_id.clone()), row)).collect();
        let mut in_batch: HashMap<(&str, &str), (usize, activity::Model)> = HashMap::new();
        let mut plans = Vec::with_capacity(checked.len());
        for (place, one) in checked.iter().enumerate() {
            let planned = match one {
                Err(refusal) => Err(refusal.clone()),
                Ok(one) => self.plan_one(book, subjects, one, intake).and_then(|(row, fact)| {
                    let key = (one.source.as_str(), one.external_id.as_str());
                    if let Some(first) = existing.get(&(one.source.clone(), one.external_id.clone())) {
                        same_content(first, &row)?;
                        return Ok(Plan::Done(Outcome::Duplicate(first.clone())));
                    }
                    if let Some((first, known)) = in_batch.get(&key) {
                        same_content(known, &row)?;
                        return Ok(Plan::Repeats(*first));
                    }
                    in_batch.insert(key, (place, row.clone()));
                    Ok(Plan::New { row: Box::new(row), fact: fact? })
                }),
            };
            plans.push(planned.unwrap_or_else(|refusal| Plan::Done(Outcome::Refused(refusal))));
        }
        plans
    }

    /// The row of a draft, and its fact when it counts at once. Whether it can be taken at all is told
    /// with the fact: a repeat is answered with the first activity even when rules have changed since.
    fn plan_one(
        &self,
        book: &mut Book<'_>,
        subjects: &Subjects,
        one: &Checked<'_>,
        intake: Intake,
    ) -> Result<(activity::Model, Result<Option<Fact>, Refusal>), Refusal> {
        let draft = one.draft;
        let who = subjects.find(&draft.subject)?;
        let row = activity::Model {
            id: Uuid::now_v7(),
            seq: 0,
            partner_id: who.partner_id(),
            professional_id: who.professional_id(),
            kind: draft.kind.clone(),
            occurred_on: draft.occurred_on,
            quantity: draft.quantity,
            points: draft.points,
            attributes: one.attributes.clone(),
            source: one.source.clone(),
            external_id: one.external_id.clone(),
            recorded_at: chrono::DateTime::UNIX_EPOCH,
            status: match intake {
                Intake::Record => ActivityStatus::Recorded,
                Intake::Submit => ActivityStatus::PendingReview,
            },
            graded_points: None,
            awarded_points: 0,
            awarded_credits: 0,
        };
        let claim = who.claim(draft);
        let admitted = match intake {
            Intake::Record => admit(&self.policy.editions, &claim, self.clock.today()),
            Intake::Submit => self.admit_claim(&claim),
        };
        let fact =
            admitted.map(|admitted| (intake == Intake::Record).then(|| fact(book, &row, admitted)).flatten());
        Ok((row, fact))
    }

    /// A claim may leave the points to the reviewer.
    fn admit_claim(&self, claim: &Claim<'_>) -> Result<Admitted, Refusal> {
        let editions = &self.policy.editions;
        let rule = editions
            .kind(claim.program, claim.kind)
            .and_then(|kind| editions.at(claim.occurred_on).rule(kind));
        let proposed = match rule.map(|rule| rule.asked) {
            Some(Asked::Graded { min, .. }) => claim.points.or(Some(min)),
            _ => claim.points,
        };
        admit(editions, &Claim { points: proposed, ..*claim }, self.clock.today())
    }

    /// Approves or rejects a claim.
    ///
    /// # Errors
    /// When there is no such activity, it does not wait for review, or the points don't fit its kind.
    pub async fn activity_review(
        &self,
        id: Uuid,
        decision: Decision,
        reason: Option<&str>,
    ) -> Result<activity::Model, Error> {
        let reason = input::reason("reason", reason)?;
        self.transact(async |transaction| {
            let (mut row, mut book) = self.open_activity(transaction, id).await?;
            if row.status != ActivityStatus::PendingReview {
                let message = format!(
                    "Only a claim that waits for review can be reviewed; this one is {}.",
                    status(row.status)
                );
                return Err(Refusal::new(Code::WrongState, "activityId", message).into());
            }
            let (action, step) = match decision {
                Decision::Approve { points } => {
                    row.status = ActivityStatus::Recorded;
                    row.graded_points = points.or(row.points);
                    (
                        LogAction::Approved,
                        Some(Step::Recorded(self.approved_fact(transaction, &mut book, &row).await?)),
                    )
                }
                Decision::Reject => {
                    row.status = ActivityStatus::Rejected;
                    (LogAction::Rejected, None)
                }
            };
            let entry = Entry {
                points: row.graded_points,
                reason: reason.clone(),
                ..Entry::new(action, Object::Activity(id))
            };
            self.settle_activity(transaction, book, row, entry, step).await
        })
        .await
    }

    async fn approved_fact(
        &self,
        transaction: &DatabaseTransaction,
        book: &mut Book<'_>,
        row: &activity::Model,
    ) -> Result<Fact, Error> {
        let attributes = read_attributes(row)?;
        let (program, member_since) = member_since(transaction, row).await?;
        let claim = Claim {
            program,
            member_since,
            kind: &row.kind,
            occurred_on: row.occurred_on,
            quantity: row.quantity,
            points: row.graded_points,
            attributes: &attributes,
        };
        let admitted = admit(&self.policy.editions, &claim, self.clock.today())?;
        fact(book, row, admitted).ok_or_else(|| Error::Damaged("an activity without its subject".to_owned()))
    }

    /// Voids a recorded activity: its awards are taken back by new entries.
    ///
    /// # Errors
    /// When there is no such activity, or it does not count.
    pub async fn activity_void(&self, id: Uuid, reason: Option<&str>) -> Result<activity::Model, Error> {
        let reason = input::reason("reason", reason)?;
        self.transact(async |transaction| {
            let (mut row, mut book) = self.open_activity(transaction, id).await?;
            if row.status != ActivityStatus::Recorded {
                let message = format!(
                    "Only an activity that counts can be voided; this one is {}.",
                    status(row.status)
                );
                return Err(Refusal::new(Code::WrongState, "activityId", message).into());
            }
            let units = stored_units(&self.policy, &row)?;
            let kind = self.policy.editions.kind(program(&row), &row.kind);
            let kind = kind.ok_or_else(|| Error::Damaged(format!("no edition knows {}", row.kind)))?;
            let fact = fact(&mut book, &row, Admitted { kind, units, review: Review::None });
            row.status = ActivityStatus::Voided;
            let entry =
                Entry { reason: reason.clone(), ..Entry::new(LogAction::Voided, Object::Activity(id)) };
            self.settle_activity(transaction, book, row, entry, fact.map(Step::Voided)).await
        })
        .await
    }

    /// Locks an activity's subjects and reads the activity as it then is.
    async fn open_activity(
        &self,
        transaction: &DatabaseTransaction,
        id: Uuid,
    ) -> Result<(activity::Model, Book<'_>), Error> {
        let missing = || Refusal::new(Code::NotFound, "activityId", "There is no activity with this id.");
        let row = store::by_ids(transaction, [id]).await?.pop().ok_or_else(missing)?;
        let subjects = Subjects::lock_ids(transaction, &row).await?;
        let row = store::by_ids(transaction, [id]).await?.pop().ok_or_else(missing)?;
        Ok((row, subjects.open(&self.policy)))
    }

    async fn settle_activity(
        &self,
        transaction: &DatabaseTransaction,
        mut book: Book<'_>,
        mut row: activity::Model,
        entry: Entry,
        step: Option<Step>,
    ) -> Result<activity::Model, Error> {
        if let Some(Step::Recorded(fact) | Step::Voided(fact)) = step {
            book.load_for_facts(transaction, &[fact]).await?;
        }
        book.take(entry, step)
            .map_err(|too_much| Refusal::new(Code::Invalid, "points", format!("Not taken: {too_much}.")))?;
        let settled: Settled = book.settle(transaction, self.clock.now()).await?;
        let (points, credits) = settled.awarded.get(&row.id).copied().unwrap_or_default();
        row.awarded_points += points;
        row.awarded_credits += credits;
        store::update(transaction, &row).await?;
        settled.write(transaction).await?;
        Ok(row)
    }
}

fn check(draft: &ActivityDraft) -> Result<Checked<'_>, Refusal> {
    Ok(Checked {
        source: input::key("source", &draft.source)?,
        external_id: input::key("externalId", &draft.external_id)?,
        attributes: input::attributes(&draft.attributes)?,
        draft,
    })
}

/// Whether a repeat says the same as the first.
fn same_content(first: &activity::Model, again: &activity::Model) -> Result<(), Refusal> {
    let differs = [
        ("subject", (first.partner_id, first.professional_id) != (again.partner_id, again.professional_id)),
        ("kind", first.kind != again.kind),
        ("occurredOn", first.occurred_on != again.occurred_on),
        ("quantity", first.quantity != again.quantity),
        ("points", first.points != again.points),
        ("attributes", first.attributes != again.attributes),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((field, _)) => {
            let message = format!(
                "An activity with this source and externalId was recorded before with another {field}: \
                 void it, or use a new externalId."
            );
            Err(Refusal::new(Code::ConflictingDuplicate, field, message))
        }
    }
}

fn outcomes(plans: Vec<Plan>) -> Vec<Outcome> {
    let rows: Vec<Option<activity::Model>> = plans
        .iter()
        .map(|plan| match plan {
            Plan::New { row, .. } => Some((**row).clone()),
            _ => None,
        })
        .collect();
    plans
        .into_iter()
        .map(|plan| match plan {
            Plan::Done(outcome) => outcome,
            Plan::New { row, .. } => Outcome::Recorded(*row),
            Plan::Repeats(first) => match &rows[first] {
                Some(row) => Outcome::Duplicate(row.clone()),
                // The first one was refused after all, for the same reason.
                None => Outcome::Refused(Refusal::new(
                    Code::Invalid,
                    "quantity",
                    "Not taken, like the same activity before it.",
                )),
            },
        })
        .collect()
}

fn fact(book: &mut Book<'_>, row: &activity::Model, admitted: Admitted) -> Option<Fact> {
    let subject = match (row.partner_id, row.professional_id) {
        (Some(id), _) => Subject::Partner(book.partner(id)?),
        (None, Some(id)) => Subject::Professional(book.professional(id)?),
        (None, None) => return None,
    };
    Some(Fact {
        activity: book.add_activity(row.id),
        subject,
        kind: admitted.kind,
        occurred_on: row.occurred_on,
        quantity: row.quantity,
        units: admitted.units,
    })
}

/// The program of an activity's subject.
pub(super) fn program(row: &activity::Model) -> Program {
    if row.partner_id.is_some() { Program::Partner } else { Program::Professional }
}

/// Units of a stored activity, by the rule that judged it.
pub(super) fn stored_units(policy: &Policy, row: &activity::Model) -> Result<i64, Error> {
    let editions = &policy.editions;
    let rule =
        editions.kind(program(row), &row.kind).and_then(|kind| editions.at(row.occurred_on).rule(kind));
    let rule =
        rule.ok_or_else(|| Error::Damaged(format!("no edition scores {} on {}", row.kind, row.occurred_on)))?;
    let points = row.graded_points.or(row.points);
    Ok(units(rule, row.quantity, points, row.occurred_on, &read_attributes(row)?)?)
}

fn read_attributes(row: &activity::Model) -> Result<Attributes, Error> {
    serde_json::from_str(&row.attributes).map_err(|error| Error::Damaged(format!("attributes: {error}")))
}

async fn member_since(
    transaction: &DatabaseTransaction,
    row: &activity::Model,
) -> Result<(Program, NaiveDate), Error> {
    let lost = || Error::Damaged("an activity without its subject".to_owned());
    if let Some(id) = row.partner_id {
        let partner = partner::by_ids(transaction, [id]).await?.pop().ok_or_else(lost)?;
        return Ok((Program::Partner, partner.enrolled_on));
    }
    let professional =
        professional::by_ids(transaction, row.professional_id).await?.pop().ok_or_else(lost)?;
    Ok((Program::Professional, professional.signed_up_on))
}

fn status(status: ActivityStatus) -> &'static str {
    match status {
        ActivityStatus::PendingReview => "waiting for review",
        ActivityStatus::Recorded => "recorded",
        ActivityStatus::Rejected => "rejected",
        ActivityStatus::Voided => "voided",
    }
}

/// Subjects of a batch, their rows locked: professionals first, then partners, each in one order.
struct Subjects {
    partners: HashMap<String, PartnerRow>,
    professionals: HashMap<String, ProfessionalRow>,
    affiliations: Vec<entity::affiliation::Model>,
}

/// A subject that exists.
enum Found<'s> {
    Partner(&'s PartnerRow),
    Professional(&'s ProfessionalRow),
}

impl Subjects {
    async fn lock<'d>(
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
        let codes: Vec<&str> = days.keys().copied().filter(|code| is_plain(code)).collect();
        let professionals =
            if codes.is_empty() { Vec::new() } else { professional::lock(transaction, codes, []).await? };
        let code_of: HashMap<Uuid, &str> =
            professionals.iter().map(|row| (row.id, row.code.as_str())).collect();
        let affiliations = if professionals.is_empty() {
            Vec::new()
        } else {
            affiliation::of_professionals(transaction, professionals.iter().map(|row| row.id)).await?
        };
        let needed = affiliations.iter().filter(|row| {
            let days = code_of.get(&row.professional_id).and_then(|code| days.get(code));
            let covers = |day: &NaiveDate| row.starts_on <= *day && row.ends_on.is_none_or(|end| *day <= end);
            days.is_some_and(|days| days.iter().any(covers))
        });
        let partner_ids: HashSet<Uuid> = needed.map(|row| row.partner_id).collect();
        partner_codes.retain(|code| is_plain(code));
        let partners = if partner_codes.is_empty() && partner_ids.is_empty() {
            Vec::new()
        } else {
            partner::lock(transaction, partner_codes, partner_ids).await?
        };
        Ok(Self {
            partners: partners.into_iter().map(|row| (row.code.clone(), row)).collect(),
            professionals: professionals.into_iter().map(|row| (row.code.clone(), row)).collect(),
            affiliations,
        })
    }

    async fn lock_ids(transaction: &DatabaseTransaction, row: &activity::Model) -> Result<Self, Error> {
        let mut partner_ids: HashSet<Uuid> = row.partner_id.into_iter().collect();
        let mut professionals = Vec::new();
        let mut affiliations = Vec::new();
        if let Some(id) = row.professional_id {
            professionals = professional::lock(transaction, [], [id]).await?;
            affiliations = affiliation::of_professionals(transaction, [id]).await?;
            let covers = |one: &&entity::affiliation::Model| {
                one.starts_on <= row.occurred_on && one.ends_on.is_none_or(|end| row.occurred_on <= end)
            };
            partner_ids.extend(affiliations.iter().filter(covers).map(|one| one.partner_id));
        }
        let partners = if partner_ids.is_empty() {
            Vec::new()
        } else {
            partner::lock(transaction, [], partner_ids).await?
        };
        Ok(Self {
            partners: partners.into_iter().map(|row| (row.code.clone(), row)).collect(),
            professionals: professionals.into_iter().map(|row| (row.code.clone(), row)).collect(),
            affiliations,
        })
    }

    fn open<'p>(&self, policy: &'p Policy) -> Book<'p> {
        let partners = self.partners.values().cloned().collect();
        let professionals = self.professionals.values().cloned().collect();
        Book::open(policy, partners, professionals, &self.affiliations)
    }

    fn find(&self, subject: &SubjectCode) -> Result<Found<'_>, Refusal> {
        let (found, field, what) = match subject {
            SubjectCode::Partner(code) => (self.partners.get(code).map(Found::Partner), "partner", "partner"),
            SubjectCode::Professional(code) => {
                (self.professionals.get(code).map(Found::Professional), "professional", "professional")
            }
        };
        found.ok_or_else(|| {
            Refusal::new(Code::NotFound, field, format!("There is no {what} with this code."))
                .within("subject")
        })
    }
}

/// Whether a code can exist at all: what can't is not sent to a database, which may refuse NUL.
fn is_plain(code: &str) -> bool {
    input::code("code", code).is_ok()
}

impl Found<'_> {
    fn partner_id(&self) -> Option<Uuid> {
        match self {
            Self::Partner(row) => Some(row.id),
            Self::Professional(_) => None,
        }
    }

    fn professional_id(&self) -> Option<Uuid> {
        match self {
            Self::Partner(_) => None,
            Self::Professional(row) => Some(row.id),
        }
    }

    fn claim<'d>(&self, draft: &'d ActivityDraft) -> Claim<'d> {
        let (program, member_since) = match self {
            Self::Partner(row) => (Program::Partner, row.enrolled_on),
            Self::Professional(row) => (Program::Professional, row.signed_up_on),
        };
        Claim {
            program,
            member_since,
            kind: &draft.kind,
            occurred_on: draft.occurred_on,
            quantity: draft.quantity,
            points: draft.points,
            attributes: &draft.attributes,
        }
    }
}
