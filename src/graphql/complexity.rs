//! The complexity of an operation: an estimate of how many values its response has.
//!
//! A field costs 1. What is inside a field that returns a page costs as many times as much as `first` or
//! `last` asks for, or as a default page has. What is inside a list of `ids` costs as many times as there
//! are ids, and what is inside any other list ten times. Which field returns what is read from the schema
//! ([`super::output_types`]); introspection, which the schema's text does not define, has factors of its
//! own. The page size may be a variable, so the complexity is estimated for each request unless it
//! was found to depend on none.

use std::collections::HashMap;

use async_graphql::{Name, Positioned, Value as ConstValue, Variables};
use async_graphql_parser::types::{
    ExecutableDocument, Field, FragmentDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql_value::Value;

use super::limits::{Limits, len_u64};
use super::output_types::{Multiplicity, OutputTypes};
use super::schema_types::SchemaTypes;

/// Complexity that costs one rate limit point.
const COMPLEXITY_PER_POINT: u64 = 100;
/// Rate limit points of a root mutation field: it locks rows, writes and waits for the disk.
const MUTATION_POINTS: u64 = 5;

/// The estimated complexity of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complexity {
    /// Estimated number of values in the response, saturating.
    pub value: u64,
    /// Whether the estimate would differ with other variables.
    pub depends_on_variables: bool,
}

/// Estimates the complexity of a document with one operation, whose shape has been checked.
///
/// `variables` are those of the request with the defaults filled in.
#[must_use]
pub fn estimate(
    limits: &Limits,
    types: &SchemaTypes,
    document: &ExecutableDocument,
    variables: &Variables,
) -> Complexity {
    let mut visitor = ComplexityVisitor {
        limits,
        types: &types.outputs,
        variables,
        fragments: &document.fragments,
        fragment_weights: HashMap::new(),
        depends_on_variables: false,
    };
    let mut points: u64 = 0;
    for (_, operation) in document.operations.iter() {
        let root = types.outputs.root(operation.node.ty);
        let weight = visitor.selection_set(&operation.node.selection_set.node, root);
        points = points.saturating_add(weight.plain).saturating_add(weight.listed);
    }
    Complexity { value: points, depends_on_variables: visitor.depends_on_variables }
}

/// Rate limit points of an operation: one, or five for each root field of a mutation; one for every hundred of
/// complexity; and one for each item of a list in the arguments of a mutation. The root fields of the mutation are
/// those that will run, whether the document has them in fragments or not, and a list costs the same as a literal
/// and as a variable.
pub(super) fn rate_limit_cost(
    kind: OperationType,
    document: &ExecutableDocument,
    complexity: u64,
    variables: &Variables,
) -> u64 {
    let base = match kind {
        OperationType::Query | OperationType::Subscription => 1,
        OperationType::Mutation => {
            let sets = document.operations.iter().map(|(_, it)| &it.node.selection_set.node);
            let costs = sets.flat_map(|set| &set.items).map(|selection| match &selection.node {
                Selection::Field(field) => {
                    let items =
                        field.node.arguments.iter().map(|(_, value)| list_items(&value.node, variables));
                    items.fold(MUTATION_POINTS, u64::saturating_add)
                }
                // Root fields are merged before.
                Selection::FragmentSpread(_) | Selection::InlineFragment(_) => 0,
            });
            costs.fold(0, u64::saturating_add)
        }
    };
    base.saturating_add(complexity / COMPLEXITY_PER_POINT)
}

/// Items of the lists in an argument, at any depth.
fn list_items(value: &Value, variables: &Variables) -> u64 {
    let sum = |counts: &mut dyn Iterator<Item = u64>| counts.fold(0, u64::saturating_add);
    match value {
        Value::Variable(name) => variables.get(name).map_or(0, constant_list_items),
        Value::List(items) => {
            let inner = sum(&mut items.iter().map(|item| list_items(item, variables)));
            inner.saturating_add(len_u64(items.len()))
        }
        Value::Object(fields) => sum(&mut fields.values().map(|field| list_items(field, variables))),
        _ => 0,
    }
}

