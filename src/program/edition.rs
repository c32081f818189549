//! Editions: the whole policy of both programs as data (section "Editions" of the rules).
//!
//! An edition is one TOML document, parsed once into these types. It is in force from the first
//! day of a month until the next edition's first day; the first edition also judges every date
//! before it.

mod alike;
mod changes;
pub(super) mod document;
pub mod example;
mod kinds;
mod known;
mod literal;
mod notices;

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use iso_currency::Currency;
use rust_decimal::Decimal;

use super::credit_life::{CreditKind, Expiry};
use super::customer::CustomerTerms;
use super::deal::DealTerms;
use super::level::Levels;
use super::level_terms::LevelTerms;
use super::money::Money;
use super::rule::{Derived, KindId, Program, Rule, Window};
pub use changes::Change;
use example::Example;
pub(crate) use kinds::Kinds;
pub use notices::Notices;

/// The document of the published texts, built into the program.
pub const BUILT_IN: &str = include_str!("../../editions/2024-05-01.toml");

/// Why a document is not an edition: what is wrong, and on which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct EditionError {
    /// Line of the document, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// What is wrong there and what would be right.
    pub message: String,
}

impl EditionError {
    /// A problem of a line as a whole.
    pub(super) fn on_line(line: usize, message: impl Into<String>) -> Self {
        Self { line, column: 1, message: message.into() }
    }
}

/// The days before launch that count for a first level only (PP, Legacy).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Legacy {
    /// First day of the window.
    pub from: NaiveDate,
    /// Last day of the window: the day before launch.
    pub until: NaiveDate,
    /// Last day of the level that the window sets.
    pub level_valid_until: NaiveDate,
}

/// What a cap on redeemed credits is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapBase {
    /// The amount after base discount.
    Net,
    /// The list amount.
    List,
}

/// A category of products (PP, Rewards).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProductCategory {
    /// Software licences.
    License,
    /// Usage-based services, paid in `DataMiner` credits.
    UsageBasedService,
    /// Support services.
    SupportService,
    /// Training.
    Training,
    /// Certification.
    Certification,
}

impl ProductCategory {
    /// All categories, in the order of the published text.
    pub const ALL: [Self; 5] =
        [Self::License, Self::UsageBasedService, Self::SupportService, Self::Training, Self::Certification];
}

/// What an order is for (PP, Rewards).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderPurpose {
    /// Sold to an end customer.
    EndCustomer,
    /// Used by the partner itself.
    SelfUse,
}

/// How much of an order's value credits can pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedemptionCap {
    /// Orders that it is about.
    pub purpose: OrderPurpose,
    /// Lines that it is about.
    pub categories: Vec<ProductCategory>,
    /// Share of the cap base, 0 to 100 with up to four decimals.
    pub percent: Decimal,
}

/// The base discount of a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// Code of the partner level.
    pub level: String,
    /// Categories that it applies to.
    pub categories: Vec<ProductCategory>,
    /// Share of the list price, 0 to 100 with up to four decimals.
    pub percent: Decimal,
}

/// What credits are worth and how far they go (PP, Rewards).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewards {
    /// What caps are a share of.
    pub cap_base: CapBase,
    /// Value of one credit, one per currency.
    pub credit_values: Vec<Money>,
    /// Caps; what is not listed is 0.
    pub caps: Vec<RedemptionCap>,
    /// Base discounts; what is not listed is 0.
    pub discounts: Vec<Discount>,
}

impl Rewards {
    /// Base discount of a level on a category in percent, 0 where none is listed (PP, Rewards).
    #[must_use]
    pub fn base_discount(&self, level: &str, category: ProductCategory) -> Decimal {
        self.discounts
            .iter()
            .find(|discount| discount.level == level && discount.categories.contains(&category))
            .map_or(Decimal::ZERO, |discount| discount.percent)
    }

    /// Share of a line's cap base that credits can pay, in percent, 0 where none is listed (PP,
    /// Rewards, note).
    #[must_use]
    pub fn redemption_cap(&self, purpose: OrderPurpose, category: ProductCategory) -> Decimal {
        self.caps
            .iter()
            .find(|cap| cap.purpose == purpose && cap.categories.contains(&category))
            .map_or(Decimal::ZERO, |cap| cap.percent)
    }

