//! The check of the values in a document: literals, default values, and where variables are used.
//!
//! Once for each document: the values of variables come with a request, and [`super::variables`] checks them.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::{Name, Pos, Positioned};
use async_graphql_parser::types::{
    Directive, Field, FragmentDefinition, Selection, SelectionSet, VariableDefinition,
};
use async_graphql_value::Value;

use super::input_value::{self, Subject};
use super::operations::Operation;
use super::output_types::Argument;
use super::refusal::{Code, Refusal};
use super::schema_types::SchemaTypes;

/// What the check of an operation's values found.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) refusals: Vec<Refusal>,
    /// Variables of a type with null that are used where null is refused: a default applies there, so they may
    /// be left out, but not be null.
    pub(super) never_null: Vec<Name>,
}

/// Checks an operation whose nesting is bounded and whose variables have input types.
pub(super) fn check(types: &SchemaTypes, operation: &Operation) -> Checked {
    let definition = operation.definition();
    let definitions = &definition.variable_definitions;
    let mut visitor = Visitor {
        types,
        fragments: &operation.document.fragments,
        definitions,
        visited: HashSet::new(),
        never_null: BTreeSet::new(),
        refusals: Vec::new(),
    };
    for definition in definitions {
        let variable = &definition.node;
        if let Some(default) = &variable.default_value {
            let subject = Subject::default_of(&variable.name.node);
            let problems = input_value::problems(types, subject, &variable.var_type.node, &default.node);
            visitor.refuse(definition.pos, problems);
        }
        visitor.directives(&variable.directives);
    }
    visitor.directives(&definition.directives);
    visitor.selection_set(&definition.selection_set.node, types.outputs.root(operation.kind));
    let Visitor { never_null, refusals, .. } = visitor;
    Checked { refusals, never_null: never_null.into_iter().collect() }
}

struct Visitor<'a> {
    types: &'a SchemaTypes,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    definitions: &'a [Positioned<VariableDefinition>],
    visited: HashSet<&'a Name>,
    never_null: BTreeSet<Name>,
    refusals: Vec<Refusal>,
}

impl<'a> Visitor<'a> {
    /// `of` is the type that the fields belong to; none within introspection.
    fn selection_set(&mut self, set: &'a SelectionSet, of: Option<&'a Name>) {
        for selection in &set.items {
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => self.field(field, of),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map(|it| &it.node.on.node);
                    self.selection_set(&inline.node.selection_set.node, on.or(of));
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.fragments.get(name)
                        && self.visited.insert(name)
                    {
                        self.directives(&fragment.node.directives);
                        let on = &fragment.node.type_condition.node.on.node;
                        self.selection_set(&fragment.node.selection_set.node, Some(on));
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &'a Positioned<Field>, of: Option<&'a Name>) {
        let node = &field.node;
        let name = node.name.node.as_str();
        let output = of.and_then(|of| self.types.outputs.field(of, name));
        let arguments = match output {
            Some(output) => &output.arguments,
            None => self.types.introspection_arguments(name),
        };
        for required in missing(arguments, &node.arguments) {
            let message = format!("The field \"{name}\" requires the argument \"{}\".", required.name);
            self.refuse(field.pos, vec![message]);
        }
        self.arguments(arguments, &node.arguments);
        self.selection_set(&node.selection_set.node, output.map(|output| &output.ty));
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) {
        for directive in directives {
            let Directive { name, arguments } = &directive.node;
            let Some(defined) = self.types.directive(&name.node) else { continue };
            for Argument { name: argument, ty, .. } in missing(defined, arguments) {
                let message = format!(
                    "The directive \"@{}\" requires the argument \"{argument}\" of type \"{ty}\".",
                    name.node
                );
                self.refuse(directive.pos, vec![message]);
            }
            self.arguments(defined, arguments);
        }
    }

    fn arguments(&mut self, defined: &[Argument], given: &'a [(Positioned<Name>, Positioned<Value>)]) {
        for (name, value) in given {
            // Of the others validation says that they are unknown.
            let Some(argument) = defined.iter().find(|argument| argument.name == name.node) else { continue };
            let subject = Subject::argument(argument, self.definitions, &mut self.never_null);
            let problems = input_value::problems(self.types, subject, &argument.ty, &value.node);
            self.refuse(name.pos, problems);
        }
    }

    fn refuse(&mut self, pos: Pos, messages: Vec<String>) {
        let refusal = |message| Refusal::new(Code::GraphqlValidationFailed, message).at(pos);
        self.refusals.extend(messages.into_iter().map(refusal));
    }
}

/// The required arguments that are not given.
fn missing<'t>(
    defined: &'t [Argument],
    given: &[(Positioned<Name>, Positioned<Value>)],
) -> impl Iterator<Item = &'t Argument> {
    let given: Vec<&str> = given.iter().map(|(name, _)| name.node.as_str()).collect();
    defined.iter().filter(move |argument| argument.is_required() && !given.contains(&argument.name.as_str()))
}
