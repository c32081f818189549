//! Imports as things: tried, whole or in part, with their refused rows, and undone.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Activity, Backend, TestApp, everything, verified};

both! {
    a_dry_run_says_the_same_and_keeps_nothing,
    a_file_goes_in_as_a_whole_or_not_at_all,
    refused_rows_are_kept_and_written_to_be_corrected,
    names_and_addresses_are_updated,
    an_affiliation_that_was_imported_before_is_a_duplicate_whatever_became_of_it,
    an_import_is_undone_with_its_effects_shown,
}

const TODAY: &str = "2026-08-31";

/// Every row; the order of events can change when they are numbered.
async fn kept(app: &TestApp) -> Vec<String> {
    let mut rows = everything(app.reader()).await;
    rows.sort_unstable();
    rows
}
const HEADER: &str = "source,external_id,professional,partner,kind,occurred_on,points,quantity\n";

/// The command beside a running application, on the same database.
struct Commands<'a> {
    app: &'a TestApp,
    folder: TempDir,
}

impl<'a> Commands<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, folder: tempfile::tempdir().expect("a folder") }
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.folder.path().join(name), content).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("a file")
    }

    fn has(&self, name: &str) -> bool {
        Path::new(self.folder.path()).join(name).exists()
    }

    /// Exit code, output, errors.
    async fn import(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partner-program"));
        command.current_dir(self.folder.path()).arg("import").args(arguments).env_clear();
        command.env("PROGRAM_TODAY", TODAY).env("DATABASE_URL", &self.app.database().url);
        let output: Output =
            tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("an end");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
    }
}

async fn started(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    app
}

/// The lines of an output without that of the database and the ids of runs.
fn lines(output: &str) -> Vec<&str> {
    output.lines().skip(1).filter(|line| !line.contains(": import run ")).collect()
}

/// All runs, with what they refused.
async fn runs(app: &TestApp) -> Vec<Value> {
    let query = "{ importRuns(first: 100) { totalCount nodes { id fileName rows policy status actor startedAt endedAt recorded \
        duplicate updated refused refusedRows { totalCount nodes { line reasons content } } \
        activities { totalCount nodes { externalId } } } } }";
    let runs = app.ok(query, json!({})).await["importRuns"].clone();
    let nodes = runs["nodes"].as_array().expect("a list").clone();
    assert_eq!(runs["totalCount"], nodes.len());
    nodes
}

async fn a_dry_run_says_the_same_and_keeps_nothing(backend: Backend) {
    let app = started(backend).await;
    let commands = Commands::new(&app);
    // Later files need what the earlier ones add, and one row repeats another.
    commands
        .write("p.csv", "partner,name,enrolled_on\npolder,Polder,2024-06-01\nnordwind,North,2024-06-01\n");
    commands.write(
        "s.csv",
        "professional,name,email,signed_up_on\nbram,Bram,bram@example.com,2024-06-01\nx,X,x,2024-06-01\n",
    );
    commands.write("f.csv", "professional,partner,starts_on\nbram,polder,2024-07-01\n");
    let row = |id: usize, who: &str| format!("s,{id},{who},,DOCS_CORRECTION,2025-01-01,,\n");
    let activities: String = (0..30).map(|id| row(id % 25, "bram")).collect();
    commands.write("a.csv", &format!("{HEADER}{activities}{}", row(99, "nobody")));
    let files = ["a.csv", "f.csv", "s.csv", "p.csv"];
    let before = kept(&app).await;
    let (code, tried, _) = commands.import(&[&["--dry-run"][..], &files[..]].concat()).await;
    assert_eq!(kept(&app).await, before);
    let (really, done, _) = commands.import(&files).await;
    assert_eq!((code, really), (2, 2), "{tried}");
    let mut said = lines(&tried);
    assert_eq!(said.pop(), Some("dry run: nothing was kept"));
    assert_eq!(said, lines(&done));
    assert!(tried.contains("a.csv: recorded 25, duplicate 5, refused 1\n"), "{tried}");
    assert!(tried.contains("p.csv: recorded 1, duplicate 0, refused 0, updated 1\n"), "{tried}");
    assert!(tried.contains("total: recorded 28, duplicate 5, refused 2, updated 1\n"), "{tried}");
    let statuses: Vec<Value> = runs(&app).await.iter().map(|run| run["status"].clone()).collect();
    assert_eq!(statuses, ["FINISHED"; 4]);
    verified(app.services()).await;
}

