//! `/certificates/…` and the documents of its keys: public, without credentials, and bounded by address.
//!
//! Whoever has the address of a certificate may see what it says and whether it can be relied on; nothing else is shown.
//! An address that is none, or never was one, gets the same answer.

mod escape;
mod page;
mod qr_code;
mod settings;
mod texts;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::sync::{Mutex, Semaphore};

use crate::credential::{Issuer, MEDIA_TYPE};
use crate::error::Error;
use crate::http::throttle::AddressLimit;
use crate::program::certificate::Status;
use crate::service::Services;
pub use settings::{CertificateSettings, IssuerSettings};

/// Requests that read the database at the same time; further ones wait.
const READS_MAX: usize = 16;
/// How long a request waits for its turn, and again for its answer.
const TIME_MAX: Duration = Duration::from_secs(10);
/// For how long a status list is answered from memory, so that a busy list costs one read.
const LIST_TIME: Duration = Duration::from_secs(1);

/// Keys change seldom, but a new one must be found before an old copy of the documents is a day old.
const CACHE_KEYS: &str = "public, max-age=300";
/// As long as a status list says that a copy may be used.
const CACHE_LIST: &str = "public, max-age=300";
/// What a certificate says may change at any time.
const CACHE_NOTHING: &str = "no-cache";

const JSON: &str = "application/json";
const DID_DOCUMENT: &str = "application/did+json";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// No script, no form, no frame and no inline style; the code is part of the page.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// Signed status lists by number, with the time at which each was read.
type Lists = HashMap<i32, (Instant, Bytes)>;

struct Public {
    services: Services,
    limit: AddressLimit,
    reads: Semaphore,
    /// Held while a list is read, so that others wait for it and do not read it as well.
    lists: Mutex<Lists>,
}

/// The routes; none where the services issue no certificates.
pub fn router<S>(services: &Services, limit: AddressLimit) -> Option<Router<S>>
where
    S: Clone + Send + Sync + 'static,
{
    let issuer = Arc::clone(services.issuer()?);
    let public = Arc::new(Public {
        services: services.clone(),
        limit,
        reads: Semaphore::new(READS_MAX),
        lists: Mutex::default(),
    });
    let reading = Router::new()
        .route("/certificates/{token}", get(certificate))
        .route("/certificates/{token}/status", get(status))
        .route("/certificates/{token}/credential", get(credential))
        .route("/certificates/status/{number}", get(status_list))
        .layer(from_fn_with_state(Arc::clone(&public), bounded))
        .with_state(Arc::clone(&public));
    let plain = Router::new()
        .route("/certificates/levels/{level_of}/{code}", get(achievement))
        .with_state(public)
        .route("/certificates/style.css", get(style))
        .merge(keys(&issuer));
    Some(reading.merge(plain))
}

/// The documents of the keys, which do not change while the server runs.
fn keys<S: Clone + Send + Sync + 'static>(issuer: &Issuer) -> Router<S> {
    let document = |text: String, media: &'static str| {
        let body = Bytes::from(text);
        get(move || async move { public_document(body, media, CACHE_KEYS) })
    };
    Router::new()
        .route("/.well-known/jwks.json", document(issuer.key_set().to_string(), JSON))
        .route("/.well-known/did.json", document(issuer.did_document().to_string(), DID_DOCUMENT))
}

/// Bounds the requests that read the database: those of an address by number, all of them by how many run at once.
async fn bounded(State(public): State<Arc<Public>>, request: Request, next: Next) -> Response {
    if let Err(wait) = public.limit.count(request.headers(), request.extensions()) {
        let seconds = wait.as_secs() + 1;
        let text = "Too many requests from this address.\n";
        return plain(StatusCode::TOO_MANY_REQUESTS, text, Some(seconds));
    }
    let turn = tokio::time::timeout(TIME_MAX, public.reads.acquire()).await;
    let Ok(Ok(_turn)) = turn else { return unavailable() };
    tokio::time::timeout(TIME_MAX, next.run(request)).await.unwrap_or_else(|_| unavailable())
}

