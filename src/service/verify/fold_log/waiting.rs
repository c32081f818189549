//! Recorded activities that wait to be folded, by circle.

use chrono::NaiveDate;

use super::Judged;
use crate::program::fold::{ObjectIndex, Subject};

/// Marks the end of a list.
const NONE: u32 = u32::MAX;

/// A recorded activity that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service::verify) struct Waiting {
    /// Place in the log of the step that recorded it.
    pub(in crate::service::verify) seq: i64,
    pub(in crate::service::verify) quantity: i64,
    pub(in crate::service::verify) subject: Subject,
    pub(in crate::service::verify) number: ObjectIndex,
    pub(in crate::service::verify) occurred_on: NaiveDate,
}

/// The activities that wait, in the order of the log within each circle.
///
/// A circle's activities are folded together, while what the fold keeps of its subjects is at hand for the processor: that of
/// all subjects is far from it.
#[derive(Debug, Default)]
pub(super) struct WaitingRoom {
    rows: Vec<(Waiting, u32)>,
    /// What the policies say to them, one after the other.
    judged: Vec<Judged>,
    policies: usize,
    /// For each circle, the first and the last one that waits.
    ends: Vec<(u32, u32)>,
    left: usize,
    /// The circles before it have nothing that waits, once all are called.
    called: usize,
}

impl WaitingRoom {
    /// For so many circles and policies.
    pub(super) fn new(circles: usize, policies: usize) -> Self {
        Self { ends: vec![(NONE, NONE); circles], policies, ..Self::default() }
    }

    /// How many came since it was empty.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds an activity of a circle, with what each policy says to it.
    pub(super) fn push(&mut self, circle: usize, row: Waiting, judged: impl IntoIterator<Item = Judged>) {
        self.judged.extend(judged);
        let place = u32::try_from(self.rows.len()).expect("fewer than 2^32 activities");
        self.rows.push((row, NONE));
        self.left += 1;
        let (first, last) = &mut self.ends[circle];
        match self.rows.get_mut(*last as usize) {
            Some((_, next)) if *first != NONE => *next = place,
            _ => *first = place,
        }
        *last = place;
    }

    /// Takes the earliest activity of a circle.
    pub(super) fn take(&mut self, circle: usize) -> Option<(Waiting, &[Judged])> {
        let (first, _) = &mut self.ends[circle];
        let place = *first as usize;
        let (row, next) = *self.rows.get(place)?;
        *first = next;
        self.left -= 1;
        Some((row, &self.judged[place * self.policies..][..self.policies]))
    }

    /// Takes an activity of any circle, one circle after the other; none and an empty room if there is no further one.
    pub(super) fn take_any(&mut self) -> Option<(Waiting, &[Judged])> {
        if self.left == 0 {
            self.rows.clear();
            self.judged.clear();
            self.called = 0;
            return None;
        }
        while self.ends[self.called].0 == NONE {
            self.called += 1;
        }
        self.take(self.called)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::program::fold::PartnerIndex;
    use crate::program::rule::KindId;

    fn waiting(seq: i64) -> Waiting {
        Waiting {
            seq,
            quantity: 1,
            subject: Subject::Partner(PartnerIndex(0)),
            number: ObjectIndex(0),
            occurred_on: NaiveDate::MIN,
        }
    }

    /// What two policies say to the activity of a place.
    fn judged(seq: i64) -> [Judged; 2] {
        [None, Some((KindId(0), seq))]
    }

    /// The places of all that wait, one circle after the other.
    fn all(room: &mut WaitingRoom) -> Vec<i64> {
        let mut seqs = Vec::new();
        while let Some((row, judged_so)) = room.take_any() {
            assert_eq!(judged_so, judged(row.seq));
            seqs.push(row.seq);
        }
        seqs
    }

    proptest! {
        /// Whatever is called between: each comes once, in the order of its circle, and all have come in the end.
        #[test]
        fn each_is_taken_once_and_in_order(steps in prop::collection::vec((0_usize..5, 0_u8..4), 0..80)) {
            let mut room = WaitingRoom::new(5, 2);
            let mut wanted: Vec<Vec<i64>> = vec![Vec::new(); 5];
            for (seq, (circle, what)) in (0..).zip(steps) {
                match what {
                    0 => {
                        let taken = room.take(circle).map(|(row, _)| row.seq);
                        let first = (!wanted[circle].is_empty()).then(|| wanted[circle].remove(0));
                        prop_assert_eq!(taken, first);
                    }
                    1 if seq % 7 == 0 => {
                        prop_assert_eq!(all(&mut room), wanted.iter_mut().flat_map(std::mem::take).collect::<Vec<_>>());
                        prop_assert_eq!(room.len(), 0);
                    }
                    _ => {
                        room.push(circle, waiting(seq), judged(seq));
                        wanted[circle].push(seq);
                    }
                }
            }
            prop_assert_eq!(all(&mut room), wanted.concat());
        }
    }
}
