import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';

import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { StorageAPI } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';

import { fetcher } from './fetcher.js';
import { KeyField } from './key.jsx';
import { EXAMPLES } from './panel.jsx';
import { storage } from './storage.js';

const DEFAULT_QUERY = `# Put your API key into the
# field at the top right, then
# run this: Ctrl+Enter.
# Ctrl+Space completes names.

query WhoAmI {
  viewer {
    role
    label
    partner {
      code
      name
      balance
    }
    professional {
      code
      name
      dojoCredits
    }
  }
}
`;

// Narrower windows have no room for the examples beside the editors.
const WIDTH_OF_PANEL = 1000;

// GraphiQL finds the tab to reopen by its query, but remembers a query only once it was edited. Without
// this, whoever reloads the page would find an empty tab.
const remembered = new StorageAPI(storage);
if (remembered.get('query') === null) {
  remembered.set('query', DEFAULT_QUERY);
}
// The examples are open at the first visit, and afterwards as they were left.
if (remembered.get('examples') === null && window.innerWidth >= WIDTH_OF_PANEL) {
  remembered.set('examples', 'shown');
  remembered.set('visiblePlugin', EXAMPLES.title);
}

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    storage={storage}
    plugins={[EXAMPLES, HISTORY_PLUGIN]}
    defaultQuery={DEFAULT_QUERY}
    isHeadersEditorEnabled
    shouldPersistHeaders={false}
    defaultEditorToolsVisibility="variables"
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>
      <span className="product">Partner Program</span>
      <KeyField />
    </GraphiQL.Logo>
  </GraphiQL>,
);
