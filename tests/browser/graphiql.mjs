// End-to-end test of GraphiQL: the steps of a user, in a browser that can reach no host but the server.

import assert from 'node:assert/strict';

import { Page, post, startBrowser, startServer } from './page.mjs';

const { BROWSER, SCREENSHOTS, SERVER } = process.env;
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 600, height: 800 };

/// What axe-core finds in GraphiQL itself: its tabs have buttons inside, and nothing outside can move them.
const LIBRARY = { 'nested-interactive': ['.graphiql-tab'] };

const CREATE_KEY = `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }`;
const REVOKE_KEY = `mutation($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { revokedAt } } }`;
const RECORD = `mutation($input: ActivityInput!) {
  recordActivity(input: $input) { activity { id } userErrors { code message } }
}`;

const server = await startServer(SERVER);
const browser = await startBrowser(BROWSER, server.base);
const pages = [];
let passed = 0;

const open = async (viewport, path = '/graphql', shown = 'query WhoAmI', theme = 'light') => {
  const it = await Page.open(browser, server.base, SCREENSHOTS, viewport);
  await it.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
  pages.push(it);
  await it.page.goto(server.base + path);
  await it.text('.graphiql-query-editor .view-lines', shown);
  return it;
};

const step = async (name, take) => {
  await take();
  passed += 1;
  console.log(`ok: ${name}`);
};

