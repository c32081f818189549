// Status, duration and quota of the last answer over HTTP.

import { useSyncExternalStore } from 'react';

const listeners = new Set();
let answer = null;

/// `fetch`, measured.
export async function measuredFetch(input, init) {
  const began = performance.now();
  const response = await fetch(input, init);
  const left = /(?:^|;)r=(\d+)/.exec(response.headers.get('RateLimit') ?? '')?.[1];
  answer = { status: response.status, ms: Math.round(performance.now() - began), left };
  for (const listener of listeners) {
    listener();
  }
  return response;
}

/// `{ status, ms, left }`, or null before the first answer.
export function useAnswer() {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => answer,
  );
}
