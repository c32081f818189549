//! Overrides of levels (E5).

use chrono::{DateTime, NaiveDate, Utc};
use entity::subject_step;
use entity::value::{EventKind, LogAction};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::updates::{step, too_much};
use super::{lock_partner, lock_professional};
use crate::access::Operation;
use crate::error::Error;
use crate::program::level_override::LevelOverride;
use crate::program::nearest::nearest;
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::Track;
use crate::program::wording::{did_you_mean, quoted};
use crate::service::access::Visibility;
use crate::service::audit::Change;
use crate::service::events::{EventDraft, codes_of_partners};
use crate::service::posting::{LogEntry, Object, Posting, column, read_overrides, track, write_overrides};
use crate::service::{Services, input, transact};
use crate::store::affiliation;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject_step as steps;

/// Most overrides that one subject has: each is read with it.
const OVERRIDES_MAX: usize = 100;

/// Whose level is overridden: a partner's of a track, or a professional's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideSubject {
    /// Code of the partner.
    pub partner: Option<String>,
    /// The partner's track.
    pub track: Option<Track>,
    /// Code of the professional.
    pub professional: Option<String>,
}

/// An override as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideDraft {
    /// Whose.
    pub subject: OverrideSubject,
    /// Code of the level.
    pub level: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
}

/// The subject of an override, after the change.
#[derive(Clone, Debug)]
pub enum OverriddenSubject {
    /// A partner.
    Partner(PartnerRow),
    /// A professional.
    Professional(ProfessionalRow),
}

impl OverriddenSubject {
    fn id(&self) -> Uuid {
        match self {
            Self::Partner(row) => row.id,
            Self::Professional(row) => row.id,
        }
    }

    fn ids(&self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Partner(row) => (Some(row.id), None),
            Self::Professional(row) => (None, Some(row.id)),
        }
    }

    fn first_day(&self) -> (NaiveDate, &'static str) {
        match self {
            Self::Partner(row) => (row.enrolled_on, "the partner's enrolment"),
            Self::Professional(row) => (row.signed_up_on, "the professional's sign-up"),
        }
    }

    fn overrides(&self) -> Result<Vec<LevelOverride>, Error> {
        match self {
            Self::Partner(row) => read_overrides(row.level_overrides.as_deref()),
            Self::Professional(row) => read_overrides(row.level_overrides.as_deref()),
        }
    }
}

/// What an override step does to the overrides of a subject.
struct OverrideStep {
    action: LogAction,
    kind: EventKind,
    on: NaiveDate,
    reason: Option<String>,
    overrides: Vec<LevelOverride>,
    /// The place among them of the one that is new or ended.
    place: usize,
    row: subject_step::Model,
}

impl Services {
    /// Sets a partner's track or a professional to a level from a day through a day. What would hold without it
    /// stays visible, and holds again afterwards. The same again is no change.
    ///
    /// # Errors
    /// When there is no such subject or level, the days are not in order or before the subject's first day, or
    /// another override holds on one of them.
    pub async fn level_override(
        &self,
        draft: &OverrideDraft,
        reason: &str,
    ) -> Result<OverriddenSubject, Error> {
        let visibility = self.authorize(Operation::OverrideLevel)?;
        let checked = all((
            input::required_reason("reason", reason).map(Some),
            check_subject(&draft.subject),
            self.check_level(draft),
            check_order(draft),
        ));
        transact!(self, Operation::OverrideLevel, transaction, changes => {
            let (reason, (), (), ()) = checked.clone()?;
            let who = lock_subject(transaction, &visibility, &draft.subject).await?;
            let (first_day, what) = who.first_day();
            if draft.from < first_day {
                let message = format!("{} is before {what} on {first_day}.", draft.from);
                return Err(Refusal::new(Code::DateBeforeEnrolment, "from", message).into());
            }
            let mut overrides = who.overrides()?;
            let new = LevelOverride {
                seq: 0,
                track: draft.subject.track,
                level: draft.level.clone(),
                from: draft.from,
                until: draft.until,
                reason: reason.clone(),
                by: self.caller().actor.label().to_owned(),
                at: self.clock.now(),
            };
            if let Some(other) = overrides.iter().find(|other| other.overlaps(&new)) {
                if (&other.level, other.from, other.until) == (&new.level, new.from, new.until) {
                    return Ok(who);
                }
                return Err(overlap(other).into());
            }
            if overrides.len() >= OVERRIDES_MAX {
                let message = format!("A subject has at most {OVERRIDES_MAX} overrides.");
                return Err(Refusal::new(Code::TooMany, "from", message).into());
            }
            let row = subject_step::Model {
                track: new.track.map(|track| column(track).to_value()),
                level: Some(new.level.clone()),
                first_day: Some(new.from),
                last_day: Some(new.until),
                made_by: Some(new.by.clone()),
                ..step(0, who.ids(), None)
            };
            let on = new.from;
            overrides.push(new);
            let place = overrides.len() - 1;
            let (action, kind) = (LogAction::LevelOverridden, EventKind::LevelOverridden);
            let change = change(&who).after(json!({ "override": shown(&overrides[place]) }));
            changes.add(change.because(reason.as_deref()));
            self.post_override(transaction, who, OverrideStep { action, kind, on, reason, overrides, place, row }).await
        })
    }

