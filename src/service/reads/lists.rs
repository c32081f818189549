//! Work lists: what waits, and for whom. Each shows what the caller may see, and nothing else.

use entity::{activity, affiliation, deal, order, swag_order};
use uuid::Uuid;

use super::list_queries::{
    ActivityQuery, AffiliationQuery, ContractQuery, DealQuery, OrderQuery, SwagOrderQuery,
};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::Status;
use crate::program::level::Levels;
use crate::program::nearest::nearest;
use crate::program::refusal::{Code, Refusal};
use crate::program::rule::Program;
use crate::program::wording::{did_you_mean, shown};
use crate::service::access::Visibility;
use crate::service::contracts::ContractRow;
use crate::service::{Services, input, labels};
use crate::store::list::activities::{self, ActivityFilter, ActivityOrder, ActivityScope};
use crate::store::list::affiliations::{self, AffiliationFilter, AffiliationScope};
use crate::store::list::contracts::{self, ContractFilter, ContractOrder};
use crate::store::list::deals::{self, DealFilter, DealOrder, DealScope, DealStatuses};
use crate::store::list::orders::{self, OrderFilter};
use crate::store::list::swag_orders::{self, SwagOrderFilter};
use crate::store::list::{self, ListQuery, RowKey};
use crate::store::page::{Page, Rows};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::{affiliation as affiliation_rows, contract, subject, swag};

/// Most values of a filter on a set.
const SET_MAX: usize = 100;

/// A filter whose codes were looked up; none where one of them is of nothing.
#[derive(Clone, Debug)]
pub enum RowsTotal {
    /// Activities.
    Activities(Option<ActivityFilter>),
    /// Deals.
    Deals(Option<DealFilter>),
    /// Orders.
    Orders(Option<OrderFilter>),
    /// Swag orders.
    SwagOrders(Option<SwagOrderFilter>),
    /// Affiliations.
    Affiliations(Option<AffiliationFilter>),
    /// Contracts.
    Contracts(Option<ContractFilter>),
}

impl Services {
    /// One page of the activities that a filter finds, and the filter for counting them.
    ///
    /// # Errors
    /// When a value of the filter is not accepted, or the database fails.
    pub async fn activities_page(
        &self,
        query: ActivityQuery,
        (order, descending): (ActivityOrder, bool),
        page: &Page<RowKey>,
    ) -> Result<(Rows<activity::Model>, RowsTotal), Error> {
        let filter = self.activity_filter(query).await?;
        let statement = filter.as_ref().and_then(|filter| self.activities_query(filter));
        let rows = match statement {
            Some(statement) => list::read(self.db.reader(), statement, order.sort(descending), page).await?,
            None => Rows::default(),
        };
        Ok((rows, RowsTotal::Activities(filter)))
    }

    async fn activity_filter(&self, query: ActivityQuery) -> Result<Option<ActivityFilter>, Error> {
        let kinds = query.kinds.map(|kinds| self.kinds(kinds)).transpose()?;
        let statuses = query.statuses.map(|statuses| set("statuses", statuses)).transpose()?;
        let source = match query.source.as_deref().map(|source| input::key("source", source)) {
            Some(Err(_)) => return Ok(None),
            source => source.and_then(Result::ok),
        };
        let Some(partner) = self.partner_id(query.partner.as_deref()).await? else { return Ok(None) };
        let Some(professional) = self.professional_id(query.professional.as_deref()).await? else {
            return Ok(None);
        };
        if let Some(run) = query.import_run
            && self.import_runs_by_ids(&[run]).await?.is_empty()
        {
            return Ok(None);
        }
        let (occurred_from, occurred_to) = (query.occurred_from, query.occurred_to);
        Ok(Some(ActivityFilter {
            statuses,
            kinds,
            partner,
            professional,
            source,
            import_run: query.import_run,
            occurred_from,
            occurred_to,
        }))
    }

    /// Checks that each kind is one of an edition.
    fn kinds(&self, kinds: Vec<String>) -> Result<Vec<String>, Refusal> {
        let editions = &self.policy.editions;
        let is_known = |kind: &str| {
            [Program::Partner, Program::Professional]
                .into_iter()
                .any(|program| editions.kind(program, kind).is_some())
        };
        if let Some(unknown) = kinds.iter().find(|kind| !is_known(kind)) {
            let known = editions.iter().flat_map(|edition| &edition.rules).map(|rule| rule.kind.as_str());
            let near = did_you_mean(nearest(unknown, known));
            let message = format!("kinds: {} is not an activity kind.{near}", shown(unknown));
            return Err(Refusal::new(Code::Invalid, "kinds", message));
        }
        set("kinds", kinds)
    }

