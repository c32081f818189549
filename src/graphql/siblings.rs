//! Objects that were loaded together load their parts together.
//!
//! A list's objects share one [`Siblings`]. The first of them that is asked for a part loads it for
//! all, so a page costs as many statements as one object. A data loader does the same with a timer
//! and a task for each batch; measured, that costs more than the statement, and here the batch is
//! known beforehand.

use std::any::Any;
use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use uuid::Uuid;

use super::error::ApiError;
use crate::store::page::Rows;

/// Rows that were loaded together, and the parts that were loaded for them since.
pub(crate) struct Siblings<R> {
    rows: Vec<R>,
    parts: Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>,
}

/// One of the rows, with the others at hand.
pub(crate) struct Member<R> {
    family: Arc<Siblings<R>>,
    place: usize,
}

impl<R> Clone for Member<R> {
    fn clone(&self) -> Self {
        Self { family: Arc::clone(&self.family), place: self.place }
    }
}

impl<R> Siblings<R> {
    pub(crate) fn new(rows: Vec<R>) -> Arc<Self> {
        Arc::new(Self { rows, parts: Mutex::new(HashMap::new()) })
    }

    pub(crate) fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The part of a name and arguments, loaded by the first who asks.
    async fn part<V, F>(
        &self,
        name: &str,
        arguments: &(impl Debug + Sync),
        load: F,
    ) -> Result<Arc<V>, ApiError>
    where
        V: Send + Sync + 'static,
        F: Future<Output = Result<V, ApiError>> + Send,
    {
        type Cell<V> = OnceCell<Result<Arc<V>, ApiError>>;
        let key = format!("{name}{arguments:?}");
        let cell = {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            let cell = parts.entry(key).or_insert_with(|| Arc::new(Cell::<V>::new()));
            Arc::clone(cell)
        };
        let cell = cell.downcast::<Cell<V>>().expect("a name stands for one type");
        cell.get_or_init(|| async { load.await.map(Arc::new) }).await.clone()
    }
}

impl<R: Send + Sync> Member<R> {
    /// A row by itself.
    pub(crate) fn only(row: R) -> Self {
        Self { family: Siblings::new(vec![row]), place: 0 }
    }

    pub(crate) fn row(&self) -> &R {
        &self.family.rows[self.place]
    }

    /// The part of a name and arguments for all siblings; `load` gets their rows.
    pub(crate) async fn part<V, E>(
        &self,
        name: &str,
        arguments: &(impl Debug + Sync),
        load: impl Future<Output = Result<V, E>> + Send,
    ) -> Result<Arc<V>, ApiError>
    where
        V: Send + Sync + 'static,
        E: Into<ApiError>,
    {
        self.family.part(name, arguments, async { load.await.map_err(Into::into) }).await
    }

    /// All siblings, this one among them.
    pub(crate) fn siblings(&self) -> &[R] {
        self.family.rows()
    }
}

/// Rows by id that became one family.
pub(crate) struct ById<R> {
    family: Arc<Siblings<R>>,
    places: HashMap<Uuid, usize>,
}

impl<R> ById<R> {
    pub(crate) fn new(rows: HashMap<Uuid, R>) -> Self {
        let (ids, rows): (Vec<Uuid>, Vec<R>) = rows.into_iter().unzip();
        let places = ids.into_iter().enumerate().map(|(place, id)| (id, place)).collect();
        Self { family: Siblings::new(rows), places }
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<Member<R>> {
        Some(Member { family: Arc::clone(&self.family), place: *self.places.get(&id)? })
    }
}

/// One page of a list.
pub(crate) struct PageOf<R> {
    family: Arc<Siblings<R>>,
    range: Range<usize>,
    pub(crate) has_more: bool,
}

impl<R> PageOf<R> {
    pub(crate) fn new(rows: Rows<R>) -> Self {
        let range = 0..rows.rows.len();
        Self { family: Siblings::new(rows.rows), range, has_more: rows.has_more }
    }

    pub(crate) fn members(&self) -> impl DoubleEndedIterator<Item = Member<R>> + '_ {
        self.range.clone().map(|place| Member { family: Arc::clone(&self.family), place })
    }

    pub(crate) fn rows(&self) -> &[R] {
        &self.family.rows[self.range.clone()]
    }
}

/// Pages of several owners, whose rows became one family.
pub(crate) struct Pages<R> {
    family: Arc<Siblings<R>>,
    pages: HashMap<Uuid, (Range<usize>, bool)>,
}

impl<R> Pages<R> {
    pub(crate) fn new(by_owner: HashMap<Uuid, Rows<R>>) -> Self {
        let mut all = Vec::new();
        let mut pages = HashMap::with_capacity(by_owner.len());
        for (owner, page) in by_owner {
            let from = all.len();
            all.extend(page.rows);
            pages.insert(owner, (from..all.len(), page.has_more));
        }
        Self { family: Siblings::new(all), pages }
    }

    pub(crate) fn of(&self, owner: Uuid) -> PageOf<R> {
        let (range, has_more) = self.pages.get(&owner).cloned().unwrap_or((0..0, false));
        PageOf { family: Arc::clone(&self.family), range, has_more }
    }
}
