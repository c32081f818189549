//! The execution of one request, whatever transport it came by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Executor, ServerError, Value, Variables};
use async_graphql_parser::types::OperationType;
use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tracing::Instrument;

use super::accept::{EventStream, MediaType};
use super::authentication::Authenticator;
use super::consistency::Consistency;
use super::cost::{self, CostAnswer};
use super::endpoint::GraphqlEndpoint;
use super::params::RequestParams;
use super::request_id::RequestId;
use super::response::{self, EncodedResponse, ErrorResponse, Outcome};
use super::throttle::{Admission, Permit};
use crate::deadline::Deadline;
use crate::graphql;
use crate::graphql::documents::Prepared;
use crate::graphql::introspection::SchemaDescription;
use crate::graphql::refusal::{Code, IN_DOUBT, OUTCOME, OUTCOME_UNKNOWN, TIMED_OUT};
use crate::telemetry::observation::{self, RequestObservation};
use crate::telemetry::traces;

/// Time for the response of a mutation after its last commit: its payload may still have to be read.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// What is known of a request before its body is read: its caller, id and negotiated media type.
pub(super) struct RequestContext<C> {
    pub(super) media: MediaType,
    pub(super) is_get: bool,
    pub(super) event_stream: EventStream,
    pub(super) id: RequestId,
    pub(super) cost: CostAnswer,
    pub(super) consistency: Consistency,
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
    /// starts when its stream is polled. An estimate of the cost executes and charges nothing.
    pub(super) async fn execute(
        &self,
        context: &RequestContext<A::Caller>,
        prepared: Prepared,
        deadline: Instant,
        admission: &mut Admission<'_>,
    ) -> Result<Execution, ErrorResponse> {
        if context.cost != CostAnswer::Estimated {
            let charged = admission.charge_cost(prepared.rate_limit_cost);
            charged.map_err(|limited| self.rate_limited(context.media, limited))?;
        }
        let permitted = self.authenticator.check_permissions(&context.caller, &prepared.root_fields);
        permitted.map_err(|errors| ErrorResponse {
            errors,
            ..ErrorResponse::new(context.media, Outcome::Http(StatusCode::FORBIDDEN), Code::Forbidden, "")
        })?;
        let deadline = Deadline::new(deadline);
        let cost = (context.cost != CostAnswer::Omitted).then(|| cost::of(&prepared));
        if context.cost == CostAnswer::Estimated {
            let estimate = answer_with(cost, async_graphql::Response::default());
            return response::from_operation(context.media, estimate, &context.id, &deadline)
                .map(Execution::Finished);
        }
        let request = prepared.request.data(context.id.clone());
        let request = match prepared.kind {
            OperationType::Subscription => request,
            OperationType::Query | OperationType::Mutation => request.data(deadline.clone()),
        };
        let request = self.authenticator.attach_caller(context.caller.clone(), request);
        if prepared.kind == OperationType::Subscription {
            return Ok(Execution::Subscribed(self.documents.schema().execute_stream(request, None)));
        }
        let span = traces::operation(kind_name(prepared.kind), &prepared.label);
        let running = self
            .run_operation(
                context,
                request,
                prepared.kind,
                (prepared.description, cost),
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
        let prepared = accept_prepared(media, traces::prepare().in_scope(prepare), observation)?;
        if prepared.kind == OperationType::Mutation && is_get {
            return Err(ErrorResponse::method_not_allowed(
                media,
                "POST",
                "Mutations require POST; this request is a GET.",
            ));
        }
        Ok(prepared)
    }

    /// Prepares one of the server's own documents.
    pub(super) fn prepare_own(
        &self,
        media: MediaType,
        name: &str,
        variables: Variables,
        observation: &mut RequestObservation,
    ) -> Result<Prepared, ErrorResponse> {
        let prepare = || self.documents.prepare_own(name, variables);
        accept_prepared(media, traces::prepare().in_scope(prepare), observation)
    }

    async fn run_operation(
        &self,
        context: &RequestContext<A::Caller>,
        request: async_graphql::Request,
        kind: OperationType,
        (description, cost): (Option<SchemaDescription>, Option<Value>),
        deadline: Deadline,
        permit: Arc<Permit>,
    ) -> Result<EncodedResponse, ErrorResponse> {
        let RequestContext { media, id, .. } = context;
        let schema = self.documents.schema();
        let timed_out = || {
            tracing::warn!(request_id = id.as_str(), %kind, "operation timed out");
            timed_out(*media, self.limits.operation_time_max, kind, &deadline)
        };
        let running = schema.clone();
        let running = async move {
            let mut response = running.execute(request).await;
            if let Some(description) = description {
                description.set(&mut response);
            }
            answer_with(cost, response)
        };
        let running = observation::with_metrics(self.metrics.clone(), running).in_current_span();
        // Boxed: the future is nested deeply, and is wrapped again.
        let running: BoxFuture<'static, _> = Box::pin(running);
        if kind == OperationType::Mutation && deadline.has_passed() {
            // A request of a batch, after others that took their time.
            return Err(timed_out());
        }
        let response = if kind == OperationType::Mutation {
            // A separate task continues after a disconnect: an accepted mutation is never aborted halfway. The
            // use cases keep the deadline, so its own response is awaited. It holds its permit until it ends.
            let task = tokio::spawn(async move {
                let _running = permit;
                graphql::with_previews(running).await
            });
            match tokio::time::timeout_at((deadline.commit_by() + ANSWER_TIME_MAX).into(), task)
                .await
                .map_err(|_| timed_out())?
            {
                Ok(response) => {
                    context.consistency.note_change();
                    response
                }
                Err(stopped) => match stopped.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Err(response::internal_error(*media, id)),
                },
            }
        } else {
            let running = self.authenticator.read(&context.caller, context.consistency.freshness(), running);
            tokio::time::timeout_at(deadline.at().into(), running).await.map_err(|_| timed_out())?
        };
        response::from_operation(*media, response, id, &deadline)
    }
}

