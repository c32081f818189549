//! How many SQL statements a query costs: few, and as many for a long page as for a short one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use partner_program::access::RoleName;
use partner_program::app::{self, RunningApp};
use partner_program::config::{DatabaseUrl, Secret, Settings};
use partner_program::program::deal::Outcome;
use partner_program::program::edition::{OrderPurpose, ProductCategory};
use partner_program::program::money::Money;
use partner_program::program::rule::Attributes;
use partner_program::service::activities::{ActivityDraft, Intake, SubjectCode};
use partner_program::service::affiliations::AffiliationDraft;
use partner_program::service::contracts::ContractDraft;
use partner_program::service::deals::DealDraft;
use partner_program::service::keys::KeyDraft;
use partner_program::service::orders::OrderDraft;
use partner_program::service::products::ProductDraft;
use partner_program::service::subjects::{PartnerDraft, ProfessionalDraft};
use tracing::span;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

const KEY: &str = "a-key-for-tests-only";
/// Partners of the database; each has as many professionals as it is reported to.
const PARTNERS: usize = 12;
const PROFESSIONALS: usize = 4;
/// Orders of the second partner; the others have a few.
const ORDERS: usize = 55;

/// Counts the spans that the driver opens, one for each statement, but for those of background tasks.
struct Counter(Arc<AtomicU64>);

