//! `SeaORM` entities of partner-program: one table a file, columns and nothing else.

pub mod activity;
pub mod affiliation;
pub mod api_key;
pub mod audit_entry;
pub mod edition;
pub mod ledger_entry;
pub mod log;
pub mod partner;
pub mod partner_balance;
pub mod partner_day;
pub mod partner_tally;
pub mod partner_total;
pub mod points_entry;
pub mod professional;
pub mod professional_balance;
pub mod professional_day;
pub mod professional_tally;
pub mod professional_total;
pub mod value;
