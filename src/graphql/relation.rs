//! The keys under which a batch keeps what it has loaded.

use chrono::{DateTime, NaiveDate, Utc};
use entity::value::DeliveryState;
use uuid::Uuid;

use crate::store::affiliation::AffiliationOwner;
use crate::store::ledger::LedgerFilter;
use crate::store::page::Page;
use crate::store::points::PointsFilter;

/// A relation of the rows of a batch, with its arguments. Two fields with the same key share one load.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Relation {
    Activities(Page<i64>),
    Activity,
    ActivityCount,
    ActorLabels,
    Affiliations(AffiliationOwner, Page<Uuid>),
    AffiliationCount(AffiliationOwner),
    Affiliated(Option<NaiveDate>, Page<Uuid>),
    AffiliatedCount(Option<NaiveDate>),
    Attempts,
    Balance(DateTime<Utc>),
    Contract,
    Contracts,
    ContractsOn(NaiveDate, Option<DateTime<Utc>>),
    Credits(i32, Option<DateTime<Utc>>),
    Deal,
    DealCount,
    DealHistory,
    Deals(Page<i64>),
    Deliveries(Option<DeliveryState>, Page<Uuid>),
    DeliveryCount(Option<DeliveryState>),
    DeliveryProgress,
    DojoCredits(Option<DateTime<Utc>>),
    Employer(Option<NaiveDate>),
    Endpoint,
    Event,
    Explanations,
    Histories,
    ImportRun,
    JoinedInto,
    LedgerCount(LedgerFilter),
    LedgerEntries(LedgerFilter, Page<i64>),
    LedgerEntry,
    LevelCauses,
    LevelHistory(Option<DateTime<Utc>>),
    LevelReached(NaiveDate, Option<DateTime<Utc>>),
    Opportunity,
    Order,
    OrderCount,
    OrderLines,
    Orders(Page<i64>),
    Partner,
    PointsCount(PointsFilter),
    PointsEntries(PointsFilter, Page<i64>),
    Product,
    Professional,
    RefusedRowCount,
    RefusedRows(Page<i64>),
    Replaced,
    Replacement,
    ReplacedAffiliation,
    RetiredSecrets,
    SalesTarget(i32),
    Spellings,
    Standing(Option<NaiveDate>, Option<DateTime<Utc>>),
    OrderOfQuote,
    QuoteCount,
    QuoteLines,
    Quotes(Page<i64>),
    SavedQuote,
    SwagItem,
    Voidings,
    SwagOrder,
    SwagOrderCount,
    SwagOrders(Page<i64>),
}