    /// Value of one credit in a currency, above zero; none where no credits can be redeemed (O4).
    #[must_use]
    pub fn credit_value(&self, currency: Currency) -> Option<Money> {
        self.credit_values.iter().copied().find(|value| value.currency == currency && value.minor > 0)
    }
}

/// One dated version of the whole policy.
#[derive(Clone, Debug)]
pub struct Edition {
    /// First day in force: the first of a month.
    pub effective_from: NaiveDate,
    /// Display name.
    pub name: String,
    /// The document as published.
    pub document: String,
    /// Days before launch that count for a first level.
    pub legacy: Option<Legacy>,
    /// Levels of the partner program; the first one has threshold 0.
    pub partner_levels: Levels,
    /// Levels of the professional program.
    pub professional_levels: Levels,
    /// How long levels of the partner program hold.
    pub partner_terms: LevelTerms,
    /// How long levels of the professional program hold.
    pub professional_terms: LevelTerms,
    /// Days before an end on which a notice says so.
    pub notices: Notices,
    /// Dojo Credits for each point awarded (S5).
    pub dojo_credits_per_point: i64,
    /// How long credits that are earned on its days can be spent.
    pub credit_expiry: Expiry,
    /// The same for Dojo Credits.
    pub dojo_credit_expiry: Expiry,
    /// What credits are worth.
    pub rewards: Rewards,
    /// Timers and proofs of registered deals (R3, R4).
    pub deals: DealTerms,
    /// How names of customers are compared (R10).
    pub customers: CustomerTerms,
    /// Earning rules of both programs, in the document's order.
    pub rules: Vec<Rule>,
    /// Worked examples.
    pub examples: Vec<Example>,
    by_kind: Vec<Option<usize>>,
    points_rule: Option<usize>,
    /// Lines of the last days of the legacy window and of its level.
    legacy_lines: (usize, usize),
}

impl Edition {
    /// The rule of a derived kind, if this edition has one.
    #[must_use]
    pub fn derived_rule(&self, from: Derived) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.derived == Some(from))
    }

    /// The rule that scores a kind, if this edition has one.
    #[must_use]
    pub fn rule(&self, kind: KindId) -> Option<&Rule> {
        let index = (*self.by_kind.get(usize::from(kind.0))?)?;
        self.rules.get(index)
    }

    /// The rule that scores a kind on a day, if this edition has one and the kind exists then.
    #[must_use]
    pub fn rule_on(&self, kind: KindId, date: NaiveDate) -> Option<&Rule> {
        self.rule(kind).filter(|rule| rule.covers(date))
    }

    /// The rule of a derived kind on a day, if this edition has one and the kind exists then.
    #[must_use]
    pub fn derived_rule_on(&self, from: Derived, date: NaiveDate) -> Option<&Rule> {
        self.derived_rule(from).filter(|rule| rule.covers(date))
    }

    /// The rule by which professionals' points of a day earn their partner credits (A1).
    #[must_use]
    pub fn points_rule_on(&self, date: NaiveDate) -> Option<&Rule> {
        self.points_rule().filter(|rule| rule.covers(date))
    }

    /// The rule by which professionals' points earn their partner credits (A1).
    #[must_use]
    pub fn points_rule(&self) -> Option<&Rule> {
        self.rules.get(self.points_rule?)
    }

    /// How long credits of a kind that are earned on its days can be spent.
    #[must_use]
    pub fn expiry(&self, kind: CreditKind) -> Expiry {
        match kind {
            CreditKind::Credits => self.credit_expiry,
            CreditKind::DojoCredits => self.dojo_credit_expiry,
        }
    }

    /// The legacy window is the time right before the first edition.
    fn check_launch(&self) -> Result<(), EditionError> {
        let Some(legacy) = self.legacy else { return Ok(()) };
        let launch = self.effective_from;
        if legacy.until.succ_opt() != Some(launch) {
            let message = format!("the window ends on the day before {launch}");
            return Err(EditionError::on_line(self.legacy_lines.0, message));
        }
        if legacy.level_valid_until < launch {
            let message = format!("the level is valid from {launch}");
            return Err(EditionError::on_line(self.legacy_lines.1, message));
        }
        Ok(())
    }

    /// A later edition has no legacy window, or repeats that of the first one.
    fn check_legacy(&self, first: &Self) -> Result<(), EditionError> {
        if self.legacy.is_none() || self.legacy == first.legacy {
            return Ok(());
        }
        let message = "`[legacy]` is the time before the first edition: leave it out, or repeat that of the first edition";
        Err(EditionError::on_line(self.legacy_lines.0, message))
    }

    fn index_rules(&mut self, kinds: usize) {
        self.by_kind = vec![None; kinds];
        for (index, rule) in self.rules.iter().enumerate() {
            self.by_kind[usize::from(rule.id.0)] = Some(index);
        }
        self.points_rule =
            self.rules.iter().position(|rule| rule.derived == Some(Derived::ProfessionalPoints));
    }
}

