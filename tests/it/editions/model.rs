//! A second reading of both programs, for comparison: naive and slow, from the documents to the entries. It shares no code with
//! the product, and keeps everything that ever happened.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};
use serde_json::{Map, Value};
use toml::Table;

mod acceptance;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Recorded(Deed),
    Voided(usize),
    Works { professional: usize, partner: usize, from: NaiveDate, until: Option<NaiveDate> },
}

/// An activity as it is claimed.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) id: usize,
    pub(super) partner: Option<usize>,
    pub(super) professional: Option<usize>,
    pub(super) kind: String,
    pub(super) on: NaiveDate,
    pub(super) quantity: i64,
    pub(super) points: Option<i64>,
    pub(super) attributes: Map<String, Value>,
}

/// An entry of a partner's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credit {
    pub(super) partner: usize,
    pub(super) deed: usize,
    pub(super) on: NaiveDate,
    pub(super) technical: bool,
    pub(super) level: i64,
    pub(super) spendable: i64,
}

/// An entry of a professional's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "an entry of points has points and Dojo Credits")]
pub(super) struct Points {
    pub(super) professional: usize,
    pub(super) deed: usize,
    pub(super) on: NaiveDate,
    pub(super) points: i64,
    pub(super) dojo: i64,
}

/// Units of a window, and what they were awarded.
#[derive(Clone, Debug, Default)]
struct Tallied {
    units: i64,
    awarded: i64,
    latest: Option<NaiveDate>,
    /// Dojo Credits that came with them.
    dojo: i64,
}

/// A window of a chain: its rule, its units before and now, and what it was awarded.
struct Link {
    key: Key,
    by: Table,
    before: i64,
    now: i64,
    awarded: i64,
    latest: NaiveDate,
}

/// Whose window, of which kind and sort, from which day.
type Key = (bool, usize, String, NaiveDate);

pub(super) struct Model {
    documents: Vec<(NaiveDate, Table)>,
    signed_up: Vec<NaiveDate>,
    works: Vec<(usize, usize, NaiveDate, Option<NaiveDate>)>,
    deeds: BTreeMap<usize, (Deed, i64)>,
    /// Activities in the order in which they were recorded.
    order: Vec<usize>,
    windows: BTreeMap<Key, Tallied>,
    /// Professional, deed, day, points, quantity that also counts.
    past: Vec<(usize, usize, NaiveDate, i64, i64)>,
    pub(super) credits: Vec<Credit>,
    pub(super) points: Vec<Points>,
}

fn number(rule: &Table, key: &str) -> Option<i64> {
    rule.get(key)?.as_integer()
}

fn text<'t>(rule: &'t Table, key: &str) -> Option<&'t str> {
    rule.get(key)?.as_str()
}

fn date(value: &toml::Value) -> NaiveDate {
    value.as_datetime().expect("a date").to_string().parse().expect("a date")
}

impl Model {
    pub(super) fn new(documents: &[String], signed_up: &[NaiveDate]) -> Self {
        let read = |text: &String| {
            let table: Table = text.parse().expect("TOML");
            (date(&table["effective_from"]), table)
        };
        Self {
            documents: documents.iter().map(read).collect(),
            signed_up: signed_up.to_vec(),
            works: Vec::new(),
            deeds: BTreeMap::new(),
            order: Vec::new(),
            windows: BTreeMap::new(),
            past: Vec::new(),
            credits: Vec::new(),
            points: Vec::new(),
        }
    }

    fn document_index(&self, on: NaiveDate) -> usize {
        (0..self.documents.len()).rev().find(|index| self.documents[*index].0 <= on).unwrap_or(0)
    }

    fn document(&self, on: NaiveDate) -> &Table {
        &self.documents[self.document_index(on)].1
    }

    fn launch(&self) -> NaiveDate {
        self.documents[0].0
    }

    fn legacy_from(&self) -> NaiveDate {
        date(&self.documents[0].1["legacy"]["from"])
    }

