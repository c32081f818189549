//! Changes of partners and professionals: names, addresses and first days.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::value::{EventKind, LogAction};
use entity::{activity, subject_step};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::{lock_partner, lock_professional};
use crate::access::Operation;
use crate::error::Error;
use crate::program::admission::Admitted;
use crate::program::fold::{Fact, PastFact};
use crate::program::refusal::{Code, Refusal, all};
use crate::program::rule::Review;
use crate::program::search::fold_all;
use crate::service::activities::{fact, program, stored_units};
use crate::service::audit::Change;
use crate::service::events::EventDraft;
use crate::service::input::differing;
use crate::service::posting::{LogEntry, Object, Posting};
use crate::service::{Services, input, transact};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject_step::{self as steps, DatedFact, HistoryRow};
use crate::store::{affiliation, subject};

/// Facts with their places in the log, in its order.
pub(super) type PlacedFacts = Vec<(i64, PastFact)>;

/// New values of a partner; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnerUpdate {
    /// Display name.
    pub name: Option<String>,
    /// First day in the program.
    pub enrolled_on: Option<NaiveDate>,
}

/// New values of a professional; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfessionalUpdate {
    /// Display name.
    pub name: Option<String>,
    /// Address for mail.
    pub email: Option<String>,
    /// Day of sign-up.
    pub signed_up_on: Option<NaiveDate>,
}

impl Services {
    /// Changes a partner's name or day of enrolment. What is so already is no change.
    ///
    /// # Errors
    /// When there is no such partner, nothing is given, a value is not accepted, or a fact lies before the new day.
    pub async fn partner_update(
        &self,
        code: &str,
        update: &PartnerUpdate,
        reason: Option<&str>,
    ) -> Result<PartnerRow, Error> {
        let visibility = self.authorize(Operation::UpdatePartner)?;
        let some = check_some(update.name.is_some() || update.enrolled_on.is_some(), "name or an enrolledOn");
        let name = update.name.as_deref().map(|name| input::name("name", name)).transpose();
        let day = update.enrolled_on.map(|day| self.check_first_day("enrolledOn", day)).transpose();
        let checked = all((input::reason("reason", reason), some, name, day));
        transact!(self, Operation::UpdatePartner, transaction, changes => {
            let partner = lock_partner(transaction, &visibility, code).await?;
            let partner = partner.map_err(|refusal| refusal.of_field("code"));
            let ((reason, (), name, day), before) = all((checked.clone(), partner))?;
            let row = PartnerRow {
                name: name.unwrap_or_else(|| before.name.clone()),
                enrolled_on: day.unwrap_or(before.enrolled_on),
                ..before.clone()
            };
            let fields =
                differing([("name", row.name != before.name), ("enrolledOn", row.enrolled_on != before.enrolled_on)]);
            if fields.is_empty() {
                return Ok(before);
            }
            if row.enrolled_on > before.enrolled_on {
                let first = steps::first_of_partner(transaction, row.id).await?;
                check_first_fact("enrolledOn", row.enrolled_on, first)?;
            }
            let moved = (row.enrolled_on != before.enrolled_on).then_some((before.enrolled_on, row.enrolled_on));
            let mut posting = Posting::open(&self.policy, vec![before.clone()], Vec::new(), &[]);
            let entry = LogEntry {
                reason: reason.clone(),
                ..LogEntry::new(LogAction::PartnerUpdated, Object::Partner(row.id))
            };
            posting.apply(entry, None).map_err(too_much)?;
            let mut posted = posting.post(transaction, self).await?;
            let (kind, about, today) = (EventKind::PartnerUpdated, (Some(row.id), None), self.clock.today());
            let day = moved.map(|(_, day)| day.to_string());
            posted.emit(0, EventDraft::changed(kind, about, today, &fields).with("enrolledOn", day));
            let step = step(posted.seqs[0], (Some(row.id), None), moved);
            let name = (row.name.as_str(), fold_all(&[&row.code, &row.name]));
            steps::update_partner(transaction, row.id, name, row.enrolled_on).await?;
            posted.write(transaction).await?;
            steps::insert(transaction, step).await?;
            let state = |row: &PartnerRow| json!({ "name": row.name, "enrolledOn": row.enrolled_on });
            let change = Change::of("Partner", row.id).about(Some(row.id), None);
            changes.add(change.before(state(&before)).after(state(&row)).because(reason.as_deref()));
            Ok(PartnerRow { last_recorded_at: row.last_recorded_at, ..row })
        })
    }

