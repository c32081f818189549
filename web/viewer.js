// Who the key stands for, asked once for each key.

import { useSyncExternalStore } from 'react';

import { getKey, onKey, withKey } from './credentials.js';

const QUERY = '{ viewer { role integration partner { code } professional { code } } }';

const listeners = new Set();
let caller = { key: '' };

onKey(ask);
ask();

/// `{ key, viewer, refused }`: the viewer is there once the server has answered, `refused` says why there
/// is none.
export function useCaller() {
  return useSyncExternalStore(listen, () => caller);
}

function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(told) {
  caller = told;
  for (const listener of listeners) {
    listener();
  }
}

async function ask() {
  const key = getKey();
  tell({ key });
  const answer = key === '' ? {} : await answered();
  // Another key may have been set meanwhile.
  if (key === getKey()) {
    tell({ key, ...answer });
  }
}

async function answered() {
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: withKey({ 'Content-Type': 'application/json', Accept: 'application/json' }),
      body: JSON.stringify({ query: QUERY }),
    });
    const { data, errors } = await response.json();
    return data?.viewer ? { viewer: data.viewer } : { refused: errors?.[0]?.message ?? 'The server refused the key.' };
  } catch {
    return { refused: 'The server did not answer.' };
  }
}
