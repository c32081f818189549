//! The same log on SQLite, on PostgreSQL and in the pure fold: the same entries.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use entity::value::LedgerReason;
use entity::{affiliation, ledger_entry, points_entry};
use partner_program::clock::Clock;
use partner_program::program::fold::{Awards, Fact, Reason, Step, Subject};
use partner_program::program::rule::{AttributeType, UnitSource};
use partner_program::program::{Editions, Track};
use partner_program::service::activities::{ActivityDraft, Intake, Outcome, SubjectCode, VoidOutcome};
use partner_program::service::affiliations::{AffiliationCorrection, AffiliationDraft};
use partner_program::service::subjects::{
    AddOutcome, OverrideDraft, OverrideSubject, PartnerDraft, ProfessionalDraft, ProfessionalUpdate,
};
use partner_program::service::{ObjectId, Services};
use partner_program::store::Database;
use proptest::prelude::*;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::logs::{PARTNERS, SIGNED_UP, TODAY, day, draws, fold_all, steps};
use crate::harness::{Backend, TestDatabase, run, verified};

/// An entry without the keys and moments of its database.
type Row = (String, i64, String);

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn one_log_gives_one_ledger_everywhere(draws in draws(90), batches in any::<u64>()) {
        let editions = Editions::built_in();
        let steps = steps(&editions, &draws);
        let expected = folded(&editions, &fold_all(&editions, &steps));
        for backend in Backend::ALL {
            let found = run(recorded(backend, &editions, &steps, batches));
            prop_assert_eq!(&found, &expected, "{:?}", backend);
        }
    }
}

fn partner_code(number: u32) -> String {
    format!("partner-{number}")
}

fn professional_code(number: u32) -> String {
    format!("professional-{number}")
}

/// The entries that a log gives when it is recorded through the use cases.
async fn recorded(backend: Backend, editions: &Editions, steps: &[Step], batches: u64) -> Vec<Row> {
    let database = TestDatabase::create(backend).await;
    let connected = Database::connect(&database.url).await.expect("the test's own database");
    connected.migrate().await.expect("the schema");
    let clock = Clock::new(chrono_tz::Europe::Brussels, Some(day(TODAY)));
    let services = Services::open(connected, clock).await.expect("the use cases");
    subjects(&services).await;
    let mut ids: BTreeMap<u32, Uuid> = BTreeMap::new();
    let mut affiliations: BTreeMap<(u32, NaiveDate), Uuid> = BTreeMap::new();
    let mut batch: Vec<(u32, ActivityDraft)> = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        // Where the bit is set, a batch ends.
        if batches >> (place % 64) & 1 == 1 || !matches!(step, Step::Recorded(_)) {
            take(&services, &mut batch, &mut ids).await;
        }
        match *step {
            Step::Recorded(fact) => batch.push((fact.activity.0, draft(editions, &fact))),
            // In a batch of its own, every other time.
            Step::Voided(fact) if place % 2 == 0 => {
                let id = ObjectId::of_row(ids[&fact.activity.0]);
                let outcomes = services.activities_void(&[id], "a test").await.expect("a batch");
                assert!(matches!(outcomes[..], [VoidOutcome::Voided(_)]), "{outcomes:?}");
            }
            Step::Voided(fact) => {
                services
                    .activity_void(ObjectId::of_row(ids[&fact.activity.0]), None)
                    .await
                    .expect("a voiding");
            }
            Step::Affiliated(who, one) => {
                let draft = AffiliationDraft {
                    professional: professional_code(who.0),
                    partner: partner_code(one.partner.0),
                    starts_on: one.starts_on,
                    ends_on: one.ends_on,
                };
                let added = services.affiliations_add(&[draft]).await.expect("an affiliation");
                let [AddOutcome::Created(added)] = &added[..] else { panic!("{added:?}") };
                affiliations.insert((who.0, one.starts_on), added.row.id);
            }
            Step::AffiliationCorrected(who, from, one) => {
                let id = affiliations.remove(&(who.0, from)).expect("it began");
                let correction = AffiliationCorrection {
                    affiliation: ObjectId::of_row(id),
                    partner: Some(partner_code(one.partner.0)),
                    starts_on: Some(one.starts_on),
                    ends_on: Some(one.ends_on),
                    reason: "entered wrongly".to_owned(),
                };
                services.affiliation_correct(&correction).await.expect("a correction");
                let meant = affiliation::Entity::find().filter(affiliation::Column::ReplacesId.eq(id));
                let meant = meant.one(services.database().reader()).await.expect("a read");
                affiliations.insert((who.0, one.starts_on), meant.expect("an affiliation").id);
            }
            Step::AffiliationVoided(who, from) => {
                let id = affiliations.remove(&(who.0, from)).expect("it began");
                services.affiliation_void(ObjectId::of_row(id), "never was").await.expect("a voiding");
            }
            Step::AffiliationEnded(who, _, ends_on) => {
                services.affiliation_end(&professional_code(who.0), ends_on).await.expect("an end");
            }
            _ => unreachable!("the logs here hold activities and affiliations"),
        }
    }
    take(&services, &mut batch, &mut ids).await;
    verified(&services).await;
    let rows = rows(&services, &ids).await;
    changed(&services, batches).await;
    services.database().clone().close().await.expect("connections close");
    rows
}

