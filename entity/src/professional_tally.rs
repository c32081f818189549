//! Table `professional_tallies`.

use sea_orm::entity::prelude::*;

/// Units of a professional, rule and window.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "professional_tallies")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub professional_id: Uuid,
    /// Kind of the rule.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rule: String,
    /// First day of the window.
    #[sea_orm(primary_key, auto_increment = false)]
    pub window_start: Date,
    /// Units so far.
    pub units: i64,
    /// Points awarded for them so far.
    pub awarded: i64,
    /// Latest day of an activity in the window, voided ones included.
    pub latest_on: Date,
    /// Dojo Credits more, or less, than by the rate of the window's first day, where editions of the window have several
    /// rates; nothing if it is as many.
    pub extra_dojo_credits: Option<i32>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
