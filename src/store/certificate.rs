//! Certificates of levels, and their places in status lists.

use entity::certificate;
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::sql::{self, sql};

/// The certificate of an address.
pub(crate) async fn by_token(
    connection: &impl ConnectionTrait,
    token: &str,
) -> Result<Option<certificate::Model>, DbErr> {
    sql!(BY_TOKEN, "SELECT * FROM certificates WHERE token = $1");
    let statement = BY_TOKEN.bind(connection.get_database_backend(), [token.into()]);
    certificate::Entity::find().from_raw_sql(statement).one(connection).await
}

/// Certificates of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<certificate::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM certificates WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    certificate::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Certificates of these partners and of those that were merged into them, in the order of issuing.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<certificate::Model>, DbErr> {
    sql!(
        OF_PARTNERS,
        "SELECT c.* FROM certificates c WHERE c.partner_id IN \
         (SELECT p.id FROM partners p WHERE p.id @uuids1 OR p.merged_into @uuids1) ORDER BY c.id"
    );
    let backend = connection.get_database_backend();
    let statement = OF_PARTNERS.bind(backend, [sql::ids(backend, ids.iter().copied())]);
    certificate::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Certificates of these professionals and of those that were merged into them, in the order of issuing.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<certificate::Model>, DbErr> {
    sql!(
        OF_PROFESSIONALS,
        "SELECT c.* FROM certificates c WHERE c.professional_id IN \
         (SELECT p.id FROM professionals p WHERE p.id @uuids1 OR p.merged_into @uuids1) ORDER BY c.id"
    );
    let backend = connection.get_database_backend();
    let statement = OF_PROFESSIONALS.bind(backend, [sql::ids(backend, ids.iter().copied())]);
    certificate::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The certificates of a status list.
pub(crate) async fn of_list(
    connection: &impl ConnectionTrait,
    list: i32,
) -> Result<Vec<certificate::Model>, DbErr> {
    sql!(OF_LIST, "SELECT * FROM certificates WHERE list = $1");
    let statement = OF_LIST.bind(connection.get_database_backend(), [list.into()]);
    certificate::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The certificate with the same content as one that is about to be issued.
pub(crate) async fn same(
    connection: &impl ConnectionTrait,
    new: &certificate::Model,
) -> Result<Option<certificate::Model>, DbErr> {
    sql!(
        OF_PARTNER,
        "SELECT * FROM certificates WHERE partner_id = $1 AND level_of = $2 AND level = $3 AND valid_from = $4 \
         AND valid_until = $5"
    );
    sql!(
        OF_PROFESSIONAL,
        "SELECT * FROM certificates WHERE professional_id = $1 AND level_of = $2 AND level = $3 \
         AND valid_from = $4 AND valid_until = $5"
    );
    let (statement, holder) = match (new.partner_id, new.professional_id) {
        (Some(id), _) => (&*OF_PARTNER, id),
        (None, Some(id)) => (&*OF_PROFESSIONAL, id),
        (None, None) => return Ok(None),
    };
    let values: [Value; 5] = [
        holder.into(),
        new.level_of.to_value().into(),
        new.level.clone().into(),
        new.valid_from.into(),
        new.valid_until.into(),
    ];
    let statement = statement.bind(connection.get_database_backend(), values);
    certificate::Entity::find().from_raw_sql(statement).one(connection).await
}

/// The newest status list and how many certificates it has; none before the first certificate.
pub(crate) async fn newest_list(connection: &impl ConnectionTrait) -> Result<Option<(i32, i64)>, DbErr> {
    #[derive(FromQueryResult)]
    struct Newest {
        list: i32,
        certificates: i64,
    }
    sql!(
        NEWEST,
        "SELECT list, COUNT(*) AS certificates FROM certificates \
         WHERE list = (SELECT MAX(list) FROM certificates) GROUP BY list"
    );
    let statement = NEWEST.bind(connection.get_database_backend(), []);
    let found = Newest::find_by_statement(statement).one(connection).await?;
    Ok(found.map(|newest| (newest.list, newest.certificates)))
}

/// Whether a certificate has a place of a status list.
pub(crate) async fn is_taken(
    connection: &impl ConnectionTrait,
    (list, place): (i32, i32),
) -> Result<bool, DbErr> {
    sql!(TAKEN, "SELECT place FROM certificates WHERE list = $1 AND place = $2");
    let statement = TAKEN.bind(connection.get_database_backend(), [list.into(), place.into()]);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Keeps a certificate. Another transaction that issued the same, or took its place in the list, makes this one fail, and
/// start again.
pub(crate) async fn insert(connection: &impl ConnectionTrait, row: certificate::Model) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}
