// A partner's own people and their points.

import { PeopleOfPartner } from '#generated/account';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { LevelBadge } from '#src/ui/basics';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

export default function PeoplePage() {
  const { viewer } = useCaller();
  const { t, number, date } = useTexts();
  const variables = { code: viewer.partner?.code ?? '' };
  const rows = useRows(PeopleOfPartner, variables, (data) => data.partner?.professionals);
  return (
    <Page title={t('nav.people')} lead={t('people.lead')} queries={[{ operation: PeopleOfPartner, variables: { ...variables, first: 50 } }]}>
      <Table
        label={t('nav.people')}
        file="people"
        rows={rows}
        columns={[
          {
            key: 'name',
            title: t('field.name'),
            cell: (it) => (
              <span>
                {it.name}
                <span className="sub">{it.code}</span>
              </span>
            ),
            csv: (it) => it.name,
          },
          { key: 'level', title: t('account.level'), cell: (it) => <LevelBadge level={it.standing.level} />, csv: (it) => it.standing.level?.code },
          { key: 'points', title: t('field.points'), number: true, cell: (it) => number(it.standing.points), csv: (it) => it.standing.points },
          {
            key: 'next',
            title: t('people.next'),
            cell: (it) => (it.standing.nextLevel ? t('membership.toNext', { n: it.standing.pointsToNextLevel ?? 0, level: it.standing.nextLevel.name }) : '–'),
            csv: (it) => it.standing.pointsToNextLevel,
          },
          { key: 'renews', title: t('professionals.renews'), cell: (it) => <span className="nowrap">{date(it.standing.renewsOn)}</span>, csv: (it) => it.standing.renewsOn },
        ]}
      />
    </Page>
  );
}
