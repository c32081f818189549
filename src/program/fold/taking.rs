//! Kinds that take points, so that no sum of a membership year is ever below zero.
//!
//! What an activity takes is bounded by the points of its year on its day and on every later one. When points that it took
//! are voided afterwards, it gives them back: what is left of a year is what its activities come to without the voided one.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::ObjectIndex;
use super::steps::TakenPoints;
use crate::program::calendar::MembershipYear;

/// Points of a professional by day, and what activities took of them, in the order of the log.
#[derive(Clone, Debug, Default)]
pub struct DayPoints {
    days: BTreeMap<NaiveDate, i64>,
    taken: Vec<TakenPoints>,
}

impl DayPoints {
    pub(super) fn set(&mut self, day: NaiveDate, points: i64) {
        self.days.insert(day, points);
    }

    pub(super) fn add(&mut self, day: NaiveDate, points: i64) {
        *self.days.entry(day).or_default() += points;
    }

    /// Loads what an activity took.
    pub(super) fn load(&mut self, taken: TakenPoints) {
        self.taken.push(taken);
    }

    /// The same with other numbers of activities, as a fold has them that numbers them itself.
    #[must_use]
    pub fn renumbered(mut self, mut number: impl FnMut(ObjectIndex) -> ObjectIndex) -> Self {
        for one in &mut self.taken {
            one.activity = number(one.activity);
        }
        self
    }

    /// The sums of a year through each of its days, from a day on.
    fn sums(&self, year: &MembershipYear, day: NaiveDate) -> impl Iterator<Item = (NaiveDate, i64)> + '_ {
        let before: i64 = self.days.range(year.starts_on..day).map(|(_, points)| points).sum();
        let own = (!self.days.contains_key(&day)).then_some((day, before));
        let later = self.days.range(day..year.renews_on.max(day)).scan(before, |sum, (on, points)| {
            *sum += points;
            Some((*on, *sum))
        });
        own.into_iter().chain(later)
    }

    /// What an activity takes that asks for points below zero, on a day of a year.
    pub(super) fn take(&mut self, year: &MembershipYear, wanted: TakenPoints) -> i64 {
        let least = self.sums(year, wanted.on).map(|(_, sum)| sum).min().unwrap_or(0);
        let points = wanted.points.max(-least.max(0));
        if points != 0 {
            self.load(TakenPoints { points, ..wanted });
        }
        self.add(wanted.on, points);
        points
    }

    /// What a voided activity gives back of what it took.
    pub(super) fn untake(&mut self, activity: ObjectIndex) -> i64 {
        let place = self.taken.iter().position(|one| one.activity == activity);
        let Some(taken) = place.map(|place| self.taken.remove(place)) else { return 0 };
        self.add(taken.on, -taken.points);
        -taken.points
    }

    /// What activities give back, the latest first, since points that they took were voided on a day.
    pub(super) fn give_back(&mut self, year: &MembershipYear, day: NaiveDate) -> Vec<TakenPoints> {
        let mut given = Vec::new();
        loop {
            let short = self.sums(year, day).find(|(_, sum)| *sum < 0);
            let Some((on, sum)) = short else { break };
            let candidates = self.taken.iter_mut().filter(|one| year.starts_on <= one.on && one.on <= on);
            // What is short without them is no matter of theirs.
            let Some(one) = candidates.max_by_key(|one| one.on) else { break };
            let points = (-sum).min(-one.points);
            one.points += points;
            let (activity, kind, on) = (one.activity, one.kind, one.on);
            self.taken.retain(|one| one.points != 0);
            self.add(on, points);
            given.push(TakenPoints { activity, kind, on, points });
        }
        given
    }
}
