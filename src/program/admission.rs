//! Admission of activities: validation against the edition, and the units that they claim (S6, V6, PP Earning Credits).

mod attributes;

use chrono::NaiveDate;
use serde_json::Value;

use super::calendar::{is_plausible, parse_date};
use super::edition::Editions;
use super::nearest::{nearest, same_word};
use super::refusal::{Code, Refusal, Refusals, all, each};
use super::rule::{Attributes, Derived, EarlyBonus, KindId, Program, Review, Rule, UnitSource};
use super::wording::{counted, did_you_mean, in_the_future, shown};
use attributes::{check_attribute, check_names};

/// A claimed activity.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Program of the subject.
    pub program: Program,
    /// Enrolment or sign-up of the subject; none where the subject is not known, and then it is not checked.
    pub member_since: Option<NaiveDate>,
    /// Last day of the subject in the program; none while it takes part, or where the subject is not known.
    pub member_until: Option<NaiveDate>,
    /// Code of the kind.
    pub kind: &'a str,
    /// The day it happened.
    pub occurred_on: NaiveDate,
    /// How many of it.
    pub quantity: i64,
    /// Graded points, where the kind has a range.
    pub points: Option<i64>,
    /// What the kind asks for.
    pub attributes: &'a Attributes,
}

/// An activity that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Number of the kind.
    pub kind: KindId,
    /// Units that it asks for: points of a professional, quantity of a partner.
    pub units: i64,
    /// Who must look before it awards.
    pub review: Review,
}

/// Checks a claim against the edition in force on its own date.
///
/// # Errors
/// Every problem of the claim, in this order: kind, date, quantity, points, attributes. What a kind asks for is
/// checked only where the kind is known.
pub fn admit(editions: &Editions, claim: &Claim<'_>, today: NaiveDate) -> Result<Admitted, Refusals> {
    admit_with(editions, claim, today, Descriptions::Checked)
}

/// Checks a claim that was stored before. Attributes that no award depends on stay as they were accepted.
///
/// # Errors
/// Every other problem of the claim, as [`admit`].
pub fn admit_stored(editions: &Editions, claim: &Claim<'_>, today: NaiveDate) -> Result<Admitted, Refusals> {
    admit_with(editions, claim, today, Descriptions::Stored)
}

/// Whether attributes that a rule does not declare itself are checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Descriptions {
    Checked,
    Stored,
}

fn admit_with(
    editions: &Editions,
    claim: &Claim<'_>,
    today: NaiveDate,
    descriptions: Descriptions,
) -> Result<Admitted, Refusals> {
    let rule = rule_of(editions, claim);
    let units = match &rule {
        Ok(rule) => check_by_rule(rule, claim, descriptions),
        Err(_) => Ok(0),
    };
    let (rule, (), units) = all((rule, check_date(claim, today), units))?;
    Ok(Admitted { kind: rule.id, units, review: rule.review })
}

/// Units that an admitted activity asks for: fixed points, graded points, points by an attribute, or 1 for a partner,
/// times quantity and perhaps with an early bonus (section 6, last line). What an attribute divides is rounded towards
/// zero.
///
/// # Errors
/// When the date that a bonus counts from lies after the activity.
pub fn units(
    rule: &Rule,
    quantity: i64,
    points: Option<i64>,
    occurred_on: NaiveDate,
    attributes: &Attributes,
) -> Result<i64, Refusal> {
    let units = units_of_one(rule, points, attributes).saturating_mul(quantity);
    let bonus = match &rule.early_bonus {
        Some(bonus) if is_early(bonus, occurred_on, attributes)? => bonus.units,
        _ => 0,
    };
    let divisor = rule.divided_by.as_ref().and_then(|name| attributes.get(name)?.as_i64());
    Ok(units.saturating_add(bonus) / divisor.unwrap_or(1).max(1))
}

