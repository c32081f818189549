#!/usr/bin/env bash
# async-graphql 7.2: a failed field that must not be null is left out, and keys come in the order of completion.
#
# By the specification (Handling Execution Errors; Response Map Ordering) an error in a non-null field makes the nearest nullable
# parent null, and the entries of an object are in the order of their selection. 7.0.19 does both. 7.2.1, the newest stable version,
# answers an object without the field, which clients that are generated from the schema cannot read, and puts entries in the order
# in which their resolvers end, so that the same query gives different bytes. 8.0.0-rc.5 does both again.
#
# Seen: async-graphql 7.0.19, 7.2.1 and 8.0.0-rc.5. Each line: the version, `{ outer { good bad } }` where `bad: Int!` fails and `outer` is nullable, and `{ slow fast }`.
#
# Requires cargo.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/src/main.rs" <<'RUST'
use async_graphql::{EmptyMutation, EmptySubscription, Object, Result, Schema};

struct Outer;

#[Object]
impl Outer {
    async fn good(&self) -> i32 {
        1
    }

    async fn bad(&self) -> Result<i32> {
        Err("it failed".into())
    }
}

struct Query;

#[Object]
impl Query {
    async fn outer(&self) -> Option<Outer> {
        Some(Outer)
    }

    async fn slow(&self) -> i32 {
        // Ends after the other field has.
        tokio::task::yield_now().await;
        1
    }

    async fn fast(&self) -> i32 {
        2
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let mut data = Vec::new();
    for document in ["{ outer { good bad } }", "{ slow fast }"] {
        let response = schema.execute(document).await;
        data.push(serde_json::to_string(&response.data).expect("JSON"));
    }
    println!("{}", data.join(" "));
}
RUST
output=$(for version in 7.0.19 7.2.1 8.0.0-rc.5; do
    cat >"$folder/Cargo.toml" <<TOML
[package]
name = "null-and-order"
version = "0.1.0"
edition = "2024"

[dependencies]
async-graphql = { version = "=$version", default-features = false }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }
TOML
    rm -f -- "$folder/Cargo.lock"
    printf '%s: ' "$version"
    cargo run --quiet --manifest-path "$folder/Cargo.toml" --target-dir "${CARGO_TARGET_DIR:-$folder/target}"
done)
printf '%s\n' "$output"
expected='7.0.19: {"outer":null} {"slow":1,"fast":2}
7.2.1: {"outer":{"good":1}} {"fast":2,"slow":1}
8.0.0-rc.5: {"outer":null} {"slow":1,"fast":2}'
[[ $output == "$expected" ]] || { echo "The behaviour has changed." >&2; exit 1; }
