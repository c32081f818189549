//! The messages of graphql-transport-ws, and how its connections end.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Utf8Bytes};
use axum::http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Error as SocketError;

use super::MESSAGE_BYTES_MAX;

/// The subprotocol.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";

/// Longest id of an operation, in bytes. Each of its messages repeats it.
const ID_BYTES_MAX: usize = 256;
/// Longest reason that a close frame has room for, in bytes.
const REASON_BYTES_MAX: usize = 123;

/// What a client says.
#[derive(Debug)]
pub(super) enum ClientMessage<'m> {
    /// Who it is.
    Init(Option<&'m RawValue>),
    /// Whether we are there.
    Ping(Option<&'m RawValue>),
    /// That it is there.
    Pong,
    /// What it wants.
    Subscribe(String, &'m RawValue),
    /// What it wants no longer.
    Complete(String),
}

#[derive(Deserialize)]
struct Parts<'m> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'m, str>,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'m RawValue>,
}

impl<'m> ClientMessage<'m> {
    /// Reads a message.
    ///
    /// # Errors
    /// How the connection has to end.
    pub(super) fn read(text: &'m str) -> Result<Self, Closing> {
        let parts: Parts<'_> = serde_json::from_str(text).map_err(|_| {
            Closing::bad("A message is a JSON object with a type, and perhaps id and payload.")
        })?;
        let payload = parts.payload.filter(|payload| payload.get() != "null");
        let object = match payload {
            Some(payload) if !payload.get().starts_with('{') => {
                return Err(Closing::bad("The payload must be an object."));
            }
            payload => payload,
        };
        let id = || match parts.id.as_deref() {
            None | Some("") => Err(Closing::bad("The message needs an id.")),
            Some(id) if id.len() > ID_BYTES_MAX => Err(Closing::bad("An id has 256 bytes at most.")),
            Some(id) => Ok(id.to_owned()),
        };
        match &*parts.kind {
            "connection_init" => Ok(Self::Init(object)),
            "ping" => Ok(Self::Ping(object)),
            "pong" => Ok(Self::Pong),
            "subscribe" => Ok(Self::Subscribe(
                id()?,
                object.ok_or_else(|| Closing::bad("The message needs a payload."))?,
            )),
            "complete" => Ok(Self::Complete(id()?)),
            _ => Err(Closing::bad("The message has a type that clients do not send.")),
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

/// What the server says of itself.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub(super) enum ServerMessage<'m> {
    /// The client is known.
    ConnectionAck,
    /// It is there.
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<&'m RawValue>,
    },
    /// An operation is over.
    Complete { id: &'m str },
}

impl ServerMessage<'_> {
    /// The message as it is sent.
    pub(super) fn write(&self) -> Bytes {
        // Texts and JSON that was read can be written.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// A message with JSON in it: `next` with an answer, or `error` with errors.
pub(super) fn with_payload(kind: &str, id: &str, payload: &[u8]) -> Bytes {
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

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// The client has gone, or can't be reached.
    Gone,
    /// The client is told why.
    Told { code: u16, reason: String },
}

impl Closing {
    pub(super) fn told(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        Self::Told { code, reason }
    }

    pub(super) fn bad(reason: impl Into<String>) -> Self {
        Self::told(4400, reason)
    }

    /// The server stops.
    pub(super) fn stopping() -> Self {
        Self::told(1001, "The server stops: connect again.")
    }

    /// The client does not take what it is sent.
    pub(super) fn slow() -> Self {
        Self::told(1013, "Slow consumer: a message was not taken in time.")
    }

    /// What was received can't be read.
    pub(super) fn unreadable(error: axum::Error) -> Self {
        match error.into_inner().downcast_ref::<SocketError>() {
            Some(SocketError::Capacity(_)) => {
                Self::told(1009, format!("A message has {MESSAGE_BYTES_MAX} bytes at most."))
            }
            Some(SocketError::Utf8(_)) => Self::told(1007, "The message is not UTF-8."),
            Some(SocketError::Protocol(_)) => Self::told(1002, "This is not the WebSocket protocol."),
            _ => Self::Gone,
        }
    }

    /// The frame that tells the client.
    pub(super) fn frame(&self) -> Option<CloseFrame> {
        match self {
            Self::Gone => None,
            Self::Told { code, reason } => {
                Some(CloseFrame { code: *code, reason: Utf8Bytes::from(reason.as_str()) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found() {
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
    fn reasons_fit_their_frame() {
        let Closing::Told { reason, .. } = Closing::told(4400, "ü".repeat(100)) else { panic!() };
        assert_eq!(reason.len(), 122);
    }

    #[test]
    fn payloads_are_wrapped() {
        let message = with_payload("next", "a\"b", b"{}");
        assert_eq!(message, r#"{"id":"a\"b","type":"next","payload":{}}"#);
        assert_eq!(ServerMessage::ConnectionAck.write(), r#"{"type":"connection_ack"}"#);
        assert_eq!(ServerMessage::Pong { payload: None }.write(), r#"{"type":"pong"}"#);
    }
}
