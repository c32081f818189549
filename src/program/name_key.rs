//! How names of customers and scopes of deals are compared.

use unicode_normalization::UnicodeNormalization;

/// A name without its case and spacing: what is written differently only in these is the same scope, and the same
/// spelling of a customer.
#[must_use]
pub fn name_key(name: &str) -> String {
    let seen = name.nfkc().filter(|c| !c.is_whitespace() && !is_invisible(*c));
    // By way of capitals, because some letters have two small forms, and ß has none of one letter.
    let small = seen.flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    small.nfkc().collect()
}

/// Whether a character shows nothing: joiners, marks of direction, fillers (Unicode, `Default_Ignorable`).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{e0000}'..='\u{e0fff}')
}