    fn activities_query(&self, filter: &ActivityFilter) -> Option<ListQuery> {
        let scope = match self.visibility(Operation::Activity) {
            Visibility::All => ActivityScope::All,
            Visibility::Partner(id) => ActivityScope::Partner(id, self.clock.today()),
            Visibility::Professional(id) => ActivityScope::Professional(id),
            Visibility::Integration(name) => ActivityScope::Integration(name.to_string()),
            Visibility::Nothing => return None,
        };
        activities::query(self.db.backend(), filter, &scope)
    }

    /// One page of the deals that a filter finds, and the filter for counting them.
    ///
    /// # Errors
    /// When a value of the filter is not accepted, or the database fails.
    pub async fn deals_page(
        &self,
        query: DealQuery,
        (order, descending): (DealOrder, bool),
        page: &Page<RowKey>,
    ) -> Result<(Rows<deal::Model>, RowsTotal), Error> {
        let statuses = query.statuses.map(|statuses| set("statuses", statuses)).transpose()?;
        let customer_key = match query.customer.as_deref().map(|name| name.replace('\0', "")) {
            None => None,
            Some(name) => match self.customer_key(self.db.reader(), &name, self.clock.today()).await? {
                None => return Ok((Rows::default(), RowsTotal::Deals(None))),
                known => known,
            },
        };
        let filter = self.partner_id(query.partner.as_deref()).await?.map(|partner| DealFilter {
            statuses: statuses.map(|statuses| deal_statuses(&statuses)),
            partner,
            customer_key,
            valid_from: query.valid_from,
            valid_to: query.valid_to,
            conflict: query.conflict,
        });
        let sort = order.sort(descending);
        let rows = match filter.as_ref().and_then(|filter| self.deals_query(filter, sort)) {
            Some(statement) => list::read(self.db.reader(), statement, sort, page).await?,
            None => Rows::default(),
        };
        Ok((rows, RowsTotal::Deals(filter)))
    }

    fn deals_query(&self, filter: &DealFilter, sort: list::Sort) -> Option<ListQuery> {
        let scope = match self.visibility(Operation::Deal) {
            Visibility::All => DealScope::All,
            Visibility::Partner(id) => DealScope::Partner(id),
            Visibility::Integration(name) => DealScope::Integration(name.to_string()),
            Visibility::Professional(_) | Visibility::Nothing => return None,
        };
        let backend = self.db.backend();
        deals::query(backend, filter, &scope, sort, self.clock.today())
    }

    /// One page of the orders that a filter finds, and the filter for counting them.
    ///
    /// # Errors
    /// When a value of the filter is not accepted, or the database fails.
    pub async fn orders_page(
        &self,
        query: OrderQuery,
        descending: bool,
        page: &Page<RowKey>,
    ) -> Result<(Rows<order::Model>, RowsTotal), Error> {
        let statuses = query.statuses.map(|statuses| set("statuses", statuses)).transpose()?;
        let currency = query.currency.as_deref().map(|code| input::currency("currency", code)).transpose()?;
        let filter = self.partner_id(query.partner.as_deref()).await?.map(|partner| OrderFilter {
            statuses,
            partner,
            purpose: query.purpose,
            currency: currency.map(|currency| currency.code().to_owned()),
            placed_from: query.placed_from,
            placed_to: query.placed_to,
        });
        let rows = match filter.as_ref().and_then(|filter| self.orders_query(filter)) {
            Some(statement) => {
                list::read(self.db.reader(), statement, orders::sort(descending), page).await?
            }
            None => Rows::default(),
        };
        Ok((rows, RowsTotal::Orders(filter)))
    }

    fn orders_query(&self, filter: &OrderFilter) -> Option<ListQuery> {
        let only = self.only_partner(Operation::Order)?;
        orders::query(self.db.backend(), filter, only)
    }

