// What waits for staff, and how the program stands.

import { useEffect, useMemo, useState } from 'react';
import { useClient } from 'urql';
import { Link } from 'wouter';

import { CreditsOfMonth, Dashboard, DashboardReport } from '#generated/dashboard';
import type { DashboardQuery, DashboardReportQuery } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { useLive } from '#src/api/live';
import { Bars } from '#src/charts/charts';
import { LevelsByMonth } from '#src/charts/levels';
import { addDays, addMonths, monthEnd, monthStart } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Card, Empty, Failed, Figure, LevelBadge, Loading, Shown } from '#src/ui/basics';
import { Page } from '#src/ui/page';

const MONTHS = 12;
const SOON_DAYS = 30;
const LAPSING_DAYS = 180;

export default function DashboardPage() {
  const { today } = useCaller();
  const { t } = useTexts();
  const variables = { today, soon: addDays(today, SOON_DAYS), lapsing: addDays(today, LAPSING_DAYS) };
  const result = useData(Dashboard, variables);
  // What waits is shown at once; the sums of a year take longer.
  const period = { today, from: addMonths(monthStart(today), 1 - MONTHS) };
  const report = useData(DashboardReport, period);
  const queries = [
    { operation: Dashboard, variables },
    { operation: DashboardReport, variables: period },
    { operation: CreditsOfMonth, variables: { from: monthStart(today), to: today } },
  ];
  return (
    <Page title={t('nav.dashboard')} lead={t('dashboard.lead')} queries={queries}>
      <Shown of={result}>{(data) => <Content data={data} report={report.data} />}</Shown>
      {result.data && <Shown of={report}>{(data) => <Charts data={data} />}</Shown>}
    </Page>
  );
}

function Content({ data, report }: { data: DashboardQuery; report: DashboardReportQuery | undefined }) {
  const { t, number, money, date } = useTexts();
  const { today } = useCaller();
  const unspent = report?.programReport.unspent.reduce((sum, it) => sum + it.credits, 0);
  return (
    <>
      <div className="figures">
        <Figure label={t('dashboard.claims')} value={number(data.claims.totalCount)} href="/claims" />
        <Figure label={t('dashboard.wins')} value={number(data.wins.totalCount)} href="/deals?status=WON_REPORTED" />
        <Figure label={t('dashboard.orders')} value={number(data.placed.totalCount)} href="/orders?status=PLACED" />
        <Figure label={t('dashboard.swag')} value={number(data.swag.totalCount)} href="/swag?status=PLACED" />
        <Figure label={t('dashboard.unspent')} value={unspent === undefined ? '…' : number(unspent)} hint={report?.programReport.unspentValue.map(money).join(' · ')} href="/report" />
      </div>
      <div className="grid quarters">
        <Card title={t('dashboard.claims')} action={<Link href="/claims">{t('dashboard.all')}</Link>}>
          <List
            empty={t('dashboard.nothing')}
            of={data.claims}
            row={(it) => (
              <>
                <Link href="/claims" lang="en">
                  {data.edition.earningRules.find((rule) => rule.kind === it.kind)?.title ?? it.kind}
                </Link>
                <span className="muted">{date(it.occurredOn)}</span>
                <span className="sub">{it.subject.name}</span>
              </>
            )}
          />
        </Card>
        <Card title={t('dashboard.wins')} action={<Link href="/deals?status=WON_REPORTED">{t('dashboard.all')}</Link>}>
          <List
            empty={t('dashboard.nothing')}
            of={data.wins}
            row={(it) => (
              <>
                <Link href={`/deals/${encodeURIComponent(it.reference)}`}>{it.customer}</Link>
                <span className="muted">{date(it.statusSince)}</span>
                <span className="sub">{it.partner.name}</span>
              </>
            )}
          />
        </Card>
        <Card title={t('dashboard.ending', { n: SOON_DAYS })} action={<Link href={`/deals?view=list&until=${addDays(today, SOON_DAYS)}`}>{t('dashboard.all')}</Link>}>
          <List
            empty={t('dashboard.nothing')}
            of={data.ending}
            row={(it) => (
              <>
                <Link href={`/deals/${encodeURIComponent(it.reference)}`}>{it.customer}</Link>
                <span className="muted">{date(it.validUntil)}</span>
                <span className="sub">{it.partner.name}</span>
              </>
            )}
          />
        </Card>
        <Card title={t('dashboard.lapsing')} action={<Link href={`/partners?lapsing=${today}`}>{t('dashboard.all')}</Link>}>
          <List
            empty={t('dashboard.nothing')}
            of={data.lapsing}
            row={(it) => {
              // The track whose level ends first, of those that are not secured.
              const tracks = [it.standing.technical, it.standing.business].filter((one) => one.validUntil && one.creditsToRetain > 0);
              const [soonest] = tracks.sort((a, b) => (a.validUntil ?? '').localeCompare(b.validUntil ?? ''));
              return (
                <>
                  <Link href={`/partners/${encodeURIComponent(it.code)}`}>{it.name}</Link>
                  {soonest && <LevelBadge level={soonest.level} />}
                  {soonest && <span className="sub">{t('dashboard.lapsingOn', { on: date(soonest.validUntil), n: soonest.creditsToRetain })}</span>}
                </>
              );
            }}
          />
        </Card>
      </div>
    </>
  );
}

