//! Posting: folds the next steps of the log and writes the resulting rows, in sets.
//!
//! Every mutation that changes credits or points, and the import, works this way: lock the subjects, load
//! the state that the steps depend on, fold, and write the log, the ledger entries and the projections.

pub(super) mod award_metrics;
mod contributions;
mod expiry;
mod levels;
mod loading;
mod period;
mod post;
mod recalculated;
mod rows;

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::value::LogAction;
use entity::{affiliation, log};
use uuid::Uuid;

use super::policy::Policy;
use crate::access::Caller;
use crate::program::expiry::Accounts;
use crate::program::fold::{
    Affiliation, Awards, Fold, LimitExceeded, ObjectIndex, PartnerIndex, PartnerMerge, PastAward, PastFact,
    ProfessionalIndex, ProfessionalMerge, Step, YearSales,
};
use crate::program::level_override::LevelOverride;
use crate::program::money::Money;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
pub(super) use contributions::{contributions, past_award};
pub(super) use expiry::{accounts, returning};
pub(super) use levels::{
    apply_time_based_partner_changes, apply_time_based_professional_changes, partner_totals, points_by_year,
    points_of, read_overrides, set_partner_prospects, set_renewal, write_overrides,
};
pub(super) use period::{PeriodTotal, column, read_reached, track};
pub(super) use post::PostedRows;
pub(super) use recalculated::{CreditsNet, PointsNet, RecalculatedSubject, has_expiry, recalculated_data};
pub(super) use rows::{EntryPosition, ledger_row, past_credits, points_row};

/// A step of the log, without its effect on the ledger.
#[derive(Clone, Debug)]
pub(super) struct LogEntry {
    pub(super) action: LogAction,
    pub(super) object: Object,
    pub(super) points: Option<i64>,
    pub(super) ends_on: Option<NaiveDate>,
    pub(super) day: Option<NaiveDate>,
    pub(super) amount: Option<Money>,
    pub(super) reason: Option<String>,
    /// Further values of the step.
    pub(super) data: Option<serde_json::Value>,
}

/// The object that a step of the log concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Object {
    Activity(Uuid),
    Affiliation(Uuid),
    Order(Uuid),
    Deal(Uuid),
    SalesTarget(Uuid),
    SwagOrder(Uuid),
    Partner(Uuid),
    Professional(Uuid),
    Contract(Uuid),
    Quote(Uuid),
    /// Customers, which the values of the step name.
    Customers,
    /// A recalculation, which the values of the step name.
    Recalculation,
}

impl Object {
    /// Its id; nil if it is no single one.
    pub(super) fn id(self) -> Uuid {
        match self {
            Self::Activity(id)
            | Self::Affiliation(id)
            | Self::Order(id)
            | Self::Deal(id)
            | Self::SalesTarget(id)
            | Self::SwagOrder(id)
            | Self::Partner(id)
            | Self::Professional(id)
            | Self::Contract(id)
            | Self::Quote(id) => id,
            // They are several, and no entry is about them.
            Self::Customers | Self::Recalculation => Uuid::nil(),
        }
    }
}

impl LogEntry {
    /// A step without further data.
    pub(super) fn new(action: LogAction, object: Object) -> Self {
        Self {
            action,
            object,
            points: None,
            ends_on: None,
            day: None,
            amount: None,
            reason: None,
            data: None,
        }
    }
}

/// An applied step, and how many awards there were after it.
struct AppliedStep {
    entry: LogEntry,
    points: usize,
    credits: usize,
}

/// A unit of work: the state before the next steps, and the changes of those that were applied.
pub(super) struct Posting<'a> {
    policy: &'a Policy,
    fold: Fold<'a>,
    partners: Vec<PartnerRow>,
    professionals: Vec<ProfessionalRow>,
    partner_indexes: HashMap<Uuid, PartnerIndex>,
    professional_indexes: HashMap<Uuid, ProfessionalIndex>,
    objects: Vec<Object>,
    awards: Awards,
    /// What the credits were earned on, of the subjects of which it matters.
    accounts: Accounts<'a>,
    applied: Vec<AppliedStep>,
    /// All overrides of subjects that have another one now.
    overridden: HashMap<Uuid, Vec<LevelOverride>>,
    /// Partners whose tallies and totals are written anew.
    rebuilt: Vec<PartnerIndex>,
    /// Professionals that follow a recalculation.
    recalculated: Vec<ProfessionalIndex>,
    employers: Vec<affiliation::Model>,
}

