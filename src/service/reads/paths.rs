//! Paths of partners to a level (F3): two statements for a batch, whatever its size, and the search without I/O.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use super::PerSubject;
use crate::error::Error;
use crate::program::Level;
use crate::program::calendar::year_end;
use crate::program::edition::Editions;
use crate::program::fold::Tally;
use crate::program::level_override::override_track;
use crate::program::nearest::nearest;
use crate::program::path::{Goal, Held, Path, held_windows, paths};
use crate::program::refusal::{Code, Refusal};
use crate::program::rule::Track;
use crate::program::standing::{TrackSums, outlook_horizon, track_standing};
use crate::program::wording::{did_you_mean, listed, shown};
use crate::service::Services;
use crate::service::posting::read_overrides;
use crate::store::partner::PartnerRow;
use crate::store::tally;

/// Most paths of one answer.
const PATHS_MAX: i32 = 10;

/// What paths are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathQuery {
    /// The track.
    pub track: Track,
    /// Code of the level; none for the next one.
    pub level: Option<String>,
    /// The day on which it is to hold; none for the last day of this year.
    pub by: Option<NaiveDate>,
    /// How many.
    pub first: i32,
    /// Whether kinds that follow from others are included.
    pub include_dependent: bool,
}

impl Services {
    /// Paths of partners to a level, those with the fewest activities first.
    ///
    /// # Errors
    /// When an argument is not accepted, or the database fails; a level that is too far for a search is a refusal for
    /// each partner.
    pub async fn partner_paths(
        &self,
        partners: &[PartnerRow],
        query: &PathQuery,
    ) -> Result<PerSubject<Vec<Path>>, Error> {
        self.authorize_accounts(partners.iter().map(|row| row.id))?;
        let editions = &self.policy.editions;
        let today = self.clock.today();
        let by = query.by.unwrap_or_else(|| year_end(today.year()));
        let first = checked(query, by, today)?;
        let level = query.level.as_ref().map(|code| level_of(editions, code, by)).transpose()?;
        let ids: Vec<Uuid> = partners.iter().map(|row| row.id).collect();
        let now = self.sums(self.db.reader(), &ids, today).await?;
        let ahead = if by == today { now.clone() } else { self.sums(self.db.reader(), &ids, by).await? };
        let windows = held_windows(editions, query.track, today);
        let mut keys: Vec<(Uuid, &str, NaiveDate)> = Vec::with_capacity(ids.len() * windows.len());
        for id in &ids {
            keys.extend(windows.iter().map(|(kind, start)| (*id, editions.kind_code(*kind), *start)));
        }
        let mut held: HashMap<Uuid, Held> = HashMap::new();
        for row in tally::of_partners(self.db.reader(), keys).await? {
            if let Some(kind) = editions.kind(crate::program::Program::Partner, &row.rule) {
                let of_partner = held.entry(row.partner_id).or_default();
                let (units, awarded) = (row.units, row.awarded);
                of_partner
                    .insert((kind, row.window_start), Tally { units, awarded, ..Tally::new(row.latest_on) });
            }
        }
        let none = (<[TrackSums; 2]>::default(), Held::new());
        let of_track = usize::from(query.track == Track::Business);
        let mut answers = PerSubject::with_capacity(partners.len());
        for row in partners {
            let ahead = &ahead.get(&row.id).unwrap_or(&none.0)[of_track];
            let now = &now.get(&row.id).unwrap_or(&none.0)[of_track];
            let level = match &level {
                Some(level) => Arc::clone(level),
                None => next_level(editions, query.track, now, row, today)?,
            };
            let goal =
                Goal { track: query.track, level, today, by, first, dependent: query.include_dependent };
            // Whoever has left records nothing any more.
            let found = if row.left_on.is_some_and(|left| left < today) {
                Ok(Vec::new())
            } else {
                paths(editions, &goal, ahead, held.get(&row.id).unwrap_or(&none.1))
            };
            answers.insert(row.id, found);
            // A page of partners is a long search.
            tokio::task::yield_now().await;
        }
        Ok(answers)
    }
}

fn checked(query: &PathQuery, by: NaiveDate, today: NaiveDate) -> Result<usize, Refusal> {
    let last = outlook_horizon(today);
    if !(today..=last).contains(&by) {
        let message = format!("by {by}: paths are for {today} to {last}.");
        return Err(Refusal::new(Code::Invalid, "by", message));
    }
    let first = usize::try_from(query.first).ok().filter(|_| (1..=PATHS_MAX).contains(&query.first));
    first.ok_or_else(|| {
        let message = format!("first must be from 1 to {PATHS_MAX}; got {}.", query.first);
        Refusal::new(Code::Invalid, "first", message)
    })
}

fn level_of(editions: &Editions, code: &str, by: NaiveDate) -> Result<Arc<Level>, Refusal> {
    let levels = &editions.at(by).partner_levels;
    levels.by_code(code).cloned().ok_or_else(|| {
        let codes = || levels.iter().map(|level| level.code.as_str());
        let near = did_you_mean(nearest(code, codes()));
        let known = listed(codes());
        let message = format!("{} is not a partner level on {by}.{near} Levels: {known}.", shown(code));
        Refusal::new(Code::Invalid, "level", message)
    })
}

/// The level above the one that a partner has today; the highest one above which there is none.
fn next_level(
    editions: &Editions,
    track: Track,
    sums: &TrackSums,
    row: &PartnerRow,
    today: NaiveDate,
) -> Result<Arc<Level>, Error> {
    let overrides = read_overrides(row.level_overrides.as_deref())?;
    let standing = track_standing(editions, track, sums, today);
    let standing = override_track(editions, standing, &overrides, today);
    Ok(standing.next_level.unwrap_or(standing.level))
}
