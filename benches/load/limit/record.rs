//! One activity: the statements that the product executes, in one transaction, each prepared and with
//! plain values.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use partner_program::program::calendar::{membership_year, month_start};
use serde_json::json;
use sqlx::{FromRow, Pool, Transaction};
use uuid::Uuid;

use super::{BEGIN, Db, LOCK_PARTNER, LOCK_PROFESSIONAL, NEXT_SEQ};
use crate::limit::{Answer, Draft, Shared, failed};

pub(in crate::limit) fn routes(pool: Pool<Db>, shared: Shared) -> Router {
    Router::new().route("/record", post(record)).with_state((pool, shared))
}

async fn record(State((pool, shared)): State<(Pool<Db>, Shared)>, Json(draft): Json<Draft>) -> Answer {
    if !shared.check(&draft) {
        return Err((StatusCode::BAD_REQUEST, "refused".to_owned()));
    }
    let mut transaction = pool.begin_with(BEGIN).await.map_err(failed)?;
    let points = write(&mut transaction, &shared, &draft).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(Json(json!({ "duplicate": points.is_none(), "awardedPoints": points, "userErrors": [] })))
}

/// A professional whose row is locked.
#[derive(FromRow)]
struct Person {
    id: Uuid,
    signed_up_on: NaiveDate,
    dojo_credits: i64,
    points: i64,
    entries: i64,
    last_recorded_at: Option<DateTime<Utc>>,
}

/// Balances of a partner whose row is locked.
struct Partner {
    id: Uuid,
    credits: i64,
    level_credits: i64,
    entries: i64,
}

/// Where an activity stands in all that is recorded.
struct Place {
    seq: i64,
    activity: Uuid,
    recorded_at: DateTime<Utc>,
}

type Moment = Option<DateTime<Utc>>;

/// Points that were awarded; none for a repeat.
async fn write(
    transaction: &mut Transaction<'static, Db>,
    shared: &Shared,
    draft: &Draft,
) -> Result<Option<i64>, sqlx::Error> {
    let day = draft.occurred_on;
    let person: Person =
        sqlx::query_as(LOCK_PROFESSIONAL).bind(&draft.professional).fetch_one(&mut **transaction).await?;
    let employer: Option<(Uuid,)> = sqlx::query_as(
        "SELECT partner_id FROM affiliations WHERE professional_id = $1 AND starts_on <= $2 \
         AND (ends_on IS NULL OR ends_on >= $2)",
    )
    .bind(person.id)
    .bind(day)
    .fetch_optional(&mut **transaction)
    .await?;
    let mut latest = person.last_recorded_at;
    let mut partner = None;
    if let Some((id,)) = employer {
        let (credits, level_credits, entries, last): (i64, i64, i64, Moment) =
            sqlx::query_as(LOCK_PARTNER).bind(id).fetch_one(&mut **transaction).await?;
        latest = latest.max(last);
        partner = Some(Partner { id, credits, level_credits, entries });
    }
    let known: Option<(Uuid,)> =
        sqlx::query_as("SELECT id FROM activities WHERE source = 'load' AND external_id = $1")
            .bind(&draft.external_id)
            .fetch_optional(&mut **transaction)
            .await?;
    if known.is_some() {
        return Ok(None);
    }
    let (seq,): (i64,) = sqlx::query_as(NEXT_SEQ).fetch_one(&mut **transaction).await?;
    let now = shared.clock.now();
    let recorded_at = latest.map_or(now, |latest| now.max(latest + TimeDelta::microseconds(1)));
    let place = Place { seq, activity: Uuid::now_v7(), recorded_at };
    facts(transaction, draft, person.id, &place).await?;
    if let Some(partner) = partner {
        credit(transaction, shared, draft, partner, &place).await?;
    }
    points(transaction, shared, draft, &person, &place).await?;
    Ok(Some(draft.points))
}

