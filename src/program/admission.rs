//! Admission of activities: validation against the edition, and the units that they claim (S6, V6, PP Earning Credits).

use chrono::NaiveDate;
use serde_json::Value;

use super::calendar::{is_plausible, parse_date};
use super::edition::Editions;
use super::refusal::{Code, Refusal};
use super::rule::{
    Attribute, AttributeType, Attributes, Derived, EarlyBonus, KindId, Program, Review, Rule, UnitSource,
};

/// A claimed activity.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Program of the subject.
    pub program: Program,
    /// Enrolment or sign-up of the subject.
    pub member_since: NaiveDate,
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
/// The first thing that is wrong, in this order: kind, date, quantity, points, attributes.
pub fn admit(editions: &Editions, claim: &Claim<'_>, today: NaiveDate) -> Result<Admitted, Refusal> {
    let rule = rule_of(editions, claim)?;
    check_date(claim, today)?;
    if claim.quantity < 1 || claim.quantity > rule.max_quantity {
        let message =
            format!("{} takes a quantity of 1 to {}, not {}.", rule.kind, rule.max_quantity, claim.quantity);
        return Err(Refusal::new(Code::Invalid, "quantity", message));
    }
    check_points(rule, claim)?;
    for attribute in &rule.attributes {
        check_attribute(rule, attribute, claim.attributes)?;
    }
    let units = units(rule, claim.quantity, claim.points, claim.occurred_on, claim.attributes)?;
    Ok(Admitted { kind: rule.id, units, review: rule.review })
}

/// Units that an admitted activity asks for: fixed points times quantity and perhaps an early
/// bonus, or graded points, or a partner's quantity (section 6, last line).
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
    let units = match rule.unit_source {
        UnitSource::Fixed { per_unit } => per_unit.saturating_mul(quantity),
        UnitSource::Graded { .. } => points.unwrap_or(0),
    };
    match &rule.early_bonus {
        Some(bonus) if is_early(bonus, occurred_on, attributes)? => Ok(units + bonus.units),
        _ => Ok(units),
    }
}

fn rule_of<'e>(editions: &'e Editions, claim: &Claim<'_>) -> Result<&'e Rule, Refusal> {
    let edition = editions.at(claim.occurred_on);
    let rule = editions.kind(claim.program, claim.kind).and_then(|kind| edition.rule(kind));
    let Some(rule) = rule else {
        let (this, other, field) = match claim.program {
            Program::Partner => ("partners", Program::Professional, "subject.professional"),
            Program::Professional => ("professionals", Program::Partner, "subject.partner"),
        };
        let elsewhere = editions.kind(other, claim.kind).is_some();
        let message = if elsewhere {
            format!("{} is not a kind for {this}: name the subject in {field}.", claim.kind)
        } else {
            format!("No rule scores this kind for {this}; the edition in force lists the kinds that count.")
        };
        return Err(Refusal::new(Code::UnknownKind, "kind", message));
    };
    if let Some(derived) = rule.derived {
        let from = match derived {
            Derived::ProfessionalPoints => {
                "the points of the partner's professionals: record their activities"
            }
            Derived::SalesTarget => "fulfilled orders and the sales target of the year",
            Derived::WonDeal => "the partner's registered deals: close the deal as won",
            Derived::NewCustomer => "won deals: the first one of a customer counts",
        };
        let message = format!("{} is never recorded; it follows from {from}.", rule.kind);
        return Err(Refusal::new(Code::NotEligible, "kind", message));
    }
    Ok(rule)
}

fn check_date(claim: &Claim<'_>, today: NaiveDate) -> Result<(), Refusal> {
    if claim.occurred_on > today {
        let message = format!("{} lies after today, {today}.", claim.occurred_on);
        return Err(Refusal::new(Code::DateInFuture, "occurredOn", message));
    }
    if claim.occurred_on < claim.member_since {
        let joined = match claim.program {
            Program::Partner => "the partner's enrolment",
            Program::Professional => "the professional's sign-up",
        };
        let message = format!("{} lies before {joined} on {}.", claim.occurred_on, claim.member_since);
        return Err(Refusal::new(Code::DateBeforeEnrolment, "occurredOn", message));
    }
    Ok(())
}

fn check_points(rule: &Rule, claim: &Claim<'_>) -> Result<(), Refusal> {
    match (rule.unit_source, claim.points) {
        (UnitSource::Fixed { .. }, Some(_)) => {
            let message = format!("{} is not graded: leave points out, the edition sets them.", rule.kind);
            Err(Refusal::new(Code::Invalid, "points", message))
        }
        (UnitSource::Graded { min, max }, None) => {
            let message = format!("{} needs graded points, {min} to {max}.", rule.kind);
            Err(Refusal::new(Code::PointsRequired, "points", message))
        }
        (UnitSource::Graded { min, max }, Some(points)) if points < min || points > max => {
            let message = format!("{} is graded {min} to {max} points, not {points}.", rule.kind);
            Err(Refusal::new(Code::PointsOutOfRange, "points", message))
        }
        (UnitSource::Graded { .. }, Some(_)) if claim.quantity != 1 => {
            let message = format!("{} is graded as a whole: leave quantity at 1.", rule.kind);
            Err(Refusal::new(Code::Invalid, "quantity", message))
        }
        (UnitSource::Fixed { .. }, None) | (UnitSource::Graded { .. }, Some(_)) => Ok(()),
    }
}