    /// Ends the override that holds today, or else the next one: `on` is its last day, by default yesterday.
    ///
    /// # Errors
    /// When there is no such subject or override, or the day is after its last day.
    pub async fn override_end(
        &self,
        subject: &OverrideSubject,
        on: Option<NaiveDate>,
        reason: &str,
    ) -> Result<OverriddenSubject, Error> {
        let visibility = self.authorize(Operation::EndOverride)?;
        let checked = all((input::required_reason("reason", reason).map(Some), check_subject(subject)));
        transact!(self, Operation::EndOverride, transaction, changes => {
            let (reason, ()) = checked.clone()?;
            let who = lock_subject(transaction, &visibility, subject).await?;
            let today = self.clock.today();
            let mut overrides = who.overrides()?;
            let open = overrides.iter().enumerate().filter(|(_, one)| {
                one.track == subject.track && one.until >= today && one.from <= one.until
            });
            let open = open.min_by_key(|(_, one)| one.from).map(|(place, _)| place);
            let place = open.ok_or_else(|| {
                let message = "No override of this level holds today or later.";
                Refusal::new(Code::WrongState, "on", message)
            })?;
            let (from, until) = (overrides[place].from, overrides[place].until);
            let yesterday = today.pred_opt().unwrap_or(today);
            let on = on.unwrap_or(yesterday);
            if on >= until {
                let message = format!("The override ends on {until}; its new last day is an earlier one, got {on}.");
                return Err(Refusal::new(Code::Invalid, "on", message).into());
            }
            // One that never held has no days.
            let on = on.max(from.pred_opt().unwrap_or(from));
            let row = subject_step::Model {
                override_seq: Some(overrides[place].seq),
                last_day_before: Some(until),
                last_day: Some(on),
                made_by: Some(self.caller().actor.label().to_owned()),
                ..step(0, who.ids(), None)
            };
            let before = shown(&overrides[place]);
            overrides[place].until = on;
            let after = shown(&overrides[place]);
            let change = change(&who).before(json!({ "override": before })).after(json!({ "override": after }));
            changes.add(change.because(reason.as_deref()));
            let (action, kind) = (LogAction::OverrideEnded, EventKind::OverrideEnded);
            self.post_override(transaction, who, OverrideStep { action, kind, on, reason, overrides, place, row }).await
        })
    }

    /// The subject of an override, where it exists for the caller.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn overridden_subject(
        &self,
        subject: &OverrideSubject,
    ) -> Result<Option<OverriddenSubject>, Error> {
        if let Some(code) = &subject.partner {
            return Ok(self.partner_by_code(code).await?.map(OverriddenSubject::Partner));
        }
        let Some(code) = &subject.professional else { return Ok(None) };
        Ok(self.professional_by_code(code).await?.map(OverriddenSubject::Professional))
    }

    async fn post_override(
        &self,
        transaction: &DatabaseTransaction,
        who: OverriddenSubject,
        step: OverrideStep,
    ) -> Result<OverriddenSubject, Error> {
        let OverrideStep { action, kind, on, reason, mut overrides, place, mut row } = step;
        let id = who.id();
        let object = |draft: &LevelOverride| {
            json!({
                "track": draft.track.map(|track| column(track).to_value()), "level": draft.level,
                "from": draft.from, "until": draft.until,
            })
        };
        // A level of a professional concerns the partner of its day as well.
        let employers = match &who {
            OverriddenSubject::Partner(_) => Vec::new(),
            OverriddenSubject::Professional(_) => affiliation::of_professionals(transaction, [id]).await?,
        };
        let (mut posting, about, event) = match &who {
            OverriddenSubject::Partner(row) => {
                let posting = Posting::open(&self.policy, vec![row.clone()], Vec::new(), &[]);
                let event = EventDraft::of_partner(kind, on, id, "override", object(&overrides[place]));
                (posting, Object::Partner(id), event)
            }
            OverriddenSubject::Professional(row) => {
                let posting = Posting::open(&self.policy, Vec::new(), vec![row.clone()], &employers);
                let event = EventDraft::of_professional(kind, on, id, "override", object(&overrides[place]));
                (posting, Object::Professional(id), event)
            }
        };
        posting.apply(LogEntry { reason, ..LogEntry::new(action, about) }, None).map_err(too_much)?;
        posting.override_levels(id, &overrides);
        let mut posted = posting.post(transaction, self).await?;
        posted.emit(0, event);
        posted.name_partners(codes_of_partners(transaction, &employers).await?);
        row.log_seq = posted.seqs.first().copied().unwrap_or_default();
        if overrides[place].seq == 0 {
            (overrides[place].seq, overrides[place].at) = (row.log_seq, posted.recorded_at);
        }
        let text = Some(write_overrides(&overrides));
        match &who {
            OverriddenSubject::Partner(_) => {
                steps::override_levels::<PartnerRow>(transaction, id, text.clone()).await?;
            }
            OverriddenSubject::Professional(_) => {
                steps::override_levels::<ProfessionalRow>(transaction, id, text.clone()).await?;
            }
        }
        posted.write(transaction).await?;
        steps::insert(transaction, row).await?;
        Ok(match who {
            OverriddenSubject::Partner(row) => {
                OverriddenSubject::Partner(PartnerRow { level_overrides: text, ..row })
            }
            OverriddenSubject::Professional(row) => {
                OverriddenSubject::Professional(ProfessionalRow { level_overrides: text, ..row })
            }
        })
    }

    /// Checks that the edition of the first day has the level.
    fn check_level(&self, draft: &OverrideDraft) -> Result<(), Refusal> {
        let edition = self.policy.editions.at(draft.from);
        let levels = if draft.subject.partner.is_some() {
            &edition.partner_levels
        } else {
            &edition.professional_levels
        };
        if levels.by_code(&draft.level).is_some() {
            return Ok(());
        }
        let near = nearest(&draft.level, levels.iter().map(|level| level.code.as_str()));
        let codes: Vec<&str> = levels.iter().map(|level| level.code.as_str()).collect();
        let message = format!(
            "There is no level {} on {}; the levels are {}.{}",
            quoted(&draft.level),
            draft.from,
            codes.join(", "),
            did_you_mean(near)
        );
        Err(Refusal::new(Code::Invalid, "level", message))
    }
}

