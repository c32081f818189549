//! The list of professionals.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

use super::search::{Reading, Search, read};
use super::subjects::{Key, Order, Source};
use super::{ListQuery, subjects};
use crate::store::page::{Page, Rows};
use crate::store::professional::ProfessionalRow;
use crate::store::subject::{SortType, Subject, SubjectKey};

/// Sorts after every text that begins like another one.
const AFTER: char = '\u{10FFFF}';

/// What a list of professionals is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfessionalOrder {
    /// Code, ascending.
    Code,
    /// Name, ascending.
    Name,
    /// Day of sign-up, ascending.
    SignedUpOn,
}

/// A filter on professionals. A professional matches if every field that is set is satisfied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProfessionalFilter {
    /// Only those whose code or name contains this, folded as the stored keys are.
    pub search: Option<String>,
    /// Only those with sign-up on this day or later.
    pub signed_up_from: Option<NaiveDate>,
    /// Only those with sign-up on this day or earlier.
    pub signed_up_to: Option<NaiveDate>,
    /// Only those of these levels, as last emitted.
    pub levels: Option<Vec<String>>,
    /// Only those who work for this partner on this day.
    pub partner: Option<(Uuid, NaiveDate)>,
    /// Only those whose address begins with this, folded as the stored keys are.
    pub email: Option<String>,
    /// Only those whose next membership year begins on this day or later.
    pub renews_from: Option<NaiveDate>,
    /// Only those whose next membership year begins on this day or earlier.
    pub renews_to: Option<NaiveDate>,
    /// Only those whose level the points of this year do not keep, or all others.
    pub at_risk: Option<bool>,
}

/// The professionals that are visible to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProfessionalScope {
    /// Those affiliated with a partner by a day, now or before.
    Partner(Uuid, NaiveDate),
    /// One professional.
    Professional(Uuid),
}

fn query(backend: DbBackend, filter: &ProfessionalFilter, scope: Option<ProfessionalScope>) -> ListQuery {
    let mut query = ListQuery::new(backend, ProfessionalRow::TABLE, "id");
    query.require("p.merged_into IS NULL".to_owned());
    match scope {
        None => {}
        Some(ProfessionalScope::Professional(id)) => {
            let condition = format!("p.id = {}", query.value(id));
            query.require(condition);
        }
        Some(ProfessionalScope::Partner(partner, day)) => {
            let (partner, day) = (query.value(partner), query.value(day));
            query.require(format!(
                "p.id IN (SELECT v.professional_id FROM affiliations v WHERE v.partner_id = {partner} \
                 AND NOT v.voided AND v.starts_on <= {day})"
            ));
        }
    }
    if let Some(text) = &filter.search {
        subjects::search(&mut query, text);
    }
    query.subject_between("signed_up_on", filter.signed_up_from, filter.signed_up_to);
    if let Some(levels) = &filter.levels {
        let condition = query.one_of("b.level", levels.iter().map(String::as_str));
        query.require(condition);
    }
    if let Some((partner, day)) = filter.partner {
        let (partner, day) = (query.value(partner), query.value(day));
        query.require(format!(
            "p.id IN (SELECT w.professional_id FROM affiliations w WHERE w.partner_id = {partner} \
             AND NOT w.voided AND w.starts_on <= {day} AND (w.ends_on IS NULL OR w.ends_on >= {day}))"
        ));
    }
    if let Some(email) = &filter.email {
        let (from, to) = (query.value(email.as_str()), query.value(format!("{email}{AFTER}")));
        query.require(format!("p.email_key >= {from} AND p.email_key < {to}"));
    }
    for (day, compare) in [(filter.renews_from, ">="), (filter.renews_to, "<=")] {
        if let Some(day) = day {
            let condition = format!("b.renews_on {compare} {}", query.value(day));
            query.require(condition);
        }
    }
    match filter.at_risk {
        Some(true) => query.require("b.points_to_retain > 0".to_owned()),
        Some(false) => query.require("b.points_to_retain = 0".to_owned()),
        None => {}
    }
    query
}

const PROFESSIONALS: Source = Source::subjects::<ProfessionalRow>();
const BALANCES: Source = Source::balances::<ProfessionalRow>();

/// The search for the text of a filter by the index. Where something else leaves few professionals, all of them are read.
fn search(filter: &ProfessionalFilter, scope: Option<ProfessionalScope>) -> Option<Search<'_>> {
    let is_narrow = scope.is_some() || filter.partner.is_some() || filter.email.is_some();
    let text = filter.search.as_deref().filter(|_| !is_narrow)?;
    subjects::indexed::<ProfessionalRow>(text)
}

/// The statement of a page.
pub(super) fn statement(
    backend: DbBackend,
    filter: &ProfessionalFilter,
    scope: Option<ProfessionalScope>,
    order: ProfessionalOrder,
    reading: Reading,
    page: &Page<SubjectKey>,
) -> Statement {
    let (column, sort) = match order {
        ProfessionalOrder::Code => ("p.code", SortType::Text),
        ProfessionalOrder::Name => ("p.name", SortType::Text),
        ProfessionalOrder::SignedUpOn => ("p.signed_up_on", SortType::Date),
    };
    let sources = vec![PROFESSIONALS, BALANCES];
    let order = Order { sources, key: Key::Ascending(column.to_owned()), sort, within: None };
    let (query, columns) = (query(backend, filter, scope), ProfessionalRow::columns());
    subjects::page_statement(query, &columns, &order, search(filter, scope), reading, page)
}

/// One page of professionals.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &ProfessionalFilter,
    scope: Option<ProfessionalScope>,
    order: ProfessionalOrder,
    page: &Page<SubjectKey>,
) -> Result<Rows<ProfessionalRow>, DbErr> {
    let backend = connection.get_database_backend();
    let statements = |reading| vec![statement(backend, filter, scope, order, reading, page)];
    read(connection, page, search(filter, scope), statements).await
}

/// The number of professionals that match, [`super::COUNT_MAX`] and one more at most.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    filter: &ProfessionalFilter,
    scope: Option<ProfessionalScope>,
) -> Result<i64, DbErr> {
    let statement = count_statement(connection.get_database_backend(), filter, scope);
    super::counted(connection, statement).await
}

/// The statement that counts them.
pub(super) fn count_statement(
    backend: DbBackend,
    filter: &ProfessionalFilter,
    scope: Option<ProfessionalScope>,
) -> Statement {
    let query = query(backend, filter, scope);
    subjects::count(query, &[PROFESSIONALS, BALANCES], search(filter, scope))
}
