//! WebSockets, by the protocol graphql-transport-ws.
//!
//! What `async-graphql-axum` has for this closes with other codes than the protocol's, never closes a
//! socket that says nothing, replaces an operation whose id is used again, and bounds nothing.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_graphql::Executor;
use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, UPGRADE};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};

use super::message::{ClientMessage, Closing, PROTOCOL, ServerMessage, authorization};
use super::queue::{Queue, Queued};
use super::session::{REVOKED, Session};
use super::socket_operations::Operations;
use super::{LAST_WORDS, MESSAGE_BYTES_MAX};
use crate::graphql::refusal::Code;
use crate::http::accept::MediaType;
use crate::http::authentication::{Authenticator, InvalidCredentials};
use crate::http::connections::Connection;
use crate::http::graphql::{GraphqlEndpoint, LoginError};
use crate::http::request_id::RequestId;
use crate::http::response::{ErrorResponse, Outcome};
use crate::http::throttle::ceil_seconds;

/// What a socket reads at a time. It is there from the beginning, for each socket.
const READ_BYTES: usize = 4 << 10;

/// Answers a request to open a WebSocket.
pub async fn handle<E: Executor, A: Authenticator>(
    State(endpoint): State<Arc<GraphqlEndpoint<E, A>>>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let refuse = |status, message: &str| {
        ErrorResponse::new(MediaType::Json, Outcome::Http(status), Code::Forbidden, message)
    };
    if !endpoint.streams.origins.admits(&parts.headers, &parts.uri) {
        let message = "Pages of this origin may not open a WebSocket here.";
        return refuse(StatusCode::FORBIDDEN, message).into_response();
    }
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else {
        let message = "Open a WebSocket with the subprotocol graphql-transport-ws here.";
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
    let connection = parts.extensions.get::<Arc<Connection>>().cloned();
    let opening = Opening { headers: parts.headers, extensions: parts.extensions };
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| async move {
            let _connection = connection;
            serve(endpoint, id, opening, socket).await;
        })
}

/// The request that opened a socket, for as long as its client is not known.
struct Opening {
    headers: HeaderMap,
    extensions: Extensions,
}

/// A socket and all that goes on over it.
pub(super) struct Socket<E, A: Authenticator> {
    pub(super) endpoint: Arc<GraphqlEndpoint<E, A>>,
    pub(super) queue: Queue,
    pub(super) operations: Operations,
    id: RequestId,
    session: OnceLock<Session<A::Caller>>,
    /// Whether the client said anything since it was asked.
    heard: AtomicBool,
    begun: AtomicU64,
    closing: watch::Sender<Option<Closing>>,
}

async fn serve<E: Executor, A: Authenticator>(
    endpoint: Arc<GraphqlEndpoint<E, A>>,
    id: RequestId,
    opening: Opening,
    socket: WebSocket,
) {
    let is_ours = socket.protocol().is_some();
    let (mut sink, mut stream) = socket.split();
    let closing = if is_ours {
        let (queue, queued) = Queue::new();
        let socket = Arc::new(Socket {
            endpoint,
            queue,
            operations: Operations::default(),
            id,
            session: OnceLock::new(),
            heard: AtomicBool::new(true),
            begun: AtomicU64::new(0),
            closing: watch::Sender::new(None),
        });
        let closing = socket.run(opening, queued, &mut sink, &mut stream).await;
        // They hold the socket, which holds them.
        socket.operations.end_all();
        tracing::debug!(request_id = socket.id.as_str(), ?closing, "a WebSocket ends");
        closing
    } else {
        Closing::told(4406, "Subprotocol not acceptable: use graphql-transport-ws.")
    };
    close(&closing, sink, stream).await;
}

