//! The connections of the object types: their fields, and the cursors of their rows.

use async_graphql::{Context, Object};

use super::{
    Activity, Affiliation, ApiKey, AuditEntry, Contract, Customer, Deal, Edition, EditionDraft,
    EditionTrialSubject, ImportRefusedRow, ImportRun, LedgerEntry, Order, Partner, PointsEntry, Product,
    Professional, Recalculation, SavedQuote, SwagItem, SwagOrder, WebhookDelivery, WebhookEndpoint,
};
use crate::graphql::batch::BatchRow;
use crate::graphql::connection::{
    ACTIVITIES, AFFILIATED, AFFILIATIONS, CONTRACTS, Connection, ConnectionNode, DEALS, EDITION_DRAFTS,
    EDITIONS, Edge, IMPORT_REFUSED_ROWS, IMPORT_RUNS, LEDGER, ListOrder, ORDERS, POINTS, PRODUCTS, PageInfo,
    QUOTES, RECALCULATIONS, SWAG_ITEMS, SWAG_ORDERS, TRIAL_SUBJECTS, customer_list, partner_list,
    professional_list,
};
use crate::graphql::error::ApiError;
use crate::graphql::row_list::RowList;
use crate::graphql::scalar::int;
use crate::program::prospects::{NEVER, NO_NEXT_LEVEL};
use crate::service::Services;
use crate::service::contracts::ContractRow;
use crate::service::editions::EditionRow;
use crate::service::products::ProductRow;
use crate::store::list::partners::{PartnerOrder, TrackColumn};
use crate::store::list::professionals::ProfessionalOrder;
use crate::store::list::{affiliations, orders, swag_orders};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;

/// Declares the connection and the edge of a type.
macro_rules! connection {
    ($node:ident, $connection:literal, $edge:literal) => {
        /// Page of a list: a connection of the Relay cursor connections specification.
        #[Object(name = $connection)]
        impl Connection<$node> {
            /// Items of the page, each with its cursor.
            async fn edges(&self) -> Vec<Edge<$node>> {
                let members = self.page.batch_rows();
                let edge = |batch_row: BatchRow<_>| Edge {
                    cursor: self.cursor(batch_row.row()),
                    node: $node::from_row(batch_row),
                };
                members.map(edge).collect()
            }

            /// Items of the page. A node is null only if one of its requested fields failed; see `errors`.
            async fn nodes(&self) -> Vec<Option<$node>> {
                self.page.batch_rows().map($node::from_row).map(Some).collect()
            }

            /// Position of the page within the list.
            async fn page_info(&self) -> PageInfo {
                self.relay_page_info()
            }

            /// Number of items in the whole list after filtering, independent of the page. The lists of the
            /// whole program are counted to 100,000; see `totalCountIsExact`.
            async fn total_count(&self, context: &Context<'_>) -> Result<i32, ApiError> {
                Ok(int(self.count(context.data_unchecked::<Services>()).await?.0))
            }

            /// Whether `totalCount` is the number of all items. `false` if there are more.
            async fn total_count_is_exact(&self, context: &Context<'_>) -> Result<bool, ApiError> {
                Ok(self.count(context.data_unchecked::<Services>()).await?.1)
            }
        }

        /// Item of a page, with its cursor.
        #[Object(name = $edge)]
        impl Edge<$node> {
            /// Cursor of the item: an opaque value for `after` and `before`. It remains valid when items are
            /// added to the list.
            async fn cursor(&self) -> &str {
                &self.cursor
            }

            /// The item. Null only if one of its requested fields failed; see `errors`.
            async fn node(&self) -> Option<&$node> {
                Some(&self.node)
            }
        }
    };
}

