//! Which documents are cached, and how many.

use partner_program::graphql::documents::{Documents, schemas};
use partner_program::graphql::limits::Limits;
use partner_program::graphql::schema_types::{SchemaTypes, api_scalars};

use crate::query;
use crate::toy::{self, Toy};

#[tokio::test]
async fn only_valid_documents_are_cached() {
    let toy = Toy::start().await;
    for document in ["{ nope }", "{", "{ hello @nope }"] {
        query(&toy, document).await;
    }
    assert_eq!(toy.endpoint.documents.cached(), 0);
    query(&toy, "{ hello }").await;
    query(&toy, &format!("{{ hello }}{}", "#".repeat(20_000))).await;
    assert_eq!(toy.endpoint.documents.cached(), 1);
}

#[tokio::test]
async fn the_number_of_cached_documents_is_bounded() {
    let counter = std::sync::Arc::default();
    let build = || toy::schema(&counter);
    let types = SchemaTypes::from_sdl(&build().finish().sdl(), &api_scalars()).unwrap();
    let documents = Documents::new(schemas(build), types, Limits::default(), 50, 1 << 20);
    for index in 0..500 {
        let source = format!("{{ a{index}: hello }}");
        documents.prepare(&source.as_str().into(), None, Default::default()).await.unwrap();
        assert!((1..=50).contains(&documents.cached()), "{}", documents.cached());
    }
}
