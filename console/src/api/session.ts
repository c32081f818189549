// The credentials that the console sends: an API key, or an access token of the OpenID Connect provider. They stay in the
// session storage of this browser tab, under the name that GraphiQL uses too, so that it opens signed in.

import { useSyncExternalStore } from 'react';

import { BASE } from './base';

/// A sandbox has keys of its own: those of the program are not sent to it.
const STORAGE_KEY = `partner-program:key${BASE}`;

/// Why the last session ended.
export type Ended = 'expired' | null;

interface Credentials {
  readonly key: string;
  readonly ended: Ended;
}

const listeners = new Set<() => void>();
let current: Credentials = { key: fromAddress() ?? sessionStorage.getItem(STORAGE_KEY) ?? '', ended: null };
store(current.key);

function store(key: string): void {
  if (key === '') {
    sessionStorage.removeItem(STORAGE_KEY);
  } else {
    sessionStorage.setItem(STORAGE_KEY, key);
  }
}

/// The key of an address such as `/console#key=…`, as `serve --demo` prints it. It leaves the address bar at once. Only loopback
/// hosts accept it: elsewhere a link could make somebody unknowingly use its sender's key.
function fromAddress(): string | undefined {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key === null) {
    return undefined;
  }
  history.replaceState(null, '', location.pathname + location.search);
  return ['127.0.0.1', '[::1]', 'localhost'].includes(location.hostname) ? normalize(key) : undefined;
}

/// Strips what people copy along with a key: quotes, the header name, the scheme.
function normalize(text: string): string {
  return text
    .trim()
    .replace(/^["']|["']$/g, '')
    .replace(/^authorization:\s*/i, '')
    .replace(/^bearer\s+/i, '')
    .trim();
}

function update(next: Credentials): void {
  store(next.key);
  current = next;
  for (const listener of listeners) {
    listener();
  }
}

export function signIn(text: string): void {
  update({ key: normalize(text), ended: null });
}

export function signOut(ended: Ended = null): void {
  if (current.key !== '') {
    update({ key: '', ended });
  }
}

export function getKey(): string {
  return current.key;
}

export function useCredentials(): Credentials {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
