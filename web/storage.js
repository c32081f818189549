// GraphiQL's persistent storage: the browser's local storage, without headers. Headers may contain keys, and
// the history of operations would expose them to later users of the browser.

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
