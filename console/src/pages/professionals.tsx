// All professionals: filter, sort, export.

import { useState } from 'react';
import { Link, useLocation } from 'wouter';

import { Professionals, SignUpProfessional } from '#generated/professionals';
import { ProfessionalOrder } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useCaller } from '#src/api/caller';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { Button, LevelBadge } from '#src/ui/basics';
import { ChangeDialog } from '#src/ui/change';
import { SelectField, TextField } from '#src/ui/fields';
import { Page } from '#src/ui/page';
import { Table } from '#src/ui/table';

const LEVELS = ['ADVOCATE', 'ENABLER', 'CATALYST'];

export default function ProfessionalsPage() {
  const { t, number, date } = useTexts();
  const { may, today } = useCaller();
  const [get, set] = useAddress();
  const [, navigate] = useLocation();
  const [creating, setCreating] = useState(false);
  const order = (ProfessionalOrder as readonly string[]).includes(get('order')) ? (get('order') as (typeof ProfessionalOrder)[number]) : 'NAME';
  const filter = {
    ...(get('search') ? { search: get('search') } : {}),
    ...(get('level') ? { levels: [get('level')] } : {}),
    ...(get('partner') ? { partner: get('partner') } : {}),
    ...(get('risk') ? { atRisk: true } : {}),
  };
  const variables = { filter, orderBy: order };
  const rows = useRows(Professionals, variables, (data) => data.professionals);
  return (
    <Page
      title={t('nav.professionals')}
      lead={t('professionals.lead')}
      queries={[{ operation: Professionals, variables: { ...variables, first: 50 } }]}
      actions={
        may('signUpProfessional') && (
          <Button kind="primary" onPress={() => setCreating(true)}>
            {t('professionals.create')}
          </Button>
        )
      }
    >
      <div className="filters">
        <TextField label={t('filter.search')} type="search" value={get('search')} onChange={(value) => set({ search: value })} />
        <SelectField label={t('account.level')} value={get('level')} onChange={(value) => set({ level: value })} options={[['', t('filter.all')], ...LEVELS.map((it) => [it, it] as const)]} />
        <TextField label={t('field.partnerCode')} type="search" value={get('partner')} onChange={(value) => set({ partner: value })} />
        <SelectField
          label={t('partners.ending')}
          value={get('risk')}
          onChange={(value) => set({ risk: value })}
          options={[
            ['', t('filter.all')],
            ['yes', t('partners.atRisk')],
          ]}
        />
      </div>
      <Table
        label={t('nav.professionals')}
        file="professionals"
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
                <Link href={`/professionals/${encodeURIComponent(it.code)}`}>{it.name}</Link>
                <span className="sub">{it.leftOn ? t('partners.left', { on: date(it.leftOn) }) : it.code}</span>
              </span>
            ),
            csv: (it) => it.name,
          },
          {
            key: 'partner',
            title: t('field.partner'),
            cell: (it) => (it.partner ? <Link href={`/partners/${encodeURIComponent(it.partner.code)}`}>{it.partner.name}</Link> : '–'),
            csv: (it) => it.partner?.code,
          },
          { key: 'signed', title: t('field.signedUpOn'), order: 'SIGNED_UP_ON', cell: (it) => <span className="nowrap">{date(it.signedUpOn)}</span>, csv: (it) => it.signedUpOn },
          { key: 'level', title: t('account.level'), cell: (it) => <LevelBadge level={it.standing.level} />, csv: (it) => it.standing.level?.code },
          { key: 'points', title: t('field.points'), number: true, cell: (it) => number(it.standing.points), csv: (it) => it.standing.points },
          { key: 'renews', title: t('professionals.renews'), cell: (it) => <span className="nowrap">{date(it.standing.renewsOn)}</span>, csv: (it) => it.standing.renewsOn },
          { key: 'dojo', title: t('field.dojo'), number: true, cell: (it) => number(it.dojoCredits), csv: (it) => it.dojoCredits },
        ]}
      />
      {creating && (
        <ChangeDialog
          change={{
            title: t('professionals.create'),
            fields: [
              { name: 'code', label: t('field.code'), required: true },
              { name: 'name', label: t('field.name'), required: true },
              { name: 'email', label: t('field.email'), type: 'email', required: true },
              { name: 'signedUpOn', label: t('field.signedUpOn'), type: 'date', required: true, initial: today },
            ],
            operation: SignUpProfessional,
            input: (values) => values,
            preview: false,
            confirm: t('professionals.create'),
            onDone: (_, values) => navigate(`/professionals/${encodeURIComponent(values['code'] ?? '')}`),
          }}
          onClose={() => setCreating(false)}
        />
      )}
    </Page>
  );
}
