//! Demo data: six partners and their professionals over two and a half years, the same on every start and
//! recent on any day, since all dates are relative to today.

mod commerce;
mod corrections;
mod deals;
mod people;

use chrono::{Days, NaiveDate};
use serde_json::json;

use crate::error::Error;
use crate::program::calendar::month_start;
use crate::program::rule::Attributes;
use crate::service::activities::{ActivityDraft, BATCH_MAX, Decision, Intake, Outcome, SubjectCode};
use crate::service::affiliations::AffiliationDraft;
use crate::service::subjects::{AddOutcome, PartnerDraft, ProfessionalDraft};
use crate::service::{ObjectId, Services};
use people::{CONTRIBUTIONS, PARTNERS, PEOPLE};

/// Days that the activities are spread over: two and a half years.
const SPAN_DAYS: u64 = 913;

/// Fills an empty database.
///
/// # Errors
/// When the database fails, or a rule refuses data that is valid under the built-in edition.
pub async fn fill(services: &Services) -> Result<(), Error> {
    let demo = Demo { services, today: services.clock().today() };
    demo.subjects().await?;
    demo.affiliations().await?;
    let mut drafts = Vec::new();
    demo.contributions(&mut drafts);
    demo.efforts(&mut drafts);
    drafts.sort_by_key(|draft| draft.occurred_on);
    for batch in drafts.chunks(BATCH_MAX) {
        activity_ids(services.activities_record(batch, Intake::Record).await?)?;
    }
    demo.late_affiliation().await?;
    demo.claims().await?;
    demo.deals().await?;
    demo.commerce().await?;
    demo.corrections().await?;
    // What is due by now is in the feed before anybody reads it.
    services.emit_time_based_events().await
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
    fn membership(index: usize) -> u64 {
        let index = index as u64;
        (1_400 - index * 57).max(20)
    }

    async fn subjects(&self) -> Result<(), Error> {
        let partners = PARTNERS.map(|partner| PartnerDraft {
            code: partner.code.to_owned(),
            name: partner.name.to_owned(),
            enrolled_on: self.ago(partner.days),
        });
        check_added(self.services.partners_add(&partners).await?)?;
        let people: Vec<ProfessionalDraft> = (0..PEOPLE.len())
            .map(|index| ProfessionalDraft {
                code: code(index),
                name: PEOPLE[index].to_owned(),
                email: format!("{}@example.com", code(index)),
                signed_up_on: self.ago(Self::membership(index)),
            })
            .collect();
        check_added(self.services.professionals_add(&people).await?)
    }

    /// Everyone works for a partner, but for the last two; one has left, and one has moved.
    async fn affiliations(&self) -> Result<(), Error> {
        let mut drafts = Vec::new();
        for partner in PARTNERS {
            drafts.extend(partner.team.iter().map(|index| AffiliationDraft {
                professional: code(*index),
                partner: partner.code.to_owned(),
                starts_on: self.ago(Self::membership(*index).min(partner.days)),
                ends_on: match index {
                    1 => Some(self.ago(120)),
                    2 => Some(self.ago(301)),
                    _ => None,
                },
            }));
        }
        drafts.push(AffiliationDraft {
            professional: code(2),
            partner: "nordwind".to_owned(),
            starts_on: self.ago(300),
            ends_on: None,
        });
        check_added(self.services.affiliations_add(&drafts).await?)
    }

    /// An affiliation that is entered late is credited for what was earned since its first day.
    async fn late_affiliation(&self) -> Result<(), Error> {
        let index = PEOPLE.len() - 2;
        let draft = AffiliationDraft {
            professional: code(index),
            partner: "alpenfunk".to_owned(),
            starts_on: self.ago(Self::membership(index)),
            ends_on: None,
        };
        check_added(self.services.affiliations_add(&[draft]).await?)
    }

    fn contributions(&self, drafts: &mut Vec<ActivityDraft>) {
        for index in 0..PEOPLE.len() {
            let mut days_ago = Self::membership(index).min(SPAN_DAYS);
            // Busy people first: one contribution in 5 days, the last ones in 20 or so.
            let pace = 5 + index as u64 * 2 / 3;
            let mut step = index;
            loop {
                let (kind, points) = CONTRIBUTIONS[step % CONTRIBUTIONS.len()];
                let occurred_on = self.ago(days_ago);
                let attributes = match kind {
                    "KATA_COMPLETED" => json!({ "releasedOn": self.ago(days_ago + (step as u64 * 5) % 14) }),
                    _ => json!({}),
                };
                let quantity = if kind == "TRAINING_DAY_ATTENDED" { 2 } else { 1 };
                let subject = SubjectCode::Professional(code(index));
                drafts.push(draft(subject, kind, occurred_on, quantity, points, &attributes, drafts.len()));
                step += 1;
                let next = pace + step as u64 % 4;
                match days_ago.checked_sub(next) {
                    Some(rest) => days_ago = rest,
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
        for (index, partner) in PARTNERS.into_iter().enumerate() {
            let mut add = |kind: &str, days_ago: u64, quantity: i64| {
                let attributes = match kind {
                    "DEMO_SYSTEM" => json!({ "dataminerServicesEnabled": true }),
                    "CATALOG_DOWNLOADS" => json!({ "itemType": "connector" }),
                    _ => json!({}),
                };
                let subject = SubjectCode::Partner(partner.code.to_owned());
                drafts.push(draft(
                    subject,
                    kind,
                    self.ago(days_ago),
                    quantity,
                    None,
                    &attributes,
                    drafts.len(),
                ));
            };
            let mut days_ago = partner.days.min(SPAN_DAYS);
            // Partners above the first level have a web presence.
            if index < 4 {
                add("WEBSITE_PRESENCE", days_ago, 1);
                add("DOJO_PROFILE", days_ago, 1);
            }
            let mut step = index;
            while let Some(rest) = days_ago.checked_sub(partner.pace + step as u64 % 3) {
                days_ago = rest;
                let (kind, quantity) = partner.efforts[step % partner.efforts.len()];
                add(kind, days_ago, quantity);
                step += 1;
            }
        }
    }

    /// Pending claims, an approved one, a rejected one, and a voided activity.
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
            .map(|(number, (index, kind, points, days_ago))| {
                let subject = SubjectCode::Professional(code(index));
                let draft = draft(subject, kind, self.ago(days_ago), 1, points, &json!({}), number);
                ActivityDraft { source: "claims".to_owned(), ..draft }
            })
            .collect();
        let ids = activity_ids(self.services.activities_record(&drafts, Intake::Submit).await?)?;
        let staff = self.as_staff();
        let approve = Decision::Approve { points: Some(1_800) };
        let reason = Some("Reused by three customers.");
        staff.activity_review(ObjectId::of_row(ids[3]), approve, reason).await?;
        let reason = Some("This was published by somebody else.");
        staff.activity_review(ObjectId::of_row(ids[4]), Decision::Reject, reason).await?;
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
        let ids = activity_ids(self.services.activities_record(&[mistake], Intake::Record).await?)?;
        staff.activity_void(ObjectId::of_row(ids[0]), Some("The event was cancelled.")).await?;
        Ok(())
    }
}

/// Code of a professional: the name in ASCII letters.
fn code(index: usize) -> String {
    PEOPLE[index].to_lowercase().replace('á', "a").replace(' ', ".")
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

fn check_added<T>(added: Vec<AddOutcome<T>>) -> Result<(), Error> {
    added.into_iter().try_for_each(|one| match one {
        AddOutcome::Created(_) | AddOutcome::Duplicate(_) => Ok(()),
        AddOutcome::Refused(refusals) => Err(refusals.into()),
    })
}

fn activity_ids(outcomes: Vec<Outcome>) -> Result<Vec<uuid::Uuid>, Error> {
    let id = |outcome| match outcome {
        Outcome::Recorded(row) | Outcome::Duplicate(row) => Ok(row.id),
        Outcome::DuplicateNotVisible => {
            Err(Error::Damaged("an activity that an administrator does not see".to_owned()))
        }
        Outcome::Refused(refusals) => Err(Error::from(refusals)),
    };
    outcomes.into_iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::program::deal::Status::{
        self, ClosedLost, ClosedWon, Cold, Engaged, Expired, Lead, Quoted, WonReported,
    };
    use crate::store::Database;

    #[tokio::test]
    async fn demo_data_is_complete_on_any_day() {
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
            for people::DemoPartner { code, name, .. } in PARTNERS {
                let row = services.partner_by_code(code).await.expect("a read").expect("a partner");
                assert_eq!(row.name, name);
                let standings = services.partner_standings(std::slice::from_ref(&row), None, None).await;
                let standing = standings.expect("a read").remove(&row.id).expect("an answer");
                levels.insert(standing.expect("a standing").overall.code.clone());
                assert!(row.entries > 0, "{code} on {today}");
            }
            let mut states = Vec::new();
            let references =
                ["NW-1", "AF-1", "NW-2", "AF-2", "PI-1", "TN-1", "SL-1", "FS-1", "NW-3", "TN-2", "PI-2"];
            for reference in references {
                let deal = services.deal_by_reference(reference).await.expect("a read").expect("a deal");
                let views = services.deal_opportunities(std::slice::from_ref(&deal)).await.expect("a read");
                states.push((services.deal_view(&deal).status(), views[&deal.id]));
            }
            let statuses: Vec<Status> = states.iter().map(|(status, _)| *status).collect();
            let expected = [
                ClosedWon,
                ClosedWon,
                Quoted,
                Lead,
                Lead,
                Expired,
                ClosedLost,
                Cold,
                WonReported,
                ClosedWon,
                Engaged,
            ];
            assert_eq!(statuses, expected, "{today}");
            assert!(states[2].1.held_until.is_some() && states[3].1.conflict, "{states:?}");
            assert_eq!(levels.len(), 3, "{levels:?} on {today}");
        }
    }
}
