// The API key that the page sends. It is stored in the session storage of this browser tab until the tab is
// closed: other tabs and later users of the browser cannot read it.

import { BASE } from './base.js';

// A sandbox has keys of its own: those of the program are not sent to it.
const STORAGE_KEY = `partner-program:key${BASE}`;

const listeners = new Set();
let key = keyFromUrl() ?? sessionStorage.getItem(STORAGE_KEY) ?? '';
if (key !== '') {
  sessionStorage.setItem(STORAGE_KEY, key);
}

/// The key, or an empty string.
export function getKey() {
  return key;
}

/// Stores a key; an empty string removes it.
export function setKey(text) {
  key = normalizeKey(text);
  if (key === '') {
    sessionStorage.removeItem(STORAGE_KEY);
  } else {
    sessionStorage.setItem(STORAGE_KEY, key);
  }
  for (const listener of listeners) {
    listener();
  }
}

/// Calls `listener` whenever the key changes. Returns a function that unsubscribes it.
export function onKeyChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/// Whether headers contain credentials.
export function hasCredentials(headers) {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
}

/// These headers with the key added, unless they contain credentials; those take precedence.
export function withKey(headers = {}) {
  return hasCredentials(headers) || key === '' ? headers : { ...headers, Authorization: `Bearer ${key}` };
}

/// Strips what people copy along with a key: quotes, the header name, the scheme.
function normalizeKey(text) {
  return text
    .trim()
    .replace(/^["']|["']$/g, '')
    .replace(/^authorization:\s*/i, '')
    .replace(/^bearer\s+/i, '')
    .trim();
}

/// The key of a URL such as `/graphql#key=…`, as `serve --demo` prints it. Browsers never send the fragment
/// to a server, and it is removed from the address bar immediately. Only loopback hosts accept it: elsewhere
/// a link could make somebody unknowingly use its sender's key.
function keyFromUrl() {
  const text = new URLSearchParams(location.hash.slice(1)).get('key');
  if (text === null) {
    return null;
  }
  history.replaceState(history.state, '', location.pathname + location.search);
  return ['127.0.0.1', '[::1]', 'localhost'].includes(location.hostname) ? normalizeKey(text) : null;
}
