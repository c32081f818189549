//! Table `edition_trial_subjects`.

use sea_orm::entity::prelude::*;

use crate::value::TrialVerdict;

/// A subject for which a tried document changes something.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "edition_trial_subjects")]
pub struct Model {
    /// The trial.
    #[sea_orm(primary_key, auto_increment = false)]
    pub trial_id: Uuid,
    /// Place in the order of differences, the greatest loss first, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    /// Place in the order of codes, partners first, from 1.
    pub code_place: i64,
    /// The partner, if it is one.
    pub partner_id: Option<Uuid>,
    /// The professional, if it is one.
    pub professional_id: Option<Uuid>,
    /// Code of the subject.
    pub code: String,
    /// How it fares.
    pub verdict: TrialVerdict,
    /// Difference of what can be spent, or else of what was earned.
    pub difference: i64,
    /// What it has by the editions in force, as JSON.
    pub before: String,
    /// What it would have, as JSON.
    pub after: String,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
