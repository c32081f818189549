//! Verifying: no differences after a scenario, and every kind of tampering is found.

mod clock;
mod commerce;
mod seals;

use partner_program::clock::Clock;
use partner_program::service::activities::{ActivityDraft, Decision, Intake, Outcome, SubjectCode};
use partner_program::service::affiliations::AffiliationDraft;
use partner_program::service::subjects::{AddOutcome, PartnerDraft, ProfessionalDraft};
use partner_program::service::verify::Report;
use partner_program::service::{ObjectId, Services};
use partner_program::store::Database;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

const TODAY: &str = "2026-08-31";

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().expect("a date")
}

/// A database with a bit of everything in it.
struct Scenario {
    services: Services,
    raw: sea_orm::DatabaseConnection,
    _folder: tempfile::TempDir,
}

impl Scenario {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("verify.db").display());
        let database = Database::connect(&url).await.expect("a database");
        database.migrate().await.expect("a schema");
        let clock = Clock::new(chrono_tz::Europe::Brussels, Some(day(TODAY)));
        let services = Services::open(database, clock).await.expect("services");
        let raw = sea_orm::Database::connect(&url).await.expect("a second connection");
        let scenario = Self { services, raw, _folder: folder };
        scenario.play().await;
        scenario
    }

    async fn play(&self) {
        let partners = ["alpha", "beta"].map(|code| PartnerDraft {
            code: code.to_owned(),
            name: code.to_owned(),
            enrolled_on: day("2020-01-01"),
        });
        let added = self.services.partners_add(&partners).await.expect("partners");
        assert!(added.iter().all(|one| matches!(one, AddOutcome::Created(_))), "{added:?}");
        let people = ["ada", "bob"].map(|code| ProfessionalDraft {
            code: code.to_owned(),
            name: code.to_owned(),
            email: format!("{code}@example.com"),
            signed_up_on: day("2023-02-01"),
        });
        let added = self.services.professionals_add(&people).await.expect("professionals");
        assert!(added.iter().all(|one| matches!(one, AddOutcome::Created(_))), "{added:?}");
        self.affiliate("ada", "alpha", "2023-02-01").await;
        let taken = self
            .take(
                Intake::Record,
                vec![
                    activity("1", "ada", "DOCS_LARGE_CONTRIBUTION", "2023-03-01", Some(700)),
                    activity("2", "ada", "CERTIFICATION_OBTAINED", "2025-03-01", Some(800)),
                    activity("3", "ada", "DOCS_LARGE_CONTRIBUTION", "2025-03-02", Some(400)),
                    activity("4", "bob", "CERTIFICATION_OBTAINED", "2025-05-02", Some(900)),
                    activity("5", "bob", "FEEDBACK_SUBMITTED", "2025-05-03", None),
                    activity("6", "ada", "DOCS_LARGE_CONTRIBUTION", "2024-07-02", Some(500)),
                    activity("7", "alpha!", "EVENT_ORGANIZED", "2025-01-10", None),
                    activity("8", "alpha!", "LINKEDIN_POST", "2025-01-11", None),
                    activity("9", "alpha!", "LINKEDIN_POST", "2025-01-10", None),
                    activity("10", "beta!", "CATALOG_DOWNLOADS", "2026-02-10", None),
                ],
            )
            .await;
        let claims = vec![
            activity("c1", "bob", "BLOG_POST_PUBLISHED", "2025-06-01", None),
            activity("c2", "bob", "BLOG_POST_PUBLISHED", "2025-06-02", Some(700)),
            activity("c3", "bob", "BLOG_POST_PUBLISHED", "2025-06-03", Some(700)),
        ];
        let claims = self.take(Intake::Submit, claims).await;
        let approve = Decision::Approve { points: Some(650) };
        self.services.activity_review(ObjectId::of_row(claims[0]), approve, None).await.expect("an approval");
        self.services
            .activity_review(ObjectId::of_row(claims[1]), Decision::Reject, Some("no"))
            .await
            .expect("a rejection");
        // The affiliation comes late, so past awards are credited.
        self.affiliate("bob", "beta", "2023-02-01").await;
        self.services.activity_void(ObjectId::of_row(taken[2]), Some("wrong")).await.expect("a voiding");
        self.services.activity_void(ObjectId::of_row(claims[0]), None).await.expect("a voiding");
        self.services.affiliation_end("ada", day("2026-01-31")).await.expect("an end");
        self.affiliate("ada", "beta", "2026-02-01").await;
        let more = vec![activity("11", "ada", "DOCS_LARGE_CONTRIBUTION", "2026-02-11", Some(1_000))];
        self.take(Intake::Record, more).await;
    }

    async fn affiliate(&self, professional: &str, partner: &str, starts_on: &str) {
        let draft = AffiliationDraft {
            professional: professional.to_owned(),
            partner: partner.to_owned(),
            starts_on: day(starts_on),
            ends_on: None,
        };
        let added = self.services.affiliations_add(&[draft]).await.expect("an affiliation");
        assert!(matches!(added[0], AddOutcome::Created(_)), "{added:?}");
    }

    async fn take(&self, intake: Intake, drafts: Vec<ActivityDraft>) -> Vec<Uuid> {
        let outcomes = self.services.activities_record(&drafts, intake).await.expect("activities");
        let id = |outcome| match outcome {
            Outcome::Recorded(row) => row.id,
            other => panic!("{other:?}"),
        };
        outcomes.into_iter().map(id).collect()
    }

    async fn verify(&self) -> Report {
        self.services.verify(|_, _| {}).await.expect("a report")
    }

    /// Runs a statement that the triggers of a table are in the way of.
    async fn tamper(&self, statement: &str, triggers: &str) {
        if !triggers.is_empty() {
            self.execute(&format!("DROP TRIGGER {triggers}_no_update")).await;
            self.execute(&format!("DROP TRIGGER {triggers}_no_delete")).await;
        }
        self.execute(&format!("PRAGMA foreign_keys = OFF; {statement}")).await;
    }

    async fn execute(&self, sql: &str) {
        let result = self.raw.execute_unprepared(sql).await;
        assert!(result.is_ok(), "{sql}: {result:?}");
    }
}

