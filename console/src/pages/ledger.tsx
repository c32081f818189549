// Ledger lines, each with its sentence, newest first.

import { AccountLedger } from '#generated/account';
import { PointsLedger } from '#generated/professionals';
import { Track } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { SelectField, TextField } from '#src/ui/fields';
import { Table } from '#src/ui/table';

export function LedgerView({ code }: { code: string }) {
  const { t, date, signed, number } = useTexts();
  const [get, set] = useAddress();
  const variables = {
    code,
    ...(get('track') ? { track: get('track') as (typeof Track)[number] } : {}),
    ...(get('from') ? { from: get('from') } : {}),
    ...(get('to') ? { to: get('to') } : {}),
  };
  const rows = useRows(AccountLedger, variables, (data) => data.partner?.ledger, { backward: true });
  return (
    <>
      <div className="filters">
        <SelectField
          label={t('field.track')}
          value={get('track')}
          onChange={(value) => set({ track: value })}
          options={[['', t('filter.all')], ...Track.map((it) => [it, t(`Track.${it}`)] as const)]}
        />
        <TextField label={t('field.from')} type="date" value={get('from')} onChange={(value) => set({ from: value })} />
        <TextField label={t('field.to')} type="date" value={get('to')} onChange={(value) => set({ to: value })} />
      </div>
      <Table
        label={t('nav.ledger')}
        file={`ledger-${code}`}
        rows={rows}
        columns={[
          { key: 'date', title: t('field.date'), cell: (it) => <span className="nowrap">{date(it.effectiveOn)}</span>, csv: (it) => it.effectiveOn },
          {
            key: 'what',
            title: t('field.what'),
            cell: (it) => (
              <span>
                <span lang="en">{it.explanation}</span>
                <span className="sub">{[t(`LedgerReason.${it.reason}`), it.track && t(`Track.${it.track}`)].filter(Boolean).join(' · ')}</span>
              </span>
            ),
            csv: (it) => it.explanation,
          },
          { key: 'level', title: t('field.levelCredits'), number: true, cell: (it) => signed(it.levelCredits), csv: (it) => it.levelCredits },
          { key: 'spendable', title: t('field.credits'), number: true, cell: (it) => signed(it.spendableCredits), csv: (it) => it.spendableCredits },
          { key: 'balance', title: t('account.balance'), number: true, cell: (it) => number(it.balanceAfter), csv: (it) => it.balanceAfter },
        ]}
      />
    </>
  );
}

export function PointsView({ code }: { code: string }) {
  const { t, date, signed, number } = useTexts();
  const [get, set] = useAddress();
  const variables = { code, ...(get('from') ? { from: get('from') } : {}), ...(get('to') ? { to: get('to') } : {}) };
  const rows = useRows(PointsLedger, variables, (data) => data.professional?.pointsLedger, { backward: true });
  return (
    <>
      <div className="filters">
        <TextField label={t('field.from')} type="date" value={get('from')} onChange={(value) => set({ from: value })} />
        <TextField label={t('field.to')} type="date" value={get('to')} onChange={(value) => set({ to: value })} />
      </div>
      <Table
        label={t('nav.points')}
        file={`points-${code}`}
        rows={rows}
        columns={[
          { key: 'date', title: t('field.date'), cell: (it) => <span className="nowrap">{date(it.effectiveOn)}</span>, csv: (it) => it.effectiveOn },
          {
            key: 'what',
            title: t('field.what'),
            cell: (it) => (
              <span>
                <span lang="en">{it.explanation}</span>
                <span className="sub">{t(`PointsReason.${it.reason}`)}</span>
              </span>
            ),
            csv: (it) => it.explanation,
          },
          { key: 'points', title: t('field.points'), number: true, cell: (it) => signed(it.points), csv: (it) => it.points },
          { key: 'dojo', title: t('field.dojo'), number: true, cell: (it) => signed(it.dojoCredits), csv: (it) => it.dojoCredits },
          { key: 'balance', title: t('field.dojoAfter'), number: true, cell: (it) => (it.dojoBalanceAfter === null ? '–' : number(it.dojoBalanceAfter)), csv: (it) => it.dojoBalanceAfter },
        ]}
      />
    </>
  );
}
