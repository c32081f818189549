//! The chain of editions, published by and by in a running application: what it posts is what the model says, and `verify`
//! replays it.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use migration::{Migrator, MigratorTrait};
use partner_program::program::Editions;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::chain;
use super::model::{Credit, Happening, Model, Points};
use super::replay::{PARTNERS, SIGNED_UP, TODAY, day, log, signed_up};
use crate::harness::history::Chance;
use crate::harness::{Activity, Backend, TestApp, TestDatabase, verified};
use crate::publishing::published;

both! {
    e6_a_published_chain_posts_what_the_model_says,
    section_2_no_sum_of_points_falls_below_zero,
    earning_rules_say_what_an_activity_needs,
}

/// An application with these editions.
pub(crate) async fn with_editions(backend: Backend, documents: &[String], today: &str) -> TestApp {
    let database = TestDatabase::create(backend).await;
    let url = match backend {
        Backend::Sqlite => format!("{}?mode=rwc", database.url),
        Backend::Postgres => database.url.clone(),
    };
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1);
    let connection = sea_orm::Database::connect(options).await.expect("the test's own database");
    Migrator::up(&connection, None).await.expect("the schema");
    for document in documents {
        let parsed = partner_program::program::Editions::parse([document.as_str()]).expect("an edition");
        let row = entity::edition::Model {
            id: Uuid::now_v7(),
            effective_from: parsed.launch(),
            name: "An edition".to_owned(),
            document: document.clone(),
            published_at: chrono::DateTime::UNIX_EPOCH,
            published_by: None,
            recalculation_id: None,
        };
        let row: entity::edition::ActiveModel = row.into();
        entity::edition::Entity::insert(row).exec_without_returning(&connection).await.expect("an edition");
    }
    connection.close().await.expect("a connection closes");
    TestApp::start_on(database, today).await
}

/// The clock while each edition of the chain is the last one that is in force: some days before the next one.
fn days_of_publication(editions: &Editions) -> Vec<NaiveDate> {
    let next = editions.iter().skip(1).map(|edition| edition.effective_from - Days::new(9));
    next.chain([day(TODAY)]).collect()
}

/// The steps of a log by the edition after whose publication they happen: the first one that their days allow, or a later
/// one, as things are recorded late. What is voided was recorded before.
fn by_publication(log: &[Happening], days: &[NaiveDate], number: u64) -> Vec<Vec<Happening>> {
    let first_of = |on: NaiveDate| days.iter().position(|today| on <= *today).expect("a day of the past");
    let mut chance = Chance(number);
    let mut recorded: HashMap<usize, usize> = HashMap::new();
    let mut parts = vec![Vec::new(); days.len()];
    for happening in log {
        let part = match happening {
            Happening::Works { from, .. } => first_of(*from),
            Happening::Voided(id) => (recorded[id] + chance.below(3)).min(days.len() - 1),
            Happening::Recorded(deed) => {
                let late = if chance.below(3) == 0 { chance.below(6) } else { 0 };
                let part = (first_of(deed.on) + late).min(days.len() - 1);
                recorded.insert(deed.id, part);
                part
            }
        };
        parts[part].push(happening.clone());
    }
    parts
}

/// The chain as it comes to be: the database begins with the first edition, and every other one is published over HTTP, a few
/// days before it comes into force, while things are recorded before and after.
async fn e6_a_published_chain_posts_what_the_model_says(backend: Backend) {
    let documents = chain::documents();
    let editions = chain::editions();
    let (days, number) = (days_of_publication(&editions), 7_001);
    let begins_on = days[0].to_string();
    let mut app = with_editions(backend, &documents[..1], &begins_on).await;
    for partner in 0..PARTNERS {
        app.partner(&format!("p{partner}"), "2020-01-01").await;
    }
    let mut model = Model::new(&documents, &signed_up());
    let mut activities: HashMap<usize, Value> = HashMap::new();
    let parts = by_publication(&log(&editions, &documents, number, 140, true), &days, number);
    assert_eq!((parts.len(), documents.len()), (21, 21));
    let mut known = 0;
    for (part, today) in parts.iter().zip(&days) {
        app = app.restart(&today.to_string()).await;
        while known < SIGNED_UP.len() && signed_up()[known] <= *today {
            app.professional(&format!("a{known}"), SIGNED_UP[known]).await;
            known += 1;
        }
        for happening in part {
            model.happens(happening, *today);
            send(&app, happening, &mut activities).await;
        }
        // The next edition is published while this one is in force.
        let published_so_far = app.services().policy().editions.iter().count();
        if let Some(document) = documents.get(published_so_far) {
            let from = editions.iter().nth(published_so_far).expect("an edition").effective_from;
            let edition = published(&app, document, &from.to_string()).await;
            assert_eq!(edition["effectiveFrom"], from.to_string());
        }
    }
    assert!(parts.iter().filter(|part| !part.is_empty()).count() > 12, "things happen all along the chain");
    compare(&app, &model, &activities).await;
    app.services().emit_time_based_events().await.expect("the rollouts");
    verified(app.services()).await;
}