connection!(Partner, "PartnerConnection", "PartnerEdge");
connection!(Professional, "ProfessionalConnection", "ProfessionalEdge");
connection!(Activity, "ActivityConnection", "ActivityEdge");
connection!(Affiliation, "AffiliationConnection", "AffiliationEdge");
connection!(Contract, "ContractConnection", "ContractEdge");
connection!(LedgerEntry, "LedgerEntryConnection", "LedgerEntryEdge");
connection!(PointsEntry, "PointsEntryConnection", "PointsEntryEdge");
connection!(ApiKey, "ApiKeyConnection", "ApiKeyEdge");
connection!(AuditEntry, "AuditEntryConnection", "AuditEntryEdge");
connection!(Order, "OrderConnection", "OrderEdge");
connection!(SavedQuote, "SavedQuoteConnection", "SavedQuoteEdge");
connection!(Deal, "DealConnection", "DealEdge");
connection!(Customer, "CustomerConnection", "CustomerEdge");
connection!(Product, "ProductConnection", "ProductEdge");
connection!(SwagItem, "SwagItemConnection", "SwagItemEdge");
connection!(SwagOrder, "SwagOrderConnection", "SwagOrderEdge");
connection!(WebhookEndpoint, "WebhookEndpointConnection", "WebhookEndpointEdge");
connection!(WebhookDelivery, "WebhookDeliveryConnection", "WebhookDeliveryEdge");
connection!(Edition, "EditionConnection", "EditionEdge");
connection!(EditionDraft, "EditionDraftConnection", "EditionDraftEdge");
connection!(EditionTrialSubject, "EditionTrialSubjectConnection", "EditionTrialSubjectEdge");
connection!(Recalculation, "RecalculationConnection", "RecalculationEdge");
connection!(ImportRun, "ImportRunConnection", "ImportRunEdge");
connection!(ImportRefusedRow, "ImportRefusedRowConnection", "ImportRefusedRowEdge");

impl ConnectionNode for Edition {
    type Row = EditionRow;

    fn from_row(batch_row: BatchRow<EditionRow>) -> Self {
        let EditionRow { id, index, policy } = batch_row.row().clone();
        Self { id, index, policy }
    }

    fn cursor_key(row: &EditionRow, _: ListOrder) -> String {
        format!("{EDITIONS}:{}", row.day())
    }
}

impl ConnectionNode for EditionTrialSubject {
    type Row = entity::edition_trial_subject::Model;

    fn from_row(batch_row: BatchRow<Self::Row>) -> Self {
        Self(batch_row)
    }

    fn cursor_key(row: &Self::Row, order: ListOrder) -> String {
        let place = if let ListOrder::TrialSubjects(order) = order { order.place(row) } else { row.place };
        format!("{TRIAL_SUBJECTS}:{place}")
    }
}

impl ConnectionNode for Partner {
    type Row = PartnerRow;

    fn from_row(batch_row: BatchRow<PartnerRow>) -> Self {
        Self(batch_row)
    }

    fn cursor_key(row: &PartnerRow, order: ListOrder) -> String {
        let ListOrder::Partners(order) = order else { return format!("partners:{}", row.id) };
        let value = match order {
            PartnerOrder::Code => row.code.clone(),
            PartnerOrder::Name => row.name.clone(),
            PartnerOrder::EnrolledOn => row.enrolled_on.to_string(),
            PartnerOrder::Balance => (-row.credits).to_string(),
            PartnerOrder::CreditsToNext(track) => {
                let credits = match track {
                    TrackColumn::Technical => row.technical_to_next,
                    TrackColumn::Business => row.business_to_next,
                    TrackColumn::Either => row.least_to_next(),
                };
                credits.unwrap_or(NO_NEXT_LEVEL).to_string()
            }
            PartnerOrder::LapsesOn(track) => {
                let day = match track {
                    TrackColumn::Technical => row.technical_lapses_on,
                    TrackColumn::Business => row.business_lapses_on,
                    TrackColumn::Either => row.first_lapses_on(),
                };
                day.unwrap_or(NEVER).to_string()
            }
            PartnerOrder::YearCredits(_) => row.year_credits.map_or(i64::MAX, |credits| -credits).to_string(),
        };
        format!("{}:{}:{value}", partner_list(order), row.id)
    }
}

impl ConnectionNode for Professional {
    type Row = ProfessionalRow;

