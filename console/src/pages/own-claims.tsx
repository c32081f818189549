// A partner's or a professional's own claims, with the answers, and a form for the next one.

import { useState } from 'react';

import { Claims, Rules, SubmitActivity } from '#generated/claims';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Actions, useChange, useChangeFields } from '#src/ui/actions';
import type { ChangeField } from '#src/ui/change';
import { SelectField } from '#src/ui/fields';
import { ListPage, useColumns } from '#src/ui/list';

import { useClaimColumns, useRules } from './claim-parts';
import type { Rule } from './claim-parts';

const SOURCE = 'console';

export default function OwnClaimsPage() {
  const { t } = useTexts();
  const { viewer, may, today } = useCaller();
  const { day } = useChangeFields();
  const { open, dialog } = useChange();
  const rows = useRows(Claims, { filter: {}, orderBy: 'RECORDED_AT_DESC' as const }, (data) => data.activities);
  const { rules, titleOf } = useRules();
  const claim = useClaimColumns(rows, titleOf);
  const column = useColumns(rows);
  const [kind, setKind] = useState('');
  const program = viewer.partner ? 'PARTNER' : 'PROFESSIONAL';
  const claimable = rules.filter((it) => it.program === program && !it.derived && (program === 'PARTNER' ? it.claimable : it.review !== 'STAFF_ONLY'));
  const chosen = claimable.find((it) => it.kind === kind) ?? claimable[0];

  const fieldsOf = ({ points, maxQuantity }: Rule): ChangeField[] => {
    const graded = points && points.min !== points.max;
    return [
      day('occurredOn', t('field.date'), { max: today }),
      ...(graded ? [{ name: 'points', label: t('field.pointsProposed'), type: 'number' as const, ...points, hint: t('claims.range', points) }] : []),
      ...(maxQuantity > 1 && !graded ? [{ name: 'quantity', label: t('field.quantity'), type: 'number' as const, required: true, initial: '1', min: 1, max: maxQuantity }] : []),
    ];
  };
  const attributesOf = (rule: Rule) => rule.attributes.filter((it) => it.required || it.name === 'evidenceUrl' || it.name === 'note');
  const attributeField = (rule: Rule, it: Rule['attributes'][number]): ChangeField => ({
    name: it.name,
    label: it.name === 'evidenceUrl' ? t('claims.evidence') : it.name === 'note' ? t('field.note') : it.name,
    type: it.valueType === 'BOOLEAN' || it.oneOf.length > 0 ? 'select' : it.valueType === 'DATE' ? 'date' : it.valueType === 'INTEGER' ? 'number' : 'text',
    required: it.required || (it.name === 'evidenceUrl' && rule.evidenceRequired),
    ...(it.valueType === 'BOOLEAN'
      ? {
          options: [
            ['true', t('yes')],
            ['false', t('no')],
          ] as const,
        }
      : {}),
    ...(it.oneOf.length > 0 ? { options: [...(it.required ? [] : [['', '–'] as const]), ...it.oneOf.map((one) => [one, one] as const)] } : {}),
  });
  const valueOf = (it: Rule['attributes'][number], text: string) => (it.valueType === 'BOOLEAN' ? text === 'true' : it.valueType === 'INTEGER' ? Number(text) : text);

  const newClaim = (rule: Rule) => {
    // One claim, however often the request is repeated.
    const externalId = crypto.randomUUID();
    const attributes = attributesOf(rule);
    return {
      title: rule.title,
      about: t('claims.newAbout'),
      fields: [...fieldsOf(rule), ...attributes.map((it) => attributeField(rule, it))],
      operation: SubmitActivity,
      input: (values: Record<string, string>) => ({
        subject: viewer.partner ? { partner: viewer.partner.code } : { professional: viewer.professional?.code },
        kind: rule.kind,
        occurredOn: values['occurredOn'],
        ...(values['points'] ? { points: Number(values['points']) } : {}),
        ...(values['quantity'] ? { quantity: Number(values['quantity']) } : {}),
        attributes: Object.fromEntries(attributes.flatMap((it) => (values[it.name] ? [[it.name, valueOf(it, values[it.name] ?? '')]] : []))),
        source: SOURCE,
        externalId,
      }),
      confirm: t('claims.submit'),
      done: t('claims.submitted'),
    };
  };

  return (
    <ListPage
      title={t('nav.claims')}
      lead={t('claims.ownLead')}
      rows={rows}
      queries={[{ operation: Rules, variables: {} }]}
      file="claims"
      empty={t('claims.none')}
      above={
        <>
          {chosen && may('submitActivity') && (
            <div className="filters">
              <SelectField label={t('field.kind')} value={chosen.kind} onChange={setKind} options={claimable.map((it) => [it.kind, it.title] as const)} />
              <Actions of={[{ mutation: 'submitActivity', label: t('claims.new'), kind: 'primary', change: () => newClaim(chosen) }]} open={open} />
            </div>
          )}
          {dialog}
        </>
      }
      columns={[
        claim.date,
        ...(viewer.partner ? [claim.who] : []),
        claim.kind,
        claim.status,
        column.number('points', t('field.awarded'), (it) => (it.subject.__typename === 'Partner' ? it.awardedCredits : it.awardedPoints)),
      ]}
    />
  );
}
