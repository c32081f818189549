//! Earning rules of an edition.

use async_graphql::{Enum, SimpleObject};

use super::enums::{Program, ReviewRequirement, Track, Window, map_enum};
use crate::graphql::scalar::{Date, int};
use crate::program::Editions;
use crate::program::rule::{self, Rule, UnitSource};
use crate::service::policy::Policy;

/// Rule by which one kind of activity earns credits or points.
#[derive(SimpleObject)]
pub(crate) struct EarningRule {
    /// Program to which the rule belongs.
    program: Program,
    /// Code of the activity kind.
    kind: String,
    /// Display name of the activity kind.
    title: String,
    /// Track that the credits count toward; null in the professional program.
    track: Option<Track>,
    /// Credits for each complete block of `per` units; null in the professional program, and where they depend on an
    /// attribute (`values`).
    credits: Option<i32>,
    /// Points for a quantity of one, from least to most; below 0 for what counts against the professional. Null in the
    /// partner program.
    points: Option<PointsRange>,
    /// Number of units in a block: quantity in the partner program, points in the professional program. Only
    /// complete blocks earn.
    per: i32,
    /// Period whose units are counted together.
    window: Window,
    /// Maximum credits or points per window; null if there is no limit.
    cap: Option<i32>,
    /// Maximum quantity of one activity; 1 where it is graded as a whole.
    max_quantity: i32,
    /// What the quantity counts, where the edition says so.
    unit: Option<QuantityUnit>,
    /// Credits or points by the value of an attribute, the fewest first; null where they do not depend on one.
    values: Option<ValuesByAttribute>,
    /// Attribute that the credits or points of an activity are divided by, such as `attendees`; what is left over is
    /// dropped.
    divided_by: Option<String>,
    /// Extra points for an activity soon after a date that it names.
    early_bonus: Option<EarlyBonus>,
    /// First day of the kind, if it begins after the edition comes into force.
    from: Option<Date>,
    /// Last day of the kind, if it ends before the edition does.
    until: Option<Date>,
    /// What happens to units that do not fill a block by the end of their window.
    rest: RestPolicy,
    /// Kind of the partner program that an activity also counts for: of a professional, for the partner of its date.
    counts_as: Option<String>,
    /// Attributes that activities of the kind accept, those of every kind last.
    attributes: Vec<RuleAttribute>,
    /// Whether an activity needs evidence (the attribute `evidenceUrl`) at once.
    evidence_required: bool,
    /// Review that the kind requires before it awards anything.
    review: ReviewRequirement,
    /// Whether awards are derived from other facts, such as a won deal. A derived kind cannot be recorded.
    derived: bool,
    /// Whether the subject submits activities of the kind as claims (`submitActivity`): a professional each kind that
    /// is not for staff alone, a partner those that the edition marks.
    claimable: bool,
    /// Days after its submission within which a claim needs evidence (the attribute `evidenceUrl`); without, it is
    /// rejected on the next day. Null if there is no such limit.
    evidence_days: Option<i32>,
    /// Section of the published program text, such as "PP, Earning Credits, Events".
    source: String,
}

/// Range of points for a quantity of one. Both ends are equal if the points are fixed.
#[derive(SimpleObject)]
pub(crate) struct PointsRange {
    /// Least number of points.
    min: i32,
    /// Greatest number of points, including an early bonus.
    max: i32,
}

impl EarningRule {
    /// The rule of an edition that scores a kind.
    pub(crate) fn find(
        policy: &Policy,
        index: usize,
        program: crate::program::Program,
        kind: &str,
    ) -> Option<Self> {
        let rules = &policy.editions.get(index)?.rules;
        let rule = rules.iter().find(|rule| rule.program == program && rule.kind == kind)?;
        Some(Self::from_rule(&policy.editions, rule))
    }

