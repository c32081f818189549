// The viewer that the key identifies, queried once for each key.

import { useSyncExternalStore } from 'react';

import { ENDPOINT } from './base.js';
import { getKey, onKeyChange, withKey } from './credentials.js';

const QUERY = '{ today viewer { role integration partner { code } professional { code } } }';

const listeners = new Set();
let caller = { key: '' };

onKeyChange(load);
load();

/// `{ key, viewer, today, refused }`: `viewer` and `today`, the day of the program, are set once the server has
/// responded; `refused` is the reason why the key was rejected.
export function useCaller() {
  return useSyncExternalStore(listen, () => caller);
}

function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function update(next) {
  caller = next;
  for (const listener of listeners) {
    listener();
  }
}

async function load() {
  const key = getKey();
  update({ key });
  const result = key === '' ? {} : await queryViewer();
  // Another key may have been set meanwhile.
  if (key === getKey()) {
    update({ key, ...result });
  }
}

async function queryViewer() {
  try {
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      headers: withKey({ 'Content-Type': 'application/json', Accept: 'application/json' }),
      body: JSON.stringify({ query: QUERY }),
    });
    const { data, errors } = await response.json();
    return data?.viewer ? { viewer: data.viewer, today: data.today } : { refused: errors?.[0]?.message ?? 'The server rejected the key.' };
  } catch {
    return { refused: 'The server did not respond.' };
  }
}
