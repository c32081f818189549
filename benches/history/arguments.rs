//! What a benchmark is told on the command line.

use std::error::Error;
use std::str::FromStr;

use crate::Failure;
use crate::database::Database;

/// A number of its own, and where to measure.
pub(crate) struct Arguments<N> {
    pub(crate) number: N,
    server: Option<String>,
}

impl<N> Arguments<N>
where
    N: FromStr<Err: Error + 'static>,
{
    /// `[NUMBER] [--postgres URL]`, in any order.
    pub(crate) fn read(default: N) -> Result<Self, Failure> {
        let mut read = Self { number: default, server: None };
        // Cargo gives `--bench` to every benchmark.
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--postgres" => read.server = Some(arguments.next().ok_or("--postgres needs a URL")?),
                number => read.number = number.parse()?,
            }
        }
        Ok(read)
    }

    /// A database for the run: on the server that was named, or a file.
    pub(crate) async fn database(&self) -> Result<Database, Failure> {
        match &self.server {
            Some(server) => Ok(Database::postgres(server).await?),
            None => Ok(Database::sqlite()?),
        }
    }
}
