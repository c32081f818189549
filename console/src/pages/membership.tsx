// A professional's membership: the points of this year against the levels, what is retained and secured, Dojo Credits.
// Professionals open it on their own membership, staff on any.

import { Link } from 'wouter';

import { Membership } from '#generated/professionals';
import type { MembershipQuery } from '#generated/types';
import { useCaller } from '#src/api/caller';
import { useData } from '#src/api/data';
import { Ring } from '#src/charts/charts';
import { daysBetween } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Badge, Card, Empty, Figure, LevelBadge, Shown } from '#src/ui/basics';
import { Page } from '#src/ui/page';

import { Evidence } from './claim-parts';
import { membershipQueries, MembershipYears } from './membership-years';
import { CLAIM_TONES } from './tones';

export default function MembershipPage() {
  const { viewer, today } = useCaller();
  const { t } = useTexts();
  const variables = { code: viewer.professional?.code ?? '' };
  const result = useData(Membership, variables);
  return (
    <Page title={viewer.professional?.name ?? ''} lead={t('membership.lead')} queries={[{ operation: Membership, variables }, ...membershipQueries(variables.code, today)]}>
      <Shown of={result} pick={(data) => data.professional}>
        {(data) => <MembershipView data={data} />}
      </Shown>
    </Page>
  );
}

export function MembershipView({ data }: { data: MembershipQuery }) {
  const { t, number, date } = useTexts();
  const { today, viewer } = useCaller();
  const person = data.professional;
  if (!person) {
    return null;
  }
  const own = viewer.professional !== null;
  const { standing } = person;
  const goal = standing.nextLevel?.threshold ?? null;
  const claims = person.activities.nodes.toReversed().filter((it): it is NonNullable<typeof it> => it !== null);
  return (
    <>
      <div className="figures">
        <Figure label={t('membership.level')} value={<LevelBadge level={standing.level} />} {...(standing.validUntil ? { hint: t('account.until', { on: date(standing.validUntil) }) } : {})} />
        <Figure label={t('membership.retained')} value={<LevelBadge level={standing.retainedLevel} />} hint={t('membership.retainedHint')} />
        <Figure label={t('membership.secured')} value={<LevelBadge level={standing.securedLevel} />} hint={t('membership.securedHint', { on: date(standing.renewsOn) })} />
        <Figure label={t('field.dojo')} value={number(person.dojoCredits)} {...(own ? { href: '/shop', hint: t('nav.shop') } : {})} />
      </div>
      <div className="grid">
        <Card title={t('membership.year', { n: standing.membershipYear })}>
          <div className="track">
            <Ring value={standing.points} goal={goal} label={t('membership.ring', { n: standing.points, goal: goal ?? standing.points })} tone="tone-2" />
            <div>
              {standing.nextLevel && <p>{t('membership.toNext', { n: standing.pointsToNextLevel ?? 0, level: standing.nextLevel.name })}</p>}
              {standing.pointsToRetain !== null && (
                <p>{standing.pointsToRetain > 0 ? t('membership.toRetain', { n: standing.pointsToRetain, level: standing.level?.name ?? '' }) : t('membership.kept')}</p>
              )}
              <p className="muted">{t('membership.renews', { on: date(standing.renewsOn), n: daysBetween(today, standing.renewsOn) })}</p>
            </div>
          </div>
        </Card>
        <MembershipYears code={person.code} standing={standing} levels={data.edition.professionalLevels} />
        <Card title={t('membership.claims')} action={<Link href={own ? '/claims' : `/professionals/${encodeURIComponent(person.code)}?tab=claims`}>{t('dashboard.all')}</Link>}>
          {claims.length === 0 && <Empty />}
          <ul className="list">
            {claims.map((it) => (
              <li key={it.id}>
                <span>
                  <span lang="en">{data.edition.earningRules.find((rule) => rule.kind === it.kind && rule.program === 'PROFESSIONAL')?.title ?? it.kind}</span>
                  <span className="sub">
                    {date(it.occurredOn)}
                    {it.review?.reason ? ` · ${it.review.reason}` : ''}
                  </span>
                  <span className="sub">
                    <Evidence claim={it} />
                  </span>
                </span>
                <Badge tone={CLAIM_TONES[it.status]}>{t(`ActivityStatus.${it.status}`)}</Badge>
              </li>
            ))}
          </ul>
        </Card>
        <Card title={t('membership.history')}>
          {person.levelHistory.length === 0 && <Empty />}
          <ul className="list">
            {person.levelHistory.toReversed().map((it) => (
              <li key={`${it.level.code} ${it.earnedOn} ${it.membershipYear}`}>
                <span>
                  <LevelBadge level={it.level} />
                  <span className="sub">{t('membership.year', { n: it.membershipYear })}</span>
                </span>
                <span className="muted">{`${date(it.earnedOn)} – ${date(it.lapsedOn ?? it.validUntil)}`}</span>
              </li>
            ))}
          </ul>
        </Card>
      </div>
    </>
  );
}
