//! The root fields that a mutation will run.
//!
//! The library runs a root field as often as it is selected. Here fields with one response key are merged, so that
//! each has one effect, and `@skip`, `@include` and fragments are resolved, so that what will run is known before.

use std::collections::{HashMap, HashSet};

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Pos, Positioned, Value as ConstValue, Variables};
use async_graphql_parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet,
};
use async_graphql_value::Value;

/// A root field that will run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootField {
    /// Its name in the schema.
    pub name: Name,
    /// Its key in the response.
    pub key: Name,
    /// Where it is in the document.
    pub pos: Pos,
}

/// Replaces the selections of a mutation by the fields that will run, and returns them. `variables` are those of
/// the request with defaults filled in.
pub(super) fn merge(document: &mut ExecutableDocument, variables: &Variables) -> Vec<RootField> {
    let DocumentOperations::Single(operation) = &mut document.operations else {
        unreachable!("split_operations() makes single operations")
    };
    let set = &mut operation.node.selection_set.node;
    let mut collector = Collector {
        variables,
        fragments: &document.fragments,
        visited: HashSet::new(),
        fields: IndexMap::new(),
    };
    collector.selection_set(std::mem::take(set));
    let fields: Vec<Positioned<Field>> = collector.fields.into_values().collect();
    let root_fields = fields.iter().map(|field| RootField {
        name: field.node.name.node.clone(),
        key: field.node.response_key().node.clone(),
        pos: field.pos,
    });
    let root_fields = root_fields.collect();
    set.items = fields
        .into_iter()
        .map(|field| {
            let pos = field.pos;
            Positioned::new(Selection::Field(field), pos)
        })
        .collect();
    root_fields
}

struct Collector<'a> {
    variables: &'a Variables,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    visited: HashSet<Name>,
    fields: IndexMap<Name, Positioned<Field>>,
}

impl Collector<'_> {
    /// The type of a fragment is the mutation's own: no other type is among its objects.
    fn selection_set(&mut self, set: SelectionSet) {
        for selection in set.items {
            if !self.is_included(selection.node.directives()) {
                continue;
            }
            match selection.node {
                Selection::Field(field) => self.field(field),
                Selection::InlineFragment(inline) => self.selection_set(inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node;
                    if let Some(fragment) = self.fragments.get(&name)
                        && self.visited.insert(name)
                    {
                        self.selection_set(fragment.node.selection_set.node.clone());
                    }
                }
            }
        }
    }

    fn field(&mut self, mut field: Positioned<Field>) {
        field.node.directives.retain(|it| !is_conditional(&it.node));
        let key = field.node.response_key().node.clone();
        match self.fields.get_mut(&key) {
            // Validation ensures that they differ in their selections only.
            Some(first) => {
                first.node.selection_set.node.items.extend(field.node.selection_set.node.items);
            }
            None => {
                self.fields.insert(key, field);
            }
        }
    }

    fn is_included(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().map(|it| &it.node).filter(|it| is_conditional(it)).all(|directive| {
            let condition = directive.get_argument("if").map(|value| &value.node);
            let condition = match condition {
                Some(Value::Boolean(condition)) => Some(*condition),
                Some(Value::Variable(name)) => match self.variables.get(name) {
                    Some(ConstValue::Boolean(condition)) => Some(*condition),
                    _ => None,
                },
                _ => None,
            };
            // Validation ensures that there is a condition.
            condition.is_none_or(|condition| condition == (directive.name.node == "include"))
        })
    }
}

fn is_conditional(directive: &Directive) -> bool {
    matches!(directive.name.node.as_str(), "skip" | "include")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_merged_in_the_order_of_their_keys() {
        for (document, expected) in [
            ("mutation { a b }", "a b"),
            ("mutation { a { c } b a { d } }", "a{c d} b"),
            ("mutation { x: a { c } ...f } fragment f on M { b x: a { ... { d } } }", "x:a{c ...} b"),
            ("mutation { ...f ...f ... on M { b } } fragment f on M { a { c } }", "a{c} b"),
            ("mutation($y: Boolean!) { a @skip(if: $y) b @include(if: $y) c @include(if: false) }", "b"),
            (
                "mutation($y: Boolean!) { ... @skip(if: $y) { a } ...f @skip(if: false) } fragment f on M { b }",
                "b",
            ),
            ("mutation { a @skip(if: false) @include(if: true) { c } a { d } }", "a{c d}"),
        ] {
            let mut document = async_graphql_parser::parse_query(document).expect("GraphQL");
            let variables = serde_json::from_str("{\"y\": true}").expect("variables");
            let fields = merge(&mut document, &variables);
            let (_, operation) = document.operations.iter().next().expect("an operation");
            let set = &operation.node.selection_set.node;
            assert_eq!(shown(set), expected);
            assert!(set.items.iter().all(|it| it.node.directives().is_empty()));
            let keys = expected.split(' ').filter(|it| !it.contains('}') || it.contains('{'));
            assert_eq!(fields.len(), keys.count());
        }
    }

    fn shown(set: &SelectionSet) -> String {
        let items = set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => {
                let field = &field.node;
                let alias = field.alias.as_ref().map(|alias| format!("{alias}:")).unwrap_or_default();
                let inner = shown(&field.selection_set.node);
                let inner = if inner.is_empty() { inner } else { format!("{{{inner}}}") };
                format!("{alias}{}{inner}", field.name)
            }
            _ => "...".to_owned(),
        });
        items.collect::<Vec<_>>().join(" ")
    }
}
