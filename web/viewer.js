// Who the key stands for, asked once for each key.

import { useEffect, useState, useSyncExternalStore } from 'react';

import { getKey, onKey, withKey } from './credentials.js';

const QUERY = '{ viewer { role integration partner { code } professional { code } } }';

/// `{ key, viewer, refused }`: the viewer is there once the server has answered, `refused` says why there
/// is none.
export function useCaller() {
  const key = useSyncExternalStore(onKey, getKey);
  const [told, setTold] = useState({});
  useEffect(() => {
    if (key === '') {
      return undefined;
    }
    const stop = new AbortController();
    ask(stop.signal).then((answer) => stop.signal.aborted || setTold({ key, ...answer }));
    return () => stop.abort();
  }, [key]);
  return told.key === key && key !== '' ? told : { key };
}

async function ask(signal) {
  try {
    const answer = await fetch('/graphql', {
      method: 'POST',
      headers: withKey({ 'Content-Type': 'application/json', Accept: 'application/json' }),
      body: JSON.stringify({ query: QUERY }),
      signal,
    });
    const { data, errors } = await answer.json();
    return data?.viewer ? { viewer: data.viewer } : { refused: errors?.[0]?.message ?? 'The server refused the key.' };
  } catch {
    return { refused: 'The server did not answer.' };
  }
}
