//! Content negotiation: the media type of a response, from the `Accept` header.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// The media types of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`: 200 even for requests that are rejected by validation.
    Json,
    /// `application/graphql-response+json`: the status says whether the request was executed.
    GraphqlResponse,
}

impl MediaType {
    /// The value of the `Content-Type` header.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// The result of content negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The media type of the response; `None` if the client accepts neither.
    pub media: Option<MediaType>,
    /// Whether the client prefers an HTML page.
    pub prefers_html: bool,
    /// Which operations the client accepts as server-sent events.
    pub event_stream: EventStream,
}

/// The operations that a client accepts as server-sent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStream {
    /// None.
    Never,
    /// Only subscriptions: it accepts `text/event-stream` in addition to a JSON type.
    SubscriptionsOnly,
    /// Every operation: it prefers `text/event-stream`.
    Always,
}

/// Weights are in thousandths, the precision of the header.
const WEIGHT_FULL: u16 = 1_000;

/// Evaluates the `Accept` headers. Without one, everything is accepted.
///
/// Only clients that name the newer type get it; wildcards select `application/json`, which every
/// client supports.
#[must_use]
pub fn negotiate(headers: &HeaderMap) -> Accepted {
    let mut json = Weight::default();
    let mut graphql = Weight::default();
    let mut html = Weight::default();
    let mut stream = Weight::default();
    let mut given = false;
    for value in headers.get_all(ACCEPT) {
        // A value that is not ASCII matches no type.
        for range in value.to_str().unwrap_or("").split(',') {
            let Some((range, weight)) = parse_media_range(range) else {
                continue;
            };
            given = true;
            match range.as_str() {
                "application/graphql-response+json" => graphql.set(3, weight),
                "application/json" => json.set(3, weight),
                "text/html" => html.set(3, weight),
                // A wildcard does not select a stream.
                "text/event-stream" => stream.set(3, weight),
                "application/*" => json.set(2, weight),
                "text/*" => html.set(2, weight),
                "*/*" => json.set(1, weight),
                _ => {}
            }
        }
    }
    if !given && !headers.contains_key(ACCEPT) {
        json.set(1, WEIGHT_FULL);
    }
    let media = match (graphql.value, json.value) {
        (0, 0) => None,
        (graphql, json) if graphql >= json => Some(MediaType::GraphqlResponse),
        _ => Some(MediaType::Json),
    };
    let best = graphql.value.max(json.value);
    let prefers_html = html.value > best || (html.value == best && html.specificity > json.specificity);
    let event_stream = match stream.value {
        0 => EventStream::Never,
        weight if weight > best => EventStream::Always,
        _ => EventStream::SubscriptionsOnly,
    };
    Accepted { media, prefers_html, event_stream }
}

/// The weight of a type, from the most specific range that covers it.
#[derive(Clone, Copy, Default)]
struct Weight {
    value: u16,
    specificity: u8,
}

impl Weight {
    fn set(&mut self, specificity: u8, value: u16) {
        if specificity > self.specificity {
            *self = Self { value, specificity };
        } else if specificity == self.specificity {
            self.value = self.value.max(value);
        }
    }
}

/// Parses a media range with its weight; `None` for what cannot be served, such as another character
/// set.
pub(super) fn parse_media_range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?.to_ascii_lowercase();
    let mut weight = WEIGHT_FULL;
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => weight = parse_quality(value),
            "charset" if !value.eq_ignore_ascii_case("utf-8") => return None,
            _ => {}
        }
    }
    Some((range, weight))
}

/// Parses a weight such as `0.85`; an invalid one counts as 1, as if it were absent.
fn parse_quality(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole == "1" {
        return WEIGHT_FULL;
    }
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse()) {
        ("0", Ok(weight)) => weight,
        _ => WEIGHT_FULL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &str) -> (Option<MediaType>, bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().expect("a header value"));
        let Accepted { media, prefers_html, .. } = negotiate(&headers);
        (media, prefers_html)
    }

    #[test]
    fn accept_headers() {
        let (json, graphql) = (Some(MediaType::Json), Some(MediaType::GraphqlResponse));
        let chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, expected) in [
            ("*/*", (json, false)),
            ("application/*", (json, false)),
            ("application/json", (json, false)),
            ("application/json; charset=UTF-8", (json, false)),
            ("application/json; charset=latin1", (None, false)),
            ("APPLICATION/GraphQL-Response+JSON", (graphql, false)),
            ("application/graphql-response+json, application/json", (graphql, false)),
            ("application/graphql-response+json;q=0.5, application/json", (json, false)),
            ("application/graphql-response+json; charset=utf-8, application/json; q=0.9", (graphql, false)),
            ("application/graphql-response+json, */*", (graphql, false)),
            ("application/json;q=0, */*", (None, false)),
            ("text/plain", (None, false)),
            ("", (None, false)),
            ("text/html", (None, true)),
            ("text/html, */*", (json, true)),
            ("application/json, text/html", (json, false)),
            (chrome, (json, true)),
        ] {
            assert_eq!(accepted(accept), expected, "{accept}");
        }
        assert_eq!(negotiate(&HeaderMap::new()).media, json);
    }

    #[test]
    fn event_stream_preferences() {
        for (accept, expected) in [
            ("*/*", EventStream::Never),
            ("text/*", EventStream::Never),
            ("text/event-stream", EventStream::Always),
            ("text/event-stream, application/json;q=0.9", EventStream::Always),
            ("text/event-stream, */*;q=0.1", EventStream::Always),
            ("application/json, text/event-stream", EventStream::SubscriptionsOnly),
            (
                "application/graphql-response+json, text/event-stream;q=0.5, */*",
                EventStream::SubscriptionsOnly,
            ),
            ("application/json, text/event-stream;q=0", EventStream::Never),
        ] {
            let headers = [(ACCEPT, accept.parse().expect("a header value"))].into_iter().collect();
            assert_eq!(negotiate(&headers).event_stream, expected, "{accept}");
        }
    }
}
