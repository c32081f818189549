// Rows of activities, whose further columns are attributes of their kinds.

import type { ActivityInput } from '#generated/types';
import { UploadActivities } from '#generated/upload';
import { post } from '#src/api/client';

import type { Intake, Result } from './intake';
import { refused } from './intake';
import { COLUMNS, day, ERRORS_COLUMN, filled, integer, readRows, Refused, wrongHeader } from './rows';
import type { Cells, Read } from './rows';
import type { Sheet } from './sheet';

const FREE = 'note';

export interface Attribute {
  readonly name: string;
  readonly valueType: 'BOOLEAN' | 'TEXT' | 'DATE' | 'INTEGER';
}

export interface Rule {
  readonly kind: string;
  readonly attributes: readonly Attribute[];
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

export function readActivities(sheet: Sheet, rules: readonly Rule[]): Read<ActivityInput> {
  const { columns } = sheet;
  const known = new Map(rules.flatMap((it) => it.attributes.map((one) => [one.name, one] as const)));
  const wrong = wrongHeader('ACTIVITIES', columns, (name) => known.has(name));
  if (wrong) {
    return wrong;
  }
  const [required, optional] = COLUMNS.ACTIVITIES;
  const fixedNames: readonly string[] = [...required, ...optional.filter((it) => it !== FREE), ERRORS_COLUMN];
  const attributeNames = columns.filter((it) => !fixedNames.includes(it));
  const toInput = (get: Cells): ActivityInput => {
    const partner = get('partner');
    const professional = get('professional');
    if (partner !== '' && professional !== '') {
      throw new Refused('The row has a partner and a professional; an activity is of one of them.');
    }
    if (partner === '' && professional === '') {
      throw new Refused('The row has neither a partner nor a professional.');
    }
    for (const name of required) {
      filled(name, get(name));
    }
    const rule = rules.find((it) => it.kind === get('kind'));
    const attributes = attributeNames.flatMap((name) => {
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
  return { rows: readRows(sheet, toInput) };
}

export const ACTIVITIES: Intake<ActivityInput> = {
  chunk: 500,
  send: async (activities, preview, signal) => {
    const { recordActivities } = await post(UploadActivities, { input: { activities: [...activities], preview } }, signal);
    const { results, effects, userErrors } = recordActivities;
    if (userErrors.length > 0) {
      throw new Error(userErrors.map((it) => it.message).join(' '));
    }
    const outcome = (it: (typeof results)[number]): Result =>
      it.userErrors.length > 0
        ? refused(it)
        : it.duplicate
          ? { kind: 'duplicate' }
          : { kind: 'recorded', waits: it.activity?.status === 'PENDING_REVIEW', ...(it.activity ? { id: it.activity.id } : {}) };
    return { results: results.map(outcome), effects };
  },
};
