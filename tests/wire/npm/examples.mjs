// Validates the examples of GraphiQL, and executes each one in each of its roles:
// `node examples.mjs EXAMPLES.js SCHEMA.graphql URL KEYS-BY-ROLE DAY`.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { buildSchema, getOperationAST, parse, validate } from 'graphql';

const [file, schemaFile, url, keys, day] = process.argv.slice(2);
const { examples, filledIn } = await import(pathToFileURL(file));
const schema = buildSchema(readFileSync(schemaFile, 'utf8'));
const keyOf = JSON.parse(keys);

// User errors that an example demonstrates, on its first run or on a repeat.
const REFUSALS = {
  'Record a batch': ['UNKNOWN_KIND'],
  'Enrol a partner': ['ALREADY_EXISTS'],
  // Whoever saved a draft does not approve it.
  'Approve a draft': ['WRONG_STATE'],
  // Publishing is for good, so the example names no draft.
  'Publish a draft': ['NOT_FOUND'],
};

const failures = [];
let answered = 0;
const groups = examples({ day });
for (const { title: group, roles, examples } of groups) {
  for (const example of examples) {
    const { title, description, query } = example;
    const fail = (role, why) => failures.push(`${group}, ${title}, ${role}: ${why}`);
    if (!description || !/^(query|mutation|subscription) [A-Z]/.test(query)) {
      fail('-', 'no description, or the operation has no name');
    }
    const document = parse(query);
    for (const error of validate(schema, document)) {
      fail('-', error.message);
    }
    for (const role of roles) {
      const ask = getOperationAST(document).operation === 'subscription' ? first : post;
      try {
        const found = async (query) => (await post(keyOf[role], query)).data;
        const answer = await ask(keyOf[role], query, await filledIn(example, found));
        const codes = JSON.stringify(answer).match(/"code":"[A-Z_]+","message"/g) ?? [];
        const unexpected = codes.filter((code) => !(REFUSALS[title] ?? []).some((it) => code.includes(it)));
        if (answer.errors || unexpected.length > 0 || Object.values(answer.data).includes(null)) {
          fail(role, JSON.stringify(answer).slice(0, 500));
        }
        answered += 1;
      } catch (error) {
        fail(role, error.message);
      }
    }
  }
}

async function post(key, query, variables, accept = 'application/json', signal = undefined) {
  const response = await request(key, query, variables, accept, signal);
  return response.json();
}

// The first event of all: a subscription from the beginning of the feed does not wait.
async function first(key, query, variables) {
  const stop = new AbortController();
  const limit = setTimeout(() => stop.abort(new Error('no event')), 30_000);
  const response = await request(key, query, { ...variables, after: 0 }, 'text/event-stream', stop.signal);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const event = /^event: next\r?\ndata: ?(.*)\r?\n\r?\n/m.exec(text);
    if (event) {
      clearTimeout(limit);
      stop.abort();
      return JSON.parse(event[1]);
    }
  }
  throw new Error(`the stream ended: ${text.slice(0, 500)}`);
}

function request(key, query, variables, accept, signal) {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: accept, Authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
    signal,
  });
}

for (const failure of failures) {
  console.log(failure);
}
console.log(`examples: ${groups.length} groups, ${answered} answers, ${failures.length} failures`);
process.exitCode = failures.length === 0 ? 0 : 1;
