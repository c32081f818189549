//! Documents of editions on the command line.

use std::fs;

use partner_program::program::edition::BUILT_IN;

use crate::{run, stdout};

#[test]
fn a_document_is_checked_and_published_with_places_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    let good = BUILT_IN.replacen("threshold = 75", "threshold = 150", 1);
    let wrong = good.replacen("per = 500", "prr = 500", 1).replacen("cap = 10", "cap = 0", 1);
    write("good.toml", &good);
    write("bare.toml", good.split("[[example]]").next().expect("a start"));
    write("wrong.toml", &wrong);
    write("p.csv", "partner,name,enrolled_on\nnordwind,Nordwind,2020-01-01\n");
    write(
        "a.csv",
        "source,external_id,partner,kind,occurred_on\nx,1,nordwind,EVENT_ORGANIZED,2026-02-01\n\
         x,2,nordwind,EVENT_ORGANIZED,2026-02-02\n",
    );
    let line =
        |needle: &str| 1 + wrong.lines().position(|line| line.contains(needle)).expect("in the document");
    let unknown = format!("wrong.toml:{}:1: `prr` is not a key here", line("prr = 500"));
    let zero = format!("wrong.toml:{}:7: `cap` must be 1 or more, not 0\n", line("cap = 0"));
    let check = ["edition", "check", "good.toml", "--from", "2027-01-01"];
    let publish = ["edition", "publish", "good.toml", "--from", "2027-01-01"];
    // arguments, exit code, words of the output
    let table: [(&[&str], i32, &[&str]); 11] = [
        // Without a database, a document is compared with the built-in edition.
        (
            &check,
            0,
            &[
                "Creator: 75 → 150 credits.\n",
                "good.toml: no problems, ",
                " worked examples pass, 1 changes\n",
            ],
        ),
        (&["edition", "check", "wrong.toml"], 1, &[&unknown, &zero]),
        (&["import", "--create", "p.csv", "a.csv"], 0, &["recorded 3"]),
        (&check, 0, &["Creator: 75 → 150 credits.\n"]),
        (&["edition", "publish", "wrong.toml", "--from", "2027-01-01"], 1, &[&unknown, &zero]),
        (&["edition", "try", "wrong.toml"], 1, &[&unknown, &zero]),
        (
            &["edition", "try", "bare.toml", "--from", "2025-01-01"],
            0,
            &[
                "Creator: 75 → 150 credits.\npartner nordwind loses: CREATOR → COLLABORATOR, difference +0\n",
                "in force from 2025-01-01, compared on 2026-08-31: 0 gain, 1 lose, 0 gain and lose\n",
                "credits given 0, taken 0; points given 0, taken 0; Dojo Credits given 0, taken 0\n",
            ],
        ),
        (
            &["edition", "publish", "good.toml", "--from", "2026-08-01"],
            1,
            &["good.toml: ", "in a month that has not begun"],
        ),
        (&publish, 0, &["Creator: 75 → 150 credits.\n", "good.toml: published, in force from 2027-01-01\n"]),
        (&publish, 1, &["good.toml: An edition comes into force on 2027-01-01 already"]),
        (&["verify"], 0, &["no differences"]),
    ];
    for (arguments, code, words) in table {
        let output = run(folder.path(), arguments);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        for words in words {
            assert!(text.contains(words), "{arguments:?}: {words} is not in {text}");
        }
    }
    let missing = run(folder.path(), &["edition", "check", "none.toml"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot read none.toml"));
}
