//! Tests of how customers are compared.

use super::*;
use crate::program::Editions;

fn published() -> CustomerTerms {
    let editions = Editions::built_in();
    editions.iter().next().expect("an edition").customers.clone()
}

#[test]
fn r10_names_are_compared_without_case_spacing_punctuation_and_legal_forms() {
    let terms = published();
    for same in [
        &[
            "Acme",
            "ACME",
            " acme ",
            "Acme Inc",
            "Acme, Inc.",
            "ACME GmbH",
            "Acme B.V.",
            "Acme N V",
            "NV Acme",
        ][..],
        &[
            "Acme Ltd",
            "Acme Limited",
            "Acme Co., Ltd.",
            "Acme GmbH & Co. KG",
            "Acme S.A.",
            "Acme S.p.A.",
            "Acme Sp. z o.o.",
            "A-C-M-E",
        ],
        &["Bolt & Nut", "Bolt Nut AG", "bolt-nut", "Bolt\u{a0}+ Nut", "Bo\u{200b}lt Nut"],
        &["Société Générale SA", "SOCIE\u{301}TE\u{301} GE\u{301}NE\u{301}RALE"],
        &["B.V.", "BV"],
        &["7-Eleven", "7 Eleven Inc"],
    ] {
        for name in same {
            assert_eq!(terms.key(name), terms.key(same[0]), "{name} and {}", same[0]);
        }
    }
    for (one, other) in [
        ("Acme", "Acme 2"),
        ("Acme Incubator", "Acme"),
        ("Telco", "Tel"),
        ("Acme Zoo", "Acme"),
        ("Société", "Societe"),
        ("AG Insurance", "AG"),
        ("Acme BV Europe", "Acme Europe"),
        ("???", "!!!"),
    ] {
        assert_ne!(terms.key(one), terms.key(other), "{one} and {other}");
    }
}

#[test]
fn a_key_is_never_empty_where_the_name_is_visible() {
    let terms = published();
    for name in ["NV", "S.A.", "&", "-", "日本", "A", "Inc Ltd"] {
        assert!(!terms.key(name).is_empty(), "{name}");
    }
    assert_eq!(CustomerTerms::new(["", ".", "B.V."]), CustomerTerms::new(["bv"]));
}
