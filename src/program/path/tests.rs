mod linked;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::program::edition::BUILT_IN;
use crate::program::fold::{Awards, Fact, Fold, ObjectIndex, PartnerIndex, Step, Subject, Tally};
use crate::program::rule::Program;
use crate::program::rule::Track::{Business, Technical};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn goal(editions: &Editions, track: Track, level: &str, (today, by): (&str, &str), first: usize) -> Goal {
    let by = day(by);
    let level = editions.at(by).partner_levels.by_code(level).expect("a level");
    Goal { track, level: Arc::clone(level), today: day(today), by, first, dependent: false }
}

/// A path as text: activities, and the steps without titles.
fn shown(path: &Path) -> String {
    let step = |step: &PathStep| {
        format!("{} {} x{} = {}", step.month.format("%Y-%m"), step.kind, step.quantity, step.credits)
    };
    format!("{}: {}", path.activities, path.steps.iter().map(step).collect::<Vec<_>>().join(", "))
}

fn credits(this_year: i64, last_year: i64) -> TrackSums {
    TrackSums { this_year, last_year, ..TrackSums::default() }
}

type Row<'t> = (Track, &'t str, (&'t str, &'t str), (i64, i64), &'t Held, &'t [&'t str]);

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn f3_paths_under_the_published_texts() {
    let editions = Editions::built_in();
    let kind = |code| editions.kind(Program::Partner, code).expect("a kind");
    let key = |code, start| (kind(code), day(start));
    let none = Held::new();
    let tally = |units, awarded| Tally { units, awarded, ..Tally::new(day("2026-11-01")) };
    let posts = Held::from([(key("LINKEDIN_POST", "2026-11-01"), tally(1, 0))]);
    let downloads = Held::from([(key("CATALOG_DOWNLOADS", "2026-12-01"), tally(3, 0))]);
    let once = Held::from([
        (key("WEBSITE_PRESENCE", "2024-05-01"), tally(1, 10)),
        (key("DOJO_PROFILE", "2024-05-01"), tally(1, 10)),
        (key("DEMO_SYSTEM", "2026-01-01"), tally(1, 10)),
    ]);
    // track, level, today and by, credits of this and last year on the last day, what windows hold; the first three paths
    let table: [Row<'_>; 11] = [
        (
            Business,
            "COLLABORATOR",
            ("2026-11-03", "2026-12-31"),
            (0, 0),
            &none,
            &[
                "1: 2026-11 EVENT_ORGANIZED x1 = 50",
                "3: 2026-11 BLOG_POST_OR_PR x3 = 30",
                "3: 2026-11 DOJO_PROFILE x1 = 10, 2026-11 BLOG_POST_OR_PR x2 = 20",
            ],
        ),
        // One more post completes the block of this month.
        (
            Business,
            "COLLABORATOR",
            ("2026-11-03", "2026-12-31"),
            (20, 0),
            &posts,
            &[
                "1: 2026-11 LINKEDIN_POST x1 = 5",
                "1: 2026-11 BLOG_POST_OR_PR x1 = 10",
                "1: 2026-11 DOJO_PROFILE x1 = 10",
            ],
        ),
        (
            Technical,
            "COLLABORATOR",
            ("2026-12-03", "2026-12-31"),
            (15, 0),
            &downloads,
            &[
                "1: 2026-12 DEMO_SYSTEM x1 = 10",
                "1: 2026-12 CERTIFICATION_OBTAINED x1 = 10",
                "2: 2026-12 CATALOG_DOWNLOADS x2 = 10",
            ],
        ),
        // What counts once is held.
        (
            Technical,
            "COLLABORATOR",
            ("2026-12-03", "2026-12-31"),
            (15, 0),
            &once,
            &["1: 2026-12 CERTIFICATION_OBTAINED x1 = 10", "5: 2026-12 CATALOG_DOWNLOADS x5 = 10"],
        ),
        (
            Business,
            "COLLABORATOR",
            ("2026-12-03", "2026-12-31"),
            (15, 0),
            &once,
            &[
                "1: 2026-12 BLOG_POST_OR_PR x1 = 10",
                "1: 2026-12 EVENT_ORGANIZED x1 = 50",
                "7: 2026-12 CUSTOMER_MEETING x5 = 5, 2026-12 LINKEDIN_POST x2 = 5",
            ],
        ),
        // Held on that day anyway: by this year, by last year, and until the end of the year only.
        (Business, "COLLABORATOR", ("2026-12-03", "2026-12-31"), (25, 0), &none, &["0: "]),
        (Business, "COLLABORATOR", ("2026-12-03", "2026-12-31"), (0, 25), &none, &["0: "]),
        (Business, "MEMBER", ("2026-12-03", "2026-12-31"), (0, 0), &none, &["0: "]),
        // By a day of next year, credits of this year do as well.
        (
            Technical,
            "COLLABORATOR",
            ("2026-12-03", "2027-01-15"),
            (0, 20),
            &none,
            &[
                "1: 2026-12 DEMO_SYSTEM x1 = 10",
                "1: 2026-12 CERTIFICATION_OBTAINED x1 = 10",
                "3: 2027-01 CERTIFICATION_OBTAINED x3 = 30",
            ],
        ),
        // A sum below zero is further away.
        (
            Business,
            "COLLABORATOR",
            ("2026-12-31", "2026-12-31"),
            (-30, 0),
            &none,
            &[
                "2: 2026-12 EVENT_ORGANIZED x2 = 100",
                "2: 2026-12 EVENT_ORGANIZED x1 = 50, 2026-12 BLOG_POST_OR_PR x1 = 10",
                "2: 2026-12 EVENT_ORGANIZED x1 = 50, 2026-12 DOJO_PROFILE x1 = 10",
            ],
        ),
        (
            Business,
            "CREATOR",
            ("2026-12-01", "2026-12-31"),
            (70, 0),
            &none,
            &[
                "1: 2026-12 BLOG_POST_OR_PR x1 = 10",
                "1: 2026-12 DOJO_PROFILE x1 = 10",
                "1: 2026-12 WEBSITE_PRESENCE x1 = 10",
            ],
        ),
    ];
    for (track, level, days, (this, last), held, expected) in table {
        let goal = goal(&editions, track, level, days, 3);
        let found = paths(&editions, &goal, &credits(this, last), held).expect("within reach");
        let found: Vec<String> = found.iter().map(shown).collect();
        assert_eq!(found, expected, "{track:?} {level} {days:?} {this} {last}");
    }
}

/// A rule of a small edition: window, per, credits, cap.
type SmallRule = (&'static str, i64, i64, Option<i64>);

const KINDS: [&str; 3] = ["CERTIFICATION_OBTAINED", "B", "C"];
/// Most activities of a kind that the search by hand tries.
const MOST: i64 = 6;

/// Documents with these rules, of which the second, in force a month later, can have others.
fn small(rules: &[SmallRule], threshold: i64) -> String {
    let (head, rest) = BUILT_IN.split_once("[[partner.rule]]").expect("rules");
    let (_, tail) = rest.split_once("[rewards]").expect("rewards");
    let head = head.replace("threshold = 25", &format!("threshold = {threshold}"));
    let mut document = head.replace("threshold = 75", "threshold = 1000000");
    for (kind, (window, per, credits, cap)) in KINDS.iter().zip(rules) {
        let cap = cap.map_or(String::new(), |cap| format!("cap = {cap}\n"));
        let _ = write!(
            document,
            "[[partner.rule]]\nkind = \"{kind}\"\ntitle = \"{kind}\"\ntrack = \"technical\"\ncredits = {credits}\nper = {per}\n\
             window = \"{window}\"\n{cap}source = \"test\"\n\n"
        );
    }
    let tail = tail.replace("counts_as = \"CERTIFICATION_OBTAINED\"\n", "");
    format!("{document}[rewards]{}", tail.split("[[example]]").next().expect("a text"))
}

/// A log of activities of one partner, folded.
struct Folded<'e> {
    editions: &'e Editions,
    fold: Fold<'e>,
    credits: i64,
    object: u32,
}

impl<'e> Folded<'e> {
    fn new(editions: &'e Editions) -> Self {
        let mut fold = Fold::new(editions);
        fold.add_partner(0);
        Self { editions, fold, credits: 0, object: 0 }
    }

    fn record(&mut self, kind: &str, on: NaiveDate) {
        let kind = self.editions.kind(Program::Partner, kind).expect("a kind");
        let subject = Subject::Partner(PartnerIndex(0));
        let activity = ObjectIndex(self.object);
        self.object += 1;
        let fact = Fact { activity, subject, kind, occurred_on: on, quantity: 1, units: 1 };
        let mut awards = Awards::default();
        self.fold.apply(&Step::Recorded(fact), &mut awards).expect("within range");
        self.credits += awards.credits.iter().map(|award| award.level_credits).sum::<i64>();
    }
}

/// The most credits that a number of activities of a kind can add in two months, by folding every division.
fn most(
    editions: &Editions,
    before: &[(usize, NaiveDate)],
    kind: usize,
    number: i64,
    days: [NaiveDate; 2],
) -> i64 {
    let added = |first: i64| {
        let mut folded = Folded::new(editions);
        for (kind, on) in before {
            folded.record(KINDS[*kind], *on);
        }
        let held = folded.credits;
        for index in 0..number {
            folded.record(KINDS[kind], days[usize::from(index >= first)]);
        }
        folded.credits - held
    };
    (0..=number).map(added).max().unwrap_or(0)
}

fn rule() -> impl Strategy<Value = SmallRule> {
    let window = prop::sample::select(vec!["each", "month", "calendar_year", "lifetime"]);
    (window, 1..4_i64, 1..6_i64, prop::option::of(1..12_i64)).prop_map(|(window, per, credits, cap)| {
        // An activity alone never fills a block of several.
        (window, if window == "each" { 1 } else { per }, credits, cap)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Every combination is tried by hand: those without a superfluous activity, ordered by their number.
    #[test]
    fn f3_the_search_finds_what_trying_everything_finds(
        rules in prop::collection::vec(rule(), 3),
        before in prop::collection::vec((0..3_usize, prop::bool::ANY), 0..5),
        threshold in 1..18_i64,
    ) {
        let editions = Editions::parse([small(&rules, threshold).as_str()]).expect("a document");
        let days = [day("2026-11-15"), day("2026-12-01")];
        let past = before.iter().map(|(kind, recent)| {
            (*kind, if *recent { day("2026-11-02") } else { day("2026-05-05") })
        });
        let past: Vec<(usize, NaiveDate)> = past.collect();
        let mut folded = Folded::new(&editions);
        for (kind, on) in &past {
            folded.record(KINDS[*kind], *on);
        }
        let missing = threshold - folded.credits;
        let mut held = Held::new();
        for (kind, start) in held_windows(&editions, Track::Technical, days[0]) {
            if let Some(tally) = folded.fold.partner_tally(PartnerIndex(0), (kind, start)) {
                held.insert((kind, start), tally);
            }
        }
        let goal = goal(&editions, Track::Technical, "COLLABORATOR", ("2026-11-15", "2026-12-31"), 6);
        let found = paths(&editions, &goal, &credits(folded.credits, 0), &held).expect("within reach");
        if missing <= 0 {
            prop_assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), vec!["0: "]);
            return Ok(());
        }
        let gains: Vec<Vec<i64>> =
            (0..3).map(|kind| (0..=MOST).map(|n| most(&editions, &past, kind, n, days)).collect()).collect();
        let mut tried: Vec<(i64, [i64; 3])> = Vec::new();
        for a in 0..=MOST {
            for b in 0..=MOST {
                for c in 0..=MOST {
                    let numbers = [a, b, c];
                    let gain = |numbers: [i64; 3]| -> i64 {
                        (0..3).map(|kind| gains[kind][usize::try_from(numbers[kind]).expect("a few")]).sum()
                    };
                    let without = |kind: usize| {
                        let mut fewer = numbers;
                        fewer[kind] -= 1;
                        gain(fewer)
                    };
                    let is_path = gain(numbers) >= missing
                        && (0..3).all(|kind| numbers[kind] == 0 || without(kind) < missing);
                    if is_path && a + b + c <= MOST {
                        tried.push((a + b + c, numbers));
                    }
                }
            }
        }
        tried.sort_unstable();
        let number = |path: &Path, kind: &str| -> i64 {
            path.steps.iter().filter(|step| step.kind == kind).map(|step| step.quantity).sum()
        };
        let mut seen = BTreeSet::new();
        for path in &found {
            let numbers = KINDS.map(|kind| number(path, kind));
            prop_assert!(seen.insert(numbers), "{} twice", shown(path));
            prop_assert_eq!(path.activities, numbers.iter().sum::<i64>());
            if path.activities <= MOST {
                prop_assert!(tried.contains(&(path.activities, numbers)), "{} in {:?}", shown(path), tried);
                let sum: i64 = path.steps.iter().map(|step| step.credits).sum();
                prop_assert!(sum >= missing);
            }
        }
        let costs: Vec<i64> = found.iter().map(|path| path.activities).filter(|cost| *cost <= MOST).collect();
        let expected: Vec<i64> = tried.iter().map(|(cost, _)| *cost).take(goal.first).collect();
        prop_assert_eq!(costs, expected, "{:?} of {:?}", found.iter().map(shown).collect::<Vec<_>>(), tried);
    }
}