/// Changes of the subjects on top of a log: other days of sign-up and enrolment, ends and overrides. What they come to
/// follows from the log as well.
async fn changed(services: &Services, draw: u64) {
    let back = |on: &str, bits: u64| day(on) - chrono::Days::new(draw >> bits & 0x1ff);
    for (number, on) in (0..).zip(SIGNED_UP) {
        let signed_up_on = Some(back(on, u64::from(number) * 3));
        let update = ProfessionalUpdate { signed_up_on, ..ProfessionalUpdate::default() };
        let code = professional_code(number);
        services.professional_update(&code, &update, Some("a property")).await.expect("an update");
    }
    verified(services).await;
    let subject =
        OverrideSubject { partner: Some(partner_code(0)), track: Some(Track::Technical), professional: None };
    let (from, until) = (back(TODAY, 20), day("2026-12-31"));
    let draft = OverrideDraft { subject: subject.clone(), level: "CREATOR".to_owned(), from, until };
    services.level_override(&draft, "a test").await.expect("an override");
    for number in 0..PARTNERS {
        // Nothing of the log is dated later.
        services.partnership_end(&partner_code(number), Some(day(TODAY)), "a test").await.expect("an end");
    }
    services.membership_end(&professional_code(0), Some(day(TODAY)), "a test").await.expect("an end");
    verified(services).await;
    services.override_end(&subject, None, "a test").await.expect("an end of an override");
    services.partnership_end(&partner_code(0), None, "a test").await.expect("a return");
    verified(services).await;
}

async fn subjects(services: &Services) {
    let partners: Vec<_> = (0..PARTNERS)
        .map(|number| PartnerDraft {
            code: partner_code(number),
            name: "A partner".to_owned(),
            enrolled_on: day("2000-01-01"),
        })
        .collect();
    let added = services.partners_add(&partners).await.expect("partners");
    assert!(added.iter().all(|one| matches!(one, AddOutcome::Created(_))));
    let professionals: Vec<_> = (0..)
        .zip(SIGNED_UP)
        .map(|(number, on)| ProfessionalDraft {
            code: professional_code(number),
            name: "A professional".to_owned(),
            email: "someone@example.com".to_owned(),
            signed_up_on: day(on),
        })
        .collect();
    let added = services.professionals_add(&professionals).await.expect("professionals");
    assert!(added.iter().all(|one| matches!(one, AddOutcome::Created(_))));
}

async fn take(services: &Services, batch: &mut Vec<(u32, ActivityDraft)>, ids: &mut BTreeMap<u32, Uuid>) {
    let (numbers, drafts): (Vec<u32>, Vec<ActivityDraft>) = batch.drain(..).unzip();
    let outcomes = services.activities_record(&drafts, Intake::Record).await.expect("a batch");
    for (number, outcome) in numbers.into_iter().zip(outcomes) {
        let Outcome::Recorded(row) = outcome else { panic!("not recorded: {outcome:?}") };
        ids.insert(number, row.id);
    }
}

fn draft(editions: &Editions, fact: &Fact) -> ActivityDraft {
    let rule = editions.at(fact.occurred_on).rule(fact.kind).expect("a rule");
    let graded = matches!(rule.unit_source, UnitSource::Graded { .. });
    let required = rule.attributes.iter().filter_map(|attribute| match attribute.value_type {
        AttributeType::Boolean { must_be: Some(value) } => Some((attribute.name.clone(), value.into())),
        _ => None,
    });
    ActivityDraft {
        subject: match fact.subject {
            Subject::Partner(who) => SubjectCode::Partner(partner_code(who.0)),
            Subject::Professional(who) => SubjectCode::Professional(professional_code(who.0)),
        },
        kind: rule.kind.clone(),
        occurred_on: fact.occurred_on,
        quantity: fact.quantity,
        points: graded.then_some(fact.units),
        attributes: required.collect(),
        source: "properties".to_owned(),
        external_id: fact.activity.0.to_string(),
    }
}

