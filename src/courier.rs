//! Sends signed messages to addresses of others: within bounds of time and size, never along a redirect or
//! through a proxy, and not into networks of our own unless that is allowed.

pub mod address;

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, Url};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};

use address::is_public;

/// Longest time to a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest time of a request with its answer.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(30);
/// Most bytes of an answer that are read.
const READ_MAX: usize = 64 << 10;
/// Most bytes of an answer that are kept.
const KEPT_MAX: usize = 1 << 10;
/// Longest address, in characters.
const URL_MAX: usize = 2_000;
/// Who asks, for the receiver's logs.
const AGENT: &str = concat!("partner-program/", env!("CARGO_PKG_VERSION"));

/// A message, and what it is signed with.
pub struct Message<'m> {
    /// Where it goes.
    pub url: &'m str,
    /// The same for every attempt.
    pub id: &'m str,
    /// Seconds since 1970, of the attempt.
    pub timestamp: i64,
    /// The bytes that are signed and sent.
    pub body: &'m str,
    /// Each makes a signature.
    pub secrets: &'m [String],
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} to {})", self.id, self.url)
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status that was answered.
    pub status: Option<u16>,
    /// How the answer began.
    pub response: Option<String>,
    /// What the answer says about when to come again.
    pub retry_after: Option<String>,
    /// Why it failed, in words for people; none when the receiver took it.
    pub error: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

/// Sends messages. One keeps its connections, so one is enough.
#[derive(Debug, Default)]
pub struct Courier {
    to_private: bool,
    client: OnceLock<Option<Client>>,
}

impl Courier {
    /// A courier that goes to public addresses by https, or with `to_private` to all and by http as well.
    #[must_use]
    pub fn new(to_private: bool) -> Self {
        Self { to_private, client: OnceLock::new() }
    }

    /// Checks an address before it is kept; names are looked up at each attempt.
    ///
    /// # Errors
    /// What would be right, in words for people.
    pub fn check(&self, text: &str) -> Result<Url, String> {
        if text.chars().count() > URL_MAX {
            return Err(format!("An address has at most {URL_MAX} characters."));
        }
        let whole = "This is not an address such as https://example.com/hooks.";
        let url = Url::parse(text).map_err(|_| whole.to_owned())?;
        let fits = if self.to_private { &["https", "http"][..] } else { &["https"] };
        if !fits.contains(&url.scheme()) {
            return Err("Events are sent by https: the address begins with https://.".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "An address holds no user and no password: the signature tells who sent it.".to_owned()
            );
        }
        if url.fragment().is_some() {
            return Err("An address has no part behind #: it would not be sent.".to_owned());
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| whole.to_owned())?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.to_private && !is_public(address) => {
                Err(Refused(host.to_owned()).to_string())
            }
            _ => Ok(url),
        }
    }

    /// Sends a message once.
    pub async fn send(&self, message: &Message<'_>) -> Outcome {
        let began = Instant::now();
        let mut outcome = Outcome {
            status: None,
            response: None,
            retry_after: None,
            error: None,
            duration: Duration::ZERO,
        };
        match self.ask(message).await {
            Ok(mut response) => {
                let status = response.status();
                outcome.status = Some(status.as_u16());
                let retry_after = response.headers().get("retry-after");
                outcome.retry_after = retry_after.and_then(|it| it.to_str().ok()).map(str::to_owned);
                outcome.response = read(&mut response).await;
                if !status.is_success() {
                    let name = status.canonical_reason().map(|name| format!(" {name}")).unwrap_or_default();
                    let also = if status.is_redirection() { "; redirects are not followed" } else { "" };
                    outcome.error = Some(format!("The receiver answered {}{name}{also}.", status.as_u16()));
                }
            }
            Err(error) => outcome.error = Some(error),
        }
        outcome.duration = began.elapsed();
        outcome
    }

    async fn ask(&self, message: &Message<'_>) -> Result<Response, String> {
        let url = self.check(message.url)?;
        let signature =
            sign(message).map_err(|_| "The message can't be signed: a secret is damaged.".to_owned())?;
        let client = self.client.get_or_init(|| client(self.to_private)).as_ref();
        let client = client.ok_or("This server can't make requests: its certificates can't be read.")?;
        let request = client
            .post(url.clone())
            .header("content-type", "application/json")
            .header(HEADER_WEBHOOK_ID, message.id)
            .header(HEADER_WEBHOOK_TIMESTAMP, message.timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signature)
            .body(message.body.to_owned());
        request.send().await.map_err(|error| in_words(&error, url.host_str().unwrap_or_default()))
    }
}

