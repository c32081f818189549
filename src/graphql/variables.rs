//! The check of a request's variables, before anything is executed.
//!
//! The library detects an invalid variable when a resolver reads the argument: too late for a status
//! that says that nothing was executed, without a code, and after other resolvers ran.

use async_graphql::{Positioned, Value, Variables};
use async_graphql_parser::types::VariableDefinition;

use super::input_value::{self, Subject};
use super::operations::Operation;
use super::output_types::base_name;
use super::refusal::{Code, ERRORS_MAX, Refusal};
use super::schema_types::SchemaTypes;

/// Checks that each variable's type exists and can be an input.
///
/// # Errors
///
/// `GRAPHQL_VALIDATION_FAILED`, one for each variable of another type. The library must not
/// get these: in places it assumes that types are valid.
pub fn check_types(
    types: &SchemaTypes,
    definitions: &[Positioned<VariableDefinition>],
) -> Result<(), Vec<Refusal>> {
    let refusals: Vec<Refusal> = definitions
        .iter()
        .filter(|definition| types.get(base_name(&definition.node.var_type.node)).is_none())
        .take(ERRORS_MAX)
        .map(|definition| {
            let (name, ty) = (&definition.node.name.node, &definition.node.var_type.node);
            let mut message =
                format!("Variable ${name} has the type {ty}, which is not an input type of this schema.");
            if types.suggestions {
                message.push_str(&input_value::suggestion(base_name(ty), types.names()));
            }
            Refusal::new(Code::GraphqlValidationFailed, message).at(definition.pos)
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

/// Checks the variables of a request against their definitions, whose types are known, and
/// returns those that are defined, with defaults filled in. Others are dropped.
///
/// # Errors
///
/// `BAD_USER_INPUT`, one for each problem, [`ERRORS_MAX`] at most.
pub fn check(
    types: &SchemaTypes,
    definitions: &[Positioned<VariableDefinition>],
    mut variables: Variables,
) -> Result<Variables, Vec<Refusal>> {
    let mut checked = Variables::default();
    let mut refusals = Vec::new();
    for definition in definitions {
        let variable = &definition.node;
        let (name, ty) = (&variable.name.node, &variable.var_type.node);
        let Some(value) = variables.remove(name) else {
            if let Some(default) = &variable.default_value {
                checked.insert(name.clone(), default.node.clone());
            } else if !ty.nullable {
                let message = format!("Variable ${name} is missing; its type {ty} requires a value.");
                refusals.push(Refusal::new(Code::BadUserInput, message).at(definition.pos));
            }
            continue;
        };
        let problems = input_value::problems(types, Subject::variable(name), ty, &value);
        let refusal = |problem| Refusal::new(Code::BadUserInput, problem).at(definition.pos);
        refusals.extend(problems.into_iter().map(refusal));
        if refusals.len() >= ERRORS_MAX {
            break;
        }
        checked.insert(name.clone(), value);
    }
    refusals.truncate(ERRORS_MAX);
    if refusals.is_empty() { Ok(checked) } else { Err(refusals) }
}

/// Checks that no variable is null that is used where only a default takes the place of a value.
///
/// # Errors
///
/// `BAD_USER_INPUT`, one for each of them.
pub(super) fn check_never_null(operation: &Operation, variables: &Variables) -> Result<(), Vec<Refusal>> {
    let nulls = operation.never_null.iter().filter(|name| variables.get(*name) == Some(&Value::Null));
    let refusals: Vec<Refusal> = nulls
        .take(ERRORS_MAX)
        .map(|name| {
            let message = format!(
                "Variable ${name} must not be null: it is used where a value is required. Leave it out, so that the default applies."
            );
            let mut definitions = operation.definition().variable_definitions.iter();
            let definition = definitions.find(|it| it.node.name.node == *name);
            let locations = definition.map(|it| it.pos).into_iter().collect();
            Refusal { locations, ..Refusal::new(Code::BadUserInput, message) }
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}
