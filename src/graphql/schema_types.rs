//! The types of the schema as tables, read from its SDL.
//!
//! The library's registry is not public, and its own check of variables happens in the
//! middle of execution. These tables are what lets variables be checked and a document's cost be
//! counted before.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use async_graphql::{Name, Value};
use async_graphql_parser::types::{
    BaseType, InputObjectType, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};

use super::output_types::{Argument, OutputTypes};
use super::scalar::{self, parse_decimal, parse_event_number, parse_moment};
use crate::program::calendar::parse_date;

/// The input values that a scalar accepts.
#[derive(Clone, Debug)]
pub struct ScalarRule {
    /// What the scalar accepts, for error messages, such as `Date ("YYYY-MM-DD")`.
    pub expected: &'static str,
    /// Whether the scalar accepts a value that is not null.
    pub accepts: fn(&Value) -> bool,
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
    pub(crate) fields: Vec<Argument>,
    pub(crate) one_of: bool,
}

/// All types of a schema, by name.
#[derive(Clone, Debug)]
pub struct SchemaTypes {
    types: HashMap<Name, InputType>,
    /// Objects and interfaces.
    pub(crate) outputs: OutputTypes,
    /// The arguments of directives.
    directives: HashMap<Name, Vec<Argument>>,
    /// The arguments that fields of introspection have, by the name of the field; the SDL does not define them.
    introspection: HashMap<&'static str, Vec<Argument>>,
    /// What documents are validated against.
    pub(super) schema: Arc<Valid<Schema>>,
    /// Whether error messages list the values of an enum.
    pub(crate) suggestions: bool,
}

impl SchemaTypes {
    /// Reads the table from a schema's SDL. Scalars that are neither GraphQL's own nor in
    /// `scalars` accept any value here; the library parses them during execution.
    ///
    /// # Errors
    ///
    /// The SDL cannot be parsed, or is not a valid schema; in one line.
    pub fn from_sdl(sdl: &str, scalars: &[(&str, ScalarRule)]) -> Result<Self, String> {
        let document = async_graphql_parser::parse_schema(sdl).map_err(|error| error.to_string())?;
        let validated = validated(sdl)?;
        let mut types: HashMap<Name, InputType> = built_in_scalars()
            .into_iter()
            .map(|(name, rule)| (Name::new(name), InputType::Scalar(rule)))
            .collect();
        let mut schema = None;
        let mut definitions = Vec::new();
        let mut directives = conditional_directives();
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Schema(it) => schema = Some(it.node),
                TypeSystemDefinition::Type(it) => definitions.push(it.node),
                TypeSystemDefinition::Directive(it) => {
                    let arguments = it.node.arguments.iter().map(Argument::new).collect();
                    directives.insert(it.node.name.node, arguments);
                }
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
                    InputType::Object(input_object(&it, one_of))
                }
                TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_) => continue,
            };
            types.insert(name, input_type);
        }
        let introspection = introspection_arguments();
        let schema = Arc::new(validated);
        Ok(Self { types, outputs, directives, introspection, schema, suggestions: true })
    }

    /// The same types, whose errors do not reveal the values of enums.
    #[must_use]
    pub fn without_suggestions(self) -> Self {
        Self { suggestions: false, ..self }
    }

    /// The schema that documents are validated against.
    #[must_use]
    pub fn schema(&self) -> &Valid<Schema> {
        &self.schema
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

    /// The arguments of a directive that the schema has.
    pub(super) fn directive(&self, name: &str) -> Option<&[Argument]> {
        self.directives.get(name).map(Vec::as_slice)
    }

    /// The names of the arguments of a directive.
    pub(super) fn directive_arguments(&self, name: &str) -> Vec<&str> {
        self.directive(name).into_iter().flatten().map(|argument| argument.name.as_str()).collect()
    }

    /// The arguments of a field of introspection.
    pub(super) fn introspection_arguments(&self, field: &str) -> &[Argument] {
        self.introspection.get(field).map_or(&[], Vec::as_slice)
    }
}

/// The directives that each schema has.
fn conditional_directives() -> HashMap<Name, Vec<Argument>> {
    let condition =
        || vec![argument("if", Type { base: BaseType::Named(Name::new("Boolean")), nullable: false })];
    ["skip", "include"].map(|name| (Name::new(name), condition())).into()
}

