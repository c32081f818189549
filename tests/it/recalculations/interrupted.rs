//! Subjects follow a recalculation exactly once, whatever happens meanwhile.

use entity::value::LogAction;
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::sums::sums;
use super::{OTHER, applied, apply, facts, planned, status};
use crate::harness::history::TODAY;
use crate::harness::{Activity, Backend, TestApp, user_errors, verified};

both! {
    e4_subjects_follow_exactly_once_after_an_interruption,
    e4_recording_goes_on_while_subjects_follow,
}

/// Steps of the log about subjects that were recalculated, by subject.
async fn steps(app: &TestApp) -> Vec<String> {
    let rows = entity::log::Entity::find().filter(entity::log::Column::Action.eq(LogAction::Recalculated));
    let rows = rows.all(app.reader()).await.expect("the log");
    let mut who: Vec<String> =
        rows.iter().map(|row| format!("{:?} {:?}", row.partner_id, row.professional_id)).collect();
    who.sort_unstable();
    who
}

async fn e4_subjects_follow_exactly_once_after_an_interruption(backend: Backend) {
    let (app, whole) = (TestApp::start(backend, TODAY).await, TestApp::start(backend, TODAY).await);
    facts(&app).await;
    facts(&whole).await;
    let id = planned(&whole, &OTHER, "2024-05-01").await;
    applied(&whole, &id).await;
    let id = planned(&app, &OTHER, "2024-05-01").await;
    let connection = app.database().connect().await;
    // Whoever recalculates the third subject is stopped, with all that its transaction has done.
    let stop = match backend {
        Backend::Sqlite => {
            "CREATE TRIGGER stopped BEFORE UPDATE ON recalculations WHEN NEW.subjects >= 3 \
             BEGIN SELECT RAISE(ABORT, 'stopped'); END"
        }
        Backend::Postgres => {
            "CREATE TRIGGER stopped BEFORE UPDATE ON recalculations FOR EACH ROW WHEN (NEW.subjects >= 3) \
             EXECUTE FUNCTION refuse_change()"
        }
    };
    connection.execute_unprepared(stop).await.expect("a trigger");
    let payload = apply(&app, &id).await;
    assert_eq!(
        (&payload["recalculation"]["status"], &payload["recalculation"]["subjects"]),
        (&json!("APPLYING"), &json!(2))
    );
    assert!(app.services().complete_recalculations().await.is_err(), "it is stopped again");
    assert_eq!(steps(&app).await.len(), 2);
    verified(app.services()).await;
    // Those that have followed and those that have not both go on, judged by the new edition.
    for app in [&app, &whole] {
        for person in ["ada", "bram", "cleo"] {
            let late = Activity::of_professional(person, "DOCS_CORRECTION", "2025-07-03").external_id(person);
            app.record(late).await;
        }
        app.record(Activity::of_partner("polder", "LINKEDIN_POST", "2025-06-05").external_id("late-post"))
            .await;
        app.partner("veld", "2024-06-01").await;
        app.record(Activity::of_partner("veld", "EVENT_ORGANIZED", "2025-06-05").external_id("new")).await;
        app.professional("dirk", "2024-06-01").await;
        app.affiliate("dirk", "nordwind", "2024-07-01").await;
        let certification = Activity::of_professional("dirk", "CERTIFICATION_OBTAINED", "2025-08-01");
        app.record(certification.points(900).external_id("new-one")).await;
    }
    verified(app.services()).await;
    let merge = json!({ "from": "polder", "into": "nordwind", "reason": "one company" });
    let payload = app.mutate("mergePartners", merge).await;
    let message = &user_errors(&payload)[0]["message"];
    assert_eq!(message, "A recalculation is going on; try again when it has finished.");
    let another = planned(&app, &[("threshold = 75", "threshold = 50")], "2025-01-01").await;
    let payload = apply(&app, &another).await;
    assert_eq!(
        user_errors(&payload)[0]["message"],
        "A recalculation is going on; try again when it has finished."
    );
    connection
        .execute_unprepared(match backend {
            Backend::Sqlite => "DROP TRIGGER stopped",
            Backend::Postgres => "DROP TRIGGER stopped ON recalculations",
        })
        .await
        .expect("no trigger");
    connection.close().await.expect("a connection closes");
    // Two processes come to it at once, and a start completes it.
    let other = app.another(TODAY).await;
    let both =
        [app.services(), other.services()].map(partner_program::service::Services::complete_recalculations);
    for done in join_all(both).await {
        done.expect("every subject");
    }
    other.stop().await;
    assert_eq!(status(&app, &id).await, "APPLIED");
    verified(app.services()).await;
    assert_eq!(sums(&app).await, sums(&whole).await);
    let all = steps(&app).await;
    let mut once = all.clone();
    once.dedup();
    assert_eq!(all, once, "each subject once");
}

async fn e4_recording_goes_on_while_subjects_follow(backend: Backend) {
    let (app, quiet) = (TestApp::start(backend, TODAY).await, TestApp::start(backend, TODAY).await);
    facts(&app).await;
    facts(&quiet).await;
    let live = |place: usize| {
        let on = format!("2025-{:02}-10", 1 + place % 12);
        let person = ["ada", "bram", "cleo"][place % 3];
        match place % 4 {
            0 => Activity::of_partner(["nordwind", "polder"][place % 2], "LINKEDIN_POST", &on),
            1 => Activity::of_professional(person, "FEEDBACK_SUBMITTED", &on),
            _ => Activity::of_professional(person, "DOCS_CORRECTION", &on),
        }
        .external_id(&format!("live-{place}"))
    };
    let id = planned(&app, &OTHER, "2024-05-01").await;
    let other = app.another(TODAY).await;
    // The plan holds when it is applied, and from then on activities are recorded by two processes.
    let applying = async {
        let payload = apply(&app, &id).await;
        assert!(user_errors(&payload).is_empty(), "{payload}");
    };
    let recording = async {
        while status(&app, &id).await == "PLANNED" {
            tokio::task::yield_now().await;
        }
        let all = (0..40).map(|place| [&app, &other][place % 2].record(live(place)));
        join_all(all).await;
    };
    futures_util::future::join(applying, recording).await;
    app.services().complete_recalculations().await.expect("every subject");
    verified(app.services()).await;
    other.stop().await;
    join_all((0..40).map(|place| quiet.record(live(place)))).await;
    let id = planned(&quiet, &OTHER, "2024-05-01").await;
    applied(&quiet, &id).await;
    // Days and windows can be reached in another order; the sums of the ledgers are the same.
    let of = |rows: Vec<String>| rows.into_iter().filter(|row| row.starts_with("tally")).collect::<Vec<_>>();
    assert_eq!(of(sums(&app).await), of(sums(&quiet).await));
}