    fn rules(document: &Table, program: &str) -> Vec<Table> {
        let rules = document[program]["rule"].as_array().expect("rules");
        rules.iter().map(|rule| rule.as_table().expect("a rule").clone()).collect()
    }

    fn find(&self, index: usize, program: &str, kind: &str) -> Option<Table> {
        let rules = Self::rules(&self.documents[index].1, program);
        rules.into_iter().find(|rule| text(rule, "kind") == Some(kind))
    }

    /// The rule of a kind on a day.
    fn rule(&self, program: &str, kind: &str, on: NaiveDate) -> Option<Table> {
        let rule = self.find(self.document_index(on), program, kind)?;
        let begun = rule.get("from").is_none_or(|from| date(from) <= on);
        let lasts = rule.get("until").is_none_or(|until| on <= date(until));
        (begun && lasts).then_some(rule)
    }

    pub(super) fn happens(&mut self, happening: &Happening, today: NaiveDate) {
        match happening {
            Happening::Recorded(deed) => {
                let worth = self.accepts(deed, today).expect("what is not accepted does not happen");
                self.deeds.insert(deed.id, (deed.clone(), worth));
                self.order.push(deed.id);
                self.count(deed, worth, 1);
            }
            Happening::Voided(id) => {
                let (deed, worth) = self.deeds[id].clone();
                self.count(&deed, worth, -1);
            }
            Happening::Works { professional, partner, from, until } => {
                self.works.push((*professional, *partner, *from, *until));
                let within = |on: NaiveDate| *from <= on && until.is_none_or(|until| on <= until);
                let mut past: Vec<_> =
                    self.past.iter().filter(|one| one.0 == *professional && within(one.2)).copied().collect();
                past.sort_by_key(|one| one.2);
                for (_, deed, on, points, also) in past {
                    self.derive(*partner, deed, on, points, also);
                }
            }
        }
    }

    fn count(&mut self, deed: &Deed, worth: i64, sign: i64) {
        if let Some(partner) = deed.partner {
            let rule = self.rule("partner", &deed.kind, deed.on).expect("it was accepted");
            self.credit(partner, &rule, deed.id, deed.on, sign * worth);
            if let Some(other) = text(&rule, "counts_as").and_then(|kind| self.rule("partner", kind, deed.on))
            {
                self.credit(partner, &other, deed.id, deed.on, sign * deed.quantity);
            }
            return;
        }
        let who = deed.professional.expect("a subject");
        let rule = self.rule("professional", &deed.kind, deed.on).expect("it was accepted");
        let also = if rule.contains_key("counts_as") { sign * deed.quantity } else { 0 };
        let (mut points, mut says_so) = self.award(false, who, &rule, deed.on, sign * worth);
        if worth < 0 {
            let taken = self.of_deed(who, deed.id);
            let least = self.sums_from(who, deed.on).into_iter().map(|(_, sum)| sum).min().expect("one");
            points = if sign > 0 { worth.max(-least.max(0)) } else { -taken };
            says_so = false;
        }
        if points == 0 && !says_so && !rule.contains_key("counts_as") {
            return;
        }
        let dojo = self.dojo(who, &rule, deed.on, (points, worth < 0));
        self.points.push(Points { professional: who, deed: deed.id, on: deed.on, points, dojo });
        self.past.push((who, deed.id, deed.on, points, also));
        self.derive_on(who, deed.id, deed.on, points, also);
        let is_short = points < 0 && worth > 0;
        loop {
            if !is_short {
                break;
            }
            // Whatever took of the points that are gone gives them back, the latest first.
            let short = self.sums_from(who, deed.on).into_iter().find(|(_, sum)| *sum < 0);
            let Some((until, sum)) = short else { break };
            let Some((id, on)) = self.latest_taker(who, deed.on, until) else { break };
            let back = (-sum).min(-self.of_deed(who, id));
            let dojo = back * self.rate(self.document_index(on));
            self.points.push(Points { professional: who, deed: id, on, points: back, dojo });
            self.past.push((who, id, on, back, 0));
            self.derive_on(who, id, on, back, 0);
        }
    }