/// Units of a quantity of one, before a bonus and what divides them.
#[must_use]
pub fn units_of_one(rule: &Rule, points: Option<i64>, attributes: &Attributes) -> i64 {
    match &rule.unit_source {
        UnitSource::Fixed { per_unit } => *per_unit,
        UnitSource::Graded { .. } => points.unwrap_or(0),
        UnitSource::ByAttribute { attribute, values } => {
            let given = attributes.get(attribute).and_then(Value::as_str).unwrap_or_default();
            values.iter().find(|(value, _)| same_word(value, given)).map_or(0, |(_, units)| *units)
        }
    }
}

fn rule_of<'e>(editions: &'e Editions, claim: &Claim<'_>) -> Result<&'e Rule, Refusal> {
    let Some(rule) = editions.rule(claim.program, claim.kind, claim.occurred_on) else {
        return Err(Refusal::new(Code::UnknownKind, "kind", unknown_kind(editions, claim)));
    };
    if let Some(derived) = rule.derived {
        let from = match derived {
            Derived::ProfessionalPoints => {
                "the points of the partner's professionals; record their activities instead"
            }
            Derived::SalesTarget => "fulfilled orders and the sales target of the year",
            Derived::WonDeal => "the partner's registered deals; close the deal as won instead",
            Derived::NewCustomer => "won deals: the first one of a customer counts",
        };
        let message = format!("{} cannot be recorded: it is derived from {from}.", rule.kind);
        return Err(Refusal::new(Code::NotEligible, "kind", message));
    }
    Ok(rule)
}

/// Why no rule of the edition of the date scores a kind, and which kind was most likely meant.
fn unknown_kind(editions: &Editions, claim: &Claim<'_>) -> String {
    let (this, other, field) = match claim.program {
        Program::Partner => ("partners", Program::Professional, "subject.professional"),
        Program::Professional => ("professionals", Program::Partner, "subject.partner"),
    };
    let (kind, date) = (shown(claim.kind), claim.occurred_on);
    let around = editions.kind(claim.program, claim.kind).map(|kind| editions.days_around(kind, date));
    // The nearest day is the one that was most likely meant.
    let around = around.map(|(until, from)| match (until, from) {
        (Some(until), Some(from)) if from - date < date - until => (None, Some(from)),
        around => around,
    });
    match around {
        Some((Some(until), _)) => {
            return format!("{kind} is an activity kind for {this} until {until} only, not on {date}.");
        }
        Some((None, Some(from))) => {
            return format!("{kind} is an activity kind for {this} from {from} on, not on {date}.");
        }
        _ => {}
    }
    if editions.kind(other, claim.kind).is_some() {
        return format!("{kind} is not an activity kind for {this}; name the subject in {field}.");
    }
    let rules = editions.at(date).rules.iter();
    let recorded = rules.filter(|rule| rule.program == claim.program && rule.derived.is_none());
    match nearest(claim.kind, recorded.map(|rule| rule.kind.as_str())) {
        None => format!(
            "{kind} is not an activity kind for {this}. The edition in force on {date} lists the kinds that count."
        ),
        near => format!("{kind} is not an activity kind for {this}.{}", did_you_mean(near)),
    }
}

fn check_date(claim: &Claim<'_>, today: NaiveDate) -> Result<(), Refusal> {
    let day = claim.occurred_on;
    if day > today {
        return Err(Refusal::new(Code::DateInFuture, "occurredOn", in_the_future(day, today)));
    }
    match claim.member_since {
        Some(since) if day < since => {
            let joined = match claim.program {
                Program::Partner => "the partner's enrolment",
                Program::Professional => "the professional's sign-up",
            };
            let message = format!("{day} is before {joined} on {since}.");
            Err(Refusal::new(Code::DateBeforeEnrolment, "occurredOn", message))
        }
        _ => match claim.member_until {
            Some(until) if day > until => {
                let whose = match claim.program {
                    Program::Partner => "partner",
                    Program::Professional => "professional",
                };
                let message = format!("{day} is after {until}, the {whose}'s last day in the program.");
                Err(Refusal::new(Code::DateAfterEnd, "occurredOn", message))
            }
            _ => Ok(()),
        },
    }
}

