//! What the fold keeps of one subject.

use std::cmp::Ordering;

use chrono::NaiveDate;

use super::steps::{Affiliation, ObjectIndex, PastAward, Tally, TallyKey};

/// The tallies of one subject, in order of windows.
///
/// Logs advance in time, so the tally is nearly always among the last few, which are adjacent
/// in memory: this was measured to take half the time of a hash map.
#[derive(Clone, Debug, Default)]
pub(super) struct Tallies(Vec<(TallyKey, Tally)>);

impl Tallies {
    /// Windows that are searched linearly before the binary search.
    const LINEAR_SEARCH_MAX: usize = 8;

    /// The place of a tally, or where it belongs.
    fn find(&self, (kind, start): TallyKey) -> Result<usize, usize> {
        let wanted = (start, kind);
        let near = self.0.len().saturating_sub(Self::LINEAR_SEARCH_MAX);
        for (index, ((kind, start), _)) in self.0.iter().enumerate().skip(near).rev() {
            match (*start, *kind).cmp(&wanted) {
                Ordering::Equal => return Ok(index),
                Ordering::Less => return Err(index + 1),
                Ordering::Greater => {}
            }
        }
        self.0[..near].binary_search_by_key(&wanted, |((kind, start), _)| (*start, *kind))
    }

    pub(super) fn get(&self, key: TallyKey) -> Option<Tally> {
        self.find(key).ok().map(|index| self.0[index].1)
    }

    pub(super) fn insert(&mut self, key: TallyKey, tally: Tally) {
        *self.entry(key, tally) = tally;
    }

    /// The tally of a key, which is `first` when there was none.
    pub(super) fn entry(&mut self, key: TallyKey, first: Tally) -> &mut Tally {
        let index = self.find(key).unwrap_or_else(|index| {
            self.0.insert(index, (key, first));
            index
        });
        &mut self.0[index].1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(TallyKey, Tally)> {
        self.0.iter()
    }
}

/// Where one professional works and has worked. The latest affiliation, which nearly every activity
/// falls in, lies beside what else is read of the professional.
#[derive(Clone, Debug, Default)]
pub(super) struct Affiliations {
    latest: Option<Affiliation>,
    earlier: Vec<Affiliation>,
}

impl Affiliations {
    pub(super) fn push(&mut self, affiliation: Affiliation) {
        self.earlier.extend(self.latest.replace(affiliation));
    }

    /// All of them, the earlier entered ones first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Affiliation> {
        self.earlier.iter().chain(&self.latest)
    }

    /// All of them, to change them.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Affiliation> {
        self.earlier.iter_mut().chain(&mut self.latest)
    }

    /// The latest that covers a day.
    pub(super) fn on(&self, day: NaiveDate) -> Option<&Affiliation> {
        let all = self.latest.iter().chain(self.earlier.iter().rev());
        all.into_iter().find(|affiliation| affiliation.covers(day))
    }

    /// Removes the one that started on a day.
    pub(super) fn take(&mut self, day: NaiveDate) -> Option<Affiliation> {
        if self.latest.is_some_and(|one| one.starts_on == day) {
            return std::mem::replace(&mut self.latest, self.earlier.pop());
        }
        let place = self.earlier.iter().position(|one| one.starts_on == day)?;
        Some(self.earlier.remove(place))
    }

    /// The one that started on a day.
    pub(super) fn started_on(&mut self, day: NaiveDate) -> Option<&mut Affiliation> {
        self.earlier.iter_mut().chain(&mut self.latest).find(|one| one.starts_on == day)
    }
}

/// Past awards of all professionals in order, each with the place of the same person's one before it:
/// they are written at one end and read only when an affiliation is entered late.
///
/// A replay keeps one for nearly every step, so most are packed to 20 bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct PastAwards {
    packed: Vec<Packed>,
    /// Those that do not fit.
    whole: Vec<PastAward>,
}

#[derive(Clone, Copy, Debug)]
struct Packed {
    activity: ObjectIndex,
    occurred_on: NaiveDate,
    points: i32,
    /// Place among the whole ones, from 1; 0 if there is none.
    whole: u32,
    /// Place of the one before, from 1; 0 if there is none.
    before: u32,
}

impl PastAwards {
    pub(super) fn push(&mut self, last: &mut Option<u32>, award: PastAward) {
        let count = |len: usize| u32::try_from(len).expect("fewer than 2^32 awards");
        let index = count(self.packed.len());
        let before = last.replace(index).map_or(0, |before| before + 1);
        let PastAward { activity, occurred_on, points, also } = award;
        let fits = i32::try_from(points).ok().filter(|_| also.is_none());
        let whole = fits.map_or_else(
            || {
                self.whole.push(award);
                count(self.whole.len())
            },
            |_| 0,
        );
        self.packed.push(Packed { activity, occurred_on, points: fits.unwrap_or(0), whole, before });
    }

    pub(super) fn latest_first(&self, last: Option<u32>) -> impl Iterator<Item = PastAward> {
        let at = |index: u32| self.packed.get(index as usize);
        let before = move |award: &&Packed| at(award.before.checked_sub(1)?);
        std::iter::successors(last.and_then(at), before).map(|packed| {
            let &Packed { activity, occurred_on, points, whole, .. } = packed;
            let whole = whole.checked_sub(1).and_then(|place| self.whole.get(place as usize)).copied();
            whole.unwrap_or(PastAward { activity, occurred_on, points: points.into(), also: None })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::KindId;
    use super::*;

    #[test]
    fn awards_are_read_as_they_were_written_and_by_person() {
        let award = |number, points, also| PastAward {
            activity: ObjectIndex(number),
            occurred_on: NaiveDate::from_ymd_opt(2026, 2, 28).expect("a date"),
            points,
            also,
        };
        let first = [award(7, 40, None), award(8, -40, Some((KindId(3), -2))), award(9, i64::MAX, None)];
        let second = [award(1, 1, Some((KindId(0), 1))), award(2, i64::from(i32::MIN), None)];
        let (mut awards, mut last) = (PastAwards::default(), [None; 2]);
        for (place, one) in first.iter().enumerate() {
            awards.push(&mut last[0], *one);
            if let Some(other) = second.get(place) {
                awards.push(&mut last[1], *other);
            }
        }
        let read = |of: Option<u32>| awards.latest_first(of).collect::<Vec<_>>();
        assert_eq!(read(last[0]), [first[2], first[1], first[0]]);
        assert_eq!(read(last[1]), [second[1], second[0]]);
        assert_eq!(read(None), []);
    }
}
