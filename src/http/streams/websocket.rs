//! WebSockets, by the protocol graphql-transport-ws.
//!
//! The parts of `async-graphql-axum` for WebSockets are not used: they close with codes that the protocol does
//! not have, negotiate one subprotocol and use another one, and replace an operation whose id is used again.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_graphql::Executor;
use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, UPGRADE};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::ext::Protocol;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};

use super::message::{ClientMessage, CloseReason, PROTOCOL, ServerMessage, authorization};
use super::operations::Operations;
use super::queue::{Queue, Queued};
use super::session::{REVOKED, Session};
use super::{CLOSE_TIMEOUT, MESSAGE_BYTES_MAX};
use crate::graphql::refusal::Code;
use crate::http::accept::MediaType;
use crate::http::authentication::{Authenticator, InvalidCredentials};
use crate::http::connections::ActiveRequest;
use crate::http::endpoint::{GraphqlEndpoint, LoginError};
use crate::http::request_id::RequestId;
use crate::http::response::{ErrorResponse, Outcome};
use crate::http::throttle::ceil_seconds;

/// Size of the read buffer, which each WebSocket allocates when it opens.
const READ_BYTES: usize = 4 << 10;

/// Whether a request asks to open a WebSocket: by `Upgrade` over HTTP/1, by CONNECT with a protocol over HTTP/2.
pub(in crate::http) fn is_handshake(request: &Request) -> bool {
    if request.method() == Method::CONNECT {
        return request
            .extensions()
            .get::<Protocol>()
            .is_some_and(|protocol| protocol.as_str() == "websocket");
    }
    let upgrades = request.headers().get_all(UPGRADE).iter().filter_map(|value| value.to_str().ok());
    request.method() == Method::GET
        && upgrades.flat_map(|value| value.split(',')).any(|it| it.trim().eq_ignore_ascii_case("websocket"))
}

/// Handles a request to open a WebSocket.
pub async fn handle<E: Executor, A: Authenticator>(
    State(endpoint): State<Arc<GraphqlEndpoint<E, A>>>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let refuse = |status, message: &str| {
        ErrorResponse::new(MediaType::Json, Outcome::Http(status), Code::Forbidden, message)
    };
    if !endpoint.streams.origins.allows(&parts.headers, &parts.uri) {
        let message = "Pages of this origin are not allowed to open a WebSocket to this server.";
        return refuse(StatusCode::FORBIDDEN, message).into_response();
    }
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        let message =
            "This endpoint requires a WebSocket handshake with the subprotocol graphql-transport-ws.";
        let mut refusal = ErrorResponse::new(
            MediaType::Json,
            Outcome::Http(StatusCode::UPGRADE_REQUIRED),
            Code::BadUserInput,
            message,
        );
        refusal.header = Some((UPGRADE, HeaderValue::from_static("websocket")));
        return refusal.into_response();
    };
    let id = parts.extensions.get().cloned().unwrap_or_else(|| RequestId::from_headers(&parts.headers));
    let active = parts.extensions.get::<Arc<ActiveRequest>>().cloned();
    let upgrade_request = UpgradeRequest { headers: parts.headers, extensions: parts.extensions };
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| async move {
            let _active = active;
            serve(endpoint, id, upgrade_request, socket).await;
        })
}

/// The upgrade request of a WebSocket, until its client is authenticated.
struct UpgradeRequest {
    headers: HeaderMap,
    extensions: Extensions,
}

/// A WebSocket with its operations.
pub(super) struct WebSocketConnection<E, A: Authenticator> {
    pub(super) endpoint: Arc<GraphqlEndpoint<E, A>>,
    pub(super) queue: Queue,
    pub(super) operations: Operations,
    id: RequestId,
    session: OnceLock<Session<A::Caller>>,
    /// Whether anything arrived since the last ping.
    client_active: AtomicBool,
    operations_started: AtomicU64,
    close_requested: watch::Sender<Option<CloseReason>>,
}

