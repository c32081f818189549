//! A partner's totals and tracks, converted between the database and the rules core.

use entity::partner_total;
use entity::value::Track as TrackColumn;
use uuid::Uuid;

use crate::error::Error;
use crate::program::rule::Track;
use crate::program::totals::{Reached, TrackTotal};

/// Both tracks of one partner and period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::service) struct PeriodTotal {
    technical: TrackTotal,
    business: TrackTotal,
}

impl PeriodTotal {
    /// Reads a stored total.
    pub(in crate::service) fn read(row: &partner_total::Model) -> Result<Self, Error> {
        let track = |credits, last_on, reached: &str| -> Result<TrackTotal, Error> {
            Ok(TrackTotal { credits, last_on, reached: read_reached(reached)? })
        };
        Ok(Self {
            technical: track(row.technical, row.technical_last_on, &row.technical_reached)?,
            business: track(row.business, row.business_last_on, &row.business_reached)?,
        })
    }

    /// The total of one track.
    pub(in crate::service) fn track(&self, track: Track) -> &TrackTotal {
        match track {
            Track::Technical => &self.technical,
            Track::Business => &self.business,
        }
    }

    /// The total of one track, to change it.
    pub(in crate::service) fn track_mut(&mut self, track: Track) -> &mut TrackTotal {
        match track {
            Track::Technical => &mut self.technical,
            Track::Business => &mut self.business,
        }
    }

    /// The row that stores it.
    pub(in crate::service) fn row(self, partner_id: Uuid, period: i32) -> partner_total::Model {
        partner_total::Model {
            partner_id,
            period,
            technical: self.technical.credits,
            technical_last_on: self.technical.last_on,
            technical_reached: write_reached(&self.technical.reached),
            business: self.business.credits,
            business_last_on: self.business.last_on,
            business_reached: write_reached(&self.business.reached),
            total: self.technical.credits + self.business.credits,
        }
    }
}

/// Parses the changes of level that a total stores.
pub(in crate::service) fn read_reached(text: &str) -> Result<Vec<Reached>, Error> {
    serde_json::from_str(text).map_err(|error| Error::Damaged(format!("levels reached: {error}")))
}

fn write_reached(reached: &[Reached]) -> String {
    serde_json::to_string(reached).expect("dates and codes are JSON")
}

/// The track as the database stores it.
pub(in crate::service) fn column(track: Track) -> TrackColumn {
    match track {
        Track::Technical => TrackColumn::Technical,
        Track::Business => TrackColumn::Business,
    }
}

/// The track of the rules core.
pub(in crate::service) fn track(column: TrackColumn) -> Track {
    match column {
        TrackColumn::Technical => Track::Technical,
        TrackColumn::Business => Track::Business,
    }
}
