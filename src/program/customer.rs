//! End customers: how their names are compared (R10).

use super::name_key::name_key;

/// The edition's terms of comparing customers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerTerms {
    /// The words of each form.
    legal_forms: Vec<Vec<String>>,
}

impl CustomerTerms {
    /// Terms with these legal forms, as they are written; a form without a letter or digit says nothing.
    #[must_use]
    pub fn new<'f>(legal_forms: impl IntoIterator<Item = &'f str>) -> Self {
        let forms = legal_forms.into_iter().map(words);
        Self { legal_forms: forms.filter(|form| !form.is_empty()).collect() }
    }

    /// A name without case, spacing, punctuation, and the legal forms at its start and its end. A name of nothing but
    /// legal forms keeps them, and one of nothing but punctuation is itself.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        let words = words(name);
        let (mut start, mut end) = (0, words.len());
        while let Some(form) = self.legal_forms.iter().find(|form| words[..end].ends_with(form)) {
            end -= form.len();
        }
        while let Some(form) = self.legal_forms.iter().find(|form| words[start..end].starts_with(form)) {
            start += form.len();
        }
        let key = if start < end { words[start..end].concat() } else { words.concat() };
        if key.is_empty() { name_key(name) } else { key }
    }
}

/// The words of a name, without case and punctuation. Single letters in a row are one word: `B.V.` and `B V` are `BV`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_initials = false;
    for part in name.split(|c: char| c.is_whitespace() || is_punctuation(c)) {
        let word = name_key(part);
        if word.is_empty() {
            continue;
        }
        let is_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        match words.last_mut().filter(|_| is_letter && is_initials) {
            Some(initials) => initials.push_str(&word),
            None => words.push(word),
        }
        is_initials = is_letter;
    }
    words
}

/// Whether a character is neither a letter nor a digit, nor a mark on one, nor one that shows nothing.
fn is_punctuation(c: char) -> bool {
    use unicode_normalization::char::is_combining_mark;
    !c.is_alphanumeric() && !is_combining_mark(c) && !name_key(c.encode_utf8(&mut [0; 4])).is_empty()
}

#[cfg(test)]
mod tests;
