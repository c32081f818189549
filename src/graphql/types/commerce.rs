//! Enums of what is sold and ordered.

use async_graphql::Enum;

use super::enums::map_enum;
use crate::program::edition as policy;

/// Category of products.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProductCategory {
    /// Software licences.
    License,
    /// Usage-based services, which are paid for in DataMiner credits.
    UsageBasedService,
    /// Support services.
    SupportService,
    /// Training.
    Training,
    /// Certification.
    Certification,
}

map_enum!(
    ProductCategory =
        policy::ProductCategory { License, UsageBasedService, SupportService, Training, Certification }
);
map_enum!(
    ProductCategory = entity::value::ProductCategory {
        License,
        UsageBasedService,
        SupportService,
        Training,
        Certification
    }
);
map_enum!(
    policy::ProductCategory =
        ProductCategory { License, UsageBasedService, SupportService, Training, Certification }
);

/// Purpose of an order, which determines the caps on redeemed credits.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderPurpose {
    /// Resale to a named end customer.
    EndCustomer,
    /// Use by the partner itself, for example in a lab.
    SelfUse,
}

map_enum!(OrderPurpose = policy::OrderPurpose { EndCustomer, SelfUse });
map_enum!(OrderPurpose = entity::value::OrderPurpose { EndCustomer, SelfUse });
map_enum!(policy::OrderPurpose = OrderPurpose { EndCustomer, SelfUse });
map_enum!(entity::value::OrderPurpose = OrderPurpose { EndCustomer, SelfUse });

/// Status of an order.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    /// Placed. The order can be fulfilled or cancelled.
    Placed,
    /// Fulfilled. The order can be returned.
    Fulfilled,
    /// Cancelled before fulfilment, which is final. Its credits were returned.
    Cancelled,
    /// Returned after fulfilment, which is final. Its credits were returned, and it does not count as a sale.
    Returned,
}

map_enum!(OrderStatus = entity::value::OrderStatus { Placed, Fulfilled, Cancelled, Returned });
map_enum!(entity::value::OrderStatus = OrderStatus { Placed, Fulfilled, Cancelled, Returned });

/// Source of a discount rate.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiscountSource {
    /// The partner's overall level.
    Level,
    /// A contract. Its rates take precedence over those of the level, even if the level's rate is better.
    Contract,
}

/// Status of a swag shop order.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SwagOrderStatus {
    /// Placed and paid with Dojo Credits. The order can be cancelled until it is shipped.
    Placed,
    /// Shipped, which is final.
    Fulfilled,
    /// Cancelled, which is final. Its Dojo Credits were returned.
    Cancelled,
}

map_enum!(SwagOrderStatus = entity::value::SwagOrderStatus { Placed, Fulfilled, Cancelled });
map_enum!(entity::value::SwagOrderStatus = SwagOrderStatus { Placed, Fulfilled, Cancelled });

/// Status of a saved quote.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuoteStatus {
    /// The quote can be placed through its last day.
    Open,
    /// The quote was placed as an order, which is final.
    Placed,
    /// The last day of the quote has passed, which is final. Credits that it held were released.
    Expired,
    /// The quote was withdrawn, which is final. Credits that it held were released.
    Withdrawn,
}

map_enum!(QuoteStatus = entity::value::QuoteStatus { Open, Placed, Expired, Withdrawn });
