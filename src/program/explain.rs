//! One sentence for each award of credits: the rule, the units before and after, and the arithmetic.

use chrono::{Datelike, NaiveDate};

use super::money::Money;
use super::rule::{Rule, Track, Window};

/// What caused the award that is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An activity.
    Activity,
    /// The voiding of an activity.
    Void,
    /// An affiliation entered with a past start.
    Affiliation,
    /// Another sales target, which what was sold does not reach.
    Target,
}

/// The numbers of an award, as its entry keeps them.
#[derive(Clone, Copy, Debug)]
pub struct Award {
    /// What caused it.
    pub cause: Cause,
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
}

/// The sentence for one award under its rule.
#[must_use]
pub fn explain(rule: &Rule, award: &Award) -> String {
    let currency = currency(rule);
    let cause = match award.cause {
        Cause::Activity => "",
        Cause::Void => ", an activity voided",
        Cause::Affiliation => ", credited with the affiliation",
        Cause::Target => ", no longer reached with the new target",
    };
    let tail = if award.legacy {
        "; it counts for the first level only and cannot be spent (PP, Legacy)"
    } else {
        ""
    };
    format!("{}{cause}: {}{tail} ({}).", rule.title, arithmetic(rule, award, currency), rule.source)
}

/// The numbers of credits that an order spent or gave back.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// Number of the order.
    pub order: &'a str,
    /// Change of the balance: below zero when spent.
    pub credits: i64,
    /// The balance with it.
    pub balance_after: i64,
    /// What one credit was worth in the order.
    pub value: Option<Money>,
}

/// The sentence for credits redeemed on an order or returned (PP, Rewards).
#[must_use]
pub fn explain_redemption(spent: &Redemption<'_>) -> String {
    let Redemption { order, credits, balance_after, value } = *spent;
    let before = balance_after - credits;
    let count = credits.abs();
    let sign = if credits < 0 { '-' } else { '+' };
    let what = if credits < 0 { "Redeemed on" } else { "Given back from cancelled" };
    let worth = value.map_or(String::new(), |value| {
        let all = Money { minor: value.minor.saturating_mul(count), ..value };
        let currency = value.currency.code();
        format!("{count} × {currency} {} = {currency} {}; ", value.amount(), all.amount())
    });
    format!("{what} order {order}: {worth}balance {before} {sign} {count} = {balance_after} (PP, Rewards).")
}

fn currency(rule: &Rule) -> &'static str {
    match rule.track {
        Some(Track::Business) => "business credits",
        _ => "technical credits",
    }
}

fn arithmetic(rule: &Rule, award: &Award, currency: &str) -> String {
    let Award { units_before, units_after, amount, .. } = *award;
    if rule.window == Window::Each {
        let units = units_after.max(units_before);
        let sign = if units_after < units_before { "-" } else { "" };
        return if rule.per == 1 {
            format!("{sign}{units} × {} = {amount} {currency}", rule.credits)
        } else {
            format!("{units} units, {} for every full {}, so {amount} {currency}", rule.credits, rule.per)
        };
    }
    let cap = rule.cap.map(|cap| format!(", at most {cap}")).unwrap_or_default();
    let rate = if rule.per == 1 {
        format!("{} for each{cap}", rule.credits)
    } else {
        format!("{} for every full {}{cap}", rule.credits, rule.per)
    };
    let earned = rule.earned(units_after);
    format!(
        "{} went from {units_before} to {units_after}; {rate}, so {earned} - {} = {amount} {currency}",
        window(rule, award.window_start),
        earned - amount,
    )
}

fn window(rule: &Rule, start: NaiveDate) -> String {
    match rule.window {
        Window::Month => start.format("%B %Y").to_string(),
        Window::CalendarYear => format!("the year {}", start.year()),
        Window::MembershipYear => format!("the membership year from {start}"),
        Window::Each | Window::Lifetime => format!("the count since {start}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::edition::Editions;
    use crate::program::rule::Program;

    #[test]
    fn what_is_spent_is_a_sentence_with_its_arithmetic() {
        let value = Some(Money { minor: 100, currency: iso_currency::Currency::EUR });
        let spent = Redemption { order: "O-7", credits: -120, balance_after: 300, value };
        assert_eq!(
            explain_redemption(&spent),
            "Redeemed on order O-7: 120 × EUR 1.00 = EUR 120.00; balance 420 - 120 = 300 (PP, Rewards)."
        );
        let back = Redemption { credits: 120, balance_after: 420, ..spent };
        assert_eq!(
            explain_redemption(&back),
            "Given back from cancelled order O-7: 120 × EUR 1.00 = EUR 120.00; balance 300 + 120 = 420 (PP, Rewards)."
        );
    }

    #[test]
    fn every_award_is_a_sentence_with_its_arithmetic() {
        let editions = Editions::built_in();
        // kind, cause, legacy, before, after, amount, sentence
        let table = [
            (
                "DEVOPS_POINTS",
                Cause::Activity,
                false,
                480,
                530,
                5,
                "DevOps Points of the partner's professionals: June 2025 went from 480 to 530; 5 for every full 500, so 5 - 0 = 5 technical credits (PP, Earning Credits, Community engagement).",
            ),
            (
                "LINKEDIN_POST",
                Cause::Void,
                false,
                2,
                1,
                -5,
                "LinkedIn posts, an activity voided: June 2025 went from 2 to 1; 5 for every full 2, at most 5, so 0 - 5 = -5 business credits (PP, Earning Credits, Digital presence).",
            ),
            (
                "CUSTOMER_MEETING",
                Cause::Activity,
                false,
                0,
                3,
                3,
                "Scheduled customer meetings at industry events: 3 × 1 = 3 business credits (PP, Earning Credits, Events).",
            ),
            (
                "EVENT_ORGANIZED",
                Cause::Void,
                true,
                1,
                0,
                -50,
                "Event organized, an activity voided: -1 × 50 = -50 business credits; it counts for the first level only and cannot be spent (PP, Legacy) (PP, Earning Credits, Events).",
            ),
        ];
        for (kind, cause, legacy, units_before, units_after, amount, sentence) in table {
            let edition = editions.at(NaiveDate::MAX);
            let rule = edition.rule(editions.kind(Program::Partner, kind).expect("a kind")).expect("a rule");
            let window_start = "2025-06-01".parse().expect("a date");
            let award = Award { cause, legacy, window_start, units_before, units_after, amount };
            assert_eq!(explain(rule, &award), sentence);
        }
    }
}