/// Sends what happens, which must be taken.
async fn send(app: &TestApp, happening: &Happening, activities: &mut HashMap<usize, Value>) {
    match happening {
        Happening::Recorded(deed) => {
            let on = deed.on.to_string();
            let mut activity = match (deed.partner, deed.professional) {
                (Some(partner), _) => Activity::of_partner(&format!("p{partner}"), &deed.kind, &on),
                (_, who) => Activity::of_professional(&format!("a{}", who.expect("one")), &deed.kind, &on),
            };
            activity = activity.quantity(deed.quantity).external_id(&deed.id.to_string());
            activity = activity.attributes(Value::Object(deed.attributes.clone()));
            if let Some(points) = deed.points {
                activity = activity.points(points);
            }
            activities.insert(deed.id, app.record(activity).await);
        }
        Happening::Voided(id) => app.void(&activities[id]).await,
        Happening::Works { professional, partner, from, .. } => {
            let (who, partner) = (format!("a{professional}"), format!("p{partner}"));
            app.affiliate(&who, &partner, &from.to_string()).await;
        }
    }
}

async fn section_2_no_sum_of_points_falls_below_zero(backend: Backend) {
    let app = with_editions(backend, &chain::documents(), TODAY).await;
    for code in ["p0", "p1"] {
        app.partner(code, "2024-06-01").await;
    }
    app.professional("ada", "2025-12-01").await;
    app.affiliate("ada", "p0", "2025-12-01").await;
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-02-10" })).await;
    app.affiliate("ada", "p1", "2026-02-11").await;
    let points =
        async |on: &str| app.professional_on("ada", on).await["standing"]["points"].as_i64().expect("points");
    let given = |points: i64, on: &str| {
        Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", on).points(points)
    };
    let against = |votes: i64, on: &str| Activity::of_professional("ada", "VOTE_AGAINST", on).quantity(votes);
    // On its day there is nothing to take.
    app.record(given(300, "2026-02-20")).await;
    let early = app.record(against(20, "2026-02-05")).await;
    assert_eq!([points("2026-02-05").await, points("2026-02-20").await], [0, 300]);
    // What it took is voided: it gives that back, and the partner of its day has it again.
    let lost = app.record(given(600, "2026-02-04")).await;
    let vote = app.record(against(15, "2026-02-06")).await;
    let other = app.record(against(20, "2026-02-07")).await;
    assert_eq!(points("2026-02-20").await, 550);
    app.void(&lost).await;
    let days = ["2026-02-04", "2026-02-06", "2026-02-07", "2026-02-20", TODAY];
    for on in days {
        assert_eq!(points(on).await, if on < "2026-02-20" { 0 } else { 300 }, "{on}");
    }
    app.record(given(400, "2026-02-08")).await;
    assert_eq!(points("2026-02-20").await, 700);
    for one in [&vote, &early, &other] {
        app.void(one).await;
    }
    assert_eq!([points("2026-02-08").await, points(TODAY).await], [400, 700]);
    verified(app.services()).await;
}

