//! Compares orders, deals and swag orders with the replayed log.

use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::ROWS_PER_PAGE;
use super::compare::compare;
use super::replay::Replay;
use crate::store::{contract, customer, deal, order, quote, swag};

/// Compares orders, deals, customers and swag orders with the replayed state.
pub(super) async fn compare_commerce(
    snapshot: &DatabaseTransaction,
    replay: &mut Replay<'_>,
) -> Result<(), DbErr> {
    compare_orders(snapshot, replay).await?;
    compare_contracts(snapshot, replay).await?;
    compare_quotes(snapshot, replay).await?;
    let mut last = 0;
    loop {
        let found = swag::after(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = found.last() else { break };
        last = end.seq;
        let expected = found.iter().filter_map(|row| replay.commerce.expected_swag(row)).collect();
        compare(&mut replay.report, expected, found, |row| format!("order {}", row.number));
    }
    last = 0;
    loop {
        let found = deal::after(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = found.last() else { break };
        last = end.seq;
        let expected = found.iter().filter_map(|row| replay.commerce.expected_deal(row)).collect();
        compare(&mut replay.report, expected, found, |row| format!("deal {}", row.reference));
    }
    let (mut customers, mut names, opportunities) = customer::all(snapshot).await?;
    customers.retain(|row| replay.commerce.knows_customer(row));
    names.retain(|row| replay.commerce.knows_name(row));
    let expected = replay.commerce.expected_names();
    compare(&mut replay.report, expected, names, |row| format!("name {}", row.spelling));
    let expected = replay.commerce.expected_customers();
    compare(&mut replay.report, expected, customers, |row| format!("customer {}", row.key));
    let expected = replay.commerce.expected_opportunities();
    compare(&mut replay.report, expected, opportunities, |row| {
        format!("opportunity of {} for {}", row.customer_key, row.scope_key)
    });
    Ok(())
}

/// The status of saved quotes.
async fn compare_quotes(snapshot: &DatabaseTransaction, replay: &mut Replay<'_>) -> Result<(), DbErr> {
    let mut last = 0;
    loop {
        let found = quote::after(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = found.last() else { return Ok(()) };
        last = end.seq;
        let expected = found.iter().filter_map(|row| replay.commerce.expected_quote(row)).collect();
        compare(&mut replay.report, expected, found, |row| format!("quote {}", row.number));
    }
}

/// The last day of a contract, and whether it is voided.
async fn compare_contracts(snapshot: &DatabaseTransaction, replay: &mut Replay<'_>) -> Result<(), DbErr> {
    let mut last = Uuid::nil();
    loop {
        let found = contract::after(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = found.last() else { return Ok(()) };
        last = end.id;
        let expected = found.iter().map(|row| replay.commerce.expected_contract(row)).collect();
        compare(&mut replay.report, expected, found, |row| format!("partner {}", row.partner_id));
    }
}

/// An order's amounts are the sums of its lines'.
async fn compare_orders(snapshot: &DatabaseTransaction, replay: &mut Replay<'_>) -> Result<(), DbErr> {
    let mut last = 0;
    loop {
        let found = order::after(snapshot, last, ROWS_PER_PAGE).await?;
        let Some(end) = found.last() else { return Ok(()) };
        last = end.seq;
        let ids: Vec<_> = found.iter().map(|row| row.id).collect();
        let lines = order::lines(snapshot, &ids).await?;
        for row in &found {
            let lines = lines.get(&row.id).map_or(&[][..], Vec::as_slice);
            let sums: [i64; 4] = lines.iter().fold([0; 4], |sums, line| {
                let amounts = [line.list, line.net, line.cap, line.redeemed];
                std::array::from_fn(|index| sums[index].saturating_add(amounts[index]))
            });
            if sums != [row.list, row.net, row.cap, row.redeemed] {
                let number = &row.number;
                replay
                    .report
                    .add_difference(|| format!("order {number}: its lines don't add up to its amounts"));
            }
        }
        let expected = found.iter().filter_map(|row| replay.commerce.expected_order(row)).collect();
        compare(&mut replay.report, expected, found, |row| format!("order {}", row.number));
    }
}
