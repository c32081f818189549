//! The types of the schema as tables, read from its SDL.
//!
//! The library's registry is not public, and its own check of variables happens in the
//! middle of execution. These tables are what lets variables be checked and a document's cost be
//! counted before.

use std::collections::HashMap;

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};
use async_graphql_parser::types::{
    BaseType, InputObjectType, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};

use super::output_types::OutputTypes;
use super::scalar::{self, parse_decimal, parse_event_number, parse_moment};
use crate::program::calendar::parse_date;

/// The input values that a scalar accepts.
#[derive(Clone, Debug)]
pub struct ScalarRule {
    /// What the scalar accepts, for error messages, such as `Date ("YYYY-MM-DD")`.
    pub expected: &'static str,
    /// Whether the scalar accepts a value that is not null.
    pub accepts: fn(&Value) -> bool,
    /// A value that the scalar accepts, to validate documents before the variables are known.
    pub sample: Value,
}

/// An input type without its wrappers.
#[derive(Clone, Debug)]
pub(crate) enum InputType {
    Scalar(ScalarRule),
    /// The values, in the order of the schema.
    Enum(Vec<Name>),
    Object(InputObject),
}

#[derive(Clone, Debug)]
pub(crate) struct InputObject {
    pub(crate) fields: Vec<InputField>,
    pub(crate) one_of: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct InputField {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    pub(crate) required: bool,
}

/// All types of a schema, by name.
#[derive(Clone, Debug)]
pub struct SchemaTypes {
    types: HashMap<Name, InputType>,
    /// Objects and interfaces.
    pub(crate) outputs: OutputTypes,
    /// Whether error messages list the values of an enum.
    pub(crate) suggestions: bool,
}

impl SchemaTypes {
    /// Reads the table from a schema's SDL. Scalars that are neither GraphQL's own nor in
    /// `scalars` accept any value here; the library parses them during execution.
    ///
    /// # Errors
    ///
    /// The SDL cannot be parsed.
    pub fn from_sdl(sdl: &str, scalars: &[(&str, ScalarRule)]) -> Result<Self, async_graphql_parser::Error> {
        let document = async_graphql_parser::parse_schema(sdl)?;
        let mut types: HashMap<Name, InputType> = built_in_scalars()
            .into_iter()
            .map(|(name, rule)| (Name::new(name), InputType::Scalar(rule)))
            .collect();
        let mut schema = None;
        let mut definitions = Vec::new();
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Schema(it) => schema = Some(it.node),
                TypeSystemDefinition::Type(it) => definitions.push(it.node),
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        let outputs = OutputTypes::new(schema.as_ref(), &definitions);
        for definition in definitions {
            let TypeDefinition { name, kind, directives, .. } = definition;
            let name = name.node;
            let input_type = match kind {
                TypeKind::Scalar => InputType::Scalar(scalar_rule(&name, scalars)),
                TypeKind::Enum(it) => {
                    InputType::Enum(it.values.into_iter().map(|it| it.node.value.node).collect())
                }
                TypeKind::InputObject(it) => {
                    let one_of = directives.iter().any(|it| it.node.name.node == "oneOf");
                    InputType::Object(input_object(it, one_of))
                }
                TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_) => continue,
            };
            types.insert(name, input_type);
        }
        Ok(Self { types, outputs, suggestions: true })
    }

    /// The same types, whose errors do not reveal the values of enums.
    #[must_use]
    pub fn without_suggestions(self) -> Self {
        Self { suggestions: false, ..self }
    }

    /// The names of the input types, in order.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.types.keys().map(Name::as_str).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn get(&self, name: &str) -> Option<&InputType> {
        self.types.get(name)
    }

    /// A value of the type. Lists are empty and optional fields left out, so only required fields
    /// recurse, and a schema has no cycles of those.
    pub(crate) fn sample(&self, ty: &Type) -> Value {
        let name = match &ty.base {
            BaseType::List(_) => return Value::List(Vec::new()),
            BaseType::Named(name) => name,
        };
        match self.get(name) {
            None => Value::Null,
            Some(InputType::Scalar(rule)) => rule.sample.clone(),
            Some(InputType::Enum(values)) => values.first().cloned().map_or(Value::Null, Value::Enum),
            Some(InputType::Object(object)) => {
                let fields = object.fields.iter();
                let count = if object.one_of { 1 } else { usize::MAX };
                let sampled = fields
                    .filter(|field| object.one_of || field.required)
                    .take(count)
                    .map(|field| (field.name.clone(), self.sample(&field.ty)));
                Value::Object(sampled.collect())
            }
        }
    }
}

/// The scalars of this API that are not GraphQL's own.
#[must_use]
pub fn api_scalars() -> Vec<(&'static str, ScalarRule)> {
    let text =
        |expected, accepts, sample: &str| ScalarRule { expected, accepts, sample: Value::from(sample) };
    vec![
        ("Date", text(scalar::DATE, is_date, "2000-01-01")),
        ("DateTime", text(scalar::DATE_TIME, is_date_time, "2000-01-01T00:00:00Z")),
        ("Decimal", text(scalar::DECIMAL, is_decimal, "0")),
        (
            "EventNumber",
            ScalarRule {
                expected: scalar::EVENT_NUMBER,
                accepts: |it| parse_event_number(it).is_some(),
                sample: Value::from(0),
            },
        ),
        (
            "JSON",
            ScalarRule {
                expected: scalar::JSON,
                accepts: |it| matches!(it, Value::Object(_)),
                sample: Value::Object(IndexMap::default()),
            },
        ),
    ]
}