impl<'a> Posting<'a> {
    /// Opens a posting for subjects whose rows are locked. Affiliations with partners that are not among
    /// them are ignored: the caller locks every partner that the steps can affect.
    pub(super) fn open(
        policy: &'a Policy,
        partners: Vec<PartnerRow>,
        professionals: Vec<ProfessionalRow>,
        affiliations: &[affiliation::Model],
    ) -> Self {
        let mut fold = Fold::new(&policy.editions);
        let partner_indexes: HashMap<Uuid, PartnerIndex> =
            partners.iter().map(|row| (row.id, fold.add_partner(row.level_credits))).collect();
        for row in partners.iter().filter(|row| row.left_on.is_some()) {
            fold.load_last_day(partner_indexes[&row.id], row.left_on);
        }
        let professional_indexes: HashMap<Uuid, ProfessionalIndex> = professionals
            .iter()
            .map(|row| (row.id, fold.add_professional(row.signed_up_on, row.points)))
            .collect();
        for row in affiliations {
            let partner = partner_indexes.get(&row.partner_id);
            let professional = professional_indexes.get(&row.professional_id);
            if let (Some(&partner), Some(&professional)) = (partner, professional) {
                let affiliation = Affiliation { partner, starts_on: row.starts_on, ends_on: row.ends_on };
                fold.load_affiliation(professional, affiliation);
            }
        }
        Self {
            policy,
            fold,
            partners,
            professionals,
            partner_indexes,
            professional_indexes,
            objects: Vec::new(),
            awards: Awards::default(),
            accounts: Accounts::new(&policy.editions),
            applied: Vec::new(),
            overridden: HashMap::new(),
            rebuilt: Vec::new(),
            recalculated: Vec::new(),
            employers: affiliations.to_vec(),
        }
    }

    /// Index of a partner in this posting.
    pub(super) fn partner(&self, id: Uuid) -> Option<PartnerIndex> {
        self.partner_indexes.get(&id).copied()
    }

    /// Index of a professional in this posting.
    pub(super) fn professional(&self, id: Uuid) -> Option<ProfessionalIndex> {
        self.professional_indexes.get(&id).copied()
    }

    /// Whether a partner had left the program by a day, so that nothing more is awarded.
    pub(super) fn has_left(&self, id: Uuid, on: NaiveDate) -> bool {
        self.partner(id).is_some_and(|who| self.fold.has_left(who, on))
    }

    /// Adds the object of a step and returns its index in this posting.
    pub(super) fn add(&mut self, object: Object) -> ObjectIndex {
        let index = u32::try_from(self.objects.len()).expect("a batch has fewer than 2^32 objects");
        self.objects.push(object);
        ObjectIndex(index)
    }

    /// Loads a partner's sales of a year.
    pub(super) fn load_sales(&mut self, who: PartnerIndex, year: i32, sales: YearSales) {
        self.fold.load_sales(who, year, sales);
    }

    /// A partner's sales of a year after the applied steps.
    pub(super) fn sales(&self, who: PartnerIndex, year: i32) -> Option<&YearSales> {
        self.fold.sales(who).find(|(of, _)| *of == year).map(|(_, sales)| sales)
    }

    /// Loads a past award, for an affiliation that may credit it.
    pub(super) fn load_award(&mut self, who: ProfessionalIndex, award: PastAward) {
        self.fold.load_award(who, award);
    }

    /// Applies a step of the log; `step` is its effect, if it has one.
    ///
    /// # Errors
    /// When sums would leave the range of the API; the step is then not applied.
    pub(super) fn apply(&mut self, entry: LogEntry, step: Option<Step>) -> Result<(), LimitExceeded> {
        if let Some(step) = step {
            self.fold.apply(&step, &mut self.awards)?;
        }
        self.applied_as(entry);
        Ok(())
    }

