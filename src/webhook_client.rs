//! The HTTP client that delivers webhooks: signed requests with limits on time and size, without redirects
//! and proxies, and not into private networks unless that is allowed.

pub mod address;

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, Url};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};

use address::is_public;

/// Timeout for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of a request with its response.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum bytes that are read of a response.
const RESPONSE_BYTES_MAX: usize = 64 << 10;
/// Maximum bytes of a response that are recorded.
const EXCERPT_BYTES_MAX: usize = 1 << 10;
/// Maximum length of a URL, in characters.
const URL_CHARS_MAX: usize = 2_000;
/// Maximum length of a host name, in bytes of its ASCII form.
const NAME_BYTES_MAX: usize = 253;
/// Maximum length of a part of a host name, in bytes of its ASCII form.
const LABEL_BYTES_MAX: usize = 63;
/// Most characters of a part of a host name that a message repeats.
const LABEL_CHARS_SHOWN: usize = 20;
/// Most characters of a scheme that a message repeats.
const SCHEME_CHARS_SHOWN: usize = 20;
/// The user agent, for the receiver's logs.
const USER_AGENT: &str = concat!("partner-program/", env!("CARGO_PKG_VERSION"));

/// A webhook request with the secrets that sign it.
pub struct WebhookRequest<'m> {
    /// The URL of the endpoint.
    pub url: &'m str,
    /// The id of the message, the same for every attempt.
    pub id: &'m str,
    /// Time of the attempt, in seconds since 1970.
    pub timestamp: i64,
    /// The bytes that are signed and sent.
    pub body: &'m str,
    /// The secrets; each adds a signature.
    pub secrets: &'m [String],
}

impl fmt::Debug for WebhookRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookRequest({} to {})", self.id, self.url)
    }
}

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// The status of the response.
    pub status: Option<u16>,
    /// The beginning of the response body.
    pub response: Option<String>,
    /// The `Retry-After` header of the response.
    pub retry_after: Option<String>,
    /// Why it failed, for people; none when the receiver acknowledged it.
    pub error: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

/// Sends webhook requests. It pools its connections, so one client is enough.
#[derive(Debug, Default)]
pub struct WebhookClient {
    allow_private: bool,
    client: Option<Client>,
}

impl WebhookClient {
    /// A client for public addresses over https, or with `allow_private` for all addresses, over http as well.
    ///
    /// # Errors
    /// When the client cannot be created, such as without certificates of authorities.
    pub fn new(allow_private: bool) -> Result<Self, String> {
        Ok(Self { client: Some(client(allow_private)?), ..Self::without_sending(allow_private) })
    }

    /// A client that validates URLs and sends nothing.
    #[must_use]
    pub fn without_sending(allow_private: bool) -> Self {
        Self { allow_private, client: None }
    }

    /// Validates the URL of an endpoint; names are resolved at each attempt.
    ///
    /// # Errors
    /// What is accepted, for people.
    pub fn check_url(&self, text: &str) -> Result<Url, String> {
        let length = text.chars().count();
        if length > URL_CHARS_MAX {
            return Err(format!("A URL has at most {URL_CHARS_MAX} characters; got {length}."));
        }
        // A text that cannot be parsed may hold a password, so the message does not repeat it.
        let invalid = "The text is not a URL, such as https://example.com/hooks.";
        let url = Url::parse(text).map_err(|_| invalid.to_owned())?;
        let schemes = if self.allow_private { &["https", "http"][..] } else { &["https"] };
        if !schemes.contains(&url.scheme()) {
            let scheme: String = url.scheme().chars().take(SCHEME_CHARS_SHOWN).collect();
            return Err(format!("Events are sent by https; the URL has the scheme {scheme}."));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "The URL contains a user or a password, which are not sent; verify the signature instead."
                    .to_owned(),
            );
        }
        if url.fragment().is_some() {
            return Err("The URL contains a fragment (#…), which is not sent; leave it out.".to_owned());
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid.to_owned())?;
        check_name(host)?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.allow_private && !is_public(address) => {
                Err(NotPublic(host.to_owned()).to_string())
            }
            _ => Ok(url),
        }
    }

    /// Sends a request once, without retries.
    pub async fn send(&self, request: &WebhookRequest<'_>) -> AttemptOutcome {
        let started_at = Instant::now();
        let mut outcome = AttemptOutcome {
            status: None,
            response: None,
            retry_after: None,
            error: None,
            duration: Duration::ZERO,
        };
        match self.send_request(request).await {
            Ok(mut response) => {
                let status = response.status();
                outcome.status = Some(status.as_u16());
                let retry_after = response.headers().get("retry-after");
                outcome.retry_after = retry_after.and_then(|it| it.to_str().ok()).map(str::to_owned);
                outcome.response = read_excerpt(&mut response).await;
                if !status.is_success() {
                    let name = status.canonical_reason().map(|name| format!(" {name}")).unwrap_or_default();
                    let also = if status.is_redirection() { "; redirects are not followed" } else { "" };
                    outcome.error = Some(format!("The receiver answered {}{name}{also}.", status.as_u16()));
                }
            }
            Err(error) => outcome.error = Some(error),
        }
        outcome.duration = started_at.elapsed();
        outcome
    }

    async fn send_request(&self, request: &WebhookRequest<'_>) -> Result<Response, String> {
        let url = self.check_url(request.url)?;
        let signature =
            sign(request).map_err(|_| "The message can't be signed: a secret is damaged.".to_owned())?;
        let client = self.client.as_ref().ok_or("This process sends no webhooks.")?;
        let http_request = client
            .post(url.clone())
            .header("content-type", "application/json")
            .header(HEADER_WEBHOOK_ID, request.id)
            .header(HEADER_WEBHOOK_TIMESTAMP, request.timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signature)
            .body(request.body.to_owned());
        http_request.send().await.map_err(|error| describe_error(&error, url.host_str().unwrap_or_default()))
    }
}

