//! Tests of checking documents.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::*;
use crate::program::edition::BUILT_IN;

/// The problems of a document as `line:column: message`.
fn problems(text: &str) -> Vec<String> {
    let checked = Editions::built_in().check(text, None);
    let shown = |one: &EditionError| format!("{}:{}: {}", one.line, one.column, one.message);
    checked.all_problems().iter().map(shown).collect()
}

fn line_of(text: &str, needle: &str) -> usize {
    1 + text.lines().position(|line| line.contains(needle)).expect("in the document")
}

#[test]
fn the_built_in_document_has_no_problems_and_all_its_examples_pass() {
    let checked = Editions::built_in().check(BUILT_IN, None);
    assert_eq!(checked.all_problems(), Vec::new());
    assert!(checked.examples.len() >= 9, "{}", checked.examples.len());
    assert!(checked.examples.iter().all(|example| example.problem.is_none()));
    let lines: Vec<usize> = checked.examples.iter().map(|example| example.line).collect();
    assert!(lines.is_sorted() && lines[0] > 100, "{lines:?}");
}

#[test]
fn a_later_first_day_is_put_into_the_document() {
    let day = NaiveDate::from_ymd_opt(2027, 1, 1).expect("a date");
    let checked = Editions::built_in().check(BUILT_IN, Some(day));
    assert_eq!(checked.all_problems(), Vec::new());
    assert_eq!(checked.effective_from, Some(day));
    let changed: Vec<(&str, &str)> =
        BUILT_IN.lines().zip(checked.document.lines()).filter(|(one, other)| one != other).collect();
    assert_eq!(changed.len(), 1);
    assert!(changed[0].1.starts_with("effective_from = 2027-01-01 "), "{changed:?}");
    let editions = checked.editions.expect("no problem");
    assert_eq!(editions.iter().count(), 2);
    // What the built-in edition calls by a number is still called so.
    let (old, new) = (Editions::built_in(), editions);
    for rule in old.iter().flat_map(|edition| &edition.rules) {
        assert_eq!(new.kind(rule.program, &rule.kind), Some(rule.id));
    }
}

