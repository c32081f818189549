//! Limits on a document, and the ones that are checked on its text alone.
//!
//! Everything here is linear in the length of the document and runs before the parser,
//! whose recursion and whose callers' recursion must meet bounded nesting only.

use std::ops::Range;

use async_graphql::Pos;

use super::refusal::{Code, ExceededLimit, Refusal};

/// Limits of a document. Counts are of the document with its fragments expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length of the document, in bytes.
    pub document_bytes: u64,
    /// Nesting of brackets of any kind, and of selection sets with fragments expanded.
    pub nesting: u64,
    /// Names, numbers, strings and punctuation marks.
    pub tokens: u64,
    /// Nesting of fields, not counting introspection.
    pub depth: u64,
    /// Aliased fields.
    pub aliases: u64,
    /// Root fields of a query or subscription.
    pub root_fields: u64,
    /// Root fields of a mutation.
    pub mutation_fields: u64,
    /// Fields and spreads of the whole document.
    pub fields: u64,
    /// Directives of the whole document.
    pub directives: u64,
    /// Fragment definitions.
    pub fragments: u64,
    /// Estimated number of values in the response. Sized for a page of 100 nodes with 20
    /// entries of 10 fields each: 1 + 100 × (2 + 1 + 20 × (2 + 10)) = 24,301, and room for
    /// more fields next to the entries.
    pub complexity: u64,
    /// The page size assumed where a connection is selected without one.
    pub page_default: u64,
    /// The length assumed of a list that has no pages, such as the lines of an order.
    pub list_default: u64,
    /// The maximum page size. A larger number counts as this one, so that the client gets the
    /// resolver's error, which names the accepted range.
    pub page_max: u64,
    /// Whether introspection is enabled: `__schema` and `__type`.
    pub introspection: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 65_536,
            nesting: 64,
            tokens: 4_000,
            depth: 20,
            aliases: 50,
            root_fields: 30,
            mutation_fields: 10,
            fields: 2_000,
            directives: 50,
            fragments: 100,
            complexity: 30_000,
            page_default: 20,
            list_default: 10,
            page_max: 100,
            introspection: true,
        }
    }
}

/// Size of the text of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextSize {
    /// Names, numbers, strings and punctuation marks.
    pub tokens: u64,
    /// Maximum nesting of brackets.
    pub nesting: u64,
    /// Names alone, keywords included.
    pub names: u64,
    /// Where descriptions of operations, fragments and variables are, in bytes.
    pub descriptions: Vec<Range<usize>>,
}

impl Limits {
    /// Checks the text of a document: its length, tokens and nesting.
    ///
    /// # Errors
    ///
    /// A limit that is exceeded (`QUERY_TOO_COMPLEX`), or a string that does not end
    /// (`GRAPHQL_PARSE_FAILED`).
    pub fn check_text(&self, source: &str) -> Result<TextSize, Refusal> {
        let bytes = len_u64(source.len());
        check_limit("document_bytes", self.document_bytes, bytes)?;
        let size = measure_text(source)?;
        check_limit("nesting", self.nesting, size.nesting)?;
        check_limit("tokens", self.tokens, size.tokens)?;
        Ok(size)
    }
}

/// Refuses when `actual` is more than `max`.
///
/// # Errors
///
/// `QUERY_TOO_COMPLEX` with the limit's name, what it allows and what there is.
pub(crate) fn check_limit(limit: &'static str, max: u64, actual: u64) -> Result<(), Refusal> {
    if actual <= max {
        return Ok(());
    }
    let shown = grouped(actual);
    let (found, advice) = match limit {
        "document_bytes" => (
            format!("The document is {shown} bytes long"),
            "Pass values as variables or send several requests.",
        ),
        "nesting" => {
            (format!("The document has {shown} levels of brackets or selections"), "Nest it less deeply.")
        }
        "tokens" => {
            (format!("The document has {shown} tokens"), "Pass values as variables or send several requests.")
        }
        "depth" => (
            format!("The query is {shown} levels deep"),
            "Request the inner objects in a request of their own.",
        ),
        "aliases" => {
            (format!("The document has {shown} aliases"), "Pass a list of ids, or send several requests.")
        }
        "root_fields" => (format!("The query has {shown} root fields"), "Send several requests."),
        "mutation_fields" => (format!("The mutation has {shown} root fields"), "Send several requests."),
        "fields" => {
            (format!("The document has {shown} fields with its fragments expanded"), "Send several requests.")
        }
        "directives" => {
            (format!("The document has {shown} directives"), "Omit fields instead of skipping them.")
        }
        "fragments" => (format!("The document has {shown} fragments"), "Send several documents."),
        _ => (
            format!("The query's complexity is {shown}"),
            "Request smaller pages (`first`) or fewer fields inside lists.",
        ),
    };
    let message = format!("{found}; the maximum is {}. {advice}", grouped(max));
    Err(Refusal::limit(ExceededLimit { limit, max, actual }, message))
}

