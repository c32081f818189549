// What GraphiQL remembers from visit to visit: the browser's local storage, but no headers. They may hold
// keys, and the history of operations would keep them for whoever uses the browser next.

const HISTORIES = ['graphiql:queries', 'graphiql:favorites'];

export const storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (name) => localStorage.getItem(name),
  setItem: (name, value) => localStorage.setItem(name, HISTORIES.includes(name) ? withoutHeaders(value) : value),
  removeItem: (name) => localStorage.removeItem(name),
  clear: () => localStorage.clear(),
};

function withoutHeaders(history) {
  return JSON.stringify(JSON.parse(history), (name, value) => (name === 'headers' ? undefined : value));
}
