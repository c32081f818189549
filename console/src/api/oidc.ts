// Signing in with the OpenID Connect provider: authorization code with PKCE. The library keeps what it needs until the provider
// sends people back; afterwards only the access token is kept, in this tab.

import { UserManager, WebStorageStateStore } from 'oidc-client-ts';

import type { SignInConfig } from './config';

function manager({ issuer, clientId, scope, resource }: SignInConfig): UserManager {
  return new UserManager({
    authority: issuer,
    client_id: clientId,
    scope,
    redirect_uri: `${location.origin}/console`,
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
    userStore: new WebStorageStateStore({ store: sessionStorage }),
    automaticSilentRenew: false,
    monitorSession: false,
    loadUserInfo: false,
    ...(resource ? { resource } : {}),
  });
}

export async function begin(config: SignInConfig): Promise<void> {
  await manager(config).signinRedirect({ state: { path: location.pathname } });
}

/// Exchanges the code of the address for an access token.
export async function finish(config: SignInConfig): Promise<string> {
  const users = manager(config);
  const user = await users.signinRedirectCallback();
  await users.removeUser();
  const { path } = user.state as { path?: string };
  history.replaceState(null, '', path?.startsWith('/console') ? path : '/console');
  return user.access_token;
}
