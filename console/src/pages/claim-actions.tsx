// What staff does with claims and activities, and the list of those of one partner or professional.

import { Claims, ReviewActivity, VoidActivity } from '#generated/claims';
import type { ClaimPartsFragment } from '#generated/types';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { useChangeFields } from '#src/ui/actions';
import type { Action } from '#src/ui/actions';
import type { ChangeField } from '#src/ui/change';
import { given } from '#src/ui/filters';
import { List, useColumns } from '#src/ui/list';

import { ClaimFacts, useClaimColumns, useRules } from './claim-parts';
import type { Rule } from './claim-parts';

/// What may be done with a claim: it is reviewed, or voided.
export function useClaimActions(rules: readonly Rule[], titleOf: (kind: string) => string): (claim: ClaimPartsFragment) => Action[] {
  const texts = useTexts();
  const { t } = texts;
  const { reason, optionalReason } = useChangeFields();
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
  return (it) => (it.status === 'PENDING_REVIEW' ? [approve(it), reject(it)] : it.status === 'RECORDED' ? [voidIt(it)] : []);
}

/// The activities of one partner or professional, newest first, with the changes of each.
export function ClaimsView({ subject, file }: { subject: { partner: string } | { professional: string }; file: string }) {
  const { t } = useTexts();
  const { rules, titleOf } = useRules();
  const rows = useRows(Claims, { filter: subject, orderBy: 'RECORDED_AT_DESC' as const }, (data) => data.activities);
  const claim = useClaimColumns(rows, titleOf);
  const column = useColumns(rows);
  const rowActions = useClaimActions(rules, titleOf);
  const awarded = (it: ClaimPartsFragment) => ('partner' in subject ? it.awardedCredits : it.awardedPoints);
  return (
    <List
      label={t('claims.tab')}
      file={file}
      rows={rows}
      empty={t('claims.none')}
      columns={[claim.date, claim.kind, claim.evidence, claim.status, column.number('awarded', t('field.awarded'), awarded)]}
      rowActions={rowActions}
    />
  );
}
