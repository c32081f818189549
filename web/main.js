import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';

import { StorageAPI, createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

const PLACEHOLDER = '<your API key>';

const DEFAULT_HEADERS = `{ "Authorization": "Bearer ${PLACEHOLDER}" }`;

const DEFAULT_QUERY = `# Before you run this: put your API key in place
# of ${PLACEHOLDER} in the "Headers" editor below.
#
# Run it with the play button or Ctrl+Enter.
# Ctrl+Space completes names; the book icon on the
# left explains every type and field.
#
# This lists which partners there are:
#
#   { partners(first: 5) { nodes { code name } } }

query Standing {
  partner(code: "nordwind") {
    code
    name
    balance
    standing {
      overall {
        code
        name
      }
      technical {
        level {
          code
        }
        credits
        validUntil
        creditsToNextLevel
      }
    }
  }
}
`;

const post = createGraphiQLFetcher({ url: '/graphql' });

// Sent as it stands, the placeholder would be refused as a wrong key. Left out, the
// schema still loads where the server shows it without a key, and any other answer
// says that a key is missing.
function fetcher(params, options) {
  const headers = Object.entries(options?.headers ?? {}).filter(
    ([, value]) => !String(value).includes(PLACEHOLDER),
  );
  return post(params, { ...options, headers: Object.fromEntries(headers) });
}

// GraphiQL finds the tab to reopen by its query and headers, but remembers a query only
// once it was edited. Without this, whoever had but written a key would find an empty tab
// after a reload.
const storage = new StorageAPI();
if (storage.get('query') === null) {
  storage.set('query', DEFAULT_QUERY);
}

// `defaultHeaders`, not `initialHeaders`: the latter would overwrite, at every reload,
// the key that a tab remembers.
const page = createElement(
  GraphiQL,
  {
    fetcher,
    defaultQuery: DEFAULT_QUERY,
    defaultHeaders: DEFAULT_HEADERS,
    defaultEditorToolsVisibility: 'headers',
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: true,
    inputValueDeprecation: true,
    schemaDescription: true,
  },
  createElement(GraphiQL.Logo, null, 'Partner Program'),
);

createRoot(document.getElementById('graphiql')).render(page);
