import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { parse, print } from 'graphql';

import { ENDPOINT } from './base.js';
import { withKey } from './credentials.js';
import { examples, filledIn } from './examples.js';
import { useCaller } from './viewer.js';

/// The plugin with the example operations.
export const EXAMPLES = { title: 'Examples', icon: Icon, content: Panel };

function Icon() {
  return (
    <svg height="1em" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round">
      <path d="M2 3.5h12M2 8h7M2 12.5h5M11 8.5v5l3.5-2.5z" />
    </svg>
  );
}

function Panel() {
  const { viewer, today } = useCaller();
  const groups = examples({ day: today, partner: viewer?.partner?.code, professional: viewer?.professional?.code });
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>
        {viewer
          ? 'Groups your key can run are expanded.'
          : 'Enter a key at the top right. Each group is for keys of one role.'}{' '}
        Codes come from your key, or from the demo data.
      </p>
      {groups.map((group) => (
        // The React key includes the role: another viewer expands other groups.
        <details key={`${group.title} ${viewer?.role}`} open={!viewer || group.roles.includes(viewer.role)}>
          <summary>{group.title}</summary>
          <ul>
            {group.examples.map((example) => (
              <Example key={example.title} {...example} />
            ))}
          </ul>
        </details>
      ))}
    </section>
  );
}

/// What a query answers; nothing if it is refused: the example then has words in the place of an ID.
async function ask(query) {
  try {
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      headers: withKey({ 'Content-Type': 'application/json', Accept: 'application/json' }),
      body: JSON.stringify({ query }),
    });
    return (await response.json()).data;
  } catch {
    return undefined;
  }
}

function Example(example) {
  const { title, description, query } = example;
  const { addTab } = useGraphiQLActions();
  const { queryEditor, variableEditor } = useGraphiQL((state) => state);
  const [operation] = query.split(' ', 1);
  async function open() {
    const variables = await filledIn(example, ask);
    if (queryEditor.getValue().trim() !== '') {
      addTab();
    }
    // One field per line: the editor is narrow beside the panel.
    queryEditor.setValue(print(parse(query)));
    variableEditor?.setValue(variables ? JSON.stringify(variables, null, 2) : '');
    queryEditor.focus();
  }
  return (
    <li>
      <button type="button" onClick={open}>
        <span className="example-title">{title}</span>
        <span className={`example-kind example-${operation}`}>{operation}</span>
        <span className="example-description">{description}</span>
      </button>
    </li>
  );
}
