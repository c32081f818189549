//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

/// How much to do, and on which databases.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) sqlite: bool,
    pub(crate) postgres: Option<String>,
    /// The folder of a peer, which is measured on PostgreSQL too.
    pub(crate) peer: Option<PathBuf>,
    /// How long each measurement lasts, without its warm-up.
    pub(crate) time: Duration,
}

const USAGE: &str =
    "usage: cargo bench --bench load -- [--quick] [--seconds N] [--sqlite] [--postgres URL [--peer FOLDER]]";

impl Options {
    /// Reads the arguments; without a database named, SQLite is measured.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let time = Duration::from_secs(5);
        let mut options = Self { quick: false, sqlite: false, postgres: None, peer: None, time };
        let mut arguments = arguments;
        let mut seconds = None;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo gives it to every benchmark.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--sqlite" => options.sqlite = true,
                "--postgres" => options.postgres = Some(arguments.next().ok_or(USAGE)?),
                "--peer" => options.peer = Some(arguments.next().ok_or(USAGE)?.into()),
                "--seconds" => {
                    let number = arguments.next().and_then(|text| text.parse::<u64>().ok());
                    seconds = Some(number.filter(|number| (1..=60).contains(number)).ok_or(USAGE)?);
                }
                _ => return Err(USAGE.to_owned()),
            }
        }
        if options.quick {
            options.time = Duration::from_secs(2);
        }
        if let Some(seconds) = seconds {
            options.time = Duration::from_secs(seconds);
        }
        if options.peer.is_some() && options.postgres.is_none() {
            return Err(USAGE.to_owned());
        }
        options.sqlite |= options.postgres.is_none();
        Ok(options)
    }

    /// Partners, professionals and activities to seed.
    pub(crate) fn sizes(&self) -> [u32; 3] {
        if self.quick { [200, 2_000, 20_000] } else { [2_000, 20_000, 200_000] }
    }
}
