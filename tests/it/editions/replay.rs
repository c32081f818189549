//! Random logs on the chain of editions: the fold and the model agree on every award, every sum and every level.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use partner_program::program::admission::{Claim, admit};
use partner_program::program::fold::{
    Affiliation, Awards, Fact, Fold, ObjectIndex, PartnerIndex, ProfessionalIndex, Step, Subject,
};
use partner_program::program::standing::{TrackSums, professional_standing, track_standing};
use partner_program::program::totals::{Period, TrackTotal, membership_year_number};
use partner_program::program::{Editions, Program, Track};
use serde_json::{Map, Value, json};

use super::chain;
use super::model::{Credit, Deed, Happening, Model, Points};

/// Partners of a log.
pub(super) const PARTNERS: usize = 2;
/// Days on which the professionals of a log signed up, all of them before any activity of theirs.
pub(super) const SIGNED_UP: [&str; 3] = ["2023-12-05", "2024-02-29", "2025-07-20"];
/// Today, as the logs see it.
pub(super) const TODAY: &str = "2026-09-30";
/// Logs of a run.
const LOGS: u64 = 400;

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub(super) fn signed_up() -> Vec<NaiveDate> {
    SIGNED_UP.iter().map(|on| day(on)).collect()
}

/// Numbers that look random, the same ones for the same start.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).expect("a small number")
    }

    fn number(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.below((most - least + 1).unsigned_abs())).expect("a small number")
    }

    /// A day: many lie close together and around changes of editions, so that windows are shared.
    fn day(&mut self) -> NaiveDate {
        let (first, days) = match self.below(6) {
            0 => ("2022-02-01", 1_700),
            1 => ("2023-11-15", 40),
            2 => ("2025-05-20", 60),
            3 => ("2025-09-20", 100),
            4 => ("2026-01-10", 80),
            _ => ("2026-04-15", 110),
        };
        day(first) + Days::new(self.below(days))
    }
}

/// Kinds that are recorded, with those of each program, and one that no edition has.
fn kinds(editions: &Editions, program: Program) -> Vec<String> {
    let rules = editions.iter().flat_map(|edition| &edition.rules);
    let mut kinds: Vec<String> =
        rules.filter(|rule| rule.program == program).map(|rule| rule.kind.clone()).collect();
    kinds.sort();
    kinds.dedup();
    kinds.push("SOMETHING_ELSE".to_owned());
    kinds
}

/// The log of a number. `is_open` leaves out affiliations with a last day.
pub(super) fn log(
    editions: &Editions,
    documents: &[String],
    number: u64,
    length: usize,
    is_open: bool,
) -> Vec<Happening> {
    let mut draws = Draws(number.wrapping_mul(1_000_003));
    let (today, signed_up) = (day(TODAY), signed_up());
    let kinds = [kinds(editions, Program::Partner), kinds(editions, Program::Professional)];
    // Half of the activities of a log are of a few kinds, so that windows fill.
    let few: Vec<usize> = (0..3).map(|_| draws.index(1_000)).collect();
    let model = Model::new(documents, &signed_up);
    let mut log = Vec::new();
    let mut deeds: Vec<(usize, bool)> = Vec::new();
    let mut free_from: BTreeMap<usize, Option<NaiveDate>> =
        signed_up.iter().enumerate().map(|(who, on)| (who, Some(*on))).collect();
    while log.len() < length {
        match draws.below(10) {
            0 | 1 if !deeds.is_empty() => {
                let place = draws.index(1_000) % deeds.len();
                let (id, voided) = &mut deeds[place];
                if !std::mem::replace(voided, true) {
                    log.push(Happening::Voided(*id));
                }
            }
            2 => {
                let professional = draws.index(SIGNED_UP.len());
                let Some(free) = free_from[&professional] else { continue };
                let from = free + Days::new(draws.below(300));
                if from > today {
                    continue;
                }
                let until = (!is_open && draws.below(2) == 0).then(|| from + Days::new(draws.below(400)));
                free_from.insert(professional, until.and_then(|until| until.succ_opt()));
                log.push(Happening::Works { professional, partner: draws.index(PARTNERS), from, until });
            }
            _ => {
                let deed = deed(&mut draws, &kinds, &few, deeds.len());
                let by_model = model.accepts(&deed, today);
                let by_core = claimed(editions, &deed, &signed_up).map(|(_, units)| units);
                assert_eq!(by_core, by_model, "log {number}: {deed:?}");
                if by_model.is_some() {
                    deeds.push((deed.id, false));
                    log.push(Happening::Recorded(deed));
                }
            }
        }
    }
    log
}

