//! Worked examples, run through the core: an edition holds them, and here they are checked.

mod commerce;

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, NaiveDate};

use super::admission::{Claim, admit};
use super::calendar::year_end;
use super::edition::example::{Example, Expected, GivenFact, Refused};
use super::edition::{Editions, ProductCategory};
use super::fold::{
    Affiliation, Awards, Fact, Fold, ObjectIndex, PartnerIndex, ProfessionalIndex, Step, Subject,
};
use super::level_change::{Points, membership_sums};
use super::level_history::Days;
use super::rule::{Program, Track};
use super::standing::{TrackSums, YearSum, overall, professional_standing_of, track_standing};
use super::totals::{Period, TrackTotal, membership_year_number};
use commerce::{Deals, check_order};

/// The state of an example while its facts go in.
struct Run<'e> {
    editions: &'e Editions,
    fold: Fold<'e>,
    awards: Awards,
    partners: HashMap<String, (PartnerIndex, NaiveDate)>,
    professionals: HashMap<String, (ProfessionalIndex, NaiveDate)>,
    named: HashMap<String, Fact>,
    deals: Deals,
}

/// Why an example failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is different, with both values.
    pub message: String,
    /// The value that the example expects; none if it could not be compared.
    pub expected: Option<String>,
    /// The value that it has.
    pub actual: Option<String>,
}

impl From<String> for Difference {
    fn from(message: String) -> Self {
        Self { message, expected: None, actual: None }
    }
}

/// Runs an example through the same core as everything else.
///
/// # Errors
/// The example's name and, for the first thing that differs, both values.
pub fn check(example: &Example, editions: &Editions) -> Result<(), String> {
    run(example, editions).map_err(|problem| format!("example \"{}\": {}", example.name, problem.message))
}

/// Runs an example through the same core as everything else.
///
/// # Errors
/// The first thing that differs.
pub fn run(example: &Example, editions: &Editions) -> Result<(), Difference> {
    let mut run = Run {
        editions,
        fold: Fold::new(editions),
        awards: Awards::default(),
        partners: HashMap::new(),
        professionals: HashMap::new(),
        named: HashMap::new(),
        deals: Deals::default(),
    };
    for (code, enrolled_on) in &example.partners {
        let index = run.fold.add_partner(0);
        run.partners.insert(code.clone(), (index, enrolled_on.0));
    }
    for (code, member) in &example.professionals {
        let index = run.fold.add_professional(member.signed_up_on.0, 0);
        if let Some(partner) = &member.partner {
            let (partner, _) = run.partner(partner)?;
            let affiliation = Affiliation { partner, starts_on: member.signed_up_on.0, ends_on: None };
            run.fold.load_affiliation(index, affiliation);
        }
        run.professionals.insert(code.clone(), (index, member.signed_up_on.0));
    }
    for fact in &example.facts {
        run.apply(fact)?;
    }
    example.expect.iter().try_for_each(|expected| run.compare(expected))
}

