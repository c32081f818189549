//! The literals of an edition's document: dates and enum values.

use chrono::NaiveDate;
use serde::Deserialize;

use super::{CapBase, OrderPurpose, ProductCategory};
use crate::program::deal::{Outcome, Report, Status};
use crate::program::level_terms::Downgrade;
use crate::program::rule::{Derived, QuantityUnit, Rest, Review, Track, Window};

/// A date as TOML writes it: bare.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "toml::value::Datetime")]
pub(crate) struct Date(pub(crate) NaiveDate);

impl TryFrom<toml::value::Datetime> for Date {
    type Error = String;

    fn try_from(value: toml::value::Datetime) -> Result<Self, String> {
        let date = value.date.filter(|_| value.time.is_none() && value.offset.is_none());
        date.and_then(|d| NaiveDate::from_ymd_opt(i32::from(d.year), d.month.into(), d.day.into()))
            .map(Self)
            .ok_or_else(|| format!("{value} is not a calendar date such as 2024-05-01"))
    }
}

impl std::fmt::Debug for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The enum literals of a document, and the value of each.
macro_rules! literals {
    ($raw:ident, $style:literal, $into:ty { $($word:ident => $value:expr),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug, Deserialize)]
        #[serde(rename_all = $style)]
        pub(crate) enum $raw { $($word),+ }

        impl From<$raw> for $into {
            fn from(raw: $raw) -> Self {
                match raw { $($raw::$word => $value),+ }
            }
        }
    };
}

literals!(RawTrack, "snake_case", Track { Technical => Self::Technical, Business => Self::Business });
literals!(RawWindow, "snake_case", Window {
    Each => Self::Each,
    Month => Self::Month,
    CalendarYear => Self::CalendarYear,
    MembershipYear => Self::MembershipYear,
    Lifetime => Self::Lifetime,
});
literals!(RawDerived, "snake_case", Derived {
    ProfessionalPoints => Self::ProfessionalPoints,
    SalesTarget => Self::SalesTarget,
    WonDeal => Self::WonDeal,
    NewCustomer => Self::NewCustomer,
});
literals!(RawQuantityUnit, "snake_case", QuantityUnit { Piece => Self::Piece, Day => Self::Day });
literals!(RawRest, "snake_case", Rest { Drop => Self::Drop, Carry => Self::Carry });
literals!(RawDowngrade, "snake_case", Downgrade { Earned => Self::ToEarned, OneStep => Self::OneStep });
literals!(RawCapBase, "snake_case", CapBase { Net => Self::Net, List => Self::List });
literals!(RawPurpose, "SCREAMING_SNAKE_CASE", OrderPurpose {
    EndCustomer => Self::EndCustomer,
    SelfUse => Self::SelfUse,
});
literals!(RawCategory, "SCREAMING_SNAKE_CASE", ProductCategory {
    License => Self::License,
    UsageBasedService => Self::UsageBasedService,
    SupportService => Self::SupportService,
    Training => Self::Training,
    Certification => Self::Certification,
});

literals!(RawReport, "SCREAMING_SNAKE_CASE", Report {
    Meeting => Self::Meeting,
    Introduction => Self::Introduction,
    ExhibitionMeeting => Self::ExhibitionMeeting,
    Webinar => Self::Webinar,
    Other => Self::Other,
});

literals!(RawStatus, "SCREAMING_SNAKE_CASE", Status {
    Lead => Self::Lead,
    Engaged => Self::Engaged,
    Confirmed => Self::Confirmed,
    Quoted => Self::Quoted,
    Negotiating => Self::Negotiating,
    WaitingPo => Self::WaitingPo,
    Cold => Self::Cold,
});
literals!(RawOutcome, "SCREAMING_SNAKE_CASE", Outcome {
    WonByPartner => Self::WonByPartner,
    WonByOther => Self::WonByOther,
    Lost => Self::Lost,
    Dropped => Self::Dropped,
});

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawType {
    Boolean,
    Text,
    Date,
    Integer,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawReview {
    #[default]
    None,
    Acceptance,
    StaffOnly,
}

impl From<RawReview> for Review {
    fn from(raw: RawReview) -> Self {
        match raw {
            RawReview::None => Self::None,
            RawReview::Acceptance => Self::Acceptance,
            RawReview::StaffOnly => Self::StaffOnly,
        }
    }
}
