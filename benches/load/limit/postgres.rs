//! The statements on PostgreSQL.

pub(super) type Db = sqlx::Postgres;
pub(super) const BEGIN: &str = "BEGIN";
pub(super) const LOCK_PROFESSIONAL: &str = "SELECT p.id, p.signed_up_on, b.dojo_credits, b.points, b.entries, b.last_recorded_at FROM professionals p \
     JOIN professional_balances b ON b.professional_id = p.id WHERE p.code = $1 FOR UPDATE OF b";
pub(super) const LOCK_PARTNER: &str = "SELECT credits, level_credits, entries, last_recorded_at FROM partner_balances WHERE partner_id = $1 \
     FOR UPDATE";
pub(super) const NEXT_SEQ: &str = "SELECT nextval('log_seq')";
#[path = "reads.rs"]
pub(super) mod reads;
#[path = "record.rs"]
pub(super) mod record;
#[path = "records.rs"]
pub(super) mod records;
