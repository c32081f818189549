//! What the documents name exists: files, links, and modules with their items.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How paths begin that are written from the root of the repository.
const FOLDERS: [&str; 13] = [
    ".ci/",
    "benches/",
    "build/",
    "console/",
    "docs/",
    "editions/",
    "entity/",
    "examples/",
    "migration/",
    "ops/",
    "src/",
    "tests/",
    "web/",
];
/// Marks a path as a pattern for a file to create.
const PLACEHOLDER: &str = "YYYY";

#[test]
fn documents_name_files_that_exist() {
    let mut missing = Vec::new();
    for (file, text) in documents() {
        let folder = file.parent().expect("a document is in a folder");
        let paths = code_spans(&text)
            .filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder)))
            .filter(|span| !span.contains(PLACEHOLDER) && !span.contains(char::is_whitespace))
            .map(|path| root().join(path));
        let links = link_targets(&text)
            .filter(|target| !target.is_empty() && !target.contains("://"))
            .map(|target| folder.join(target));
        let absent = paths.chain(links).filter(|path| !path.exists());
        missing.extend(absent.map(|path| format!("{}: {}", file.display(), path.display())));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn documents_name_modules_and_items_that_exist() {
    let mut missing = Vec::new();
    for (file, text) in documents() {
        let absent = code_spans(&text).filter(|span| !path_exists(span));
        missing.extend(absent.map(|span| format!("{}: {span}", file.display())));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(path_exists("program::pricing::price") && path_exists("axum::serve"));
    assert!(!path_exists("program::price_list::price") && !path_exists("program::pricing::no_such_function"));
}

/// Whether a span such as `program::pricing::price` names a module, or items in the source of one. Other
/// text, and paths of other crates, count as existing.
fn path_exists(span: &str) -> bool {
    let segments: Vec<&str> = span.split("::").collect();
    let is_name = |segment: &&str| {
        !segment.is_empty() && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if segments.len() < 2 || !segments.iter().all(is_name) {
        return true;
    }
    let source = |count: usize| root().join("src").join(segments[..count].join("/")).with_extension("rs");
    let Some(count) = (1..=segments.len()).rev().find(|count| source(*count).is_file()) else { return true };
    let text = fs::read_to_string(source(count)).expect("a source can be read");
    let words: HashSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    segments[count..].iter().all(|item| words.contains(item))
}

/// The documents with their texts.
fn documents() -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in [root().to_owned(), root().join("docs")] {
        let entries = fs::read_dir(folder).expect("a folder can be read");
        let paths = entries.map(|entry| entry.expect("a folder can be read").path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    assert!(files.len() >= 10, "{files:?}");
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a document can be read");
    files.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Text between backticks, outside of code blocks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// Targets of links, without their anchors.
fn link_targets(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.split('#').next().unwrap_or_default())
}
