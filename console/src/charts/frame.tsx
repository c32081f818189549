// The frame of every chart: its title, its table, and its downloads as CSV and SVG.

import type { ReactNode } from 'react';
import { useLayoutEffect, useRef, useState } from 'react';

import { useTexts } from '#src/i18n/i18n';
import { Button } from '#src/ui/basics';
import { download, toCsv } from '#src/ui/download';

export interface ChartTable {
  readonly head: string[];
  readonly lines: (string | number)[][];
}

const PROPERTIES = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'paint-order', 'opacity', 'font-size', 'font-family', 'font-weight', 'text-anchor'];

/// The picture with its styles inside, so that it looks the same without the style sheet of the page.
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = svg.querySelectorAll('*');
  const background = getComputedStyle(document.body).backgroundColor;
  copy.querySelectorAll('*').forEach((element, index) => {
    const original = originals[index];
    if (original) {
      const computed = getComputedStyle(original);
      for (const property of PROPERTIES) {
        element.setAttribute(property, computed.getPropertyValue(property));
      }
      element.removeAttribute('class');
    }
  });
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', `${Math.round(width)}`);
  copy.setAttribute('height', `${Math.round(height)}`);
  copy.insertAdjacentHTML('afterbegin', `<rect width="100%" height="100%" fill="${background}"/>`);
  return copy.outerHTML;
}

export function ChartFrame({
  title,
  file,
  table,
  legend,
  height = 220,
  children,
}: {
  title: string;
  file: string;
  table: ChartTable;
  legend?: { name: string; tone: string }[];
  height?: number;
  children: (width: number, height: number) => ReactNode;
}) {
  const { t } = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [asTable, setAsTable] = useState(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) {
      return undefined;
    }
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const saveSvg = () => {
    const svg = box.current?.querySelector('svg');
    if (svg) {
      download(`${file}.svg`, 'image/svg+xml', standalone(svg));
    }
  };
  return (
    <figure className="chart">
      <figcaption>
        <h2>{title}</h2>
        <span className="chart-actions">
          <Button kind="quiet" onPress={() => setAsTable(!asTable)}>
            {asTable ? t('chart.picture') : t('chart.table')}
          </Button>
          <Button kind="quiet" label={`${title}: CSV`} onPress={() => download(`${file}.csv`, 'text/csv;charset=utf-8', toCsv([table.head, ...table.lines]))}>
            CSV
          </Button>
          {!asTable && (
            <Button kind="quiet" label={`${title}: SVG`} onPress={saveSvg}>
              SVG
            </Button>
          )}
        </span>
      </figcaption>
      {legend && !asTable && (
        <ul className="legend">
          {legend.map((it) => (
            <li key={it.name}>
              <span className={`swatch ${it.tone}`} aria-hidden="true" />
              {it.name}
            </li>
          ))}
        </ul>
      )}
      <div ref={box}>
        {asTable ? (
          // A box that scrolls has to be reachable by the keyboard.
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          <div className="table-box" role="region" aria-label={title} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  {table.head.map((it, index) => (
                    <th key={it} scope="col" className={index > 0 ? 'number' : undefined}>
                      {it}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {table.lines.map((line) => (
                  <tr key={line.join(' ')}>
                    {line.map((it, index) => (
                      <td key={table.head[index]} data-label={table.head[index]} className={index > 0 ? 'number' : undefined}>
                        {it}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : (
          width > 0 && (
            <svg viewBox={`0 0 ${width} ${height}`} height={height} width={width} role="img" aria-label={`${title}. ${t('chart.alternative')}`}>
              {children(width, height)}
            </svg>
          )
        )}
      </div>
    </figure>
  );
}
