//! Sandboxes below `/sandbox/{id}`: each has the routes of the program, as if it were a server of its own.
//!
//! Requests are handed to the router of the sandbox before the routes of the program see them, with the path below the
//! address of the sandbox. Connections, request ids and panics are those of the program.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

/// Where the addresses of sandboxes begin.
pub const PREFIX: &str = "/sandbox/";
/// The route of all of them, for log and traces.
pub(super) const ROUTE: &str = "/sandbox/{id}";

/// Finds the routes of a sandbox by the id of its address.
pub type FindSandbox = Arc<dyn Fn(&str) -> Option<Router> + Send + Sync>;

/// Adds the sandboxes to all routes. It must be outside of every layer of the program that sandboxes have too, and inside of
/// [`super::with_layers`].
pub fn with_sandboxes(router: Router, find: FindSandbox) -> Router {
    router.layer(from_fn_with_state(find, dispatch))
}

/// The address of a sandbox, below which its routes are.
#[must_use]
pub fn base(id: &str) -> String {
    format!("{PREFIX}{id}")
}

async fn dispatch(State(find): State<FindSandbox>, mut request: Request, next: Next) -> Response {
    let target = split(request.uri().path());
    let target = target.and_then(|(id, rest)| find(id).zip(below(request.uri(), rest)));
    match target {
        Some((router, uri)) => {
            *request.uri_mut() = uri;
            router.oneshot(request).await.into_response()
        }
        // An unknown sandbox is an unknown path.
        None => next.run(request).await,
    }
}

/// The id of a sandbox, and the path below its address.
fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix(PREFIX)?;
    let (id, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    (!id.is_empty()).then_some((id, rest))
}

/// The address with another path.
fn below(uri: &Uri, path: &str) -> Option<Uri> {
    let path = if path.is_empty() { "/" } else { path };
    let target = match uri.query() {
        None => path.to_owned(),
        Some(query) => format!("{path}?{query}"),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Path;
    use axum::routing::get;

    use super::*;

    #[test]
    fn an_address_is_that_of_a_sandbox_and_a_path_in_it() {
        // path, id and path below it
        let table = [
            ("/sandbox/abc/graphql", Some(("abc", "/graphql"))),
            ("/sandbox/abc/graphql/ws", Some(("abc", "/graphql/ws"))),
            ("/sandbox/abc", Some(("abc", ""))),
            ("/sandbox/abc/", Some(("abc", "/"))),
            ("/sandbox/abc//graphql", Some(("abc", "//graphql"))),
            ("/sandbox/", None),
            ("/sandbox//graphql", None),
            ("/sandbox", None),
            ("/sandboxes/abc", None),
            ("/graphql", None),
        ];
        for (path, expected) in table {
            assert_eq!(split(path), expected, "{path}");
        }
        for (uri, path, expected) in [
            ("/sandbox/a/graphql?query=%7B%7D", "/graphql", "/graphql?query=%7B%7D"),
            ("http://host:1/sandbox/a", "", "http://host:1/"),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(below(&uri, path).unwrap().to_string(), expected);
        }
    }

    #[tokio::test]
    async fn a_sandbox_has_routes_of_its_own_and_others_are_the_programs() {
        let program = Router::new()
            .route("/names/{name}", get(|Path(name): Path<String>| async move { format!("program {name}") }))
            .fallback(|uri: Uri| async move { format!("nothing at {uri}") });
        let sandbox = Router::new()
            .route("/names/{name}", get(|Path(name): Path<String>| async move { format!("sandbox {name}") }));
        let find: FindSandbox = Arc::new(move |id| (id == "known").then(|| sandbox.clone()));
        let router = with_sandboxes(program, find);
        for (path, expected) in [
            ("/names/ada", "program ada"),
            ("/sandbox/known/names/ada", "sandbox ada"),
            ("/sandbox/other/names/ada", "nothing at /sandbox/other/names/ada"),
            ("/sandbox", "nothing at /sandbox"),
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert_eq!(body, expected, "{path}");
        }
    }
}
