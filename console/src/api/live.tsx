// What happens meanwhile: one subscription to the feed of events for the whole console. Pages query again after an event, at most
// every second, and after a mutation of their own at once.

import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useClient } from 'urql';

import { Changes, LatestEvent } from '#generated/session';

interface Live {
  /// Grows whenever something may have changed.
  readonly version: number;
  readonly refresh: () => void;
}

const LiveContext = createContext<Live>({ version: 0, refresh: () => undefined });

const INTERVAL_MS = 1_000;

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useClient();
  const [version, setVersion] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const refresh = useCallback(() => setVersion((it) => it + 1), []);
  useEffect(() => {
    let stop = () => undefined as void;
    let ended = false;
    const changed = () => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        refresh();
      }, INTERVAL_MS);
    };
    const begin = async () => {
      const latest = await client.query(LatestEvent.document, {}).toPromise();
      if (ended) {
        return;
      }
      const after = latest.data?.events.latestNumber;
      stop = client.subscription(Changes.document, { after }).subscribe((result) => result.data && changed()).unsubscribe;
    };
    void begin();
    return () => {
      ended = true;
      stop();
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [client, refresh]);
  const live = useMemo(() => ({ version, refresh }), [version, refresh]);
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>;
}

export function useLive(): Live {
  return useContext(LiveContext);
}
