//! Merges: two accounts of one professional, or of one partner, become one (E4).
//!
//! The facts of the merged subject are those of the remaining one from now on; a table keeps whose they were. Its ledger
//! stays, and everything in it is taken back by entries of their own dates. The remaining subject is given what the facts
//! of both come to together.

use chrono::NaiveDate;
use entity::value::{EventKind, LogAction};
use entity::{affiliation, subject_step, swag_order};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use uuid::Uuid;

use super::updates::{step, too_much};
use crate::access::Operation;
use crate::error::Error;
use crate::program::fold::{AffiliationSpan, ProfessionalMerge, SpentCredits, conflicting_spans, join_spans};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::wording::quoted;
use crate::service::audit::Change;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, PostedRows, Posting, read_overrides};
use crate::service::{Services, input, transact};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::{self, Subject};
use crate::store::subject_step::{self as steps, DatedFact};
use crate::store::{activity, affiliation as affiliations, merge, swag};

/// The value of a merge's step that names affiliations.
const JOINED: &str = "joinedAffiliations";

/// Affiliations by their ids.
type Spans = Vec<AffiliationSpan<Uuid, Uuid>>;

impl Services {
    /// Merges a professional into another one: everything that was recorded of the first counts for the second, as if
    /// it had been so from the start.
    ///
    /// # Errors
    /// When one of them does not exist or was merged before, both are the same, no reason is given, or facts of the two
    /// contradict each other.
    pub async fn professionals_merge(
        &self,
        from: &str,
        into: &str,
        reason: &str,
    ) -> Result<ProfessionalRow, Error> {
        self.authorize(Operation::MergeProfessionals)?;
        let reason = input::required_reason("reason", reason);
        let merged = transact!(self, Operation::MergeProfessionals, transaction, changes => {
            self.check_no_recalculation(transaction, "from").await?;
            let found = lock_two::<ProfessionalRow>(transaction, "professional", (from, into)).await?;
            let (reason, (left, kept)) = all((reason.as_ref(), found))?;
            let rows = affiliations::of_professionals(transaction, [kept.id, left.id]).await?;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.partner_id).collect();
            let partners = match ids[..] {
                [] => Vec::new(),
                _ => subject::lock::<PartnerRow>(transaction, [], ids).await?,
            };
            let spans = spans(&rows, kept.id);
            check_professionals(transaction, (&left, &kept), (&spans, &partners), self.clock.today()).await?;
            let orders = swag::all_of(transaction, left.id).await?;
            let people = vec![left.clone(), kept.clone()];
            let mut posting = Posting::open(&self.policy, partners, people, &rows);
            let (Some(who), Some(other)) = (posting.professional(left.id), posting.professional(kept.id)) else {
                return Err(Error::Damaged("a lost professional".to_owned()));
            };
            let (facts, activities) = self.history_of(transaction, &mut posting, &[left.id, kept.id]).await?;
            posting.load_for_merge(transaction, &facts, [who, other]).await?;
            let spent = spent_credits(&mut posting, &orders);
            let joined = join_spans(spans);
            let entry = LogEntry {
                reason: Some(reason.clone()),
                data: Some(json!({ JOINED: dropped(&joined) })),
                ..LogEntry::new(LogAction::ProfessionalsMerged, Object::Professional(kept.id))
            };
            let merged = ProfessionalMerge { from: who, into: other, facts: &facts, spent: &spent };
            posting.apply_professional_merge(entry, &merged).map_err(too_much)?;
            posting.also_employed(&rows, (left.id, kept.id));
            let mut posted = posting.post(transaction, self).await?;
            emit_dropped(&mut posted, &joined, &rows);
            let object = json!({ "from": left.code, "into": kept.code });
            let (kind, today) = (EventKind::ProfessionalsMerged, self.clock.today());
            for id in [kept.id, left.id] {
                posted.emit(0, EventDraft::of_professional(kind, today, id, "merge", object.clone()));
            }
            posted.name_activities(&activities);
            emit_extended(&mut posted, &joined, &rows, kept.id);
            activity::add_awards(transaction, posted.awarded.clone()).await?;
            let seq = posted.seqs[0];
            let row = subject_step::Model { from_id: Some(left.id), ..step(seq, (None, Some(kept.id)), None) };
            posted.write(transaction).await?;
            steps::insert(transaction, row).await?;
            let owners = (left.id, kept.id);
            merge::point::<ProfessionalRow>(transaction, owners, &codes(&left, &kept)).await?;
            for (span, _) in joined.iter().filter(|(_, remains)| !remains) {
                affiliations::void(transaction, span.key).await?;
            }
            merge::move_facts::<ProfessionalRow>(transaction, &merge::OF_PROFESSIONALS, seq, owners).await?;
            for (span, _) in joined.iter().filter(|(_, remains)| *remains) {
                if rows.iter().any(|row| row.id == span.key && row.ends_on != span.ends_on) {
                    affiliations::set_end(transaction, span.key, span.ends_on).await?;
                }
            }
            merge::move_keys::<ProfessionalRow>(transaction, owners).await?;
            let change = Change::of("Professional", kept.id).about(None, Some(kept.id));
            changes.add(change.after(json!({ "merged": left.code })).because(Some(reason)));
            let change = Change::of("Professional", left.id).about(None, Some(left.id));
            changes.add(change.after(json!({ "mergedInto": kept.code })).because(Some(reason)));
            let found = subject::by_ids::<ProfessionalRow>(transaction, [kept.id]).await?.pop();
            found.ok_or_else(|| Error::Damaged("a professional is gone".to_owned()))
        });
        self.keys.forget();
        merged
    }
}

