//! The list of activities.

use chrono::NaiveDate;
use entity::activity;
use entity::value::ActivityStatus;
use sea_orm::{ActiveEnum, DbBackend};
use uuid::Uuid;

use super::{Branch, ListQuery, RowKey, Sort, Tie};

/// What the list of activities is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActivityOrder {
    /// Order of recording.
    Recorded,
    /// Date of the activity.
    OccurredOn,
}

impl ActivityOrder {
    /// The order, the last first if `descending`.
    #[must_use]
    pub fn sort(self, descending: bool) -> Sort {
        let day = (self == Self::OccurredOn).then_some("occurred_on");
        Sort { day, descending }
    }

    /// The position of a row.
    #[must_use]
    pub fn key(self, row: &activity::Model) -> RowKey {
        RowKey { day: (self == Self::OccurredOn).then_some(row.occurred_on), tie: Tie::Seq(row.seq) }
    }
}

/// A filter on activities. An activity matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ActivityFilter {
    /// One of these statuses.
    pub statuses: Option<Vec<ActivityStatus>>,
    /// One of these kinds.
    pub kinds: Option<Vec<String>>,
    /// Recorded for this partner itself.
    pub partner: Option<Uuid>,
    /// Recorded for this professional.
    pub professional: Option<Uuid>,
    /// From this source system.
    pub source: Option<String>,
    /// Recorded by this run of an import.
    pub import_run: Option<Uuid>,
    /// On this day or later.
    pub occurred_from: Option<NaiveDate>,
    /// On this day or earlier.
    pub occurred_to: Option<NaiveDate>,
}

/// The activities that are visible to a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActivityScope {
    /// All.
    All,
    /// Those of a partner, and of professionals on days on which they were affiliated with it, through today.
    Partner(Uuid, NaiveDate),
    /// Those of a professional.
    Professional(Uuid),
    /// Those that an integration recorded.
    Integration(String),
}

/// The statement of a list; none where it has no row.
#[expect(clippy::too_many_lines, reason = "one condition for each field, which read together")]
pub(crate) fn query(backend: DbBackend, filter: &ActivityFilter, scope: &ActivityScope) -> Option<ListQuery> {
    let mut query = ListQuery::new(backend, "activities", "seq");
    if filter.partner.is_some() && filter.professional.is_some() {
        return None;
    }
    // Only activities that are not recorded have an index by status.
    let statuses = filter.statuses.as_ref().map(|statuses| {
        let recorded = statuses.contains(&ActivityStatus::Recorded);
        (statuses.iter().map(ActiveEnum::to_value).collect::<Vec<String>>(), recorded)
    });
    let unusual = match &statuses {
        Some((statuses, false)) => Some(statuses.iter().map(String::as_str).collect::<Vec<_>>()),
        _ => None,
    };
    let by_status = |query: &mut ListQuery, of: String| {
        let branch = match &unusual {
            Some(statuses) => {
                query.branch_for_texts("status", statuses, &format!(" AND e.status <> 'RECORDED'{of}"))
            }
            None => Branch::of(of.trim_start_matches(" AND ").to_owned()),
        };
        query.add(branch);
    };
    let mut is_narrow = true;
    match (scope, filter.partner, filter.professional) {
        (ActivityScope::Partner(own, _), Some(partner), _) if partner != *own => return None,
        (ActivityScope::Professional(own), partner, professional)
            if partner.is_some() || professional.is_some_and(|id| id != *own) =>
        {
            return None;
        }
        (ActivityScope::Partner(own, today), None, professional) => {
            let (own, today) = (query.value(*own), query.value(*today));
            if professional.is_none() {
                by_status(&mut query, format!(" AND e.partner_id = {own}"));
            }
            let only = professional
                .map(|id| format!(" AND v.professional_id = {}", query.value(id)))
                .unwrap_or_default();
            let employed = format!(
                "(SELECT v.professional_id, v.starts_on, v.ends_on FROM affiliations v \
                 WHERE v.partner_id = {own} AND NOT v.voided AND v.starts_on <= {today}{only})"
            );
            let condition = "e.professional_id = k.professional_id AND e.occurred_on >= k.starts_on \
                             AND (k.ends_on IS NULL OR e.occurred_on <= k.ends_on)";
            query.add(Branch::for_each(employed, condition));
            if let Some(statuses) = &unusual {
                let condition = query.one_of("e.status", statuses.iter().copied());
                query.require(condition);
            }
        }
        (_, Some(partner), _) => {
            let of = format!(" AND e.partner_id = {}", query.value(partner));
            by_status(&mut query, of);
        }
        (_, _, Some(professional)) | (&ActivityScope::Professional(professional), ..) => {
            let of = format!(" AND e.professional_id = {}", query.value(professional));
            by_status(&mut query, of);
        }
        // What a run recorded is one range.
        _ if filter.import_run.is_some() => {
            if let Some(statuses) = &unusual {
                let condition = query.one_of("e.status", statuses.iter().copied());
                query.require(condition);
            }
        }
        _ if unusual.is_some() => by_status(&mut query, String::new()),
        _ => is_narrow = false,
    }
    if let Some(run) = filter.import_run {
        let condition = format!("e.import_run_id = {}", query.value(run));
        query.require(condition);
        is_narrow = true;
    }
    if let ActivityScope::Integration(name) = scope {
        let condition = format!("e.recorded_by = {}", query.value(name.as_str()));
        query.require(condition);
    }
    if let (Some((statuses, true)), None) = (&statuses, &unusual) {
        let condition = query.one_of("e.status", statuses.iter().map(String::as_str));
        query.require(condition);
    }
    if let Some(source) = &filter.source {
        let condition = format!("e.source = {}", query.value(source.as_str()));
        query.require(condition);
        is_narrow = true;
    }
    if let Some(kinds) = &filter.kinds {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        if is_narrow || matches!(scope, ActivityScope::Integration(_)) {
            let condition = query.one_of("e.kind", kinds);
            query.require(condition);
        } else {
            let branch = query.branch_for_texts("kind", &kinds, "");
            query.add(branch);
        }
    }
    query.between("occurred_on", filter.occurred_from, filter.occurred_to);
    Some(query)
}
