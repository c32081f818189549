//! The TOML document of an edition.

mod attributes;
mod reader;
mod terms;
mod values;
mod worded;

use std::collections::BTreeMap;

use chrono::Datelike;
use rust_decimal::Decimal;
use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use super::example::Example;
use super::literal::{
    Date, RawCapBase, RawCategory, RawDerived, RawDowngrade, RawPurpose, RawQuantityUnit, RawReport, RawRest,
    RawReview, RawTrack, RawType, RawWindow,
};
use super::{BUILT_IN, Edition, EditionError, Kinds, Notices};
use crate::program::customer::CustomerTerms;
use crate::program::deal::DealTerms;
use crate::program::nearest::nearest;
use crate::program::rule::Attribute;
use reader::Reader;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    effective_from: Spanned<Date>,
    legacy: Option<RawLegacy>,
    attribute: Option<Vec<RawCommonAttribute>>,
    partner: RawPartner,
    rewards: RawRewards,
    deals: Option<RawDeals>,
    customers: Option<RawCustomers>,
    #[serde(default)]
    notices: RawNotices,
    credits: Option<RawExpiry>,
    dojo_credits: Option<RawExpiry>,
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
    validity: Option<RawValidity>,
    rule: Vec<RawPartnerRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfessional {
    dojo_credits_per_point: Spanned<i64>,
    level: Vec<RawLevel>,
    validity: Option<RawValidity>,
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
    credits: Spanned<RawCredits>,
    per: Spanned<i64>,
    window: Spanned<RawWindow>,
    rest: Option<Spanned<RawRest>>,
    cap: Option<Spanned<i64>>,
    max_quantity: Option<Spanned<i64>>,
    unit: Option<RawQuantityUnit>,
    divided_by: Option<Spanned<String>>,
    from: Option<Spanned<Date>>,
    until: Option<Spanned<Date>>,
    counts_as: Option<Spanned<String>>,
    derived_from: Option<RawDerived>,
    claimable: Option<bool>,
    evidence_days: Option<Spanned<i64>>,
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
    unit: Option<RawQuantityUnit>,
    divided_by: Option<Spanned<String>>,
    from: Option<Spanned<Date>>,
    until: Option<Spanned<Date>>,
    #[serde(default)]
    review: RawReview,
    early_bonus: Option<RawEarlyBonus>,
    counts_as: Option<Spanned<String>>,
    evidence_days: Option<Spanned<i64>>,
    source: String,
    #[serde(default)]
    attribute: Vec<RawAttribute>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "points are a number, { min = …, max = … }, or { by = …, values = { … } }")]
enum RawPoints {
    Fixed(i64),
    Graded { min: i64, max: i64 },
    By(RawValues),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "credits are a number, or { by = …, values = { … } }")]
enum RawCredits {
    Fixed(i64),
    By(RawValues),
}

/// Credits or points by the value of an attribute.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawValues {
    by: String,
    values: BTreeMap<String, i64>,
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
    min: Option<i64>,
    max: Option<i64>,
    otherwise: Option<String>,
}

/// An attribute that every kind accepts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCommonAttribute {
    name: Spanned<String>,
    r#type: RawType,
    one_of: Option<Vec<String>>,
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
    categories: Spanned<Vec<RawCategory>>,
    percent: Spanned<Decimal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDiscount {
    level: Spanned<String>,
    categories: Vec<RawCategory>,
    percent: Spanned<Decimal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeals {
    lead_days: Spanned<i64>,
    lead_extension_days: Spanned<i64>,
    engaged_days: Spanned<i64>,
    opportunity_months: Spanned<i64>,
    activity_months: Spanned<i64>,
    proofs: Vec<RawReport>,
    // Documents of before wins were approved say nothing of it: the published program has the vendor approve them.
    #[serde(default = "yes")]
    wins_need_approval: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCustomers {
    legal_forms: Spanned<Vec<String>>,
}

/// How long levels hold, and what they become then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawValidity {
    years: Option<Spanned<i64>>,
    months: Option<Spanned<i64>>,
    until: Option<Spanned<String>>,
    downgrade: Option<RawDowngrade>,
    floor: Option<Spanned<String>>,
}

/// How long credits or Dojo Credits can be spent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpiry {
    expire_after_months: Option<Spanned<i64>>,
    expire_at_end_of_following_year: Option<Spanned<i64>>,
}

