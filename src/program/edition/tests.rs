//! Tests of editions and their documents.

use super::*;

#[test]
fn the_built_in_edition_has_every_kind_of_both_tables() {
    let editions = Editions::built_in();
    let edition = editions.at(NaiveDate::MAX);
    let count = |program| edition.rules.iter().filter(|rule| rule.program == program).count();
    assert_eq!((count(Program::Partner), count(Program::Professional)), (13, 26));
    assert_eq!(edition.effective_from.to_string(), "2024-05-01");
}

#[test]
fn errors_name_the_line() {
    // what to change in the built-in document, into what, words of the error
    let table = [
        ("per = 500", "per = 0", "`per` must be 1 or more"),
        ("per = 500", "per = \"x\"", "a whole number is expected here, not x"),
        ("per = 500", "prr = 500", "`prr` is not a key here"),
        ("window = \"lifetime\"", "window = \"decade\"", "`decade` is not a value here"),
        ("threshold = 75", "threshold = 20", "must be above"),
        ("kind = \"DOJO_PROFILE\"", "kind = \"WEBSITE_PRESENCE\"", "stands twice"),
        ("counts_as = \"CERTIFICATION_OBTAINED\"", "counts_as = \"CERT\"", "no partner rule CERT."),
        ("points = { min = 25, max = 250 }", "points = { min = 250, max = 25 }", "`min`"),
        ("effective_from = 2024-05-01", "effective_from = 2024-05-02", "first day of a month"),
        ("percent = \"50\"", "percent = \"150\"", "0 to 100"),
        ("percent = \"50\"", "percent = \"50.00001\"", "four decimals"),
        ("\"TRAINING\", \"CERTIFICATION\"", "\"TRAINING\", \"USAGE_BASED_SERVICE\"", "a cap already"),
        ("EUR = \"1.00\"", "EUR = \"1.005\"", "EUR amounts have at most 2 decimals; got 1.005"),
        ("EUR = \"1.00\"", "EURO = \"1.00\"", "ISO 4217 currency code. Did you mean EUR?"),
        ("level = \"CREATOR\"", "level = \"CREATORS\"", "no partner level CREATORS. Did you mean CREATOR?"),
        ("until = 2024-04-30", "until = 2024-04-29", "day before"),
        ("name = \"evidenceUrl\"", "name = \"evidence url\"", "not the name of an attribute"),
        ("name = \"title\"", "name = \"evidenceUrl\"", "attribute evidenceUrl stands twice"),
        ("name = \"repost\"", "name = \"\"", "not the name of an attribute"),
    ];
    for (from, into, words) in table {
        let line = 1 + BUILT_IN.lines().position(|line| line.contains(from)).expect("in the document");
        let error = Editions::parse([BUILT_IN.replacen(from, into, 1).as_str()]).expect_err(into);
        assert!(error.message.contains(words), "{into}: {error}");
        assert_eq!(error.line, line, "{into}: {error}");
    }
}

#[test]
fn every_kind_accepts_the_common_attributes() {
    let names = |document: &str, kind: &str| -> Vec<String> {
        let editions = Editions::parse([document]).expect("it parses");
        let rules = &editions.at(NaiveDate::MAX).rules;
        let rule = rules.iter().find(|rule| rule.kind == kind).expect("a rule");
        rule.attributes.iter().map(|attribute| attribute.name.clone()).collect()
    };
    let common = ["evidenceUrl", "url", "title", "description", "note"];
    assert_eq!(names(BUILT_IN, "EVENT_ORGANIZED"), common);
    assert_eq!(names(BUILT_IN, "LINKEDIN_POST"), [&["repost"], &common[..]].concat());
    // A document of before there were any has the published ones; one that declares a few has these.
    let (head, rest) = BUILT_IN.split_once("[[attribute]]").expect("common attributes");
    let rest = &rest[rest.find("[[partner.level]]").expect("levels")..];
    assert_eq!(names(&format!("{head}{rest}"), "EVENT_ORGANIZED"), common);
    let few = format!("{head}[[attribute]]\nname = \"room\"\ntype = \"text\"\n{rest}");
    assert_eq!(names(&few, "EVENT_ORGANIZED"), ["room", "note"]);
    // A rule's own declaration of a common attribute takes its place.
    let own = few.replacen("name = \"repost\"", "name = \"room\"", 1);
    assert_eq!(names(&own, "LINKEDIN_POST"), ["room", "note"]);
}

#[test]
fn dates_before_the_first_edition_are_judged_by_it() {
    let second = BUILT_IN.replacen("effective_from = 2024-05-01", "effective_from = 2025-01-01", 1);
    let second = second.split("[legacy]").next().expect("a head").to_owned()
        + second.split("level_valid_until = 2025-12-31").nth(1).expect("a rest");
    let editions = Editions::parse([second.as_str(), BUILT_IN]).expect("both parse");
    for (date, from) in
        [("2000-01-01", "2024-05-01"), ("2024-12-31", "2024-05-01"), ("2025-01-01", "2025-01-01")]
    {
        assert_eq!(editions.at(date.parse().expect("a date")).effective_from.to_string(), from);
    }
    assert!(Editions::parse([BUILT_IN, BUILT_IN]).is_err());
    assert!(Editions::parse([]).is_err());
}
