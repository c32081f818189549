//! Worked examples of an edition: facts, a date, and the values expected then.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::literal::{Date, RawCategory, RawOutcome, RawPurpose, RawReport, RawStatus};
use crate::program::refusal::Code;
use crate::program::rule::Attributes;

/// One worked example of a document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it shows.
    pub name: String,
    #[serde(default)]
    pub(crate) partners: BTreeMap<String, Date>,
    #[serde(default)]
    pub(crate) professionals: BTreeMap<String, Member>,
    pub(crate) facts: Vec<GivenFact>,
    pub(crate) expect: Vec<Expected>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) signed_up_on: Date,
    pub(crate) partner: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenFact {
    pub(crate) id: Option<String>,
    pub(crate) void: Option<String>,
    pub(crate) on: Option<Date>,
    pub(crate) partner: Option<String>,
    pub(crate) professional: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) quantity: Option<i64>,
    pub(crate) points: Option<i64>,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    pub(crate) deal: Option<String>,
    pub(crate) customer: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) status: Option<RawStatus>,
    pub(crate) report: Option<RawReport>,
    pub(crate) outcome: Option<RawOutcome>,
    pub(crate) refused: Option<Refused>,
}

/// The code of the error with which a fact must be refused.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Refused(pub(crate) Code);

impl TryFrom<String> for Refused {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Code::named(&name).map(Self)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) on: Date,
    pub(crate) partner: Option<String>,
    pub(crate) professional: Option<String>,
    pub(crate) technical: Option<i64>,
    pub(crate) business: Option<i64>,
    pub(crate) technical_level: Option<String>,
    pub(crate) business_level: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) license_discount: Option<Decimal>,
    pub(crate) balance: Option<i64>,
    pub(crate) points: Option<i64>,
    pub(crate) dojo_credits: Option<i64>,
    pub(crate) order: Option<ExpectedOrder>,
}

/// An order that the partner could place, and its expected price.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedOrder {
    pub(crate) purpose: RawPurpose,
    pub(crate) currency: String,
    pub(crate) lines: Vec<GivenLine>,
    #[serde(default)]
    pub(crate) credits: i64,
    pub(crate) net: Option<Decimal>,
    pub(crate) max_credits: Option<i64>,
    pub(crate) total: Option<Decimal>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenLine {
    pub(crate) category: RawCategory,
    pub(crate) unit_price: Decimal,
    #[serde(default = "one")]
    pub(crate) quantity: i64,
}

fn one() -> i64 {
    1
}
