//! Conversion of use case errors into GraphQL errors and user errors.

use std::sync::Arc;

use async_graphql::resolver_utils::EnumType;
use async_graphql::{Context, ErrorExtensions, SimpleObject};

use super::refusal::{
    Code, IN_DOUBT, OUTCOME, OUTCOME_UNKNOWN, TIMED_OUT, UNAVAILABLE, forbidden_message, truncate_message,
};
use super::types::UserErrorCode;
use crate::error::{self, Error};
use crate::program::refusal::{Refusal, Refusals};
use crate::telemetry::observation;

/// An error of a field. It deliberately has no `Display`: only an error with a code converts into it.
#[derive(Clone, Debug)]
pub(crate) struct ApiError(async_graphql::Error);

impl ApiError {
    /// The client sent an invalid value; the message says what is accepted.
    pub(crate) fn bad_input(message: impl Into<String>) -> Self {
        let code = Code::BadUserInput.as_str();
        Self(async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("code", code)))
    }
}

impl ApiError {
    /// The caller lacks this permission. The message is the same for every object, so it reveals nothing about one.
    fn forbidden(operation: &str) -> Self {
        let code = Code::Forbidden.as_str();
        let message = forbidden_message(operation);
        Self(async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("code", code)))
    }
}

impl ApiError {
    /// The operation may succeed when it is repeated.
    fn transient(code: Code, message: &str) -> Self {
        let error = async_graphql::Error::new(message);
        Self(error.extend_with(|_, extensions| extensions.set("code", code.as_str())))
    }

    /// A commit began, and nobody knows whether it took effect.
    fn in_doubt(code: Code) -> Self {
        let Self(error) = Self::transient(code, IN_DOUBT);
        Self(error.extend_with(|_, extensions| extensions.set(OUTCOME, OUTCOME_UNKNOWN)))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusals) => refusals.into(),
            Error::Forbidden(operation) => Self::forbidden(operation),
            Error::Unavailable(error) => {
                tracing::warn!(%error, "database unavailable");
                Self::transient(Code::ServiceUnavailable, UNAVAILABLE)
            }
            Error::TimedOut => Self::transient(Code::OperationTimeout, TIMED_OUT),
            Error::InDoubt(Some(error)) => {
                tracing::error!(%error, "the outcome of a commit is unknown");
                Self::in_doubt(Code::ServiceUnavailable)
            }
            Error::InDoubt(None) => {
                tracing::error!("a commit did not end in time");
                Self::in_doubt(Code::OperationTimeout)
            }
            // Without a code, the response writer masks and logs it.
            error => Self(async_graphql::Error {
                message: format!("{error}: {:?}", std::error::Error::source(&error)),
                source: Some(Arc::new(error)),
                extensions: None,
            }),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::bad_input(truncate_message(refusal.message))
    }
}

impl From<Refusals> for ApiError {
    fn from(refusals: Refusals) -> Self {
        Self::bad_input(truncate_message(refusals.to_string()))
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(ApiError(error): ApiError) -> Self {
        error
    }
}

/// Reports the error on a nullable field and resolves that field, not its parent, to null.
pub(crate) fn or_null<T>(context: &Context<'_>, result: Result<Option<T>, ApiError>) -> Option<T> {
    match result {
        Ok(value) => value,
        Err(ApiError(error)) => {
            let error = error.into_server_error(context.item.pos);
            context.add_error(context.set_error_path(error));
            None
        }
    }
}

/// Reason why a mutation was refused, for the user who sent it. A refused mutation changes nothing.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct UserError {
    /// Machine-readable code.
    code: UserErrorCode,
    /// Human-readable message: what was wrong, and what would be accepted.
    message: String,
    /// Path of the field within `input`; null if the error concerns the input as a whole.
    field: Option<Vec<String>>,
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        let field = (!refusal.field.is_empty()).then_some(refusal.field);
        let code = UserErrorCode::from(refusal.code);
        let known = UserErrorCode::items().iter().find(|known| known.value == code);
        observation::count_user_error(known.map_or("none", |known| known.name));
        Self { code, message: truncate_message(refusal.message), field }
    }
}

/// The codes of user errors, as metrics name them.
pub(crate) fn user_error_codes() -> impl Iterator<Item = &'static str> {
    UserErrorCode::items().iter().map(|known| known.name)
}

/// What a payload lists of a refused input.
pub(crate) fn user_errors(refusals: Refusals) -> Vec<UserError> {
    refusals.into_iter().map(Into::into).collect()
}

/// Separates a refusal, which the client can correct, from an internal error.
pub(crate) fn split_user_errors<T>(result: Result<T, Error>) -> Result<Result<T, Vec<UserError>>, ApiError> {
    Ok(error::refused(result)?.map_err(user_errors))
}
