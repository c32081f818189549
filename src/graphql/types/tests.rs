//! How much memory the future of a field takes.

use async_graphql::Context;
use async_graphql::resolver_utils::ContainerType;

use super::partner::YearCredits;
use super::standing::{PartnerStanding, ProfessionalStanding};
use super::{Activity, Deal, LedgerEntry, Order, Partner, PointsEntry, Professional};
use crate::graphql::connection::Connection;

/// A field allocates the future of its object, which has room for the largest resolver, in bytes.
const FIELD_MAX: usize = 1_024;

/// The size of what a function returns.
const fn returned<T: 'static, R>(_: &impl Fn(&'static T, &'static Context<'static>) -> R) -> usize {
    size_of::<R>()
}

#[test]
fn the_future_of_a_field_is_small() {
    let sizes = [
        ("Partner", returned(&Partner::resolve_field)),
        ("PartnerStanding", returned(&PartnerStanding::resolve_field)),
        ("YearCredits", returned(&YearCredits::resolve_field)),
        ("LedgerEntry", returned(&LedgerEntry::resolve_field)),
        ("LedgerEntryConnection", returned(&Connection::<LedgerEntry>::resolve_field)),
        ("Professional", returned(&Professional::resolve_field)),
        ("ProfessionalStanding", returned(&ProfessionalStanding::resolve_field)),
        ("PointsEntry", returned(&PointsEntry::resolve_field)),
        ("Activity", returned(&Activity::resolve_field)),
        ("Order", returned(&Order::resolve_field)),
        ("Deal", returned(&Deal::resolve_field)),
    ];
    for (object, size) in sizes {
        assert!(size <= FIELD_MAX, "the future of a field of {object} takes {size} bytes");
    }
}
