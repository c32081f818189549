//! Cross-origin requests from browsers. No other origin is allowed unless a setting lists it, and
//! credentials of the browser itself, such as cookies, are never used: callers authenticate by a header
//! that only their own code can set.

use std::fmt;
use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::consistency::CONSISTENCY_TOKEN;
use super::cost::GRAPHQL_COST;
use super::request_id::X_REQUEST_ID;
use super::throttle::{RATE_LIMIT, RATE_LIMIT_POLICY};

/// How long a browser may cache the response to a preflight request.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_hours(1);

/// Headers that clients of other servers send to force a preflight. They have no effect here and are
/// allowed, so that those clients work unchanged.
const PREFLIGHT_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("graphql-require-preflight"),
    HeaderName::from_static("apollo-require-preflight"),
    HeaderName::from_static("x-apollo-operation-name"),
];

/// Headers of the Model Context Protocol.
const PROTOCOL_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
];

/// The origins whose pages may call the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Only the API's own origin.
    #[default]
    None,
    /// Every origin.
    Any,
    /// These origins, each as a browser sends it.
    Listed(Vec<HeaderValue>),
}

impl Origins {
    /// Parses `*` or a list of origins, separated by commas.
    ///
    /// # Errors
    /// The first element that is not an origin.
    pub fn parse(text: &str) -> Result<Self, &str> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let origins = text.split(',').map(str::trim).map(|one| parse_origin(one).ok_or(one));
        origins.collect::<Result<_, _>>().map(Self::Listed)
    }

    /// Whether a WebSocket may be opened with these headers. Browsers send no preflight for one, only the
    /// origin of the page, which must be the server's own or an allowed one. Other clients send no origin.
    /// A page could do nothing without a key, which its own code has to send; this check applies the
    /// setting to WebSockets as well.
    #[must_use]
    pub fn allows(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let authority = origin.to_str().ok().and_then(|it| it.split_once("://")).map(|(_, it)| it);
        // HTTP/2 has the host in the URL.
        let host = headers.get(HOST).and_then(|it| it.to_str().ok());
        let host = host.or_else(|| uri.authority().map(Authority::as_str));
        let is_own = authority.is_some() && authority == host;
        is_own
            || match self {
                Self::None => false,
                Self::Any => true,
                Self::Listed(origins) => origins.contains(origin),
            }
    }

    /// Whether a page of the origin in these headers may use an endpoint that answers the setting's origins alone, not
    /// its own: a page whose host name was made to mean this server (DNS rebinding) has what looks like its own
    /// origin. Clients that are no browsers send none.
    #[must_use]
    pub fn lists(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        match self {
            Self::None => origins.next().is_none(),
            Self::Any => true,
            Self::Listed(listed) => origins.all(|origin| listed.contains(origin)),
        }
    }

    /// The CORS layer, unless no origin is allowed.
    #[must_use]
    pub fn layer(&self) -> Option<CorsLayer> {
        let origins = match self {
            Self::None => return None,
            Self::Any => AllowOrigin::any(),
            Self::Listed(origins) => AllowOrigin::list(origins.iter().cloned()),
        };
        let own = [AUTHORIZATION, CONTENT_TYPE, CONTENT_ENCODING, ACCEPT, X_REQUEST_ID];
        let asked = [GRAPHQL_COST.clone(), CONSISTENCY_TOKEN.clone()];
        let sent = own.into_iter().chain(asked).chain(PREFLIGHT_HEADERS).chain(PROTOCOL_HEADERS);
        let layer = CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(AllowHeaders::list(sent))
            .expose_headers([
                X_REQUEST_ID,
                RETRY_AFTER,
                RATE_LIMIT,
                RATE_LIMIT_POLICY,
                CONSISTENCY_TOKEN.clone(),
            ])
            .max_age(PREFLIGHT_MAX_AGE);
        Some(layer)
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Any => f.write_str("*"),
            Self::Listed(origins) => {
                let origins: Vec<&str> = origins.iter().filter_map(|it| it.to_str().ok()).collect();
                f.write_str(&origins.join(","))
            }
        }
    }
}

/// Parses an origin as browsers send it: scheme, host and optional port, and nothing else.
fn parse_origin(text: &str) -> Option<HeaderValue> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri.authority().filter(|it| !it.host().is_empty() && !it.as_str().contains('@'))?;
    let whole = format!("{scheme}://{authority}");
    let sent = whole == text && !text.contains(|c: char| c.is_ascii_uppercase());
    sent.then(|| HeaderValue::from_str(text).ok()).flatten()
}
