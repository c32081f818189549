//! Booking: folds the next steps of the log and writes what they change, in sets.
//!
//! Every mutation of activities and affiliations, and the import, goes this way: lock the subjects,
//! load the part of the state that the steps touch, fold, and write log, entries and projections.

mod settle;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use entity::value::LogAction;
use entity::{affiliation, log};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::policy::Policy;
use crate::program::fold::{
    ActivityIx, Affiliation, Awards, Fact, Fold, PartnerIx, PastAward, ProfessionalIx, Step, Subject, Tally,
    TallyKey, TooMuch,
};
use crate::program::rule::{KindId, Program};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::tally;
pub(super) use settle::{PeriodTotal, Settled, column, read_reached, reason, track};

/// What a step of the log is about, besides its effect.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) action: LogAction,
    pub(super) object: Object,
    pub(super) points: Option<i64>,
    pub(super) ends_on: Option<NaiveDate>,
    pub(super) reason: Option<String>,
}

/// What a step of the log happened to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Object {
    Activity(Uuid),
    Affiliation(Uuid),
}

impl Entry {
    /// A step with nothing beside it.
    pub(super) fn new(action: LogAction, object: Object) -> Self {
        Self { action, object, points: None, ends_on: None, reason: None }
    }
}

/// A step that was taken, and how far the awards reached with it.
struct Taken {
    entry: Entry,
    points: usize,
    credits: usize,
}

/// The state that the next steps meet, and what they have changed so far.
pub(super) struct Book<'a> {
    policy: &'a Policy,
    fold: Fold<'a>,
    partners: Vec<PartnerRow>,
    professionals: Vec<ProfessionalRow>,
    partner_places: HashMap<Uuid, PartnerIx>,
    professional_places: HashMap<Uuid, ProfessionalIx>,
    activities: Vec<Uuid>,
    awards: Awards,
    taken: Vec<Taken>,
}

impl<'a> Book<'a> {
    /// Opens the book on subjects whose rows are locked. Affiliations with partners that are not among
    /// them are left out: the caller locks every partner that the steps can touch.
    pub(super) fn open(
        policy: &'a Policy,
        partners: Vec<PartnerRow>,
        professionals: Vec<ProfessionalRow>,
        affiliations: &[affiliation::Model],
    ) -> Self {
        let mut fold = Fold::new(&policy.editions);
        let partner_places: HashMap<Uuid, PartnerIx> =
            partners.iter().map(|row| (row.id, fold.add_partner(row.level_credits))).collect();
        let professional_places: HashMap<Uuid, ProfessionalIx> = professionals
            .iter()
            .map(|row| (row.id, fold.add_professional(row.signed_up_on, row.points)))
            .collect();
        for row in affiliations {
            let partner = partner_places.get(&row.partner_id);
            let professional = professional_places.get(&row.professional_id);
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
            partner_places,
            professional_places,
            activities: Vec::new(),
            awards: Awards::default(),
            taken: Vec::new(),
        }
    }

    /// Number of a partner in this book.
    pub(super) fn partner(&self, id: Uuid) -> Option<PartnerIx> {
        self.partner_places.get(&id).copied()
    }

    /// Number of a professional in this book.
    pub(super) fn professional(&self, id: Uuid) -> Option<ProfessionalIx> {
        self.professional_places.get(&id).copied()
    }

    /// Gives an activity its number in this book.
    pub(super) fn add_activity(&mut self, id: Uuid) -> ActivityIx {
        let place = u32::try_from(self.activities.len()).expect("a batch has fewer than 2^32 activities");
        self.activities.push(id);
        ActivityIx(place)
    }

    /// Puts a past award in place, for an affiliation that may credit it.
    pub(super) fn load_award(&mut self, who: ProfessionalIx, award: PastAward) {
        self.fold.load_award(who, award);
    }

    /// Loads the tallies that these facts count in.
    pub(super) async fn load_for_facts(
        &mut self,
        connection: &impl ConnectionTrait,
        facts: &[Fact],
    ) -> Result<(), DbErr> {
        let mut partners: HashSet<(PartnerIx, TallyKey)> = HashSet::new();
        let mut professionals: HashSet<(ProfessionalIx, TallyKey)> = HashSet::new();
        for fact in facts {
            match fact.subject {
                Subject::Partner(who) => {
                    partners.extend(self.fold.partner_key(fact.kind, fact.occurred_on).map(|key| (who, key)));
                }
                Subject::Professional(who) => {
                    let key = self.fold.professional_key(who, fact.kind, fact.occurred_on);
                    professionals.extend(key.map(|key| (who, key)));
                    if let Some(partner) = self.fold.partner_on(who, fact.occurred_on) {
                        partners.extend(self.credit_keys(partner, fact.kind, fact.occurred_on));
                    }
                }
            }
        }
        self.load_partner_tallies(connection, &partners).await?;
        self.load_professional_tallies(connection, &professionals).await
    }

