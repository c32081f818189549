//! A clock that is set back, as by another `PROGRAM_TODAY`, is no damage.

use partner_program::clock::Clock;
use partner_program::service::Services;

use super::{Scenario, activity, day};
use partner_program::service::activities::Intake;

#[tokio::test]
async fn a_clock_that_is_set_back_leaves_no_differences() {
    // In the year of the last facts, in the year before, and before all of them.
    for (today, activities) in [
        ("2026-02-05", [("ada", "2026-02-01"), ("bob", "2026-02-03")]),
        ("2025-03-20", [("ada", "2025-03-15"), ("bob", "2024-12-01")]),
        ("2023-02-15", [("ada", "2023-02-14"), ("bob", "2023-02-13")]),
    ] {
        let mut scenario = Scenario::start().await;
        scenario.services.emit_time_based_events().await.expect("events");
        assert_eq!(scenario.verify().await.differences, [""; 0], "before {today}");
        let now = scenario.services.clone();
        let clock = Clock::new(chrono_tz::Europe::Brussels, Some(day(today)));
        let back = Services::open(now.database().clone(), clock).await.expect("services");
        scenario.services = back;
        for (index, (who, on)) in activities.into_iter().enumerate() {
            let id = format!("back-{index}");
            let draft = activity(&id, who, "DOCS_LARGE_CONTRIBUTION", on, Some(500));
            scenario.take(Intake::Record, vec![draft]).await;
            let partner = activity(&format!("{id}-p"), "beta!", "EVENT_ORGANIZED", on, None);
            scenario.take(Intake::Record, vec![partner]).await;
            scenario.services.emit_time_based_events().await.expect("events");
            assert_eq!(scenario.verify().await.differences, [""; 0], "on {today}, after {who}");
        }
        // And forward again.
        scenario.services = now;
        let draft = activity("forward", "ada", "DOCS_LARGE_CONTRIBUTION", "2026-08-30", Some(500));
        scenario.take(Intake::Record, vec![draft]).await;
        scenario.services.emit_time_based_events().await.expect("events");
        assert_eq!(scenario.verify().await.differences, [""; 0], "after {today}");
    }
}
