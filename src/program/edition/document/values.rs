//! What an activity is worth by a rule: values, what divides them, and the days of the kind.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use toml::Spanned;

use super::reader::{NUMBER_MAX, Reader};
use super::{RawCredits, RawPartnerRule, RawPoints, RawValues};
use crate::program::edition::literal::{Date, RawDerived};
use crate::program::edition::{EditionError, Kinds};
use crate::program::nearest::nearest;
use crate::program::rule::{Attribute, AttributeType, KindId, Program, Rest, Rule, UnitSource, Window};
use crate::program::wording::{did_you_mean, listed, shown};

impl Reader<'_> {
    /// What a professional's activity is worth.
    pub(super) fn points(
        &self,
        raw: &Spanned<RawPoints>,
        window: Window,
        attributes: &mut [Attribute],
    ) -> Result<UnitSource, EditionError> {
        // What takes points is counted by itself: in a window it would only undo what the window earns.
        let least = if window == Window::Each { -NUMBER_MAX } else { 1 };
        let is_worth = |points: i64| points != 0 && (least..=NUMBER_MAX).contains(&points);
        let message = if window == Window::Each {
            format!("points are {least} to {NUMBER_MAX} and not 0, and `min` is not above `max`")
        } else {
            format!(
                "points are 1 to {NUMBER_MAX}, and `min` is not above `max`; those below 0 need `window = \"each\"`"
            )
        };
        match raw.get_ref() {
            RawPoints::Fixed(per_unit) if is_worth(*per_unit) => {
                Ok(UnitSource::Fixed { per_unit: *per_unit })
            }
            RawPoints::Graded { min, max } if is_worth(*min) && is_worth(*max) && min <= max => {
                Ok(UnitSource::Graded { min: *min, max: *max })
            }
            RawPoints::By(by) if by.values.values().all(|points| is_worth(*points)) => {
                self.by_attribute(by, raw.span(), attributes)
            }
            _ => self.refuse(raw.span(), message),
        }
    }

    /// Credits for each block of a partner's activity, and what its quantity counts as.
    pub(super) fn credits(
        &self,
        raw: &RawPartnerRule,
        attributes: &mut [Attribute],
    ) -> Result<(i64, UnitSource), EditionError> {
        let span = raw.credits.span();
        // A kind that only counts as another one earns nothing itself.
        let least = i64::from(raw.counts_as.is_none());
        match raw.credits.get_ref() {
            RawCredits::Fixed(credits) if (least..=NUMBER_MAX).contains(credits) => {
                Ok((*credits, UnitSource::Fixed { per_unit: 1 }))
            }
            RawCredits::Fixed(credits) if *credits < least => {
                self.refuse(span, format!("`credits` must be {least} or more, not {credits}"))
            }
            RawCredits::Fixed(credits) => {
                self.refuse(span, format!("`credits` must be {NUMBER_MAX} or less, not {credits}"))
            }
            RawCredits::By(_) if *raw.per.get_ref() != 1 || raw.derived_from.is_some() => {
                let message =
                    "credits by the value of an attribute go with `per = 1` and a kind that is recorded";
                self.refuse(span, message)
            }
            RawCredits::By(by) => {
                match by.values.iter().find(|(_, credits)| !(1..=NUMBER_MAX).contains(*credits)) {
                    Some((value, credits)) => self.refuse(
                        span,
                        format!("credits are 1 to {NUMBER_MAX}, not {credits} for {}", shown(value)),
                    ),
                    None => Ok((1, self.by_attribute(by, span, attributes)?)),
                }
            }
        }
    }

    /// Values of an attribute of the rule, which is a text that is always given.
    fn by_attribute(
        &self,
        raw: &RawValues,
        span: std::ops::Range<usize>,
        attributes: &mut [Attribute],
    ) -> Result<UnitSource, EditionError> {
        let name = &raw.by;
        let Some(attribute) = attributes.iter_mut().find(|one| one.name == *name && !one.is_common) else {
            let message = format!("`by` needs an attribute {} of the rule", shown(name));
            return self.refuse(span, message);
        };
        let AttributeType::Text { one_of } = &mut attribute.value_type else {
            return self
                .refuse(span, format!("the attribute {name} must have type \"text\" for values by it"));
        };
        if attribute.optional {
            return self
                .refuse(span, format!("values by the attribute {name} need it: it cannot be optional"));
        }
        if raw.values.is_empty() {
            return self.refuse(span, format!("there is no value of {name}"));
        }
        if one_of.is_empty() {
            one_of.extend(raw.values.keys().cloned());
        }
        if let Some(missing) = one_of.iter().find(|one| !raw.values.contains_key(*one)) {
            return self.refuse(span, format!("{name} can be {}, which has no value here", shown(missing)));
        }
        if let Some(unknown) = raw.values.keys().find(|one| !one_of.contains(one)) {
            let near = did_you_mean(nearest(unknown, one_of.iter().map(String::as_str)));
            let accepted = listed(one_of.iter().map(String::as_str));
            let message = format!("{name} is one of {accepted}, not {}.{near}", shown(unknown));
            return self.refuse(span, message);
        }
        Ok(UnitSource::ByAttribute { attribute: name.clone(), values: ordered(&raw.values) })
    }

    /// The attribute that divides units: a whole number that is always given and is 1 at least.
    pub(super) fn divided_by(
        &self,
        raw: Option<&Spanned<String>>,
        attributes: &[Attribute],
    ) -> Result<Option<String>, EditionError> {
        let Some(raw) = raw else { return Ok(None) };
        let name = raw.get_ref();
        let divides = |one: &Attribute| {
            let is_number =
                matches!(one.value_type, AttributeType::Integer { min: Some(min), .. } if min >= 1);
            one.name == *name && is_number && !one.optional
        };
        if attributes.iter().any(divides) {
            return Ok(Some(name.clone()));
        }
        let message = format!(
            "`divided_by` needs an attribute {} of the rule with type \"integer\" and `min` of 1 or more, not optional",
            shown(name)
        );
        self.refuse(raw.span(), message)
    }

    /// First and last day of a kind.
    pub(super) fn days(
        &self,
        from: Option<&Spanned<Date>>,
        until: Option<&Spanned<Date>>,
    ) -> Result<(Option<NaiveDate>, Option<NaiveDate>), EditionError> {
        let day = |date: &Spanned<Date>| date.get_ref().0;
        if let (Some(from), Some(until)) = (from, until)
            && day(from) > day(until)
        {
            let message = format!("`until` {} is before `from` {}", day(until), day(from));
            return self.refuse(until.span(), message);
        }
        Ok((from.map(day), until.map(day)))
    }

    /// What happens to units that do not fill a block.
    pub(super) fn rest(&self, raw: &RawPartnerRule, window: Window) -> Result<Rest, EditionError> {
        let Some(rest) = &raw.rest else { return Ok(Rest::Drop) };
        let value = Rest::from(*rest.get_ref());
        let has_next = matches!(window, Window::Month | Window::CalendarYear);
        if value == Rest::Carry && (!has_next || *raw.per.get_ref() < 2) {
            let message = "`rest = \"carry\"` goes with `per` above 1 and a window that has a next one, month or calendar_year";
            return self.refuse(rest.span(), message);
        }
        Ok(value)
    }

    /// The partner kind that another kind also counts for.
    pub(super) fn counts_as(
        &self,
        raw: Option<&Spanned<String>>,
        kind: Option<&str>,
        partner: &[RawPartnerRule],
        kinds: &mut Kinds,
    ) -> Result<Option<KindId>, EditionError> {
        let Some(code) = raw else { return Ok(None) };
        let given = code.get_ref();
        match partner.iter().find(|rule| rule.kind.get_ref() == given) {
            _ if kind == Some(given.as_str()) => {
                self.refuse(code.span(), format!("{given} cannot count as itself"))
            }
            Some(rule) if rule.derived_from.is_some() => {
                self.refuse(code.span(), format!("{given} is derived: nothing counts as it"))
            }
            Some(_) => Ok(Some(kinds.intern(Program::Partner, given))),
            None => {
                let near = nearest(given, partner.iter().map(|rule| rule.kind.get_ref().as_str()));
                let (given, near) = (shown(given), did_you_mean(near));
                self.refuse(code.span(), format!("there is no partner rule {given}.{near}"))
            }
        }
    }

    /// Keys of a rule that a derived kind has no use for, since nobody records it.
    pub(super) fn check_derived(&self, raw: &RawPartnerRule) -> Result<(), EditionError> {
        let derived: Option<RawDerived> = raw.derived_from;
        if let (Some(_), Some(name)) = (derived, &raw.divided_by) {
            return self
                .refuse(name.span(), format!("{} is derived: it has no attributes", raw.kind.get_ref()));
        }
        if let (Some(_), Some(code)) = (derived, &raw.counts_as) {
            return self
                .refuse(code.span(), format!("{} is derived: it counts as itself only", raw.kind.get_ref()));
        }
        Ok(())
    }

    /// That a bonus belongs to a kind that gives points.
    pub(super) fn check_bonus(&self, rule: &Rule, span: std::ops::Range<usize>) -> Result<(), EditionError> {
        if rule.early_bonus.is_some() && rule.can_take() {
            return self.refuse(span, "a kind with points below 0 has no early bonus");
        }
        Ok(())
    }
}

/// Values with the fewest units first.
fn ordered(values: &BTreeMap<String, i64>) -> Vec<(String, i64)> {
    let mut values: Vec<(String, i64)> =
        values.iter().map(|(value, units)| (value.clone(), *units)).collect();
    values.sort_by_key(|(_, units)| *units);
    values
}
