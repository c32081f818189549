//! Whether editions award alike.

use chrono::NaiveDate;

use super::{Edition, Editions};
use crate::program::credit_life::CreditKind;
use crate::program::rule::Program;

impl Editions {
    /// Whether a log comes to the same credits and points by other editions: those that differ in levels, notices, discounts
    /// or texts around them only do. Kinds have the same numbers in both.
    #[must_use]
    pub fn award_like(&self, other: &Self) -> bool {
        self.is_alike(other, Edition::awards_like)
    }

    /// Whether the same credits or points come to the same levels of a program by other editions, now and on each later day,
    /// and can be spent for as long.
    #[must_use]
    pub fn value_like(&self, other: &Self, program: Program) -> bool {
        self.is_alike(other, |one, other| one.values_like(other, program))
    }

    fn is_alike(&self, other: &Self, is_alike: impl Fn(&Edition, &Edition) -> bool) -> bool {
        let days = self.iter().chain(other.iter()).map(|edition| edition.effective_from);
        let both = |day: NaiveDate| (self.at(day), other.at(day));
        let legacy = |one: &Self| one.legacy().map(|legacy| legacy.from);
        self.launch() == other.launch()
            && legacy(self) == legacy(other)
            && days.map(both).all(|(one, other)| is_alike(one, other))
    }
}

impl Edition {
    fn awards_like(&self, other: &Self) -> bool {
        let expiry = |one: &Self| [CreditKind::Credits, CreditKind::DojoCredits].map(|kind| one.expiry(kind));
        self.rules == other.rules
            && self.dojo_credits_per_point == other.dojo_credits_per_point
            && expiry(self) == expiry(other)
            && self.deals == other.deals
            && self.customers == other.customers
    }

    fn values_like(&self, other: &Self, program: Program) -> bool {
        match program {
            Program::Partner => {
                self.partner_levels == other.partner_levels
                    && self.partner_terms == other.partner_terms
                    && self.expiry(CreditKind::Credits) == other.expiry(CreditKind::Credits)
            }
            Program::Professional => {
                self.professional_levels == other.professional_levels
                    && self.professional_terms == other.professional_terms
                    && self.expiry(CreditKind::DojoCredits) == other.expiry(CreditKind::DojoCredits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::edition::BUILT_IN;

    /// The built-in edition, and after it the same with a part that is another one.
    fn changed(from: &str, to: &str) -> Editions {
        // Only the first edition has a legacy window.
        let (head, rest) = BUILT_IN.split_once("[legacy]").expect("a legacy window");
        let (_, rest) = rest.split_once("[[attribute]]").expect("attributes");
        let head = head.replacen("effective_from = 2024-05-01", "effective_from = 2026-01-01", 1);
        let later = format!("{head}[[attribute]]{rest}");
        assert!(later.contains(from), "{from}");
        let editions = Editions::parse([BUILT_IN, &later.replacen(from, to, 1)]);
        editions.unwrap_or_else(|error| panic!("{from} → {to}: {error}"))
    }

    #[test]
    fn editions_award_alike_if_no_rule_is_another_one() {
        // what is changed, into what, whether a log comes to the same
        let table = [
            ("threshold = 75", "threshold = 200", true),
            ("May 2024", "January 2026", true),
            ("dojo_credits_per_point = 1", "dojo_credits_per_point = 2", false),
            ("credits = 10\n", "credits = 11\n", false),
        ];
        let in_force = Editions::parse([BUILT_IN]).expect("the built-in edition");
        for (from, to, expected) in table {
            assert_eq!(in_force.award_like(&changed(from, to)), expected, "{from} → {to}");
            assert_eq!(changed(from, to).award_like(&in_force), expected, "{from} → {to}, the other way");
        }
    }
    #[test]
    fn editions_value_alike_if_levels_and_expiry_of_a_program_are_the_same() {
        // what is changed, into what, whether partners and professionals have the same of the same
        let table = [
            ("threshold = 75", "threshold = 200", [false, true]),
            ("threshold = 5_000", "threshold = 4_000", [true, false]),
            ("credits = 10\n", "credits = 11\n", [true, true]),
            ("dojo_credits_per_point = 1", "dojo_credits_per_point = 2", [true, true]),
        ];
        let in_force = Editions::parse([BUILT_IN]).expect("the built-in edition");
        for (from, to, expected) in table {
            let other = changed(from, to);
            let found = [Program::Partner, Program::Professional].map(|one| in_force.value_like(&other, one));
            assert_eq!(found, expected, "{from} → {to}");
            let found = [Program::Partner, Program::Professional].map(|one| other.value_like(&in_force, one));
            assert_eq!(found, expected, "{from} → {to}, the other way");
        }
    }
}
