//! The table.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::Failure;
use crate::database::Database;
use crate::measure::{Rate, by_turns};
use crate::options::Options;
use crate::requests::{Pair, Requests, SET};
use crate::statements;

/// Connections of readers.
const READERS: usize = 32;
/// Connections of writers.
const WRITERS: usize = 8;

/// Measures everything on one database and prints it.
pub(crate) fn print(
    runtime: &Runtime,
    database: &Database,
    options: &Options,
    requests: &Requests<'_>,
    seeded: Duration,
) -> Result<(), Failure> {
    let [partners, professionals, activities] = options.sizes();
    let rate = u128::from(activities) * 1_000 / seeded.as_millis().max(1);
    println!(
        "\n{}: {partners} partners, {professionals} professionals, {activities} activities, seeded in {} s \
         ({rate} activities/s)",
        database.title(),
        seeded.as_secs()
    );
    println!(
        "{:<34} {:>11} {:>11} {:>6} {:>6}  {:>9} {:>9}",
        "", "product", "limit", "ratio", "floor", "CPU", "limit's"
    );
    let measure = |name: &str, pair: &Pair, connections, floor, unit: u64| {
        let rates = runtime.block_on(by_turns(&pair.product, &pair.limit, connections, options.time))?;
        line(name, rates, floor, unit);
        Ok::<_, Failure>(rates[0])
    };
    let (one, dashboard, page) = (requests.one_partner(), requests.dashboard(), requests.page());
    measure("R1 one partner", &one, READERS, Some(30), 1)?;
    measure("R2 dashboard", &dashboard, READERS, Some(30), 1)?;
    measure("R3 page of 50 partners", &page, READERS, Some(35), 1)?;
    measure("R2 dashboard, 2 connections", &dashboard, 2, None, 1)?;
    let uniform = measure("recordActivity, all partners", &requests.record(false), WRITERS, Some(50), 1)?;
    let hot = measure("recordActivity, one hot partner", &requests.record(true), WRITERS, Some(50), 1)?;
    let sets = format!("activities in sets of {SET}");
    measure(&sets, &requests.records(), 1, Some(50), u64::from(SET))?;
    let share = hot.requests * 100 / uniform.requests.max(1);
    println!("hot against uniform                                        {:>6}   0.40", hundredths(share));
    let targets = [&one.product, &dashboard.product, &page.product];
    let counts = statements::count(&database.url(), &targets)?;
    for (name, (count, floor)) in ["R1", "R2", "R3"].iter().zip(counts.iter().zip([3, 6, 2])) {
        println!("SQL statements per {name:<39} {count:>6} {floor:>6}");
    }
    Ok(())
}

/// A line of the table; `unit` is how many things one request holds.
fn line(name: &str, [product, limit]: [Rate; 2], floor: Option<u64>, unit: u64) {
    let ratio = product.requests * 100 / limit.requests.max(1);
    let floor = floor.map_or(String::new(), hundredths);
    println!(
        "{name:<34} {:>9}/s {:>9}/s {:>6} {floor:>6}  {:>6} µs {:>6} µs",
        product.requests * unit,
        limit.requests * unit,
        hundredths(ratio),
        product.micros / unit,
        limit.micros / unit
    );
}

fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}
