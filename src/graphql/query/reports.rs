//! Statements and reports.

use async_graphql::{Context, Object};

use crate::graphql::error::ApiError;
use crate::graphql::scalar::Date;
use crate::graphql::types::{ProgramReport, Statement};
use crate::service::Services;

/// Accounts of periods.
#[derive(Debug, Default)]
pub(crate) struct ReportQueries;

#[Object]
impl ReportQueries {
    /// Statement of a partner: opening and closing balance, and everything that changed it, by effective date; levels
    /// and orders of the period. For staff, and for the partner itself.
    async fn statement(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Code of the partner.")] partner: String,
        #[graphql(desc = "First day.")] from: Date,
        #[graphql(desc = "Last day, not after today.")] to: Date,
    ) -> Result<Statement, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(Statement::new(services.statement(&partner, from.0, to.0).await?))
    }

    /// Report of the program: credits, discounts and levels of a period of at most 36 months, unspent credits, and the
    /// levels ahead. For program staff. It reads the entries and orders of the period, and the totals of all partners.
    async fn program_report(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "First day.")] from: Date,
        #[graphql(desc = "Last day, not after today.")] to: Date,
    ) -> Result<ProgramReport, ApiError> {
        Ok(ProgramReport(context.data_unchecked::<Services>().program_report(from.0, to.0).await?))
    }
}
