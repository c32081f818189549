// Where this page is: at the endpoint of the program, or at that of a sandbox, whose addresses all begin with its own.

/// What addresses begin with: nothing, or the address of the sandbox. The files of the page are those of the program.
export const BASE = /^\/sandbox\/[^/]+(?=\/graphql)/.exec(location.pathname)?.[0] ?? '';

/// The GraphQL endpoint.
export const ENDPOINT = `${BASE}/graphql`;