/// An activity of a professional, or of the partner whose code stands before an exclamation mark.
fn activity(id: &str, who: &str, kind: &str, on: &str, points: Option<i64>) -> ActivityDraft {
    let subject = match who.strip_suffix('!') {
        Some(partner) => SubjectCode::Partner(partner.to_owned()),
        None => SubjectCode::Professional(who.to_owned()),
    };
    ActivityDraft {
        subject,
        kind: kind.to_owned(),
        occurred_on: day(on),
        quantity: if kind == "CATALOG_DOWNLOADS" { 7 } else { 1 },
        points,
        attributes: json!({}).as_object().cloned().expect("an object"),
        source: "test".to_owned(),
        external_id: id.to_owned(),
    }
}

#[tokio::test]
async fn nothing_differs_after_a_scenario() {
    let scenario = Scenario::start().await;
    let mut seen = Vec::new();
    let report = scenario.services.verify(|done, of| seen.push((done, of))).await.expect("a report");
    assert_eq!(report.differences, Vec::<String>::new());
    assert_eq!((report.count, report.steps), (0, 22));
    assert_eq!(seen, [(22, 22)]);
    assert!(report.ledger_entries > 8 && report.points_entries > 8, "{report:?}");
}

#[tokio::test]
async fn an_empty_database_verifies() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("empty.db").display());
    let database = Database::connect(&url).await.expect("a database");
    database.migrate().await.expect("a schema");
    let clock = Clock::new(chrono_tz::Europe::Brussels, Some(day(TODAY)));
    let services = Services::open(database, clock).await.expect("services");
    assert_eq!(services.verify(|_, _| {}).await.expect("a report"), Report::default());
}

