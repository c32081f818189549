//! Each combination of filters and orders is read through an index, in its order, on both engines.

mod search;

use entity::value::{ActivityStatus, DealStatus, OrderPurpose, OrderStatus, SwagOrderStatus};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::activities::{ActivityFilter, ActivityOrder, ActivityScope};
use super::affiliations::{AffiliationFilter, AffiliationScope};
use super::contracts::{ContractFilter, ContractOrder};
use super::customers::{CustomerFilter, CustomerOrder};
use super::deals::{DealFilter, DealOrder, DealScope, DealStatuses};
use super::orders::OrderFilter;
use super::partners::{Lapsing, PartnerFilter, PartnerOrder, TrackColumn};
use super::professionals::ProfessionalFilter;
use super::search::Reading;
use super::swag_orders::SwagOrderFilter;
use super::*;
use crate::store::subject::SubjectKey;

const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a date");

/// An empty database with the schema.
async fn migrated(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1);
    let connection = Database::connect(options).await.expect("a database");
    Migrator::up(&connection, None).await.expect("the schema");
    connection
}

/// What it is, the order, the statement, and whether a filter narrows it.
type Case = (String, Sort, Box<dyn Fn(DbBackend) -> Option<ListQuery>>, bool);

fn ids() -> (Uuid, Uuid) {
    (Uuid::from_u128(1), Uuid::from_u128(2))
}

/// Every combination of set filters: bit by bit.
fn combinations(filters: u32) -> impl Iterator<Item = impl Fn(u32) -> bool> {
    (0..1_u32 << filters).map(|bits| move |bit: u32| bits & (1 << bit) != 0)
}

fn activity_cases() -> Vec<Case> {
    let (partner, professional) = ids();
    let scopes = [
        ActivityScope::All,
        ActivityScope::Partner(partner, DAY),
        ActivityScope::Professional(professional),
        ActivityScope::Integration("academy".to_owned()),
    ];
    let statuses =
        [vec![ActivityStatus::PendingReview], vec![ActivityStatus::Rejected, ActivityStatus::Voided]];
    let mut cases: Vec<Case> = Vec::new();
    for scope in scopes {
        for set in combinations(7) {
            for several in [false, true] {
                let kinds = if several { vec!["A".to_owned(), "B".to_owned()] } else { vec!["A".to_owned()] };
                let filter = ActivityFilter {
                    statuses: set(0).then(|| statuses[usize::from(several)].clone()),
                    kinds: set(1).then_some(kinds),
                    partner: set(2).then_some(partner),
                    professional: set(3).then_some(professional),
                    source: set(4).then(|| "test".to_owned()),
                    import_run: set(6).then_some(partner),
                    occurred_from: set(5).then_some(DAY),
                    occurred_to: set(5).then_some(DAY),
                };
                for order in [ActivityOrder::Recorded, ActivityOrder::OccurredOn] {
                    // A period is an index range in the order of dates only.
                    let narrow = filter.statuses.is_some()
                        || filter.kinds.is_some()
                        || filter.partner.is_some()
                        || filter.professional.is_some()
                        || filter.source.is_some()
                        || filter.import_run.is_some()
                        || (set(5) && order == ActivityOrder::OccurredOn)
                        || scope != ActivityScope::All;
                    let what = format!("activities {filter:?} {scope:?} {order:?}");
                    let (filter, scope) = (filter.clone(), scope.clone());
                    let query = move |backend| activities::query(backend, &filter, &scope);
                    cases.push((what, order.sort(several), Box::new(query), narrow));
                }
            }
        }
    }
    cases
}

