//! The fold from the log to ledger entries: one formula, in the order in which things took effect.
//!
//! A [`Fold`] holds what earlier steps of the log left behind: units per window, affiliations and
//! awards of professionals. `verify` builds it up from nothing; the live path loads the part that
//! the next steps touch. Subjects are dense numbers, so that the fold costs array look-ups.

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use super::calendar::membership_year;
use super::edition::{Edition, Editions};
use super::rule::{KindId, Rule, Track, Window};

/// Number of a partner in one [`Fold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartnerIx(pub u32);

/// Number of a professional in one [`Fold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfessionalIx(pub u32);

/// Number of an activity, given by the caller; the fold only hands it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivityIx(pub u32);

/// Largest sum of credits or points of one subject: what a GraphQL `Int` can hold.
const MOST: i64 = i32::MAX as i64;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A company.
    Partner(PartnerIx),
    /// A person.
    Professional(ProfessionalIx),
}

/// An activity that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The caller's number for it.
    pub activity: ActivityIx,
    /// Who did it.
    pub subject: Subject,
    /// What it was.
    pub kind: KindId,
    /// When it happened.
    pub occurred_on: NaiveDate,
    /// How many of it.
    pub quantity: i64,
    /// Units that it asks for.
    pub units: i64,
}

/// Days in which a professional works for a partner; the last day is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affiliation {
    /// The partner.
    pub partner: PartnerIx,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day, if it has ended.
    pub ends_on: Option<NaiveDate>,
}

impl Affiliation {
    /// Whether `day` lies in it.
    #[must_use]
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|end| day <= end)
    }
}

/// One step of the log that took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An activity was recorded, or a claim approved.
    Recorded(Fact),
    /// A recorded activity was voided.
    Voided(Fact),
    /// A professional was entered as working for a partner.
    Affiliated(ProfessionalIx, Affiliation),
    /// The affiliation that started on the first day ended with the second as its last.
    AffiliationEnded(ProfessionalIx, NaiveDate, NaiveDate),
}

/// What a partner's award came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// An activity on or after launch.
    Activity,
    /// The voiding of an activity.
    Void,
    /// An affiliation entered with a past start (A2).
    Affiliation,
    /// An activity of the legacy window (L1).
    Legacy,
}

/// The span of units that an award is about, for its explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Kind of the rule.
    pub kind: KindId,
    /// Place of the edition whose rule it was.
    pub edition: usize,
    /// First day of the window.
    pub window_start: NaiveDate,
    /// Units in the window before.
    pub units_before: i64,
    /// Units in the window after.
    pub units_after: i64,
}

/// What a step gave or took of a professional's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointsAward {
    /// Whose.
    pub professional: ProfessionalIx,
    /// The activity that caused it.
    pub activity: ActivityIx,
    /// When it counts.
    pub effective_on: NaiveDate,
    /// `DevOps` Points, negative when taken.
    pub points: i64,
    /// Dojo Credits, negative when taken (S5).
    pub dojo_credits: i64,
    /// Whether a voiding caused it.
    pub voided: bool,
    /// What was counted.
    pub count: Count,
}

/// What a step gave or took of a partner's credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditsAward {
    /// Whose.
    pub partner: PartnerIx,
    /// The activity that caused it.
    pub activity: ActivityIx,
    /// The track that they count for.
    pub track: Track,
    /// When they count.
    pub effective_on: NaiveDate,
    /// Credits that count for the level.
    pub level_credits: i64,
    /// Credits that count for the balance.
    pub spendable_credits: i64,
    /// What it came from.
    pub reason: Reason,
    /// What was counted.
    pub count: Count,
}

/// Units of one rule in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Units so far.
    pub units: i64,
    /// Credits or points awarded for them so far.
    pub awarded: i64,
    /// Latest day of an activity recorded in the window, voided ones included.
    pub latest_on: NaiveDate,
}

/// Rule and window of a tally, within one subject.
pub type TallyKey = (KindId, NaiveDate);

/// What one or more steps changed; kept by the caller and cleared between uses.
#[derive(Debug, Default)]
pub struct Awards {
    /// Changes of points, in order.
    pub points: Vec<PointsAward>,
    /// Changes of credits, in order.
    pub credits: Vec<CreditsAward>,
    /// Tallies of partners that changed, perhaps repeated.
    pub partner_tallies: Vec<(PartnerIx, TallyKey)>,
    /// Tallies of professionals that changed, perhaps repeated.
    pub professional_tallies: Vec<(ProfessionalIx, TallyKey)>,
}

