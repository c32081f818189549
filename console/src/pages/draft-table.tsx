// The text of a draft as tables that a person can read. It knows no keys: what a document says has a place, also what a later
// release adds.

import { parse } from 'smol-toml';
import type { TomlTable, TomlValue } from 'smol-toml';

import { useTexts } from '#src/i18n/i18n';
import { Definitions, Empty } from '#src/ui/basics';

type Value = TomlValue;
type Fields = TomlTable;

function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function isTable(value: Value): value is Fields[] {
  return Array.isArray(value) && value.length > 0 && value.every(isFields);
}

/// `early_bonus` as "Early bonus".
function words(name: string): string {
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function read(text: string): Fields | null {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

export default function DraftTable({ text }: { text: string }) {
  const { t } = useTexts();
  const document = read(text);
  return document ? (
    <div className="stack" lang="en">
      <Section title="" of={document} />
    </div>
  ) : (
    <Empty>{t('policy.unreadable')}</Empty>
  );
}

function Section({ title, of }: { title: string; of: Fields }) {
  const below = (name: string) => [title, words(name)].filter(Boolean).join(' · ');
  const parts = Object.entries(of);
  const single = parts.filter(([, value]) => !isFields(value) && !isTable(value));
  return (
    <>
      {single.length > 0 && (
        <section className="card">
          {title && (
            <header>
              <h2>{title}</h2>
            </header>
          )}
          <Definitions of={single.map(([name, value]) => [words(name), <Cell key={name} of={value} />])} />
        </section>
      )}
      {parts.map(([name, value]) => (isTable(value) ? <Rows key={name} title={below(name)} of={value} /> : isFields(value) ? <Section key={name} title={below(name)} of={value} /> : null))}
    </>
  );
}

/// The names of all columns, in the order in which rows first have them.
function columnsOf(rows: readonly Fields[]): string[] {
  return [...new Set(rows.flatMap((it) => Object.keys(it)))];
}

function Rows({ title, of }: { title: string; of: readonly Fields[] }) {
  const { number } = useTexts();
  const columns = columnsOf(of);
  return (
    // The worked examples are many, and few people read them.
    <details className="document-table" open={!columns.includes('facts')}>
      <summary>
        <strong>{title}</strong> <span className="muted">{number(of.length)}</span>
      </summary>
      {/* A box that scrolls has to be reachable by the keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="table-box" role="region" aria-label={title} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((it) => (
                <th key={it} scope="col">
                  {words(it)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {of.map((row, index) => (
              // oxlint-disable-next-line react/no-array-index-key -- the document has no other name for a row
              <tr key={index}>
                {columns.map((it) => (
                  <td key={it} data-label={words(it)}>
                    <Cell of={row[it]} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/// A value in one cell: lists as lines, and what has parts by their names.
function Cell({ of }: { of: Value | undefined }) {
  const { t, number } = useTexts();
  if (of === undefined) {
    return '–';
  }
  if (typeof of === 'boolean') {
    return t(of ? 'yes' : 'no');
  }
  if (typeof of === 'number' || typeof of === 'bigint') {
    return number(Number(of));
  }
  if (typeof of === 'string') {
    return of;
  }
  if (of instanceof Date) {
    return String(of.toISOString()).slice(0, 10);
  }
  if (Array.isArray(of)) {
    return of.every((it) => typeof it === 'string' || typeof it === 'number') ? (
      of.join(', ')
    ) : (
      <ul>
        {of.map((it, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- the document has no other name for an item
          <li key={index}>
            <Cell of={it} />
          </li>
        ))}
      </ul>
    );
  }
  const { min, max, ...others } = of;
  if (min !== undefined && max !== undefined && Object.keys(others).length === 0) {
    return (
      <>
        <Cell of={min} />
        {' – '}
        <Cell of={max} />
      </>
    );
  }
  return Object.entries(of).map(([name, value], index) => (
    <span key={name}>
      {index > 0 && ', '}
      {`${words(name)}: `}
      <Cell of={value} />
    </span>
  ));
}