try {
  const it = await open(WIDE);

  await step('it opens with the examples and asks for a key, without sending a request', async () => {
    await it.text('.examples', 'Administrator', 'Program staff', 'Integrator', 'Partner', 'Professional');
    await it.answer('Enter an API key');
    assert.deepEqual(it.complaints, []);
    await it.shot('opened');
  });

  await step('an invalid key is reported', async () => {
    await it.setKey('pp_wrong');
    await it.text('.key-refused', 'key');
    await it.shot('refused');
    await it.page.locator('.key-button').click();
    // The browser itself logs the requests that returned 401.
    assert.equal(it.complaints.splice(0).filter((text) => !text.includes('401')).length, 0);
  });

  await step('a key shows its role, opens its examples and loads the schema', async () => {
    await it.setKey(` Authorization: Bearer ${server.keys.PARTNER} `);
    await it.text('.key-role', 'PARTNER · nordwind');
    const groups = await it.until('the groups', () => {
      const all = [...document.querySelectorAll('.examples details')];
      return all.some((group) => !group.open) && all.filter((group) => group.open).map((group) => group.innerText.split('\n')[0]);
    });
    assert.deepEqual(groups, ['Everyone', 'Partner']);
    assert.equal(await it.page.evaluate(() => document.querySelector('.graphiql-response .view-lines').innerText.trim()), '');
  });

  await step('an example query returns data', async () => {
    await it.example('Partner', 'Our standing');
    await it.run();
    await it.answer('"name": "Nordwind Systems"', '"balance":');
    await it.text('.answer', 'HTTP 200', 'ms', 'points of quota left');
    await it.shot('query');
  });

  await step('the cost of an operation is estimated without running it', async () => {
    await it.example('Partner', 'Register a deal');
    await it.page.locator('button[aria-label="Estimate the cost without running it"]').click();
    await it.text('.answer', 'would cost', 'points', 'not executed');
    const { partner } = await post(server, server.keys.PARTNER, '{ partner(code: "nordwind") { deals(last: 100) { nodes { reference } } } }');
    assert.ok(!partner.deals.nodes.some((deal) => deal.reference.startsWith('GQ-')), 'the deal was registered');
  });

  await step('an operation is copied as a link, for a shell and for a program', async () => {
    await it.example('Partner', 'Get a quote');
    await it.page.evaluate(() => {
      navigator.clipboard.writeText = async (text) => {
        globalThis.copied = text;
      };
    });
    const copy = async (label) => {
      await it.page.locator(`button[aria-label="${label}"]`).click();
      return it.until('a copy', () => globalThis.copied);
    };
    assert.match(await copy('Copy as curl'), /^curl -s http.*\/graphql \\\n {2}-H "Authorization: Bearer \$KEY"[\s\S]*"purpose":"END_CUSTOMER"/);
    await it.page.evaluate(() => delete globalThis.copied);
    assert.match(await copy('Copy as fetch'), /^const response = await fetch\('http.*\/graphql'[\s\S]*Bearer \$\{key\}/);
    await it.page.evaluate(() => delete globalThis.copied);
    const link = new URL(await copy('Copy a link to this operation'));
    const linked = await open(WIDE, link.pathname + link.hash, 'query Quote');
    await linked.text('.graphiql-editor-tool .view-lines', '"purpose": "END_CUSTOMER"');
    assert.equal(linked.page.url(), `${server.base}/graphql`, 'the document leaves the address bar');
  });

  await step('an example mutation with variables returns data', async () => {
    await it.example('Partner', 'Register a deal');
    await it.text('.graphiql-editor-tool .view-lines', '"partner": "nordwind"');
    await it.run();
    await it.answer('"status": "LEAD"', '"userErrors": []');
    await it.shot('mutation');
  });

  await step('the documentation explorer works', async () => {
    await it.page.locator('button[aria-label="Show Documentation Explorer"]').click();
    await it.text('.graphiql-plugin', 'Root Types', 'subscription:');
    await it.page.locator('.graphiql-plugin a ::-p-text(Subscription)').click();
    await it.text('.graphiql-plugin', 'partnerChanged', 'events');
    await it.shot('docs');
    await it.page.locator('button[aria-label="Show Examples"]').click();
  });

  await step('a subscription shows a change by another client', async () => {
    await it.example('Partner', 'Subscribe to our account');
    await it.run();
    await it.connected();
    // A change before the server has started the subscription is not part of it, so changes repeat until one
    // is shown.
    const seen = it.answer('"partnerChanged"', '"CREDITS_CHANGED"', '"ledgerEntry"');
    for (let number = 0, done = false; !done; number += 1) {
      const input = {
        subject: { partner: 'nordwind' },
        kind: 'CUSTOMER_MEETING',
        occurredOn: '2026-01-15',
        quantity: 3,
        source: 'browser',
        externalId: `${number}`,
      };
      const { recordActivity } = await post(server, server.keys.PROGRAM_STAFF, RECORD, { input });
      assert.deepEqual(recordActivity.userErrors, []);
      done = await Promise.race([seen.then(() => true), new Promise((next) => setTimeout(next, 1_000))]);
    }
    assert.deepEqual(it.sockets, [`${server.base.replace('http', 'ws')}/graphql/ws`]);
    // Each result is kept, with the time at which it arrived, also when the subscription is stopped.
    await it.answer('"received"', '"at"');
    await it.shot('subscription');
    await it.run();
    await it.until('the end', () => document.querySelector('.graphiql-execute-button[aria-label^="Execute"]'));
    await it.answer('"received"', '"partnerChanged"');
  });

  await step('the explorer adds fields to an operation', async () => {
    await it.example('Everyone', 'Who am I?');
    await it.page.locator('button[aria-label="Show GraphiQL Explorer"]').click();
    await it.text('.graphiql-plugin', 'viewer', 'sources');
    await it.page.locator('.graphiql-plugin ::-p-text(sources)').click();
    await it.text('.graphiql-query-editor .view-lines', 'sources');
    await it.shot('explorer');
    await it.run();
    await it.answer('"sources"');
    await it.page.locator('button[aria-label="Show Examples"]').click();
  });

  await step('an example of a review finds a claim, and previews', async () => {
    const staff = await open(WIDE);
    await staff.setKey(server.keys.PROGRAM_STAFF);
    await staff.text('.key-role', 'PROGRAM_STAFF');
    await staff.example('Program staff', 'Review a claim');
    await staff.text('.graphiql-editor-tool .view-lines', '"decision": "APPROVE"', '"activityId": "Q');
    await staff.run();
    await staff.answer('"reviewActivity"', '"RECORDED"');
  });

  await step('an Authorization in the headers editor takes precedence over the key', async () => {
    await it.example('Everyone', 'Who am I?');
    await it.page.locator('button[data-name="headers"]').click();
    await it.page.locator('.graphiql-editor-tool:not(.hidden) .graphiql-editor:not(.hidden) .view-lines').click();
    await it.page.keyboard.sendCharacter(`{ "authorization": "Bearer ${server.keys.INTEGRATOR}" }`);
    await it.run();
    await it.answer('"INTEGRATOR"');
    await it.page.locator('button[data-name="variables"]').click();
  });

  await step('the key survives a reload of the tab, and is not in the local storage', async () => {
    await it.page.reload();
    await it.text('.key-role', 'PARTNER · nordwind');
    assert.equal((await it.stored()).includes(server.keys.PARTNER), false, 'the key is not in the local storage');
    assert.equal((await it.stored()).includes(server.keys.INTEGRATOR), false, 'headers are not in the local storage');
    await it.page.locator('.key-button').click();
    await it.page.reload();
    await it.text('.key', 'Use key');
  });

  await step('a revoked key ends a subscription with a reason', async () => {
    const input = { role: 'PARTNER', subject: 'nordwind', label: 'to be revoked' };
    const { createApiKey } = await post(server, server.keys.ADMINISTRATOR, CREATE_KEY, { input });
    const other = await open(WIDE);
    await other.setKey(createApiKey.secret);
    await other.text('.key-role', 'PARTNER · nordwind');
    await other.example('Partner', 'Subscribe to our account');
    await other.run();
    await other.connected();
    await post(server, server.keys.ADMINISTRATOR, REVOKE_KEY, { id: createApiKey.apiKey.id });
    await other.answer('no longer valid', 'closed with 4401');
    await other.shot('revoked');
    other.complaints.splice(0);
  });

  await step('the link that the demo prints sets its key, and the key leaves the address bar', async () => {
    assert.match(server.link, /\/graphql#key=demo-/);
    const linked = await open(WIDE, server.link.slice(server.base.length));
    await linked.text('.key-role', 'ADMINISTRATOR');
    assert.equal(linked.page.url(), `${server.base}/graphql`);
    await linked.example('Program staff', 'Partners by credits');
    await linked.run();
    await linked.answer('"totalCount":');
    await linked.shot('linked');
  });

  await step('narrow windows and the dark theme work', async () => {
    const narrow = await open(NARROW);
    await narrow.shot('narrow');
    await narrow.setKey(server.keys.PROFESSIONAL);
    await narrow.text('.key-role', 'PROFESSIONAL');
    const isInside = await narrow.page.evaluate(() => {
      const inside = ({ left, right }) => left >= 0 && right <= window.innerWidth;
      return [...document.querySelectorAll('.key, .key-button')].every((it) => inside(it.getBoundingClientRect()));
    });
    assert.ok(isInside, 'the key field is cut off');
    await narrow.shot('narrow-key');
    const dark = await Page.open(browser, server.base, SCREENSHOTS, WIDE);
    await dark.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await dark.page.goto(`${server.base}/graphql`);
    await dark.setKey(server.keys.PROFESSIONAL);
    await dark.text('.key-role', 'PROFESSIONAL · ada.nowak');
    await dark.shot('dark');
  });

  for (const theme of ['light', 'dark']) {
    await step(`the page is accessible in the ${theme} theme`, async () => {
      // The editor takes its theme when the page is opened.
      const fresh = await open(WIDE, '/graphql', 'query WhoAmI', theme);
      const accessible = (name) => fresh.accessible(`graphiql-${name}`, { themes: [theme], except: LIBRARY });
      await accessible('opened');
      await fresh.setKey('pp_wrong');
      await fresh.text('.key-refused', 'key');
      await accessible('refused');
      fresh.complaints.splice(0);
      await fresh.page.locator('.key-button').click();
      await fresh.setKey(server.keys.ADMINISTRATOR);
      await fresh.text('.key-role', 'ADMINISTRATOR');
      await fresh.example('Program staff', 'Partners by credits');
      await fresh.run();
      await fresh.answer('"totalCount":');
      await accessible('answer');
      for (const [plugin, shown] of [['Documentation Explorer', 'Root Types'], ['GraphiQL Explorer', 'partners'], ['History', 'Partners']]) {
        await fresh.page.locator(`button[aria-label="Show ${plugin}"]`).click();
        await fresh.text('.graphiql-plugin', shown);
        await accessible(plugin.toLowerCase().replaceAll(' ', '-'));
      }
      await fresh.page.setViewport(NARROW);
      await accessible('narrow');
    });
  }

  await step('no page logged an error or requested another host', async () => {
    for (const page of pages) {
      assert.deepEqual(page.complaints, []);
      assert.deepEqual(page.strangers, []);
    }
  });
  console.log(`browser: ${passed} passed, 0 failed`);
} catch (error) {
  console.error(error);
  console.log(`browser: ${passed} passed, 1 failed`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await server.stop();
}
