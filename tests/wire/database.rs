//! A database of its own for a server, on the cluster of `./test`.

use std::future::Future;

use sea_orm::{ConnectionTrait, Database};

/// Takes the steps with the address of an empty database, which is dropped after them.
pub(crate) async fn with_postgres<Steps, Taken>(steps: Steps)
where
    Steps: FnOnce(String) -> Taken,
    Taken: Future<Output = ()>,
{
    let admin = std::env::var("TEST_POSTGRES_URL").expect("run ./test, which starts a PostgreSQL");
    let name = format!("wire_{}", uuid::Uuid::now_v7().simple());
    let connection = Database::connect(&admin).await.expect("the cluster of ./test");
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    let (server, _) = admin.rsplit_once('/').expect("an address with a database");
    steps(format!("{server}/{name}")).await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    connection.execute_unprepared(&drop).await.expect("a database");
}
