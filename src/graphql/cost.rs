//! The complexity of an operation: an estimate of how many values its answer has.
//!
//! A field costs 1. What is inside a field with `first` or `last` costs that many times
//! as much, what is inside a list of `ids` as many times as there are ids, the `edges`
//! or `nodes` of a connection without either as many times as a default page, and what is inside
//! any other list ten times. Introspection has factors of its own. The page size may be a variable, so the cost of an operation is
//! counted for each request unless it was found to depend on none.

use std::collections::{HashMap, HashSet};

use async_graphql::{Name, Positioned, Value as ConstValue, Variables};
use async_graphql_parser::types::{
    ExecutableDocument, Field, FragmentDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql_value::Value;

use super::guard::{Limits, count};
use super::input_types::InputTypes;
use super::operations::Operation;
use super::shape::is_introspection;

/// Complexity that costs one point more of a caller's budget.
const COMPLEXITY_PER_POINT: u64 = 100;
/// What a mutation's field costs of a caller's budget: it locks, writes and waits for the disk.
const MUTATION_POINTS: u64 = 5;

/// What an operation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Estimated number of values in the answer, saturating.
    pub points: u64,
    /// Whether other variables could make it cost something else.
    pub varies: bool,
}

/// Counts the cost of a document with one operation, whose shape was checked.
///
/// `variables` are those of the request with the defaults filled in.
#[must_use]
pub fn count_cost(
    limits: &Limits,
    types: &InputTypes,
    document: &ExecutableDocument,
    variables: &Variables,
) -> Cost {
    let mut walk = Walk {
        limits,
        lists: &types.lists,
        variables,
        fragments: &document.fragments,
        known: HashMap::new(),
        varies: false,
    };
    let mut points: u64 = 0;
    for (_, operation) in document.operations.iter() {
        let weight = walk.selection_set(&operation.node.selection_set.node, false);
        points = points.saturating_add(weight.plain).saturating_add(weight.listed);
    }
    Cost { points, varies: walk.varies }
}

/// What an operation costs of its caller's budget: a point, or five for each field at the top of a
/// mutation; one for every hundred of complexity; and one for each item of a list that a mutation is
/// given.
pub(super) fn price(operation: &Operation, complexity: u64, variables: &Variables) -> u64 {
    let base = match operation.kind {
        OperationType::Query | OperationType::Subscription => 1,
        OperationType::Mutation => {
            let fields = count(operation.definition().selection_set.node.items.len());
            fields.saturating_mul(MUTATION_POINTS).saturating_add(items(variables))
        }
    };
    base.saturating_add(complexity / COMPLEXITY_PER_POINT)
}

/// Items of the lists among the variables and the fields of their objects.
fn items(variables: &Variables) -> u64 {
    let length = |value: &ConstValue| match value {
        ConstValue::List(items) => count(items.len()),
        _ => 0,
    };
    let counts = variables.values().map(|value| match value {
        ConstValue::Object(fields) => fields.values().map(length).sum(),
        value => length(value),
    });
    counts.sum()
}

/// The cost of a selection set. The part under `edges` and `nodes` is kept apart, because
/// the field that holds the set knows how long that list is.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    plain: u64,
    listed: u64,
}

struct Walk<'a> {
    limits: &'a Limits,
    lists: &'a HashSet<Name>,
    variables: &'a Variables,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    known: HashMap<&'a str, Weight>,
    varies: bool,
}

impl<'a> Walk<'a> {
    fn selection_set(&mut self, set: &'a SelectionSet, introspection: bool) -> Weight {
        let mut sum = Weight::default();
        for selection in &set.items {
            let weight = match &selection.node {
                Selection::Field(field) => self.field(&field.node, introspection),
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let introspection =
                        introspection || condition.is_some_and(|it| is_introspection(&it.node.on.node));
                    self.selection_set(&inline.node.selection_set.node, introspection)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            };
            sum.plain = sum.plain.saturating_add(weight.plain);
            sum.listed = sum.listed.saturating_add(weight.listed);
        }
        sum
    }

    fn field(&mut self, field: &'a Field, introspection: bool) -> Weight {
        let name = field.name.node.as_str();
        let introspection = introspection || is_introspection(name);
        let inner = self.selection_set(&field.selection_set.node, introspection);
        let all = inner.plain.saturating_add(inner.listed);
        if introspection {
            let points = all.saturating_mul(introspection_factor(name)).saturating_add(1);
            return Weight { plain: points, listed: 0 };
        }
        let page = self.page(field);
        let listed = matches!(name, "edges" | "nodes");
        let points = match page {
            None if !listed && self.lists.contains(name) => all.saturating_mul(self.limits.list_default),
            Some(page) => all.saturating_mul(page),
            None => inner.listed.saturating_mul(self.limits.page_default).saturating_add(inner.plain),
        }
        .saturating_add(1);
        if page.is_none() && listed {
            Weight { plain: 0, listed: points }
        } else {
            Weight { plain: points, listed: 0 }
        }
    }

