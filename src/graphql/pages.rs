//! The page arguments within a mutation, which are checked before it runs: a resolver that reads them does so after
//! the mutation took effect.

use std::collections::{HashMap, HashSet};

use async_graphql::{Name, Positioned, Value as ConstValue, Variables};
use async_graphql_parser::types::{
    ExecutableDocument, Field, FragmentDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql_value::Value;

use super::connection::{BOTH_ENDS, cursor_problem, page_size_problem};
use super::output_types::{Multiplicity, OutputTypes};
use super::refusal::{Code, ERRORS_MAX, Refusal};

/// Checks the page arguments of a mutation with the variables of a request, defaults filled in.
///
/// # Errors
///
/// `BAD_USER_INPUT`, as the resolver would report it.
pub(super) fn check(
    types: &OutputTypes,
    document: &ExecutableDocument,
    variables: &Variables,
) -> Result<(), Vec<Refusal>> {
    let fragments = &document.fragments;
    let mut visitor = Visitor { types, fragments, variables, visited: HashSet::new(), refusals: Vec::new() };
    for (_, operation) in document.operations.iter() {
        visitor.selection_set(&operation.node.selection_set.node, types.root(OperationType::Mutation));
    }
    visitor.refusals.truncate(ERRORS_MAX);
    if visitor.refusals.is_empty() { Ok(()) } else { Err(visitor.refusals) }
}

struct Visitor<'a> {
    types: &'a OutputTypes,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'a Variables,
    visited: HashSet<&'a Name>,
    refusals: Vec<Refusal>,
}

impl<'a> Visitor<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet, of: Option<&'a Name>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let defined = of.and_then(|of| self.types.field(of, &field.node.name.node));
                    if defined.is_some_and(|it| it.multiplicity == Multiplicity::Page) {
                        self.page(field);
                    }
                    self.selection_set(&field.node.selection_set.node, defined.map(|it| &it.ty));
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map(|it| &it.node.on.node);
                    self.selection_set(&inline.node.selection_set.node, on.or(of));
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.fragments.get(name)
                        && self.visited.insert(name)
                    {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.selection_set(&fragment.node.selection_set.node, Some(on));
                    }
                }
            }
        }
    }

    fn page(&mut self, field: &Positioned<Field>) {
        let sizes = ["first", "last"].map(|name| (name, self.number(&field.node, name)));
        let message = match sizes {
            [(_, Some(_)), (_, Some(_))] => Some(BOTH_ENDS.to_owned()),
            [(name, Some(size)), _] | [_, (name, Some(size))] => page_size_problem(name, size),
            _ => None,
        };
        let cursors = ["after", "before"]
            .into_iter()
            .filter_map(|name| cursor_problem(name, self.text(&field.node, name)?));
        let refusal = |message| Refusal::new(Code::BadUserInput, message).at(field.pos);
        let refusals: Vec<Refusal> = message.into_iter().chain(cursors).map(refusal).collect();
        self.refusals.extend(refusals);
    }

    fn text(&self, field: &'a Field, argument: &str) -> Option<&'a str> {
        match &field.get_argument(argument)?.node {
            Value::String(text) => Some(text),
            Value::Variable(name) => match self.variables.get(name)? {
                ConstValue::String(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    fn number(&self, field: &Field, argument: &str) -> Option<i64> {
        match &field.get_argument(argument)?.node {
            Value::Number(number) => number.as_i64(),
            Value::Variable(name) => match self.variables.get(name)? {
                ConstValue::Number(number) => number.as_i64(),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::schema_types::SchemaTypes;

    #[test]
    fn pages_within_mutations() {
        let sdl = "type Query { a: Int } type Mutation { m: A } type A { c(first: Int, last: Int): C a: A } type C { nodes: [A!] }";
        let types = SchemaTypes::from_sdl(sdl, &[]).expect("a schema");
        for (selections, expected) in [
            ("c(first: 100) { __typename } a { c(last: 0) { __typename } }", None),
            (
                "c(first: null, last: $n) { __typename }",
                Some("\"last\" must be from 0 to 100, not 101; request further pages with \"before\"."),
            ),
            (
                "a { ...f }",
                Some("\"first\" must be from 0 to 100, not -1; request further pages with \"after\"."),
            ),
            ("c(after: $cursor) { __typename }", None),
            (
                "c(before: \"???\") { __typename }",
                Some("\"before\": \"???\" is not a cursor of this list; use one from its edges or pageInfo."),
            ),
            ("a { c(first: 1, last: 1) { __typename } }", Some("Use \"first\" or \"last\", not both.")),
        ] {
            let document = format!(
                "mutation {{ m {{ {selections} }} }} fragment f on A {{ c {{ nodes {{ c(first: -1) {{ __typename }} }} }} }}"
            );
            let document = async_graphql_parser::parse_query(document).expect("GraphQL");
            let variables =
                serde_json::from_str("{\"n\": 101, \"cursor\": \"bGVkZ2VyOjE\"}").expect("variables");
            let found = check(&types.outputs, &document, &variables).err();
            assert_eq!(found.as_ref().map(|refusals| refusals[0].message.as_str()), expected, "{selections}");
        }
    }
}
