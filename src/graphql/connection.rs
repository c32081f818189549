//! Lists as Relay connections: arguments, cursors, pages.

use async_graphql::{SelectionField, SimpleObject};
use chrono::NaiveDate;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::batch::{BatchPage, BatchRow};
use super::cursor::Cursor;
use super::error::ApiError;
use super::id::{decode, encode};
use super::refusal::{QUOTED_CHARS_MAX, truncate_chars};
use super::relation::Relation;
use super::row_list::RowList;
use crate::program::calendar::parse_date;
use crate::service::Services;
use crate::service::reads::{AuditQuery, RowsTotal};
use crate::store::activity::Owner;
use crate::store::affiliation::AffiliationOwner;
use crate::store::edition_draft::DraftFilter;
use crate::store::edition_trial::{TrialSubjectFilter, TrialSubjectOrder};
use crate::store::import_run::ImportRunFilter;
use crate::store::ledger::LedgerFilter;
use crate::store::list::COUNT_MAX;
use crate::store::list::customers::{CustomerFilter, CustomerOrder};
use crate::store::list::partners::{PartnerFilter, PartnerOrder, TrackColumn};
use crate::store::list::professionals::{ProfessionalFilter, ProfessionalOrder};
use crate::store::page::Page;
use crate::store::partner::PartnerRow;
use crate::store::points::PointsFilter;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::{EARLIEST, SubjectKey};

/// Rows of a page without `first` or `last`.
const PAGE_SIZE_DEFAULT: i32 = 20;
/// Maximum rows of a page.
const PAGE_SIZE_MAX: i32 = 100;

/// The Relay pagination arguments of a field.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageArguments {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl PageArguments {
    /// Checks the arguments and parses their cursors.
    pub(crate) fn page<K: Cursor<L>, L>(self, list: &L) -> Result<Page<K>, ApiError> {
        let (size, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(ApiError::bad_input(BOTH_ENDS)),
            (None, Some(size)) => (size, true),
            (size, None) => (size.unwrap_or(PAGE_SIZE_DEFAULT), false),
        };
        let size = page_size(if from_end { "last" } else { "first" }, Some(size))?;
        let parse = |name: &str, text: Option<String>| match text {
            None => Ok(None),
            Some(text) => {
                let cursor = decode(&text).and_then(|text| K::parse(&text, list));
                cursor.map(Some).ok_or_else(|| ApiError::bad_input(not_a_cursor(name, &text)))
            }
        };
        Ok(Page { size, from_end, after: parse("after", self.after)?, before: parse("before", self.before)? })
    }
}

/// What is wrong with a text in place of a cursor, whatever the list.
pub(super) fn cursor_problem(name: &str, text: &str) -> Option<String> {
    decode(text).is_none().then(|| not_a_cursor(name, text))
}

fn not_a_cursor(name: &str, text: &str) -> String {
    let given = truncate_chars(text.to_owned(), QUOTED_CHARS_MAX);
    format!("\"{name}\": {given:?} is not a cursor of this list; use one from its edges or pageInfo.")
}

/// The message where both a first and a last page are asked for.
pub(super) const BOTH_ENDS: &str = "Use \"first\" or \"last\", not both.";

/// The page size from the argument of this name.
pub(crate) fn page_size(name: &str, size: Option<i32>) -> Result<u64, ApiError> {
    let given = i64::from(size.unwrap_or(PAGE_SIZE_DEFAULT));
    match (u64::try_from(given), page_size_problem(name, given)) {
        (Ok(size), None) => Ok(size),
        (_, problem) => Err(ApiError::bad_input(problem.unwrap_or_default())),
    }
}

/// What is wrong with a page size that the argument of this name has.
pub(super) fn page_size_problem(name: &str, given: i64) -> Option<String> {
    let cursor = if name == "last" { "before" } else { "after" };
    (!(0..=i64::from(PAGE_SIZE_MAX)).contains(&given)).then(|| {
        format!(
            "\"{name}\" must be from 0 to {PAGE_SIZE_MAX}, not {given}; request further pages with \"{cursor}\"."
        )
    })
}

impl Cursor<&'static str> for i64 {
    fn parse(text: &str, list: &&'static str) -> Option<Self> {
        text.strip_prefix(list)?.strip_prefix(':')?.parse().ok().filter(|number| *number > 0)
    }
}