fn check_attribute(rule: &Rule, attribute: &Attribute, given: &Attributes) -> Result<(), Refusal> {
    let refuse = |code, message: String| {
        let message = attribute.otherwise.clone().filter(|_| code == Code::NotEligible).unwrap_or(message);
        Err(Refusal::new(code, &attribute.name, message).within("attributes"))
    };
    let name = &attribute.name;
    let value = match given.get(name) {
        None | Some(Value::Null) if attribute.optional => return Ok(()),
        None | Some(Value::Null) => match attribute.value_type {
            AttributeType::Boolean { must_be: Some(right) } => {
                return refuse(Code::NotEligible, format!("{} needs {name} = {right}.", rule.kind));
            }
            AttributeType::Text { ref one_of } if !one_of.is_empty() => {
                return refuse(Code::Invalid, format!("{} needs {name}: {}.", rule.kind, one_of.join(", ")));
            }
            _ => return refuse(Code::Invalid, format!("{} needs the attribute {name}.", rule.kind)),
        },
        Some(value) => value,
    };
    match (&attribute.value_type, value) {
        (AttributeType::Boolean { must_be }, Value::Bool(is)) => match must_be {
            Some(right) if right != is => {
                refuse(Code::NotEligible, format!("{} needs {name} = {right}.", rule.kind))
            }
            _ => Ok(()),
        },
        (AttributeType::Boolean { .. }, _) => refuse(Code::Invalid, format!("{name} is true or false.")),
        (AttributeType::Text { one_of }, Value::String(text)) => {
            let known = one_of.is_empty() || one_of.iter().any(|one| equals_ignoring_format(one, text));
            if known {
                Ok(())
            } else {
                refuse(Code::Invalid, format!("{name} is one of: {}.", one_of.join(", ")))
            }
        }
        (AttributeType::Text { .. }, _) => refuse(Code::Invalid, format!("{name} is text.")),
        (AttributeType::Date, value) => match date(value) {
            Some(_) => Ok(()),
            None => refuse(Code::Invalid, format!("{name} is a date such as 2025-06-30.")),
        },
    }
}

/// Whether two words are equal except for case and separators.
fn equals_ignoring_format(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], " ");
    plain(one) == plain(other)
}

fn date(value: &Value) -> Option<NaiveDate> {
    parse_date(value.as_str()?).filter(|date| is_plausible(*date))
}

