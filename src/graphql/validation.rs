//! The validation of a document by the rules of the specification that are not about values, with errors in words
//! of this API.
//!
//! `apollo-compiler` checks the rules. It is not asked about values and variables in them: it accepts any literal
//! for a scalar that is not GraphQL's own, and some values and variables that the specification refuses.
//! [`super::literals`] checks those.

use std::collections::HashSet;

use apollo_compiler::ast::{Argument, Definition, Document, Selection, Value};
use apollo_compiler::diagnostic::ToCliReport as _;
use apollo_compiler::validation::DiagnosticData;
use apollo_compiler::{Name, Node};

use super::input_value;
use super::position::Positions;
use super::refusal::{Code, Refusal};
use super::schema_types::SchemaTypes;

/// What the validator reports and [`super::literals`], [`super::variables`] or [`super::single_root`] check.
const CHECKED_ELSEWHERE: [&str; 14] = [
    "DisallowedVariableUsage",
    "FloatCoercionError",
    "IntCoercionError",
    "RequiredArgument",
    "RequiredField",
    "SubscriptionUsesConditionalSelection",
    "SubscriptionUsesIntrospection",
    "SubscriptionUsesMultipleFields",
    "UndefinedDefinition",
    "UndefinedEnumValue",
    "UndefinedInputValue",
    "UndefinedVariable",
    "UnsupportedValueType",
    "VariableInputType",
];

/// Texts of the validator and their replacements: `{}` is a part that the replacement refers to by its index.
const TEXTS: [(&str, &str); 19] = [
    (
        "Fields \"{}\" conflict because \"{}\" and \"{}\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
        "\"{0}\" is selected as two different fields, \"{1}\" and \"{2}\". Use an alias for one of them.",
    ),
    (
        "Fields \"{}\" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional.",
        "\"{0}\" is selected twice with different arguments. Use an alias for one of them.",
    ),
    (
        "Fields \"{}\" conflict because they return conflicting types \"{} and \"{}\". Use different aliases on the fields to fetch both if this was intentional.",
        "\"{0}\" is selected with two different types, \"{1}\" and \"{2}\". Use an alias for one of them.",
    ),
    (
        "Fragment \"{}\" cannot condition on non composite type \"{}\".",
        "The fragment \"{0}\" cannot be defined on \"{1}\", which has no fields.",
    ),
    (
        "Fragment cannot condition on non composite type \"{}\".",
        "An inline fragment cannot be defined on \"{0}\", which has no fields.",
    ),
    (
        "Fragment \"{}\" cannot be spread here as objects of type \"{}\" can never be of type \"{}\".",
        "The fragment \"{0}\" cannot be used here, because \"{1}\" is never \"{2}\".",
    ),
    (
        "Fragment cannot be spread here as objects of type \"{}\" can never be of type \"{}\".",
        "The inline fragment cannot be used here, because \"{0}\" is never \"{1}\".",
    ),
    ("Fragment \"{}\" is never used.", "The fragment \"{0}\" is never used."),
    ("Unknown fragment \"{}\".", "Unknown fragment \"{0}\"."),
    ("Unknown type \"{}\".", "Unknown type \"{0}\"."),
    ("Unknown directive \"@{}\".", "Unknown directive \"@{0}\"."),
    (
        "The directive \"@{}\" can only be used once at this location.",
        "The directive \"@{0}\" is used more than once in the same place.",
    ),
    ("Directive \"@{}\" may not be used on {}.", "The directive \"@{0}\" is not allowed on {1}."),
    (
        "Field \"{}\" must not have a selection since type \"{}\" has no subfields",
        "The field \"{0}\" of type \"{1}\" has no subfields; remove its selection.",
    ),
    ("There can be only one argument named \"{}\".", "The argument \"{0}\" is given more than once."),
    ("There can be only one variable named \"${}\".", "The variable \"${0}\" is defined more than once."),
    ("Variable \"${}\" is never used.", "Variable \"${0}\" is not used."),
    ("The schema has no \"{}\" root type defined", "This server has no operations of the kind \"{0}\"."),
    ("Cannot spread fragment \"{}\" within itself via {}", "The fragment \"{0}\" contains itself."),
];

/// Checks a document whose nesting, fields and fragments are within the limits, and returns what it violates.
pub(super) fn check(types: &SchemaTypes, source: &str, mut document: Document) -> Vec<Refusal> {
    if source.contains('[') {
        lists_as_objects(&mut document);
    }
    let Err(invalid) = document.to_executable_validate(&types.schema) else { return Vec::new() };
    let fragments: HashSet<&str> = document.definitions.iter().filter_map(fragment_name).collect();
    let mut positions = Positions::new(source);
    let errors = invalid.errors.iter().map(|diagnostic| diagnostic.error);
    let errors = errors.filter(|error| !is_checked_elsewhere(error) && !is_consequence(error, &fragments));
    let refusals = errors.map(|error| {
        let refusal = Refusal::new(Code::GraphqlValidationFailed, message(types, error));
        match error.location() {
            Some(span) => refusal.at(positions.at(span.offset())),
            None => refusal,
        }
    });
    refusals.collect()
}

fn is_checked_elsewhere(error: &DiagnosticData) -> bool {
    error.unstable_error_name().is_some_and(|name| CHECKED_ELSEWHERE.contains(&name))
}