fn deed(draws: &mut Draws, kinds: &[Vec<String>; 2], few: &[usize], id: usize) -> Deed {
    let of_partner = draws.below(3) == 0;
    let kinds = &kinds[usize::from(!of_partner)];
    let kind = if draws.below(2) == 0 { few[draws.index(few.len())] } else { draws.index(1_000) };
    let kind = kinds[kind % kinds.len()].clone();
    let on = draws.day();
    let mut attributes = Map::new();
    let mut given = |name: &str, value: Value| drop(attributes.insert(name.to_owned(), value));
    match kind.as_str() {
        "BOOTH_MEETING" | "VIRTUAL_MEETING" => given("attendees", draws.number(0, 9).into()),
        "CERTIFICATION_OBTAINED" if !of_partner && on >= day("2025-08-01") => {
            given("track", ["Fundamentals", "Advanced", "Expert", "Master"][draws.index(4)].into());
        }
        "EVENT_ORGANIZED" if on >= day("2026-03-01") => {
            given("size", ["small", "large"][draws.index(2)].into());
        }
        "DEMO_SYSTEM" => {
            given("dataminerServicesEnabled", (draws.below(5) > 0).into());
            if draws.below(2) == 0 {
                given("evidenceUrl", "https://demo.example".into());
            }
        }
        "LINKEDIN_POST" if draws.below(5) == 0 => given("repost", json!(draws.below(2) == 0)),
        "KATA_COMPLETED" if draws.below(2) == 0 => {
            let released = on + Days::new(2) - Days::new(draws.below(14));
            given("releasedOn", released.to_string().into());
        }
        _ => {}
    }
    Deed {
        id,
        partner: of_partner.then(|| draws.index(PARTNERS)),
        professional: (!of_partner).then(|| draws.index(SIGNED_UP.len())),
        kind,
        on,
        quantity: if draws.below(2) == 0 { 1 } else { draws.number(1, 7) },
        points: (!of_partner && draws.below(2) == 0).then(|| match draws.below(3) {
            0 => draws.number(10, 80),
            1 => draws.number(200, 600),
            _ => draws.number(1, 3_000),
        }),
        attributes,
    }
}

/// What the core makes of a claim.
pub(super) fn claimed(
    editions: &Editions,
    deed: &Deed,
    signed_up: &[NaiveDate],
) -> Option<(partner_program::program::KindId, i64)> {
    let claim = Claim {
        program: if deed.partner.is_some() { Program::Partner } else { Program::Professional },
        member_since: deed.professional.map(|who| signed_up[who]),
        member_until: None,
        kind: &deed.kind,
        occurred_on: deed.on,
        quantity: deed.quantity,
        points: deed.points,
        attributes: &deed.attributes,
    };
    admit(editions, &claim, day(TODAY)).ok().map(|admitted| (admitted.kind, admitted.units))
}

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("a few")
}

/// The fold of a log, step by step.
struct Core<'e> {
    editions: &'e Editions,
    fold: Fold<'e>,
    awards: Awards,
    facts: BTreeMap<usize, Fact>,
}

impl<'e> Core<'e> {
    fn new(editions: &'e Editions) -> Self {
        let mut fold = Fold::new(editions);
        for _ in 0..PARTNERS {
            fold.add_partner(0);
        }
        for on in signed_up() {
            fold.add_professional(on, 0);
        }
        Self { editions, fold, awards: Awards::default(), facts: BTreeMap::new() }
    }

    fn happens(&mut self, happening: &Happening) {
        let step = match happening {
            Happening::Recorded(deed) => {
                let (kind, units) = claimed(self.editions, deed, &signed_up()).expect("it is accepted");
                let subject = match (deed.partner, deed.professional) {
                    (Some(partner), _) => Subject::Partner(PartnerIndex(index(partner))),
                    (_, professional) => {
                        Subject::Professional(ProfessionalIndex(index(professional.expect("a subject"))))
                    }
                };
                let (activity, quantity) = (ObjectIndex(index(deed.id)), deed.quantity);
                let fact = Fact { activity, subject, kind, occurred_on: deed.on, quantity, units };
                self.facts.insert(deed.id, fact);
                Step::Recorded(fact)
            }
            Happening::Voided(id) => Step::Voided(self.facts[id]),
            Happening::Works { professional, partner, from, until } => Step::Affiliated(
                ProfessionalIndex(index(*professional)),
                Affiliation { partner: PartnerIndex(index(*partner)), starts_on: *from, ends_on: *until },
            ),
        };
        self.fold.apply(&step, &mut self.awards).expect("small sums");
    }

    fn credits(&self) -> Vec<Credit> {
        let credits = self.awards.credits.iter().map(|award| Credit {
            partner: award.partner.0 as usize,
            deed: award.object.0 as usize,
            on: award.effective_on,
            technical: award.track == Some(Track::Technical),
            level: award.level_credits,
            spendable: award.spendable_credits,
        });
        credits.collect()
    }

    fn points(&self) -> Vec<Points> {
        let points = self.awards.points.iter().map(|award| Points {
            professional: award.professional.0 as usize,
            deed: award.object.0 as usize,
            on: award.effective_on,
            points: award.points,
            dojo: award.dojo_credits,
        });
        points.collect()
    }