fn deal_cases() -> Vec<Case> {
    let (partner, _) = ids();
    let scopes = [DealScope::All, DealScope::Partner(partner), DealScope::Integration("academy".to_owned())];
    let mut cases: Vec<Case> = Vec::new();
    for scope in scopes {
        for set in combinations(6) {
            let statuses = DealStatuses {
                lasting: vec![DealStatus::ClosedWon, DealStatus::Quoted],
                running: vec![DealStatus::Lead],
                expired: if set(5) { vec![DealStatus::Lead, DealStatus::Engaged] } else { Vec::new() },
            };
            let filter = DealFilter {
                statuses: set(0).then_some(statuses),
                partner: set(1).then_some(partner),
                customer_key: set(2).then(|| "acme".to_owned()),
                valid_from: set(3).then_some(DAY),
                valid_to: set(3).then_some(DAY),
                conflict: set(4).then_some(set(5)),
            };
            for order in [DealOrder::Recorded, DealOrder::ValidUntil] {
                let narrow = filter.statuses.is_some()
                    || filter.partner.is_some()
                    || filter.customer_key.is_some()
                    || (set(3) && order == DealOrder::ValidUntil)
                    || filter.conflict == Some(true)
                    || scope != DealScope::All;
                let what = format!("deals {filter:?} {scope:?} {order:?}");
                let (filter, scope, sort) = (filter.clone(), scope.clone(), order.sort(set(5)));
                let query = move |backend| deals::query(backend, &filter, &scope, sort, DAY);
                cases.push((what, sort, Box::new(query), narrow));
            }
        }
    }
    cases
}

fn other_cases() -> Vec<Case> {
    let (partner, professional) = ids();
    let mut cases: Vec<Case> = Vec::new();
    for set in combinations(6) {
        let filter = OrderFilter {
            statuses: set(0).then(|| vec![OrderStatus::Placed, OrderStatus::Fulfilled]),
            partner: set(1).then_some(partner),
            purpose: set(2).then_some(OrderPurpose::SelfUse),
            currency: set(3).then(|| "EUR".to_owned()),
            placed_from: set(4).then_some(DAY),
            placed_to: set(4).then_some(DAY),
        };
        let only = set(5).then_some(partner);
        let narrow = filter != OrderFilter::default() || only.is_some();
        let what = format!("orders {filter:?} {only:?}");
        let query = move |backend| orders::query(backend, &filter, only);
        cases.push((what, orders::sort(set(5)), Box::new(query), narrow));
    }
    for set in combinations(4) {
        let filter = SwagOrderFilter {
            statuses: set(0).then(|| vec![SwagOrderStatus::Placed]),
            professional: set(1).then_some(professional),
            item: set(2).then_some(partner),
        };
        let only = set(3).then_some(professional);
        let narrow = filter != SwagOrderFilter::default() || only.is_some();
        let what = format!("swag orders {filter:?} {only:?}");
        let query = move |backend| swag_orders::query(backend, &filter, only);
        cases.push((what, swag_orders::sort(set(3)), Box::new(query), narrow));
    }
    for scope in [
        AffiliationScope::All,
        AffiliationScope::Partner(partner, DAY),
        AffiliationScope::Professional(professional),
    ] {
        for set in combinations(3) {
            let filter = AffiliationFilter {
                partner: set(0).then_some(partner),
                professional: set(1).then_some(professional),
                on: set(2).then_some(DAY),
            };
            let narrow = filter != AffiliationFilter::default() || scope != AffiliationScope::All;
            let what = format!("affiliations {filter:?} {scope:?}");
            let query = move |backend| affiliations::query(backend, &filter, scope);
            cases.push((what, affiliations::sort(set(2)), Box::new(query), narrow));
        }
    }
    for set in combinations(4) {
        let filter = ContractFilter {
            partner: set(0).then_some(partner),
            on: set(1).then_some(DAY),
            ends_from: set(2).then_some(DAY),
            ends_to: set(2).then_some(DAY),
        };
        let only = set(3).then_some(partner);
        // A partner has few contracts, which are sorted.
        if filter.partner.is_some() || only.is_some() {
            continue;
        }
        for order in [ContractOrder::StartsOn, ContractOrder::EndsOn] {
            let narrow = filter.on.is_some() || (set(2) && order == ContractOrder::EndsOn);
            let what = format!("contracts {filter:?} {order:?}");
            let filter = filter.clone();
            let query = move |backend| contracts::query(backend, &filter, only);
            cases.push((what, order.sort(set(3)), Box::new(query), narrow));
        }
    }
    cases
}

