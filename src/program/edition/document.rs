//! The TOML document of an edition, and the checks that turn it into types.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{Datelike, Days, NaiveDate};
use iso_currency::Currency;
use rust_decimal::Decimal;
use serde::Deserialize;
use toml::Spanned;

use super::example::Example;
use super::{
    CapBase, Discount, Edition, EditionError, Kinds, Legacy, OrderPurpose, ProductCategory, RedemptionCap,
    Rewards,
};
use crate::program::level::{Level, Levels};
use crate::program::money::Money;
use crate::program::rule::{
    Asked, Attribute, AttributeType, Derived, EarlyBonus, Program, Review, Rule, Track, Window,
};

/// Largest quantity of one activity where a rule does not say.
const MAX_QUANTITY: i64 = 1_000;

/// Largest number that an edition may hold: products of three stay far inside 64 bits.
const MAX_FIGURE: i64 = 1_000_000;

/// A date as TOML writes it: bare.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "toml::value::Datetime")]
pub(super) struct Date(pub(super) NaiveDate);

impl TryFrom<toml::value::Datetime> for Date {
    type Error = String;

    fn try_from(value: toml::value::Datetime) -> Result<Self, String> {
        let date = value.date.filter(|_| value.time.is_none() && value.offset.is_none());
        date.and_then(|d| NaiveDate::from_ymd_opt(i32::from(d.year), d.month.into(), d.day.into()))
            .map(Self)
            .ok_or_else(|| format!("{value} is not a calendar date such as 2024-05-01"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    effective_from: Spanned<Date>,
    legacy: Option<RawLegacy>,
    partner: RawPartner,
    rewards: RawRewards,
    professional: RawProfessional,
    #[serde(default)]
    example: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLegacy {
    from: Spanned<Date>,
    until: Spanned<Date>,
    level_valid_until: Spanned<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPartner {
    level: Vec<RawLevel>,
    rule: Vec<RawPartnerRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfessional {
    dojo_credits_per_point: Spanned<i64>,
    level: Vec<RawLevel>,
    rule: Vec<RawProfessionalRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLevel {
    code: Spanned<String>,
    name: String,
    medal: Option<String>,
    threshold: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPartnerRule {
    kind: Spanned<String>,
    title: String,
    track: RawTrack,
    credits: Spanned<i64>,
    per: Spanned<i64>,
    window: Spanned<RawWindow>,
    cap: Option<Spanned<i64>>,
    max_quantity: Option<Spanned<i64>>,
    derived_from: Option<RawDerived>,
    source: String,
    #[serde(default)]
    attribute: Vec<RawAttribute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfessionalRule {
    kind: Spanned<String>,
    title: String,
    points: Spanned<RawPoints>,
    window: Spanned<RawWindow>,
    cap: Option<Spanned<i64>>,
    max_quantity: Option<Spanned<i64>>,
    #[serde(default)]
    review: RawReview,
    early_bonus: Option<RawEarlyBonus>,
    counts_as: Option<Spanned<String>>,
    source: String,
    #[serde(default)]
    attribute: Vec<RawAttribute>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "points are a number, or { min = …, max = … }")]
enum RawPoints {
    Fixed(i64),
    Graded { min: i64, max: i64 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEarlyBonus {
    points: Spanned<i64>,
    attribute: Spanned<String>,
    within_days: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAttribute {
    name: Spanned<String>,
    r#type: RawType,
    #[serde(default)]
    optional: bool,
    must_be: Option<bool>,
    one_of: Option<Vec<String>>,
    otherwise: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRewards {
    cap_base: RawCapBase,
    credit_values: BTreeMap<Spanned<String>, Spanned<Decimal>>,
    #[serde(default)]
    cap: Vec<RawCap>,
    #[serde(default)]
    discount: Vec<RawDiscount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCap {
    purpose: RawPurpose,
    categories: Vec<RawCategory>,
    percent: Spanned<Decimal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDiscount {
    level: Spanned<String>,
    categories: Vec<RawCategory>,
    percent: Spanned<Decimal>,
}

/// The words of a document, and the value that each stands for.
macro_rules! words {
    ($raw:ident, $style:literal, $into:ty { $($word:ident => $value:expr),+ $(,)? }) => {
        #[derive(Clone, Copy, Deserialize)]
        #[serde(rename_all = $style)]
        enum $raw { $($word),+ }

        impl From<$raw> for $into {
            fn from(raw: $raw) -> Self {
                match raw { $($raw::$word => $value),+ }
            }
        }
    };
}

words!(RawTrack, "snake_case", Track { Technical => Self::Technical, Business => Self::Business });
words!(RawWindow, "snake_case", Window {
    Each => Self::Each,
    Month => Self::Month,
    CalendarYear => Self::CalendarYear,
    MembershipYear => Self::MembershipYear,
    Lifetime => Self::Lifetime,
});
words!(RawDerived, "snake_case", Derived {
    ProfessionalPoints => Self::ProfessionalPoints,
    SalesTarget => Self::SalesTarget,
    WonDeal => Self::WonDeal,
    NewCustomer => Self::NewCustomer,
});
words!(RawCapBase, "snake_case", CapBase { Net => Self::Net, List => Self::List });
words!(RawPurpose, "SCREAMING_SNAKE_CASE", OrderPurpose {
    EndCustomer => Self::EndCustomer,
    SelfUse => Self::SelfUse,
});
words!(RawCategory, "SCREAMING_SNAKE_CASE", ProductCategory {
    License => Self::License,
    UsageBasedService => Self::UsageBasedService,
    SupportService => Self::SupportService,
    Training => Self::Training,
    Certification => Self::Certification,
});

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawType {
    Boolean,
    Text,
    Date,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawReview {
    #[default]
    None,
    Acceptance,
    StaffOnly,
}

impl From<RawReview> for Review {
    fn from(raw: RawReview) -> Self {
        match raw {
            RawReview::None => Self::None,
            RawReview::Acceptance => Self::Acceptance,
            RawReview::StaffOnly => Self::StaffOnly,
        }
    }
}

/// Tells where in the document something is wrong.
struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn refuse<T>(&self, span: Range<usize>, message: impl Into<String>) -> Result<T, EditionError> {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = 1 + before.matches('\n').count();
        Err(EditionError { line, message: message.into() })
    }

    fn figure(&self, name: &str, value: &Spanned<i64>, least: i64, most: i64) -> Result<i64, EditionError> {
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
        if percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
            return self.refuse(value.span(), format!("a percentage is 0 to 100, not {percent}"));
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

    fn levels(&self, raw: &[RawLevel]) -> Result<Levels, EditionError> {
        let mut levels: Vec<Level> = Vec::with_capacity(raw.len());
        for (rank, level) in raw.iter().enumerate() {
            let threshold = self.figure("threshold", &level.threshold, 0, i64::from(i32::MAX))?;
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

    fn attributes(&self, raw: &[RawAttribute]) -> Result<Vec<Attribute>, EditionError> {
        raw.iter()
            .map(|attribute| {
                let holds = match (attribute.r#type, attribute.must_be, &attribute.one_of) {
                    (RawType::Boolean, must_be, None) => AttributeType::Boolean { must_be },
                    (RawType::Text, None, one_of) => {
                        AttributeType::Text { one_of: one_of.clone().unwrap_or_default() }
                    }
                    (RawType::Date, None, None) => AttributeType::Date,
                    _ => {
                        let message = "`must_be` goes with type \"boolean\", `one_of` with \"text\"";
                        return self.refuse(attribute.name.span(), message);
                    }
                };
                Ok(Attribute {
                    name: attribute.name.get_ref().clone(),
                    holds,
                    optional: attribute.optional,
                    otherwise: attribute.otherwise.clone(),
                })
            })
            .collect()
    }

    fn partner_rule(&self, raw: &RawPartnerRule, kinds: &mut Kinds) -> Result<Rule, EditionError> {
        let kind = self.code(&raw.kind)?;
        let window = Window::from(*raw.window.get_ref());
        if window == Window::MembershipYear {
            return self.refuse(raw.window.span(), "only professionals have a membership year");
        }
        Ok(Rule {
            id: kinds.intern(Program::Partner, &kind),
            kind,
            title: raw.title.clone(),
            program: Program::Partner,
            track: Some(raw.track.into()),
            asked: Asked::Fixed { per_unit: 1 },
            credits: self.figure("credits", &raw.credits, 1, MAX_FIGURE)?,
            per: self.figure("per", &raw.per, 1, MAX_FIGURE)?,
            window,
            cap: self.cap(raw.cap.as_ref())?,
            max_quantity: self.max_quantity(raw.max_quantity.as_ref())?,
            derived: raw.derived_from.map(Derived::from),
            review: Review::None,
            early_bonus: None,
            attributes: self.attributes(&raw.attribute)?,
            counts_as: None,
            source: raw.source.clone(),
        })
    }

    fn professional_rule(
        &self,
        raw: &RawProfessionalRule,
        partner: &[Rule],
        kinds: &mut Kinds,
    ) -> Result<Rule, EditionError> {
        let kind = self.code(&raw.kind)?;
        let asked = match *raw.points.get_ref() {
            RawPoints::Fixed(per_unit) if (1..=MAX_FIGURE).contains(&per_unit) => Asked::Fixed { per_unit },
            RawPoints::Graded { min, max } if 1 <= min && min <= max && max <= MAX_FIGURE => {
                Asked::Graded { min, max }
            }
            _ => {
                let message = format!("points are 1 to {MAX_FIGURE}, and `min` is not above `max`");
                return self.refuse(raw.points.span(), message);
            }
        };
        let attributes = self.attributes(&raw.attribute)?;
        let early_bonus = match &raw.early_bonus {
            None => None,
            Some(bonus) => {
                let attribute = bonus.attribute.get_ref().clone();
                let is_date = |a: &Attribute| a.name == attribute && a.holds == AttributeType::Date;
                if !attributes.iter().any(is_date) {
                    return self
                        .refuse(bonus.attribute.span(), "the bonus needs a date attribute of this name");
                }
                Some(EarlyBonus {
                    units: self.figure("points", &bonus.points, 1, MAX_FIGURE)?,
                    attribute,
                    within_days: self.figure("within_days", &bonus.within_days, 0, 3_660)?,
                })
            }
        };
        let counts_as = match &raw.counts_as {
            None => None,
            Some(code) => match partner.iter().find(|rule| rule.kind == *code.get_ref()) {
                Some(rule) => Some(rule.id),
                None => {
                    return self.refuse(code.span(), format!("there is no partner rule {}", code.get_ref()));
                }
            },
        };
        Ok(Rule {
            id: kinds.intern(Program::Professional, &kind),
            kind,
            title: raw.title.clone(),
            program: Program::Professional,
            track: None,
            asked,
            credits: 1,
            per: 1,
            window: (*raw.window.get_ref()).into(),
            cap: self.cap(raw.cap.as_ref())?,
            max_quantity: self.max_quantity(raw.max_quantity.as_ref())?,
            derived: None,
            review: raw.review.into(),
            early_bonus,
            attributes,
            counts_as,
            source: raw.source.clone(),
        })
    }

    fn cap(&self, raw: Option<&Spanned<i64>>) -> Result<Option<i64>, EditionError> {
        raw.map(|cap| self.figure("cap", cap, 1, MAX_FIGURE)).transpose()
    }

    fn max_quantity(&self, raw: Option<&Spanned<i64>>) -> Result<i64, EditionError> {
        raw.map_or(Ok(MAX_QUANTITY), |most| self.figure("max_quantity", most, 1, MAX_FIGURE))
    }

    fn rules(&self, document: &Document, kinds: &mut Kinds) -> Result<Vec<Rule>, EditionError> {
        let mut rules: Vec<Rule> = Vec::new();
        for raw in &document.partner.rule {
            let rule = self.partner_rule(raw, kinds)?;
            self.add_rule(&mut rules, rule, &raw.kind)?;
        }
        let partner = rules.clone();
        for raw in &document.professional.rule {
            let rule = self.professional_rule(raw, &partner, kinds)?;
            self.add_rule(&mut rules, rule, &raw.kind)?;
        }
        Ok(rules)
    }

    fn add_rule(&self, rules: &mut Vec<Rule>, rule: Rule, at: &Spanned<String>) -> Result<(), EditionError> {
        if rules.iter().any(|other| other.id == rule.id) {
            return self.refuse(at.span(), format!("kind {} stands twice", rule.kind));
        }
        rules.push(rule);
        Ok(())
    }

    fn legacy(&self, raw: &RawLegacy, launch: NaiveDate) -> Result<Legacy, EditionError> {
        let (from, until) = (raw.from.get_ref().0, raw.until.get_ref().0);
        let level_valid_until = raw.level_valid_until.get_ref().0;
        if until.checked_add_days(Days::new(1)) != Some(launch) {
            return self.refuse(raw.until.span(), format!("the window ends on the day before {launch}"));
        }
        if from > until {
            return self.refuse(raw.from.span(), format!("the window begins on or before {until}"));
        }
        if level_valid_until < launch {
            return self.refuse(raw.level_valid_until.span(), format!("the level is valid from {launch}"));
        }
        Ok(Legacy { from, until, level_valid_until })
    }

    fn rewards(&self, raw: &RawRewards, levels: &Levels) -> Result<Rewards, EditionError> {
        let mut credit_values = Vec::new();
        for (code, amount) in &raw.credit_values {
            let Some(currency) = Currency::from_code(code.get_ref()) else {
                return self
                    .refuse(code.span(), format!("{} is not an ISO 4217 currency code", code.get_ref()));
            };
            match Money::parse(*amount.get_ref(), currency) {
                Ok(money) if money.minor > 0 => credit_values.push(money),
                Ok(_) => return self.refuse(amount.span(), "a credit is worth more than nothing"),
                Err(message) => return self.refuse(amount.span(), message),
            }
        }
        let mut caps = Vec::new();
        for cap in &raw.cap {
            let categories = cap.categories.iter().map(|&category| category.into()).collect();
            caps.push(RedemptionCap {
                purpose: cap.purpose.into(),
                categories,
                percent: self.percent(&cap.percent)?,
            });
        }
        let mut discounts = Vec::new();
        for discount in &raw.discount {
            let level = discount.level.get_ref().clone();
            if levels.by_code(&level).is_none() {
                return self.refuse(discount.level.span(), format!("there is no partner level {level}"));
            }
            let categories = discount.categories.iter().map(|&category| category.into()).collect();
            discounts.push(Discount { level, categories, percent: self.percent(&discount.percent)? });
        }
        Ok(Rewards { cap_base: raw.cap_base.into(), credit_values, caps, discounts })
    }
}

/// Reads one document. Its rules are numbered in `kinds`, which all editions share.
pub(super) fn parse(text: &str, kinds: &mut Kinds) -> Result<Edition, EditionError> {
    let reader = Reader { text };
    let document: Document = match toml::from_str(text) {
        Ok(document) => document,
        Err(error) => return reader.refuse(error.span().unwrap_or(0..0), error.message()),
    };
    let effective_from = document.effective_from.get_ref().0;
    if effective_from.day() != 1 {
        let message =
            format!("an edition comes into force on the first day of a month, not on {effective_from}");
        return reader.refuse(document.effective_from.span(), message);
    }
    let partner_levels = reader.levels(&document.partner.level)?;
    if partner_levels.reached(0).is_none() {
        return reader.refuse(0..0, "the first partner level must have threshold 0: it holds from enrolment");
    }
    let legacy = document.legacy.as_ref().map(|raw| reader.legacy(raw, effective_from)).transpose()?;
    let rewards = reader.rewards(&document.rewards, &partner_levels)?;
    let rules = reader.rules(&document, kinds)?;
    let dojo = &document.professional.dojo_credits_per_point;
    Ok(Edition {
        effective_from,
        legacy,
        partner_levels,
        professional_levels: reader.levels(&document.professional.level)?,
        dojo_credits_per_point: reader.figure("dojo_credits_per_point", dojo, 0, 1_000)?,
        rewards,
        rules,
        name: document.name,
        document: text.to_owned(),
        examples: document.example,
        by_kind: Vec::new(),
        points_rule: None,
    })
}
