//! The list of deals.

use chrono::NaiveDate;
use entity::deal;
use entity::value::DealStatus;
use sea_orm::{ActiveEnum, DbBackend};
use uuid::Uuid;

use super::{Branch, ListQuery, RowKey, Sort, Tie};
use crate::store::subject::LATEST;

/// What the list of deals is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DealOrder {
    /// Order of registration.
    Recorded,
    /// Last active day; deals for which no time runs are last.
    ValidUntil,
}

impl DealOrder {
    /// The order, the last first if `descending`.
    #[must_use]
    pub fn sort(self, descending: bool) -> Sort {
        Sort { day: (self == Self::ValidUntil).then_some("valid_until"), descending }
    }

    /// The position of a row.
    #[must_use]
    pub fn key(self, row: &deal::Model) -> RowKey {
        RowKey { day: (self == Self::ValidUntil).then_some(row.valid_until), tie: Tie::Seq(row.seq) }
    }
}

/// Statuses to look for: a deal whose time has run out keeps its last one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DealStatuses {
    /// Statuses in which no time runs.
    pub lasting: Vec<DealStatus>,
    /// Statuses in which time runs, and has not run out.
    pub running: Vec<DealStatus>,
    /// Statuses in which time has run out.
    pub expired: Vec<DealStatus>,
}

/// A filter on deals. A deal matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DealFilter {
    /// One of these statuses.
    pub statuses: Option<DealStatuses>,
    /// Of this partner.
    pub partner: Option<Uuid>,
    /// With the customer of this key.
    pub customer_key: Option<String>,
    /// Whose last active day is this one or later.
    pub valid_from: Option<NaiveDate>,
    /// Whose last active day is this one or earlier.
    pub valid_to: Option<NaiveDate>,
    /// Whether another partner holds the opportunity.
    pub conflict: Option<bool>,
}

/// The deals that are visible to a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DealScope {
    /// All.
    All,
    /// Those of a partner.
    Partner(Uuid),
    /// Those that an integration registered.
    Integration(String),
}

/// Opportunities that are held on a day by deals that were not rewarded yet, with the partner.
fn held(today: &str) -> String {
    format!(
        "SELECT o.customer_key, o.scope_key, h.partner_id FROM opportunities o JOIN deals h ON h.id = o.deal_id \
         WHERE o.deal_id IS NOT NULL AND o.held_until >= {today} AND o.held_since <= {today} \
         AND h.rewarded_on IS NULL"
    )
}

/// The statement of a list on a day; none where it has no row.
pub(crate) fn query(
    backend: DbBackend,
    filter: &DealFilter,
    scope: &DealScope,
    sort: Sort,
    today: NaiveDate,
) -> Option<ListQuery> {
    let mut query = ListQuery::new(backend, "deals", "seq");
    let partner = match (filter.partner, scope) {
        (Some(asked), DealScope::Partner(own)) if asked != *own => return None,
        (None, DealScope::Partner(own)) => Some(*own),
        (asked, _) => asked,
    };
    let mut is_narrow = false;
    if let Some(partner) = partner {
        let condition = format!("e.partner_id = {}", query.value(partner));
        query.require(condition);
        is_narrow = true;
    }
    if let DealScope::Integration(name) = scope {
        let condition = format!("e.recorded_by = {}", query.value(name.as_str()));
        query.require(condition);
        is_narrow = true;
    }
    if let Some(key) = &filter.customer_key {
        let condition = format!("e.customer_key = {}", query.value(key.as_str()));
        query.require(condition);
        is_narrow = true;
    }
    if let Some(conflict) = filter.conflict {
        let today = query.value(today);
        let same =
            "e.customer_key = k.customer_key AND e.scope_key = k.scope_key AND e.partner_id <> k.partner_id";
        if conflict && !is_narrow {
            query.add(Branch::for_each(format!("({})", held(&today)), same));
            is_narrow = true;
        } else {
            let not = if conflict { "" } else { "NOT " };
            query.require(format!("{not}EXISTS (SELECT 1 FROM ({}) k WHERE {same})", held(&today)));
        }
    }
    if let Some(statuses) = &filter.statuses {
        let today = query.value(today);
        if is_narrow {
            let condition = status_condition(&mut query, statuses, &today);
            query.require(condition);
        } else {
            add_branches(&mut query, statuses, sort, &today);
        }
    }
    let has_period = filter.valid_from.is_some() || filter.valid_to.is_some();
    // Deals for which no time runs have the last of all days.
    let valid_to = filter.valid_to.unwrap_or(LATEST).min(LATEST.pred_opt().unwrap_or(LATEST));
    query.between("valid_until", filter.valid_from, has_period.then_some(valid_to));
    Some(query)
}

/// The texts of statuses.
fn texts(statuses: &[DealStatus]) -> Vec<String> {
    statuses.iter().map(ActiveEnum::to_value).collect()
}

/// The three groups of statuses, each with its condition on the last active day.
fn groups<'s>(statuses: &'s DealStatuses, today: &str) -> [(&'s [DealStatus], String); 3] {
    [
        (&statuses.lasting, String::new()),
        (&statuses.running, format!(" AND e.valid_until >= {today}")),
        (&statuses.expired, format!(" AND e.valid_until < {today}")),
    ]
}

fn status_condition(query: &mut ListQuery, statuses: &DealStatuses, today: &str) -> String {
    let mut conditions = Vec::new();
    for (group, condition) in groups(statuses, today) {
        if !group.is_empty() {
            let texts = texts(group);
            let one_of = query.one_of("e.status", texts.iter().map(String::as_str));
            conditions.push(format!("{one_of}{condition}"));
        }
    }
    format!("({})", conditions.join(" OR "))
}

fn add_branches(query: &mut ListQuery, statuses: &DealStatuses, sort: Sort, today: &str) {
    for (index, (group, condition)) in groups(statuses, today).into_iter().enumerate() {
        if group.is_empty() {
            continue;
        }
        let texts = texts(group);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let branch = query.branch_for_texts("status", &texts, &condition);
        // Deals whose time runs are few, and those whose time has run out many: read by their last day, not past
        // all of the others.
        let by_day = index == 1 && sort.day.is_none();
        query.add(if by_day { branch.sorted() } else { branch });
    }
}