#[test]
fn every_problem_is_found_with_line_and_column() {
    let document = BUILT_IN
        .replacen("per = 500", "per = 0", 1)
        .replacen("window = \"lifetime\"", "window = \"decade\"", 1)
        .replacen("max_quantity = 10_000", "max_quantitty = 10_000", 1)
        .replacen("threshold = 75", "threshold = 20", 1)
        .replacen("points = { min = 25, max = 250 }", "points = { min = 250, max = 25 }", 1)
        .replacen("counts_as = \"CERTIFICATION_OBTAINED\"", "counts_as = \"CERTIFICATION_OBTAIND\"", 1)
        .replacen("percent = \"50\"", "percent = \"150\"", 1)
        .replacen("dojo_credits_per_point = 1", "dojo_credits_per_point = \"one\"", 1);
    // a part of the line, its column, words of the message
    let expected = [
        ("threshold = 20", 13, "the threshold must be above that of COLLABORATOR, 25"),
        ("per = 0", 7, "`per` must be 1 or more, not 0"),
        ("max_quantitty", 1, "Did you mean `max_quantity`?"),
        ("window = \"decade\"", 10, "`decade` is not a value here; known are `each`"),
        ("percent = \"150\"", 11, "a percentage is 0 to 100"),
        ("dojo_credits_per_point = \"one\"", 26, "a whole number is expected here, not one"),
        ("points = { min = 250, max = 25 }", 10, "`min` is not above `max`"),
        ("counts_as", 13, "Did you mean CERTIFICATION_OBTAINED?"),
    ];
    let found = problems(&document);
    for (part, column, words) in expected {
        let place = format!("{}:{column}: ", line_of(&document, part));
        let is_it = |problem: &String| problem.starts_with(&place) && problem.contains(words);
        assert!(found.iter().any(is_it), "{place}{words} is not among {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn texts_have_no_control_characters_and_the_first_level_is_named_where_it_is() {
    let nul = BUILT_IN.replacen("title = \"Kata completed\"", "title = \"Kata\\u0000 completed\"", 1);
    let found = problems(&nul);
    let place = format!("{}:1: a text has no control characters; `title` has U+0000", line_of(&nul, "u0000"));
    assert_eq!(found, [place]);
    let high = BUILT_IN.replacen("threshold = 0", "threshold = 5", 1);
    let place =
        format!("{}:13: the first partner level must have threshold 0", line_of(&high, "threshold = 5"));
    let found = problems(&high);
    assert!(found.iter().any(|problem| problem.starts_with(&place)), "{place}: {found:?}");
}

#[test]
fn problems_of_syntax_are_all_found() {
    let document =
        BUILT_IN.replacen("per = 500", "per = = 500", 1).replacen("threshold = 75", "threshold 75", 1);
    let found = problems(&document);
    for part in ["per = = 500", "threshold 75"] {
        let place = format!("{}:", line_of(&document, part));
        assert!(found.iter().any(|problem| problem.starts_with(&place)), "{part}: {found:?}");
    }
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn what_is_missing_is_found_in_its_part() {
    let document = BUILT_IN.replacen("track = \"technical\"\n", "", 1);
    let found = problems(&document);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("`track` is missing here"), "{found:?}");
    let line: usize = found[0].split(':').next().and_then(|line| line.parse().ok()).expect("a line");
    assert_eq!(document.lines().nth(line - 1), Some("[[partner.rule]]"));
    assert!(
        problems("")
            .iter()
            .all(|problem| problem.starts_with("1:1: `") && problem.ends_with("` is missing here")),
        "{:?}",
        problems("")
    );
}

#[test]
fn an_example_that_fails_has_its_line_and_both_values() {
    let document = BUILT_IN.replacen("credits = 10\nper = 5\n", "credits = 11\nper = 5\n", 1);
    let checked = Editions::built_in().check(&document, None);
    assert_eq!(checked.problems, Vec::new());
    let failed: Vec<&ExampleResult> = checked.examples.iter().filter(|one| one.problem.is_some()).collect();
    assert!(!failed.is_empty());
    let name = "name = \"Downloads of a month\"";
    let example = failed.iter().find(|example| name.contains(&example.name)).expect("it fails");
    assert_eq!(example.line + 1, line_of(&document, name));
    let problem = example.problem.as_ref().expect("it failed");
    assert_eq!((problem.expected.as_deref(), problem.actual.as_deref()), (Some("10"), Some("11")));
    assert_eq!(checked.all_problems().len(), failed.len());
}

#[test]
fn documents_have_a_limited_size() {
    let rule = "[[partner.rule]]\nkind = \"K\"\n".repeat(501);
    let facts = "{ on = 2025-01-01 },".repeat(501);
    // a document, words of the problem
    let table = [
        ("#".repeat(DOCUMENT_BYTES_MAX + 1), "at most 262144 bytes; this one has 262145"),
        (rule, "`rule` has at most 500 items; here are 501"),
        (format!("[[example]]\nfacts = [{facts}]"), "`facts` has at most 500 items"),
        (format!("name = \"{}\"", "é".repeat(2_001)), "at most 2000 characters; this one has 2001"),
        (format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000)), ""),
        (format!("a = {}", "{ a = ".repeat(40_000)), ""),
    ];
    for (document, words) in table {
        let since = Instant::now();
        let found = problems(&document);
        assert!(!found.is_empty() && found[0].contains(words), "{words}: {:?}", found.first());
        assert!(since.elapsed() < Duration::from_secs(10), "{words}: {:?}", since.elapsed());
    }
}

/// Mutations of a line `key = value` that no document survives.
const MUTATIONS: [fn(&str, &str) -> String; 6] = [
    |key, value| format!("{key}x = {value}"),
    |key, _| format!("{key} = {{ bogus = 1 }}"),
    |key, _| format!("{key} ="),
    |key, value| format!("{key} = {value}\n{key} = {value}"),
    |key, value| format!("{key} = @{value}"),
    |key, value| format!("{key} {value}"),
];

