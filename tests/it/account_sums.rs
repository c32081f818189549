//! Statements and the report of the program against sums over the ledgers and orders themselves, after a random history that
//! is recorded on several days, most of it late.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate};
use entity::value::OrderStatus;
use entity::{ledger_entry, order, order_line, partner, professional};
use sea_orm::{ActiveEnum, EntityTrait, QueryOrder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::history::{Chance, History, TODAY};
use crate::harness::{Backend, TestApp, verified};
use crate::recalculations::live;

both! {
    statements_are_sums_of_the_ledgers,
    the_report_is_a_sum_of_the_ledgers_and_orders,
}

/// The last day of the history, which happened through [`TODAY`].
const LAST_DAY: &str = "2026-10-05";

const STATEMENT: &str = "query($code: String!, $from: Date!, $to: Date!) { statement(partner: $code, from: $from, to: $to) { \
    opening closing lateCredits sums { track reason entries levelCredits spendableCredits } \
    movements(first: 100) { totalCount nodes { effectiveOn spendableCredits levelCredits balanceAfter } } \
    late(first: 100) { totalCount nodes { effectiveOn spendableCredits levelCredits balanceAfter } } } }";
const REPORT: &str = "query($from: Date!, $to: Date!) { programReport(from: $from, to: $to) { \
    credits { track reason entries levelCredits spendableCredits } unspent { year credits value { amount currency } } unspentValue { amount currency } \
    discounts { level category byContract lines list { amount currency } discount { amount } redeemed { amount } } \
    levels { on track level partners } forecast { on track level partners } \
    renewals { level professionals secured atRenewal { level professionals } } } }";

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// A program in which something of every kind happened, most of it recorded on later days.
async fn program(backend: Backend, seed: u64) -> TestApp {
    let mut app = TestApp::start(backend, TODAY).await;
    let mut history = History::begin(&app).await;
    let mut chance = Chance(seed);
    live(&app, &mut history, &mut chance, 110).await;
    for today in ["2026-09-15", LAST_DAY] {
        app = app.restart(today).await;
        live(&app, &mut history, &mut chance, 110).await;
    }
    app.services().emit_time_based_events().await.expect("what time brings");
    verified(app.services()).await;
    app
}

/// The ledger entries of everybody, in the order of recording.
async fn ledger(app: &TestApp) -> Vec<ledger_entry::Model> {
    let entries = ledger_entry::Entity::find().order_by_asc(ledger_entry::Column::LogSeq);
    let entries = entries.order_by_asc(ledger_entry::Column::Number);
    entries.all(app.reader()).await.expect("the ledgers")
}

/// Partners that were not merged into another one.
async fn partners(app: &TestApp) -> Vec<partner::Model> {
    let all = partner::Entity::find().all(app.reader()).await.expect("partners");
    all.into_iter().filter(|row| row.merged_into.is_none()).collect()
}

fn word(track: Option<entity::value::Track>) -> Value {
    track.map_or(Value::Null, |track| track.to_value().into())
}

/// Entries by track and reason: how many, level credits, spendable credits.
fn sums<'e>(entries: impl Iterator<Item = &'e ledger_entry::Model>) -> Vec<Value> {
    let mut sums: BTreeMap<(String, String), (Value, [i64; 3])> = BTreeMap::new();
    for entry in entries {
        let (track, reason) = (word(entry.track), entry.reason.to_value());
        let (_, sum) = sums.entry((track.to_string(), reason)).or_insert((track, [0; 3]));
        *sum = [sum[0] + 1, sum[1] + entry.level_credits, sum[2] + entry.spendable_credits];
    }
    let rows = sums.into_iter().map(|((_, reason), (track, [entries, level, spendable]))| {
        json!({ "track": track, "reason": reason, "entries": entries, "levelCredits": level, "spendableCredits": spendable })
    });
    sorted(&rows.collect::<Vec<_>>().into())
}