/// Days before an end on which a notice says so.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNotices {
    level: Option<Vec<Spanned<i64>>>,
    deal: Option<Vec<Spanned<i64>>>,
    contract: Option<Vec<Spanned<i64>>>,
    quote: Option<Vec<Spanned<i64>>>,
    credits: Option<Vec<Spanned<i64>>>,
    opportunity: Option<Vec<Spanned<i64>>>,
}

impl RawNotices {
    /// Whether it says when there are notices of everything that ends.
    fn is_complete(&self) -> bool {
        let Self { level, deal, contract, quote, credits, opportunity } = self;
        [level, deal, contract, quote, credits, opportunity].into_iter().all(Option::is_some)
    }
}

fn yes() -> bool {
    true
}

/// Reads one document. Its rules are numbered in `kinds`, which all editions share.
pub(super) fn parse(text: &str, kinds: &mut Kinds) -> Result<Edition, EditionError> {
    let parsed = match DeTable::parse(text) {
        Ok(tree) => parse_tree(text, tree, kinds),
        Err(error) => Reader { text }.refuse(error.span().unwrap_or(0..0), error.message()),
    };
    parsed.map_err(told)
}

/// A problem in the words of a document rather than those of the parser.
pub(in crate::program) fn told(mut problem: EditionError) -> EditionError {
    problem.message = worded::worded(&problem.message);
    problem
}

/// Reads the tree of a document, which may lack parts of the text. Problems have the words of the parser.
pub(in crate::program) fn parse_tree(
    text: &str,
    tree: Spanned<DeTable<'_>>,
    kinds: &mut Kinds,
) -> Result<Edition, EditionError> {
    let reader = Reader { text };
    let document = match Document::deserialize(toml::Deserializer::from(tree)) {
        Ok(document) => document,
        Err(error) => {
            return reader.refuse(error.span().unwrap_or(0..0), with_nearest(error.message()));
        }
    };
    let effective_from = document.effective_from.get_ref().0;
    if effective_from.day() != 1 {
        let message =
            format!("an edition comes into force on the first day of a month, not on {effective_from}");
        return reader.refuse(document.effective_from.span(), message);
    }
    let partner_levels = reader.levels(&document.partner.level)?;
    if partner_levels.reached(0).is_none() {
        let span = document.partner.level.first().map_or(0..0, |level| level.threshold.span());
        return reader.refuse(span, "the first partner level must have threshold 0: it holds from enrolment");
    }
    let legacy = document.legacy.as_ref().map(|raw| reader.legacy(raw)).transpose()?;
    let lines = |raw: &RawLegacy| (reader.line(raw.until.span()), reader.line(raw.level_valid_until.span()));
    let rewards = reader.rewards(&document.rewards, &partner_levels)?;
    let deals = match &document.deals {
        Some(raw) => reader.deals(raw)?,
        // Documents of before there were deals say nothing of them: the published terms hold.
        None => published_deals()?,
    };
    let customers = match &document.customers {
        Some(raw) => reader.customers(raw)?,
        // Documents of before legal forms were left out say nothing of them: the published ones are.
        None => published_customers()?,
    };
    let common = match &document.attribute {
        Some(raw) => reader.common_attributes(raw)?,
        // Documents of before there were common attributes say nothing of them: the published ones hold.
        None => published_attributes()?,
    };
    let marks_claims = document.partner.rule.iter().any(|rule| rule.claimable.is_some());
    // Documents of before partners submitted claims say nothing of them: the published kinds hold.
    let claimable = if marks_claims { None } else { Some(published_claims()?) };
    let rules = reader.rules(&document, &common, claimable.as_deref(), kinds)?;
    let professional_levels = reader.levels(&document.professional.level)?;
    let partner_terms = reader.partner_terms(document.partner.validity.as_ref(), &partner_levels)?;
    let professional_terms =
        reader.professional_terms(document.professional.validity.as_ref(), &professional_levels)?;
    // The published notices are those of what a document says nothing of.
    let published = if document.notices.is_complete() { None } else { Some(published_notices()?) };
    let notices = reader.notices(&document.notices, published.as_ref())?;
    let dojo = &document.professional.dojo_credits_per_point;
    Ok(Edition {
        effective_from,
        legacy,
        partner_levels,
        professional_levels,
        partner_terms,
        professional_terms,
        notices,
        credit_expiry: reader.expiry(document.credits.as_ref())?,
        dojo_credit_expiry: reader.expiry(document.dojo_credits.as_ref())?,
        dojo_credits_per_point: reader.number("dojo_credits_per_point", dojo, 0, 1_000)?,
        rewards,
        deals,
        customers,
        rules,
        name: document.name,
        document: text.to_owned(),
        examples: document.example,
        by_kind: Vec::new(),
        points_rule: None,
        legacy_lines: document.legacy.as_ref().map_or((1, 1), lines),
    })
}

