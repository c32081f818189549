//! The permissions for the root fields of a mutation, which are checked before the first of them runs.
//!
//! The use cases check them again, and alone decide on single objects. This table only moves a refusal that is
//! certain before the execution, so that a mutation does not run halfway.

use async_graphql::{PathSegment, ServerError};

use super::refusal::{Code, Refusal, forbidden_message};
use super::root_fields::RootField;
use crate::access::{Caller, Grant, Operation, grant_of};

/// Checks that a caller has the permissions for all root fields of a mutation.
///
/// # Errors
///
/// `FORBIDDEN`, one for each field without permission, as its resolver would report it.
pub fn check(caller: &Caller, fields: &[RootField]) -> Result<(), Vec<ServerError>> {
    let errors: Vec<ServerError> = fields
        .iter()
        .filter_map(|field| Some((field, operation(&field.name)?)))
        .filter(|(_, operation)| grant_of(caller, *operation) == Grant::Nothing)
        .map(|(field, operation)| forbidden(field, operation, fields.len()))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Whether a caller has a right to an operation that reads, by its name.
#[must_use]
pub fn may_read(caller: &Caller, name: &str) -> bool {
    let operation = Operation::ALL.iter().find(|it| !it.is_change() && it.name() == name);
    operation.is_some_and(|operation| grant_of(caller, *operation) != Grant::Nothing)
}

/// The operation of a root field of the mutation type.
#[must_use]
pub fn operation(field: &str) -> Option<Operation> {
    match field {
        "recordActivities" => Some(Operation::RecordActivity),
        "voidActivities" => Some(Operation::VoidActivity),
        // Any other has the name of its operation.
        _ => Operation::ALL.iter().copied().find(|it| it.is_change() && it.name() == field),
    }
}

/// Changes that only the command line and the server itself make: no mutation runs them.
const WITHOUT_MUTATION: [Operation; 5] = [
    Operation::Import,
    Operation::MaintainEventFeed,
    Operation::MaintainStoredValues,
    Operation::RecalculateSubjects,
    Operation::SendWebhooks,
];

/// Mutations of sandboxes, which a sandbox itself does not have.
pub(super) const OF_SANDBOXES: [&str; 3] = ["createSandbox", "advanceSandbox", "deleteSandbox"];

/// Names of the mutations that a caller may run, for all objects or for its own.
#[must_use]
pub fn mutations(caller: &Caller) -> Vec<&'static str> {
    let named = Operation::ALL.iter().filter(|it| it.is_change() && !WITHOUT_MUTATION.contains(it));
    let named = named.map(|it| (it.name(), *it));
    let many = ["recordActivities", "voidActivities"];
    let many = many.into_iter().filter_map(|name| Some((name, operation(name)?)));
    named
        .chain(many)
        .filter(|(_, operation)| grant_of(caller, *operation) != Grant::Nothing)
        .map(|(name, _)| name)
        .collect()
}

fn forbidden(field: &RootField, operation: Operation, count: usize) -> ServerError {
    let mut message = forbidden_message(operation.name());
    if count > 1 {
        message.push_str(" No field of the mutation was executed.");
    }
    let mut error = ServerError::from(Refusal::new(Code::Forbidden, message).at(field.pos));
    error.path = vec![PathSegment::Field(field.key.to_string())];
    error
}
