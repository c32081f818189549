//! Processor times of processes on this machine.

use std::fs;
use std::time::Duration;

use crate::database::Database;

/// Ticks of the kernel's processor times in a second, which Linux fixes.
const TICKS: u64 = 100;

/// Processor time of a process so far, none for this one; 0 if it is gone.
pub(crate) fn of(process: Option<u32>) -> Duration {
    spent(&process.map_or("self".to_owned(), |process| process.to_string()))
}

/// Processor time of the database's processes so far, where they are not this one.
pub(crate) fn of_database(database: &Database) -> Duration {
    let Database::Postgres { name, .. } = database else { return Duration::ZERO };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let of_database = processes.filter_map(|process| {
        let id =
            process.file_name().into_string().ok().filter(|id| id.bytes().all(|one| one.is_ascii_digit()))?;
        let title = fs::read_to_string(process.path().join("cmdline")).ok()?;
        (title.starts_with("postgres:") && title.contains(name.as_str())).then_some(id)
    });
    of_database.map(|id| spent(&id)).sum()
}

fn spent(process: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which may have spaces, these are the fields from the third on.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1_000 / TICKS)
}
