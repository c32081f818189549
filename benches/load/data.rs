//! Data to measure on: partners, professionals who work for them, and activities of two and a half years.

use chrono::{Days, NaiveDate};
use partner_program::error::Error;
use partner_program::program::rule::{Program, Rule, UnitSource};
use partner_program::service::Services;
use partner_program::service::activities::{ActivityDraft, BATCH_MAX, Intake, Outcome, SubjectCode};
use partner_program::service::affiliations::AffiliationDraft;
use partner_program::service::subjects::{AddOutcome, PartnerDraft, ProfessionalDraft};

use crate::random::Random;

/// What was seeded.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) partners: u32,
    pub(crate) professionals: u32,
    pub(crate) today: NaiveDate,
}

pub(crate) fn partner(number: u32) -> String {
    format!("partner-{number:05}")
}

pub(crate) fn professional(number: u32) -> String {
    format!("person-{number:06}")
}

/// The partner that a professional works for.
pub(crate) fn employer(professional: u32, partners: u32) -> u32 {
    professional % partners
}

/// Seeds a database by the set-based path that imports take.
pub(crate) async fn seed(services: &Services, sizes: [u32; 3]) -> Result<Data, Error> {
    let [partners, professionals, activities] = sizes;
    let today = services.clock().today();
    let launch = services.policy().editions.launch();
    let drafts: Vec<_> = (0..partners)
        .map(|n| PartnerDraft { code: partner(n), name: format!("Partner {n}"), enrolled_on: launch })
        .collect();
    for set in drafts.chunks(BATCH_MAX) {
        expect(services.partners_add(set).await?.iter().all(|one| matches!(one, AddOutcome::Created(_))));
    }
    let drafts: Vec<_> = (0..professionals)
        .map(|n| ProfessionalDraft {
            code: professional(n),
            name: format!("Person {n}"),
            email: format!("{}@example.com", professional(n)),
            signed_up_on: launch.checked_add_days(Days::new(u64::from(n % 300))).unwrap_or(launch),
        })
        .collect();
    for set in drafts.chunks(BATCH_MAX) {
        expect(
            services.professionals_add(set).await?.iter().all(|one| matches!(one, AddOutcome::Created(_))),
        );
    }
    let drafts: Vec<_> = (0..)
        .zip(&drafts)
        .map(|(n, draft)| AffiliationDraft {
            professional: draft.code.clone(),
            partner: partner(employer(n, partners)),
            starts_on: draft.signed_up_on,
            ends_on: None,
        })
        .collect();
    for set in drafts.chunks(BATCH_MAX) {
        expect(services.affiliations_add(set).await?.iter().all(|one| matches!(one, AddOutcome::Created(_))));
    }
    let rules = services.policy().editions.at(today).rules.clone();
    let mut random = Random::new(7);
    // From the 300th day on, when everybody has signed up.
    let first = launch.checked_add_days(Days::new(300)).unwrap_or(launch);
    let days = u64::try_from((today - first).num_days()).unwrap_or(0);
    let mut set = Vec::with_capacity(BATCH_MAX);
    for number in 0..activities {
        let day = u64::from(number) * days / u64::from(activities);
        let occurred_on = first.checked_add_days(Days::new(day)).unwrap_or(today);
        set.push(draft(&mut random, &rules, partners, professionals, occurred_on, format!("seed-{number}")));
        if set.len() == BATCH_MAX || number + 1 == activities {
            let outcomes = services.activities_record(&set, Intake::Record).await?;
            expect(outcomes.iter().all(|one| matches!(one, Outcome::Recorded(_))));
            set.clear();
        }
    }
    Ok(Data { partners, professionals, today })
}

/// An activity of any kind that asks for no attribute; one in ten is a partner's.
fn draft(
    random: &mut Random,
    rules: &[Rule],
    partners: u32,
    professionals: u32,
    occurred_on: NaiveDate,
    external_id: String,
) -> ActivityDraft {
    let (program, subject) = if random.below(10) == 0 {
        (Program::Partner, SubjectCode::Partner(partner(random.below(partners))))
    } else {
        (Program::Professional, SubjectCode::Professional(professional(random.below(professionals))))
    };
    let free = |rule: &&Rule| {
        rule.program == program
            && rule.derived.is_none()
            && rule.attributes.iter().all(|attribute| attribute.optional)
            && rule.early_bonus.is_none()
    };
    let rules: Vec<&Rule> = rules.iter().filter(free).collect();
    let rule = rules[random.index(rules.len())];
    let points = match (program, &rule.unit_source) {
        (Program::Professional, UnitSource::Graded { min, max }) => {
            Some(*min + i64::from(random.below(u32::try_from(*max - *min).unwrap_or(0) + 1)))
        }
        _ => None,
    };
    ActivityDraft {
        subject,
        kind: rule.kind.clone(),
        occurred_on,
        quantity: 1,
        points,
        attributes: serde_json::Map::new(),
        source: "load".to_owned(),
        external_id,
    }
}

fn expect(all_taken: bool) {
    assert!(all_taken, "every row of the seed is taken");
}
