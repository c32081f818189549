//! Validation errors in words of this API. The library reports what a document violates; its texts about
//! values name neither the value nor what is accepted, and some are not sentences.

use async_graphql::{Name, Pos, Positioned, ServerError, Variables};
use async_graphql_parser::types::{ExecutableDocument, Selection, SelectionSet, Type, VariableDefinition};
use async_graphql_value::Value;

use super::input_value;
use super::operations::Operation;
use super::refusal::{Code, Refusal};
use super::schema_types::SchemaTypes;

/// Texts of the library and their replacements: `{}` is a part that the replacement refers to by its index.
const TEXTS: [(&str, &str); 21] = [
    (
        "Fields \"{}\" conflict because \"{}\" and \"{}\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
        "\"{0}\" is selected as two different fields, \"{1}\" and \"{2}\". Use an alias for one of them.",
    ),
    (
        "Fields \"{}\" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional.",
        "\"{0}\" is selected twice with different arguments. Use an alias for one of them.",
    ),
    (
        "Fragment \"{}\" cannot condition non composite type \"{}\"",
        "The fragment \"{0}\" cannot be defined on \"{1}\", which has no fields.",
    ),
    (
        "Fragment cannot condition non composite type \"{}\"",
        "An inline fragment cannot be defined on \"{0}\", which has no fields.",
    ),
    (
        "Fragment \"{}\" cannot be spread here as objects of type \"{}\" can never be of type \"{}\"",
        "The fragment \"{0}\" cannot be used here, because \"{1}\" is never \"{2}\".",
    ),
    (
        "Fragment cannot be spread here as objects of type \"{}\" can never be of type \"{}\"",
        "The inline fragment cannot be used here, because \"{0}\" is never \"{1}\".",
    ),
    ("Fragment \"{}\" is never used", "The fragment \"{0}\" is never used."),
    ("Unknown fragment: \"{}\"", "Unknown fragment \"{0}\"."),
    ("Unknown type \"{}\"", "Unknown type \"{0}\"."),
    ("Unknown directive \"{}\"", "Unknown directive \"@{0}\"."),
    ("Duplicate directive \"{}\"", "The directive \"@{0}\" is used more than once in the same place."),
    ("Directive \"{}\" may not be used on \"{}\"", "The directive \"@{0}\" is not allowed on {1}."),
    (
        "Directive \"@{}\" argument \"{}\" of type \"{}\" is required but not provided",
        "The directive \"@{0}\" requires the argument \"{1}\" of type \"{2}\".",
    ),
    (
        // The type that the library names is that of the object which has the field.
        "Field \"{}\" argument \"{}\" of type \"{}\" is required but not provided",
        "The field \"{0}\" requires the argument \"{1}\".",
    ),
    (
        "Field \"{}\" must not have a selection since type \"{}\" has no subfields",
        "The field \"{0}\" of type \"{1}\" has no subfields; remove its selection.",
    ),
    (
        "Field \"{}\" of type \"{}\" must have a selection of subfields",
        "The field \"{0}\" of type \"{1}\" requires a selection of subfields.",
    ),
    ("There can only be one argument named \"{}\"", "The argument \"{0}\" is given more than once."),
    ("There can only be one variable named \"${}\"", "The variable \"${0}\" is defined more than once."),
    (
        "Variable \"{}\" of type \"{}\" used in position expecting type \"{}\"",
        "The variable \"${0}\" of type \"{1}\" cannot be used where \"{2}\" is expected.",
    ),
    ("Invalid value for argument \"{}\", {}", "Argument {0} has an invalid value."),
    ("Invalid default value for argument: \"{}\", {}", "The default of variable ${0} is invalid."),
];

/// The refusals for an error that the library reports about an operation.
pub(super) fn refusals(
    types: &SchemaTypes,
    operation: &Operation,
    samples: &Variables,
    error: &ServerError,
) -> Vec<Refusal> {
    let position = error.locations.first().copied();
    let about_value = position.map_or_else(Vec::new, |position| {
        if error.message.starts_with("Invalid value for argument ") {
            argument_problems(types, operation, samples, position)
        } else if error.message.starts_with("Invalid default value ") {
            default_problems(types, &operation.definition().variable_definitions, position)
        } else {
            Vec::new()
        }
    });
    let messages = if about_value.is_empty() { vec![reword(&error.message)] } else { about_value };
    let refusal = |message| Refusal {
        locations: error.locations.clone(),
        ..Refusal::new(Code::GraphqlValidationFailed, message)
    };
    messages.into_iter().map(refusal).collect()
}

