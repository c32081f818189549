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
    use crate::graphql::refusal::Code;

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

    fn check(cases: &[(&str, &str)]) {
        let limits = Limits::default();
        for (source, expected) in cases {
            let size = limits.check_text(source).expect("a short text");
            let refusals = parse(&limits, source, &size).err().expect(source);
            assert_eq!(refusals[0].message, *expected, "{source}");
            assert_eq!(refusals[0].code, Code::GraphqlParseFailed, "{source}");
        }
    }

    #[test]
    fn syntax_errors_name_position_and_expectation() {
        check(&[
            (
                "",
                "Syntax error at line 1, column 1: expected an operation or a fragment; found the end of the document.",
            ),
            ("{", "Syntax error at line 1, column 2: expected a field; found the end of the document."),
            (
                "{ a",
                "Syntax error at line 1, column 4: expected a field, \"{\", \"(\" or a directive; found the end of the document.",
            ),
            ("{ a(b: ) }", "Syntax error at line 1, column 8: expected a value; found \")\"."),
            (
                "{ a(b 1) }",
                "Syntax error at line 1, column 5: expected an argument such as \"first: 10\"; found \"b\".",
            ),
            ("{ }", "Syntax error at line 1, column 3: expected a field; found \"}\"."),
            (
                "query { a } }",
                "Syntax error at line 1, column 13: expected an operation or a fragment or the end of the document; found \"}\".",
            ),
            (
                "query Q($a) { a }",
                "Syntax error at line 1, column 9: expected a variable and its type, such as \"$code: String!\"; found \"$\".",
            ),
            (
                "query Q($a: [Int) { a }",
                "Syntax error at line 1, column 13: expected a type such as String! or [Int!]; found \"[\".",
            ),
            ("{ a @ }", "Syntax error at line 1, column 7: expected a name; found \"}\"."),
            (
                "fragment f { a }",
                "Syntax error at line 1, column 12: expected \"on\" and the name of a type; found \"{\".",
            ),
            (
                "{ a(b: \"\\x\") }",
                "Syntax error at line 1, column 8: expected a value; found a string with an escape that GraphQL does not have.",
            ),
            ("{ a(b: 1x) }", "Syntax error at line 1, column 8: expected a value; found \"1x\"."),
            (
                "querry { a }",
                "Syntax error at line 1, column 1: expected an operation or a fragment; found \"querry\".",
            ),
            (
                "{\n  a\n  b)\n}",
                "Syntax error at line 3, column 4: expected a field, \"{\", \"(\" or a directive; found \")\".",
            ),
            (
                "type A { a: Int }",
                "Syntax error at line 1, column 1: expected an operation or a fragment; found \"type\".",
            ),
            (
                "{ a(b: {c 1}) }",
                "Syntax error at line 1, column 9: expected a field such as \"code: 1\"; found \"c\".",
            ),
            (
                "subscription { a(b: [1 2) }",
                "Syntax error at line 1, column 25: expected a value; found \")\".",
            ),
            (
                "query A($a: Int = $b) { a }",
                "Syntax error at line 1, column 19: expected a value; found \"$\".",
            ),
            (
                "{ a { b }",
                "Syntax error at line 1, column 10: expected a field; found the end of the document.",
            ),
            ("{ a: }", "Syntax error at line 1, column 6: expected a name; found \"}\"."),
            ("{ été }", "Syntax error at line 1, column 3: expected a field; found \"été\"."),
        ]);
    }

    #[test]
    fn what_the_second_parser_reads_otherwise_is_named() {
        check(&[
            (
                "{ a(b) }",
                "Syntax error at line 1, column 5: expected an argument such as \"first: 10\"; found \"b\".",
            ),
            (
                "\"what\" { a }",
                "Syntax error at line 1, column 1: expected an operation or a fragment; found a string.",
            ),
            (
                "\"what\" query A { a(b: \"\\u{1F600}\" c: ) }",
                "Syntax error at line 1, column 38: unexpected \")\".",
            ),
        ]);
    }

    #[test]
    fn conflicting_definitions_are_named() {
        check(&[
            ("{ a } { b }", "The document has several operations, so each of them needs a name."),
            ("query A { a } query A { b }", "The document has two operations with the name \"A\"."),
            ("query A { a } { b }", "The document has several operations, so each of them needs a name."),
            (
                "fragment f on A { a }",
                "The document has no operation; add a query, mutation or subscription.",
            ),
            (
                "{ a ...f } fragment f on A { a } fragment f on A { a }",
                "The document has two fragments with the name \"f\".",
            ),
        ]);
    }
}
