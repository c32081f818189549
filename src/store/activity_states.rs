//! What activities came to, read as lines.

use std::sync::LazyLock;

use entity::value::ActivityStatus;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ActiveEnum, ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::lines::{self, Columns, Fields, Form, Misshapen, Page, present};
use super::sql::Sql;

/// What the steps of the log made of an activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActivityState {
    pub(crate) id: Uuid,
    /// Place in the log of the step that recorded or submitted it.
    pub(crate) seq: i64,
    pub(crate) recorded_at: DateTimeUtc,
    pub(crate) status: ActivityStatus,
    pub(crate) graded_points: Option<i64>,
    pub(crate) awarded_points: i64,
    pub(crate) awarded_credits: i64,
}

const COLUMNS: Columns<'_> = &[
    ("id", Form::Id),
    ("seq", Form::Number),
    ("recorded_at", Form::Moment),
    ("status", Form::Text),
    ("graded_points", Form::Number),
    ("awarded_points", Form::Number),
    ("awarded_credits", Form::Number),
];

/// Those after a place in the log, at most `limit` of them, in no order.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: i64,
) -> Result<Vec<ActivityState>, DbErr> {
    static PAGES: LazyLock<Sql> =
        LazyLock::new(|| lines::pages(COLUMNS, "FROM activities WHERE seq > $3 ORDER BY seq LIMIT $4"));
    let page = Page::read(connection, &PAGES, [seq.into(), limit.into()]).await?;
    let backend = connection.get_database_backend();
    let states: Result<Vec<ActivityState>, Misshapen> =
        page.lines().map(|line| state(line, backend)).collect();
    states.map_err(|Misshapen| DbErr::Type("an activity has a value of another type".to_owned()))
}

fn state(line: &str, backend: DbBackend) -> Result<ActivityState, Misshapen> {
    let mut fields = Fields::of(line, backend);
    Ok(ActivityState {
        id: present(fields.id())?,
        seq: present(fields.number())?,
        recorded_at: present(fields.moment())?,
        status: ActivityStatus::try_from_value(&present(fields.text())?.to_owned()).map_err(|_| Misshapen)?,
        graded_points: fields.number()?,
        awarded_points: present(fields.number())?,
        awarded_credits: present(fields.number())?,
    })
}
