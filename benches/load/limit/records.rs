//! A set of activities: the statements that the product executes, in one transaction, each for the whole
//! set. A set is one parameter, so that every text is constant and stays prepared.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, Utc};
use partner_program::program::calendar::{membership_year, month_start};
use serde_json::json;
use sqlx::{AssertSqlSafe, FromRow, Pool, Transaction};
use uuid::Uuid;

use super::{BEGIN, Db};
use crate::limit::rows::{
    ActivityRow, EntryRow, Key, LogRow, PartnerBalance, PartnerDay, PartnerTally, PartnerTotal, PointsRow,
    ProfessionalBalance, ProfessionalDay, ProfessionalTotal, hex, list,
};
use crate::limit::sets::Sets;
use crate::limit::{Answer, Draft, Shared, failed};

pub(in crate::limit) fn routes(pool: Pool<Db>, shared: Shared) -> Router {
    let limit = axum::extract::DefaultBodyLimit::max(4 << 20);
    Router::new().route("/records", post(records)).layer(limit).with_state((pool, shared))
}

async fn records(State((pool, shared)): State<(Pool<Db>, Shared)>, Json(drafts): Json<Vec<Draft>>) -> Answer {
    let mut transaction = pool.begin_with(BEGIN).await.map_err(failed)?;
    let results = write(&mut transaction, &shared, &drafts).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    let results = results.iter().map(|taken| json!({ "duplicate": !taken, "userErrors": [] }));
    Ok(Json(json!({ "results": results.collect::<Vec<_>>(), "userErrors": [] })))
}

