// The frame of a page: its heading, its actions, and the queries behind it.

import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';

import type { Operation } from '#src/api/operation';
import { useTexts } from '#src/i18n/i18n';

export interface ShownQuery {
  readonly operation: Operation<never, never> | { readonly text: string };
  readonly variables: Record<string, unknown>;
}

/// A link that opens a document with its variables in GraphiQL. The fragment is never sent to the server.
function graphiql({ operation, variables }: ShownQuery): string {
  const parameters = new URLSearchParams({ query: operation.text, variables: JSON.stringify(variables, null, 2) });
  return `/graphql#${parameters}`;
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
          <MenuTrigger>
            <AriaButton className="button quiet show-query">{t('page.query')}</AriaButton>
            <Popover className="popover" placement="bottom end">
              <Menu className="menu">
                {queries.map((query) => (
                  // `opener` lets the new tab copy the session storage, and with it the key.
                  <MenuItem key={nameOf(query.operation.text)} href={graphiql(query)} target="_blank" rel="opener" className="menu-item">
                    {nameOf(query.operation.text)}
                  </MenuItem>
                ))}
              </Menu>
            </Popover>
          </MenuTrigger>
        </div>
      </header>
      {children}
    </>
  );
}
