// Credits and balance of a partner over time. Of a ledger with many entries, the sums of months are read in their place.

import { useCallback, useEffect, useState } from 'react';

import { CreditsByKind, CreditsOfPeriod, CreditsOverTime } from '#generated/account';
import type { CreditsByKindQuery, CreditsOverTimeQuery, LevelPartsFragment } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { post } from '#src/api/client';
import { useLive } from '#src/api/live';
import { Rows, Steps } from '#src/charts/charts';
import type { Point } from '#src/charts/charts';
import { addMonths, monthEnd, monthStart, yearStart } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Failed } from '#src/ui/basics';
import type { ShownQuery } from '#src/ui/page';

import { useRules } from './claim-parts';

const CHART_MONTHS = 24;
/// The most entries that are read one by one.
const ENTRIES_MAX = 1_000;

type Entry = NonNullable<NonNullable<CreditsOverTimeQuery['partner']>['ledger']['nodes'][number]>;

/// Both lines from their first day to today.
interface Lines {
  readonly credits: Point[];
  readonly balances: Point[];
  /// Whether they have a point for each month only.
  readonly byMonth: boolean;
}

/// Level credits of a kind by track.
interface OfKind {
  readonly kind: string;
  readonly technical: number;
  readonly business: number;
}

/// What is drawn.
interface History extends Lines {
  /// This year's kinds, those with the most credits first.
  readonly kinds: readonly OfKind[];
}

/// Whole calendar years, because levels count the credits of one.
function chartFrom(today: string): string {
  return yearStart(addMonths(monthStart(today), -CHART_MONTHS));
}

export function creditsQueries(code: string, today: string): ShownQuery[] {
  return [
    { operation: CreditsOverTime, variables: { code, from: chartFrom(today) } },
    { operation: CreditsOfPeriod, variables: { code, from: monthStart(today), to: today } },
    { operation: CreditsByKind, variables: { code, from: yearStart(today), to: today } },
  ];
}

/// Sums of level credits by track, which begin again with each calendar year.
class YearSums {
  readonly points: Point[] = [];
  private year = '';
  private sums: [number, number] = [0, 0];

  add(on: string, technical: number, business: number): void {
    const [year = ''] = on.split('-');
    if (year !== this.year) {
      this.points.push({ on: this.points.length > 0 ? yearStart(on) : on, values: [0, 0] });
      this.year = year;
      this.sums = [0, 0];
    }
    this.sums = [this.sums[0] + technical, this.sums[1] + business];
    this.points.push({ on, values: this.sums });
  }
}

function kindsOf(rows: CreditsByKindQuery['statement']['kinds']): OfKind[] {
  const sums = new Map<string, OfKind>();
  for (const { kind, track, levelCredits } of rows) {
    const sum = sums.get(kind) ?? { kind, technical: 0, business: 0 };
    sums.set(kind, track === 'TECHNICAL' ? { ...sum, technical: sum.technical + levelCredits } : { ...sum, business: sum.business + levelCredits });
  }
  const total = (it: OfKind) => it.technical + it.business;
  return [...sums.values()].filter((it) => total(it) > 0).sort((a, b) => total(b) - total(a));
}

function byEntry(entries: readonly Entry[], balance: number, today: string): Lines {
  const sums = new YearSums();
  for (const it of entries) {
    const counts = it.reason !== 'LEGACY';
    sums.add(it.effectiveOn, counts && it.track === 'TECHNICAL' ? it.levelCredits : 0, counts && it.track === 'BUSINESS' ? it.levelCredits : 0);
  }
  sums.add(today, 0, 0);
  // Backwards from today's balance: the entries carry the balances of the order in which they were recorded.
  let rest = balance;
  const balances: Point[] = [{ on: today, values: [rest] }];
  for (const it of entries.toReversed()) {
    balances.push({ on: it.effectiveOn, values: [rest] });
    rest -= it.spendableCredits;
  }
  return { credits: sums.points, balances: balances.toReversed(), byMonth: false };
}

