//! Fields of one response key, merged before the execution.
//!
//! The library resolves a field as often as it is selected and merges the values, lists by position. Each of these
//! reads may see another state of the database, and then values of different objects would become one. Merged, a
//! field is resolved once, and the response has the order that the specification says: each key in its first place.
//! What `@skip`, `@include` or the type of an object decides stays apart.

use std::collections::{HashMap, HashSet};

use async_graphql::{Name, Pos, Positioned};
use async_graphql_parser::types::{
    DocumentOperations, ExecutableDocument, Field, FragmentDefinition, InlineFragment, OperationType,
    Selection, SelectionSet, TypeCondition,
};

use super::output_types::OutputTypes;

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;
/// The type condition under which a field is selected, if it has one, and the key of the field.
type Key = (Option<Name>, Name);

/// Merges the fields of a validated document with one operation. Returns how many selections of fragments were
/// copied; the limit on fields bounds it.
pub(super) fn merge(types: &OutputTypes, kind: OperationType, document: &mut ExecutableDocument) -> usize {
    let ExecutableDocument { operations: DocumentOperations::Single(operation), fragments } = document else {
        unreachable!("split_operations() makes single operations")
    };
    let set = &mut operation.node.selection_set.node;
    let detector = Detector { types, fragments };
    let is_needed = detector.in_set(set, types.root(kind))
        || fragments.values().any(|fragment| {
            let FragmentDefinition { type_condition, selection_set, .. } = &fragment.node;
            detector.in_set(&selection_set.node, Some(&type_condition.node.on.node))
        });
    if !is_needed {
        return 0;
    }
    let originals = fragments.clone();
    let mut merger = Merger { types, fragments: &originals, copied: 0 };
    merger.selection_set(set, types.root(kind));
    for fragment in fragments.values_mut() {
        let FragmentDefinition { type_condition, selection_set, .. } = &mut fragment.node;
        merger.selection_set(&mut selection_set.node, Some(&type_condition.node.on.node));
    }
    merger.copied
}

/// The selections of an inline fragment or a spread, if no directive decides on them, and the type they are on.
fn unconditional<'d>(
    fragments: &'d Fragments,
    selection: &'d Selection,
) -> Option<(Option<&'d Name>, &'d SelectionSet)> {
    match selection {
        Selection::InlineFragment(it) if it.node.directives.is_empty() => {
            let on = it.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
            Some((on, &it.node.selection_set.node))
        }
        Selection::FragmentSpread(it) if it.node.directives.is_empty() => {
            let fragment = fragments.get(&it.node.fragment_name.node)?;
            let on = &fragment.node.type_condition.node.on.node;
            Some((Some(on), &fragment.node.selection_set.node))
        }
        _ => None,
    }
}

/// Looks for keys that occur twice in one selection set.
struct Detector<'a> {
    types: &'a OutputTypes,
    fragments: &'a Fragments,
}

impl<'a> Detector<'a> {
    fn in_set(&self, set: &'a SelectionSet, of: Option<&Name>) -> bool {
        self.keys(set, None, of, &mut HashSet::new(), &mut HashSet::new())
    }

    fn keys(
        &self,
        set: &'a SelectionSet,
        condition: Option<&Name>,
        of: Option<&Name>,
        keys: &mut HashSet<Key>,
        spread: &mut HashSet<(Option<Name>, &'a Name)>,
    ) -> bool {
        set.items.iter().any(|selection| match &selection.node {
            Selection::Field(field) => {
                let key = (condition.cloned(), field.node.response_key().node.clone());
                let is_duplicate = field.node.directives.is_empty() && !keys.insert(key);
                let defined = of.and_then(|of| self.types.field(of, &field.node.name.node));
                is_duplicate || self.in_set(&field.node.selection_set.node, defined.map(|it| &it.ty))
            }
            other => {
                if let Selection::FragmentSpread(it) = other {
                    let name = &it.node.fragment_name.node;
                    if !spread.insert((condition.cloned(), name)) {
                        return true;
                    }
                }
                match unconditional(self.fragments, other) {
                    Some((on, inner)) if on.is_none() || on == of => {
                        self.keys(inner, condition, of, keys, spread)
                    }
                    Some((on, inner)) if condition.is_none() => self.keys(inner, on, on, keys, spread),
                    // Each set inside is looked at for itself.
                    _ => match other {
                        Selection::InlineFragment(it) => {
                            let on = it.node.type_condition.as_ref().map(|on| &on.node.on.node).or(of);
                            self.in_set(&it.node.selection_set.node, on)
                        }
                        _ => false,
                    },
                }
            }
        })
    }
}

/// A place among the merged selections.
enum Place {
    /// A field, by its index.
    Field(usize),
    /// Fields of objects of a type.
    Group(Name, Pos, Vec<Place>),
    /// What stays as it is.
    Other(Positioned<Selection>),
}

struct Merger<'a> {
    types: &'a OutputTypes,
    fragments: &'a Fragments,
    copied: usize,
}

