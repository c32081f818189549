//! The chain of hashes once more, from what is stored.

use sea_orm::DatabaseTransaction;

use super::Report;
use crate::error::Error;
use crate::program::seal::{START, seal};
use crate::store::seal as store;

/// Seals that are compared together.
const SEALS_PER_PAGE: u64 = 1_000;

/// A place in the sealed log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPlace {
    /// Its number in the chain, from 1.
    pub number: i64,
    /// The place of its step in the log.
    pub log_seq: i64,
    /// The head after it, as 64 hexadecimal digits.
    pub head: String,
}

/// Compares the seals with the steps that they stand for, and looks for a head that was kept elsewhere.
pub(super) async fn compare_seals(
    snapshot: &DatabaseTransaction,
    report: &mut Report,
    kept: Option<&str>,
) -> Result<(), Error> {
    let mut before = SealedPlace { number: 0, log_seq: 0, head: START.to_owned() };
    loop {
        let seals = store::after(snapshot, before.number, SEALS_PER_PAGE).await?;
        if seals.is_empty() {
            break;
        }
        let seqs: Vec<i64> = seals.iter().map(|row| row.log_seq).collect();
        let mut records = store::records(snapshot, &seqs).await?.into_iter().peekable();
        for row in seals {
            let (number, seq) = (row.number, row.log_seq);
            if number != before.number + 1 {
                let first = before.number + 1;
                report.add_difference(|| format!("seals {first} to {} are missing", number - 1));
            }
            match records.next_if(|record| record.seq == seq) {
                Some(record) if seal(&before.head, &record.text) == row.head => {}
                Some(_) => report.add_difference(|| {
                    format!(
                        "step {seq}: what it recorded or caused is not what was sealed as number {number}"
                    )
                }),
                None => report.add_difference(|| {
                    format!("step {seq}: it was sealed as number {number}, and is missing")
                }),
            }
            before = SealedPlace { number, log_seq: seq, head: row.head };
            if kept == Some(before.head.as_str()) {
                report.kept = Some(before.clone());
            }
        }
    }
    report.sealed = Some(before).filter(|place| place.number > 0);
    Ok(())
}
