//! One run of a mutation: preview, idempotency key, and the effects in its payload.

use async_graphql::{Context, InputType, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::service::Services;
use crate::service::run::{self, IdempotencyKey};

/// Fields of an input that are no part of its content.
const NOT_CONTENT: [&str; 2] = ["preview", "idempotencyKey"];

/// The services for one run of a mutation with this input.
pub(crate) fn mutation_services(
    context: &Context<'_>,
    input: &impl InputType,
    preview: bool,
    key: Option<&str>,
) -> Services {
    let mutation = || context.field().name().to_owned();
    let key =
        key.map(|key| IdempotencyKey { mutation: mutation(), key: key.to_owned(), digest: digest(input) });
    context.data_unchecked::<Services>().for_mutation(preview, key)
}

/// Runs the mutations of a document. What a preview would create or change is read as in a real run, before it is undone.
pub(crate) async fn with_previews<T>(operation: impl Future<Output = T>) -> T {
    run::with_previews(operation).await
}

/// The result of a mutation. A repeat of its key has the object of the first run, as it is now.
pub(crate) async fn or_first<T>(
    result: Result<T, Error>,
    load: impl AsyncFnOnce(Uuid) -> Result<Option<T>, Error>,
) -> Result<T, Error> {
    let Err(Error::Repeated(first)) = result else { return result };
    let gone = || Error::Damaged("the object of an idempotency key".to_owned());
    load(first.object.ok_or_else(gone)?).await?.ok_or_else(gone)
}

fn digest(input: &impl InputType) -> String {
    let mut value = input.to_value();
    if let Value::Object(fields) = &mut value {
        fields.retain(|name, _| !NOT_CONTENT.contains(&name.as_str()));
    }
    let digits =
        |byte: &u8| [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'));
    Sha256::digest(value.to_string()).iter().flat_map(digits).collect()
}
