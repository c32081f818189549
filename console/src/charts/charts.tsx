// The charts, drawn as SVG on scales of d3: SVG can be downloaded, styled by the theme and read at any size, and the scales are
// a few kilobytes.

import { scaleBand, scaleLinear, scaleUtc } from 'd3-scale';
import { curveStepAfter, line } from 'd3-shape';

import { useTexts } from '#src/i18n/i18n';

import { ChartFrame } from './frame';

const MARGIN = { top: 12, right: 12, bottom: 26, left: 48 };

export interface Series {
  readonly name: string;
  /// The class that colours it.
  readonly tone: string;
  readonly values: number[];
}

function Grid({ ticks, y, width }: { ticks: number[]; y: (value: number) => number; width: number }) {
  const { number } = useTexts();
  return (
    <g className="grid">
      {ticks.map((tick) => (
        <g key={tick}>
          <line className={tick === 0 ? 'axis' : 'rule'} x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
          <text className="tick end" x={MARGIN.left - 8} y={y(tick) + 4}>
            {number(tick)}
          </text>
        </g>
      ))}
    </g>
  );
}

interface Threshold {
  readonly name: string;
  readonly value: number;
}

function Thresholds({ of, y, width }: { of: readonly Threshold[]; y: (value: number) => number; width: number }) {
  return of.map((it, index) => (
    <g key={it.name}>
      <line className="threshold" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(it.value)} y2={y(it.value)} />
      {/* Side by side: thresholds may lie close together. */}
      <text className="tick end strong" x={width - MARGIN.right - (of.length - 1 - index) * 90} y={y(it.value) - 4}>
        {it.name}
      </text>
    </g>
  ));
}

/// Stacked bars; negative values go below the axis.
export function Bars({
  title,
  file,
  axis,
  labels,
  series,
  thresholds = [],
}: {
  title: string;
  file: string;
  axis: string;
  labels: string[];
  series: Series[];
  thresholds?: readonly Threshold[];
}) {
  const { number } = useTexts();
  const sums = labels.map((_, at) => ({
    up: series.reduce((sum, it) => sum + Math.max(it.values[at] ?? 0, 0), 0),
    down: series.reduce((sum, it) => sum + Math.min(it.values[at] ?? 0, 0), 0),
  }));
  const table = { head: [axis, ...series.map((it) => it.name)], lines: labels.map((label, at) => [label, ...series.map((it) => it.values[at] ?? 0)]) };
  return (
    <ChartFrame title={title} file={file} table={table} legend={series}>
      {(width, height) => {
        const x = scaleBand<number>().domain(labels.map((_, at) => at)).range([MARGIN.left, width - MARGIN.right]).padding(0.25);
        const top = Math.max(...sums.map((it) => it.up), ...thresholds.map((it) => it.value), 1);
        const bottom = Math.min(...sums.map((it) => it.down), 0);
        const y = scaleLinear().domain([bottom, top]).nice(4).range([height - MARGIN.bottom, MARGIN.top]);
        // As many labels as have room.
        const every = Math.ceil(labels.length / Math.max(1, Math.floor((width - MARGIN.left) / 70)));
        return (
          <>
            <Grid ticks={y.ticks(4)} y={y} width={width} />
            {labels.map((label, at) => {
              let up = 0;
              let down = 0;
              return (
                <g key={label}>
                  {series.map((it) => {
                    const value = it.values[at] ?? 0;
                    const from = value < 0 ? down : up;
                    const to = from + value;
                    if (value < 0) {
                      down = to;
                    } else {
                      up = to;
                    }
                    return (
                      value !== 0 && (
                        <rect
                          key={it.name}
                          className={`bar ${it.tone}`}
                          x={x(at)}
                          width={x.bandwidth()}
                          y={y(Math.max(from, to))}
                          height={Math.max(1, Math.abs(y(from) - y(to)))}
                        >
                          <title>{`${label} · ${it.name}: ${number(value)}`}</title>
                        </rect>
                      )
                    );
                  })}
                  {at % every === 0 && (
                    <text className="tick middle" x={(x(at) ?? 0) + x.bandwidth() / 2} y={height - 8}>
                      {label}
                    </text>
                  )}
                </g>
              );
            })}
            <Thresholds of={thresholds} y={y} width={width} />
          </>
        );
      }}
    </ChartFrame>
  );
}

const ROW = 34;