fn sign(request: &WebhookRequest<'_>) -> Result<String, WebhookError> {
    let signatures = request
        .secrets
        .iter()
        .map(|secret| Webhook::new(secret)?.sign(request.id, request.timestamp, request.body.as_bytes()));
    Ok(signatures.collect::<Result<Vec<_>, _>>()?.join(" "))
}

/// Checks the lengths of a host name and of its labels (RFC 1035), in ASCII. No resolver looks up a longer one.
fn check_name(host: &str) -> Result<(), String> {
    // The dot at the end of an absolute name does not count.
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.len() > NAME_BYTES_MAX {
        let length = name.len();
        return Err(format!(
            "The host name of the URL has {length} characters; the maximum is {NAME_BYTES_MAX}."
        ));
    }
    for label in name.split('.') {
        let length = label.len();
        if length == 0 {
            return Err("The host name of the URL has two dots in a row.".to_owned());
        }
        if length > LABEL_BYTES_MAX {
            let shown: String = label.chars().take(LABEL_CHARS_SHOWN).collect();
            return Err(format!(
                "The host name of the URL has a part of {length} characters, {shown}…; the maximum between two dots is \
                 {LABEL_BYTES_MAX}."
            ));
        }
    }
    Ok(())
}

fn client(allow_private: bool) -> Result<Client, String> {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .https_only(!allow_private)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .dns_resolver(PublicResolver { allow_private })
        .build()
        .map_err(|error| format!("cannot create the HTTP client: {error}"))
}

/// The beginning of a response; reading stops at the maximum, which closes the connection.
async fn read_excerpt(response: &mut Response) -> Option<String> {
    let (mut excerpt, mut read) = (Vec::new(), 0);
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        let capacity = EXCERPT_BYTES_MAX - excerpt.len();
        excerpt.extend_from_slice(&chunk[..chunk.len().min(capacity)]);
        if read >= RESPONSE_BYTES_MAX {
            break;
        }
    }
    // PostgreSQL cannot store NUL.
    let text = String::from_utf8_lossy(&excerpt).replace('\0', "\u{fffd}");
    (!text.is_empty()).then_some(text)
}

/// Describes why there was no response, without the URL, which may contain a token.
fn describe_error(error: &reqwest::Error, host: &str) -> String {
    let mut cause = StdError::source(error);
    while let Some(one) = cause {
        if let Some(refused) = one.downcast_ref::<NotPublic>() {
            return refused.to_string();
        }
        if one.is::<NameNotResolved>() {
            return format!("The name {host} can't be resolved.");
        }
        if let Some(io) = one.downcast_ref::<std::io::Error>()
            && let Some(refused) = io.get_ref().and_then(|inner| inner.downcast_ref::<NotPublic>())
        {
            return refused.to_string();
        }
        cause = one.source();
    }
    if error.is_timeout() {
        let (what, time) =
            if error.is_connect() { ("connection", CONNECT_TIMEOUT) } else { ("answer", REQUEST_TIMEOUT) };
        return format!("There was no {what} within {} s.", time.as_secs());
    }
    let mut last: &dyn StdError = error;
    while let Some(next) = last.source() {
        last = next;
    }
    if error.is_connect() {
        return format!("{host} can't be connected to: {last}.");
    }
    format!("The request failed: {last}.")
}

