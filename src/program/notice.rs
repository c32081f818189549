//! Notices of what is going to end (F4).

use chrono::{Days, NaiveDate};

/// Last days for which one notice is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueNotice {
    /// The days before the end.
    pub days: u32,
    /// Last days after this one,
    pub after: NaiveDate,
    /// through this one.
    pub through: NaiveDate,
}

/// The notices, in days before the end in ascending order, of the days after `noticed_on` through `day`, as they are due on `today`: for what ends after several of
/// its notices became due, only the nearest one, and none for what has ended. An end is met by each notice on one day
/// only, so that whatever is extended and shortened again is announced once.
#[must_use]
pub fn due_notices(days: &[u32], noticed_on: NaiveDate, day: NaiveDate, today: NaiveDate) -> Vec<DueNotice> {
    let ahead = |from: NaiveDate, days: u32| from.checked_add_days(Days::new(u64::from(days)));
    let mut nearer = today.pred_opt();
    let mut due = Vec::new();
    for days in days {
        let (Some(past), Some(through), Some(least)) = (ahead(noticed_on, *days), ahead(day, *days), nearer)
        else {
            continue;
        };
        let after = past.max(least);
        if after < through {
            due.push(DueNotice { days: *days, after, through });
        }
        nearer = ahead(today, *days);
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn f4_each_end_is_announced_by_the_nearest_notice_once() {
        let days = [7, 30, 60];
        // last day, noticed on, today; the notice
        let table = [
            ("2026-12-31", "2026-10-31", "2026-11-01", Some(60)),
            ("2026-12-31", "2026-11-01", "2026-11-02", None),
            ("2026-12-31", "2026-11-30", "2026-12-01", Some(30)),
            ("2026-12-31", "2026-12-23", "2026-12-24", Some(7)),
            ("2026-12-31", "2026-12-24", "2026-12-31", None),
            // The server was down: once, and the nearest.
            ("2026-12-31", "2026-10-01", "2026-11-20", Some(60)),
            ("2026-12-31", "2026-10-01", "2026-12-10", Some(30)),
            ("2026-12-31", "2026-10-01", "2026-12-31", Some(7)),
            ("2026-12-31", "2026-12-20", "2026-12-31", Some(7)),
            // It has ended meanwhile, or the clock was set back.
            ("2026-12-31", "2026-10-01", "2027-01-01", None),
            ("2026-12-31", "2026-12-24", "2026-11-01", None),
        ];
        for (last, noticed_on, today, expected) in table {
            let due = due_notices(&days, day(noticed_on), day(today), day(today));
            let covers = |notice: &&DueNotice| notice.after < day(last) && day(last) <= notice.through;
            let found: Vec<u32> = due.iter().filter(covers).map(|notice| notice.days).collect();
            assert_eq!(found, Vec::from_iter(expected), "{last} after {noticed_on} on {today}");
        }
    }

    #[test]
    fn f4_an_interrupted_day_leaves_the_nearer_notice_to_the_next() {
        let days = [7, 30, 60];
        for passed in 0..=80 {
            let last = day("2027-01-01").checked_add_days(Days::new(passed)).expect("a date");
            let (noticed_on, pending, today) = (day("2026-12-20"), day("2026-12-21"), day("2027-01-02"));
            let both =
                [due_notices(&days, noticed_on, pending, today), due_notices(&days, pending, today, today)];
            let found = both.iter().flatten().filter(|notice| notice.after < last && last <= notice.through);
            let found: Vec<u32> = found.map(|notice| notice.days).collect();
            assert!(found.len() <= 1, "{last}: {found:?}");
            assert!(last >= today || found.is_empty(), "{last}: {found:?}");
        }
    }
}