    /// Changes a professional's name, address or day of sign-up. What is so already is no change. With another day
    /// of sign-up, membership years run from it: what their caps gave or took is compensated (E4).
    ///
    /// # Errors
    /// When there is no such professional, nothing is given, a value is not accepted, the personal data was erased,
    /// or a fact lies before the new day.
    pub async fn professional_update(
        &self,
        code: &str,
        update: &ProfessionalUpdate,
        reason: Option<&str>,
    ) -> Result<ProfessionalRow, Error> {
        let visibility = self.authorize(Operation::UpdateProfessional)?;
        let given = update.name.is_some() || update.email.is_some() || update.signed_up_on.is_some();
        let some = check_some(given, "name, an email or a signedUpOn");
        let name = update.name.as_deref().map(|name| input::name("name", name)).transpose();
        let email = update.email.as_deref().map(|email| input::email("email", email)).transpose();
        let day = update.signed_up_on.map(|day| self.check_first_day("signedUpOn", day)).transpose();
        let checked = all((input::reason("reason", reason), some, name, email, day));
        transact!(self, Operation::UpdateProfessional, transaction, changes => {
            let found = lock_professional(transaction, &visibility, code).await?;
            let found = found.map_err(|refusal| refusal.of_field("code"));
            let ((reason, (), name, email, day), before) = all((checked.clone(), found))?;
            let row = ProfessionalRow {
                name: name.unwrap_or_else(|| before.name.clone()),
                email: email.or_else(|| before.email.clone()),
                signed_up_on: day.unwrap_or(before.signed_up_on),
                ..before.clone()
            };
            let fields = differing([
                ("name", row.name != before.name),
                ("email", row.email != before.email),
                ("signedUpOn", row.signed_up_on != before.signed_up_on),
            ]);
            if fields.is_empty() {
                return Ok(before);
            }
            if before.email.is_none() && (row.name != before.name || row.email.is_some()) {
                let message = format!("The personal fields of professional {} were erased; they stay so.", row.code);
                return Err(Refusal::new(Code::WrongState, "code", message).into());
            }
            if row.signed_up_on > before.signed_up_on {
                let first = steps::first_of_professional(transaction, row.id).await?;
                check_first_fact("signedUpOn", row.signed_up_on, first)?;
            }
            let moved = (row.signed_up_on != before.signed_up_on).then_some((before.signed_up_on, row.signed_up_on));
            let entry = LogEntry {
                reason: reason.clone(),
                ..LogEntry::new(LogAction::ProfessionalUpdated, Object::Professional(row.id))
            };
            if moved.is_some() {
                self.check_no_recalculation(transaction, "signedUpOn").await?;
            }
            let (posting, activities) = self.post_sign_up(transaction, &before, entry, moved.map(|(_, day)| day)).await?;
            let mut posted = posting.post(transaction, self).await?;
            posted.name_activities(&activities);
            let (kind, about, today) = (EventKind::ProfessionalUpdated, (None, Some(row.id)), self.clock.today());
            let day = moved.map(|(_, day)| day.to_string());
            posted.emit(0, EventDraft::changed(kind, about, today, &fields).with("signedUpOn", day));
            let step = step(posted.seqs[0], (None, Some(row.id)), moved);
            let name = (row.name.as_str(), fold_all(&[&row.code, &row.name]));
            let email = row.email.as_deref().map(|email| (email, fold_all(&[email])));
            steps::update_professional(transaction, row.id, name, email, row.signed_up_on).await?;
            crate::store::activity::add_awards(transaction, posted.awarded.clone()).await?;
            posted.write(transaction).await?;
            steps::insert(transaction, step).await?;
            // Neither name nor address: they can be erased, and the audit log can't.
            let change = Change::of("Professional", row.id).about(None, Some(row.id));
            let state = |day: NaiveDate| json!({ "signedUpOn": day });
            let after = json!({ "signedUpOn": row.signed_up_on, "fields": fields });
            changes.add(change.before(state(before.signed_up_on)).after(after).because(reason.as_deref()));
            let found = subject::by_ids::<ProfessionalRow>(transaction, [row.id]).await?.pop();
            found.ok_or_else(|| Error::Damaged("a professional is gone".to_owned()))
        })
    }

