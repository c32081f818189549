//! What a new document changes, rule by rule, as sentences.
//!
//! The documents are compared as they are written, key by key, so that no key is forgotten that the parser learns.
//! Rules are the same if they are of the same kind, levels if they have the same code; discounts and caps are compared
//! for each category. The order of things, comments, sources and worked examples change nothing.

mod sentences;

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{BUILT_IN, Edition};
use sentences::{Part, sentence};

/// A difference between two editions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is different, such as `professional.rule.TRAINING_DAY_ATTENDED.points`.
    pub path: String,
    /// The value before; none if there was nothing.
    pub before: Option<String>,
    /// The value after; none if nothing is left.
    pub after: Option<String>,
    /// The difference in words.
    pub sentence: String,
}

/// Sections that documents of before say nothing of: the published ones hold then.
const PUBLISHED: [&str; 3] = ["attribute", "deals", "customers"];
/// Sections whose keys together say how long credits can be spent.
const EXPIRY: [&str; 2] = ["credits", "dojo_credits"];
/// Keys at the top that are no policy.
const NOT_POLICY: [&str; 3] = ["name", "effective_from", "example"];
/// Keys of a rule that award nothing.
const NOT_AWARDING: [&str; 1] = ["source"];
/// What a rule that does not say means, where that is a value.
const DEFAULTS: [(&str, &str); 4] =
    [("claimable", "false"), ("max_quantity", "1000"), ("review", "none"), ("optional", "false")];

impl Edition {
    /// What the other edition changes in this one.
    #[must_use]
    pub fn changes(&self, after: &Self) -> Vec<Change> {
        let (Ok(before), Ok(after)) = (DeTable::parse(&self.document), DeTable::parse(&after.document))
        else {
            return Vec::new();
        };
        let (before, after) = (flat(before.get_ref()), flat(after.get_ref()));
        let titles = Titles { before: &before, after: &after };
        let mut changes = Vec::new();
        let parts: std::collections::BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
        for part in parts {
            match (before.get(part), after.get(part)) {
                (Some(old), Some(new)) => changed(part, old, new, &titles, &mut changes),
                (old, new) => {
                    let part = titles.part(part);
                    let summary = |values: &Values| sentences::summary(&part, values);
                    let (before, after) = (old.map(summary), new.map(summary));
                    let words = sentence(&part, None, before.as_deref(), after.as_deref(), old.or(new));
                    changes.push(Change { path: part.path(None), before, after, sentence: words });
                }
            }
        }
        changes
    }
}

/// The section of a document and the name of the part within it.
type Key = (String, String);
/// The values of a part by key, as texts.
type Values = BTreeMap<String, String>;
/// The parts of a document.
type Flat = BTreeMap<Key, Values>;

/// Titles of rules and names of levels.
struct Titles<'f> {
    before: &'f Flat,
    after: &'f Flat,
}

impl Titles<'_> {
    fn part<'k>(&self, (section, name): &'k Key) -> Part<'k> {
        let find = |flat: &Flat, section: &str, key: &str| {
            flat.get(&(section.to_owned(), name.clone())).and_then(|values| values.get(key)).cloned()
        };
        let either = |section: &str, key: &str| {
            find(self.after, section, key).or_else(|| find(self.before, section, key))
        };
        let title = match section.as_str() {
            "partner.rule" | "professional.rule" => either(section, "title"),
            "partner.level" | "professional.level" => either(section, "name"),
            _ => None,
        };
        let of_level = |name: &str| {
            let key = ("partner.level".to_owned(), name.to_owned());
            self.after
                .get(&key)
                .or_else(|| self.before.get(&key))
                .and_then(|values| values.get("name"))
                .cloned()
        };
        let level = name.split('.').next().filter(|_| section == "rewards.discount").and_then(of_level);
        Part { section, name, title: title.or(level).unwrap_or_else(|| name.clone()) }
    }
}

/// The differences of a part that both documents have.
fn changed(key: &Key, old: &Values, new: &Values, titles: &Titles<'_>, changes: &mut Vec<Change>) {
    let part = titles.part(key);
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        if part.is_rule() && NOT_AWARDING.contains(&name.as_str()) {
            continue;
        }
        let or_default = |values: &Values| {
            let default = DEFAULTS.iter().find(|(known, _)| part.is_rule() && known == name);
            values.get(name).cloned().or_else(|| default.map(|(_, value)| (*value).to_owned()))
        };
        let (before, after) = (or_default(old), or_default(new));
        if before != after {
            let words = sentence(&part, Some(name), before.as_deref(), after.as_deref(), Some(new));
            changes.push(Change { path: part.path(Some(name)), before, after, sentence: words });
        }
    }
}

