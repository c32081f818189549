// The frame of a page: its heading, its actions, and the queries behind it.

import type { ReactNode } from 'react';
import { useEffect } from 'react';

import { BASE } from '#src/api/base';
import type { Operation } from '#src/api/operation';
import { useTexts } from '#src/i18n/i18n';

import { MenuButton } from './menu';

export interface ShownQuery {
  readonly operation: Operation<never, never> | { readonly text: string };
  readonly variables: Record<string, unknown>;
}

/// A link that opens a document with its variables in GraphiQL. The fragment is never sent to the server.
function graphiql({ operation, variables }: ShownQuery): string {
  const parameters = new URLSearchParams({ query: operation.text, variables: JSON.stringify(variables, null, 2) });
  return `${BASE}/graphql#${parameters}`;
}

function nameOf(text: string): string {
  return /^(?:query|mutation|subscription) (\w+)/.exec(text)?.[1] ?? 'query';
}

export function Page({
  title,
  children,
  actions,
  queries,
  lead,
  above,
}: {
  title: string;
  children: ReactNode;
  actions?: ReactNode;
  queries: ShownQuery[];
  lead?: ReactNode;
  /// What is printed before the heading.
  above?: ReactNode;
}) {
  const { t } = useTexts();
  useEffect(() => {
    document.title = `${title} · Partner Program`;
  }, [title]);
  return (
    <>
      {above}
      <header className="page-header">
        <div>
          <h1 tabIndex={-1}>{title}</h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        <div className="actions">
          {actions}
          <MenuButton label={t('page.query')} className="button quiet show-query" entries={queries.map((it) => ({ text: nameOf(it.operation.text), href: graphiql(it) }))} />
        </div>
      </header>
      {children}
    </>
  );
}
