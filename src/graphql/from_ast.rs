//! The tree of a parsed document in the types of the library that executes it.

use std::collections::HashMap;

use apollo_compiler::{Name, Node, ast};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Pos, Positioned};
use async_graphql_parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, FragmentSpread,
    InlineFragment, OperationDefinition, OperationType, Selection, SelectionSet, Type, TypeCondition,
    VariableDefinition,
};
use async_graphql_value::{ConstValue, Number, Value};

use super::position::Positions;
use super::refusal::{Code, Refusal};

/// Why a tree is no document.
pub(super) enum Unfit {
    /// At this position is something that no executable document has.
    Syntax(Pos),
    /// Definitions or fields conflict.
    Refused(Vec<Refusal>),
}

/// Converts a tree whose nesting is bounded. Also returns the number of names in it, keywords included.
pub(super) fn convert(source: &str, ast: &ast::Document) -> Result<(ExecutableDocument, u64), Unfit> {
    let mut converter =
        Converter { source, positions: Positions::new(source), names: 0, refusals: Vec::new() };
    let mut operations: Vec<(Option<async_graphql::Name>, Positioned<OperationDefinition>)> = Vec::new();
    let mut fragments: HashMap<async_graphql::Name, Positioned<FragmentDefinition>> = HashMap::new();
    for definition in &ast.definitions {
        match definition {
            ast::Definition::OperationDefinition(operation) => {
                let (name, operation) = converter.operation(operation);
                if let Some(refusal) = conflict(&operations, name.as_ref(), operation.pos) {
                    return Err(Unfit::Refused(vec![refusal]));
                }
                operations.push((name, operation));
            }
            ast::Definition::FragmentDefinition(fragment) => {
                let (name, fragment) = converter.fragment(fragment);
                if let Some(other) = fragments.get(&name) {
                    let message = format!("The document has two fragments with the name \"{name}\".");
                    return Err(Unfit::Refused(vec![unclear(message, &[other.pos, fragment.pos])]));
                }
                fragments.insert(name, fragment);
            }
            other => return Err(Unfit::Syntax(converter.positions.start(other.location()))),
        }
    }
    let operations = match <[_; 1]>::try_from(operations) {
        Ok([(None, operation)]) => DocumentOperations::Single(operation),
        Ok([(Some(name), operation)]) => DocumentOperations::Multiple([(name, operation)].into()),
        Err(operations) if operations.is_empty() => {
            let message = "The document has no operation; add a query, mutation or subscription.";
            return Err(Unfit::Refused(vec![unclear(message.to_owned(), &[])]));
        }
        Err(operations) => {
            let named = operations.into_iter().filter_map(|(name, operation)| Some((name?, operation)));
            DocumentOperations::Multiple(named.collect())
        }
    };
    if !converter.refusals.is_empty() {
        return Err(Unfit::Refused(converter.refusals));
    }
    Ok((ExecutableDocument { operations, fragments }, converter.names))
}

/// What makes it unclear which operation a request means.
fn conflict(
    others: &[(Option<async_graphql::Name>, Positioned<OperationDefinition>)],
    name: Option<&async_graphql::Name>,
    pos: Pos,
) -> Option<Refusal> {
    if let Some((_, other)) = others.iter().find(|(other, _)| name.is_none() || other.is_none()) {
        let message = "The document has several operations, so each of them needs a name.";
        return Some(unclear(message.to_owned(), &[other.pos, pos]));
    }
    let (Some(name), other) = others.iter().find(|(other, _)| other.as_ref() == name)? else { return None };
    let message = format!("The document has two operations with the name \"{name}\".");
    Some(unclear(message, &[other.pos, pos]))
}

fn unclear(message: String, locations: &[Pos]) -> Refusal {
    Refusal { locations: locations.to_vec(), ..Refusal::new(Code::GraphqlParseFailed, message) }
}

struct Converter<'s> {
    source: &'s str,
    positions: Positions<'s>,
    names: u64,
    refusals: Vec<Refusal>,
}