    /// Dojo Credits for each point by a document.
    fn rate(&self, index: usize) -> i64 {
        let professional = self.documents[index].1["professional"].as_table().expect("a table");
        number(professional, "dojo_credits_per_point").expect("a rate")
    }

    /// The Dojo Credits of an award that was counted in its window: the sum of the window is between the least and the most
    /// that its points are worth by one of its documents.
    fn dojo(&mut self, who: usize, rule: &Table, on: NaiveDate, (points, takes): (i64, bool)) -> i64 {
        let dojo = points * self.rate(self.document_index(on));
        if takes || text(rule, "window") == Some("each") {
            return dojo;
        }
        let key = self.key(false, who, rule, on);
        let tallied = &self.windows[&key];
        let latest = tallied.latest.expect("it was counted");
        let documents = self.document_index(key.3)..=self.document_index(latest);
        let worth: Vec<i64> = documents.map(|index| tallied.awarded * self.rate(index)).collect();
        let (least, most) = (worth.iter().min().expect("one"), worth.iter().max().expect("one"));
        let sum = (tallied.dojo + dojo).clamp(*least, *most);
        let before = std::mem::replace(&mut self.windows.get_mut(&key).expect("a window").dojo, sum);
        sum - before
    }

    /// What took points last in the membership year of a day, until another one.
    fn latest_taker(&self, who: usize, day: NaiveDate, until: NaiveDate) -> Option<(usize, NaiveDate)> {
        let year = self.membership_year(who, day);
        let takers = self.order.iter().map(|id| &self.deeds[id]);
        let takers = takers.filter(|(one, worth)| one.professional == Some(who) && *worth < 0);
        let takers = takers.filter(|(one, _)| year <= one.on && one.on <= until);
        let takers = takers.filter(|(one, _)| self.of_deed(who, one.id) < 0);
        takers.max_by_key(|(one, _)| one.on).map(|(one, _)| (one.id, one.on))
    }

    /// What an activity comes to so far.
    fn of_deed(&self, who: usize, deed: usize) -> i64 {
        let own = self.points.iter().filter(|one| one.professional == who && one.deed == deed);
        own.map(|one| one.points).sum()
    }

    /// The sums of a membership year through a day and each later one.
    fn sums_from(&self, who: usize, day: NaiveDate) -> Vec<(NaiveDate, i64)> {
        let start = self.membership_year(who, day);
        let own = self.points.iter().filter(|one| one.professional == who);
        let own: Vec<_> = own.filter(|one| self.membership_year(who, one.on) == start).collect();
        let mut days: Vec<NaiveDate> = own.iter().map(|one| one.on).filter(|on| *on >= day).collect();
        days.push(day);
        days.sort_unstable();
        let sum = |on: NaiveDate| own.iter().filter(|one| one.on <= on).map(|one| one.points).sum();
        days.into_iter().map(|on| (on, sum(on))).collect()
    }

    /// What the partner of a day has of an award.
    fn derive_on(&mut self, who: usize, deed: usize, on: NaiveDate, points: i64, also: i64) {
        let works = self.works.iter().rev().find(|(one, _, from, until)| {
            *one == who && *from <= on && until.is_none_or(|until| on <= until)
        });
        if let Some((_, partner, ..)) = works.copied() {
            self.derive(partner, deed, on, points, also);
        }
    }

