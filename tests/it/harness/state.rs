//! All that a database holds, to see that nothing has changed.

use std::fmt::Debug;

use partner_program::service::Services;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult};

/// Runs a macro on every table, by the name of its entity's module.
macro_rules! every_entity {
    ($each:ident) => {
        $each!(
            activity,
            affiliation,
            api_key,
            audit_entry,
            certificate,
            contract,
            contract_rate,
            customer,
            customer_name,
            deal,
            deal_step,
            deal_timer,
            edition,
            edition_draft,
            edition_rollout,
            edition_trial,
            edition_trial_subject,
            event,
            event_feed,
            idempotency_key,
            import_refused_row,
            import_run,
            ledger_entry,
            log,
            merged_object,
            notice_progress,
            opportunity,
            opportunity_timer,
            order,
            order_line,
            partner,
            partner_balance,
            partner_day,
            partner_sales,
            partner_tally,
            partner_total,
            points_entry,
            product,
            product_price,
            professional,
            professional_balance,
            professional_day,
            professional_tally,
            professional_total,
            quote,
            quote_line,
            recalculation,
            sales_target,
            seal,
            server_secret,
            subject_step,
            swag_item,
            swag_order,
            webhook_attempt,
            webhook_delivery,
            webhook_endpoint,
            webhook_secret,
        )
    };
}
pub(crate) use every_entity;

/// Every row of every table, in an order that does not depend on where the database put it. Numbers of
/// events are left out: on PostgreSQL they follow a commit a moment later.
pub(crate) async fn everything(connection: &impl ConnectionTrait) -> Vec<String> {
    let mut rows = Vec::new();
    macro_rules! read {
        ($($module:ident),+ $(,)?) => {
            $(match stringify!($module) {
                // Written by tasks whenever they run.
                "event_feed" | "notice_progress" | "seal" => {}
                // Random.
                "server_secret" => {}
                "event" => {
                    let events = entity::event::Entity::find().all(connection).await.expect("events");
                    let mut events: Vec<String> =
                        events.iter().map(|row| format!("{} {} {}", row.id, row.recorded_at, row.data)).collect();
                    events.sort_unstable();
                    rows.extend(events);
                }
                name => rows.extend(table::<entity::$module::Entity>(connection).await.expect(name)),
            })+
        };
    }
    every_entity!(read);
    rows
}

async fn table<E: EntityTrait>(connection: &impl ConnectionTrait) -> Result<Vec<String>, DbErr>
where
    E::Model: Debug + FromQueryResult,
{
    let rows = E::find().all(connection).await?;
    let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    rows.sort_unstable();
    Ok(rows)
}

/// Checks that the log, folded again, comes to everything that is stored.
pub(crate) async fn verified(services: &Services) {
    let report = services.verify(|_, _| {}).await.expect("a verification");
    assert!(report.steps > 0 || report.ledger_entries == 0, "the log was read: {report:?}");
    assert_eq!((report.count, &report.differences[..]), (0, &[][..]));
}