/// The professional's entry, day, total and balance.
async fn points(
    transaction: &mut Transaction<'static, Db>,
    shared: &Shared,
    draft: &Draft,
    person: &Person,
    place: &Place,
) -> Result<(), sqlx::Error> {
    let (day, award) = (draft.occurred_on, draft.points);
    let year = membership_year(person.signed_up_on, day).number;
    let total: Option<(i64, NaiveDate)> = sqlx::query_as(
        "SELECT points, last_on FROM professional_totals WHERE professional_id = $1 AND membership_year = $2",
    )
    .bind(person.id)
    .bind(year)
    .fetch_optional(&mut **transaction)
    .await?;
    let of_day: Option<(i64,)> =
        sqlx::query_as("SELECT points FROM professional_days WHERE professional_id = $1 AND day = $2")
            .bind(person.id)
            .bind(day)
            .fetch_optional(&mut **transaction)
            .await?;
    let day_after = of_day.map_or(0, |one| one.0) + award;
    sqlx::query(
        "INSERT INTO points_entries (id, professional_id, number, log_seq, activity_id, effective_on, recorded_at, \
         reason, kind, edition_id, window_start, units_before, units_after, points, dojo_credits, \
         dojo_balance_after, day_after) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'ACTIVITY', $8, $9, $10, 0, $11, $12, $13, $14, $15)",
    )
    .bind(Uuid::now_v7())
    .bind(person.id)
    .bind(person.entries + 1)
    .bind(place.seq)
    .bind(place.activity)
    .bind(day)
    .bind(place.recorded_at)
    .bind(&draft.kind)
    .bind(shared.edition_id)
    .bind(day)
    .bind(award)
    .bind(award)
    .bind(award)
    .bind(person.dojo_credits + award)
    .bind(day_after)
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "INSERT INTO professional_days (professional_id, day, points) VALUES ($1, $2, $3) \
         ON CONFLICT (professional_id, day) DO UPDATE SET points = excluded.points",
    )
    .bind(person.id)
    .bind(day)
    .bind(day_after)
    .execute(&mut **transaction)
    .await?;
    let (sum, last_on) = total.unwrap_or((0, day));
    sqlx::query(
        "INSERT INTO professional_totals (professional_id, membership_year, points, last_on) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (professional_id, membership_year) DO UPDATE SET points = excluded.points, \
         last_on = excluded.last_on",
    )
    .bind(person.id)
    .bind(year)
    .bind(sum + award)
    .bind(last_on.max(day))
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "UPDATE professional_balances SET dojo_credits = $2, points = $3, entries = $4, last_recorded_at = $5 \
         WHERE professional_id = $1",
    )
    .bind(person.id)
    .bind(person.dojo_credits + award)
    .bind(person.points + award)
    .bind(person.entries + 1)
    .bind(place.recorded_at)
    .execute(&mut **transaction)
    .await
    .map(drop)
}

async fn facts(
    transaction: &mut Transaction<'static, Db>,
    draft: &Draft,
    professional: Uuid,
    place: &Place,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO activities (id, seq, partner_id, professional_id, kind, occurred_on, quantity, points, \
         attributes, source, external_id, recorded_at, status, graded_points, awarded_points, awarded_credits) \
         VALUES ($1, $2, NULL, $3, $4, $5, 1, $6, '{}', 'load', $7, $8, 'RECORDED', NULL, $9, 0)",
    )
    .bind(place.activity)
    .bind(place.seq)
    .bind(professional)
    .bind(&draft.kind)
    .bind(draft.occurred_on)
    .bind(draft.points)
    .bind(&draft.external_id)
    .bind(place.recorded_at)
    .bind(draft.points)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("INSERT INTO log (seq, recorded_at, action, activity_id) VALUES ($1, $2, 'RECORDED', $3)")
        .bind(place.seq)
        .bind(place.recorded_at)
        .bind(place.activity)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// What the points earn the partner: tally, and entry, day and total when a block was completed.
async fn credit(
    transaction: &mut Transaction<'static, Db>,
    shared: &Shared,
    draft: &Draft,
    partner: Partner,
    place: &Place,
) -> Result<(), sqlx::Error> {
    let day = draft.occurred_on;
    let rule = shared.points_rule(day);
    let window_start = month_start(day);
    let tally: Option<(i64, i64, NaiveDate)> = sqlx::query_as(
        "SELECT units, awarded, latest_on FROM partner_tallies \
         WHERE partner_id = $1 AND rule = $2 AND window_start = $3",
    )
    .bind(partner.id)
    .bind(&rule.kind)
    .bind(window_start)
    .fetch_optional(&mut **transaction)
    .await?;
    let (before, awarded, latest_on) = tally.unwrap_or((0, 0, day));
    let units = before + draft.points;
    let award = rule.earned(units) - awarded;
    let effective_on = latest_on.max(day);
    sqlx::query(
        "INSERT INTO partner_tallies (partner_id, rule, window_start, units, awarded, latest_on) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (partner_id, rule, window_start) \
         DO UPDATE SET units = excluded.units, awarded = excluded.awarded, latest_on = excluded.latest_on",
    )
    .bind(partner.id)
    .bind(&rule.kind)
    .bind(window_start)
    .bind(units)
    .bind(awarded + award)
    .bind(effective_on)
    .execute(&mut **transaction)
    .await?;
    let entries = partner.entries + i64::from(award != 0);
    if award != 0 {
        let credited = Credited { award, effective_on, window_start, units: (before, units) };
        enter(transaction, shared, &partner, &credited, place).await?;
    }
    sqlx::query(
        "UPDATE partner_balances SET credits = $2, level_credits = $3, entries = $4, last_recorded_at = $5 \
         WHERE partner_id = $1",
    )
    .bind(partner.id)
    .bind(partner.credits + award)
    .bind(partner.level_credits + award)
    .bind(entries)
    .bind(place.recorded_at)
    .execute(&mut **transaction)
    .await
    .map(drop)
}