impl Run<'_> {
    fn partner(&self, code: &str) -> Result<(PartnerIndex, NaiveDate), String> {
        self.partners.get(code).copied().ok_or_else(|| format!("there is no partner {code} in it"))
    }

    fn professional(&self, code: &str) -> Result<(ProfessionalIndex, NaiveDate), String> {
        self.professionals.get(code).copied().ok_or_else(|| format!("there is no professional {code} in it"))
    }

    fn apply(&mut self, given: &GivenFact) -> Result<(), String> {
        if let Some(name) = &given.deal {
            return self.apply_deal(name, given);
        }
        if let Some(id) = &given.void {
            let fact = self.named.get(id).copied().ok_or_else(|| format!("there is no fact {id} to void"))?;
            return self.fold.apply(&Step::Voided(fact), &mut self.awards).map_err(|error| error.to_string());
        }
        let (Some(on), Some(kind)) = (given.on, &given.kind) else {
            return Err("a fact needs `on` and `kind`, or `void`".to_owned());
        };
        let (subject, program, member_since) = match (&given.partner, &given.professional) {
            (Some(code), None) => {
                let (index, since) = self.partner(code)?;
                (Subject::Partner(index), Program::Partner, since)
            }
            (None, Some(code)) => {
                let (index, since) = self.professional(code)?;
                (Subject::Professional(index), Program::Professional, since)
            }
            _ => return Err("a fact needs `partner` or `professional`, not both".to_owned()),
        };
        let quantity = given.quantity.unwrap_or(1);
        let claim = Claim {
            program,
            member_since: Some(member_since),
            member_until: None,
            kind,
            occurred_on: on.0,
            quantity,
            points: given.points,
            attributes: &given.attributes,
        };
        let admitted = match (admit(self.editions, &claim, NaiveDate::MAX), given.refused) {
            (Ok(admitted), None) => admitted,
            (Ok(_), Some(Refused(code))) => {
                return Err(format!("{kind} must be refused as {}, but was taken", code.name()));
            }
            (Err(refusals), Some(Refused(code))) if refusals.first().code == code => return Ok(()),
            (Err(refusals), Some(Refused(code))) => {
                let found = refusals.first().code.name();
                return Err(format!("{kind} must be refused as {}, but was {found}", code.name()));
            }
            (Err(refusals), None) => return Err(format!("{kind} on {on:?} was refused: {refusals}")),
        };
        let activity = ObjectIndex(u32::try_from(self.named.len()).unwrap_or(u32::MAX));
        let fact = Fact {
            activity,
            subject,
            kind: admitted.kind,
            occurred_on: on.0,
            quantity,
            units: admitted.units,
        };
        let id = given.id.clone().unwrap_or_else(|| format!("#{}", activity.0));
        self.named.insert(id, fact);
        self.fold.apply(&Step::Recorded(fact), &mut self.awards).map_err(|error| error.to_string())
    }

    fn compare(&self, expected: &Expected) -> Result<(), Difference> {
        match (&expected.partner, &expected.professional) {
            (Some(code), None) => self.compare_partner(code, expected),
            (None, Some(code)) => self.compare_professional(code, expected),
            _ => Err("an expectation needs `partner` or `professional`, not both".to_owned().into()),
        }
    }

    fn compare_partner(&self, code: &str, expected: &Expected) -> Result<(), Difference> {
        let (who, _) = self.partner(code)?;
        let day = expected.on.0;
        let sums = Track::ALL.map(|track| self.sums(who, track, day));
        let [technical, business] = Track::ALL.map(|track| {
            track_standing(self.editions, track, &sums[usize::from(track == Track::Business)], day)
        });
        let level = overall(&technical, &business);
        let rewards = &self.editions.at(day).rewards;
        let discount = rewards.base_discount(&level.code, ProductCategory::License);
        let balance: i64 =
            self.awards.credits.iter().filter(|a| a.partner == who).map(|a| a.spendable_credits).sum();
        expect_equal(day, code, "technical", expected.technical.as_ref(), &technical.credits)?;
        expect_equal(day, code, "business", expected.business.as_ref(), &business.credits)?;
        expect_equal(day, code, "technical_level", expected.technical_level.as_ref(), &technical.level.code)?;
        expect_equal(day, code, "business_level", expected.business_level.as_ref(), &business.level.code)?;
        expect_equal(day, code, "level", expected.level.as_ref(), &level.code)?;
        expect_equal(day, code, "license_discount", expected.license_discount.as_ref(), &discount)?;
        expect_equal(day, code, "balance", expected.balance.as_ref(), &balance)?;
        let order = expected.order.as_ref();
        order.map_or(Ok(()), |order| check_order(order, self.editions, &level.code, code, day))
    }

    /// Sums of one track as the totals of the database would have them.
    fn sums(&self, who: PartnerIndex, track: Track, day: NaiveDate) -> TrackSums {
        let total = |period: Period, until: NaiveDate| {
            let mut days: BTreeMap<NaiveDate, i64> = BTreeMap::new();
            let mine = self.awards.credits.iter().filter(|a| a.partner == who && a.track == Some(track));
            for award in mine.filter(|a| a.effective_on <= until) {
                if Period::of(self.editions, award.effective_on) == period {
                    *days.entry(award.effective_on).or_default() += award.level_credits;
                }
            }
            TrackTotal::of_days(self.editions, days)
        };
        let this_year = total(Period(day.year()), day);
        let years = self.editions.first_level_year(day)..day.year() - 1;
        let last_year = total(Period(day.year() - 1), day);
        TrackSums {
            this_year: this_year.credits,
            this_year_reached: this_year.reached_through(self.editions, day),
            last_year: last_year.credits,
            last_year_reached: last_year.reached_through(self.editions, year_end(day.year() - 1)),
            legacy: total(Period::LEGACY, day).credits,
            earlier: years
                .map(|year| {
                    let total = total(Period(year), day);
                    let reached = total.reached_through(self.editions, year_end(year));
                    YearSum { year, credits: total.credits, reached }
                })
                .collect(),
        }
    }

    fn compare_professional(&self, code: &str, expected: &Expected) -> Result<(), Difference> {
        let (who, signed_up_on) = self.professional(code)?;
        let day = expected.on.0;
        let mine = || self.awards.points.iter().filter(|award| award.professional == who);
        let number = membership_year_number(signed_up_on, day);
        let mut days = Days::new();
        for award in mine().filter(|award| award.effective_on <= day) {
            *days.entry(award.effective_on).or_default() += award.points;
        }
        let points = Points::of_days(self.editions, signed_up_on, &days);
        let sums = membership_sums(self.editions, &points, number, points.in_year(number));
        let standing = professional_standing_of(self.editions, signed_up_on, day, &sums);
        let level = standing.level.as_ref().map_or("none", |level| level.code.as_str()).to_owned();
        let dojo_credits = mine().map(|award| award.dojo_credits).sum();
        expect_equal(day, code, "points", expected.points.as_ref(), &standing.points)?;
        expect_equal(day, code, "level", expected.level.as_ref(), &level)?;
        expect_equal(day, code, "dojo_credits", expected.dojo_credits.as_ref(), &dojo_credits)
    }
}