/// The rows of a list in an order of their own.
fn sorted(list: &Value) -> Vec<Value> {
    let mut rows = list.as_array().expect("a list").clone();
    rows.sort_by_key(ToString::to_string);
    rows
}

async fn statements_are_sums_of_the_ledgers(backend: Backend) {
    let app = program(backend, 21).await;
    let entries = ledger(&app).await;
    let starts = |on: NaiveDate| app.services().clock().start_of(on);
    let (mut with_late, mut moved) = (0, 0);
    for partner in partners(&app).await {
        for (from, to) in [
            ("2026-08-01", TODAY),
            ("2026-09-01", LAST_DAY),
            ("2026-08-15", "2026-09-20"),
            (LAST_DAY, LAST_DAY),
            ("2024-06-01", LAST_DAY),
            ("2025-01-01", "2025-12-31"),
        ] {
            let context = format!("{} {from} {to}", partner.code);
            let variables = json!({ "code": partner.code, "from": from, "to": to });
            let found = app.ok(STATEMENT, variables).await["statement"].clone();
            let (from, to) = (day(from), day(to));
            let own: Vec<_> = entries.iter().filter(|entry| entry.partner_id == partner.id).collect();
            let sum = |is_in: &dyn Fn(NaiveDate) -> bool| -> i64 {
                own.iter()
                    .filter(|entry| is_in(entry.effective_on))
                    .map(|entry| entry.spendable_credits)
                    .sum()
            };
            assert_eq!(found["opening"], sum(&|on| on < from), "{context}");
            assert_eq!(found["closing"], sum(&|on| on <= to), "{context}");
            let movements: Vec<_> =
                own.iter().copied().filter(|entry| (from..=to).contains(&entry.effective_on)).collect();
            assert_eq!(sorted(&found["sums"]), sums(movements.iter().copied()), "{context}");
            shows(&found["movements"], &movements, &context);
            let recorded = starts(from)..starts(to + Days::new(1));
            let late: Vec<_> = own
                .iter()
                .copied()
                .filter(|entry| recorded.contains(&entry.recorded_at) && entry.effective_on < from)
                .collect();
            shows(&found["late"], &late, &context);
            assert_eq!(
                found["lateCredits"],
                late.iter().map(|entry| entry.spendable_credits).sum::<i64>(),
                "{context}"
            );
            (with_late, moved) = (with_late + late.len(), moved + movements.len());
        }
    }
    assert!(with_late > 20 && moved > 100, "{with_late} late, {moved} movements: something happens");
}

/// A list shows the first hundred of these entries, and how many there are.
fn shows(list: &Value, entries: &[&ledger_entry::Model], context: &str) {
    assert_eq!(list["totalCount"], entries.len(), "{context}");
    let expected: Vec<Value> = entries
        .iter()
        .take(100)
        .map(|entry| {
            json!({ "effectiveOn": entry.effective_on, "spendableCredits": entry.spendable_credits,
                    "levelCredits": entry.level_credits, "balanceAfter": entry.balance_after })
        })
        .collect();
    assert_eq!(list["nodes"], json!(expected), "{context}");
}

async fn the_report_is_a_sum_of_the_ledgers_and_orders(backend: Backend) {
    let app = program(backend, 22).await;
    let entries = ledger(&app).await;
    for (from, to) in [("2025-06-01", LAST_DAY), ("2026-08-01", TODAY), (LAST_DAY, LAST_DAY)] {
        let report = app.ok(REPORT, json!({ "from": from, "to": to })).await["programReport"].clone();
        let (from, to) = (day(from), day(to));
        let of_period = entries.iter().filter(|entry| (from..=to).contains(&entry.effective_on));
        assert_eq!(sorted(&report["credits"]), sums(of_period), "{from} {to}");
        unspent(&report, &entries);
        assert_eq!(sorted(&report["discounts"]), discounts(&app, (from, to)).await, "{from} {to}");
        levels(&app, &report, (from, to)).await;
        renewals(&app, &report).await;
    }
}