    /// A posting with the step that changes a professional, and where the day of sign-up is another one, with what
    /// follows from it.
    async fn post_sign_up(
        &self,
        transaction: &DatabaseTransaction,
        row: &ProfessionalRow,
        entry: LogEntry,
        signed_up_on: Option<NaiveDate>,
    ) -> Result<(Posting<'_>, Vec<activity::Model>), Error> {
        let Some(day) = signed_up_on else {
            let mut posting = Posting::open(&self.policy, Vec::new(), vec![row.clone()], &[]);
            posting.apply(entry, None).map_err(too_much)?;
            return Ok((posting, Vec::new()));
        };
        let affiliations = affiliation::of_professionals(transaction, [row.id]).await?;
        let ids: Vec<Uuid> = affiliations.iter().map(|row| row.partner_id).collect();
        let partners = if ids.is_empty() {
            Vec::new()
        } else {
            subject::lock::<PartnerRow>(transaction, [], ids).await?
        };
        let mut posting = Posting::open(&self.policy, partners, vec![row.clone()], &affiliations);
        let (history, activities) = self.history_of(transaction, &mut posting, &[row.id]).await?;
        let facts: Vec<_> = history.iter().map(|past| past.fact).collect();
        posting.load_for_facts(transaction, &facts).await?;
        let who =
            posting.professional(row.id).ok_or_else(|| Error::Damaged("a lost professional".to_owned()))?;
        posting.apply_sign_up(entry, who, day, &history).map_err(too_much)?;
        Ok((posting, activities))
    }

    /// Everything of these professionals that counted so far, in the order of the log, and the activities.
    pub(super) async fn history_of(
        &self,
        transaction: &DatabaseTransaction,
        posting: &mut Posting<'_>,
        ids: &[Uuid],
    ) -> Result<(Vec<PastFact>, Vec<activity::Model>), Error> {
        let mut rows = Vec::new();
        for id in ids {
            rows.extend(steps::history(transaction, *id, i64::MAX).await?);
        }
        rows.sort_by_key(|(seq, ..)| *seq);
        let (facts, activities) = self.past_facts(posting, rows)?;
        Ok((facts.into_iter().map(|(_, fact)| fact).collect(), activities))
    }

    /// Facts of histories in the order of the log, with their places in it, and the activities.
    pub(super) fn past_facts(
        &self,
        posting: &mut Posting<'_>,
        rows: Vec<HistoryRow>,
    ) -> Result<(PlacedFacts, Vec<activity::Model>), Error> {
        let mut facts: HashMap<Uuid, Fact> = HashMap::new();
        let (mut history, mut activities) = (Vec::with_capacity(rows.len()), Vec::new());
        for (seq, voided, row) in rows {
            let known = facts.get(&row.id).copied();
            let fact = if let Some(fact) = known {
                fact
            } else {
                // What no edition in force would have counts for nothing.
                let Some(units) = stored_units(&self.policy, &row)? else { continue };
                let kind = self.policy.editions.kind(program(&row), &row.kind);
                let kind = kind.ok_or_else(|| Error::Damaged(format!("no edition knows {}", row.kind)))?;
                let fact = fact(posting, &row, Admitted { kind, units, review: Review::None });
                fact.ok_or_else(|| Error::Damaged("an activity without its subject".to_owned()))?
            };
            facts.insert(row.id, fact);
            history.push((seq, PastFact { fact, voided }));
            if known.is_none() {
                activities.push(row);
            }
        }
        Ok((history, activities))
    }
}

/// What a step changed.
pub(super) fn step(
    log_seq: i64,
    (partner_id, professional_id): (Option<Uuid>, Option<Uuid>),
    moved: Option<(NaiveDate, NaiveDate)>,
) -> subject_step::Model {
    subject_step::Model {
        log_seq,
        partner_id,
        professional_id,
        first_day_before: moved.map(|(before, _)| before),
        first_day: moved.map(|(_, after)| after),
        last_day_before: None,
        last_day: None,
        track: None,
        level: None,
        override_seq: None,
        made_by: None,
        from_id: None,
    }
}

/// An update without any new value is a mistake.
fn check_some(given: bool, what: &str) -> Result<(), Refusal> {
    if given {
        return Ok(());
    }
    let message = format!("The update has no new value; give a {what}.");
    Err(Refusal::new(Code::Invalid, "input", message))
}

/// Nothing that stands lies before the first day.
pub(super) fn check_first_fact(field: &str, day: NaiveDate, first: Option<DatedFact>) -> Result<(), Refusal> {
    let Some(first) = first.filter(|first| first.day < day) else { return Ok(()) };
    let DatedFact { what, day: on } = first;
    let message = format!("{day} is after {on}, the day of {what}; {field} is that day or an earlier one.");
    Err(Refusal::new(Code::Invalid, field, message))
}

pub(super) fn too_much(exceeded: crate::program::fold::LimitExceeded) -> Refusal {
    Refusal::new(Code::Invalid, "input", exceeded.to_string())
}
