// Filters in the address, so that a view can be shared and the back button works.

import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

export function useAddress(): [(name: string) => string, (changes: Record<string, string>) => void] {
  const [parameters, setParameters] = useSearchParams();
  const get = useCallback((name: string) => parameters.get(name) ?? '', [parameters]);
  const set = useCallback(
    (changes: Record<string, string>) =>
      setParameters(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value === '') {
              next.delete(name);
            } else {
              next.set(name, value);
            }
          }
          return next;
        },
        { replace: true },
      ),
    [setParameters],
  );
  return [get, set];
}
