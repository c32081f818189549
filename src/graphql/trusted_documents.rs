//! Trusted documents: the allowlist of a locked-down server.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::document_ref::{DocumentHash, DocumentRef, is_id};

/// A document of a file, with the ids that clients may use instead of its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedDocument {
    /// The text.
    pub text: String,
    /// The ids; `sha256:` and the hash are not among them.
    pub ids: Vec<String>,
    /// Where the document was read from, for error messages.
    pub origin: String,
}

/// A manifest: what clients' build tools write.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    /// Apollo's.
    Operations { format: String, version: u64, operations: Vec<Operation> },
    /// That of Relay, GraphQL Code Generator and others: the id of each text.
    IdToText(HashMap<String, String>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

/// Reads a folder of `.graphql` files and `.json` manifests, or one such file. A file `name.graphql`
/// holds one document, whose id is `name`.
///
/// # Errors
/// What cannot be read, in one line with its origin.
pub fn read_documents(path: &Path) -> Result<Vec<TrustedDocument>, String> {
    let failed = |path: &Path, error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        paths = entries.map_err(|error| failed(path, error))?.into_iter().map(|it| it.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|it| it == "graphql" || it == "json"));
        paths.sort();
    }
    let mut documents = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        let origin = path.display().to_string();
        if path.extension().is_some_and(|it| it == "json") {
            documents.extend(parse_manifest(&text, &origin)?);
        } else {
            let id = path.file_stem().and_then(|stem| stem.to_str()).filter(|id| is_id(id));
            let id = id
                .ok_or_else(|| format!("{origin}: the file name must consist of letters, digits and -._~"))?;
            documents.push(TrustedDocument { text, ids: vec![id.to_owned()], origin });
        }
    }
    if documents.is_empty() {
        return Err(format!("{} contains no documents", path.display()));
    }
    Ok(documents)
}

fn parse_manifest(text: &str, origin: &str) -> Result<Vec<TrustedDocument>, String> {
    let unknown = || {
        format!("{origin} is not a manifest: a JSON object that maps ids to documents, or Apollo's format")
    };
    let texts: Vec<(String, String)> = match serde_json::from_str(text).map_err(|_| unknown())? {
        Manifest::IdToText(texts) => texts.into_iter().collect(),
        Manifest::Operations { format, version: 1, operations }
            if format == "apollo-persisted-query-manifest" =>
        {
            operations.into_iter().map(|one| (one.id, one.body)).collect()
        }
        Manifest::Operations { .. } => return Err(unknown()),
    };
    let documents = texts.into_iter().map(|(id, text)| {
        let ids = match DocumentRef::from_id(id.clone()) {
            Ok(DocumentRef::Id(id)) => vec![id],
            Ok(DocumentRef::Hash(hash)) if hash == DocumentHash::of(&text) => Vec::new(),
            Ok(_) => return Err(format!("{origin}: {id} does not match the hash of its document")),
            Err(refusal) => return Err(format!("{origin}: {}", refusal.message)),
        };
        Ok(TrustedDocument { text, origin: format!("{origin}: {id}"), ids })
    });
    documents.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_manifests() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
        assert!(read_documents(folder.path()).expect_err("empty").ends_with("contains no documents"));
        assert!(
            read_documents(&folder.path().join("none.json"))
                .expect_err("missing")
                .starts_with("cannot read ")
        );
        write("a.graphql", "{ a }\n");
        write("notes.txt", "nothing");
        let hash = "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b";
        let text = "query($id:ID!){user(id:$id){name}}";
        write("b.json", &format!(r#"{{"sha256:{hash}": "{text}"}}"#));
        write(
            "c.json",
            &format!(
                r#"{{"format": "apollo-persisted-query-manifest", "version": 1, "operations":
                [{{"id": "c1", "name": "Q", "type": "query", "body": "{text}"}}]}}"#
            ),
        );
        let documents = read_documents(folder.path()).expect("documents");
        let found: Vec<_> = documents.iter().map(|it| (it.text.as_str(), it.ids.join(" "))).collect();
        assert_eq!(found, [("{ a }\n", "a".to_owned()), (text, String::new()), (text, "c1".to_owned())]);
        for (manifest, message) in [
            ("{", "is not a manifest"),
            ("[]", "is not a manifest"),
            (r#"{"a": 1}"#, "is not a manifest"),
            (r#"{"format": "x", "version": 1, "operations": []}"#, "is not a manifest"),
            (r#"{"a b": "{ a }"}"#, "The documentId \"a b\" is invalid"),
            (&format!(r#"{{"sha256:{hash}": "{{ a }}"}}"#), "does not match the hash of its document"),
        ] {
            write("d.json", manifest);
            let error = read_documents(folder.path()).expect_err(manifest);
            assert!(error.contains(message) && !error.contains('\n'), "{error}");
        }
        write("d.json", "{}");
        write("a b.graphql", "{ a }");
        assert!(read_documents(folder.path()).expect_err("a name").contains("the file name must consist of"));
    }
}
