// A CSV file in the browser: its rows with the lines on which they begin.

import Papa from 'papaparse';

export interface SheetRow {
  /// The line of the file on which the row begins, from 1.
  readonly line: number;
  readonly cells: readonly string[];
  /// Why its cells cannot be told apart.
  readonly broken?: string;
}

export interface Sheet {
  readonly columns: readonly string[];
  readonly rows: readonly SheetRow[];
}

const LINE_ENDS = /\r\n|\r|\n/g;

function linesWithin(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + (cell.match(LINE_ENDS)?.length ?? 0), 0);
}

/// Reads a file as the command line does: comma, semicolon or tab; a line `sep=;` before the header; blank lines are skipped.
export function readSheet(text: string): Sheet {
  const [, separator, rest] = /^sep=(.)(?:\r\n|\r|\n)([\s\S]*)$/i.exec(text) ?? [];
  const { data, errors } = Papa.parse<string[]>(rest ?? text, {
    header: false,
    skipEmptyLines: false,
    delimitersToGuess: [',', ';', '\t'],
    ...(separator ? { delimiter: separator } : {}),
  });
  const broken = new Map(errors.flatMap((it) => (it.type === 'Quotes' && it.row !== undefined ? [[it.row, it.message] as const] : [])));
  let line = separator ? 2 : 1;
  const rows: SheetRow[] = [];
  for (const [index, cells] of data.entries()) {
    const problem = broken.get(index);
    if (cells.some((it) => it.trim() !== '')) {
      rows.push({ line, cells, ...(problem ? { broken: problem } : {}) });
    }
    line += 1 + linesWithin(cells);
  }
  const [header, ...others] = rows;
  const columns = (header?.cells ?? []).map((it) => it.trim());
  while (columns.at(-1) === '') {
    columns.pop();
  }
  return { columns, rows: others };
}
