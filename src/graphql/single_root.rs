//! The single root field rule for subscriptions: one root field, which is not introspection and has no
//! `@skip` or `@include`. The library checks none of this, runs several fields concurrently, and ignores
//! root fields inside fragments.

use std::collections::{HashMap, HashSet};

use async_graphql::{Name, Pos, Positioned};
use async_graphql_parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet,
};

use super::refusal::{Code, Refusal};
use super::shape::is_introspection;

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Moves the single root field of a validated subscription out of its fragments.
///
/// # Errors
/// `GRAPHQL_VALIDATION_FAILED` for several fields, introspection, or `@skip` and `@include`.
pub(super) fn hoist_root_field(document: &mut ExecutableDocument) -> Result<(), Refusal> {
    let DocumentOperations::Single(operation) = &mut document.operations else {
        unreachable!("split_operations() makes single operations")
    };
    let set = &mut operation.node.selection_set;
    let mut fields = Vec::new();
    collect_fields(&set.node, &document.fragments, &mut HashSet::new(), &mut fields)?;
    let mut fields = fields.into_iter();
    let Some(mut root) = fields.next() else {
        return Err(invalid("A subscription must have exactly one root field.", set.pos));
    };
    if is_introspection(&root.node.name.node) {
        let message = format!("A subscription must not have \"{}\" as its root field.", root.node.name.node);
        return Err(invalid(message, root.pos));
    }
    for field in fields {
        if field.node.response_key() != root.node.response_key() {
            return Err(invalid("A subscription must have exactly one root field.", field.pos));
        }
        // Validation ensures that they differ in their selections only.
        root.node.selection_set.node.items.extend(field.node.selection_set.node.items);
    }
    let pos = root.pos;
    set.node.items = vec![Positioned::new(Selection::Field(root), pos)];
    Ok(())
}

fn collect_fields(
    set: &SelectionSet,
    fragments: &Fragments,
    visited: &mut HashSet<Name>,
    fields: &mut Vec<Positioned<Field>>,
) -> Result<(), Refusal> {
    for selection in &set.items {
        check_directives(selection.node.directives())?;
        match &selection.node {
            Selection::Field(field) => fields.push(field.clone()),
            Selection::InlineFragment(inline) => {
                collect_fields(&inline.node.selection_set.node, fragments, visited, fields)?;
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = fragments.get(name)
                    && visited.insert(name.clone())
                {
                    collect_fields(&fragment.node.selection_set.node, fragments, visited, fields)?;
                }
            }
        }
    }
    Ok(())
}

fn check_directives(directives: &[Positioned<Directive>]) -> Result<(), Refusal> {
    let conditional = directives.iter().find(|it| matches!(&*it.node.name.node, "skip" | "include"));
    match conditional {
        Some(directive) => {
            let message =
                format!("A subscription must not have \"@{}\" on its root field.", directive.node.name.node);
            Err(invalid(message, directive.pos))
        }
        None => Ok(()),
    }
}

fn invalid(message: impl Into<String>, pos: Pos) -> Refusal {
    Refusal::new(Code::GraphqlValidationFailed, message).at(pos)
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::parse_query;

    use super::*;

    #[test]
    fn the_root_field_is_hoisted() {
        // document, fields of its root field, or the start of the refusal
        for (text, expected) in [
            ("subscription { a { b } }", Ok(1)),
            ("subscription { ... { a { b } } }", Ok(1)),
            ("subscription { ...f } fragment f on S { ... on S { a { b } } }", Ok(1)),
            ("subscription { a { b } ...f } fragment f on S { a { c } }", Ok(2)),
            ("subscription { x: a { b } x: a { b c } }", Ok(3)),
            ("subscription { a { b } c { b } }", Err("A subscription must have exactly one root field.")),
            ("subscription { a { b } x: a { b } }", Err("A subscription must have exactly one root field.")),
            (
                "subscription { a { b } ...f } fragment f on S { c { b } }",
                Err("A subscription must have exactly one root field."),
            ),
            (
                "subscription { __typename }",
                Err("A subscription must not have \"__typename\" as its root field."),
            ),
            ("subscription { a { b } __typename }", Err("A subscription must have exactly one root field.")),
            (
                "subscription { a @skip(if: false) { b } }",
                Err("A subscription must not have \"@skip\" on its root field."),
            ),
            (
                "subscription { ...f @include(if: true) } fragment f on S { a { b } }",
                Err("A subscription must not have \"@include\" on its root field."),
            ),
            (
                "subscription { ... @skip(if: true) { a { b } } }",
                Err("A subscription must not have \"@skip\" on its root field."),
            ),
        ] {
            let mut document = parse_query(text).expect("GraphQL");
            let hoisted = hoist_root_field(&mut document).map(|()| {
                let (_, operation) = document.operations.iter().next().expect("an operation");
                let [only] = &*operation.node.selection_set.node.items else { panic!("{text}") };
                let Selection::Field(field) = &only.node else { panic!("{text}") };
                field.node.selection_set.node.items.len()
            });
            match (hoisted, expected) {
                (Ok(count), Ok(expected)) => assert_eq!(count, expected, "{text}"),
                (Err(refusal), Err(message)) => {
                    assert_eq!(refusal.message, message, "{text}");
                }
                (hoisted, _) => panic!("{text}: {hoisted:?}"),
            }
        }
    }
}
