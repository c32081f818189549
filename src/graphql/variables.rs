//! The check of a request's variables, before anything is executed.
//!
//! The library detects an invalid variable when a resolver reads the argument: too late for a status
//! that says that nothing was executed, without a code, and after other resolvers ran.

use std::fmt::Write as _;

use async_graphql::{Name, Positioned, Value, Variables};
use async_graphql_parser::types::{BaseType, Type, VariableDefinition};

use super::output_types::base_name;
use super::refusal::{Code, ERRORS_MAX, Refusal, truncate_chars};
use super::schema_types::{InputObject, InputType, SchemaTypes};

/// Maximum characters of a value or name that a message quotes.
const QUOTED_CHARS_MAX: usize = 40;

/// Checks that each variable's type exists and can be an input.
///
/// # Errors
///
/// `GRAPHQL_VALIDATION_FAILED`, one for each variable of another type. The library must not
/// get these: in places it assumes that types are valid.
pub fn check_types(
    types: &SchemaTypes,
    definitions: &[Positioned<VariableDefinition>],
) -> Result<(), Vec<Refusal>> {
    let refusals: Vec<Refusal> = definitions
        .iter()
        .filter(|definition| types.get(base_name(&definition.node.var_type.node)).is_none())
        .take(ERRORS_MAX)
        .map(|definition| {
            let message = format!(
                "Variable \"${}\" is of type \"{}\", which is not an input type of this schema.",
                definition.node.name.node, definition.node.var_type.node
            );
            Refusal::new(Code::GraphqlValidationFailed, message).at(definition.pos)
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

/// Checks the variables of a request against their definitions, whose types are known, and
/// returns those that are defined, with defaults filled in. Others are dropped.
///
/// # Errors
///
/// `BAD_USER_INPUT`, one for each problem, [`ERRORS_MAX`] at most.
pub fn check(
    types: &SchemaTypes,
    definitions: &[Positioned<VariableDefinition>],
    mut variables: Variables,
) -> Result<Variables, Vec<Refusal>> {
    let mut checked = Variables::default();
    let mut refusals = Vec::new();
    for definition in definitions {
        let variable = &definition.node;
        let (name, ty) = (&variable.name.node, &variable.var_type.node);
        let Some(value) = variables.remove(name) else {
            if let Some(default) = &variable.default_value {
                checked.insert(name.clone(), default.node.clone());
            } else if !ty.nullable {
                let message = format!("Variable \"${name}\" of required type \"{ty}\" is missing.");
                refusals.push(Refusal::new(Code::BadUserInput, message).at(definition.pos));
            }
            continue;
        };
        let mut check = VariableCheck { types, path: name.to_string(), problems: Vec::new() };
        check.value(ty, &value);
        refusals.extend(check.problems.into_iter().map(|problem| {
            let message = format!("Variable \"${name}\" has an invalid value at {problem}.");
            Refusal::new(Code::BadUserInput, message).at(definition.pos)
        }));
        if refusals.len() >= ERRORS_MAX {
            break;
        }
        checked.insert(name.clone(), value);
    }
    refusals.truncate(ERRORS_MAX);
    if refusals.is_empty() { Ok(checked) } else { Err(refusals) }
}

/// A sample value for each variable, to validate a document before its first request.
#[must_use]
pub fn sample_variables(types: &SchemaTypes, definitions: &[Positioned<VariableDefinition>]) -> Variables {
    let mut samples = Variables::default();
    for definition in definitions {
        let variable = &definition.node;
        let sample = types.sample(&variable.var_type.node);
        samples.insert(variable.name.node.clone(), sample);
    }
    samples
}

struct VariableCheck<'a> {
    types: &'a SchemaTypes,
    /// Where the value is, such as `input.items[3].occurredOn`.
    path: String,
    /// Path and description of each problem.
    problems: Vec<String>,
}

impl VariableCheck<'_> {
    fn value(&mut self, ty: &Type, value: &Value) {
        if self.problems.len() >= ERRORS_MAX {
            return;
        }
        match (&ty.base, value) {
            (_, Value::Null) if ty.nullable => {}
            (_, Value::Null) => self.problem(&format!("expected {ty}, found null")),
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
                self.problem(&format!("expected {}, found {}", rule.expected, describe(value)));
            }
            Some(InputType::Enum(values)) => {
                let known = match value {
                    Value::String(text) => values.iter().any(|it| it == text),
                    Value::Enum(item) => values.contains(item),
                    _ => false,
                };
                if !known && !self.types.suggestions {
                    self.problem(&format!("expected {name}, found {}", describe(value)));
                } else if !known {
                    let names: Vec<&str> = values.iter().map(Name::as_str).collect();
                    let names = truncate_chars(names.join(", "), 200);
                    self.problem(&format!("expected {name} ({names}), found {}", describe(value)));
                }
            }
            Some(InputType::Object(object)) => match value {
                Value::Object(fields) => self.input_object(name, object, fields),
                _ => self.problem(&format!("expected {name}, an object, found {}", describe(value))),
            },
        }
    }

    fn input_object<'v, F>(&mut self, name: &str, object: &InputObject, given: F)
    where
        F: IntoIterator<Item = (&'v Name, &'v Value)> + Copy,
    {
        let mut present = 0;
        for (key, value) in given {
            present += 1;
            let field = object.fields.iter().find(|field| field.name == *key);
            self.with_path(
                |path| write!(path, ".{}", truncate_chars(key.to_string(), QUOTED_CHARS_MAX)),
                |check| match field {
                    Some(_) if object.one_of && *value == Value::Null => {
                        check.problem("expected a value, found null");
                    }
                    Some(field) => check.value(&field.ty, value),
                    None => check.problem(&format!("{name} has no such field")),
                },
            );
        }
        if object.one_of && present != 1 {
            self.problem(&format!("{name} takes exactly one field, found {present}"));
        }
        let missing = object.fields.iter().filter(|field| field.required);
        for field in missing {
            if !given.into_iter().any(|(key, _)| *key == field.name) {
                self.problem(&format!("the field \"{}\" of {name} is missing", field.name));
            }
        }
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
            let path = truncate_chars(self.path.clone(), 200);
            self.problems.push(format!("{path}: {problem}"));
        }
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Number(number) => {
            format!("the number {}", truncate_chars(number.to_string(), QUOTED_CHARS_MAX))
        }
        Value::String(text) => format!("{:?}", truncate_chars(text.clone(), QUOTED_CHARS_MAX)),
        Value::Boolean(truth) => format!("{truth}"),
        Value::Binary(_) => "a file".to_owned(),
        Value::Enum(item) => truncate_chars(item.to_string(), QUOTED_CHARS_MAX),
        Value::List(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
