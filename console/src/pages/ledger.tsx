// Ledger entries, each with its sentence, newest first.

import { AccountLedger } from '#generated/account';
import { PointsLedger } from '#generated/professionals';
import { Track } from '#generated/schema';
import { useAddress } from '#src/api/address';
import { useRows } from '#src/api/data';
import { useTexts } from '#src/i18n/i18n';
import { given, oneOf, useOptions, usePeriodFilters } from '#src/ui/filters';
import { List, Two, useColumns } from '#src/ui/list';
import type { Listed } from '#src/ui/list';

interface Entry {
  readonly id: string;
  readonly effectiveOn: string;
  readonly explanation: string;
}

/// A list of entries: the date and the sentence, then the numbers.
function Entries<Row extends Entry>({
  smaller,
  columns,
  filters = [],
  rows,
  ...list
}: Listed<Row> & {
  /// What is said below the sentence.
  smaller: (row: Row) => string;
}) {
  const { t } = useTexts();
  const column = useColumns(rows);
  const period = usePeriodFilters();
  return (
    <List
      {...list}
      rows={rows}
      filters={[...filters, ...period]}
      columns={[
        column.date('date', t('field.date'), (it) => it.effectiveOn),
        {
          key: 'what',
          title: t('field.what'),
          cell: (it) => (
            <Two lang="en" sub={smaller(it)}>
              {it.explanation}
            </Two>
          ),
          csv: (it) => it.explanation,
        },
        ...columns,
      ]}
    />
  );
}

export function LedgerView({ code }: { code: string }) {
  const { t } = useTexts();
  const [get] = useAddress();
  const options = useOptions();
  const rows = useRows(AccountLedger, { code, ...given({ track: oneOf(Track, get('track')), from: get('from'), to: get('to') }) }, (data) => data.partner?.ledger, { backward: true });
  const column = useColumns(rows);
  return (
    <Entries
      rows={rows}
      label={t('nav.ledger')}
      file={`ledger-${code}`}
      filters={[{ name: 'track', label: t('field.track'), type: 'select', options: options(Track, 'Track', t('filter.all')) }]}
      smaller={(it) => [t(`LedgerReason.${it.reason}`), it.track && t(`Track.${it.track}`)].filter(Boolean).join(' · ')}
      columns={[
        column.change('level', t('field.levelCredits'), (it) => it.levelCredits),
        column.change('spendable', t('field.credits'), (it) => it.spendableCredits),
        column.number('balance', t('account.balance'), (it) => it.balanceAfter),
      ]}
    />
  );
}

export function PointsView({ code }: { code: string }) {
  const { t } = useTexts();
  const [get] = useAddress();
  const rows = useRows(PointsLedger, { code, ...given({ from: get('from'), to: get('to') }) }, (data) => data.professional?.pointsLedger, { backward: true });
  const column = useColumns(rows);
  return (
    <Entries
      rows={rows}
      label={t('nav.points')}
      file={`points-${code}`}
      smaller={(it) => t(`PointsReason.${it.reason}`)}
      columns={[
        column.change('points', t('field.points'), (it) => it.points),
        column.change('dojo', t('field.dojo'), (it) => it.dojoCredits),
        column.number('balance', t('field.dojoAfter'), (it) => it.dojoBalanceAfter),
      ]}
    />
  );
}
