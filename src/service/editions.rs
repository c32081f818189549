//! Editions of the policy: documents that are checked, saved as drafts, approved and published.

mod check;
mod drafts;
mod publish;
mod reads;
mod rollout;
mod trials;

pub use check::EditionCheck;
pub(super) use check::checked;
pub use drafts::DraftInput;
pub use publish::{EditionSource, PublishInput};
pub use reads::EditionRow;
pub use trials::TrialInput;
