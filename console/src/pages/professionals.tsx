// All professionals: filter, sort, export.

import { useLocation } from 'wouter';

import { Professionals, SignUpProfessional } from '#generated/professionals';
import { ProfessionalOrder } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { findPartners } from '#src/api/lookups';
import { useTexts } from '#src/i18n/i18n';
import { LevelBadge } from '#src/ui/basics';
import { given, oneOf, useOptions } from '#src/ui/filters';
import { ListPage, useColumns } from '#src/ui/list';

import { codeAndName, RISK, useLevelFilter, useSubjectColumns } from './subjects';

const ORDERS = ['NAME', ...ProfessionalOrder.filter((it) => it !== 'NAME')] as const;

export default function ProfessionalsPage() {
  const { t } = useTexts();
  const { today } = useCaller();
  const [get] = useAddress();
  const [, navigate] = useLocation();
  const options = useOptions();
  const level = useLevelFilter('professionalLevels');
  const { name } = useSubjectColumns('professionals');
  const filter = given({
    search: get('search'),
    levels: get('level') ? [get('level')] : undefined,
    partner: get('partner'),
    atRisk: get('risk') ? true : undefined,
  });
  const rows = useRows(Professionals, { filter, orderBy: oneOf(ProfessionalOrder, get('order')) ?? 'NAME' }, (data) => data.professionals);
  const column = useColumns(rows);
  return (
    <ListPage
      title={t('nav.professionals')}
      lead={t('professionals.lead')}
      rows={rows}
      file="professionals"
      orders={ORDERS}
      pageActions={[
        {
          mutation: 'signUpProfessional',
          label: t('professionals.create'),
          kind: 'primary',
          change: () => ({
            title: t('professionals.create'),
            fields: [
              ...codeAndName(t),
              { name: 'email', label: t('field.email'), type: 'email', required: true },
              { name: 'signedUpOn', label: t('field.signedUpOn'), type: 'date', required: true, initial: today },
            ],
            operation: SignUpProfessional,
            input: (values) => values,
            confirm: t('professionals.create'),
            onDone: (_, values) => navigate(`/professionals/${encodeURIComponent(values['code'] ?? '')}`),
          }),
        },
      ]}
      filters={[
        { name: 'search', label: t('filter.search') },
        level,
        { name: 'partner', label: t('field.partnerCode'), lookup: findPartners },
        { name: 'risk', label: t('partners.ending'), type: 'select', options: RISK(t) },
        { name: 'order', label: t('filter.order'), type: 'select', usual: 'NAME', options: options(ProfessionalOrder, 'ProfessionalOrder') },
      ]}
      columns={[
        name,
        column.subject('partners', (it) => it.partner),
        column.date('signed', t('field.signedUpOn'), (it) => it.signedUpOn, { order: 'SIGNED_UP_ON' }),
        { key: 'level', title: t('account.level'), cell: (it) => <LevelBadge level={it.standing.level} />, csv: (it) => it.standing.level?.code },
        column.number('points', t('field.points'), (it) => it.standing.points),
        column.date('renews', t('professionals.renews'), (it) => it.standing.renewsOn),
        column.number('dojo', t('field.dojo'), (it) => it.dojoCredits),
      ]}
    />
  );
}
