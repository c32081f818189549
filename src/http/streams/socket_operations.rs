//! The operations of a WebSocket.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_graphql::Executor;
use futures_util::FutureExt;
use serde_json::value::RawValue;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::OPERATIONS_MAX;
use super::message::{Closing, ServerMessage, with_payload};
use super::queue::Unwanted;
use super::session::{Lost, REVOKED, Session};
use super::socket::Socket;
use crate::graphql::refusal::Code;
use crate::http::accept::{EventStream, MediaType};
use crate::http::authentication::Authenticator;
use crate::http::graphql::{Execution, RequestContext};
use crate::http::params::{self, RequestParams};
use crate::http::request_batch;
use crate::http::request_id;
use crate::http::response::{self, ErrorResponse, Outcome};
use crate::telemetry::labels::Transport;

/// The operations that run, by the ids that the client gave them.
#[derive(Debug, Default)]
pub(super) struct Operations {
    running: Mutex<HashMap<String, Running>>,
    /// Tells that one of them has ended.
    ended: Notify,
}

#[derive(Debug)]
struct Running {
    operation: Arc<Operation>,
    task: AbortHandle,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    id: String,
    /// Nothing of it is sent any more once this is true.
    unwanted: Unwanted,
    /// Whether it goes on until somebody ends it.
    is_subscription: AtomicBool,
}

/// How an operation ended that the client did not end.
enum Ending {
    Complete,
    Failed(ErrorResponse),
    /// The socket ends with it.
    Closed,
}

impl Operations {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends an operation: nothing of it is sent any more.
    pub(super) fn end(&self, id: &str) {
        let running = self.running().remove(id);
        if let Some(running) = running {
            running.end();
            self.ended.notify_waiters();
        }
    }

    /// Ends all operations.
    pub(super) fn end_all(&self) {
        let all: Vec<Running> = self.running().drain().map(|(_, running)| running).collect();
        all.iter().for_each(Running::end);
    }

    /// Ends when no query and no mutation runs any more.
    pub(super) async fn finished(&self) {
        loop {
            let ended = self.ended.notified();
            let is_subscription = |it: &Running| it.operation.is_subscription.load(Ordering::Relaxed);
            if self.running().values().all(is_subscription) {
                return;
            }
            ended.await;
        }
    }

    /// Takes an operation off that has ended by itself, before anything says so: its id may be used
    /// again then. Says whether it was still wanted.
    fn take_off(&self, operation: &Arc<Operation>) -> bool {
        let mut running = self.running();
        let is_on = running.get(&operation.id).is_some_and(|it| Arc::ptr_eq(&it.operation, operation));
        if is_on {
            running.remove(&operation.id);
        }
        is_on
    }
}

impl Running {
    fn end(&self) {
        self.operation.unwanted.store(true, Ordering::Relaxed);
        self.task.abort();
    }
}

impl<E: Executor, A: Authenticator> Socket<E, A> {
    /// Begins an operation.
    pub(super) async fn subscribe(self: &Arc<Self>, id: String, payload: &RawValue) -> Result<(), Closing> {
        let mut refused = None;
        {
            let mut running = self.operations.running();
            if running.contains_key(&id) {
                return Err(Closing::told(4409, format!("Subscriber for {id} already exists")));
            }
            let many = running.len() >= OPERATIONS_MAX;
            match read(payload) {
                Ok(params) if !many => {
                    let operation = Arc::new(Operation {
                        id: id.clone(),
                        unwanted: Unwanted::default(),
                        is_subscription: AtomicBool::new(false),
                    });
                    let task = tokio::spawn(Arc::clone(self).operate(Arc::clone(&operation), params));
                    running.insert(id.clone(), Running { operation, task: task.abort_handle() });
                }
                Ok(_) => refused = Some(too_many()),
                Err(Unread::Malformed(reason)) => return Err(Closing::bad(reason)),
                Err(Unread::Refused(refusal)) => refused = Some(*refusal),
            }
        }
        let Some(refused) = refused else { return Ok(()) };
        let message = with_payload("error", &id, &refused.errors_json());
        self.queue.push(message, None).await.map_err(|_| Closing::Gone)
    }