/// What is left of each account is what was earned last; what is owed is apart.
fn unspent(report: &Value, entries: &[ledger_entry::Model]) {
    let mut accounts: BTreeMap<Uuid, (i64, BTreeMap<i32, i64>)> = BTreeMap::new();
    for entry in entries {
        let (balance, earned) = accounts.entry(entry.partner_id).or_default();
        *balance += entry.spendable_credits;
        if entry.track.is_some() {
            *earned.entry(entry.effective_on.year()).or_default() += entry.spendable_credits;
        }
    }
    let (mut left, mut owed) = (BTreeMap::<i32, i64>::new(), 0);
    for (balance, earned) in accounts.into_values() {
        owed += balance.min(0);
        let mut rest = balance.max(0);
        for (year, credits) in earned.into_iter().rev() {
            let of_year = rest.min(credits.max(0));
            rest -= of_year;
            *left.entry(year).or_default() += of_year;
        }
        assert_eq!(rest, 0, "everything was earned in some year");
    }
    let held: i64 = left.values().sum();
    // A credit is worth EUR 1.00 in the built-in edition.
    let euros = |credits: i64| json!({ "amount": format!("{credits}.00"), "currency": "EUR" });
    let mut expected: Vec<Value> = left
        .into_iter()
        .filter(|row| row.1 != 0)
        .map(|row| json!({ "year": row.0, "credits": row.1, "value": euros(row.1) }))
        .collect();
    if owed != 0 {
        expected.push(json!({ "year": null, "credits": owed, "value": null }));
    }
    let mut found = report["unspent"].as_array().expect("a list").clone();
    for row in &mut found {
        let values = row["value"].as_array().expect("a list");
        let in_euros = values.iter().find(|one| one["currency"] == "EUR").cloned();
        row["value"] = in_euros.unwrap_or_default();
    }
    assert_eq!(sorted(&found.into()), sorted(&expected.into()));
    let value = report["unspentValue"].as_array().expect("a list");
    assert!(value.contains(&euros(held)), "{held}: {value:?}");
}

/// Discounts of the orders of a period that stand, line by line.
async fn discounts(app: &TestApp, (from, to): (NaiveDate, NaiveDate)) -> Vec<Value> {
    let stands = |row: &order::Model| matches!(row.status, OrderStatus::Placed | OrderStatus::Fulfilled);
    let orders = order::Entity::find().all(app.reader()).await.expect("orders");
    let orders: BTreeMap<Uuid, order::Model> = orders
        .into_iter()
        .filter(|row| stands(row) && (from..=to).contains(&row.placed_on))
        .map(|row| (row.id, row))
        .collect();
    let mut found: BTreeMap<(String, String, bool), [i64; 4]> = BTreeMap::new();
    for line in order_line::Entity::find().all(app.reader()).await.expect("lines") {
        let Some(order) = orders.get(&line.order_id) else { continue };
        let key = (order.level.clone(), line.category.to_value(), line.contract_id.is_some());
        let sum = found.entry(key).or_default();
        *sum = [sum[0] + 1, sum[1] + line.list, sum[2] + line.list - line.net, sum[3] + line.redeemed];
    }
    let amount = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    let rows = found.into_iter().map(|((level, category, by_contract), [lines, list, discount, redeemed])| {
        json!({ "level": level, "category": category, "byContract": by_contract, "lines": lines,
                "list": { "amount": amount(list), "currency": "EUR" }, "discount": { "amount": amount(discount) },
                "redeemed": { "amount": amount(redeemed) } })
    });
    sorted(&rows.collect::<Vec<_>>().into())
}