async function byMonth(code: string, from: string, today: string, signal: AbortSignal): Promise<Lines> {
  const months: string[] = [];
  for (let month = from; month <= today; month = addMonths(month, 1)) {
    months.push(month);
  }
  const statements = await Promise.all(
    months.map(async (month) => {
      const to = monthEnd(month) < today ? monthEnd(month) : today;
      return { on: to, ...(await post(CreditsOfPeriod, { code, from: month, to }, signal)).statement };
    }),
  );
  const sums = new YearSums();
  for (const it of statements) {
    const of = (track: string) => it.sums.filter((one) => one.track === track && one.reason !== 'LEGACY').reduce((sum, one) => sum + one.levelCredits, 0);
    sums.add(it.on, of('TECHNICAL'), of('BUSINESS'));
  }
  return { credits: sums.points, balances: statements.map((it) => ({ on: it.on, values: [it.closing] })), byMonth: true };
}

async function loadLines(code: string, balance: number, today: string, signal: AbortSignal): Promise<Lines | null> {
  const from = chartFrom(today);
  let entries: Entry[] = [];
  let before: string | null = null;
  do {
    // One page after the other: each ends where the last one begins.
    // oxlint-disable-next-line no-await-in-loop
    const data: CreditsOverTimeQuery = await post(CreditsOverTime, { code, from, before }, signal);
    const ledger = data.partner?.ledger;
    if (ledger && ledger.totalCount > ENTRIES_MAX) {
      return byMonth(code, from, today, signal);
    }
    entries = [...(ledger?.nodes ?? []).filter((it) => it !== null), ...entries];
    before = (ledger?.pageInfo.hasPreviousPage && ledger.pageInfo.startCursor) || null;
  } while (before !== null);
  return entries.length === 0 ? null : byEntry(entries.toSorted((a, b) => a.effectiveOn.localeCompare(b.effectiveOn)), balance, today);
}

async function load(code: string, balance: number, today: string, signal: AbortSignal): Promise<History | null> {
  const [lines, { statement }] = await Promise.all([
    loadLines(code, balance, today, signal),
    post(CreditsByKind, { code, from: yearStart(today), to: today }, signal),
  ]);
  return lines && { ...lines, kinds: kindsOf(statement.kinds) };
}

/// Level credits of each calendar year by track, against the thresholds, and the balance; legacy levels are marked.
export function CreditsCharts({
  code,
  balance,
  levels,
  legacy,
}: {
  code: string;
  balance: number;
  levels: LevelPartsFragment[];
  legacy: { earnedOn: string; legacy: boolean; level: { name: string } }[];
}) {
  const { t } = useTexts();
  const { today } = useCaller();
  const { version } = useLive();
  const { titleOf } = useRules();
  const [{ history, error }, setState] = useState<{ history?: History | null; error?: Error }>({});
  const read = useCallback(
    (signal: AbortSignal) =>
      load(code, balance, today, signal).then(
        (history) => signal.aborted || setState({ history }),
        (error: unknown) => signal.aborted || setState({ error: error as Error }),
      ),
    [code, balance, today],
  );
  useEffect(() => {
    const control = new AbortController();
    void read(control.signal);
    return () => control.abort();
  }, [read, version]);
  if (error) {
    return <Failed error={error} again={() => void read(new AbortController().signal)} />;
  }
  const first = history?.credits[0]?.on;
  if (!history || !first) {
    return null;
  }
  const marks = legacy
    .filter((it) => it.legacy && it.earnedOn >= first)
    .slice(0, 1)
    .map((it) => ({ on: it.earnedOn, name: t('chart.legacy', { level: it.level.name }) }));
  return (
    <>
      <div className="grid">
        <Steps
          title={t('chart.overTime')}
          file={`credits-${code}`}
          points={history.credits}
          series={[
            { name: t('Track.TECHNICAL'), tone: 'technical' },
            { name: t('Track.BUSINESS'), tone: 'business' },
          ]}
          thresholds={levels.filter((it) => it.threshold > 0).map((it) => ({ name: it.name, value: it.threshold }))}
          marks={marks}
        />
        <Steps title={t('account.balance')} file={`balance-${code}`} points={history.balances} series={[{ name: t('account.balance'), tone: 'tone-2' }]} />
        {history.kinds.length > 0 && (
          <Rows
            title={t('chart.kinds')}
            file={`kinds-${code}`}
            axis={t('field.kind')}
            labels={history.kinds.map((it) => titleOf(it.kind))}
            series={[
              { name: t('Track.TECHNICAL'), tone: 'technical', values: history.kinds.map((it) => it.technical) },
              { name: t('Track.BUSINESS'), tone: 'business', values: history.kinds.map((it) => it.business) },
            ]}
          />
        )}
      </div>
      {history.byMonth && <p className="muted">{t('chart.byMonth', { n: ENTRIES_MAX })}</p>}
    </>
  );
}
