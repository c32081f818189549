// Signing in to the console with OpenID Connect: a real provider, authorization code with PKCE.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createSocket } from 'node:net';

import { Provider } from 'oidc-provider';

import { ConsolePage, WIDE } from './console-page.mjs';
import { startBrowser, startServer } from './page.mjs';

const { BROWSER, SCREENSHOTS, SERVER } = process.env;
const AUDIENCE = 'https://partner-program.example';

async function listen(server) {
  await new Promise((next) => server.listen(0, '127.0.0.1', next));
  return server.address().port;
}

/// The provider knows the address of the console beforehand.
async function freePort() {
  const socket = createSocket();
  const port = await listen(socket);
  await new Promise((next) => socket.close(next));
  return port;
}

const port = await freePort();
const web = createServer((request, response) => provider.callback()(request, response));
const issuer = `http://127.0.0.1:${await listen(web)}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'console',
      redirect_uris: [`http://127.0.0.1:${port}/console`],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      // A page has no secret: the proof is PKCE's.
      token_endpoint_auth_method: 'none',
    },
  ],
  clientBasedCORS: () => true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: () => ({ role: 'PARTNER' }),
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'openid', audience: AUDIENCE, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
    },
  },
  ttl: { AccessToken: 60 },
});

const server = await startServer(SERVER, {
  BIND: `127.0.0.1:${port}`,
  AUTH_JWKS_URL: `${issuer}/jwks`,
  AUTH_ISSUER: issuer,
  AUTH_AUDIENCE: AUDIENCE,
  CONSOLE_OIDC_CLIENT_ID: 'console',
  CONSOLE_OIDC_RESOURCE: AUDIENCE,
  CONSOLE_LETTERHEAD: 'Example NV; Street 1; 8870 Izegem',
});
const browser = await startBrowser(BROWSER, server.base);
try {
  const it = await ConsolePage.open(browser, server.base, SCREENSHOTS, WIDE);
  it.friends.push(issuer);
  // A view that was asked for before signing in.
  await it.page.goto(`${server.base}/console/statement`);
  await it.press(`Sign in with ${new URL(issuer).host}`);
  await it.page.waitForSelector('input[name=login]');
  await it.page.type('input[name=login]', 'nordwind');
  await it.page.type('input[name=password]', 'anything');
  await Promise.all([it.page.waitForNavigation(), it.page.click('button[type=submit]')]);
  await it.page.waitForSelector('button[type=submit]');
  await it.page.click('button[type=submit]');
  await it.loaded('Statement');
  await it.text('nav', 'Nordwind Systems', 'Partner');
  assert.equal(it.page.url(), `${server.base}/console/statement`, 'the code leaves the address bar');
  await it.until('the letterhead', () => document.querySelector('.letterhead')?.textContent.includes('8870 Izegem'));
  const stored = await it.page.evaluate(() => [JSON.stringify(localStorage), Object.keys(sessionStorage)]);
  assert.ok(!stored[0].includes('eyJ'), 'a token is in the local storage');
  assert.deepEqual(stored[1], ['partner-program:key'], 'only the access token is kept');
  console.log('sign-in: 1 passed, 0 failed');
} catch (error) {
  console.error(error);
  console.log('sign-in: 0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  await browser.close();
  await server.stop();
  web.close();
}