fn constant_list_items(value: &ConstValue) -> u64 {
    let sum = |counts: &mut dyn Iterator<Item = u64>| counts.fold(0, u64::saturating_add);
    match value {
        ConstValue::List(items) => {
            sum(&mut items.iter().map(constant_list_items)).saturating_add(len_u64(items.len()))
        }
        ConstValue::Object(fields) => sum(&mut fields.values().map(constant_list_items)),
        _ => 0,
    }
}

/// The complexity of a selection set. The part under `edges` and `nodes` is counted separately, because
/// only the field that holds the set has the page size of that list.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    plain: u64,
    listed: u64,
}

struct ComplexityVisitor<'a> {
    limits: &'a Limits,
    types: &'a OutputTypes,
    variables: &'a Variables,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    fragment_weights: HashMap<&'a str, Weight>,
    depends_on_variables: bool,
}

impl<'a> ComplexityVisitor<'a> {
    /// `of` is the type that the fields belong to; none within introspection.
    fn selection_set(&mut self, set: &'a SelectionSet, of: Option<&'a Name>) -> Weight {
        let mut sum = Weight::default();
        for selection in &set.items {
            let weight = match &selection.node {
                Selection::Field(field) => self.field(&field.node, of),
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map(|it| &it.node.on.node);
                    self.selection_set(&inline.node.selection_set.node, condition.or(of))
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            };
            sum.plain = sum.plain.saturating_add(weight.plain);
            sum.listed = sum.listed.saturating_add(weight.listed);
        }
        sum
    }

    fn field(&mut self, field: &'a Field, of: Option<&'a Name>) -> Weight {
        let name = field.name.node.as_str();
        let defined = of.and_then(|of| self.types.field(of, name));
        let inner = self.selection_set(&field.selection_set.node, defined.map(|it| &it.ty));
        let all = inner.plain.saturating_add(inner.listed);
        let Some(defined) = defined else {
            let points = all.saturating_mul(introspection_factor(name)).saturating_add(1);
            return Weight { plain: points, listed: 0 };
        };
        let points = match defined.multiplicity {
            Multiplicity::One => all,
            Multiplicity::Page => match self.page(field) {
                Some(items) => all.saturating_mul(items),
                None => inner.listed.saturating_mul(self.limits.page_default).saturating_add(inner.plain),
            },
            Multiplicity::ItemsOfPage => {
                return Weight { plain: 0, listed: all.saturating_add(1) };
            }
            Multiplicity::BatchById(argument) => all.saturating_mul(self.items_by_id(field, argument)),
            Multiplicity::List => all.saturating_mul(self.limits.list_default),
        };
        Weight { plain: points.saturating_add(1), listed: 0 }
    }

