//! Connections are what Relay's specification says of them: checked against its algorithm, for every
//! combination of arguments.

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp};

both! {
    every_slice_is_the_specifications,
    cursors_survive_inserts_anywhere,
}

const TODAY: &str = "2026-08-31";

/// A list with five rows, and how a test asks for it.
struct List {
    /// What leads to the connection, with a place for its arguments.
    path: &'static str,
    /// A field that distinguishes its nodes.
    field: &'static str,
}

const LISTS: [List; 6] = [
    List { path: "partners(ARGS)", field: "code" },
    List { path: "partners(orderBy: ENROLLED_ON, ARGS)", field: "code" },
    List { path: "professionals(orderBy: NAME, ARGS)", field: "code" },
    List { path: "partner(code: \"p1\") { ledger(ARGS)", field: "levelCredits" },
    List { path: "partner(code: \"p1\") { activities(ARGS)", field: "quantity" },
    List { path: "partner(code: \"p1\") { professionals(ARGS)", field: "code" },
];

impl List {
    /// The connection for arguments such as `first: 2`.
    async fn page(&self, app: &TestApp, arguments: &str) -> Value {
        let path = self.path.replace("ARGS", arguments);
        let end = if path.contains('{') { "}" } else { "" };
        let field = self.field;
        let query = format!(
            "{{ it: {path} {{ edges {{ cursor node {{ {field} }} }} nodes {{ {field} }} \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} {end} }}"
        );
        let data = app.ok(&query, Value::Null).await["it"].clone();
        if end.is_empty() {
            return data;
        }
        data.as_object().and_then(|it| it.values().next()).expect("a connection").clone()
    }
}

/// What the specification makes of a list (Relay, "Pagination algorithm" and "hasPreviousPage").
fn expected(
    all: &[Value],
    after: Option<usize>,
    before: Option<usize>,
    first: Option<usize>,
    last: Option<usize>,
) -> (Vec<Value>, bool, bool) {
    let from = after.map_or(0, |at| at + 1);
    let to = before.unwrap_or(all.len()).max(from);
    let between = &all[from..to];
    let mut slice = between;
    if let Some(first) = first {
        slice = &slice[..first.min(slice.len())];
    }
    if let Some(last) = last {
        slice = &slice[slice.len().saturating_sub(last)..];
    }
    let has_next = match first {
        Some(first) => between.len() > first,
        None => before.is_some(),
    };
    let has_previous = match last {
        Some(last) => between.len() > last,
        None => after.is_some(),
    };
    (slice.to_vec(), has_next, has_previous)
}

async fn app_with_lists(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    for n in 1..=5 {
        app.partner(&format!("p{n}"), "2024-06-01").await;
        app.professional(&format!("a{n}"), "2025-01-01").await;
        app.affiliate(&format!("a{n}"), "p1", "2025-01-01").await;
        app.record(Activity::of_partner("p1", "CUSTOMER_MEETING", "2025-05-01").quantity(n)).await;
    }
    app
}

async fn every_slice_is_the_specifications(backend: Backend) {
    let app = app_with_lists(backend).await;
    for list in LISTS {
        let whole = list.page(&app, "first: 100").await;
        let cursors: Vec<&Value> =
            whole["edges"].as_array().expect("edges").iter().map(|it| &it["cursor"]).collect();
        let all: Vec<Value> = whole["nodes"].as_array().expect("nodes").clone();
        assert_eq!((all.len(), cursors.len()), (5, 5), "{}", list.path);
        let places = || std::iter::once(None).chain((0..5).map(Some));
        for (after, before) in places().flat_map(|after| places().map(move |before| (after, before))) {
            for (first, last) in [
                (Some(0), None),
                (Some(2), None),
                (Some(5), None),
                (None, Some(0)),
                (None, Some(2)),
                (None, Some(5)),
            ] {
                let mut arguments = Vec::new();
                arguments.extend(first.map(|it| format!("first: {it}")));
                arguments.extend(last.map(|it| format!("last: {it}")));
                arguments.extend(after.map(|at| format!("after: {}", cursors[at])));
                arguments.extend(before.map(|at| format!("before: {}", cursors[at])));
                let what = format!("{} {first:?} {last:?} {after:?} {before:?}", list.path);
                let page = list.page(&app, &arguments.join(", ")).await;
                let (nodes, has_next, has_previous) = expected(&all, after, before, first, last);
                assert_eq!(page["nodes"], json!(nodes), "{what}");
                let info = &page["pageInfo"];
                assert_eq!(info["hasNextPage"], has_next, "{what}: hasNextPage");
                assert_eq!(info["hasPreviousPage"], has_previous, "{what}: hasPreviousPage");
                let edges = page["edges"].as_array().expect("edges");
                let cursor = |edge: Option<&Value>| edge.map_or(Value::Null, |edge| edge["cursor"].clone());
                assert_eq!(info["startCursor"], cursor(edges.first()), "{what}");
                assert_eq!(info["endCursor"], cursor(edges.last()), "{what}");
                for (edge, node) in edges.iter().zip(&nodes) {
                    assert_eq!(&edge["node"], node, "{what}");
                    assert!(cursors.contains(&&edge["cursor"]), "{what}: a row has one cursor");
                }
            }
        }
    }
}

/// Rows that come in before and after a cursor move nothing: each row that was there is seen once.
async fn cursors_survive_inserts_anywhere(backend: Backend) {
    for (count, cursor, end, more) in
        [("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage")]
    {
        for order in ["CODE", "NAME", "ENROLLED_ON"] {
            let app = TestApp::start(backend, TODAY).await;
            for code in ["b", "d", "f", "h"] {
                app.partner(code, "2024-06-01").await;
            }
            // Rows that come in while somebody pages: at the front, between what was seen and what was
            // not, and at the end.
            let mut new =
                [["a", "c", "i"], ["0", "e", "j"], ["00", "g", "k"], ["000", "ab", "l"]].into_iter();
            let mut seen: Vec<String> = Vec::new();
            let mut arguments = format!("{count}: 1, orderBy: {order}");
            loop {
                let query =
                    format!("{{ partners({arguments}) {{ nodes {{ code }} pageInfo {{ {end} {more} }} }} }}");
                let page = app.ok(&query, Value::Null).await["partners"].clone();
                seen.extend(page["nodes"][0]["code"].as_str().map(str::to_owned));
                let coming = new.next();
                if coming.is_none() && page["pageInfo"][more] == false {
                    break;
                }
                for code in coming.into_iter().flatten() {
                    app.partner(code, "2024-06-01").await;
                }
                if !page["pageInfo"][end].is_null() {
                    arguments = format!("{count}: 1, {cursor}: {}, orderBy: {order}", page["pageInfo"][end]);
                }
            }
            let mut once = seen.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), seen.len(), "{order} {count}: {seen:?} has a row twice");
            let was_there = seen.iter().map(String::as_str).filter(|it| ["b", "d", "f", "h"].contains(it));
            let mut was_there: Vec<&str> = was_there.collect();
            if count == "last" {
                was_there.reverse();
            }
            assert_eq!(was_there, ["b", "d", "f", "h"], "{order} {count}: {seen:?}");
        }
    }
}