impl Awards {
    /// Forgets everything but the memory that it uses.
    pub fn clear(&mut self) {
        self.points.clear();
        self.credits.clear();
        self.partner_tallies.clear();
        self.professional_tallies.clear();
    }
}

/// A change of a professional's points that a later affiliation may credit (A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastAward {
    /// The activity that caused it.
    pub activity: ActivityIx,
    /// When it counts.
    pub occurred_on: NaiveDate,
    /// Points given or taken.
    pub points: i64,
    /// Partner rule that it also counts for, and the units.
    pub also: Option<(KindId, i64)>,
}

#[derive(Clone, Debug, Default)]
struct PartnerState {
    tallies: FxHashMap<TallyKey, Tally>,
    credits: i64,
}

#[derive(Clone, Debug)]
struct ProfessionalState {
    signed_up_on: NaiveDate,
    affiliations: Vec<Affiliation>,
    tallies: FxHashMap<TallyKey, Tally>,
    awards: Vec<PastAward>,
    points: i64,
}

/// The sums would leave the range that the API can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum of credits or points would pass 2,147,483,647")]
pub struct TooMuch;

/// The state that the next step of the log meets.
#[derive(Clone, Debug)]
pub struct Fold<'e> {
    editions: &'e Editions,
    partners: Vec<PartnerState>,
    professionals: Vec<ProfessionalState>,
}

impl<'e> Fold<'e> {
    /// A fold that has seen nothing yet.
    #[must_use]
    pub fn new(editions: &'e Editions) -> Self {
        Self { editions, partners: Vec::new(), professionals: Vec::new() }
    }

    /// Adds a partner; `credits` is the sum of level credits that it was awarded so far.
    ///
    /// # Panics
    /// With more than 2³² partners.
    pub fn add_partner(&mut self, credits: i64) -> PartnerIx {
        let index = u32::try_from(self.partners.len()).expect("fewer than 2^32 partners");
        self.partners.push(PartnerState { tallies: FxHashMap::default(), credits });
        PartnerIx(index)
    }

    /// Adds a professional; `points` is the sum that the person was awarded so far.
    ///
    /// # Panics
    /// With more than 2³² professionals.
    pub fn add_professional(&mut self, signed_up_on: NaiveDate, points: i64) -> ProfessionalIx {
        let index = u32::try_from(self.professionals.len()).expect("fewer than 2^32 professionals");
        self.professionals.push(ProfessionalState {
            signed_up_on,
            affiliations: Vec::new(),
            tallies: FxHashMap::default(),
            awards: Vec::new(),
            points,
        });
        ProfessionalIx(index)
    }

    /// Puts an affiliation in place without crediting anything: it took effect before.
    pub fn load_affiliation(&mut self, who: ProfessionalIx, affiliation: Affiliation) {
        self.professional(who).affiliations.push(affiliation);
    }

    /// Puts a past award in place, so that a later affiliation can credit it.
    pub fn load_award(&mut self, who: ProfessionalIx, award: PastAward) {
        self.professional(who).awards.push(award);
    }

    /// Puts a partner's tally in place.
    pub fn load_partner_tally(&mut self, who: PartnerIx, key: TallyKey, tally: Tally) {
        self.partner(who).tallies.insert(key, tally);
    }

    /// Puts a professional's tally in place.
    pub fn load_professional_tally(&mut self, who: ProfessionalIx, key: TallyKey, tally: Tally) {
        self.professional(who).tallies.insert(key, tally);
    }

    /// A partner's tally as it stands.
    #[must_use]
    pub fn partner_tally(&self, who: PartnerIx, key: TallyKey) -> Option<Tally> {
        self.partners.get(who.0 as usize)?.tallies.get(&key).copied()
    }

    /// A professional's tally as it stands.
    #[must_use]
    pub fn professional_tally(&self, who: ProfessionalIx, key: TallyKey) -> Option<Tally> {
        self.professionals.get(who.0 as usize)?.tallies.get(&key).copied()
    }

