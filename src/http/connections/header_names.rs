//! The names of response headers as HTTP/1 clients expect them.
//!
//! Header names are case-insensitive, but some clients look for the usual spelling, such as
//! `Sec-WebSocket-Protocol`. hyper writes `Content-Type` for `content-type`; for names that are spelled otherwise
//! it follows the spellings of a parsed message, if a response has them among its extensions.

use std::convert::Infallible;
use std::io::{Error, Result};
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Extensions, HeaderName, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

/// Names with capitals elsewhere than at the beginning of a word.
const NAMES: [&str; 8] = [
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "WWW-Authenticate",
];

/// The spellings of header names.
pub(super) struct HeaderNames {
    names: Vec<HeaderName>,
    spellings: Extensions,
}

impl HeaderNames {
    /// Has hyper parse a request with these names, because only its parser can create the extension.
    ///
    /// # Errors
    /// When the request cannot be parsed.
    pub(super) async fn new() -> Result<Self> {
        let fields = NAMES.map(|name| [name, ": x\r\n"].concat()).concat();
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        let (mut client, server) = tokio::io::duplex(2 << 10);
        client.write_all(request.as_bytes()).await?;
        let parsed = Mutex::new(Extensions::new());
        let service = service_fn(|request: Request<Incoming>| {
            *parsed.lock().unwrap_or_else(PoisonError::into_inner) = request.into_parts().0.extensions;
            std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
        });
        let mut builder = http1::Builder::new();
        builder.preserve_header_case(true).keep_alive(false);
        builder.serve_connection(TokioIo::new(server), service).await.map_err(Error::other)?;
        let spellings = parsed.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Self { names: NAMES.iter().filter_map(|name| name.parse().ok()).collect(), spellings })
    }

    /// Has a response use these spellings.
    pub(super) fn apply<B>(&self, response: &mut Response<B>) {
        if self.names.iter().any(|name| response.headers().contains_key(name)) {
            response.extensions_mut().extend(self.spellings.clone());
        }
    }
}
