// Points of membership years against the levels: the current one, and those before.

import { useEffect, useState } from 'react';

import { MembershipYear } from '#generated/professionals';
import type { LevelPartsFragment, MembershipPartsFragment } from '#generated/types';
import { post } from '#src/api/client';
import { useLive } from '#src/api/live';
import { Bars } from '#src/charts/charts';
import { addDays, addMonths } from '#src/days';
import { useTexts } from '#src/i18n/i18n';
import { Failed, Loading } from '#src/ui/basics';
import type { ShownQuery } from '#src/ui/page';

const YEARS_MAX = 10;

interface Year {
  readonly startsOn: string;
  readonly points: number;
}

/// The years before the current one, oldest first.
async function yearsBefore(code: string, { membershipYear, startsOn }: Pick<MembershipPartsFragment, 'membershipYear' | 'startsOn'>, signal: AbortSignal): Promise<Year[]> {
  const count = Math.min(membershipYear, YEARS_MAX - 1);
  const years = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      // The last day of the year: the eve of an anniversary.
      const asOf = addDays(addMonths(startsOn, -12 * at), -1);
      return (await post(MembershipYear, { code, asOf }, signal)).professional?.standing;
    }),
  );
  return years.filter((it) => it !== undefined).toReversed();
}

/// The query of a year, as it can be shown.
export function membershipQueries(code: string, today: string): ShownQuery[] {
  return [{ operation: MembershipYear, variables: { code, asOf: today } }];
}

export function MembershipYears({ code, standing, levels }: { code: string; standing: MembershipPartsFragment; levels: readonly LevelPartsFragment[] }) {
  const { t, month } = useTexts();
  const { version } = useLive();
  const [{ before, error }, setState] = useState<{ before?: Year[]; error?: Error }>({});
  const [attempt, setAttempt] = useState(0);
  const { membershipYear, startsOn, points } = standing;
  useEffect(() => {
    const control = new AbortController();
    yearsBefore(code, { membershipYear, startsOn }, control.signal).then(
      (years) => control.signal.aborted || setState({ before: years }),
      (failure: unknown) => control.signal.aborted || setState({ error: failure as Error }),
    );
    return () => control.abort();
  }, [code, membershipYear, startsOn, version, attempt]);
  if (error) {
    return <Failed error={error} again={() => setAttempt(attempt + 1)} />;
  }
  if (!before) {
    return <Loading />;
  }
  const years = [...before, { startsOn, points }];
  return (
    <Bars
      title={t(membershipYear < YEARS_MAX ? 'membership.years' : 'membership.lastYears', { n: YEARS_MAX })}
      file={`points-${code}`}
      axis={t('membership.from')}
      labels={years.map((it) => month(it.startsOn))}
      series={[{ name: t('field.points'), tone: 'tone-2', values: years.map((it) => it.points) }]}
      thresholds={levels.map((it) => ({ name: it.name, value: it.threshold }))}
    />
  );
}
