//! How a request refers to its document: by text, by the hash of the text, or by the id of a trusted document.

use sha2::{Digest, Sha256};

use super::refusal::{Code, QUOTED_CHARS_MAX, Refusal, truncate_chars};

/// Prefix of a document's id that is followed by the hash of its text.
const SHA256: &str = "sha256:";
/// Longest id of a document, in bytes.
const ID_BYTES_MAX: usize = 256;

/// SHA-256 of a document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DocumentHash([u8; 32]);

impl DocumentHash {
    /// The hash of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }
}

/// Lower-case hexadecimal digits.
impl std::fmt::Display for DocumentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A reference to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentRef {
    /// Its text.
    Text(String),
    /// The hash of a persisted text.
    Hash(DocumentHash),
    /// Its text, to be persisted under the hash.
    TextWithHash(String, DocumentHash),
    /// The id of a trusted document.
    Id(String),
}

impl DocumentRef {
    /// Parses a `documentId`, as GraphQL over HTTP defines it for persisted documents.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for what is not an id.
    pub fn from_id(id: String) -> Result<Self, Refusal> {
        if let Some(digits) = id.strip_prefix(SHA256) {
            let lower = !digits.contains(|c: char| c.is_ascii_uppercase());
            return match DocumentHash::parse(digits).filter(|_| lower) {
                Some(hash) => Ok(Self::Hash(hash)),
                None => Err(bad_input(format!(
                    "The documentId {} is invalid: \"sha256:\" must be followed by 64 lower-case hexadecimal digits.",
                    quoted(&id)
                ))),
            };
        }
        if is_id(&id) {
            return Ok(Self::Id(id));
        }
        Err(bad_input(format!(
            "The documentId {} is invalid; it must be \"sha256:\" and 64 hexadecimal digits, or a name of letters, \
             digits and -._~, which may have a prefix such as \"x-app:\".",
            quoted(&id)
        )))
    }

    /// The same reference with the text, which must match it.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` when the text does not match, or when the reference has no hash to compare.
    pub fn with_text(self, text: String) -> Result<Self, Refusal> {
        match self {
            Self::Hash(hash) if DocumentHash::of(&text) == hash => Ok(Self::TextWithHash(text, hash)),
            Self::Hash(_) => Err(bad_input(format!(
                "The given hash does not match the query, whose SHA-256 is {}.",
                DocumentHash::of(&text)
            ))),
            Self::Text(_) | Self::TextWithHash(..) | Self::Id(_) => {
                Err(bad_input("Send \"query\" or \"documentId\", not both."))
            }
        }
    }
}

impl From<&str> for DocumentRef {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Whether a text is a valid document id: a name, or a name with an application's own `x-` prefix.
pub(super) fn is_id(id: &str) -> bool {
    let name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let fits = match id.split_once(':') {
        None => name(id),
        Some((prefix, rest)) => prefix.strip_prefix("x-").is_some_and(name) && name(rest),
    };
    fits && id.len() <= ID_BYTES_MAX
}

/// The hash was never persisted, or was evicted. Clients recognise the message and then send the document.
pub(super) fn not_found() -> Refusal {
    Refusal::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound")
}

/// Persisted queries are turned off. Clients recognise the message and stop trying.
pub(super) fn not_supported() -> Refusal {
    Refusal::new(Code::BadUserInput, "PersistedQueryNotSupported")
}

fn quoted(id: &str) -> String {
    format!("{:?}", truncate_chars(id.to_owned(), QUOTED_CHARS_MAX))
}

fn bad_input(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::BadUserInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        let spaced = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}";
        let dense = "query($id:ID!){user(id:$id){name}}";
        for (text, hash) in [
            (spaced, "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"),
            (dense, "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"),
        ] {
            assert_eq!(DocumentHash::parse(hash), Some(DocumentHash::of(text)));
            let reference = DocumentRef::from_id(format!("sha256:{hash}")).expect("an id");
            assert_eq!(reference, DocumentRef::Hash(DocumentHash::of(text)));
            let hashed = DocumentRef::TextWithHash(text.to_owned(), DocumentHash::of(text));
            assert_eq!(reference.clone().with_text(text.to_owned()), Ok(hashed));
            assert!(reference.with_text("{ a }".to_owned()).is_err());
        }
    }

    #[test]
    fn ids() {
        for id in ["a", "A-1._~", "d41d8cd98f00b204e9800998ecf8427e", "x-team:a1"] {
            assert_eq!(DocumentRef::from_id(id.to_owned()), Ok(DocumentRef::Id(id.to_owned())));
        }
        let (short, upper) = (format!("sha256:{}", "a".repeat(63)), format!("sha256:{}", "A".repeat(64)));
        let long = "a".repeat(257);
        for id in ["", "a b", "ä", "md5:abc", "x-:a", "x-a:", "x-a:b:c", "sha256:", &short, &upper, &long] {
            assert!(DocumentRef::from_id(id.to_owned()).is_err(), "{id}");
        }
        assert!(DocumentRef::Id("a".to_owned()).with_text("{ a }".to_owned()).is_err());
    }
}