    fn partner_level(&self, partner: usize, track: Track, day: NaiveDate) -> String {
        use chrono::Datelike;
        let total = |period: Period, until: NaiveDate| {
            let mut days: BTreeMap<NaiveDate, i64> = BTreeMap::new();
            let own = self.awards.credits.iter().filter(|one| one.partner.0 as usize == partner);
            for one in own.filter(|one| one.track == Some(track) && one.effective_on <= until) {
                if Period::of(self.editions, one.effective_on) == period {
                    *days.entry(one.effective_on).or_default() += one.level_credits;
                }
            }
            TrackTotal::of_days(self.editions, days)
        };
        let (this, last) = (total(Period(day.year()), day), total(Period(day.year() - 1), day));
        let sums = TrackSums {
            this_year: this.credits,
            this_year_reached: this.reached,
            last_year: last.credits,
            last_year_reached: last.reached,
            legacy: total(Period::LEGACY, day).credits,
            earlier: Vec::new(),
        };
        track_standing(self.editions, track, &sums, day).level.code.clone()
    }

    fn professional_level(&self, who: usize, day: NaiveDate) -> String {
        let signed_up_on = signed_up()[who];
        let year = membership_year_number(signed_up_on, day);
        let sum = |number: i32| -> i64 {
            let own = self.awards.points.iter().filter(|one| one.professional.0 as usize == who);
            let own = own.filter(|one| one.effective_on <= day);
            own.filter(|one| membership_year_number(signed_up_on, one.effective_on) == number)
                .map(|one| one.points)
                .sum()
        };
        let standing = professional_standing(self.editions, signed_up_on, day, sum(year), sum(year - 1));
        standing.level.map(|level| level.code.clone()).unwrap_or_default()
    }
}

#[test]
fn e6_the_fold_and_the_model_agree_on_every_log() {
    let documents = chain::documents();
    let editions = chain::editions();
    let (today, mut entries, mut years) = (day(TODAY), 0, 0);
    for number in 0..LOGS {
        let log = log(&editions, &documents, number, 60, false);
        let mut core = Core::new(&editions);
        let mut model = Model::new(&documents, &signed_up());
        for (step, happening) in log.iter().enumerate() {
            core.happens(happening);
            model.happens(happening, today);
            let context = || format!("log {number}, step {step}: {happening:?}");
            assert_eq!(core.points(), model.points, "{}", context());
            assert_eq!(core.credits(), model.credits, "{}", context());
        }
        entries += model.points.len() + model.credits.len();
        for on in ["2023-12-20", "2024-12-31", "2025-06-30", "2025-12-31", "2026-01-01", "2026-05-15", TODAY]
        {
            for partner in 0..PARTNERS {
                for track in Track::ALL {
                    let expected = model.partner_level(partner, track == Track::Technical, day(on));
                    let found = core.partner_level(partner, track, day(on));
                    assert_eq!(found, expected, "log {number}: {track:?} of {partner} on {on}");
                    years += usize::from(found != "MEMBER");
                }
            }
            for (who, since) in SIGNED_UP.iter().enumerate() {
                if day(on) >= day(since) {
                    let expected = model.professional_level(who, day(on));
                    assert_eq!(
                        core.professional_level(who, day(on)),
                        expected,
                        "log {number}: {who} on {on}"
                    );
                }
            }
        }
        void_everything(&mut core, &mut model, &log, number);
    }
    assert!(
        entries > 10_000 && years > 500,
        "{entries} entries, {years} levels: the logs are about something"
    );
}

/// Voiding everything brings every window to zero, over editions too.
fn void_everything(core: &mut Core<'_>, model: &mut Model, log: &[Happening], number: u64) {
    let recorded =
        log.iter().filter_map(|one| if let Happening::Recorded(deed) = one { Some(deed.id) } else { None });
    let is_voided =
        |id: &usize| log.iter().any(|one| matches!(one, Happening::Voided(voided) if voided == id));
    for id in recorded.filter(|id| !is_voided(id)) {
        let happening = Happening::Voided(id);
        core.happens(&happening);
        model.happens(&happening, day(TODAY));
    }
    assert_eq!(
        (core.points(), core.credits()),
        (model.points.clone(), model.credits.clone()),
        "log {number}"
    );
    for who in 0..SIGNED_UP.len() {
        let own = model.points.iter().filter(|one| one.professional == who);
        let sums = own.fold((0, 0), |sums, one| (sums.0 + one.points, sums.1 + one.dojo));
        assert_eq!(sums.0, 0, "log {number}: points of {who}");
    }
    // What partners have of points may be left in one month and missing in another; by themselves they earned nothing.
    for partner in (0..PARTNERS).map(|partner| PartnerIndex(index(partner))) {
        let derived = core.editions.at(day(TODAY)).points_rule().expect("a rule").id;
        let tallies = core.fold.partner_tallies(partner).filter(|((kind, _), _)| *kind != derived);
        for (key, tally) in tallies {
            assert_eq!((tally.units, tally.awarded), (0, 0), "log {number}: {key:?}");
        }
    }
}
