//! Kinds that count as others, carry their rest on, are divided, or have windows of several editions.

use super::*;

const FIRST: &str = "2026-11-15";
const SECOND: &str = "2026-12-01";

/// A rule of a small edition.
#[derive(Clone, Debug)]
struct RandomRule {
    track: &'static str,
    window: &'static str,
    per: i64,
    credits: i64,
    cap: Option<i64>,
    carries: bool,
    /// Place of the kind that it counts as, from the next one on.
    counts_as: Option<usize>,
    /// The greatest number that divides it.
    divided_by: Option<i64>,
    max_quantity: i64,
}

impl RandomRule {
    fn text(&self, place: usize) -> String {
        let Self { track, window, per, credits, max_quantity, .. } = self;
        let kind = KINDS[place];
        let mut text = format!(
            "[[partner.rule]]\nkind = \"{kind}\"\ntitle = \"{kind}\"\ntrack = \"{track}\"\ncredits = {credits}\n\
             per = {per}\nwindow = \"{window}\"\nmax_quantity = {max_quantity}\nsource = \"test\"\n"
        );
        if let Some(cap) = self.cap {
            let _ = writeln!(text, "cap = {cap}");
        }
        if self.carries && *per > 1 && (*window == "month" || *window == "calendar_year") {
            text.push_str("rest = \"carry\"\n");
        }
        if let Some(next) = self.counts_as {
            let _ = writeln!(text, "counts_as = \"{}\"", KINDS[(place + 1 + next) % KINDS.len()]);
        }
        if let Some(most) = self.divided_by {
            text.push_str("divided_by = \"n\"\n");
            let _ = write!(
                text,
                "[[partner.rule.attribute]]\nname = \"n\"\ntype = \"integer\"\nmin = 1\nmax = {most}\n"
            );
        }
        text
    }
}

fn random_rule() -> impl Strategy<Value = RandomRule> {
    let window = prop::sample::select(vec!["each", "month", "month", "calendar_year", "lifetime"]);
    let track = prop::sample::select(vec!["technical", "technical", "technical", "business"]);
    let figures = (1..4_i64, 1..6_i64, prop::option::weighted(0.3, 1..12_i64), 1..5_i64);
    let more =
        (prop::bool::ANY, prop::option::weighted(0.4, 0..2_usize), prop::option::weighted(0.3, 1..4_i64));
    (track, window, figures, more).prop_map(|(track, window, figures, (carries, counts_as, divided_by))| {
        let (per, credits, cap, max_quantity) = figures;
        RandomRule { track, window, per, credits, cap, carries, counts_as, divided_by, max_quantity }
    })
}

fn document(rules: &[RandomRule], threshold: i64, from: &str) -> String {
    let empty =
        small(&[], threshold).replace("effective_from = 2024-05-01", &format!("effective_from = {from}"));
    let (head, tail) = empty.split_once("[rewards]").expect("rewards");
    let rules: String = rules.iter().enumerate().map(|(place, rule)| rule.text(place)).collect();
    format!("{head}{rules}\n[rewards]{tail}")
}

/// A record: kind, day, quantity.
type Record = (usize, NaiveDate, i64);

struct Small<'e> {
    editions: &'e Editions,
    fold: Fold<'e>,
}

impl Small<'_> {
    /// Technical credits of the year that a record adds, whose units are the fewest that are sure.
    fn record(&mut self, (kind, on, quantity): Record) -> i64 {
        let rule = self.editions.rule(Program::Partner, KINDS[kind], on).expect("a rule");
        let greatest = rule.divided_by.as_ref().map_or(1, |_| {
            match rule.attributes.iter().find(|one| one.name == "n").map(|one| &one.value_type) {
                Some(crate::program::rule::AttributeType::Integer { max: Some(max), .. }) => *max,
                other => panic!("{other:?}"),
            }
        });
        let subject = Subject::Partner(PartnerIndex(0));
        let units = quantity / greatest;
        let fact =
            Fact { activity: ObjectIndex(0), subject, kind: rule.id, occurred_on: on, quantity, units };
        let mut awards = Awards::default();
        self.fold.apply(&Step::Recorded(fact), &mut awards).expect("within range");
        let technical = awards.credits.iter().filter(|one| one.track == Some(Technical));
        technical.filter(|one| one.effective_on.year() == 2026).map(|one| one.level_credits).sum()
    }
}

/// The most credits of each numbers of activities, by folding every division into records.
struct Tried<'e> {
    small: Small<'e>,
    credits: i64,
    numbers: [i64; 3],
    most: std::collections::BTreeMap<[i64; 3], i64>,
}

