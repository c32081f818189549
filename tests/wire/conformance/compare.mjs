// Compares the server with the reference implementation: the same documents are refused before anything runs.
//
// Arguments: URL and key of the server, and the file of the schema. Once all documents were sent that the reference
// implementation refuses, it waits for a line of input.

import { readFileSync } from "node:fs";

import { SAME_RESULTS, cases } from "./cases.mjs";
import { generated } from "./generated.mjs";
import { references } from "./reference.mjs";

const [url, key, schema] = process.argv.slice(2);
const CONCURRENCY = 4;
// Errors that are printed.
const SHOWN = 40;

// Where the server deliberately differs from the reference implementation. `error` is that of the server, if it refuses.
const DELIBERATE = [
  {
    why: "A variable that is null where only a default takes the place of a value is refused before anything runs. The reference implementation reports an error of the field, after others may have run.",
    applies: (_, error) => /^Variable \$\w+ must not be null: it is used where a value is required/.test(error?.message),
  },
  {
    why: "A selection set without selections is refused, as the grammar says. Version 17 of the reference implementation parses it, version 16 does not.",
    applies: ({ document, reasons }, error) => /\{ \}/.test(document) && reasons[0] && error?.message.startsWith("Syntax error"),
  },
  {
    why: "A variable that may be null is refused as the only field of a oneOf object, as the specification says. The reference implementation misses it where the type of the object is non-null.",
    applies: ({ document }, error) => document.includes("subject: {partner: $v}") && /^The variable "\$v" of type "String" cannot/.test(error?.message),
  },
  {
    why: "A string and a block string with one value are the same argument. The reference implementation compares how they are written.",
    applies: ({ document }, error) => !error && document.includes('partner(code: "a")') && document.includes('partner(code: """a""")'),
  },
  {
    why: "An escape may have any number of leading zeros, as the grammar says. The reference implementation reads eight digits at most.",
    applies: ({ document }, error) => !error && document.includes("\\u{000000041}"),
  },
];

const post = async ({ document, variables, operationName }) => {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json",
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ query: document, variables, operationName }),
  });
  return response.json();
};

const all = (sdl) => {
  const [older, newer] = references(sdl);
  const found = [...cases(), ...generated(newer.graphql, newer.schema)];
  // As JSON, because a variable is left out of a request by leaving it out.
  const sent = found.map((one) => JSON.parse(JSON.stringify(one)));
  return sent.map((one) => ({ ...one, reasons: [older.refusal(one), newer.refusal(one)] }));
};

const problems = [];
const differences = new Map(DELIBERATE.map(({ why }) => [why, 0]));

const check = async (one) => {
  const body = await post(one);
  const isRefused = !("data" in body);
  const [error] = body.errors ?? [];
  const reason = one.reasons[1];
  if (error?.extensions.code === "INTERNAL_SERVER_ERROR" || (isRefused && !error)) {
    problems.push(`fails: ${JSON.stringify(one)}: ${JSON.stringify(body)}`);
  }
  if (isRefused === (reason !== undefined)) {
    return;
  }
  const refusal = isRefused ? error : undefined;
  const deliberate = DELIBERATE.find(({ applies }) => applies(one, refusal));
  if (deliberate) {
    differences.set(deliberate.why, differences.get(deliberate.why) + 1);
  } else {
    const said = isRefused ? `is refused, "${error.message}"` : "is run";
    problems.push(`${said}, and the reference implementation says "${reason}": ${JSON.stringify(one)}`);
  }
};

const send = async (documents) => {
  const pending = documents.values();
  const work = async () => {
    for (const one of pending) {
      await check(one);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
};

const documents = all(readFileSync(schema, "utf8"));
const [refused, run] = [true, false].map((refused) => documents.filter(({ reasons }) => (reasons[1] !== undefined) === refused));
await send(refused);
console.log("All refused documents were sent.");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.destroy();
await send(run);
for (const [document, same] of SAME_RESULTS) {
  const [a, b] = await Promise.all([post({ document }), post({ document: same })]);
  if (JSON.stringify(a) !== JSON.stringify(b) || !a.data) {
    problems.push(`${document} and ${same} differ: ${JSON.stringify(a)} ${JSON.stringify(b)}`);
  }
}
for (const [why, count] of differences) {
  console.log(`${count} differ: ${why}`);
  if (count === 0) {
    problems.push("no document shows this difference");
  }
}
const editions = documents.filter(({ reasons }) => (reasons[0] === undefined) !== (reasons[1] === undefined));
console.log(`${documents.length} documents, ${refused.length} of them refused; version 16 judges ${editions.length} otherwise than version 17`);
console.log(problems.slice(0, SHOWN).join("\n"));
console.log(`${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
