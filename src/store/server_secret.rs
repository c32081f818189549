//! Secrets that the processes of a database share.

use entity::server_secret;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

/// The purpose of the secret that signs confirmations.
const CONFIRMATIONS: &str = "CONFIRMATIONS";

/// The secret that signs the confirmations of agents.
pub(crate) async fn confirmations(connection: &impl ConnectionTrait) -> Result<String, DbErr> {
    let row = server_secret::Entity::find_by_id(CONFIRMATIONS).one(connection).await?;
    row.map(|row| row.secret).ok_or_else(|| DbErr::RecordNotFound("the secret of confirmations".to_owned()))
}
