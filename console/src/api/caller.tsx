// Who is signed in, what the role may do, and the program's day.

import { createContext, useContext } from 'react';

import type { SessionQuery } from '#generated/types';

export interface Caller {
  readonly viewer: SessionQuery['viewer'];
  readonly today: string;
  /// Whether the caller may run a mutation.
  readonly may: (mutation: string) => boolean;
  readonly isStaff: boolean;
  readonly isAdministrator: boolean;
}

export function toCaller({ viewer, today }: SessionQuery): Caller {
  const mutations = new Set(viewer.mutations);
  return {
    viewer,
    today,
    may: (mutation) => mutations.has(mutation),
    isStaff: viewer.role === 'ADMINISTRATOR' || viewer.role === 'PROGRAM_STAFF',
    isAdministrator: viewer.role === 'ADMINISTRATOR',
  };
}

const CallerContext = createContext<Caller | null>(null);

export const CallerProvider = CallerContext.Provider;

export function useCaller(): Caller {
  const caller = useContext(CallerContext);
  if (!caller) {
    throw new Error('nobody is signed in');
  }
  return caller;
}
