//! Steps of the log that recorded an activity, which nearly all do, read as lines. An activity has what a fold depends on, and
//! nothing of what it came to.

use std::sync::LazyLock;

use entity::activity;
use entity::value::{ActivityStatus, LogAction};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::lines::{self, Columns, Fields, Form, Page};
use super::log::LoggedStep;
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

/// Those after a place in the log, at most `limit` of them, in no order; none if a line of them cannot be told from others,
/// as one with a text that has a divider.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: i64,
) -> Result<Option<Vec<LoggedStep>>, DbErr> {
    static PAGES: LazyLock<Sql> = LazyLock::new(|| {
        let rows = "FROM log l LEFT JOIN activities a ON a.id = l.activity_id \
             WHERE l.seq > $3 AND l.action = 'RECORDED' ORDER BY l.seq LIMIT $4";
        lines::pages(COLUMNS, rows)
    });
    let page = Page::read(connection, &PAGES, [seq.into(), limit.into()]).await?;
    let backend = connection.get_database_backend();
    let steps: Option<Vec<LoggedStep>> = page.lines().map(|line| step(line, backend)).collect();
    Ok(steps.filter(|steps| i64::try_from(steps.len()) == Ok(page.count)))
}

fn step(line: &str, backend: DbBackend) -> Option<LoggedStep> {
    let mut fields = Fields::of(line, backend);
    let fields = &mut fields;
    let (seq, recorded_at) = (fields.number()??, fields.moment()??);
    let activity = activity::Model {
        id: fields.id()??,
        seq: fields.number()??,
        partner_id: fields.id()?,
        professional_id: fields.id()?,
        kind: fields.text()??.to_owned(),
        occurred_on: fields.day()??,
        quantity: fields.number()??,
        points: fields.number()?,
        attributes: fields.text()??.to_owned(),
        source: fields.text()??.to_owned(),
        external_id: fields.text()??.to_owned(),
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
    fields.is_over().then_some(LoggedStep {
        seq,
        recorded_at,
        action: LogAction::Recorded,
        activity: Some(activity),
        points: None,
        step_ends_on: None,
        affiliation: None,
        order_id: None,
        deal_id: None,
        sales_target_id: None,
        swag_order_id: None,
        is_about_subject: false,
        partner_id: None,
        professional_id: None,
        contract_id: None,
        quote_id: None,
        day: None,
        reason: None,
        currency: None,
        amount: None,
        data: None,
    })
}
