//! What the numbers of a replay stand for.

use crate::program::fold::ObjectIndex;
use crate::service::posting::Object;

/// First number of other objects, where recorded activities are numbered by their order.
pub(in crate::service::verify) const FIRST_OTHER: u32 = 1 << 31;

/// The objects of a replay by number.
///
/// Who only wants the state after the steps needs no object of most activities: these have the numbers below the first.
#[derive(Debug, Default)]
pub(super) struct Objects {
    first: u32,
    /// Quantities of recorded activities by their numbers, where somebody asks for them.
    quantities: Vec<i64>,
    known: Vec<Object>,
}

impl Objects {
    /// Leaves the lower half of all numbers to recorded activities.
    pub(super) fn number_recorded(&mut self) {
        self.first = FIRST_OTHER;
    }

    /// Adds an object, and returns its number.
    ///
    /// # Panics
    /// With 2³¹ of them.
    pub(super) fn add(&mut self, object: Object) -> ObjectIndex {
        let place = u32::try_from(self.known.len()).ok().filter(|place| *place < FIRST_OTHER);
        self.known.push(object);
        ObjectIndex(self.first + place.expect("fewer than 2^31 objects"))
    }

    /// The object of a number; none if it is an activity that is known by its number only.
    pub(super) fn get(&self, index: ObjectIndex) -> Option<Object> {
        self.known.get(index.0.checked_sub(self.first)? as usize).copied()
    }

    /// Keeps the quantity of the next recorded activity.
    pub(super) fn add_quantity(&mut self, quantity: i64) {
        self.quantities.push(quantity);
    }

    /// The quantity of a recorded activity that is known by its number only.
    pub(super) fn quantity(&self, index: ObjectIndex) -> i64 {
        self.quantities.get(index.0 as usize).copied().unwrap_or_default()
    }

    /// A key that no other object has.
    pub(super) fn key(&self, index: ObjectIndex) -> u128 {
        self.get(index).map_or(u128::from(index.0), |object| object.id().as_u128())
    }
}
