//! The fold from the log to ledger entries: one formula, in the order in which things took effect.
//!
//! A [`Fold`] holds what earlier steps of the log left behind: units per window, affiliations and
//! awards of professionals. `verify` builds it up from nothing; the live path loads the part that
//! the next steps touch. Subjects are dense numbers, so that the fold costs array look-ups.

mod affiliations;
mod carry;
mod contributions;
mod deals;
mod earning;
mod merges;
mod partner_merges;
mod points;
mod recalculation;
mod sales;
mod state;
mod steps;
mod taking;
mod windows;

use chrono::NaiveDate;

use super::edition::{Edition, Editions};
use super::rule::{KindId, Rest, Rule, Window};
pub(super) use carry::ChainWindow;
use contributions::{Change, Watched};
pub use contributions::{Contributed, Contribution, ContributionDays};
pub use deals::{DealCorrection, FirstWon, TakenReward};
pub use earning::can_take;
use earning::{Era, dojo_credits_of, earn, partner_window, professional_window};
pub use merges::{AffiliationSpan, ProfessionalMerge, SpentCredits, conflicting_spans, join_spans};
pub use partner_merges::{PartnerMerge, PastCredit};
pub use recalculation::PastFact;
pub use sales::{SalesStep, Sold, YearSales};
use state::{Affiliations, PastAwards, Tallies};
pub use steps::{
    Affiliation, Awards, Count, CreditsAward, Fact, ObjectIndex, OrderReturn, PartnerIndex, PastAward,
    PointsAward, ProfessionalIndex, Reason, Redemption, Sale, Step, Subject, TakenPoints, Tally, TallyKey,
    Target, WonDeal,
};
pub use taking::DayPoints;
pub use windows::{kind_of_tally, tally_key};

/// Largest sum of credits or points of one subject: what a GraphQL `Int` can hold.
const SUM_MAX: i64 = i32::MAX as i64;

#[derive(Clone, Debug, Default)]
struct PartnerState {
    tallies: Tallies,
    credits: i64,
    sales: Vec<(i32, YearSales)>,
    left_on: Option<NaiveDate>,
}

#[derive(Clone, Debug)]
struct ProfessionalState {
    signed_up_on: NaiveDate,
    affiliations: Affiliations,
    tallies: Tallies,
    last_award: Option<u32>,
    /// Whether awards are not kept, as no affiliation will credit them.
    forgets_awards: bool,
    points: i64,
    days: DayPoints,
}

impl ProfessionalState {
    /// Keeps an award for affiliations that are entered later.
    fn keep(&mut self, award: PastAward, awards: &mut PastAwards) {
        if !self.forgets_awards {
            awards.push(&mut self.last_award, award);
        }
    }
}

/// A sum would exceed the range of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitExceeded {
    /// What a subject was awarded.
    #[error("The total of credits or points would exceed 2,147,483,647, the largest that is supported.")]
    Awards,
    /// What a partner sold in a year.
    #[error("The sales of the year would exceed the largest amount that is supported.")]
    Sales,
}

/// The state before the next step of the log.
#[derive(Clone, Debug)]
pub struct Fold<'e> {
    editions: &'e Editions,
    partners: Vec<PartnerState>,
    professionals: Vec<ProfessionalState>,
    awards: PastAwards,
    /// Whether points of days matter, since some kind takes points.
    can_take: bool,
    /// Keeps the changes of units of a partner, where they are wanted.
    watched: Option<Watched>,
}

impl<'e> Fold<'e> {
    /// A fold without any steps.
    #[must_use]
    pub fn new(editions: &'e Editions) -> Self {
        Self {
            editions,
            partners: Vec::new(),
            professionals: Vec::new(),
            awards: PastAwards::default(),
            can_take: can_take(editions),
            watched: None,
        }
    }