fn expect_equal<T: PartialEq + std::fmt::Display>(
    day: NaiveDate,
    who: &str,
    what: &str,
    expected: Option<&T>,
    found: &T,
) -> Result<(), Difference> {
    match expected {
        Some(expected) if expected != found => Err(Difference {
            message: format!("{what} of {who} on {day} must be {expected}, but came out as {found}"),
            expected: Some(expected.to_string()),
            actual: Some(found.to_string()),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::edition::BUILT_IN;

    #[test]
    fn the_examples_of_the_built_in_edition_pass() {
        let editions = Editions::built_in();
        let examples = &editions.at(NaiveDate::MAX).examples;
        assert!(examples.len() >= 9, "the golden cases are in the document");
        for example in examples {
            assert_eq!(check(example, &editions), Ok(()));
        }
    }

    #[test]
    fn an_example_that_fails_names_itself_and_both_values() {
        let changed = BUILT_IN.replace("credits = 10\nper = 5\n", "credits = 11\nper = 5\n");
        let editions = Editions::parse([changed.as_str()]).expect("it parses");
        let problems: Vec<String> = editions
            .at(NaiveDate::MAX)
            .examples
            .iter()
            .filter_map(|one| check(one, &editions).err())
            .collect();
        let problems: Vec<String> = problems.into_iter().filter(|one| one.contains("Downloads")).collect();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].starts_with("example \"Downloads of a month\": technical of a on"),
            "{problems:?}"
        );
        assert!(problems[0].ends_with("must be 10, but came out as 11"), "{problems:?}");
    }
}
