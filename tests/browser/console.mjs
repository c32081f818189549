// End-to-end test of the console: what each role does, in a browser that can reach no host but the server.

import assert from 'node:assert/strict';

import { claimSteps } from './console-claims.mjs';
import { ConsolePage, PHONE, WIDE } from './console-page.mjs';
import { RECORDED, staffSteps } from './console-staff.mjs';
import { uploadSteps } from './console-uploads.mjs';
import { wholeSteps } from './console-whole.mjs';
import { post, startBrowser, startServer } from './page.mjs';

const { BROWSER, SCREENSHOTS, SERVER } = process.env;
/// The most script of a first view, gzipped.
const SCRIPT_BYTES_MAX = 250_000;

const CREATE_KEY = `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }`;
const REVOKE_KEY = `mutation($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { revokedAt } } }`;

/// The same day on every run, as in the README.
const TODAY = '2026-11-21';

const server = await startServer(SERVER, { PROGRAM_TODAY: TODAY });
const browser = await startBrowser(BROWSER, server.base);
const pages = [];
let passed = 0;
let failed = 0;

const open = async (role, viewport = WIDE, path = '/console') => {
  const it = await ConsolePage.start(browser, server.base, SCREENSHOTS, viewport, server.keys[role], path);
  pages.push(it);
  return it;
};
const ask = (role, query, variables) => post(server, server.keys[role], query, variables);

