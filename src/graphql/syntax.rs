//! The parsing of a document by the grammar of September 2025.
//!
//! One parser decides what GraphQL is, and what it read is both validated and executed. The library that executes
//! documents has a parser of its own, of an earlier edition of the specification, which is not asked.

use std::borrow::Cow;
use std::ops::Range;

use apollo_compiler::ast::Document;
use apollo_compiler::diagnostic::ToCliReport as _;
use apollo_compiler::parser::Parser;
use async_graphql_parser::types::ExecutableDocument;

use super::from_ast::{self, Unfit};
use super::limits::{Limits, TextSize};
use super::position::Positions;
use super::refusal::Refusal;
use super::syntax_error;

/// A parsed document.
pub(super) struct Parsed {
    /// For the validation.
    pub(super) ast: Document,
    /// For the execution.
    pub(super) document: ExecutableDocument,
}

/// Parses a text whose size is within the limits.
///
/// # Errors
///
/// `GRAPHQL_PARSE_FAILED`, or `GRAPHQL_VALIDATION_FAILED` for what the tree could not hold.
pub(super) fn parse(limits: &Limits, source: &str, size: &TextSize) -> Result<Parsed, Vec<Refusal>> {
    let text = without_descriptions(source, &size.descriptions);
    let to_usize = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parser = Parser::new()
        .recursion_limit(to_usize(limits.nesting))
        // A byte is a token at most, and there is one for the end.
        .token_limit(to_usize(limits.document_bytes.saturating_add(1)));
    let ast = parser.parse_ast(text.as_ref(), "").map_err(|failed| {
        let location = failed.errors.iter().next().and_then(|diagnostic| diagnostic.error.location());
        let pos = Positions::new(source).start(location);
        vec![syntax_error::refusal(source, &text, pos)]
    })?;
    match from_ast::convert(source, &ast) {
        // The parser leaves out some incomplete parts without an error, such as an argument without a value.
        Ok((_, names)) if names != size.names => Err(vec![syntax_error::incomplete(source, &text)]),
        Ok((document, _)) => Ok(Parsed { ast, document }),
        Err(Unfit::Syntax(pos)) => Err(vec![syntax_error::refusal(source, &text, pos)]),
        Err(Unfit::Refused(refusals)) => Err(refusals),
    }
}

/// The text with descriptions as blanks, which keeps the place of everything else. The grammar has them since
/// September 2025, and nothing reads them.
fn without_descriptions<'s>(source: &'s str, descriptions: &[Range<usize>]) -> Cow<'s, str> {
    if descriptions.is_empty() {
        return Cow::Borrowed(source);
    }
    let mut text = String::with_capacity(source.len());
    let mut end = 0;
    for description in descriptions {
        text.push_str(&source[end..description.start]);
        text.extend(source[description.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        end = description.end;
    }
    text.push_str(&source[end..]);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use async_graphql_parser::types::{DocumentOperations, Selection};

    use super::*;

    fn parsed(source: &str) -> Result<ExecutableDocument, String> {
        let limits = Limits::default();
        let size = limits.check_text(source).map_err(|refusal| refusal.message)?;
        parse(&limits, source, &size)
            .map(|parsed| parsed.document)
            .map_err(|refusals| refusals[0].message.clone())
    }

    /// The first argument of the first field, as text.
    fn argument(source: &str) -> String {
        let document = parsed(source).expect(source);
        let operation = match &document.operations {
            DocumentOperations::Single(operation) => operation,
            DocumentOperations::Multiple(operations) => operations.values().next().expect("an operation"),
        };
        let Selection::Field(field) = &operation.node.selection_set.node.items[0].node else {
            panic!("{source}")
        };
        let (name, value) = &field.node.arguments[0];
        assert_eq!(
            name.pos.line,
            1 + source[..source.find("b:").expect("an argument")].matches('\n').count()
        );
        value.node.to_string()
    }

    #[test]
    fn values() {
        for (source, expected) in [
            ("{ a(b: 1) }", "1"),
            ("{ a(b: -12.5e1) }", "-125.0"),
            ("{ a(b: 18446744073709551615) }", "18446744073709551615"),
            ("{ a(b: [A, null, true, $c, {d: \"e\"}]) }", "[A, null, true, $c, {d: \"e\"}]"),
            (r#"{ a(b: "\u{1F600}\u00e9\uD83D\uDE00\n") }"#, "\"😀é😀\\n\""),
            ("{ a(b: \"\"\"\n    c\n      \\\"\"\"d\n  \"\"\") }", "\"c\\n  \\\"\\\"\\\"d\""),
            ("\"what\" query A(\"who\" $c: Int = 1) { a(b: $c) }", "$c"),
            ("\"\"\"\nö\n\"\"\" query A { a(b: 1) }", "1"),
        ] {
            assert_eq!(argument(source), expected, "{source}");
        }
    }

    #[test]
    fn what_is_incomplete_or_no_executable_definition_is_refused() {
        for source in [
            "{ a(b) }",
            "{ a(b:) }",
            "{ a(b: {c}) }",
            "{ a(b: [1 {c d: 1}]) }",
            "query A($b: Int = ) { a }",
            "query A($b:) { a }",
            "\"a\" { b }",
            "\"a\" type A { b: Int }",
            "{ a(b: \"\\u{110000}\") }",
            "{ a(b: \"\\uD83D\") }",
            "{ a(b: 01) }",
            "{ a(b: 1.) }",
            "{ a(b: 1a) }",
            "{ a(b: $) }",
            "{ ... }",
            "{ a } fragment on on A { a }",
            "{ a: b: c }",
            "query A($b: Int = $c) { a }",
        ] {
            let message = parsed(source).expect_err(source);
            assert!(message.starts_with("Syntax error at line 1, column "), "{source}: {message}");
        }
    }
}
