//! The awards of entries, as metrics.

use entity::{ledger_entry, points_entry};

use super::track;
use crate::program::edition::Editions;
use crate::program::rule::{Program, Track};
use crate::telemetry::awards::{self, Award, Unit};
use crate::telemetry::metrics::Metrics;

const PARTNER_UNITS: [Unit; 2] = [Unit::LevelCredits, Unit::SpendableCredits];
const PROFESSIONAL_UNITS: [Unit; 2] = [Unit::Points, Unit::DojoCredits];

/// Starts the series of every kind of the editions, and those of entries without a rule, at zero.
pub(in crate::service) fn start_at_zero(metrics: &Metrics, editions: &Editions) {
    for unit in [PARTNER_UNITS, PROFESSIONAL_UNITS].as_flattened() {
        metrics.start_awards(*unit, None, None);
    }
    for rule in editions.iter().flat_map(|edition| &edition.rules) {
        let (units, track) = match rule.program {
            Program::Partner => (PARTNER_UNITS, rule.track.map(Track::word)),
            Program::Professional => (PROFESSIONAL_UNITS, None),
        };
        for unit in units {
            metrics.start_awards(unit, Some(&rule.kind), track);
        }
    }
}

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
