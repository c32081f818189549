//! Who may use whom, and what a reader should not stumble over.

use std::fs;
use std::path::{Path, PathBuf};

/// Longest file of the product, in lines.
const LINES_MAX: usize = 500;

/// A folder, our own modules that it may not use, and crates that it may not use.
type Border = (&'static str, &'static [&'static str], &'static [&'static str]);

const BORDERS: [Border; 9] = [
    (
        "src/program",
        &["store", "service", "graphql", "http", "cli", "config", "app", "clock", "error", "telemetry"],
        &[
            "sea_orm",
            "sqlx",
            "entity",
            "migration",
            "axum",
            "async_graphql",
            "tokio",
            "reqwest",
            "std::env",
            "std::fs",
        ],
    ),
    ("src/store", &["service", "graphql", "http", "cli", "config", "app"], &["axum", "async_graphql"]),
    ("src/service", &["graphql", "http", "cli", "config", "app"], &["axum", "async_graphql"]),
    (
        "src/agents",
        &[
            "program", "store", "service", "graphql", "http", "auth", "cli", "config", "app", "access",
            "error",
        ],
        &["sea_orm", "sqlx", "entity", "async_graphql", "std::env"],
    ),
    (
        "src/credential",
        &[
            "program", "store", "service", "graphql", "http", "auth", "cli", "config", "app", "clock",
            "error", "access",
        ],
        &["sea_orm", "sqlx", "entity", "axum", "async_graphql", "tokio", "std::env", "std::fs"],
    ),
    (
        "src/webhook_client",
        &[
            "program", "store", "service", "graphql", "http", "cli", "config", "app", "clock", "error",
            "access",
        ],
        &["sea_orm", "sqlx", "entity", "migration", "axum", "async_graphql", "std::env"],
    ),
    (
        "src/telemetry",
        &["program", "store", "service", "graphql", "http", "auth", "cli", "config", "app", "clock", "error"],
        &["sea_orm", "entity", "axum", "async_graphql"],
    ),
    ("migration", &[], &["entity", "partner_program"]),
    ("entity", &[], &["migration", "partner_program", "async_graphql", "axum"]),
];

#[test]
fn imports_go_one_way() {
    let mut breaches = Vec::new();
    for (folder, modules, crates) in BORDERS {
        let files = sources(folder);
        assert!(!files.is_empty(), "{folder} has no source: has it moved?");
        for (path, text) in files {
            breaches.extend(uses(&text, modules, crates).map(|what| format!("{}: {what}", path.display())));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

/// Rights are asked for in the use cases: nothing above them reads the database by itself.
#[test]
fn nothing_goes_around_the_use_cases() {
    for folder in ["src/graphql", "src/http", "src/auth", "src/agents", "src/certificates"] {
        for (path, text) in sources(folder) {
            for around in [".database()", ".reader()", "db.begin", "crate::store::Database"] {
                assert!(!text.contains(around), "{}: {around}", path.display());
            }
        }
    }
    for (path, text) in sources("src/service") {
        // The macro, the first edition, the note of a key's last use, and what holds transactions of use cases.
        let allowed = ["src/service.rs", "service/policy.rs", "keys/cache.rs", "service/whole.rs"];
        let opens = text.contains("db.begin()") && !allowed.iter().any(|end| path.ends_with(end));
        assert!(!opens, "{} opens a transaction without naming an operation", path.display());
    }
}

#[test]
fn a_breach_is_seen() {
    // text, what it uses that it should not
    let table: [(&str, &[&str]); 9] = [
        ("use crate::store::Database;", &["store"]),
        ("use crate::{program, store};", &["crate::{"]),
        ("    let x = super::super::clock::now();", &["clock"]),
        ("fn a(x: sea_orm::DbErr) {}", &["sea_orm"]),
        ("use tokio::sync;", &["tokio"]),
        ("use super::storey::Level; // crate::store", &[]),
        ("/// Like crate::store::Database.", &[]),
        ("use crate::restore::x;", &[]),
        ("let my_tokio = 1;", &[]),
    ];
    for (text, expected) in table {
        let found: Vec<String> = uses(text, &["store", "clock"], &["sea_orm", "tokio"]).collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// Forbidden modules and crates that a source uses, comments aside.
fn uses<'t>(text: &'t str, modules: &'t [&str], crates: &'t [&str]) -> impl Iterator<Item = String> + 't {
    let code = || text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let modules = modules.iter().filter(move |module| {
        code().any(|line| ["crate", "super"].iter().any(|from| has_path(line, &format!("{from}::{module}"))))
    });
    let crates = crates.iter().filter(move |name| {
        code().any(|line| has_path(line, &format!("{name}::")) || has_path(line, &format!("use {name};")))
    });
    // A list of modules behind one `crate::` would go past the look-up above.
    let lists = code().any(|line| line.contains("crate::{")).then(|| "crate::{".to_owned());
    modules.chain(crates).map(|name| (*name).to_owned()).chain(lists)
}

/// Whether a line has this path, as a whole and not as a part of longer names.
fn has_path(line: &str, path: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        let open = path.ends_with(part_of_name);
        let longer = before.is_some_and(part_of_name) || (open && after.is_some_and(part_of_name));
        !longer
    })
}

#[test]
fn files_are_short_enough_to_read() {
    let long: Vec<String> = sources("src")
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "more than {LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_left_to_do() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("dbg", "!(")];
    let mut left = Vec::new();
    for folder in ["src", "tests", "entity", "migration", "build", "benches"] {
        for (path, text) in sources(folder) {
            let found =
                text.lines().zip(1..).filter(|(line, _)| marks.iter().any(|mark| line.contains(mark)));
            left.extend(found.map(|(line, number)| format!("{}:{number}: {}", path.display(), line.trim())));
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
}

/// Every Rust source below a folder of the repository, with its text.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source can be read");
                found.push((path, text));
            }
        }
    }
    found
}
