//! Windows in which a later edition gives other Dojo Credits for each point: what is left is never more, or less, than one of
//! the editions gives, also in a database of before that was kept.

use migration::{Migrator, MigratorTrait};
use partner_program::program::edition::BUILT_IN;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::live::with_editions;
use crate::harness::{Activity, Backend, TestApp, verified};

both! {
    dp_dojo_credits_of_a_window_end_at_nothing,
    windows_of_before_know_what_they_were_given,
}

/// Two editions: each headline is 100 points, 150 in a membership year at most; from 2026 on, a point is two Dojo Credits.
fn documents() -> [String; 2] {
    let text = BUILT_IN.split("[[example]]").next().expect("rules");
    let at = text.find("kind = \"LINKEDIN_HEADLINE\"").expect("a rule");
    let (head, rule) = text.split_at(at);
    let rule = rule.replacen("points = 250", "points = 100", 1).replacen("cap = 250", "cap = 150", 1);
    let first = format!("{head}{rule}");
    let (head, rest) = first.split_once("[legacy]").expect("the legacy window");
    let (_, rest) = rest.split_once("level_valid_until = 2025-12-31").expect("its end");
    let later = format!("{head}{rest}")
        .replacen("effective_from = 2024-05-01", "effective_from = 2026-01-01", 1)
        .replacen("dojo_credits_per_point = 1", "dojo_credits_per_point = 2", 1);
    [first, later]
}

/// What a professional holds, and what is kept of each window of several rates.
async fn dojo_credits(app: &TestApp, code: &str) -> (i64, Vec<i32>) {
    let query = "query($of: String!) { professional(code: $of) { dojoCredits } }";
    let held = app.ok(query, json!({ "of": code })).await["professional"]["dojoCredits"].as_i64();
    let tallies = entity::professional_tally::Entity::find().all(app.reader()).await.expect("tallies");
    let person = entity::professional::Entity::find()
        .filter(entity::professional::Column::Code.eq(code))
        .one(app.reader())
        .await
        .expect("a row")
        .expect("a professional");
    let own = tallies.iter().filter(|row| row.professional_id == person.id);
    (held.expect("a number"), own.filter_map(|row| row.extra_dojo_credits).collect())
}

/// Ada has points of both editions in one membership year, Bram of the later one only, Cleo of the earlier one.
async fn with_headlines(backend: Backend) -> (TestApp, [Value; 4]) {
    let app = with_editions(backend, &documents(), "2026-03-31").await;
    for code in ["ada", "bram", "cleo"] {
        app.professional(code, "2025-07-01").await;
    }
    let headline =
        async |code, on| app.record(Activity::of_professional(code, "LINKEDIN_HEADLINE", on)).await;
    let activities = [
        headline("ada", "2025-08-01").await,
        headline("ada", "2026-02-01").await,
        headline("bram", "2026-02-01").await,
        headline("cleo", "2025-08-01").await,
    ];
    assert_eq!(dojo_credits(&app, "ada").await, (100 + 50 * 2, vec![50]));
    assert_eq!(dojo_credits(&app, "bram").await, (200, vec![100]), "a year begins with the first rate");
    assert_eq!(dojo_credits(&app, "cleo").await, (100, vec![]));
    (app, activities)
}

async fn dp_dojo_credits_of_a_window_end_at_nothing(backend: Backend) {
    // What is voided, and what Ada has then.
    for (first, left) in [(0, (150, vec![50])), (1, (100, vec![]))] {
        let (app, activities) = with_headlines(backend).await;
        app.void(&activities[first]).await;
        assert_eq!(dojo_credits(&app, "ada").await, left, "{first}");
        verified(app.services()).await;
        app.void(&activities[1 - first]).await;
        assert_eq!(dojo_credits(&app, "ada").await, (0, vec![]), "{first}");
        app.void(&activities[2]).await;
        assert_eq!(dojo_credits(&app, "bram").await, (0, vec![]));
        verified(app.services()).await;
    }
}

async fn windows_of_before_know_what_they_were_given(backend: Backend) {
    let (app, activities) = with_headlines(backend).await;
    let before = [dojo_credits(&app, "ada").await, dojo_credits(&app, "bram").await];
    let database = app.stop().await;
    let connection = database.connect().await;
    let migrations = Migrator::migrations();
    let place = migrations.iter().position(|one| one.name().ends_with("000071_extra_dojo_credits"));
    let later = migrations.len() - place.expect("the migration of windows");
    Migrator::down(&connection, Some(u32::try_from(later).expect("a few")))
        .await
        .expect("the schema of before");
    let column = "SELECT extra_dojo_credits FROM professional_tallies";
    assert!(connection.execute_unprepared(column).await.is_err(), "{column}");
    connection.close().await.expect("a connection closes");
    let app = TestApp::start_on(database, "2026-03-31").await;
    assert_eq!([dojo_credits(&app, "ada").await, dojo_credits(&app, "bram").await], before);
    verified(app.services()).await;
    app.void(&activities[0]).await;
    app.void(&activities[1]).await;
    assert_eq!(dojo_credits(&app, "ada").await, (0, vec![]));
    verified(app.services()).await;
}
