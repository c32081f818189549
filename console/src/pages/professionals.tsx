// All professionals.

import { Professionals, SignUpProfessional } from '#generated/professionals';
import { ProfessionalOrder } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useRows } from '#src/api/data';
import { findPartners } from '#src/api/lookups';
import { useTexts } from '#src/i18n/i18n';
import { LevelBadge } from '#src/ui/basics';
import { given, oneOf } from '#src/ui/filters';
import { useColumns } from '#src/ui/list';

import { ordersOf, SubjectListPage } from './subject-list';

const ORDERS = ordersOf(ProfessionalOrder, 'NAME');

export default function ProfessionalsPage() {
  const { t } = useTexts();
  const [get] = useAddress();
  const filter = given({
    search: get('search'),
    levels: get('level') ? [get('level')] : undefined,
    partner: get('partner'),
    atRisk: get('risk') ? true : undefined,
  });
  const rows = useRows(Professionals, { filter, orderBy: oneOf(ProfessionalOrder, get('order')) ?? 'NAME' }, (data) => data.professionals);
  const column = useColumns(rows);
  return (
    <SubjectListPage
      kind="professionals"
      rows={rows}
      orders={ORDERS}
      create={{
        mutation: 'signUpProfessional',
        operation: SignUpProfessional,
        fields: [{ name: 'email', label: t('field.email'), type: 'email', required: true }],
      }}
      filters={[{ name: 'partner', label: t('field.partnerCode'), lookup: findPartners }]}
      columns={[
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
