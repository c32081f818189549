//! Limits on a parsed document that do not depend on its variables.
//!
//! Every fragment is visited once and its shape is added at each spread, so the work is linear in
//! the document, however much it would expand to. Sums saturate.

use std::collections::HashMap;

use async_graphql::{Name, Positioned};
use async_graphql_parser::types::{
    ExecutableDocument, Field, FragmentDefinition, OperationType, Selection, SelectionSet,
};

use super::limits::{Limits, check_limit, len_u64};
use super::refusal::{Code, Refusal};

/// Checks everything about a parsed document that needs neither schema nor variables.
///
/// # Errors
///
/// The first limit that is exceeded, a cycle of fragments, or introspection where it is turned off.
pub fn check(limits: &Limits, document: &ExecutableDocument) -> Result<(), Refusal> {
    check_limit("fragments", limits.fragments, len_u64(document.fragments.len()))?;
    let mut visitor =
        ShapeVisitor { limits, fragments: &document.fragments, fragment_shapes: HashMap::new() };
    let mut total = Shape::default();
    let mut operations: Vec<_> = document.operations.iter().collect();
    operations.sort_by_key(|(_, operation)| operation.pos);
    for (_, operation) in operations {
        let operation = &operation.node;
        let mut shape = visitor.selection_set(&operation.selection_set.node, 1, false)?;
        shape.directives = shape.directives.saturating_add(len_u64(operation.directives.len()));
        for definition in &operation.variable_definitions {
            let directives = len_u64(definition.node.directives.len());
            shape.directives = shape.directives.saturating_add(directives);
        }
        match operation.ty {
            OperationType::Mutation => {
                check_limit("mutation_fields", limits.mutation_fields, shape.root_fields)?;
            }
            OperationType::Query | OperationType::Subscription => {
                check_limit("root_fields", limits.root_fields, shape.root_fields)?;
            }
        }
        total.add(shape);
    }
    // Validation also visits fragments that no operation spreads.
    // In document order, so that the same document always gives the same error.
    let mut fragments: Vec<_> = document.fragments.iter().collect();
    fragments.sort_by_key(|(_, fragment)| fragment.pos);
    for (name, fragment) in fragments {
        if !visitor.fragment_shapes.contains_key(name.as_str()) {
            total.add(visitor.fragment(name, fragment, 1)?);
        }
    }
    check_limit("fields", limits.fields, total.selections)?;
    check_limit("depth", limits.depth, total.depth)?;
    check_limit("aliases", limits.aliases, total.aliases)?;
    check_limit("directives", limits.directives, total.directives)
}

/// Counts of a selection set with its fragments expanded.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    /// Fields and spreads. Spreads count, because fragments that hold only spreads still cost
    /// time to expand.
    selections: u64,
    aliases: u64,
    directives: u64,
    /// Fields inside each other.
    depth: u64,
    /// Selection sets inside each other.
    height: u64,
    /// Fields of the set itself, not of a nested selection.
    root_fields: u64,
}

impl Shape {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.height = self.height.max(other.height);
        self.root_fields = self.root_fields.saturating_add(other.root_fields);
    }
}

struct ShapeVisitor<'a> {
    limits: &'a Limits,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while the fragment is being visited: a second visit is then a cycle.
    fragment_shapes: HashMap<&'a str, Option<Shape>>,
}

impl<'a> ShapeVisitor<'a> {
    /// `level` counts the selection sets above, through fragments, and bounds the recursion.
    fn selection_set(
        &mut self,
        set: &'a SelectionSet,
        level: u64,
        introspection: bool,
    ) -> Result<Shape, Refusal> {
        check_limit("nesting", self.limits.nesting, level)?;
        let mut shape = Shape { height: 1, ..Shape::default() };
        for selection in &set.items {
            let directives = len_u64(selection.node.directives().len());
            shape.directives = shape.directives.saturating_add(directives);
            shape.selections = shape.selections.saturating_add(1);
            let inner = match &selection.node {
                Selection::Field(field) => self.field(field, level, introspection)?,
                Selection::InlineFragment(inline) => {
                    let introspection = introspection
                        || inline
                            .node
                            .type_condition
                            .as_ref()
                            .is_some_and(|condition| is_introspection(&condition.node.on.node));
                    let set = &inline.node.selection_set.node;
                    nested(self.selection_set(set, level + 1, introspection)?)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    match self.fragments.get_key_value(name) {
                        Some((name, fragment)) => nested(self.fragment(name, fragment, level + 1)?),
                        // Validation says that it is unknown.
                        None => Shape::default(),
                    }
                }
            };
            shape.add(inner);
        }
        Ok(shape)
    }

    fn field(
        &mut self,
        field: &'a Positioned<Field>,
        level: u64,
        introspection: bool,
    ) -> Result<Shape, Refusal> {
        let node = &field.node;
        let introspection = introspection || is_introspection(&node.name.node);
        let is_hidden = !self.limits.introspection && node.name.node != "__typename";
        if is_hidden && is_introspection(&node.name.node) {
            let message = "Introspection is disabled on this server.";
            return Err(Refusal::new(Code::GraphqlValidationFailed, message).at(field.pos));
        }
        let mut shape = if node.selection_set.node.items.is_empty() {
            Shape::default()
        } else {
            nested(self.selection_set(&node.selection_set.node, level + 1, introspection)?)
        };
        shape.depth = if introspection { 0 } else { shape.depth + 1 };
        shape.aliases = shape.aliases.saturating_add(u64::from(node.alias.is_some()));
        shape.root_fields = 1;
        Ok(shape)
    }

    fn fragment(
        &mut self,
        name: &'a Name,
        fragment: &'a Positioned<FragmentDefinition>,
        level: u64,
    ) -> Result<Shape, Refusal> {
        match self.fragment_shapes.get(name.as_str()) {
            Some(Some(shape)) => {
                let nesting = level.saturating_add(shape.height).saturating_sub(1);
                check_limit("nesting", self.limits.nesting, nesting)?;
                return Ok(*shape);
            }
            Some(None) => {
                let message =
                    format!("The fragment \"{name}\" contains itself, directly or through other fragments.");
                return Err(Refusal::new(Code::GraphqlValidationFailed, message).at(fragment.pos));
            }
            None => {}
        }
        self.fragment_shapes.insert(name.as_str(), None);
        let introspection = is_introspection(&fragment.node.type_condition.node.on.node);
        let set = &fragment.node.selection_set.node;
        let mut shape = self.selection_set(set, level, introspection)?;
        let directives = len_u64(fragment.node.directives.len());
        shape.directives = shape.directives.saturating_add(directives);
        self.fragment_shapes.insert(name.as_str(), Some(shape));
        Ok(shape)
    }
}

fn nested(shape: Shape) -> Shape {
    Shape { height: shape.height.saturating_add(1), ..shape }
}

pub(super) fn is_introspection(name: &str) -> bool {
    name.starts_with("__")
}
