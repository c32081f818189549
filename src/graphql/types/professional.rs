//! A professional.

use async_graphql::{Context, ID, Object};
use uuid::Uuid;

use super::standing::ProfessionalStanding;
use super::{Activity, Partner, SwagOrder};
use crate::graphql::batch::{BatchById, BatchPages, BatchRow};
use crate::graphql::connection::{ACTIVITIES, Connection, ListOrder, PageArguments, SWAG_ORDERS, Total};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;
use crate::store::activity::Owner;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;

/// A person in the DevOps professional program: earns points, which set the level of a membership
/// year, and as many Dojo Credits to spend in the Swag Shop.
pub(crate) struct Professional(pub(crate) BatchRow<ProfessionalRow>);

impl Professional {
    fn ids(&self) -> Vec<Uuid> {
        self.0.batch_rows().iter().map(|row| row.id).collect()
    }
}

/// A person in the DevOps professional program: earns points, which set the level of a membership
/// year, and as many Dojo Credits to spend in the Swag Shop.
#[Object]
impl Professional {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Professional.id(self.0.row().id)
    }

    /// Unique code that people and machines refer to the person by.
    async fn code(&self) -> &str {
        &self.0.row().code
    }

    /// Name for people.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// Address for mail; null once it was erased, and for whoever may not see it.
    async fn email(&self) -> Option<&str> {
        self.0.row().email.as_deref()
    }

    /// Day of sign-up: membership years run from it.
    async fn signed_up_on(&self) -> Date {
        Date(self.0.row().signed_up_on)
    }

    /// Level on a day, worked out from dates.
    async fn standing(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The day; today, when left out. Not before sign-up, not after today.")]
        as_of: Option<Date>,
        #[graphql(desc = "Only what the system knew at this moment; everything known now, when left out.")]
        known_at: Option<Moment>,
    ) -> Result<ProfessionalStanding, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (day, moment) = (as_of.map(|date| date.0), known_at.map(|moment| moment.0));
        let load = async { services.professional_standings(self.0.batch_rows(), day, moment).await };
        let standings = self.0.load(Relation::Standing(day, moment), load).await?;
        match standings.get(&self.0.row().id) {
            Some(Ok((day, standing))) => Ok(ProfessionalStanding(*day, standing.clone())),
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Err(ApiError::bad_input("This professional has no standing.")),
        }
    }

    /// Dojo Credits to spend in the Swag Shop. They never expire.
    async fn dojo_credits(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only what the system knew at this moment; everything known now, when left out.")]
        known_at: Option<Moment>,
    ) -> Result<i32, ApiError> {
        let services = context.data_unchecked::<Services>();
        let moment = known_at.map(|moment| moment.0);
        let load = async { services.dojo_credits(self.0.batch_rows(), moment).await };
        let credits = self.0.load(Relation::DojoCredits(moment), load).await?;
        match credits.get(&self.0.row().id) {
            Some(Ok(credits)) => Ok(int(*credits)),
            Some(Err(refusal)) => Err(refusal.clone().into()),
            None => Err(ApiError::bad_input("This professional has no Dojo Credits.")),
        }
    }

    /// The partner that the person works for on a day; null for none.
    async fn partner(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The day; today, when left out. Not after today.")] as_of: Option<Date>,
    ) -> Option<Partner> {
        let services = context.data_unchecked::<Services>();
        let day = as_of.map(|date| date.0);
        let load = async { services.employers(&self.ids(), day).await.map(Employers::new) };
        let employers = self.0.load(Relation::Employer(day), load).await;
        or_null(context, employers.map(|employers| employers.of(self.0.row().id).map(Partner)))
    }

    /// Activities recorded on the person, in the order of recording.
    async fn activities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many activities from the start, 0 to 100; 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only activities after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many activities from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only activities before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Activity>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&ACTIVITIES)?;
        let services = context.data_unchecked::<Services>();
        let load = async {
            services.activity_pages(Owner::Professional, &self.ids(), &page).await.map(BatchPages::new)
        };
        let pages = self.0.load(Relation::Activities(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        let total = Total::ProfessionalActivities(self.0.clone());
        Ok(Connection::new(found, &page, ListOrder::Natural, total))
    }

    /// Orders in the swag shop, in the order of placing.
    async fn swag_orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many orders from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only orders after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many orders from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only orders before this cursor.")] before: Option<String>,
    ) -> Result<Connection<SwagOrder>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&SWAG_ORDERS)?;
        let services = context.data_unchecked::<Services>();
        let load = async { services.swag_order_pages(&self.ids(), &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::SwagOrders(page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        Ok(Connection::new(found, &page, ListOrder::Natural, Total::SwagOrders(self.0.clone())))
    }
}

/// Partners of professionals; colleagues share one.
struct Employers {
    partners: BatchById<PartnerRow>,
    of: std::collections::HashMap<Uuid, Uuid>,
}

impl Employers {
    fn new(rows: std::collections::HashMap<Uuid, PartnerRow>) -> Self {
        let of = rows.iter().map(|(professional, partner)| (*professional, partner.id)).collect();
        let partners = rows.into_values().map(|row| (row.id, row)).collect();
        Self { partners: BatchById::new(partners), of }
    }

    fn of(&self, professional: Uuid) -> Option<BatchRow<PartnerRow>> {
        self.partners.get(*self.of.get(&professional)?)
    }
}
