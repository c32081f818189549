#!/usr/bin/env bash
# What apollo-compiler and graphql-js judge differently, by the specification of September 2025.
#
# apollo-compiler is kept by people who validate with it in production. Yet it refuses descriptions of operations, of variables
# and of fragments, which that edition allows; it refuses a schema whose input object is @oneOf unless the schema defines that
# directive, and with it defined does not apply its rule to values; and it looks less closely into input objects: a field given
# twice, a nullable variable for a field that must not be null, and a variable that no operation defines within a value of a
# custom scalar are valid to it. Whoever executes what it has validated has to check these by themselves.
#
# Seen: apollo-compiler 1.33.1, graphql 16.15.0 (Node.js). Each line: who says so, and the document.
#
# Requires cargo, and Node.js with npm.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/schema.graphql" <<'GRAPHQL'
type Query {
  value(number: Int, date: Date, both: Both, one: One): Int
}
scalar Date
input Both {
  needed: Int!
}
input One @oneOf {
  left: Int
  right: Int
}
GRAPHQL
cat >"$folder/documents" <<'GRAPHQL'
"What it is for." query Named { value }
query Named("What it is for." $n: Int) { value(number: $n) }
{ ...Part } "What it is for." fragment Part on Query { value }
{ value(both: { needed: 1, needed: 2 }) }
query ($n: Int) { value(both: { needed: $n }) }
{ value(date: { day: $day }) }
{ value(one: { left: 1, right: 2 }) }
{ value(one: { left: null }) }
query ($n: Int = 1) { value(both: { needed: $n }) }
{ value(one: { left: 1 }) }
GRAPHQL
cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "judged-differently"
version = "0.1.0"
edition = "2024"

[dependencies]
apollo-compiler = "=1.33.1"
TOML
cat >"$folder/src/main.rs" <<'RUST'
use apollo_compiler::{ExecutableDocument, Schema};

fn main() {
    let schema = std::fs::read_to_string("schema.graphql").expect("a file");
    let word = |is_valid: bool| if is_valid { "valid" } else { "refused" };
    println!("{}\tthe schema", word(Schema::parse_and_validate(&schema, "schema.graphql").is_ok()));
    let defined = format!("directive @oneOf on INPUT_OBJECT\n{schema}");
    let schema = Schema::parse_and_validate(defined, "schema.graphql").expect("a schema");
    for document in std::fs::read_to_string("documents").expect("a file").lines() {
        let is_valid = ExecutableDocument::parse_and_validate(&schema, document, "document.graphql").is_ok();
        println!("{}\t{document}", word(is_valid));
    }
}
RUST
cat >"$folder/judge.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
console.log('valid\tthe schema');
for (const document of readFileSync('documents', 'utf8').trimEnd().split('\n')) {
  console.log(`${validate(schema, parse(document)).length === 0 ? 'valid' : 'refused'}\t${document}`);
}
JS
cd -- "$folder"
npm install --silent --no-audit --no-fund --prefix . graphql@16.15.0 >/dev/null
cargo run --quiet --target-dir "${CARGO_TARGET_DIR:-$folder/target}" >apollo
node judge.mjs >js
output=$(paste apollo js | awk -F '\t' '{ print ($1 == $3 ? "both " $1 : "apollo-compiler " $1 ", graphql-js " $3) ": " $2 }')
printf '%s\n' "$output"
expected=$(cat <<'TEXT'
apollo-compiler refused, graphql-js valid: the schema
apollo-compiler refused, graphql-js valid: "What it is for." query Named { value }
apollo-compiler refused, graphql-js valid: query Named("What it is for." $n: Int) { value(number: $n) }
apollo-compiler refused, graphql-js valid: { ...Part } "What it is for." fragment Part on Query { value }
apollo-compiler valid, graphql-js refused: { value(both: { needed: 1, needed: 2 }) }
apollo-compiler valid, graphql-js refused: query ($n: Int) { value(both: { needed: $n }) }
apollo-compiler valid, graphql-js refused: { value(date: { day: $day }) }
apollo-compiler valid, graphql-js refused: { value(one: { left: 1, right: 2 }) }
apollo-compiler valid, graphql-js refused: { value(one: { left: null }) }
both valid: query ($n: Int = 1) { value(both: { needed: $n }) }
both valid: { value(one: { left: 1 }) }
TEXT
)
[[ $output == "$expected" ]] || { echo "The behaviour has changed." >&2; exit 1; }
