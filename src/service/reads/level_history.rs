//! The levels that partners earned, the entries that reached them, and those that were lost again.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use entity::ledger_entry;
use uuid::Uuid;

use crate::error::Error;
use crate::program::level_history::{Days, Earned, Movement, lost, reaching};
use crate::program::rule::Track;
use crate::program::standing::{LevelAward, period_awards};
use crate::program::totals::{Period, TrackTotal};
use crate::service::Services;
use crate::service::posting::{column, read_reached, track};
use crate::store::{ledger, standing, totals};

/// A level that a partner earned in a track, whether it counts or not.
#[derive(Clone, Debug)]
pub struct PartnerLevelAward {
    /// Whose.
    pub partner: Uuid,
    /// What was earned.
    pub award: LevelAward,
    /// The first day on which it no longer counts, if that has come.
    pub lapsed_on: Option<NaiveDate>,
    /// Whether a reversal took it away.
    pub is_reversed: bool,
    /// Place of the edition in force on the day that earned it.
    pub edition: usize,
    /// Only entries recorded by then are considered.
    known_at: Option<DateTime<Utc>>,
    /// The entry that reached it, where the award itself is no longer known.
    entry: Option<Uuid>,
}

/// The latest moment that both databases compare.
fn all_time() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(9_999, 12, 31)
        .unwrap_or_default()
        .and_time(chrono::NaiveTime::default())
        .and_utc()
}

/// A moment up to which entries are considered: all of them by default.
pub(super) fn until(known_at: Option<DateTime<Utc>>) -> DateTime<Utc> {
    known_at.unwrap_or_else(all_time)
}

