//! Variables that a request leaves out.
//!
//! What they are the value of is then left out as well: an argument, whose default applies, or a field of an input
//! object, which is not the same as null. In a list null takes their place. The library passes null everywhere.

use async_graphql::{Name, Positioned, Variables};
use async_graphql_parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Selection, SelectionSet,
};
use async_graphql_value::Value;

type Arguments = Vec<(Positioned<Name>, Positioned<Value>)>;

/// Leaves out what has no value. `optional` are the variables that may be left out, `variables` those of the
/// request with defaults filled in.
pub(super) fn omit(document: &mut ExecutableDocument, optional: &[Name], variables: &Variables) {
    let unset: Vec<&Name> = optional.iter().filter(|name| !variables.contains_key(*name)).collect();
    if unset.is_empty() {
        return;
    }
    let in_operation = |operation: &mut Positioned<_>| in_definition(&unset, operation);
    match &mut document.operations {
        DocumentOperations::Single(operation) => in_operation(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().for_each(in_operation),
    }
    for fragment in document.fragments.values_mut() {
        in_selection_set(&unset, &mut fragment.node.selection_set.node);
    }
}

fn in_definition(
    unset: &[&Name],
    operation: &mut Positioned<async_graphql_parser::types::OperationDefinition>,
) {
    in_directives(unset, &mut operation.node.directives);
    in_selection_set(unset, &mut operation.node.selection_set.node);
}

/// The recursion is bounded: a document that nests too deeply is refused.
fn in_selection_set(unset: &[&Name], set: &mut SelectionSet) {
    for selection in &mut set.items {
        in_directives(unset, selection.node.directives_mut());
        match &mut selection.node {
            Selection::Field(field) => {
                in_arguments(unset, &mut field.node.arguments);
                in_selection_set(unset, &mut field.node.selection_set.node);
            }
            Selection::InlineFragment(inline) => {
                in_selection_set(unset, &mut inline.node.selection_set.node);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn in_directives(unset: &[&Name], directives: &mut [Positioned<Directive>]) {
    for directive in directives {
        in_arguments(unset, &mut directive.node.arguments);
    }
}

fn in_arguments(unset: &[&Name], arguments: &mut Arguments) {
    arguments.retain(|(_, value)| !is_unset(unset, &value.node));
    for (_, value) in arguments {
        in_value(unset, &mut value.node);
    }
}

fn in_value(unset: &[&Name], value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !is_unset(unset, value));
            for value in fields.values_mut() {
                in_value(unset, value);
            }
        }
        Value::List(items) => {
            for item in items {
                if is_unset(unset, item) {
                    *item = Value::Null;
                }
                in_value(unset, item);
            }
        }
        _ => {}
    }
}

fn is_unset(unset: &[&Name], value: &Value) -> bool {
    matches!(value, Value::Variable(name) if unset.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_is_left_out() {
        // arguments, what remains without $a and with $b
        for (given, expected) in [
            ("x: $a, y: $b, z: 1", "y: $b, z: 1"),
            ("x: {y: $a, z: $b, w: {v: $a}}", "x: {z: $b, w: {}}"),
            ("x: [$a, $b, [$a], {y: $a}]", "x: [null, $b, [null], {}]"),
            ("x: null", "x: null"),
        ] {
            for document in [
                format!("query($a: Int, $b: Int) {{ f({given}) }}"),
                format!(
                    "query($a: Int, $b: Int) {{ ... {{ g {{ ...h }} }} }} fragment h on T {{ f({given}) }}"
                ),
                format!("query($a: Int, $b: Int) @f({given}) {{ g }}"),
            ] {
                let mut document = async_graphql_parser::parse_query(document).expect("GraphQL");
                let optional = ["a", "b"].map(Name::new);
                let variables = serde_json::from_str("{\"b\": 1}").expect("variables");
                omit(&mut document, &optional, &variables);
                let found = first_arguments(&document);
                let found: Vec<String> =
                    found.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                assert_eq!(found.join(", "), expected);
            }
        }
    }

    fn first_arguments(document: &ExecutableDocument) -> Vec<(Name, Value)> {
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let fragments = document.fragments.values().map(|it| &it.node.selection_set.node);
        let sets = fragments.chain([&operation.node.selection_set.node]);
        let fields = sets.flat_map(|set| &set.items).filter_map(|selection| match &selection.node {
            Selection::Field(field) => Some(&field.node.arguments),
            _ => None,
        });
        let directives = operation.node.directives.iter().map(|it| &it.node.arguments);
        let found = directives.chain(fields).next().expect("arguments");
        found.iter().map(|(name, value)| (name.node.clone(), value.node.clone())).collect()
    }
}
