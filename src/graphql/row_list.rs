//! The work lists as connections: their names, their orders, and the cursors of their rows.

use chrono::NaiveDate;
use uuid::Uuid;

use super::cursor::Cursor;
use crate::program::calendar::parse_date;
use crate::store::list::activities::ActivityOrder;
use crate::store::list::contracts::ContractOrder;
use crate::store::list::deals::DealOrder;
use crate::store::list::{RowKey, Tie};
use crate::store::subject::EARLIEST;

/// A work list in an order; `true` for the last first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowList {
    Activities(ActivityOrder, bool),
    Deals(DealOrder, bool),
    Orders(bool),
    SwagOrders(bool),
    Affiliations(bool),
    Contracts(ContractOrder, bool),
}

impl RowList {
    /// Name in its cursors.
    fn name(self) -> &'static str {
        match self {
            Self::Activities(ActivityOrder::Recorded, false) => "activities-recorded",
            Self::Activities(ActivityOrder::Recorded, true) => "activities-recorded-desc",
            Self::Activities(ActivityOrder::OccurredOn, false) => "activities-occurred",
            Self::Activities(ActivityOrder::OccurredOn, true) => "activities-occurred-desc",
            Self::Deals(DealOrder::Recorded, false) => "deals-recorded",
            Self::Deals(DealOrder::Recorded, true) => "deals-recorded-desc",
            Self::Deals(DealOrder::ValidUntil, false) => "deals-valid",
            Self::Deals(DealOrder::ValidUntil, true) => "deals-valid-desc",
            Self::Orders(false) => "orders-placed",
            Self::Orders(true) => "orders-placed-desc",
            Self::SwagOrders(false) => "swag-orders-placed",
            Self::SwagOrders(true) => "swag-orders-placed-desc",
            Self::Affiliations(false) => "affiliations-starts",
            Self::Affiliations(true) => "affiliations-starts-desc",
            Self::Contracts(ContractOrder::StartsOn, false) => "contracts-starts",
            Self::Contracts(ContractOrder::StartsOn, true) => "contracts-starts-desc",
            Self::Contracts(ContractOrder::EndsOn, false) => "contracts-ends",
            Self::Contracts(ContractOrder::EndsOn, true) => "contracts-ends-desc",
        }
    }

    /// Whether its rows have a date in their position.
    fn is_dated(self) -> bool {
        !matches!(self, Self::Activities(ActivityOrder::Recorded, _) | Self::Deals(DealOrder::Recorded, _))
    }

    /// Whether rows of the same date are ordered by their ids.
    fn is_by_id(self) -> bool {
        matches!(self, Self::Affiliations(_) | Self::Contracts(..))
    }

    /// The text of the cursor of a position.
    pub(crate) fn cursor(self, key: &RowKey) -> String {
        let day = key.day.map_or_else(String::new, |day| day.to_string());
        match key.tie {
            Tie::Seq(seq) => format!("{}:{day}:{seq}", self.name()),
            Tie::Id(id) => format!("{}:{day}:{id}", self.name()),
        }
    }
}

impl Cursor<RowList> for RowKey {
    fn parse(text: &str, list: &RowList) -> Option<Self> {
        let (day, tie) = text.strip_prefix(list.name())?.strip_prefix(':')?.split_once(':')?;
        let day: Option<NaiveDate> = match (list.is_dated(), day) {
            (true, day) => Some(parse_date(day).filter(|day| *day >= EARLIEST)?),
            (false, "") => None,
            (false, _) => return None,
        };
        let tie = if list.is_by_id() {
            Tie::Id(Uuid::try_parse(tie).ok()?)
        } else {
            Tie::Seq(tie.parse().ok().filter(|seq| *seq > 0)?)
        };
        Some(Self { day, tie })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_of_one_list_only() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 1);
        let (seq, id) = (Tie::Seq(7), Tie::Id(Uuid::from_u128(7)));
        // list, position
        let table = [
            (RowList::Activities(ActivityOrder::Recorded, false), RowKey { day: None, tie: seq }),
            (RowList::Activities(ActivityOrder::Recorded, true), RowKey { day: None, tie: seq }),
            (RowList::Activities(ActivityOrder::OccurredOn, false), RowKey { day, tie: seq }),
            (RowList::Deals(DealOrder::ValidUntil, true), RowKey { day, tie: seq }),
            (RowList::Orders(false), RowKey { day, tie: seq }),
            (RowList::Affiliations(false), RowKey { day, tie: id }),
            (RowList::Contracts(ContractOrder::EndsOn, false), RowKey { day, tie: id }),
        ];
        for (list, key) in &table {
            let text = list.cursor(key);
            for (other, _) in &table {
                let expected = (list == other).then(|| key.clone());
                assert_eq!(RowKey::parse(&text, other), expected, "{text}, {other:?}");
            }
        }
        let orders = RowList::Orders(false);
        for garbage in [
            "",
            "orders-placed",
            "orders-placed::7",
            "orders-placed:2026-02-30:7",
            "orders-placed:2026-03-01:-7",
        ] {
            assert_eq!(RowKey::parse(garbage, &orders), None, "{garbage}");
        }
    }
}
