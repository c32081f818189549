//! What work takes: time, processor time of this process and of the database's, and memory.

use std::fs;
use std::time::{Duration, Instant};

use crate::database::Database;
use crate::processes;

/// What work took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) time: Duration,
    /// Processor time of this process.
    pub(crate) own: Duration,
    /// Processor time of the database's processes, where they are not this one.
    pub(crate) database: Duration,
    /// Most memory of this process, in megabytes.
    pub(crate) memory: u64,
}

/// Does work and says what it took.
pub(crate) fn spend<E>(database: &Database, work: impl FnOnce() -> Result<(), E>) -> Result<Spent, E> {
    // The greatest size is counted from now on.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (own, of_database) = (processes::of(None), processes::of_database(database));
    let started = Instant::now();
    work()?;
    Ok(Spent {
        time: started.elapsed(),
        own: processes::of(None).saturating_sub(own),
        database: processes::of_database(database).saturating_sub(of_database),
        memory: peak(),
    })
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1_024
}
