// The GraphQL client: urql with a normalized cache, so that a number that a mutation or a subscription changes is changed on
// every page that shows it.

import { cacheExchange } from '@urql/exchange-graphcache';
import { createClient as createSocket } from 'graphql-ws';
import { Client, fetchExchange, mapExchange, subscriptionExchange } from 'urql';

import { KEYLESS } from '#generated/schema';

import { BASE } from './base';
import type { Operation } from './operation';
import { getKey, signOut } from './session';

const URL = `${BASE}/graphql`;

function headers(key: string): Record<string, string> {
  return { Authorization: `Bearer ${key}` };
}

/// What the page has changed so far, as the server names it: a query sees that, whichever process answers.
let changed = '0';

function requestHeaders(key: string): Record<string, string> {
  return { ...headers(key), 'Consistency-Token': changed };
}

async function send(input: RequestInfo | globalThis.URL, options?: RequestInit): Promise<Response> {
  const response = await fetch(input, options);
  changed = response.headers.get('Consistency-Token') ?? changed;
  return response;
}

/// A client for one key. Another key gets another client, so that nothing of one caller is shown to the next.
export function createClient(key: string): { client: Client; close: () => void } {
  const socket = createSocket({
    url: `${location.protocol.replace('http', 'ws')}//${location.host}${URL}/ws`,
    connectionParams: headers(key),
    // As long as the tab is open: a laptop that wakes up reconnects.
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => getKey() === key,
    on: {
      closed: (event) => {
        // 4401: the key is no longer valid.
        if (event instanceof CloseEvent && event.code === 4401 && getKey() === key) {
          signOut('expired');
        }
      },
    },
  });
  const client = new Client({
    url: URL,
    preferGetMethod: false,
    fetch: send,
    fetchOptions: () => ({ headers: requestHeaders(key) }),
    exchanges: [
      mapExchange({
        onResult: (result) => {
          const response: unknown = result.error?.response;
          if (response instanceof Response && response.status === 401 && getKey() === key) {
            signOut('expired');
          }
        },
      }),
      cacheExchange({ keys: Object.fromEntries(KEYLESS.map((name) => [name, () => null])) }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { query: request.query ?? '', variables: request.variables as Record<string, unknown> },
              { ...sink, next: (value) => sink.next(value as Parameters<typeof sink.next>[0]) },
            ),
          }),
        }),
      }),
    ],
  });
  return { client, close: () => void socket.dispose() };
}

/// The response to an operation, past the cache: a preview is not what is.
export async function post<Data, Variables>(
  { text }: Operation<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const key = getKey();
  const response = await send(URL, {
    method: 'POST',
    headers: { ...requestHeaders(key), 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: text, variables }),
    ...(signal ? { signal } : {}),
  });
  if (response.status === 401 && getKey() === key) {
    signOut('expired');
  }
  const body = (await response.json()) as { data?: Data | null; errors?: { message: string }[] };
  if (!body.data || body.errors?.length) {
    throw new Error(body.errors?.map((it) => it.message).join(' ') ?? `${response.status} ${response.statusText}`);
  }
  return body.data;
}
