//! Exact shares of amounts, and amounts spread over lines so that no minor unit is lost (O5).

use std::cmp::Reverse;

use crate::program::money::PERCENT_WHOLE;

/// A share of an amount without any rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Whole minor units.
    whole: i64,
    /// What is left, in millionths of a minor unit: 0 to 999,999.
    millionths: i64,
}

impl Share {
    /// `parts` millionths of an amount; both are 0 or more, and `parts` at most [`PERCENT_WHOLE`].
    pub(super) fn of(amount: i64, parts: i64) -> Self {
        // Neither product passes the amount or 10^12, so nothing can overflow.
        let (millions, rest) = (amount / PERCENT_WHOLE, amount % PERCENT_WHOLE * parts);
        Self { whole: millions * parts + rest / PERCENT_WHOLE, millionths: rest % PERCENT_WHOLE }
    }

    /// In whole minor units, a half going to the even neighbour.
    pub(super) fn half_even(self) -> i64 {
        let twice = self.millionths * 2;
        let up = twice > PERCENT_WHOLE || (twice == PERCENT_WHOLE && self.whole % 2 == 1);
        self.whole + i64::from(up)
    }

    /// The share, or `most` whole minor units where that is less.
    pub(super) fn at_most(self, most: i64) -> Self {
        if self.whole < most { self } else { Self { whole: most, millionths: 0 } }
    }
}

/// Caps in whole minor units that add up to the exact sum, rounded down, by largest remainder: of lines
/// with the same fraction, the first.
pub(super) fn round_caps(exact: &[Share]) -> Vec<i64> {
    let mut caps: Vec<i64> = exact.iter().map(|share| share.whole).collect();
    // Fewer units are left than lines have fractions, so a line with none gets none.
    let mut left = exact.iter().map(|share| share.millionths).sum::<i64>() / PERCENT_WHOLE;
    for index in indexes_by_largest(exact, |share| share.millionths) {
        let more = left.min(1);
        caps[index] += more;
        left -= more;
    }
    caps
}

/// `value` spread in proportion to `caps`, no line over its own.
///
/// Each line's part is rounded down; the remainder goes to the line with the largest cap as far as it
/// has room, then to the next largest: of lines with the same cap, the first. `value` is 0 or more and
/// at most the sum of the caps.
pub(super) fn distribute(value: i64, caps: &[i64]) -> Vec<i64> {
    let sum = i128::from(caps.iter().sum::<i64>().max(1));
    // No part passes its cap, so each fits.
    let part = |&cap: &i64| i64::try_from(i128::from(value) * i128::from(cap) / sum).unwrap_or(cap);
    let mut parts: Vec<i64> = caps.iter().map(part).collect();
    let mut left = value - parts.iter().sum::<i64>();
    for index in indexes_by_largest(caps, |&cap| cap) {
        let more = left.min(caps[index] - parts[index]);
        parts[index] += more;
        left -= more;
    }
    parts
}

/// Places of the items, the largest key first; of equal ones, the first.
fn indexes_by_largest<T>(items: &[T], key: impl Fn(&T) -> i64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..items.len()).collect();
    places.sort_by_key(|&index| Reverse(key(&items[index])));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exact_up_to_the_largest_amount() {
        // amount, millionths of it, whole minor units, millionths of one
        let table = [
            (0, PERCENT_WHOLE, 0, 0),
            (1, 1, 0, 1),
            (1_010, 50_000, 50, 500_000),
            (999_999, 999_999, 999_998, 1),
            (i64::MAX, PERCENT_WHOLE, i64::MAX, 0),
            (i64::MAX, 999_999, 9_223_362_813_482_738_952, 224_193),
        ];
        for (amount, parts, whole, millionths) in table {
            assert_eq!(Share::of(amount, parts), Share { whole, millionths }, "{parts} of {amount}");
            let exact = i128::from(amount) * i128::from(parts);
            let found = i128::from(whole) * i128::from(PERCENT_WHOLE) + i128::from(millionths);
            assert_eq!(found, exact, "{parts} of {amount}");
        }
    }

    #[test]
    fn o5_halves_go_to_the_even_neighbour() {
        // amount, millionths of it, rounded
        let table = [
            (5, 500_000, 2),
            (7, 500_000, 4),
            (5, 500_001, 3),
            (7, 499_999, 3),
            (1, 500_000, 0),
            (3, 500_000, 2),
            (i64::MAX, 500_000, 4_611_686_018_427_387_904),
        ];
        for (amount, parts, rounded) in table {
            assert_eq!(Share::of(amount, parts).half_even(), rounded, "{parts} of {amount}");
        }
    }

    #[test]
    fn caps_go_to_the_largest_fractions() {
        type Row = (&'static [(i64, i64)], &'static [i64]);
        let share = |&(whole, millionths): &(i64, i64)| Share { whole, millionths };
        // exact caps, caps
        let table: [Row; 6] = [
            (&[(50, 500_000), (49, 500_000)], &[51, 49]),
            (&[(50, 400_000), (49, 500_000)], &[50, 49]),
            (&[(50, 400_000), (49, 600_000)], &[50, 50]),
            (&[(1, 0), (2, 333_333), (3, 666_667)], &[1, 2, 4]),
            (&[(0, 999_999), (0, 999_999), (0, 999_999)], &[1, 1, 0]),
            (&[(7, 0)], &[7]),
        ];
        for (exact, expected) in table {
            let exact: Vec<Share> = exact.iter().map(share).collect();
            assert_eq!(round_caps(&exact), expected, "{exact:?}");
        }
    }

    #[test]
    fn o5_the_remainder_goes_to_the_largest_cap_with_room() {
        // value, caps, parts
        let table: [(i64, &[i64], &[i64]); 8] = [
            (10, &[10, 10, 10], &[4, 3, 3]),
            (10, &[10, 11, 10], &[3, 4, 3]),
            (2, &[1, 1, 1], &[1, 1, 0]),
            (11, &[2, 5, 5], &[1, 5, 5]),
            (12, &[2, 5, 5], &[2, 5, 5]),
            (0, &[2, 5], &[0, 0]),
            (0, &[0, 0], &[0, 0]),
            (i64::MAX - 1, &[i64::MAX - 2, 2], &[i64::MAX - 2, 1]),
        ];
        for (value, caps, parts) in table {
            assert_eq!(distribute(value, caps), parts, "{value} over {caps:?}");
        }
    }
}