/// The message about an unknown name, with the nearest known one.
fn with_nearest(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let near = names.next().filter(|_| is_unknown).and_then(|given| nearest(given, names));
    format!("{message}{}", near.map_or(String::new(), |near| format!(". Did you mean `{near}`?")))
}

/// The terms of the built-in document.
fn published_deals() -> Result<DealTerms, EditionError> {
    #[derive(Deserialize)]
    struct Deals {
        deals: RawDeals,
    }
    let reader = Reader { text: BUILT_IN };
    match toml::from_str::<Deals>(BUILT_IN) {
        Ok(document) => reader.deals(&document.deals),
        Err(error) => reader.refuse(error.span().unwrap_or(0..0), error.message()),
    }
}

/// The notices of the built-in document.
fn published_notices() -> Result<Notices, EditionError> {
    #[derive(Deserialize)]
    struct Published {
        notices: RawNotices,
    }
    let reader = Reader { text: BUILT_IN };
    match toml::from_str::<Published>(BUILT_IN) {
        Ok(document) => reader.notices(&document.notices, None),
        Err(error) => reader.refuse(error.span().unwrap_or(0..0), error.message()),
    }
}

/// The legal forms of the built-in document.
fn published_customers() -> Result<CustomerTerms, EditionError> {
    #[derive(Deserialize)]
    struct Customers {
        customers: RawCustomers,
    }
    let reader = Reader { text: BUILT_IN };
    match toml::from_str::<Customers>(BUILT_IN) {
        Ok(document) => reader.customers(&document.customers),
        Err(error) => reader.refuse(error.span().unwrap_or(0..0), error.message()),
    }
}

/// The kinds that partners may claim by the built-in document.
fn published_claims() -> Result<Vec<String>, EditionError> {
    #[derive(Deserialize)]
    struct Claims {
        partner: RawPartner,
    }
    match toml::from_str::<Claims>(BUILT_IN) {
        Ok(document) => {
            let claimable = document.partner.rule.into_iter().filter(|rule| rule.claimable == Some(true));
            Ok(claimable.map(|rule| rule.kind.into_inner()).collect())
        }
        Err(error) => Reader { text: BUILT_IN }.refuse(error.span().unwrap_or(0..0), error.message()),
    }
}

/// The common attributes of the built-in document.
fn published_attributes() -> Result<Vec<Attribute>, EditionError> {
    #[derive(Deserialize)]
    struct Attributes {
        #[serde(default)]
        attribute: Vec<RawCommonAttribute>,
    }
    let reader = Reader { text: BUILT_IN };
    match toml::from_str::<Attributes>(BUILT_IN) {
        Ok(document) => reader.common_attributes(&document.attribute),
        Err(error) => reader.refuse(error.span().unwrap_or(0..0), error.message()),
    }
}
