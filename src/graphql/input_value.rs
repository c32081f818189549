//! The check of a value against an input type. It reports every problem, with its path and in words of this
//! API: those of the library name its own types.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Positioned, Value as ConstValue};
use async_graphql_parser::types::{BaseType, Type, VariableDefinition};
use async_graphql_value::Value;

use super::output_types::Argument;
use super::refusal::{ERRORS_MAX, QUOTED_CHARS_MAX, truncate_chars};
use super::scalar::describe;
use super::schema_types::{InputObject, InputType, SchemaTypes};
use crate::program::nearest::nearest;

/// Maximum characters of a path, or of a list of names, in a message.
const LIST_CHARS_MAX: usize = 200;

/// What a value is given for.
pub(super) struct Subject<'a> {
    /// The start of a message, before the path.
    prefix: &'static str,
    name: &'a str,
    /// Whether the value was written in GraphQL, not JSON: an enum value is then a name, not a string.
    is_literal: bool,
    has_default: bool,
    variables: Option<Variables<'a>>,
}

/// The variables that a value may contain.
struct Variables<'a> {
    definitions: &'a [Positioned<VariableDefinition>],
    never_null: &'a mut BTreeSet<Name>,
}

impl<'a> Subject<'a> {
    /// The value of a variable, as a request has it.
    pub(super) fn variable(name: &'a str) -> Self {
        Self { prefix: "Variable $", name, is_literal: false, has_default: false, variables: None }
    }

    /// The default of a variable.
    pub(super) fn default_of(name: &'a str) -> Self {
        Self { prefix: "Default of variable $", is_literal: true, ..Self::variable(name) }
    }

    /// An argument in a document. Variables that must not be null there are added to `never_null`.
    pub(super) fn argument(
        argument: &'a Argument,
        definitions: &'a [Positioned<VariableDefinition>],
        never_null: &'a mut BTreeSet<Name>,
    ) -> Self {
        Self {
            prefix: "Argument ",
            name: &argument.name,
            is_literal: true,
            has_default: argument.has_default,
            variables: Some(Variables { definitions, never_null }),
        }
    }
}

/// What is wrong with a value: a sentence each, at most [`ERRORS_MAX`].
pub(super) fn problems<V: InputValue>(
    types: &SchemaTypes,
    subject: Subject<'_>,
    ty: &Type,
    value: &V,
) -> Vec<String> {
    let fallback = Fallback::of(subject.has_default);
    let mut check = InputCheck { types, path: subject.name.to_owned(), subject, problems: Vec::new() };
    check.value(ty, fallback, value);
    check.problems
}

/// `Did you mean …?` after a blank, if a candidate is near.
pub(super) fn suggestion<'c>(given: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    nearest(given, candidates).map(|near| format!(" Did you mean {near}?")).unwrap_or_default()
}

/// The same with the candidate in quotes.
pub(super) fn quoted_suggestion<'c>(given: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    nearest(given, candidates).map(|near| format!(" Did you mean \"{near}\"?")).unwrap_or_default()
}

/// A value with or without variables in it.
pub(super) trait InputValue: Sized {
    /// What it is made of.
    fn parts(&self) -> Parts<'_, Self>;
    /// The value with null in the place of variables.
    fn constant(&self) -> Cow<'_, ConstValue>;
}

/// What a value is made of.
pub(super) enum Parts<'v, V> {
    Variable(&'v Name),
    Null,
    List(&'v [V]),
    Object(&'v IndexMap<Name, V>),
    Leaf,
}

impl InputValue for ConstValue {
    fn parts(&self) -> Parts<'_, Self> {
        match self {
            Self::Null => Parts::Null,
            Self::List(items) => Parts::List(items),
            Self::Object(fields) => Parts::Object(fields),
            _ => Parts::Leaf,
        }
    }

    fn constant(&self) -> Cow<'_, ConstValue> {
        Cow::Borrowed(self)
    }
}

