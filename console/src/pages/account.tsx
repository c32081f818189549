// A partner's account: levels by track, what keeps them, balance, contract, open deals and orders. Partners open it on their own
// account, staff on any.

import { useEffect, useState } from 'react';
import { Link } from 'wouter';

import { Account, CreditsOverTime } from '#generated/account';
import type { AccountQuery, CreditsOverTimeQuery, LevelPartsFragment, TrackPartsFragment } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { post } from '#src/api/client';
import { useData } from '#src/api/data';
import { useLive } from '#src/api/live';
import { Ring, Steps } from '#src/charts/charts';
import type { Point } from '#src/charts/charts';
import { addMonths, monthStart, yearStart } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Card, Empty, Figure, LevelBadge, Shown } from '#src/ui/basics';
import { Page } from '#src/ui/page';

import { DEAL_TONES, ORDER_TONES } from './tones';

export function accountVariables(code: string, today: string) {
  const year = Number(today.slice(0, 4));
  return { code, year, nextYear: `${year + 1}-01-01` };
}

export default function AccountPage() {
  const { viewer, today } = useCaller();
  const { t } = useTexts();
  const code = viewer.partner?.code ?? '';
  const variables = accountVariables(code, today);
  const result = useData(Account, variables);
  return (
    <Page
      title={viewer.partner?.name ?? ''}
      lead={t('account.lead')}
      queries={[
        { operation: Account, variables },
        { operation: CreditsOverTime, variables: { code, from: chartFrom(today) } },
      ]}
    >
      <Shown of={result} pick={(data) => data.partner}>
        {(data) => <AccountView data={data} />}
      </Shown>
    </Page>
  );
}

const CHART_MONTHS = 24;

function chartFrom(today: string): string {
  return addMonths(monthStart(today), -CHART_MONTHS);
}

export function AccountView({ data }: { data: AccountQuery }) {
  const { t, number, date, percent, money } = useTexts();
  const { today, may, viewer } = useCaller();
  const partner = data.partner;
  if (!partner) {
    return null;
  }
  const { standing, outlook } = partner;
  const own = viewer.partner !== null;
  const current = partner.contracts.filter((it) => !it.voided && it.startsOn <= today && it.endsOn >= today);
  return (
    <>
      <div className="figures">
        <Figure label={t('account.level')} value={<LevelBadge level={standing.overall} />} hint={t('account.nextYear', { level: outlook.overall.name, year: outlook.asOf.slice(0, 4) })} />
        <Figure label={t('account.balance')} value={number(partner.balance)} hint={t('account.credits')} />
        <Figure
          label={t('account.contract')}
          value={current.length > 0 ? current.map((it) => it.reference).join(', ') : '–'}
          hint={current.map((it) => t('account.until', { on: date(it.endsOn) })).join(' · ')}
        />
        {partner.salesTarget && (
          <Figure
            label={t('account.target')}
            value={money(partner.salesTarget.sold)}
            hint={t('account.of', { amount: money(partner.salesTarget.target) })}
          />
        )}
      </div>
      <div className="stack">
        <Card title={t('account.levels')} action={own ? <Link href="/paths">{t('nav.paths')}</Link> : undefined}>
          <div className="rings">
            <TrackView track={standing.technical} ahead={outlook.technical} on={outlook.asOf} />
            <TrackView track={standing.business} ahead={outlook.business} on={outlook.asOf} />
          </div>
        </Card>
      </div>
      <CreditsCharts code={partner.code} balance={partner.balance} levels={data.edition.partnerLevels} history={partner.levelHistory} />
      <div className="grid">
        <Card title={t('account.discounts')}>
          <ul className="list">
            {standing.baseDiscounts.map((it) => (
              <li key={it.category}>
                <span>
                  {t(`ProductCategory.${it.category}`)}
                  {it.contract && <span className="sub">{t('account.byContract', { reference: it.contract.reference })}</span>}
                </span>
                <strong>{percent(it.percent)}</strong>
              </li>
            ))}
          </ul>
        </Card>
        <Card title={t('account.deals')} action={<Link href={own ? '/deals' : `/deals?partner=${encodeURIComponent(partner.code)}`}>{t('dashboard.all')}</Link>}>
          {partner.deals.nodes.length === 0 && <Empty />}
          <ul className="list">
            {partner.deals.nodes.toReversed().map(
              (it) =>
                it && (
                  <li key={it.id}>
                    <span>
                      <Link href={`/deals/${encodeURIComponent(it.reference)}`}>{it.customer}</Link>
                      <span className="sub">{it.validUntil ? t('account.until', { on: date(it.validUntil) }) : it.reference}</span>
                    </span>
                    <Badge tone={DEAL_TONES[it.status]}>{t(`DealStatus.${it.status}`)}</Badge>
                  </li>
                ),
            )}
          </ul>
        </Card>
        <Card title={t('account.orders')} action={may('placeOrder') && own ? <Link href="/quote">{t('nav.quote')}</Link> : undefined}>
          {partner.orders.nodes.length === 0 && <Empty />}
          <ul className="list">
            {partner.orders.nodes.toReversed().map(
              (it) =>
                it && (
                  <li key={it.id}>
                    <span>
                      {it.number}
                      <span className="sub">{`${date(it.placedOn)} · ${money(it.total)}`}</span>
                    </span>
                    <Badge tone={ORDER_TONES[it.status]}>{t(`OrderStatus.${it.status}`)}</Badge>
                  </li>
                ),
            )}
          </ul>
        </Card>
      </div>
    </>
  );
}

