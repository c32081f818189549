//! Tests with faults: full and failing disks, locks that are held too long, and databases that go away.
//!
//! Small by default; `FAULTS` multiplies the number of faults: `FAULTS=20 ./test --test faults -- --nocapture`.

mod archives;
mod disks;
mod locks;
mod outages;
mod proxy;
mod server;
mod shim;
mod starts;
mod tally;
