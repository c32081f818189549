//! What work takes: time, processor time of this process and of the database's, and memory.

use std::fs;
use std::time::{Duration, Instant};

use crate::database::Database;

/// Ticks of the kernel's processor times in a second, which Linux fixes.
const TICKS: u64 = 100;

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
    let (own, of_database, started) = (ticks("self"), database_ticks(database), Instant::now());
    work()?;
    let since = |now: u64, before: u64| Duration::from_millis(now.saturating_sub(before) * 1_000 / TICKS);
    Ok(Spent {
        time: started.elapsed(),
        own: since(ticks("self"), own),
        database: since(database_ticks(database), of_database),
        memory: peak(),
    })
}

/// Processor time of a process, in ticks; 0 if it is gone.
fn ticks(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which may have spaces, these are the fields from the third on.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

fn database_ticks(database: &Database) -> u64 {
    let Database::Postgres { name, .. } = database else { return 0 };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let of_database = processes.filter_map(|process| {
        let id =
            process.file_name().into_string().ok().filter(|id| id.bytes().all(|one| one.is_ascii_digit()))?;
        let title = fs::read_to_string(process.path().join("cmdline")).ok()?;
        (title.starts_with("postgres:") && title.contains(name.as_str())).then_some(id)
    });
    of_database.map(|id| ticks(&id)).sum()
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1_024
}