/// The page of a certificate.
async fn certificate(
    State(public): State<Arc<Public>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let services = &public.services;
    let (found, Some(issuer)) = (services.certificate_at(&token).await, services.issuer()) else {
        return missing();
    };
    let found = match found {
        Ok(Some(found)) => found,
        Ok(None) => return missing(),
        Err(error) => return failed(&error),
    };
    let page = page::html(&found, issuer, texts::of_reader(&headers));
    let headers = [
        (CONTENT_TYPE, HTML),
        (CACHE_CONTROL, CACHE_NOTHING),
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (VARY, "accept-language"),
        (ROBOTS, "noindex"),
    ];
    (headers, page).into_response()
}

/// Whether a certificate can be relied on, and nothing else.
async fn status(State(public): State<Arc<Public>>, Path(token): Path<String>) -> Response {
    match public.services.certificate_at(&token).await {
        Ok(Some(found)) => {
            let text = json!({ "status": word(found.status) }).to_string();
            public_document(text.into(), JSON, CACHE_NOTHING)
        }
        Ok(None) => missing(),
        Err(error) => failed(&error),
    }
}

/// A certificate as a signed token.
async fn credential(State(public): State<Arc<Public>>, Path(token): Path<String>) -> Response {
    let services = &public.services;
    let signed = match services.certificate_at(&token).await {
        Ok(Some(found)) => services.certificate_token(&found),
        Ok(None) => return missing(),
        Err(error) => Err(error),
    };
    match signed {
        Ok(Some(signed)) => public_document(signed.into(), MEDIA_TYPE, CACHE_NOTHING),
        // The name was erased: there is nothing to sign any more.
        Ok(None) => plain(StatusCode::GONE, "The data of this certificate was erased.\n", None),
        Err(error) => failed(&error),
    }
}

/// A status list as a signed token.
async fn status_list(State(public): State<Arc<Public>>, Path(number): Path<String>) -> Response {
    let Some(number) = number.parse::<i32>().ok().filter(|parsed| parsed.to_string() == number) else {
        return missing();
    };
    let mut lists = public.lists.lock().await;
    if let Some((_, signed)) = lists.get(&number).filter(|(at, _)| at.elapsed() < LIST_TIME) {
        return public_document(signed.clone(), MEDIA_TYPE, CACHE_LIST);
    }
    match public.services.certificate_status_list(number).await {
        Ok(Some(signed)) => {
            let signed = Bytes::from(signed);
            lists.insert(number, (Instant::now(), signed.clone()));
            public_document(signed, MEDIA_TYPE, CACHE_LIST)
        }
        Ok(None) => missing(),
        Err(error) => failed(&error),
    }
}

/// A level as the achievement that badges refer to.
async fn achievement(
    State(public): State<Arc<Public>>,
    Path((level_of, code)): Path<(String, String)>,
) -> Response {
    match public.services.certified_achievement(&level_of, &code) {
        Some(found) => public_document(found.to_string().into(), JSON, CACHE_KEYS),
        None => missing(),
    }
}

async fn style() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, CACHE_KEYS),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page::STYLE).into_response()
}

/// The word for a status.
fn word(status: Status) -> &'static str {
    match status {
        Status::Valid => "valid",
        Status::Ended => "ended",
        Status::Revoked => "revoked",
    }
}

/// A document that pages of every origin may read.
fn public_document(body: Bytes, media: &'static str, cache: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, media),
        (CACHE_CONTROL, cache),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body).into_response()
}

/// The one answer for everything that does not exist.
fn missing() -> Response {
    plain(StatusCode::NOT_FOUND, "There is no certificate at this address.\n", None)
}

fn unavailable() -> Response {
    plain(StatusCode::SERVICE_UNAVAILABLE, "The server is busy.\n", Some(2))
}

fn failed(error: &Error) -> Response {
    if let Error::Unavailable(error) = error {
        tracing::warn!(%error, "database unavailable");
        return unavailable();
    }
    tracing::error!(error = %std::error::Error::source(error).unwrap_or(error), "a certificate could not be shown");
    plain(StatusCode::INTERNAL_SERVER_ERROR, "The server failed.\n", None)
}

fn plain(status: StatusCode, text: &'static str, retry_after: Option<u64>) -> Response {
    let headers = [
        (CONTENT_TYPE, TEXT),
        (CACHE_CONTROL, CACHE_NOTHING),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = (status, headers, text).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}