    /// What a partner has of an award of one of its professionals.
    fn derive(&mut self, partner: usize, deed: usize, on: NaiveDate, points: i64, also: i64) {
        let derived = Self::rules(self.document(on), "partner");
        let derived =
            derived.into_iter().find(|rule| text(rule, "derived_from") == Some("professional_points"));
        let kind = derived.as_ref().and_then(|rule| text(rule, "kind")).expect("a rule").to_owned();
        if let Some(rule) = self.rule("partner", &kind, on).filter(|_| points != 0) {
            self.credit(partner, &rule, deed, on, points);
        }
        // The only kind of professionals that counts as another one.
        if let Some(rule) = self.rule("partner", "CERTIFICATION_OBTAINED", on).filter(|_| also != 0) {
            self.credit(partner, &rule, deed, on, also);
        }
    }

    fn membership_year(&self, who: usize, on: NaiveDate) -> NaiveDate {
        let signed_up = self.signed_up[who];
        let years = (0..200).map(|year| signed_up + Months::new(12 * year));
        years.take_while(|start| *start <= on).last().unwrap_or(signed_up)
    }

    fn window(&self, of_partner: bool, who: usize, rule: &Table, on: NaiveDate) -> NaiveDate {
        let start = match text(rule, "window").expect("a window") {
            "month" => on.with_day(1).expect("a day"),
            "calendar_year" => NaiveDate::from_ymd_opt(on.year(), 1, 1).expect("a day"),
            "membership_year" => self.membership_year(who, on),
            "lifetime" if of_partner => NaiveDate::MIN,
            _ => self.signed_up[who],
        };
        if !of_partner {
            return start;
        }
        start.max(if on < self.launch() { self.legacy_from() } else { self.launch() })
    }

    fn earned(of_partner: bool, rule: &Table, units: i64) -> i64 {
        let by_value = rule.get("credits").is_some_and(|credits| credits.get("by").is_some());
        let credits = if of_partner && !by_value { number(rule, "credits").expect("credits") } else { 1 };
        let per = if of_partner { number(rule, "per").expect("a block") } else { 1 };
        let earned = units.max(0) / per * credits;
        number(rule, "cap").map_or(earned, |cap| earned.min(cap))
    }

    /// What units award in the windows of one kind, without what is carried on; and whether an award of nothing says so.
    fn award(
        &mut self,
        of_partner: bool,
        who: usize,
        rule: &Table,
        on: NaiveDate,
        units: i64,
    ) -> (i64, bool) {
        if text(rule, "window") == Some("each") {
            return (units.signum() * Self::earned(of_partner, rule, units.abs()), false);
        }
        let key = self.key(of_partner, who, rule, on);
        let before = self.windows.entry(key.clone()).or_default().clone();
        let latest = before.latest.map_or(on, |latest| latest.max(on));
        let after = before.units + units;
        let award = self.change(of_partner, rule, &key, (before.units, after), before.awarded, latest);
        let says_so = units > 0 && before.awarded > Self::earned(of_partner, rule, after);
        self.windows.insert(
            key,
            Tallied { units: after, awarded: before.awarded + award, latest: Some(latest), ..before },
        );
        (award, says_so)
    }

    fn key(&self, of_partner: bool, who: usize, rule: &Table, on: NaiveDate) -> Key {
        let start = self.window(of_partner, who, rule, on);
        let (kind, sort) = (text(rule, "kind").expect("a kind"), text(rule, "window").expect("a window"));
        (of_partner, who, format!("{kind}/{sort}"), start)
    }

    fn change(
        &self,
        of_partner: bool,
        rule: &Table,
        key: &Key,
        (before, after): (i64, i64),
        awarded: i64,
        latest: NaiveDate,
    ) -> i64 {
        let earned = |units| Self::earned(of_partner, rule, units);
        if after >= before {
            return (earned(after) - earned(before).max(awarded)).max(0);
        }
        // Each edition of the window would leave this much; it is not less than the least of it, nor more than the most.
        let (least, most) = self.leaves(of_partner, rule, key, after, latest);
        let left = (awarded - (earned(before) - earned(after))).max(least).min(most);
        left.min(awarded) - awarded
    }

