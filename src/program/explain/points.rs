//! Points of professionals, and Dojo Credits in the swag shop (DP).

use chrono::NaiveDate;

use super::award::recalculated_by_plan;
use super::{SpannedEditions, window};
use crate::program::rule::{Attributes, Rule, UnitSource, Window};
use crate::program::wording::counted as count_of;

/// What caused the points that are explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointsCause<'a> {
    /// An activity.
    Activity,
    /// The voiding of an activity.
    Void,
    /// A change of what earlier awards depend on (E4): the reason of the plan, or none for a sign-up date or a merge.
    Recalculation(Option<&'a str>),
}

/// The numbers of an award of points, as its entry keeps them, and of its activity.
#[derive(Clone, Copy, Debug)]
pub struct PointsAward<'a> {
    /// What caused it.
    pub cause: PointsCause<'a>,
    /// First day of the window.
    pub window_start: NaiveDate,
    /// Points asked for in the window before.
    pub units_before: i64,
    /// Points asked for in the window after.
    pub units_after: i64,
    /// Points awarded.
    pub points: i64,
    /// Quantity and attributes of the activity; none where the reader may not see it.
    pub activity: Option<(i64, &'a Attributes)>,
    /// The editions of the window, where there are several.
    pub editions: Option<&'a SpannedEditions>,
}

/// The sentence for points under their rule.
#[must_use]
pub fn explain_points(rule: &Rule, award: &PointsAward<'_>) -> String {
    let cause = match award.cause {
        PointsCause::Activity => "",
        PointsCause::Void => ", an activity voided",
        PointsCause::Recalculation(Some(plan)) => {
            return recalculated_by_plan(rule, award.points, "point", plan);
        }
        PointsCause::Recalculation(None) => return recalculated(rule, award),
    };
    let arithmetic = if rule.window == Window::Each { each(rule, award) } else { counted(rule, award) };
    format!("{}{cause}: {arithmetic} ({}).", rule.title, rule.source)
}

/// What an activity comes to in the windows of another day of sign-up.
fn recalculated(rule: &Rule, award: &PointsAward<'_>) -> String {
    let PointsAward { window_start, units_before, units_after, points, .. } = *award;
    let now = rule.earned(units_after) - rule.earned(units_before);
    let cap = rule.cap.map(|cap| format!(", at most {cap}")).unwrap_or_default();
    if units_before == units_after {
        // It is about an award alone, as that of a plan before a merge.
        let points = count_of(points, "point");
        let (title, source) = (&rule.title, &rule.source);
        return format!(
            "{title}, recalculated after a change of the sign-up date or a merge: {points} ({source})."
        );
    }
    format!(
        "{}, recalculated after a change of the sign-up date or a merge: {} goes from {units_before} to {}{cap}, \
         so {now} instead of {} = {} ({}).",
        rule.title,
        window(rule, window_start),
        count_of(units_after, "point"),
        now - points,
        count_of(points, "point"),
        rule.source
    )
}

/// Points of an activity that is counted by itself.
fn each(rule: &Rule, award: &PointsAward<'_>) -> String {
    let awarded = count_of(award.points, "point");
    if award.cause == PointsCause::Void {
        return awarded;
    }
    let range = |min: i64, max: i64| match rule.unit {
        Some(unit) => format!("{awarded}, out of {min} to {max} a {}", unit.word(1)),
        None => format!("{awarded}, out of {min} to {max}"),
    };
    let Some((quantity, attributes)) = award.activity else {
        return match &rule.unit_source {
            UnitSource::Graded { min, max } => range(*min, *max),
            UnitSource::Fixed { .. } | UnitSource::ByAttribute { .. } => awarded,
        };
    };
    let divisor = rule.divided_by.as_ref().and_then(|name| Some((name, attributes.get(name)?.as_i64()?)));
    match &rule.unit_source {
        UnitSource::Graded { min, max } => {
            let quantity = match rule.unit {
                Some(unit) if quantity != 1 => format!(", for {quantity} {}", unit.word(quantity)),
                _ => String::new(),
            };
            let divided = divisor.map_or(String::new(), |(name, by)| format!(", divided by {by} ({name})"));
            format!("{}{quantity}{divided}", range(*min, *max))
        }
        UnitSource::Fixed { per_unit } => fixed(rule, *per_unit, quantity, attributes, award.points),
        UnitSource::ByAttribute { attribute, .. } => {
            let value = attributes.get(attribute).and_then(|value| value.as_str()).unwrap_or_default();
            let one = crate::program::admission::units_of_one(rule, None, attributes);
            format!("{attribute} {value}: {}", fixed(rule, one, quantity, attributes, award.points))
        }
    }
}

