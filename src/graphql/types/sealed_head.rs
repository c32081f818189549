//! The head of the sealed log.

use async_graphql::Object;
use entity::seal;

use crate::graphql::scalar::int;

/// Head of the sealed log: a hash over all that happened through a step. Who keeps it can prove later, with an archive or
/// `verify --head`, that nothing before it was changed.
pub(crate) struct SealedHead(pub(crate) seal::Model);

/// Head of the sealed log: a hash over all that happened through a step. Who keeps it can prove later, with an archive or
/// `verify --head`, that nothing before it was changed.
#[Object]
impl SealedHead {
    /// Number of sealed steps, from 1.
    async fn number(&self) -> i32 {
        int(self.0.number)
    }

    /// SHA-256 as 64 hexadecimal digits.
    async fn head(&self) -> &str {
        &self.0.head
    }
}