impl Cursor<&'static str> for Uuid {
    fn parse(text: &str, list: &&'static str) -> Option<Self> {
        Self::try_parse(text.strip_prefix(list)?.strip_prefix(':')?).ok()
    }
}

impl Cursor<&'static str> for String {
    fn parse(text: &str, list: &&'static str) -> Option<Self> {
        let code = text.strip_prefix(list)?.strip_prefix(':')?;
        (!code.is_empty() && !code.contains('\0')).then(|| code.to_owned())
    }
}

impl Cursor<PartnerOrder> for SubjectKey {
    fn parse(text: &str, list: &PartnerOrder) -> Option<Self> {
        let (id, value) = text.strip_prefix(&partner_list(*list))?.strip_prefix(':')?.split_once(':')?;
        let fits = match list {
            PartnerOrder::Code | PartnerOrder::Name => !value.contains('\0'),
            PartnerOrder::EnrolledOn | PartnerOrder::LapsesOn(_) => {
                parse_date(value).is_some_and(|day| day >= EARLIEST)
            }
            PartnerOrder::YearCredits(_) | PartnerOrder::Balance | PartnerOrder::CreditsToNext(_) => {
                value.parse::<i64>().is_ok_and(|number| number != i64::MIN)
            }
        };
        fits.then_some(Self { value: value.to_owned(), id: Uuid::try_parse(id).ok()? })
    }
}

impl Cursor<ProfessionalOrder> for SubjectKey {
    fn parse(text: &str, list: &ProfessionalOrder) -> Option<Self> {
        let (id, value) = text.strip_prefix(professional_list(*list))?.strip_prefix(':')?.split_once(':')?;
        let fits = match list {
            ProfessionalOrder::Code | ProfessionalOrder::Name => !value.contains('\0'),
            ProfessionalOrder::SignedUpOn => parse_date(value).is_some_and(|day| day >= EARLIEST),
        };
        fits.then_some(Self { value: value.to_owned(), id: Uuid::try_parse(id).ok()? })
    }
}

impl Cursor<CustomerOrder> for SubjectKey {
    fn parse(text: &str, list: &CustomerOrder) -> Option<Self> {
        let (id, value) = text.strip_prefix(customer_list(*list))?.strip_prefix(':')?.split_once(':')?;
        let fits = match list {
            CustomerOrder::Name => !value.contains('\0'),
            CustomerOrder::FirstWonOn => parse_date(value).is_some_and(|day| day >= EARLIEST),
        };
        fits.then_some(Self { value: value.to_owned(), id: Uuid::try_parse(id).ok()? })
    }
}

pub(crate) fn customer_list(order: CustomerOrder) -> &'static str {
    match order {
        CustomerOrder::Name => "customers-name",
        CustomerOrder::FirstWonOn => "customers-won",
    }
}

pub(crate) fn partner_list(order: PartnerOrder) -> String {
    match order {
        PartnerOrder::Code => "partners-code".to_owned(),
        PartnerOrder::Name => "partners-name".to_owned(),
        PartnerOrder::EnrolledOn => "partners-enrolled".to_owned(),
        PartnerOrder::YearCredits(year) => format!("partners-credits-{year}"),
        PartnerOrder::Balance => "partners-balance".to_owned(),
        PartnerOrder::CreditsToNext(track) => format!("partners-next-{}", track_name(track)),
        PartnerOrder::LapsesOn(track) => format!("partners-lapses-{}", track_name(track)),
    }
}

const fn track_name(track: TrackColumn) -> &'static str {
    match track {
        TrackColumn::Technical => "technical",
        TrackColumn::Business => "business",
        TrackColumn::Either => "either",
    }
}

pub(crate) fn professional_list(order: ProfessionalOrder) -> &'static str {
    match order {
        ProfessionalOrder::Code => "professionals-code",
        ProfessionalOrder::Name => "professionals-name",
        ProfessionalOrder::SignedUpOn => "professionals-signed-up",
    }
}

/// The order of a list, for its cursors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ListOrder {
    /// By the row's sequence number, or by its id.
    Natural,
    Partners(PartnerOrder),
    Professionals(ProfessionalOrder),
    Customers(CustomerOrder),
    TrialSubjects(TrialSubjectOrder),
    /// A work list.
    Rows(RowList),
}

