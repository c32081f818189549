// Follows a server by the reference clients of both transports: `node subscriptions.mjs URL KEY`.

import { ask, clients, enrol, expect, inTime, meet, numbers } from './clients.mjs';

const [url, key] = process.argv.slice(2);

/** The next result of a stream, which must have no errors. */
async function data(stream, what) {
  const { value, done } = await inTime(stream.next(), what);
  expect(!done && !value.errors, `${what}: ${JSON.stringify({ value, done })}`);
  return value.data;
}

async function operations(name, client) {
  const query = client.iterate({ query: 'query($code: String!) { partner(code: $code) { code } }', variables: { code: 'wire' } });
  expect((await data(query, 'a query')).partner.code === 'wire', `${name}: a query`);
  expect((await inTime(query.next(), 'its end')).done, `${name}: a query ends`);
  const refused = client.iterate({ query: 'subscription { nothing }' });
  // One client throws the errors, the other gives them.
  const errors = await refused.next().then(({ value }) => value.errors, (thrown) => thrown);
  expect(errors[0]?.extensions?.code === 'GRAPHQL_VALIDATION_FAILED', `${name}: ${JSON.stringify(errors)}`);
}

async function follow(name, client) {
  const before = (await numbers(url, key)).at(-1);
  const all = client.iterate({ query: 'subscription($after: EventNumber) { events(after: $after) { number type } }', variables: { after: before } });
  const partner = client.iterate({
    query: 'subscription($after: EventNumber) { partnerChanged(code: "wire", after: $after) { number type partner { code balance } } }',
    variables: { after: before },
  });
  const firsts = [all.next(), partner.next()];
  await meet(url, key, 'wire');
  const [event, change] = (await inTime(Promise.all(firsts), `${name}: an event`)).map((it) => it.value.data);
  expect(event.events.number > before, `${name}: ${JSON.stringify(event)}`);
  expect(change.partnerChanged.partner.code === 'wire', `${name}: ${JSON.stringify(change)}`);
  expect(change.partnerChanged.type === 'CREDITS_CHANGED', `${name}: ${JSON.stringify(change)}`);
  await Promise.all([all.return(), partner.return()]);
}

/** Everything that happened is told again to who begins before it, once and in order. */
async function resume(name, client) {
  const known = await numbers(url, key);
  const stream = client.iterate({ query: 'subscription { events(after: 0) { number } }' });
  for (const number of known) {
    const got = (await data(stream, `${name}: event ${number}`)).events.number;
    expect(got === number, `${name}: ${got} in the place of ${number}`);
  }
  await meet(url, key, 'wire');
  const next = (await data(stream, `${name}: what happens then`)).events.number;
  expect(next === known.at(-1) + 1, `${name}: ${next} after ${known.at(-1)}`);
  await stream.return();
}

async function revoke(name) {
  const create = 'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret userErrors { message } } }';
  const { createApiKey } = await ask(url, key, create, { input: { role: 'PROGRAM_STAFF', label: name } });
  let closed;
  const client = clients(url, createApiKey.secret, { closed: (event) => (closed = event) })[name];
  const stream = client.iterate({ query: 'subscription { events(after: 0) { number } }' });
  await data(stream, `${name}: an event before`);
  const drained = (async () => {
    let last;
    for await (const result of stream) {
      last = result;
    }
    return last;
  })().catch((thrown) => ({ thrown }));
  await ask(url, key, 'mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { userErrors { message } } }', {
    input: { id: createApiKey.apiKey.id },
  });
  const last = await inTime(drained, `${name}: the end of a revoked key`);
  if (name === 'graphql-ws') {
    expect(last.thrown?.code === 4401 && closed?.code === 4401, `${name}: ${JSON.stringify(last)} ${closed?.code}`);
  } else {
    expect(last.errors?.[0]?.extensions?.code === 'UNAUTHENTICATED', `${name}: ${JSON.stringify(last)}`);
  }
}

await enrol(url, key, 'wire');
await meet(url, key, 'wire');
for (const [name, client] of Object.entries(clients(url, key))) {
  await operations(name, client);
  await follow(name, client);
  await resume(name, client);
  await revoke(name);
  await client.dispose();
  console.log(`${name} passed`);
}
