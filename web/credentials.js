// The key that the page sends. It is kept in this browser tab alone and gone when that is closed: other
// pages of the same host, other tabs and whoever uses the browser next do not find it.

const PLACE = 'partner-program:key';

const listeners = new Set();
let key = fromAddress() ?? sessionStorage.getItem(PLACE) ?? '';
if (key !== '') {
  sessionStorage.setItem(PLACE, key);
}

/// The key, or an empty text.
export function getKey() {
  return key;
}

/// Keeps a key; an empty one is forgotten.
export function setKey(text) {
  key = plain(text);
  if (key === '') {
    sessionStorage.removeItem(PLACE);
  } else {
    sessionStorage.setItem(PLACE, key);
  }
  for (const listener of listeners) {
    listener();
  }
}

/// Calls `listener` whenever another key is set, until the function that it returns is called.
export function onKey(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/// Whether headers say who is asking.
export function isKnown(headers) {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
}

/// These headers and the key, unless they say themselves who is asking.
export function withKey(headers = {}) {
  return isKnown(headers) || key === '' ? headers : { ...headers, Authorization: `Bearer ${key}` };
}

/// A key as people copy it: with the header's name, its scheme or quotes around it.
function plain(text) {
  return text
    .trim()
    .replace(/^["']|["']$/g, '')
    .replace(/^authorization:\s*/i, '')
    .replace(/^bearer\s+/i, '')
    .trim();
}

/// The key of an address such as `/graphql#key=…`, as `serve --demo` prints it. What follows the `#` is
/// never sent to a server; it is taken off the address bar at once. Servers of this machine alone are
/// asked so: anywhere else a link could make somebody work with a key of its sender.
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get('key');
  if (given === null) {
    return null;
  }
  history.replaceState(history.state, '', location.pathname + location.search);
  return ['127.0.0.1', '[::1]', 'localhost'].includes(location.hostname) ? plain(given) : null;
}
