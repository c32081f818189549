// Status, duration, cost and quota of the last answer over HTTP, and the estimate of a cost.

import { useSyncExternalStore } from 'react';

import { ENDPOINT } from './base.js';

const listeners = new Set();
let answer = null;

/// `fetch`, measured.
export async function measuredFetch(input, init) {
  const began = performance.now();
  const headers = new Headers(init?.headers);
  headers.set('GraphQL-Cost', 'include');
  const response = await fetch(input, { ...init, headers });
  const left = /(?:^|;)r=(\d+)/.exec(response.headers.get('RateLimit') ?? '')?.[1];
  tell({ status: response.status, ms: Math.round(performance.now() - began), left });
  return response;
}

/// Takes the cost out of a result, and tells it beside the status.
export function withoutCost(result) {
  const { cost, ...extensions } = result?.extensions ?? {};
  if (!cost) {
    return result;
  }
  tell({ ...answer, cost: cost.points });
  const { extensions: _, ...rest } = result;
  return Object.keys(extensions).length === 0 ? rest : { ...rest, extensions };
}

/// What a request would cost, without running it; or why it would be refused.
export async function estimate(request, headers) {
  const began = performance.now();
  const ms = () => Math.round(performance.now() - began);
  try {
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json', Accept: 'application/graphql-response+json', 'GraphQL-Cost': 'estimate' },
      body: JSON.stringify(request),
    });
    const { errors, extensions } = await response.json();
    tell({ status: response.status, ms: ms(), would: { ...extensions?.cost, refused: errors?.[0]?.message } });
  } catch {
    tell({ ms: ms(), would: { refused: 'The server did not respond.' } });
  }
}

function tell(news) {
  answer = news;
  for (const listener of listeners) {
    listener();
  }
}

/// `{ status, ms, left, cost }`, or `would` in the place of the cost that was estimated; null before the first answer.
export function useAnswer() {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => answer,
  );
}
