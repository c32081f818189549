// The fields of an activity that is recorded or claimed: what its kind asks for and accepts.

import type { ActivityInput, ClaimPartsFragment } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import type { ChangeField } from '#src/ui/change';

import type { Rule } from './claim-parts';
import { attributesOf, useAttributeLabels } from './claim-parts';

type Values = Record<string, string>;
type Attribute = Rule['attributes'][number];

export const SOURCE = 'console';
const EVIDENCE = 'evidenceUrl';

export function isGraded({ points }: Rule): boolean {
  return points !== null && points.min !== points.max;
}

/// The evidence first, then what is required, then the rest.
function inOrder(attributes: readonly Attribute[]): Attribute[] {
  const rank = (it: Attribute) => (it.name === EVIDENCE ? 0 : it.required ? 1 : it.common ? 3 : 2);
  return attributes.toSorted((a, b) => rank(a) - rank(b));
}

/// Free text, which every kind accepts without declaring it.
const NOTE: Attribute = { name: 'note', valueType: 'TEXT', required: false, common: true, mustBe: null, oneOf: [], min: null, max: null };

function accepted({ attributes }: Rule): Attribute[] {
  return inOrder([...attributes, ...(attributes.some((it) => it.name === NOTE.name) ? [] : [NOTE])]);
}

function valueOf({ valueType }: Attribute, text: string): unknown {
  return valueType === 'BOOLEAN' ? text === 'true' : valueType === 'INTEGER' ? Number(text) : text;
}

/// What an input says of an activity of this kind.
export function activityOf(rule: Rule, values: Values): Pick<ActivityInput, 'kind' | 'occurredOn' | 'points' | 'quantity' | 'attributes'> {
  const given = accepted(rule).filter((it) => (values[it.name] ?? '') !== '');
  return {
    kind: rule.kind,
    occurredOn: values['occurredOn'] ?? '',
    ...(isGraded(rule) ? (values['points'] ? { points: Number(values['points']) } : {}) : { quantity: Number(values['quantity'] || '1') }),
    attributes: Object.fromEntries(given.map((it) => [it.name, valueOf(it, values[it.name] ?? '')])),
  };
}

export function useActivityFields() {
  const { t } = useTexts();
  const { today } = useCaller();
  const { day } = useChangeFields();
  const labelOf = useAttributeLabels();

  const attributeField = (rule: Rule, it: Attribute, initial: string): ChangeField => {
    const required = it.required || (it.name === EVIDENCE && rule.evidenceRequired);
    const options =
      it.valueType === 'BOOLEAN'
        ? ([
            ['true', t('yes')],
            ['false', t('no')],
          ] as const)
        : it.oneOf.map((one) => [one, one] as const);
    const types = { BOOLEAN: 'select', DATE: 'date', INTEGER: 'number', TEXT: it.name === EVIDENCE ? 'url' : it.name === NOTE.name ? 'textarea' : 'text' } as const;
    const hint =
      it.mustBe !== null
        ? t('claims.mustBe', { value: t(it.mustBe ? 'yes' : 'no') })
        : it.name === EVIDENCE && rule.evidenceDays !== null && !required
          ? t('claims.evidenceWithin', { n: rule.evidenceDays })
          : undefined;
    return {
      name: it.name,
      label: labelOf(it.name),
      type: options.length > 0 ? 'select' : types[it.valueType],
      required,
      initial,
      hint,
      ...(options.length > 0 ? { options: [['', '–'] as const, ...options] } : {}),
      ...(it.min === null ? {} : { min: it.min }),
      ...(it.max === null ? {} : { max: it.max }),
    };
  };

  /// The fields of one kind; those of a claim leave its points to the reviewer. `before` is an activity that they begin with.
  const fieldsOf = (rule: Rule, { claim, before }: { claim: boolean; before?: ClaimPartsFragment }): ChangeField[] => {
    const known = new Map(before ? attributesOf(before) : []);
    const number = { type: 'number' as const };
    const points = rule.points ?? undefined;
    return [
      day('occurredOn', t('field.date'), { max: today, ...(before ? { initial: before.occurredOn } : {}) }),
      ...(isGraded(rule) && points
        ? [
            {
              name: 'points',
              label: t(claim ? 'field.pointsProposed' : 'field.points'),
              ...number,
              ...points,
              required: !claim,
              initial: before?.points?.toString() ?? '',
              hint: t('claims.range', points),
            },
          ]
        : rule.maxQuantity > 1
          ? [{ name: 'quantity', label: t('field.quantity'), ...number, required: true, initial: String(before?.quantity ?? 1), min: 1, max: rule.maxQuantity }]
          : []),
      ...accepted(rule).map((it) => attributeField(rule, it, known.get(it.name) ?? '')),
    ];
  };

  return { fieldsOf };
}
