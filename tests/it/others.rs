//! What an import sees of others who write.

use partner_program::store::others::WatchedWrites;

use crate::harness::{Activity, Backend, TestApp};

both! {
    writes_of_others_are_seen_and_own_ones_are_not,
}

const TODAY: &str = "2026-08-31";

async fn writes_of_others_are_seen_and_own_ones_are_not(backend: Backend) {
    let importer = TestApp::start(backend, TODAY).await;
    importer.partner("nordwind", "2024-06-01").await;
    let server = importer.another(TODAY).await;
    let meeting = || Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-01");
    let database = importer.services().database();
    let mut watched = WatchedWrites::start(database).await.expect("a reading");
    for _ in 0..3 {
        importer.record(meeting()).await;
        importer.record(meeting()).await;
        assert!(!watched.others_wrote(database, 2).await.expect("a reading"), "these were own writes");
        importer.record(meeting()).await;
        server.record(meeting()).await;
        assert!(watched.others_wrote(database, 1).await.expect("a reading"), "one was not");
        assert!(!watched.others_wrote(database, 0).await.expect("a reading"), "nothing since");
    }
}
