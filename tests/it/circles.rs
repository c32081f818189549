//! No circle of files: what a file imports does not import it again, directly or over others.
//!
//! A module and the files of its folder count as one unit in one direction: a child may use what its
//! parent defines (`super::`). All other imports between files are arrows, and none of them leads back.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::sources;

/// Files by what they import, with the imported names.
type Graph = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

#[test]
fn files_import_each_other_in_no_circle() {
    for (folder, root) in [("src", "lib.rs"), ("entity/src", "lib.rs"), ("migration/src", "lib.rs")] {
        let files: Vec<(String, String)> = sources(folder)
            .into_iter()
            .map(|(path, text)| {
                let base = path.ancestors().find(|it| it.ends_with(folder)).expect("a file of the folder");
                let inside = path.strip_prefix(base).expect("a file of the folder");
                (inside.to_string_lossy().into_owned(), text)
            })
            .collect();
        assert!(files.iter().any(|(path, _)| path == root), "{folder} has no {root}: has it moved?");
        let circles = circles(&graph(&files));
        assert!(circles.is_empty(), "circles in {folder}:\n{}", circles.join("\n"));
    }
}

#[test]
fn a_circle_is_seen() {
    // files, whether they have a circle
    let table: [(&[(&str, &str)], bool); 8] = [
        (&[("a.rs", "use crate::b::X;"), ("b.rs", "use crate::a::Y;")], true),
        (
            &[
                ("a.rs", "use crate::b::X;"),
                ("b.rs", "use crate::c::Y;"),
                ("c.rs", "fn f() -> crate::a::Z {}"),
            ],
            true,
        ),
        (&[("a.rs", "use crate::{b, c::X};"), ("b.rs", ""), ("c.rs", "use super::a::{self, Y};")], true),
        (&[("a.rs", "mod b;\nuse b::X;"), ("a/b.rs", "use super::Y;\nuse crate::a::Z;")], false),
        (&[("a.rs", "mod b;\nmod c;"), ("a/b.rs", "use super::c::X;"), ("a/c.rs", "use super::b::Y;")], true),
        (&[("a.rs", "use crate::b::X; // use crate::c::X;"), ("b.rs", "/// crate::a::X")], false),
        (&[("lib.rs", "mod a;"), ("a.rs", "use crate::b::X;"), ("b.rs", "use std::a::Y;")], false),
        // What a parent exports of its children is theirs.
        (
            &[
                ("a.rs", "mod b;\nmod c;\npub use b::X;\npub use c::Z;"),
                ("a/b.rs", ""),
                ("a/c.rs", "use crate::d::Y;"),
                ("d.rs", "use crate::a::X;"),
            ],
            false,
        ),
    ];
    for (files, expected) in table {
        let files: Vec<(String, String)> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        assert_eq!(!circles(&graph(&files)).is_empty(), expected, "{files:?}");
    }
}

/// What a module exports of other modules: its path and the name, and the path of what it is.
type Exports = BTreeMap<(Vec<String>, String), Vec<String>>;

/// An imported path.
struct Import {
    path: Vec<String>,
    is_public: bool,
}

/// Which file imports what from which other file, but for a child's imports from its parents.
fn graph(files: &[(String, String)]) -> Graph {
    let modules: BTreeMap<Vec<String>, &str> =
        files.iter().map(|(path, _)| (module_of(path), path.as_str())).collect();
    let exports: Exports = files
        .iter()
        .flat_map(|(path, text)| {
            let own = module_of(path);
            let exported = imports(text).into_iter().filter(|import| import.is_public);
            exported.filter_map(move |import| {
                let name = import.path.last()?.clone();
                Some(((own.clone(), name), import.path))
            })
        })
        .collect();
    let mut graph = Graph::new();
    for (path, text) in files {
        let own = module_of(path);
        for Import { path: import, .. } in imports(text) {
            let Some(target) = resolve(&own, &import, &modules, &exports) else { continue };
            let is_parent = own.starts_with(target);
            if !is_parent {
                let name = import.last().cloned().unwrap_or_default();
                let names = graph.entry(path.clone()).or_default().entry(modules[target].to_owned());
                names.or_default().insert(name);
            }
        }
    }
    graph
}

/// The path of a file's module below the crate.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    if matches!(path, "lib" | "main") { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The module that defines what an import names, behind what other modules export of it.
fn resolve<'m>(
    own: &[String],
    import: &[String],
    modules: &'m BTreeMap<Vec<String>, &str>,
    exports: &Exports,
) -> Option<&'m Vec<String>> {
    let mut path = match import.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => own.to_vec(),
        child => {
            let path: Vec<String> = own.iter().cloned().chain([child.to_owned()]).collect();
            modules.contains_key(&path).then_some(own.to_vec())?
        }
    };
    let is_keyword = |name: &&String| matches!(name.as_str(), "crate" | "self" | "super");
    for keyword in import.iter().take_while(is_keyword) {
        if keyword == "super" {
            path.pop();
        }
    }
    let mut found = None;
    for name in import.iter().skip_while(is_keyword) {
        path.push(name.clone());
        match modules.get_key_value(&path) {
            Some((module, _)) => found = Some(module),
            None => break,
        }
    }
    let exported = found.and_then(|module| {
        let name = path.get(module.len())?;
        let import = exports.get(&(module.clone(), name.clone()))?;
        resolve(module, import, modules, exports)
    });
    exported.or(found)
}

/// The paths that a source imports: those of `use`, and those written out that begin with `crate` or `super`.
fn imports(text: &str) -> Vec<Import> {
    let code: String = text.lines().flat_map(|line| [line.split("//").next().unwrap_or(""), "\n"]).collect();
    let mut found = Vec::new();
    for statement in code.split(';') {
        if let Some((before, tree)) = statement.rsplit_once("use ") {
            let is_public = before.rsplit('\n').next().is_some_and(|before| before.contains("pub"));
            let mut paths = Vec::new();
            expand(&[], tree, &mut paths);
            found.extend(paths.into_iter().map(|path| Import { path, is_public }));
        }
    }
    for start in ["crate::", "super::"] {
        found.extend(code.match_indices(start).map(|(at, _)| {
            let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
            let path = code[at..].split(|c| !is_path(c)).next().unwrap_or_default();
            let path = path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
            Import { path, is_public: false }
        }));
    }
    found
}

/// The paths of a tree of imports such as `a::{b, c::{self, D}}`.
fn expand(before: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let (head, group) = match tree.split_once('{') {
        Some((head, rest)) => (head, Some(rest.trim_end().strip_suffix('}').unwrap_or(rest))),
        None => (tree, None),
    };
    let mut path = before.to_vec();
    let head = head.split(" as ").next().unwrap_or_default();
    path.extend(head.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
    let Some(group) = group else {
        found.push(path);
        return;
    };
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                expand(&path, &group[start..at], found);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !group[start..].trim().is_empty() {
        expand(&path, &group[start..], found);
    }
}

/// Every import that leads back to its own file, with the names that it takes.
fn circles(graph: &Graph) -> Vec<String> {
    let reachable = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(file) = waiting.pop() {
            for next in graph.get(file).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(next.as_str()) {
                    waiting.push(next);
                }
            }
        }
        seen
    };
    let mut found = Vec::new();
    for (from, targets) in graph {
        for (to, names) in targets {
            if reachable(to).contains(from.as_str()) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                found.push(format!("{from} -> {to}: {}", names.join(", ")));
            }
        }
    }
    found
}
