//! `export` and `restore` as people run them.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::{run, stdout};

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = "partner,name,enrolled_on\nnordwind,Nordwind,2020-01-01\n";
    fs::write(folder.path().join("p.csv"), rows).expect("a file");
    let facts = "source,external_id,partner,kind,occurred_on\nx,1,nordwind,EVENT_ORGANIZED,2026-02-01\n";
    fs::write(folder.path().join("a.csv"), facts).expect("a file");
    let imported = run(folder.path(), &["import", "--create", "p.csv", "a.csv"]);
    assert!(imported.status.success(), "{}", said(&imported));
    folder
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_program_is_exported_and_restored() {
    let (folder, other) = (folder(), tempfile::tempdir().expect("a folder"));
    let exported = run(folder.path(), &["export", "program.jsonl.gz"]);
    assert!(exported.status.success(), "{}", said(&exported));
    assert!(stdout(&exported).starts_with("exported "), "{}", stdout(&exported));
    let again = run(folder.path(), &["export", "program.jsonl.gz"]);
    assert!(said(&again).contains("the file exists"), "{}", said(&again));
    let file = folder.path().join("program.jsonl.gz");
    let file = file.to_str().expect("UTF-8");
    let restored = run(other.path(), &["restore", file]);
    assert!(restored.status.success(), "{}", said(&restored));
    let text = stdout(&restored);
    assert!(text.contains("verified 1 steps, 1 ledger entries, 0 points entries: no differences"), "{text}");
    let second = run(other.path(), &["export", "again.jsonl.gz"]);
    assert!(second.status.success(), "{}", said(&second));
    let read = |folder: &Path, name: &str| fs::read(folder.join(name)).expect("a file");
    assert!(read(folder.path(), "program.jsonl.gz") == read(other.path(), "again.jsonl.gz"));
    let full = run(other.path(), &["restore", file]);
    assert!(said(&full).contains("is not empty"), "{}", said(&full));
    assert_eq!(full.status.code(), Some(1));
}

#[test]
fn what_is_no_whole_archive_is_refused_before_anything_is_written() {
    let folder = folder();
    assert!(run(folder.path(), &["export", "whole"]).status.success());
    let whole = fs::read(folder.path().join("whole")).expect("a file");
    let empty = tempfile::tempdir().expect("a folder");
    // what the file is, words of the answer
    let table: [(&[u8], &str); 3] = [
        (&whole[..whole.len() - 20], "the archive is damaged"),
        (b"partner,name,enrolled_on\n", "this is no archive of partner-program"),
        (b"", "this is no archive of partner-program"),
    ];
    for (bytes, words) in table {
        fs::write(empty.path().join("archive"), bytes).expect("a file");
        let refused = run(empty.path(), &["restore", "archive"]);
        assert!(said(&refused).contains(words), "{words}: {}", said(&refused));
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(files(empty.path()), ["archive"]);
    }
    let nowhere = run(empty.path(), &["export", "new"]);
    assert!(said(&nowhere).contains("there is no database"), "{}", said(&nowhere));
    assert_eq!(files(empty.path()), ["archive"]);
}

#[test]
fn lists_are_written_as_csv() {
    let folder = folder();
    // list, its rows
    let table = [
        ("partners", "nordwind,Nordwind,2020-01-01,,50,COLLABORATOR,MEMBER,0,,COLLABORATOR,50,2027-12-31\n"),
        ("activities", "x,1,nordwind,,EVENT_ORGANIZED,2026-02-01,1,,RECORDED,0,50,"),
        ("deals", ""),
    ];
    for (list, rows) in table {
        let output = run(folder.path(), &["export", "--csv", list]);
        assert!(output.status.success(), "{list}: {}", said(&output));
        let text = stdout(&output);
        let (header, found) = text.split_once('\n').expect("a header");
        assert!(header.contains(','), "{header}");
        assert!(found.starts_with(rows) && found.is_empty() == rows.is_empty(), "{list}: {found}");
    }
    let unknown = run(folder.path(), &["export", "--csv", "planets"]);
    assert!(said(&unknown).contains("partners, professionals"), "{}", said(&unknown));
}