/// Fixed points, with the bonus for an early activity and what divides them.
fn fixed(rule: &Rule, per_unit: i64, quantity: i64, attributes: &Attributes, points: i64) -> String {
    let base = per_unit.saturating_mul(quantity);
    let awarded = count_of(points, "point");
    let product = match rule.unit {
        _ if quantity == 1 => base.to_string(),
        Some(unit) => format!("{quantity} {} × {per_unit}", unit.word(quantity)),
        None => format!("{quantity} × {per_unit}"),
    };
    if let Some((name, by)) =
        rule.divided_by.as_ref().and_then(|name| Some((name, attributes.get(name)?.as_i64()?)))
    {
        return format!("{product}, divided by {by} ({name}) = {awarded}");
    }
    if base < points.min(0) {
        return format!("{product}, which lowers the sum of the membership year to 0 at most: {awarded}");
    }
    let bonus = points - base;
    match &rule.early_bonus {
        Some(early) if bonus > 0 => {
            let date = attributes.get(&early.attribute).and_then(|value| value.as_str()).unwrap_or_default();
            format!(
                "{product} + {bonus} for the first {} from {} {date} = {awarded}",
                count_of(early.within_days, "day"),
                early.attribute
            )
        }
        _ if quantity == 1 => awarded,
        _ => format!("{product} = {awarded}"),
    }
}

/// Points that are counted over a window.
fn counted(rule: &Rule, award: &PointsAward<'_>) -> String {
    let PointsAward { window_start, units_before, units_after, points, .. } = *award;
    let (asked, name) = (units_after - units_before, window(rule, window_start));
    let (after, awarded) = (count_of(units_after, "point"), count_of(points, "point"));
    if let Some(editions) = award.editions {
        let words = editions.words((rule.earned(units_before), rule.earned(units_after)), points);
        let cap = rule.cap.map(|cap| format!(", at most {cap}")).unwrap_or_default();
        return format!("{name} went from {units_before} to {after}{cap}, so {awarded}{words}");
    }
    match rule.cap {
        Some(cap) if asked > points && points >= 0 => {
            let held = rule.earned(units_after) - points;
            let each = match rule.window {
                Window::Month => "a month",
                Window::CalendarYear => "a calendar year",
                Window::MembershipYear => "a membership year",
                Window::Each | Window::Lifetime => "in all",
            };
            format!(
                "{points} of {}: the cap of {cap} {each} leaves {cap} - {held} = {points} in {name}",
                count_of(asked, "point")
            )
        }
        cap => {
            let cap = cap.map(|cap| format!(", at most {cap}")).unwrap_or_default();
            let earned = rule.earned(units_after);
            format!(
                "{name} went from {units_before} to {after}{cap}, so {earned} - {} = {awarded}",
                earned - points
            )
        }
    }
}

/// Dojo Credits that a swag order spent or gave back.
#[derive(Clone, Copy, Debug)]
pub struct SwagSpent<'a> {
    /// Number of the order.
    pub order: &'a str,
    /// Name of the item as it was ordered.
    pub item: &'a str,
    /// How many of it.
    pub quantity: i64,
    /// Change of the Dojo Credits: below zero when spent.
    pub dojo_credits: i64,
    /// Dojo Credits with it.
    pub balance_after: i64,
}

