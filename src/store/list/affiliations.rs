//! The list of affiliations.

use chrono::NaiveDate;
use entity::affiliation;
use sea_orm::DbBackend;
use uuid::Uuid;

use super::{ListQuery, RowKey, Sort, Tie};

/// A filter on affiliations. An affiliation matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AffiliationFilter {
    /// With this partner.
    pub partner: Option<Uuid>,
    /// Of this professional.
    pub professional: Option<Uuid>,
    /// In force on this day.
    pub on: Option<NaiveDate>,
}

/// The affiliations that are visible to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AffiliationScope {
    /// All.
    All,
    /// Those with a partner that stand and have begun by a day.
    Partner(Uuid, NaiveDate),
    /// Those of a professional.
    Professional(Uuid),
}

impl AffiliationScope {
    /// Whether an affiliation is visible.
    pub(crate) fn includes(self, row: &affiliation::Model) -> bool {
        match self {
            Self::All => true,
            Self::Partner(id, today) => row.partner_id == id && row.starts_on <= today && !row.voided,
            Self::Professional(id) => row.professional_id == id,
        }
    }
}

/// The order by the first day, the last first if `descending`.
pub(crate) fn sort(descending: bool) -> Sort {
    Sort { day: Some("starts_on"), descending }
}

/// The position of a row.
pub(crate) fn key(row: &affiliation::Model) -> RowKey {
    RowKey { day: Some(row.starts_on), tie: Tie::Id(row.id) }
}

/// The statement of a list; none where it has no row.
pub(crate) fn query(
    backend: DbBackend,
    filter: &AffiliationFilter,
    scope: AffiliationScope,
) -> Option<ListQuery> {
    let mut query = ListQuery::new(backend, "affiliations", "id");
    let (mut partner, mut professional) = (filter.partner, filter.professional);
    match scope {
        AffiliationScope::All => {}
        AffiliationScope::Partner(own, today) => {
            if partner.is_some_and(|id| id != own) {
                return None;
            }
            partner = Some(own);
            let condition = format!("NOT e.voided AND e.starts_on <= {}", query.value(today));
            query.require(condition);
        }
        AffiliationScope::Professional(own) => {
            if professional.is_some_and(|id| id != own) {
                return None;
            }
            professional = Some(own);
        }
    }
    if let Some(partner) = partner {
        let condition = format!("e.partner_id = {}", query.value(partner));
        query.require(condition);
    }
    if let Some(professional) = professional {
        let condition = format!("e.professional_id = {}", query.value(professional));
        query.require(condition);
    }
    if let Some(day) = filter.on {
        let day = query.value(day);
        query.require(format!(
            "NOT e.voided AND e.starts_on <= {day} AND (e.ends_on IS NULL OR e.ends_on >= {day})"
        ));
    }
    Some(query)
}