fn answer_with(cost: Option<Value>, mut response: async_graphql::Response) -> async_graphql::Response {
    if let Some(cost) = cost {
        cost::add(cost, &mut response);
    }
    response
}

/// Observes what was prepared, or says why it was not.
fn accept_prepared(
    media: MediaType,
    prepared: Result<Prepared, Vec<ServerError>>,
    observation: &mut RequestObservation,
) -> Result<Prepared, ErrorResponse> {
    let prepared = prepared.map_err(|errors| ErrorResponse {
        outcome: rejection_outcome(&errors),
        errors,
        ..ErrorResponse::new(media, Outcome::Rejected, Code::BadUserInput, "")
    })?;
    observation.set_operation(kind_name(prepared.kind), &prepared.label);
    Ok(prepared)
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

fn timed_out(
    media: MediaType,
    time_max: Duration,
    kind: OperationType,
    deadline: &Deadline,
) -> ErrorResponse {
    // After the deadline no commit begins.
    let in_doubt = kind == OperationType::Mutation && deadline.commits() > 0;
    let message = match kind {
        OperationType::Mutation if in_doubt => IN_DOUBT.to_owned(),
        OperationType::Mutation => TIMED_OUT.to_owned(),
        OperationType::Query | OperationType::Subscription => {
            format!("The query took longer than {time_max:?} and was cancelled. Request less data at a time.")
        }
    };
    let status = Outcome::Http(StatusCode::GATEWAY_TIMEOUT);
    let mut response = ErrorResponse::new(media, status, Code::OperationTimeout, message);
    if in_doubt && let Some(extensions) = response.errors[0].extensions.as_mut() {
        extensions.set(OUTCOME, OUTCOME_UNKNOWN);
    }
    response
}
