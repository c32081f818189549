//! Steps of the log that recorded an activity, which nearly all do, read as lines. An activity has what a fold depends on, and
//! nothing of what it came to.

use std::sync::LazyLock;

use entity::activity;
use entity::value::ActivityStatus;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::lines::{self, Columns, Fields, Form, Misshapen, Page, present};
use super::sql::Sql;

const COLUMNS: Columns<'_> = &[
    ("l.seq", Form::Number),
    ("l.recorded_at", Form::Moment),
    ("a.id", Form::Id),
    ("a.seq", Form::Number),
    ("a.partner_id", Form::Id),
    ("a.professional_id", Form::Id),
    ("a.kind", Form::Text),
    ("a.occurred_on", Form::Number),
    ("a.quantity", Form::Number),
    ("a.points", Form::Number),
    ("a.attributes", Form::Text),
    ("a.source", Form::Text),
    ("a.external_id", Form::Text),
];

/// A step that recorded an activity.
#[derive(Clone, Debug)]
pub(super) struct RecordedStep {
    pub(super) seq: i64,
    pub(super) recorded_at: DateTimeUtc,
    pub(super) activity: activity::Model,
}

/// Those after a place in the log, at most `limit` of them, in no order; none if a line of them cannot be told from others,
/// as one with a text that has a divider.
pub(super) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: i64,
) -> Result<Option<Vec<RecordedStep>>, DbErr> {
    static PAGES: LazyLock<Sql> = LazyLock::new(|| {
        let rows = "FROM log l LEFT JOIN activities a ON a.id = l.activity_id \
             WHERE l.seq > $3 AND l.action = 'RECORDED' ORDER BY l.seq LIMIT $4";
        lines::pages(COLUMNS, rows)
    });
    let page = Page::read(connection, &PAGES, [seq.into(), limit.into()]).await?;
    let backend = connection.get_database_backend();
    let steps: Result<Vec<RecordedStep>, Misshapen> = page.lines().map(|line| step(line, backend)).collect();
    Ok(steps.ok().filter(|steps| i64::try_from(steps.len()) == Ok(page.count)))
}

fn step(line: &str, backend: DbBackend) -> Result<RecordedStep, Misshapen> {
    let mut fields = Fields::of(line, backend);
    let (seq, recorded_at) = (present(fields.number())?, present(fields.moment())?);
    let activity = activity::Model {
        id: present(fields.id())?,
        seq: present(fields.number())?,
        partner_id: fields.id()?,
        professional_id: fields.id()?,
        kind: present(fields.text())?.to_owned(),
        occurred_on: present(fields.day())?,
        quantity: present(fields.number())?,
        points: fields.number()?,
        attributes: present(fields.text())?.to_owned(),
        source: present(fields.text())?.to_owned(),
        external_id: present(fields.text())?.to_owned(),
        recorded_at,
        status: ActivityStatus::Recorded,
        graded_points: None,
        awarded_points: 0,
        awarded_credits: 0,
        recorded_by: None,
        import_run_id: None,
        replaces: None,
        replaced_by: None,
        evidence_due_on: None,
    };
    if fields.is_over() { Ok(RecordedStep { seq, recorded_at, activity }) } else { Err(Misshapen) }
}