function TrackView({ track, ahead, on }: { track: TrackPartsFragment; ahead: TrackPartsFragment; on: string }) {
  const { t, date } = useTexts();
  const name = t(`Track.${track.track}`);
  const goal = track.nextLevel?.threshold ?? null;
  const label = goal
    ? t('account.ring', { track: name, n: track.credits, goal, level: track.nextLevel?.name ?? '' })
    : t('account.ringTop', { track: name, n: track.credits });
  return (
    <div className="track">
      <Ring value={track.credits} goal={goal} label={label} tone={track.track === 'TECHNICAL' ? 'technical' : 'business'} />
      <div>
        <h3>{name}</h3>
        <p>
          <LevelBadge level={track.level} /> {track.validUntil && <span className="muted">{t('account.until', { on: date(track.validUntil) })}</span>}
        </p>
        {track.override && <p className="muted">{t('account.override', { level: track.override.level.name, on: date(track.override.until) })}</p>}
        {track.nextLevel && <p>{t('account.toNext', { n: track.creditsToNextLevel ?? 0, level: track.nextLevel.name })}</p>}
        {track.level.threshold > 0 && <p>{track.creditsToRetain > 0 ? t('account.toRetain', { n: track.creditsToRetain, level: track.level.name }) : t('account.secured')}</p>}
        {ahead.level.rank < track.level.rank && <p className="muted">{t('account.falls', { level: ahead.level.name, on: date(on) })}</p>}
      </div>
    </div>
  );
}

/// The pages of entries that a chart reads at most.
const PAGES_MAX = 10;

type Entry = NonNullable<NonNullable<CreditsOverTimeQuery['partner']>['ledger']['nodes'][number]>;

/// The entries of the last months, oldest first.
function useEntries(code: string, from: string): Entry[] {
  const { version } = useLive();
  const [entries, setEntries] = useState<Entry[]>([]);
  useEffect(() => {
    let current = true;
    const load = async () => {
      let found: Entry[] = [];
      let before: string | null | undefined;
      for (let page = 0; page < PAGES_MAX && current; page += 1) {
        // One page after the other: each ends where the last one begins.
        // oxlint-disable-next-line no-await-in-loop
        const ledger = (await post(CreditsOverTime, { code, from, before })).partner?.ledger;
        found = [...(ledger?.nodes ?? []).filter((it): it is Entry => it !== null), ...found];
        before = ledger?.pageInfo.hasPreviousPage ? ledger.pageInfo.startCursor : null;
        if (!before) {
          break;
        }
      }
      if (current) {
        setEntries(found.toSorted((a, b) => a.effectiveOn.localeCompare(b.effectiveOn)));
      }
    };
    // Without them there is no chart; the numbers above are there all the same.
    load().catch(() => undefined);
    return () => {
      current = false;
    };
  }, [code, from, version]);
  return entries;
}

/// Level credits of each calendar year by track, against the thresholds, and the balance; legacy levels are marked.
function CreditsCharts({ code, balance, levels, history }: { code: string; balance: number; levels: LevelPartsFragment[]; history: { earnedOn: string; legacy: boolean; level: { name: string } }[] }) {
  const { t } = useTexts();
  const { today } = useCaller();
  const entries = useEntries(code, chartFrom(today));
  const first = entries[0]?.effectiveOn;
  if (!first) {
    return null;
  }
  const credits: Point[] = [];
  const balances: Point[] = [];
  let [technical, business, year] = [0, 0, ''];
  for (const it of entries) {
    const [next = ''] = it.effectiveOn.split('-');
    if (next !== year) {
      // Levels count the credits of a calendar year: the sums begin again.
      [technical, business, year] = [0, 0, next];
      credits.push({ on: credits.length > 0 ? yearStart(it.effectiveOn) : first, values: [0, 0] });
    }
    if (it.reason !== 'LEGACY') {
      technical += it.track === 'TECHNICAL' ? it.levelCredits : 0;
      business += it.track === 'BUSINESS' ? it.levelCredits : 0;
    }
    credits.push({ on: it.effectiveOn, values: [technical, business] });
  }
  credits.push({ on: today, values: today.startsWith(year) ? [technical, business] : [0, 0] });
  // Backwards from today's balance: the entries carry the balances of the order in which they were recorded.
  let rest = balance;
  balances.push({ on: today, values: [rest] });
  for (const it of entries.toReversed()) {
    balances.unshift({ on: it.effectiveOn, values: [rest] });
    rest -= it.spendableCredits;
  }
  const marks = history
    .filter((it) => it.legacy && it.earnedOn >= first)
    .slice(0, 1)
    .map((it) => ({ on: it.earnedOn, name: t('chart.legacy', { level: it.level.name }) }));
  return (
    <div className="grid">
      <Steps
        title={t('chart.overTime')}
        file={`credits-${code}`}
        points={credits}
        series={[
          { name: t('Track.TECHNICAL'), tone: 'technical' },
          { name: t('Track.BUSINESS'), tone: 'business' },
        ]}
        thresholds={levels.filter((it) => it.threshold > 0).map((it) => ({ name: it.name, value: it.threshold }))}
        marks={marks}
      />
      <Steps title={t('account.balance')} file={`balance-${code}`} points={balances} series={[{ name: t('account.balance'), tone: 'tone-2' }]} />
    </div>
  );
}
