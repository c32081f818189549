//! A subscription over server-sent events.

use std::time::Duration;

use serde_json::Value;

/// Nothing that comes at all takes longer.
const WAIT: Duration = Duration::from_mins(1);

/// The events of a subscription as they come.
pub(crate) struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    pub(super) fn new(response: reqwest::Response) -> Self {
        let media = response.headers()["content-type"].to_str().unwrap_or_default();
        assert!(media.starts_with("text/event-stream"), "{media}");
        Self { response, text: String::new() }
    }

    /// The next result; none when the stream has completed.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let next = async {
            loop {
                while let Some((block, rest)) = self.text.split_once("\n\n") {
                    let (block, rest) = (block.to_owned(), rest.to_owned());
                    self.text = rest;
                    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                    match field("event: ") {
                        Some("next") => {
                            let data = field("data: ").expect("a result");
                            return Some(serde_json::from_str(data).expect("JSON"));
                        }
                        Some("complete") => return None,
                        // A comment keeps the connection.
                        _ => {}
                    }
                }
                let chunk =
                    self.response.chunk().await.expect("a connection").expect("no end before complete");
                self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
            }
        };
        tokio::time::timeout(WAIT, next).await.expect("a result comes")
    }

    /// The data of the next result.
    pub(crate) async fn data(&mut self) -> Value {
        let result = self.next().await.expect("a result");
        assert!(result["errors"].is_null(), "{result}");
        result["data"].clone()
    }

    /// Waits until the server ends it without `complete`, as when it shuts down.
    pub(crate) async fn ended(&mut self) {
        let end = async { while self.response.chunk().await.expect("a connection").is_some() {} };
        tokio::time::timeout(WAIT, end).await.expect("an end comes");
    }
}
