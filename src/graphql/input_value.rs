//! The check of a value against an input type. It reports every problem, with its path and in words of this
//! API: those of the library name its own types.

use std::fmt::Write as _;

use async_graphql::{Name, Value};
use async_graphql_parser::types::{BaseType, Type};

use super::refusal::{ERRORS_MAX, QUOTED_CHARS_MAX, truncate_chars};
use super::scalar::describe;
use super::schema_types::{InputObject, InputType, SchemaTypes};
use crate::program::nearest::nearest;

/// Maximum characters of a path, or of a list of names, in a message.
const LIST_CHARS_MAX: usize = 200;

/// What is wrong with a value: a sentence each that begins with the path, at most [`ERRORS_MAX`].
pub(super) fn problems(types: &SchemaTypes, root: &str, ty: &Type, value: &Value) -> Vec<String> {
    let mut check = InputCheck { types, path: root.to_owned(), problems: Vec::new() };
    check.value(ty, value);
    check.problems
}

/// `Did you mean …?` after a blank, if a candidate is near.
pub(super) fn suggestion<'c>(given: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    nearest(given, candidates).map(|near| format!(" Did you mean {near}?")).unwrap_or_default()
}

struct InputCheck<'a> {
    types: &'a SchemaTypes,
    /// Where the value is, such as `input.items[3].occurredOn`.
    path: String,
    problems: Vec<String>,
}

impl InputCheck<'_> {
    fn value(&mut self, ty: &Type, value: &Value) {
        if self.problems.len() >= ERRORS_MAX {
            return;
        }
        match (&ty.base, value) {
            (_, Value::Null) if ty.nullable => {}
            (_, Value::Null) => self.problem(&format!(" must not be null; its type is {ty}.")),
            (BaseType::List(inner), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.with_path(|path| write!(path, "[{index}]"), |check| check.value(inner, item));
                }
            }
            // GraphQL coerces a single value to a list of one.
            (BaseType::List(inner), _) => self.value(inner, value),
            (BaseType::Named(name), _) => self.named_type(name, value),
        }
    }

    fn named_type(&mut self, name: &str, value: &Value) {
        match self.types.get(name) {
            // The types of variables were checked; those of fields are the schema's own.
            None => {}
            Some(InputType::Scalar(rule)) if (rule.accepts)(value) => {}
            Some(InputType::Scalar(rule)) => {
                self.problem(&format!(": {} is not {}.", describe(value), rule.expected));
            }
            Some(InputType::Enum(values)) => self.enum_value(name, values, value),
            Some(InputType::Object(object)) => match value {
                Value::Object(fields) => self.input_object(name, object, fields),
                _ => self.problem(&format!(": {} is not an object of type {name}.", describe(value))),
            },
        }
    }

    fn enum_value(&mut self, name: &str, values: &[Name], value: &Value) {
        let given = match value {
            Value::String(text) => Some(text.as_str()),
            Value::Enum(item) => Some(item.as_str()),
            _ => None,
        };
        if given.is_some_and(|given| values.iter().any(|it| it == given)) {
            return;
        }
        let mut problem = format!(": {} is not a value of {name}", describe(value));
        if self.types.suggestions {
            let names: Vec<&str> = values.iter().map(Name::as_str).collect();
            let near = given.map(|given| suggestion(given, names.iter().copied())).unwrap_or_default();
            // Writing to a string does not fail.
            let _written = write!(problem, "; expected {}.{near}", alternatives(&names));
        } else {
            problem.push('.');
        }
        self.problem(&problem);
    }

    fn input_object<'v, F>(&mut self, name: &str, object: &InputObject, given: F)
    where
        F: IntoIterator<Item = (&'v Name, &'v Value)> + Copy,
    {
        let mut present = Vec::new();
        for (key, value) in given {
            let key_text = truncate_chars(key.to_string(), QUOTED_CHARS_MAX);
            let field = object.fields.iter().find(|field| field.name == *key);
            self.with_path(
                |path| write!(path, ".{key_text}"),
                |check| match field {
                    Some(field) if object.one_of && *value == Value::Null => {
                        check.problem(&format!(" must not be null; its type is {}!.", field.ty));
                    }
                    Some(field) => check.value(&field.ty, value),
                    None => {
                        let near = check.suggest(key, object);
                        check.problem(&format!(": {name} has no field \"{key_text}\".{near}"));
                    }
                },
            );
            present.push(key_text);
        }
        if object.one_of && present.len() != 1 {
            let given = match present.as_slice() {
                [] => "none".to_owned(),
                several => truncate_chars(several.join(", "), LIST_CHARS_MAX),
            };
            self.problem(&format!(": {name} requires exactly one field; given: {given}."));
        }
        let missing = object.fields.iter().filter(|field| field.required);
        for field in missing {
            if !given.into_iter().any(|(key, _)| *key == field.name) {
                self.problem(&format!(": the required field \"{}\" of {name} is missing.", field.name));
            }
        }
    }

    fn suggest(&self, key: &str, object: &InputObject) -> String {
        if !self.types.suggestions {
            return String::new();
        }
        suggestion(key, object.fields.iter().map(|field| field.name.as_str()))
    }

    fn with_path(
        &mut self,
        step: impl FnOnce(&mut String) -> std::fmt::Result,
        check: impl FnOnce(&mut Self),
    ) {
        let length = self.path.len();
        // Writing to a string does not fail, and a path cut short would still be one.
        let _written = step(&mut self.path);
        check(self);
        self.path.truncate(length);
    }

    fn problem(&mut self, problem: &str) {
        if self.problems.len() < ERRORS_MAX {
            let path = truncate_chars(self.path.clone(), LIST_CHARS_MAX);
            self.problems.push(format!("{path}{problem}"));
        }
    }
}

/// `A`, `A or B`, `A, B or C`; cut where the list is long.
fn alternatives(names: &[&str]) -> String {
    let all = match names {
        [] => return "none".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    if all.chars().count() > LIST_CHARS_MAX {
        return format!("one of {}", truncate_chars(names.join(", "), LIST_CHARS_MAX));
    }
    all
}