/// A number with a comma between its groups of three digits, as people read large ones.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length as the number that limits are compared with.
pub(crate) fn len_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Counts tokens and nesting, and finds descriptions. Brackets in strings, block strings and comments are
/// text. An unterminated string is refused here: a parser that treated it differently would see brackets
/// where this function skipped text.
fn measure_text(source: &str) -> Result<TextSize, Refusal> {
    let bytes = source.as_bytes();
    let mut size = TextSize::default();
    let mut open: u64 = 0;
    // The last two tokens.
    let (mut before, mut last) = (0..0, 0..0);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => continue,
            b'#' => {
                at = line_end(bytes, at);
                continue;
            }
            b'"' => {
                at = string_end(bytes, start).ok_or_else(|| unterminated(source, start))?;
            }
            b'{' | b'[' | b'(' => {
                open += 1;
                size.nesting = size.nesting.max(open);
            }
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            _ if is_name_byte(byte) => {
                while bytes.get(at).copied().is_some_and(is_name_byte) {
                    at += 1;
                }
                size.names += u64::from(!byte.is_ascii_digit());
            }
            // Continuation bytes of a character that is invalid here are not tokens of their own;
            // the parser refuses the character.
            0x80..=0xBF => continue,
            _ => {}
        }
        if is_description(open, &bytes[before.clone()], &bytes[last.clone()], &bytes[start..at]) {
            size.descriptions.push(last.clone());
        }
        before = std::mem::replace(&mut last, start..at);
        size.tokens += 1;
    }
    Ok(size)
}

/// Whether a token is a description, by its neighbours: before the keyword of a definition, or among the
/// variables of an operation, where any other string is the default after a `=`.
fn is_description(open: u64, before: &[u8], token: &[u8], next: &[u8]) -> bool {
    if !token.starts_with(b"\"") {
        return false;
    }
    match open {
        0 => matches!(next, b"query" | b"mutation" | b"subscription" | b"fragment"),
        1 => next == b"$" && !matches!(before, b"=" | b":" | b"$" | b"@" | b"{"),
        _ => false,
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r'))
        .map_or(bytes.len(), |offset| from + offset)
}

/// The end of the string that starts at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes[start..].starts_with(b"\"\"\"") {
        let mut at = start + 3;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if rest.starts_with(b"\\\"\"\"") {
                at += 4;
            } else if rest.starts_with(b"\"\"\"") {
                return Some(at + 3);
            } else {
                at += 1;
            }
        }
        return None;
    }
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn unterminated(source: &str, at: usize) -> Refusal {
    let before = &source[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let pos =
        Pos { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 };
    Refusal::new(
        Code::GraphqlParseFailed,
        format!("Syntax error at line {}, column {}: the string is not terminated.", pos.line, pos.column),
    )
    .at(pos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nesting(source: &str) -> u64 {
        measure_text(source).expect("the strings end").nesting
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(
            nesting(
                r#"{ a(b: "[[[[", c: """ [[ \""" [[ """) # ((((
            { c } }"#
            ),
            2
        );
        assert_eq!(nesting(r#"{ a(b: "\"[[[[") }"#), 2);
        assert_eq!(nesting(r#"{ a(b: """\\""" c: "[") }"#.replace("\\\\\"\"\"", "\"\"\"").as_str()), 2);
    }

    #[test]
    fn brackets_after_an_empty_string_nest() {
        assert_eq!(nesting(r#"{ a(b: ["", [[ "x" ]]]) }"#), 5);
    }

    #[test]
    fn a_refusal_names_what_there_is_and_the_maximum() {
        let message = |limit, max, actual| check_limit(limit, max, actual).expect_err(limit).message;
        assert_eq!(
            message("complexity", 30_000, 2_020_201),
            "The query's complexity is 2,020,201; the maximum is 30,000. Request smaller pages (`first`) or \
             fewer fields inside lists."
        );
        assert_eq!(
            message("mutation_fields", 10, 11),
            "The mutation has 11 root fields; the maximum is 10. Send several requests."
        );
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn descriptions_are_found() {
        for (source, expected) in [
            (r#""a" query { b }"#, &["\"a\""][..]),
            ("\"\"\"a\n{\"\"\"fragment f on A { b } # \"c\" query", &["\"\"\"a\n{\"\"\""]),
            (
                r#"query ("a" $b: Int = 1 "c" $d: A! "e" $f: String = "g" "h" $i: Int) { j }"#,
                &["\"a\"", "\"c\"", "\"e\"", "\"h\""],
            ),
            (r#"query ($a: String = "b" $c: [Int] = ["d" $e]) { f(g: ["h" $a]) }"#, &[]),
            (r#""a" { b }"#, &[]),
            (r#"query @skip(if: "a" $b) { c }"#, &[]),
        ] {
            let size = measure_text(source).expect("the strings end");
            let found: Vec<&str> = size.descriptions.into_iter().map(|range| &source[range]).collect();
            assert_eq!(found, expected, "{source}");
        }
    }

    #[test]
    fn strings_must_end() {
        for source in ["{ a(b: \"x) }", "{ a(b: \"\"\"x\") }", "{ a(b: \"x\n\") }", "\"\\"] {
            let refusal = measure_text(source).expect_err(source);
            assert_eq!(refusal.code, Code::GraphqlParseFailed, "{source}");
        }
    }

    #[test]
    fn both_sides_of_each_boundary() {
        let limits = Limits::default();
        let nested = |depth: usize| format!("{}{}", "{".repeat(depth), "}".repeat(depth));
        assert!(limits.check_text(&nested(64)).is_ok());
        assert!(limits.check_text(&nested(65)).is_err());
        assert!(limits.check_text(&"a ".repeat(4_000)).is_ok());
        assert!(limits.check_text(&"a ".repeat(4_001)).is_err());
        assert!(limits.check_text(&" ".repeat(65_536)).is_ok());
        assert!(limits.check_text(&" ".repeat(65_537)).is_err());
    }
}
