// All partners.

import { CreatePartner, Partners } from '#generated/partners';
import { PartnerOrder, Track } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { LevelBadge } from '#src/ui/basics';
import { given, oneOf, useOptions } from '#src/ui/filters';
import { Two, useColumns } from '#src/ui/list';

import { ordersOf, SubjectListPage } from './subject-list';

const ORDERS = ordersOf(PartnerOrder, 'NAME');

export default function PartnersPage() {
  const { t } = useTexts();
  const { today } = useCaller();
  const [get] = useAddress();
  const options = useOptions();
  const filter = given({
    search: get('search'),
    levels: get('level') ? [get('level')] : undefined,
    track: oneOf(Track, get('track')),
    lapsingFrom: get('lapsing') ? today : undefined,
    withinCreditsOfNext: get('within') ? Number(get('within')) : undefined,
  });
  const rows = useRows(Partners, { filter, orderBy: oneOf(PartnerOrder, get('order')) ?? 'NAME' }, (data) => data.partners);
  const column = useColumns(rows);
  return (
    <SubjectListPage
      kind="partners"
      rows={rows}
      orders={ORDERS}
      create={{ mutation: 'createPartner', operation: CreatePartner }}
      filters={[
        { name: 'track', label: t('field.track'), type: 'select', options: options(Track, 'Track', t('filter.any')) },
        { name: 'within', label: t('partners.within'), type: 'number' },
      ]}
      columns={[
        column.date('enrolled', t('field.enrolledOn'), (it) => it.enrolledOn, { order: 'ENROLLED_ON' }),
        { key: 'technical', title: t('Track.TECHNICAL'), cell: (it) => <TrackCell track={it.standing.technical} />, csv: (it) => it.standing.technical.level.code },
        { key: 'business', title: t('Track.BUSINESS'), cell: (it) => <TrackCell track={it.standing.business} />, csv: (it) => it.standing.business.level.code },
        column.number('credits', t('partners.creditsThisYear'), (it) => it.standing.technical.credits + it.standing.business.credits, { order: 'CREDITS_THIS_YEAR' }),
        column.number('balance', t('account.balance'), (it) => it.balance, { order: 'BALANCE' }),
      ]}
    />
  );
}

function TrackCell({ track }: { track: { level: { name: string; rank: number }; validUntil: string | null; creditsToNextLevel: number | null } }) {
  const { t, date } = useTexts();
  const more = [track.validUntil && t('account.until', { on: date(track.validUntil) }), track.creditsToNextLevel !== null && t('partners.toNext', { n: track.creditsToNextLevel })];
  return (
    <Two sub={more.filter(Boolean).join(' · ')}>
      <LevelBadge level={track.level} />
    </Two>
  );
}