    /// The editions that judge the next steps.
    pub(super) fn editions(&self) -> &'e Editions {
        self.editions
    }

    /// Judges the next steps by other editions, whose kinds have the same numbers.
    pub fn use_editions(&mut self, editions: &'e Editions) {
        self.editions = editions;
        self.can_take = can_take(editions);
    }

    /// Adds a partner; `credits` is the sum of level credits that it was awarded so far.
    ///
    /// # Panics
    /// With more than 2³² partners.
    pub fn add_partner(&mut self, credits: i64) -> PartnerIndex {
        let index = u32::try_from(self.partners.len()).expect("fewer than 2^32 partners");
        self.partners.push(PartnerState { credits, ..PartnerState::default() });
        PartnerIndex(index)
    }

    /// Adds a professional; `points` is the sum that the person was awarded so far.
    ///
    /// # Panics
    /// With more than 2³² professionals.
    pub fn add_professional(&mut self, signed_up_on: NaiveDate, points: i64) -> ProfessionalIndex {
        let index = u32::try_from(self.professionals.len()).expect("fewer than 2^32 professionals");
        self.professionals.push(ProfessionalState {
            signed_up_on,
            affiliations: Affiliations::default(),
            tallies: Tallies::default(),
            last_award: None,
            forgets_awards: false,
            points,
            days: DayPoints::default(),
        });
        ProfessionalIndex(index)
    }

    /// Loads the last day of a partner in the program.
    pub fn load_last_day(&mut self, who: PartnerIndex, left_on: Option<NaiveDate>) {
        self.partner(who).left_on = left_on;
    }

    /// Loads an affiliation that took effect before, without crediting anything.
    pub fn load_affiliation(&mut self, who: ProfessionalIndex, affiliation: Affiliation) {
        self.professional(who).affiliations.push(affiliation);
    }

    /// Loads a past award, so that a later affiliation can credit it.
    pub fn load_award(&mut self, who: ProfessionalIndex, award: PastAward) {
        self.professionals[who.0 as usize].keep(award, &mut self.awards);
    }

    /// Keeps no further award of a professional: no later step is about an affiliation of the person, or about the person.
    pub fn forget_awards(&mut self, who: ProfessionalIndex) {
        self.professional(who).forgets_awards = true;
    }

    /// Loads the points of a day, for activities that take points.
    pub fn load_day_points(&mut self, who: ProfessionalIndex, day: NaiveDate, points: i64) {
        self.professional(who).days.set(day, points);
    }

    /// Loads what an activity took.
    pub fn load_taken(&mut self, who: ProfessionalIndex, taken: TakenPoints) {
        self.professional(who).days.load(taken);
    }

    /// Whether units of a kind that are left over can count in its next window.
    #[must_use]
    pub fn carries(&self, kind: KindId) -> bool {
        carry::carries(self.editions, kind_of_tally(self.editions, (kind, NaiveDate::MIN)))
    }

    /// Loads a partner's tally.
    pub fn load_partner_tally(&mut self, who: PartnerIndex, key: TallyKey, tally: Tally) {
        self.partner(who).tallies.insert(key, tally);
    }

    /// Loads a professional's tally.
    pub fn load_professional_tally(&mut self, who: ProfessionalIndex, key: TallyKey, tally: Tally) {
        self.professional(who).tallies.insert(key, tally);
    }

    /// The current tally of a partner.
    #[must_use]
    pub fn partner_tally(&self, who: PartnerIndex, key: TallyKey) -> Option<Tally> {
        self.partners.get(who.0 as usize)?.tallies.get(key)
    }

    /// The current tally of a professional.
    #[must_use]
    pub fn professional_tally(&self, who: ProfessionalIndex, key: TallyKey) -> Option<Tally> {
        self.professionals.get(who.0 as usize)?.tallies.get(key)
    }

    /// Every tally of a partner, in no order.
    pub fn partner_tallies(&self, who: PartnerIndex) -> impl Iterator<Item = (TallyKey, Tally)> + '_ {
        let tallies = self.partners.get(who.0 as usize).map(|state| &state.tallies);
        tallies.into_iter().flat_map(Tallies::iter).copied()
    }

    /// Every tally of a professional, in no order.
    pub fn professional_tallies(
        &self,
        who: ProfessionalIndex,
    ) -> impl Iterator<Item = (TallyKey, Tally)> + '_ {
        let tallies = self.professionals.get(who.0 as usize).map(|state| &state.tallies);
        tallies.into_iter().flat_map(Tallies::iter).copied()
    }

    /// The tally that an activity of a professional counts in, if its rule keeps one.
    #[must_use]
    pub fn professional_key(
        &self,
        who: ProfessionalIndex,
        kind: KindId,
        date: NaiveDate,
    ) -> Option<TallyKey> {
        let rule = self.editions.at(date).rule_on(kind, date)?;
        let signed_up_on = self.professionals.get(who.0 as usize)?.signed_up_on;
        let start = professional_window(rule, signed_up_on, date);
        (rule.window != Window::Each).then(|| tally_key(self.editions, rule, start))
    }

    /// The tally that units of a partner count in, if the rule keeps one on that date.
    #[must_use]
    pub fn partner_key(&self, kind: KindId, date: NaiveDate) -> Option<TallyKey> {
        let rule = self.editions.at(date).rule_on(kind, date)?;
        let era = Era::of(self.editions, date)?;
        let start = partner_window(rule, era, date);
        (rule.window != Window::Each).then(|| tally_key(self.editions, rule, start))
    }

    /// The partner that a professional works for on a day.
    #[must_use]
    pub fn partner_on(&self, who: ProfessionalIndex, day: NaiveDate) -> Option<PartnerIndex> {
        self.professionals.get(who.0 as usize)?.affiliations.on(day).map(|found| found.partner)
    }

    /// Applies one step: changes the state and appends the awards to `out`.
    ///
    /// # Errors
    /// When sums would leave the range of the API; then nothing has changed.
    pub fn apply(&mut self, step: &Step, out: &mut Awards) -> Result<(), LimitExceeded> {
        match *step {
            Step::Recorded(fact) => {
                self.check_limit(&fact)?;
                self.activity(&fact, 1, out);
            }
            Step::Voided(fact) => {
                // What took points gives them back.
                if fact.units < 0 {
                    self.check_limit(&Fact { units: -fact.units, ..fact })?;
                }
                self.activity(&fact, -1, out);
            }
            Step::Affiliated(who, affiliation) => {
                self.check_limit_for_past(who, affiliation)?;
                self.affiliate(who, affiliation, out);
            }
            Step::AffiliationEnded(who, starts_on, ends_on) => {
                self.check_limit_for_taken(who, starts_on)?;
                self.end_affiliation(who, starts_on, ends_on, out);
            }
            Step::PartnerLeft(who, left_on) => self.partner(who).left_on = left_on,
            Step::AffiliationCorrected(who, starts_on, affiliation) => {
                self.check_limit_for_past(who, affiliation)?;
                self.check_limit_for_taken(who, starts_on)?;
                self.replace_affiliation(who, starts_on, Some(affiliation), out);
            }
            Step::AffiliationVoided(who, starts_on) => {
                self.check_limit_for_taken(who, starts_on)?;
                self.replace_affiliation(who, starts_on, None, out);
            }
            Step::Redeemed(spent) => out.credits.push(redeemed(&spent, -1)),
            Step::Returned(spent) => out.credits.push(redeemed(&spent, 1)),
            Step::Held(held) => {
                out.credits.push(CreditsAward { reason: Reason::Hold, ..redeemed(&held, -1) });
            }
            Step::HoldReleased(held) => {
                out.credits.push(CreditsAward { reason: Reason::HoldReleased, ..redeemed(&held, 1) });
            }
            Step::Sold(sale) => self.sold(&sale, out)?,
            Step::OrderReturned(back) => self.order_returned(&back, out)?,
            Step::TargetSet(target) => self.target_set(&target, out)?,
            Step::DealWon(won) => self.deal_won(&won, out)?,
            Step::DealsCorrected(correction) => self.deals_corrected(&correction, out)?,
            Step::SwagOrdered(spent) => out.points.push(swag(&spent, -1)),
            Step::SwagReturned(spent) => out.points.push(swag(&spent, 1)),
        }
        Ok(())
    }

    fn partner(&mut self, who: PartnerIndex) -> &mut PartnerState {
        &mut self.partners[who.0 as usize]
    }

    fn professional(&mut self, who: ProfessionalIndex) -> &mut ProfessionalState {
        &mut self.professionals[who.0 as usize]
    }

    fn check_limit(&self, fact: &Fact) -> Result<(), LimitExceeded> {
        let date = fact.occurred_on;
        let edition = self.editions.at(date);
        let rule = edition.rule_on(fact.kind, date);
        let also = rule.and_then(|rule| edition.rule_on(rule.counts_as?, date));
        let (partner, mut credits) = match fact.subject {
            Subject::Partner(who) => {
                (Some(who), rule.map_or(0, |rule| self.most(who, rule, fact.units, date)))
            }
            Subject::Professional(who) => {
                let total = self.professionals[who.0 as usize].points.saturating_add(fact.units);
                // Each point may have come with as many Dojo Credits as any edition adds.
                let most =
                    self.editions.iter().map(|edition| edition.dojo_credits_per_point).max().unwrap_or(1);
                if total.saturating_mul(most.max(1)) > SUM_MAX {
                    return Err(LimitExceeded::Awards);
                }
                let partner = self.partner_on(who, date);
                let derived = partner.and_then(|partner| {
                    edition.points_rule_on(date).map(|rule| self.most(partner, rule, fact.units, date))
                });
                (partner, derived.unwrap_or(0))
            }
        };
        if let Some((who, also)) = partner.zip(also) {
            credits = credits.saturating_add(self.most(who, also, fact.quantity, date));
        }
        let held = partner.map_or(0, |who| self.partners[who.0 as usize].credits);
        if held.saturating_add(credits) > SUM_MAX { Err(LimitExceeded::Awards) } else { Ok(()) }
    }

    /// The most that units can award: one more block may be completed by what the window held before, and by what it
    /// carries on in each later one.
    fn most(&self, who: PartnerIndex, rule: &Rule, units: i64, date: NaiveDate) -> i64 {
        let blocks = 1 + self.later_windows(who, rule, date);
        rule.earned(units).saturating_add(rule.credits.saturating_mul(blocks))
    }

    fn activity(&mut self, fact: &Fact, sign: i64, out: &mut Awards) {
        let edition_index = self.editions.index_at(fact.occurred_on);
        let Some(edition) = self.editions.get(edition_index) else { return };
        let Some(rule) = edition.rule_on(fact.kind, fact.occurred_on) else { return };
        match fact.subject {
            Subject::Partner(who) => {
                let reason = if sign < 0 { Reason::Void } else { Reason::Activity };
                let cause = Cause { object: fact.activity, date: fact.occurred_on, reason };
                self.credit(who, rule, edition_index, sign * fact.units, cause, out);
                if let Some(also) = rule.counts_as.and_then(|kind| edition.rule_on(kind, fact.occurred_on)) {
                    self.credit(who, also, edition_index, sign * fact.quantity, cause, out);
                }
            }
            Subject::Professional(who) => self.award_points(who, rule, edition_index, fact, sign, out),
        }
    }

    /// Counts a professional's award for the partner of its day (A1).
    fn credit_award(
        &mut self,
        partner: PartnerIndex,
        points: i64,
        also: Option<(KindId, i64)>,
        cause: Cause,
        out: &mut Awards,
    ) {
        let edition_index = self.editions.index_at(cause.date);
        let edition = self.edition(edition_index);
        if let Some(rule) = edition.points_rule_on(cause.date).filter(|_| points != 0) {
            self.credit(partner, rule, edition_index, points, cause, out);
        }
        if let Some((rule, units)) =
            also.and_then(|(kind, units)| Some((edition.rule_on(kind, cause.date)?, units)))
        {
            self.credit(partner, rule, edition_index, units, cause, out);
        }
    }

    fn credit(
        &mut self,
        who: PartnerIndex,
        rule: &'e Rule,
        edition: usize,
        units: i64,
        cause: Cause,
        out: &mut Awards,
    ) {
        let (Some(era), Some(track)) = (Era::of(self.editions, cause.date), rule.track) else { return };
        let window_start = partner_window(rule, era, cause.date);
        if let Some(watched) = self.watched.as_mut().filter(|one| one.partner == who) {
            let (on, object) = (cause.date, cause.object);
            let change = Change { seq: watched.seq, units, on, object, edition };
            let key = tally_key(self.editions, rule, window_start);
            watched.changes.entry(key).or_default().push(change);
        }
        if rule.rest == Rest::Carry {
            return self.credit_carried(who, (rule, edition), (era, window_start), units, cause, out);
        }
        let state = &mut self.partners[who.0 as usize];
        let (earned, changed) =
            earn(self.editions, rule, &mut state.tallies, window_start, units, cause.date);
        out.partner_tallies.extend(changed.map(|key| (who, key)));
        if earned.is_nothing() {
            return;
        }
        state.credits += earned.award;
        let legacy = era.is_legacy();
        out.credits.push(CreditsAward {
            partner: who,
            object: cause.object,
            track: Some(track),
            effective_on: earned.effective_on,
            level_credits: earned.award,
            spendable_credits: if legacy { 0 } else { earned.award },
            reason: if legacy && cause.reason == Reason::Activity { Reason::Legacy } else { cause.reason },
            count: Some(earned.count(rule, edition, window_start)),
        });
    }

    fn edition(&self, index: usize) -> &'e Edition {
        self.editions.get(index).expect("an index that the editions gave")
    }
}

/// Why units of a partner change.
#[derive(Clone, Copy)]
struct Cause {
    object: ObjectIndex,
    date: NaiveDate,
    reason: Reason,
}

/// A redemption of credits, or its return; levels don't change.
fn redeemed(spent: &Redemption<PartnerIndex>, sign: i64) -> CreditsAward {
    CreditsAward {
        partner: spent.subject,
        object: spent.order,
        track: None,
        effective_on: spent.on,
        level_credits: 0,
        spendable_credits: sign * spent.credits,
        reason: if sign < 0 { Reason::Redemption } else { Reason::RedemptionReturned },
        count: None,
    }
}

/// A redemption of Dojo Credits, or its return; points don't change (S5).
fn swag(spent: &Redemption<ProfessionalIndex>, sign: i64) -> PointsAward {
    PointsAward {
        professional: spent.subject,
        object: spent.order,
        effective_on: spent.on,
        points: 0,
        dojo_credits: sign * spent.credits,
        reason: if sign < 0 { Reason::Redemption } else { Reason::RedemptionReturned },
        count: None,
    }
}
