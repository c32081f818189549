//! What happened to objects: which step, when, by whom and why, for sets of objects.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use entity::value::LogAction;
use entity::{activity, affiliation, audit_entry, deal, log, order, swag_order};
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::service::Services;
use crate::service::deals::is_visible;
use crate::service::subjects::logged_as_dropped;
use crate::store::api_key;
use crate::store::history::{self, LoggedObject, Voiding};

/// One thing that happened to an object: a step of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// What happened.
    pub action: LogAction,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// Effective date, where the step has one of its own.
    pub on: Option<NaiveDate>,
    /// The label of the key, or the subject of the token, that did it; none where it is not known any more.
    pub by: Option<String>,
    /// Why, as it was given.
    pub reason: Option<String>,
    /// Points that a reviewer set.
    pub points: Option<i64>,
}

/// What happened to each object of a set, in the order of the log.
#[derive(Clone, Debug, Default)]
pub struct Histories(HashMap<Uuid, Vec<Happening>>);

impl Histories {
    /// Everything that happened to an object.
    #[must_use]
    pub fn of(&self, object: Uuid) -> &[Happening] {
        self.0.get(&object).map_or(&[], Vec::as_slice)
    }

    /// The latest of these actions on an object.
    #[must_use]
    pub fn last(&self, object: Uuid, actions: &[LogAction]) -> Option<&Happening> {
        self.of(object).iter().rev().find(|one| actions.contains(&one.action))
    }
}

