// The document of a link such as `/graphql#query=…&variables=…`, which opens in a tab of its own. Browsers never send the
// fragment to the server. It leaves the address bar, so that a reload does not open it again.

export function documentFromUrl() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const query = parameters.get('query');
  if (query === null) {
    return {};
  }
  history.replaceState(null, '', location.pathname + location.search);
  return { initialQuery: query, initialVariables: parameters.get('variables') ?? '' };
}

/// The link that opens a document with its variables.
export function linkTo(query, variables) {
  const parameters = new URLSearchParams(variables?.trim() ? { query, variables } : { query });
  return `${location.origin}${location.pathname}#${parameters}`;
}
