use super::*;
use axum::{
    body::to_bytes,
    http::{Request, header::CONTENT_LENGTH},
};
use tower::ServiceExt;

fn headers<const N: usize>(pairs: [(HeaderName, &'static str); N]) -> HeaderMap {
    pairs.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

async fn fetch(path: &str, headers: HeaderMap) -> Response {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    *request.headers_mut() = headers;
    let app = Router::new().merge(router::<()>());
    app.oneshot(request).await.unwrap()
}

async fn body(response: Response) -> Vec<u8> {
    to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
}

async fn html() -> String {
    String::from_utf8(body(page(HeaderMap::new()).await).await).unwrap()
}

/// The values of the page's `src` and `href` attributes.
fn references(html: &str) -> Vec<&str> {
    ["src=\"", "href=\""]
        .into_iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[tokio::test]
async fn the_page_references_no_other_host() {
    let html = html().await;
    assert!(html.contains("<title>Partner Program GraphiQL</title>"));
    assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("\"//"));
    for reference in references(&html) {
        assert!(reference.starts_with('/') || reference == "data:,", "{reference}");
    }
}

#[tokio::test]
async fn the_page_has_security_and_cache_headers() {
    let response = page(HeaderMap::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (CACHE_CONTROL, "no-cache"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    assert!(!response.headers().contains_key(CONTENT_ENCODING));
}

#[tokio::test]
async fn referenced_assets_are_immutable() {
    let html = html().await;
    let assets: Vec<_> =
        references(&html).into_iter().filter(|reference| reference.starts_with("/graphiql/")).collect();
    // The page of a build without GraphiQL references nothing.
    assert_eq!(!assets.is_empty(), html.contains("id=\"graphiql\""), "{html}");
    for path in assets {
        let response = fetch(path, headers([(ACCEPT_ENCODING, "gzip, deflate, br")])).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[CACHE_CONTROL], CACHE_HASHED);
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        assert!(response.headers().contains_key(ETAG));
    }
}

#[tokio::test]
async fn embedded_files_are_served_plain_and_gzipped() {
    for name in Assets::iter() {
        let path = format!("/graphiql/{name}");
        let plain = fetch(&path, HeaderMap::new()).await;
        let packed = fetch(&path, headers([(ACCEPT_ENCODING, "gzip")])).await;
        assert_eq!(plain.headers()[CONTENT_TYPE], packed.headers()[CONTENT_TYPE]);
        assert!(!plain.headers().contains_key(CONTENT_ENCODING), "{name}");
        let plain = body(plain).await;
        let packed = body(packed).await;
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(plain, unpacked, "{name}");
    }
}

#[tokio::test]
async fn a_known_tag_is_answered_without_a_body() {
    let response = page(HeaderMap::new()).await;
    let tag = response.headers()[ETAG].to_str().unwrap().to_owned();
    let strong = tag.trim_start_matches("W/").to_owned();
    for known in [&tag, &strong, &format!("\"other\", {tag}"), "*"] {
        let mut request = HeaderMap::new();
        request.insert(IF_NONE_MATCH, HeaderValue::from_str(known).unwrap());
        let response = page(request).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(response.headers()[ETAG], tag.as_str());
        assert_eq!(response.headers()[CACHE_CONTROL], CACHE_PAGE);
        assert!(body(response).await.is_empty());
    }
    let response = page(headers([(IF_NONE_MATCH, "\"other\"")])).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    for path in ["/graphiql/none.js", "/graphiql/../Cargo.toml", "/graphiql/%2e%2e/Cargo.toml"] {
        let response = fetch(path, HeaderMap::new()).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn head_tells_the_length_of_what_get_would_send() {
    let request = Request::head("/graphiql/index.html").body(Body::empty()).unwrap();
    let response = router::<()>().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_LENGTH], html().await.len().to_string().as_str());
}

#[test]
fn gzip_is_sent_to_those_who_take_it() {
    for (accepted, value) in [
        (true, "gzip"),
        (true, "br;q=1.0, GZIP;q=0.5"),
        (true, "*"),
        (true, "identity;q=0, *;q=0.1"),
        (false, ""),
        (false, "identity"),
        (false, "br, zstd"),
        (false, "gzip;q=0"),
        (false, "gzip; q=0.000, *"),
        (false, "*;q=0"),
    ] {
        let request = headers([(ACCEPT_ENCODING, value)]);
        assert_eq!(accepts_gzip(&request), accepted, "{value}");
    }
    assert!(!accepts_gzip(&HeaderMap::new()));
}

#[test]
fn a_build_without_graphiql_says_why_and_what_to_do() {
    let page = fallback_page::page("GraphiQL", "`npm` <was> not installed", &fallback_page::remedy("web"));
    for part in [
        "At build time, <code>npm</code> &lt;was&gt; not installed.",
        "Install Node.js",
        "<code>touch web/package.json</code>",
        "<code>POST /graphql</code>",
        "href=\"/schema.graphql\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains('@') && !page.contains("http"));
    let page = fallback_page::page(
        "the console",
        "`PARTNER_PROGRAM_SKIP_CONSOLE` was set",
        fallback_page::REMEDY_DISABLED,
    );
    assert!(page.contains("<code>PARTNER_PROGRAM_SKIP_CONSOLE</code> was set."));
    assert!(page.contains("does not include the console"));
    assert!(page.contains("build again without this setting"));
}