impl InputValue for Value {
    fn parts(&self) -> Parts<'_, Self> {
        match self {
            Self::Variable(name) => Parts::Variable(name),
            Self::Null => Parts::Null,
            Self::List(items) => Parts::List(items),
            Self::Object(fields) => Parts::Object(fields),
            _ => Parts::Leaf,
        }
    }

    fn constant(&self) -> Cow<'_, ConstValue> {
        let value = self.clone().into_const_with(|_| Ok::<_, std::convert::Infallible>(ConstValue::Null));
        Cow::Owned(value.unwrap_or_default())
    }
}

/// Whose default takes the place of a variable that is null or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fallback {
    /// None: the field of an input object of which exactly one must have a value.
    Nothing,
    /// That of the variable.
    OfVariable,
    /// That of the argument or field, or that of the variable.
    OfPlace,
}

impl Fallback {
    fn of(has_default: bool) -> Self {
        if has_default { Self::OfPlace } else { Self::OfVariable }
    }
}

struct InputCheck<'a> {
    types: &'a SchemaTypes,
    subject: Subject<'a>,
    /// Where the value is, such as `input.items[3].occurredOn`.
    path: String,
    problems: Vec<String>,
}

impl InputCheck<'_> {
    fn value<V: InputValue>(&mut self, ty: &Type, fallback: Fallback, value: &V) {
        if self.problems.len() >= ERRORS_MAX {
            return;
        }
        match (&ty.base, value.parts()) {
            (_, Parts::Variable(name)) => self.variable(ty, fallback, name),
            (_, Parts::Null) if ty.nullable => {}
            (_, Parts::Null) => self.problem(&format!(" must not be null; its type is {ty}.")),
            (BaseType::List(inner), Parts::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.with_path(
                        |path| write!(path, "[{index}]"),
                        |check| check.value(inner, Fallback::OfVariable, item),
                    );
                }
            }
            // GraphQL coerces a single value to a list of one.
            (BaseType::List(inner), _) => self.value(inner, Fallback::OfVariable, value),
            (BaseType::Named(name), _) => self.named_type(name, value),
        }
    }

    fn variable(&mut self, ty: &Type, fallback: Fallback, name: &Name) {
        let Some(variables) = &mut self.subject.variables else { return };
        let Some(definition) = variables.definitions.iter().find(|it| it.node.name.node == *name) else {
            self.problems.push(format!("Variable \"${name}\" is not defined."));
            return;
        };
        let VariableDefinition { var_type: Positioned { node: given, .. }, default_value, .. } =
            &definition.node;
        let mut fits = is_assignable(given, ty);
        if given.nullable && !ty.nullable {
            let has_value = match fallback {
                Fallback::Nothing => false,
                Fallback::OfVariable => default_value.as_ref().is_some_and(|it| it.node != ConstValue::Null),
                Fallback::OfPlace => true,
            };
            fits = has_value && is_assignable_base(&given.base, &ty.base);
            variables.never_null.insert(name.clone());
        }
        if !fits {
            self.problems.push(format!(
                "The variable \"${name}\" of type \"{given}\" cannot be used where \"{ty}\" is expected."
            ));
        }
    }

    fn named_type<V: InputValue>(&mut self, name: &str, value: &V) {
        match (self.types.get(name), value.parts()) {
            // The types of variables were checked; those of fields are the schema's own.
            (None, _) => {}
            (Some(InputType::Scalar(rule)), _) => {
                let constant = value.constant();
                let is_accepted = (rule.accepts)(&constant);
                if !is_accepted || self.subject.is_literal && has_enum_value(&constant) {
                    self.problem(&format!(": {} is not {}.", describe(&constant), rule.expected));
                }
                self.undefined_variables(value);
            }
            (Some(InputType::Enum(values)), _) => self.enum_value(name, values, &value.constant()),
            (Some(InputType::Object(object)), Parts::Object(fields)) => {
                self.input_object(name, object, fields);
            }
            (Some(InputType::Object(_)), _) => {
                let given = describe(&value.constant());
                self.problem(&format!(": {given} is not an object of type {name}."));
            }
        }
    }

    /// A scalar that accepts objects may contain variables of any type.
    fn undefined_variables<V: InputValue>(&mut self, value: &V) {
        match value.parts() {
            Parts::Variable(name) => {
                let definitions = self.subject.variables.as_ref().map_or(&[][..], |it| it.definitions);
                if definitions.iter().all(|it| it.node.name.node != *name) {
                    self.problems.push(format!("Variable \"${name}\" is not defined."));
                }
            }
            Parts::List(items) => {
                for item in items {
                    self.undefined_variables(item);
                }
            }
            Parts::Object(fields) => {
                for field in fields.values() {
                    self.undefined_variables(field);
                }
            }
            Parts::Null | Parts::Leaf => {}
        }
    }

    fn enum_value(&mut self, name: &str, values: &[Name], value: &ConstValue) {
        let given = match value {
            ConstValue::String(text) if !self.subject.is_literal => Some(text.as_str()),
            ConstValue::Enum(item) => Some(item.as_str()),
            _ => None,
        };
        if given.is_some_and(|given| values.iter().any(|it| it == given)) {
            return;
        }
        let mut problem = format!(": {} is not a value of {name}", describe(value));
        let text = match value {
            ConstValue::String(text) if self.subject.is_literal => Some(text.as_str()),
            _ => None,
        };
        if text.is_some() {
            problem.push_str(", which is written without quotes");
        }
        if self.types.suggestions {
            let names: Vec<&str> = values.iter().map(Name::as_str).collect();
            let near = given.or(text).map(|given| suggestion(given, names.iter().copied()));
            // Writing to a string does not fail.
            let _written =
                write!(problem, "; expected {}.{}", alternatives(&names), near.unwrap_or_default());
        } else {
            problem.push('.');
        }
        self.problem(&problem);
    }

    fn input_object<V: InputValue>(&mut self, name: &str, object: &InputObject, given: &IndexMap<Name, V>) {
        let mut present = Vec::new();
        for (key, value) in given {
            let key_text = truncate_chars(key.to_string(), QUOTED_CHARS_MAX);
            let field = object.fields.iter().find(|field| field.name == *key);
            self.with_path(
                |path| write!(path, ".{key_text}"),
                |check| match (field, value.parts()) {
                    (Some(field), Parts::Null) if object.one_of => {
                        check.problem(&format!(" must not be null; its type is {}!.", field.ty));
                    }
                    // Exactly one field must have a value, which a variable that may be null does not ensure.
                    (Some(field), Parts::Variable(_)) if object.one_of => {
                        let ty = Type { base: field.ty.base.clone(), nullable: false };
                        check.value(&ty, Fallback::Nothing, value);
                    }
                    (Some(field), _) => check.value(&field.ty, Fallback::of(field.has_default), value),
                    (None, _) => {
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
        for field in object.fields.iter().filter(|field| field.is_required()) {
            if !given.contains_key(&field.name) {
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
            self.problems.push(format!("{}{path}{problem}", self.subject.prefix));
        }
    }
}

/// Whether each value of a type is one of another.
fn is_assignable(given: &Type, expected: &Type) -> bool {
    (expected.nullable || !given.nullable) && is_assignable_base(&given.base, &expected.base)
}

fn is_assignable_base(given: &BaseType, expected: &BaseType) -> bool {
    match (given, expected) {
        (BaseType::List(given), BaseType::List(expected)) => is_assignable(given, expected),
        (BaseType::Named(given), BaseType::Named(expected)) => given == expected,
        (BaseType::List(_), BaseType::Named(_)) | (BaseType::Named(_), BaseType::List(_)) => false,
    }
}

fn has_enum_value(value: &ConstValue) -> bool {
    match value {
        ConstValue::Enum(_) => true,
        ConstValue::List(items) => items.iter().any(has_enum_value),
        ConstValue::Object(fields) => fields.values().any(has_enum_value),
        _ => false,
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
