//! An import without a server beside it.

use sqlx::Row;

use crate::cluster::Cluster;
use crate::server::run;

#[tokio::test(flavor = "multi_thread")]
async fn an_import_leaves_no_event_without_its_number() {
    let cluster = Cluster::start();
    cluster.create("feed").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path of UTF-8").to_owned()
    };
    let partners = file("partners.csv", "partner,name,enrolled_on\nnordwind,Nordwind,2025-01-01\n");
    let mut lines = vec!["partner,kind,occurred_on,quantity,source,external_id".to_owned()];
    lines.extend((0..50).map(|number| format!("nordwind,CUSTOMER_MEETING,2025-02-01,1,crm,m-{number}")));
    let activities = file("activities.csv", &lines.join("\n"));
    let done =
        run(&["import", "--create", &partners, &activities], &[("DATABASE_URL", &cluster.url("feed"))]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let mut session = cluster.connect("feed").await;
    let counts = "SELECT count(*) AS events, count(number) AS numbered, max(number) AS last, \
                  (SELECT last FROM event_feed) AS feed FROM events";
    let row = sqlx::query(counts).fetch_one(&mut session).await.expect("counts");
    let [events, numbered, last, feed] =
        ["events", "numbered", "last", "feed"].map(|column| row.get::<i64, _>(column));
    assert!(events > 100, "{events}: each meeting is recorded and changes the credits");
    assert_eq!([numbered, last, feed], [events; 3]);
}