/// Lists of partners and professionals: what it is, the statement, and the index that it reads.
fn subject_cases(backend: DbBackend) -> Vec<(String, Statement, &'static str)> {
    use TrackColumn::{Business, Either, Technical};
    let key = |value: &str| SubjectKey { value: value.to_owned(), id: Uuid::from_u128(7) };
    let page = |value: &str| Page { size: 20, from_end: false, after: Some(key(value)), before: None };
    let lapsing = |track| Lapsing { track, from: Some(DAY), to: Some(DAY) };
    let mut cases = Vec::new();
    for (track, next, lapse) in [
        (Technical, "ix_partner_balances_technical_next", "ix_partner_balances_technical_lapse"),
        (Business, "ix_partner_balances_business_next", "ix_partner_balances_business_lapse"),
        (Either, "ix_partner_balances_least_next", "ix_partner_balances_first_lapse"),
    ] {
        for (order, value, index) in [
            (PartnerOrder::CreditsToNext(track), "7", next),
            (PartnerOrder::LapsesOn(track), "2026-03-01", lapse),
        ] {
            for filter in [
                PartnerFilter::default(),
                PartnerFilter { within_credits: Some((track, 10)), ..PartnerFilter::default() },
                PartnerFilter { lapsing: Some(lapsing(track)), ..PartnerFilter::default() },
                PartnerFilter { search: Some("a".to_owned()), ..PartnerFilter::default() },
            ] {
                let statements =
                    partners::statements(backend, &filter, None, order, Reading::Ordered, &page(value));
                let what = format!("partners {filter:?} {order:?}");
                cases.extend(statements.into_iter().map(|statement| (what.clone(), statement, index)));
            }
        }
    }
    for (at_risk, index) in [
        (None, "ix_professional_balances_renews"),
        (Some(true), "ix_professional_balances_at_risk"),
        (Some(false), "ix_professional_balances_renews"),
    ] {
        let filter = ProfessionalFilter {
            renews_from: Some(DAY),
            renews_to: Some(DAY),
            at_risk,
            ..ProfessionalFilter::default()
        };
        let count = professionals::count_statement(backend, &filter, None);
        cases.push((format!("count of professionals {filter:?}"), count, index));
    }
    cases
}

/// Lists of customers: what it is, the statement, and the index that it reads.
fn customer_cases(backend: DbBackend) -> Vec<(String, Statement, &'static str)> {
    let mut cases = Vec::new();
    for (order, value, index) in [
        (CustomerOrder::Name, "acme", "ix_customers_name_id"),
        (CustomerOrder::FirstWonOn, "2026-03-01", "ix_customers_won_on_id"),
    ] {
        for search in [None, Some("acme".to_owned())] {
            for from_end in [false, true] {
                let after = Some(SubjectKey { value: value.to_owned(), id: Uuid::from_u128(7) });
                let page = Page { size: 20, from_end, after, before: None };
                let filter = CustomerFilter { search: search.clone() };
                let statement = customers::page_statement(backend, &filter, order, Reading::Ordered, &page);
                cases.push((format!("customers {filter:?} {order:?} {from_end}"), statement, index));
            }
        }
    }
    cases
}

#[tokio::test]
async fn sqlite_reads_customers_through_an_index() {
    let connection = migrated("sqlite::memory:").await;
    for (what, statement, index) in customer_cases(DbBackend::Sqlite) {
        let lines = plan(&connection, "EXPLAIN QUERY PLAN", "detail", statement).await;
        let text = format!("{what}\n{}", lines.join("\n"));
        let found = lines.iter().any(|line| line.starts_with("SEARCH p USING") && line.contains(index));
        let scans = ["SCAN p", "SCAN n", "TEMP B-TREE"].iter().any(|scan| text.contains(scan));
        assert!(found && !scans, "{text}");
    }
}