function Charts({ data }: { data: DashboardReportQuery }) {
  return (
    <div className="grid">
      <CreditsByMonth />
      <LevelsByMonth levels={data.programReport.levels} of={data.edition.partnerLevels} track="TECHNICAL" />
      <LevelsByMonth levels={data.programReport.levels} of={data.edition.partnerLevels} track="BUSINESS" />
    </div>
  );
}

function List<Row extends { id: string }>({
  of,
  row,
  empty,
}: {
  of: { totalCount: number; nodes: (Row | null)[] };
  row: (row: Row) => React.ReactNode;
  empty: string;
}) {
  const { t } = useTexts();
  const there = of.nodes.filter((it): it is NonNullable<typeof it> => it !== null);
  return there.length === 0 ? (
    <Empty>{empty}</Empty>
  ) : (
    <>
      <ul className="list">
        {there.map((it) => (
          <li key={it.id}>{row(it)}</li>
        ))}
      </ul>
      {of.totalCount > there.length && <p className="muted">{t('dashboard.more', { n: of.totalCount - there.length })}</p>}
    </>
  );
}

/// Credits earned by track, and spent, of the last months: one report for each month.
function CreditsByMonth() {
  const { t, month } = useTexts();
  const { today } = useCaller();
  const { version } = useLive();
  const client = useClient();
  const months = useMemo(() => Array.from({ length: MONTHS }, (_, at) => addMonths(monthStart(today), at + 1 - MONTHS)), [today]);
  const [{ sums, error }, setState] = useState<{ sums?: { technical: number; business: number; spent: number }[]; error?: Error }>({});
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let current = true;
    const load = async () => {
      const results = await Promise.all(
        months.map((from) => {
          const end = monthEnd(from);
          // Months that are over seldom change: only the current one is asked for again.
          const requestPolicy = end < today ? 'cache-first' : 'network-only';
          return client.query(CreditsOfMonth.document, { from, to: end < today ? end : today }, { requestPolicy }).toPromise();
        }),
      );
      const failure = results.find((it) => it.error)?.error;
      if (current && failure) {
        setState({ error: failure });
      } else if (current) {
        setState({
          sums: results.map((result) => {
            const credits = result.data?.programReport.credits ?? [];
            const sum = (track: string | null, spent: boolean) =>
              credits
                .filter((it) => SPENDING.has(it.reason) === spent && (track === null || it.track === track))
                .reduce((all, it) => all + it.spendableCredits, 0);
            return { technical: sum('TECHNICAL', false), business: sum('BUSINESS', false), spent: sum(null, true) };
          }),
        });
      }
    };
    void load();
    return () => {
      current = false;
    };
  }, [client, months, today, version, attempt]);
  if (error) {
    return <Failed error={error} again={() => setAttempt(attempt + 1)} />;
  }
  if (!sums) {
    return <Loading />;
  }
  return (
    <Bars
      title={t('chart.credits')}
      file="credits-by-month"
      axis={t('field.month')}
      labels={months.map(month)}
      series={[
        { name: t('Track.TECHNICAL'), tone: 'technical', values: sums.map((it) => it.technical) },
        { name: t('Track.BUSINESS'), tone: 'business', values: sums.map((it) => it.business) },
        { name: t('chart.spent'), tone: 'spent', values: sums.map((it) => it.spent) },
      ]}
    />
  );
}

const SPENDING = new Set(['REDEMPTION', 'REDEMPTION_RETURNED', 'HOLD', 'HOLD_RELEASED']);
