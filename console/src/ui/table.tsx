// A table for lists of any length: only the rows in view are in the page, further ones load while scrolling.

import { useVirtualizer } from '@tanstack/react-virtual';
import type { ReactNode } from 'react';
import { memo, useEffect, useMemo, useRef, useState } from 'react';

import type { Rows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';

import { Button, Empty, Failed, Loading } from './basics';
import { download, toCsv } from './download';
import { notify } from './notices';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /// The value in a CSV file; without it, the column is left out.
  readonly csv?: (row: Row) => string | number | null | undefined;
  /// Only in the CSV file: the page shows it as a part of another column.
  readonly fileOnly?: boolean;
  readonly number?: boolean;
  /// The order that the heading asks for.
  readonly order?: string;
}

const ROW_HEIGHT = 45;
/// Longer lists scroll in a box of their own, and only the rows in view are in the page.
const VIRTUAL_MIN = 60;

export function Table<Row extends { id: string }>({
  label,
  rows,
  columns: all,
  order,
  onOrder,
  empty,
  file,
}: {
  label: string;
  rows: Rows<Row>;
  columns: Column<Row>[];
  order?: string | undefined;
  onOrder?: (order: string) => void;
  empty?: ReactNode;
  file?: string;
}) {
  const { t, number } = useTexts();
  // The same while the page scrolls, so that rows stay as they are.
  const columns = useMemo(() => all.filter((it) => !it.fileOnly), [all]);
  const box = useRef<HTMLDivElement>(null);
  const virtual = rows.rows.length > VIRTUAL_MIN || rows.more;
  const virtualizer = useVirtualizer({
    count: rows.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    enabled: virtual,
  });
  const items = virtual ? virtualizer.getVirtualItems() : [];
  const last = items.at(-1)?.index ?? 0;
  const { loadMore, more, loading } = rows;
  useEffect(() => {
    if (virtual && more && !loading && last >= rows.rows.length - 15) {
      loadMore();
    }
  }, [virtual, more, loading, last, rows.rows.length, loadMore]);

  if (rows.error) {
    return <Failed error={rows.error} again={rows.again} />;
  }
  if (rows.rows.length === 0) {
    return rows.loading ? <Loading /> : <Empty>{empty}</Empty>;
  }
  const shown = virtual ? items.map((item) => rows.rows[item.index]) : rows.rows;
  const above = items[0]?.start ?? 0;
  const below = virtual ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  return (
    <>
      {/* A box that scrolls has to be reachable by the keyboard. */}
      <div
        className={virtual ? 'table-box scrolls' : 'table-box'}
        ref={box}
        role="region"
        aria-label={label}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
      >
        <table aria-rowcount={virtual ? rows.total + 1 : undefined}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  className={column.number ? 'number' : undefined}
                  aria-sort={column.order && column.order === order ? 'descending' : undefined}
                >
                  {column.order && onOrder ? (
                    <button type="button" className="sort" onClick={() => onOrder(column.order ?? '')}>
                      {column.title}
                      <span aria-hidden="true">{column.order === order ? ' ▾' : ' ▿'}</span>
                    </button>
                  ) : (
                    column.title
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {above > 0 && (
              <tr aria-hidden="true" className="spacer">
                <td colSpan={columns.length} style={{ height: above }} />
              </tr>
            )}
            {shown.map((row, index) => {
              const at = virtual ? items[index]?.index : index;
              return (
                row && <Line key={row.id} row={row} columns={columns as Column<never>[]} index={virtual ? (at ?? 0) + 2 : undefined} />
              );
            })}
            {below > 0 && (
              <tr aria-hidden="true" className="spacer">
                <td colSpan={columns.length} style={{ height: below }} />
              </tr>
            )}
          </tbody>
        </table>
      </div>
      <footer className="table-footer">
        <span aria-live="polite">
          {t('table.count', { shown: rows.rows.length, total: `${rows.exact ? '' : '> '}${number(rows.total)}` })}
          {rows.loading && more ? ` ${t('state.loading')}` : ''}
        </span>
        {file && <Csv file={file} columns={all} rows={rows} />}
      </footer>
    </>
  );
}

/// A row that stays as it is while others scroll by.
const Line = memo(function Line({ row, columns, index }: { row: { id: string }; columns: Column<never>[]; index: number | undefined }) {
  return (
    <tr aria-rowindex={index}>
      {columns.map((column) => (
        <td key={column.key} className={column.number ? 'number' : undefined} data-label={column.title}>
          {column.cell(row as never)}
        </td>
      ))}
    </tr>
  );
});

function Csv<Row extends { id: string }>({ file, columns, rows }: { file: string; columns: Column<Row>[]; rows: Rows<Row> }) {
  const { t } = useTexts();
  const wanted = columns.filter((it) => it.csv);
  // How many rows are read, while the rest of a long list is.
  const [read, setRead] = useState<number | null>(null);
  const save = async () => {
    setRead(rows.rows.length);
    try {
      const lines = (await rows.all(setRead)).map((row) => wanted.map((column) => column.csv?.(row) ?? ''));
      download(`${file}.csv`, 'text/csv;charset=utf-8', toCsv([wanted.map((it) => it.title), ...lines]));
    } catch (error) {
      notify((error as Error).message);
    } finally {
      setRead(null);
    }
  };
  return (
    <Button kind="quiet" disabled={read !== null} onPress={() => void save()}>
      {read === null ? t('table.csv') : t('table.exporting', { n: read })}
    </Button>
  );
}

/// Rows that are there already, for the same table.
export function fixed<Row>(rows: Row[]): Rows<Row> {
  const nothing = () => undefined;
  return { rows, total: rows.length, exact: true, more: false, loading: false, error: undefined, loadMore: nothing, again: nothing, all: async () => rows };
}
