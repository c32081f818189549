//! Credits that a rule awarded or that were taken back.

use chrono::NaiveDate;

use super::deal::{self, DealCause};
use super::target::{self, TargetCause};
use super::{SpannedEditions, window};
use crate::program::rule::{Rest, Rule, Track, UnitSource, Window};
use crate::program::wording::{counted as count_of, unit_of};

/// What caused the award that is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause<'a> {
    /// An activity.
    Activity,
    /// The voiding of an activity.
    Void,
    /// An affiliation entered with a past start (A2).
    Affiliation {
        /// Whether the activity had been voided by then: what it was awarded comes and goes at once.
        was_voided: bool,
    },
    /// A change of what earlier awards depend on (E4): the reason of the plan, or none for a sign-up date or a merge.
    Recalculation(Option<&'a str>),
    /// An affiliation that was corrected or voided (A3).
    Correction,
    /// A deal (R5).
    Deal(DealCause<'a>),
    /// A sales target that is reached, or no longer is.
    Target(TargetCause),
}

/// The numbers of an award, as its entry keeps them.
#[derive(Clone, Copy, Debug)]
pub struct Award<'a> {
    /// What caused it.
    pub cause: Cause<'a>,
    /// Whether it counts for the first level only (L1).
    pub legacy: bool,
    /// First day of the window.
    pub window_start: NaiveDate,
    /// Units in the window before.
    pub units_before: i64,
    /// Units in the window after.
    pub units_after: i64,
    /// Credits awarded.
    pub amount: i64,
    /// The editions of the window, where there are several.
    pub editions: Option<&'a SpannedEditions>,
}

/// The sentence for one award under its rule.
#[must_use]
pub fn explain(rule: &Rule, award: &Award<'_>) -> String {
    if let Cause::Recalculation(Some(plan)) = award.cause {
        return recalculated_by_plan(rule, award.amount, "credit", plan);
    }
    let tail = if award.legacy {
        "; it counts for the first level only and cannot be spent (PP, Legacy)"
    } else {
        ""
    };
    format!("{}{}: {}{tail} ({}).", rule.title, cause(rule, award), arithmetic(rule, award), rule.source)
}

/// What a recalculation by another policy brings: the reason of its plan.
pub(super) fn recalculated_by_plan(rule: &Rule, amount: i64, unit: &str, plan: &str) -> String {
    let unit = unit_of(amount, unit);
    format!("{}, recalculated by the plan \"{plan}\": {amount:+} {unit} ({}).", rule.title, rule.source)
}

/// What the title of the rule is followed by.
fn cause(rule: &Rule, award: &Award<'_>) -> String {
    match award.cause {
        Cause::Activity => String::new(),
        Cause::Void => ", an activity voided".to_owned(),
        Cause::Recalculation(_) => ", recalculated after a change of the sign-up date or a merge".to_owned(),
        Cause::Affiliation { was_voided: false } => ", credited with the affiliation".to_owned(),
        Cause::Affiliation { was_voided: true } if award.amount < 0 => {
            ", taken back with the affiliation, because the activity had been voided".to_owned()
        }
        Cause::Affiliation { was_voided: true } => {
            ", credited with the affiliation and taken back with it, because the activity had been voided"
                .to_owned()
        }
        Cause::Correction if award.amount < 0 => ", taken back with a corrected affiliation".to_owned(),
        Cause::Correction => ", credited with a corrected affiliation".to_owned(),
        Cause::Deal(of) => deal::words(rule, &of, award.amount),
        Cause::Target(of) => target::words(&of, award.amount),
    }
}

fn currency(rule: &Rule, amount: i64) -> &'static str {
    match (rule.track, amount.abs()) {
        (Some(Track::Business), 1) => "business credit",
        (Some(Track::Business), _) => "business credits",
        (_, 1) => "technical credit",
        _ => "technical credits",
    }
}

