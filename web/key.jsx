import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef, useState } from 'react';

import { setKey } from './credentials.js';
import { useCaller } from './viewer.js';

const KEY_HINT = 'Stored in this browser tab until it is closed. Sent with every operation, unless its headers contain Authorization.';

/// The input for the key, or the role and subject of the current one.
export function KeyField() {
  const { key, viewer, refused } = useCaller();
  const { introspect } = useGraphiQLActions();
  const responseEditor = useGraphiQL((state) => state.responseEditor);
  const loaded = useRef(key);
  useEffect(() => {
    // GraphiQL loads the schema itself when the page is opened.
    if (loaded.current !== key) {
      loaded.current = key;
      // The displayed response belongs to another caller.
      responseEditor?.setValue('');
      if (key !== '') {
        introspect();
      }
    }
  }, [key, introspect, responseEditor]);

  if (key === '') {
    return <KeyForm />;
  }
  const subject = viewer?.partner?.code ?? viewer?.professional?.code ?? viewer?.integration;
  return (
    <div className="key" title={KEY_HINT}>
      <output className={refused ? 'key-refused' : 'key-role'} title={refused}>
        {refused ?? (viewer ? [viewer.role, subject].filter(Boolean).join(' · ') : '…')}
      </output>
      <button type="button" className="key-button" onClick={() => setKey('')}>
        Forget key
      </button>
    </div>
  );
}

function KeyForm() {
  const [text, setText] = useState('');
  function submit(event) {
    event.preventDefault();
    setKey(text);
  }
  return (
    <form className="key" title={KEY_HINT} onSubmit={submit}>
      <input
        className="key-input"
        type="password"
        name="key"
        aria-label="API key or token"
        placeholder="API key or token"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="key-button" disabled={text.trim() === ''}>
        Use key
      </button>
    </form>
  );
}