    fn fragment(&mut self, name: &Name) -> Weight {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Weight::default();
        };
        if let Some(weight) = self.fragment_weights.get(name.as_str()) {
            return *weight;
        }
        let of = &fragment.node.type_condition.node.on.node;
        let weight = self.selection_set(&fragment.node.selection_set.node, Some(of));
        self.fragment_weights.insert(name.as_str(), weight);
        weight
    }

    /// How many items `first` or `last` asks for, if they are given.
    fn page(&mut self, field: &Field) -> Option<u64> {
        let mut page = None;
        for (name, value) in &field.arguments {
            if matches!(name.node.as_str(), "first" | "last") {
                page = page.max(self.number(&value.node));
            }
        }
        page.map(|items| items.clamp(1, self.limits.page_max))
    }

    fn items_by_id(&mut self, field: &Field, argument: &str) -> u64 {
        let ids = field.get_argument(argument).and_then(|ids| self.length(&ids.node));
        ids.unwrap_or(1).clamp(1, self.limits.page_max)
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
            Value::List(items) => Some(len_u64(items.len())),
            Value::Variable(name) => match self.variable(name)? {
                ConstValue::List(items) => Some(len_u64(items.len())),
                _ => Some(1),
            },
            _ => Some(1),
        }
    }

    fn variable(&mut self, name: &Name) -> Option<&'a ConstValue> {
        self.depends_on_variables = true;
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
    use crate::graphql::root_fields;

    const SCHEMA: &str = "
        type Query {
            a: A
            as(first: Int, last: Int): AConnection!
            list(first: Int = 3): [A!]!
            nodes(ids: [ID!]!): [Node]!
            node: Node
        }
        interface Node { b: Int }
        type A implements Node { b: Int c: Int lines: [A!]! edges: A as(first: Int): AConnection! }
        type AConnection { totalCount: Int edges: [AEdge!]! nodes: [A]! }
        type AEdge { node: A }";

    fn complexity(source: &str, variables: &str) -> (u64, bool) {
        let document = async_graphql_parser::parse_query(source).expect("a document");
        let variables = serde_json::from_str(variables).expect("variables");
        let types = SchemaTypes::from_sdl(SCHEMA, &[]).expect("a schema");
        let Complexity { value, depends_on_variables } =
            estimate(&Limits::default(), &types, &document, &variables);
        (value, depends_on_variables)
    }

    #[test]
    fn a_mutation_costs_what_will_run() {
        for (source, variables, cost) in [
            ("mutation { a b }", "{}", 10),
            ("mutation { ...f } fragment f on M { a b ... { c } a }", "{}", 15),
            ("mutation { a ...f ...f } fragment f on M { a }", "{}", 5),
            ("mutation($y: Boolean!) { a @skip(if: $y) b }", "{\"y\": true}", 5),
            ("mutation { a(i: {l: [1, 2, 3]}) }", "{}", 8),
            ("mutation($i: I) { a(i: $i) }", "{\"i\": {\"l\": [1, 2, 3]}}", 8),
            ("mutation($l: [Int]) { a(i: {l: $l}) }", "{\"l\": [1, 2, 3]}", 8),
            ("mutation($l: [Int]) { a(i: $l) b(i: $l) }", "{\"l\": [1, 2, 3]}", 16),
            ("mutation { a(i: {o: {l: [{m: [1]}, {m: [2, 3]}]}}) }", "{}", 10),
            ("query { a(l: [1, 2]) }", "{}", 1),
        ] {
            let mut document = async_graphql_parser::parse_query(source).expect("a document");
            let variables = serde_json::from_str(variables).expect("variables");
            let kind = document.operations.iter().next().expect("an operation").1.node.ty;
            if kind == OperationType::Mutation {
                root_fields::merge(&mut document, &variables);
            }
            assert_eq!(rate_limit_cost(kind, &document, 0, &variables), cost, "{source}");
        }
    }

    #[test]
    fn pages_and_lists_multiply_what_is_in_them() {
        for (source, variables, value, depends_on_variables) in [
            ("{ a { b c } }", "{}", 3, false),
            ("{ as(first: 10) { nodes { b c } } }", "{}", 31, false),
            ("{ as(first: 10, last: 3) { nodes { b } } }", "{}", 21, false),
            ("{ as(first: 5000) { nodes { b } } }", "{}", 201, false),
            ("{ as(first: -1) { nodes { b } } }", "{}", 3, false),
            ("{ as { totalCount edges { node { b } } } }", "{}", 62, false),
            ("{ as(first: 3) { edges { node { b } } } }", "{}", 10, false),
            ("query($n: Int) { as(first: $n) { nodes { b } } }", "{\"n\": 7}", 15, true),
            ("query($n: Int) { as(first: $n) { edges { node { b } } } }", "{}", 61, true),
            ("{ nodes(ids: [\"x\", \"y\"]) { b } }", "{}", 3, false),
            ("query($i: [ID!]!) { nodes(ids: $i) { b } }", "{\"i\": [1, 2, 3]}", 4, true),
            ("{ a { lines { b c } } }", "{}", 22, false),
            ("{ list(first: 4) { b } }", "{}", 5, false),
            // Of an object that is no connection, the same names are no items of a page.
            ("{ a { edges { b } } }", "{}", 3, false),
            (
                "{ as(first: 2) { nodes { lines { b c lines { b } } } } }",
                "{}",
                1 + 2 * (1 + 1 + 10 * 13),
                false,
            ),
            ("{ as(first: 2) { nodes { as(first: 3) { nodes { b } } } } }", "{}", 1 + 2 * (1 + 7), false),
            ("{ as(first: 4) { ...f ...f } } fragment f on AConnection { totalCount }", "{}", 9, false),
            ("{ as { ...f } } fragment f on AConnection { nodes { b } }", "{}", 41, false),
            ("{ node { ... on A { lines { b } } } }", "{}", 12, false),
            ("{ a { __typename } }", "{}", 2, false),
        ] {
            assert_eq!(complexity(source, variables), (value, depends_on_variables), "{source}");
        }
    }
}
