//! The lists, their pages, and a world with rows of each.

use serde_json::{Value, json};

use super::TODAY;
use crate::harness::{Activity, Backend, Order, TestApp, deals};

/// A list: its name, what is asked of a row, and a key of the row.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) name: &'static str,
    fields: &'static str,
    key: &'static str,
}

pub(super) const ACTIVITIES: List = List {
    name: "activities",
    fields: "externalId source kind status occurredOn subject { ... on Partner { code } ... on Professional { code } }",
    key: "externalId",
};
pub(super) const DEALS: List = List {
    name: "deals",
    fields: "reference status customer validUntil conflict partner { code }",
    key: "reference",
};
pub(super) const ORDERS: List = List {
    name: "orders",
    fields: "number status purpose placedOn total { currency } partner { code }",
    key: "number",
};
pub(super) const SWAG_ORDERS: List = List {
    name: "swagOrders",
    fields: "number status placedOn item { code } professional { code }",
    key: "number",
};
pub(super) const AFFILIATIONS: List = List {
    name: "affiliations",
    fields: "id startsOn endsOn partner { code } professional { code }",
    key: "id",
};
pub(super) const CONTRACTS: List =
    List { name: "contracts", fields: "reference startsOn endsOn partner { code }", key: "reference" };
pub(super) const LISTS: [List; 6] = [ACTIVITIES, DEALS, ORDERS, SWAG_ORDERS, AFFILIATIONS, CONTRACTS];

