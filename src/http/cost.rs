//! The price of a request, for callers that ask for it with the header `GraphQL-Cost`.

use async_graphql::{Name, Response, Value};
use axum::http::{HeaderMap, HeaderName};

use super::accept::MediaType;
use super::response::{ErrorResponse, Outcome};
use crate::graphql::documents::Prepared;
use crate::graphql::refusal::Code;

/// The header: `include` or `estimate`.
pub(super) static GRAPHQL_COST: HeaderName = HeaderName::from_static("graphql-cost");
/// Name of the price among the extensions of a response.
const COST: &str = "cost";

/// What a caller wants to know of the price of its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CostAnswer {
    /// Nothing.
    #[default]
    Omitted,
    /// The price, beside the result.
    Included,
    /// The price alone: nothing is executed.
    Estimated,
}

impl CostAnswer {
    /// What the header of a request asks for.
    pub(super) fn from_headers(headers: &HeaderMap, media: MediaType) -> Result<Self, ErrorResponse> {
        let Some(value) = headers.get(&GRAPHQL_COST) else { return Ok(Self::Omitted) };
        match value.as_bytes() {
            b"include" => Ok(Self::Included),
            b"estimate" => Ok(Self::Estimated),
            _ => {
                let message = "The header GraphQL-Cost is \"include\" for the price beside the result, or \"estimate\" for the \
                               price alone; the value of this request is neither.";
                Err(ErrorResponse::new(media, Outcome::Rejected, Code::BadUserInput, message))
            }
        }
    }
}

/// The price of an operation: points of the rate limit, and its complexity.
pub(super) fn of(prepared: &Prepared) -> Value {
    let parts = [("points", prepared.rate_limit_cost), ("complexity", prepared.complexity)];
    Value::Object(parts.into_iter().map(|(name, value)| (Name::new(name), value.into())).collect())
}

/// Adds a price to a response.
pub(super) fn add(cost: Value, response: &mut Response) {
    response.extensions.insert(COST.to_owned(), cost);
}
