// The review queue, and all activities behind it.

import { Claims, Rules } from '#generated/claims';
import { ActivityStatus } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { findPartners, findProfessionals } from '#src/api/lookups';
import { useTexts } from '#src/i18n/i18n';
import { given, oneOf, useOptions, usePeriodFilters } from '#src/ui/filters';
import { ListPage, useColumns } from '#src/ui/list';

import { useClaimActions } from './claim-actions';
import { useClaimColumns, useRules } from './claim-parts';

export default function ClaimsPage() {
  const { t } = useTexts();
  const { isStaff } = useCaller();
  const [get] = useAddress();
  const options = useOptions();
  const period = usePeriodFilters();
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
    occurredTo: get('to'),
  });

  const rows = useRows(Claims, { filter, orderBy: waiting ? 'RECORDED_AT' : 'RECORDED_AT_DESC' }, (data) => data.activities);
  const column = useColumns(rows);
  const claim = useClaimColumns(rows, titleOf);
  const rowActions = useClaimActions(rules, titleOf);
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
        ...(isStaff
          ? [
              { name: 'partner', label: t('field.partnerCode'), lookup: findPartners },
              { name: 'professional', label: t('field.professionalCode'), lookup: findProfessionals },
            ]
          : []),
        ...period,
      ]}
      columns={[claim.date, claim.who, claim.kind, claim.evidence, column.number('points', t('field.points'), (it) => it.points), claim.status]}
      rowActions={rowActions}
    />
  );
}
