// All partners: filter, sort, export.

import { useState } from 'react';
import { Link, useLocation } from 'wouter';

import { CreatePartner, Partners } from '#generated/partners';
import { PartnerOrder, Track } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Button, LevelBadge } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import { SelectField, TextField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

const LEVELS = ['MEMBER', 'COLLABORATOR', 'CREATOR'];

export default function PartnersPage() {
  const { t, number, date } = useTexts();
  const { may, today } = useCaller();
  const [get, set] = useAddress();
  const [, navigate] = useLocation();
  const [creating, setCreating] = useState(false);
  const order = (PartnerOrder as readonly string[]).includes(get('order')) ? (get('order') as (typeof PartnerOrder)[number]) : 'NAME';
  const filter = {
    ...(get('search') ? { search: get('search') } : {}),
    ...(get('level') ? { levels: [get('level')] } : {}),
    ...(get('track') ? { track: get('track') as (typeof Track)[number] } : {}),
    ...(get('lapsing') ? { lapsingFrom: get('lapsing') } : {}),
    ...(get('within') ? { withinCreditsOfNext: Number(get('within')) } : {}),
  };
  const variables = { filter, orderBy: order };
  const rows = useRows(Partners, variables, (data) => data.partners);
  return (
    <Page
      title={t('nav.partners')}
      lead={t('partners.lead')}
      queries={[{ operation: Partners, variables: { ...variables, first: 50 } }]}
      actions={
        may('createPartner') && (
          <Button kind="primary" onPress={() => setCreating(true)}>
            {t('partners.create')}
          </Button>
        )
      }
    >
      <div className="filters">
        <TextField label={t('filter.search')} type="search" value={get('search')} onChange={(value) => set({ search: value })} />
        <SelectField label={t('account.level')} value={get('level')} onChange={(value) => set({ level: value })} options={[['', t('filter.all')], ...LEVELS.map((it) => [it, it] as const)]} />
        <SelectField
          label={t('field.track')}
          value={get('track')}
          onChange={(value) => set({ track: value })}
          options={[['', t('filter.any')], ...Track.map((it) => [it, t(`Track.${it}`)] as const)]}
        />
        <SelectField
          label={t('partners.ending')}
          value={get('lapsing') ? 'yes' : ''}
          onChange={(value) => set({ lapsing: value ? today : '' })}
          options={[
            ['', t('filter.all')],
            ['yes', t('partners.atRisk')],
          ]}
        />
        <TextField label={t('partners.within')} type="number" min={0} value={get('within')} onChange={(value) => set({ within: value })} />
        <SelectField
          label={t('filter.order')}
          value={order}
          onChange={(value) => set({ order: value === 'NAME' ? '' : value })}
          options={PartnerOrder.map((it) => [it, t(`PartnerOrder.${it}`)] as const)}
        />
      </div>
      <Table
        label={t('nav.partners')}
        file="partners"
        rows={rows}
        order={order}
        onOrder={(value) => set({ order: value === 'NAME' ? '' : value })}
        columns={[
          {
            key: 'name',
            title: t('field.name'),
            order: 'NAME',
            cell: (it) => (
              <span>
                <Link href={`/partners/${encodeURIComponent(it.code)}`}>{it.name}</Link>
                <span className="sub">{it.leftOn ? t('partners.left', { on: date(it.leftOn) }) : it.code}</span>
              </span>
            ),
            csv: (it) => it.name,
          },
          { key: 'code', title: t('field.enrolledOn'), order: 'ENROLLED_ON', cell: (it) => <span className="nowrap">{date(it.enrolledOn)}</span>, csv: (it) => it.enrolledOn },
          { key: 'technical', title: t('Track.TECHNICAL'), cell: (it) => <TrackCell track={it.standing.technical} />, csv: (it) => it.standing.technical.level.code },
          { key: 'business', title: t('Track.BUSINESS'), cell: (it) => <TrackCell track={it.standing.business} />, csv: (it) => it.standing.business.level.code },
          {
            key: 'credits',
            title: t('partners.creditsThisYear'),
            order: 'CREDITS_THIS_YEAR',
            number: true,
            cell: (it) => number(it.standing.technical.credits + it.standing.business.credits),
            csv: (it) => it.standing.technical.credits + it.standing.business.credits,
          },
          { key: 'balance', title: t('account.balance'), order: 'BALANCE', number: true, cell: (it) => number(it.balance), csv: (it) => it.balance },
        ]}
      />
      {creating && (
        <ChangeDialog
          change={{
            title: t('partners.create'),
            fields: [
              { name: 'code', label: t('field.code'), required: true },
              { name: 'name', label: t('field.name'), required: true },
              { name: 'enrolledOn', label: t('field.enrolledOn'), type: 'date', required: true, initial: today },
            ],
            operation: CreatePartner,
            input: (values) => values,
            preview: false,
            confirm: t('partners.create'),
            onDone: (_, values) => navigate(`/partners/${encodeURIComponent(values['code'] ?? '')}`),
          }}
          onClose={() => setCreating(false)}
        />
      )}
    </Page>
  );
}

function TrackCell({ track }: { track: { level: { name: string; rank: number }; validUntil: string | null; creditsToNextLevel: number | null } }) {
  const { t, date } = useTexts();
  return (
    <span>
      <LevelBadge level={track.level} />
      <span className="sub">
        {[track.validUntil && t('account.until', { on: date(track.validUntil) }), track.creditsToNextLevel !== null && t('partners.toNext', { n: track.creditsToNextLevel })].filter(Boolean).join(' · ')}
      </span>
    </span>
  );
}