    /// Every tally of a partner, in no order.
    pub fn partner_tallies(&self, who: PartnerIx) -> impl Iterator<Item = (TallyKey, Tally)> + '_ {
        let tallies = self.partners.get(who.0 as usize).map(|state| &state.tallies);
        tallies.into_iter().flatten().map(|(key, tally)| (*key, *tally))
    }

    /// Every tally of a professional, in no order.
    pub fn professional_tallies(&self, who: ProfessionalIx) -> impl Iterator<Item = (TallyKey, Tally)> + '_ {
        let tallies = self.professionals.get(who.0 as usize).map(|state| &state.tallies);
        tallies.into_iter().flatten().map(|(key, tally)| (*key, *tally))
    }

    /// The tally that an activity of a professional counts in, if its rule keeps one.
    #[must_use]
    pub fn professional_key(&self, who: ProfessionalIx, kind: KindId, date: NaiveDate) -> Option<TallyKey> {
        let rule = self.editions.at(date).rule(kind)?;
        let signed_up_on = self.professionals.get(who.0 as usize)?.signed_up_on;
        (rule.window != Window::Each).then(|| (kind, professional_window(rule, signed_up_on, date)))
    }

    /// The tally that units of a partner count in, if the rule keeps one on that date.
    #[must_use]
    pub fn partner_key(&self, kind: KindId, date: NaiveDate) -> Option<TallyKey> {
        let rule = self.editions.at(date).rule(kind)?;
        let era = Era::of(self.editions, date)?;
        (rule.window != Window::Each).then(|| (kind, partner_window(rule, era, date)))
    }

    /// The partner that a professional works for on a day.
    #[must_use]
    pub fn partner_on(&self, who: ProfessionalIx, day: NaiveDate) -> Option<PartnerIx> {
        let affiliations = &self.professionals.get(who.0 as usize)?.affiliations;
        affiliations.iter().rev().find(|affiliation| affiliation.covers(day)).map(|found| found.partner)
    }

    /// Takes one step: changes the state and appends what it awards to `out`.
    ///
    /// # Errors
    /// When sums would leave the range of the API; then nothing has changed.
    pub fn apply(&mut self, step: &Step, out: &mut Awards) -> Result<(), TooMuch> {
        match *step {
            Step::Recorded(fact) => {
                self.check_room(&fact)?;
                self.activity(&fact, 1, out);
            }
            Step::Voided(fact) => self.activity(&fact, -1, out),
            Step::Affiliated(who, affiliation) => {
                self.check_room_for_past(who, affiliation)?;
                self.affiliate(who, affiliation, out);
            }
            Step::AffiliationEnded(who, starts_on, ends_on) => {
                let affiliations = &mut self.professional(who).affiliations;
                if let Some(found) = affiliations.iter_mut().find(|one| one.starts_on == starts_on) {
                    found.ends_on = Some(ends_on);
                }
            }
        }
        Ok(())
    }

    fn partner(&mut self, who: PartnerIx) -> &mut PartnerState {
        &mut self.partners[who.0 as usize]
    }

    fn professional(&mut self, who: ProfessionalIx) -> &mut ProfessionalState {
        &mut self.professionals[who.0 as usize]
    }

    fn check_room(&self, fact: &Fact) -> Result<(), TooMuch> {
        let edition = self.editions.at(fact.occurred_on);
        // One more block may be completed by what the window held before.
        let most = |rule: &Rule, units: i64| rule.earned(units).saturating_add(rule.credits);
        let (partner, credits) = match fact.subject {
            Subject::Partner(who) => {
                (Some(who), edition.rule(fact.kind).map_or(0, |rule| most(rule, fact.units)))
            }
            Subject::Professional(who) => {
                let total = self.professionals[who.0 as usize].points.saturating_add(fact.units);
                if total.saturating_mul(edition.dojo_credits_per_point.max(1)) > MOST {
                    return Err(TooMuch);
                }
                let derived = edition.points_rule().map_or(0, |rule| most(rule, fact.units));
                let also = edition.rule(fact.kind).and_then(|rule| edition.rule(rule.counts_as?));
                let also = also.map_or(0, |rule| most(rule, fact.quantity));
                (self.partner_on(who, fact.occurred_on), derived.saturating_add(also))
            }
        };
        let held = partner.map_or(0, |who| self.partners[who.0 as usize].credits);
        if held.saturating_add(credits) > MOST { Err(TooMuch) } else { Ok(()) }
    }

    fn check_room_for_past(&self, who: ProfessionalIx, affiliation: Affiliation) -> Result<(), TooMuch> {
        let awards = &self.professionals[who.0 as usize].awards;
        let covered = awards.iter().filter(|award| affiliation.covers(award.occurred_on));
        let most = covered.fold(self.partners[affiliation.partner.0 as usize].credits, |sum, award| {
            let edition = self.editions.at(award.occurred_on);
            let most = |rule: &Rule, units: i64| rule.earned(units).saturating_add(rule.credits);
            let also = award.also.and_then(|(kind, units)| Some(most(edition.rule(kind)?, units)));
            let derived = edition.points_rule().map_or(0, |rule| most(rule, award.points));
            sum.saturating_add(derived).saturating_add(also.unwrap_or(0))
        });
        if most > MOST { Err(TooMuch) } else { Ok(()) }
    }

    fn activity(&mut self, fact: &Fact, sign: i64, out: &mut Awards) {
        let edition_index = self.editions.index_at(fact.occurred_on);
        let Some(edition) = self.editions.get(edition_index) else { return };
        let Some(rule) = edition.rule(fact.kind) else { return };
        match fact.subject {
            Subject::Partner(who) => {
                let reason = if sign < 0 { Reason::Void } else { Reason::Activity };
                let cause = Cause { activity: fact.activity, date: fact.occurred_on, reason };
                self.credit(who, rule, edition_index, sign * fact.units, cause, out);
            }
            Subject::Professional(who) => self.award_points(who, rule, edition_index, fact, sign, out),
        }
    }

    fn award_points(
        &mut self,
        who: ProfessionalIx,
        rule: &'e Rule,
        edition_index: usize,
        fact: &Fact,
        sign: i64,
        out: &mut Awards,
    ) {
        let edition = self.edition(edition_index);
        let date = fact.occurred_on;
        let state = &mut self.professionals[who.0 as usize];
        let window_start = professional_window(rule, state.signed_up_on, date);
        let (earned, changed) = earn(rule, &mut state.tallies, window_start, sign * fact.units, date);
        if changed {
            out.professional_tallies.push((who, (rule.id, window_start)));
        }
        let also = rule.counts_as.map(|kind| (kind, sign * fact.quantity));
        if earned.award == 0 && also.is_none() {
            return;
        }
        state.points += earned.award;
        state.awards.push(PastAward {
            activity: fact.activity,
            occurred_on: date,
            points: earned.award,
            also,
        });
        out.points.push(PointsAward {
            professional: who,
            activity: fact.activity,
            effective_on: earned.effective_on,
            points: earned.award,
            dojo_credits: earned.award * edition.dojo_credits_per_point,
            voided: sign < 0,
            count: earned.count(rule, edition_index, window_start),
        });
        if let Some(partner) = self.partner_on(who, date) {
            let reason = if sign < 0 { Reason::Void } else { Reason::Activity };
            let cause = Cause { activity: fact.activity, date, reason };
            self.credit_award(partner, earned.award, also, cause, out);
        }
    }

    /// Counts a professional's award for the partner of its day (A1).
    fn credit_award(
        &mut self,
        partner: PartnerIx,
        points: i64,
        also: Option<(KindId, i64)>,
        cause: Cause,
        out: &mut Awards,
    ) {
        let edition_index = self.editions.index_at(cause.date);
        let edition = self.edition(edition_index);
        if let Some(rule) = edition.points_rule().filter(|_| points != 0) {
            self.credit(partner, rule, edition_index, points, cause, out);
        }
        if let Some((rule, units)) = also.and_then(|(kind, units)| Some((edition.rule(kind)?, units))) {
            self.credit(partner, rule, edition_index, units, cause, out);
        }
    }

    fn credit(
        &mut self,
        who: PartnerIx,
        rule: &Rule,
        edition: usize,
        units: i64,
        cause: Cause,
        out: &mut Awards,
    ) {
        let (Some(era), Some(track)) = (Era::of(self.editions, cause.date), rule.track) else { return };
        let window_start = partner_window(rule, era, cause.date);
        let state = &mut self.partners[who.0 as usize];
        let (earned, changed) = earn(rule, &mut state.tallies, window_start, units, cause.date);
        if changed {
            out.partner_tallies.push((who, (rule.id, window_start)));
        }
        if earned.award == 0 {
            return;
        }
        state.credits += earned.award;
        let legacy = era == Era::Legacy(era.start());
        out.credits.push(CreditsAward {
            partner: who,
            activity: cause.activity,
            track,
            effective_on: earned.effective_on,
            level_credits: earned.award,
            spendable_credits: if legacy { 0 } else { earned.award },
            reason: if legacy && cause.reason == Reason::Activity { Reason::Legacy } else { cause.reason },
            count: earned.count(rule, edition, window_start),
        });
    }

    fn affiliate(&mut self, who: ProfessionalIx, affiliation: Affiliation, out: &mut Awards) {
        let state = self.professional(who);
        state.affiliations.push(affiliation);
        let covered = state.awards.iter().filter(|award| affiliation.covers(award.occurred_on));
        let mut covered: Vec<PastAward> = covered.copied().collect();
        covered.sort_by_key(|award| award.occurred_on);
        for award in covered {
            let cause =
                Cause { activity: award.activity, date: award.occurred_on, reason: Reason::Affiliation };
            self.credit_award(affiliation.partner, award.points, award.also, cause, out);
        }
    }

    fn edition(&self, index: usize) -> &'e Edition {
        self.editions.get(index).expect("an index that the editions gave")
    }
}