/// The list behind a connection, to count its rows when a client selects `totalCount`.
pub(crate) enum Total {
    Partners(PartnerFilter),
    /// None where nobody the caller sees can match.
    Professionals(Option<ProfessionalFilter>),
    Ledger(BatchRow<PartnerRow>, LedgerFilter),
    Affiliated(BatchRow<PartnerRow>, Option<NaiveDate>),
    PartnerAffiliations(BatchRow<PartnerRow>),
    ProfessionalAffiliations(BatchRow<ProfessionalRow>),
    PartnerActivities(BatchRow<PartnerRow>),
    ProfessionalActivities(BatchRow<ProfessionalRow>),
    Points(BatchRow<ProfessionalRow>, PointsFilter),
    ApiKeys,
    AuditLog(AuditQuery),
    Orders(BatchRow<PartnerRow>),
    Deals(BatchRow<PartnerRow>),
    Quotes(BatchRow<PartnerRow>),
    Customers(CustomerFilter),
    CustomerDeals(BatchRow<entity::customer::Model>),
    CustomerOrders(BatchRow<entity::customer::Model>),
    SwagOrders(BatchRow<ProfessionalRow>),
    Products,
    /// A work list, which is counted to a limit.
    Rows(RowsTotal),
    SwagItems,
    Editions,
    EditionDrafts(DraftFilter),
    Recalculations,
    TrialSubjects(Uuid, TrialSubjectFilter),
    WebhookEndpoints,
    WebhookDeliveries(BatchRow<entity::webhook_endpoint::Model>, Option<entity::value::DeliveryState>),
    ImportRuns(ImportRunFilter),
    ImportRefusedRows(BatchRow<entity::import_run::Model>),
    ImportActivities(BatchRow<entity::import_run::Model>),
}