fn change(who: &OverriddenSubject) -> Change {
    let (partner, professional) = who.ids();
    Change::of(if partner.is_some() { "Partner" } else { "Professional" }, who.id())
        .about(partner, professional)
}

/// An override for the audit log.
fn shown(one: &LevelOverride) -> serde_json::Value {
    json!({
        "track": one.track.map(|track| column(track).to_value()), "level": one.level, "from": one.from,
        "until": one.until, "reason": one.reason,
    })
}

fn overlap(other: &LevelOverride) -> Refusal {
    let LevelOverride { level, from, until, .. } = other;
    let message = format!(
        "An override to {level} holds from {from} to {until}; end it first, or choose days outside of it."
    );
    Refusal::new(Code::WrongState, "from", message)
}

fn check_order(draft: &OverrideDraft) -> Result<(), Refusal> {
    for (field, day) in [("from", draft.from), ("until", draft.until)] {
        if !crate::program::calendar::is_plausible(day) {
            return Err(Refusal::new(Code::Invalid, field, crate::program::calendar::implausible(day)));
        }
    }
    if draft.until < draft.from {
        let message = format!("{} is before {}, the first day of the override.", draft.until, draft.from);
        return Err(Refusal::new(Code::Invalid, "until", message));
    }
    Ok(())
}

/// Exactly one subject; a track for a partner only.
fn check_subject(subject: &OverrideSubject) -> Result<(), Refusal> {
    match (&subject.partner, &subject.track, &subject.professional) {
        (Some(_), Some(_), None) | (None, None, Some(_)) => Ok(()),
        (Some(_), None, None) => Err(Refusal::new(
            Code::Invalid,
            "track",
            "A partner's level is set for a track; give TECHNICAL or BUSINESS.",
        )),
        (None, Some(_), Some(_)) => {
            Err(Refusal::new(Code::Invalid, "track", "A professional's level has no track; leave it out."))
        }
        _ => {
            let message = "Give either a partner with a track, or a professional.";
            Err(Refusal::new(Code::Invalid, "partner", message))
        }
    }
}

async fn lock_subject(
    transaction: &DatabaseTransaction,
    visibility: &Visibility,
    subject: &OverrideSubject,
) -> Result<OverriddenSubject, Error> {
    let missing = || Refusals::from(Refusal::new(Code::Invalid, "partner", "A subject is missing."));
    if let Some(code) = &subject.partner {
        return Ok(OverriddenSubject::Partner(lock_partner(transaction, visibility, code).await??));
    }
    let code = subject.professional.as_ref().ok_or_else(missing)?;
    Ok(OverriddenSubject::Professional(lock_professional(transaction, visibility, code).await??))
}

/// What a step makes of the overrides of its subject; none if it is about none.
pub(in crate::service) fn apply_override(
    overrides: &mut Vec<LevelOverride>,
    row: &subject_step::Model,
    at: DateTime<Utc>,
    reason: Option<String>,
) -> Option<()> {
    if let Some(seq) = row.override_seq {
        overrides.iter_mut().find(|one| one.seq == seq)?.until = row.last_day?;
        return Some(());
    }
    let track = match row.track.as_deref() {
        None => None,
        Some(word) => Some(track(entity::value::Track::try_from_value(&word.to_owned()).ok()?)),
    };
    overrides.push(LevelOverride {
        seq: row.log_seq,
        track,
        level: row.level.clone()?,
        from: row.first_day?,
        until: row.last_day?,
        reason,
        by: row.made_by.clone()?,
        at,
    });
    Some(())
}