impl<S: tracing::Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Counter {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        if context.span_scope(id).into_iter().flatten().any(|span| span.name() == "task") {
            return;
        }
        let statement = matches!(metadata.name(), "execute" | "query_one" | "query_all" | "stream");
        if statement && metadata.target().starts_with("sea_orm::driver::sqlx_") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn fill(running: &RunningApp) {
    let services = running.services();
    let day = |text: &str| text.parse().expect("a date");
    let partners: Vec<PartnerDraft> = (0..PARTNERS)
        .map(|n| PartnerDraft {
            code: format!("p{n}"),
            name: format!("P{n}"),
            enrolled_on: day("2024-06-01"),
        })
        .collect();
    services.partners_add(&partners).await.expect("partners");
    let codes = || (0..PARTNERS).flat_map(|p| (0..PROFESSIONALS).map(move |n| (p, format!("a{p}-{n}"))));
    let professionals: Vec<ProfessionalDraft> = codes()
        .map(|(_, code)| ProfessionalDraft {
            name: code.clone(),
            email: format!("{code}@example.com"),
            code,
            signed_up_on: day("2024-06-01"),
        })
        .collect();
    services.professionals_add(&professionals).await.expect("professionals");
    let affiliations: Vec<AffiliationDraft> = codes()
        .map(|(p, professional)| AffiliationDraft {
            professional,
            partner: format!("p{p}"),
            starts_on: day("2024-06-01"),
            ends_on: None,
        })
        .collect();
    services.affiliations_add(&affiliations).await.expect("affiliations");
    let activities: Vec<ActivityDraft> = codes()
        .map(|(_, code)| ActivityDraft {
            external_id: code.clone(),
            subject: SubjectCode::Professional(code),
            kind: "CERTIFICATION_OBTAINED".to_owned(),
            occurred_on: day("2026-03-01"),
            quantity: 1,
            points: Some(600),
            attributes: Attributes::new(),
            source: "test".to_owned(),
        })
        .collect();
    services.activities_record(&activities, Intake::Record).await.expect("activities");
}

/// Orders of each partner that redeem a credit, under a contract; some are cancelled.
async fn order(running: &RunningApp) {
    let services = running.services();
    let day = |text: &str| text.parse().expect("a date");
    let price = |minor| Money { minor, currency: Money::currency("EUR").expect("a currency") };
    for (code, category) in [("course", ProductCategory::Training), ("license", ProductCategory::License)] {
        let prices = vec![price(10_000).into()];
        let draft = ProductDraft { code: code.to_owned(), name: code.to_owned(), category, prices };
        services.product_save(&draft).await.expect("a product");
    }
    for p in 0..PARTNERS {
        let partner = format!("p{p}");
        let contract = ContractDraft {
            partner: partner.clone(),
            reference: "frame".to_owned(),
            starts_on: day("2026-01-01"),
            ends_on: day("2026-12-31"),
            rates: vec![(ProductCategory::License, 5.into())],
        };
        services.contract_record(&contract).await.expect("a contract");
        services.sales_target_set(&partner, 2026, price(100)).await.expect("a target");
        for n in 0..if p == 1 { ORDERS } else { 3 } {
            let draft = OrderDraft {
                partner: partner.clone(),
                purpose: OrderPurpose::SelfUse,
                customer: None,
                currency: "EUR".to_owned(),
                lines: [("course", 1), ("license", 2)].map(|(code, of)| (code.to_owned(), of)).into(),
                credits: 1,
            };
            let placed = services.order_place(&draft, &format!("key-{n}")).await.expect("an order");
            if n % 5 == 0 {
                services.order_cancel(&placed.order.number, None).await.expect("a cancelled order");
            }
        }
    }
    // The last entries of each ledger are one of an order and one of an activity.
    let activities: Vec<ActivityDraft> = (0..PARTNERS)
        .map(|p| ActivityDraft {
            external_id: format!("p{p}"),
            subject: SubjectCode::Professional(format!("a{p}-0")),
            kind: "DOCS_LARGE_CONTRIBUTION".to_owned(),
            occurred_on: day("2026-04-01"),
            quantity: 1,
            points: Some(500),
            attributes: Attributes::new(),
            source: "test".to_owned(),
        })
        .collect();
    services.activities_record(&activities, Intake::Record).await.expect("activities");
}

/// Deals with a customer for each partner but the one whose orders are listed, each under two names.
async fn sell(running: &RunningApp) {
    let on = "2026-03-01".parse().expect("a date");
    for (p, form) in (0..PARTNERS).filter(|p| *p != 1).flat_map(|p| [(p, ""), (p, " Inc")]) {
        let draft = DealDraft {
            partner: format!("p{p}"),
            reference: format!("d{p}{form}"),
            customer: format!("Customer {p}{form}"),
            scope: "Licences".to_owned(),
            description: None,
            registered_on: on,
        };
        let deal = running.services().deal_register(&draft).await.expect("a deal");
        let closed = running.services().deal_close(&deal.reference, Outcome::WonByPartner, on).await;
        closed.expect("a won deal");
    }
}

/// What it is, the query, and the most statements.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn queries() -> Vec<(&'static str, String, u64)> {
    let standing = "standing { overall { code } technical { credits } }";
    let level = "standing { points level { code } }";
    let deep = format!(
        "nodes {{ code balance {standing} levelHistory {{ earnedOn }} credits(year: 2026) {{ total }} \
         professionals(first: ROWS) {{ totalCount nodes {{ {level} partner {{ code }} activities {{ nodes {{ kind }} }} }} }} \
         ledger(last: ROWS) {{ totalCount nodes {{ explanation activity {{ subject {{ __typename }} }} }} }} }}"
    );
    let orders = "orders(first: ROWS) { totalCount nodes { number partner { code } level { code } edition { name } \
        lines { product { code prices { amount } } contract { reference rates { percent } } net { amount } } } }";
    vec![
        ("orders", format!("partner(code: \"p1\") {{ {orders} }}"), 9),
        (
            "ledger of orders",
            "partner(code: \"p1\") { ledger(last: ROWS) { totalCount nodes { explanation order { number } } } }"
                .to_owned(),
            3,
        ),
        (
            "orders of a page",
            format!(
                "partners(first: ROWS) {{ nodes {{ contracts {{ rates {{ percent }} }} \
                 salesTarget(year: 2026) {{ sold {{ amount }} reached }} {} }} }}",
                orders.replace("ROWS", "3")
            ),
            14,
        ),
        (
            "points ledgers",
            "partner(code: \"p1\") { professionals { nodes { pointsLedger(last: ROWS) { totalCount nodes { explanation \
             activity { kind } edition { name } } } } } }"
                .to_owned(),
            5,
        ),
        (
            "level histories",
            "partner(code: \"p1\") { levelHistory { earnedOn entry { explanation } edition { name } } professionals(first: ROWS) \
             { nodes { standing { earnedOn } levelHistory { earnedOn entry { explanation } edition { name } } } } }"
                .to_owned(),
            15,
        ),
        (
            "reasons of orders",
            "partner(code: \"p1\") { orders(first: ROWS) { nodes { cancelled { by reason } } } }".to_owned(),
            4,
        ),
        ("one partner", format!("partner(code: \"p1\") {{ code balance {standing} }}"), 1),
        (
            "dashboard",
            format!(
                "partner(code: \"p1\") {{ balance {standing} ledger(last: ROWS) {{ nodes {{ explanation }} }} \
                 professionals(first: ROWS) {{ nodes {{ code {level} }} }} }}"
            ),
            4,
        ),
        (
            "page by credits",
            "partners(orderBy: CREDITS_THIS_YEAR, first: ROWS) { nodes { code credits(year: 2026) { total } } }".to_owned(),
            2,
        ),
        // What nobody asks for is not counted.
        ("a list", "partners(first: ROWS) { nodes { code } }".to_owned(), 1),
        ("a list and its length", "partners(first: ROWS) { totalCount nodes { code } }".to_owned(), 2),
        ("a length", "partners(first: ROWS) { totalCount }".to_owned(), 2),
        (
            "lists of one partner",
            "partner(code: \"p1\") { activities(first: ROWS) { nodes { kind } } \
             professionals(first: ROWS) { nodes { code } } }"
                .to_owned(),
            3,
        ),
        (
            "lists of one partner and their lengths",
            "partner(code: \"p1\") { activities(first: ROWS) { totalCount nodes { kind } } \
             professionals(first: ROWS) { totalCount nodes { code } } }"
                .to_owned(),
            5,
        ),
        (
            "activities",
            "activities(filter: { kinds: [\"CERTIFICATION_OBTAINED\", \"DOCS_LARGE_CONTRIBUTION\"], statuses: [RECORDED] }, \
             first: ROWS) { totalCount nodes { kind subject { __typename } } }"
                .to_owned(),
            3,
        ),
        (
            "activities of a partner",
            "activities(filter: { partner: \"p1\" }, first: ROWS) { totalCount nodes { kind } }".to_owned(),
            3,
        ),
        (
            "all orders",
            format!("all: {}", orders.replace("orders(", "orders(filter: { statuses: [PLACED, CANCELLED] }, ")),
            9,
        ),
        (
            "affiliations",
            "affiliations(first: ROWS) { totalCount nodes { partner { code } professional { code } } }".to_owned(),
            4,
        ),
        (
            "all contracts",
            "contracts(first: ROWS) { totalCount nodes { partner { code } rates { percent } } }".to_owned(),
            4,
        ),
        (
            "customers",
            "customers(first: ROWS) { totalCount nodes { name spellings firstWonOn firstDeal { reference } \
             deals(first: 5) { totalCount nodes { reference partner { code } } } orders { totalCount nodes { number } } } }"
                .to_owned(),
            10,
        ),
        (
            "customers of a search",
            "customers(filter: { search: \"customer\" }, orderBy: FIRST_WON_ON, first: ROWS) { totalCount nodes { name } }"
                .to_owned(),
            2,
        ),
        (
            "end customers of deals and orders",
            "deals(first: ROWS) { nodes { reference endCustomer { name spellings } } } \
             orders(first: ROWS) { nodes { number endCustomer { name spellings } } }"
                .to_owned(),
            6,
        ),
        ("everything of a page", format!("partners(first: ROWS) {{ {deep} }}"), 17),
    ]
}