impl Total {
    #[expect(clippy::too_many_lines, reason = "one arm for each list")]
    pub(crate) async fn count(&self, services: &Services) -> Result<i64, ApiError> {
        fn ids(partner: &BatchRow<PartnerRow>) -> Vec<Uuid> {
            partner.batch_rows().iter().map(|row| row.id).collect()
        }
        let (id, counts) = match self {
            Self::Partners(filter) => return Ok(services.partners_count(filter).await?),
            Self::Professionals(None) => return Ok(0),
            Self::Professionals(Some(filter)) => return Ok(services.professionals_count(filter).await?),
            Self::Rows(total) => return Ok(services.rows_count(total).await?),
            Self::ApiKeys => return Ok(services.keys_count().await?),
            Self::TrialSubjects(trial, filter) => {
                return Ok(services.edition_trial_subjects_count(*trial, filter).await?);
            }
            Self::Editions => return Ok(services.editions_count()),
            Self::Recalculations => return Ok(services.recalculations_count().await?),
            Self::EditionDrafts(filter) => return Ok(services.edition_drafts_count(filter).await?),
            Self::AuditLog(query) => return Ok(services.audit_count(query).await?),
            Self::WebhookEndpoints => return Ok(services.webhooks_count().await?),
            Self::WebhookDeliveries(endpoint, state) => {
                let load = || async {
                    let ids: Vec<Uuid> = endpoint.batch_rows().iter().map(|row| row.id).collect();
                    services.webhook_delivery_counts(&ids, *state).await
                };
                (endpoint.row().id, endpoint.load(Relation::DeliveryCount(*state), load).await?)
            }
            Self::ImportRuns(filter) => return Ok(services.import_runs_count(filter).await?),
            Self::ImportRefusedRows(run) => {
                let load = || async {
                    let ids: Vec<Uuid> = run.batch_rows().iter().map(|row| row.id).collect();
                    services.import_refused_counts(&ids).await
                };
                (run.row().id, run.load(Relation::RefusedRowCount, load).await?)
            }
            Self::ImportActivities(run) => {
                let load = || async {
                    let ids: Vec<Uuid> = run.batch_rows().iter().map(|row| row.id).collect();
                    services.import_activity_counts(&ids).await
                };
                (run.row().id, run.load(Relation::ActivityCount, load).await?)
            }
            Self::Ledger(partner, filter) => {
                if *filter == LedgerFilter::default() {
                    return Ok(partner.row().entries);
                }
                let load = || async { services.ledger_counts(&ids(partner), filter).await };
                (partner.row().id, partner.load(Relation::LedgerCount(*filter), load).await?)
            }
            Self::Affiliated(partner, as_of) => {
                let load = || async { services.affiliated_counts(&ids(partner), *as_of).await };
                (partner.row().id, partner.load(Relation::AffiliatedCount(*as_of), load).await?)
            }
            Self::PartnerAffiliations(partner) => {
                let owner = AffiliationOwner::Partner;
                let load = || async { services.affiliation_counts(owner, &ids(partner)).await };
                (partner.row().id, partner.load(Relation::AffiliationCount(owner), load).await?)
            }
            Self::ProfessionalAffiliations(professional) => {
                let owner = AffiliationOwner::Professional;
                let load = || async {
                    let ids: Vec<Uuid> = professional.batch_rows().iter().map(|row| row.id).collect();
                    services.affiliation_counts(owner, &ids).await
                };
                (professional.row().id, professional.load(Relation::AffiliationCount(owner), load).await?)
            }
            Self::PartnerActivities(partner) => {
                let load = || async { services.activity_counts(Owner::Partner, &ids(partner)).await };
                (partner.row().id, partner.load(Relation::ActivityCount, load).await?)
            }
            Self::Products => return Ok(i64::try_from(services.products_count().await?).unwrap_or(i64::MAX)),
            Self::SwagItems => {
                return Ok(i64::try_from(services.swag_items_count().await?).unwrap_or(i64::MAX));
            }
            Self::Orders(partner) => {
                let load = || async { services.order_counts(&ids(partner)).await };
                (partner.row().id, partner.load(Relation::OrderCount, load).await?)
            }
            Self::Quotes(partner) => {
                let load = || async { services.quote_counts(&ids(partner)).await };
                (partner.row().id, partner.load(Relation::QuoteCount, load).await?)
            }
            Self::Deals(partner) => {
                let load = || async { services.deal_counts(&ids(partner)).await };
                (partner.row().id, partner.load(Relation::DealCount, load).await?)
            }
            Self::Customers(filter) => return Ok(services.customers_count(filter).await?),
            Self::CustomerDeals(customer) => {
                let load = || async {
                    let ids: Vec<Uuid> = customer.batch_rows().iter().map(|row| row.id).collect();
                    services.customer_deal_counts(&ids).await
                };
                (customer.row().id, customer.load(Relation::DealCount, load).await?)
            }
            Self::CustomerOrders(customer) => {
                let load = || async {
                    let ids: Vec<Uuid> = customer.batch_rows().iter().map(|row| row.id).collect();
                    services.customer_order_counts(&ids).await
                };
                (customer.row().id, customer.load(Relation::OrderCount, load).await?)
            }
            Self::SwagOrders(professional) => {
                let load = || async {
                    let ids: Vec<Uuid> = professional.batch_rows().iter().map(|row| row.id).collect();
                    services.swag_order_counts(&ids).await
                };
                (professional.row().id, professional.load(Relation::SwagOrderCount, load).await?)
            }
            Self::Points(professional, filter) => {
                let load = || async {
                    let ids: Vec<Uuid> = professional.batch_rows().iter().map(|row| row.id).collect();
                    services.points_counts(&ids, filter).await
                };
                (professional.row().id, professional.load(Relation::PointsCount(*filter), load).await?)
            }
            Self::ProfessionalActivities(professional) => {
                let load = || async {
                    let ids: Vec<Uuid> = professional.batch_rows().iter().map(|row| row.id).collect();
                    services.activity_counts(Owner::Professional, &ids).await
                };
                (professional.row().id, professional.load(Relation::ActivityCount, load).await?)
            }
        };
        Ok(counts.get(&id).copied().unwrap_or(0))
    }
}

/// Position of a page within its list.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether more items follow this page. With `last`, true if `before` was given.
    has_next_page: bool,
    /// Whether items precede this page. With `first`, true if `after` was given.
    has_previous_page: bool,
    /// Cursor of the first item; null if the page is empty.
    start_cursor: Option<String>,
    /// Cursor of the last item; null if the page is empty.
    end_cursor: Option<String>,
}

/// An object that connections return.
pub(crate) trait ConnectionNode: Sized {
    /// The row that it wraps.
    type Row: Send + Sync;
    /// The object of a row.
    fn from_row(batch_row: BatchRow<Self::Row>) -> Self;
    /// The text of the row's cursor.
    fn cursor_key(row: &Self::Row, order: ListOrder) -> String;
}

/// One page of a list.
pub(crate) struct Connection<N: ConnectionNode> {
    pub(crate) page: BatchPage<N::Row>,
    order: ListOrder,
    from_end: bool,
    starts_at_cursor: bool,
    total: Total,
    counted: OnceCell<Result<i64, ApiError>>,
}