    /// One page of the swag orders that a filter finds, and the filter for counting them.
    ///
    /// # Errors
    /// When a value of the filter is not accepted, or the database fails.
    pub async fn swag_orders_page(
        &self,
        query: SwagOrderQuery,
        descending: bool,
        page: &Page<RowKey>,
    ) -> Result<(Rows<swag_order::Model>, RowsTotal), Error> {
        let statuses = query.statuses.map(|statuses| set("statuses", statuses)).transpose()?;
        let filter = match (self.professional_id(query.professional.as_deref()).await?, query.item.as_deref())
        {
            (None, _) => None,
            (Some(professional), None) => Some(SwagOrderFilter { statuses, professional, item: None }),
            (Some(professional), Some(code)) => {
                let item = match input::code("item", code) {
                    Ok(code) => swag::item_by_code(self.db.reader(), &code).await?,
                    Err(_) => None,
                };
                item.map(|item| SwagOrderFilter { statuses, professional, item: Some(item.id) })
            }
        };
        let rows = match filter.as_ref().and_then(|filter| self.swag_orders_query(filter)) {
            Some(statement) => {
                list::read(self.db.reader(), statement, swag_orders::sort(descending), page).await?
            }
            None => Rows::default(),
        };
        Ok((rows, RowsTotal::SwagOrders(filter)))
    }

    fn swag_orders_query(&self, filter: &SwagOrderFilter) -> Option<ListQuery> {
        let only = match self.visibility(Operation::SwagOrder) {
            Visibility::All => None,
            Visibility::Professional(id) => Some(id),
            _ => return None,
        };
        swag_orders::query(self.db.backend(), filter, only)
    }

    /// One page of the affiliations that a filter finds, and the filter for counting them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn affiliations_page(
        &self,
        query: AffiliationQuery,
        descending: bool,
        page: &Page<RowKey>,
    ) -> Result<(Rows<affiliation::Model>, RowsTotal), Error> {
        let partner = self.partner_id(query.partner.as_deref()).await?;
        let professional = self.professional_id(query.professional.as_deref()).await?;
        let filter = partner.zip(professional).map(|(partner, professional)| AffiliationFilter {
            partner,
            professional,
            on: query.on,
        });
        let rows = match filter.as_ref().and_then(|filter| self.affiliations_query(filter)) {
            Some(statement) => {
                list::read(self.db.reader(), statement, affiliations::sort(descending), page).await?
            }
            None => Rows::default(),
        };
        Ok((rows, RowsTotal::Affiliations(filter)))
    }

    fn affiliations_query(&self, filter: &AffiliationFilter) -> Option<ListQuery> {
        let scope = self.affiliation_scope()?;
        affiliations::query(self.db.backend(), filter, scope)
    }

    fn affiliation_scope(&self) -> Option<AffiliationScope> {
        match self.visibility(Operation::Affiliation) {
            Visibility::All => Some(AffiliationScope::All),
            Visibility::Partner(id) => Some(AffiliationScope::Partner(id, self.clock.today())),
            Visibility::Professional(id) => Some(AffiliationScope::Professional(id)),
            Visibility::Integration(_) | Visibility::Nothing => None,
        }
    }

    /// Affiliations by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn affiliations_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<std::collections::HashMap<Uuid, affiliation::Model>, Error> {
        let Some(scope) = self.affiliation_scope() else { return Ok(std::collections::HashMap::new()) };
        let rows = affiliation_rows::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().filter(|row| scope.includes(row)).map(|row| (row.id, row)).collect())
    }

    /// One page of the contracts that a filter finds, and the filter for counting them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn contracts_page(
        &self,
        query: ContractQuery,
        (order, descending): (ContractOrder, bool),
        page: &Page<RowKey>,
    ) -> Result<(Rows<ContractRow>, RowsTotal), Error> {
        let filter = self.partner_id(query.partner.as_deref()).await?.map(|partner| ContractFilter {
            partner,
            on: query.on,
            ends_from: query.ends_from,
            ends_to: query.ends_to,
        });
        let rows = match filter.as_ref().and_then(|filter| self.contracts_query(filter)) {
            Some(statement) => {
                let found = list::read(self.db.reader(), statement, order.sort(descending), page).await?;
                let rows = contract::with_rates(self.db.reader(), found.rows).await?;
                Rows { rows, has_more: found.has_more }
            }
            None => Rows::default(),
        };
        Ok((rows, RowsTotal::Contracts(filter)))
    }

    fn contracts_query(&self, filter: &ContractFilter) -> Option<ListQuery> {
        let only = self.only_partner(Operation::PartnerAccount)?;
        contracts::query(self.db.backend(), filter, only)
    }

    /// How many rows a list has, `store::list::COUNT_MAX` and one more at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows_count(&self, total: &RowsTotal) -> Result<i64, Error> {
        let sort = DealOrder::Recorded.sort(false);
        let statement = match total {
            RowsTotal::Activities(filter) => filter.as_ref().and_then(|filter| self.activities_query(filter)),
            RowsTotal::Deals(filter) => filter.as_ref().and_then(|filter| self.deals_query(filter, sort)),
            RowsTotal::Orders(filter) => filter.as_ref().and_then(|filter| self.orders_query(filter)),
            RowsTotal::SwagOrders(filter) => {
                filter.as_ref().and_then(|filter| self.swag_orders_query(filter))
            }
            RowsTotal::Affiliations(filter) => {
                filter.as_ref().and_then(|filter| self.affiliations_query(filter))
            }
            RowsTotal::Contracts(filter) => filter.as_ref().and_then(|filter| self.contracts_query(filter)),
        };
        match statement {
            Some(statement) => Ok(list::count(self.db.reader(), statement).await?),
            None => Ok(0),
        }
    }

    /// The partner that an operation is limited to, if any; none where it shows nothing.
    #[expect(clippy::option_option, reason = "nothing, all, or one")]
    fn only_partner(&self, operation: Operation) -> Option<Option<Uuid>> {
        match self.visibility(operation) {
            Visibility::All => Some(None),
            Visibility::Partner(id) => Some(Some(id)),
            _ => None,
        }
    }

    /// The id of the partner that a filter names, if it names one; none where there is no such partner. What it is
    /// used for is limited to what the caller sees.
    async fn partner_id(&self, code: Option<&str>) -> Result<Option<Option<Uuid>>, Error> {
        let Some(code) = code else { return Ok(Some(None)) };
        let Ok(code) = input::code("partner", code) else { return Ok(None) };
        let found = subject::by_code::<PartnerRow>(self.db.reader(), &code).await?;
        Ok(found.map(|row| Some(row.id)))
    }

    /// The same for a professional.
    async fn professional_id(&self, code: Option<&str>) -> Result<Option<Option<Uuid>>, Error> {
        let Some(code) = code else { return Ok(Some(None)) };
        let Ok(code) = input::code("professional", code) else { return Ok(None) };
        let found = subject::by_code::<ProfessionalRow>(self.db.reader(), &code).await?;
        Ok(found.map(|row| Some(row.id)))
    }
}