fn introspection_arguments() -> HashMap<&'static str, Vec<Argument>> {
    let ty = |name, nullable| Type { base: BaseType::Named(Name::new(name)), nullable };
    let deprecated =
        || vec![Argument { has_default: true, ..argument("includeDeprecated", ty("Boolean", true)) }];
    let lists = ["fields", "enumValues", "inputFields", "args"].map(|name| (name, deprecated()));
    lists.into_iter().chain([("__type", vec![argument("name", ty("String", false))])]).collect()
}

fn argument(name: &str, ty: Type) -> Argument {
    Argument { name: Name::new(name), ty, has_default: false }
}

/// The scalars of this API that are not GraphQL's own.
#[must_use]
pub fn api_scalars() -> Vec<(&'static str, ScalarRule)> {
    let rule = |expected, accepts| ScalarRule { expected, accepts };
    vec![
        ("Date", rule(scalar::DATE, is_date)),
        ("DateTime", rule(scalar::DATE_TIME, is_date_time)),
        ("Decimal", rule(scalar::DECIMAL, is_decimal)),
        ("EventNumber", rule(scalar::EVENT_NUMBER, |it| parse_event_number(it).is_some())),
        ("JSON", rule(scalar::JSON, |it| matches!(it, Value::Object(_)))),
    ]
}

fn built_in_scalars() -> [(&'static str, ScalarRule); 5] {
    let rule = |expected, accepts| ScalarRule { expected, accepts };
    let int = "an Int; write a whole number from -2147483648 to 2147483647, without quotes";
    let float = "a Float; write a number such as 1.5, without quotes";
    [
        ("Int", rule(int, is_int)),
        ("Float", rule(float, |it| matches!(it, Value::Number(_)))),
        ("String", rule("a String; write it in quotes", |it| matches!(it, Value::String(_)))),
        ("Boolean", rule("a Boolean; write true or false", |it| matches!(it, Value::Boolean(_)))),
        ("ID", rule("an ID; write a string or a whole number", is_id)),
    ]
}

/// What a scalar of GraphQL's own accepts, as the end of "… is not …".
pub(super) fn built_in_expected(name: &str) -> Option<&'static str> {
    built_in_scalars().into_iter().find(|(known, _)| *known == name).map(|(_, rule)| rule.expected)
}

/// Reads the schema against which documents are validated; or else the first problem of the text, in one line.
fn validated(sdl: &str) -> Result<Valid<Schema>, String> {
    // The validator's own definition is that of October 2021.
    let introspection = "extend type __Type { isOneOf: Boolean }";
    Schema::parse_and_validate(format!("{sdl}\n{introspection}\n"), "schema.graphql").map_err(|invalid| {
        let problem = invalid.errors.iter().next().map(|diagnostic| diagnostic.error.to_string());
        problem.unwrap_or_else(|| "the schema is invalid".to_owned())
    })
}

fn scalar_rule(name: &Name, scalars: &[(&str, ScalarRule)]) -> ScalarRule {
    let known = scalars.iter().find(|(known, _)| name == known).map(|(_, rule)| rule.clone());
    known.unwrap_or(ScalarRule { expected: "valid", accepts: |_| true })
}

fn input_object(object: &InputObjectType, one_of: bool) -> InputObject {
    InputObject { fields: object.fields.iter().map(Argument::new).collect(), one_of }
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
            directive @oneOf on INPUT_OBJECT
            schema { query: Query }
        "#;
        let types = SchemaTypes::from_sdl(sdl, &api_scalars()).expect("the SDL is GraphQL");
        assert!(types.get("AB").is_none() && types.get("A").is_none() && types.get("Node").is_none());
        let field = types.outputs.field("A", "many").expect("a field");
        assert_eq!((field.ty.as_str(), field.multiplicity), ("E", Multiplicity::List));
        let names = |arguments: &[Argument]| -> Vec<String> {
            let required = |it: &Argument| if it.is_required() { "!" } else { "" };
            arguments.iter().map(|it| format!("{}{}", it.name, required(it))).collect()
        };
        assert_eq!(names(types.directive("include").expect("a directive")), ["if!"]);
        let Some(InputType::Object(object)) = types.get("In") else { panic!("an input object") };
        assert_eq!(names(&object.fields), ["day!", "e", "many!", "by!", "any!"]);
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