async fn a_file_goes_in_as_a_whole_or_not_at_all(backend: Backend) {
    let app = started(backend).await;
    let commands = Commands::new(&app);
    let row = |id: usize, day: &str| format!("s,{id},ada,,DOCS_CORRECTION,{day},,\n");
    let rows: String = (0..1_200).map(|id| row(id, "2025-01-01")).collect();
    commands.write("bad.csv", &format!("{HEADER}{rows}{}", row(1_200, "2027-01-01")));
    commands.write("good.csv", &format!("{HEADER}{rows}"));
    let (code, output, _) = commands.import(&["--policy", "all", "bad.csv", "good.csv"]).await;
    assert_eq!(code, 2);
    assert!(output.contains("bad.csv: recorded 0, duplicate 0, refused 1\n"), "{output}");
    assert!(output.contains("good.csv: recorded 1200, duplicate 0, refused 0\n"), "{output}");
    assert!(output.contains(": nothing was kept, because rows were refused (--policy all)\n"), "{output}");
    let found = runs(&app).await;
    let shown: Vec<[&Value; 5]> = found
        .iter()
        .map(|run| ["fileName", "policy", "status", "recorded", "refused"].map(|name| &run[name]))
        .collect();
    assert_eq!(
        json!(shown),
        json!([["bad.csv", "ALL", "REFUSED", 0, 1], ["good.csv", "ALL", "FINISHED", 1_200, 0]])
    );
    assert_eq!(found[0]["refusedRows"]["nodes"][0]["line"], 1_202);
    assert_eq!(
        (&found[0]["activities"]["totalCount"], &found[1]["activities"]["totalCount"]),
        (&json!(0), &json!(1_200))
    );
    verified(app.services()).await;
}

async fn refused_rows_are_kept_and_written_to_be_corrected(backend: Backend) {
    let app = started(backend).await;
    let commands = Commands::new(&app);
    let good = "s,1,ada,,DOCS_CORRECTION,2025-01-01,,\n";
    let bad = "s,2,nobody,,DOCS_CORRECTION,2025-01-01,,\ns,3,\"ada\",,\"DOCS\"CORRECTION,2025-01-01,,\ns,4,ada,,DOCS_CORRECTION,soon,,\n";
    commands.write("a.csv", &format!("{HEADER}{good}{bad}"));
    commands.write("p.csv", "professional,name,email,signed_up_on\nada,Ada,ada@,2024-06-01\nbob,\"Bob\n");
    let arguments = ["a.csv", "p.csv", "--errors", "wrong.csv"];
    let (code, _, _) = commands.import(&arguments).await;
    assert_eq!(code, 2);
    let found = runs(&app).await;
    let rows: Vec<Value> = found
        .iter()
        .flat_map(|run| run["refusedRows"]["nodes"].as_array().expect("a list").clone())
        .map(|row| json!([row["line"], row["content"]]))
        .collect();
    let expected = json!([
        [2, "ada,…,…,2024-06-01"],
        [3, null],
        [3, "s,2,nobody,,DOCS_CORRECTION,2025-01-01,,"],
        [4, "s,3,\"ada\",,\"DOCS\"CORRECTION,2025-01-01,,"],
        [5, "s,4,ada,,DOCS_CORRECTION,soon,,"],
    ]);
    assert_eq!(json!(rows), expected);
    assert_eq!((&found[1]["refused"], &found[1]["recorded"]), (&json!(3), &json!(1)));
    // An event says that it ended, without the name of the file.
    let events = "{ events(first: 100, types: [IMPORT_FINISHED]) { nodes { data importRun { fileName } } } }";
    let events = app.ok(events, json!({})).await["events"]["nodes"].clone();
    let ended = json!({ "kind": "ACTIVITIES", "policy": "VALID", "status": "FINISHED", "recorded": 1, "duplicate": 0,
        "updated": 0, "refused": 3 });
    assert_eq!(
        (&events[1]["data"]["importRun"], &events[1]["importRun"]["fileName"]),
        (&ended, &json!("a.csv"))
    );
    assert!(!events.to_string().contains("ada@"));
    // The files of errors are corrected and imported.
    let wrong = commands.read("wrong-a.csv");
    assert!(
        wrong.starts_with(
            "source,external_id,professional,partner,kind,occurred_on,points,quantity,import_errors\n"
        ),
        "{wrong}"
    );
    assert!(
        wrong.contains("\ns,4,ada,,DOCS_CORRECTION,soon,,,\"occurred_on: \"\"soon\"\" is not a date; "),
        "{wrong}"
    );
    let corrected = wrong.replace("nobody", "ada").replace(",soon,", ",2025-01-01,");
    commands.write("corrected.csv", &corrected);
    let (code, output, _) = commands.import(&["corrected.csv", "--errors", "again.csv"]).await;
    assert_eq!(code, 2, "the line whose cells could not be read is left: {output}");
    assert!(output.contains("corrected.csv: recorded 2, duplicate 0, refused 1\n"), "{output}");
    assert_eq!(commands.read("again.csv").lines().count(), 2);
    // No file is replaced, and none is made where nothing is refused.
    let (code, _, error) = commands.import(&arguments).await;
    assert_eq!((code, error.as_str()), (1, "error: wrong-a.csv: the file exists; choose another name\n"));
    commands.write("good.csv", &format!("{HEADER}{good}"));
    let (code, _, _) = commands.import(&["good.csv", "--errors", "none.csv"]).await;
    assert_eq!((code, commands.has("none.csv")), (0, false));
    verified(app.services()).await;
}

