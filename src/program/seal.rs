//! The sealed log: a chain of hashes over what happened, so that whoever kept a head can prove that nothing before it was
//! changed.
//!
//! The record of a step is one line of JSON with the keys in alphabetical order and without spaces: `log` is the step,
//! and what it recorded and caused follows (see docs/archive.md). The head after a step is the SHA-256 of the head before,
//! a line feed and the record.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The head before the first step.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The head after a step, as 64 hexadecimal digits.
#[must_use]
pub fn seal(before: &str, record: &str) -> String {
    let mut hash = Sha256::new();
    for part in [before, "\n", record] {
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_depends_on_everything_before() {
        // The values are those of `printf '%s\n%s' HEAD RECORD | sha256sum`.
        let first = seal(START, r#"{"log":{"seq":1}}"#);
        assert_eq!(first, "6f63752ae6acc54023af7526d894fbaee48891acf3657637ce26cfa2a4ee5641");
        let second = seal(&first, r#"{"log":{"seq":2}}"#);
        assert_eq!(second, "a47cb7c75010b952099aa03bdae79ebaea6700186dabc1bc6d8fab7bf36f770d");
        assert_ne!(seal(START, r#"{"log":{"seq":2}}"#), second);
    }
}