    /// The rule as the schema shows it.
    pub(super) fn from_rule(editions: &Editions, rule: &Rule) -> Self {
        let is_partner = rule.program == crate::program::Program::Partner;
        let (min, max) = rule.unit_range();
        let max = max + rule.early_bonus.as_ref().map_or(0, |bonus| bonus.units);
        let values = match &rule.unit_source {
            UnitSource::ByAttribute { attribute, values } => Some(ValuesByAttribute {
                attribute: attribute.clone(),
                values: values
                    .iter()
                    .map(|(value, amount)| AttributeValue { value: value.clone(), amount: int(*amount) })
                    .collect(),
            }),
            UnitSource::Fixed { .. } | UnitSource::Graded { .. } => None,
        };
        Self {
            program: rule.program.into(),
            kind: rule.kind.clone(),
            title: rule.title.clone(),
            track: rule.track.map(Into::into),
            credits: (is_partner && values.is_none()).then(|| int(rule.credits)),
            points: (!is_partner).then(|| PointsRange { min: int(min), max: int(max) }),
            per: int(rule.per),
            window: rule.window.into(),
            cap: rule.cap.map(int),
            max_quantity: if rule.is_graded_as_a_whole() { 1 } else { int(rule.max_quantity) },
            unit: rule.unit.map(Into::into),
            values,
            divided_by: rule.divided_by.clone(),
            early_bonus: rule.early_bonus.as_ref().map(|bonus| EarlyBonus {
                points: int(bonus.units),
                attribute: bonus.attribute.clone(),
                within_days: int(bonus.within_days),
            }),
            from: rule.from.map(Date),
            until: rule.until.map(Date),
            rest: rule.rest.into(),
            counts_as: rule.counts_as.map(|kind| editions.kind_code(kind).to_owned()),
            attributes: rule.attributes.iter().map(RuleAttribute::of).collect(),
            evidence_required: rule.requires_evidence(),
            review: rule.review.into(),
            derived: rule.derived.is_some(),
            claimable: rule.claimable && rule.review != crate::program::rule::Review::StaffOnly,
            evidence_days: rule.evidence_days.map(|days| i32::try_from(days).unwrap_or(i32::MAX)),
            source: rule.source.clone(),
        }
    }
}

/// Credits or points by the value of an attribute.
#[derive(SimpleObject)]
pub(crate) struct ValuesByAttribute {
    /// Name of the attribute.
    attribute: String,
    /// Its values, the fewest credits or points first.
    values: Vec<AttributeValue>,
}

/// Credits or points for one value of an attribute.
#[derive(SimpleObject)]
pub(crate) struct AttributeValue {
    /// Value of the attribute.
    value: String,
    /// Credits or points for a quantity of one.
    amount: i32,
}

/// Extra points for an activity soon after a date that it names.
#[derive(SimpleObject)]
pub(crate) struct EarlyBonus {
    /// Extra points.
    points: i32,
    /// Attribute that holds the date.
    attribute: String,
    /// Days after that date, the last one included.
    within_days: i32,
}

/// Attribute that activities of a kind accept.
#[derive(SimpleObject)]
pub(crate) struct RuleAttribute {
    /// Name in `attributes` of the activity.
    name: String,
    /// Type of the value.
    value_type: AttributeType,
    /// Whether an activity needs it.
    required: bool,
    /// Whether every kind of the edition accepts it, so that no award depends on it.
    common: bool,
    /// The only value that is eligible, of a `BOOLEAN`; null for either.
    must_be: Option<bool>,
    /// Accepted values of a `TEXT`; empty for any.
    one_of: Vec<String>,
    /// Least accepted `INTEGER`; null for no limit.
    min: Option<i32>,
    /// Greatest accepted `INTEGER`; null for no limit.
    max: Option<i32>,
}

impl RuleAttribute {
    fn of(attribute: &rule::Attribute) -> Self {
        let (value_type, must_be, one_of, min, max) = match &attribute.value_type {
            rule::AttributeType::Boolean { must_be } => {
                (AttributeType::Boolean, *must_be, &[][..], None, None)
            }
            rule::AttributeType::Text { one_of } => (AttributeType::Text, None, &one_of[..], None, None),
            rule::AttributeType::Date => (AttributeType::Date, None, &[][..], None, None),
            rule::AttributeType::Integer { min, max } => (AttributeType::Integer, None, &[][..], *min, *max),
        };
        Self {
            name: attribute.name.clone(),
            value_type,
            required: !attribute.optional,
            common: attribute.is_common,
            must_be,
            one_of: one_of.to_vec(),
            min: min.map(int),
            max: max.map(int),
        }
    }
}

/// Type of an attribute's value.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttributeType {
    /// `true` or `false`.
    Boolean,
    /// Text.
    Text,
    /// Calendar date, such as 2026-06-30.
    Date,
    /// Whole number.
    Integer,
}

/// What the quantity of an activity counts.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuantityUnit {
    /// Pieces.
    Piece,
    /// Days.
    Day,
}

map_enum!(QuantityUnit = rule::QuantityUnit { Piece, Day });

/// What happens to units that do not fill a block by the end of their window.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestPolicy {
    /// They come to nothing.
    Drop,
    /// They count in the next window of the kind.
    Carry,
}

map_enum!(RestPolicy = rule::Rest { Drop, Carry });
