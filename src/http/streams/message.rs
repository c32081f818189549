//! Messages and close codes of graphql-transport-ws.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Utf8Bytes};
use axum::http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Error as SocketError;

use super::MESSAGE_BYTES_MAX;
use crate::graphql::refusal::truncate_chars;

/// The subprotocol.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";

/// Maximum length of an operation's id, in bytes. Each of its messages repeats it.
const ID_BYTES_MAX: usize = 256;
/// Maximum length of the reason in a close frame, in bytes.
const REASON_BYTES_MAX: usize = 123;
/// Maximum characters of an unknown message type that a reason quotes.
const TYPE_CHARS_MAX: usize = 20;

/// A message of the client.
#[derive(Debug)]
pub(super) enum ClientMessage<'m> {
    /// `connection_init`, with credentials or not.
    Init(Option<&'m RawValue>),
    /// `ping`.
    Ping(Option<&'m RawValue>),
    /// `pong`.
    Pong,
    /// `subscribe`, with an id and the request.
    Subscribe(String, &'m RawValue),
    /// `complete`, with the id of the operation to cancel.
    Complete(String),
}

#[derive(Deserialize)]
struct RawMessage<'m> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'m, str>,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'m RawValue>,
}

impl<'m> ClientMessage<'m> {
    /// Parses a message.
    ///
    /// # Errors
    /// The reason to close the connection with.
    pub(super) fn parse(text: &'m str) -> Result<Self, CloseReason> {
        let raw: RawMessage<'_> = serde_json::from_str(text).map_err(|_| {
            CloseReason::invalid_message(
                "A message must be a JSON object with \"type\", and optionally \"id\" and \"payload\".",
            )
        })?;
        let payload = raw.payload.filter(|payload| payload.get() != "null");
        let object = match payload {
            Some(payload) if !payload.get().starts_with('{') => {
                return Err(CloseReason::invalid_message("\"payload\" must be an object."));
            }
            payload => payload,
        };
        let id = || match raw.id.as_deref() {
            None | Some("") => Err(CloseReason::invalid_message("\"id\" is missing.")),
            Some(id) if id.len() > ID_BYTES_MAX => {
                let message = format!("\"id\" must have at most {ID_BYTES_MAX} bytes, not {}.", id.len());
                Err(CloseReason::invalid_message(message))
            }
            Some(id) => Ok(id.to_owned()),
        };
        match &*raw.kind {
            "connection_init" => Ok(Self::Init(object)),
            "ping" => Ok(Self::Ping(object)),
            "pong" => Ok(Self::Pong),
            "subscribe" => Ok(Self::Subscribe(
                id()?,
                object.ok_or_else(|| CloseReason::invalid_message("\"payload\" is missing."))?,
            )),
            "complete" => Ok(Self::Complete(id()?)),
            other => {
                let given = truncate_chars(other.to_owned(), TYPE_CHARS_MAX);
                Err(CloseReason::invalid_message(format!(
                    "Unknown message type {given:?}; send connection_init, subscribe, complete, ping or pong."
                )))
            }
        }
    }
}

/// The credentials of a `connection_init`: `Authorization`, in any case, in the payload itself or in its
/// `headers`.
pub(super) fn authorization(payload: &RawValue) -> Option<HeaderValue> {
    type Fields = serde_json::Map<String, serde_json::Value>;

    fn named<'f>(fields: &'f Fields, name: &str) -> Option<&'f serde_json::Value> {
        fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    let fields: Fields = serde_json::from_str(payload.get()).ok()?;
    let own = named(&fields, "authorization");
    let found = own.or_else(|| named(named(&fields, "headers")?.as_object()?, "authorization"));
    let mut value = HeaderValue::from_str(found?.as_str()?).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A message of the server without a GraphQL payload.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub(super) enum ServerMessage<'m> {
    /// The client is authenticated.
    ConnectionAck,
    /// The reply to a ping.
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<&'m RawValue>,
    },
    /// An operation has ended.
    Complete { id: &'m str },
}

