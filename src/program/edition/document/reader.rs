//! The checks that turn a document into types; each refusal names the line.

use std::ops::Range;

use rust_decimal::Decimal;
use toml::Spanned;

use super::{
    Document, RawCustomers, RawDeals, RawLegacy, RawLevel, RawPartnerRule, RawProfessionalRule, RawRewards,
};
use crate::program::customer::CustomerTerms;
use crate::program::deal::{DealTerms, Reading};
use crate::program::edition::{
    Discount, EditionError, Kinds, Legacy, ProductCategory, RedemptionCap, Rewards,
};
use crate::program::level::{Level, Levels};
use crate::program::money::{Money, percent_parts};
use crate::program::nearest::nearest;
use crate::program::rule::{
    Attribute, AttributeType, Derived, EVIDENCE, EarlyBonus, Program, Rest, Review, Rule, Window,
};
use crate::program::wording::{did_you_mean, shown};

/// Largest quantity of one activity where a rule does not say.
const QUANTITY_MAX: i64 = 1_000;

/// Largest number that an edition may hold: products of three stay far inside 64 bits.
pub(super) const NUMBER_MAX: i64 = 1_000_000;

/// Tells where in the document something is wrong.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
}

impl Reader<'_> {
    pub(super) fn refuse<T>(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Result<T, EditionError> {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let column = 1 + before.chars().rev().take_while(|c| *c != '\n').count();
        Err(EditionError { line: self.line(span), column, message: message.into() })
    }

    /// The line on which a part of the document begins.
    pub(super) fn line(&self, span: Range<usize>) -> usize {
        1 + self.text.get(..span.start).unwrap_or(self.text).matches('\n').count()
    }

    pub(super) fn number(
        &self,
        name: &str,
        value: &Spanned<i64>,
        least: i64,
        most: i64,
    ) -> Result<i64, EditionError> {
        let figure = *value.get_ref();
        if figure < least {
            return self.refuse(value.span(), format!("`{name}` must be {least} or more, not {figure}"));
        }
        if figure > most {
            return self.refuse(value.span(), format!("`{name}` must be {most} or less, not {figure}"));
        }
        Ok(figure)
    }

    fn percent(&self, value: &Spanned<Decimal>) -> Result<Decimal, EditionError> {
        let percent = *value.get_ref();
        if percent_parts(percent).is_none() {
            let message = format!("a percentage is 0 to 100 with up to four decimals, not {percent}");
            return self.refuse(value.span(), message);
        }
        Ok(percent)
    }

    fn code(&self, value: &Spanned<String>) -> Result<String, EditionError> {
        let code = value.get_ref();
        let shape = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if code.is_empty() || code.len() > 64 || !code.chars().all(shape) {
            return self.refuse(
                value.span(),
                format!("`{code}` is not a code: use capital letters, digits and _ only"),
            );
        }
        Ok(code.clone())
    }

    pub(super) fn levels(&self, raw: &[RawLevel]) -> Result<Levels, EditionError> {
        let mut levels: Vec<Level> = Vec::with_capacity(raw.len());
        for (rank, level) in raw.iter().enumerate() {
            let threshold = self.number("threshold", &level.threshold, 0, i64::from(i32::MAX))?;
            if let Some(below) = levels.last().filter(|below| below.threshold >= threshold) {
                let message =
                    format!("the threshold must be above that of {}, {}", below.code, below.threshold);
                return self.refuse(level.threshold.span(), message);
            }
            let code = self.code(&level.code)?;
            if levels.iter().any(|other| other.code == code) {
                return self.refuse(level.code.span(), format!("level {code} stands twice"));
            }
            let (name, medal) = (level.name.clone(), level.medal.clone());
            levels.push(Level { code, name, medal, rank, threshold });
        }
        Ok(Levels::new(levels))
    }

    fn partner_rule(
        &self,
        raw: &RawPartnerRule,
        partner: &[RawPartnerRule],
        common: &[Attribute],
        claimable: Option<&[String]>,
        kinds: &mut Kinds,
    ) -> Result<Rule, EditionError> {
        let kind = self.code(&raw.kind)?;
        let window = Window::from(*raw.window.get_ref());
        if window == Window::MembershipYear {
            return self.refuse(raw.window.span(), "only professionals have a membership year");
        }
        if raw.claimable == Some(true) && raw.derived_from.is_some() {
            return self.refuse(raw.kind.span(), format!("{kind} is derived: nobody claims it"));
        }
        self.check_derived(raw)?;
        let mut attributes = self.attributes(&raw.attribute, common)?;
        let (credits, unit_source) = self.credits(raw, &mut attributes)?;
        let (from, until) = self.days(raw.from.as_ref(), raw.until.as_ref())?;
        let rest = self.rest(raw, window)?;
        let counts_as = self.counts_as(raw.counts_as.as_ref(), Some(kind.as_str()), partner, kinds)?;
        Ok(Rule {
            divided_by: self.divided_by(raw.divided_by.as_ref(), &attributes)?,
            unit: raw.unit.map(Into::into),
            from,
            until,
            rest,
            claimable: raw.claimable.unwrap_or_else(|| claimable.is_some_and(|kinds| kinds.contains(&kind))),
            evidence_days: self.evidence_days(raw.evidence_days.as_ref(), &attributes)?,
            id: kinds.intern(Program::Partner, &kind),
            tallies: kinds.intern_windows(Program::Partner, &kind, window),
            kind,
            title: raw.title.clone(),
            program: Program::Partner,
            track: Some(raw.track.into()),
            unit_source,
            credits,
            per: self.number("per", &raw.per, 1, NUMBER_MAX)?,
            window,
            cap: self.cap(raw.cap.as_ref())?,
            max_quantity: self.max_quantity(raw.max_quantity.as_ref())?,
            derived: raw.derived_from.map(Derived::from),
            review: Review::None,
            early_bonus: None,
            attributes,
            counts_as,
            source: raw.source.clone(),
        })
    }

    fn professional_rule(
        &self,
        raw: &RawProfessionalRule,
        partner: &[RawPartnerRule],
        common: &[Attribute],
        kinds: &mut Kinds,
    ) -> Result<Rule, EditionError> {
        let kind = self.code(&raw.kind)?;
        let window = Window::from(*raw.window.get_ref());
        let mut attributes = self.attributes(&raw.attribute, common)?;
        let unit_source = self.points(&raw.points, window, &mut attributes)?;
        let divided_by = self.divided_by(raw.divided_by.as_ref(), &attributes)?;
        let early_bonus = match &raw.early_bonus {
            None => None,
            Some(bonus) => {
                let attribute = bonus.attribute.get_ref().clone();
                let is_date = |a: &Attribute| a.name == attribute && a.value_type == AttributeType::Date;
                if !attributes.iter().any(is_date) {
                    return self
                        .refuse(bonus.attribute.span(), "the bonus needs a date attribute of this name");
                }
                Some(EarlyBonus {
                    units: self.number("points", &bonus.points, 1, NUMBER_MAX)?,
                    attribute,
                    within_days: self.number("within_days", &bonus.within_days, 0, 3_660)?,
                })
            }
        };
        let counts_as = self.counts_as(raw.counts_as.as_ref(), None, partner, kinds)?;
        let (from, until) = self.days(raw.from.as_ref(), raw.until.as_ref())?;
        let rule = Rule {
            claimable: true,
            evidence_days: self.evidence_days(raw.evidence_days.as_ref(), &attributes)?,
            id: kinds.intern(Program::Professional, &kind),
            tallies: kinds.intern_windows(Program::Professional, &kind, window),
            kind,
            title: raw.title.clone(),
            program: Program::Professional,
            track: None,
            unit_source,
            credits: 1,
            per: 1,
            window,
            cap: self.cap(raw.cap.as_ref())?,
            max_quantity: self.max_quantity(raw.max_quantity.as_ref())?,
            unit: raw.unit.map(Into::into),
            divided_by,
            from,
            until,
            rest: Rest::Drop,
            derived: None,
            review: raw.review.into(),
            early_bonus,
            attributes,
            counts_as,
            source: raw.source.clone(),
        };
        self.check_bonus(&rule, raw.points.span())?;
        Ok(rule)
    }

    /// Days within which a claim needs evidence, for kinds that accept it and do not require it at once.
    fn evidence_days(
        &self,
        raw: Option<&Spanned<i64>>,
        attributes: &[Attribute],
    ) -> Result<Option<u64>, EditionError> {
        let Some(days) = raw else { return Ok(None) };
        if !attributes.iter().any(|attribute| attribute.name == EVIDENCE && attribute.optional) {
            let message = format!("`evidence_days` goes with an optional attribute {EVIDENCE}");
            return self.refuse(days.span(), message);
        }
        Ok(u64::try_from(self.number("evidence_days", days, 1, 366)?).ok())
    }

    fn cap(&self, raw: Option<&Spanned<i64>>) -> Result<Option<i64>, EditionError> {
        raw.map(|cap| self.number("cap", cap, 1, NUMBER_MAX)).transpose()
    }

    fn max_quantity(&self, raw: Option<&Spanned<i64>>) -> Result<i64, EditionError> {
        raw.map_or(Ok(QUANTITY_MAX), |most| self.number("max_quantity", most, 1, NUMBER_MAX))
    }

    pub(super) fn rules(
        &self,
        document: &Document,
        common: &[Attribute],
        claimable: Option<&[String]>,
        kinds: &mut Kinds,
    ) -> Result<Vec<Rule>, EditionError> {
        let mut rules: Vec<Rule> = Vec::new();
        for raw in &document.partner.rule {
            let rule = self.partner_rule(raw, &document.partner.rule, common, claimable, kinds)?;
            self.add_rule(&mut rules, rule, &raw.kind)?;
        }
        for raw in &document.professional.rule {
            let rule = self.professional_rule(raw, &document.partner.rule, common, kinds)?;
            self.add_rule(&mut rules, rule, &raw.kind)?;
        }
        Ok(rules)
    }

    fn add_rule(&self, rules: &mut Vec<Rule>, rule: Rule, at: &Spanned<String>) -> Result<(), EditionError> {
        if rules.iter().any(|other| other.id == rule.id) {
            return self.refuse(at.span(), format!("kind {} stands twice", rule.kind));
        }
        let twice = |other: &&Rule| rule.derived.is_some() && other.derived == rule.derived;
        if let Some(other) = rules.iter().find(twice) {
            return self.refuse(at.span(), format!("{} is derived from the same", other.kind));
        }
        rules.push(rule);
        Ok(())
    }

    /// The window as such; how it lies to the first edition is seen when all editions are there.
    pub(super) fn legacy(&self, raw: &RawLegacy) -> Result<Legacy, EditionError> {
        let (from, until) = (raw.from.get_ref().0, raw.until.get_ref().0);
        let level_valid_until = raw.level_valid_until.get_ref().0;
        if from > until {
            return self.refuse(raw.from.span(), format!("the window begins on or before {until}"));
        }
        if level_valid_until <= until {
            return self.refuse(raw.level_valid_until.span(), format!("the level is valid beyond {until}"));
        }
        Ok(Legacy { from, until, level_valid_until })
    }

    pub(super) fn deals(&self, raw: &RawDeals) -> Result<DealTerms, EditionError> {
        let span = |name, value: &Spanned<i64>, least, most| {
            Ok(u32::try_from(self.number(name, value, least, most)?).unwrap_or(u32::MAX))
        };
        Ok(DealTerms {
            lead_days: span("lead_days", &raw.lead_days, 1, 3_660)?.into(),
            lead_extension_days: span("lead_extension_days", &raw.lead_extension_days, 0, 3_660)?.into(),
            engaged_days: span("engaged_days", &raw.engaged_days, 1, 3_660)?.into(),
            opportunity_months: span("opportunity_months", &raw.opportunity_months, 1, 120)?,
            activity_months: span("activity_months", &raw.activity_months, 1, 120)?,
            proofs: raw.proofs.iter().map(|&report| report.into()).collect(),
            wins_need_approval: raw.wins_need_approval,
            reading: Reading::Current,
        })
    }

    pub(super) fn customers(&self, raw: &RawCustomers) -> Result<CustomerTerms, EditionError> {
        let forms = raw.legal_forms.get_ref();
        if let Some(nothing) = forms.iter().find(|form| !form.chars().any(char::is_alphanumeric)) {
            let message = format!("a legal form has a letter or digit; got {nothing:?}");
            return self.refuse(raw.legal_forms.span(), message);
        }
        Ok(CustomerTerms::new(forms.iter().map(String::as_str)))
    }

    pub(super) fn rewards(&self, raw: &RawRewards, levels: &Levels) -> Result<Rewards, EditionError> {
        let mut credit_values = Vec::new();
        for (code, amount) in &raw.credit_values {
            let currency = match Money::currency(code.get_ref()) {
                Ok(currency) => currency,
                Err(message) => return self.refuse(code.span(), message),
            };
            match Money::parse(*amount.get_ref(), currency) {
                Ok(money) if money.minor > 0 => credit_values.push(money),
                Ok(_) => return self.refuse(amount.span(), "a credit is worth more than nothing"),
                Err(message) => return self.refuse(amount.span(), message),
            }
        }
        let mut caps: Vec<RedemptionCap> = Vec::new();
        for cap in &raw.cap {
            let purpose = cap.purpose.into();
            let categories: Vec<ProductCategory> =
                cap.categories.get_ref().iter().map(|&category| category.into()).collect();
            let same = |other: &RedemptionCap| {
                other.purpose == purpose && other.categories.iter().any(|one| categories.contains(one))
            };
            if caps.iter().any(same) {
                let message = "one of these categories has a cap already";
                return self.refuse(cap.categories.span(), message);
            }
            caps.push(RedemptionCap { purpose, categories, percent: self.percent(&cap.percent)? });
        }
        let mut discounts = Vec::new();
        for discount in &raw.discount {
            let level = discount.level.get_ref().clone();
            if levels.by_code(&level).is_none() {
                let near = did_you_mean(nearest(&level, levels.iter().map(|level| level.code.as_str())));
                let message = format!("there is no partner level {}.{near}", shown(&level));
                return self.refuse(discount.level.span(), message);
            }
            let categories: Vec<ProductCategory> =
                discount.categories.iter().map(|&category| category.into()).collect();
            let same = |other: &Discount| {
                other.level == level && other.categories.iter().any(|category| categories.contains(category))
            };
            if discounts.iter().any(same) {
                let message = format!("{level} has a discount on one of these categories already");
                return self.refuse(discount.level.span(), message);
            }
            discounts.push(Discount { level, categories, percent: self.percent(&discount.percent)? });
        }
        Ok(Rewards { cap_base: raw.cap_base.into(), credit_values, caps, discounts })
    }
}