impl Services {
    /// The codes of professionals that were merged into this one.
    ///
    /// # Errors
    /// When the caller may not see the professional's own account.
    pub fn former_codes_of_professional(&self, row: &ProfessionalRow) -> Result<Vec<String>, Error> {
        let visibility = self.authorize(Operation::ProfessionalPoints)?;
        if !visibility.can_see_professional(row.id) {
            return Err(Error::Forbidden(Operation::ProfessionalPoints.name()));
        }
        Ok(row.former_codes())
    }

    /// The codes of partners that were merged into this one.
    ///
    /// # Errors
    /// When the caller may not see the partner's account.
    pub fn former_codes_of_partner(&self, row: &PartnerRow) -> Result<Vec<String>, Error> {
        self.authorize_accounts(std::iter::once(row.id))?;
        Ok(row.former_codes())
    }
}

/// Locks two subjects of one kind by their codes.
pub(super) async fn lock_two<S: Subject + Clone>(
    transaction: &DatabaseTransaction,
    what: &'static str,
    (from, into): (&str, &str),
) -> Result<Result<(S, S), Refusals>, Error> {
    let plain = [from, into].into_iter().filter(|code| input::code("code", code).is_ok());
    let plain: Vec<&str> = plain.collect();
    let rows = match plain[..] {
        [] => Vec::new(),
        _ => subject::lock::<S>(transaction, plain, []).await?,
    };
    let find = |field: &'static str, code: &str| {
        let row = rows.iter().find(|row| row.is_called(code));
        row.ok_or_else(|| input::not_found(field, (what, "code"), code))
    };
    let (left, kept) = match all((find("from", from), find("into", into))) {
        Ok(found) => found,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let refuse = |field, message| Ok(Err(Refusal::new(Code::WrongState, field, message).into()));
    if left.own_code() != from {
        let message =
            format!("The {what} {} was merged into {} already.", quoted(from), quoted(left.own_code()));
        return refuse("from", message);
    }
    if kept.own_code() != into {
        let message = format!(
            "The {what} {} was merged into {}; merge into that one.",
            quoted(into),
            quoted(kept.own_code())
        );
        return refuse("into", message);
    }
    if left.own_code() == kept.own_code() {
        let message = format!("The {what} {} can't be merged into itself.", quoted(into));
        return Ok(Err(Refusal::new(Code::Invalid, "into", message).into()));
    }
    Ok(Ok((left.clone(), kept.clone())))
}

/// The codes that the remaining subject has besides its own.
pub(super) fn codes<S: Subject>(left: &S, kept: &S) -> Vec<String> {
    let mut codes = kept.former_codes();
    codes.push(left.own_code().to_owned());
    codes.extend(left.former_codes());
    codes
}

/// Affiliations of two professionals, those of the remaining one first.
fn spans(rows: &[affiliation::Model], kept: Uuid) -> Spans {
    let (first, second): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.professional_id == kept);
    let span = |row: &affiliation::Model| AffiliationSpan {
        key: row.id,
        partner: row.partner_id,
        starts_on: row.starts_on,
        ends_on: row.ends_on,
    };
    first.into_iter().chain(second).map(span).collect()
}

/// The affiliations that are part of others from now on, in the order of their ids.
pub(in crate::service) fn dropped<P>(joined: &[(AffiliationSpan<Uuid, P>, bool)]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> =
        joined.iter().filter(|(_, remains)| !remains).map(|(span, _)| span.key).collect();
    ids.sort_unstable();
    ids
}

/// The affiliations that a merge made part of others, from the values of its step in the log.
pub(in crate::service) fn logged_as_dropped(data: Option<&str>) -> Vec<Uuid> {
    let data: Value = data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
    serde_json::from_value(data[JOINED].clone()).unwrap_or_default()
}

/// Affiliations that are part of another one from now on. They are voided as those of whom they were of until then: both
/// may begin on the same day.
fn emit_dropped(
    posted: &mut PostedRows,
    joined: &[(AffiliationSpan<Uuid, Uuid>, bool)],
    rows: &[affiliation::Model],
) {
    for (span, _) in joined.iter().filter(|(_, remains)| !remains) {
        let Some(row) = rows.iter().find(|row| row.id == span.key) else { continue };
        let row = affiliation::Model { voided: true, ..row.clone() };
        posted.emit(0, EventDraft::affiliation(EventKind::AffiliationVoided, &row, row.starts_on));
    }
}

