// Rows of partners and professionals. One that exists already is a duplicate; another name or e-mail address updates it, another
// first day is refused, as by the command line.

import { CreatePartner, UpdatePartner } from '#generated/partners';
import { SignUpProfessional, UpdateProfessional } from '#generated/professionals';
import type { CreatePartnerInput, ErrorPartsFragment, SignUpProfessionalInput } from '#generated/types';
import { UploadedPartner, UploadedProfessional, UploadPartners, UploadProfessionals } from '#generated/upload';
import { post } from '#src/api/client';

import { each, NOTHING, refused, TEN } from './intake';
import type { Intake, Result } from './intake';
import { day, filled, readRows, wrongHeader } from './rows';
import type { Cells, Read } from './rows';
import type { Sheet } from './sheet';

interface Payload {
  readonly userErrors: readonly ErrorPartsFragment[];
}

/// How subjects of one program are added, found and changed.
interface Calls<Input> {
  readonly add: (inputs: readonly Input[], signal: AbortSignal) => Promise<readonly Payload[]>;
  /// The subject with a code as such an input; null if there is none, or the code means another one.
  readonly find: (code: string, signal: AbortSignal) => Promise<Input | null>;
  readonly update: (change: Partial<Input> & { code: string; preview: boolean }, signal: AbortSignal) => Promise<Payload>;
  /// The field that an update may not change.
  readonly firstDay: keyof Input;
}

function intakeOf<Input extends { code: string }>({ add, find, update, firstDay }: Calls<Input>): Intake<Input> {
  /// What a row comes to whose code is taken.
  const known = async (row: Input, payload: Payload, preview: boolean, signal: AbortSignal): Promise<Result> => {
    const found = await find(row.code, signal);
    const names = Object.keys(row) as (keyof Input)[];
    const changes = found ? names.filter((name) => found[name] !== row[name]) : [];
    if (!found || changes.includes(firstDay)) {
      return refused(payload);
    }
    if (changes.length === 0) {
      return { kind: 'duplicate' };
    }
    const change = Object.fromEntries(changes.map((name) => [name, row[name]])) as Partial<Input>;
    const updated = await update({ ...change, code: row.code, preview }, signal);
    return updated.userErrors.length > 0 ? refused(updated) : { kind: 'updated' };
  };
  return {
    chunk: TEN,
    send: async (rows, preview, signal) => {
      const payloads = await add(rows.map((it) => ({ ...it, preview })), signal);
      const results = await Promise.all(
        rows.map((row, at): Promise<Result> | Result => {
          const payload = payloads[at];
          if (!payload || payload.userErrors.length === 0) {
            return { kind: 'recorded' };
          }
          return payload.userErrors.some((it) => it.code === 'ALREADY_EXISTS') ? known(row, payload, preview, signal) : refused(payload);
        }),
      );
      return { results, effects: NOTHING };
    },
  };
}

/// Codes that differ by case only are one: the server has no such two.
const keyOf = ({ code }: { code: string }) => code.toLowerCase();

export function readPartners(sheet: Sheet): Read<CreatePartnerInput> {
  const toInput = (get: Cells): CreatePartnerInput => ({
    code: filled('partner', get('partner')),
    name: filled('name', get('name')),
    enrolledOn: day('enrolled_on', get('enrolled_on')),
  });
  return wrongHeader('PARTNERS', sheet.columns) ?? { rows: readRows(sheet, toInput, keyOf) };
}

export const PARTNERS: Intake<CreatePartnerInput> = intakeOf({
  add: (inputs, signal) => each(inputs, UploadPartners, async (input) => (await post(CreatePartner, { input }, signal)).createPartner, signal),
  find: async (code, signal) => {
    const { partner } = await post(UploadedPartner, { code }, signal);
    return partner?.code === code ? { code, name: partner.name, enrolledOn: partner.enrolledOn } : null;
  },
  update: async (input, signal) => (await post(UpdatePartner, { input }, signal)).updatePartner,
  firstDay: 'enrolledOn',
});

export function readProfessionals(sheet: Sheet): Read<SignUpProfessionalInput> {
  const toInput = (get: Cells): SignUpProfessionalInput => ({
    code: filled('professional', get('professional')),
    name: filled('name', get('name')),
    email: filled('email', get('email')),
    signedUpOn: day('signed_up_on', get('signed_up_on')),
  });
  return wrongHeader('PROFESSIONALS', sheet.columns) ?? { rows: readRows(sheet, toInput, keyOf) };
}

export const PROFESSIONALS: Intake<SignUpProfessionalInput> = intakeOf({
  add: (inputs, signal) =>
    each(inputs, UploadProfessionals, async (input) => (await post(SignUpProfessional, { input }, signal)).signUpProfessional, signal),
  find: async (code, signal) => {
    const { professional: found } = await post(UploadedProfessional, { code }, signal);
    return found?.code === code ? { code, name: found.name, email: found.email ?? '', signedUpOn: found.signedUpOn } : null;
  },
  update: async (input, signal) => (await post(UpdateProfessional, { input }, signal)).updateProfessional,
  firstDay: 'signedUpOn',
});