#[tokio::test(flavor = "current_thread")]
async fn no_query_count_grows_with_the_page() {
    let seen = Arc::new(AtomicU64::new(0));
    let subscriber = tracing_subscriber::registry().with(Counter(Arc::clone(&seen)));
    let _scope = tracing::subscriber::set_default(subscriber);
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let settings = Settings {
        database_url: DatabaseUrl::new(&url).expect("an address"),
        bind: ([127, 0, 0, 1], 0).into(),
        today: Some("2026-08-31".parse().expect("a date")),
        bootstrap_admin_key: Some(Secret::new(KEY.to_owned()).expect("a key")),
        ..Settings::default()
    };
    let running = app::start(&settings).await.expect("a server");
    fill(&running).await;
    order(&running).await;
    sell(&running).await;
    let client = reqwest::Client::new();
    for (what, query, most) in queries() {
        let mut counts = Vec::new();
        // Fewer than there are partners and customers: a list in parts and a search read on when the first rows that
        // they read fill no page.
        for rows in ["2", if query.starts_with("partner(") { "50" } else { "10" }] {
            let query = format!("{{ {} }}", query.replace("ROWS", rows));
            let before = seen.load(Ordering::Relaxed);
            let body = serde_json::json!({ "query": query });
            let request = client.post(running.url("/graphql")).bearer_auth(KEY).json(&body);
            let answer: serde_json::Value =
                request.send().await.expect("an answer").json().await.expect("JSON");
            assert!(answer.get("errors").is_none(), "{what}: {answer}");
            counts.push(seen.load(Ordering::Relaxed) - before);
        }
        assert!(counts[0] > 0 && counts[0] == counts[1], "{what}: {counts:?}");
        assert!(counts[0] <= most, "{what}: {counts:?}, more than {most}");
    }
    running.stop().await.expect("an end");
}

#[tokio::test(flavor = "current_thread")]
async fn a_key_that_is_known_costs_no_statement() {
    let seen = Arc::new(AtomicU64::new(0));
    let subscriber = tracing_subscriber::registry().with(Counter(Arc::clone(&seen)));
    let _scope = tracing::subscriber::set_default(subscriber);
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let settings = Settings {
        database_url: DatabaseUrl::new(&url).expect("an address"),
        bind: ([127, 0, 0, 1], 0).into(),
        today: Some("2026-08-31".parse().expect("a date")),
        ..Settings::default()
    };
    let running = app::start(&settings).await.expect("a server");
    fill(&running).await;
    let draft = KeyDraft::new(RoleName::Partner, Some("p1"), "a key of the tests");
    let key = running.services().key_create(&draft).await.expect("a key").secret;
    let client = reqwest::Client::new();
    let ask = async |query: &str| {
        let before = seen.load(Ordering::Relaxed);
        let body = serde_json::json!({ "query": query });
        let request = client.post(running.url("/graphql")).bearer_auth(&key).json(&body);
        let answer: serde_json::Value = request.send().await.expect("an answer").json().await.expect("JSON");
        assert!(answer.get("errors").is_none(), "{answer}");
        seen.load(Ordering::Relaxed) - before
    };
    ask("{ viewer { role } }").await;
    // The first use is noted beside the request.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(ask("{ viewer { role } }").await, 0);
    assert_eq!(ask("{ partner(code: \"p1\") { code } }").await, 1);
    assert_eq!(ask("{ partners { totalCount nodes { code balance } } }").await, 2);
    running.stop().await.expect("an end");
}