impl Services {
    /// What happened to activities.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity_histories(&self, rows: &[activity::Model]) -> Result<Histories, Error> {
        let shown = self.visible_activities(rows.to_vec()).await?;
        self.histories(LoggedObject::Activity, shown.iter().map(|row| row.id).collect()).await
    }

    /// What happened to orders.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn order_histories(&self, rows: &[order::Model]) -> Result<Histories, Error> {
        let visibility = self.visibility(Operation::Order);
        let shown = rows.iter().filter(|row| visibility.can_see_partner(row.partner_id));
        self.histories(LoggedObject::Order, shown.map(|row| row.id).collect()).await
    }

    /// What happened to deals.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deal_histories(&self, rows: &[deal::Model]) -> Result<Histories, Error> {
        let visibility = self.visibility(Operation::Deal);
        let shown = rows.iter().filter(|row| is_visible(&visibility, row));
        self.histories(LoggedObject::Deal, shown.map(|row| row.id).collect()).await
    }

    /// What happened to orders of swag.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn swag_order_histories(&self, rows: &[swag_order::Model]) -> Result<Histories, Error> {
        let visibility = self.visibility(Operation::SwagOrder);
        let shown = rows.iter().filter(|row| visibility.can_see_professional(row.professional_id));
        self.histories(LoggedObject::SwagOrder, shown.map(|row| row.id).collect()).await
    }

    /// What happened to these objects, which the caller may see.
    pub(in crate::service) async fn histories(
        &self,
        object: LoggedObject,
        ids: HashSet<Uuid>,
    ) -> Result<Histories, Error> {
        let db = self.db.reader();
        let mut histories = Histories::default();
        let mut steps: HashMap<Uuid, Vec<log::Model>> = HashMap::new();
        for step in history::steps(db, object, ids.iter().copied()).await? {
            steps.extend(object.id(&step).filter(|id| !steps.contains_key(id)).map(|id| (id, Vec::new())));
            if let Some(of_object) = object.id(&step).and_then(|id| steps.get_mut(&id)) {
                of_object.push(step);
            }
        }
        let asks_audit_log = |step: &log::Model| !operations(step.action).is_empty();
        let changed = steps.iter().filter(|(_, steps)| steps.iter().any(asks_audit_log)).map(|(id, _)| *id);
        let changed: HashSet<Uuid> = changed.collect();
        let mut audited: HashMap<Uuid, Vec<audit_entry::Model>> = HashMap::new();
        if !changed.is_empty() {
            for row in history::changes(db, changed).await? {
                audited.entry(row.object_id).or_default().push(row);
            }
        }
        let actors = self.actors(audited.values().flatten()).await?;
        for (id, steps) in steps {
            let rows = audited.remove(&id).unwrap_or_default();
            let happened = steps.iter().enumerate().map(|(place, step)| Happening {
                action: step.action,
                at: step.recorded_at,
                on: step.day,
                by: actors.of_step(step, entry_of(&steps, place, &rows)),
                reason: step.reason.clone(),
                points: step.points,
            });
            histories.0.insert(id, happened.collect());
        }
        Ok(histories)
    }

    /// How affiliations that the caller may see came to be void: they were voided, or corrected, or are part of another
    /// one since two professionals were merged.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn affiliation_voidings(
        &self,
        rows: &[affiliation::Model],
    ) -> Result<HashMap<Uuid, Happening>, Error> {
        let ids: Vec<Uuid> = rows.iter().filter(|row| row.voided).map(|row| row.id).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut found = voidings(history::affiliation_voidings(self.db.reader(), &ids).await?);
        let joined = rows.iter().filter(|row| row.voided && !found.contains_key(&row.id));
        let people: HashSet<Uuid> = joined.map(|row| row.professional_id).collect();
        if people.is_empty() {
            return Ok(found);
        }
        for step in history::merges_of_professionals(self.db.reader(), people).await? {
            let joined = logged_as_dropped(step.data.as_deref());
            for id in joined.into_iter().filter(|id| ids.contains(id)) {
                found.entry(id).or_insert_with(|| Happening {
                    action: step.action,
                    at: step.recorded_at,
                    on: None,
                    by: step.actor.clone(),
                    reason: step.reason.clone(),
                    points: None,
                });
            }
        }
        Ok(found)
    }

    /// How contracts that the caller may see were voided.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn contract_voidings(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Happening>, Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(voidings(history::contract_voidings(self.db.reader(), ids).await?))
    }

    /// The names of the actors of entries.
    async fn actors(&self, rows: impl Iterator<Item = &audit_entry::Model>) -> Result<Actors, Error> {
        let keys: HashSet<Uuid> = rows.filter_map(|row| key_id(&row.actor)).collect();
        if keys.is_empty() {
            return Ok(Actors(HashMap::new()));
        }
        let keys = api_key::by_ids(self.db.reader(), keys).await?;
        Ok(Actors(keys.into_iter().map(|key| (key.id, key.label)).collect()))
    }

    /// Readable names of the actors of entries: the label of the key, or the subject of the token. For staff,
    /// which may read the audit log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actor_labels(&self, rows: &[audit_entry::Model]) -> Result<HashMap<Uuid, String>, Error> {
        self.authorize(Operation::AuditLog)?;
        let actors = self.actors(rows.iter()).await?;
        Ok(rows.iter().filter_map(|row| Some((row.id, actors.name(row)?))).collect())
    }
}

fn voidings(steps: Vec<Voiding>) -> HashMap<Uuid, Happening> {
    let happening = |step: Voiding| Happening {
        action: step.action,
        at: step.recorded_at,
        on: None,
        by: step.actor,
        reason: step.reason,
        points: None,
    };
    steps.into_iter().map(|step| (step.id, happening(step))).collect()
}

/// The labels of keys as they are now, which an erasure may have replaced.
struct Actors(HashMap<Uuid, String>);

impl Actors {
    /// The actor of a step, with its entry in the audit log. The log keeps the label as it was; that of a key is
    /// looked up by the entry, since an erasure reaches it there only.
    fn of_step(&self, step: &log::Model, entry: Option<&audit_entry::Model>) -> Option<String> {
        entry.and_then(|row| self.name(row)).or_else(|| step.actor.clone())
    }

    fn name(&self, row: &audit_entry::Model) -> Option<String> {
        if let Some(id) = key_id(&row.actor) {
            return self.0.get(&id).cloned();
        }
        let (_, label) = row.actor.split_once(':').unwrap_or(("", &row.actor));
        Some(label.to_owned())
    }
}