fn is_early(bonus: &EarlyBonus, occurred_on: NaiveDate, attributes: &Attributes) -> Result<bool, Refusal> {
    let Some(from) = attributes.get(&bonus.attribute).and_then(date) else { return Ok(false) };
    let days = (occurred_on - from).num_days();
    if days < 0 {
        let message = format!("{} is {from}, after the activity itself on {occurred_on}.", bonus.attribute);
        return Err(Refusal::new(Code::Invalid, &bonus.attribute, message).within("attributes"));
    }
    Ok(days <= bonus.within_days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// kind, quantity, points, attributes, units or code and field
    type Row = (&'static str, i64, Option<i64>, Value, Result<i64, (Code, &'static str)>);

    fn check(program: Program, rows: Vec<Row>) {
        let editions = Editions::built_in();
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        for (kind, quantity, points, attributes, expected) in rows {
            let attributes = attributes.as_object().expect("an object");
            let claim = Claim {
                program,
                member_since: day("2025-01-01"),
                kind,
                occurred_on: day("2025-06-09"),
                quantity,
                points,
                attributes,
            };
            let answer = admit(&editions, &claim, day("2025-06-30"));
            let answer = answer
                .map(|admitted| admitted.units)
                .map_err(|refusal| (refusal.code, refusal.field.join(".")));
            assert_eq!(
                answer,
                expected.map_err(|(code, field)| (code, field.to_owned())),
                "{kind} {attributes:?}"
            );
        }
    }

    #[test]
    fn pp_earning_credits_admission() {
        check(
            Program::Partner,
            vec![
                ("EVENT_ORGANIZED", 1, None, json!({}), Ok(1)),
                ("EVENT_ORGANIZED", 0, None, json!({}), Err((Code::Invalid, "quantity"))),
                ("EVENT_ORGANIZED", -1, None, json!({}), Err((Code::Invalid, "quantity"))),
                ("EVENT_ORGANIZED", 2_147_483_648, None, json!({}), Err((Code::Invalid, "quantity"))),
                ("EVENT_ORGANIZED", 1, Some(50), json!({}), Err((Code::Invalid, "points"))),
                ("CATALOG_DOWNLOADS", 23, None, json!({}), Ok(23)),
                ("CATALOG_DOWNLOADS", 23, None, json!({"itemType": "AUTOMATION_SCRIPT"}), Ok(23)),
                (
                    "CATALOG_DOWNLOADS",
                    23,
                    None,
                    json!({"itemType": "song"}),
                    Err((Code::Invalid, "attributes.itemType")),
                ),
                ("DEMO_SYSTEM", 1, None, json!({"dataminerServicesEnabled": true}), Ok(1)),
                (
                    "DEMO_SYSTEM",
                    1,
                    None,
                    json!({}),
                    Err((Code::NotEligible, "attributes.dataminerServicesEnabled")),
                ),
                (
                    "DEMO_SYSTEM",
                    1,
                    None,
                    json!({"dataminerServicesEnabled": false}),
                    Err((Code::NotEligible, "attributes.dataminerServicesEnabled")),
                ),
                (
                    "DEMO_SYSTEM",
                    1,
                    None,
                    json!({"dataminerServicesEnabled": "yes"}),
                    Err((Code::Invalid, "attributes.dataminerServicesEnabled")),
                ),
                ("LINKEDIN_POST", 1, None, json!({}), Ok(1)),
                (
                    "LINKEDIN_POST",
                    1,
                    None,
                    json!({"repost": true}),
                    Err((Code::NotEligible, "attributes.repost")),
                ),
                ("DEVOPS_POINTS", 500, None, json!({}), Err((Code::NotEligible, "kind"))),
                ("BLOG_POST_PUBLISHED", 1, None, json!({}), Err((Code::UnknownKind, "kind"))),
                ("NO_SUCH_KIND", 1, None, json!({}), Err((Code::UnknownKind, "kind"))),
            ],
        );
    }

    #[test]
    fn s6_points_of_professionals() {
        check(
            Program::Professional,
            vec![
                ("VOTE_CAST", 1, Some(10), json!({}), Ok(10)),
                ("VOTE_CAST", 1, Some(75), json!({}), Ok(75)),
                ("VOTE_CAST", 1, Some(9), json!({}), Err((Code::PointsOutOfRange, "points"))),
                ("VOTE_CAST", 1, Some(76), json!({}), Err((Code::PointsOutOfRange, "points"))),
                ("VOTE_CAST", 1, None, json!({}), Err((Code::PointsRequired, "points"))),
                ("VOTE_CAST", 2, Some(20), json!({}), Err((Code::Invalid, "quantity"))),
                ("TRAINING_DAY_ATTENDED", 5, None, json!({}), Ok(1250)),
                ("TRAINING_DAY_ATTENDED", 6, None, json!({}), Err((Code::Invalid, "quantity"))),
                ("KATA_COMPLETED", 1, None, json!({}), Ok(75)),
                ("KATA_COMPLETED", 1, None, json!({"releasedOn": "2025-06-02"}), Ok(150)),
                ("KATA_COMPLETED", 1, None, json!({"releasedOn": "2025-06-01"}), Ok(75)),
                (
                    "KATA_COMPLETED",
                    1,
                    None,
                    json!({"releasedOn": "2025-06-10"}),
                    Err((Code::Invalid, "attributes.releasedOn")),
                ),
                (
                    "KATA_COMPLETED",
                    1,
                    None,
                    json!({"releasedOn": "2025-02-30"}),
                    Err((Code::Invalid, "attributes.releasedOn")),
                ),
                ("EVENT_ORGANIZED", 1, None, json!({}), Err((Code::UnknownKind, "kind"))),
            ],
        );
    }

    #[test]
    fn v6_dates_outside_membership() {
        let editions = Editions::built_in();
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let table = [
            ("2024-12-31", Some(Code::DateBeforeEnrolment)),
            ("2025-01-01", None),
            ("2025-06-30", None),
            ("2025-07-01", Some(Code::DateInFuture)),
            ("9999-12-31", Some(Code::DateInFuture)),
            ("0000-01-01", Some(Code::DateBeforeEnrolment)),
        ];
        for (on, expected) in table {
            let claim = Claim {
                program: Program::Partner,
                member_since: day("2025-01-01"),
                kind: "EVENT_ORGANIZED",
                occurred_on: day(on),
                quantity: 1,
                points: None,
                attributes: &Attributes::new(),
            };
            let answer = admit(&editions, &claim, day("2025-06-30"));
            assert_eq!(answer.err().map(|refusal| refusal.code), expected, "{on}");
        }
    }
}