impl List {
    /// One page for arguments such as `first: 2`, as an answer to a key.
    pub(super) async fn page(self, app: &TestApp, key: &str, arguments: &str) -> Value {
        let Self { name, fields, .. } = self;
        let query = format!(
            "{{ {name}({arguments}) {{ totalCount totalCountIsExact nodes {{ {fields} }} \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        let answer = app.send_as(key, &query, Value::Null).await;
        assert!(answer.body["errors"].is_null(), "{query}\n{}", answer.text);
        let page = answer.body["data"][name].clone();
        assert_eq!(page["totalCountIsExact"], true);
        page
    }

    /// Every row, read in pages of `size` from the start or from the end, in the order of the list.
    pub(super) async fn rows(
        self,
        app: &TestApp,
        key: &str,
        arguments: &str,
        size: usize,
        backward: bool,
    ) -> Vec<Value> {
        let mut rows: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        loop {
            let turn =
                if backward { format!("last: {size}{cursor}") } else { format!("first: {size}{cursor}") };
            let page = self.page(app, key, &format!("{arguments} {turn}")).await;
            let nodes = page["nodes"].as_array().expect("rows").clone();
            let (more, end, name) = if backward {
                ("hasPreviousPage", "startCursor", "before")
            } else {
                ("hasNextPage", "endCursor", "after")
            };
            assert!(nodes.len() == size || page["pageInfo"][more] == false, "a short page in the middle");
            let total = page["totalCount"].as_u64().expect("a count");
            if backward { rows.splice(0..0, nodes) } else { rows.splice(rows.len()..rows.len(), nodes) }
                .for_each(drop);
            if page["pageInfo"][more] == false {
                assert_eq!(
                    total,
                    rows.len() as u64,
                    "{} {arguments}: the count is that of the rows",
                    self.name
                );
                return rows;
            }
            cursor = format!(" {name}: {}", page["pageInfo"][end]);
        }
    }

    pub(super) fn keys(self, rows: &[Value]) -> Vec<String> {
        rows.iter().map(|row| row[self.key].as_str().expect("a key").to_owned()).collect()
    }
}

/// A world with a few of everything.
#[expect(clippy::too_many_lines, reason = "a few of everything")]
pub(super) async fn filled(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    for partner in ["nordwind", "polder"] {
        app.partner(partner, "2024-06-01").await;
    }
    for (professional, partner, starts) in [
        ("ada", "nordwind", "2025-01-01"),
        ("bram", "polder", "2025-02-01"),
        ("cleo", "polder", "2025-03-01"),
    ] {
        app.professional(professional, "2024-06-01").await;
        app.affiliate(professional, partner, starts).await;
    }
    // Cleo worked for one, and then for the other.
    app.done("endAffiliation", json!({ "professional": "cleo", "endsOn": "2026-02-28" })).await;
    app.affiliate("cleo", "nordwind", "2026-03-01").await;
    let activities = [
        Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-05-02").external_id("event-1"),
        Activity::of_partner("polder", "EVENT_ORGANIZED", "2026-05-01").external_id("event-2"),
        Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-04-01").external_id("meeting-1"),
        Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-04-01").external_id("meeting-2"),
        Activity::of_partner("polder", "BLOG_POST_OR_PR", "2026-01-15").external_id("post-1"),
        Activity::of_professional("ada", "DOCS_CORRECTION", "2026-03-02").external_id("docs-1"),
        Activity::of_professional("cleo", "DOCS_CORRECTION", "2026-01-02").external_id("docs-2"),
        Activity::of_professional("cleo", "DOCS_CORRECTION", "2026-03-01").external_id("docs-3"),
        Activity::of_professional("bram", "KATA_COMPLETED", "2026-02-01")
            .with("source", "academy")
            .external_id("kata"),
    ];
    for activity in activities {
        let recorded = app.record(activity).await;
        if recorded["externalId"] == "meeting-2" {
            app.void(&recorded).await;
        }
    }
    for (who, id) in [("ada", "claim-1"), ("ada", "claim-2"), ("bram", "claim-3")] {
        let claim =
            Activity::of_professional(who, "BLOG_POST_PUBLISHED", "2026-06-01").points(500).external_id(id);
        let claim = app.done("submitActivity", claim.input()).await["activity"]["id"].clone();
        if id == "claim-2" {
            app.done("reviewActivity", json!({ "activityId": claim, "decision": "REJECT" })).await;
        }
    }
    app.product("course", "TRAINING", &[("100", "EUR"), ("110", "USD")]).await;
    for (index, (partner, order)) in [
        ("nordwind", Order::self_use("nordwind")),
        ("nordwind", Order::for_customer("nordwind")),
        ("polder", Order::self_use("polder").with("currency", "USD")),
        ("polder", Order::for_customer("polder")),
    ]
    .into_iter()
    .enumerate()
    {
        let placed = app.place(&order.line("course", 1)).await;
        match (index, partner) {
            (0, _) => drop(app.cancel(&placed).await),
            (3, _) => drop(app.fulfill(&placed, TODAY).await),
            _ => {}
        }
    }
    app.item("mug", 1, 100).await;
    app.item("hoodie", 2, 100).await;
    for (index, (who, item)) in [("ada", "mug"), ("ada", "hoodie"), ("cleo", "mug")].into_iter().enumerate() {
        let order = app.done("placeSwagOrder", deals::swag(who, item, 1, &format!("k{index}"))).await;
        if index == 1 {
            app.done("cancelSwagOrder", json!({ "number": order["swagOrder"]["number"] })).await;
        }
    }
    for (partner, reference, days) in [
        ("nordwind", "c-1", ("2025-01-01", "2025-12-31")),
        ("nordwind", "c-2", ("2026-01-01", "2026-12-31")),
        ("polder", "c-3", ("2026-03-01", "2026-09-30")),
    ] {
        app.contract(partner, reference, days, &[("TRAINING", "5")]).await;
    }
    app.deal("nordwind", "d-old", "Acme", "2026-03-01").await;
    app.deal("nordwind", "d-lead", "Acme", "2026-08-20").await;
    app.engaged("polder", "d-engaged", "Globex", "2026-08-01").await;
    app.deal("nordwind", "d-conflict", "GLOBEX", "2026-08-15").await;
    app.deal("polder", "d-lost", "Initech", "2026-08-10").await;
    app.close("d-lost", "LOST", "2026-08-12").await;
    app
}