    /// The least and the most that an edition of a window earns for units.
    fn leaves(&self, of_partner: bool, rule: &Table, key: &Key, units: i64, latest: NaiveDate) -> (i64, i64) {
        let program = if of_partner { "partner" } else { "professional" };
        let (kind, sort) = key.2.split_once('/').expect("a kind and a sort");
        let editions = self.document_index(key.3)..=self.document_index(latest);
        let rules = editions.filter_map(|index| self.find(index, program, kind));
        let rules = rules.filter(|rule| text(rule, "window") == Some(sort));
        let mut leaves: Vec<i64> = rules.map(|rule| Self::earned(of_partner, &rule, units)).collect();
        leaves.push(Self::earned(of_partner, rule, units));
        (*leaves.iter().min().expect("one"), *leaves.iter().max().expect("one"))
    }

    fn credit(&mut self, partner: usize, rule: &Table, deed: usize, on: NaiveDate, units: i64) {
        if on < self.legacy_from() {
            return;
        }
        let technical = text(rule, "track") == Some("technical");
        if text(rule, "rest") == Some("carry") {
            return self.credit_carried(partner, rule, deed, on, units);
        }
        let (award, says_so) = self.award(true, partner, rule, on, units);
        if award == 0 && !says_so {
            return;
        }
        let mut effective = on;
        if number(rule, "per") > Some(1) && text(rule, "window") != Some("each") {
            effective = self.windows[&self.key(true, partner, rule, on)].latest.expect("a day");
        }
        let spendable = if on < self.launch() { 0 } else { award };
        self.credits.push(Credit { partner, deed, on: effective, technical, level: award, spendable });
    }

    /// Windows of a kind since the launch, with what each of them has of those before it.
    fn chain(&self, partner: usize, kind_and_sort: &str) -> Vec<(Key, i64, Table)> {
        let own = self.windows.iter().filter(|(key, _)| key.0 && key.1 == partner && key.2 == kind_and_sort);
        let (kind, _) = kind_and_sort.split_once('/').expect("a kind and a sort");
        let mut carried = 0;
        let mut chain = Vec::new();
        for (key, window) in own.filter(|(key, _)| key.3 >= self.launch()) {
            let index = self.document_index(window.latest.expect("a day"));
            let Some(rule) = self.find(index, "partner", kind) else { continue };
            let keeps_rest = text(&rule, "rest") == Some("carry");
            let into = if keeps_rest { carried } else { 0 };
            let per = number(&rule, "per").expect("a block");
            carried = if keeps_rest { (into + window.units).max(0) % per } else { 0 };
            chain.push((key.clone(), into, rule));
        }
        chain
    }

    fn credit_carried(&mut self, partner: usize, rule: &Table, deed: usize, on: NaiveDate, units: i64) {
        let key = self.key(true, partner, rule, on);
        let window = self.windows.entry(key.clone()).or_default();
        window.latest = Some(window.latest.unwrap_or(on));
        let before = self.chain(partner, &key.2);
        let units_before: Vec<i64> =
            before.iter().map(|(one, into, _)| into + self.windows[one].units).collect();
        let window = self.windows.get_mut(&key).expect("it is there");
        window.units += units;
        window.latest = window.latest.max(Some(on));
        let after = self.chain(partner, &key.2);
        let technical = text(rule, "track") == Some("technical");
        let links = after.into_iter().zip(units_before).map(|((one, into, by), before)| {
            let Tallied { units, awarded, latest, .. } = self.windows[&one].clone();
            let by = if one == key { rule.clone() } else { by };
            Link { key: one, by, before, now: into + units, awarded, latest: latest.expect("a day") }
        });
        let mut links: Vec<Link> = links.collect();
        links.sort_by_key(|link| (link.key.3 < key.3, link.key.3));
        for (one, on, level) in self.shared(&links, units) {
            self.windows.get_mut(&one).expect("it is there").awarded += level;
            self.credits.push(Credit { partner, deed, on, technical, level, spendable: level });
        }
    }

