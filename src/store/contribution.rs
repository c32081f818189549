//! What professionals contributed to partners: their affiliations and awards, as of a place in the log.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::points_entry;
use entity::value::LogAction;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::sql::{self, sql};

/// A step of the log about an affiliation.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct AffiliationStep {
    pub(crate) seq: i64,
    pub(crate) action: LogAction,
    pub(crate) professional_id: Uuid,
    pub(crate) partner_id: Uuid,
    pub(crate) starts_on: NaiveDate,
    /// The last day that the step gave it.
    pub(crate) ends_on: Option<NaiveDate>,
    /// First day of the affiliation that it replaces.
    pub(crate) replaced_starts_on: Option<NaiveDate>,
}

/// An entry of a professional with the quantity of its activity.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Entry {
    #[sea_orm(nested)]
    pub(crate) row: points_entry::Model,
    pub(crate) quantity: i64,
}

/// What the professionals who were ever affiliated with partners did before a place in the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contributions {
    /// About their affiliations with anybody, in the order of the log. Whose each is, later merges do not change.
    pub(crate) steps: Vec<AffiliationStep>,
    /// Their entries about activities, in the order of the log.
    pub(crate) entries: Vec<Entry>,
    /// Whom professionals were merged into before.
    pub(crate) merged: HashMap<Uuid, Uuid>,
}

/// Affiliations with their owners as of the place in parameter 2, of those whose owner now or formerly is in the set of
/// parameter 1: the column of the owner is the argument.
macro_rules! owned_by {
    ($owner:literal) => {
        concat!(
            "WITH owned AS (SELECT f.id, f.starts_on, f.replaces_id, \
             COALESCE((SELECT m.from_id FROM merged_objects m JOIN partners p ON p.id = m.from_id \
             WHERE m.object_id = f.id AND m.log_seq >= $2 ORDER BY m.log_seq LIMIT 1), f.partner_id) AS partner_id, \
             COALESCE((SELECT m.from_id FROM merged_objects m JOIN professionals p ON p.id = m.from_id \
             WHERE m.object_id = f.id AND m.log_seq >= $2 ORDER BY m.log_seq LIMIT 1), f.professional_id) \
             AS professional_id FROM affiliations f WHERE f.id IN (SELECT o.id FROM affiliations o WHERE o.",
            $owner,
            " @uuids1 UNION SELECT g.object_id FROM merged_objects g WHERE g.from_id @uuids1)) "
        )
    };
}

/// What the professionals of partners did before a place in the log.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: [Uuid; 2],
    before: i64,
) -> Result<Contributions, DbErr> {
    #[derive(FromQueryResult)]
    struct Person {
        professional_id: Uuid,
    }
    #[derive(FromQueryResult)]
    struct Merge {
        from_id: Uuid,
        professional_id: Uuid,
    }
    sql!(
        PEOPLE,
        concat!(
            owned_by!("partner_id"),
            "SELECT DISTINCT o.professional_id FROM owned o WHERE o.partner_id @uuids1"
        )
    );
    sql!(
        STEPS,
        concat!(
            owned_by!("professional_id"),
            "SELECT l.seq, l.action, o.professional_id, o.partner_id, o.starts_on, l.ends_on, \
             r.starts_on AS replaced_starts_on FROM owned o JOIN log l ON l.affiliation_id = o.id \
             LEFT JOIN affiliations r ON r.id = o.replaces_id \
             WHERE o.professional_id @uuids1 AND l.seq < $2 ORDER BY l.seq"
        )
    );
    sql!(
        MERGES,
        "SELECT from_id, professional_id FROM subject_steps \
         WHERE from_id IS NOT NULL AND professional_id IS NOT NULL AND log_seq < $1 ORDER BY log_seq"
    );
    sql!(
        ENTRIES,
        "SELECT e.*, a.quantity FROM points_entries e JOIN activities a ON a.id = e.activity_id \
         WHERE e.professional_id @uuids1 AND e.log_seq < $2"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners), before.into()];
    let people = Person::find_by_statement(PEOPLE.bind(backend, values)).all(connection).await?;
    let mut people: Vec<Uuid> = people.into_iter().map(|row| row.professional_id).collect();
    if people.is_empty() {
        return Ok(Contributions::default());
    }
    let values = [sql::ids(backend, people.iter().copied()), before.into()];
    let steps = AffiliationStep::find_by_statement(STEPS.bind(backend, values)).all(connection).await?;
    let mut merged: HashMap<Uuid, Uuid> = HashMap::new();
    for Merge { from_id, professional_id } in
        Merge::find_by_statement(MERGES.bind(backend, [before.into()])).all(connection).await?
    {
        merged.values_mut().filter(|into| **into == from_id).for_each(|into| *into = professional_id);
        merged.insert(from_id, professional_id);
    }
    merged.retain(|_, into| people.contains(into));
    people.extend(merged.keys());
    let values = [sql::ids(backend, people), before.into()];
    let mut entries = Entry::find_by_statement(ENTRIES.bind(backend, values)).all(connection).await?;
    entries.sort_by_key(|one| (one.row.log_seq, one.row.professional_id, one.row.number));
    Ok(Contributions { steps, entries, merged })
}