/// Credits that a block of points earned.
struct Credited {
    award: i64,
    effective_on: NaiveDate,
    window_start: NaiveDate,
    units: (i64, i64),
}

/// The partner's entry, day and total.
async fn enter(
    transaction: &mut Transaction<'static, Db>,
    shared: &Shared,
    partner: &Partner,
    credited: &Credited,
    place: &Place,
) -> Result<(), sqlx::Error> {
    let Credited { award, effective_on, window_start, units } = *credited;
    let rule = shared.points_rule(effective_on);
    let total: Option<(i64, Option<NaiveDate>, String, i64)> = sqlx::query_as(
        "SELECT technical, technical_last_on, technical_reached, business FROM partner_totals \
         WHERE partner_id = $1 AND period = $2",
    )
    .bind(partner.id)
    .bind(effective_on.year())
    .fetch_optional(&mut **transaction)
    .await?;
    let of_day: Option<(i64,)> = sqlx::query_as(
        "SELECT credits FROM partner_days WHERE partner_id = $1 AND track = 'TECHNICAL' AND day = $2",
    )
    .bind(partner.id)
    .bind(effective_on)
    .fetch_optional(&mut **transaction)
    .await?;
    let day_after = of_day.map_or(0, |one| one.0) + award;
    sqlx::query(
        "INSERT INTO ledger_entries (id, partner_id, number, log_seq, activity_id, effective_on, recorded_at, \
         reason, kind, edition_id, window_start, units_before, units_after, track, level_credits, \
         spendable_credits, balance_after, day_after) VALUES ($1, $2, $3, $4, $5, $6, $7, 'ACTIVITY', $8, $9, \
         $10, $11, $12, 'TECHNICAL', $13, $14, $15, $16)",
    )
    .bind(Uuid::now_v7())
    .bind(partner.id)
    .bind(partner.entries + 1)
    .bind(place.seq)
    .bind(place.activity)
    .bind(effective_on)
    .bind(place.recorded_at)
    .bind(&rule.kind)
    .bind(shared.edition_id)
    .bind(window_start)
    .bind(units.0)
    .bind(units.1)
    .bind(award)
    .bind(award)
    .bind(partner.credits + award)
    .bind(day_after)
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "INSERT INTO partner_days (partner_id, track, day, credits) VALUES ($1, 'TECHNICAL', $2, $3) \
         ON CONFLICT (partner_id, track, day) DO UPDATE SET credits = excluded.credits",
    )
    .bind(partner.id)
    .bind(effective_on)
    .bind(day_after)
    .execute(&mut **transaction)
    .await?;
    // Levels that were reached are written back as they were: what they are costs no statement.
    let (technical, last_on, reached, business) = total.unwrap_or((0, None, "[]".to_owned(), 0));
    sqlx::query(
        "INSERT INTO partner_totals (partner_id, period, technical, technical_last_on, technical_reached, \
         business, business_reached, total) VALUES ($1, $2, $3, $4, $5, $6, '[]', $7) \
         ON CONFLICT (partner_id, period) DO UPDATE SET technical = excluded.technical, \
         technical_last_on = excluded.technical_last_on, technical_reached = excluded.technical_reached, \
         total = excluded.total",
    )
    .bind(partner.id)
    .bind(effective_on.year())
    .bind(technical + award)
    .bind(last_on.max(Some(effective_on)))
    .bind(reached)
    .bind(business)
    .bind(technical + award + business)
    .execute(&mut **transaction)
    .await
    .map(drop)
}