impl Converter<'_> {
    fn operation(
        &mut self,
        node: &Node<ast::OperationDefinition>,
    ) -> (Option<async_graphql::Name>, Positioned<OperationDefinition>) {
        let pos = self.positions.start(node.location());
        let offset = node.location().map_or(0, |span| span.offset());
        // The shorthand form has no keyword.
        self.names += u64::from(!self.source[offset..].starts_with('{'));
        let name = node.name.as_ref().map(|name| self.name(name).node);
        let variable_definitions = node.variables.iter().map(|it| self.variable(it)).collect();
        let directives = self.directives(&node.directives);
        let selection_set = self.selection_set(&node.selection_set, pos);
        let ty = match node.operation_type {
            ast::OperationType::Query => OperationType::Query,
            ast::OperationType::Mutation => OperationType::Mutation,
            ast::OperationType::Subscription => OperationType::Subscription,
        };
        let definition = OperationDefinition { ty, variable_definitions, directives, selection_set };
        (name, Positioned::new(definition, pos))
    }

    fn fragment(
        &mut self,
        node: &Node<ast::FragmentDefinition>,
    ) -> (async_graphql::Name, Positioned<FragmentDefinition>) {
        let pos = self.positions.start(node.location());
        self.names += 1;
        let name = self.name(&node.name).node;
        let type_condition = self.type_condition(&node.type_condition);
        let directives = self.directives(&node.directives);
        let selection_set = self.selection_set(&node.selection_set, pos);
        (name, Positioned::new(FragmentDefinition { type_condition, directives, selection_set }, pos))
    }

    fn variable(&mut self, node: &Node<ast::VariableDefinition>) -> Positioned<VariableDefinition> {
        let pos = self.positions.start(node.location());
        let name = self.name(&node.name);
        let var_type = self.positions.start(node.ty.location());
        let var_type = Positioned::new(self.ty(&node.ty), var_type);
        let default_value = node.default_value.as_ref().map(|value| {
            let value = self.value(value);
            // The grammar allows no variables here.
            value.map(|value| value.into_const().unwrap_or(ConstValue::Null))
        });
        let directives = self.directives(&node.directives);
        Positioned::new(VariableDefinition { name, var_type, directives, default_value }, pos)
    }

    fn ty(&mut self, ty: &ast::Type) -> Type {
        let (base, nullable) = match ty {
            ast::Type::Named(name) => (BaseType::Named(self.name(name).node), true),
            ast::Type::NonNullNamed(name) => (BaseType::Named(self.name(name).node), false),
            ast::Type::List(inner) => (BaseType::List(Box::new(self.ty(inner))), true),
            ast::Type::NonNullList(inner) => (BaseType::List(Box::new(self.ty(inner))), false),
        };
        Type { base, nullable }
    }

    fn selection_set(&mut self, selections: &[ast::Selection], pos: Pos) -> Positioned<SelectionSet> {
        let items = selections.iter().map(|selection| self.selection(selection)).collect();
        Positioned::new(SelectionSet { items }, pos)
    }

    fn selection(&mut self, selection: &ast::Selection) -> Positioned<Selection> {
        match selection {
            ast::Selection::Field(node) => {
                let pos = self.positions.start(node.location());
                let field = Field {
                    alias: node.alias.as_ref().map(|alias| self.name(alias)),
                    name: self.name(&node.name),
                    arguments: self.arguments(&node.arguments),
                    directives: self.directives(&node.directives),
                    selection_set: self.selection_set(&node.selection_set, pos),
                };
                Positioned::new(Selection::Field(Positioned::new(field, pos)), pos)
            }
            ast::Selection::FragmentSpread(node) => {
                let pos = self.positions.start(node.location());
                let fragment_name = self.name(&node.fragment_name);
                let spread = FragmentSpread { fragment_name, directives: self.directives(&node.directives) };
                Positioned::new(Selection::FragmentSpread(Positioned::new(spread, pos)), pos)
            }
            ast::Selection::InlineFragment(node) => {
                let pos = self.positions.start(node.location());
                let inline = InlineFragment {
                    type_condition: node.type_condition.as_ref().map(|on| self.type_condition(on)),
                    directives: self.directives(&node.directives),
                    selection_set: self.selection_set(&node.selection_set, pos),
                };
                Positioned::new(Selection::InlineFragment(Positioned::new(inline, pos)), pos)
            }
        }
    }

    fn type_condition(&mut self, on: &Name) -> Positioned<TypeCondition> {
        self.names += 1;
        let on = self.name(on);
        let pos = on.pos;
        Positioned::new(TypeCondition { on }, pos)
    }

    fn directives(&mut self, directives: &[Node<ast::Directive>]) -> Vec<Positioned<Directive>> {
        let convert = |node: &Node<ast::Directive>| {
            let pos = self.positions.start(node.location());
            let name = self.name(&node.name);
            Positioned::new(Directive { name, arguments: self.arguments(&node.arguments) }, pos)
        };
        directives.iter().map(convert).collect()
    }

    fn arguments(
        &mut self,
        arguments: &[Node<ast::Argument>],
    ) -> Vec<(Positioned<async_graphql::Name>, Positioned<Value>)> {
        arguments.iter().map(|node| (self.name(&node.name), self.value(&node.value))).collect()
    }

    fn value(&mut self, node: &Node<ast::Value>) -> Positioned<Value> {
        let pos = self.positions.start(node.location());
        let value = match &**node {
            ast::Value::Null => {
                self.names += 1;
                Value::Null
            }
            ast::Value::Boolean(truth) => {
                self.names += 1;
                Value::Boolean(*truth)
            }
            ast::Value::Enum(name) => Value::Enum(self.name(name).node),
            ast::Value::Variable(name) => Value::Variable(self.name(name).node),
            ast::Value::String(text) => Value::String(text.clone()),
            ast::Value::Int(number) => self.number(number.as_str(), pos),
            ast::Value::Float(number) => self.number(number.as_str(), pos),
            ast::Value::List(items) => Value::List(items.iter().map(|item| self.value(item).node).collect()),
            ast::Value::Object(fields) => {
                let mut object = IndexMap::with_capacity(fields.len());
                for (name, value) in fields {
                    let name = self.name(name);
                    let message = format!("The input field \"{}\" is given more than once.", name.node);
                    if object.insert(name.node, self.value(value).node).is_some() {
                        let refusal = Refusal::new(Code::GraphqlValidationFailed, message);
                        self.refusals.push(refusal.at(name.pos));
                    }
                }
                Value::Object(object)
            }
        };
        Positioned::new(value, pos)
    }

    fn number(&mut self, text: &str, pos: Pos) -> Value {
        let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
        let number = whole.ok().or_else(|| Number::from_f64(text.parse().ok()?));
        number.map_or_else(
            || {
                let message = "The number is outside of the range of 64-bit floating-point numbers.";
                self.refusals.push(Refusal::new(Code::GraphqlValidationFailed, message).at(pos));
                Value::Null
            },
            Value::Number,
        )
    }

    fn name(&mut self, name: &Name) -> Positioned<async_graphql::Name> {
        self.names += 1;
        Positioned::new(async_graphql::Name::new(name.as_str()), self.positions.start(name.location()))
    }
}
