//! The check of the schema against that of the last release.

use std::fs;
use std::process::Command;

use crate::npm;

const RELEASED: &str = "
    type Query { a(x: Int, y: Int @deprecated): A old: Old @deprecated(reason: \"Use a.\") }
    type A { id: ID! name: String gone: Int @deprecated }
    type Old { id: ID! }
    enum E { ONE TWO THREE @deprecated }
    input I { one: Int two: E }
    type Mutation { do(input: I!): A }";

/// Exit code and output for a schema that replaces the released one.
fn compared(released: &str, current: &str) -> (i32, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["old.graphql", "new.graphql"].map(|name| folder.path().join(name));
    fs::write(&paths[0], released).expect("a file");
    fs::write(&paths[1], current).expect("a file");
    let paths = paths.map(|path| path.display().to_string());
    let output = npm::run("schema-changes.mjs", &[&paths[0], &paths[1]]);
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().expect("an exit code"), String::from_utf8(said).expect("UTF-8"))
}

#[test]
fn breaking_changes_are_found() {
    // replaced text, replacement, message of the breaking change, if it is one
    for (from, to, breaking) in [
        ("name: String", "name: String more: Int", None),
        ("name: String", "name: String @deprecated", None),
        ("name: String", "name: String!", None),
        ("name: String", "", Some("A.name was removed")),
        ("name: String", "name: Int", Some("A.name changed type from String to Int")),
        ("id: ID! name", "id: ID name", Some("A.id changed type from ID! to ID")),
        ("(x: Int,", "(x: Int!,", Some("arg x has changed type from Int to Int!")),
        ("(x: Int,", "(z: Int! x: Int,", Some("required arg z")),
        ("(x: Int,", "(", Some("arg x was removed")),
        ("ONE TWO", "ONE", Some("TWO was removed from enum type E")),
        ("ONE TWO", "ONE TWO FOUR", None),
        ("one: Int ", "one: Int! ", Some("I.one changed type from Int to Int!")),
        ("one: Int ", "one: Int three: Int! ", Some("required field three")),
        ("one: Int ", "one: Int three: Int ", None),
        ("type Mutation { do(input: I!): A }", "", Some("Mutation was removed")),
        // Deprecated items may be removed, and what is reachable only through them.
        (", y: Int @deprecated", "", None),
        ("gone: Int @deprecated", "", None),
        ("THREE @deprecated", "", None),
        ("old: Old @deprecated(reason: \"Use a.\")", "", None),
        ("type Old { id: ID! }", "type Old { id: ID! }", None),
    ] {
        let mut current = RELEASED.replace(from, to);
        if from.starts_with("old:") {
            current = current.replace("type Old { id: ID! }", "");
        }
        let (code, said) = compared(RELEASED, &current);
        assert_eq!(code, i32::from(breaking.is_some()), "{from} → {to}: {said}");
        assert!(said.contains(breaking.unwrap_or("schema: 0 breaking")), "{from} → {to}: {said}");
    }
}

/// The source of the released schema: the newest tag, or a file, or none yet.
#[test]
fn the_last_release_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display().to_string();
    let git = |arguments: &[&str]| {
        let names = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        let git = Command::new("git").arg("-C").arg(&path).args(names).args(arguments).output();
        assert!(git.expect("these tests need git").status.success(), "{arguments:?}");
    };
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    let said = || {
        let output = npm::run("schema-changes.mjs", &[&path]);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).expect("UTF-8"))
    };
    write("schema.graphql", RELEASED);
    let (code, text) = said();
    assert!(code == Some(0) && text.contains("nothing was released yet"), "{text}");
    write("schema.released.graphql", "type Query { b: Int }");
    let (code, text) = said();
    assert!(code == Some(1) && text.contains("since schema.released.graphql"), "{text}");
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "x"]);
    git(&["tag", "v1.0.0"]);
    git(&["tag", "other"]);
    let (code, text) = said();
    assert!(code == Some(0) && text.contains("since v1.0.0"), "{text}");
    write("schema.graphql", &RELEASED.replace("name: String", ""));
    let (code, text) = said();
    assert!(code == Some(1) && text.contains("A.name was removed"), "{text}");
}