impl Tried<'_> {
    /// Every set of records that begins with those so far: by days, by kinds, the largest of a kind first.
    fn try_all(&mut self, last: Record, left: i64) {
        let most = self.most.entry(self.numbers).or_default();
        *most = (*most).max(self.credits);
        for on in [day(FIRST), day(SECOND)].into_iter().filter(|on| *on >= last.1) {
            for (kind, code) in KINDS.into_iter().enumerate() {
                if on == last.1 && kind < last.0 {
                    continue;
                }
                let rule = self.small.editions.rule(Program::Partner, code, on).expect("a rule");
                let largest = if (kind, on) == (last.0, last.1) { last.2 } else { left };
                for quantity in 1..=largest.min(left).min(rule.max_quantity) {
                    let before = (self.small.fold.clone(), self.credits);
                    self.credits += self.small.record((kind, on, quantity));
                    self.numbers[kind] += quantity;
                    self.try_all((kind, on, quantity), left - quantity);
                    self.numbers[kind] -= quantity;
                    (self.small.fold, self.credits) = before;
                }
            }
        }
    }

    /// The most that these activities or some of them add.
    fn gain(&self, numbers: [i64; 3]) -> i64 {
        let within =
            self.most.iter().filter(|(one, _)| one.iter().zip(&numbers).all(|(one, most)| one <= most));
        within.map(|(_, most)| *most).max().unwrap_or(0)
    }
}

/// Most activities that are tried.
const ALL: i64 = 5;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Everything is tried, in both months, in every division into records; the second month may have other rules.
    #[test]
    fn f3_the_search_finds_what_trying_everything_finds_for_kinds_that_belong_together(
        rules in prop::collection::vec(random_rule(), 3),
        next in prop::option::of(prop::collection::vec(random_rule(), 3)),
        before in prop::collection::vec((0..3_usize, 0..4_usize), 0..6),
        threshold in 1..9_i64,
    ) {
        let mut documents = vec![document(&rules, threshold, "2024-05-01")];
        documents.extend(next.as_ref().map(|rules| document(rules, threshold, SECOND)));
        let editions = Editions::parse(documents.iter().map(String::as_str)).expect("documents");
        let mut fold = Fold::new(&editions);
        fold.add_partner(0);
        let mut small = Small { editions: &editions, fold };
        let mut days: Vec<(usize, NaiveDate)> = before
            .iter()
            .map(|(kind, on)| (*kind, day(["2025-12-20", "2026-05-05", "2026-10-10", "2026-11-02"][*on])))
            .collect();
        days.sort_by_key(|(_, on)| *on);
        let held_credits: i64 = days.iter().map(|(kind, on)| small.record((*kind, *on, 1))).sum();
        let mut held = Held::new();
        for key in held_windows(&editions, Technical, day(FIRST)) {
            if let Some(tally) = small.fold.partner_tally(PartnerIndex(0), key) {
                held.insert(key, tally);
            }
        }
        let goal = goal(&editions, Technical, "COLLABORATOR", (FIRST, "2026-12-31"), 6);
        let missing = threshold - held_credits;
        let found = paths(&editions, &goal, &credits(held_credits, 0), &held);
        if missing <= 0 {
            let found = found.expect("nothing to search");
            prop_assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), vec!["0: "]);
            return Ok(());
        }
        let most = std::collections::BTreeMap::new();
        let mut tried = Tried { small, credits: 0, numbers: [0; 3], most };
        tried.try_all((0, day(FIRST), i64::MAX), ALL);
        // What would take too long is refused, but nothing near is: few credits by few activities.
        let Ok(found) = found else {
            let is_near = tried.most.values().any(|credits| *credits >= missing);
            prop_assert!(missing > 4 || !is_near, "{missing} are few");
            return Ok(());
        };
        let is_path = |numbers: &[i64; 3]| {
            let needs = |kind: usize| {
                let mut fewer = *numbers;
                fewer[kind] -= 1;
                numbers[kind] == 0 || tried.gain(fewer) < missing
            };
            tried.gain(*numbers) >= missing && (0..3).all(needs)
        };
        let mut expected: Vec<(i64, [i64; 3])> =
            tried.most.keys().filter(|numbers| is_path(numbers)).map(|numbers| (numbers.iter().sum(), *numbers)).collect();
        expected.sort_unstable();
        let number = |path: &Path, kind: &str| -> i64 {
            path.steps.iter().filter(|step| step.kind == kind).map(|step| step.quantity).sum()
        };
        let mut seen = BTreeSet::new();
        for path in &found {
            let numbers = KINDS.map(|kind| number(path, kind));
            prop_assert!(seen.insert(numbers), "{} twice", shown(path));
            prop_assert_eq!(path.activities, numbers.iter().sum::<i64>());
            if path.activities <= ALL {
                prop_assert!(expected.contains(&(path.activities, numbers)), "{} in {:?}", shown(path), expected);
                let sum: i64 = path.steps.iter().map(|step| step.credits).sum();
                prop_assert_eq!(sum, tried.gain(numbers), "{}", shown(path));
            }
        }
        let costs: Vec<i64> = found.iter().map(|path| path.activities).filter(|cost| *cost <= ALL).collect();
        let few: Vec<i64> = expected.iter().map(|(cost, _)| *cost).take(goal.first).collect();
        prop_assert_eq!(costs, few, "{:?} of {:?}", found.iter().map(shown).collect::<Vec<_>>(), expected);
    }
}