    fn from_row(batch_row: BatchRow<ProfessionalRow>) -> Self {
        Self(batch_row)
    }

    fn cursor_key(row: &ProfessionalRow, order: ListOrder) -> String {
        match order {
            ListOrder::Professionals(order) => {
                let value = match order {
                    ProfessionalOrder::Code => row.code.clone(),
                    ProfessionalOrder::Name => row.name.clone(),
                    ProfessionalOrder::SignedUpOn => row.signed_up_on.to_string(),
                };
                format!("{}:{}:{value}", professional_list(order), row.id)
            }
            _ => format!("{AFFILIATED}:{}", row.id),
        }
    }
}

impl ConnectionNode for Customer {
    type Row = entity::customer::Model;

    fn from_row(batch_row: BatchRow<Self::Row>) -> Self {
        Self(batch_row)
    }

    fn cursor_key(row: &Self::Row, order: ListOrder) -> String {
        let ListOrder::Customers(order) = order else { return format!("customers:{}", row.id) };
        format!("{}:{}:{}", customer_list(order), row.id, order.key(row).value)
    }
}

/// Implements [`ConnectionNode`] for a type whose lists have one order.
macro_rules! connection_node {
    ($node:ident, $row:ty, $list:ident, |$of:ident| $key:expr) => {
        impl ConnectionNode for $node {
            type Row = $row;

            fn from_row(batch_row: BatchRow<Self::Row>) -> Self {
                Self(batch_row)
            }

            fn cursor_key($of: &Self::Row, _: ListOrder) -> String {
                format!("{}:{}", $list, $key)
            }
        }
    };
    ($node:ident, $row:ty, $list:ident, |$of:ident| $key:expr, $($order:pat => $position:expr),+) => {
        impl ConnectionNode for $node {
            type Row = $row;

            fn from_row(batch_row: BatchRow<Self::Row>) -> Self {
                Self(batch_row)
            }

            fn cursor_key($of: &Self::Row, order: ListOrder) -> String {
                match order {
                    $(ListOrder::Rows(list @ $order) => list.cursor(&$position),)+
                    _ => format!("{}:{}", $list, $key),
                }
            }
        }
    };
}

connection_node!(Activity, entity::activity::Model, ACTIVITIES, |row| row.seq,
    RowList::Activities(order, _) => order.key(row));
connection_node!(Affiliation, entity::affiliation::Model, AFFILIATIONS, |row| row.id,
    RowList::Affiliations(_) => affiliations::key(row));
connection_node!(Contract, ContractRow, CONTRACTS, |row| row.contract.id,
    RowList::Contracts(order, _) => order.key(&row.contract));
connection_node!(LedgerEntry, entity::ledger_entry::Model, LEDGER, |row| row.number);
connection_node!(PointsEntry, entity::points_entry::Model, POINTS, |row| row.number);
connection_node!(Order, entity::order::Model, ORDERS, |row| row.seq,
    RowList::Orders(_) => orders::key(row));
connection_node!(SavedQuote, entity::quote::Model, QUOTES, |row| row.seq);
connection_node!(Deal, entity::deal::Model, DEALS, |row| row.seq,
    RowList::Deals(order, _) => order.key(row));
connection_node!(Product, ProductRow, PRODUCTS, |row| row.product.code);
connection_node!(SwagItem, entity::swag_item::Model, SWAG_ITEMS, |row| row.code);
connection_node!(SwagOrder, entity::swag_order::Model, SWAG_ORDERS, |row| row.seq,
    RowList::SwagOrders(_) => swag_orders::key(row));
connection_node!(ImportRun, entity::import_run::Model, IMPORT_RUNS, |row| row.id);
connection_node!(ImportRefusedRow, entity::import_refused_row::Model, IMPORT_REFUSED_ROWS, |row| row.line);
connection_node!(EditionDraft, entity::edition_draft::Model, EDITION_DRAFTS, |row| row.id);
connection_node!(Recalculation, entity::recalculation::Model, RECALCULATIONS, |row| row.id);
