//! Table `partner_days`.

use sea_orm::entity::prelude::*;

use crate::value::Track;

/// Net level credits of a partner, track and day.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_days")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partner_id: Uuid,
    /// The track.
    #[sea_orm(primary_key, auto_increment = false)]
    pub track: Track,
    /// The day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: Date,
    /// Level credits, net.
    pub credits: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
