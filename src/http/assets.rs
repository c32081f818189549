//! `GraphiQL`, from assets that are embedded in the binary: it loads nothing from other hosts. The console
//! ([`super::console`]) is served by the same functions.
//!
//! The build script stores every file gzipped under its own name. Browsers get those bytes
//! unchanged from the binary's read-only data, so the assets take no memory until they are
//! requested. A file that a client asks for without compression is decompressed once, and all
//! clients share its bytes.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};
use flate2::read::GzDecoder;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::{borrow::Cow, collections::HashMap, fmt::Write, io, io::Read, sync::LazyLock};
use tokio::sync::OnceCell;

#[cfg(test)]
#[path = "../../build/fallback_page.rs"]
mod fallback_page;
#[cfg(test)]
mod tests;

/// The output of the build script: `GraphiQL`, or the page that explains why it is missing.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/graphiql"]
struct Assets;

/// The assets that were asked for without compression, decompressed; some megabytes if all were.
pub(super) type Decompressed = LazyLock<HashMap<Cow<'static, str>, OnceCell<Bytes>>>;

static DECOMPRESSED: Decompressed = LazyLock::new(cells::<Assets>);

/// A place for each asset of a bundle.
pub(super) fn cells<A: RustEmbed>() -> HashMap<Cow<'static, str>, OnceCell<Bytes>> {
    A::iter().map(|name| (name, OnceCell::new())).collect()
}

/// The page, by its name among the assets.
pub(super) const PAGE: &str = "index.html";

/// The page may change with every build under the same address.
const CACHE_PAGE: &str = "no-cache";

/// All other names contain a hash of their content.
const CACHE_HASHED: &str = "public, max-age=31536000, immutable";

/// The editor sets styles from its scripts and has its fonts and icons in its style sheet;
/// apart from that, only this server is trusted. `'self'` covers its WebSockets as well.
const CONTENT_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    font-src 'self' data:; img-src 'self' data:; connect-src 'self'; \
    worker-src 'self' blob:";

static PAGE_HEADERS: LazyLock<HeaderMap> =
    LazyLock::new(|| page_headers(HeaderValue::from_static(CONTENT_POLICY)));

/// The headers of a page with this content security policy.
pub(super) fn page_headers(policy: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([
        (CACHE_CONTROL, HeaderValue::from_static(CACHE_PAGE)),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        // `GET /graphql` returns this page to browsers and data to other clients.
        (VARY, HeaderValue::from_static("accept, accept-encoding")),
    ])
}

const ASSET_HEADERS: [(HeaderName, HeaderValue); 2] = [
    (CACHE_CONTROL, HeaderValue::from_static(CACHE_HASHED)),
    (VARY, HeaderValue::from_static("accept-encoding")),
];

/// The routes of the files that the page refers to.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/graphiql/{*path}", get(asset))
}

/// The `GraphiQL` page, for a browser's `GET /graphql`.
pub async fn page(request: HeaderMap) -> Response {
    serve::<Assets>(&DECOMPRESSED, PAGE, &request, Some(&PAGE_HEADERS)).await
}

async fn asset(Path(path): Path<String>, request: HeaderMap) -> Response {
    let page = (path == PAGE).then(|| &*PAGE_HEADERS);
    serve::<Assets>(&DECOMPRESSED, &path, &request, page).await
}

/// Answers with an asset of a bundle; `page` has the headers of a page.
pub(super) async fn serve<A: RustEmbed>(
    cells: &'static Decompressed,
    name: &str,
    request: &HeaderMap,
    page: Option<&HeaderMap>,
) -> Response {
    let Some(file) = A::get(name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = entity_tag(&file.metadata.sha256_hash());
    let mut headers = page.cloned().unwrap_or_else(|| HeaderMap::from_iter(ASSET_HEADERS));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if matches_entity_tag(request, &tag) {
        return (StatusCode::NOT_MODIFIED, headers, [(ETAG, tag)]).into_response();
    }
    let content_type = content_type(&file);
    let body = if accepts_gzip(request) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        Body::from(file.data)
    } else {
        match decompressed(cells, name, file.data).await {
            Ok(data) => Body::from(data),
            Err(error) => {
                tracing::error!(%error, name, "failed to decompress embedded file");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    };
    (headers, [(ETAG, tag), (CONTENT_TYPE, content_type)], body).into_response()
}

/// Weak, because it identifies both the gzipped and the decompressed bytes.
fn entity_tag(hash: &[u8]) -> String {
    let mut tag = String::from("W/\"");
    for byte in hash.iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Whether the client has cached what `tag` identifies. Proxies may have turned it into a strong tag.
fn matches_entity_tag(request: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = opaque(tag);
    elements(request, &IF_NONE_MATCH).any(|known| known == "*" || opaque(known) == tag)
}

/// Whether the client accepts gzip. Unlike the specification's default, a client without
/// `Accept-Encoding` gets plain bytes: such clients are scripts that seldom decompress.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let weight = |coding_name: &str| {
        elements(request, &ACCEPT_ENCODING).find_map(|element| {
            let (coding, parameters) = element.split_once(';').unwrap_or((element, "q=1"));
            let quality = parameters.trim().strip_prefix("q=").unwrap_or("1");
            // Every spelling of zero consists of zeros and a point.
            let accepted = !quality.trim_matches(['0', '.']).is_empty();
            coding.trim().eq_ignore_ascii_case(coding_name).then_some(accepted)
        })
    };
    weight("gzip").or_else(|| weight("*")).unwrap_or(false)
}

/// The elements of a header that holds a list, however many lines it is spread over.
fn elements<'r>(request: &'r HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'r str> {
    request
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn content_type(file: &EmbeddedFile) -> String {
    let guessed = file.metadata.mimetype();
    if guessed.starts_with("text/") { format!("{guessed}; charset=utf-8") } else { guessed.to_owned() }
}

/// The decompressed bytes of an asset. The first request decompresses it, and others wait meanwhile.
async fn decompressed(
    cells: &'static Decompressed,
    name: &str,
    data: Cow<'static, [u8]>,
) -> io::Result<Bytes> {
    let cell = cells.get(name).ok_or(io::ErrorKind::NotFound)?;
    cell.get_or_try_init(|| decompress(data)).await.cloned()
}

/// The editor's largest file has 3 MB decompressed: too much to block the runtime's thread for.
async fn decompress(data: Cow<'static, [u8]>) -> io::Result<Bytes> {
    let unpack = move || {
        let mut plain = Vec::new();
        GzDecoder::new(&*data).read_to_end(&mut plain)?;
        plain.shrink_to_fit();
        Ok(Bytes::from(plain))
    };
    tokio::task::spawn_blocking(unpack).await.map_err(io::Error::other)?
}
