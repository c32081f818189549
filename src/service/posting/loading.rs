//! Loads what the next steps depend on: tallies, and what activities took.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::Posting;
use crate::program::fold::{
    Fact, PartnerIndex, PastAward, PastFact, ProfessionalIndex, Subject, Tally, TallyKey,
};
use crate::program::rule::{Derived, KindId, Program};
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
        self.load_taking(connection, facts).await?;
        self.load_partner_tallies(connection, &partners).await?;
        self.load_professional_tallies(connection, &professionals).await
    }

    /// Loads what activities depend on that take points: the sums of membership years, and what they took, if they
    /// were recorded before.
    async fn load_taking(&mut self, connection: &impl ConnectionTrait, facts: &[Fact]) -> Result<(), DbErr> {
        let taking = facts.iter().filter(|fact| fact.units < 0);
        let of = taking.filter_map(|fact| match fact.subject {
            Subject::Professional(who) => Some((who, *fact)),
            Subject::Partner(_) => None,
        });
        let of: Vec<(ProfessionalIndex, Fact)> = of.collect();
        if of.is_empty() {
            return Ok(());
        }
        let people: HashSet<Uuid> = of.iter().map(|(who, _)| self.professionals[who.0 as usize].id).collect();
        for row in totals::of_professionals(connection, people).await? {
            if let Some(who) = self.professional(row.professional_id) {
                self.fold.load_year_points(who, row.membership_year, row.points);
            }
        }
        let ids: HashMap<Uuid, (ProfessionalIndex, Fact)> = of
            .into_iter()
            .map(|(who, fact)| (self.objects[fact.activity.0 as usize].id(), (who, fact)))
            .collect();
        for row in activity::by_ids(connection, ids.keys().copied()).await? {
            if let Some((who, fact)) = ids.get(&row.id).filter(|_| row.awarded_points != 0) {
                let (activity, occurred_on, points) = (fact.activity, fact.occurred_on, row.awarded_points);
                self.fold.load_award(*who, PastAward { activity, occurred_on, points, also: None });
            }
        }
        Ok(())
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
            .map(|(who, (kind, _))| (self.partners[who.0 as usize].id, editions.kind_code(*kind)))
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
                let tally = Tally { units: row.units, awarded: row.awarded, latest_on: row.latest_on };
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
            let tally = Tally { units: row.units, awarded: row.awarded, latest_on: row.latest_on };
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
