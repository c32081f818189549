//! Sums by day.

/// A sum for each day, or for each day of something else, in order.
///
/// Logs advance in time, so a day is nearly always the last one or behind it: appending to adjacent memory takes a
/// fraction of the time and memory of a tree. A sum is kept within the range that the fold allows, that of the API, and in
/// as many bytes: there is one for nearly every activity of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySums<K>(Vec<(K, i32)>);

impl<K> Default for DaySums<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord + Copy> DaySums<K> {
    /// Adds to the sum of a day, and returns the sum then.
    pub fn add(&mut self, day: K, amount: i64) -> i64 {
        let place = match self.0.last() {
            Some((last, _)) if *last == day => self.0.len() - 1,
            Some((last, _)) if *last > day => {
                self.0.binary_search_by_key(&day, |(day, _)| *day).unwrap_or_else(|place| {
                    self.0.insert(place, (day, 0));
                    place
                })
            }
            _ => {
                self.0.push((day, 0));
                self.0.len() - 1
            }
        };
        let sum = &mut self.0[place].1;
        let exact = i64::from(*sum).saturating_add(amount);
        *sum = i32::try_from(exact).unwrap_or(if exact < 0 { i32::MIN } else { i32::MAX });
        i64::from(*sum)
    }

    /// The days in order, each with its sum, which may be 0.
    pub fn iter(&self) -> impl Iterator<Item = (K, i64)> + '_ {
        self.0.iter().map(|(day, sum)| (*day, i64::from(*sum)))
    }
}

impl<K: Ord + Copy> FromIterator<(K, i64)> for DaySums<K> {
    fn from_iter<I: IntoIterator<Item = (K, i64)>>(days: I) -> Self {
        let mut sums = Self::default();
        for (day, amount) in days {
            sums.add(day, amount);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_exceeds_the_range_is_at_its_end() {
        let mut sums = DaySums::default();
        assert_eq!(sums.add(1_u8, i64::MAX), i64::from(i32::MAX));
        assert_eq!(sums.add(1, i64::MIN), i64::from(i32::MIN));
        assert_eq!(sums.add(1, 1), i64::from(i32::MIN) + 1);
    }

    proptest! {
        #[test]
        fn sums_are_those_of_a_map(added in prop::collection::vec((0_u8..12, -5_i64..5), 0..60)) {
            let (mut sums, mut map) = (DaySums::default(), BTreeMap::new());
            for (day, amount) in added {
                let sum = map.entry(day).or_insert(0);
                *sum += amount;
                prop_assert_eq!(sums.add(day, amount), *sum);
            }
            prop_assert_eq!(sums.iter().collect::<Vec<_>>(), map.into_iter().collect::<Vec<_>>());
        }
    }
}
