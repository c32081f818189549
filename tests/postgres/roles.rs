//! One role migrates and another one serves, with the grants of the guide.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::cluster::Cluster;
use crate::server::{Server, failed_start, run};

/// The SQL of the guide's section on two roles: for the cluster, and for the database.
pub(crate) fn grants() -> [String; 2] {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md"))
        .expect("the guide");
    let (_, section) = guide.split_once("### Separate roles").expect("the section");
    let mut blocks =
        section.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    [blocks.next().expect("the roles"), blocks.next().expect("the grants")]
}

pub(crate) async fn execute(session: &mut PgConnection, sql: &str) {
    for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
        let done = session.execute(AssertSqlSafe(statement.to_owned())).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

async fn count(session: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(session).await.expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_grants_on_rows_serves_what_the_owner_migrated() {
    const CREATED: &str = "SELECT count(*) FROM pg_class WHERE relowner = 'partner_program'::regrole";
    let cluster = Cluster::start();
    let [roles, grants] = grants();
    execute(&mut cluster.connect("postgres").await, &roles).await;
    let url = |role: &str| format!("postgres://{role}@{}/partner_program", cluster.address());
    let (owner, serving) = (url("partner_program_owner"), url("partner_program"));

    let error = failed_start(&serving);
    assert!(error.contains("migrations are pending, which the role of this URL may not apply"), "{error}");
    let mut session = PgConnection::connect(&owner).await.expect("the owner");
    execute(&mut session, &grants).await;
    let settings = [("DATABASE_URL", owner.as_str())];
    for expected in ["the schema is now up to date\n", "the schema was already up to date\n"] {
        let done = run(&["migrate"], &settings);
        assert_eq!(String::from_utf8_lossy(&done.stdout), expected, "{done:?}");
    }

    let server = Server::start(&serving);
    server.create_partner("nordwind").await;
    let recorded = server.record("nordwind", "1").await.ok();
    assert_eq!(recorded["recordActivity"]["userErrors"], serde_json::json!([]));
    assert!(server.balance("nordwind").await.ok()["partner"]["balance"].is_i64());
    let feed = server
        .send("{ events(first: 10) { latestNumber nodes { type } } }", serde_json::json!({}))
        .await
        .ok();
    assert!(feed["events"]["latestNumber"].as_i64().is_some_and(|number| number > 0), "{feed}");
    assert_eq!(server.ready().await, 200);
    assert_eq!(count(&mut session, CREATED).await, 0);
    let verified = run(&["verify"], &[("DATABASE_URL", serving.as_str())]);
    assert!(verified.status.success(), "{verified:?}");
    // Append-only by its rights too, besides the triggers.
    let mut serving = PgConnection::connect(&serving).await.expect("the serving role");
    let truncated = serving.execute("TRUNCATE ledger_entries").await.expect_err("no right");
    assert!(truncated.to_string().contains("permission denied"), "{truncated}");
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_check_the_tables_of_the_program_whatever_the_search_path_is() {
    const UNSET: &str = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
        AND prorettype = 'trigger'::regtype AND (proconfig IS NULL OR NOT proconfig::text LIKE '%search_path=pg_catalog%')";
    let cluster = Cluster::start();
    cluster.create("paths").await;
    let url = cluster.url("paths");
    assert!(run(&["migrate"], &[("DATABASE_URL", url.as_str())]).status.success());
    let mut session = cluster.connect("paths").await;
    assert_eq!(count(&mut session, UNSET).await, 0);
    let rows = "INSERT INTO professionals (id, code, name, email, signed_up_on, created_at) \
         VALUES ('00000000-0000-0000-0000-000000000001', 'ada', 'Ada', 'ada@example.com', '2025-01-01', now()); \
         INSERT INTO partners (id, code, name, enrolled_on, created_at) \
         VALUES ('00000000-0000-0000-0000-000000000002', 'nordwind', 'Nordwind', '2025-01-01', now()); \
         CREATE TEMPORARY TABLE shadow (LIKE affiliations); \
         ALTER TABLE shadow RENAME TO affiliations";
    execute(&mut session, rows).await;
    let affiliate = |id: u8, starts_on: &str| {
        format!(
            "INSERT INTO public.affiliations (id, professional_id, partner_id, starts_on, ends_on, created_at) \
             VALUES ('00000000-0000-0000-0000-{id:012}', '00000000-0000-0000-0000-000000000001', \
             '00000000-0000-0000-0000-000000000002', '{starts_on}', '2025-12-31', now())"
        )
    };
    execute(&mut session, &affiliate(3, "2025-01-01")).await;
    let overlapping =
        session.execute(AssertSqlSafe(affiliate(4, "2025-06-01"))).await.expect_err("a refusal");
    assert!(overlapping.to_string().contains("affiliations of a professional overlap"), "{overlapping}");
}
