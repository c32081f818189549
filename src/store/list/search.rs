//! Rows whose text contains another text, at a cost that depends on how many there are, and not on the size of the
//! table.
//!
//! Texts are indexed by their *grams*: the three characters from each place on, and fewer at the end. PostgreSQL has an
//! index on `search_grams(search_key)`; SQLite a full-text index `…_grams`, whose rows have the numbers of the table's
//! rows. Whatever an index finds is compared with the text, since grams can be in it without following each other.
//!
//! An index does not know the order of a list. So a page is read in up to three ways ([`Reading`]): what many rows
//! contain is soon found in the order of the list, and what few rows contain is found by the index and then sorted.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};

use super::ListQuery;
use crate::store::page::{Page, Rows};
use crate::store::subject::SubjectKey;

/// Characters of a gram.
const GRAM: usize = 3;
/// Grams that are looked up at most. More of them hardly leave fewer rows.
const GRAMS_MAX: usize = 12;
/// Rows of the list that are tried for each row of a page.
const NEAR: i64 = 8;
/// The same where the first ones had a good part of a page.
const FAR: i64 = 100;
/// The part of a page that makes it worth reading on in the order of the list: one in so many.
const WORTH: usize = 8;

/// A text that is searched for in all rows of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'t> {
    /// The text, folded as the stored keys are.
    text: &'t str,
    /// The table expression `p` of the rows that the index finds for it.
    found: fn(&mut ListQuery, &str) -> String,
}

impl<'t> Search<'t> {
    /// A search; none for the text that every row contains.
    pub(super) fn new(text: &'t str, found: fn(&mut ListQuery, &str) -> String) -> Option<Self> {
        (!text.is_empty()).then_some(Self { text, found })
    }

    /// The table expression `p` of the rows that the index finds.
    pub(super) fn found(self, query: &mut ListQuery) -> String {
        (self.found)(query, self.text)
    }
}

/// How the rows of a page are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// In the order of the list.
    Ordered,
    /// In the order of the list, but among so many rows only, whether or not they match.
    Next(i64),
    /// Among those that the index finds.
    Found,
}

/// The parameter of the pattern that finds a text in a folded key, with the escape `\`.
pub(super) fn pattern(query: &mut ListQuery, text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    query.value(format!("%{escaped}%"))
}

/// A table expression with the rows of a table whose key has the grams of a text.
pub(super) fn rows_with_grams(query: &mut ListQuery, table: &str, alias: &str, text: &str) -> String {
    let grams = grams(text);
    if query.backend == DbBackend::Postgres {
        // A barrier for the planner, which would rather read a table in the order of the list to its end.
        let parameter = query.value(postgres_expression(&grams));
        format!(
            "(SELECT * FROM {table} WHERE search_grams(search_key) @@ (SELECT {parameter}::text::tsquery) \
             OFFSET 0) {alias}"
        )
    } else {
        let parameter = query.value(sqlite_expression(&grams));
        format!(
            "(SELECT {table}.* FROM {table}_grams({parameter}) g \
             CROSS JOIN {table} ON {table}.rowid = g.rowid) {alias}"
        )
    }
}

/// Grams that cover a text; of a shorter text, the text itself: grams begin with it.
fn grams(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let Some(last) = characters.len().checked_sub(GRAM) else { return vec![text.to_owned()] };
    let places = (0..last).step_by(GRAM).take(GRAMS_MAX - 1).chain([last]);
    places.filter_map(|place| characters.get(place..place + GRAM)).map(|gram| gram.iter().collect()).collect()
}

/// Whether a gram is only the beginning of those to look for.
fn is_short(gram: &str) -> bool {
    gram.chars().count() < GRAM
}

/// The expression of PostgreSQL's full-text search.
fn postgres_expression(grams: &[String]) -> String {
    let quoted = grams.iter().map(|gram| {
        let prefix = if is_short(gram) { ":*" } else { "" };
        format!("'{}'{prefix}", gram.replace('\\', "\\\\").replace('\'', "''"))
    });
    quoted.collect::<Vec<_>>().join(" & ")
}

/// The expression of FTS5, whose tokens are the hexadecimal bytes of grams.
fn sqlite_expression(grams: &[String]) -> String {
    let tokens = grams.iter().map(|gram| {
        let digits = gram.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let prefix = if is_short(gram) { "*" } else { "" };
        format!("\"{digits}\"{prefix}")
    });
    tokens.collect::<Vec<_>>().join(" AND ")
}

/// Reads one page of a list, whose statements follow each other: a later one is read if the earlier ones do not fill
/// the page.
pub(super) async fn read<T: FromQueryResult>(
    connection: &impl ConnectionTrait,
    page: &Page<SubjectKey>,
    search: Option<Search<'_>>,
    statements: impl Fn(Reading) -> Vec<Statement>,
) -> Result<Rows<T>, DbErr> {
    let limit = usize::try_from(page.size).unwrap_or(usize::MAX).saturating_add(1);
    let mut reading = Reading::Ordered;
    if search.is_some() {
        let rows_of_page = i64::try_from(limit).unwrap_or(i64::MAX);
        for each in [NEAR, FAR] {
            // Only rows of the first part: those of another one follow after all of it.
            let statements = statements(Reading::Next(rows_of_page.saturating_mul(each)));
            let rows = read_parts(connection, statements.into_iter().take(1), limit).await?;
            if rows.len() >= limit {
                return Ok(page.truncate(rows));
            }
            if rows.len() < limit / WORTH || rows.is_empty() {
                break;
            }
        }
        reading = Reading::Found;
    }
    Ok(page.truncate(read_parts(connection, statements(reading), limit).await?))
}

async fn read_parts<T: FromQueryResult>(
    connection: &impl ConnectionTrait,
    statements: impl IntoIterator<Item = Statement>,
    limit: usize,
) -> Result<Vec<T>, DbErr> {
    let mut rows = Vec::new();
    for statement in statements {
        rows.extend(T::find_by_statement(statement).all(connection).await?);
        if rows.len() >= limit {
            break;
        }
    }
    rows.truncate(limit);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_cover_a_text() {
        let long = "abc".repeat(100);
        // text, what PostgreSQL looks for, what SQLite does
        let table = [
            ("a", "'a':*", "\"61\"*"),
            ("an", "'an':*", "\"616e\"*"),
            ("田中", "'田中':*", "\"e794b0e4b8ad\"*"),
            ("ann", "'ann'", "\"616e6e\""),
            ("anna", "'ann' & 'nna'", "\"616e6e\" AND \"6e6e61\""),
            ("abcdef", "'abc' & 'def'", "\"616263\" AND \"646566\""),
            ("abcdefg", "'abc' & 'def' & 'efg'", "\"616263\" AND \"646566\" AND \"656667\""),
            ("a'\\", "'a''\\\\'", "\"61275c\""),
            ("\"*&", "'\"*&'", "\"222a26\""),
        ];
        for (text, postgres, sqlite) in table {
            assert_eq!(postgres_expression(&grams(text)), postgres, "{text}");
            assert_eq!(sqlite_expression(&grams(text)), sqlite, "{text}");
        }
        assert_eq!(grams(&long).len(), GRAMS_MAX);
        assert!(grams(&long).iter().all(|gram| long.contains(gram)), "{:?}", grams(&long));
    }
}
