// Status, duration, cost and quota of the last answer over HTTP.

import { useSyncExternalStore } from 'react';

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

function tell(news) {
  answer = news;
  for (const listener of listeners) {
    listener();
  }
}

/// `{ status, ms, left, cost }`, or null before the first answer.
export function useAnswer() {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => answer,
  );
}
