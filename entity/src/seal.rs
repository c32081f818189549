//! Table `seals`.

use sea_orm::entity::prelude::*;

/// The seal of a step of the log: the head of the chain of hashes after it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seals")]
pub struct Model {
    /// Place in the chain, from 1 without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// The step of the log.
    pub log_seq: i64,
    /// SHA-256 of the head before and of the step, as 64 hexadecimal digits.
    pub head: String,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
