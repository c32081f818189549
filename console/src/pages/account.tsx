// A partner's account: levels by track, what keeps them, balance, contract, open deals and orders. Partners open it on their own
// account, staff on any.

import { Link } from 'wouter';

import { Account, CreditsOverTime } from '#generated/account';
import type { AccountQuery, LevelPartsFragment, TrackPartsFragment } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
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
      <CreditsChart code={partner.code} levels={data.edition.partnerLevels} history={partner.levelHistory} />
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

/// Level credits of each calendar year by track, against the thresholds; legacy levels are marked.
function CreditsChart({ code, levels, history }: { code: string; levels: LevelPartsFragment[]; history: { earnedOn: string; legacy: boolean; level: { name: string } }[] }) {
  const { t } = useTexts();
  const { today } = useCaller();
  const from = chartFrom(today);
  const result = useData(CreditsOverTime, { code, from });
  const entries = (result.data?.partner?.ledger.nodes ?? []).filter((it): it is NonNullable<typeof it> => it !== null);
  if (entries.length === 0) {
    return null;
  }
  const points: Point[] = [];
  const sums: Record<string, number> = { TECHNICAL: 0, BUSINESS: 0 };
  let year = '';
  let balance = 0;
  for (const it of entries.toSorted((a, b) => a.effectiveOn.localeCompare(b.effectiveOn))) {
    const [next] = it.effectiveOn.split('-');
    if (next !== year) {
      // Levels count the credits of a calendar year: the sums begin again.
      year = next ?? '';
      sums['TECHNICAL'] = 0;
      sums['BUSINESS'] = 0;
      points.push({ on: yearStart(it.effectiveOn), values: [0, 0, balance] });
    }
    if (it.track && it.reason !== 'LEGACY') {
      sums[it.track] = (sums[it.track] ?? 0) + it.levelCredits;
    }
    balance = it.balanceAfter;
    points.push({ on: it.effectiveOn, values: [sums['TECHNICAL'] ?? 0, sums['BUSINESS'] ?? 0, balance] });
  }
  points.push({ on: today, values: [sums['TECHNICAL'] ?? 0, sums['BUSINESS'] ?? 0, balance] });
  const shown = points.filter((it) => it.on >= (entries[0]?.effectiveOn ?? from));
  return (
    <div className="stack">
      <Steps
        title={t('chart.overTime')}
        file={`credits-${code}`}
        points={shown}
        series={[
          { name: t('Track.TECHNICAL'), tone: 'technical' },
          { name: t('Track.BUSINESS'), tone: 'business' },
          { name: t('account.balance'), tone: 'tone-2' },
        ]}
        thresholds={levels.filter((it) => it.threshold > 0).map((it) => ({ name: it.name, value: it.threshold }))}
        marks={history
          .filter((it) => it.legacy && it.earnedOn >= (shown[0]?.on ?? ''))
          .slice(0, 1)
          .map((it) => ({ on: it.earnedOn, name: t('chart.legacy', { level: it.level.name }) }))}
      />
    </div>
  );
}