/// Whether a problem has no words of the parser.
fn is_told(problem: &EditionError) -> bool {
    let by_parser =
        [", expected ", "missing field", "unknown field", "unknown variant", "invalid type", "duplicate"];
    !problem.message.is_empty() && by_parser.iter().all(|words| !problem.message.contains(words))
}

#[test]
fn malformed_documents_are_refused_with_the_line() {
    let editions = Editions::built_in();
    let lines: Vec<&str> = BUILT_IN.lines().collect();
    let is_key = |line: &&str| {
        line.split_once(" = ")
            .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    let places: Vec<usize> = (0..lines.len()).filter(|place| is_key(&lines[*place])).collect();
    let all = places.iter().flat_map(|place| (0..MUTATIONS.len()).map(move |kind| (*place, kind)));
    let all: Vec<(usize, usize)> = all.collect();
    // Every third one of them, which leaves out no kind of mutation: there are three times as many kinds as steps.
    let chosen: Vec<_> =
        all.iter().enumerate().filter(|(number, _)| (number / 6 + number) % 3 == 0).collect();
    assert!(chosen.len() >= 500, "{} of {}", chosen.len(), all.len());
    for (_, (place, kind)) in chosen {
        let (key, value) = lines[*place].split_once(" = ").expect("a key");
        let mutated = MUTATIONS[*kind](key, value);
        let document = [&lines[..*place], &[mutated.as_str()], &lines[place + 1..]].concat().join("\n");
        let since = Instant::now();
        let checked = editions.check(&document, None);
        let found = &checked.problems;
        let near = |problem: &EditionError| (place + 1..=place + 2).contains(&problem.line);
        assert!(found.iter().any(near), "{mutated} on line {}: {found:?}", place + 1);
        assert!(found.iter().all(|problem| problem.column >= 1 && is_told(problem)), "{mutated}: {found:?}");
        assert!(checked.editions.is_none() && checked.examples.is_empty());
        assert!(since.elapsed() < Duration::from_secs(5), "{mutated}: {:?}", since.elapsed());
    }
}

#[test]
fn no_text_makes_the_check_panic() {
    let editions = Editions::built_in();
    let bytes: Vec<char> = BUILT_IN.chars().collect();
    let mut draw = 88_172_645_463_325_252_u64;
    let mut next = |below: usize| {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        usize::try_from(draw % below as u64).expect("small")
    };
    let letters: Vec<char> = "09-_=[]{}\"'.,#\n aZé\u{0}:".chars().collect();
    for _ in 0..200 {
        let mut text = bytes.clone();
        for _ in 0..=next(4) {
            let place = next(text.len());
            match next(4) {
                0 => drop(text.remove(place)),
                1 => text.insert(place, letters[next(letters.len())]),
                2 => text[place] = letters[next(letters.len())],
                _ => text.truncate(place.max(100)),
            }
        }
        let text: String = text.into_iter().collect();
        let checked = editions.check(&text, None);
        let lines = text.matches('\n').count() + 1;
        assert!(checked.all_problems().iter().all(|problem| problem.line <= lines));
        assert!(checked.problems.iter().all(is_told), "{:?}", checked.problems);
    }
    // Figures at the ends of their ranges, in every place that has a figure.
    for extreme in [
        "9223372036854775807",
        "-9223372036854775808",
        "0001-01-01",
        "9999-12-31",
        "\"79228162514264337593543950335\"",
    ] {
        let place = |line: &str| line.split_once(" = ").map(|(key, _)| key.to_owned());
        for (number, line) in BUILT_IN.lines().enumerate().filter(|(number, _)| number % 5 == 0) {
            let Some(key) = place(line).filter(|key| !key.starts_with('#') && !key.contains('{')) else {
                continue;
            };
            let changed: Vec<String> = BUILT_IN
                .lines()
                .enumerate()
                .map(|(at, line)| if at == number { format!("{key} = {extreme}") } else { line.to_owned() })
                .collect();
            let _ = editions.check(&changed.join("\n"), None);
        }
    }
}

/// The parser names the keys that it knows where it refuses another one: each is in the reference, and each key in a table of
/// the reference is one that the parser knows there.
#[test]
fn the_reference_has_the_keys_of_the_parser_and_no_others() {
    let reference = include_str!("../../../docs/editions.md");
    let unknown = "zzz = 1\n";
    let mut document = format!("{unknown}{BUILT_IN}");
    for header in [
        "[legacy]",
        "[[attribute]]",
        "[[partner.level]]",
        "[[partner.rule]]",
        "[[partner.rule.attribute]]",
        "[rewards]",
        "[[rewards.cap]]",
        "[[rewards.discount]]",
        "[deals]",
        "[customers]",
        "[notices]",
        "[professional]",
        "[[professional.level]]",
        "[[professional.rule]]",
        "[[professional.rule.attribute]]",
        "[professional.rule.early_bonus]",
        "[[example]]",
    ] {
        assert!(document.contains(&format!("\n{header}\n")), "{header}");
        document = document.replacen(&format!("\n{header}\n"), &format!("\n{header}\n{unknown}"), 1);
    }
    for header in ["[credits]", "[dojo_credits]", "[partner.validity]", "[professional.validity]"] {
        document.extend(["\n", header, "\n", unknown]);
    }
    document.push_str(
        "\n[[example]]\nname = \"x\"\nprofessionals = { a = { zzz = 1 } }\nfacts = []\nexpect = []\n\
         [[example]]\nname = \"y\"\nfacts = [{ zzz = 1 }]\nexpect = []\n\
         [[example]]\nname = \"z\"\nfacts = []\nexpect = [{ zzz = 1 }]\n\
         [[example]]\nname = \"o\"\nfacts = []\nexpect = [{ on = 2025-01-01, order = { zzz = 1 } }]\n",
    );
    let (lines, mut lists) = (document.lines().collect::<Vec<_>>(), 0);
    // What is known below each header, and anywhere.
    let mut known_below: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for problem in problems(&document) {
        let Some((place, known)) = problem.split_once("`zzz` is not a key here; known are ") else {
            continue;
        };
        lists += 1;
        let line: usize = place.split(':').next().and_then(|line| line.parse().ok()).expect("a line");
        let header = line.checked_sub(2).map_or("", |above| lines[above]);
        for key in known.split('`').skip(1).step_by(2) {
            let is_there = ["`", "[", "{ ", ".", "`{ "].iter().any(|before| {
                ["`", "]", ",", " }", " ="]
                    .iter()
                    .any(|after| reference.contains(&format!("{before}{key}{after}")))
            });
            assert!(is_there, "docs/editions.md does not mention `{key}`: {problem}");
            for place in [header, "anywhere"] {
                known_below.entry(place).or_default().insert(key.to_owned());
            }
        }
    }
    assert_eq!(lists, 26, "{:#?}", problems(&document));
    assert!(rows_of_the_reference(reference, &known_below) > 60);
}

/// Compares the keys in the tables of the reference with those that are known below the headers of their sections, and
/// returns how many there are.
fn rows_of_the_reference(reference: &str, known_below: &BTreeMap<&str, BTreeSet<String>>) -> usize {
    let (_, reference) = reference.split_once("\n## Reference\n").expect("the reference");
    let codes =
        |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let (mut headers, mut keys) = (Vec::new(), 0);
    for line in reference.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            headers = codes(heading);
        }
        let Some(cell) = line.strip_prefix("| `").and_then(|row| row.split(" | ").next()) else { continue };
        // Examples have tables of facts and expectations beside their own.
        let places: Vec<&str> = match &headers[..] {
            [] => vec!["anywhere"],
            [one] if one == "[[example]]" => vec!["anywhere"],
            several => several.iter().map(String::as_str).collect(),
        };
        for code in codes(&format!("`{cell}")) {
            let key = code.trim_matches(['[', ']']).rsplit('.').next().unwrap_or_default().to_owned();
            let is_known = |place: &&str| known_below.get(*place).is_some_and(|known| known.contains(&key));
            assert!(
                places.iter().any(is_known),
                "docs/editions.md has `{code}`, which {places:?} does not know"
            );
            keys += 1;
        }
    }
    keys
}
