// A partner's own people and their points.

import { PeopleOfPartner } from '#generated/account';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { LevelBadge } from '#src/ui/basics';
import { ListPage, Two, useColumns } from '#src/ui/list';

export default function PeoplePage() {
  const { viewer } = useCaller();
  const { t } = useTexts();
  const rows = useRows(PeopleOfPartner, { code: viewer.partner?.code ?? '' }, (data) => data.partner?.professionals);
  const column = useColumns(rows);
  return (
    <ListPage
      title={t('nav.people')}
      lead={t('people.lead')}
      rows={rows}
      file="people"
      columns={[
        { key: 'name', title: t('field.name'), cell: (it) => <Two sub={it.code}>{it.name}</Two>, csv: (it) => it.name },
        { key: 'level', title: t('account.level'), cell: (it) => <LevelBadge level={it.standing.level} />, csv: (it) => it.standing.level?.code },
        column.number('points', t('field.points'), (it) => it.standing.points),
        {
          key: 'next',
          title: t('people.next'),
          cell: (it) => (it.standing.nextLevel ? t('membership.toNext', { n: it.standing.pointsToNextLevel ?? 0, level: it.standing.nextLevel.name }) : '–'),
          csv: (it) => it.standing.pointsToNextLevel,
        },
        column.date('renews', t('professionals.renews'), (it) => it.standing.renewsOn),
      ]}
    />
  );
}
