//! The execution of one request, whatever transport it came by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Executor, ServerError, Value};
use async_graphql_parser::types::OperationType;
use axum::http::StatusCode;
use futures_util::stream::BoxStream;
use tracing::Instrument;

use super::accept::{EventStream, MediaType};
use super::authentication::Authenticator;
use super::endpoint::GraphqlEndpoint;
use super::params::RequestParams;
use super::request_id::RequestId;
use super::response::{self, EncodedResponse, ErrorResponse, Outcome};
use super::throttle::{Admission, Permit};
use crate::graphql::documents::Prepared;
use crate::graphql::introspection::SchemaDescription;
use crate::graphql::refusal::Code;
use crate::telemetry::observation::{self, RequestObservation};
use crate::telemetry::traces;

/// What is known of a request before its body is read: its caller, id and negotiated media type.
pub(super) struct RequestContext<C> {
    pub(super) media: MediaType,
    pub(super) is_get: bool,
    pub(super) event_stream: EventStream,
    pub(super) id: RequestId,
    pub(super) caller: C,
}

/// The execution of an operation.
pub(super) enum Execution {
    /// It has finished.
    Finished(EncodedResponse),
    /// It runs for as long as its stream is polled.
    Subscribed(BoxStream<'static, async_graphql::Response>),
}

impl<E: Executor, A: Authenticator> GraphqlEndpoint<E, A> {
    /// Charges the cost of a request, of which one point is charged already, and executes it; a subscription
    /// starts when its stream is polled.
    pub(super) async fn execute(
        &self,
        context: &RequestContext<A::Caller>,
        prepared: Prepared,
        deadline: Instant,
        admission: &mut Admission<'_>,
    ) -> Result<Execution, ErrorResponse> {
        let charged = admission.charge_cost(prepared.rate_limit_cost);
        charged.map_err(|limited| self.rate_limited(context.media, limited))?;
        let permitted = self.authenticator.check_permissions(&context.caller, &prepared.root_fields);
        permitted.map_err(|errors| ErrorResponse {
            errors,
            ..ErrorResponse::new(context.media, Outcome::Http(StatusCode::FORBIDDEN), Code::Forbidden, "")
        })?;
        let request = self
            .authenticator
            .attach_caller(context.caller.clone(), prepared.request.data(context.id.clone()));
        if prepared.kind == OperationType::Subscription {
            return Ok(Execution::Subscribed(self.documents.schema().execute_stream(request, None)));
        }
        let span = traces::operation(kind_name(prepared.kind), &prepared.label);
        let running = self
            .run_operation(
                context,
                request,
                prepared.kind,
                prepared.description,
                deadline,
                admission.permit(),
            )
            .instrument(span);
        running.await.map(Execution::Finished)
    }

    pub(super) async fn prepare(
        &self,
        media: MediaType,
        is_get: bool,
        params: RequestParams,
        observation: &mut RequestObservation,
    ) -> Result<Prepared, ErrorResponse> {
        let name = params.operation_name.as_deref();
        let prepare = || self.documents.prepare(&params.document, name, params.variables);
        let prepared = traces::prepare().in_scope(prepare);
        let prepared = prepared.map_err(|errors| ErrorResponse {
            outcome: rejection_outcome(&errors),
            errors,
            ..ErrorResponse::new(media, Outcome::Rejected, Code::BadUserInput, "")
        })?;
        observation.set_operation(kind_name(prepared.kind), &prepared.label);
        if prepared.kind == OperationType::Mutation && is_get {
            return Err(ErrorResponse::method_not_allowed(
                media,
                "POST",
                "Mutations require POST; this request is a GET.",
            ));
        }
        Ok(prepared)
    }

    async fn run_operation(
        &self,
        context: &RequestContext<A::Caller>,
        request: async_graphql::Request,
        kind: OperationType,
        description: Option<SchemaDescription>,
        deadline: Instant,
        permit: Arc<Permit>,
    ) -> Result<EncodedResponse, ErrorResponse> {
        let RequestContext { media, id, .. } = context;
        let schema = self.documents.schema();
        let timed_out = |_| {
            tracing::warn!(request_id = id.as_str(), %kind, "operation timed out");
            timed_out(*media, self.limits.operation_time_max, kind)
        };
        let running = schema.clone();
        let running = async move {
            let mut response = running.execute(request).await;
            if let Some(description) = description {
                description.set(&mut response);
            }
            response
        };
        let running = observation::with_metrics(self.metrics.clone(), running).in_current_span();
        let response = if kind == OperationType::Mutation {
            // A separate task continues after a disconnect or a timeout: an accepted mutation is never
            // aborted halfway. It holds its permit until it ends.
            let task = tokio::spawn(async move {
                let _running = permit;
                running.await
            });
            match tokio::time::timeout_at(deadline.into(), task).await.map_err(timed_out)? {
                Ok(response) => response,
                Err(stopped) => match stopped.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Err(response::internal_error(*media, id)),
                },
            }
        } else {
            tokio::time::timeout_at(deadline.into(), running).await.map_err(timed_out)?
        };
        Ok(response::from_execution(*media, response, id))
    }
}

/// The kind by its keyword.
fn kind_name(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// The outcome of refused documents: rejected by GraphQL, or 403 for one that is not on the allowlist.
fn rejection_outcome(errors: &[ServerError]) -> Outcome {
    let code = errors.first().and_then(|error| error.extensions.as_ref()?.get("code"));
    match code {
        Some(Value::String(code)) if code == Code::Forbidden.as_str() => Outcome::Http(StatusCode::FORBIDDEN),
        _ => Outcome::Rejected,
    }
}

fn timed_out(media: MediaType, time_max: Duration, kind: OperationType) -> ErrorResponse {
    let message = match kind {
        OperationType::Mutation => format!(
            "The mutation did not finish within {time_max:?}. It continues to run: check its result before you retry."
        ),
        OperationType::Query | OperationType::Subscription => {
            format!("The query took longer than {time_max:?} and was cancelled. Request less data at a time.")
        }
    };
    let status = Outcome::Http(StatusCode::GATEWAY_TIMEOUT);
    ErrorResponse::new(media, status, Code::OperationTimeout, message)
}
