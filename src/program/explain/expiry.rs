//! Credits that expired, by the edition of the day on which they were earned.

use chrono::{Datelike, NaiveDate};

use crate::program::credit_life::{CreditKind, Expiry};
use crate::program::wording::counted;

/// The numbers of credits that expired, or came back from that.
#[derive(Clone, Copy, Debug)]
pub struct ExpiredCredits<'a> {
    /// What they are.
    pub kind: CreditKind,
    /// The day on which they were earned.
    pub earned_on: NaiveDate,
    /// How long those of that day could be spent by the policy of then.
    pub expiry: Expiry,
    /// The reason of the plan whose recalculation it is part of.
    pub plan: Option<&'a str>,
    /// Change of the balance: below zero when they expired.
    pub credits: i64,
    /// The balance with it.
    pub balance_after: i64,
}

/// The sentence for credits that expired, or that came back from that.
#[must_use]
pub fn explain_expiry(expired: &ExpiredCredits<'_>) -> String {
    let ExpiredCredits { kind, earned_on, expiry, plan, credits, balance_after } = *expired;
    let (before, count) = (balance_after - credits, credits.abs());
    let unit = match kind {
        CreditKind::Credits if count == 1 && credits < 0 => "credit",
        CreditKind::Credits => "credits",
        CreditKind::DojoCredits if count == 1 && credits < 0 => "Dojo Credit",
        CreditKind::DojoCredits => "Dojo Credits",
    };
    let plan = plan.map(|plan| format!("recalculated by the plan \"{plan}\""));
    if credits > 0 {
        let why = plan.unwrap_or_else(|| "since their award was taken back".to_owned());
        return format!(
            "Expired {unit} of {earned_on} come back, {why}: balance {before} + {count} = {balance_after}."
        );
    }
    let plan = plan.map_or(String::new(), |plan| format!(", {plan}"));
    let last = expiry.expires_on(earned_on).and_then(|day| day.pred_opt());
    let until = match (expiry, last) {
        (Expiry::Months(months), Some(last)) => {
            format!(" could be spent for {}, through {last}", counted(months.into(), "month"))
        }
        (Expiry::FollowingYear(_), Some(last)) => {
            format!(" could be spent through the end of {}", last.year())
        }
        _ => " could be spent".to_owned(),
    };
    format!(
        "{count} {unit} earned on {earned_on}{until}{plan}: balance {before} - {count} = {balance_after}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_is_a_sentence_with_its_arithmetic() {
        let earned_on = NaiveDate::from_ymd_opt(2024, 5, 15).expect("a date");
        // kind, expiry, plan, credits, balance after, sentence
        let table = [
            (
                CreditKind::Credits,
                Expiry::Months(24),
                None,
                -30,
                12,
                "30 credits earned on 2024-05-15 could be spent for 24 months, through 2026-05-14: balance 42 - 30 = 12.",
            ),
            (
                CreditKind::Credits,
                Expiry::Months(1),
                None,
                -1,
                0,
                "1 credit earned on 2024-05-15 could be spent for 1 month, through 2024-06-14: balance 1 - 1 = 0.",
            ),
            (
                CreditKind::DojoCredits,
                Expiry::FollowingYear(1),
                None,
                -250,
                0,
                "250 Dojo Credits earned on 2024-05-15 could be spent through the end of 2025: balance 250 - 250 = 0.",
            ),
            (
                CreditKind::Credits,
                Expiry::Months(24),
                None,
                30,
                0,
                "Expired credits of 2024-05-15 come back, since their award was taken back: balance -30 + 30 = 0.",
            ),
            (
                CreditKind::Credits,
                Expiry::Never,
                Some("more time"),
                30,
                42,
                "Expired credits of 2024-05-15 come back, recalculated by the plan \"more time\": balance 12 + 30 = 42.",
            ),
            (
                CreditKind::Credits,
                Expiry::Months(3),
                Some("less time"),
                -30,
                12,
                "30 credits earned on 2024-05-15 could be spent for 3 months, through 2024-08-14, recalculated by the plan \"less time\": balance 42 - 30 = 12.",
            ),
        ];
        for (kind, expiry, plan, credits, balance_after, sentence) in table {
            let expired = ExpiredCredits { kind, earned_on, expiry, plan, credits, balance_after };
            assert_eq!(explain_expiry(&expired), sentence);
        }
    }
}