/// Statement, table whose triggers are in its way, words of the difference.
const TAMPERING: &[(&str, &str, &str)] = &[
    ("UPDATE ledger_entries SET level_credits = level_credits + 1", "ledger_entries", "level_credits is"),
    ("UPDATE ledger_entries SET balance_after = 7 WHERE number = 1", "ledger_entries", "balance_after is 7"),
    ("UPDATE ledger_entries SET day_after = 99 WHERE number = 1", "ledger_entries", "day_after is 99"),
    ("UPDATE ledger_entries SET effective_on = '2025-12-24'", "ledger_entries", "effective_on is 2025-12-24"),
    ("UPDATE ledger_entries SET reason = 'VOID'", "ledger_entries", "reason is Void"),
    ("UPDATE ledger_entries SET units_before = 3 WHERE number = 2", "ledger_entries", "units_before is 3"),
    (
        "UPDATE ledger_entries SET kind = 'DEAL_WON' WHERE number = 1",
        "ledger_entries",
        "kind is \"DEAL_WON\"",
    ),
    ("UPDATE ledger_entries SET track = 'BUSINESS'", "ledger_entries", "track is Business"),
    ("UPDATE ledger_entries SET log_seq = 1", "ledger_entries", "log_seq is 1"),
    (
        "UPDATE ledger_entries SET recorded_at = '2020-01-01 00:00:00+00:00'",
        "ledger_entries",
        "recorded_at is",
    ),
    (
        "UPDATE ledger_entries SET number = number + 1000 WHERE number = 1",
        "ledger_entries",
        "entry 1 is missing",
    ),
    (
        "UPDATE ledger_entries SET number = number + 1000 WHERE number = 1",
        "ledger_entries",
        "entry 1001 does not follow from the log",
    ),
    ("DELETE FROM ledger_entries WHERE number = 2", "ledger_entries", "ledger entry 2 is missing"),
    ("DELETE FROM points_entries WHERE number = 3", "points_entries", "points entry 3 is missing"),
    ("UPDATE points_entries SET points = 1 WHERE number = 1", "points_entries", "points is 1, expected"),
    ("UPDATE points_entries SET dojo_balance_after = 1", "points_entries", "dojo_balance_after is 1"),
    ("UPDATE points_entries SET window_start = '2020-01-01'", "points_entries", "window_start is 2020-01-01"),
    ("UPDATE partner_tallies SET units = units + 1", "", "units is"),
    ("UPDATE partner_tallies SET latest_on = '2020-01-01'", "", "latest_on is 2020-01-01"),
    ("DELETE FROM partner_tallies", "", "units of LINKEDIN_POST from 2025-01-01 is missing"),
    ("UPDATE professional_tallies SET awarded = 1", "", "awarded is 1, expected 50"),
    ("UPDATE partner_days SET credits = credits + 1", "", "credits is"),
    ("DELETE FROM professional_days WHERE day = '2023-03-01'", "", "points of 2023-03-01 is missing"),
    ("UPDATE partner_totals SET technical = 1, total = 1 + business", "", "technical is 1, expected"),
    ("UPDATE partner_totals SET business_reached = '[]'", "", "business_reached is \"[]\""),
    ("UPDATE partner_totals SET period = 1999 WHERE period = 0", "", "total of 1999 does not follow"),
    ("UPDATE professional_totals SET last_on = '2020-01-01'", "", "last_on is 2020-01-01"),
    ("UPDATE partner_balances SET credits = credits + 5", "", "partner alpha: balance: credits is"),
    (
        "UPDATE partner_balances SET technical_level = 'CREATOR'",
        "",
        "technical_level is \"CREATOR\", expected",
    ),
    ("UPDATE partner_balances SET levels_due = '2031-05-05'", "", "levels_due is 2031-05-05, expected 20"),
    ("UPDATE partner_balances SET technical_to_next = 7", "", "technical_to_next is 7, expected"),
    ("UPDATE partner_balances SET least_to_next = 7", "", "least_to_next is 7, expected"),
    (
        "UPDATE partner_balances SET first_lapses_on = '2031-05-05'",
        "",
        "first_lapses_on is 2031-05-05, expected",
    ),
    ("UPDATE professional_balances SET renews_on = '2031-05-05'", "", "renews_on is 2031-05-05, expected 20"),
    ("UPDATE professional_balances SET points_to_retain = 7", "", "points_to_retain is 7, expected"),
    ("UPDATE professional_balances SET lapses_on = '2031-05-05'", "", "lapses_on is 2031-05-05, expected"),
    ("UPDATE professional_balances SET level = 'ENABLER'", "", "level is \"ENABLER\", expected"),
    ("UPDATE partner_balances SET entries = 0", "", "entries is 0"),
    ("UPDATE partner_balances SET last_recorded_at = NULL", "", "last_recorded_at is nothing"),
    ("DELETE FROM partner_balances", "", "partner beta: balance is missing"),
    ("UPDATE professional_balances SET points = 1", "", "professional ada: balance: points is 1"),
    ("UPDATE activities SET status = 'VOIDED' WHERE external_id = '1'", "", "activity test/1: "),
    (
        "UPDATE activities SET graded_points = 1 WHERE external_id = 'c1'",
        "",
        "graded_points is 1, expected 650",
    ),
    ("UPDATE activities SET awarded_credits = 1 WHERE external_id = '4'", "", "awarded_credits is 1"),
    (
        "UPDATE activities SET points = 699 WHERE external_id = '1'",
        "activities",
        "points is 700, expected 699",
    ),
    ("UPDATE activities SET kind = 'NO_SUCH' WHERE external_id = '1'", "activities", "NO_SUCH"),
    (
        "DROP TRIGGER affiliations_no_overlap_UPDATE; UPDATE affiliations SET ends_on = '2026-03-01' WHERE ends_on IS NOT NULL",
        "",
        "expected 2026-01-31",
    ),
    ("UPDATE log SET action = 'APPROVED' WHERE seq = 3", "log", "Approved can't happen to activity test/2"),
    ("UPDATE log SET action = 'REJECTED' WHERE action = 'VOIDED'", "log", "Rejected can't happen"),
    ("UPDATE log SET points = 501 WHERE action = 'APPROVED'", "log", "graded_points is 650, expected 501"),
    ("DELETE FROM log WHERE action = 'REJECTED'", "log", "status is Rejected, expected PendingReview"),
    ("DELETE FROM log WHERE action = 'AFFILIATION_ENDED'", "log", "ends_on is 2026-01-31, expected nothing"),
    (
        "UPDATE log SET recorded_at = '2020-01-01 00:00:00+00:00' WHERE seq = 22",
        "log",
        "before an earlier one",
    ),
];

#[tokio::test]
async fn tampering_is_found() {
    for (statement, triggers, words) in TAMPERING {
        let scenario = Scenario::start().await;
        scenario.tamper(statement, triggers).await;
        let report = scenario.verify().await;
        let reported = report.differences.iter().any(|line| line.contains(words));
        assert!(reported, "{statement}: {:#?}", report.differences);
        assert_eq!(report.count, report.differences.len());
    }
}