/// Whether the error only says that a fragment is unknown whose definition has another error.
fn is_consequence(error: &DiagnosticData, fragments: &HashSet<&str>) -> bool {
    let text = error.unstable_compat_message().unwrap_or_default();
    matches!(parts("Unknown fragment \"{}\".", &text).as_deref(), Some([name]) if fragments.contains(name))
}

fn fragment_name(definition: &Definition) -> Option<&str> {
    match definition {
        Definition::FragmentDefinition(fragment) => Some(fragment.name.as_str()),
        _ => None,
    }
}

/// The error in words of this API.
fn message(types: &SchemaTypes, error: &DiagnosticData) -> String {
    let unworded = || "The document does not fit the schema.".to_owned();
    let Some(text) = error.unstable_compat_message() else { return unworded() };
    let near = |given: &str, candidates: Vec<&str>| {
        if types.suggestions { input_value::quoted_suggestion(given, candidates) } else { String::new() }
    };
    if let Some([field, ty]) = parts("Cannot query field \"{}\" on type \"{}\".", &text).as_deref() {
        let near = near(field, types.outputs.field_names(ty));
        return format!("Unknown field \"{field}\" on type \"{ty}\".{near}");
    }
    if let Some([argument, of]) = parts("Unknown argument \"{}\" on field \"{}\".", &text).as_deref() {
        let (of, names) = match of.split_once('.') {
            Some((ty, field)) => {
                (format!("field \"{field}\" of type \"{ty}\""), types.outputs.argument_names(ty, field))
            }
            None => (format!("directive \"{of}\""), types.directive_arguments(of.trim_start_matches('@'))),
        };
        return format!("Unknown argument \"{argument}\" on {of}.{}", near(argument, names));
    }
    let subfields = "Field \"{}\" of type \"{}\" must have a selection of subfields. Did you mean \"{}?";
    if let Some([field, of, _]) = parts(subfields, &text).as_deref() {
        let ty = types.outputs.field(of, field).map_or("an object", |field| field.ty.as_str());
        return format!("The field \"{field}\" of type \"{ty}\" requires a selection of subfields.");
    }
    let replaced = TEXTS.iter().find_map(|(text_of_rule, replacement)| {
        let parts = parts(text_of_rule, &text)?;
        let mut replaced = (*replacement).to_owned();
        for (index, part) in parts.iter().enumerate() {
            replaced = replaced.replace(&format!("{{{index}}}"), part);
        }
        Some(replaced)
    });
    replaced.unwrap_or_else(unworded)
}

/// The parts of a message where a text has `{}`; none if it is not that text.
fn parts<'m>(text: &str, message: &'m str) -> Option<Vec<&'m str>> {
    let mut pieces = text.split("{}");
    let mut rest = message.strip_prefix(pieces.next()?)?;
    let mut parts = Vec::new();
    for piece in pieces {
        let end = if piece.is_empty() { rest.len() } else { rest.find(piece)? };
        parts.push(&rest[..end]);
        rest = &rest[end + piece.len()..];
    }
    rest.is_empty().then_some(parts)
}

/// Replaces lists in the arguments of fields by objects with the indexes as keys. The validator compares the
/// arguments of fields with one response key, and lists only up to the end of the shorter one.
fn lists_as_objects(document: &mut Document) {
    for definition in &mut document.definitions {
        match definition {
            Definition::OperationDefinition(it) => in_selections(&mut it.make_mut().selection_set),
            Definition::FragmentDefinition(it) => in_selections(&mut it.make_mut().selection_set),
            _ => {}
        }
    }
}

/// The recursion is bounded: a document that nests too deeply is refused before it is validated.
fn in_selections(selections: &mut [Selection]) {
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                let field = field.make_mut();
                field.arguments.iter_mut().for_each(in_argument);
                in_selections(&mut field.selection_set);
            }
            Selection::InlineFragment(inline) => in_selections(&mut inline.make_mut().selection_set),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn in_argument(argument: &mut Node<Argument>) {
    if has_list(&argument.value) {
        in_value(&mut argument.make_mut().value);
    }
}

fn has_list(value: &Value) -> bool {
    match value {
        Value::List(_) => true,
        Value::Object(fields) => fields.iter().any(|(_, value)| has_list(value)),
        _ => false,
    }
}

fn in_value(value: &mut Node<Value>) {
    match value.make_mut() {
        Value::List(items) => {
            let mut items = std::mem::take(items);
            items.iter_mut().for_each(in_value);
            let keys = (0..).map(|index: usize| Name::new_unchecked(&format!("_{index}")));
            *value.make_mut() = Value::Object(keys.zip(items).collect());
        }
        Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| in_value(value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::schema::ExtendedType;

    use super::*;

    /// Merged fields of an abstract type are compared once for each object type beside them, and so on at every
    /// depth. This bounds the number of comparisons only as long as such fields have no selections.
    #[test]
    fn fields_of_abstract_types_are_leaves() {
        let sdl = crate::graphql::schema::definitions();
        let schema = SchemaTypes::from_sdl(&sdl, &[]).expect("the schema is valid").schema;
        let mut count = 0;
        for ty in schema.types.values() {
            let ExtendedType::Interface(interface) = ty else { continue };
            for field in interface.fields.values() {
                let inner = schema.types.get(field.ty.inner_named_type()).expect("a type");
                assert!(matches!(inner, ExtendedType::Scalar(_) | ExtendedType::Enum(_)), "{}", field.name);
                count += 1;
            }
        }
        assert!(count > 0);
    }
}
