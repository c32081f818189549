#!/usr/bin/env bash
# async-graphql 7.0.19: a variable that is left out arrives as null, in an argument and in an input object.
#
# By the specification (Coercing Field Arguments; Input Objects, Input Coercion) an argument or a field whose
# variable has no value is as if it were not written: its default applies, or it is unset. The library passes
# an explicit null instead: the default is not applied, and an update that treats null as "clear" clears what
# the client did not mention.
#
# Seen: async-graphql 7.0.19. Output, the values of {unset, with a default of 7}:
#   nothing written: unset 7
#   variables without values in an object literal: null null
#   variables without values as arguments: null null
#   the default of a variable for the whole object: unset 7
#
# Requires cargo.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "variable-left-out"
version = "0.1.0"
edition = "2024"

[dependencies]
async-graphql = { version = "=7.0.19", default-features = false }
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat >"$folder/src/main.rs" <<'RUST'
use async_graphql::{
    EmptyMutation, EmptySubscription, InputObject, MaybeUndefined, Object, Request, Schema, Variables,
};

#[derive(InputObject)]
struct Patch {
    text: MaybeUndefined<String>,
    #[graphql(default = 7)]
    number: Option<i32>,
}

fn seen(text: &MaybeUndefined<String>, number: Option<i32>) -> String {
    let text = match text {
        MaybeUndefined::Undefined => "unset",
        MaybeUndefined::Null => "null",
        MaybeUndefined::Value(_) => "a value",
    };
    format!("{text} {}", number.map_or("null".to_owned(), |number| number.to_string()))
}

struct Query;

#[Object]
impl Query {
    async fn object(&self, patch: Patch) -> String {
        seen(&patch.text, patch.number)
    }

    async fn arguments(
        &self,
        text: MaybeUndefined<String>,
        #[graphql(default = 7)] number: Option<i32>,
    ) -> String {
        seen(&text, number)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    for (what, document) in [
        ("nothing written", "{ object(patch: {}) }"),
        (
            "variables without values in an object literal",
            "query ($t: String, $n: Int) { object(patch: { text: $t, number: $n }) }",
        ),
        (
            "variables without values as arguments",
            "query ($t: String, $n: Int) { arguments(text: $t, number: $n) }",
        ),
        (
            "the default of a variable for the whole object",
            "query ($patch: Patch! = {}) { object(patch: $patch) }",
        ),
    ] {
        let response = schema.execute(Request::new(document).variables(Variables::default())).await;
        assert!(response.is_ok(), "{document}: {:?}", response.errors);
        let data = response.data.into_json().expect("JSON");
        let value = data.as_object().and_then(|data| data.values().next()).and_then(|it| it.as_str());
        println!("{what}: {}", value.expect("a text"));
    }
}
RUST
output=$(cargo run --quiet --manifest-path "$folder/Cargo.toml" --target-dir "${CARGO_TARGET_DIR:-$folder/target}")
printf '%s\n' "$output"
expected='nothing written: unset 7
variables without values in an object literal: null null
variables without values as arguments: null null
the default of a variable for the whole object: unset 7'
[[ $output == "$expected" ]] || { echo "The behaviour has changed." >&2; exit 1; }