/// Checks what the rule asks for, and gives the units that the claim asks for.
fn check_by_rule(rule: &Rule, claim: &Claim<'_>, descriptions: Descriptions) -> Result<i64, Refusals> {
    let is_checked = descriptions == Descriptions::Checked;
    let attributes = rule.attributes.iter().filter(|attribute| is_checked || !attribute.is_common);
    let attributes = attributes.map(|attribute| check_attribute(rule, attribute, claim.attributes));
    let ((), (), _, (), units) = all((
        check_quantity(rule, claim.quantity),
        check_points(rule, claim.points),
        each(attributes),
        if is_checked { check_names(rule, claim.attributes) } else { Ok(()) },
        units(rule, claim.quantity, claim.points, claim.occurred_on, claim.attributes),
    ))?;
    Ok(units)
}

fn check_quantity(rule: &Rule, quantity: i64) -> Result<(), Refusal> {
    let most = if rule.is_graded_as_a_whole() { 1 } else { rule.max_quantity };
    if (1..=most).contains(&quantity) {
        return Ok(());
    }
    let kind = &rule.kind;
    let message = match rule.unit {
        _ if rule.is_graded_as_a_whole() => {
            format!("{kind} is graded as a whole, so its quantity is 1; got {quantity}.")
        }
        Some(unit) => {
            format!("{kind} accepts a quantity of 1 to {most} {}; got {quantity}.", unit.word(most))
        }
        None => format!("{kind} accepts a quantity of 1 to {most}; got {quantity}."),
    };
    Err(Refusal::new(Code::Invalid, "quantity", message))
}

fn check_points(rule: &Rule, points: Option<i64>) -> Result<(), Refusal> {
    let kind = &rule.kind;
    let each = rule.unit.map_or(String::new(), |unit| format!(" a {}", unit.word(1)));
    let (code, message) = match (&rule.unit_source, points) {
        (UnitSource::ByAttribute { attribute, .. }, Some(points)) => {
            let message =
                format!("{kind} has points by its attribute {attribute}; leave points out, got {points}.");
            (Code::Invalid, message)
        }
        (UnitSource::Fixed { .. }, Some(points)) => {
            let message =
                format!("{kind} has fixed points, which the edition sets; leave points out, got {points}.");
            (Code::Invalid, message)
        }
        (UnitSource::Graded { min, max }, None) => {
            (Code::PointsRequired, format!("{kind} requires points from {min} to {max}{each}; got none."))
        }
        (UnitSource::Graded { min, max }, Some(points)) if points < *min || points > *max => {
            let most = counted(*max, "point");
            (Code::PointsOutOfRange, format!("{kind} accepts {min} to {most}{each}; got {points}."))
        }
        (UnitSource::Fixed { .. } | UnitSource::ByAttribute { .. }, None)
        | (UnitSource::Graded { .. }, Some(_)) => return Ok(()),
    };
    Err(Refusal::new(code, "points", message))
}

fn date(value: &Value) -> Option<NaiveDate> {
    parse_date(value.as_str()?).filter(|date| is_plausible(*date))
}

fn is_early(bonus: &EarlyBonus, occurred_on: NaiveDate, attributes: &Attributes) -> Result<bool, Refusal> {
    let Some(from) = attributes.get(&bonus.attribute).and_then(date) else { return Ok(false) };
    let days = (occurred_on - from).num_days();
    if days < 0 {
        let name = &bonus.attribute;
        let message =
            format!("{name} {from} is after occurredOn {occurred_on}; it is that day or an earlier one.");
        return Err(Refusal::new(Code::Invalid, &bonus.attribute, message).within("attributes"));
    }
    Ok(days <= bonus.within_days)
}

#[cfg(test)]
mod tests;