fn arithmetic(rule: &Rule, award: &Award<'_>) -> String {
    let Award { units_before, units_after, amount, .. } = *award;
    let currency = currency(rule, amount);
    if let UnitSource::ByAttribute { attribute, .. } = &rule.unit_source
        && rule.window == Window::Each
    {
        return format!("{amount} {currency} by {attribute}");
    }
    // The entry of a recalculation or a merge can be about the award alone: then its units come to something else.
    let moved = rule.earned(units_after) - rule.earned(units_before);
    if matches!(award.cause, Cause::Recalculation(_)) && units_before == units_after && amount != moved {
        return format!("{amount} {currency}");
    }
    if rule.window == Window::Each {
        if rule.per == 1 && amount != moved {
            return format!("{amount} {currency}");
        }
        let units = units_after.max(units_before);
        let sign = if units_after < units_before { "-" } else { "" };
        return if rule.per == 1 {
            format!("{sign}{units} × {} = {amount} {currency}", rule.credits)
        } else {
            let units = count_of(units, "unit");
            format!("{units}, {} for every full {}, so {amount} {currency}", rule.credits, rule.per)
        };
    }
    let cap = rule.cap.map(|cap| format!(", at most {cap}")).unwrap_or_default();
    let rate = if rule.per == 1 {
        format!("{} for each{cap}", rule.credits)
    } else {
        format!("{} for every full {}{cap}", rule.credits, rule.per)
    };
    let carried = if rule.rest == Rest::Carry { " with what earlier windows left over" } else { "" };
    let counted =
        format!("{} went from {units_before} to {units_after}{carried}", window(rule, award.window_start));
    let earned = rule.earned(units_after);
    if let Some(editions) = award.editions {
        let words = editions.words((rule.earned(units_before), earned), amount);
        return format!("{counted}; {rate}, so {amount} {currency}{words}");
    }
    format!("{counted}; {rate}, so {earned} - {} = {amount} {currency}", earned - amount)
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;

    use super::super::WhyRewarded;
    use super::*;
    use crate::program::edition::Editions;
    use crate::program::money::Money;
    use crate::program::rule::Program;

    /// Kind, cause, legacy, units before and after, amount, and the sentence.
    type Row<'a> = (&'a str, Cause<'a>, bool, [i64; 3], &'a str);

    fn check(table: &[Row<'_>]) {
        let editions = Editions::built_in();
        for (kind, cause, legacy, [units_before, units_after, amount], sentence) in table {
            let edition = editions.at(NaiveDate::MAX);
            let rule = edition.rule(editions.kind(Program::Partner, kind).expect("a kind")).expect("a rule");
            let window_start = if rule.window == Window::CalendarYear { "2025-01-01" } else { "2025-06-01" };
            let window_start = window_start.parse().expect("a date");
            let (cause, legacy) = (*cause, *legacy);
            let (units_before, units_after, amount) = (*units_before, *units_after, *amount);
            let award =
                Award { cause, legacy, window_start, units_before, units_after, amount, editions: None };
            assert_eq!(explain(rule, &award), *sentence);
        }
    }

    #[test]
    fn every_award_is_a_sentence_with_its_arithmetic() {
        check(&[
            (
                "DEVOPS_POINTS",
                Cause::Activity,
                false,
                [480, 530, 5],
                "DevOps Points of the partner's professionals: June 2025 went from 480 to 530; 5 for every full 500, so 5 - 0 = 5 technical credits (PP, Earning Credits, Community engagement).",
            ),
            (
                "LINKEDIN_POST",
                Cause::Void,
                false,
                [2, 1, -5],
                "LinkedIn posts, an activity voided: June 2025 went from 2 to 1; 5 for every full 2, at most 5, so 0 - 5 = -5 business credits (PP, Earning Credits, Digital presence).",
            ),
            (
                "CUSTOMER_MEETING",
                Cause::Activity,
                false,
                [0, 3, 3],
                "Scheduled customer meetings at industry events: 3 × 1 = 3 business credits (PP, Earning Credits, Events).",
            ),
            (
                "EVENT_ORGANIZED",
                Cause::Void,
                true,
                [1, 0, -50],
                "Event organized, an activity voided: -1 × 50 = -50 business credits; it counts for the first level only and cannot be spent (PP, Legacy) (PP, Earning Credits, Events).",
            ),
        ]);
    }

    #[test]
    fn e4_an_entry_about_an_award_alone_has_no_arithmetic_of_units() {
        let merge = Cause::Recalculation(None);
        check(&[
            (
                "CUSTOMER_MEETING",
                merge,
                false,
                [0, 0, -5],
                "Scheduled customer meetings at industry events, recalculated after a change of the sign-up date or a merge: -5 business credits (PP, Earning Credits, Events).",
            ),
            (
                "CUSTOMER_MEETING",
                merge,
                false,
                [3, 0, -3],
                "Scheduled customer meetings at industry events, recalculated after a change of the sign-up date or a merge: -3 × 1 = -3 business credits (PP, Earning Credits, Events).",
            ),
            (
                "CUSTOMER_MEETING",
                merge,
                false,
                [3, 0, -8],
                "Scheduled customer meetings at industry events, recalculated after a change of the sign-up date or a merge: -8 business credits (PP, Earning Credits, Events).",
            ),
            (
                "LINKEDIN_POST",
                merge,
                false,
                [0, 0, -5],
                "LinkedIn posts, recalculated after a change of the sign-up date or a merge: -5 business credits (PP, Earning Credits, Digital presence).",
            ),
        ]);
    }

    #[test]
    fn a_window_of_several_editions_names_them() {
        let editions = Editions::built_in();
        let kind = editions.kind(Program::Partner, "DOJO_PROFILE").expect("a kind");
        let rule = Rule { cap: Some(3), ..editions.at(NaiveDate::MAX).rule(kind).expect("a rule").clone() };
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let spanned = SpannedEditions { own: day("2025-06-01"), others: vec![day("2024-05-01")] };
        // units before and after, amount, cap, what the sentence says after the rate
        let table = [
            (
                [3, 4, 0],
                3,
                "so 0 business credits under the edition of 2025-06-01, in a window that also had the edition of 2024-05-01",
            ),
            (
                [0, 4, 7],
                40,
                "so 7 business credits instead of 40 under the edition of 2025-06-01: the edition of 2024-05-01 had awarded 33 in the window before",
            ),
            (
                [3, 4, 0],
                40,
                "so 0 business credits instead of 10 under the edition of 2025-06-01: the edition of 2024-05-01 had awarded that much or more in the window before",
            ),
            (
                [4, 3, -2],
                40,
                "so -2 business credits instead of -10 under the edition of 2025-06-01: no more is taken than what the rest of the window is worth under it and the edition of 2024-05-01 leaves",
            ),
        ];
        for ([units_before, units_after, amount], cap, words) in table {
            let rule = Rule { cap: Some(cap), ..rule.clone() };
            let award = Award {
                cause: Cause::Activity,
                legacy: false,
                window_start: day("2024-05-01"),
                units_before,
                units_after,
                amount,
                editions: Some(&spanned),
            };
            let sentence = explain(&rule, &award);
            assert!(sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn a2_what_an_affiliation_credits_says_whether_it_stays() {
        check(&[
            (
                "CERTIFICATION_OBTAINED",
                Cause::Affiliation { was_voided: false },
                false,
                [0, 1, 10],
                "Certification obtained, credited with the affiliation: 1 × 10 = 10 technical credits (PP, Earning Credits, Formal knowledge).",
            ),
            (
                "CERTIFICATION_OBTAINED",
                Cause::Affiliation { was_voided: true },
                false,
                [0, 1, 10],
                "Certification obtained, credited with the affiliation and taken back with it, because the activity had been voided: 1 × 10 = 10 technical credits (PP, Earning Credits, Formal knowledge).",
            ),
            (
                "DEVOPS_POINTS",
                Cause::Affiliation { was_voided: true },
                false,
                [700, 200, -5],
                "DevOps Points of the partner's professionals, taken back with the affiliation, because the activity had been voided: June 2025 went from 700 to 200; 5 for every full 500, so 0 - 5 = -5 technical credits (PP, Earning Credits, Community engagement).",
            ),
        ]);
    }

    #[test]
    fn r5_the_award_of_a_deal_names_deal_customer_and_why_this_partner() {
        let deal = |why| Cause::Deal(DealCause::Won { reference: "D-7", customer: "Acme", why });
        check(&[
            (
                "DEAL_WON",
                deal(Some(WhyRewarded::WonItself)),
                false,
                [0, 1, 50],
                "Registered deal that ended in a transaction, deal D-7 with Acme, won by the partner itself: 1 × 50 = 50 business credits (PP, Earning Credits, Sales).",
            ),
            (
                "DEAL_WON",
                deal(Some(WhyRewarded::HeldOpportunity)),
                false,
                [0, 1, 50],
                "Registered deal that ended in a transaction, deal D-7 with Acme, sold by another party while the partner held the registered opportunity: 1 × 50 = 50 business credits (PP, Earning Credits, Sales).",
            ),
            (
                "DEAL_WON",
                deal(None),
                false,
                [0, 1, 50],
                "Registered deal that ended in a transaction, deal D-7 with Acme: 1 × 50 = 50 business credits (PP, Earning Credits, Sales).",
            ),
            (
                "CUSTOMER_ADDED",
                deal(Some(WhyRewarded::WonItself)),
                false,
                [0, 1, 100],
                "New customer added, Acme, whose first won deal is D-7, won by the partner itself: 1 × 100 = 100 business credits (PP, Earning Credits, Sales).",
            ),
            (
                "DEAL_WON",
                deal(None),
                false,
                [1, 0, -50],
                "Registered deal that ended in a transaction, deal D-7 with Acme, taken back: -1 × 50 = -50 business credits (PP, Earning Credits, Sales).",
            ),
            (
                "CUSTOMER_ADDED",
                deal(None),
                false,
                [1, 0, -100],
                "New customer added, Acme, with deal D-7, taken back: -1 × 100 = -100 business credits (PP, Earning Credits, Sales).",
            ),
            (
                "DEAL_WON",
                Cause::Deal(DealCause::Hidden),
                false,
                [0, 1, 50],
                "Registered deal that ended in a transaction: 1 × 50 = 50 business credits (PP, Earning Credits, Sales).",
            ),
        ]);
    }

    #[test]
    fn a_target_names_what_is_to_be_sold_and_what_was() {
        let euros = |minor| Money { minor, currency: Currency::EUR };
        let known =
            TargetCause { year: 2025, target: Some(euros(10_000_000)), sold: Some(euros(12_345_678)) };
        let unknown = TargetCause { year: 2025, target: None, sold: None };
        check(&[
            (
                "SALES_TARGET_ACHIEVED",
                Cause::Target(known),
                false,
                [0, 1, 50],
                "Yearly sales target achieved, EUR 123456.78 sold of the target of EUR 100000.00 for 2025: the year 2025 went from 0 to 1; 50 for each, at most 50, so 50 - 0 = 50 business credits (PP, Earning Credits, Sales).",
            ),
            (
                "SALES_TARGET_ACHIEVED",
                Cause::Target(TargetCause { sold: Some(euros(9_000_000)), ..known }),
                false,
                [1, 0, -50],
                "Yearly sales target achieved, taken back, because EUR 90000.00 sold is below the target of EUR 100000.00 for 2025: the year 2025 went from 1 to 0; 50 for each, at most 50, so 0 - 50 = -50 business credits (PP, Earning Credits, Sales).",
            ),
            (
                "SALES_TARGET_ACHIEVED",
                Cause::Target(unknown),
                false,
                [1, 0, -50],
                "Yearly sales target achieved, taken back, because what was sold is below the target for 2025: the year 2025 went from 1 to 0; 50 for each, at most 50, so 0 - 50 = -50 business credits (PP, Earning Credits, Sales).",
            ),
        ]);
    }
}
