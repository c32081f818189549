//! Starts and runs the operations of a WebSocket.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use async_graphql::Executor;
use futures_util::FutureExt;
use serde_json::value::RawValue;

use super::OPERATIONS_MAX;
use super::message::{CloseReason, ServerMessage, encode_with_payload};
use super::operations::{Operation, RunningOperation};
use super::queue::CancelFlag;
use super::session::{REVOKED, Session, SubscriptionEnd};
use super::websocket::WebSocketConnection;
use crate::graphql::refusal::Code;
use crate::http::accept::{EventStream, MediaType};
use crate::http::authentication::Authenticator;
use crate::http::consistency::Consistency;
use crate::http::cost::CostAnswer;
use crate::http::execution::{Execution, RequestContext};
use crate::http::params::{self, RequestParams};
use crate::http::request_batch;
use crate::http::request_id;
use crate::http::response::{self, ErrorResponse, Outcome};
use crate::telemetry::labels::Transport;
use crate::telemetry::observation::RequestObservation;

/// How an operation ended that was not cancelled.
enum OperationEnd {
    Complete,
    Failed(ErrorResponse),
    /// The connection closes with it.
    Closed,
}

impl<E: Executor, A: Authenticator> WebSocketConnection<E, A> {
    /// Starts an operation.
    pub(super) async fn subscribe(
        self: &Arc<Self>,
        id: String,
        payload: &RawValue,
    ) -> Result<(), CloseReason> {
        let mut refused = None;
        {
            let mut running = self.operations.running();
            if running.contains_key(&id) {
                return Err(CloseReason::with_code(4409, format!("Subscriber for {id} already exists")));
            }
            let is_full = running.len() >= OPERATIONS_MAX;
            match parse_params(payload) {
                Ok(params) if !is_full => {
                    let operation = Arc::new(Operation {
                        id: id.clone(),
                        cancelled: CancelFlag::default(),
                        is_subscription: AtomicBool::new(false),
                    });
                    let task = tokio::spawn(Arc::clone(self).run_operation(Arc::clone(&operation), params));
                    running.insert(id.clone(), RunningOperation { operation, task: task.abort_handle() });
                }
                Ok(_) => refused = Some(too_many_operations()),
                Err(ParamsError::Malformed(reason)) => return Err(CloseReason::invalid_message(reason)),
                Err(ParamsError::Refused(refusal)) => refused = Some(*refusal),
            }
        }
        let Some(refused) = refused else { return Ok(()) };
        let message = encode_with_payload("error", &id, &refused.errors_json());
        self.queue.push(message, None).await.map_err(|_| CloseReason::Disconnected)
    }

    async fn run_operation(self: Arc<Self>, operation: Arc<Operation>, params: RequestParams) {
        let request_id = self.operation_id();
        let context = self.session().map(|session| RequestContext {
            media: MediaType::Json,
            is_get: false,
            event_stream: EventStream::Always,
            id: request_id.clone(),
            cost: CostAnswer::Omitted,
            consistency: Consistency::default(),
            caller: session.caller.clone(),
        });
        let (Some(session), Some(context)) = (self.session(), context) else { return };
        let execution = AssertUnwindSafe(self.execute(session, &operation, &context, params));
        let end = execution.catch_unwind().await.unwrap_or_else(|panic| {
            request_id::log_panic(&request_id, panic.as_ref());
            Ok(OperationEnd::Failed(response::internal_error(MediaType::Json, &request_id)))
        });
        let end = end.unwrap_or_else(OperationEnd::Failed);
        let finishing = self.operations.remove_finished(&operation);
        let message = match end {
            OperationEnd::Complete => ServerMessage::Complete { id: &operation.id }.encode(),
            OperationEnd::Failed(error_response) => {
                encode_with_payload("error", &operation.id, &error_response.errors_json())
            }
            OperationEnd::Closed => return,
        };
        if finishing.is_some() {
            // A closed connection needs no message.
            let _ = self.queue.push(message, Some(&operation.cancelled)).await;
        }
    }

    async fn execute(
        &self,
        session: &Session<A::Caller>,
        operation: &Operation,
        context: &RequestContext<A::Caller>,
        params: RequestParams,
    ) -> Result<OperationEnd, ErrorResponse> {
        let endpoint = &*self.endpoint;
        if !session.is_valid(endpoint).await {
            return Ok(self.credentials_revoked());
        }
        let time_max = endpoint.limits.operation_time_max;
        let mut observation = RequestObservation::new(&endpoint.metrics, Transport::Websocket);
        observation.set_role(endpoint.authenticator.role(&context.caller));
        let rate_limited = |limited| endpoint.rate_limited(context.media, limited);
        let execution = async {
            let mut admission = endpoint.throttle.admit(session.key, time_max).await.map_err(rate_limited)?;
            let prepared = endpoint.prepare(context.media, context.is_get, params, &mut observation).await?;
            let deadline = Instant::now() + time_max;
            Ok((endpoint.execute(context, prepared, deadline, &mut admission).await?, admission))
        };
        let (execution, admission) = execution
            .await
            .inspect_err(|refused: &ErrorResponse| observation.set_outcome(refused.outcome_label()))?;
        let mut stream = match execution {
            Execution::Subscribed(stream) => stream,
            Execution::Finished(response) => {
                observation.set_outcome(response.outcome_label());
                drop(observation);
                self.send_next(operation, response).await;
                return Ok(OperationEnd::Complete);
            }
        };
        operation.is_subscription.store(true, Ordering::Relaxed);
        self.operations.ended.notify_waiters();
        // A subscription is counted at its start: it may last for days.
        observation.set_outcome("ok");
        drop(observation);
        // The permit is released: a subscription that waits for events does not count as running.
        drop(admission);
        loop {
            match session.next(endpoint, &mut stream, &context.id).await {
                Ok(Some(event)) => {
                    self.send_next(operation, response::from_execution(context.media, event, &context.id))
                        .await;
                }
                Ok(None) => return Ok(OperationEnd::Complete),
                Err(SubscriptionEnd::Revoked) => return Ok(self.credentials_revoked()),
                Err(SubscriptionEnd::Panicked) => {
                    return Err(response::internal_error(context.media, &context.id));
                }
            }
        }
    }

    async fn send_next(&self, operation: &Operation, response: response::EncodedResponse) {
        let message = encode_with_payload("next", &operation.id, &response.into_body());
        // A closed connection cancels its operations as well.
        let _ = self.queue.push(message, Some(&operation.cancelled)).await;
    }

    fn credentials_revoked(&self) -> OperationEnd {
        self.close(CloseReason::with_code(4401, format!("Unauthorized: {REVOKED}")));
        OperationEnd::Closed
    }
}

/// Why a payload is not a valid request.
enum ParamsError {
    Malformed(String),
    Refused(Box<ErrorResponse>),
}

fn parse_params(payload: &RawValue) -> Result<RequestParams, ParamsError> {
    let json = payload.get().as_bytes();
    request_batch::check_value_count(MediaType::Json, json)
        .map_err(|refusal| ParamsError::Refused(Box::new(refusal)))?;
    params::from_json(MediaType::Json, json).map_err(|malformed| {
        let message = malformed.errors.into_iter().next().map(|error| error.message);
        ParamsError::Malformed(message.unwrap_or_default())
    })
}

fn too_many_operations() -> ErrorResponse {
    let message = format!(
        "Too many concurrent operations: a WebSocket may run {OPERATIONS_MAX} at a time; complete some."
    );
    ErrorResponse::new(MediaType::Json, Outcome::Rejected, Code::RateLimited, message)
}
