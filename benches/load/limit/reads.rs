//! Reads, each in as few statements as a careful person would write.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use chrono::{Datelike, NaiveDate};
use partner_program::program::calendar::membership_year;
use partner_program::program::explain::{Award, Cause, explain};
use partner_program::program::rule::{Program, Track};
use partner_program::program::standing::{
    TrackStanding, TrackSums, overall, professional_standing, track_standing,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{FromRow, Pool};
use uuid::Uuid;

use super::Db;
use crate::limit::{Answer, Shared, failed};

type Pooled = (Pool<Db>, Shared);

pub(in crate::limit) fn routes(pool: Pool<Db>, shared: Shared) -> Router {
    Router::new()
        .route("/r1", post(one_partner))
        .route("/r2", post(dashboard))
        .route("/r3", post(page))
        .with_state((pool, shared))
}

#[derive(Deserialize)]
struct ByCode {
    code: String,
}

/// A partner with a total; once for each period, and once without any.
#[derive(FromRow)]
struct PartnerRow {
    id: Uuid,
    code: String,
    name: String,
    credits: i64,
    period: Option<i32>,
    technical: Option<i64>,
    technical_reached: Option<String>,
    business: Option<i64>,
    business_reached: Option<String>,
}

async fn partner(pool: &Pool<Db>, code: &str, year: i32) -> Result<Vec<PartnerRow>, sqlx::Error> {
    sqlx::query_as::<Db, PartnerRow>(
        "SELECT p.id, p.code, p.name, b.credits, t.period, t.technical, t.technical_reached, t.business, \
         t.business_reached FROM partners p JOIN partner_balances b ON b.partner_id = p.id \
         LEFT JOIN partner_totals t ON t.partner_id = p.id AND t.period IN (0, $2, $3) WHERE p.code = $1",
    )
    .bind(code)
    .bind(year)
    .bind(year - 1)
    .fetch_all(pool)
    .await
}

fn standing(shared: &Shared, rows: &[PartnerRow], day: NaiveDate) -> Result<Value, serde_json::Error> {
    let mut technical = TrackSums::default();
    let mut business = TrackSums::default();
    for row in rows {
        let Some(period) = row.period else { continue };
        for (sums, credits, reached) in [
            (&mut technical, row.technical, &row.technical_reached),
            (&mut business, row.business, &row.business_reached),
        ] {
            let credits = credits.unwrap_or(0);
            let reached = serde_json::from_str(reached.as_deref().unwrap_or("[]"))?;
            if period == 0 {
                sums.legacy = credits;
            } else if period == day.year() {
                (sums.this_year, sums.this_year_reached) = (credits, reached);
            } else {
                (sums.last_year, sums.last_year_reached) = (credits, reached);
            }
        }
    }
    let technical = track_standing(&shared.editions, Track::Technical, &technical, day);
    let business = track_standing(&shared.editions, Track::Business, &business, day);
    let overall = overall(&technical, &business);
    let track = |one: &TrackStanding| json!({ "level": { "code": one.level.code }, "credits": one.credits, "validUntil": one.valid_until });
    Ok(json!({
        "technical": track(&technical),
        "business": track(&business),
        "overall": { "code": overall.code },
    }))
}

async fn one_partner(State((pool, shared)): State<Pooled>, Json(ByCode { code }): Json<ByCode>) -> Answer {
    let day = shared.clock.today();
    let rows = partner(&pool, &code, day.year()).await.map_err(failed)?;
    let Some(row) = rows.first() else { return Ok(Json(Value::Null)) };
    Ok(Json(json!({
        "code": row.code,
        "name": row.name,
        "standing": standing(&shared, &rows, day).map_err(failed)?,
        "balance": row.credits,
    })))
}

#[derive(FromRow)]
struct EntryRow {
    effective_on: NaiveDate,
    reason: String,
    kind: Option<String>,
    window_start: Option<NaiveDate>,
    units_before: Option<i64>,
    units_after: Option<i64>,
    level_credits: i64,
    balance_after: i64,
}

fn entry(shared: &Shared, row: &EntryRow) -> Value {
    let editions = &shared.editions;
    let rule = row.kind.as_deref().and_then(|kind| editions.kind(Program::Partner, kind));
    let rule = rule.and_then(|kind| editions.at(row.effective_on).rule(kind));
    let explanation = rule.zip(row.window_start).map(|(rule, window_start)| {
        let award = Award {
            cause: if row.reason == "VOID" { Cause::Void } else { Cause::Activity },
            legacy: row.effective_on < editions.launch(),
            window_start,
            units_before: row.units_before.unwrap_or(0),
            units_after: row.units_after.unwrap_or(0),
            amount: row.level_credits,
            editions: None,
        };
        explain(rule, &award)
    });
    json!({
        "effectiveOn": row.effective_on,
        "reason": row.reason,
        "levelCredits": row.level_credits,
        "balanceAfter": row.balance_after,
        "explanation": explanation,
    })
}

#[derive(FromRow)]
struct PersonRow {
    id: Uuid,
    code: String,
    name: String,
    signed_up_on: NaiveDate,
    membership_year: Option<i32>,
    points: Option<i64>,
}

fn people(shared: &Shared, rows: &[PersonRow], day: NaiveDate) -> Vec<Value> {
    let person = |rows: &[PersonRow]| {
        let row = &rows[0];
        let year = membership_year(row.signed_up_on, day).number;
        let points = |year| {
            rows.iter().find(|row| row.membership_year == Some(year)).and_then(|row| row.points).unwrap_or(0)
        };
        let standing =
            professional_standing(&shared.editions, row.signed_up_on, day, points(year), points(year - 1));
        json!({
            "code": row.code,
            "name": row.name,
            "standing": {
                "points": standing.points,
                "level": standing.level.as_ref().map(|level| json!({ "code": level.code })),
            },
        })
    };
    rows.chunk_by(|one, other| one.id == other.id).map(person).collect()
}

async fn dashboard(State((pool, shared)): State<Pooled>, Json(ByCode { code }): Json<ByCode>) -> Answer {
    let day = shared.clock.today();
    let rows = partner(&pool, &code, day.year()).await.map_err(failed)?;
    let Some(row) = rows.first() else { return Ok(Json(Value::Null)) };
    let entries = sqlx::query_as::<Db, EntryRow>(
        "SELECT effective_on, reason, kind, window_start, units_before, units_after, level_credits, balance_after \
         FROM ledger_entries WHERE partner_id = $1 ORDER BY number DESC LIMIT 20",
    )
    .bind(row.id)
    .fetch_all(&pool)
    .await
    .map_err(failed)?;
    let persons = sqlx::query_as::<Db, PersonRow>(
        "SELECT p.id, p.code, p.name, p.signed_up_on, t.membership_year, t.points FROM \
         (SELECT professional_id FROM affiliations WHERE partner_id = $1 AND starts_on <= $2 \
         AND (ends_on IS NULL OR ends_on >= $2) ORDER BY professional_id LIMIT 10) a \
         JOIN professionals p ON p.id = a.professional_id \
         LEFT JOIN professional_totals t ON t.professional_id = p.id ORDER BY p.id",
    )
    .bind(row.id)
    .bind(day)
    .fetch_all(&pool)
    .await
    .map_err(failed)?;
    Ok(Json(json!({
        "code": row.code,
        "name": row.name,
        "standing": standing(&shared, &rows, day).map_err(failed)?,
        "balance": row.credits,
        "ledger": entries.iter().map(|row| entry(&shared, row)).collect::<Vec<_>>(),
        "professionals": people(&shared, &persons, day),
    })))
}

async fn page(State((pool, shared)): State<Pooled>) -> Answer {
    let rows = sqlx::query_as::<Db, (String, String, i64)>(
        "SELECT p.code, p.name, t.total FROM partner_totals t JOIN partners p ON p.id = t.partner_id \
         WHERE t.period = $1 ORDER BY t.total DESC, t.partner_id LIMIT 50",
    )
    .bind(shared.clock.today().year())
    .fetch_all(&pool)
    .await
    .map_err(failed)?;
    let rows = rows
        .iter()
        .map(|(code, name, total)| json!({ "code": code, "name": name, "credits": { "total": total } }));
    Ok(Json(json!({ "partners": rows.collect::<Vec<_>>() })))
}
