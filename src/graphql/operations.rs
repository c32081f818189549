//! A document taken apart into its operations.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::{Name, Positioned};
use async_graphql_parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, OperationType,
    Selection, SelectionSet,
};

use super::refusal::{Code, Refusal, truncate_chars};

/// A document that fits the schema, taken apart into its operations.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) operations: Vec<Operation>,
    /// Roughly what the document occupies, in bytes.
    pub(crate) memory: u64,
}

/// One operation of a document.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: Option<Name>,
    pub(crate) kind: OperationType,
    /// The field at its top, or `multiple` where there are several.
    pub(crate) root: Arc<str>,
    /// The operation alone, with the fragments that it reaches.
    pub(crate) document: ExecutableDocument,
    /// The complexity, unless it depends on variables.
    pub(crate) complexity: Option<u64>,
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
                "The document has {} operations: say in \"operationName\" which one to run.",
                several.len()
            )),
            (Some(name), operations) => {
                let named = |it: &&Operation| it.name.as_deref() == Some(name);
                match operations.iter().find(named) {
                    Some(operation) => Ok(operation),
                    None => refuse(format!(
                        "The document has no operation named {:?}.",
                        truncate_chars(name.to_owned(), 100)
                    )),
                }
            }
        }
    }
}

impl Operation {
    pub(crate) fn definition(&self) -> &OperationDefinition {
        match &self.document.operations {
            DocumentOperations::Single(operation) => &operation.node,
            DocumentOperations::Multiple(_) => unreachable!("split() makes single operations"),
        }
    }
}

/// Takes a document apart, so that a request copies one operation, and because the library
/// wrongly refuses two operations that share a variable's name at different types.
/// Fragments that nothing spreads stay with the first operation, to be reported there.
pub(crate) fn split(document: ExecutableDocument) -> Vec<Operation> {
    let ExecutableDocument { operations, fragments } = document;
    let operations: Vec<(Option<Name>, Positioned<OperationDefinition>)> = match operations {
        DocumentOperations::Single(operation) => vec![(None, operation)],
        DocumentOperations::Multiple(operations) => {
            let mut operations: Vec<_> = operations.into_iter().collect();
            operations.sort_by_key(|(_, operation)| operation.pos);
            operations.into_iter().map(|(name, operation)| (Some(name), operation)).collect()
        }
    };
    let reached: Vec<HashSet<Name>> = operations
        .iter()
        .map(|(_, operation)| reached(&operation.node.selection_set.node, &fragments))
        .collect();
    let parts = operations.into_iter().enumerate().map(|(index, (name, operation))| {
        let belongs = |fragment: &Name| {
            reached[index].contains(fragment)
                || (index == 0 && !reached.iter().any(|names| names.contains(fragment)))
        };
        let root = root(&operation.node.selection_set.node, &fragments);
        let own = fragments.iter().filter(|(name, _)| belongs(name));
        Operation {
            name,
            kind: operation.node.ty,
            root,
            document: ExecutableDocument {
                fragments: own.map(|(name, it)| (name.clone(), it.clone())).collect(),
                operations: DocumentOperations::Single(operation),
            },
            complexity: None,
        }
    });
    parts.collect()
}

/// The one field at the top of an operation, by its name in the schema, or `multiple`.
fn root(set: &SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) -> Arc<str> {
    let mut found: Option<&Name> = None;
    let mut spread: HashSet<&Name> = HashSet::new();
    let mut waiting = vec![set];
    while let Some(set) = waiting.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let name = &field.node.name.node;
                    if found.is_some_and(|found| found != name) {
                        return Arc::from("multiple");
                    }
                    found = Some(name);
                }
                Selection::InlineFragment(it) => waiting.push(&it.node.selection_set.node),
                Selection::FragmentSpread(it) => {
                    let name = &it.node.fragment_name.node;
                    let fragment = fragments.get(name).filter(|_| spread.insert(name));
                    waiting.extend(fragment.map(|it| &it.node.selection_set.node));
                }
            }
        }
    }
    Arc::from(found.map_or("none", Name::as_str))
}

/// The fragments that a selection set spreads, and those that they spread.
fn reached(set: &SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) -> HashSet<Name> {
    let mut names = HashSet::new();
    let mut waiting = vec![set];
    while let Some(set) = waiting.pop() {
        for name in spreads(set) {
            if let Some(fragment) = fragments.get(&name)
                && names.insert(name)
            {
                waiting.push(&fragment.node.selection_set.node);
            }
        }
    }
    names
}

/// The fragments that a selection set spreads, not counting what those spread.
fn spreads(set: &SelectionSet) -> Vec<Name> {
    let mut names = Vec::new();
    let mut waiting = vec![set];
    while let Some(set) = waiting.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => waiting.push(&field.node.selection_set.node),
                Selection::InlineFragment(it) => waiting.push(&it.node.selection_set.node),
                Selection::FragmentSpread(it) => names.push(it.node.fragment_name.node.clone()),
            }
        }
    }
    names
}
