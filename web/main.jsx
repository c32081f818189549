import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './style.css';

import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { StorageAPI } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';

import { makeReadable } from './editor-theme.js';
import { fetcher } from './fetcher.js';
import { KeyField } from './key.jsx';
import { documentFromUrl } from './link.js';
import { keepNamed } from './names.js';
import { EXAMPLES } from './panel.jsx';
import { SandboxDay } from './sandbox.jsx';
import { storage } from './storage.js';
import { Answer, Copies, Estimate } from './toolbar.jsx';

const DEFAULT_QUERY = `# Enter your API key in the
# field at the top right, then
# press Ctrl+Enter to run this.
# Ctrl+Space autocompletes.

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
const PANEL_WIDTH_MIN = 1000;

// Builds an operation by ticking fields.
const EXPLORER = explorerPlugin({ showAttribution: false });

// GraphiQL restores a tab by its query, but stores a query only after it was edited. Without this, a reload
// would show an empty tab.
const stored = new StorageAPI(storage);
if (stored.get('query') === null) {
  stored.set('query', DEFAULT_QUERY);
}
// The examples panel is open on the first visit; afterwards its last state is restored.
if (stored.get('examples') === null && window.innerWidth >= PANEL_WIDTH_MIN) {
  stored.set('examples', 'shown');
  stored.set('visiblePlugin', EXAMPLES.title);
}

const root = document.getElementById('graphiql');
keepNamed(root);
const page = (
  <GraphiQL
    fetcher={fetcher}
    storage={storage}
    plugins={[EXAMPLES, EXPLORER, HISTORY_PLUGIN]}
    defaultQuery={DEFAULT_QUERY}
    {...documentFromUrl()}
    isHeadersEditorEnabled
    shouldPersistHeaders={false}
    defaultEditorToolsVisibility="variables"
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>
      <h1 className="product">Partner Program</h1>
      <SandboxDay />
      <KeyField />
    </GraphiQL.Logo>
    <GraphiQL.Toolbar>
      {({ prettify, merge, copy }) => (
        <>
          {prettify}
          {merge}
          {copy}
          <Copies />
          <Estimate />
        </>
      )}
    </GraphiQL.Toolbar>
    <GraphiQL.Footer>
      <Answer />
    </GraphiQL.Footer>
  </GraphiQL>
);
// GraphiQL defines the themes of its editor when it is drawn.
makeReadable().finally(() => createRoot(root).render(page));