async fn serve<E: Executor, A: Authenticator>(
    endpoint: Arc<GraphqlEndpoint<E, A>>,
    id: RequestId,
    upgrade_request: UpgradeRequest,
    socket: WebSocket,
) {
    let is_protocol_accepted = socket.protocol().is_some();
    let (mut sink, mut stream) = socket.split();
    let reason = if is_protocol_accepted {
        let (queue, queued) = Queue::new();
        let socket = Arc::new(WebSocketConnection {
            endpoint,
            queue,
            operations: Operations::default(),
            id,
            session: OnceLock::new(),
            client_active: AtomicBool::new(true),
            operations_started: AtomicU64::new(0),
            close_requested: watch::Sender::new(None),
        });
        let reason = socket.run(upgrade_request, queued, &mut sink, &mut stream).await;
        // Operations and connection reference each other.
        socket.operations.cancel_all();
        tracing::debug!(request_id = socket.id.as_str(), ?reason, "websocket closed");
        reason
    } else {
        CloseReason::with_code(4406, "Subprotocol not acceptable; use graphql-transport-ws.")
    };
    close_handshake(&reason, sink, stream).await;
}

impl<E: Executor, A: Authenticator> WebSocketConnection<E, A> {
    async fn run(
        self: &Arc<Self>,
        upgrade_request: UpgradeRequest,
        mut queued: mpsc::Receiver<Queued>,
        sink: &mut SplitSink<WebSocket, Message>,
        stream: &mut SplitStream<WebSocket>,
    ) -> CloseReason {
        let mut close_requested = self.close_requested.subscribe();
        let mut writing = pin!(self.write_messages(&mut queued, sink));
        let ended = tokio::select! {
            reason = self.read_messages(stream, upgrade_request) => reason,
            reason = &mut writing => reason,
            reason = self.watch_credentials() => reason,
            Ok(reason) = close_requested.wait_for(Option::is_some) => reason.clone().unwrap_or(CloseReason::Disconnected),
            () = self.endpoint.streams.shutdown.received() => CloseReason::shutdown(),
        };
        if ended == CloseReason::shutdown() {
            // Accepted queries and mutations may finish, as over HTTP.
            let finished = async {
                self.operations.wait_for_requests().await;
                // Their responses are queued by now; the empty message marks the end.
                if let Ok(slot) = self.queue.reserve().await {
                    slot.send(Bytes::new());
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = writing => {}
                () = finished => {}
                () = tokio::time::sleep(self.endpoint.limits.operation_time_max) => {}
            }
        }
        ended
    }

    /// The session of the authenticated client, if there is one.
    pub(super) fn session(&self) -> Option<&Session<A::Caller>> {
        self.session.get()
    }

    /// Closes the connection.
    pub(super) fn close(&self, reason: CloseReason) {
        self.close_requested.send_if_modified(|it| {
            it.is_none() && {
                *it = Some(reason);
                true
            }
        });
    }

    /// The id of the next operation.
    pub(super) fn operation_id(&self) -> RequestId {
        self.id.for_operation(self.operations_started.fetch_add(1, Ordering::Relaxed) + 1)
    }

    async fn read_messages(
        self: &Arc<Self>,
        stream: &mut SplitStream<WebSocket>,
        upgrade_request: UpgradeRequest,
    ) -> CloseReason {
        let mut upgrade_request = Some(upgrade_request);
        while let Some(message) = stream.next().await {
            self.client_active.store(true, Ordering::Relaxed);
            let handled = match message {
                Ok(Message::Text(text)) => self.handle_message(&text, &mut upgrade_request).await,
                Ok(Message::Ping(_) | Message::Pong(_)) => Ok(()),
                Ok(Message::Binary(_)) => {
                    Err(CloseReason::invalid_message("Messages must be text, not binary."))
                }
                Ok(Message::Close(_)) => Err(CloseReason::Disconnected),
                Err(error) => Err(CloseReason::from_receive_error(error)),
            };
            if let Err(reason) = handled {
                return reason;
            }
        }
        CloseReason::Disconnected
    }

    async fn handle_message(
        self: &Arc<Self>,
        text: &str,
        upgrade_request: &mut Option<UpgradeRequest>,
    ) -> Result<(), CloseReason> {
        let response = match ClientMessage::parse(text)? {
            ClientMessage::Init(payload) => {
                let Some(upgrade_request) = upgrade_request.take() else {
                    return Err(CloseReason::with_code(4429, "Too many initialisation requests"));
                };
                let session = self.authenticate(upgrade_request, payload).await?;
                // The upgrade request can be taken only once.
                let _ = self.session.set(session);
                ServerMessage::ConnectionAck.encode()
            }
            ClientMessage::Ping(payload) => ServerMessage::Pong { payload }.encode(),
            ClientMessage::Pong => return Ok(()),
            ClientMessage::Subscribe(id, payload) if self.session.get().is_some() => {
                return self.subscribe(id, payload).await;
            }
            ClientMessage::Subscribe(..) => return Err(CloseReason::with_code(4401, "Unauthorized")),
            ClientMessage::Complete(id) => {
                self.operations.cancel(&id);
                return Ok(());
            }
        };
        self.queue.push(response, None).await.map_err(|_| CloseReason::Disconnected)
    }

    /// Authenticates the client: by the header of the upgrade request or, where it has none, as in
    /// browsers, by the payload of `connection_init`.
    async fn authenticate(
        &self,
        upgrade_request: UpgradeRequest,
        payload: Option<&RawValue>,
    ) -> Result<Session<A::Caller>, CloseReason> {
        let UpgradeRequest { mut headers, extensions } = upgrade_request;
        if !headers.contains_key(AUTHORIZATION)
            && let Some(authorization) = payload.and_then(authorization)
        {
            headers.insert(AUTHORIZATION, authorization);
        }
        let retry_later = |wait: Duration, why: &dyn std::fmt::Display| {
            CloseReason::with_code(1013, format!("Retry in {} s. {why}.", ceil_seconds(wait)))
        };
        let caller =
            self.endpoint.authenticate(&headers, &extensions).await.map_err(|failed| match failed {
                LoginError::Rejected(InvalidCredentials(message)) => {
                    CloseReason::with_code(4403, format!("Forbidden: {message}"))
                }
                LoginError::RateLimited(wait) => retry_later(wait.retry_after, &wait.limit),
                LoginError::Unavailable | LoginError::Failed => {
                    retry_later(Duration::from_secs(1), &"The credentials cannot be verified at the moment")
                }
            })?;
        let key = self.endpoint.authenticator.caller_key(&caller);
        let permit = self.endpoint.throttle.admit_stream(key);
        let permit = permit.map_err(|wait| retry_later(wait.retry_after, &wait.limit))?;
        Ok(Session::new(caller, key, &headers, Arc::new(permit)))
    }

    async fn write_messages(
        &self,
        queued: &mut mpsc::Receiver<Queued>,
        sink: &mut SplitSink<WebSocket, Message>,
    ) -> CloseReason {
        let limits = &self.endpoint.streams.limits;
        let mut pings = tokio::time::interval(limits.ping_interval);
        pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let (message, _byte_permits) = tokio::select! {
                message = queued.recv() => match message.map(Queued::into_message) {
                    Some(Some((bytes, _))) if bytes.is_empty() => return CloseReason::shutdown(),
                    Some(Some((bytes, byte_permits))) => match Utf8Bytes::try_from(bytes) {
                        Ok(text) => (Message::Text(text), byte_permits),
                        Err(_) => continue,
                    },
                    Some(None) => continue,
                    None => return CloseReason::Disconnected,
                },
                _ = pings.tick() => {
                    if !self.client_active.swap(false, Ordering::Relaxed) {
                        return CloseReason::Disconnected;
                    }
                    (Message::Ping(Bytes::new()), None)
                }
            };
            match tokio::time::timeout(limits.send_time_max, sink.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return CloseReason::Disconnected,
                Err(_) => return CloseReason::slow_consumer(),
            }
        }
    }