    /// Loads the tallies of a partner that past awards would count in.
    pub(super) async fn load_for_awards(
        &mut self,
        connection: &impl ConnectionTrait,
        awards: impl IntoIterator<Item = (PartnerIx, KindId, NaiveDate)>,
    ) -> Result<(), DbErr> {
        let keys: HashSet<_> = awards
            .into_iter()
            .flat_map(|(partner, kind, day)| self.credit_keys(partner, kind, day))
            .collect();
        self.load_partner_tallies(connection, &keys).await
    }

    /// The partner's tallies that an activity of a professional counts in (A1).
    fn credit_keys(&self, partner: PartnerIx, kind: KindId, day: NaiveDate) -> Vec<(PartnerIx, TallyKey)> {
        let edition = self.policy.editions.at(day);
        let derived = edition.points_rule().map(|rule| rule.id);
        let also = edition.rule(kind).and_then(|rule| rule.counts_as);
        let kinds = derived.into_iter().chain(also);
        kinds.filter_map(|kind| Some((partner, self.fold.partner_key(kind, day)?))).collect()
    }

    async fn load_partner_tallies(
        &mut self,
        connection: &impl ConnectionTrait,
        keys: &HashSet<(PartnerIx, TallyKey)>,
    ) -> Result<(), DbErr> {
        let editions = &self.policy.editions;
        let rows = keys.iter().map(|(who, (kind, start))| {
            (self.partners[who.0 as usize].id, editions.kind_code(*kind), *start)
        });
        for row in tally::of_partners(connection, rows).await? {
            let place = self.partner_places.get(&row.partner_id);
            let kind = editions.kind(Program::Partner, &row.rule);
            if let (Some(&who), Some(kind)) = (place, kind) {
                let tally = Tally { units: row.units, awarded: row.awarded, latest_on: row.latest_on };
                self.fold.load_partner_tally(who, (kind, row.window_start), tally);
            }
        }
        Ok(())
    }

    async fn load_professional_tallies(
        &mut self,
        connection: &impl ConnectionTrait,
        keys: &HashSet<(ProfessionalIx, TallyKey)>,
    ) -> Result<(), DbErr> {
        let editions = &self.policy.editions;
        let rows = keys.iter().map(|(who, (kind, start))| {
            (self.professionals[who.0 as usize].id, editions.kind_code(*kind), *start)
        });
        for row in tally::of_professionals(connection, rows).await? {
            let place = self.professional_places.get(&row.professional_id);
            let kind = editions.kind(Program::Professional, &row.rule);
            if let (Some(&who), Some(kind)) = (place, kind) {
                let tally = Tally { units: row.units, awarded: row.awarded, latest_on: row.latest_on };
                self.fold.load_professional_tally(who, (kind, row.window_start), tally);
            }
        }
        Ok(())
    }

    /// Takes a step of the log; `step` is its effect, if it has one.
    ///
    /// # Errors
    /// When sums would leave the range of the API; then the step was not taken.
    pub(super) fn take(&mut self, entry: Entry, step: Option<Step>) -> Result<(), TooMuch> {
        if let Some(step) = step {
            self.fold.apply(&step, &mut self.awards)?;
        }
        let (points, credits) = (self.awards.points.len(), self.awards.credits.len());
        self.taken.push(Taken { entry, points, credits });
        Ok(())
    }
}

impl Taken {
    fn row(&self, seq: i64, recorded_at: sea_orm::prelude::DateTimeUtc) -> log::Model {
        let (activity_id, affiliation_id) = match self.entry.object {
            Object::Activity(id) => (Some(id), None),
            Object::Affiliation(id) => (None, Some(id)),
        };
        log::Model {
            seq,
            recorded_at,
            action: self.entry.action,
            activity_id,
            affiliation_id,
            points: self.entry.points,
            ends_on: self.entry.ends_on,
            reason: self.entry.reason.clone(),
        }
    }
}
