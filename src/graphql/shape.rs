//! Limits on a parsed document that do not depend on its variables.
//!
//! Every fragment is measured once and its measure is added wherever it is spread, so the
//! work is linear in the document however much it would expand to. Sums saturate.

use std::collections::HashMap;

use async_graphql::{Name, Positioned};
use async_graphql_parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationType, Selection, SelectionSet,
};

use super::limits::{Limits, check_limit, len_u64};
use super::refusal::{Code, Refusal};

/// Checks everything about a parsed document that needs neither schema nor variables.
///
/// # Errors
///
/// The first limit that is exceeded, a circle of fragments, or a misuse of `__typename`.
pub fn check(limits: &Limits, document: &ExecutableDocument) -> Result<(), Refusal> {
    check_limit("fragments", limits.fragments, len_u64(document.fragments.len()))?;
    let mut walk = Walk { limits, fragments: &document.fragments, known: HashMap::new() };
    let mut whole = Measure::default();
    let mut operations: Vec<_> = document.operations.iter().collect();
    operations.sort_by_key(|(_, operation)| operation.pos);
    for (_, operation) in operations {
        let operation = &operation.node;
        let mut measure = walk.selection_set(&operation.selection_set.node, 1, false)?;
        measure.directives = measure.directives.saturating_add(len_u64(operation.directives.len()));
        for definition in &operation.variable_definitions {
            let directives = len_u64(definition.node.directives.len());
            measure.directives = measure.directives.saturating_add(directives);
        }
        match operation.ty {
            OperationType::Mutation => {
                check_limit("mutation_fields", limits.mutation_fields, measure.top)?;
            }
            OperationType::Query | OperationType::Subscription => {
                check_limit("root_fields", limits.root_fields, measure.top)?;
            }
        }
        whole.add(measure);
    }
    // Fragments that no operation spreads are walked by validation all the same.
    // In their order, so that the same document is always told the same.
    let mut fragments: Vec<_> = document.fragments.iter().collect();
    fragments.sort_by_key(|(_, fragment)| fragment.pos);
    for (name, fragment) in fragments {
        if !walk.known.contains_key(name.as_str()) {
            whole.add(walk.fragment(name, fragment, 1)?);
        }
    }
    check_limit("fields", limits.fields, whole.selections)?;
    check_limit("depth", limits.depth, whole.depth)?;
    check_limit("aliases", limits.aliases, whole.aliases)?;
    check_limit("directives", limits.directives, whole.directives)
}

/// What a selection set has when its fragments are expanded.
#[derive(Clone, Copy, Debug, Default)]
struct Measure {
    /// Fields and spreads. Spreads count, because fragments of spreads alone still cost
    /// whoever expands them.
    selections: u64,
    aliases: u64,
    directives: u64,
    /// Fields inside each other.
    depth: u64,
    /// Selection sets inside each other.
    height: u64,
    /// Fields that stand in the set itself, not in a field of it.
    top: u64,
}

impl Measure {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.height = self.height.max(other.height);
        self.top = self.top.saturating_add(other.top);
    }
}

struct Walk<'a> {
    limits: &'a Limits,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while the fragment is being measured: to meet it then is a circle.
    known: HashMap<&'a str, Option<Measure>>,
}

impl<'a> Walk<'a> {
    /// `level` counts the selection sets above, through fragments, and bounds the recursion.
    fn selection_set(
        &mut self,
        set: &'a SelectionSet,
        level: u64,
        introspection: bool,
    ) -> Result<Measure, Refusal> {
        check_limit("nesting", self.limits.nesting, level)?;
        let mut measure = Measure { height: 1, ..Measure::default() };
        for selection in &set.items {
            let directives = len_u64(selection.node.directives().len());
            measure.directives = measure.directives.saturating_add(directives);
            measure.selections = measure.selections.saturating_add(1);
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
                    raised(self.selection_set(set, level + 1, introspection)?)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    match self.fragments.get_key_value(name) {
                        Some((name, fragment)) => raised(self.fragment(name, fragment, level + 1)?),
                        // Validation says that it is unknown.
                        None => Measure::default(),
                    }
                }
            };
            measure.add(inner);
        }
        Ok(measure)
    }

    fn field(
        &mut self,
        field: &'a Positioned<Field>,
        level: u64,
        introspection: bool,
    ) -> Result<Measure, Refusal> {
        let node = &field.node;
        let introspection = introspection || is_introspection(&node.name.node);
        if node.name.node == "__typename" {
            check_typename(field)?;
        } else if !self.limits.introspection && is_introspection(&node.name.node) {
            let message = "This server does not tell its schema: introspection is off.";
            return Err(Refusal::new(Code::GraphqlValidationFailed, message).at(field.pos));
        }
        let mut measure = if node.selection_set.node.items.is_empty() {
            Measure::default()
        } else {
            raised(self.selection_set(&node.selection_set.node, level + 1, introspection)?)
        };
        measure.depth = if introspection { 0 } else { measure.depth + 1 };
        measure.aliases = measure.aliases.saturating_add(u64::from(node.alias.is_some()));
        measure.top = 1;
        Ok(measure)
    }

    fn fragment(
        &mut self,
        name: &'a Name,
        fragment: &'a Positioned<FragmentDefinition>,
        level: u64,
    ) -> Result<Measure, Refusal> {
        match self.known.get(name.as_str()) {
            Some(Some(measure)) => {
                let nesting = level.saturating_add(measure.height).saturating_sub(1);
                check_limit("nesting", self.limits.nesting, nesting)?;
                return Ok(*measure);
            }
            Some(None) => {
                let message = format!("The fragment \"{name}\" spreads itself.");
                return Err(Refusal::new(Code::GraphqlValidationFailed, message).at(fragment.pos));
            }
            None => {}
        }
        self.known.insert(name.as_str(), None);
        let introspection = is_introspection(&fragment.node.type_condition.node.on.node);
        let set = &fragment.node.selection_set.node;
        let mut measure = self.selection_set(set, level, introspection)?;
        let directives = len_u64(fragment.node.directives.len());
        measure.directives = measure.directives.saturating_add(directives);
        self.known.insert(name.as_str(), Some(measure));
        Ok(measure)
    }
}

fn raised(measure: Measure) -> Measure {
    Measure { height: measure.height.saturating_add(1), ..measure }
}

pub(super) fn is_introspection(name: &str) -> bool {
    name.starts_with("__")
}

/// The library's validation passes over `__typename` and all that hangs on it.
fn check_typename(field: &Positioned<Field>) -> Result<(), Refusal> {
    let node = &field.node;
    let invalid = |message: String| Err(Refusal::new(Code::GraphqlValidationFailed, message).at(field.pos));
    if !node.arguments.is_empty() || !node.selection_set.node.items.is_empty() {
        return invalid("\"__typename\" has neither arguments nor fields.".to_owned());
    }
    for (index, directive) in node.directives.iter().enumerate() {
        let Directive { name, arguments } = &directive.node;
        if name.node != "skip" && name.node != "include" {
            return invalid(format!("Unknown directive \"@{}\" on \"__typename\".", name.node));
        }
        let earlier = &node.directives[..index];
        if earlier.iter().any(|other| other.node.name.node == name.node) {
            return invalid(format!("The directive \"@{}\" stands twice on one field.", name.node));
        }
        if arguments.len() != 1 || directive.node.get_argument("if").is_none() {
            return invalid(format!("The directive \"@{}\" takes one argument, \"if\".", name.node));
        }
    }
    Ok(())
}