/// The parts of a document, with the published sections where it says nothing.
fn flat(table: &DeTable<'_>) -> Flat {
    let mut parts = Flat::new();
    sections("", table, &mut parts);
    let has = |section: &str| table.keys().any(|key| key.get_ref() == section);
    if let Ok(published) = DeTable::parse(BUILT_IN) {
        let mut all = Flat::new();
        sections("", published.get_ref(), &mut all);
        for ((section, name), values) in all {
            if PUBLISHED.contains(&section.as_str()) && !has(&section) {
                parts.insert((section, name), values);
            } else if section == "notices" {
                // Each end has the published notices where a document says nothing of it.
                let own = parts.entry((section, name)).or_default();
                for (key, value) in values {
                    own.entry(key).or_insert(value);
                }
            }
        }
    }
    for section in EXPIRY {
        let values = parts.entry((section.to_owned(), String::new())).or_default();
        *values = Values::from([("expire".to_owned(), sentences::expiry(values))]);
    }
    parts
}

fn sections(prefix: &str, table: &DeTable<'_>, parts: &mut Flat) {
    for (key, value) in table {
        let key = key.get_ref();
        if prefix.is_empty() && NOT_POLICY.contains(&key.as_ref()) {
            continue;
        }
        let section = if prefix.is_empty() { key.to_string() } else { format!("{prefix}.{key}") };
        match value.get_ref() {
            DeValue::Table(table) if is_section(table) => sections(&section, table, parts),
            DeValue::Table(table) => {
                let values =
                    table.iter().map(|(key, value)| (key.get_ref().to_string(), shown(value.get_ref())));
                parts.entry((section, String::new())).or_default().extend(values);
            }
            DeValue::Array(items)
                if items.iter().all(|item| item.get_ref().is_table()) && !items.is_empty() =>
            {
                for (place, item) in items.iter().enumerate() {
                    let DeValue::Table(item) = item.get_ref() else { continue };
                    item_parts(&section, place, item, parts);
                }
            }
            value => {
                let values = parts.entry((prefix.to_owned(), String::new())).or_default();
                values.insert(key.to_string(), shown(value));
            }
        }
    }
}

/// Whether a table is divided further.
fn is_section(table: &DeTable<'_>) -> bool {
    let is_list = |value: &DeValue<'_>| {
        value.as_array().is_some_and(|items| items.iter().any(|item| item.get_ref().is_table()))
    };
    table.values().any(|value| value.get_ref().is_table() || is_list(value.get_ref()))
}

/// An item of a list: what is stated for several categories is one part for each.
fn item_parts(section: &str, place: usize, item: &DeTable<'_>, parts: &mut Flat) {
    let text = |name: &str| {
        let found = item.iter().find(|(key, _)| key.get_ref() == name);
        found.map(|(_, value)| shown(value.get_ref()))
    };
    let name = ["kind", "code", "name"].into_iter().find_map(text);
    let mut values = Values::new();
    for (key, value) in item {
        match value.get_ref() {
            // The attributes of a rule and the like, by name.
            DeValue::Array(items) if items.iter().any(|one| one.get_ref().is_table()) => {
                for one in items {
                    let DeValue::Table(one) = one.get_ref() else { continue };
                    let named = one.iter().find(|(key, _)| key.get_ref() == "name");
                    let named =
                        named.map_or(String::new(), |(_, value)| format!(" {}", shown(value.get_ref())));
                    values.insert(format!("{}{named}", key.get_ref()), shown_table(one));
                }
            }
            value => {
                values.insert(key.get_ref().to_string(), shown(value));
            }
        }
    }
    let owner = text("level").or_else(|| text("purpose"));
    let categories = item.iter().find(|(key, _)| key.get_ref() == "categories");
    if let (Some(owner), Some(DeValue::Array(categories))) =
        (owner, categories.map(|(_, value)| value.get_ref()))
    {
        for key in ["categories", "level", "purpose"] {
            values.remove(key);
        }
        for category in categories {
            let name = format!("{owner}.{}", shown(category.get_ref()));
            parts.insert((section.to_owned(), name), values.clone());
        }
    } else {
        let name = name.unwrap_or_else(|| (place + 1).to_string());
        parts.insert((section.to_owned(), name), values);
    }
}

/// A value as people write it.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().replace('_', ""),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(is) => is.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| shown(item.get_ref())).collect();
            items.join(", ")
        }
        DeValue::Table(table) => shown_table(table),
    }
}

/// A range as one, another table by its keys.
fn shown_table(table: &DeTable<'_>) -> String {
    let text = |name: &str| {
        table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| shown(value.get_ref()))
    };
    if let (Some(min), Some(max), 2) = (text("min"), text("max"), table.len()) {
        return format!("{min}–{max}");
    }
    let pairs = table.iter().map(|(key, value)| format!("{} {}", key.get_ref(), shown(value.get_ref())));
    pairs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
