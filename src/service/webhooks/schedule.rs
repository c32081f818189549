//! The retry schedule of deliveries.

use chrono::{DateTime, TimeDelta, Utc};

/// Seconds from a failed try to the next, as Standard Webhooks recommends: the first try is immediate,
/// then 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h. A delivery is tried for three days.
pub const RETRY_DELAYS: [i64; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];
/// Maximum delay that a receiver can request by `Retry-After`.
const RETRY_AFTER_MAX: TimeDelta = TimeDelta::hours(24);
/// Maximum jitter, in hundredths of the delay, so that retries do not synchronize.
pub(super) const JITTER_MAX: i64 = 10;

/// Time of the next attempt after this number of failed attempts; none after the last one.
///
/// `jitter` is in hundredths of the delay. `not_before` is the earliest time that the receiver requested.
#[must_use]
pub fn next_attempt_at(
    attempts: i64,
    now: DateTime<Utc>,
    jitter: i64,
    not_before: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let delay = TimeDelta::seconds(*RETRY_DELAYS.get(index)?);
    let next = now + delay + delay * i32::try_from(jitter.clamp(0, JITTER_MAX)).unwrap_or(0) / 100;
    Some(not_before.map_or(next, |not_before| next.max(not_before.min(now + RETRY_AFTER_MAX))))
}

/// The time of a `Retry-After` header: seconds from now, or an HTTP date.
#[must_use]
pub fn parse_retry_after(retry_after: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = retry_after.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(now + TimeDelta::seconds(seconds.into()));
    }
    DateTime::parse_from_rfc2822(text).ok().map(|moment| moment.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_tried_for_three_days() {
        let start = DateTime::UNIX_EPOCH;
        let mut at = start;
        let mut delays = Vec::new();
        for attempts in 1.. {
            let Some(next) = next_attempt_at(attempts, at, 0, None) else { break };
            delays.push((next - at).num_seconds());
            at = next;
        }
        assert_eq!(delays, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!((at - start).num_hours(), 75);
        assert_eq!(next_attempt_at(0, start, 0, None), None);
        assert_eq!(next_attempt_at(3, start, 10, None), Some(start + TimeDelta::seconds(1_980)));
        assert_eq!(next_attempt_at(3, start, 1_000, None), next_attempt_at(3, start, 10, None));
    }

    #[test]
    fn a_receiver_can_put_it_off_within_bounds() {
        let now: DateTime<Utc> = "2026-08-31T12:00:00Z".parse().expect("a moment");
        // Retry-After, and seconds to the next try after the second failed one
        let table = [
            ("600", 600),
            ("10", 300),
            ("0", 300),
            ("999999", 86_400),
            ("Mon, 31 Aug 2026 12:20:00 GMT", 1_200),
            ("Mon, 31 Aug 2020 12:20:00 GMT", 300),
            ("Mon, 31 Aug 2099 12:20:00 GMT", 86_400),
            ("-5", 300),
            ("soon", 300),
            ("99999999999999999999", 300),
        ];
        for (text, seconds) in table {
            let next = next_attempt_at(2, now, 0, parse_retry_after(text, now));
            assert_eq!(next, Some(now + TimeDelta::seconds(seconds)), "{text}");
        }
    }
}
