// Signed in or not; then the pages of the role.

import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { Provider } from 'urql';
import { Router } from 'wouter';

import { Session } from '#generated/session';

import { BASE } from './api/base';
import { CallerProvider, toCaller } from './api/caller';
import { createClient, post } from './api/client';
import { LiveProvider } from './api/live';
import { useCredentials } from './api/session';
import { Failed, Loading } from './ui/basics';
import { Notices } from './ui/notices';

// Both are wanted soon after each other: the shell loads while the session does.
const loadShell = () => import('./shell');
const Shell = lazy(loadShell);
const SignIn = lazy(() => import('./pages/sign-in'));

export function App() {
  const { key } = useCredentials();
  return (
    <Router base={`${BASE}/console`}>
      <Suspense fallback={<Loading />}>{key === '' ? <SignIn /> : <SignedIn key={key} apiKey={key} />}</Suspense>
      <Notices />
    </Router>
  );
}

function SignedIn({ apiKey }: { apiKey: string }) {
  const { client, close } = useMemo(() => createClient(apiKey), [apiKey]);
  const [session, setSession] = useState<Awaited<ReturnType<typeof load>> | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  const begin = useMemo(
    () => () => {
      setFailure(null);
      loadShell().catch(() => undefined);
      load().then(setSession, setFailure);
    },
    [],
  );
  useEffect(() => {
    begin();
    return close;
  }, [begin, close]);
  if (failure) {
    return <Failed error={failure} again={begin} />;
  }
  if (!session) {
    return <Loading />;
  }
  return (
    <Provider value={client}>
      <CallerProvider value={session}>
        <LiveProvider>
          <Shell />
        </LiveProvider>
      </CallerProvider>
    </Provider>
  );
}

async function load() {
  return toCaller(await post(Session, {}));
}