#[tokio::test]
async fn sqlite_reads_subjects_by_what_is_ahead_of_them_through_an_index() {
    let connection = migrated("sqlite::memory:").await;
    for (what, statement, index) in subject_cases(DbBackend::Sqlite) {
        let lines = plan(&connection, "EXPLAIN QUERY PLAN", "detail", statement).await;
        let text = format!("{what}\n{}", lines.join("\n"));
        let found = lines.iter().any(|line| line.starts_with("SEARCH b USING") && line.contains(index));
        let scans = ["SCAN b", "SCAN p"].iter().any(|scan| text.contains(scan));
        assert!(found && !scans && !text.contains("TEMP B-TREE"), "{text}");
    }
}

/// A page in the middle of a list.
fn page(sort: Sort, by_id: bool) -> Page<RowKey> {
    let key = |seq: i64| {
        let tie = if by_id { Tie::Id(Uuid::from_u128(7)) } else { Tie::Seq(seq) };
        RowKey { day: sort.day.map(|_| DAY), tie }
    };
    Page { size: 20, from_end: false, after: Some(key(5)), before: None }
}

async fn plan(
    connection: &DatabaseConnection,
    prefix: &str,
    column: &str,
    statement: Statement,
) -> Vec<String> {
    let backend = connection.get_database_backend();
    let text = format!("{prefix} {}", statement.sql);
    let values = statement.values.map(|values| values.0).unwrap_or_default();
    let explained = Statement::from_sql_and_values(backend, &text, values);
    let rows = connection.query_all_raw(explained).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    rows.iter().map(|row| row.try_get("", column).expect("a line of the plan")).collect()
}

fn all_cases() -> Vec<Case> {
    activity_cases().into_iter().chain(deal_cases()).chain(other_cases()).collect()
}

/// Whether a period is asked for in another order than by its date: the range of the period is read, and sorted.
fn sorts_a_period(what: &str, sort: Sort) -> bool {
    let period = ["occurred_from: Some", "valid_from: Some", "ends_from: Some", "on: Some"];
    period.iter().any(|period| what.contains(period)) && sort.day.is_none_or(|day| day == "starts_on")
}

#[tokio::test]
async fn sqlite_reads_every_list_through_an_index() {
    let connection = migrated("sqlite::memory:").await;
    let (mut checked, mut faults) = (0, Vec::new());
    for (what, sort, query, narrow) in all_cases() {
        let by_id = what.starts_with("affiliations") || what.starts_with("contracts");
        let Some(built) = query(DbBackend::Sqlite) else { continue };
        let merges = built.branches.len() > 1 || built.branches.iter().any(|branch| branch.driver.is_some());
        let sorts = built.branches.iter().any(|branch| branch.sorted) || sorts_a_period(&what, sort);
        let ranges = built.branches.len().max(1);
        let lines =
            plan(&connection, "EXPLAIN QUERY PLAN", "detail", built.page(sort, &page(sort, by_id))).await;
        let text = format!("{what}\n{}", lines.join("\n"));
        if lines.iter().any(|line| line == "SCAN e") {
            faults.push(format!("reads the whole table: {text}"));
        }
        let searches = lines.iter().filter(|line| line.starts_with("SEARCH e USING")).count();
        if narrow && searches < ranges {
            faults.push(format!("reads more than a range: {text}"));
        }
        if !merges && !sorts && lines.iter().any(|line| line.contains("TEMP B-TREE")) {
            faults.push(format!("sorts: {text}"));
        }
        // Counting reads ranges too.
        let counted = query(DbBackend::Sqlite).expect("the same").count();
        let lines = plan(&connection, "EXPLAIN QUERY PLAN", "detail", counted).await;
        if narrow && lines.iter().any(|line| line == "SCAN e") {
            faults.push(format!("counts the whole table: {what}\n{}", lines.join("\n")));
        }
        checked += 1;
    }
    assert!(checked > 500, "{checked}");
    assert!(
        faults.is_empty(),
        "{} of {checked}:\n{}",
        faults.len(),
        faults[..faults.len().min(12)].join("\n\n")
    );
}

