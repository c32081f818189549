//! Why a request is not executed: the codes and messages that clients get.

use async_graphql::{ErrorExtensionValues, Pos, ServerError, Value};

/// Maximum length of an error message, in characters. Messages may quote the request, which must
/// not be able to make the response large.
pub const MESSAGE_CHARS_MAX: usize = 500;

/// Maximum number of errors in one response.
pub const ERRORS_MAX: usize = 20;

/// Maximum characters of a value or name that a message quotes.
pub(crate) const QUOTED_CHARS_MAX: usize = 40;

/// Message while the database is away or too busy.
pub(crate) const UNAVAILABLE: &str =
    "The database is not available or too busy at the moment. Retry in a few seconds.";
/// Message of a mutation that the deadline ended.
pub(crate) const TIMED_OUT: &str =
    "The mutation did not finish in time and was rolled back: nothing was changed. Retry it.";
/// Message of a mutation whose commit may have taken effect.
pub(crate) const IN_DOUBT: &str = "The outcome is unknown: the change may have taken effect. Read the object before \
    you retry, or repeat the mutation with the same externalId or idempotencyKey, which is safe.";
/// Extension that says that the outcome of a mutation is unknown.
pub(crate) const OUTCOME: &str = "outcome";
/// Its value.
pub(crate) const OUTCOME_UNKNOWN: &str = "UNKNOWN";

/// The closed list of codes of top-level errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// The request, a variable or an argument has a value that cannot be used.
    BadUserInput,
    /// The request does not determine which operation of the document to run.
    OperationResolutionFailure,
    /// The request refers to a document by a hash or id that is not known.
    PersistedQueryNotFound,
    /// No valid credentials.
    Unauthenticated,
    /// Valid credentials that do not allow this.
    Forbidden,
    /// A limit on the size of documents or responses is exceeded.
    QueryTooComplex,
    /// Too many requests.
    RateLimited,
    /// The operation took too long.
    OperationTimeout,
    /// The database is away or too busy.
    ServiceUnavailable,
    /// An internal error; the log has the details under the request id.
    InternalServerError,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
        Self::BadUserInput,
        Self::OperationResolutionFailure,
        Self::PersistedQueryNotFound,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::QueryTooComplex,
        Self::RateLimited,
        Self::OperationTimeout,
        Self::ServiceUnavailable,
        Self::InternalServerError,
    ];

    /// Parses a value of `extensions.code`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The value of `extensions.code`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::OperationResolutionFailure => "OPERATION_RESOLUTION_FAILURE",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::RateLimited => "RATE_LIMITED",
            Self::OperationTimeout => "OPERATION_TIMEOUT",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

/// A limit that a request exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceededLimit {
    /// The name of the limit, for clients to branch on.
    pub limit: &'static str,
    /// The maximum.
    pub max: u64,
    /// What the request has; a saturated count for documents that would expand further.
    pub actual: u64,
}

/// One reason why a request is not executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code, for clients to branch on.
    pub code: Code,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// The position in the document, if there is one.
    pub locations: Vec<Pos>,
    /// The limit, if one was exceeded.
    pub exceeded: Option<ExceededLimit>,
}

impl Refusal {
    /// A refusal without a position in the document.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), locations: Vec::new(), exceeded: None }
    }

    /// A refusal because of a limit.
    #[must_use]
    pub fn limit(exceeded: ExceededLimit, message: String) -> Self {
        Self { exceeded: Some(exceeded), ..Self::new(Code::QueryTooComplex, message) }
    }

    /// The same refusal, with a position in the document.
    #[must_use]
    pub fn at(mut self, pos: Pos) -> Self {
        self.locations.push(pos);
        self
    }
}

impl From<Refusal> for ServerError {
    fn from(refusal: Refusal) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", refusal.code.as_str());
        if let Some(ExceededLimit { limit, max, actual }) = refusal.exceeded {
            extensions.set("limit", limit);
            extensions.set("max", Value::from(max));
            extensions.set("actual", Value::from(actual));
        }
        let mut error = ServerError::new(truncate_message(refusal.message), None);
        error.locations = refusal.locations;
        error.extensions = Some(extensions);
        error
    }
}

/// The message for a caller that lacks a permission. It is the same for every object, so it reveals nothing about one.
#[must_use]
pub(super) fn forbidden_message(operation: &str) -> String {
    format!("Your role or API key does not permit {operation}.")
}

/// The message, cut to [`MESSAGE_CHARS_MAX`] characters.
#[must_use]
pub fn truncate_message(message: String) -> String {
    truncate_chars(message, MESSAGE_CHARS_MAX)
}

/// The text, cut to `chars_max` characters with an ellipsis as the last one.
#[must_use]
pub fn truncate_chars(mut text: String, chars_max: usize) -> String {
    // A text has at most as many characters as bytes: most never need counting.
    if text.len() > chars_max && text.chars().count() > chars_max {
        let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
        text = kept;
        text.push('…');
    }
    text
}
