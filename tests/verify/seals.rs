//! The sealed log: what was changed with everything that follows from it is found, also by an outsider.

use std::path::Path;
use std::process::Command;

use partner_program::archive::ArchiveWriter;
use partner_program::service::activities::Intake;
use partner_program::store::archive::{self, Part};
use sea_orm::DbErr;

use crate::Scenario;

/// The archive of a scenario as a file, and what the example that checks it says: whether all is well, and the text.
async fn checked(scenario: &Scenario, head: Option<&str>) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("program.jsonl.gz");
    let file = std::fs::File::create(&path).expect("a file");
    let mut writer = ArchiveWriter::begin(file, &archive::schema_name()).expect("a file");
    let written = archive::write_all(scenario.services.database(), |part| {
        match part {
            Part::Table(name) => writer.table(&name),
            Part::Rows { lines, count } => writer.rows(lines, count),
        }
        .map_err(|error| DbErr::Custom(error.to_string()))
    });
    written.await.expect("an export");
    writer.finish().expect("a file");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python/check_archive.py");
    let output = Command::new("python3").arg(script).arg(&path).args(head).output().expect("Python is there");
    let text = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(text).expect("UTF-8"))
}

/// More downloads than were recorded, with everything that follows from them.
async fn change_a_quantity(scenario: &Scenario) {
    let facts = "UPDATE activities SET quantity = 8 WHERE external_id = '10'";
    scenario.tamper(facts, "activities").await;
    let entries = "UPDATE ledger_entries SET units_after = 8 WHERE kind = 'CATALOG_DOWNLOADS'";
    scenario.tamper(entries, "ledger_entries").await;
    scenario.execute("UPDATE partner_tallies SET units = 8 WHERE rule = 'CATALOG_DOWNLOADS'").await;
}

#[tokio::test]
async fn every_step_is_sealed_once_and_an_outsider_finds_the_same_head() {
    let scenario = Scenario::start().await;
    assert_eq!(scenario.verify().await.sealed, None);
    scenario.services.seal_all().await.expect("seals");
    scenario.services.seal_all().await.expect("nothing more to seal");
    let report = scenario.verify().await;
    let sealed = report.sealed.clone().expect("seals");
    assert_eq!((report.differences, u64::try_from(sealed.number)), (Vec::new(), Ok(report.steps)));
    let (is_fine, text) = checked(&scenario, Some(&sealed.head)).await;
    assert!(is_fine && text.contains(&sealed.head), "{text}");
    // What happens later changes nothing before.
    let more = vec![crate::activity("12", "ada", "DOCS_LARGE_CONTRIBUTION", "2026-02-12", Some(300))];
    scenario.take(Intake::Record, more).await;
    scenario.services.seal_all().await.expect("seals");
    let report = scenario.services.verify_against(Some(&sealed.head), |_, _| {}).await.expect("a report");
    assert_eq!((report.kept, report.differences), (Some(sealed.clone()), Vec::new()));
    assert!(checked(&scenario, Some(&sealed.head)).await.0);
}

#[tokio::test]
async fn a_change_with_all_that_follows_from_it_is_found_by_its_seal() {
    let scenario = Scenario::start().await;
    scenario.services.seal_all().await.expect("seals");
    change_a_quantity(&scenario).await;
    let report = scenario.verify().await;
    assert_eq!(report.count, 1, "{:?}", report.differences);
    assert!(report.differences[0].contains("is not what was sealed"), "{:?}", report.differences);
    let (is_fine, text) = checked(&scenario, None).await;
    assert!(!is_fine && text.contains("is not what was sealed"), "{text}");
}

#[tokio::test]
async fn a_chain_that_was_made_again_has_not_the_head_that_was_kept() {
    let scenario = Scenario::start().await;
    scenario.services.seal_all().await.expect("seals");
    let kept = scenario.verify().await.sealed.expect("seals").head;
    change_a_quantity(&scenario).await;
    scenario.tamper("DELETE FROM seals", "seals").await;
    scenario.services.seal_all().await.expect("seals");
    let report = scenario.services.verify_against(Some(&kept), |_, _| {}).await.expect("a report");
    assert_eq!((report.kept, report.count), (None, 0), "{:?}", report.differences);
    let (is_fine, text) = checked(&scenario, Some(&kept)).await;
    assert!(!is_fine && text.contains("never had the head"), "{text}");
}

#[tokio::test]
async fn a_step_or_a_seal_that_is_gone_is_found() {
    // what is done, the table whose triggers are in the way, words of the difference
    let table = [
        ("DELETE FROM seals WHERE number = 3", "seals", "seals 3 to 3 are missing"),
        ("UPDATE log SET reason = 'another' WHERE seq = 2", "log", "is not what was sealed as number 2"),
        ("UPDATE seals SET head = 'x' WHERE number = 2", "seals", "is not what was sealed as number 2"),
    ];
    for (statement, triggers, words) in table {
        let scenario = Scenario::start().await;
        scenario.services.seal_all().await.expect("seals");
        scenario.tamper(statement, triggers).await;
        let report = scenario.verify().await;
        assert!(
            report.differences.iter().any(|line| line.contains(words)),
            "{words}: {:?}",
            report.differences
        );
    }
}
