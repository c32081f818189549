//! `import --undo`: voids the activities of an import, with its effects shown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::ImportArguments;
use crate::access::Caller;
use crate::cli::database::{open_existing, shown};
use crate::cli::{CommandError, EXIT_ROWS_REFUSED};
use crate::config::Settings;
use crate::graphql::read_import_run_id;
use crate::service::activities::VoidOutcome;
use crate::service::run::{Effects, SubjectId};
use crate::service::{ObjectId, Services};

/// Reason for an undo that was given none.
const REASON: &str = "The import is undone.";
/// Most refusals that are printed.
const PRINTED_MAX: usize = 1_000;

/// A level before and after.
type FirstAndLast = (Option<String>, Option<String>);

/// What an undo did.
#[derive(Debug, Default)]
struct Undone {
    voided: u64,
    by_kind: BTreeMap<String, u64>,
    refused: Vec<String>,
    /// Level credits and spendable credits of partners.
    credits: HashMap<Uuid, (i64, i64)>,
    /// Points and Dojo Credits of professionals.
    points: HashMap<Uuid, (i64, i64)>,
    /// The first and the last level by subject and track.
    levels: BTreeMap<(Uuid, &'static str), FirstAndLast>,
}

/// Voids the activities of a run, or shows what that would do.
pub(super) async fn undo(
    settings: &Settings,
    run: &str,
    arguments: &ImportArguments,
) -> Result<u8, CommandError> {
    if !arguments.dry_run && !arguments.yes {
        return Err(CommandError(
            "--undo voids all activities of the import; see its effects with --dry-run, then repeat it with --yes"
                .to_owned(),
        ));
    }
    let opened = open_existing(settings, "with import --create").await?;
    println!("database: {}", shown(&settings.database_url));
    let services = opened.for_caller(Arc::new(Caller::system("import")), None);
    let id = ObjectId { key: read_import_run_id(run), text: run };
    let reason = arguments.reason.as_deref().unwrap_or(REASON);
    let undone = if arguments.dry_run {
        let (trial, whole) = services.begin_whole().await?;
        let undone = void_all(&trial, id, reason).await;
        whole.rollback(trial).await?;
        undone?
    } else {
        void_all(&services, id, reason).await?
    };
    undone.print(&services).await?;
    services.database().clone().close().await?;
    if arguments.dry_run {
        println!("dry run: nothing was kept");
    }
    Ok(if undone.refused.is_empty() { 0 } else { EXIT_ROWS_REFUSED })
}

/// Voids batch after batch, until no activity of the run counts or none more can be voided.
async fn void_all(services: &Services, run: ObjectId<'_>, reason: &str) -> Result<Undone, CommandError> {
    let mut undone = Undone::default();
    loop {
        let part = services.for_mutation(false, None);
        let batch = part.import_run_void(run, reason).await?;
        undone.add(&part.effects());
        undone.refused.clear();
        let before = undone.voided;
        for outcome in batch.outcomes {
            match outcome {
                VoidOutcome::Voided(row) => {
                    undone.voided += 1;
                    *undone.by_kind.entry(row.kind.clone()).or_default() += 1;
                }
                VoidOutcome::Refused(refusals) => {
                    undone.refused.extend(refusals.iter().map(|refusal| refusal.message.clone()));
                }
            }
        }
        if batch.remaining == 0 || undone.voided == before {
            return Ok(undone);
        }
    }
}

impl Undone {
    fn add(&mut self, effects: &Effects) {
        for entry in &effects.ledger {
            let (level, spendable) = self.credits.entry(entry.partner_id).or_default();
            *level += entry.level_credits;
            *spendable += entry.spendable_credits;
        }
        for entry in &effects.points {
            let (points, dojo) = self.points.entry(entry.professional_id).or_default();
            *points += entry.points;
            *dojo += entry.dojo_credits;
        }
        for (subject, change) in &effects.levels {
            let (SubjectId::Partner(id) | SubjectId::Professional(id)) = subject;
            let code = |level: &Option<Arc<crate::program::level::Level>>| {
                level.as_ref().map(|one| one.code.clone())
            };
            let track = change.track.map_or("level", |track| match track {
                crate::program::rule::Track::Technical => "technical level",
                crate::program::rule::Track::Business => "business level",
            });
            let known = self.levels.entry((*id, track)).or_insert_with(|| (code(&change.from), None));
            known.1 = code(&change.to);
        }
    }

    /// Prints sums by subject, levels, counts by kind, and the total.
    async fn print(&self, services: &Services) -> Result<(), CommandError> {
        let partners: Vec<Uuid> = self.credits.keys().copied().collect();
        let people: Vec<Uuid> = self.points.keys().copied().collect();
        let mut codes: HashMap<Uuid, String> = HashMap::new();
        for ids in partners.chunks(1_000) {
            codes.extend(services.partners_by_ids(ids).await?.into_iter().map(|(id, row)| (id, row.code)));
        }
        for ids in people.chunks(1_000) {
            codes.extend(
                services.professionals_by_ids(ids).await?.into_iter().map(|(id, row)| (id, row.code)),
            );
        }
        let code = |id: &Uuid| codes.get(id).cloned().unwrap_or_else(|| id.to_string());
        for refusal in self.refused.iter().take(PRINTED_MAX) {
            println!("{refusal}");
        }
        let credits = self.credits.iter().map(|(id, (level, spendable))| {
            format!("{}: level credits {level:+}, balance {spendable:+}", code(id))
        });
        let points = self
            .points
            .iter()
            .map(|(id, (points, dojo))| format!("{}: points {points:+}, Dojo Credits {dojo:+}", code(id)));
        let mut lines: Vec<String> = credits.chain(points).collect();
        lines.sort_unstable();
        let name = |level: &Option<String>| level.clone().unwrap_or_else(|| "none".to_owned());
        let levels = self.levels.iter().filter(|(_, (from, to))| from != to);
        let mut levels: Vec<String> = levels
            .map(|((id, track), (from, to))| {
                format!("{}: {track} from {} to {}", code(id), name(from), name(to))
            })
            .collect();
        levels.sort_unstable();
        for line in lines.iter().chain(&levels) {
            println!("{line}");
        }
        for (kind, count) in &self.by_kind {
            println!("{kind}: voided {count}");
        }
        println!("total: voided {}, refused {}", self.voided, self.refused.len());
        Ok(())
    }
}
