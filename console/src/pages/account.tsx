// A partner's account: levels by track, what keeps them, balance, contract, open deals and orders. Partners open it on their own
// account, staff on any.

import { Link } from 'wouter';

import { Account } from '#generated/account';
import type { AccountQuery, TrackPartsFragment } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { Ring } from '#src/charts/charts';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Card, Empty, Figure, LevelBadge, Shown } from '#src/ui/basics';
import { Page } from '#src/ui/page';

import { CreditsCharts, creditsQueries } from './credits-charts';
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
        ...creditsQueries(code, today),
      ]}
    >
      <Shown of={result} pick={(data) => data.partner}>
        {(data) => <AccountView data={data} />}
      </Shown>
    </Page>
  );
}

export function AccountView({ data }: { data: AccountQuery }) {
  const { t, number, date, percent, money } = useTexts();
  const { today, viewer } = useCaller();
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
      <CreditsCharts code={partner.code} balance={partner.balance} levels={data.edition.partnerLevels} legacy={partner.levelHistory} />
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
          {data.deals.nodes.length === 0 && <Empty />}
          <ul className="list">
            {data.deals.nodes.map(
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
          <More of={data.deals} />
        </Card>
        <Card title={t('account.orders')} action={<Link href={own ? '/orders' : `/orders?partner=${encodeURIComponent(partner.code)}`}>{t('dashboard.all')}</Link>}>
          {data.orders.nodes.length === 0 && <Empty />}
          <ul className="list">
            {data.orders.nodes.map(
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
          <More of={data.orders} />
        </Card>
      </div>
    </>
  );
}

/// How many there are besides those that are shown.
function More({ of: { totalCount, nodes } }: { of: { totalCount: number; nodes: readonly unknown[] } }) {
  const { t } = useTexts();
  return totalCount > nodes.length && <p className="muted">{t('dashboard.more', { n: totalCount - nodes.length })}</p>;
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