impl<N: ConnectionNode> Connection<N> {
    pub(crate) fn new<K>(page: BatchPage<N::Row>, request: &Page<K>, order: ListOrder, total: Total) -> Self {
        let starts_at_cursor =
            if request.from_end { request.before.is_some() } else { request.after.is_some() };
        let counted = OnceCell::new();
        Self { page, order, from_end: request.from_end, starts_at_cursor, total, counted }
    }

    /// How many rows the list has, and whether they were all counted.
    pub(crate) async fn count(&self, services: &Services) -> Result<(i64, bool), ApiError> {
        let is_limited = matches!(
            self.total,
            Total::Rows(_) | Total::Partners(_) | Total::Professionals(_) | Total::Customers(_)
        );
        let rows = self.counted.get_or_init(|| self.total.count(services)).await.clone()?;
        Ok(if is_limited && rows > COUNT_MAX { (COUNT_MAX, false) } else { (rows, true) })
    }

    pub(crate) fn cursor(&self, row: &N::Row) -> String {
        encode(&N::cursor_key(row, self.order))
    }

    pub(crate) fn relay_page_info(&self) -> PageInfo {
        let rows = self.page.rows();
        let (has_next_page, has_previous_page) = if self.from_end {
            (self.starts_at_cursor, self.page.has_more)
        } else {
            (self.page.has_more, self.starts_at_cursor)
        };
        PageInfo {
            has_next_page,
            has_previous_page,
            start_cursor: rows.first().map(|row| self.cursor(row)),
            end_cursor: rows.last().map(|row| self.cursor(row)),
        }
    }
}

/// One row of a page.
pub(crate) struct Edge<N> {
    pub(crate) cursor: String,
    pub(crate) node: N,
}

/// Name of the list of API keys.
pub(crate) const API_KEYS: &str = "api-keys";
/// Name of the audit log.
pub(crate) const AUDIT_LOG: &str = "audit-log";
/// Name of the lists of orders.
pub(crate) const ORDERS: &str = "orders";
/// Name of the lists of saved quotes.
pub(crate) const QUOTES: &str = "quotes";
/// Name of the lists of deals.
pub(crate) const DEALS: &str = "deals";
/// Name of the list of editions.
pub(crate) const EDITIONS: &str = "editions";
/// Name of the list of drafts of editions.
pub(crate) const EDITION_DRAFTS: &str = "edition-drafts";
/// Name of the list of recalculations.
pub(crate) const RECALCULATIONS: &str = "recalculations";
/// Name of the lists of subjects of a trial.
pub(crate) const TRIAL_SUBJECTS: &str = "trial-subjects";
/// Name of the list of products.
pub(crate) const PRODUCTS: &str = "products";
/// Name of the list of swag items.
pub(crate) const SWAG_ITEMS: &str = "swag-items";
/// Name of the lists of swag orders.
pub(crate) const SWAG_ORDERS: &str = "swag-orders";
/// Name of the list of webhook endpoints.
pub(crate) const WEBHOOK_ENDPOINTS: &str = "webhook-endpoints";
/// Name of the lists of webhook deliveries.
pub(crate) const WEBHOOK_DELIVERIES: &str = "webhook-deliveries";
/// Name of the list of import runs.
pub(crate) const IMPORT_RUNS: &str = "import-runs";
/// Name of the lists of refused rows.
pub(crate) const IMPORT_REFUSED_ROWS: &str = "import-refused-rows";
/// Name of the lists of ledger entries.
pub(crate) const LEDGER: &str = "ledger";
/// Name of the lists of points entries.
pub(crate) const POINTS: &str = "points";
/// Name of the lists of activities.
pub(crate) const ACTIVITIES: &str = "activities";
/// Name of the lists of affiliations.
pub(crate) const AFFILIATIONS: &str = "affiliations";
/// Name of the lists of contracts.
pub(crate) const CONTRACTS: &str = "contracts";
/// Name of the lists of a partner's professionals.
pub(crate) const AFFILIATED: &str = "affiliated";

/// Whether a field with a list asks for a field of its objects.
pub(crate) fn asks_of_nodes(list: SelectionField<'_>, name: &str) -> bool {
    let asks = |object: SelectionField<'_>| object.selection_set().any(|field| field.name() == name);
    list.selection_set().any(|field| match field.name() {
        "nodes" => asks(field),
        "edges" => field.selection_set().any(|edge| edge.name() == "node" && asks(edge)),
        _ => false,
    })
}