/// The message in words of this API, as a sentence.
fn reword(message: &str) -> String {
    let replaced = TEXTS.iter().find_map(|(text, replacement)| {
        let parts = parts(text, message)?;
        let mut replaced = (*replacement).to_owned();
        for (index, part) in parts.iter().enumerate() {
            replaced = replaced.replace(&format!("{{{index}}}"), part);
        }
        Some(replaced)
    });
    let mut sentence = replaced.unwrap_or_else(|| message.to_owned());
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
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

fn default_problems(
    types: &SchemaTypes,
    definitions: &[Positioned<VariableDefinition>],
    position: Pos,
) -> Vec<String> {
    let definition = definitions.iter().find(|it| it.pos == position);
    let default = definition.and_then(|it| Some((&it.node, &it.node.default_value.as_ref()?.node)));
    let problems = default
        .map(|(it, value)| input_value::problems(types, &it.name.node, &it.var_type.node, value))
        .unwrap_or_default();
    problems.into_iter().map(|problem| format!("Default of variable ${problem}")).collect()
}

/// Every problem of the argument whose name is at this position; none if the library alone finds one.
fn argument_problems(
    types: &SchemaTypes,
    operation: &Operation,
    samples: &Variables,
    position: Pos,
) -> Vec<String> {
    let Some((name, ty, value)) = argument_at(types, operation, position) else { return Vec::new() };
    let value = value.clone().into_const_with(|name| samples.get(&name).cloned().ok_or(()));
    let problems = value.map(|value| input_value::problems(types, name, ty, &value)).unwrap_or_default();
    problems.into_iter().map(|problem| format!("Argument {problem}")).collect()
}

type Argument<'d, 't> = (&'d Name, &'t Type, &'d Value);

fn argument_at<'d, 't>(
    types: &'t SchemaTypes,
    operation: &'d Operation,
    position: Pos,
) -> Option<Argument<'d, 't>> {
    let document: &ExecutableDocument = &operation.document;
    let root = types.outputs.root(operation.kind).map(|root| (root, &operation.definition().selection_set));
    let fragments = document.fragments.values().map(|it| &it.node);
    let fragments = fragments.map(|it| (&it.type_condition.node.on.node, &it.selection_set));
    root.into_iter().chain(fragments).find_map(|(ty, set)| argument_in(types, ty, &set.node, position))
}

/// The recursion is bounded: a document that nests too deeply is refused before it is validated.
fn argument_in<'d, 't>(
    types: &'t SchemaTypes,
    ty: &str,
    set: &'d SelectionSet,
    position: Pos,
) -> Option<Argument<'d, 't>> {
    set.items.iter().find_map(|selection| match &selection.node {
        Selection::Field(field) => {
            let field = &field.node;
            let output = types.outputs.field(ty, &field.name.node)?;
            let argument = field.arguments.iter().find(|(name, _)| name.pos == position);
            argument
                .and_then(|(name, value)| Some((&name.node, output.argument(&name.node)?, &value.node)))
                .or_else(|| argument_in(types, &output.ty, &field.selection_set.node, position))
        }
        Selection::InlineFragment(it) => {
            let on = it.node.type_condition.as_ref().map_or(ty, |condition| &condition.node.on.node);
            argument_in(types, on, &it.node.selection_set.node, position)
        }
        Selection::FragmentSpread(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_library_are_replaced() {
        for (message, expected) in [
            ("Unknown field \"a\" on type \"B\".", "Unknown field \"a\" on type \"B\"."),
            (
                "Unknown field \"a\" on type \"B\". Did you mean \"c\"?",
                "Unknown field \"a\" on type \"B\". Did you mean \"c\"?",
            ),
            ("Unknown fragment: \"f\"", "Unknown fragment \"f\"."),
            ("Unknown directive \"d\"", "Unknown directive \"@d\"."),
            ("Variable \"$a\" is not used", "Variable \"$a\" is not used."),
            (
                "Field \"a\" of type \"B\" must have a selection of subfields",
                "The field \"a\" of type \"B\" requires a selection of subfields.",
            ),
            (
                "Fields \"a\" conflict because \"b\" and \"c\" are different fields. Use different aliases on the fields to fetch both if this was intentional.",
                "\"a\" is selected as two different fields, \"b\" and \"c\". Use an alias for one of them.",
            ),
            (
                "Fragment \"f\" cannot be spread here as objects of type \"A\" can never be of type \"B\"",
                "The fragment \"f\" cannot be used here, because \"A\" is never \"B\".",
            ),
            (
                "Invalid value for argument \"a.b\", expected type \"Int\"",
                "Argument a.b has an invalid value.",
            ),
        ] {
            assert_eq!(reword(message), expected);
        }
    }
}