    async fn operate(self: Arc<Self>, operation: Arc<Operation>, params: RequestParams) {
        let request_id = self.operation_id();
        let context = self.session().map(|session| RequestContext {
            media: MediaType::Json,
            is_get: false,
            event_stream: EventStream::Always,
            id: request_id.clone(),
            caller: session.caller.clone(),
        });
        let (Some(session), Some(context)) = (self.session(), context) else { return };
        let running = AssertUnwindSafe(self.perform(session, &operation, &context, params));
        let ending = running.catch_unwind().await.unwrap_or_else(|panic| {
            request_id::log_panic(&request_id, panic.as_ref());
            Ok(Ending::Failed(response::internal_error(MediaType::Json, &request_id)))
        });
        let ending = ending.unwrap_or_else(Ending::Failed);
        let is_wanted = self.operations.take_off(&operation);
        let message = match ending {
            Ending::Complete => ServerMessage::Complete { id: &operation.id }.write(),
            Ending::Failed(error_response) => {
                with_payload("error", &operation.id, &error_response.errors_json())
            }
            Ending::Closed => return,
        };
        if is_wanted {
            // A socket that has ended needs no message.
            let _ = self.queue.push(message, Some(&operation.unwanted)).await;
        }
        self.operations.ended.notify_waiters();
    }

    async fn perform(
        &self,
        session: &Session<A::Caller>,
        operation: &Operation,
        context: &RequestContext<A::Caller>,
        params: RequestParams,
    ) -> Result<Ending, ErrorResponse> {
        let endpoint = &*self.endpoint;
        if !session.is_valid(endpoint).await {
            return Ok(self.revoked());
        }
        let time_max = endpoint.limits.operation_time_max;
        let mut observation = endpoint.metrics.observe(Transport::Websocket);
        observation.role(endpoint.authenticator.role(&context.caller));
        let limited = |wait| endpoint.rate_limited(context.media, wait);
        let begun = async {
            let mut admission = endpoint.throttle.admit(session.key, time_max).await.map_err(limited)?;
            let prepared = endpoint.prepare(context.media, context.is_get, params, &mut observation).await?;
            let deadline = Instant::now() + time_max;
            Ok((endpoint.execute(context, prepared, deadline, &mut admission).await?, admission))
        };
        let (begun, admission) = begun
            .await
            .inspect_err(|refused: &ErrorResponse| observation.outcome(refused.outcome_label()))?;
        let mut stream = match begun {
            Execution::Subscribed(stream) => stream,
            Execution::Finished(answer) => {
                observation.outcome(response.outcome_label());
                drop(observation);
                self.send_next(operation, answer).await;
                return Ok(Ending::Complete);
            }
        };
        operation.is_subscription.store(true, Ordering::Relaxed);
        self.operations.ended.notify_waiters();
        // It counts when it has begun: it may go on for days.
        observation.outcome("ok");
        drop(observation);
        // Others of this caller may run while this one waits for events.
        drop(admission);
        loop {
            match session.next(endpoint, &mut stream, &context.id).await {
                Ok(Some(event)) => {
                    self.send_next(operation, response::from_execution(context.media, event, &context.id))
                        .await;
                }
                Ok(None) => return Ok(Ending::Complete),
                Err(Lost::Revoked) => return Ok(self.revoked()),
                Err(Lost::Panicked) => return Err(response::internal_error(context.media, &context.id)),
            }
        }
    }

    async fn send_next(&self, operation: &Operation, answer: response::EncodedResponse) {
        let message = with_payload("next", &operation.id, &answer.into_body());
        // A socket that has ended ends its operations as well.
        let _ = self.queue.push(message, Some(&operation.unwanted)).await;
    }

    fn revoked(&self) -> Ending {
        self.end(Closing::told(4401, format!("Unauthorized: {REVOKED}")));
        Ending::Closed
    }
}

/// Why a payload does not say what to run.
enum Unread {
    Malformed(String),
    Refused(Box<ErrorResponse>),
}

fn read(payload: &RawValue) -> Result<RequestParams, Unread> {
    let json = payload.get().as_bytes();
    request_batch::check_value_count(MediaType::Json, json)
        .map_err(|refusal| Unread::Refused(Box::new(refusal)))?;
    params::from_json(MediaType::Json, json).map_err(|malformed| {
        let message = malformed.errors.into_iter().next().map(|error| error.message);
        Unread::Malformed(message.unwrap_or_default())
    })
}

fn too_many() -> ErrorResponse {
    let message =
        format!("This WebSocket has {OPERATIONS_MAX} operations running, which is the most: complete some.");
    ErrorResponse::new(MediaType::Json, Outcome::Rejected, Code::RateLimited, message)
}
