//! Table `subject_steps`.

use sea_orm::entity::prelude::*;

/// What a step about a partner or a professional changed, by its place in the log; never changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subject_steps")]
pub struct Model {
    /// The step of the log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub log_seq: i64,
    /// The partner.
    pub partner_id: Option<Uuid>,
    /// The professional.
    pub professional_id: Option<Uuid>,
    /// Day of enrolment or sign-up before, if it was changed.
    pub first_day_before: Option<Date>,
    /// Day of enrolment or sign-up after, if it was changed.
    pub first_day: Option<Date>,
    /// Last day in the program before, if there was one and the step changed it.
    pub last_day_before: Option<Date>,
    /// Last day in the program after, if the step set one.
    pub last_day: Option<Date>,
    /// Track of an override.
    pub track: Option<String>,
    /// Code of the level of an override, whose days are the first and the last one.
    pub level: Option<String>,
    /// The step of the override that this one ends, with its last day before and after.
    pub override_seq: Option<i64>,
    /// Who made an override, or ended it.
    pub made_by: Option<String>,
    /// The subject that was merged into this one.
    pub from_id: Option<Uuid>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
