//! What the fold keeps of one subject.

use std::cmp::Ordering;

use chrono::NaiveDate;

use super::steps::{Affiliation, PastAward, Tally, TallyKey};

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
#[derive(Clone, Debug, Default)]
pub(super) struct PastAwards(Vec<(PastAward, Option<u32>)>);

impl PastAwards {
    pub(super) fn push(&mut self, last: &mut Option<u32>, award: PastAward) {
        let index = u32::try_from(self.0.len()).expect("fewer than 2^32 awards");
        self.0.push((award, last.replace(index)));
    }

    pub(super) fn latest_first(&self, last: Option<u32>) -> impl Iterator<Item = &PastAward> {
        let at = |index: u32| &self.0[index as usize];
        let chain = std::iter::successors(last.map(at), move |(_, before)| before.map(at));
        chain.map(|(award, _)| award)
    }
}