/// Why units of a partner change.
#[derive(Clone, Copy)]
struct Cause {
    activity: ActivityIx,
    date: NaiveDate,
    reason: Reason,
}

/// The part of the partner program's time that windows don't cross (L1), with its first day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    Legacy(NaiveDate),
    Launched(NaiveDate),
}

impl Era {
    /// `None` for days that earn nothing at all.
    fn of(editions: &Editions, date: NaiveDate) -> Option<Self> {
        let launch = editions.launch();
        if date >= launch {
            return Some(Self::Launched(launch));
        }
        let legacy = editions.legacy()?;
        (date >= legacy.from).then_some(Self::Legacy(legacy.from))
    }

    fn start(self) -> NaiveDate {
        match self {
            Self::Legacy(start) | Self::Launched(start) => start,
        }
    }
}

fn partner_window(rule: &Rule, era: Era, date: NaiveDate) -> NaiveDate {
    rule.calendar_start(date).max(era.start())
}

fn professional_window(rule: &Rule, signed_up_on: NaiveDate, date: NaiveDate) -> NaiveDate {
    match rule.window {
        Window::MembershipYear => membership_year(signed_up_on, date).starts_on,
        Window::Lifetime => signed_up_on,
        _ => rule.calendar_start(date),
    }
}

/// What a change of units did.
struct Earned {
    award: i64,
    effective_on: NaiveDate,
    before: i64,
    after: i64,
}