impl<E: Executor, A: Authenticator> Socket<E, A> {
    async fn run(
        self: &Arc<Self>,
        opening: Opening,
        mut queued: mpsc::Receiver<Queued>,
        sink: &mut SplitSink<WebSocket, Message>,
        stream: &mut SplitStream<WebSocket>,
    ) -> Closing {
        let mut closing = self.closing.subscribe();
        let mut writing = pin!(self.write(&mut queued, sink));
        let ended = tokio::select! {
            closing = self.read(stream, opening) => closing,
            closing = &mut writing => closing,
            closing = self.watch() => closing,
            Ok(closing) = closing.wait_for(Option::is_some) => closing.clone().unwrap_or(Closing::Gone),
            () = self.endpoint.streams.stop.stopped() => Closing::stopping(),
        };
        if ended == Closing::stopping() {
            // Queries and mutations that were accepted have their time to finish, as over HTTP.
            let finished = async {
                self.operations.finished().await;
                // What they answered is in the queue by now; this comes behind it.
                if let Ok(place) = self.queue.reserve().await {
                    place.fill(Bytes::new());
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

    /// Who is known to be at the other end, if anybody.
    pub(super) fn session(&self) -> Option<&Session<A::Caller>> {
        self.session.get()
    }

    /// Ends the socket.
    pub(super) fn end(&self, closing: Closing) {
        self.closing.send_if_modified(|it| {
            it.is_none() && {
                *it = Some(closing);
                true
            }
        });
    }

    /// The id of the next operation.
    pub(super) fn operation_id(&self) -> RequestId {
        self.id.for_operation(self.begun.fetch_add(1, Ordering::Relaxed) + 1)
    }

    async fn read(self: &Arc<Self>, stream: &mut SplitStream<WebSocket>, opening: Opening) -> Closing {
        let mut opening = Some(opening);
        while let Some(message) = stream.next().await {
            self.heard.store(true, Ordering::Relaxed);
            let taken = match message {
                Ok(Message::Text(text)) => self.take(&text, &mut opening).await,
                Ok(Message::Ping(_) | Message::Pong(_)) => Ok(()),
                Ok(Message::Binary(_)) => Err(Closing::bad("Messages are sent as text.")),
                Ok(Message::Close(_)) => Err(Closing::Gone),
                Err(error) => Err(Closing::unreadable(error)),
            };
            if let Err(closing) = taken {
                return closing;
            }
        }
        Closing::Gone
    }

    async fn take(self: &Arc<Self>, text: &str, opening: &mut Option<Opening>) -> Result<(), Closing> {
        let answer = match ClientMessage::read(text)? {
            ClientMessage::Init(payload) => {
                let Some(opening) = opening.take() else {
                    return Err(Closing::told(4429, "Too many initialisation requests"));
                };
                let session = self.greet(opening, payload).await?;
                // The opening is taken once.
                let _ = self.session.set(session);
                ServerMessage::ConnectionAck.write()
            }
            ClientMessage::Ping(payload) => ServerMessage::Pong { payload }.write(),
            ClientMessage::Pong => return Ok(()),
            ClientMessage::Subscribe(id, payload) if self.session.get().is_some() => {
                return self.subscribe(id, payload).await;
            }
            ClientMessage::Subscribe(..) => return Err(Closing::told(4401, "Unauthorized")),
            ClientMessage::Complete(id) => {
                self.operations.end(&id);
                return Ok(());
            }
        };
        self.queue.push(answer, None).await.map_err(|_| Closing::Gone)
    }

    /// Finds out who the client is: by the header of the request that opened the socket or, where
    /// that has none, as in browsers, by the first message.
    async fn greet(
        &self,
        opening: Opening,
        payload: Option<&RawValue>,
    ) -> Result<Session<A::Caller>, Closing> {
        let Opening { mut headers, extensions } = opening;
        if !headers.contains_key(AUTHORIZATION)
            && let Some(authorization) = payload.and_then(authorization)
        {
            headers.insert(AUTHORIZATION, authorization);
        }
        let later = |wait: Duration, why: &dyn std::fmt::Display| {
            Closing::told(1013, format!("Try again in {} s: {why}.", ceil_seconds(wait)))
        };
        let caller =
            self.endpoint.authenticate(&headers, &extensions).await.map_err(|failed| match failed {
                LoginError::Rejected(InvalidCredentials(message)) => {
                    Closing::told(4403, format!("Forbidden: {message}"))
                }
                LoginError::RateLimited(wait) => later(wait.retry_after, &wait.limit),
                LoginError::Unavailable => {
                    later(Duration::from_secs(1), &"the credentials can't be checked at the moment")
                }
            })?;
        let key = self.endpoint.authenticator.caller_key(&caller);
        let place = self.endpoint.throttle.admit_stream(key);
        let place = place.map_err(|wait| later(wait.retry_after, &wait.limit))?;
        Ok(Session::new(caller, key, &headers, place))
    }

    async fn write(
        &self,
        queued: &mut mpsc::Receiver<Queued>,
        sink: &mut SplitSink<WebSocket, Message>,
    ) -> Closing {
        let limits = &self.endpoint.streams.limits;
        let mut pings = tokio::time::interval(limits.ping_interval);
        pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let (message, _room) = tokio::select! {
                message = queued.recv() => match message.map(Queued::wanted) {
                    Some(Some((bytes, _))) if bytes.is_empty() => return Closing::stopping(),
                    Some(Some((bytes, room))) => match Utf8Bytes::try_from(bytes) {
                        Ok(text) => (Message::Text(text), room),
                        Err(_) => continue,
                    },
                    Some(None) => continue,
                    None => return Closing::Gone,
                },
                _ = pings.tick() => {
                    if !self.heard.swap(false, Ordering::Relaxed) {
                        return Closing::Gone;
                    }
                    (Message::Ping(Bytes::new()), None)
                }
            };
            match tokio::time::timeout(limits.send_time_max, sink.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Closing::Gone,
                Err(_) => return Closing::slow(),
            }
        }
    }

    /// Ends when the client did not say who it is in time, or is not who it was any more.
    async fn watch(&self) -> Closing {
        let limits = &self.endpoint.streams.limits;
        let deadline = Instant::now() + limits.init_time_max;
        loop {
            if let Some(session) = self.session.get() {
                session.until_revoked(&self.endpoint).await;
                return Closing::told(4401, format!("Unauthorized: {REVOKED}"));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Closing::told(4408, "Connection initialisation timeout");
            }
            tokio::time::sleep(left.min(limits.check_interval)).await;
        }
    }
}

/// Says goodbye, and waits for the client to say so too.
async fn close(
    closing: &Closing,
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
) {
    let goodbye = async {
        let Some(frame) = closing.frame() else {
            // The answer to the client's own goodbye may still be on its way. No answer to that.
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
        // A connection that is closed with something unread may lose what was sent last: the client has
        // its time to read it.
        std::future::pending::<()>().await;
    };
    // Who does not hear it in time finds the connection gone.
    let _heard = tokio::time::timeout(LAST_WORDS, goodbye).await;
}