/// Affiliations of the remaining professional that last longer than before, as another one is part of them.
fn emit_extended(
    posted: &mut PostedRows,
    joined: &[(AffiliationSpan<Uuid, Uuid>, bool)],
    rows: &[affiliation::Model],
    professional_id: Uuid,
) {
    for (span, _) in joined.iter().filter(|(_, remains)| *remains) {
        let row = rows.iter().find(|row| row.id == span.key && row.ends_on != span.ends_on);
        let Some(row) = row else { continue };
        let row = affiliation::Model { professional_id, ends_on: span.ends_on, ..row.clone() };
        posted.emit(0, EventDraft::affiliation(EventKind::AffiliationCorrected, &row, row.starts_on));
    }
}

/// What the orders of a professional spent and returned, in the order of the log.
fn spent_credits(posting: &mut Posting<'_>, orders: &[swag_order::Model]) -> Vec<SpentCredits> {
    let mut spent = Vec::new();
    for row in orders {
        let order = posting.add(Object::SwagOrder(row.id));
        spent.push(SpentCredits { order, on: row.placed_on, credits: -row.dojo_credits });
        spent.extend(row.cancelled_on.map(|on| SpentCredits { order, on, credits: row.dojo_credits }));
    }
    spent
}

/// Refuses what facts of two professionals contradict.
async fn check_professionals(
    transaction: &DatabaseTransaction,
    (left, kept): (&ProfessionalRow, &ProfessionalRow),
    (spans, partners): (&Spans, &[PartnerRow]),
    today: NaiveDate,
) -> Result<(), Error> {
    let first = steps::first_of_professional(transaction, left.id).await?;
    check_first("sign-up", kept.signed_up_on, first)?;
    let last = steps::last_of_professional(transaction, left.id).await?;
    check_last(kept.left_on, last)?;
    if let Some((one, other)) = conflicting_spans(spans) {
        let code = |id: Uuid| partners.iter().find(|row| row.id == id).map_or("", |row| row.code.as_str());
        let days = |one: &AffiliationSpan<Uuid, Uuid>| match one.ends_on {
            Some(end) => format!("with {} from {} to {end}", quoted(code(one.partner)), one.starts_on),
            None => format!("with {} since {}", quoted(code(one.partner)), one.starts_on),
        };
        let message = format!(
            "The affiliations of the two overlap: one {}, the other {}; correct or void one of them first.",
            days(&one),
            days(&other)
        );
        return Err(Refusal::new(Code::AffiliationOverlap, "from", message).into());
    }
    if kept.email.is_none() && left.email.is_some() {
        let message = format!("The personal fields of professional {} were erased; they stay so.", kept.code);
        return Err(Refusal::new(Code::WrongState, "into", message).into());
    }
    check_overrides(left.level_overrides.as_deref(), today)?;
    let keys = ("swag_orders", "idempotency_key");
    let shared = merge::shared_key::<ProfessionalRow>(transaction, keys, (left.id, kept.id)).await?;
    check_shared(shared, "a swag shop order with the idempotency key")?;
    Ok(())
}

/// Facts before the first day of the remaining subject can't be its own.
pub(super) fn check_first(start: &str, day: NaiveDate, first: Option<DatedFact>) -> Result<(), Refusal> {
    let Some(first) = first.filter(|first| first.day < day) else { return Ok(()) };
    let DatedFact { what, day: on } = first;
    let message = format!(
        "{on}, the day of {what} of the merged one, is before {day}, the {start} of the remaining one; move that to \
         {on} or an earlier day first."
    );
    Err(Refusal::new(Code::DateBeforeEnrolment, "from", message))
}

/// Facts after the last day of the remaining subject can't be its own.
pub(super) fn check_last(left_on: Option<NaiveDate>, last: Option<DatedFact>) -> Result<(), Refusal> {
    let Some((end, last)) = left_on.zip(last).filter(|(end, last)| last.day > *end) else { return Ok(()) };
    let DatedFact { what, day } = last;
    let message = format!(
        "{day}, the day of {what} of the merged one, is after {end}, the last day of the remaining one in the program."
    );
    Err(Refusal::new(Code::DateAfterEnd, "from", message))
}

/// Overrides are not moved: one that holds now, or will, is to be ended first.
pub(super) fn check_overrides(overrides: Option<&str>, today: NaiveDate) -> Result<(), Error> {
    let held = read_overrides(overrides)?.into_iter().find(|one| one.from <= one.until && one.until >= today);
    let Some(held) = held else { return Ok(()) };
    let message = format!(
        "The merged one has the level {} by an override from {} to {}; end it first.",
        quoted(&held.level),
        held.from,
        held.until
    );
    Err(Refusal::new(Code::WrongState, "from", message).into())
}

/// A key that both have can't be one subject's twice.
pub(super) fn check_shared(shared: Option<String>, what: &str) -> Result<(), Refusal> {
    let Some(shared) = shared else { return Ok(()) };
    let message = format!("Both have {what} {}; one subject can't have two.", quoted(&shared));
    Err(Refusal::new(Code::WrongState, "from", message))
}
