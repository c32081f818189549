// A partner's or a professional's own claims, with the answers, and a form for the next one.

import { useState } from 'react';

import { Claims, Rules, SubmitActivity } from '#generated/claims';
import { useCaller } from '#src/api/caller';
import { useData, useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Button } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { ChangeField } from '#src/ui/change';
import { SelectField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

import { CLAIM_TONES, Evidence } from './claims';

const SOURCE = 'console';

export default function OwnClaimsPage() {
  const { t, date, number } = useTexts();
  const { viewer, may, today } = useCaller();
  const variables = { filter: {}, orderBy: 'RECORDED_AT_DESC' as const };
  const rows = useRows(Claims, variables, (data) => data.activities);
  const rules = useData(Rules, { asOf: null });
  const [kind, setKind] = useState('');
  const [claiming, setClaiming] = useState(false);
  const program = viewer.partner ? 'PARTNER' : 'PROFESSIONAL';
  const claimable = (rules.data?.edition.earningRules ?? []).filter(
    (it) => it.program === program && !it.derived && (program === 'PARTNER' ? it.claimable : it.review !== 'STAFF_ONLY'),
  );
  const chosen = claimable.find((it) => it.kind === kind) ?? claimable[0];
  const titleOf = (name: string) => rules.data?.edition.earningRules.find((it) => it.kind === name)?.title ?? name;
  const graded = chosen?.points && chosen.points.min !== chosen.points.max;

  const attributes = (chosen?.attributes ?? []).filter((it) => it.required || it.name === 'evidenceUrl' || it.name === 'note');
  const fields: ChangeField[] = chosen
    ? [
        { name: 'occurredOn', label: t('field.date'), type: 'date', required: true, initial: today, max: today },
        ...(graded
          ? [{ name: 'points', label: t('field.pointsProposed'), type: 'number' as const, min: chosen.points?.min ?? 0, max: chosen.points?.max ?? 0, hint: t('claims.range', { min: chosen.points?.min ?? 0, max: chosen.points?.max ?? 0 }) }]
          : []),
        ...(chosen.maxQuantity > 1 && !graded ? [{ name: 'quantity', label: t('field.quantity'), type: 'number' as const, required: true, initial: '1', min: 1, max: chosen.maxQuantity }] : []),
        ...attributes.map(
          (it): ChangeField => ({
            name: it.name,
            label: it.name === 'evidenceUrl' ? t('claims.evidence') : it.name === 'note' ? t('field.note') : it.name,
            type: it.valueType === 'BOOLEAN' || it.oneOf.length > 0 ? 'select' : it.valueType === 'DATE' ? 'date' : it.valueType === 'INTEGER' ? 'number' : 'text',
            required: it.required || (it.name === 'evidenceUrl' && chosen.evidenceRequired),
            ...(it.valueType === 'BOOLEAN' ? { options: [['true', t('yes')], ['false', t('no')]] as const } : {}),
            ...(it.oneOf.length > 0 ? { options: [...(it.required ? [] : [['', '–'] as const]), ...it.oneOf.map((one) => [one, one] as const)] } : {}),
          }),
        ),
      ]
    : [];
  const input = (values: Record<string, string>) => ({
    subject: viewer.partner ? { partner: viewer.partner.code } : { professional: viewer.professional?.code },
    kind: chosen?.kind,
    occurredOn: values['occurredOn'],
    ...(values['points'] ? { points: Number(values['points']) } : {}),
    ...(values['quantity'] ? { quantity: Number(values['quantity']) } : {}),
    attributes: Object.fromEntries(
      attributes
        .filter((it) => values[it.name])
        .map((it) => {
          const value = values[it.name] ?? '';
          return [it.name, it.valueType === 'BOOLEAN' ? value === 'true' : it.valueType === 'INTEGER' ? Number(value) : value];
        }),
    ),
    source: SOURCE,
    externalId: claimId,
  });
  const [claimId, setClaimId] = useState('');

  const action = may('submitActivity') && chosen && (
    <Button
      kind="primary"
      onPress={() => {
        // One claim, however often the request is repeated.
        setClaimId(crypto.randomUUID());
        setClaiming(true);
      }}
    >
      {t('claims.new')}
    </Button>
  );
  return (
    <Page title={t('nav.claims')} lead={t('claims.ownLead')} queries={[{ operation: Claims, variables: { ...variables, first: 50 } }, { operation: Rules, variables: {} }]}>
      {may('submitActivity') && claimable.length > 0 && (
        <div className="filters">
          <SelectField label={t('field.kind')} value={chosen?.kind ?? ''} onChange={setKind} options={claimable.map((it) => [it.kind, it.title] as const)} />
          {action}
        </div>
      )}
      <Table
        label={t('nav.claims')}
        file="claims"
        rows={rows}
        empty={t('claims.none')}
        columns={[
          { key: 'date', title: t('field.date'), cell: (it) => <span className="nowrap">{date(it.occurredOn)}</span>, csv: (it) => it.occurredOn },
          ...(viewer.partner ? [{ key: 'who', title: t('field.who'), cell: (it: (typeof rows.rows)[number]) => it.subject.name, csv: (it: (typeof rows.rows)[number]) => it.subject.code }] : []),
          {
            key: 'kind',
            title: t('field.kind'),
            cell: (it) => (
              <span>
                <span lang="en">{titleOf(it.kind)}</span>
                <Evidence claim={it} />
              </span>
            ),
            csv: (it) => it.kind,
          },
          {
            key: 'status',
            title: t('field.status'),
            cell: (it) => (
              <span>
                <Badge tone={CLAIM_TONES[it.status]}>{t(`ActivityStatus.${it.status}`)}</Badge>
                {(it.voided?.reason ?? it.review?.reason) && <span className="sub">{it.voided?.reason ?? it.review?.reason}</span>}
              </span>
            ),
            csv: (it) => it.status,
          },
          { key: 'points', title: t('field.awarded'), number: true, cell: (it) => number(it.subject.__typename === 'Partner' ? it.awardedCredits : it.awardedPoints), csv: (it) => it.awardedPoints },
        ]}
      />
      {claiming && chosen && (
        <ChangeDialog
          change={{
            title: chosen.title,
            about: t('claims.newAbout'),
            fields,
            operation: SubmitActivity,
            input,
            confirm: t('claims.submit'),
            done: t('claims.submitted'),
          }}
          onClose={() => setClaiming(false)}
        />
      )}
    </Page>
  );
}
