//! The editions as published, with their keys.

use uuid::Uuid;

use crate::clock::Clock;
use crate::error::Error;
use crate::program::edition::{BUILT_IN, Editions};
use crate::store::{Database, edition, lock_startup};

/// Every published edition with its key.
#[derive(Debug)]
pub struct Policy {
    /// The editions.
    pub editions: Editions,
    ids: Vec<Uuid>,
}

impl Policy {
    /// Reads what is published, and publishes the built-in edition first where nothing is.
    pub(super) async fn load(db: &Database, clock: &Clock) -> Result<Self, Error> {
        let mut rows = edition::all(db.reader()).await?;
        if rows.is_empty() {
            let built_in = Editions::built_in();
            let row = entity::edition::Model {
                id: Uuid::now_v7(),
                effective_from: built_in.launch(),
                name: built_in.at(built_in.launch()).name.clone(),
                document: BUILT_IN.to_owned(),
                published_at: clock.now(),
            };
            let transaction = db.begin().await?;
            lock_startup(&transaction).await?;
            // Another process may have published it meanwhile.
            if edition::all(&*transaction).await?.is_empty() {
                edition::insert(&*transaction, row).await?;
            }
            transaction.commit().await?;
            rows = edition::all(db.reader()).await?;
        }
        let editions = Editions::parse(rows.iter().map(|row| row.document.as_str()))
            .map_err(|error| Error::Damaged(format!("a published edition: {error}")))?;
        Ok(Self { editions, ids: rows.into_iter().map(|row| row.id).collect() })
    }

    /// Key of the edition at a place that [`Editions::index_at`] gave.
    #[must_use]
    pub fn id(&self, index: usize) -> Option<Uuid> {
        self.ids.get(index).copied()
    }

    /// Place of the edition with this key.
    #[must_use]
    pub fn index(&self, id: Uuid) -> Option<usize> {
        self.ids.iter().position(|known| *known == id)
    }
}
