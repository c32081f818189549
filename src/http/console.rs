//! The console: a web application on the GraphQL API, from assets that are embedded in the binary.
//!
//! Every address below `/console` is the page, which shows the view of that address; only the files of the bundle and
//! `/console/config.json` are others.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, SecondsFormat, Utc};
use rust_embed::RustEmbed;
use serde_json::{Value, json};

use super::assets::{Decompressed, PAGE, cells, page_headers, serve};

#[cfg(test)]
mod tests;

/// The output of the build script: the console, or the page that explains why it is missing.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/console"]
struct Assets;

static DECOMPRESSED: Decompressed = LazyLock::new(cells::<Assets>);

/// The folder of the files whose names contain a hash of their content.
const HASHED: &str = "assets/";

/// What the console needs to know before anybody has signed in. All of it is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// `CONSOLE`: whether the console is served.
    pub enabled: bool,
    /// `CONSOLE_LETTERHEAD`: the lines at the head of a printed statement.
    pub letterhead: Vec<String>,
    /// How people sign in with the OpenID Connect provider, if they can.
    pub sign_in: Option<SignIn>,
    /// Whether the server issues certificates.
    pub certificates: bool,
    /// Until when the sandbox is kept whose console this is; none for the console of the program.
    pub sandbox_until: Option<DateTime<Utc>>,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            letterhead: Vec::new(),
            sign_in: None,
            certificates: false,
            sandbox_until: None,
        }
    }
}

/// The console as a client of the OpenID Connect provider: authorization code with PKCE, without a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// `AUTH_ISSUER`: the provider.
    pub issuer: String,
    /// `CONSOLE_OIDC_CLIENT_ID`: the identifier of the client.
    pub client_id: String,
    /// `CONSOLE_OIDC_SCOPE`: the scopes to ask for.
    pub scope: String,
    /// `CONSOLE_OIDC_RESOURCE`: the resource that the access token is for (RFC 8707), if the provider asks for it.
    pub resource: Option<String>,
    /// Origins that the page may connect to: that of the provider, and those of `CONSOLE_OIDC_ORIGINS`.
    pub origins: Vec<String>,
}

impl ConsoleSettings {
    /// The public configuration that the page reads.
    fn public(&self) -> Value {
        let sign_in = self.sign_in.as_ref().map(|it| {
            json!({ "issuer": it.issuer, "clientId": it.client_id, "scope": it.scope, "resource": it.resource })
        });
        let sandbox = self
            .sandbox_until
            .map(|until| json!({ "expiresAt": until.to_rfc3339_opts(SecondsFormat::Secs, true) }));
        json!({ "letterhead": self.letterhead, "signIn": sign_in, "certificates": self.certificates, "sandbox": sandbox })
    }

    /// The content security policy: only this server is trusted, and the provider for signing in. No inline script and
    /// no inline style runs. `'self'` covers WebSockets as well.
    fn policy(&self) -> HeaderValue {
        let origins = self.sign_in.iter().flat_map(|it| &it.origins).map(|origin| format!(" {origin}"));
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
             connect-src 'self'{}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            origins.collect::<String>()
        );
        // The settings accept origins only, which are ASCII; without one the policy is a constant.
        HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
    }
}

/// The routes below `/console`.
pub fn router<S: Clone + Send + Sync + 'static>(settings: &ConsoleSettings) -> Router<S> {
    let headers = Arc::new(page_headers(settings.policy()));
    let config = Bytes::from(settings.public().to_string());
    let page = {
        let headers = Arc::clone(&headers);
        move |request: HeaderMap| async move {
            serve::<Assets>(&DECOMPRESSED, PAGE, &request, Some(&headers)).await
        }
    };
    let view = move |Path(path): Path<String>, request: HeaderMap| async move {
        below(&path, &request, &headers).await
    };
    Router::new()
        .route("/console", get(page.clone()))
        .route("/console/", get(page))
        .route("/console/config.json", get(move || async move { public(config) }))
        .route("/console/{*path}", get(view))
}

/// A file of the bundle, or the page for the address of a view.
async fn below(path: &str, request: &HeaderMap, headers: &HeaderMap) -> Response {
    if path.starts_with(HASHED) {
        return serve::<Assets>(&DECOMPRESSED, path, request, None).await;
    }
    serve::<Assets>(&DECOMPRESSED, PAGE, request, Some(headers)).await
}

fn public(config: Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, config).into_response()
}
