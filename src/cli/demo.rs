//! Demo data: six partners and their professionals over two and a half years, the same on every
//! start and lively on any day, since all days are counted back from today.

use chrono::{Days, NaiveDate};
use serde_json::json;

use crate::error::Error;
use crate::program::admission::Attributes;
use crate::program::calendar::month_start;
use crate::service::Services;
use crate::service::activities::{ActivityDraft, BATCH_MAX, Decision, Intake, Outcome, SubjectCode};
use crate::service::affiliations::AffiliationDraft;
use crate::service::subjects::{Added, PartnerDraft, ProfessionalDraft};

/// Days that the activities are spread over: two and a half years.
const SPAN: u64 = 913;

/// Code, name, days in the program, and how busy the partner is: days between two activities.
const PARTNERS: [(&str, &str, u64, u64); 6] = [
    ("nordwind", "Nordwind Systems", 2_600, 6),
    ("alpenfunk", "Alpenfunk Broadcast", 1_900, 9),
    ("polder", "Polder Integrations", 1_500, 12),
    ("tramontana", "Tramontana Networks", 1_100, 17),
    ("lumiere", "Studio Lumière", 640, 24),
    ("finisterre", "Finisterre Satellite", 90, 31),
];

/// Names of the professionals; each works for the partner at the remainder of its place by six.
const PEOPLE: [&str; 25] = [
    "Ada Nowak",
    "Bram Peeters",
    "Chiara Ricci",
    "Daan Visser",
    "Elif Kaya",
    "Femke Jansen",
    "Goran Horvat",
    "Hanna Virtanen",
    "Ines Duarte",
    "Jonas Weber",
    "Katrin Berg",
    "Liam Murphy",
    "Marta Kowalska",
    "Noor Haddad",
    "Oskar Lind",
    "Paula Moreno",
    "Quentin Dubois",
    "Rosa Marques",
    "Sven Larsen",
    "Tereza Novotná",
    "Umar Farouk",
    "Vera Ivanova",
    "Wout Claes",
    "Ximena Torres",
    "Yara Mansour",
];

/// Kinds of professionals in the order in which they come round: kind, and points where it is graded.
const CONTRIBUTIONS: [(&str, Option<i64>); 15] = [
    ("QUESTION_ASKED", Some(25)),
    ("DOCS_CORRECTION", None),
    ("COURSE_COMPLETED", Some(150)),
    ("QUESTION_ANSWERED", Some(75)),
    ("KATA_COMPLETED", None),
    ("DOCS_MISSING_INFORMATION", Some(120)),
    ("FEEDBACK_SUBMITTED", None),
    ("ANSWER_SELECTED_BEST", Some(75)),
    ("TRAINING_DAY_ATTENDED", None),
    ("DOCS_LARGE_CONTRIBUTION", Some(600)),
    ("LINKEDIN_MENTION_POST", None),
    ("VOTE_RECEIVED", Some(10)),
    ("USE_CASE_PUBLISHED", Some(1_500)),
    ("SELF_TEST_PASSED", Some(100)),
    ("CERTIFICATION_OBTAINED", Some(750)),
];

/// Kinds of partners in the order in which they come round: kind, quantity, attributes.
const EFFORTS: [(&str, i64); 8] = [
    ("CATALOG_DOWNLOADS", 8),
    ("CUSTOMER_MEETING", 3),
    ("LINKEDIN_POST", 2),
    ("BLOG_POST_OR_PR", 1),
    ("CATALOG_DOWNLOADS", 14),
    ("DEMO_SYSTEM", 1),
    ("LINKEDIN_POST", 5),
    ("EVENT_ORGANIZED", 1),
];

/// Fills an empty database.
///
/// # Errors
/// When the database fails, or a rule refuses what is always right under the built-in edition.
pub(super) async fn fill(services: &Services) -> Result<(), Error> {
    let demo = Demo { services, today: services.clock().today() };
    demo.subjects().await?;
    demo.affiliations().await?;
    let mut drafts = Vec::new();
    demo.contributions(&mut drafts);
    demo.efforts(&mut drafts);
    drafts.sort_by_key(|draft| draft.occurred_on);
    for batch in drafts.chunks(BATCH_MAX) {
        taken(services.activities_take(batch, Intake::Record).await?)?;
    }
    demo.late_affiliation().await?;
    demo.claims().await
}

struct Demo<'s> {
    services: &'s Services,
    today: NaiveDate,
}

