// A page with a list: filters in the address, a table that loads while scrolling, and what may be done with each row.

import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { useAddress } from '#src/api/address';
import type { Rows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import type { EnumKey } from '#src/i18n/i18n';

import { Actions, useChange } from './actions';
import type { Action } from './actions';
import { Badge } from './basics';
import type { Tone } from './basics';
import { Filters } from './filters';
import type { Filter } from './filters';
import { Page } from './page';
import type { ShownQuery } from './page';
import { Table } from './table';
import type { Column } from './table';

export interface Listed<Row> {
  readonly rows: Rows<Row>;
  /// The name of the file that is exported.
  readonly file: string;
  readonly label: string;
  readonly columns: Column<Row>[];
  readonly filters?: readonly Filter[];
  readonly rowActions?: (row: Row) => readonly Action[];
  readonly empty?: ReactNode;
  /// The orders that headings ask for; the address leaves the first one out.
  readonly orders?: readonly string[];
}

export function List<Row extends { id: string }>({ rows, file, label, columns, filters = [], rowActions, empty, orders = [] }: Listed<Row>) {
  const { t } = useTexts();
  const [get, set] = useAddress();
  const { open, dialog } = useChange();
  const [usual] = orders;
  const actions: Column<Row>[] = rowActions
    ? [
        {
          key: 'actions',
          title: t('field.actions'),
          number: true,
          cell: (row) => (
            <span className="row-actions">
              <Actions of={rowActions(row)} open={open} />
            </span>
          ),
        },
      ]
    : [];
  return (
    <>
      <Filters of={filters} />
      <Table
        label={label}
        file={file}
        rows={rows}
        empty={empty}
        columns={[...columns, ...actions]}
        {...(usual ? { order: orders.find((it) => it === get('order')) ?? usual, onOrder: (order: string) => set({ order: order === usual ? '' : order }) } : {})}
      />
      {dialog}
    </>
  );
}

export function ListPage<Row extends { id: string }>({
  title,
  lead,
  queries = [],
  actions,
  pageActions = [],
  above,
  ...list
}: Omit<Listed<Row>, 'label'> & {
  title: string;
  lead: string;
  /// Besides the one of the list.
  queries?: readonly ShownQuery[];
  actions?: ReactNode;
  /// What may be done without a row.
  pageActions?: readonly Action[];
  /// Between the heading and the list.
  above?: ReactNode;
}) {
  const { open, dialog } = useChange();
  return (
    <Page
      title={title}
      lead={lead}
      queries={[...(list.rows.query ? [list.rows.query] : []), ...queries]}
      actions={
        <>
          {actions}
          <Actions of={pageActions} open={open} />
        </>
      }
    >
      {above}
      <List label={title} {...list} />
      {dialog}
    </Page>
  );
}

/// A name with a smaller line below.
export function Two({ children, sub, lang }: { children: ReactNode; sub?: ReactNode; lang?: string }) {
  return (
    <span>
      <span lang={lang}>{children}</span>
      {sub && <span className="sub">{sub}</span>}
    </span>
  );
}

/// A partner or professional with a link to its page.
export function SubjectLink({ kind, code, children }: { kind: 'partners' | 'professionals'; code: string; children: ReactNode }) {
  return <Link href={`/${kind}/${encodeURIComponent(code)}`}>{children}</Link>;
}

/// Columns that many lists have. The rows are those that the columns are for.
export function useColumns<Row>(_rows: Rows<Row> | readonly Row[]) {
  const { t, date, number, signed, time } = useTexts();
  type Of<Value> = (row: Row) => Value;
  return {
    text: (key: string, title: string, of: Of<string | null>, more: Partial<Column<Row>> = {}): Column<Row> => ({ key, title, cell: (row) => of(row) ?? '–', csv: of, ...more }),
    date: (key: string, title: string, of: Of<string | null>, more: Partial<Column<Row>> = {}): Column<Row> => ({
      key,
      title,
      cell: (row) => <span className="nowrap">{date(of(row))}</span>,
      csv: of,
      ...more,
    }),
    time: (key: string, title: string, of: Of<string | null>): Column<Row> => ({ key, title, cell: (row) => <span className="nowrap">{time(of(row))}</span>, csv: of }),
    number: (key: string, title: string, of: Of<number | null>, more: Partial<Column<Row>> = {}): Column<Row> => ({
      key,
      title,
      number: true,
      cell: (row) => {
        const value = of(row);
        return value === null ? '–' : number(value);
      },
      csv: of,
      ...more,
    }),
    change: (key: string, title: string, of: Of<number>): Column<Row> => ({ key, title, number: true, cell: (row) => signed(of(row)), csv: of }),
    subject: (kind: 'partners' | 'professionals', of: Of<{ code: string; name: string } | null>): Column<Row> => ({
      key: kind,
      title: t(kind === 'partners' ? 'field.partner' : 'field.who'),
      cell: (row) => {
        const subject = of(row);
        return subject ? (
          <SubjectLink kind={kind} code={subject.code}>
            {subject.name}
          </SubjectLink>
        ) : (
          '–'
        );
      },
      csv: (row) => of(row)?.code,
    }),
    /// A status, with the reason that somebody gave for it.
    status: <Status extends string>(type: string, of: Of<Status>, tones: Record<Status, Tone>, reasonOf?: Of<string | null | undefined>): Column<Row> => ({
      key: 'status',
      title: t('field.status'),
      cell: (row) => (
        <Two sub={reasonOf?.(row)}>
          <Badge tone={tones[of(row)]}>{t(`${type}.${of(row)}` as EnumKey)}</Badge>
        </Two>
      ),
      csv: of,
    }),
  };
}