impl ServerMessage<'_> {
    /// The message as JSON.
    pub(super) fn encode(&self) -> Bytes {
        // Strings and parsed JSON always serialize.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// Encodes a message with a payload: `next` with a response, or `error` with errors.
pub(super) fn encode_with_payload(kind: &str, id: &str, payload: &[u8]) -> Bytes {
    let id = serde_json::Value::from(id).to_string();
    let mut message = Vec::with_capacity(payload.len() + id.len() + 48);
    message.extend_from_slice(br#"{"id":"#);
    message.extend_from_slice(id.as_bytes());
    message.extend_from_slice(br#","type":""#);
    message.extend_from_slice(kind.as_bytes());
    message.extend_from_slice(br#"","payload":"#);
    message.extend_from_slice(payload);
    message.push(b'}');
    message.into()
}

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// The client has disconnected or is unreachable.
    Disconnected,
    /// The client gets a close frame with code and reason.
    Frame { code: u16, reason: String },
}

impl CloseReason {
    pub(super) fn with_code(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        Self::Frame { code, reason }
    }

    pub(super) fn invalid_message(reason: impl Into<String>) -> Self {
        Self::with_code(4400, reason)
    }

    /// The server shuts down.
    pub(super) fn shutdown() -> Self {
        Self::with_code(1001, "The server is shutting down; reconnect.")
    }

    /// The client consumes too slowly.
    pub(super) fn slow_consumer() -> Self {
        Self::with_code(1013, "Slow consumer: a message was not read in time; reconnect with backoff.")
    }

    /// The reason for an error of the WebSocket's receiving end.
    pub(super) fn from_receive_error(error: axum::Error) -> Self {
        match error.into_inner().downcast_ref::<SocketError>() {
            Some(SocketError::Capacity(_)) => Self::with_code(
                1009,
                format!("The message exceeds the maximum of {} KiB.", MESSAGE_BYTES_MAX >> 10),
            ),
            Some(SocketError::Utf8(_)) => Self::with_code(1007, "The message is not valid UTF-8."),
            Some(SocketError::Protocol(_)) => Self::with_code(1002, "WebSocket protocol error."),
            _ => Self::Disconnected,
        }
    }

    /// The close frame for the client.
    pub(super) fn frame(&self) -> Option<CloseFrame> {
        match self {
            Self::Disconnected => None,
            Self::Frame { code, reason } => {
                Some(CloseFrame { code: *code, reason: Utf8Bytes::from(reason.as_str()) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorization_in_connection_init() {
        for (payload, expected) in [
            (r#"{"Authorization": "Bearer x"}"#, Some("Bearer x")),
            (r#"{"authorization": "Bearer x"}"#, Some("Bearer x")),
            (r#"{"headers": {"Authorization": "Bearer x"}}"#, Some("Bearer x")),
            (r#"{"AUTHORIZATION": "Bearer x", "headers": 1}"#, Some("Bearer x")),
            (r#"{"Authorization": 1}"#, None),
            (r#"{"Authorization": "Bearer\n"}"#, None),
            (r#"{"headers": {"x": "Bearer x"}}"#, None),
            ("{}", None),
        ] {
            let payload: &RawValue = serde_json::from_str(payload).expect("JSON");
            let found = authorization(payload);
            assert_eq!(found.as_ref().map(|it| it.to_str().expect("a text")), expected, "{payload}");
        }
    }

    #[test]
    fn reasons_fit_into_a_close_frame() {
        let CloseReason::Frame { reason, .. } = CloseReason::with_code(4400, "ü".repeat(100)) else {
            panic!()
        };
        assert_eq!(reason.len(), 122);
    }

    #[test]
    fn payloads_are_wrapped() {
        let message = encode_with_payload("next", "a\"b", b"{}");
        assert_eq!(message, r#"{"id":"a\"b","type":"next","payload":{}}"#);
        assert_eq!(ServerMessage::ConnectionAck.encode(), r#"{"type":"connection_ack"}"#);
        assert_eq!(ServerMessage::Pong { payload: None }.encode(), r#"{"type":"pong"}"#);
    }
}