    /// Completes when the client did not authenticate in time, or its credentials are no longer valid.
    async fn watch_credentials(&self) -> CloseReason {
        let limits = &self.endpoint.streams.limits;
        let deadline = Instant::now() + limits.init_time_max;
        loop {
            if let Some(session) = self.session.get() {
                session.until_revoked(&self.endpoint).await;
                return CloseReason::with_code(4401, format!("Unauthorized: {REVOKED}"));
            }
            let remaining = deadline.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                return CloseReason::with_code(4408, "Connection initialisation timeout");
            }
            tokio::time::sleep(remaining.min(limits.check_interval)).await;
        }
    }
}

/// Performs the closing handshake.
async fn close_handshake(
    reason: &CloseReason,
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
) {
    let handshake = async {
        let Some(frame) = reason.frame() else {
            // Flushes the reply to the client's close frame, which gets no reply itself.
            let _ = sink.close().await;
            return;
        };
        if sink.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        while let Some(Ok(message)) = stream.next().await {
            if matches!(message, Message::Close(_)) {
                return;
            }
        }
        // Closing a connection with unread input may discard what was sent last: the client gets time to
        // read it.
        std::future::pending::<()>().await;
    };
    // After the timeout the connection is dropped without the client's close frame.
    let _finished = tokio::time::timeout(CLOSE_TIMEOUT, handshake).await;
}