async fn names_and_addresses_are_updated(backend: Backend) {
    let app = started(backend).await;
    app.professional("bram", "2024-06-01").await;
    app.done("eraseProfessional", json!({ "professional": "bram", "reason": "asked for" })).await;
    let commands = Commands::new(&app);
    commands.write("p.csv", "partner,name,enrolled_on\nnordwind,North,2024-06-01\n");
    let people = "professional,name,email,signed_up_on\nada,Ada L,ada@example.com,2024-06-01\n";
    commands.write(
        "s.csv",
        &format!("{people}bram,Bram,bram@example.com,2024-06-01\nada,Ada M,ada@example.com,2024-06-01\n"),
    );
    commands.write("t.csv", "professional,name,email,signed_up_on\nada,Ada L,ada@example.com,2024-06-02\n");
    let (code, output, _) = commands.import(&["p.csv", "s.csv", "t.csv"]).await;
    assert_eq!(code, 2);
    // An erased name does not come back, and rows that contradict each other do not take turns.
    for line in [
        "p.csv: recorded 0, duplicate 0, refused 0, updated 1\n",
        "s.csv: recorded 0, duplicate 0, refused 2, updated 1\n",
        "t.csv: recorded 0, duplicate 0, refused 1\n",
    ] {
        assert!(output.contains(line), "{line}: {output}");
    }
    let seen = "{ partner(code: \"nordwind\") { name } ada: professional(code: \"ada\") { name email } \
        bram: professional(code: \"bram\") { name email } \
        events(first: 100, types: [PARTNER_UPDATED, PROFESSIONAL_UPDATED]) { nodes { data } } \
        auditLog(filter: { operation: \"import\" }, first: 100) { nodes { objectType before after } } }";
    let data = app.ok(seen, json!({})).await;
    assert_eq!(data["partner"]["name"], "North");
    assert_eq!(data["ada"], json!({ "name": "Ada L", "email": "ada@example.com" }));
    assert_eq!(data["bram"]["email"], Value::Null);
    let changed: Vec<&Value> = data["events"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| &event["data"]["changed"])
        .collect();
    assert_eq!(json!(changed), json!([["name"], ["name"]]));
    let audit = data["auditLog"]["nodes"].to_string();
    assert!(audit.contains("North") && !audit.contains("Ada"), "{audit}");
    let (_, again, _) = commands.import(&["p.csv"]).await;
    assert!(again.contains("p.csv: recorded 0, duplicate 1, refused 0\n"), "{again}");
    verified(app.services()).await;
}

async fn an_affiliation_that_was_imported_before_is_a_duplicate_whatever_became_of_it(backend: Backend) {
    let app = started(backend).await;
    app.partner("polder", "2024-06-01").await;
    for code in ["bob", "cora", "dan"] {
        app.professional(code, "2024-06-01").await;
    }
    let commands = Commands::new(&app);
    commands.write("w.csv", "professional,partner,starts_on\nbob,nordwind,2025-01-01\ncora,nordwind,2025-01-01\ndan,nordwind,2025-01-01\n");
    assert!(commands.import(&["w.csv"]).await.1.contains("recorded 3, duplicate 0, refused 0"));
    let id = async |code: &str| {
        let query =
            "query($code: String!) { professional(code: $code) { affiliations(first: 5) { nodes { id } } } }";
        let found = app.ok(query, json!({ "code": code })).await;
        found["professional"]["affiliations"]["nodes"][0]["id"].clone()
    };
    app.done("voidAffiliation", json!({ "affiliation": id("bob").await, "reason": "never was" })).await;
    let correction = json!({ "affiliation": id("cora").await, "partner": "polder", "startsOn": "2025-02-01", "reason": "a mistake" });
    app.done("correctAffiliation", correction).await;
    app.done("endMembership", json!({ "professional": "dan", "on": "2025-06-30", "reason": "left" })).await;
    let standing = async || {
        let query = "{ affiliations(first: 20) { nodes { professional { code } partner { code } startsOn endsOn } } }";
        app.ok(query, json!({})).await
    };
    let before = standing().await;
    let (code, output, _) = commands.import(&["w.csv"]).await;
    assert!(code == 0 && output.contains("recorded 0, duplicate 3, refused 0"), "{output}");
    assert_eq!(standing().await, before);
    // Through the API it can be entered again.
    app.affiliate("bob", "nordwind", "2025-01-01").await;
    verified(app.services()).await;
}