/// Every edition in force, and which one judges a date.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "editions are what it has")]
pub struct Editions {
    pub(super) editions: Vec<Edition>,
    pub(super) kinds: Kinds,
    /// Editions that judge nothing: a recalculation replaced them, or their own was reverted. Entries refer to them.
    former: Vec<Edition>,
}

impl Editions {
    /// Parses the documents of all editions, in any order.
    ///
    /// # Errors
    /// The line and what is wrong there, when a document is not an edition; also when there is no
    /// document, or two come into force on the same day.
    pub fn parse<'a>(documents: impl IntoIterator<Item = &'a str>) -> Result<Self, EditionError> {
        Self::parse_with(Kinds::default(), documents)
    }

    fn parse_with<'a>(
        mut kinds: Kinds,
        documents: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, EditionError> {
        let mut by_date = BTreeMap::new();
        for text in documents {
            let edition = document::parse(text, &mut kinds)?;
            let from = edition.effective_from;
            if by_date.insert(from, edition).is_some() {
                let message = format!("another edition comes into force on {from} already");
                return Err(EditionError::on_line(1, message));
            }
        }
        Self::assemble(by_date.into_values().collect(), kinds)
    }

    /// Editions in the order of their first days.
    pub(super) fn assemble(mut editions: Vec<Edition>, kinds: Kinds) -> Result<Self, EditionError> {
        let Some((first, others)) = editions.split_first() else {
            return Err(EditionError::on_line(1, "there is no edition at all"));
        };
        first.check_launch()?;
        others.iter().try_for_each(|edition| edition.check_legacy(first))?;
        for edition in &mut editions {
            edition.index_rules(kinds.len());
        }
        Ok(Self { editions, kinds, former: Vec::new() })
    }

    /// The edition of the published texts alone.
    ///
    /// # Panics
    /// Never: a test parses the document that is built in.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse([BUILT_IN]).expect("the built-in edition parses")
    }

    /// Place of the edition that judges `date`.
    #[must_use]
    pub fn index_at(&self, date: NaiveDate) -> usize {
        self.editions.iter().rposition(|edition| edition.effective_from <= date).unwrap_or(0)
    }

    /// The edition that judges `date`: the one in force, or the first for earlier dates.
    #[must_use]
    pub fn at(&self, date: NaiveDate) -> &Edition {
        &self.editions[self.index_at(date)]
    }

    /// The editions that are in force from a day through another one, which is not before it; the oldest first.
    #[must_use]
    pub fn in_force(&self, from: NaiveDate, through: NaiveDate) -> &[Edition] {
        &self.editions[self.index_at(from)..=self.index_at(through.max(from))]
    }

    /// The rule that judges a kind on a date, if the edition of that date has one.
    #[must_use]
    pub fn rule(&self, program: Program, code: &str, date: NaiveDate) -> Option<&Rule> {
        self.at(date).rule_on(self.kind(program, code)?, date)
    }

    /// The days nearest to a date on which a kind exists, where it does not exist on the date itself: the last day before
    /// it, and the first day after it.
    #[must_use]
    pub fn days_around(&self, kind: KindId, date: NaiveDate) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let spans = self.editions.iter().enumerate().filter_map(|(index, edition)| {
            let rule = edition.rule(kind)?;
            let begins = if index == 0 { NaiveDate::MIN } else { edition.effective_from };
            let next = self.editions.get(index + 1).and_then(|next| next.effective_from.pred_opt());
            let from = rule.from.map_or(begins, |from| from.max(begins));
            let until = rule.until.into_iter().chain(next).min();
            until.is_none_or(|until| from <= until).then_some((from, until))
        });
        let spans: Vec<(NaiveDate, Option<NaiveDate>)> = spans.collect();
        let before = spans.iter().filter_map(|(_, until)| until.filter(|until| *until < date)).max();
        (before, spans.iter().map(|(from, _)| *from).filter(|from| *from > date).min())
    }

    /// The first calendar year whose level can still hold on a day: the last one by the published terms.
    #[must_use]
    pub fn first_level_year(&self, day: NaiveDate) -> i32 {
        let last = day.year() - 1;
        if self.editions.iter().any(|edition| edition.partner_terms.looks_back()) {
            self.launch().year().min(last)
        } else {
            last
        }
    }

    /// Whether points of membership years before the last one matter for a level.
    #[must_use]
    pub fn looks_back_for_professionals(&self) -> bool {
        self.editions.iter().any(|edition| edition.professional_terms.looks_back())
    }

    /// Whether credits of a kind expire by any edition, or did by one that is in force no longer.
    #[must_use]
    pub fn expire(&self, kind: CreditKind) -> bool {
        self.editions.iter().chain(&self.former).any(|edition| edition.expiry(kind) != Expiry::Never)
    }

    /// The first day on which what was earned on a day can no longer be spent, by the edition of that day: a later one
    /// takes nothing from what was promised. None if it never expires.
    #[must_use]
    pub fn expires_on(&self, kind: CreditKind, earned_on: NaiveDate) -> Option<NaiveDate> {
        self.at(earned_on).expiry(kind).expires_on(earned_on)
    }

    /// The kind and the sort of windows that a number of tallies stands for, if it is not the one of a kind.
    pub(super) fn windows_of(&self, tallies: KindId) -> Option<(KindId, Window)> {
        self.kinds.windows.get(&tallies).copied()
    }

    /// The numbers that the tallies of a kind can have.
    pub fn tally_kinds(&self, kind: KindId) -> impl Iterator<Item = KindId> + '_ {
        let others = self.kinds.windows.iter().filter(move |(_, (of, _))| *of == kind);
        std::iter::once(kind).chain(others.map(|(id, _)| *id))
    }

    /// The edition at a place: those in force first, by their first days, then the others.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Edition> {
        self.editions.get(index).or_else(|| self.former.get(index.checked_sub(self.editions.len())?))
    }

    /// All editions in force on some day, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Edition> {
        self.editions.iter()
    }

    /// The names of all attributes that some kind of some edition accepts, without repeats.
    #[must_use]
    pub fn attribute_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let rules = || self.editions.iter().flat_map(|edition| &edition.rules);
        // Those of single kinds first, since every rule ends with the common ones.
        for is_common in [false, true] {
            let attributes = rules().flat_map(|rule| &rule.attributes);
            for attribute in attributes.filter(|attribute| attribute.is_common == is_common) {
                if !names.contains(&attribute.name.as_str()) {
                    names.push(&attribute.name);
                }
            }
        }
        names
    }

    /// The number of a kind that some edition has.
    #[must_use]
    pub fn kind(&self, program: Program, code: &str) -> Option<KindId> {
        self.kinds.get(program, code)
    }

    /// The code of a kind.
    #[must_use]
    pub fn kind_code(&self, kind: KindId) -> &str {
        self.kinds.codes.get(usize::from(kind.0)).map_or("", String::as_str)
    }

    /// First day of the partner program: nothing can be spent that was earned before (PP, Legacy).
    #[must_use]
    pub fn launch(&self) -> NaiveDate {
        self.editions[0].effective_from
    }

    /// The legacy window, if the first edition has one.
    #[must_use]
    pub fn legacy(&self) -> Option<Legacy> {
        self.editions[0].legacy
    }
}

#[cfg(test)]
mod tests;