/// Codes of levels that an edition has.
pub(super) fn known_levels(asked: &[String], editions: &[&Levels]) -> Result<Vec<String>, Refusal> {
    let known = || editions.iter().flat_map(|levels| levels.iter()).map(|level| level.code.as_str());
    if let Some(unknown) = asked.iter().find(|code| !known().any(|known| known == *code)) {
        let near = did_you_mean(nearest(unknown, known()));
        let message = format!("levels: there is no level {}.{near}", shown(unknown));
        return Err(Refusal::new(Code::Invalid, "levels", message));
    }
    set("levels", asked.to_vec())
}

/// A set of values without repetitions.
fn set<T: PartialEq>(field: &str, values: Vec<T>) -> Result<Vec<T>, Refusal> {
    let mut distinct = Vec::with_capacity(values.len());
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    let message = match distinct.len() {
        0 => format!("{field} is an empty list, which nothing matches; leave {field} out for no condition."),
        count if count > SET_MAX => format!("{field} has at most {SET_MAX} values; got {count}."),
        _ => return Ok(distinct),
    };
    Err(Refusal::new(Code::Invalid, field, message))
}

/// What is stored of deals that have one of these statuses today.
fn deal_statuses(statuses: &[Status]) -> DealStatuses {
    let mut found = DealStatuses::default();
    for status in statuses {
        match labels::status_column(*status) {
            Some(column) if status.is_timed() => found.running.push(column),
            Some(column) => found.lasting.push(column),
            None => {
                let timed = Status::ACTIVE.into_iter().filter(|status| status.is_timed());
                found.expired.extend(timed.filter_map(labels::status_column));
            }
        }
    }
    found
}
