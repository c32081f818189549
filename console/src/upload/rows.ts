// What rows of all files have in common: their columns, and what a cell has to be. What the API would refuse as a whole request
// is refused row by row here, with its reason.

import type { ImportRowKind } from '#generated/types';

import type { Sheet, SheetRow } from './sheet';

export const ERRORS_COLUMN = 'import_errors';

/// A row as what the API takes, as a repeat of an earlier one, or why it is neither.
export type UploadRow<Input> = SheetRow & ({ readonly input: Input } | { readonly repeats: number } | { readonly problem: string });

/// Why the file as a whole cannot be read.
export type WrongHeader = { readonly missing: readonly string[] } | { readonly unknown: readonly string[] } | { readonly twice: readonly string[] };

export type Read<Input> = { readonly rows: readonly UploadRow<Input>[] } | WrongHeader;

export class Refused extends Error {}

/// The columns of each kind of rows, and those that it can do without.
export const COLUMNS = {
  PARTNERS: [['partner', 'name', 'enrolled_on'], []],
  PROFESSIONALS: [['professional', 'name', 'email', 'signed_up_on'], []],
  AFFILIATIONS: [['professional', 'partner', 'starts_on'], ['ends_on']],
  ACTIVITIES: [['source', 'external_id', 'kind', 'occurred_on'], ['partner', 'professional', 'quantity', 'points', 'note']],
} as const satisfies Record<ImportRowKind, readonly [readonly string[], readonly string[]]>;

/// What the rows of a file are, by its header: the same that the command line takes them for.
export function kindOf(columns: readonly string[]): ImportRowKind | null {
  const has = (...names: string[]) => names.some((it) => columns.includes(it));
  if (has('kind', 'occurred_on', 'external_id')) {
    return 'ACTIVITIES';
  }
  if (has('starts_on')) {
    return 'AFFILIATIONS';
  }
  if (has('signed_up_on', 'email')) {
    return 'PROFESSIONALS';
  }
  return has('enrolled_on') ? 'PARTNERS' : null;
}

/// What is wrong with a header; `further` are columns that the kind accepts besides its own.
export function wrongHeader(kind: ImportRowKind, columns: readonly string[], further: (name: string) => boolean = () => false): WrongHeader | null {
  const [required, optional]: readonly [readonly string[], readonly string[]] = COLUMNS[kind];
  const missing = required.filter((it) => !columns.includes(it));
  if (kind === 'ACTIVITIES' && !columns.includes('partner') && !columns.includes('professional')) {
    missing.push('partner / professional');
  }
  if (missing.length > 0) {
    return { missing };
  }
  const unknown = columns.filter((it) => it !== ERRORS_COLUMN && !required.includes(it) && !optional.includes(it) && !further(it));
  if (unknown.length > 0) {
    return { unknown };
  }
  const twice = columns.filter((it, index) => columns.indexOf(it) !== index);
  return twice.length > 0 ? { twice } : null;
}

/// The cell of a column; an empty text where there is none.
export type Cells = (name: string) => string;

/// Reads the rows of a file, each by itself. `keyOf` names what a row is about: a later row with the same key repeats it, or
/// contradicts it.
export function readRows<Input>({ columns, rows }: Sheet, toInput: (get: Cells) => Input, keyOf?: (input: Input) => string): UploadRow<Input>[] {
  const seen = new Map<string, { line: number; text: string }>();
  return rows.map((row): UploadRow<Input> => {
    if (row.broken) {
      return { ...row, problem: row.broken };
    }
    try {
      if (row.cells.slice(columns.length).some((it) => it.trim() !== '')) {
        throw new Refused(`The row has ${row.cells.length} cells, the header ${columns.length}.`);
      }
      const input = toInput((name) => row.cells[columns.indexOf(name)]?.trim() ?? '');
      const key = keyOf?.(input);
      const text = JSON.stringify(input);
      const before = key === undefined ? undefined : seen.get(key);
      if (before) {
        if (before.text !== text) {
          throw new Refused(`The row contradicts that of line ${before.line}.`);
        }
        return { ...row, repeats: before.line };
      }
      if (key !== undefined) {
        seen.set(key, { line: row.line, text });
      }
      return { ...row, input };
    } catch (error) {
      if (error instanceof Refused) {
        return { ...row, problem: error.message };
      }
      throw error;
    }
  });
}

const INT_MAX = 2_147_483_647;

export function filled(name: string, text: string): string {
  if (text === '') {
    throw new Refused(`${name} is empty.`);
  }
  return text;
}

export function integer(name: string, text: string): number {
  const value = Number(/^-?\d+(?:\.0+)?$/.test(text) ? text : Number.NaN);
  if (!Number.isInteger(value) || Math.abs(value) > INT_MAX) {
    throw new Refused(`${name} must be a whole number; got "${text}".`);
  }
  return value;
}

function isDay(text: string): boolean {
  const moment = `${text}T00:00:00Z`;
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(moment)) && new Date(moment).toISOString().startsWith(text);
}

export function day(name: string, text: string): string {
  if (!isDay(filled(name, text))) {
    throw new Refused(`${name} must be a date such as 2026-06-30; got "${text}".`);
  }
  return text;
}
