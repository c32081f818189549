// The review queue, and all activities behind it.

import { Claims, ReviewActivity, Rules, VoidActivity } from '#generated/claims';
import { ActivityStatus } from '#generated/schema';
import type { ClaimPartsFragment } from '#generated/types';
import { useAddress } from '#src/api/address';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import type { ChangeField } from '#src/ui/change';
import { given, oneOf, useOptions } from '#src/ui/filters';
import { ListPage, useColumns } from '#src/ui/list';

import { ClaimFacts, useClaimColumns, useRules } from './claim-parts';

export default function ClaimsPage() {
  const texts = useTexts();
  const { t } = texts;
  const [get] = useAddress();
  const options = useOptions();
  const { reason, optionalReason } = useChangeFields();
  const { rules, titleOf } = useRules();
  const status = get('status') === 'ALL' ? undefined : (oneOf(ActivityStatus, get('status')) ?? 'PENDING_REVIEW');
  const waiting = status === 'PENDING_REVIEW';
  const kinds = [...new Set(rules.filter((it) => !it.derived).map((it) => it.kind))].sort();
  const filter = given({
    statuses: status && [status],
    kinds: get('kind') ? [get('kind')] : undefined,
    professional: get('professional'),
    partner: get('partner'),
    occurredFrom: get('from'),
  });

  const gradeOf = (it: ClaimPartsFragment): ChangeField[] => {
    const range = it.subject.__typename === 'Professional' && rules.find((rule) => rule.kind === it.kind && rule.program === 'PROFESSIONAL')?.points;
    return range && range.min !== range.max
      ? [
          {
            name: 'points',
            label: t('field.points'),
            type: 'number',
            required: true,
            initial: it.points === null ? '' : String(it.points),
            ...range,
            hint: t('claims.range', range),
          },
        ]
      : [];
  };
  const about = (it: ClaimPartsFragment) => ({ kind: titleOf(it.kind), who: it.subject.name });
  const approve = (it: ClaimPartsFragment): Action => ({
    mutation: 'reviewActivity',
    label: t('claims.approve'),
    kind: 'primary',
    change: () => ({
      title: t('claims.approveTitle', about(it)),
      about: <ClaimFacts claim={it} texts={texts} />,
      fields: [...gradeOf(it), { ...optionalReason, hint: t('claims.reasonHint') }],
      operation: ReviewActivity,
      input: (values) => ({ activityId: it.id, decision: 'APPROVE', ...given({ points: values['points'] && Number(values['points']), reason: values['reason'] }) }),
      confirm: t('claims.approve'),
      done: t('claims.approved'),
    }),
  });
  const reject = (it: ClaimPartsFragment): Action => ({
    mutation: 'reviewActivity',
    label: t('claims.reject'),
    change: () => ({
      title: t('claims.rejectTitle', about(it)),
      about: <ClaimFacts claim={it} texts={texts} />,
      fields: [{ ...reason, hint: t('claims.reasonHint') }],
      operation: ReviewActivity,
      input: (values) => ({ activityId: it.id, decision: 'REJECT', reason: values['reason'] }),
      confirm: t('claims.reject'),
      danger: true,
      done: t('claims.rejected'),
    }),
  });
  const voidIt = (it: ClaimPartsFragment): Action => ({
    mutation: 'voidActivity',
    label: t('claims.void'),
    change: () => ({
      title: t('claims.voidTitle', about(it)),
      about: <ClaimFacts claim={it} texts={texts} />,
      fields: [reason],
      operation: VoidActivity,
      input: (values) => ({ activityId: it.id, reason: values['reason'] }),
      confirm: t('claims.void'),
      danger: true,
    }),
  });

  const rows = useRows(Claims, { filter, orderBy: waiting ? 'RECORDED_AT' : 'RECORDED_AT_DESC' }, (data) => data.activities);
  const column = useColumns(rows);
  const claim = useClaimColumns(rows, titleOf);
  return (
    <ListPage
      title={t('nav.claims')}
      lead={t('claims.lead')}
      rows={rows}
      queries={[{ operation: Rules, variables: {} }]}
      file="activities"
      empty={waiting ? t('claims.empty') : undefined}
      filters={[
        { name: 'status', label: t('field.status'), type: 'select', usual: 'PENDING_REVIEW', options: [...options(ActivityStatus, 'ActivityStatus'), ['ALL', t('filter.all')]] },
        { name: 'kind', label: t('field.kind'), type: 'select', options: [['', t('filter.all')], ...kinds.map((it) => [it, titleOf(it)] as const)] },
        { name: 'from', label: t('field.from'), type: 'date' },
      ]}
      columns={[claim.date, claim.who, claim.kind, column.number('points', t('field.points'), (it) => it.points), claim.status]}
      rowActions={(it) => (it.status === 'PENDING_REVIEW' ? [approve(it), reject(it)] : it.status === 'RECORDED' ? [voidIt(it)] : [])}
    />
  );
}
