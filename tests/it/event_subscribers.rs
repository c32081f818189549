//! Readers that keep the last number miss nothing and see nothing twice, however often they leave.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use partner_program::service::Services;
use partner_program::service::events::{EventResult, EventsQuery};
use serde_json::{Value, json};

use crate::events::latest;
use crate::harness::{Activity, Backend, TestApp, document};

both! {
    ten_thousand_changes_reach_a_reader_that_reconnects,
    a_thousand_subscribers_receive_an_event_at_once,
    a_follower_that_falls_behind_reads_on,
    a_restarted_feed_delivers_what_it_missed,
}

mod several {
    #[test]
    fn two_processes_tell_a_reader_of_both() {
        crate::harness::run(super::two_processes_tell_a_reader_of_both());
    }
}

const TODAY: &str = "2026-08-31";
const CHANGES: usize = 10_000;
const WRITERS: usize = 8;
/// A machine under load is slow, and a test that hangs must end.
const PATIENCE: Duration = Duration::from_mins(4);

/// Numbers that look as if they came by chance, and are the same in every run.
struct Chance(u64);

impl Chance {
    fn upto(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % most + 1
    }
}

/// Records activities of one partner in batches, by one application after the other.
async fn write(apps: &[&TestApp], writer: usize) {
    let mut chance = Chance(writer as u64);
    let mut left = CHANGES / WRITERS;
    let mut batch = 0;
    while left > 0 {
        let size = chance.upto(60).min(left);
        let of = |place: usize| {
            let activity =
                Activity::of_partner(&format!("partner-{writer}"), "CUSTOMER_MEETING", "2026-03-01");
            activity.external_id(&format!("{writer}-{batch}-{place}")).input()
        };
        let activities: Vec<Value> = (0..size).map(of).collect();
        let app = apps[batch % apps.len()];
        let payload = app.done("recordActivities", json!({ "activities": activities })).await;
        assert_eq!(payload["results"].as_array().map(Vec::len), Some(size));
        (left, batch) = (left - size, batch + 1);
    }
}

/// What a reader has seen.
#[derive(Default)]
struct Seen {
    last: i64,
    recorded: HashSet<String>,
    balances: [i64; WRITERS],
    entries: usize,
}

impl Seen {
    /// Takes an event: its number is the next one, its activity is new, and its entry follows the one before.
    fn take(&mut self, number: i64, data: &Value) {
        assert_eq!(number, self.last + 1, "the next number");
        self.last = number;
        let partner = data["partner"].as_str().and_then(|code| code.strip_prefix("partner-"));
        let partner: usize = partner.and_then(|number| number.parse().ok()).expect("a partner of the test");
        if let Some(balance) = data["entry"]["balanceAfter"].as_i64() {
            let earned = data["entry"]["spendableCredits"].as_i64().expect("credits");
            assert_eq!(balance, self.balances[partner] + earned, "a partner's entries in order");
            self.balances[partner] = balance;
            self.entries += 1;
        } else if let Some(id) = data["activity"]["externalId"].as_str() {
            assert!(self.recorded.insert(id.to_owned()), "{id} came twice");
        }
    }

    fn is_complete(&self) -> bool {
        self.recorded.len() == CHANGES && self.entries == CHANGES
    }

    /// Follows for some events, and leaves.
    async fn follow(&mut self, app: &TestApp, events: usize) {
        let stream = app.services().events_subscribe(&EventsQuery::default(), Some(self.last)).await;
        let mut stream = Box::pin(stream.expect("a stream"));
        for _ in 0..events {
            if self.is_complete() {
                return;
            }
            let row = stream.next().await.expect("it never ends").expect("an event");
            let data: Value = serde_json::from_str(&row.data).expect("JSON");
            self.take(row.number.expect("a number"), &data);
        }
    }

    /// Reads a page of the list.
    async fn page(&mut self, app: &TestApp, size: usize) {
        let query = "query($after: EventNumber!, $first: Int!) { events(after: $after, first: $first) { nodes { number data } } }";
        let data = app.ok(query, json!({ "after": self.last, "first": size })).await;
        for event in data["events"]["nodes"].as_array().expect("a list") {
            self.take(event["number"].as_i64().expect("a number"), &event["data"]);
        }
    }
}

async fn read(apps: &[&TestApp]) {
    let mut chance = Chance(99);
    let mut seen = Seen::default();
    let mut visits = 0;
    while !seen.is_complete() {
        let app = apps[visits % apps.len()];
        if chance.upto(3) == 1 {
            seen.page(app, chance.upto(100)).await;
        } else {
            seen.follow(app, chance.upto(500)).await;
        }
        visits += 1;
    }
    assert!(visits > 20, "it came and went: {visits}");
}