impl Merger<'_> {
    fn selection_set(&mut self, set: &mut SelectionSet, of: Option<&Name>) {
        let mut level = Level::default();
        let items = std::mem::take(&mut set.items);
        let places = self.places(&mut level, items, None, of);
        let mut fields: Vec<Option<Positioned<Field>>> = level.fields.into_iter().map(Some).collect();
        set.items = restore(places, &mut fields);
        self.inner_sets(set, of);
    }

    fn inner_sets(&mut self, set: &mut SelectionSet, of: Option<&Name>) {
        for selection in &mut set.items {
            match &mut selection.node {
                Selection::Field(field) => {
                    let defined = of.and_then(|of| self.types.field(of, &field.node.name.node));
                    let ty = defined.map(|it| it.ty.clone());
                    self.selection_set(&mut field.node.selection_set.node, ty.as_ref());
                }
                Selection::InlineFragment(it) => {
                    let on = it.node.type_condition.as_ref().map(|on| on.node.on.node.clone());
                    let is_merged = it.node.directives.is_empty();
                    let set = &mut it.node.selection_set.node;
                    let on = on.as_ref().or(of);
                    if is_merged { self.inner_sets(set, on) } else { self.selection_set(set, on) }
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn places(
        &mut self,
        level: &mut Level,
        items: Vec<Positioned<Selection>>,
        condition: Option<&Name>,
        of: Option<&Name>,
    ) -> Vec<Place> {
        let mut places = Vec::with_capacity(items.len());
        for selection in items {
            let pos = selection.pos;
            let inner = unconditional(self.fragments, &selection.node);
            let Some((on, inner)) = inner else {
                match selection.node {
                    Selection::Field(field) if field.node.directives.is_empty() => {
                        places.extend(level.field(condition, field).map(Place::Field));
                    }
                    node => places.push(Place::Other(Positioned::new(node, pos))),
                }
                continue;
            };
            let is_of_parent = on.is_none() || on == of;
            if !is_of_parent && condition.is_some() {
                places.push(Place::Other(selection));
                continue;
            }
            let inner_condition = if is_of_parent { condition } else { on };
            if let Selection::FragmentSpread(it) = &selection.node {
                let name = it.node.fragment_name.node.clone();
                if !level.spread.insert((inner_condition.cloned(), name)) {
                    continue;
                }
                self.copied += selections(inner);
            }
            let (on, items) = (on.cloned(), inner.items.clone());
            let inner_condition = inner_condition.cloned();
            match on {
                Some(on) if !is_of_parent => {
                    let inner = self.places(level, items, inner_condition.as_ref(), Some(&on));
                    if !inner.is_empty() {
                        places.push(Place::Group(on, pos, inner));
                    }
                }
                _ => places.extend(self.places(level, items, inner_condition.as_ref(), of)),
            }
        }
        places
    }
}

/// The fields of one selection set.
#[derive(Default)]
struct Level {
    fields: Vec<Positioned<Field>>,
    indexes: HashMap<Key, usize>,
    /// Fragments whose selections are among them.
    spread: HashSet<Key>,
}

impl Level {
    /// The index of a field in its first place; none for one that is merged into an earlier one.
    fn field(&mut self, condition: Option<&Name>, field: Positioned<Field>) -> Option<usize> {
        let key = (condition.cloned(), field.node.response_key().node.clone());
        if let Some(index) = self.indexes.get(&key) {
            // Validation ensures that they differ in their selections only.
            let first = &mut self.fields[*index].node.selection_set.node.items;
            first.extend(field.node.selection_set.node.items);
            return None;
        }
        self.indexes.insert(key, self.fields.len());
        self.fields.push(field);
        Some(self.fields.len() - 1)
    }
}

fn restore(places: Vec<Place>, fields: &mut [Option<Positioned<Field>>]) -> Vec<Positioned<Selection>> {
    let restored = places.into_iter().filter_map(|place| match place {
        Place::Field(index) => {
            let field = fields[index].take()?;
            let pos = field.pos;
            Some(Positioned::new(Selection::Field(field), pos))
        }
        Place::Group(on, pos, inner) => {
            let inline = InlineFragment {
                type_condition: Some(Positioned::new(TypeCondition { on: Positioned::new(on, pos) }, pos)),
                directives: Vec::new(),
                selection_set: Positioned::new(SelectionSet { items: restore(inner, fields) }, pos),
            };
            Some(Positioned::new(Selection::InlineFragment(Positioned::new(inline, pos)), pos))
        }
        Place::Other(selection) => Some(selection),
    });
    restored.collect()
}

fn selections(set: &SelectionSet) -> usize {
    let inner = set.items.iter().map(|selection| match &selection.node {
        Selection::Field(it) => selections(&it.node.selection_set.node),
        Selection::InlineFragment(it) => selections(&it.node.selection_set.node),
        Selection::FragmentSpread(_) => 0,
    });
    set.items.len() + inner.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::schema_types::SchemaTypes;

    const SCHEMA: &str = "type Query { a: A n: N } interface N { i: Int } \
        type A implements N { i: Int j: Int a: A n: N l: [A] } type B implements N { i: Int b: A }";

    #[test]
    fn fields_are_merged_in_their_first_places() {
        let types = SchemaTypes::from_sdl(SCHEMA, &[]).expect("a schema");
        for (document, expected) in [
            ("{ a { i } n { i } }", "a{i} n{i}"),
            ("{ a { i } n { i } a { j i } }", "a{i j} n{i}"),
            (
                "{ a { a { i } } ...f n { i } } fragment f on Query { x: a { i } a { a { j } i } }",
                "a{a{i j} i} x:a{i} n{i}",
            ),
            (
                "{ a { ...f ...g } } fragment f on A { l { i } } fragment g on A { j l { j ...h } } fragment h on A { i a { i } }",
                "a{l{i j a{i}} j}",
            ),
            ("{ a { i } ... { a { j } ... on Query { a { l { i } } } } }", "a{i j l{i}}"),
            ("{ a { i } a @skip(if: true) { j } a { l { i } } }", "a{i l{i}} a@{j}"),
            ("{ a { i ... @skip(if: true) { j j i } } }", "a{i ...@{j i}}"),
            (
                "{ n { ... on A { a { i } } i ... on A { j a { j } } ... on B { b { i } } } }",
                "n{...A{a{i j}} i ...A{j} ...B{b{i}}}",
            ),
            (
                "{ n { ...f ...g ...f } } fragment f on A { a { i } } fragment g on A { a { j } }",
                "n{...A{a{i j}}}",
            ),
            ("{ ...f a { ...g } } fragment f on Query { a { ...g } } fragment g on A { i i }", "a{i}"),
            ("{ a { ... on N { i } i ... on N { i } } }", "a{...N{i} i}"),
        ] {
            let mut document = async_graphql_parser::parse_query(document).expect("GraphQL");
            merge(&types.outputs, OperationType::Query, &mut document);
            let (_, operation) = document.operations.iter().next().expect("an operation");
            assert_eq!(shown(&operation.node.selection_set.node), expected);
        }
    }

    #[test]
    fn documents_without_duplicates_stay_as_they_are() {
        let types = SchemaTypes::from_sdl(SCHEMA, &[]).expect("a schema");
        for (document, expected) in [
            ("{ a { ...f } } fragment f on A { i a { ...g } } fragment g on A { i }", "a{...f}"),
            ("{ n { ...f ... on B { i } } } fragment f on A { i }", "n{...f ...B{i}}"),
            ("{ a { i ... @skip(if: true) { i } } }", "a{i ...@{i}}"),
        ] {
            let mut document = async_graphql_parser::parse_query(document).expect("GraphQL");
            assert_eq!(merge(&types.outputs, OperationType::Query, &mut document), 0);
            let (_, operation) = document.operations.iter().next().expect("an operation");
            assert_eq!(shown(&operation.node.selection_set.node), expected);
        }
    }

    fn shown(set: &SelectionSet) -> String {
        let items = set.items.iter().map(|selection| {
            let mark = if selection.node.directives().is_empty() { "" } else { "@" };
            let (name, inner) = match &selection.node {
                Selection::Field(it) => {
                    let alias = it.node.alias.as_ref().map(|alias| format!("{alias}:")).unwrap_or_default();
                    (format!("{alias}{}", it.node.name), &it.node.selection_set.node)
                }
                Selection::InlineFragment(it) => {
                    let on = it.node.type_condition.as_ref().map_or("", |on| on.node.on.node.as_str());
                    (format!("...{on}"), &it.node.selection_set.node)
                }
                Selection::FragmentSpread(it) => return format!("...{}", it.node.fragment_name),
            };
            let inner = shown(inner);
            let inner = if inner.is_empty() { inner } else { format!("{{{inner}}}") };
            format!("{name}{mark}{inner}")
        });
        items.collect::<Vec<_>>().join(" ")
    }
}
