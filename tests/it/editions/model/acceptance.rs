//! Which activities a document accepts, and what they are worth by themselves.

use chrono::{Days, NaiveDate};
use serde_json::Value;

use super::{Deed, Model, number, text};

impl Model {
    /// What an activity is worth by itself, if it is accepted.
    pub(in crate::editions) fn accepts(&self, deed: &Deed, today: NaiveDate) -> Option<i64> {
        let program = if deed.partner.is_some() { "partner" } else { "professional" };
        let rule = self.rule(program, &deed.kind, deed.on)?;
        if rule.contains_key("derived_from") || deed.on > today {
            return None;
        }
        if deed.professional.is_some_and(|who| deed.on < self.signed_up[who]) {
            return None;
        }
        let own = rule.get("attribute").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        for attribute in own.iter().map(|one| one.as_table().expect("an attribute")) {
            let name = text(attribute, "name").expect("a name");
            let optional = attribute.get("optional").and_then(toml::Value::as_bool) == Some(true);
            let Some(value) = deed.attributes.get(name) else {
                if optional {
                    continue;
                }
                return None;
            };
            let fits = match text(attribute, "type").expect("a type") {
                "boolean" => attribute.get("must_be").is_none_or(|must| value.as_bool() == must.as_bool()),
                "integer" => value.as_i64().is_some_and(|value| {
                    number(attribute, "min").is_none_or(|min| min <= value)
                        && number(attribute, "max").is_none_or(|max| value <= max)
                }),
                "date" => value.as_str().is_some_and(|value| value.parse::<NaiveDate>().is_ok()),
                _ => value.as_str().is_some_and(|value| {
                    let listed = attribute.get("one_of").and_then(toml::Value::as_array);
                    let listed = listed.is_none_or(|all| all.iter().any(|one| one.as_str() == Some(value)));
                    let worth = rule.get("credits").and_then(|credits| credits.get("values"));
                    listed && (name != "size" || worth.is_none_or(|all| all.get(value).is_some()))
                }),
            };
            if !fits {
                return None;
            }
        }
        let value = rule.get(if deed.partner.is_some() { "credits" } else { "points" }).expect("a value");
        let most = number(&rule, "max_quantity").unwrap_or(1_000);
        let graded = value.get("min").is_some();
        let most = if graded && !rule.contains_key("unit") { 1 } else { most };
        if deed.quantity < 1 || deed.quantity > most || graded != deed.points.is_some() {
            return None;
        }
        let one = if let Some(points) = deed.points {
            let bound = |key| value.get(key).and_then(toml::Value::as_integer).expect("a bound");
            if points < bound("min") || bound("max") < points {
                return None;
            }
            points
        } else if let Some(by) = value.get("by") {
            let given = deed.attributes.get(by.as_str().expect("a name"))?.as_str()?;
            value.get("values")?.get(given)?.as_integer()?
        } else if deed.partner.is_some() {
            1
        } else {
            value.as_integer().expect("points")
        };
        let mut worth = one * deed.quantity;
        if let Some(bonus) = rule.get("early_bonus").and_then(toml::Value::as_table) {
            let released = deed.attributes.get(text(bonus, "attribute").expect("a name"));
            if let Some(released) = released.and_then(Value::as_str) {
                let released: NaiveDate = released.parse().ok()?;
                if released > deed.on {
                    return None;
                }
                if deed.on <= released + Days::new(number(bonus, "within_days")?.unsigned_abs()) {
                    worth += number(bonus, "points")?;
                }
            }
        }
        if let Some(name) = text(&rule, "divided_by") {
            worth /= deed.attributes.get(name)?.as_i64()?;
        }
        Some(worth)
    }
}
