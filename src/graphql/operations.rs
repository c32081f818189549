//! A document split into its operations.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::{Name, Positioned};
use async_graphql_parser::types::{
    DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType,
    Selection, SelectionSet,
};

use super::introspection::Keys;
use super::refusal::{Code, Refusal, truncate_chars};

/// Maximum characters of names in a message.
const NAMES_CHARS_MAX: usize = 100;

/// A valid document, split into its operations.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) operations: Vec<Operation>,
    /// Approximate memory of the document, in bytes.
    pub(crate) memory_bytes: u64,
}

/// One operation of a document.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: Option<Name>,
    pub(crate) kind: OperationType,
    /// The root field, or `multiple` where there are several; a label for metrics.
    pub(crate) root_label: Arc<str>,
    /// Where the response contains the description of the schema.
    pub(crate) descriptions: Keys,
    /// The operation alone, with the fragments that it uses.
    pub(crate) document: ExecutableDocument,
    /// The complexity, unless it depends on variables.
    pub(crate) complexity: Option<u64>,
    /// Variables without a default that may be left out, and then leave out what they are the value of.
    pub(crate) optional: Vec<Name>,
    /// Variables that must not be null where they are used, although their type allows it.
    pub(crate) never_null: Vec<Name>,
}

impl Document {
    /// The operation that a request names, or the only one.
    ///
    /// # Errors
    ///
    /// `OPERATION_RESOLUTION_FAILURE`.
    pub(crate) fn operation(&self, name: Option<&str>) -> Result<&Operation, Refusal> {
        let refuse = |message| Err(Refusal::new(Code::OperationResolutionFailure, message));
        match (name, self.operations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, several) => refuse(format!(
                "The document has the operations {}; set \"operationName\" to one of them.",
                names(several)
            )),
            (Some(name), operations) => {
                let named = |it: &&Operation| it.name.as_deref() == Some(name);
                if let Some(operation) = operations.iter().find(named) {
                    return Ok(operation);
                }
                let given = truncate_chars(name.to_owned(), NAMES_CHARS_MAX);
                let known = match operations {
                    [Operation { name: None, .. }] => "its only operation has no name".to_owned(),
                    operations => format!("it has {}", names(operations)),
                };
                refuse(format!("The document has no operation named {given:?}; {known}."))
            }
        }
    }
}

fn names(operations: &[Operation]) -> String {
    let names: Vec<&str> = operations.iter().filter_map(|it| it.name.as_deref()).collect();
    truncate_chars(names.join(", "), NAMES_CHARS_MAX)
}

impl Operation {
    pub(crate) fn definition(&self) -> &OperationDefinition {
        match &self.document.operations {
            DocumentOperations::Single(operation) => &operation.node,
            DocumentOperations::Multiple(_) => unreachable!("split_operations() makes single operations"),
        }
    }
}

/// Splits a document, so that a request clones one operation.
pub(crate) fn split_operations(document: ExecutableDocument) -> Vec<Operation> {
    let ExecutableDocument { operations, fragments } = document;
    let operations: Vec<(Option<Name>, Positioned<OperationDefinition>)> = match operations {
        DocumentOperations::Single(operation) => vec![(None, operation)],
        DocumentOperations::Multiple(operations) => {
            let mut operations: Vec<_> = operations.into_iter().collect();
            operations.sort_by_key(|(_, operation)| operation.pos);
            operations.into_iter().map(|(name, operation)| (Some(name), operation)).collect()
        }
    };
    let reachable: Vec<HashSet<Name>> = operations
        .iter()
        .map(|(_, operation)| reachable_fragments(&operation.node.selection_set.node, &fragments))
        .collect();
    let parts = operations.into_iter().enumerate().map(|(index, (name, operation))| {
        let belongs = |fragment: &Name| reachable[index].contains(fragment);
        let set = &operation.node.selection_set.node;
        let root_label = root_label(set, &fragments);
        let descriptions = description_keys(set, &fragments);
        let own = fragments.iter().filter(|(name, _)| belongs(name));
        let variables = operation.node.variable_definitions.iter().map(|it| &it.node);
        let optional = variables.filter(|it| it.var_type.node.nullable && it.default_value.is_none());
        let optional = optional.map(|it| it.name.node.clone()).collect();
        Operation {
            name,
            kind: operation.node.ty,
            root_label,
            descriptions,
            document: ExecutableDocument {
                fragments: own.map(|(name, it)| (name.clone(), it.clone())).collect(),
                operations: DocumentOperations::Single(operation),
            },
            complexity: None,
            optional,
            never_null: Vec::new(),
        }
    });
    parts.collect()
}

/// The single root field of an operation, by its name in the schema, or `multiple`.
fn root_label(set: &SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) -> Arc<str> {
    let mut names = fields(set, fragments).into_iter().map(|field| &field.name.node);
    let first = names.next();
    if names.any(|name| Some(name) != first) {
        return Arc::from("multiple");
    }
    Arc::from(first.map_or("none", Name::as_str))
}

/// Response keys of the descriptions of the schema that an operation with this selection set selects.
fn description_keys(set: &SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) -> Keys {
    let named = |set, name: &'static str| {
        fields(set, fragments).into_iter().filter(move |field: &&Field| field.name.node == name)
    };
    let schemas = named(set, "__schema");
    let keys = schemas.flat_map(|schema| {
        let descriptions = named(&schema.selection_set.node, "description");
        descriptions
            .map(|description| (schema.response_key().node.clone(), description.response_key().node.clone()))
    });
    keys.collect()
}

/// The fields of a selection set, including those of its fragments.
fn fields<'d>(
    set: &'d SelectionSet,
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
) -> Vec<&'d Field> {
    let mut found = Vec::new();
    let mut spread: HashSet<&Name> = HashSet::new();
    let mut pending = vec![set];
    while let Some(set) = pending.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => found.push(&field.node),
                Selection::InlineFragment(it) => pending.push(&it.node.selection_set.node),
                Selection::FragmentSpread(it) => {
                    let name = &it.node.fragment_name.node;
                    let fragment = fragments.get(name).filter(|_| spread.insert(name));
                    pending.extend(fragment.map(|it| &it.node.selection_set.node));
                }
            }
        }
    }
    found
}

/// The fragments that a selection set spreads, directly or through other fragments.
fn reachable_fragments(
    set: &SelectionSet,
    fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
) -> HashSet<Name> {
    let mut names = HashSet::new();
    let mut pending = vec![set];
    while let Some(set) = pending.pop() {
        for name in direct_spreads(set) {
            if let Some(fragment) = fragments.get(&name)
                && names.insert(name)
            {
                pending.push(&fragment.node.selection_set.node);
            }
        }
    }
    names
}

/// The fragments that a selection set spreads directly.
fn direct_spreads(set: &SelectionSet) -> Vec<Name> {
    let mut names = Vec::new();
    let mut pending = vec![set];
    while let Some(set) = pending.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => pending.push(&field.node.selection_set.node),
                Selection::InlineFragment(it) => pending.push(&it.node.selection_set.node),
                Selection::FragmentSpread(it) => names.push(it.node.fragment_name.node.clone()),
            }
        }
    }
    names
}
