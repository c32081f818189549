// The review queue, and all activities behind it.

import { useState } from 'react';
import { Link } from 'wouter';

import { Claims, ReviewActivity, Rules, VoidActivity } from '#generated/claims';
import { ActivityStatus } from '#generated/schema';
import type { ClaimPartsFragment } from '#generated/types';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useData, useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import type { Texts } from '#src/i18n/i18n';
import { Badge, Button, Definitions } from '#src/ui/basics';
import type { Tone } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import type { Change } from '#src/ui/change';
import { SelectField, TextField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

export const CLAIM_TONES: Record<ClaimPartsFragment['status'], Tone> = {
  PENDING_REVIEW: 'warn',
  RECORDED: 'good',
  REJECTED: 'bad',
  VOIDED: 'neutral',
};

export default function ClaimsPage() {
  const texts = useTexts();
  const { t, date, number } = texts;
  const { may, isStaff } = useCaller();
  const [get, set] = useAddress();
  const [change, setChange] = useState<Change | null>(null);
  const status = get('status') || 'PENDING_REVIEW';
  const filter = {
    ...(status === 'ALL' ? {} : { statuses: [status as ClaimPartsFragment['status']] }),
    ...(get('kind') ? { kinds: [get('kind')] } : {}),
    ...(get('professional') ? { professional: get('professional') } : {}),
    ...(get('partner') ? { partner: get('partner') } : {}),
    ...(get('from') ? { occurredFrom: get('from') } : {}),
  };
  const variables = { filter, orderBy: status === 'PENDING_REVIEW' ? ('RECORDED_AT' as const) : ('RECORDED_AT_DESC' as const) };
  const rows = useRows(Claims, variables, (data) => data.activities);
  const rules = useData(Rules, { asOf: null });
  const kinds = [...new Set(rules.data?.edition.earningRules.filter((it) => !it.derived).map((it) => it.kind) ?? [])].sort();
  const titleOf = (kind: string) => rules.data?.edition.earningRules.find((it) => it.kind === kind)?.title ?? kind;
  const rangeOf = (kind: string) => rules.data?.edition.earningRules.find((it) => it.kind === kind && it.program === 'PROFESSIONAL')?.points;

  const review = (claim: ClaimPartsFragment, decision: 'APPROVE' | 'REJECT') => {
    const range = rangeOf(claim.kind);
    const graded = decision === 'APPROVE' && claim.subject.__typename === 'Professional' && range && range.min !== range.max;
    setChange({
      title: t(decision === 'APPROVE' ? 'claims.approveTitle' : 'claims.rejectTitle', { kind: titleOf(claim.kind), who: claim.subject.name }),
      about: <ClaimFacts claim={claim} texts={texts} />,
      fields: [
        ...(graded
          ? [
              {
                name: 'points',
                label: t('field.points'),
                type: 'number' as const,
                required: true,
                initial: claim.points === null ? '' : String(claim.points),
                min: range.min,
                max: range.max,
                hint: t('claims.range', { min: range.min, max: range.max }),
              },
            ]
          : []),
        { name: 'reason', label: t('field.reason'), type: 'textarea', required: decision === 'REJECT', hint: t('claims.reasonHint') },
      ],
      operation: ReviewActivity,
      input: (values) => ({
        activityId: claim.id,
        decision,
        ...(graded ? { points: Number(values['points']) } : {}),
        ...(values['reason'] ? { reason: values['reason'] } : {}),
      }),
      confirm: t(decision === 'APPROVE' ? 'claims.approve' : 'claims.reject'),
      danger: decision === 'REJECT',
      done: t(decision === 'APPROVE' ? 'claims.approved' : 'claims.rejected'),
    });
  };
  const voidIt = (claim: ClaimPartsFragment) =>
    setChange({
      title: t('claims.voidTitle', { kind: titleOf(claim.kind), who: claim.subject.name }),
      about: <ClaimFacts claim={claim} texts={texts} />,
      fields: [{ name: 'reason', label: t('field.reason'), type: 'textarea', required: true }],
      operation: VoidActivity,
      input: (values) => ({ activityId: claim.id, reason: values['reason'] }),
      confirm: t('claims.void'),
      danger: true,
    });

  return (
    <Page title={t('nav.claims')} lead={t('claims.lead')} queries={[{ operation: Claims, variables: { ...variables, first: 50 } }, { operation: Rules, variables: {} }]}>
      <div className="filters">
        <SelectField
          label={t('field.status')}
          value={status}
          onChange={(value) => set({ status: value === 'PENDING_REVIEW' ? '' : value })}
          options={[...ActivityStatus.map((it) => [it, t(`ActivityStatus.${it}`)] as const), ['ALL', t('filter.all')]]}
        />
        <SelectField
          label={t('field.kind')}
          value={get('kind')}
          onChange={(value) => set({ kind: value })}
          options={[['', t('filter.all')], ...kinds.map((it) => [it, titleOf(it)] as const)]}
        />
        <TextField label={t('field.from')} type="date" value={get('from')} onChange={(value) => set({ from: value })} />
      </div>
      <Table
        label={t('nav.claims')}
        file="activities"
        rows={rows}
        empty={status === 'PENDING_REVIEW' ? t('claims.empty') : undefined}
        columns={[
          { key: 'date', title: t('field.date'), cell: (it) => <span className="nowrap">{date(it.occurredOn)}</span>, csv: (it) => it.occurredOn },
          {
            key: 'who',
            title: t('field.who'),
            cell: (it) =>
              isStaff ? <Link href={`/${it.subject.__typename === 'Partner' ? 'partners' : 'professionals'}/${encodeURIComponent(it.subject.code)}`}>{it.subject.name}</Link> : it.subject.name,
            csv: (it) => it.subject.code,
          },
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
          { key: 'points', title: t('field.points'), number: true, cell: (it) => (it.points === null ? '–' : number(it.points)), csv: (it) => it.points },
          {
            key: 'status',
            title: t('field.status'),
            cell: (it) => (
              <span>
                <Badge tone={CLAIM_TONES[it.status]}>{t(`ActivityStatus.${it.status}`)}</Badge>
                {(it.review?.reason ?? it.voided?.reason) && <span className="sub">{it.voided?.reason ?? it.review?.reason}</span>}
              </span>
            ),
            csv: (it) => it.status,
          },
          {
            key: 'actions',
            title: t('field.actions'),
            cell: (it) => (
              <span className="row-actions">
                {it.status === 'PENDING_REVIEW' && may('reviewActivity') && (
                  <>
                    <Button kind="primary" onPress={() => review(it, 'APPROVE')}>
                      {t('claims.approve')}
                    </Button>
                    <Button onPress={() => review(it, 'REJECT')}>{t('claims.reject')}</Button>
                  </>
                )}
                {it.status === 'RECORDED' && may('voidActivity') && <Button onPress={() => voidIt(it)}>{t('claims.void')}</Button>}
              </span>
            ),
          },
        ]}
      />
      {change && <ChangeDialog change={change} onClose={() => setChange(null)} />}
    </Page>
  );
}

function attributesOf(claim: ClaimPartsFragment): [string, string][] {
  const attributes = (claim.attributes ?? {}) as Record<string, unknown>;
  return Object.entries(attributes).map(([name, value]) => [name, String(value)]);
}

function isAddress(text: string): boolean {
  return /^https?:\/\//.test(text);
}

export function Evidence({ claim }: { claim: ClaimPartsFragment }) {
  const known = attributesOf(claim);
  return known.length === 0 ? null : (
    <span className="sub">
      {known.map(([name, value]) =>
        isAddress(value) ? (
          <a key={name} href={value} target="_blank" rel="noopener noreferrer">
            {new URL(value).host}
          </a>
        ) : (
          <span key={name}>{`${name}: ${value} `}</span>
        ),
      )}
    </span>
  );
}

function ClaimFacts({ claim, texts }: { claim: ClaimPartsFragment; texts: Texts }) {
  const { t, date, number } = texts;
  return (
    <Definitions
      of={[
        [t('field.date'), date(claim.occurredOn)],
        [t('field.quantity'), number(claim.quantity)],
        [t('field.pointsProposed'), claim.points === null ? '–' : number(claim.points)],
        ...attributesOf(claim).map(([name, value]): [string, React.ReactNode] => [
          name,
          isAddress(value) ? (
            <a href={value} target="_blank" rel="noopener noreferrer">
              {value}
            </a>
          ) : (
            value
          ),
        ]),
      ]}
    />
  );
}
