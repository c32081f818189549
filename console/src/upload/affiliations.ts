// Rows of affiliations. One that was recorded before is a duplicate, whatever became of it since: a file that is uploaded again
// brings back no affiliation that was voided, corrected or ended.

import { AffiliateProfessional } from '#generated/partners';
import type { AffiliateProfessionalInput, UploadedAffiliationsQuery } from '#generated/types';
import { UploadAffiliations, UploadedAffiliations } from '#generated/upload';
import { post } from '#src/api/client';

import { each, refused, TEN, together } from './intake';
import type { Intake, Result } from './intake';
import { day, filled, readRows, wrongHeader } from './rows';
import type { Cells, Read } from './rows';
import type { Sheet } from './sheet';

export function readAffiliations(sheet: Sheet): Read<AffiliateProfessionalInput> {
  const toInput = (get: Cells): AffiliateProfessionalInput => ({
    professional: filled('professional', get('professional')),
    partner: filled('partner', get('partner')),
    startsOn: day('starts_on', get('starts_on')),
    ...(get('ends_on') === '' ? {} : { endsOn: day('ends_on', get('ends_on')) }),
  });
  const keyOf = ({ professional, partner, startsOn }: AffiliateProfessionalInput) => JSON.stringify([professional, partner, startsOn]);
  return wrongHeader('AFFILIATIONS', sheet.columns) ?? { rows: readRows(sheet, toInput, keyOf) };
}

type Known = NonNullable<NonNullable<UploadedAffiliationsQuery['professional']>['affiliations']['nodes'][number]>;

/// The affiliations of a professional; none of one that does not exist, which the mutation refuses.
async function affiliationsOf(code: string, signal: AbortSignal): Promise<Known[]> {
  const found: Known[] = [];
  let after: string | null = null;
  do {
    // One page after the other: each begins where the last one ends.
    // oxlint-disable-next-line no-await-in-loop
    const data: UploadedAffiliationsQuery = await post(UploadedAffiliations, { code, after }, signal);
    const page = data.professional?.affiliations;
    found.push(...(page?.nodes ?? []).filter((it) => it !== null));
    after = (page?.pageInfo.hasNextPage && page.pageInfo.endCursor) || null;
  } while (after !== null);
  return found;
}

export const AFFILIATIONS: Intake<AffiliateProfessionalInput> = {
  chunk: TEN,
  send: async (rows, preview, signal) => {
    const people = [...new Set(rows.map((it) => it.professional))];
    const known = new Map(await Promise.all(people.map(async (it) => [it, await affiliationsOf(it, signal)] as const)));
    const isKnown = ({ professional, partner, startsOn, endsOn }: AffiliateProfessionalInput) =>
      known.get(professional)?.some((it) => it.partner?.code === partner && it.startsOn === startsOn && (!endsOn || it.endsOn === endsOn)) ?? false;
    const further = rows.filter((it) => !isKnown(it));
    const one = async (input: AffiliateProfessionalInput) => (await post(AffiliateProfessional, { input }, signal)).affiliateProfessional;
    const payloads = await each(further.map((it) => ({ ...it, preview })), UploadAffiliations, one, signal);
    const results = new Map(
      further.map((row, at): [AffiliateProfessionalInput, Result] => {
        const payload = payloads[at];
        return [row, payload && payload.userErrors.length > 0 ? refused(payload) : { kind: 'recorded' }];
      }),
    );
    return { results: rows.map((row) => results.get(row) ?? { kind: 'duplicate' }), effects: together(payloads.map((it) => it.effects)) };
  },
};