/// A pattern of the steps to take; all by default.
const only = process.env.ONLY;
const step = async (name, take) => {
  if (only && !new RegExp(only).test(name)) {
    return;
  }
  const began = Date.now();
  try {
    await take();
    passed += 1;
    console.log(`ok: ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    // The steps do not depend on each other: the others are worth knowing too.
    failed += 1;
    console.log(`FAILED: ${name}`);
    await pages.at(-1)?.shot(`console-failure-${failed}`).catch(() => undefined);
    console.error(error.message);
    console.error(pages.at(-1)?.complaints.slice(0, 5));
  }
};

const test = { step, open, ask, server, browser, pages, TODAY };

try {
  await step('signing in: an invalid key is refused, a key shows the role, signing out forgets it', async () => {
    const it = await open(null);
    await it.text('.sign-in', 'Sign in with the key');
    await it.accessible('sign-in');
    await it.fill('API key or token', 'pp_wrong');
    await it.press('Sign in with the key');
    await it.text('.sign-in', 'not valid');
    // The browser itself logs the request that was refused.
    assert.equal(it.complaints.splice(0).filter((text) => !text.includes('401')).length, 0);
    await it.fill('API key or token', ` Authorization: Bearer ${server.keys.PROGRAM_STAFF} `);
    await it.press('Sign in with the key');
    await it.loaded('Dashboard');
    await it.text('.account', 'Program staff');
    assert.equal((await it.stored()).includes(server.keys.PROGRAM_STAFF), false, 'the key is in the local storage');
    await it.page.reload();
    await it.loaded('Dashboard');
    await it.press('Sign out');
    await it.text('.sign-in', 'Sign in with the key');
    await it.page.reload();
    await it.text('.sign-in', 'Sign in with the key');
  });

  await step('the link that the demo prints signs in, and the key leaves the address bar', async () => {
    const it = await open(null, WIDE, `/console#key=${server.keys.ADMINISTRATOR}`);
    await it.loaded('Dashboard');
    assert.equal(it.page.url(), `${server.base}/console`);
    await it.text('nav', 'API keys');
  });

  await step('a revoked key signs out', async () => {
    const input = { role: 'PROGRAM_STAFF', label: 'to be revoked' };
    const { createApiKey } = await ask('ADMINISTRATOR', CREATE_KEY, { input });
    const it = await open(null, WIDE, `/console#key=${createApiKey.secret}`);
    await it.loaded('Dashboard');
    await it.connected();
    await ask('ADMINISTRATOR', REVOKE_KEY, { id: createApiKey.apiKey.id });
    await it.text('.sign-in', 'Sign in again');
    it.complaints.splice(0);
  });

  await step('the first view loads no more script than agreed', async () => {
    const it = await open('PROGRAM_STAFF');
    await it.loaded('Dashboard');
    const scripts = await it.page.evaluate(() =>
      performance.getEntriesByType('resource').filter((it) => it.name.endsWith('.js')).map((it) => [it.name.split('/').at(-1), it.encodedBodySize]),
    );
    const bytes = scripts.reduce((sum, [, size]) => sum + size, 0);
    console.log(`    ${scripts.length} scripts, ${bytes} bytes`);
    assert.ok(bytes > 0 && bytes <= SCRIPT_BYTES_MAX, JSON.stringify(scripts));
  });

  await staffSteps(test);
  await uploadSteps(test);
  await claimSteps(test);
  await wholeSteps(test);

  await step('a query opens in GraphiQL with its variables and the key', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/partners?search=nord');
    await it.loaded('Partners');
    await it.press('Show query');
    const href = await it.until('the link', () => document.querySelector('.menu-item[href]')?.href);
    const next = it.page.browserContext().waitForTarget((target) => target.url().includes('/graphql'));
    await it.press('Partners', { within: '.menu' });
    const page = await (await next).page();
    await page.waitForFunction(() => /query\s+Partners/.test(document.querySelector('.graphiql-query-editor .view-lines')?.innerText ?? ''), { timeout: 20_000 });
    await page.waitForFunction(() => document.querySelector('.key-role')?.innerText.includes('PROGRAM_STAFF'), { timeout: 20_000 });
    await page.locator('.graphiql-execute-button').click();
    await page.waitForFunction(() => document.querySelector('.graphiql-response .view-lines')?.innerText.includes('totalCount'), { timeout: 20_000 });
    assert.match(href, /\/graphql#query=/);
    assert.equal(page.url(), `${server.base}/graphql`, 'the document leaves the address bar');
    await page.close();
  });

  await step('the command palette finds pages and partners, by keyboard alone', async () => {
    const it = await open('PROGRAM_STAFF');
    await it.loaded('Dashboard');
    await it.page.keyboard.down('Control');
    await it.page.keyboard.press('k');
    await it.page.keyboard.up('Control');
    await it.page.waitForSelector('.palette input');
    await it.page.keyboard.type('nordw');
    await it.text('.palette', 'Nordwind Systems');
    await it.accessible('palette');
    await it.page.keyboard.press('ArrowDown');
    await it.page.keyboard.press('Enter');
    await it.loaded('Nordwind Systems');
    // The way past the navigation.
    await it.page.reload();
    await it.loaded('Nordwind Systems');
    await it.page.keyboard.press('Tab');
    assert.equal(await it.page.evaluate(() => document.activeElement.className), 'skip');
  });

  await step('administrator: a draft is checked, compared, tried, approved and published', async () => {
    const it = await open('ADMINISTRATOR', WIDE, '/console/policy?tab=drafts');
    await it.loaded('Policy');
    await it.press('New draft', { within: 'main' });
    await it.fill('Name', 'Creator later', '.dialog');
    await it.confirm('New draft');
    await it.loaded('Creator later');
    await it.main('No problems');
    const area = 'textarea.code';
    const original = await it.page.$eval(area, (field) => field.value);
    const type = (text) =>
      it.page.$eval(
        area,
        (field, text) => {
          Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(field, text);
          field.dispatchEvent(new Event('input', { bubbles: true }));
        },
        text,
      );
    await type(original.replace('threshold = 75', 'threshold = "many"'));
    await it.main('1 problem');
    await it.accessible('draft-problem');
    await type(original.replace(/^name = .*$/m, 'name = "Creator later"').replaceAll(/^threshold = 75$/gm, 'threshold = 200'));
    await it.main('No problems');
    await it.press('Save', { within: '.page-header' });
    await it.confirm('Save');
    await it.press('As a table', { within: '[role=tablist]' });
    await it.main('Partner · Level', 'Creator', '200', 'Professional · Rule', 'Blog post published', '500 – 1,000');
    await it.accessible('draft-table');
    await it.press('Comparison', { within: '[role=tablist]' });
    await it.main('75 → 200');
    await it.accessible('draft-comparison');
    await it.press('Trial', { within: '[role=tablist]' });
    // Had it been in force this year, somebody would have lost the level.
    await it.fill('As if in force from', `${TODAY.slice(0, 4)}-01-01`);
    await it.press('Try on the whole log');
    await it.main('Finished', 'Gainers', 'Loses');
    await it.accessible('draft-trial');
    // Another administrator than the one who saved it.
    const { createApiKey } = await ask('ADMINISTRATOR', CREATE_KEY, { input: { role: 'ADMINISTRATOR', label: 'second' } });
    const second = await open(null, WIDE, `${it.page.url().slice(server.base.length).split('?')[0]}#key=${createApiKey.secret}`);
    await second.loaded('Creator later');
    await second.main('No problems');
    await second.press('Approve', { within: '.page-header' });
    await second.confirm('Approve');
    await second.text('.page-header', 'Approved');
    await second.press('Publish', { within: '.page-header' });
    await second.confirm('Publish');
    await second.main('Creator later', 'Published');
  });

  await step('administrator: a recalculation is planned, applied and taken back', async () => {
    const it = await open('ADMINISTRATOR', WIDE, '/console/policy?tab=drafts');
    await it.loaded('Policy');
    await it.press('New draft');
    await it.fill('Name', 'Meant earlier', '.dialog');
    await it.confirm('New draft');
    await it.loaded('Meant earlier');
    const field = await it.page.waitForSelector('textarea.code');
    await field.evaluate((area) => {
      Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(area, area.value.replace(/threshold = 75\b/, 'threshold = 200'));
      area.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await it.press('Save', { within: '.page-header' });
    await it.confirm('Save');
    await it.press('Recalculation', { within: '[role=tablist]' });
    await it.main('No recalculation was planned');
    await it.accessible('draft-recalculation');
    await it.press('Plan a recalculation', { within: 'main' });
    await it.fill('In force from', `${TODAY.slice(0, 4)}-01-01`, '.dialog');
    await it.fill('Reason', 'It was announced in December', '.dialog');
    await it.confirm('Plan a recalculation');
    await it.loaded('Recalculation');
    await it.main('Planned', 'Loses', 'It was announced in December');
    await it.accessible('recalculation');
    await it.press('Apply', { within: '.page-header' });
    await it.preview('The server accepts it');
    await it.accessible('recalculation-apply');
    await it.confirm('Apply');
    await it.until('the end', () => /Status\s+Applied/.test(document.querySelector('main').innerText) && /Finished\s+\d/.test(document.querySelector('main').innerText));
    await it.press('Take back', { within: '.page-header' });
    await it.fill('Reason', 'It was announced for another year', '.dialog');
    await it.preview('The server accepts it');
    await it.confirm('Take back');
    await it.main('It was announced for another year');
    await it.go('/recalculations', 'Recalculations');
    await it.main('Taken back');
    await it.accessible('recalculations');
    await it.fits();
  });

  await step('administrator: keys, webhooks and the audit log', async () => {
    const it = await open('ADMINISTRATOR', WIDE, '/console/keys');
    await it.loaded('API keys');
    await it.press('Create a key');
    await it.fill('Label', 'For the console', '.dialog');
    await it.confirm('Create a key');
    await it.main('It is shown only once.', 'For the console');
    const secret = await it.page.$eval('.secret', (element) => element.innerText);
    assert.match(secret, /^pp_/);
    await it.accessible('keys');
    // The subject of a partner's key is found by its name.
    await it.press('Create a key');
    await it.fill('Label', 'Of a partner', '.dialog');
    await it.fill('Role', 'PARTNER', '.dialog');
    await it.fill('Partner code', 'Nordw', '.dialog');
    await it.until('the suggestion', () => document.querySelector('.dialog option[value="nordwind"]'));
    await it.fill('Partner code', 'nordwind', '.dialog');
    await it.confirm('Create a key');
    await it.main('Of a partner', 'nordwind');
    await it.press('Revoke: For the console');
    await it.confirm('Revoke');
    await it.main('Revoked');
    await it.go('/webhooks', 'Webhooks');
    await it.press('Add an endpoint');
    await it.fill('Address', 'https://example.com/hook', '.dialog');
    await it.fill('Description', 'A test', '.dialog');
    await it.confirm('Add an endpoint');
    await it.main('https://example.com/hook', 'It is shown only once.');
    await it.press('https://example.com/hook', { within: 'main' });
    await it.loaded('https://example.com/hook');
    await it.press('Change…');
    await it.press('Replace the secret', { within: '.menu' });
    await it.confirm('Replace the secret');
    await it.main('It is shown only once.');
    await it.press('Hide it');
    await it.press('Change…');
    await it.press('Replay events', { within: '.menu' });
    await it.confirm('Replay events');
    await it.accessible('webhook');
    await it.go('/audit?operation=revokeApiKey', 'Audit log');
    await it.main('revokeApiKey');
  });

  await step('administrator: a sandbox, its clock, and its own console', async () => {
    const it = await open('ADMINISTRATOR', WIDE, '/console/sandboxes');
    await it.loaded('Sandboxes');
    await it.main('There is no sandbox.');
    await it.delays('READY', 'CREATING');
    await it.press('Create a sandbox');
    await it.confirm('Create a sandbox');
    await it.main('It is shown only once.', 'Ready', '21 Nov 2026');
    await it.accessible('sandboxes');
    const secret = await it.page.$eval('.secret', (element) => element.innerText);
    const address = await it.page.$eval('td a[href^="/sandbox/"]', (element) => element.getAttribute('href'));
    const inside = await open(null, WIDE, address);
    await inside.text('.sign-in', 'This is a sandbox');
    await inside.fill('API key or token', secret);
    await inside.press('Sign in with the key');
    await inside.text('.sandbox-mark', 'Sandbox · 21 Nov 2026');
    await inside.press('Partners', { within: 'nav' });
    await inside.loaded('Partners');
    await inside.main('Nordwind Systems');
    await inside.accessible('sandbox');
    await it.delays('READY', 'ADVANCING');
    await it.press('Move the clock: 21 Nov 2026');
    await it.confirm('Move the clock');
    await it.main('Ready', '1 Jan 2027');
    // The console in the sandbox follows.
    await inside.text('.sandbox-mark', '1 Jan 2027');
    const explorer = await open(null, WIDE, `${address.replace(/console$/, 'graphql')}#key=${secret}`);
    await explorer.text('.sandbox-day', 'Sandbox · 2027-01-01');
    // Their connections would find nothing any more.
    await Promise.all([inside, explorer].map(({ page }) => page.close()));
    await it.press('Delete: 1 Jan 2027');
    await it.confirm('Delete');
    await it.main('There is no sandbox.');
  });

  await step('partner: from a quote to an order, on a phone', async () => {
    const it = await open('PARTNER', PHONE);
    await it.loaded('Nordwind Systems');
    await it.until('the chart', () => document.querySelector('.chart path.line'));
    await it.accessible('account-phone');
    await it.fits();
    await it.page.locator('.menu-toggle').click();
    await it.press('Quote and order', { within: 'nav' });
    await it.loaded('Quote and order');
    await it.fill('Customer', 'Example Broadcasting');
    await it.fill('Product 1', 'dataminer-core');
    await it.main('At most', 'List price');
    await it.fill('Credits to redeem', '999999');
    await it.main('999999');
    await it.accessible('quote-phone');
    await it.fill('Credits to redeem', '10');
    await it.main('Redeemed: 10 credits');
    const { partner } = await ask('PARTNER', RECORDED, { partner: 'nordwind' });
    await it.press('Place the order');
    await it.preview('This takes 10 credits');
    await it.confirm('Place the order');
    await it.loaded('Orders');
    await it.main('Example Broadcasting', 'Placed');
    const after = await ask('PARTNER', RECORDED, { partner: 'nordwind' });
    assert.equal(after.partner.balance, partner.balance - 10);
    await it.accessible('orders-phone');
    await it.fits();
  });

  await step('partner: a quote is saved with its credits held, and ordered from, on a phone', async () => {
    const it = await open('PARTNER', PHONE, '/console/quotes');
    await it.loaded('Saved quotes');
    await it.main('No saved quotes');
    const { partner } = await ask('PARTNER', RECORDED, { partner: 'nordwind' });
    await it.press('New quote');
    await it.loaded('Quote and order');
    await it.fill('Customer', 'Held Broadcasting');
    await it.fill('Product 1', 'dataminer-core');
    await it.fill('Credits to redeem', '20');
    await it.main('Redeemed: 20 credits');
    await it.press('Save the quote');
    await it.fill('Hold the credits', 'yes', '.dialog');
    await it.preview('This takes 20 credits');
    await it.accessible('quote-save-phone');
    await it.confirm('Save the quote');
    await it.loaded('Saved quotes');
    await it.main('Held Broadcasting', '20 held');
    assert.equal((await ask('PARTNER', RECORDED, { partner: 'nordwind' })).partner.balance, partner.balance - 20);
    await it.accessible('quotes-phone');
    await it.fits();
    await it.press('Order', { within: 'tbody tr' });
    await it.preview('No longer held');
    await it.confirm('Place the order');
    await it.loaded('Orders');
    await it.main('Held Broadcasting');
    assert.equal((await ask('PARTNER', RECORDED, { partner: 'nordwind' })).partner.balance, partner.balance - 20);
  });

  await step('partner: a deal is registered, followed and reported as won', async () => {
    const it = await open('PARTNER', PHONE, '/console/deals');
    await it.loaded('Deals');
    await it.press('Register a deal', { within: '.page-header' });
    await it.fill('Reference', 'NW-console', '.dialog');
    await it.fill('Customer', 'Fjord Media', '.dialog');
    await it.fill('Scope', 'Monitoring', '.dialog');
    await it.confirm('Register a deal');
    await it.loaded('Fjord Media');
    await it.press('Change status', { within: '.page-header' });
    await it.fill('Status', 'ENGAGED', '.dialog');
    await it.confirm('Change status');
    await it.main('Engaged');
    await it.press('Close the deal', { within: '.page-header' });
    await it.fill('Outcome', 'WON_BY_PARTNER', '.dialog');
    await it.preview('changes no credits');
    await it.confirm('Close the deal');
    await it.main('Win reported');
  });

  await step('partner: every page is accessible and fits a phone', async () => {
    const it = await open('PARTNER', PHONE);
    await it.loaded('Nordwind Systems');
    for (const [path, heading] of [
      ['/ledger', 'Ledger'],
      ['/paths?track=BUSINESS', 'Paths'],
      ['/deals', 'Deals'],
      ['/people', 'People'],
      ['/claims', 'Claims'],
      ['/statement', 'Statement'],
    ]) {
      await it.go(path, heading);
      await it.accessible(`${path.slice(1).replaceAll(/\W+/g, '-')}-phone`);
      await it.fits();
    }
    const wide = await open('PARTNER');
    await wide.loaded('Nordwind Systems');
    await wide.until('the chart', () => document.querySelector('.chart path.line'));
    await wide.accessible('account');
    await wide.go('/quote', 'Quote and order');
    await wide.accessible('quote');
  });

  await step('partner: the printed statement', async () => {
    const it = await open('PARTNER', WIDE, '/console/statement');
    await it.loaded('Statement');
    await it.main('Opening balance', 'Closing balance');
    for (const format of ['A4', 'Letter']) {
      const pdf = await it.page.pdf({ format, path: `${SCREENSHOTS}/console-statement-${format}.pdf` });
      assert.ok(pdf.length > 10_000);
    }
    await it.page.emulateMediaType('print');
    await it.page.setViewport({ width: 680, height: 960 });
    const hidden = await it.page.evaluate(() => ['nav', '.top', '.actions', '.filters'].every((it) => !document.querySelector(it)?.checkVisibility()));
    assert.ok(hidden, 'controls are printed');
    await it.shot('console-statement-print');
  });

  await step('professional: points, a claim with evidence and an order from the shop, on a phone', async () => {
    const it = await open('PROFESSIONAL', PHONE);
    await it.loaded('Ada Nowak');
    await it.accessible('membership-phone');
    await it.fits();
    await it.go('/claims', 'Claims');
    await it.fill('Kind', 'BLOG_POST_PUBLISHED');
    await it.press('New claim');
    await it.fill('Address of the evidence', 'https://example.com/post', '.dialog');
    await it.fill('Proposed points', '600', '.dialog');
    await it.preview('changes no credits');
    await it.confirm('Submit claim');
    await it.main('Waits for review', 'example.com');
    await it.accessible('own-claims-phone');
    await it.fits();
    await it.go('/shop', 'Swag shop');
    const dojo = () => ask('PROFESSIONAL', '{ viewer { professional { dojoCredits } } }');
    const before = (await dojo()).viewer.professional.dojoCredits;
    await it.press('Order', { within: '.card' });
    const said = await it.preview('This takes');
    await it.confirm('Order');
    const taken = Number(/This takes ([\d,]+) Dojo/.exec(said)[1].replace(',', ''));
    assert.equal((await dojo()).viewer.professional.dojoCredits, before - taken);
    await it.accessible('shop-phone');
    await it.fits();
    await it.go('/points', 'Points ledger');
    await it.accessible('points-phone');
    await it.fits();
    await it.go('/certificate', 'Certificate');
    await it.main('Ada Nowak', 'until');
    await it.accessible('certificate-phone');
    await it.fits();
    const wide = await open('PROFESSIONAL');
    await wide.loaded('Ada Nowak');
    await wide.accessible('membership');
  });

  await step('texts, dates and numbers follow the language', async () => {
    const it = await open('PARTNER');
    await it.loaded('Nordwind Systems');
    for (const [language, word] of [
      ['de', 'Guthaben'],
      ['fr', 'Solde'],
      ['nl', 'Saldo'],
    ]) {
      await it.page.select('.account select', language);
      await it.main(word);
      assert.equal(await it.page.evaluate(() => document.documentElement.lang), language);
      await it.shot(`console-${language}`);
    }
    await it.page.reload();
    await it.main('Saldo');
  });

  await step('no page logged an error or requested another host', async () => {
    for (const page of pages) {
      assert.deepEqual(page.complaints, []);
      assert.deepEqual(page.strangers, []);
    }
  });
  console.log(`console: ${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  await browser.close();
  await server.stop();
}
