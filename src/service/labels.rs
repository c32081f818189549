//! Conversions between the enums of the database and those of the rules core.

use entity::value;

use crate::program::deal::{Outcome, Report, Status};
use crate::program::edition::{OrderPurpose, ProductCategory};

/// Declares the conversions between two enums with the same variants.
macro_rules! same_words {
    ($into:ident, $back:ident, $core:ty = $column:ty { $($word:ident),+ $(,)? }) => {
        /// The variant of the rules core.
        pub(super) fn $into(word: $column) -> $core {
            match word { $(<$column>::$word => <$core>::$word),+ }
        }

        /// The variant of the database.
        pub(super) fn $back(word: $core) -> $column {
            match word { $(<$core>::$word => <$column>::$word),+ }
        }
    };
}

same_words!(
    category,
    category_column,
    ProductCategory =
        value::ProductCategory { License, UsageBasedService, SupportService, Training, Certification }
);
same_words!(purpose, purpose_column, OrderPurpose = value::OrderPurpose { EndCustomer, SelfUse });
same_words!(
    outcome,
    outcome_column,
    Outcome = value::DealOutcome { WonByPartner, WonByOther, Lost, Dropped }
);
same_words!(
    report,
    report_column,
    Report = value::DealReport { Meeting, Introduction, ExhibitionMeeting, Webinar, Other }
);

/// The status of the rules core.
pub(super) fn status(word: value::DealStatus) -> Status {
    match word {
        value::DealStatus::Lead => Status::Lead,
        value::DealStatus::Engaged => Status::Engaged,
        value::DealStatus::Confirmed => Status::Confirmed,
        value::DealStatus::Quoted => Status::Quoted,
        value::DealStatus::Negotiating => Status::Negotiating,
        value::DealStatus::WaitingPo => Status::WaitingPo,
        value::DealStatus::WonReported => Status::WonReported,
        value::DealStatus::Cold => Status::Cold,
        value::DealStatus::ClosedWon => Status::ClosedWon,
        value::DealStatus::ClosedLost => Status::ClosedLost,
        value::DealStatus::ClosedDropped => Status::ClosedDropped,
        value::DealStatus::ClosedWithdrawn => Status::ClosedWithdrawn,
    }
}

/// The status of the database; none for a status that is only ever computed.
pub(super) fn status_column(word: Status) -> Option<value::DealStatus> {
    Some(match word {
        Status::Lead => value::DealStatus::Lead,
        Status::Engaged => value::DealStatus::Engaged,
        Status::Confirmed => value::DealStatus::Confirmed,
        Status::Quoted => value::DealStatus::Quoted,
        Status::Negotiating => value::DealStatus::Negotiating,
        Status::WaitingPo => value::DealStatus::WaitingPo,
        Status::WonReported => value::DealStatus::WonReported,
        Status::Cold => value::DealStatus::Cold,
        Status::ClosedWon => value::DealStatus::ClosedWon,
        Status::ClosedLost => value::DealStatus::ClosedLost,
        Status::ClosedDropped => value::DealStatus::ClosedDropped,
        Status::ClosedWithdrawn => value::DealStatus::ClosedWithdrawn,
        Status::Expired => return None,
    })
}
