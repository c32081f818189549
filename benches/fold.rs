//! How fast the pure rules fold a log: a million activities of both programs over two and a half years.
//!
//! `cargo bench --bench fold`. One thread, everything in memory; the log is generated before the clock starts.

use chrono::{Days, NaiveDate};
use divan::Bencher;
use divan::counter::ItemsCount;
use partner_program::program::edition::Editions;
use partner_program::program::fold::{
    Affiliation, Awards, Fact, Fold, ObjectIndex, PartnerIndex, ProfessionalIndex, Step, Subject,
};
use partner_program::program::rule::{Program, Rule, UnitSource};

const ACTIVITIES: u32 = 1_000_000;
const PARTNERS: u32 = 2_000;
const PROFESSIONALS: u32 = 20_000;
/// From launch, two and a half years on.
const DAYS: u32 = 913;

fn main() {
    divan::main();
}

/// A million activities, one in fifty of which is voided later.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn million_activities(bencher: Bencher) {
    let editions = Editions::built_in();
    let log = log(&editions);
    bencher.counter(ItemsCount::new(ACTIVITIES)).bench_local(|| fold(&editions, &log));
}

/// The log from nothing, as `verify` folds it. The sum of what it awards keeps the work from being left out.
fn fold(editions: &Editions, log: &[Step]) -> i64 {
    let mut fold = Fold::new(editions);
    for _ in 0..PARTNERS {
        fold.add_partner(0);
    }
    for _ in 0..PROFESSIONALS {
        fold.add_professional(editions.launch(), 0);
    }
    let mut awards = Awards::default();
    let mut sum = 0;
    for step in log {
        fold.apply(step, &mut awards).expect("the sums stay in range");
        sum += awards.credits.iter().map(|award| award.level_credits).sum::<i64>();
        sum += awards.points.iter().map(|award| award.points).sum::<i64>();
        awards.clear();
    }
    sum
}

/// Nine in ten professionals work for a partner from the start; then a million activities in order of
/// days, and the voids after what they void.
fn log(editions: &Editions) -> Vec<Step> {
    let launch = editions.launch();
    let mut random = Random(1);
    let mut log = Vec::new();
    for number in 0..PROFESSIONALS {
        if random.below(10) > 0 {
            let partner = PartnerIndex(random.below(PARTNERS));
            let affiliation = Affiliation { partner, starts_on: launch, ends_on: None };
            log.push(Step::Affiliated(ProfessionalIndex(number), affiliation));
        }
    }
    let rules = |program| editions.at(launch).rules.iter().filter(move |rule| rule.program == program);
    let recorded = |rule: &&Rule| rule.derived.is_none();
    let of_partners: Vec<&Rule> = rules(Program::Partner).filter(recorded).collect();
    let of_professionals: Vec<&Rule> = rules(Program::Professional).filter(recorded).collect();
    let mut voids = Vec::new();
    for number in 0..ACTIVITIES {
        let day = u64::from(number) * u64::from(DAYS) / u64::from(ACTIVITIES);
        let occurred_on = launch.checked_add_days(Days::new(day)).expect("a date");
        let fact = if random.below(5) == 0 {
            let subject = Subject::Partner(PartnerIndex(random.below(PARTNERS)));
            fact(number, subject, random.one_of(&of_partners), occurred_on, &mut random)
        } else {
            let subject = Subject::Professional(ProfessionalIndex(random.below(PROFESSIONALS)));
            fact(number, subject, random.one_of(&of_professionals), occurred_on, &mut random)
        };
        log.push(Step::Recorded(fact));
        if random.below(50) == 0 {
            voids.push(Step::Voided(fact));
        }
        if voids.len() == 100 {
            log.append(&mut voids);
        }
    }
    log.append(&mut voids);
    log
}

fn fact(number: u32, subject: Subject, rule: &Rule, occurred_on: NaiveDate, random: &mut Random) -> Fact {
    let units = match (rule.program, &rule.unit_source) {
        (Program::Partner, _) => 1,
        (_, UnitSource::Fixed { per_unit }) => *per_unit,
        (_, UnitSource::ByAttribute { values, .. }) => values[0].1,
        (_, UnitSource::Graded { min, max }) => {
            let span = u32::try_from(*max - *min).expect("a range of points is narrow");
            *min + i64::from(random.below(span + 1))
        }
    };
    Fact { activity: ObjectIndex(number), subject, kind: rule.id, occurred_on, quantity: 1, units }
}

/// `SplitMix64`: the same log at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = (mixed ^ (mixed >> 31)) >> 32;
        u32::try_from((high * u64::from(bound)) >> 32).expect("below a bound of 32 bits")
    }

    fn one_of<'a, T>(&mut self, all: &[&'a T]) -> &'a T {
        let bound = u32::try_from(all.len()).expect("few rules");
        all[self.below(bound) as usize]
    }
}