fn sign(message: &Message<'_>) -> Result<String, WebhookError> {
    let signatures = message
        .secrets
        .iter()
        .map(|secret| Webhook::new(secret)?.sign(message.id, message.timestamp, message.body.as_bytes()));
    Ok(signatures.collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn client(to_private: bool) -> Option<Client> {
    let client = Client::builder()
        .user_agent(AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .https_only(!to_private)
        .connect_timeout(CONNECT_TIME_MAX)
        .timeout(TIME_MAX)
        .dns_resolver(Names { to_private })
        .build();
    client.inspect_err(|error| tracing::error!(%error, "webhooks can't be sent")).ok()
}

/// The beginning of an answer; what is longer than is read ends the connection.
async fn read(response: &mut Response) -> Option<String> {
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        let room = KEPT_MAX - kept.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if read >= READ_MAX {
            break;
        }
    }
    // PostgreSQL keeps no NUL.
    let text = String::from_utf8_lossy(&kept).replace('\0', "\u{fffd}");
    (!text.is_empty()).then_some(text)
}

/// Why there was no answer. The address itself is not repeated: it may hold a token.
fn in_words(error: &reqwest::Error, host: &str) -> String {
    let mut cause = StdError::source(error);
    while let Some(one) = cause {
        if let Some(refused) = one.downcast_ref::<Refused>() {
            return refused.to_string();
        }
        if one.is::<Unknown>() {
            return format!("The name {host} can't be resolved.");
        }
        if let Some(io) = one.downcast_ref::<std::io::Error>()
            && let Some(refused) = io.get_ref().and_then(|inner| inner.downcast_ref::<Refused>())
        {
            return refused.to_string();
        }
        cause = one.source();
    }
    if error.is_timeout() {
        let (what, time) =
            if error.is_connect() { ("connection", CONNECT_TIME_MAX) } else { ("answer", TIME_MAX) };
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

/// Looks names up, and gives public addresses only.
#[derive(Debug)]
struct Names {
    to_private: bool,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let to_private = self.to_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| Unknown)?;
            let found: Vec<SocketAddr> = found.collect();
            let taken: Vec<SocketAddr> =
                found.iter().copied().filter(|one| to_private || is_public(one.ip())).collect();
            if found.is_empty() {
                return Err(Unknown.into());
            }
            if taken.is_empty() {
                return Err(Refused(name.as_str().to_owned()).into());
            }
            Ok(Box::new(taken.into_iter()) as Addrs)
        })
    }
}

/// A host is none of the public internet.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is no public address: events are not sent into private networks, unless WEBHOOKS_TO_PRIVATE allows it."
)]
struct Refused(String);

/// A name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name can't be resolved")]
struct Unknown;

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn addresses_are_checked_before_they_are_kept() {
        let long = format!("https://example.com/{}", "x".repeat(URL_MAX));
        // address, whether it is taken, and whether it is where private ones are allowed
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
            assert_eq!(Courier::new(false).check(text).is_ok(), public, "{text}");
            assert_eq!(Courier::new(true).check(text).is_ok(), private, "{text}");
        }
    }

    #[test]
    fn each_secret_makes_a_signature() {
        let secrets = [SECRET.to_owned(), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".to_owned()];
        // The first is the example of the specification's libraries.
        let message = Message {
            url: "",
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: 1_614_265_330,
            body: r#"{"test": 2432232314}"#,
            secrets: &secrets,
        };
        let signed = sign(&message).expect("signatures");
        let (first, second) = signed.split_once(' ').expect("two");
        assert_eq!(first, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(second.starts_with("v1,") && second != first);
        assert!(!format!("{message:?}").contains("whsec_"));
    }

    #[tokio::test]
    async fn names_that_lead_to_this_machine_are_refused() {
        let send = async |url: &str| {
            let secrets = [SECRET.to_owned()];
            let message = Message { url, id: "evt_1", timestamp: 1, body: "{}", secrets: &secrets };
            Courier::new(false).send(&message).await.error.expect("a reason")
        };
        let refused = send("https://localhost:9/").await;
        assert!(refused.starts_with("localhost is no public address"), "{refused}");
        let refused = send("https://[::ffff:127.0.0.1]/").await;
        assert!(refused.starts_with("[::ffff:7f00:1] is no public address"), "{refused}");
        let unknown = send("https://nobody.invalid/").await;
        assert_eq!(unknown, "The name nobody.invalid can't be resolved.");
    }
}