/// Resolves names to public addresses only, unless private ones are allowed.
#[derive(Debug)]
struct PublicResolver {
    allow_private: bool,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NameNotResolved)?;
            let found: Vec<SocketAddr> = found.collect();
            let allowed: Vec<SocketAddr> =
                found.iter().copied().filter(|one| allow_private || is_public(one.ip())).collect();
            if found.is_empty() {
                return Err(NameNotResolved.into());
            }
            if allowed.is_empty() {
                return Err(NotPublic(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A host has no public address.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is no public address: events are not sent into private networks, unless WEBHOOKS_TO_PRIVATE allows it."
)]
struct NotPublic(String);

/// A name does not resolve.
#[derive(Debug, thiserror::Error)]
#[error("the name can't be resolved")]
struct NameNotResolved;

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn addresses_are_validated_before_they_are_stored() {
        let long = format!("https://example.com/{}", "x".repeat(URL_CHARS_MAX));
        // address, whether it is accepted, and whether it is where private ones are allowed
        let table = [
            ("https://example.com/hooks?a=b", true, true),
            ("https://example.com:8443/", true, true),
            ("https://1.1.1.1/", true, true),
            ("http://example.com/", false, true),
            ("http://127.0.0.1:8080/", false, true),
            ("https://127.0.0.1/", false, true),
            ("https://2130706433/", false, true),
            ("https://0x7f.1/", false, true),
            ("https://127.0.0.1./", false, true),
            ("https://[::1]/", false, true),
            ("https://[::ffff:127.0.0.1]/", false, true),
            ("https://[::ffff:a9fe:a9fe]/", false, true),
            ("https://169.254.169.254/latest", false, true),
            ("https://user@example.com/", false, false),
            ("https://user:word@example.com/", false, false),
            ("https://example.com/#here", false, false),
            ("ftp://example.com/", false, false),
            ("file:///etc/passwd", false, false),
            ("example.com", false, false),
            ("https://", false, false),
            ("", false, false),
            (&long, false, false),
        ];
        for (text, public, private) in table {
            let check = |allow_private| WebhookClient::without_sending(allow_private).check_url(text).is_ok();
            assert_eq!((check(false), check(true)), (public, private), "{text}");
        }
    }

    #[test]
    fn host_names_have_a_length_that_can_be_resolved() {
        let label = "a".repeat(LABEL_BYTES_MAX);
        let longest = [&label[..], &label, &label, &label[..61]].join(".");
        assert_eq!(longest.len(), NAME_BYTES_MAX);
        let part = "The host name of the URL has a part of 64 characters, aaaaaaaaaaaaaaaaaaaa…; \
                    the maximum between two dots is 63.";
        let part_ascii = "The host name of the URL has a part of 66 characters, xn--";
        let whole = "The host name of the URL has 255 characters; the maximum is 253.";
        for (host, refused) in [
            (longest.clone(), None),
            (format!("{longest}."), None),
            (format!("{label}.example"), None),
            (format!("a{label}.example"), Some(part)),
            (format!("{longest}.a"), Some(whole)),
            (format!("{}.example", "ü".repeat(60)), Some(part_ascii)),
            ("a..example".to_owned(), Some("The host name of the URL has two dots in a row.")),
        ] {
            let checked = WebhookClient::without_sending(false).check_url(&format!("https://{host}/hooks"));
            match (checked, refused) {
                (Ok(_), None) => {}
                (Err(message), Some(expected)) => assert!(message.starts_with(expected), "{host}: {message}"),
                (checked, _) => panic!("{host}: {checked:?}"),
            }
        }
    }

    #[test]
    fn each_secret_adds_a_signature() {
        let secrets = [SECRET.to_owned(), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".to_owned()];
        // The first is the example of the specification's libraries.
        let request = WebhookRequest {
            url: "",
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: 1_614_265_330,
            body: r#"{"test": 2432232314}"#,
            secrets: &secrets,
        };
        let signed = sign(&request).expect("signatures");
        let (first, second) = signed.split_once(' ').expect("two");
        assert_eq!(first, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(second.starts_with("v1,") && second != first);
        assert!(!format!("{request:?}").contains("whsec_"));
    }

    #[tokio::test]
    async fn names_that_resolve_to_private_addresses_are_refused() {
        let send = async |url: &str| {
            let secrets = [SECRET.to_owned()];
            let request = WebhookRequest { url, id: "evt_1", timestamp: 1, body: "{}", secrets: &secrets };
            let client = WebhookClient::new(false).expect("a client");
            client.send(&request).await.error.expect("a reason")
        };
        let refused = send("https://localhost:9/").await;
        assert!(refused.starts_with("localhost is no public address"), "{refused}");
        let refused = send("https://[::ffff:127.0.0.1]/").await;
        assert!(refused.starts_with("[::ffff:7f00:1] is no public address"), "{refused}");
        let unknown = send("https://nobody.invalid/").await;
        assert_eq!(unknown, "The name nobody.invalid can't be resolved.");
    }
}
