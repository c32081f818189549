//! The awards of entries, as metrics.

use entity::{ledger_entry, points_entry};

use super::track;
use crate::telemetry::awards::{self, Award, Unit};

/// Counts the awards of entries, once the transaction is committed.
pub(super) fn record(ledger: &[ledger_entry::Model], points: &[points_entry::Model]) {
    for row in ledger {
        let track = row.track.map(|column| track(column).word());
        let award = |unit, amount| Award { unit, kind: row.kind.clone(), track, amount };
        awards::record(award(Unit::LevelCredits, row.level_credits));
        awards::record(award(Unit::SpendableCredits, row.spendable_credits));
    }
    for row in points {
        let award = |unit, amount| Award { unit, kind: row.kind.clone(), track: None, amount };
        awards::record(award(Unit::Points, row.points));
        awards::record(award(Unit::DojoCredits, row.dojo_credits));
    }
}