impl Demo<'_> {
    fn ago(&self, days: u64) -> NaiveDate {
        self.today.checked_sub_days(Days::new(days)).unwrap_or(self.today)
    }

    /// How many days ago a professional signed up: veterans first, the last ones this month.
    fn membership(place: usize) -> u64 {
        let place = place as u64;
        (1_400 - place * 57).max(20)
    }

    async fn subjects(&self) -> Result<(), Error> {
        let partners = PARTNERS.map(|(code, name, days, _)| PartnerDraft {
            code: code.to_owned(),
            name: name.to_owned(),
            enrolled_on: self.ago(days),
        });
        added(self.services.partners_add(&partners).await?)?;
        let people: Vec<ProfessionalDraft> = (0..PEOPLE.len())
            .map(|place| ProfessionalDraft {
                code: code(place),
                name: PEOPLE[place].to_owned(),
                email: format!("{}@example.com", code(place)),
                signed_up_on: self.ago(Self::membership(place)),
            })
            .collect();
        added(self.services.professionals_add(&people).await?)
    }

    /// Everyone works for a partner, but for the last two; one has left, and one has moved.
    async fn affiliations(&self) -> Result<(), Error> {
        let mut drafts = Vec::new();
        for place in 0..PEOPLE.len() - 2 {
            let (partner, _, enrolled, _) = PARTNERS[place % PARTNERS.len()];
            let starts_on = self.ago(Self::membership(place).min(enrolled));
            drafts.push(AffiliationDraft {
                professional: code(place),
                partner: partner.to_owned(),
                starts_on,
                ends_on: match place {
                    1 => Some(self.ago(120)),
                    2 => Some(self.ago(301)),
                    _ => None,
                },
            });
        }
        drafts.push(AffiliationDraft {
            professional: code(2),
            partner: "nordwind".to_owned(),
            starts_on: self.ago(300),
            ends_on: None,
        });
        added(self.services.affiliations_add(&drafts).await?)
    }

    /// An affiliation that is entered late is credited for what was earned since its first day.
    async fn late_affiliation(&self) -> Result<(), Error> {
        let place = PEOPLE.len() - 2;
        let draft = AffiliationDraft {
            professional: code(place),
            partner: "alpenfunk".to_owned(),
            starts_on: self.ago(Self::membership(place)),
            ends_on: None,
        };
        added(self.services.affiliations_add(&[draft]).await?)
    }

    fn contributions(&self, drafts: &mut Vec<ActivityDraft>) {
        for place in 0..PEOPLE.len() {
            let mut back = Self::membership(place).min(SPAN);
            // Busy people first: one contribution in 5 days, the last ones in 20 or so.
            let pace = 5 + place as u64 * 2 / 3;
            let mut turn = place;
            loop {
                let (kind, points) = CONTRIBUTIONS[turn % CONTRIBUTIONS.len()];
                let occurred_on = self.ago(back);
                let attributes = match kind {
                    "KATA_COMPLETED" => json!({ "releasedOn": self.ago(back + (turn as u64 * 5) % 14) }),
                    _ => json!({}),
                };
                let quantity = if kind == "TRAINING_DAY_ATTENDED" { 2 } else { 1 };
                let subject = SubjectCode::Professional(code(place));
                drafts.push(draft(subject, kind, occurred_on, quantity, points, &attributes, drafts.len()));
                turn += 1;
                let next = pace + turn as u64 % 4;
                match back.checked_sub(next) {
                    Some(rest) => back = rest,
                    None => break,
                }
            }
        }
        // Three in a month: the third is over the cap of the month.
        let day = month_start(self.ago(40));
        for _ in 0..3 {
            let subject = SubjectCode::Professional(code(0));
            drafts.push(draft(subject, "FEEDBACK_SUBMITTED", day, 1, None, &json!({}), drafts.len()));
        }
    }

    fn efforts(&self, drafts: &mut Vec<ActivityDraft>) {
        for (place, (partner, _, enrolled, pace)) in PARTNERS.into_iter().enumerate() {
            let subject = || SubjectCode::Partner(partner.to_owned());
            let mut back = enrolled.min(SPAN);
            for kind in ["WEBSITE_PRESENCE", "DOJO_PROFILE"] {
                drafts.push(draft(subject(), kind, self.ago(back), 1, None, &json!({}), drafts.len()));
            }
            let mut turn = place;
            while let Some(rest) = back.checked_sub(pace + turn as u64 % 3) {
                back = rest;
                let (kind, quantity) = EFFORTS[turn % EFFORTS.len()];
                let attributes = match kind {
                    "DEMO_SYSTEM" => json!({ "dataminerServicesEnabled": true }),
                    "CATALOG_DOWNLOADS" => json!({ "itemType": "connector" }),
                    _ => json!({}),
                };
                // Events and demo systems are rare with those who do little.
                turn += if place > 2 && kind == "BLOG_POST_OR_PR" { 5 } else { 1 };
                drafts.push(draft(
                    subject(),
                    kind,
                    self.ago(back),
                    quantity,
                    None,
                    &attributes,
                    drafts.len(),
                ));
            }
        }
    }

    /// Claims that wait, one that was approved, one that was rejected, and an activity that was voided.
    async fn claims(&self) -> Result<(), Error> {
        let claims = [
            (0, "BLOG_POST_PUBLISHED", Some(800), 3),
            (3, "USE_CASE_PUBLISHED", Some(1_200), 5),
            (5, "LINKEDIN_HEADLINE", None, 8),
            (4, "SOLUTION_PUBLISHED", Some(2_000), 12),
            (7, "RETRO_RECIPE_PUBLISHED", Some(600), 15),
        ];
        let drafts: Vec<ActivityDraft> = (0..)
            .zip(claims)
            .map(|(number, (place, kind, points, back))| {
                let subject = SubjectCode::Professional(code(place));
                let draft = draft(subject, kind, self.ago(back), 1, points, &json!({}), number);
                ActivityDraft { source: "claims".to_owned(), ..draft }
            })
            .collect();
        let ids = taken(self.services.activities_take(&drafts, Intake::Submit).await?)?;
        let approve = Decision::Approve { points: Some(1_800) };
        self.services.activity_review(ids[3], approve, Some("Reused by three customers.")).await?;
        let reason = Some("This was published by somebody else.");
        self.services.activity_review(ids[4], Decision::Reject, reason).await?;
        let mistake = draft(
            SubjectCode::Partner("nordwind".to_owned()),
            "EVENT_ORGANIZED",
            self.ago(10),
            1,
            None,
            &json!({}),
            0,
        );
        let mistake = ActivityDraft { source: "events".to_owned(), ..mistake };
        let ids = taken(self.services.activities_take(&[mistake], Intake::Record).await?)?;
        self.services.activity_void(ids[0], Some("The event was cancelled.")).await?;
        Ok(())
    }
}

