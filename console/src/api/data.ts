// How pages read: one operation, or a connection page by page.

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { CombinedError } from 'urql';
import { useQuery } from 'urql';

import { post } from './client';
import { useLive } from './live';
import type { Operation } from './operation';

export interface Loaded<Data> {
  readonly data: Data | undefined;
  readonly error: CombinedError | undefined;
  readonly loading: boolean;
  readonly again: () => void;
}

/// The result of a query, kept current.
export function useData<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  { pause = false }: { pause?: boolean } = {},
): Loaded<Data> {
  const { version } = useLive();
  const [result, execute] = useQuery({
    query: operation.document,
    variables: variables as Variables & Record<string, unknown>,
    requestPolicy: 'cache-and-network',
    pause,
  });
  const again = useCallback(() => execute({ requestPolicy: 'network-only' }), [execute]);
  const seen = useRef(version);
  useEffect(() => {
    if (seen.current !== version) {
      seen.current = version;
      if (!pause) {
        again();
      }
    }
  }, [version, again, pause]);
  return { data: result.data, error: result.error, loading: result.fetching && !result.data, again };
}

/// How often something that is under way is looked at again.
const FOLLOW_MS = 1_000;

/// Reads again for as long as something is under way that no event ends: what began behind an answer may go on after it.
export function useFollowing(underWay: boolean, again: () => void): void {
  useEffect(() => {
    if (!underWay) {
      return undefined;
    }
    const timer = setInterval(again, FOLLOW_MS);
    return () => clearInterval(timer);
  }, [underWay, again]);
}

export interface Connection<Row> {
  readonly totalCount: number;
  readonly totalCountIsExact?: boolean;
  readonly pageInfo: { hasNextPage?: boolean; endCursor?: string | null; hasPreviousPage?: boolean; startCursor?: string | null };
  readonly nodes: (Row | null)[];
}

export interface Rows<Row> {
  readonly rows: Row[];
  readonly total: number;
  readonly exact: boolean;
  readonly more: boolean;
  readonly loading: boolean;
  readonly error: Error | undefined;
  readonly loadMore: () => void;
  readonly again: () => void;
  /// All rows, those that are not loaded yet among them.
  readonly all: (progress: (count: number) => void) => Promise<Row[]>;
  /// The query of the first page, as it can be shown; none for rows that were there already.
  readonly query?: { readonly operation: { readonly text: string }; readonly variables: Record<string, unknown> };
}

/// Rows of the first page, which is shown soon, and of further ones, which have to keep up with scrolling: the most that the API gives.
const PAGE = 50;
const FURTHER_PAGE = 100;
/// The longest list, in pages, that follows events.
const PAGES_KEPT_CURRENT = 4;

/// The rows of a connection, as many pages as were asked for. `backward` reads from the end, newest first. They pass the cache by:
/// it would keep every row of a long list for as long as the console is open.
export function useRows<Data, Variables, Row>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  pick: (data: Data) => Connection<Row> | null | undefined,
  { backward = false }: { backward?: boolean } = {},
): Rows<Row> {
  const { version } = useLive();
  const [state, setState] = useState<{ key: string; pages: Connection<Row>[]; loading: boolean; error: Error | undefined }>({
    key: '',
    pages: [],
    loading: true,
    error: undefined,
  });
  const key = JSON.stringify(variables);
  const latest = useRef({ pick, variables });
  latest.current = { pick, variables };
  const run = useRef<AbortController | null>(null);
  useEffect(() => () => run.current?.abort(), []);

  /// Adds pages until there are as many, or no more.
  const read = useCallback(
    async (pages: Connection<Row>[], count: number, signal: AbortSignal | undefined, progress: (count: number) => void = () => undefined) => {
      while (pages.length < count) {
        const size = pages.length === 0 ? PAGE : FURTHER_PAGE;
        const cursor = backward ? pages.at(-1)?.pageInfo.startCursor : pages.at(-1)?.pageInfo.endCursor;
        const page = backward ? { last: size, before: cursor } : { first: size, after: cursor };
        // One page after the other: each begins where the last one ends.
        // oxlint-disable-next-line no-await-in-loop
        const connection = latest.current.pick(await post(operation, { ...latest.current.variables, ...page }, signal));
        if (!connection) {
          break;
        }
        pages.push(connection);
        progress(pages.reduce((sum, it) => sum + it.nodes.length, 0));
        if (!(backward ? connection.pageInfo.hasPreviousPage : connection.pageInfo.hasNextPage)) {
          break;
        }
      }
    },
    [operation, backward],
  );
  const load = useCallback(
    async (count: number, keep: Connection<Row>[]) => {
      run.current?.abort();
      const control = new AbortController();
      run.current = control;
      setState((it) => ({ ...it, key, pages: keep.length > 0 || it.key === key ? it.pages : [], loading: true, error: undefined }));
      const pages = [...keep];
      try {
        await read(pages, count, control.signal);
        if (!control.signal.aborted) {
          setState({ key, pages, loading: false, error: undefined });
        }
      } catch (error) {
        if (!control.signal.aborted) {
          setState({ key, pages, loading: false, error: error as Error });
        }
      }
    },
    [read, key],
  );
  const shown = useRef(0);
  shown.current = state.key === key ? state.pages.length : 0;
  useEffect(() => {
    // Who has scrolled far reads: a long list is not read again for each event.
    if (shown.current <= PAGES_KEPT_CURRENT) {
      void load(Math.max(shown.current, 1), []);
    }
  }, [load, version]);

  const rowsOf = useCallback(
    (of: readonly Connection<Row>[]) =>
      of.flatMap((page) => {
        const nodes = page.nodes.filter((it): it is Row & NonNullable<Row> => it !== null);
        return backward ? nodes.toReversed() : nodes;
      }),
    [backward],
  );
  const pages = useMemo(() => (state.key === key ? state.pages : []), [state, key]);
  const rows = useMemo(() => rowsOf(pages), [rowsOf, pages]);
  const info = pages.at(-1)?.pageInfo;
  const more = (backward ? info?.hasPreviousPage : info?.hasNextPage) ?? false;
  const loadMore = useCallback(() => {
    if (more && !state.loading) {
      void load(pages.length + 1, pages);
    }
  }, [more, state.loading, load, pages]);
  const again = useCallback(() => void load(Math.max(shown.current, 1), []), [load]);
  const all = useCallback(
    async (progress: (count: number) => void) => {
      const whole = [...pages];
      if (more) {
        await read(whole, Number.POSITIVE_INFINITY, undefined, progress);
      }
      return rowsOf(whole);
    },
    [pages, more, read, rowsOf],
  );
  return {
    rows,
    total: pages[0]?.totalCount ?? 0,
    exact: pages[0]?.totalCountIsExact ?? true,
    more,
    loading: state.loading || state.key !== key,
    error: state.error,
    loadMore,
    again,
    all,
    query: { operation, variables: { ...variables, [backward ? 'last' : 'first']: PAGE } },
  };
}

/// All rows of a connection, page after page: of what a choice or a picture needs as a whole.
export function useAllRows<Data, Variables, Row>(...of: Parameters<typeof useRows<Data, Variables, Row>>): Rows<Row> {
  const rows = useRows<Data, Variables, Row>(...of);
  const { more, loading, error, loadMore } = rows;
  useEffect(() => {
    if (more && !loading && !error) {
      loadMore();
    }
  }, [more, loading, error, loadMore]);
  return rows;
}
