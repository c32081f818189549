// A file that is tried or recorded, chunk by chunk, with what came of it so far.

import type { ActivityInput, EffectsPartsFragment, ImportRowKind } from '#generated/types';

import { AFFILIATIONS, readAffiliations } from './affiliations';
import { ACTIVITIES, readActivities } from './activities';
import type { Rule } from './activities';
import { NOTHING, together } from './intake';
import type { Intake, Result } from './intake';
import { kindOf } from './rows';
import type { Read, UploadRow, WrongHeader } from './rows';
import type { Sheet } from './sheet';
import { PARTNERS, PROFESSIONALS, readPartners, readProfessionals } from './subjects';

export interface Refusal {
  readonly row: UploadRow<unknown>;
  readonly reason: string;
}

export interface Outcome {
  readonly kind: 'trial' | 'record';
  readonly done: number;
  readonly of: number;
  readonly recorded: number;
  readonly waiting: number;
  readonly updated: number;
  readonly duplicates: number;
  readonly refusals: readonly Refusal[];
  readonly effects: EffectsPartsFragment;
  /// The activities that were recorded, for the way back.
  readonly ids: readonly string[];
  readonly failure?: Error;
}

/// A file whose rows can be read.
export interface Upload {
  readonly kind: ImportRowKind;
  readonly rows: readonly UploadRow<unknown>[];
  /// The most rows that are tried together.
  readonly chunk: number;
  /// Tries or records the rows, and tells what came of each chunk.
  readonly run: (kind: Outcome['kind'], signal: AbortSignal, tell: (outcome: Outcome) => void) => Promise<void>;
}

function begin(kind: Outcome['kind'], rows: readonly UploadRow<unknown>[]): Outcome {
  const refusals = rows.flatMap((row) => ('problem' in row ? [{ row, reason: row.problem }] : []));
  const duplicates = rows.filter((row) => 'repeats' in row).length;
  const of = rows.length - refusals.length - duplicates;
  return { kind, done: 0, of, recorded: 0, waiting: 0, updated: 0, duplicates, refusals, effects: NOTHING, ids: [] };
}

function count(results: readonly Result[], kind: Result['kind']): number {
  return results.filter((it) => it.kind === kind).length;
}

function uploadOf<Input>(kind: ImportRowKind, { chunk, send }: Intake<Input>, rows: readonly UploadRow<Input>[]): Upload {
  /// The outcome with that of further rows.
  const next = async (before: Outcome, part: readonly (UploadRow<Input> & { input: Input })[], signal: AbortSignal): Promise<Outcome> => {
    const { results, effects } = await send(part.map((it) => it.input), before.kind === 'trial', signal);
    const refused = results.flatMap((it, at) => {
      const row = part[at];
      return row && it.kind === 'refused' ? [{ row, reason: it.reason }] : [];
    });
    const recorded = results.flatMap((it) => (it.kind === 'recorded' ? [it] : []));
    return {
      ...before,
      done: before.done + part.length,
      recorded: before.recorded + recorded.length,
      waiting: before.waiting + recorded.filter((it) => it.waits).length,
      updated: before.updated + count(results, 'updated'),
      duplicates: before.duplicates + count(results, 'duplicate'),
      refusals: [...before.refusals, ...refused].sort((a, b) => a.row.line - b.row.line),
      effects: together([before.effects, effects]),
      ids: before.kind === 'trial' ? [] : [...before.ids, ...recorded.flatMap((it) => it.id ?? [])],
    };
  };
  const run: Upload['run'] = async (of, signal, tell) => {
    let current = begin(of, rows);
    tell(current);
    const inputs = rows.filter((it) => 'input' in it);
    try {
      for (let at = 0; at < inputs.length; at += chunk) {
        // One request after the other: rows of a file depend on those above.
        // oxlint-disable-next-line no-await-in-loop
        current = await next(current, inputs.slice(at, at + chunk), signal);
        tell(current);
      }
    } catch (error) {
      if (!signal.aborted) {
        tell({ ...current, failure: error as Error });
      }
    }
  };
  return { kind, rows, chunk, run };
}

/// The rows of a file, by what its header says that they are; or why the header fits none.
export function readUpload(sheet: Sheet, rules: readonly Rule[]): Upload | ({ readonly kind: ImportRowKind } & WrongHeader) | { readonly strange: readonly string[] } {
  const kind = kindOf(sheet.columns);
  const of = <Input>(intake: Intake<Input>, read: Read<Input>) => (kind && ('rows' in read ? uploadOf(kind, intake, read.rows) : { ...read, kind }));
  const read = {
    PARTNERS: () => of(PARTNERS, readPartners(sheet)),
    PROFESSIONALS: () => of(PROFESSIONALS, readProfessionals(sheet)),
    AFFILIATIONS: () => of(AFFILIATIONS, readAffiliations(sheet)),
    ACTIVITIES: () => of<ActivityInput>(ACTIVITIES, readActivities(sheet, rules)),
  };
  return (kind && read[kind]()) ?? { strange: sheet.columns };
}