    /// Applies a change of a professional's day of sign-up; `history` has the facts that counted, in the order of
    /// the log.
    ///
    /// # Errors
    /// When sums would leave the range of the API; the step is then not applied.
    pub(super) fn apply_sign_up(
        &mut self,
        entry: LogEntry,
        who: ProfessionalIndex,
        signed_up_on: NaiveDate,
        history: &[PastFact],
    ) -> Result<(), LimitExceeded> {
        self.fold.change_sign_up(who, signed_up_on, history, &mut self.awards)?;
        self.applied_as(entry);
        Ok(())
    }

    /// Applies a merge of two professionals.
    ///
    /// # Errors
    /// When sums would leave the range of the API; the posting is then of no further use.
    pub(super) fn apply_professional_merge(
        &mut self,
        entry: LogEntry,
        merge: &ProfessionalMerge<'_>,
    ) -> Result<(), LimitExceeded> {
        self.fold.merge_professionals(merge, &mut self.awards)?;
        self.applied_as(entry);
        Ok(())
    }

    /// Applies a merge of two partners.
    ///
    /// # Errors
    /// When sums would leave the range of the API; the posting is then of no further use.
    pub(super) fn apply_partner_merge(
        &mut self,
        entry: LogEntry,
        merge: &PartnerMerge<'_>,
    ) -> Result<(), LimitExceeded> {
        self.fold.merge_partners(merge, &mut self.awards)?;
        self.applied_as(entry);
        Ok(())
    }

    /// The years in which two partners both have sales or a target.
    pub(super) fn shared_sales_years(&self, from: PartnerIndex, into: PartnerIndex) -> Vec<i32> {
        self.fold.shared_sales_years(from, into)
    }

    /// Affiliations of one subject that are another one's from now on, which receives events of their days.
    pub(super) fn also_employed(&mut self, rows: &[affiliation::Model], (from, into): (Uuid, Uuid)) {
        let moved = rows.iter().filter(|row| row.professional_id == from);
        let moved = moved.map(|row| affiliation::Model { professional_id: into, ..row.clone() });
        self.employers.extend(moved);
    }

    /// Replaces the overrides of a subject of this posting; its levels change with them.
    pub(super) fn override_levels(&mut self, id: Uuid, overrides: &[LevelOverride]) {
        self.overridden.insert(id, overrides.to_vec());
    }

    fn applied_as(&mut self, entry: LogEntry) {
        let (points, credits) = (self.awards.points.len(), self.awards.credits.len());
        self.applied.push(AppliedStep { entry, points, credits });
    }
}

impl AppliedStep {
    fn row(&self, seq: i64, recorded_at: sea_orm::prelude::DateTimeUtc, caller: &Caller) -> log::Model {
        let about = |wanted: fn(Object) -> Option<Uuid>| wanted(self.entry.object);
        log::Model {
            seq,
            recorded_at,
            action: self.entry.action,
            activity_id: about(|one| if let Object::Activity(id) = one { Some(id) } else { None }),
            affiliation_id: about(|one| if let Object::Affiliation(id) = one { Some(id) } else { None }),
            order_id: about(|one| if let Object::Order(id) = one { Some(id) } else { None }),
            deal_id: about(|one| if let Object::Deal(id) = one { Some(id) } else { None }),
            sales_target_id: about(|one| if let Object::SalesTarget(id) = one { Some(id) } else { None }),
            swag_order_id: about(|one| if let Object::SwagOrder(id) = one { Some(id) } else { None }),
            partner_id: about(|one| if let Object::Partner(id) = one { Some(id) } else { None }),
            professional_id: about(|one| if let Object::Professional(id) = one { Some(id) } else { None }),
            contract_id: about(|one| if let Object::Contract(id) = one { Some(id) } else { None }),
            quote_id: about(|one| if let Object::Quote(id) = one { Some(id) } else { None }),
            points: self.entry.points,
            ends_on: self.entry.ends_on,
            day: self.entry.day,
            currency: self.entry.amount.map(|money| money.currency.code().to_owned()),
            amount: self.entry.amount.map(|money| money.minor),
            reason: self.entry.reason.clone(),
            actor: Some(caller.actor.label().to_owned()),
            actor_role: Some(caller.role.name().as_str().to_owned()),
            data: self.entry.data.as_ref().map(ToString::to_string),
        }
    }
}
