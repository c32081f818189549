import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { useState } from 'react';

import { estimate, useAnswer } from './answer.js';
import { ENDPOINT } from './base.js';
import { withKey } from './credentials.js';
import { ofSelected } from './fetcher.js';
import { linkTo } from './link.js';

/// The variables of the editor; an empty object while they are no JSON.
function parsed(variables) {
  try {
    return JSON.parse(variables || '{}');
  } catch {
    return {};
  }
}

// The key is not copied: what is copied is often shared.
function asCurl(query, variables) {
  const body = JSON.stringify({ query, variables: parsed(variables) });
  return [
    `curl -s ${location.origin}${ENDPOINT}`,
    `-H "Authorization: Bearer $KEY"`,
    `-H 'Content-Type: application/json'`,
    `-d '${body.replaceAll("'", String.raw`'\''`)}'`,
  ].join(' \\\n  ');
}

function asFetch(query, variables) {
  return `const response = await fetch('${location.origin}${ENDPOINT}', {
  method: 'POST',
  headers: { Authorization: \`Bearer \${key}\`, 'Content-Type': 'application/json' },
  body: JSON.stringify(${JSON.stringify({ query, variables: parsed(variables) }, null, 2).replaceAll('\n', '\n  ')}),
});
const { data, errors } = await response.json();
`;
}

/// Buttons that copy the operation: as a link, for a shell, for a program.
export function Copies() {
  return (
    <>
      <Copy label="Copy a link to this operation" text="link" make={linkTo} />
      <Copy label="Copy as curl" text="curl" make={asCurl} />
      <Copy label="Copy as fetch" text="fetch" make={asFetch} />
    </>
  );
}

/// A button that asks for the cost of the operation without running it.
export function Estimate() {
  const { queryEditor, variableEditor, operationName } = useGraphiQL((state) => state);
  function ask() {
    const request = { query: queryEditor?.getValue() ?? '', variables: parsed(variableEditor?.getValue()), operationName };
    return estimate(ofSelected(request), withKey());
  }
  return (
    <ToolbarButton label="Estimate the cost without running it" onClick={ask} className="copy-button">
      cost
    </ToolbarButton>
  );
}

function Copy({ label, text, make }) {
  const { queryEditor, variableEditor } = useGraphiQL((state) => state);
  const [copied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(make(queryEditor?.getValue() ?? '', variableEditor?.getValue() ?? ''));
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  }
  return (
    <ToolbarButton label={label} onClick={copy} className="copy-button">
      {copied ? '✓' : text}
    </ToolbarButton>
  );
}

/// Status, duration, cost and what is left of the quota, below the answer.
export function Answer() {
  const answer = useAnswer();
  if (!answer) {
    return null;
  }
  if (answer.would) {
    const { points, complexity, refused } = answer.would;
    const text = points === undefined ? (refused ?? 'no estimate') : `would cost ${points.toLocaleString('en')} points (complexity ${complexity?.toLocaleString('en')})`;
    return <output className="answer">{`${text} · not executed`}</output>;
  }
  const left = answer.left === undefined ? '' : ` · ${Number(answer.left).toLocaleString('en')} points of quota left`;
  const cost = answer.cost === undefined ? '' : ` · cost ${answer.cost.toLocaleString('en')}`;
  return <output className="answer">{`HTTP ${answer.status} · ${answer.ms} ms${cost}${left}`}</output>;
}