/// Every column of both kinds of entries but keys, moments and places in the log.
async fn rows(services: &Services, ids: &BTreeMap<u32, Uuid>) -> Vec<Row> {
    let reader = services.database().reader();
    let codes = entity::partner::Entity::find().all(reader).await.expect("a read");
    let mut code: BTreeMap<Uuid, String> = codes.into_iter().map(|row| (row.id, row.code)).collect();
    let codes = entity::professional::Entity::find().all(reader).await.expect("a read");
    code.extend(codes.into_iter().map(|row| (row.id, row.code)));
    let activity: BTreeMap<Uuid, u32> = ids.iter().map(|(number, id)| (*id, *number)).collect();
    let number = |id: Option<Uuid>| activity[&id.expect("an activity")];
    let credits = ledger_entry::Entity::find().all(reader).await.expect("a read");
    let mut rows: Vec<Row> = credits
        .into_iter()
        .map(|row| {
            let track = row.track.map(|track| format!("{track:?}"));
            let content = Content {
                activity: number(row.activity_id),
                effective_on: row.effective_on,
                reason: format!("{:?}", row.reason),
                kind: row.kind.expect("a kind"),
                window_start: row.window_start.expect("a window"),
                units: (row.units_before.expect("units"), row.units_after.expect("units")),
                amounts: vec![row.level_credits, row.spendable_credits, row.balance_after, row.day_after],
                track,
            };
            (code[&row.partner_id].clone(), row.number, format!("{content:?}"))
        })
        .collect();
    let points = points_entry::Entity::find().all(reader).await.expect("a read");
    rows.extend(points.into_iter().map(|row| {
        let content = Content {
            activity: number(row.activity_id),
            effective_on: row.effective_on,
            reason: format!("{:?}", row.reason),
            kind: row.kind.expect("a kind"),
            window_start: row.window_start.expect("a window"),
            units: (row.units_before.expect("units"), row.units_after.expect("units")),
            amounts: vec![row.points, row.dojo_credits, row.dojo_balance_after, row.day_after],
            track: None,
        };
        (code[&row.professional_id].clone(), row.number, format!("{content:?}"))
    }));
    rows.sort();
    rows
}

/// What an entry says.
#[derive(Debug)]
#[expect(dead_code, reason = "compared by what it prints")]
struct Content {
    activity: u32,
    effective_on: NaiveDate,
    reason: String,
    kind: String,
    window_start: NaiveDate,
    units: (i64, i64),
    amounts: Vec<i64>,
    track: Option<String>,
}

/// The entries that awards become: numbered, with balances and sums of their days.
fn folded(editions: &Editions, awards: &Awards) -> Vec<Row> {
    let mut numbers: BTreeMap<String, i64> = BTreeMap::new();
    let mut balances: BTreeMap<String, i64> = BTreeMap::new();
    let mut days: BTreeMap<(String, Option<Track>, NaiveDate), i64> = BTreeMap::new();
    let mut rows = Vec::new();
    let mut add = |code: String, level: i64, spendable: i64, track: Option<Track>, content: Content| {
        let number = numbers.entry(code.clone()).or_default();
        *number += 1;
        let balance = balances.entry(code.clone()).or_default();
        *balance += spendable;
        let sum = days.entry((code.clone(), track, content.effective_on)).or_default();
        *sum += level;
        let amounts = vec![level, spendable, *balance, *sum];
        let track = track.map(|track| format!("{track:?}"));
        rows.push((code, *number, format!("{:?}", Content { amounts, track, ..content })));
    };
    for award in &awards.credits {
        let reason = match award.reason {
            Reason::Activity => LedgerReason::Activity,
            Reason::Void => LedgerReason::Void,
            Reason::Affiliation => LedgerReason::Affiliation,
            Reason::Legacy => LedgerReason::Legacy,
            Reason::Correction => LedgerReason::Correction,
            Reason::Redemption
            | Reason::RedemptionReturned
            | Reason::Hold
            | Reason::HoldReleased
            | Reason::Recalculation
            | Reason::Expiry { .. } => {
                unreachable!("nothing is ordered or recalculated here, and nothing expires")
            }
        };
        let count = award.count.expect("an activity is counted");
        let content = Content {
            activity: award.object.0,
            effective_on: award.effective_on,
            reason: format!("{reason:?}"),
            kind: editions.kind_code(count.kind).to_owned(),
            window_start: count.window_start,
            units: (count.units_before, count.units_after),
            amounts: Vec::new(),
            track: None,
        };
        let code = partner_code(award.partner.0);
        add(code, award.level_credits, award.spendable_credits, award.track, content);
    }
    for award in &awards.points {
        let count = award.count.expect("an activity is counted");
        let content = Content {
            activity: award.object.0,
            effective_on: award.effective_on,
            reason: if award.reason == Reason::Void { "Void" } else { "Activity" }.to_owned(),
            kind: editions.kind_code(count.kind).to_owned(),
            window_start: count.window_start,
            units: (count.units_before, count.units_after),
            amounts: Vec::new(),
            track: None,
        };
        let code = professional_code(award.professional.0);
        add(code, award.points, award.dojo_credits, None, content);
    }
    rows.sort();
    rows
}