async fn compare(app: &TestApp, model: &Model, activities: &HashMap<usize, Value>) {
    let reader = app.reader();
    let rows = entity::activity::Entity::find().all(reader).await.expect("activities");
    let deeds: BTreeMap<Uuid, usize> =
        rows.iter().map(|row| (row.id, row.external_id.parse().expect("a number"))).collect();
    assert_eq!(deeds.len(), activities.len());
    let codes = entity::partner::Entity::find().all(reader).await.expect("partners");
    let partners: BTreeMap<Uuid, usize> =
        codes.iter().map(|row| (row.id, row.code[1..].parse().expect("a number"))).collect();
    let entries = entity::ledger_entry::Entity::find()
        .order_by_asc(entity::ledger_entry::Column::LogSeq)
        .order_by_asc(entity::ledger_entry::Column::Number);
    let credits: Vec<Credit> = entries
        .all(reader)
        .await
        .expect("entries")
        .into_iter()
        .map(|row| Credit {
            partner: partners[&row.partner_id],
            deed: deeds[&row.activity_id.expect("an activity")],
            on: row.effective_on,
            technical: row.track == Some(entity::value::Track::Technical),
            level: row.level_credits,
            spendable: row.spendable_credits,
        })
        .collect();
    assert_eq!(credits, model.credits);
    let codes = entity::professional::Entity::find().all(reader).await.expect("professionals");
    let people: BTreeMap<Uuid, usize> =
        codes.iter().map(|row| (row.id, row.code[1..].parse().expect("a number"))).collect();
    let entries = entity::points_entry::Entity::find()
        .order_by_asc(entity::points_entry::Column::LogSeq)
        .order_by_asc(entity::points_entry::Column::Number);
    let points: Vec<Points> = entries
        .all(reader)
        .await
        .expect("entries")
        .into_iter()
        .map(|row| Points {
            professional: people[&row.professional_id],
            deed: deeds[&row.activity_id.expect("an activity")],
            on: row.effective_on,
            points: row.points,
            dojo: row.dojo_credits,
        })
        .collect();
    assert_eq!(points, model.points);
    for on in ["2024-12-31", "2025-12-31", "2026-01-01", TODAY] {
        for partner in 0..PARTNERS {
            let standing = app.partner_on(&format!("p{partner}"), on).await["standing"].clone();
            for track in ["technical", "business"] {
                let expected = model.partner_level(partner, track == "technical", day(on));
                assert_eq!(standing[track]["level"]["code"], expected, "{track} of {partner} on {on}");
            }
        }
        for (who, since) in SIGNED_UP.iter().enumerate().filter(|(_, since)| day(since) <= day(on)) {
            let standing = app.professional_on(&format!("a{who}"), on).await["standing"].clone();
            let level = standing["level"]["code"].as_str().unwrap_or_default();
            assert_eq!(level, model.professional_level(who, day(on)), "{who}, since {since}, on {on}");
        }
    }
}

async fn earning_rules_say_what_an_activity_needs(backend: Backend) {
    let app = with_editions(backend, &chain::documents(), TODAY).await;
    let data = app
        .ok(
            "{ edition { earningRules { kind program credits points { min max } maxQuantity unit dividedBy from until rest \
             countsAs evidenceRequired values { attribute values { value amount } } earlyBonus { points attribute withinDays } \
             attributes { name valueType required common mustBe oneOf min max } } } }",
            json!({}),
        )
        .await;
    let rules = data["edition"]["earningRules"].as_array().expect("rules");
    let find = |program: &str, kind: &str| {
        rules.iter().find(|rule| rule["program"] == program && rule["kind"] == kind).expect(kind)
    };
    let own = |rule: &Value| -> Vec<Value> {
        let all = rule["attributes"].as_array().expect("a list");
        all.iter().filter(|one| one["common"] == false).cloned().collect()
    };
    let certification = find("PROFESSIONAL", "CERTIFICATION_OBTAINED");
    assert_eq!(certification["countsAs"], "CERTIFICATION_OBTAINED");
    assert_eq!(certification["points"], json!({ "min": 500, "max": 1_500 }));
    assert_eq!(certification["values"]["attribute"], "track");
    assert_eq!(certification["values"]["values"][2], json!({ "value": "Expert", "amount": 1_500 }));
    let text = json!({ "name": "track", "valueType": "TEXT", "required": true, "common": false, "mustBe": null,
        "oneOf": ["Fundamentals", "Advanced", "Expert"], "min": null, "max": null });
    assert_eq!(own(certification), [text]);
    let booth = find("PROFESSIONAL", "BOOTH_MEETING");
    assert_eq!(booth["dividedBy"], "attendees");
    assert_eq!((&own(booth)[0]["valueType"], &own(booth)[0]["max"]), (&json!("INTEGER"), &json!(50)));
    let hosted = find("PROFESSIONAL", "EVENT_HOSTED");
    assert_eq!((&hosted["unit"], &hosted["maxQuantity"]), (&json!("DAY"), &json!(5)));
    assert_eq!(find("PROFESSIONAL", "SUMMER_CHALLENGE")["until"], "2025-06-25");
    assert_eq!(find("PROFESSIONAL", "VOTE_AGAINST")["points"], json!({ "min": -10, "max": -10 }));
    assert_eq!(find("PROFESSIONAL", "KATA_COMPLETED")["earlyBonus"]["withinDays"], 7);
    assert_eq!(find("PARTNER", "DEVOPS_POINTS")["rest"], "CARRY");
    assert_eq!(find("PARTNER", "DEMO_SYSTEM")["evidenceRequired"], true);
    assert_eq!(find("PARTNER", "LINKEDIN_POST")["evidenceRequired"], false);
    assert_eq!(find("PARTNER", "EVENT_ORGANIZED")["credits"], Value::Null);
}