#[tokio::test]
async fn postgres_reads_every_list_through_an_index() {
    // `./test` starts a server; without it the other engine is checked only.
    let Ok(admin) = std::env::var("TEST_POSTGRES_URL") else { return };
    let name = format!("lists_{}", Uuid::now_v7().simple());
    let server = Database::connect(&admin).await.expect("the server of ./test");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    let (address, _) = admin.rsplit_once('/').expect("an address with a database");
    let connection = migrated(&format!("{address}/{name}")).await;
    // What is left of a sequential scan or a sort then has no alternative.
    connection
        .execute_unprepared("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
        .await
        .expect("settings of the planner");
    let mut faults = Vec::new();
    for (what, sort, query, _) in all_cases() {
        let by_id = what.starts_with("affiliations") || what.starts_with("contracts");
        let Some(built) = query(DbBackend::Postgres) else { continue };
        let single = built.branches.len() <= 1 && built.branches.iter().all(|branch| branch.driver.is_none());
        let sorts = built.branches.iter().any(|branch| branch.sorted);
        let lines = plan(&connection, "EXPLAIN", "QUERY PLAN", built.page(sort, &page(sort, by_id))).await;
        let text = format!("{what}\n{}", lines.join("\n"));
        if text.contains("Seq Scan on") {
            faults.push(format!("reads the whole table: {text}"));
        }
        // Rows of one date are sorted by id where a person has one of a date at most.
        if single && !sorts && text.contains("Sort") && !text.contains("Presorted Key") {
            faults.push(format!("sorts: {text}"));
        }
    }
    let others = subject_cases(DbBackend::Postgres).into_iter().chain(customer_cases(DbBackend::Postgres));
    for (what, statement, index) in others {
        let lines = plan(&connection, "EXPLAIN", "QUERY PLAN", statement).await;
        let text = format!("{what}\n{}", lines.join("\n"));
        if !text.contains(index) || text.contains("Seq Scan on") || text.contains("Sort Key") {
            faults.push(text);
        }
    }
    connection.close().await.expect("a connection closes");
    server.execute_unprepared(&format!("DROP DATABASE {name}")).await.expect("the database goes");
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults[..faults.len().min(12)].join("\n\n"));
}

#[tokio::test]
async fn a_long_list_is_counted_to_the_limit() {
    let connection = migrated("sqlite::memory:").await;
    let fill = |from: i64, rows: i64| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {from} + {rows} - 1) \
             INSERT INTO activities (id, seq, partner_id, kind, occurred_on, quantity, attributes, source, external_id, \
             recorded_at, status) SELECT randomblob(16), i, X'00000000000000000000000000000001', 'A', '2026-03-01', 1, '{{}}', \
             's', i, '2026-03-01', 'RECORDED' FROM n"
        )
    };
    let partner = "INSERT INTO partners (id, code, name, enrolled_on, created_at) VALUES \
                   (X'00000000000000000000000000000001', 'p', 'P', '2026-01-01', '2026-01-01')";
    connection.execute_unprepared(partner).await.expect("a partner");
    // rows more, counted
    for (from, rows, expected) in
        [(1, COUNT_MAX - 1, COUNT_MAX - 1), (COUNT_MAX, 1, COUNT_MAX), (COUNT_MAX + 1, 10, COUNT_MAX + 1)]
    {
        connection.execute_unprepared(&fill(from, rows)).await.expect("rows");
        let query = activities::query(DbBackend::Sqlite, &ActivityFilter::default(), &ActivityScope::All);
        assert_eq!(count(&connection, query.expect("a list")).await.expect("a count"), expected);
    }
}
