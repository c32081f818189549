//! What a subject has on a day by one policy, and how two policies differ in it (E2).

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::calendar::membership_year;
use super::day_sums::DaySums;
use super::edition::{Editions, ProductCategory};
use super::level_change::{Membership, PartnerTotals, Points, partner_standings, professional_standing_on};
use super::level_override::LevelOverride;
use super::rule::Track;
use super::standing::overall;
use super::totals::{Period, TrackTotal};

/// What a subject has on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Code of the partner's technical level.
    pub technical_level: Option<String>,
    /// Code of the partner's business level.
    pub business_level: Option<String>,
    /// Code of the partner's overall level, or of the professional's; none for a professional below the first.
    pub level: Option<String>,
    /// Ranks of these three levels from 1, 0 for none: technical, business, overall.
    pub ranks: [usize; 3],
    /// Technical level credits of the calendar year through the day.
    pub technical_credits: i64,
    /// Business level credits of the calendar year through the day.
    pub business_credits: i64,
    /// Points of the membership year through the day.
    pub points: i64,
    /// Credits or Dojo Credits that can be spent.
    pub balance: i64,
    /// The partner's base discounts in percent, in the order of [`ProductCategory::ALL`].
    pub discounts: Vec<Decimal>,
}

/// How a subject fares by another policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing is less, and something is more.
    Gains,
    /// Nothing is more, and something is less.
    Loses,
    /// Something is more, and something is less.
    Mixed,
}

impl Outcome {
    /// What a partner has, from its net level credits by track and day.
    #[must_use]
    pub fn of_partner(
        editions: &Editions,
        overrides: &[LevelOverride],
        days: &DaySums<(Track, NaiveDate)>,
        balance: i64,
        on: NaiveDate,
    ) -> Self {
        let mut totals = PartnerTotals::new();
        for ((track, day), credits) in days.iter().filter(|((_, day), _)| *day <= on) {
            let period = (Period::of(editions, day), track);
            totals.entry(period).or_default().add(editions, day, credits);
        }
        let [technical, business] = partner_standings(editions, overrides, &totals, on);
        let level = overall(&technical, &business);
        let rewards = &editions.at(on).rewards;
        let credits =
            |track| totals.get(&(Period(on.year()), track)).map_or(0, |total: &TrackTotal| total.credits);
        Self {
            ranks: [technical.level.rank + 1, business.level.rank + 1, level.rank + 1],
            technical_level: Some(technical.level.code.clone()),
            business_level: Some(business.level.code.clone()),
            technical_credits: credits(Track::Technical),
            business_credits: credits(Track::Business),
            points: 0,
            balance,
            discounts: ProductCategory::ALL.map(|one| rewards.base_discount(&level.code, one)).to_vec(),
            level: Some(level.code.clone()),
        }
    }

    /// What a professional has, from the net points by day.
    #[must_use]
    pub fn of_professional(
        editions: &Editions,
        of: Membership<'_>,
        days: &DaySums<NaiveDate>,
        balance: i64,
        on: NaiveDate,
    ) -> Self {
        let days = days.iter().take_while(|(day, _)| *day <= on).collect();
        let points = Points::of_days(editions, of.signed_up_on, &days);
        let level = professional_standing_on(editions, of, &points, on).level;
        let year = membership_year(of.signed_up_on, on).number;
        Self {
            ranks: [0, 0, level.as_ref().map_or(0, |level| level.rank + 1)],
            level: level.map(|level| level.code.clone()),
            points: points.in_year(year),
            balance,
            ..Self::default()
        }
    }

    /// How this subject fares with the other outcome; none if nothing is different.
    #[must_use]
    pub fn verdict(&self, after: &Self) -> Option<Verdict> {
        if self == after {
            return None;
        }
        let numbers = |one: &Self| {
            let ranks = one.ranks.map(|rank| i64::try_from(rank).unwrap_or(i64::MAX));
            let sums = [one.technical_credits, one.business_credits, one.points, one.balance];
            let whole = ranks.into_iter().chain(sums).map(Decimal::from);
            whole.chain(one.discounts.iter().copied()).collect::<Vec<Decimal>>()
        };
        let (before, after) = (numbers(self), numbers(after));
        let more = before.iter().zip(&after).any(|(before, after)| after > before);
        let less = before.iter().zip(&after).any(|(before, after)| after < before);
        Some(match (more, less) {
            (true, false) => Verdict::Gains,
            (false, true) => Verdict::Loses,
            _ => Verdict::Mixed,
        })
    }

    /// The difference of what can be spent, and where that is the same, of what was earned.
    #[must_use]
    pub fn difference(&self, after: &Self) -> i64 {
        let earned = |one: &Self| one.technical_credits + one.business_credits + one.points;
        let balance = after.balance - self.balance;
        if balance == 0 { earned(after) - earned(self) } else { balance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::edition::BUILT_IN;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn e2_a_threshold_changes_levels_and_discounts_and_nothing_else() {
        let editions = Editions::built_in();
        let lower = BUILT_IN.replacen("threshold = 75", "threshold = 50", 1);
        let other = Editions::parse([lower.as_str()]).expect("it parses");
        let days = [((Track::Business, day("2026-02-02")), 60)].into_iter().collect();
        let outcome = |editions| Outcome::of_partner(editions, &[], &days, 60, day("2026-08-31"));
        let (before, after) = (outcome(&editions), outcome(&other));
        assert_eq!(before.verdict(&before), None);
        assert_eq!(before.verdict(&after), Some(Verdict::Gains));
        assert_eq!(after.verdict(&before), Some(Verdict::Loses));
        assert_eq!(
            (before.level.as_deref(), after.level.as_deref()),
            (Some("COLLABORATOR"), Some("CREATOR"))
        );
        assert_eq!((before.business_credits, after.business_credits), (60, 60));
        assert!(after.discounts[0] > before.discounts[0]);
        assert_eq!(before.difference(&after), 0);
    }

    #[test]
    fn e2_a_professional_has_the_points_of_the_year() {
        let editions = Editions::built_in();
        let of = Membership { signed_up_on: day("2025-03-01"), overrides: &[] };
        let days = [(day("2025-04-01"), 800), (day("2026-04-01"), 100), (day("2026-09-01"), 1)];
        let days = days.into_iter().collect();
        let found = Outcome::of_professional(&editions, of, &days, 900, day("2026-08-31"));
        assert_eq!((found.level.as_deref(), found.points, found.balance), (Some("ADVOCATE"), 100, 900));
    }
}
