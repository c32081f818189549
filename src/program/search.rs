//! Text search without regard to case, accents and spacing: one key for texts that people type differently.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Separates the texts of one key: no text that is searched for contains it, so none is found across two.
const SEPARATOR: char = '\n';

/// Most characters of a stored key. Only letters that stand for a whole phrase make a name's key as long.
const KEY_CHARS_MAX: usize = 600;

/// The key of a text for searching: compatibility decomposition (NFKD) without accents, with full case folding,
/// without invisible characters, and with one blank for each run of blanks. Letters with a stroke and ligatures
/// become their plain letters: `Łódź` is `lodz`, `Straße` is `strasse`, `Ærø` is `aero`.
///
/// The key of a key is that key.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // By way of capitals, because some letters have two small forms.
    let letters =
        text.nfkd().filter(|c| !is_accent(*c)).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    for character in letters.nfkd().filter(|c| !is_accent(*c) && !is_invisible(*c)) {
        match plain(character) {
            Some(letters) => folded.push_str(letters),
            None if character.is_whitespace() => {
                if !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            None => folded.push(character),
        }
    }
    folded
}

/// The key of several texts, in each of which a text can be found: at most [`KEY_CHARS_MAX`] characters of it, which
/// every database can index.
#[must_use]
pub fn fold_all(texts: &[&str]) -> String {
    let keys: Vec<String> = texts.iter().map(|text| fold(text)).collect();
    keys.join(&SEPARATOR.to_string()).chars().take(KEY_CHARS_MAX).collect()
}

/// Whether a character is an accent or a point on another one. Vowel signs and marks that make another letter, as in
/// Indic scripts and kana, are none.
fn is_accent(c: char) -> bool {
    !matches!(canonical_combining_class(c), 0 | 7 | 8 | 9)
}

/// Whether a character shows nothing: joiners, marks of direction, selectors of variants.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Small letters that Unicode does not decompose, as those that people type for them.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ð' | 'đ' | 'ɖ' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŋ' => "n",
        'ŧ' => "t",
        'ƒ' => "f",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_as_people_type_them() {
        // text, key
        let table = [
            ("Nordwind GmbH", "nordwind gmbh"),
            ("MÜLLER & Söhne", "muller & sohne"),
            ("Mu\u{308}ller", "muller"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("STRAẞE", "strasse"),
            ("Łódź", "lodz"),
            ("Ærø", "aero"),
            ("Øresund", "oresund"),
            ("Đorđe", "dorde"),
            ("Þór Ægisson", "thor aegisson"),
            ("İstanbul", "istanbul"),
            ("ısı", "isi"),
            ("Όμηρος", "ομηροσ"),
            ("ΌΜΗΡΟΣ", "ομηροσ"),
            ("Чайковский", "чаиковскии"),
            ("ЁЛКА", "елка"),
            ("ﬁrst", "first"),
            ("Ｆｕｌｌ\u{3000}ｗｉｄｔｈ", "full width"),
            ("a \t\u{a0} b", "a b"),
            ("zero\u{200b}width\u{ad}", "zerowidth"),
            ("Nguyễn", "nguyen"),
            ("हिन्दी", "हिन्दी"),
            ("が", "か\u{3099}"),
            ("N°5", "n°5"),
            ("", ""),
        ];
        for (text, key) in table {
            assert_eq!(fold(text), key, "{text}");
        }
        assert_eq!(fold_all(&["Acme-1", "Ácmé  B.V."]), "acme-1\nacme b.v.");
        assert_eq!(fold_all(&["a", &"\u{fdfa}".repeat(200)]).chars().count(), KEY_CHARS_MAX);
    }

    /// Every character of Unicode: its key is stable, and that of its other case.
    #[test]
    fn keys_are_keys_of_themselves_and_of_the_other_case() {
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let key = fold(&text);
            assert_eq!(fold(&key), key, "{character:?} U+{:04X}", u32::from(character));
            // The iota below a Greek vowel is a letter of its own in capitals.
            if text.nfkd().any(|c| c == '\u{345}') {
                continue;
            }
            for other in [text.to_uppercase(), text.to_lowercase()] {
                assert_eq!(fold(&other), key, "{character:?} U+{:04X}", u32::from(character));
            }
        }
    }
}
