// What the scripts about subscriptions have in common: the reference clients, and requests beside them.

import { createClient as createSocketClient } from 'graphql-ws';
import { createClient as createEventsClient } from 'graphql-sse';
import WebSocket from 'ws';

/** The reference clients for a server and a key, by the name of their transport. */
export function clients(url, key, on = {}) {
  const authorization = `Bearer ${key}`;
  return {
    'graphql-ws': createSocketClient({
      url: `${url.replace(/^http/, 'ws')}/ws`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
      on,
    }),
    'graphql-sse': createEventsClient({ url, headers: { authorization }, retryAttempts: 0 }),
  };
}

/** The data of a request by plain HTTP. */
export async function ask(url, key, query, variables = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) {
    throw new Error(`${query}: ${JSON.stringify(errors)}`);
  }
  for (const [field, payload] of Object.entries(data)) {
    if (payload?.userErrors?.length > 0) {
      throw new Error(`${field}: ${JSON.stringify(payload.userErrors)}`);
    }
  }
  return data;
}

/** Enrols a partner. */
export async function enrol(url, key, code) {
  const mutation = 'mutation($input: CreatePartnerInput!) { createPartner(input: $input) { userErrors { message } } }';
  await ask(url, key, mutation, { input: { code, name: code, enrolledOn: '2024-01-01' } });
}

let meetings = 0;
const run = Date.now();

/** Records an activity that gives a partner a credit. */
export async function meet(url, key, partner) {
  const mutation = 'mutation($input: ActivityInput!) { recordActivity(input: $input) { userErrors { message } } }';
  meetings += 1;
  const activity = {
    subject: { partner },
    kind: 'CUSTOMER_MEETING',
    occurredOn: '2025-02-03',
    source: 'wire',
    externalId: `${run}-${meetings}`,
  };
  await ask(url, key, mutation, { input: activity });
}

/** The numbers of all events. */
export async function numbers(url, key) {
  const { events } = await ask(url, key, '{ events(after: 0, first: 100) { nodes { number } } }');
  return events.nodes.map((event) => event.number);
}

export function expect(condition, what) {
  if (!condition) {
    throw new Error(what);
  }
}

/** The promise, or an error when it takes longer than a test should. */
export function inTime(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`too late: ${what}`)), 20_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
