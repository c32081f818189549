//! Batched loading: objects that were loaded together load their relations together.
//!
//! The objects of a list share one [`Batch`]. The first resolver that needs a relation loads it for every
//! row of the batch, so a page costs as many statements as one object. A data loader does the same with
//! a timer and a task for each batch; measured, that costs more than the statement, and here the batch
//! is known beforehand.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use uuid::Uuid;

use super::error::ApiError;
use super::relation::Relation;
use crate::store::page::Rows;

/// A relation that the first caller loads and the others wait for.
type Cell<V> = Arc<OnceCell<Result<Arc<V>, ApiError>>>;

/// Rows that were loaded together, and the relations that have been loaded for them.
pub(crate) struct Batch<R> {
    rows: Vec<R>,
    loaded: Mutex<Cells>,
}

/// Cells with their relations, each as the type of what is loaded. A batch has few, so they are searched one by one.
#[derive(Default)]
struct Cells(Vec<(Relation, Arc<dyn Any + Send + Sync>)>);

impl Cells {
    /// The cell of a relation, whose value has the type `V`.
    fn get<V: Send + Sync + 'static>(&mut self, relation: Relation) -> Cell<V> {
        let mut cells = self.0.iter().filter(|(of, _)| *of == relation);
        if let Some(cell) = cells.find_map(|(_, cell)| Arc::clone(cell).downcast().ok()) {
            return cell;
        }
        let cell = Cell::<V>::default();
        self.0.push((relation, Arc::clone(&cell) as Arc<dyn Any + Send + Sync>));
        cell
    }
}

/// One row of a batch, with access to the others.
pub(crate) struct BatchRow<R> {
    batch: Arc<Batch<R>>,
    index: usize,
}

impl<R> Clone for BatchRow<R> {
    fn clone(&self) -> Self {
        Self { batch: Arc::clone(&self.batch), index: self.index }
    }
}

impl<R> Batch<R> {
    pub(crate) fn new(rows: Vec<R>) -> Arc<Self> {
        Arc::new(Self { rows, loaded: Mutex::default() })
    }

    pub(crate) fn rows(&self) -> &[R] {
        &self.rows
    }

    /// Keeps a relation that is known already.
    fn know<V: Send + Sync + 'static>(&self, relation: Relation, value: V) {
        // Nothing was loaded for the batch yet, so the first value is this one.
        let _ = self.cell(relation).set(Ok(Arc::new(value)));
    }

    /// The cell of a relation.
    fn cell<V: Send + Sync + 'static>(&self, relation: Relation) -> Cell<V> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get::<V>(relation)
    }
}

impl<R: Send + Sync> BatchRow<R> {
    /// A batch of one row.
    pub(crate) fn only(row: R) -> Self {
        Self { batch: Batch::new(vec![row]), index: 0 }
    }

    /// The same with a relation of the batch that is known already.
    pub(crate) fn with<V: Send + Sync + 'static>(self, relation: Relation, value: V) -> Self {
        self.batch.know(relation, value);
        self
    }

    pub(crate) fn row(&self) -> &R {
        &self.batch.rows[self.index]
    }

    /// The relation for the whole batch; `load` reads it for all rows. Only the first call makes a future of it, apart
    /// from that of the resolver: each field allocates what the largest resolver of its object needs.
    pub(crate) async fn load<V, E, F>(
        &self,
        relation: Relation,
        load: impl FnOnce() -> F + Send,
    ) -> Result<Arc<V>, ApiError>
    where
        V: Send + Sync + 'static,
        E: Into<ApiError>,
        F: Future<Output = Result<V, E>> + Send,
    {
        let cell = self.batch.cell(relation);
        if let Some(loaded) = cell.get() {
            return loaded.clone();
        }
        let first = cell.get_or_init(|| {
            let loading = load();
            async move { loading.await.map(Arc::new).map_err(Into::into) }
        });
        Box::pin(first).await.clone()
    }

    /// All rows of the batch, including this one.
    pub(crate) fn batch_rows(&self) -> &[R] {
        self.batch.rows()
    }
}

/// Rows by id, as one batch.
pub(crate) struct BatchById<R> {
    batch: Arc<Batch<R>>,
    indexes: HashMap<Uuid, usize>,
}

impl<R> BatchById<R> {
    pub(crate) fn new(rows: HashMap<Uuid, R>) -> Self {
        let (ids, rows): (Vec<Uuid>, Vec<R>) = rows.into_iter().unzip();
        let indexes = ids.into_iter().enumerate().map(|(index, id)| (id, index)).collect();
        Self { batch: Batch::new(rows), indexes }
    }

    /// The rows by id, as far as they are in the batch.
    pub(crate) fn rows(&self) -> HashMap<Uuid, R>
    where
        R: Clone,
    {
        self.indexes.iter().map(|(id, index)| (*id, self.batch.rows[*index].clone())).collect()
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<BatchRow<R>> {
        Some(BatchRow { batch: Arc::clone(&self.batch), index: *self.indexes.get(&id)? })
    }
}

/// One page of a list.
pub(crate) struct BatchPage<R> {
    batch: Arc<Batch<R>>,
    range: Range<usize>,
    pub(crate) has_more: bool,
}

impl<R> BatchPage<R> {
    pub(crate) fn new(rows: Rows<R>) -> Self {
        let range = 0..rows.rows.len();
        Self { batch: Batch::new(rows.rows), range, has_more: rows.has_more }
    }

    pub(crate) fn batch_rows(&self) -> impl DoubleEndedIterator<Item = BatchRow<R>> + '_ {
        self.range.clone().map(|index| BatchRow { batch: Arc::clone(&self.batch), index })
    }

    pub(crate) fn rows(&self) -> &[R] {
        &self.batch.rows[self.range.clone()]
    }
}

/// Pages of several owners, whose rows form one batch.
pub(crate) struct BatchPages<R> {
    batch: Arc<Batch<R>>,
    pages: HashMap<Uuid, (Range<usize>, bool)>,
}

impl<R> BatchPages<R> {
    pub(crate) fn new(by_owner: HashMap<Uuid, Rows<R>>) -> Self {
        let mut all = Vec::new();
        let mut pages = HashMap::with_capacity(by_owner.len());
        for (owner, page) in by_owner {
            let from = all.len();
            all.extend(page.rows);
            pages.insert(owner, (from..all.len(), page.has_more));
        }
        Self { batch: Batch::new(all), pages }
    }

    /// The same with a relation of the batch that is known already.
    pub(crate) fn with<V: Send + Sync + 'static>(self, relation: Relation, value: V) -> Self {
        self.batch.know(relation, value);
        self
    }

    pub(crate) fn of(&self, owner: Uuid) -> BatchPage<R> {
        let (range, has_more) = self.pages.get(&owner).cloned().unwrap_or((0..0, false));
        BatchPage { batch: Arc::clone(&self.batch), range, has_more }
    }
}
