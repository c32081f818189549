//! How a request says which document it means: by its text, by the hash of it, or by a name.

use sha2::{Digest, Sha256};

use super::refusal::{Code, Refusal};

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

/// What a request names its document by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentRef {
    /// Its text.
    Text(String),
    /// The hash of a text that was sent before.
    Hash(DocumentHash),
    /// Its text, and the hash under which it is asked for from now on.
    Hashed(String, DocumentHash),
    /// The id of a trusted document.
    Id(String),
}

impl DocumentRef {
    /// The document of a `documentId`, as the persisted documents of GraphQL over HTTP have it.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for what can be no id.
    pub fn of_id(id: String) -> Result<Self, Refusal> {
        if let Some(digits) = id.strip_prefix(SHA256) {
            let lower = !digits.contains(|c: char| c.is_ascii_uppercase());
            return match DocumentHash::parse(digits).filter(|_| lower) {
                Some(hash) => Ok(Self::Hash(hash)),
                None => {
                    Err(bad("A documentId with \"sha256:\" goes on with 64 lower-case hexadecimal digits."))
                }
            };
        }
        if is_id(&id) {
            return Ok(Self::Id(id));
        }
        Err(bad(
            "A documentId is \"sha256:\" with 64 hexadecimal digits, or a name of letters, digits and -._~",
        ))
    }

    /// The same document by its text too, which must fit what it was named by.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` when the text is another one, or can't be told to be the same.
    pub fn with_text(self, text: String) -> Result<Self, Refusal> {
        match self {
            Self::Hash(hash) if DocumentHash::of(&text) == hash => Ok(Self::Hashed(text, hash)),
            Self::Hash(_) => Err(bad("The hash is not the SHA-256 of the query.")),
            Self::Text(_) | Self::Hashed(..) | Self::Id(_) => {
                Err(bad("Send the query or the id of a document, not both."))
            }
        }
    }
}

impl From<&str> for DocumentRef {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Whether a text can be the id of a document: a name, or one with a prefix of the application's own.
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

/// Nobody has sent the document of this hash, or it was dropped to make room. The message is the
/// one that clients look for before they send the document.
pub(super) fn not_found() -> Refusal {
    Refusal::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound")
}

/// Documents can't be registered here. The message is the one at which clients stop trying.
pub(super) fn not_supported() -> Refusal {
    Refusal::new(Code::BadUserInput, "PersistedQueryNotSupported")
}

fn bad(message: &str) -> Refusal {
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
            let asked = DocumentRef::of_id(format!("sha256:{hash}")).expect("an id");
            assert_eq!(asked, DocumentRef::Hash(DocumentHash::of(text)));
            let hashed = DocumentRef::Hashed(text.to_owned(), DocumentHash::of(text));
            assert_eq!(asked.clone().with_text(text.to_owned()), Ok(hashed));
            assert!(asked.with_text("{ a }".to_owned()).is_err());
        }
    }

    #[test]
    fn ids() {
        for id in ["a", "A-1._~", "d41d8cd98f00b204e9800998ecf8427e", "x-team:a1"] {
            assert_eq!(DocumentRef::of_id(id.to_owned()), Ok(DocumentRef::Id(id.to_owned())));
        }
        let (short, upper) = (format!("sha256:{}", "a".repeat(63)), format!("sha256:{}", "A".repeat(64)));
        let long = "a".repeat(257);
        for id in ["", "a b", "ä", "md5:abc", "x-:a", "x-a:", "x-a:b:c", "sha256:", &short, &upper, &long] {
            assert!(DocumentRef::of_id(id.to_owned()).is_err(), "{id}");
        }
        assert!(DocumentRef::Id("a".to_owned()).with_text("{ a }".to_owned()).is_err());
    }
}