/// Code of the professional at a place: the name in letters of ASCII.
fn code(place: usize) -> String {
    PEOPLE[place].to_lowercase().replace('á', "a").replace(' ', ".")
}

fn draft(
    subject: SubjectCode,
    kind: &str,
    occurred_on: NaiveDate,
    quantity: i64,
    points: Option<i64>,
    attributes: &serde_json::Value,
    number: usize,
) -> ActivityDraft {
    ActivityDraft {
        subject,
        kind: kind.to_owned(),
        occurred_on,
        quantity,
        points,
        attributes: attributes.as_object().cloned().unwrap_or_else(Attributes::new),
        source: "demo".to_owned(),
        external_id: format!("demo-{number}"),
    }
}

fn added<T>(added: Vec<Added<T>>) -> Result<(), Error> {
    added.into_iter().try_for_each(|one| match one {
        Added::New(_) | Added::Same(_) => Ok(()),
        Added::Refused(refusal) => Err(refusal.into()),
    })
}

fn taken(outcomes: Vec<Outcome>) -> Result<Vec<uuid::Uuid>, Error> {
    let id = |outcome| match outcome {
        Outcome::Recorded(row) | Outcome::Duplicate(row) => Ok(row.id),
        Outcome::DuplicateUnseen => {
            Err(Error::Damaged("an activity that an administrator does not see".to_owned()))
        }
        Outcome::Refused(refusal) => Err(Error::from(refusal)),
    };
    outcomes.into_iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::store::Database;

    #[tokio::test]
    async fn the_demo_is_lively_on_any_day() {
        for today in ["2024-07-31", "2026-11-21", "2028-02-29"] {
            let folder = tempfile::tempdir().expect("a folder");
            let url = format!("sqlite://{}", folder.path().join("demo.db").display());
            let database = Database::connect(&url).await.expect("a database");
            database.migrate().await.expect("a schema");
            let clock = Clock::new(chrono_tz::Europe::Brussels, today.parse().ok());
            let services = Services::open(database, clock).await.expect("services");
            fill(&services).await.expect("demo data");
            let report = services.verify(|_, _| {}).await.expect("a report");
            assert_eq!(report.differences, Vec::<String>::new(), "{today}");
            let mut levels = std::collections::BTreeSet::new();
            for (code, name, ..) in PARTNERS {
                let row = services.partner_by_code(code).await.expect("a read").expect("a partner");
                assert_eq!(row.name, name);
                let standings = services.partner_standings(std::slice::from_ref(&row), None, None).await;
                let standing = standings.expect("a read").remove(&row.id).expect("an answer");
                levels.insert(standing.expect("a standing").overall.code.clone());
                assert!(row.entries > 0, "{code} on {today}");
            }
            assert!(levels.len() > 1, "{levels:?} on {today}");
        }
    }
}
