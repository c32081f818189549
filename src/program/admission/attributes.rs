//! Attributes of a claim: the values that its kind asks for, and names that it does not know.

use serde_json::Value;

use crate::program::calendar::{implausible, is_plausible, parse_date};
use crate::program::nearest::{nearest, same_word};
use crate::program::refusal::{Code, PROBLEMS_MAX, Refusal, Refusals, each};
use crate::program::rule::{Attribute, AttributeType, Attributes, EVIDENCE, NOTE, Rule};
use crate::program::wording::{did_you_mean, is_word, listed, not_a_date, quoted, shown};

/// Fields of an activity that are no attributes, and may be taken for some.
const FIELDS: [&str; 6] = ["quantity", "points", "kind", "occurredOn", "source", "externalId"];

/// Checks that a rule knows every attribute: a misspelt one would change what is awarded.
///
/// # Errors
/// Each unknown name, with the nearest known one.
pub(super) fn check_names(rule: &Rule, given: &Attributes) -> Result<(), Refusals> {
    let is_known = |name: &str| rule.attributes.iter().any(|attribute| attribute.name == name);
    let unknown = given.keys().filter(|name| !is_known(name)).take(PROBLEMS_MAX);
    each(unknown.map(|name| Err::<(), _>(unknown_attribute(rule, name, given)))).map(drop)
}

fn unknown_attribute(rule: &Rule, name: &str, given: &Attributes) -> Refusal {
    let names = || rule.attributes.iter().map(|attribute| attribute.name.as_str());
    let advice = match nearest(name, names().filter(|one| !given.contains_key(*one))) {
        None => match nearest(name, FIELDS) {
            None => format!(" It accepts {}; {NOTE} takes any other text.", listed(names())),
            Some(field) => format!(" Did you mean the field {field} beside the attributes?"),
        },
        near => did_you_mean(near),
    };
    let message = format!("{} has no attribute {}.{advice}", rule.kind, shown(name));
    if is_word(name) {
        return Refusal::new(Code::Invalid, name, message).within("attributes");
    }
    Refusal::new(Code::Invalid, "attributes", message)
}

/// Checks the value of an attribute that a rule asks for or accepts.
pub(super) fn check_attribute(rule: &Rule, attribute: &Attribute, given: &Attributes) -> Result<(), Refusal> {
    let refuse = |code, message: String| {
        let message = attribute.otherwise.clone().filter(|_| code == Code::NotEligible).unwrap_or(message);
        Err(Refusal::new(code, &attribute.name, message).within("attributes"))
    };
    let name = &attribute.name;
    let value = match given.get(name) {
        None | Some(Value::Null) if attribute.optional => return Ok(()),
        None | Some(Value::Null) => {
            let code = match attribute.value_type {
                AttributeType::Boolean { must_be: Some(_) } => Code::NotEligible,
                _ => Code::Invalid,
            };
            return refuse(code, missing_attribute(rule, attribute));
        }
        // Blank evidence is none.
        Some(Value::String(text)) if *name == EVIDENCE && !attribute.optional && text.trim().is_empty() => {
            return refuse(Code::Invalid, missing_attribute(rule, attribute));
        }
        Some(value) => value,
    };
    match (&attribute.value_type, value) {
        (AttributeType::Boolean { must_be: Some(right) }, Value::Bool(is)) if right != is => {
            refuse(Code::NotEligible, format!("{} counts only with {name} = {right}; got {is}.", rule.kind))
        }
        (AttributeType::Boolean { .. }, Value::Bool(_)) => Ok(()),
        (AttributeType::Boolean { .. }, value) => {
            refuse(Code::Invalid, format!("{name} is true or false; got {}.", json(value)))
        }
        (AttributeType::Text { one_of }, Value::String(text)) => {
            if one_of.is_empty() || one_of.iter().any(|one| same_word(one, text)) {
                return Ok(());
            }
            let near = did_you_mean(nearest(text, one_of.iter().map(String::as_str)));
            refuse(Code::Invalid, format!("{name} is one of {}; got {}.{near}", values(one_of), quoted(text)))
        }
        (AttributeType::Text { .. }, value) => {
            refuse(Code::Invalid, format!("{name} is text; got {}.", json(value)))
        }
        (AttributeType::Integer { min, max }, value) => match value.as_i64() {
            Some(number) if min.is_none_or(|min| min <= number) && max.is_none_or(|max| number <= max) => {
                Ok(())
            }
            _ => {
                let accepted = integers(*min, *max);
                refuse(Code::Invalid, format!("{name} is a whole number{accepted}; got {}.", json(value)))
            }
        },
        (AttributeType::Date, value) => {
            check_date_attribute(name, value).or_else(|message| refuse(Code::Invalid, message))
        }
    }
}

/// That an attribute is missing, and what it accepts.
fn missing_attribute(rule: &Rule, attribute: &Attribute) -> String {
    let (kind, name) = (&rule.kind, &attribute.name);
    let accepted = match &attribute.value_type {
        AttributeType::Boolean { must_be: Some(right) } => format!(" = {right}"),
        AttributeType::Boolean { must_be: None } => ", true or false".to_owned(),
        AttributeType::Text { one_of } if !one_of.is_empty() => format!(", one of {}", values(one_of)),
        AttributeType::Text { .. } => ", text".to_owned(),
        AttributeType::Date => ", a date such as 2026-06-30".to_owned(),
        AttributeType::Integer { min, max } => format!(", a whole number{}", integers(*min, *max)),
    };
    format!("{kind} requires the attribute {name}{accepted}.")
}

fn check_date_attribute(name: &str, value: &Value) -> Result<(), String> {
    let Value::String(text) = value else {
        return Err(format!("{name} is a date, such as \"2026-06-30\"; got {}.", json(value)));
    };
    match parse_date(text) {
        None => Err(format!("{name}: {}", not_a_date(text))),
        Some(date) if !is_plausible(date) => Err(format!("{name}: {}", implausible(date))),
        Some(_) => Ok(()),
    }
}

/// The bounds of a whole number.
fn integers(min: Option<i64>, max: Option<i64>) -> String {
    match (min, max) {
        (None, None) => String::new(),
        (Some(min), None) => format!(", {min} or more"),
        (None, Some(max)) => format!(", {max} or less"),
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
    }
}

fn values(one_of: &[String]) -> String {
    listed(one_of.iter().map(String::as_str))
}

/// What a value of JSON is, for a message.
fn json(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {}", shown(&number.to_string())),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