/// Levels at the ends of months and on the last day are the standings of those days, and the forecast is the outlooks.
async fn levels(app: &TestApp, report: &Value, (from, to): (NaiveDate, NaiveDate)) {
    let months = (1..).map(|months| {
        let next = from.with_day(1).expect("a first day") + Months::new(months);
        next.pred_opt().expect("a last day")
    });
    let days: Vec<NaiveDate> = months.take_while(|end| *end < to).chain([to]).collect();
    let ahead = NaiveDate::from_ymd_opt(day(LAST_DAY).year() + 1, 1, 1).expect("a date");
    let mut counts: BTreeMap<(NaiveDate, &str, String), i64> = BTreeMap::new();
    for partner in partners(app).await {
        let takes_part =
            |on: &NaiveDate| partner.enrolled_on <= *on && partner.left_on.is_none_or(|left| *on <= left);
        for on in days.iter().chain([&ahead]).filter(|on| takes_part(on)) {
            let field = if *on == ahead { "outlook(on: $on)" } else { "standing(asOf: $on)" };
            let query = format!(
                "query($code: String!, $on: Date!) {{ partner(code: $code) {{ levels: {field} {{ \
                 technical {{ level {{ code }} }} business {{ level {{ code }} }} }} }} }}"
            );
            let found = app.ok(&query, json!({ "code": partner.code, "on": on })).await;
            for (name, track) in [("technical", "TECHNICAL"), ("business", "BUSINESS")] {
                let level = found["partner"]["levels"][name]["level"]["code"].as_str().expect("a level");
                *counts.entry((*on, track, level.to_owned())).or_default() += 1;
            }
        }
    }
    let rows = |is_ahead: bool| {
        let rows = counts.iter().filter(|((on, ..), _)| (*on == ahead) == is_ahead);
        let rows = rows.map(|((on, track, level), partners)| {
            json!({ "on": on, "track": track, "level": level, "partners": partners })
        });
        sorted(&rows.collect::<Vec<_>>().into())
    };
    assert_eq!(sorted(&report["levels"]), rows(false));
    assert_eq!(sorted(&report["forecast"]), rows(true));
}

/// Renewals are the standings of today and the outlooks on the days of renewal.
async fn renewals(app: &TestApp, report: &Value) {
    /// Those of a level, those who have retained it, and the level that each has at renewal.
    type Counts = (i64, i64, BTreeMap<String, (Value, i64)>);
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    let people = professional::Entity::find().all(app.reader()).await.expect("professionals");
    for person in people.iter().filter(|row| row.merged_into.is_none()) {
        let standing = app.professional_on(&person.code, LAST_DAY).await["standing"].clone();
        let Some(level) = standing["level"]["code"].as_str() else { continue };
        // Whoever leaves before does not renew.
        let renews_on = day(standing["renewsOn"].as_str().expect("a day"));
        if person.left_on.is_some_and(|left| left < renews_on) {
            continue;
        }
        let query = "query($code: String!, $on: Date!) { professional(code: $code) { outlook(on: $on) { level { code } } } }";
        let then = app.ok(query, json!({ "code": person.code, "on": standing["renewsOn"] })).await;
        let then = then["professional"]["outlook"]["level"]["code"].clone();
        let (count, secured, at_renewal) = counts.entry(level.to_owned()).or_default();
        *count += 1;
        *secured += i64::from(standing["pointsToRetain"] == 0);
        at_renewal.entry(then.to_string()).or_insert((then, 0)).1 += 1;
    }
    let rows = counts.into_iter().map(|(level, (count, secured, at_renewal))| {
        let at_renewal: Vec<Value> = at_renewal
            .into_values()
            .map(|(level, professionals)| json!({ "level": level, "professionals": professionals }))
            .collect();
        json!({ "level": level, "professionals": count, "secured": secured, "atRenewal": sorted(&at_renewal.into()) })
    });
    let expected: Vec<Value> = rows.collect();
    let mut found = report["renewals"].as_array().expect("a list").clone();
    for row in &mut found {
        row["atRenewal"] = sorted(&row["atRenewal"]).into();
    }
    assert_eq!(found, expected);
}