/// Bars beside each other, below their names, which may be long; the longest first.
export function Rows({ title, file, axis, labels, series }: { title: string; file: string; axis: string; labels: string[]; series: Series[] }) {
  const { number } = useTexts();
  const sums = labels.map((_, at) => series.reduce((sum, it) => sum + Math.max(it.values[at] ?? 0, 0), 0));
  const table = { head: [axis, ...series.map((it) => it.name)], lines: labels.map((label, at) => [label, ...series.map((it) => it.values[at] ?? 0)]) };
  return (
    <ChartFrame title={title} file={file} table={table} legend={series} height={Math.max(labels.length, 1) * ROW + 8}>
      {(width) => {
        const x = scaleLinear().domain([0, Math.max(...sums, 1)]).range([0, width - 80]);
        return labels.map((label, at) => {
          let from = 0;
          return (
            <g key={label} transform={`translate(0 ${at * ROW})`}>
              <text className="tick" x={0} y={14}>
                {label}
              </text>
              {series.map((it) => {
                const value = Math.max(it.values[at] ?? 0, 0);
                const start = from;
                from += value;
                return (
                  value > 0 && (
                    <rect key={it.name} className={`bar ${it.tone}`} x={x(start)} width={Math.max(1, x(value))} y={19} height={10}>
                      <title>{`${label} · ${it.name}: ${number(value)}`}</title>
                    </rect>
                  )
                );
              })}
              <text className="tick strong" x={x(sums[at] ?? 0) + 6} y={28}>
                {number(sums[at] ?? 0)}
              </text>
            </g>
          );
        });
      }}
    </ChartFrame>
  );
}

export interface Point {
  readonly on: string;
  readonly values: number[];
}

/// Lines in steps over days, with thresholds and marked days.
export function Steps({
  title,
  file,
  points,
  series,
  thresholds = [],
  marks = [],
}: {
  title: string;
  file: string;
  points: Point[];
  series: { name: string; tone: string }[];
  thresholds?: readonly Threshold[];
  marks?: { on: string; name: string }[];
}) {
  const { t, date, month } = useTexts();
  const table = { head: [t('field.date'), ...series.map((it) => it.name)], lines: points.map((it) => [date(it.on), ...it.values]) };
  return (
    <ChartFrame title={title} file={file} table={table} legend={series}>
      {(width, height) => {
        const days = points.map((it) => new Date(`${it.on}T00:00:00Z`));
        const [first, last] = [days[0], days.at(-1)];
        if (!first || !last) {
          return null;
        }
        const x = scaleUtc().domain([first, last]).range([MARGIN.left, width - MARGIN.right]);
        const all = points.flatMap((it) => it.values);
        const top = Math.max(...all, ...thresholds.map((it) => it.value), 1);
        const y = scaleLinear().domain([Math.min(...all, 0), top]).nice(4).range([height - MARGIN.bottom, MARGIN.top]);
        const ticks = x.ticks(Math.max(2, Math.floor((width - MARGIN.left) / 110)));
        return (
          <>
            <Grid ticks={y.ticks(4)} y={y} width={width} />
            {ticks.map((it) => (
              <text key={it.getTime()} className="tick middle" x={x(it)} y={height - 8}>
                {month(it.toISOString())}
              </text>
            ))}
            {marks.map((it) => {
              const at = x(new Date(`${it.on}T00:00:00Z`));
              return (
                at >= MARGIN.left && (
                  <g key={it.name}>
                    <line className="mark" x1={at} x2={at} y1={MARGIN.top} y2={height - MARGIN.bottom} />
                    <text className="tick" x={at + 4} y={MARGIN.top + 10}>
                      {it.name}
                    </text>
                  </g>
                )
              );
            })}
            <Thresholds of={thresholds} y={y} width={width} />
            {series.map((it, index) => {
              const path = line<Point>((point) => x(new Date(`${point.on}T00:00:00Z`)), (point) => y(point.values[index] ?? 0)).curve(curveStepAfter);
              return <path key={it.name} className={`line ${it.tone}`} d={path(points) ?? ''} />;
            })}
          </>
        );
      }}
    </ChartFrame>
  );
}

const RING = 2 * Math.PI * 42;

/// Progress to a goal as a ring, with the number inside.
export function Ring({ value, goal, label, tone }: { value: number; goal: number | null; label: string; tone: string }) {
  const { number } = useTexts();
  const part = goal ? Math.min(Math.max(value / goal, 0), 1) : 1;
  return (
    <svg className="ring" viewBox="0 0 100 100" role="img" aria-label={label}>
      <circle className="ring-track" cx="50" cy="50" r="42" />
      <circle className={`ring-part ${tone}`} cx="50" cy="50" r="42" strokeDasharray={`${part * RING} ${RING}`} transform="rotate(-90 50 50)" />
      <text className={value >= 10_000 ? 'ring-value long' : 'ring-value'} x="50" y="50">
        {number(value)}
      </text>
      {goal && (
        <text className="ring-goal" x="50" y="68">
          {`/ ${number(goal)}`}
        </text>
      )}
    </svg>
  );
}