impl Services {
    /// Every level that partners earned, oldest first, as recorded now or at a past time. Those that a reversal took
    /// away are among them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn level_histories(
        &self,
        ids: &[Uuid],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, Vec<PartnerLevelAward>>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        let mut histories: HashMap<Uuid, Vec<PartnerLevelAward>> = HashMap::new();
        for ((partner, period, track), total) in self.totals_of(ids, known_at).await? {
            let kept = self.awards_of(period, track, &total, known_at);
            let history = histories.entry(partner).or_default();
            history.extend(kept.into_iter().map(|award| self.kept(partner, award, known_at)));
        }
        for award in self.lost_levels(ids, known_at).await? {
            histories.entry(award.partner).or_default().push(award);
        }
        for history in histories.values_mut() {
            history.sort_by_key(|row| {
                (row.award.earned_on, row.award.track, row.award.level.rank, !row.is_reversed)
            });
        }
        Ok(histories)
    }

    /// The levels that partners earned and did not lose again, whoever may see them.
    pub(in crate::service) async fn kept_partner_levels(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<LevelAward>>, Error> {
        let mut kept: HashMap<Uuid, Vec<LevelAward>> = HashMap::new();
        for ((partner, period, track), total) in self.totals_of(ids, None).await? {
            kept.entry(partner).or_default().extend(self.awards_of(period, track, &total, None));
        }
        Ok(kept)
    }

    /// Totals of all periods and tracks.
    async fn totals_of(
        &self,
        ids: &[Uuid],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<(Uuid, Period, Track), TrackTotal>, Error> {
        if let Some(moment) = known_at {
            let from = Period::LEGACY.days(&self.policy.editions).0;
            return self.known_totals(ids, from, self.clock.today(), moment).await;
        }
        let mut found = HashMap::new();
        for row in totals::of_partners(self.db.reader(), ids.iter().copied()).await? {
            let tracks = [
                (Track::Technical, row.technical, row.technical_last_on, row.technical_reached),
                (Track::Business, row.business, row.business_last_on, row.business_reached),
            ];
            for (track, credits, last_on, reached) in tracks {
                let total = TrackTotal { credits, last_on, reached: read_reached(&reached)? };
                found.insert((row.partner_id, Period(row.period), track), total);
            }
        }
        Ok(found)
    }

    fn awards_of(
        &self,
        period: Period,
        track: Track,
        total: &TrackTotal,
        known_at: Option<DateTime<Utc>>,
    ) -> Vec<LevelAward> {
        let editions = &self.policy.editions;
        let (_, last_day) = period.days(editions);
        let reached = total.reached_through(editions, last_day.min(self.day_of(known_at)));
        period_awards(editions, track, period, total.credits, &reached)
    }

    /// Today, or the day of a past time.
    fn day_of(&self, known_at: Option<DateTime<Utc>>) -> NaiveDate {
        known_at.map_or_else(|| self.clock.today(), |moment| self.clock.date_of(moment))
    }

    fn kept(&self, partner: Uuid, award: LevelAward, known_at: Option<DateTime<Utc>>) -> PartnerLevelAward {
        PartnerLevelAward {
            partner,
            lapsed_on: self.lapsed_by_time(award.valid_until, known_at),
            is_reversed: false,
            edition: self.policy.editions.index_at(award.earned_on),
            known_at,
            entry: None,
            award,
        }
    }

    /// The day after the last one of a level, if it has come.
    pub(super) fn lapsed_by_time(
        &self,
        valid_until: NaiveDate,
        known_at: Option<DateTime<Utc>>,
    ) -> Option<NaiveDate> {
        valid_until.succ_opt().filter(|day| *day <= self.day_of(known_at))
    }

    /// The levels that reversals took away. Only periods in which something was taken back are read.
    async fn lost_levels(
        &self,
        ids: &[Uuid],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Vec<PartnerLevelAward>, Error> {
        let editions = &self.policy.editions;
        let moment = until(known_at);
        let taken_back = ledger::taken_back(self.db.reader(), ids, moment).await?;
        let periods: BTreeSet<(Uuid, Period, Track)> = taken_back
            .into_iter()
            .filter_map(|row| Some((row.owner, Period::of(editions, row.day), track(row.track?))))
            .collect();
        let spans = periods.iter().map(|(partner, period, track)| {
            let (from, to) = period.days(editions);
            (*partner, column(*track), from, to)
        });
        let mut movements: HashMap<(Uuid, Period, Track), Vec<Movement<Uuid>>> = HashMap::new();
        for entry in ledger::in_spans(self.db.reader(), spans).await? {
            let Some(of) = entry.track.filter(|_| entry.recorded_at <= moment) else { continue };
            let key = (entry.partner_id, Period::of(editions, entry.effective_on), track(of));
            movements.entry(key).or_default().push(movement(&entry));
        }
        let mut rows = Vec::new();
        for ((partner, period, track), movements) in movements {
            let awards = |days: &Days| -> Vec<LevelAward> {
                let total = TrackTotal::of_days(editions, days.iter().map(|(day, net)| (*day, *net)));
                self.awards_of(period, track, &total, known_at)
            };
            let earned = |days: &Days| -> Vec<Earned> {
                awards(days)
                    .into_iter()
                    .map(|award| Earned { level: award.level, on: award.earned_on })
                    .collect()
            };
            let entry = |earned: &Earned, known: &[Movement<Uuid>]| causing(period, earned, known);
            for lost in lost(&movements, earned, entry) {
                let lost_on = self.clock.date_of(lost.at);
                let valid_until = self.valid_until(period);
                rows.push(PartnerLevelAward {
                    partner,
                    lapsed_on: valid_until.succ_opt().map(|day| day.min(lost_on)),
                    is_reversed: true,
                    edition: editions.index_at(lost.earned.on),
                    known_at,
                    entry: lost.entry,
                    award: LevelAward {
                        track,
                        level: lost.earned.level,
                        earned_on: lost.earned.on,
                        valid_until,
                        legacy: period == Period::LEGACY,
                    },
                });
            }
        }
        Ok(rows)
    }

    /// The last day of a level that a period earns (V2, L1).
    fn valid_until(&self, period: Period) -> NaiveDate {
        match self.policy.editions.legacy().filter(|_| period == Period::LEGACY) {
            Some(legacy) => legacy.level_valid_until,
            None => crate::program::calendar::year_end(period.0 + 1),
        }
    }

    /// For each of these awards, in their order, the entry with which the sum reached the level.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn level_causes(&self, awards: &[PartnerLevelAward]) -> Result<Vec<Option<Uuid>>, Error> {
        self.authorize_accounts(awards.iter().map(|row| row.partner))?;
        let editions = &self.policy.editions;
        let kept = || awards.iter().filter(|row| !row.is_reversed);
        let period = |row: &PartnerLevelAward| {
            if row.award.legacy { Period::LEGACY } else { Period::of(editions, row.award.earned_on) }
        };
        // Of the legacy window all days count together; of a year, the day that reached the level.
        let of_day = kept().map(|row| {
            let (from, to) = if row.award.legacy {
                Period::LEGACY.days(editions)
            } else {
                (row.award.earned_on, row.award.earned_on)
            };
            (row.partner, column(row.award.track), from, to)
        });
        let mut entries: HashMap<(Uuid, Track), Vec<Movement<Uuid>>> = HashMap::new();
        let known_at = until(awards.first().and_then(|row| row.known_at));
        for entry in ledger::in_spans(self.db.reader(), of_day).await? {
            if let Some(of) = entry.track.filter(|_| entry.recorded_at <= known_at) {
                entries.entry((entry.partner_id, track(of))).or_default().push(movement(&entry));
            }
        }
        let spans = kept().filter_map(|row| {
            let (from, _) = period(row).days(editions);
            let before = row.award.earned_on.pred_opt().filter(|day| !row.award.legacy && from <= *day)?;
            Some((row.partner, row.award.track, from, before))
        });
        let spans: Vec<(Uuid, Track, NaiveDate, NaiveDate)> = spans.collect();
        let days = self.days_before(&spans, awards.first().and_then(|row| row.known_at)).await?;
        let cause = |row: &PartnerLevelAward| {
            if row.is_reversed {
                return row.entry;
            }
            let (from, _) = period(row).days(editions);
            let of_track = days.get(&(row.partner, row.award.track));
            let before = of_track.map_or(0, |days| {
                if row.award.legacy {
                    0
                } else {
                    days.range(from..row.award.earned_on).map(|(_, net)| net).sum()
                }
            });
            let entries = entries.get(&(row.partner, row.award.track)).map_or(&[][..], Vec::as_slice);
            let (first, last) = if row.award.legacy {
                Period::LEGACY.days(editions)
            } else {
                (row.award.earned_on, row.award.earned_on)
            };
            let mut within: Vec<&Movement<Uuid>> =
                entries.iter().filter(|one| (first..=last).contains(&one.effective_on)).collect();
            within.sort_by_key(|one| one.effective_on);
            reaching(row.award.level.threshold, before, within.into_iter().map(|one| (one.id, one.amount)))
        };
        Ok(awards.iter().map(cause).collect())
    }

    /// Net level credits of days by partner and track.
    async fn days_before(
        &self,
        spans: &[(Uuid, Track, NaiveDate, NaiveDate)],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<(Uuid, Track), Days>, Error> {
        let mut days: HashMap<(Uuid, Track), Days> = HashMap::new();
        let Some(moment) = known_at else {
            let spans = spans.iter().map(|(id, track, from, to)| (*id, column(*track), *from, *to));
            for row in totals::partner_days(self.db.reader(), spans).await? {
                days.entry((row.partner_id, track(row.track))).or_default().insert(row.day, row.credits);
            }
            return Ok(days);
        };
        let ids: BTreeSet<Uuid> = spans.iter().map(|(id, ..)| *id).collect();
        let from = spans.iter().map(|(_, _, from, _)| *from).min();
        let Some((from, to)) = from.zip(spans.iter().map(|(.., to)| *to).max()) else { return Ok(days) };
        let ids: Vec<Uuid> = ids.into_iter().collect();
        for row in standing::known_days(self.db.reader(), &ids, from, to, moment).await? {
            if let Some(credits) = row.credits {
                days.entry((row.partner_id, track(row.track))).or_default().insert(row.day, credits);
            }
        }
        Ok(days)
    }
}

fn movement(entry: &ledger_entry::Model) -> Movement<Uuid> {
    Movement {
        id: entry.id,
        recorded_at: entry.recorded_at,
        effective_on: entry.effective_on,
        amount: entry.level_credits,
    }
}

/// The entry among those known that reached a level of a period.
fn causing(period: Period, earned: &Earned, known: &[Movement<Uuid>]) -> Option<Uuid> {
    let is_legacy = period == Period::LEGACY;
    let earlier = known.iter().filter(|one| !is_legacy && one.effective_on < earned.on);
    let before = earlier.map(|one| one.amount).sum();
    let mut of_day: Vec<&Movement<Uuid>> =
        known.iter().filter(|one| is_legacy || one.effective_on == earned.on).collect();
    of_day.sort_by_key(|one| one.effective_on);
    reaching(earned.level.threshold, before, of_day.into_iter().map(|one| (one.id, one.amount)))
}
