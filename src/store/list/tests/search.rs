//! Pages of a search are read by the index of grams, or from a few rows in the order of the list.

use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use uuid::Uuid;

use super::{customers, migrated, partners, plan, professionals};
use crate::store::list::customers::{CustomerFilter, CustomerOrder};
use crate::store::list::partners::{PartnerFilter, PartnerOrder, TrackColumn};
use crate::store::list::professionals::{ProfessionalFilter, ProfessionalOrder};
use crate::store::list::search::Reading;
use crate::store::page::Page;
use crate::store::subject::SubjectKey;

/// A statement: what it is, and the table whose texts are indexed.
struct Case {
    what: String,
    statement: Statement,
    texts: &'static str,
    /// The index that rows in the order of the list are read by; none where the index of grams finds them.
    ordered: Option<&'static str>,
}

/// Each list in each of its orders, each of its pages in the two ways of a search.
fn cases(backend: DbBackend) -> Vec<Case> {
    let text = || Some("anna".to_owned());
    let mut cases = Vec::new();
    for (from_end, reading) in [
        (false, Reading::Next(420)),
        (true, Reading::Next(420)),
        (false, Reading::Found),
        (true, Reading::Found),
    ] {
        let page = |value: &str| {
            let after = Some(SubjectKey { value: value.to_owned(), id: Uuid::from_u128(7) });
            Page { size: 20, from_end, after, before: None }
        };
        let mut add = |what: String, statement, texts, index| {
            let ordered = (reading != Reading::Found).then_some(index);
            cases.push(Case { what: format!("{what} {reading:?} {from_end}"), statement, texts, ordered });
        };
        let filter = PartnerFilter { search: text(), ..PartnerFilter::default() };
        for (order, value, index) in [
            (PartnerOrder::Code, "a", "partners_code_key"),
            (PartnerOrder::Name, "a", "ix_partners_name_id"),
            (PartnerOrder::EnrolledOn, "2026-03-01", "ix_partners_enrolled_on_id"),
            (PartnerOrder::Balance, "7", "ix_partner_balances_credits"),
            (PartnerOrder::YearCredits(2026), "7", "partner_totals"),
            (PartnerOrder::CreditsToNext(TrackColumn::Either), "7", "ix_partner_balances_least_next"),
            (
                PartnerOrder::LapsesOn(TrackColumn::Technical),
                "2026-03-01",
                "ix_partner_balances_technical_lapse",
            ),
        ] {
            // Of a list in two parts, only the first one is read in its order.
            let parts = partners::statements(backend, &filter, None, order, reading, &page(value));
            let parts = parts.into_iter().take(if reading == Reading::Found { 2 } else { 1 });
            // Those without credits in the year are read by their keys.
            let index =
                if from_end && matches!(order, PartnerOrder::YearCredits(_)) { "partners" } else { index };
            for statement in parts {
                add(format!("partners {order:?}"), statement, "partners", index);
            }
        }
        let filter = ProfessionalFilter { search: text(), ..ProfessionalFilter::default() };
        for (order, value, index) in [
            (ProfessionalOrder::Code, "a", "professionals_code_key"),
            (ProfessionalOrder::Name, "a", "ix_professionals_name_id"),
            (ProfessionalOrder::SignedUpOn, "2026-03-01", "ix_professionals_signed_up_on_id"),
        ] {
            let statement = professionals::statement(backend, &filter, None, order, reading, &page(value));
            add(format!("professionals {order:?}"), statement, "professionals", index);
        }
        let filter = CustomerFilter { search: text() };
        for (order, value, index) in [
            (CustomerOrder::Name, "a", "ix_customers_name_id"),
            (CustomerOrder::FirstWonOn, "2026-03-01", "ix_customers_won_on_id"),
        ] {
            let statement = customers::page_statement(backend, &filter, order, reading, &page(value));
            add(format!("customers {order:?}"), statement, "customer_names", index);
        }
    }
    cases.extend(counts(backend));
    cases
}

/// Rows are counted by the index as well.
fn counts(backend: DbBackend) -> [Case; 2] {
    let text = || Some("anna".to_owned());
    let partners = PartnerFilter { search: text(), ..PartnerFilter::default() };
    let professionals = ProfessionalFilter { search: text(), ..ProfessionalFilter::default() };
    let statements = [
        ("partners", partners::count_statement(backend, &partners, None)),
        ("professionals", professionals::count_statement(backend, &professionals, None)),
    ];
    statements.map(|(texts, statement)| Case {
        what: format!("count of {texts}"),
        statement,
        texts,
        ordered: None,
    })
}

#[tokio::test]
async fn sqlite_searches_by_grams_or_in_order() {
    let connection = migrated("sqlite::memory:").await;
    for Case { what, statement, texts, ordered } in cases(DbBackend::Sqlite) {
        let sql = statement.sql.clone();
        let lines = plan(&connection, "EXPLAIN QUERY PLAN", "detail", statement).await;
        let text = format!("{what}\n{}\n{sql}", lines.join("\n"));
        if ordered.is_some() {
            // The rows of the page are read one after the other, and no more of them.
            let is_lazy = !text.contains("TEMP B-TREE") && !text.contains("MATERIALIZE");
            assert!(is_lazy && lines.iter().any(|line| line.starts_with("SEARCH")), "{text}");
        } else {
            let by_grams = lines.iter().any(|line| line.starts_with("SCAN g VIRTUAL TABLE"));
            let by_number = lines
                .iter()
                .any(|line| line.starts_with(&format!("SEARCH {texts} USING INTEGER PRIMARY KEY")));
            // What is scanned besides are results: rows found, names found, and the keys of their customers.
            let results = ["SCAN g VIRTUAL TABLE", "SCAN p", "SCAN n", "SCAN k", "SCAN counted"];
            let is_result = |line: &&String| results.iter().any(|result| line.starts_with(result));
            let scans = lines.iter().filter(|line| line.starts_with("SCAN")).all(|line| is_result(&line));
            assert!(by_grams && by_number && scans, "{text}");
        }
    }
}

#[tokio::test]
async fn postgres_searches_by_grams_or_in_order() {
    // `./test` starts a server; without it the other engine is checked only.
    let Ok(admin) = std::env::var("TEST_POSTGRES_URL") else { return };
    let name = format!("searches_{}", Uuid::now_v7().simple());
    let server = Database::connect(&admin).await.expect("the server of ./test");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    let (address, _) = admin.rsplit_once('/').expect("an address with a database");
    let connection = migrated(&format!("{address}/{name}")).await;
    connection.execute_unprepared("SET enable_seqscan = off; SET enable_sort = off").await.expect("settings");
    let mut faults = Vec::new();
    for Case { what, statement, texts, ordered } in cases(DbBackend::Postgres) {
        let sql = statement.sql.clone();
        let lines = plan(&connection, "EXPLAIN", "QUERY PLAN", statement).await;
        let text = format!("{what}\n{}\n{sql}", lines.join("\n"));
        let index = ordered.map_or(format!("Bitmap Index Scan on ix_{texts}_grams"), str::to_owned);
        let scans = ["Seq Scan on", "Hash Join", "Merge Join", "Semi Join"];
        if !text.contains(&index) || scans.iter().any(|scan| text.contains(scan)) {
            faults.push(text);
        }
    }
    connection.close().await.expect("a connection closes");
    server.execute_unprepared(&format!("DROP DATABASE {name}")).await.expect("the database goes");
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults[..faults.len().min(12)].join("\n\n"));
}
