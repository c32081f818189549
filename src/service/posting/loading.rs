//! Loads what the next steps depend on: tallies, and what activities took.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::Posting;
use crate::program::fold::{
    Fact, ObjectIndex, PartnerIndex, PastFact, ProfessionalIndex, Subject, TakenPoints, Tally, TallyKey,
    can_take, kind_of_tally,
};
use crate::program::rule::{Derived, KindId, Program, Rule};
use crate::store::subject::{EARLIEST, LATEST};
use crate::store::{activity, tally, totals};

impl Posting<'_> {
    /// Loads the tallies that these facts count in.
    pub(in crate::service) async fn load_for_facts(
        &mut self,
        connection: &impl ConnectionTrait,
        facts: &[Fact],
    ) -> Result<(), DbErr> {
        let mut partners: HashSet<(PartnerIndex, TallyKey)> = HashSet::new();
        let mut professionals: HashSet<(ProfessionalIndex, TallyKey)> = HashSet::new();
        for fact in facts {
            match fact.subject {
                Subject::Partner(who) => {
                    let rule = self.policy.editions.at(fact.occurred_on).rule(fact.kind);
                    let kinds = [Some(fact.kind), rule.and_then(|rule| rule.counts_as)].into_iter().flatten();
                    let keys = kinds.filter_map(|kind| self.fold.partner_key(kind, fact.occurred_on));
                    partners.extend(keys.map(|key| (who, key)));
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
        partners.extend(self.load_taking(connection, facts).await?);
        self.load_partner_tallies(connection, &partners).await?;
        self.load_professional_tallies(connection, &professionals).await
    }

    /// Loads what depends on kinds that take points: the points of days, and what activities took, with the tallies of
    /// partners that these count in.
    async fn load_taking(
        &mut self,
        connection: &impl ConnectionTrait,
        facts: &[Fact],
    ) -> Result<Vec<(PartnerIndex, TallyKey)>, DbErr> {
        if !can_take(&self.policy.editions) {
            return Ok(Vec::new());
        }
        let mut known: HashMap<Uuid, ObjectIndex> = HashMap::new();
        let mut people: HashSet<Uuid> = HashSet::new();
        for fact in facts {
            if let Subject::Professional(who) = fact.subject {
                people.insert(self.professionals[who.0 as usize].id);
                known.insert(self.objects[fact.activity.0 as usize].id(), fact.activity);
            }
        }
        let spans = people.iter().map(|id| (*id, EARLIEST, LATEST));
        let spans: Vec<(Uuid, NaiveDate, NaiveDate)> = spans.collect();
        for row in totals::professional_days(connection, spans).await? {
            if let Some(who) = self.professional(row.professional_id) {
                self.fold.load_day_points(who, row.day, row.points);
            }
        }
        let mut keys = Vec::new();
        for row in activity::that_took(connection, people).await? {
            let who = row.professional_id.and_then(|id| self.professional(id));
            let kind = self.policy.editions.kind(Program::Professional, &row.kind);
            let (Some(who), Some(kind)) = (who, kind) else { continue };
            if !self.policy.editions.at(row.occurred_on).rule(kind).is_some_and(Rule::can_take) {
                continue;
            }
            let activity =
                known.get(&row.id).copied().unwrap_or_else(|| self.add(super::Object::Activity(row.id)));
            let (on, points) = (row.occurred_on, row.awarded_points);
            self.fold.load_taken(who, TakenPoints { activity, kind, on, points });
            if let Some(partner) = self.fold.partner_on(who, on) {
                keys.extend(self.credit_keys(partner, kind, on));
            }
        }
        Ok(keys)
    }

    /// Loads the tallies of a partner that past awards would count in.
    pub(in crate::service) async fn load_for_awards(
        &mut self,
        connection: &impl ConnectionTrait,
        awards: impl IntoIterator<Item = (PartnerIndex, KindId, NaiveDate)>,
    ) -> Result<(), DbErr> {
        let keys: HashSet<_> = awards
            .into_iter()
            .flat_map(|(partner, kind, day)| self.credit_keys(partner, kind, day))
            .collect();
        self.load_partner_tallies(connection, &keys).await
    }

    /// Loads the tallies of a partner for derived kinds, which no caller records, on these days.
    pub(in crate::service) async fn load_derived(
        &mut self,
        connection: &impl ConnectionTrait,
        who: PartnerIndex,
        kinds: &[Derived],
        days: impl IntoIterator<Item = NaiveDate>,
    ) -> Result<(), DbErr> {
        let mut keys: HashSet<(PartnerIndex, TallyKey)> = HashSet::new();
        for day in days {
            let rules = kinds.iter().filter_map(|kind| self.policy.editions.at(day).derived_rule(*kind));
            let windows = rules.filter_map(|rule| self.fold.partner_key(rule.id, day));
            keys.extend(windows.map(|key| (who, key)));
        }
        if keys.is_empty() {
            return Ok(());
        }
        self.load_partner_tallies(connection, &keys).await
    }

    /// The partner's tallies that an activity of a professional counts in (A1).
    fn credit_keys(
        &self,
        partner: PartnerIndex,
        kind: KindId,
        day: NaiveDate,
    ) -> Vec<(PartnerIndex, TallyKey)> {
        let edition = self.policy.editions.at(day);
        let derived = edition.points_rule().map(|rule| rule.id);
        let also = edition.rule(kind).and_then(|rule| rule.counts_as);
        let kinds = derived.into_iter().chain(also);
        kinds.filter_map(|kind| Some((partner, self.fold.partner_key(kind, day)?))).collect()
    }

    async fn load_partner_tallies(
        &mut self,
        connection: &impl ConnectionTrait,
        keys: &HashSet<(PartnerIndex, TallyKey)>,
    ) -> Result<(), DbErr> {
        let editions = &self.policy.editions;
        let rows = keys.iter().map(|(who, (kind, start))| {
            (self.partners[who.0 as usize].id, editions.kind_code(*kind), *start)
        });
        for row in tally::of_partners(connection, rows).await? {
            self.load_partner_tally(&row);
        }
        // What is left over in one window counts in the next, so all of them matter.
        let chains = keys.iter().filter(|(_, (kind, _))| self.fold.carries(*kind));
        let chains: HashSet<(Uuid, &str)> = chains
            .flat_map(|(who, key)| {
                let id = self.partners[who.0 as usize].id;
                editions
                    .tally_kinds(kind_of_tally(editions, *key))
                    .map(move |kind| (id, editions.kind_code(kind)))
            })
            .collect();
        for row in tally::of_partners_and_rules(connection, chains).await? {
            self.load_partner_tally(&row);
        }
        Ok(())
    }

    async fn load_professional_tallies(
        &mut self,
        connection: &impl ConnectionTrait,
        keys: &HashSet<(ProfessionalIndex, TallyKey)>,
    ) -> Result<(), DbErr> {
        let editions = &self.policy.editions;
        let rows = keys.iter().map(|(who, (kind, start))| {
            (self.professionals[who.0 as usize].id, editions.kind_code(*kind), *start)
        });
        for row in tally::of_professionals(connection, rows).await? {
            let index = self.professional_indexes.get(&row.professional_id);
            let kind = editions.kind(Program::Professional, &row.rule);
            if let (Some(&who), Some(kind)) = (index, kind) {
                let tally = Tally {
                    units: row.units,
                    awarded: row.awarded,
                    latest_on: row.latest_on,
                    extra_dojo_credits: row.extra_dojo_credits.unwrap_or_default(),
                };
                self.fold.load_professional_tally(who, (kind, row.window_start), tally);
            }
        }
        Ok(())
    }

    /// Loads every tally of partners.
    pub(in crate::service) async fn load_all_partner_tallies(
        &mut self,
        connection: &impl ConnectionTrait,
        ids: &[Uuid],
    ) -> Result<(), DbErr> {
        use entity::partner_tally::{Column, Entity};
        for row in totals::all_of::<Entity>(connection, Column::PartnerId, ids).await? {
            self.load_partner_tally(&row);
        }
        Ok(())
    }

    fn load_partner_tally(&mut self, row: &entity::partner_tally::Model) {
        let index = self.partner_indexes.get(&row.partner_id);
        let kind = self.policy.editions.kind(Program::Partner, &row.rule);
        if let (Some(&who), Some(kind)) = (index, kind) {
            let tally = Tally { units: row.units, awarded: row.awarded, ..Tally::new(row.latest_on) };
            self.fold.load_partner_tally(who, (kind, row.window_start), tally);
        }
    }

    /// Loads the tallies that facts of two professionals count in, whichever of the two they are of.
    pub(in crate::service) async fn load_for_merge(
        &mut self,
        connection: &impl ConnectionTrait,
        facts: &[PastFact],
        people: [ProfessionalIndex; 2],
    ) -> Result<(), DbErr> {
        let mut keys: HashSet<(PartnerIndex, TallyKey)> = HashSet::new();
        for PastFact { fact, .. } in facts {
            for partner in people.iter().filter_map(|who| self.fold.partner_on(*who, fact.occurred_on)) {
                keys.extend(self.credit_keys(partner, fact.kind, fact.occurred_on));
            }
        }
        if keys.is_empty() {
            return Ok(());
        }
        self.load_partner_tallies(connection, &keys).await
    }
}