async fn an_import_is_undone_with_its_effects_shown(backend: Backend) {
    let app = started(backend).await;
    app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-01")).await;
    let commands = Commands::new(&app);
    let meeting = |id: usize| format!("s,{id},,nordwind,CUSTOMER_MEETING,2026-03-01,,\n");
    let rows: String = (0..1_100).map(meeting).collect();
    commands.write("a.csv", &format!("{HEADER}{rows}s,c,ada,,CERTIFICATION_OBTAINED,2026-03-01,800,\n"));
    let (code, output, _) = commands.import(&["a.csv"]).await;
    assert_eq!(code, 0, "{output}");
    let run =
        output.lines().find_map(|line| line.strip_prefix("a.csv: import run ")).expect("an id").to_owned();
    assert_eq!(runs(&app).await[0]["id"], run);
    let (code, _, error) = commands.import(&["--undo", &run]).await;
    assert_eq!(code, 1);
    assert!(error.contains("see its effects with --dry-run, then repeat it with --yes"), "{error}");
    let before = kept(&app).await;
    let (code, tried, _) = commands.import(&["--undo", &run, "--dry-run"]).await;
    assert_eq!((code, kept(&app).await), (0, before));
    let (code, done, _) = commands.import(&["--undo", &run, "--yes", "--reason", "a wrong file"]).await;
    assert_eq!(code, 0);
    let mut said = lines(&tried);
    assert_eq!(said.pop(), Some("dry run: nothing was kept"));
    assert_eq!(said, lines(&done));
    let expected = [
        "ada: points -800, Dojo Credits -800",
        "nordwind: level credits -1115, balance -1115",
        "ada: level from ADVOCATE to none",
        "nordwind: business level from CREATOR to MEMBER",
        "CERTIFICATION_OBTAINED: voided 1",
        "CUSTOMER_MEETING: voided 1100",
        "total: voided 1101, refused 0",
    ];
    assert_eq!(said, expected);
    assert_eq!(app.balance("nordwind").await, 1);
    assert_eq!(app.professional_on("ada", TODAY).await["standing"]["points"], 0);
    let found = runs(&app).await;
    assert_eq!(
        (&found[0]["status"], &found[0]["activities"]["totalCount"]),
        (&json!("UNDONE"), &json!(1_101))
    );
    // filter of the list of activities, rows
    for (filter, rows) in [
        (format!("importRun: \"{run}\""), 1_101),
        (format!("importRun: \"{run}\", statuses: [VOIDED], kinds: [\"CERTIFICATION_OBTAINED\"]"), 1),
        (format!("importRun: \"{run}\", statuses: [RECORDED]"), 0),
        (format!("importRun: \"{run}\", partner: \"nordwind\", occurredFrom: \"2026-03-01\""), 1_100),
        ("importRun: \"nothing\"".to_owned(), 0),
    ] {
        let list = format!("{{ activities(filter: {{ {filter} }}) {{ totalCount }} }}");
        assert_eq!(app.ok(&list, json!({})).await["activities"]["totalCount"], rows, "{filter}");
        // Runs are nothing that a partner sees.
        let key = app.key("PARTNER", Some("nordwind")).await;
        let answer = app.send_as(&key, &list, Value::Null).await;
        assert_eq!(answer.body["data"]["activities"]["totalCount"], 0, "{filter}");
    }
    let (code, again, _) = commands.import(&["--undo", &run, "--yes"]).await;
    assert_eq!(code, 0);
    assert!(again.ends_with("total: voided 0, refused 0\n"), "{again}");
    let (code, _, error) = commands.import(&["--undo", "nothing", "--dry-run"]).await;
    assert_eq!(code, 1);
    assert!(error.contains("There is no import run with the id \"nothing\"."), "{error}");
    verified(app.services()).await;
}