async fn partners(app: &TestApp) {
    for writer in 0..WRITERS {
        app.partner(&format!("partner-{writer}"), "2024-06-01").await;
    }
}

async fn changes_reach_a_reader(apps: &[&TestApp]) {
    partners(apps[0]).await;
    let writers = futures_util::future::join_all((0..WRITERS).map(|writer| write(apps, writer)));
    let both = async { tokio::join!(writers, read(apps)) };
    tokio::time::timeout(PATIENCE, both).await.expect("every event comes");
}

async fn ten_thousand_changes_reach_a_reader_that_reconnects(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    changes_reach_a_reader(&[&app]).await;
}

async fn two_processes_tell_a_reader_of_both() {
    let app = TestApp::start(Backend::Postgres, TODAY).await;
    let other = app.another(TODAY).await;
    changes_reach_a_reader(&[&app, &other]).await;
}

async fn a_thousand_subscribers_receive_an_event_at_once(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("partner-0", "2024-06-01").await;
    let asked = EventsQuery { partner: Some("partner-0".to_owned()), ..EventsQuery::default() };
    let start = latest(&app).await;
    let mut followers = Vec::new();
    for _ in 0..1_000 {
        let stream = app.services().events_subscribe(&asked, Some(start)).await;
        followers.push(Box::pin(stream.expect("a stream")));
    }
    app.record(Activity::of_partner("partner-0", "CUSTOMER_MEETING", "2026-03-01")).await;
    let reported = futures_util::future::join_all(followers.iter_mut().map(|stream| async {
        let (first, second) = (stream.next().await, stream.next().await);
        [first, second].map(|event| event.expect("an event").expect("an event").number)
    }));
    let reported =
        tokio::time::timeout(PATIENCE, reported).await.expect("every subscriber receives the event");
    assert!(reported.iter().all(|numbers| *numbers == [Some(start + 1), Some(start + 2)]));
}

async fn a_follower_that_falls_behind_reads_on(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("partner-0", "2024-06-01").await;
    let start = latest(&app).await;
    let stream = app.services().events_subscribe(&EventsQuery::default(), Some(start)).await;
    let mut stream = Box::pin(stream.expect("a stream"));
    // More than is shared in memory, while the follower does not look.
    let mutation = document("recordActivities");
    for batch in 0..2 {
        let of = |place: usize| {
            let activity = Activity::of_partner("partner-0", "CUSTOMER_MEETING", "2026-03-01");
            activity.external_id(&format!("0-{batch}-{place}")).input()
        };
        let activities: Vec<Value> = (0..800).map(of).collect();
        app.ok(&mutation, json!({ "input": { "activities": activities } })).await;
    }
    let read = async {
        let mut last = start;
        while last < start + 3_200 {
            let row = stream.next().await.expect("it never ends").expect("an event");
            assert_eq!(row.number, Some(last + 1));
            last += 1;
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("every event comes");
}

/// Reads the next event and checks its number.
async fn read_next(stream: &mut (impl Stream<Item = EventResult> + Unpin), number: i64) {
    let event = tokio::time::timeout(PATIENCE, stream.next()).await.expect("an event in time");
    assert_eq!(event.expect("it never ends").expect("an event").number, Some(number));
}

/// Without another event after the restart.
async fn a_restarted_feed_delivers_what_it_missed(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("partner-0", "2024-06-01").await;
    let clock = *app.services().clock();
    let services = Services::open(app.services().database().clone(), clock).await.expect("services");
    let start = || {
        let services = services.clone();
        tokio::spawn(async move { services.run_feed().await })
    };
    let before = latest(&app).await;
    let stream = services.events_subscribe(&EventsQuery::default(), Some(before)).await;
    let mut stream = Box::pin(stream.expect("a stream"));
    let feed = start();
    app.record(Activity::of_partner("partner-0", "CUSTOMER_MEETING", "2026-03-01")).await;
    read_next(&mut stream, before + 1).await;
    read_next(&mut stream, before + 2).await;
    services.hub().last().wait_for(|number| *number == before + 2).await.expect("the hub stays");
    feed.abort();
    assert!(feed.await.expect_err("it was aborted").is_cancelled());
    app.record(Activity::of_partner("partner-0", "CUSTOMER_MEETING", "2026-03-02")).await;
    let feed = start();
    read_next(&mut stream, before + 3).await;
    read_next(&mut stream, before + 4).await;
    feed.abort();
}