impl Earned {
    fn count(&self, rule: &Rule, edition: usize, window_start: NaiveDate) -> Count {
        Count { kind: rule.id, edition, window_start, units_before: self.before, units_after: self.after }
    }
}

/// Changes the units of a window and says what that awards; also whether a tally was changed.
///
/// The award is what the window has earned in all less what was awarded for it already: within one
/// edition that is earned(after) - earned(before), and in a window that spans editions voiding
/// everything still ends at zero.
fn earn(
    rule: &Rule,
    tallies: &mut FxHashMap<TallyKey, Tally>,
    window_start: NaiveDate,
    units: i64,
    date: NaiveDate,
) -> (Earned, bool) {
    if rule.window == Window::Each {
        let award = units.signum() * rule.earned(units.abs());
        let (before, after) = if units < 0 { (-units, 0) } else { (0, units) };
        return (Earned { award, effective_on: date, before, after }, false);
    }
    let tally =
        tallies.entry((rule.id, window_start)).or_insert(Tally { units: 0, awarded: 0, latest_on: date });
    let before = tally.units;
    tally.units += units;
    tally.latest_on = tally.latest_on.max(date);
    let award = rule.earned(tally.units) - tally.awarded;
    tally.awarded += award;
    let effective_on = if rule.per > 1 { tally.latest_on } else { date };
    (Earned { award, effective_on, before, after: tally.units }, true)
}
