//! Random deals with customers that are joined and separated: what was awarded for new customers follows from who the
//! customers are, and the log replays to the same (R5, R8, R10).

use entity::{customer, customer_name, deal, ledger_entry};
use partner_program::clock::Clock;
use partner_program::program::deal::{Outcome, Status};
use partner_program::service::deals::{DealChange, DealDraft};
use partner_program::service::subjects::PartnerDraft;
use partner_program::service::{ObjectId, Services};
use partner_program::store::Database;
use proptest::prelude::*;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::logs::day;
use crate::harness::{Backend, TestDatabase, run, verified};

const TODAY: &str = "2026-03-31";
const NAMES: [&str; 6] = ["Acme", "Acme Inc", "ACME, GmbH", "Bolt", "Bolt AG", "Crux"];
const PARTNERS: [&str; 2] = ["nordwind", "suedwind"];
const SCOPES: [&str; 2] = ["Licences", "Support"];

/// One step: what, which deal, two names.
type Draw = (u8, usize, usize, usize);

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    prop::collection::vec((0..12_u8, 0..8_usize, 0..NAMES.len(), 0..NAMES.len()), 10..50)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_customer_is_new_once_however_customers_are_defined(draws in draws()) {
        for backend in Backend::ALL {
            run(recorded(backend, &draws));
        }
    }
}

async fn recorded(backend: Backend, draws: &[Draw]) {
    let database = TestDatabase::create(backend).await;
    let connected = Database::connect(&database.url).await.expect("the test's own database");
    connected.migrate().await.expect("the schema");
    let clock = Clock::new(chrono_tz::Europe::Brussels, Some(day(TODAY)));
    let services = Services::open(connected, clock).await.expect("the use cases");
    let partners = PARTNERS.map(|code| PartnerDraft {
        code: code.to_owned(),
        name: code.to_owned(),
        enrolled_on: day("2024-06-01"),
    });
    services.partners_add(&partners).await.expect("partners");
    for (place, draw) in draws.iter().enumerate() {
        // A refusal is as good as any other answer: it changes nothing.
        let on = day("2026-02-20") + chrono::Days::new(place as u64 / 2);
        apply(&services, place, *draw, on).await;
        check(&services).await;
    }
    verified(&services).await;
    services.database().clone().close().await.expect("connections close");
}

async fn apply(services: &Services, place: usize, (what, of, one, other): Draw, on: chrono::NaiveDate) {
    let reference = format!("D-{of}");
    match what {
        0..=3 => {
            let draft = DealDraft {
                partner: PARTNERS[place % 2].to_owned(),
                reference,
                customer: NAMES[one].to_owned(),
                scope: SCOPES[other % 2].to_owned(),
                description: None,
                registered_on: on,
            };
            let _ = services.deal_register(&draft).await;
        }
        4 | 5 => {
            let change = DealChange { status: Some(Status::Engaged), ..DealChange::default() };
            let _ = services.deal_update(&reference, &change, on).await;
        }
        6 | 7 => {
            let outcome = if one % 2 == 0 { Outcome::WonByPartner } else { Outcome::WonByOther };
            let _ = services.deal_close(&reference, outcome, on).await;
        }
        8 => {
            let _ = services.deal_reopen(&reference, "a mistake").await;
        }
        9 | 10 => {
            if let (Some(from), Some(into)) =
                (meant(services, NAMES[one]).await, meant(services, NAMES[other]).await)
            {
                let ids = (ObjectId::of_row(from.id), ObjectId::of_row(into.id));
                let _ = services.customers_join(ids.0, ids.1, "one company").await;
            }
        }
        _ => {
            if let Some(from) = meant(services, NAMES[one]).await {
                let names = [NAMES[one].to_owned()];
                let _ = services.customers_separate(ObjectId::of_row(from.id), &names, "two companies").await;
            }
        }
    }
}

/// The customer that a name means.
async fn meant(services: &Services, name: &str) -> Option<customer::Model> {
    let reader = services.database().reader();
    let names = customer_name::Entity::find().filter(customer_name::Column::Name.eq(name));
    let name = names.one(reader).await.expect("a read")?;
    customer::Entity::find_by_id(name.customer_key).one(reader).await.expect("a read")
}

/// Every customer whose first won deal was rewarded has one award as a new one, for that deal.
async fn check(services: &Services) {
    let reader = services.database().reader();
    let customers = customer::Entity::find().all(reader).await.expect("a read");
    let deals = deal::Entity::find().all(reader).await.expect("a read");
    let mut expected = Vec::new();
    for row in &customers {
        let mut of: Vec<&deal::Model> =
            deals.iter().filter(|deal| deal.customer_key == row.key && deal.won_seq.is_some()).collect();
        of.sort_by_key(|deal| deal.won_seq);
        assert_eq!(row.won_deal_id, of.first().map(|deal| deal.id), "{row:?}");
        assert!(row.joined_into.is_none() || of.is_empty(), "{row:?}");
        expected.extend(of.first().and_then(|deal| deal.rewarded_deal_id));
    }
    let entries = ledger_entry::Entity::find().filter(ledger_entry::Column::Kind.eq("CUSTOMER_ADDED"));
    let entries = entries.all(reader).await.expect("a read");
    let mut found = Vec::new();
    for id in deals.iter().map(|deal| deal.id) {
        let of = entries.iter().filter(|entry| entry.deal_id == Some(id));
        let credits: i64 = of.map(|entry| entry.level_credits).sum();
        let count = expected.iter().filter(|deal| **deal == id).count();
        assert_eq!(credits, 100 * i64::try_from(count).expect("few"), "of {id}");
        found.push(credits);
    }
    let sum: i64 = entries.iter().map(|entry| entry.level_credits).sum();
    assert_eq!(sum, found.iter().sum::<i64>());
}
