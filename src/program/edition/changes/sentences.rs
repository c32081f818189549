//! Differences of editions in words.

use super::Values;

/// A part of a document: a rule, a level, a discount, or a section.
pub(super) struct Part<'k> {
    pub(super) section: &'k str,
    pub(super) name: &'k str,
    /// What people call it.
    pub(super) title: String,
}

impl Part<'_> {
    /// The path of one of its keys, or its own.
    pub(super) fn path(&self, key: Option<&str>) -> String {
        let parts = [self.section, self.name, key.unwrap_or("")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    }

    pub(super) fn is_rule(&self) -> bool {
        matches!(self.section, "partner.rule" | "professional.rule")
    }

    fn is_level(&self) -> bool {
        matches!(self.section, "partner.level" | "professional.level")
    }

    fn unit(&self) -> &'static str {
        if self.section.starts_with("professional") { "points" } else { "credits" }
    }
}

/// One difference as a sentence; `values` are those of the part after it, or before if nothing is left.
pub(super) fn sentence(
    part: &Part<'_>,
    key: Option<&str>,
    before: Option<&str>,
    after: Option<&str>,
    values: Option<&Values>,
) -> String {
    let from = before.map_or("none".to_owned(), grouped);
    let to = after.map_or("none".to_owned(), grouped);
    let title = &part.title;
    let unit = part.unit();
    let value = |name: &str| values.and_then(|values| values.get(name)).map(String::as_str);
    match (part.section, key) {
        (_, None) if part.is_rule() && before.is_none() => format!("New: {title}, {to}."),
        (_, None) if part.is_rule() => format!("{title} earns nothing any more; it was {from}."),
        (_, None) if part.is_level() && before.is_none() => format!("New level {title}: {to}."),
        (_, None) if part.is_level() => format!("No level {title} any more; it was {from}."),
        ("rewards.discount", _) => {
            format!(
                "Base discount of {title} on {}: {} → {}.",
                category(part),
                percent(before),
                percent(after)
            )
        }
        ("rewards.cap", _) => {
            let (of, on) = (purpose(part), category(part));
            format!("Credits pay of {on} for {of}: at most {} → {}.", percent(before), percent(after))
        }
        ("rewards.credit_values", Some(currency)) => {
            format!("Value of one credit in {currency}: {from} → {to}.")
        }
        ("rewards", Some("cap_base")) => {
            format!("Caps on redeemed credits are shares of: {from} → {to} amount.")
        }
        (_, Some("dojo_credits_per_point")) => format!("Dojo Credits for each point: {from} → {to}."),
        (_, Some("threshold")) if part.is_level() => format!("{title}: {from} → {to} {}.", of(&to, unit)),
        (_, Some("points")) if part.is_rule() => {
            format!("{title}: {from} → {to} {}{}.", of(&to, "points"), each(part, values))
        }
        (_, Some("credits")) if part.is_rule() => match value("per") {
            Some("1") | None => format!("{title}: {from} → {to} {}.", of(&to, "credits")),
            Some(per) => format!("{title}: {from} → {to} {} per {}.", of(&to, "credits"), grouped(per)),
        },
        (_, Some("per")) if part.is_rule() => {
            let credits = value("credits").map_or(String::new(), grouped);
            format!("{title}: {credits} {} per {from} → {to}.", of(&credits, "credits"))
        }
        (_, Some("cap")) if part.is_rule() => {
            let window = value("window").map_or("", window);
            match (before, after) {
                (Some(_), Some(_)) => {
                    format!("{title}: at most {from} → {to} {}{window}.", of(&to, unit))
                }
                (Some(_), None) => {
                    format!("{title}: at most {from} {}{window} → no limit.", of(&from, unit))
                }
                (None, _) => format!("{title}: no limit → at most {to} {}{window}.", of(&to, unit)),
            }
        }
        ("credits", Some(_)) => format!("Credits expire: {from} → {to}."),
        ("dojo_credits", Some(_)) => format!("Dojo Credits expire: {from} → {to}."),
        ("deals", Some(key)) => format!("Deals, {}: {from} → {to}.", words(key)),
        ("customers", Some(key)) => format!("Customers, {}: {}.", words(key), listed(before, after)),
        ("legacy", Some(key)) => format!("Legacy window, {}: {from} → {to}.", words(key)),
        ("legacy", None) if after.is_none() => "The legacy window is not repeated.".to_owned(),
        ("attribute", None) if before.is_none() => format!("Every kind accepts the attribute {title}."),
        ("attribute", None) => format!("Kinds do not accept the attribute {title} any more."),
        ("attribute", Some(key)) => format!("Attribute {title}, {}: {from} → {to}.", words(key)),
        (section, key) => {
            let place = if title.is_empty() { capital(&words(section)) } else { title.clone() };
            let key = key.map_or(String::new(), |key| format!("{}: ", words(key)));
            format!("{place}, {key}{from} → {to}.")
        }
    }
}

/// A unit in the number that goes with a figure.
fn of<'u>(figure: &str, unit: &'u str) -> &'u str {
    if matches!(figure, "1" | "-1") { unit.strip_suffix('s').unwrap_or(unit) } else { unit }
}