    fn fragment(&mut self, name: &Name) -> Weight {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Weight::default();
        };
        if let Some(weight) = self.known.get(name.as_str()) {
            return *weight;
        }
        let introspection = is_introspection(&fragment.node.type_condition.node.on.node);
        let weight = self.selection_set(&fragment.node.selection_set.node, introspection);
        self.known.insert(name.as_str(), weight);
        weight
    }

    /// How many items the field's arguments ask for, if they say.
    fn page(&mut self, field: &Field) -> Option<u64> {
        let mut page = None;
        for (name, value) in &field.arguments {
            let items = match name.node.as_str() {
                "first" | "last" => self.number(&value.node),
                "ids" => self.length(&value.node),
                _ => None,
            };
            page = page.max(items);
        }
        page.map(|items| items.clamp(1, self.limits.page_max))
    }

    fn number(&mut self, value: &Value) -> Option<u64> {
        match value {
            // A negative number is refused by the resolver and costs as little as none.
            Value::Number(number) => Some(number.as_u64().unwrap_or(0)),
            Value::Variable(name) => match self.variable(name)? {
                ConstValue::Number(number) => Some(number.as_u64().unwrap_or(0)),
                _ => None,
            },
            _ => None,
        }
    }

    fn length(&mut self, value: &Value) -> Option<u64> {
        match value {
            Value::List(items) => Some(count(items.len())),
            Value::Variable(name) => match self.variable(name)? {
                ConstValue::List(items) => Some(count(items.len())),
                _ => Some(1),
            },
            _ => Some(1),
        }
    }

    fn variable(&mut self, name: &Name) -> Option<&'a ConstValue> {
        self.varies = true;
        self.variables.get(name)
    }
}

/// Less than the usual length of each list of the introspection schema, but more the deeper
/// it goes: the query that tools send once must pass, a document that asks for it several
/// times or goes from fields to types to fields must not.
fn introspection_factor(field: &str) -> u64 {
    match field {
        "types" => 15,
        "fields" => 10,
        "inputFields" | "enumValues" | "possibleTypes" | "interfaces" => 5,
        "directives" | "args" => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(source: &str, variables: &str) -> (u64, bool) {
        let document = async_graphql_parser::parse_query(source).expect("a document");
        let variables = serde_json::from_str(variables).expect("variables");
        let types = InputTypes::from_sdl("type A { lines: [A!]! nodes: [A] }", &[]).expect("a schema");
        let Cost { points, varies } = count_cost(&Limits::default(), &types, &document, &variables);
        (points, varies)
    }

    #[test]
    fn table() {
        for (source, variables, points, varies) in [
            ("{ a { b c } }", "{}", 3, false),
            ("{ a(first: 10) { b c } }", "{}", 21, false),
            ("{ a(first: 10, last: 3) { b } }", "{}", 11, false),
            ("{ a(first: 5000) { b } }", "{}", 101, false),
            ("{ a(first: -1) { b } }", "{}", 2, false),
            ("{ a { totalCount edges { node { b } } } }", "{}", 62, false),
            ("{ a(first: 3) { edges { node { b } } } }", "{}", 10, false),
            ("query($n: Int) { a(first: $n) { b } }", "{\"n\": 7}", 8, true),
            ("query($n: Int) { a(first: $n) { edges { b } } }", "{}", 41, true),
            ("{ nodes(ids: [\"x\", \"y\"]) { b } }", "{}", 3, false),
            ("query($i: [ID!]!) { nodes(ids: $i) { b } }", "{\"i\": [1, 2, 3]}", 4, true),
            ("{ a { lines { b c } } }", "{}", 22, false),
            (
                "{ a(first: 2) { nodes { lines { b c lines { d } } } } }",
                "{}",
                1 + 2 * (1 + 1 + 10 * 13),
                false,
            ),
            ("{ a(first: 4) { ...f ...f } } fragment f on A { b }", "{}", 9, false),
            ("{ a { ...f } } fragment f on A { nodes { b } }", "{}", 41, false),
        ] {
            assert_eq!(cost(source, variables), (points, varies), "{source}");
        }
    }
}