/// The sentence for Dojo Credits spent in the swag shop or given back (S5).
#[must_use]
pub fn explain_swag(spent: &SwagSpent<'_>) -> String {
    let SwagSpent { order, item, quantity, dojo_credits, balance_after } = *spent;
    let before = balance_after - dojo_credits;
    let count = dojo_credits.abs();
    let (what, sign) = if dojo_credits < 0 { ("Spent on", '-') } else { ("Given back from cancelled", '+') };
    format!(
        "{what} swag order {order}, {quantity} × {item}: Dojo Credits {before} {sign} {count} = {balance_after}; \
         points stay (DP, DevOps Points)."
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::program::edition::Editions;
    use crate::program::rule::Program;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn every_award_of_points_is_a_sentence() {
        let editions = Editions::built_in();
        let released = json!({ "releasedOn": "2025-06-01" });
        let none = json!({});
        // kind, voided, points asked for before and after, awarded, quantity and attributes, sentence
        let table = [
            (
                "COURSE_COMPLETED",
                PointsCause::Activity,
                [0, 100, 100],
                Some((1, &none)),
                "Online course completed: 100 points, out of 25 to 250 (DP, Enrolling in and completing online training courses).",
            ),
            (
                "DOCS_MISSING_INFORMATION",
                PointsCause::Activity,
                [0, 1, 1],
                Some((1, &none)),
                "Missing information added to the documentation: 1 point, out of 1 to 300 (DP, Contributing to the DataMiner documentation).",
            ),
            (
                "DOCS_MISSING_INFORMATION",
                PointsCause::Void,
                [1, 0, -1],
                Some((1, &none)),
                "Missing information added to the documentation, an activity voided: -1 point (DP, Contributing to the DataMiner documentation).",
            ),
            (
                "DOCS_MISSING_INFORMATION",
                PointsCause::Recalculation(Some("Too few")),
                [0, 0, 1],
                None,
                "Missing information added to the documentation, recalculated by the plan \"Too few\": +1 point (DP, Contributing to the DataMiner documentation).",
            ),
            (
                "COURSE_COMPLETED",
                PointsCause::Void,
                [100, 0, -100],
                Some((1, &none)),
                "Online course completed, an activity voided: -100 points (DP, Enrolling in and completing online training courses).",
            ),
            (
                "TRAINING_DAY_ATTENDED",
                PointsCause::Activity,
                [0, 750, 750],
                Some((3, &none)),
                "Days of in-person training attended: 3 × 250 = 750 points (DP, Participating in open or private on-site training sessions).",
            ),
            (
                "KATA_COMPLETED",
                PointsCause::Activity,
                [0, 75, 75],
                Some((1, &released)),
                "Kata completed: 75 points (DP, Actively participating in Kata sessions).",
            ),
            (
                "KATA_COMPLETED",
                PointsCause::Activity,
                [0, 150, 150],
                Some((1, &released)),
                "Kata completed: 75 + 75 for the first 7 days from releasedOn 2025-06-01 = 150 points (DP, Actively participating in Kata sessions).",
            ),
            (
                "KATA_COMPLETED",
                PointsCause::Activity,
                [0, 150, 150],
                None,
                "Kata completed: 150 points (DP, Actively participating in Kata sessions).",
            ),
            (
                "FEEDBACK_SUBMITTED",
                PointsCause::Activity,
                [0, 50, 50],
                Some((1, &none)),
                "Feedback submitted: June 2025 went from 0 to 50 points, at most 100, so 50 - 0 = 50 points (DP, Submitting feedback).",
            ),
            (
                "FEEDBACK_SUBMITTED",
                PointsCause::Activity,
                [0, 150, 100],
                Some((3, &none)),
                "Feedback submitted: 100 of 150 points: the cap of 100 a month leaves 100 - 0 = 100 in June 2025 (DP, Submitting feedback).",
            ),
            (
                "FEEDBACK_SUBMITTED",
                PointsCause::Activity,
                [50, 150, 50],
                Some((2, &none)),
                "Feedback submitted: 50 of 100 points: the cap of 100 a month leaves 100 - 50 = 50 in June 2025 (DP, Submitting feedback).",
            ),
            (
                "FEEDBACK_SUBMITTED",
                PointsCause::Void,
                [100, 50, -50],
                Some((1, &none)),
                "Feedback submitted, an activity voided: June 2025 went from 100 to 50 points, at most 100, so 50 - 100 = -50 points (DP, Submitting feedback).",
            ),
            (
                "LINKEDIN_HEADLINE",
                PointsCause::Recalculation(Some("The cap was meant from March on")),
                [0, 0, -250],
                Some((1, &none)),
                "DevOps level in the LinkedIn headline, recalculated by the plan \"The cap was meant from March on\": -250 points (DP, Being an advocate for the DataMiner brand).",
            ),
            (
                "LINKEDIN_HEADLINE",
                PointsCause::Recalculation(None),
                [250, 500, -250],
                Some((1, &none)),
                "DevOps level in the LinkedIn headline, recalculated after a change of the sign-up date or a merge: the membership year from 2025-04-12 goes from 250 to 500 points, at most 250, so 0 instead of 250 = -250 points (DP, Being an advocate for the DataMiner brand).",
            ),
            (
                "LINKEDIN_HEADLINE",
                PointsCause::Activity,
                [0, 250, 250],
                Some((1, &none)),
                "DevOps level in the LinkedIn headline: the membership year from 2025-04-12 went from 0 to 250 points, at most 250, so 250 - 0 = 250 points (DP, Being an advocate for the DataMiner brand).",
            ),
        ];
        for (kind, cause, [units_before, units_after, points], activity, sentence) in table {
            let edition = editions.at(NaiveDate::MAX);
            let rule = edition.rule(editions.kind(Program::Professional, kind).expect("a kind"));
            let rule = rule.expect("a rule");
            let start = if rule.window == Window::MembershipYear { "2025-04-12" } else { "2025-06-01" };
            let window_start = start.parse().expect("a date");
            let activity = activity.map(|(quantity, attributes): (i64, &serde_json::Value)| {
                (quantity, attributes.as_object().expect("an object"))
            });
            let editions = None;
            let award =
                PointsAward { cause, window_start, units_before, units_after, points, activity, editions };
            assert_eq!(explain_points(rule, &award), sentence);
        }
    }

    #[test]
    fn s5_the_swag_shop_changes_dojo_credits_only() {
        let spent =
            SwagSpent { order: "S-7", item: "Hoodie", quantity: 2, dojo_credits: -200, balance_after: 400 };
        assert_eq!(
            explain_swag(&spent),
            "Spent on swag order S-7, 2 × Hoodie: Dojo Credits 600 - 200 = 400; points stay (DP, DevOps Points)."
        );
        let back = SwagSpent { dojo_credits: 200, balance_after: 600, ..spent };
        assert_eq!(
            explain_swag(&back),
            "Given back from cancelled swag order S-7, 2 × Hoodie: Dojo Credits 400 + 200 = 600; points stay (DP, DevOps Points)."
        );
    }
}