#[derive(FromRow)]
struct Professional {
    id: Uuid,
    code: String,
    signed_up_on: NaiveDate,
    dojo_credits: i64,
    points: i64,
    entries: i64,
    last_recorded_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct Affiliation {
    professional_id: Uuid,
    partner_id: Uuid,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
}

#[derive(FromRow)]
struct Partner {
    id: Uuid,
    credits: i64,
    level_credits: i64,
    entries: i64,
    last_recorded_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct StoredTotal {
    partner_id: Uuid,
    period: i32,
    technical: i64,
    technical_last_on: Option<NaiveDate>,
    technical_reached: String,
    business: i64,
    business_reached: String,
}

/// Everything that the set touches, locked and loaded.
struct Loaded {
    professionals: HashMap<String, Professional>,
    employers: HashMap<Uuid, Vec<Affiliation>>,
    partners: BTreeMap<Uuid, Partner>,
    known: HashSet<String>,
    tallies: BTreeMap<(Uuid, NaiveDate), (i64, i64, NaiveDate)>,
    totals: BTreeMap<(Uuid, i32), (i64, NaiveDate)>,
    days: BTreeMap<(Uuid, NaiveDate), i64>,
    places: Vec<i64>,
}

impl Loaded {
    fn employer(&self, professional: Uuid, day: NaiveDate) -> Option<Uuid> {
        let covers =
            |one: &&Affiliation| one.starts_on <= day && one.ends_on.is_none_or(|ends_on| day <= ends_on);
        Some(self.employers.get(&professional)?.iter().find(covers)?.partner_id)
    }
}

async fn select<R>(
    transaction: &mut Transaction<'static, Db>,
    text: &str,
    keys: String,
) -> Result<Vec<R>, sqlx::Error>
where
    R: for<'r> FromRow<'r, <Db as sqlx::Database>::Row> + Send + Unpin,
{
    sqlx::query_as(AssertSqlSafe(text)).bind(keys).fetch_all(&mut **transaction).await
}

async fn put(
    transaction: &mut Transaction<'static, Db>,
    text: &str,
    rows: &[impl serde::Serialize],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = serde_json::to_string(rows).expect("rows are JSON");
    sqlx::query(AssertSqlSafe(text)).bind(rows).execute(&mut **transaction).await.map(drop)
}

async fn load(
    transaction: &mut Transaction<'static, Db>,
    shared: &Shared,
    drafts: &[Draft],
) -> Result<Loaded, sqlx::Error> {
    let sets: &Sets = &shared.sets;
    let codes: BTreeSet<&str> = drafts.iter().map(|draft| draft.professional.as_str()).collect();
    let keys = list(codes.into_iter().map(Key::code));
    let professionals: Vec<Professional> = select(transaction, &sets.lock_professionals, keys).await?;
    let keys = list(professionals.iter().map(|row| Key::id(row.id)));
    let affiliations: Vec<Affiliation> = select(transaction, &sets.affiliations, keys).await?;
    let mut employers: HashMap<Uuid, Vec<Affiliation>> = HashMap::new();
    let ids: BTreeSet<Uuid> = affiliations.iter().map(|row| row.partner_id).collect();
    for row in affiliations {
        employers.entry(row.professional_id).or_default().push(row);
    }
    let keys = list(ids.into_iter().map(Key::id));
    let partners: Vec<Partner> = select(transaction, &sets.lock_partners, keys).await?;
    let keys = list(drafts.iter().map(|draft| Key::code(&draft.external_id)));
    let known: Vec<(String,)> = select(transaction, &sets.known, keys).await?;
    let count = i64::try_from(drafts.len()).unwrap_or(i64::MAX);
    let places: Vec<(i64,)> =
        sqlx::query_as(AssertSqlSafe(sets.places.as_str())).bind(count).fetch_all(&mut **transaction).await?;
    let mut loaded = Loaded {
        professionals: professionals.into_iter().map(|row| (row.code.clone(), row)).collect(),
        employers,
        partners: partners.into_iter().map(|row| (row.id, row)).collect(),
        known: known.into_iter().map(|row| row.0).collect(),
        tallies: BTreeMap::new(),
        totals: BTreeMap::new(),
        days: BTreeMap::new(),
        places: places.into_iter().map(|row| row.0).collect(),
    };
    let mut tallies = BTreeSet::new();
    let mut totals = BTreeSet::new();
    let mut days = BTreeSet::new();
    for draft in drafts {
        let Some(professional) = loaded.professionals.get(&draft.professional) else { continue };
        let day = draft.occurred_on;
        totals.insert((professional.id, membership_year(professional.signed_up_on, day).number));
        days.insert((professional.id, day));
        tallies.extend(loaded.employer(professional.id, day).map(|id| (id, month_start(day))));
    }
    let rule = shared.points_rule(shared.clock.today()).kind.as_str();
    let keys = list(tallies.into_iter().map(|(id, day)| Key::id(id).rule(rule).day(day)));
    let rows: Vec<(Uuid, NaiveDate, i64, i64, NaiveDate)> = select(transaction, &sets.tallies, keys).await?;
    loaded.tallies = rows.into_iter().map(|row| ((row.0, row.1), (row.2, row.3, row.4))).collect();
    let keys = list(totals.into_iter().map(|(id, year)| Key::id(id).year(year)));
    let rows: Vec<(Uuid, i32, i64, NaiveDate)> = select(transaction, &sets.professional_totals, keys).await?;
    loaded.totals = rows.into_iter().map(|row| ((row.0, row.1), (row.2, row.3))).collect();
    let keys = list(days.into_iter().map(|(id, day)| Key::id(id).day(day)));
    let rows: Vec<(Uuid, NaiveDate, i64)> = select(transaction, &sets.professional_days, keys).await?;
    loaded.days = rows.into_iter().map(|row| ((row.0, row.1), row.2)).collect();
    Ok(loaded)
}

/// Rows to write.
#[derive(Default)]
struct Rows {
    activities: Vec<ActivityRow>,
    log: Vec<LogRow>,
    points: Vec<PointsRow>,
    entries: Vec<EntryRow>,
    tallies: BTreeMap<(Uuid, NaiveDate), PartnerTally>,
}

/// Which drafts were taken; the others are repeats.
async fn write(
    transaction: &mut Transaction<'static, Db>,
    shared: &Shared,
    drafts: &[Draft],
) -> Result<Vec<bool>, sqlx::Error> {
    let mut loaded = load(transaction, shared, drafts).await?;
    let latest = loaded.partners.values().filter_map(|row| row.last_recorded_at).max();
    let latest = loaded.professionals.values().filter_map(|row| row.last_recorded_at).max().max(latest);
    let now = shared.clock.now();
    let now = latest.map_or(now, |latest| now.max(latest + TimeDelta::microseconds(1)));
    let moment = now.to_rfc3339_opts(SecondsFormat::AutoSi, false);
    let mut rows = Rows::default();
    let mut results = Vec::with_capacity(drafts.len());
    for (draft, seq) in drafts.iter().zip(std::mem::take(&mut loaded.places)) {
        let taken = shared.check(draft) && !loaded.known.contains(&draft.external_id);
        results.push(taken);
        if taken {
            take(shared, &mut loaded, &mut rows, draft, seq, &moment);
        }
    }
    put_all(transaction, &shared.sets, &loaded, rows, &moment).await?;
    Ok(results)
}

async fn put_all(
    transaction: &mut Transaction<'static, Db>,
    sets: &Sets,
    loaded: &Loaded,
    mut rows: Rows,
    moment: &str,
) -> Result<(), sqlx::Error> {
    let (days, totals) = partner_sums(transaction, sets, &mut rows.entries).await?;
    put(transaction, &sets.activities, &rows.activities).await?;
    put(transaction, &sets.log, &rows.log).await?;
    put(transaction, &sets.points, &rows.points).await?;
    put(transaction, &sets.entries, &rows.entries).await?;
    put(transaction, &sets.put_tallies, &rows.tallies.into_values().collect::<Vec<_>>()).await?;
    let of_days = loaded.days.iter();
    let of_days = of_days.map(|((id, day), points)| ProfessionalDay {
        professional_id: hex(*id),
        day: *day,
        points: *points,
    });
    put(transaction, &sets.put_professional_days, &of_days.collect::<Vec<_>>()).await?;
    put(transaction, &sets.put_partner_days, &days).await?;
    let of_years = loaded.totals.iter().map(|((id, year), (points, last_on))| ProfessionalTotal {
        professional_id: hex(*id),
        membership_year: *year,
        points: *points,
        last_on: *last_on,
    });
    put(transaction, &sets.put_professional_totals, &of_years.collect::<Vec<_>>()).await?;
    put(transaction, &sets.put_partner_totals, &totals).await?;
    let balances = loaded.professionals.values().map(|row| ProfessionalBalance {
        professional_id: hex(row.id),
        dojo_credits: row.dojo_credits,
        points: row.points,
        entries: row.entries,
        last_recorded_at: moment.to_owned(),
    });
    put(transaction, &sets.put_professional_balances, &balances.collect::<Vec<_>>()).await?;
    let balances = loaded.partners.values().map(|row| PartnerBalance {
        partner_id: hex(row.id),
        credits: row.credits,
        level_credits: row.level_credits,
        entries: row.entries,
        last_recorded_at: moment.to_owned(),
    });
    put(transaction, &sets.put_partner_balances, &balances.collect::<Vec<_>>()).await
}

/// Adds one draft to what is loaded, and the rows that it makes.
#[expect(clippy::too_many_lines, reason = "the same steps as one posting, in a row")]
fn take(shared: &Shared, loaded: &mut Loaded, rows: &mut Rows, draft: &Draft, seq: i64, moment: &str) {
    let (day, award) = (draft.occurred_on, draft.points);
    let Some(professional) = loaded.professionals.get_mut(&draft.professional) else { return };
    let id = professional.id;
    professional.entries += 1;
    professional.points += award;
    professional.dojo_credits += award;
    let sum = loaded.days.entry((id, day)).or_default();
    *sum += award;
    let year = membership_year(professional.signed_up_on, day).number;
    let total = loaded.totals.entry((id, year)).or_insert((0, day));
    *total = (total.0 + award, total.1.max(day));
    let activity = ActivityRow::new(draft, id, seq, moment);
    let about = activity.id.clone();
    rows.activities.push(activity);
    rows.log.push(LogRow {
        seq,
        recorded_at: moment.to_owned(),
        action: "RECORDED",
        activity_id: about.clone(),
    });
    rows.points.push(PointsRow {
        id: hex(Uuid::now_v7()),
        professional_id: hex(id),
        number: professional.entries,
        log_seq: seq,
        activity_id: about.clone(),
        effective_on: day,
        recorded_at: moment.to_owned(),
        reason: "ACTIVITY",
        kind: draft.kind.clone(),
        edition_id: hex(shared.edition_id),
        window_start: day,
        units_before: 0,
        units_after: award,
        points: award,
        dojo_credits: award,
        dojo_balance_after: professional.dojo_credits,
        day_after: *sum,
    });
    let Some(employer) = loaded.employer(id, day) else { return };
    let rule = shared.points_rule(day);
    let key = (employer, month_start(day));
    let tally = loaded.tallies.entry(key).or_insert((0, 0, day));
    let before = tally.0;
    let credits = rule.earned(before + award) - tally.1;
    *tally = (before + award, tally.1 + credits, tally.2.max(day));
    let stored = PartnerTally {
        partner_id: hex(employer),
        rule: rule.kind.clone(),
        window_start: key.1,
        units: tally.0,
        awarded: tally.1,
        latest_on: tally.2,
    };
    rows.tallies.insert(key, stored);
    if credits == 0 {
        return;
    }
    let Some(partner) = loaded.partners.get_mut(&employer) else { return };
    partner.entries += 1;
    partner.credits += credits;
    partner.level_credits += credits;
    rows.entries.push(EntryRow {
        partner: employer,
        id: hex(Uuid::now_v7()),
        partner_id: hex(employer),
        number: partner.entries,
        log_seq: seq,
        activity_id: about,
        effective_on: tally.2,
        recorded_at: moment.to_owned(),
        reason: "ACTIVITY",
        kind: rule.kind.clone(),
        edition_id: hex(shared.edition_id),
        window_start: key.1,
        units_before: before,
        units_after: tally.0,
        track: "TECHNICAL",
        level_credits: credits,
        spendable_credits: credits,
        balance_after: partner.credits,
        day_after: 0,
    });
}

/// Days and totals that the entries change; completes the entries with the sum of their day.
async fn partner_sums(
    transaction: &mut Transaction<'static, Db>,
    sets: &Sets,
    entries: &mut [EntryRow],
) -> Result<(Vec<PartnerDay>, Vec<PartnerTotal>), sqlx::Error> {
    if entries.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let years: BTreeSet<_> = entries.iter().map(|one| (one.partner, one.effective_on.year())).collect();
    let keys = list(years.into_iter().map(|(id, year)| Key::id(id).year(year)));
    let stored: Vec<StoredTotal> = select(transaction, &sets.partner_totals, keys).await?;
    let mut totals: BTreeMap<(Uuid, i32), PartnerTotal> = BTreeMap::new();
    for row in stored {
        let total = PartnerTotal {
            technical: row.technical,
            technical_last_on: row.technical_last_on,
            technical_reached: row.technical_reached,
            business: row.business,
            business_reached: row.business_reached,
            total: row.technical + row.business,
            ..PartnerTotal::new(row.partner_id, row.period)
        };
        totals.insert((row.partner_id, row.period), total);
    }
    let days: BTreeSet<_> = entries.iter().map(|one| (one.partner, one.effective_on)).collect();
    let keys = list(days.into_iter().map(|(id, day)| Key::id(id).day(day)));
    let stored: Vec<(Uuid, NaiveDate, i64)> = select(transaction, &sets.partner_days, keys).await?;
    let mut days: BTreeMap<(Uuid, NaiveDate), i64> =
        stored.into_iter().map(|(id, day, credits)| ((id, day), credits)).collect();
    for entry in entries {
        let sum = days.entry((entry.partner, entry.effective_on)).or_default();
        *sum += entry.level_credits;
        entry.day_after = *sum;
        let key = (entry.partner, entry.effective_on.year());
        let total = totals.entry(key).or_insert_with(|| PartnerTotal::new(key.0, key.1));
        total.technical += entry.level_credits;
        total.total += entry.level_credits;
        total.technical_last_on = total.technical_last_on.max(Some(entry.effective_on));
    }
    let days = days.into_iter().map(|((id, day), credits)| PartnerDay {
        partner_id: hex(id),
        track: "TECHNICAL",
        day,
        credits,
    });
    Ok((days.collect(), totals.into_values().collect()))
}
