// Rows of a CSV file as activities: what the API would refuse as a whole request is refused row by row here, with its reason.

import type { ActivityInput } from '#generated/types';

import type { Sheet, SheetRow } from './sheet';

export const ERRORS_COLUMN = 'import_errors';
const REQUIRED = ['source', 'external_id', 'kind', 'occurred_on'] as const;
const SUBJECTS = ['partner', 'professional'] as const;
const NUMBERS = ['quantity', 'points'] as const;
const FREE = 'note';
const INT_MAX = 2_147_483_647;

export interface Attribute {
  readonly name: string;
  readonly valueType: 'BOOLEAN' | 'TEXT' | 'DATE' | 'INTEGER';
}

export interface Rule {
  readonly kind: string;
  readonly attributes: readonly Attribute[];
}

export type UploadRow = SheetRow & ({ readonly input: ActivityInput } | { readonly problem: string });

export type Upload =
  | { readonly rows: readonly UploadRow[] }
  /// The file as a whole is not one of activities: what it is instead, or the columns that are missing or unknown.
  | { readonly other: 'PARTNERS' | 'PROFESSIONALS' | 'AFFILIATIONS' }
  | { readonly missing: readonly string[] }
  | { readonly unknown: readonly string[] }
  | { readonly twice: readonly string[] };

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

class Refused extends Error {}

function integer(name: string, text: string): number {
  const value = Number(/^-?\d+(?:\.0+)?$/.test(text) ? text : Number.NaN);
  if (!Number.isInteger(value) || Math.abs(value) > INT_MAX) {
    throw new Refused(`${name} must be a whole number; got "${text}".`);
  }
  return value;
}

function day(name: string, text: string): string {
  if (!isDay(text)) {
    throw new Refused(`${name} must be a date such as 2026-06-30; got "${text}".`);
  }
  return text;
}

function attribute({ name, valueType }: Attribute, text: string): unknown {
  switch (valueType) {
    case 'INTEGER':
      return integer(name, text);
    case 'DATE':
      return day(name, text);
    case 'BOOLEAN':
      if (!/^(?:true|false)$/i.test(text)) {
        throw new Refused(`${name} must be true or false; got "${text}".`);
      }
      return text.toLowerCase() === 'true';
    case 'TEXT':
      return text;
  }
}

export function readActivities({ columns, rows }: Sheet, rules: readonly Rule[]): Upload {
  const known = new Map(rules.flatMap((it) => it.attributes.map((one) => [one.name, one] as const)));
  const has = (name: string) => columns.includes(name);
  if (!has('kind') && has('enrolled_on')) {
    return { other: 'PARTNERS' };
  }
  if (!has('kind') && has('signed_up_on')) {
    return { other: 'PROFESSIONALS' };
  }
  if (!has('kind') && has('starts_on')) {
    return { other: 'AFFILIATIONS' };
  }
  const missing = [...REQUIRED.filter((it) => !has(it)), ...(SUBJECTS.some(has) ? [] : [SUBJECTS.join(' / ')])];
  if (missing.length > 0) {
    return { missing };
  }
  const fixedNames: readonly string[] = [...REQUIRED, ...SUBJECTS, ...NUMBERS, FREE, ERRORS_COLUMN];
  const unknown = columns.filter((it) => !fixedNames.includes(it) && !known.has(it));
  if (unknown.length > 0) {
    return { unknown };
  }
  const twice = columns.filter((it, index) => columns.indexOf(it) !== index);
  if (twice.length > 0) {
    return { twice };
  }

  const toInput = ({ cells }: SheetRow): ActivityInput => {
    const get = (name: string) => cells[columns.indexOf(name)]?.trim() ?? '';
    if (cells.slice(columns.length).some((it) => it.trim() !== '')) {
      throw new Refused(`The row has ${cells.length} cells, the header ${columns.length}.`);
    }
    const partner = get('partner');
    const professional = get('professional');
    if (partner !== '' && professional !== '') {
      throw new Refused('The row has a partner and a professional; an activity is of one of them.');
    }
    if (partner === '' && professional === '') {
      throw new Refused('The row has neither a partner nor a professional.');
    }
    for (const name of REQUIRED) {
      if (get(name) === '') {
        throw new Refused(`${name} is empty.`);
      }
    }
    const rule = rules.find((it) => it.kind === get('kind'));
    const attributes = columns
      .filter((it) => !fixedNames.includes(it) || it === FREE)
      .flatMap((name) => {
        const text = get(name);
        const declared = rule?.attributes.find((it) => it.name === name) ?? known.get(name) ?? { name, valueType: 'TEXT' as const };
        return text === '' ? [] : [[name, attribute(declared, text)] as const];
      });
    return {
      subject: partner === '' ? { professional } : { partner },
      kind: get('kind'),
      occurredOn: day('occurred_on', get('occurred_on')),
      source: get('source'),
      externalId: get('external_id'),
      ...(get('quantity') === '' ? {} : { quantity: integer('quantity', get('quantity')) }),
      ...(get('points') === '' ? {} : { points: integer('points', get('points')) }),
      ...(attributes.length > 0 ? { attributes: Object.fromEntries(attributes) } : {}),
    };
  };

  return {
    rows: rows.map((row): UploadRow => {
      if (row.broken) {
        return { ...row, problem: row.broken };
      }
      try {
        return { ...row, input: toInput(row) };
      } catch (error) {
        if (error instanceof Refused) {
          return { ...row, problem: error.message };
        }
        throw error;
      }
    }),
  };
}