    /// What windows have of what they are worth together.
    fn shared(&self, links: &[Link], units: i64) -> Vec<(Key, NaiveDate, i64)> {
        let sum = |of: &dyn Fn(&Link) -> i64| links.iter().map(of).sum::<i64>();
        let had = sum(&|link| link.awarded);
        let was = sum(&|link| Self::earned(true, &link.by, link.before));
        let is = sum(&|link| Self::earned(true, &link.by, link.now));
        let leaves = |link: &Link| self.leaves(true, &link.by, &link.key, link.now, link.latest);
        let (least, most) = (sum(&|link| leaves(link).0), sum(&|link| leaves(link).1));
        let takes = units < 0;
        let mut rest = if takes {
            had - (had + is - was).max(least).min(most).min(had)
        } else {
            (is - was.max(had)).max(0)
        };
        let mut parts = Vec::new();
        for link in links {
            let room = if takes {
                link.awarded - leaves(link).0
            } else {
                Self::earned(true, &link.by, link.now) - link.awarded
            };
            let part = room.max(0).min(rest);
            rest -= part;
            if part != 0 {
                parts.push((link.key.clone(), link.latest, if takes { -part } else { part }));
            }
        }
        parts
    }

    /// The level of a sum by the levels of a day; empty for none.
    fn level(&self, program: &str, sum: i64, on: NaiveDate) -> (usize, String) {
        let levels = self.document(on)[program]["level"].as_array().expect("levels").clone();
        let reached = levels.iter().enumerate().rev().find(|(_, level)| {
            level.get("threshold").and_then(toml::Value::as_integer).expect("a threshold") <= sum
        });
        reached.map_or((0, String::new()), |(rank, level)| {
            (rank + 1, level.get("code").and_then(toml::Value::as_str).expect("a code").to_owned())
        })
    }

    /// The level of a partner's track on a day.
    pub(super) fn partner_level(&self, partner: usize, technical: bool, day: NaiveDate) -> String {
        let own = || self.credits.iter().filter(|one| one.partner == partner && one.technical == technical);
        let sum = |from: NaiveDate, until: NaiveDate| -> i64 {
            own().filter(|one| from <= one.on && one.on <= until).map(|one| one.level).sum()
        };
        let start = |year| NaiveDate::from_ymd_opt(year, 1, 1).expect("a day").max(self.launch());
        let end = |year| NaiveDate::from_ymd_opt(year, 12, 31).expect("a day");
        let mut levels = vec![self.level("partner", sum(start(day.year()), day).max(0), day)];
        // The year before: through its fixed day, if the edition of its end has one.
        let last = end(day.year() - 1);
        let validity = self.document(last)["partner"].get("validity");
        let until = validity.map(|terms| terms["until"].as_str().expect("a day").to_owned());
        let until =
            until.map_or(end(day.year()), |until| format!("{}-{until}", day.year()).parse().expect("a day"));
        if day <= until {
            levels.push(self.level("partner", sum(start(day.year() - 1), last).max(0), last));
        }
        if day <= date(&self.documents[0].1["legacy"]["level_valid_until"]) {
            let until = self.launch().pred_opt().expect("a day");
            levels.push(self.level("partner", sum(self.legacy_from(), until).max(0), self.launch()));
        }
        levels.into_iter().max().expect("three").1
    }

    /// The level of a professional on a day.
    pub(super) fn professional_level(&self, who: usize, day: NaiveDate) -> String {
        let year = self.membership_year(who, day);
        let own = || self.points.iter().filter(|one| one.professional == who && one.on <= day);
        let of = |start: NaiveDate| -> i64 {
            own().filter(|one| self.membership_year(who, one.on) == start).map(|one| one.points).sum()
        };
        let mut levels = vec![self.level("professional", of(year), day)];
        if year > self.signed_up[who] {
            let last = year.pred_opt().expect("a day");
            levels.push(self.level("professional", of(self.membership_year(who, last)), last));
        }
        levels.into_iter().max().expect("some").1
    }
}