fn built_in_scalars() -> [(&'static str, ScalarRule); 5] {
    let rule = |expected, accepts, sample| ScalarRule { expected, accepts, sample };
    [
        (
            "Int",
            rule(
                "an Int; write a whole number from -2147483648 to 2147483647, without quotes",
                is_int,
                Value::from(0),
            ),
        ),
        (
            "Float",
            rule(
                "a Float; write a number such as 1.5, without quotes",
                |it| matches!(it, Value::Number(_)),
                Value::from(0),
            ),
        ),
        (
            "String",
            rule("a String; write it in quotes", |it| matches!(it, Value::String(_)), Value::from("")),
        ),
        (
            "Boolean",
            rule("a Boolean; write true or false", |it| matches!(it, Value::Boolean(_)), Value::from(true)),
        ),
        ("ID", rule("an ID; write a string or a whole number", is_id, Value::from(""))),
    ]
}

/// What a scalar of GraphQL's own accepts, as the end of "… is not …".
pub(super) fn built_in_expected(name: &str) -> Option<&'static str> {
    built_in_scalars().into_iter().find(|(known, _)| *known == name).map(|(_, rule)| rule.expected)
}

fn scalar_rule(name: &Name, scalars: &[(&str, ScalarRule)]) -> ScalarRule {
    scalars
        .iter()
        .find(|(known, _)| name == known)
        .map_or(ScalarRule { expected: "valid", accepts: |_| true, sample: Value::from("") }, |(_, rule)| {
            rule.clone()
        })
}

fn input_object(object: InputObjectType, one_of: bool) -> InputObject {
    let fields = object.fields.into_iter().map(|field| {
        let field = field.node;
        InputField {
            required: !field.ty.node.nullable && field.default_value.is_none(),
            name: field.name.node,
            ty: field.ty.node,
        }
    });
    InputObject { fields: fields.collect(), one_of }
}

fn is_int(value: &Value) -> bool {
    let Value::Number(number) = value else {
        return false;
    };
    number.as_i64().is_some_and(|it| i32::try_from(it).is_ok())
}

fn is_id(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Number(number) => number.is_i64(),
        _ => false,
    }
}

fn is_date(value: &Value) -> bool {
    matches!(value, Value::String(it) if parse_date(it).is_some())
}

fn is_date_time(value: &Value) -> bool {
    matches!(value, Value::String(it) if parse_moment(it).is_some())
}

fn is_decimal(value: &Value) -> bool {
    matches!(value, Value::String(it) if parse_decimal(it).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::output_types::Multiplicity;

    #[test]
    fn every_kind_of_definition_is_parsed() {
        let sdl = r#"
            """What a type is"""
            interface Node { id: ID! }
            type A implements Node { id: ID! many: [E!]! old(by: By @deprecated(reason: "x")): Int @deprecated }
            union AB = A
            scalar Date @specifiedBy(url: "https://example.org")
            scalar JSON
            enum E { ONE TWO @deprecated(reason: "go") }
            input By @oneOf { id: ID code: String }
            "with a description"
            input In { "a day" day: Date! e: E! = ONE many: [In!]! by: By! any: JSON! }
            type Query { a(in: In = {day: "2000-01-01"}): AB }
            directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
            schema { query: Query }
        "#;
        let types = SchemaTypes::from_sdl(sdl, &api_scalars()).expect("the SDL is GraphQL");
        assert!(types.get("AB").is_none() && types.get("A").is_none() && types.get("Node").is_none());
        let field = types.outputs.field("A", "many").expect("a field");
        assert_eq!((field.ty.as_str(), field.multiplicity), ("E", Multiplicity::List));
        let sample = types.sample(&Type::new("In!").expect("a type"));
        let expected = r#"{day: "2000-01-01", many: [], by: {id: ""}, any: {}}"#;
        assert_eq!(sample.to_string(), expected);
    }

    #[test]
    fn scalars_accept_their_formats() {
        let accepts_text = |accepts: fn(&Value) -> bool, text: &str| accepts(&Value::from(text));
        for (text, valid) in [("2026-02-28", true), ("2026-02-29", false), ("2026-2-28", false), ("", false)]
        {
            assert_eq!(accepts_text(is_date, text), valid, "{text}");
        }
        for (text, valid) in [
            ("1", true),
            ("-1.50", true),
            ("79228162514264337593543950335", true),
            ("79228162514264337593543950336", false),
            ("1.0000000000000000000000000001", true),
            ("1.00000000000000000000000000001", false),
            ("1.", false),
            (".5", false),
            ("1e3", false),
            ("1_000", false),
            ("+1", false),
            ("", false),
        ] {
            assert_eq!(accepts_text(is_decimal, text), valid, "{text}");
        }
        for (text, valid) in
            [("2026-01-31T12:00:00Z", true), ("2026-01-31T12:00:00+02:00", true), ("2026-01-31", false)]
        {
            assert_eq!(accepts_text(is_date_time, text), valid, "{text}");
        }
    }
}