/// The API key that an actor is.
fn key_id(actor: &str) -> Option<Uuid> {
    Uuid::try_parse(actor.strip_prefix("key:")?).ok()
}

/// The operations by which the audit log names steps that happen to an object which exists. Steps that are not listed have
/// no entry to look for: the log itself says who did them.
fn operations(action: LogAction) -> &'static [Operation] {
    match action {
        LogAction::Approved | LogAction::Rejected => &[Operation::ReviewActivity],
        LogAction::Voided => &[Operation::VoidActivity],
        LogAction::AffiliationEnded => {
            &[Operation::EndAffiliation, Operation::EndPartnership, Operation::EndMembership]
        }
        LogAction::AffiliationVoided => &[Operation::VoidAffiliation],
        LogAction::ContractEnded => &[Operation::EndContract],
        LogAction::ContractVoided => &[Operation::VoidContract],
        LogAction::OrderFulfilled => &[Operation::FulfillOrder],
        LogAction::OrderCancelled => &[Operation::CancelOrder],
        LogAction::OrderReturned => &[Operation::ReturnOrder],
        LogAction::DealUpdated => &[Operation::UpdateDeal],
        LogAction::DealReported => &[Operation::ReportDealActivity],
        LogAction::DealClosed | LogAction::DealWonReported => &[Operation::CloseDeal],
        LogAction::DealWinApproved | LogAction::DealWinRejected => &[Operation::ReviewDeal],
        LogAction::DealWithdrawn => &[Operation::WithdrawDeal],
        LogAction::DealReopened => &[Operation::ReopenDeal],
        LogAction::SalesTargetSet => &[Operation::SetSalesTarget],
        LogAction::SwagCancelled => &[Operation::CancelSwagOrder],
        LogAction::LevelOverridden => &[Operation::OverrideLevel],
        LogAction::OverrideEnded => &[Operation::EndOverride],
        LogAction::PartnerUpdated => &[Operation::UpdatePartner],
        LogAction::ProfessionalUpdated => &[Operation::UpdateProfessional],
        LogAction::PartnershipEnded | LogAction::PartnershipResumed => &[Operation::EndPartnership],
        LogAction::MembershipEnded | LogAction::MembershipResumed => &[Operation::EndMembership],
        LogAction::PartnersMerged => &[Operation::MergePartners],
        LogAction::ProfessionalsMerged => &[Operation::MergeProfessionals],
        LogAction::SwagFulfilled => &[Operation::FulfillSwagOrder],
        LogAction::CustomersJoined => &[Operation::JoinCustomers],
        LogAction::CustomersSeparated => &[Operation::SeparateCustomers],
        // What brings the object about: the audit log has it, but not among the changes.
        LogAction::Submitted
        | LogAction::Recorded
        | LogAction::Affiliated
        | LogAction::AffiliationCorrected
        | LogAction::QuoteSaved
        | LogAction::QuotePlaced
        | LogAction::QuoteExpired
        | LogAction::QuoteWithdrawn
        | LogAction::CreditsExpired
        | LogAction::OrderPlaced
        | LogAction::DealRegistered
        | LogAction::SwagOrdered
        // A recalculation is of no single object.
        | LogAction::RecalculationApplied
        | LogAction::RecalculationReverted
        | LogAction::Recalculated => &[],
    }
}

/// The entry of the audit log for the step at a place: the steps that the same operations make are in the same
/// order in both.
fn entry_of<'r>(
    steps: &[log::Model],
    place: usize,
    rows: &'r [audit_entry::Model],
) -> Option<&'r audit_entry::Model> {
    let of = operations(steps.get(place)?.action);
    let nth = steps[..place].iter().filter(|earlier| operations(earlier.action) == of).count();
    rows.iter().filter(|row| of.iter().any(|operation| operation.name() == row.operation)).nth(nth)
}
