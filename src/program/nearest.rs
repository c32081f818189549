//! The valid value that a person most likely meant.

use strsim::osa_distance;

/// Longest text that a near value is looked for, in bytes: the distance costs the product of both lengths.
const GIVEN_MAX: usize = 100;

/// The candidate that is nearest to what was given: the same word but for case, `-`, `_` and blanks, else
/// the one with the fewest edits, if these are few for what was given: none for one or two characters, one for up to
/// seven, then one for every four. The first of equals.
#[must_use]
pub fn nearest<'c>(given: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if given.len() > GIVEN_MAX {
        return None;
    }
    let given = plain(given.trim());
    let edits_max = match given.chars().count() {
        0..=2 => 0,
        3..=7 => 1,
        length => length / 4,
    };
    let distances =
        candidates.into_iter().map(|candidate| (osa_distance(&given, &plain(candidate)), candidate));
    let near = distances.filter(|(edits, _)| *edits <= edits_max && !given.is_empty());
    near.min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// Whether two texts are the same word but for case, `-`, `_` and blanks between its parts.
pub(super) fn same_word(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace(['_', '-'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_candidate_is_close_or_none() {
        const KINDS: &[&str] =
            &["DOCS_CORRECTION", "DOCS_LARGE_CONTRIBUTION", "VOTE_CAST", "VOTE_RECEIVED", "KATA_COMPLETED"];
        const TYPES: &[&str] = &["automation script", "application", "connector", "dashboard", "Visio"];
        const CURRENCIES: &[&str] = &["CHF", "EUR", "GBP", "USD", "USN"];
        let long = "DOCS_CORRECTION".repeat(1_000);
        // given, candidates, the nearest
        let table: &[(&str, &[&str], Option<&str>)] = &[
            ("DOC_CORRECTION", KINDS, Some("DOCS_CORRECTION")),
            ("docs_correction", KINDS, Some("DOCS_CORRECTION")),
            ("docs-correction", KINDS, Some("DOCS_CORRECTION")),
            ("Docs Correction", KINDS, Some("DOCS_CORRECTION")),
            (" DOCS_CORRECTION ", KINDS, Some("DOCS_CORRECTION")),
            ("DOCS_CORRETCION", KINDS, Some("DOCS_CORRECTION")),
            ("VOTE_CSAT", KINDS, Some("VOTE_CAST")),
            ("VOTES_RECEIVED", KINDS, Some("VOTE_RECEIVED")),
            ("BLOG_POST", KINDS, None),
            ("NO_SUCH_KIND", KINDS, None),
            ("", KINDS, None),
            (" ", KINDS, None),
            ("💥", KINDS, None),
            (&long, KINDS, None),
            ("AUTOMATION_SCRIPT", TYPES, Some("automation script")),
            ("conector", TYPES, Some("connector")),
            ("visio", TYPES, Some("Visio")),
            ("song", TYPES, None),
            ("Visa", TYPES, None),
            ("ds", TYPES, None),
            ("season", &["reason"], Some("reason")),
            ("seasin", &["reason"], None),
            ("eur", CURRENCIES, Some("EUR")),
            ("EURO", CURRENCIES, Some("EUR")),
            ("USS", CURRENCIES, Some("USD")),
            ("GPB", CURRENCIES, Some("GBP")),
            ("ABC", CURRENCIES, None),
            ("anything", &[], None),
        ];
        for (given, candidates, expected) in table {
            let found = nearest(given, candidates.iter().copied());
            assert_eq!(found, *expected, "{:?}", given.get(..20).unwrap_or(given));
        }
    }
}
