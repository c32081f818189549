// How rows of one kind are sent: tried with `preview: true`, then recorded, by the same mutations.

import type { EffectsPartsFragment } from '#generated/types';
import { post } from '#src/api/client';
import type { Operation } from '#src/api/operation';

/// What became of a row, or would.
export type Result =
  | { readonly kind: 'recorded'; readonly waits?: boolean; readonly id?: string }
  | { readonly kind: 'updated' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Sent {
  /// One for each row.
  readonly results: readonly Result[];
  readonly effects: EffectsPartsFragment;
}

export interface Intake<Input> {
  /// The most rows that are sent at once.
  readonly chunk: number;
  readonly send: (rows: readonly Input[], preview: boolean, signal: AbortSignal) => Promise<Sent>;
}

export const NOTHING: EffectsPartsFragment = { ledgerEntries: [], pointsEntries: [], levelChanges: [] };

export function together(all: readonly EffectsPartsFragment[]): EffectsPartsFragment {
  return {
    ledgerEntries: all.flatMap((it) => it.ledgerEntries),
    pointsEntries: all.flatMap((it) => it.pointsEntries),
    levelChanges: all.flatMap((it) => it.levelChanges),
  };
}

interface Errors {
  readonly userErrors: readonly { readonly message: string }[];
}

export function refused({ userErrors }: Errors): Result {
  return { kind: 'refused', reason: userErrors.map((it) => it.message).join(' ') };
}

/// The most mutations of one document.
export const TEN = 10;
type Slot = 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j';
const SLOTS: readonly Slot[] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

/// The payloads of single mutations: ten in one request, fewer one after the other.
export async function each<Input, Payload>(
  inputs: readonly Input[],
  ten: Operation<Record<Slot, Payload>, Record<Slot, Input>>,
  one: (input: Input) => Promise<Payload>,
  signal: AbortSignal,
): Promise<Payload[]> {
  if (inputs.length === TEN) {
    const variables = Object.fromEntries(SLOTS.map((slot, at) => [slot, inputs[at]])) as Record<Slot, Input>;
    const data = await post(ten, variables, signal);
    return SLOTS.map((slot) => data[slot]);
  }
  const payloads: Payload[] = [];
  for (const input of inputs) {
    // In the order of the file: rows depend on those above.
    // oxlint-disable-next-line no-await-in-loop
    payloads.push(await one(input));
  }
  return payloads;
}