/// When credits expire, by the values of their section.
pub(super) fn expiry(values: &Values) -> String {
    let value = |name: &str| values.get(name).map(String::as_str);
    match (value("expire_after_months"), value("expire_at_end_of_following_year")) {
        (Some("1"), _) => "a month after the day on which they are earned".to_owned(),
        (Some(months), _) => format!("{months} months after the day on which they are earned"),
        (None, Some("1")) => "at the end of the year after the one in which they are earned".to_owned(),
        (None, Some(years)) => format!("at the end of year {years} after the one in which they are earned"),
        (None, None) => "never".to_owned(),
    }
}

/// A part in a few words.
pub(super) fn summary(part: &Part<'_>, values: &Values) -> String {
    let value = |name: &str| values.get(name).map(|value| grouped(value));
    let unit = part.unit();
    if let Some(points) = value("points").filter(|_| part.is_rule()) {
        return format!(
            "{points} {}{}{}",
            of(&points, "points"),
            each(part, Some(values)),
            terms(unit, values)
        );
    }
    if let Some(credits) = value("credits").filter(|_| part.is_rule()) {
        let per = value("per").filter(|per| per != "1").map_or(String::new(), |per| format!(" per {per}"));
        let window = values.get("window").map_or("", |one| window(one));
        return format!("{credits} {}{per}{window}{}", of(&credits, "credits"), terms(unit, values));
    }
    if let Some(threshold) = value("threshold") {
        return format!("from {threshold} {}", of(&threshold, unit));
    }
    if let Some(percent) = values.get("percent") {
        return percent.clone();
    }
    let pairs = values.iter().map(|(key, value)| format!("{} {}", words(key), grouped(value)));
    pairs.collect::<Vec<_>>().join(", ")
}

/// What else a new rule says.
fn terms(unit: &str, values: &Values) -> String {
    let value = |name: &str| values.get(name).map(|value| grouped(value));
    let terms = [
        value("cap")
            .map(|cap| (of(&cap, unit), cap, values.get("window").map_or("", |one| window(one))))
            .map(|(unit, cap, window)| format!("at most {cap} {unit}{window}")),
        value("divided_by").map(|name| format!("divided by {}", words(&name))),
        value("counts_as").map(|kind| format!("counts as {kind}")),
        value("from").map(|day| format!("from {day}")),
        value("until").map(|day| format!("until {day}")),
        value("evidence_days").map(|days| format!("with evidence within {days} {}", of(&days, "days"))),
        value("rest").filter(|rest| rest == "carry").map(|_| "what is left over is carried on".to_owned()),
    ];
    let before = std::iter::once(String::new());
    before.chain(terms.into_iter().flatten()).collect::<Vec<_>>().join(", ")
}

/// What points are for, where an activity can have several.
fn each(part: &Part<'_>, values: Option<&Values>) -> &'static str {
    let is_single = values.and_then(|values| values.get("max_quantity")).is_none_or(|most| most == "1");
    let unit = values.and_then(|values| values.get("unit")).map(String::as_str);
    let is_day = unit == Some("day") || part.name.split('_').any(|word| matches!(word, "DAY" | "DAYS"));
    if is_day {
        " a day"
    } else if is_single {
        ""
    } else {
        " each"
    }
}

fn window(name: &str) -> &'static str {
    match name {
        "month" => " a month",
        "calendar_year" => " a calendar year",
        "membership_year" => " a membership year",
        "lifetime" => " once",
        _ => "",
    }
}

fn percent(value: Option<&str>) -> String {
    format!("{}%", value.unwrap_or("0"))
}

fn category(part: &Part<'_>) -> String {
    let category = part.name.split_once('.').map_or(part.name, |(_, category)| category);
    words(&category.to_lowercase())
}

fn purpose(part: &Part<'_>) -> String {
    let purpose = part.name.split('.').next().unwrap_or_default();
    words(&purpose.to_lowercase())
}

/// What is on one list and not on the other.
fn listed(before: Option<&str>, after: Option<&str>) -> String {
    let items = |list: Option<&str>| -> Vec<String> {
        list.unwrap_or_default().split(", ").filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    let (before, after) = (items(before), items(after));
    let only = |one: &[String], other: &[String]| {
        one.iter().filter(|item| !other.contains(item)).cloned().collect::<Vec<_>>().join(", ")
    };
    let (gone, new) = (only(&before, &after), only(&after, &before));
    match (new.is_empty(), gone.is_empty()) {
        (false, false) => format!("with {new}, without {gone}"),
        (false, true) => format!("with {new}"),
        (true, false) => format!("without {gone}"),
        (true, true) => "in another order".to_owned(),
    }
}

/// The words of a name in code.
fn words(name: &str) -> String {
    name.replace(['_', '.'], " ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A text with the digits of its whole numbers in groups of three; dates, decimals and codes are left as they are.
fn grouped(text: &str) -> String {
    let number = |part: &str| {
        let (sign, digits) = part.strip_prefix('-').map_or(("", part), |digits| ("-", digits));
        let is_long = digits.len() > 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_long {
            return part.to_owned();
        }
        let mut shown = String::from(sign);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                shown.push(',');
            }
            shown.push(digit);
        }
        shown
    };
    text.split('–').map(number).collect::<Vec<_>>().join("–")
}
