//! Which media type an answer has, from the `Accept` header.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// The media types of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: 200 even for requests that are refused for what they ask.
    Json,
    /// `application/graphql-response+json`: the status says whether the request was run.
    GraphqlResponse,
}

impl Media {
    /// The value of the `Content-Type` header.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// What a client accepts, out of what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The media type to answer with; `None` if the client takes neither.
    pub media: Option<Media>,
    /// Whether the client would rather have a page for people.
    pub page: bool,
    /// What the client takes as server-sent events.
    pub events: Events,
}

/// What a client takes as server-sent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// Nothing.
    Nothing,
    /// What can't be sent otherwise: subscriptions. It names `text/event-stream` beside a type of JSON.
    Subscriptions,
    /// Every operation: it prefers `text/event-stream`.
    Everything,
}

/// Weights are in thousandths, as exact as the header can say.
const WEIGHT_FULL: u16 = 1_000;

/// Reads the `Accept` headers. Without one, everything is accepted.
///
/// The newer type is sent only to those who name it; what is left open is answered with
/// the type that every client knows.
#[must_use]
pub fn negotiate(headers: &HeaderMap) -> Accepted {
    let mut json = Weight::default();
    let mut graphql = Weight::default();
    let mut html = Weight::default();
    let mut stream = Weight::default();
    let mut given = false;
    for value in headers.get_all(ACCEPT) {
        // What is not ASCII names no type that there is.
        for range in value.to_str().unwrap_or("").split(',') {
            let Some((range, weight)) = media_range(range) else {
                continue;
            };
            given = true;
            match range.as_str() {
                "application/graphql-response+json" => graphql.set(3, weight),
                "application/json" => json.set(3, weight),
                "text/html" => html.set(3, weight),
                // Who only takes any type means an answer that ends.
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
        (graphql, json) if graphql >= json => Some(Media::GraphqlResponse),
        _ => Some(Media::Json),
    };
    let best = graphql.value.max(json.value);
    let page = html.value > best || (html.value == best && html.specificity > json.specificity);
    let events = match stream.value {
        0 => Events::Nothing,
        weight if weight > best => Events::Everything,
        _ => Events::Subscriptions,
    };
    Accepted { media, page, events }
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

/// The lower-case range and its weight; `None` for what cannot be served, such as another
/// character set.
fn media_range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?.to_ascii_lowercase();
    let mut weight = WEIGHT_FULL;
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => weight = thousandths(value),
            "charset" if !value.eq_ignore_ascii_case("utf-8") => return None,
            _ => {}
        }
    }
    Some((range, weight))
}

/// A weight such as `0.85`; what is no number counts as full, as if it were not there.
fn thousandths(text: &str) -> u16 {
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

    fn accepted(accept: &str) -> (Option<Media>, bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().expect("a header value"));
        let Accepted { media, page, .. } = negotiate(&headers);
        (media, page)
    }

    #[test]
    fn table() {
        let (json, graphql) = (Some(Media::Json), Some(Media::GraphqlResponse));
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
    fn event_streams() {
        for (accept, expected) in [
            ("*/*", Events::Nothing),
            ("text/*", Events::Nothing),
            ("text/event-stream", Events::Everything),
            ("text/event-stream, application/json;q=0.9", Events::Everything),
            ("text/event-stream, */*;q=0.1", Events::Everything),
            ("application/json, text/event-stream", Events::Subscriptions),
            ("application/graphql-response+json, text/event-stream;q=0.5, */*", Events::Subscriptions),
            ("application/json, text/event-stream;q=0", Events::Nothing),
        ] {
            let headers = [(ACCEPT, accept.parse().expect("a header value"))].into_iter().collect();
            assert_eq!(negotiate(&headers).events, expected, "{accept}");
        }
    }
}
