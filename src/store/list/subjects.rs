//! What the lists of partners and professionals have in common.

use sea_orm::{Statement, Value};

use super::{COUNT_MAX, ListQuery};
use crate::store::page::Page;
use crate::store::subject::{self, SortType, Subject, SubjectKey};

/// Restricts a list to subjects whose code or name contains a text, which is folded as the stored keys are.
pub(super) fn search(query: &mut ListQuery, text: &str) {
    let pattern = pattern(query, text);
    query.require(format!("p.search_key LIKE {pattern} ESCAPE '\\'"));
}

/// The parameter of the pattern that finds a text in a folded key, with the escape `\`.
pub(super) fn pattern(query: &mut ListQuery, text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    query.value(format!("%{escaped}%"))
}

/// The parameters of the bounds of a page: after which value and id, and before which.
pub(super) fn bounds(query: &mut ListQuery, sort: SortType, page: &Page<SubjectKey>) -> [String; 4] {
    sort.bounds(page.after.as_ref(), page.before.as_ref()).map(|bound: Value| query.value(bound))
}

/// The statement of a page that is ordered by a column of `p`, keyed by it and the id.
pub(super) fn by_column<S: Subject>(
    mut query: ListQuery,
    column: &str,
    sort: SortType,
    page: &Page<SubjectKey>,
) -> Statement {
    let [value_after, id_after, value_before, id_before] = bounds(&mut query, sort, page);
    let limit = query.value(page.limit());
    let (select, condition) = (subject::select::<S>(), query.condition());
    let direction = if page.from_end { "DESC" } else { "ASC" };
    let text = format!(
        "{select} WHERE {condition} AND (p.{column}, p.id) > ({value_after}, {id_after}) \
         AND (p.{column}, p.id) < ({value_before}, {id_before}) \
         ORDER BY p.{column} {direction}, p.id {direction} LIMIT {limit}"
    );
    query.statement(text)
}

/// The statement that counts subjects, [`COUNT_MAX`] and one more at most.
pub(super) fn count<S: Subject>(mut query: ListQuery) -> Statement {
    let limit = query.value(COUNT_MAX + 1);
    let (table, balances, id) = (S::TABLE, S::BALANCES, S::ID);
    let condition = query.condition();
    // Most filters are on the subject alone.
    let join =
        if condition.contains("b.") { format!(" JOIN {balances} b ON b.{id} = p.id") } else { String::new() };
    let text = format!(
        "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM {table} p{join} WHERE {condition} LIMIT {limit}) counted"
    );
    query.statement(text)
}
