//! Reads of sets of subjects: the number of statements does not depend on the size of the set.

mod audit;
mod entries;
mod explanations;
mod history;
mod level_history;
mod list_queries;
mod lists;
mod partners;
mod paths;
mod points;
mod professional_levels;
mod professionals;
mod program_reports;
mod standings;
mod statements;

use std::collections::HashMap;

use uuid::Uuid;

use crate::program::refusal::Refusal;
pub use audit::AuditQuery;
pub use explanations::{LedgerObjects, PointsObjects};
pub use history::{Happening, Histories};
pub use level_history::PartnerLevelAward;
pub use list_queries::{
    ActivityQuery, AffiliationQuery, ContractQuery, DealQuery, OrderQuery, SwagOrderQuery,
};
pub use lists::RowsTotal;
pub use partners::{PartnerQuery, track_column};
pub use paths::PathQuery;
pub use professional_levels::ProfessionalLevelAward;
pub use professionals::{ProfessionalQuery, StandingOn};
pub use program_reports::{LevelCount, ProgramReport, RenewalCount, value_of};
pub use standings::{PartnerStanding, YearCredits};
pub use statements::Statement;

/// The result for each subject, or the refusal.
pub type PerSubject<T> = HashMap<Uuid, Result<T, Refusal>>;
