// Partners by level and month, of one track.

import type { LevelPartsFragment, Track } from '#generated/types';
import { useTexts } from '#src/i18n/i18n';

import { Bars } from './charts';

const TONES = ['bronze', 'silver', 'gold', 'tone-2', 'tone-3'];

export function LevelsByMonth({
  levels,
  of,
  track,
}: {
  levels: { on: string; track: Track; level: string; partners: number }[];
  of: LevelPartsFragment[];
  track: Track;
}) {
  const { t, month } = useTexts();
  const ours = levels.filter((it) => it.track === track);
  const days = [...new Set(ours.map((it) => it.on))].sort();
  const series = of.map((level, index) => ({
    name: level.name,
    tone: TONES[index] ?? 'tone-3',
    values: days.map((on) => ours.find((it) => it.on === on && it.level === level.code)?.partners ?? 0),
  }));
  return (
    <Bars
      title={t('chart.levels', { track: t(`Track.${track}`) })}
      file={`levels-${track.toLowerCase()}`}
      axis={t('field.month')}
      labels={days.map(month)}
      series={series}
    />
  );
}
