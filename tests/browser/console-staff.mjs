// What program staff does in the console, and an integration: the steps of `console.mjs`.

import assert from 'node:assert/strict';

import { WIDE } from './console-page.mjs';

const PENDING = `{ activities(filter: { statuses: [PENDING_REVIEW] }, first: 20) { totalCount nodes { id kind } } }`;
const REVIEW = `mutation($input: ReviewActivityInput!) { reviewActivity(input: $input) { userErrors { message } } }`;
export const RECORDED = `query($partner: String!) {
  partner(code: $partner) { balance activities(last: 50) { nodes { id kind status awardedCredits } } }
}`;

export async function staffSteps({ step, open, ask, server, TODAY }) {
  await step('staff: a claim is approved with points, and leaves the queue of another tab', async () => {
    const before = (await ask('PROGRAM_STAFF', PENDING)).activities;
    assert.ok(before.totalCount >= 2, 'the demo has claims');
    const dashboard = await open('PROGRAM_STAFF');
    await dashboard.loaded('Dashboard');
    await dashboard.text('a[href="/console/claims"].figure', `${before.totalCount}`);
    await dashboard.connected();
    const it = await open('PROGRAM_STAFF', WIDE, '/console/claims');
    await it.loaded('Claims');
    await it.press('Approve', { within: 'tbody tr' });
    await it.text('.dialog', 'Approve');
    if (await it.page.$('.dialog input[type=number]')) {
      const min = await it.page.$eval('.dialog input[type=number]', (field) => field.min);
      await it.fill('Points', min, '.dialog');
    }
    await it.preview('This gives');
    await it.accessible('dialog');
    await it.confirm('Approve');
    await it.text('.notices', 'Approved.');
    await dashboard.text('a[href="/console/claims"].figure', `${before.totalCount - 1}`);
    // The other way round: what another client reviews leaves this list.
    await it.connected();
    const { activities } = await ask('PROGRAM_STAFF', PENDING);
    const rest = activities.totalCount;
    await it.until('the list', (rest) => document.querySelectorAll('tbody tr').length === rest, rest);
    await ask('PROGRAM_STAFF', REVIEW, { input: { activityId: activities.nodes[0].id, decision: 'REJECT', reason: 'The link is broken.' } });
    await it.until('the shorter list', (rest) => document.querySelectorAll('tbody tr').length === rest - 1 || (rest === 1 && document.querySelector('main .empty')), rest);
  });

  await step('staff: voiding shows what it takes before it takes it', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/claims?status=RECORDED&partner=nordwind');
    await it.loaded('Claims');
    const { partner } = await ask('PROGRAM_STAFF', RECORDED, { partner: 'nordwind' });
    await it.press('Void', { within: 'tbody tr' });
    await it.fill('Reason', 'Entered twice', '.dialog');
    const said = await it.preview('This');
    await it.shot('console-void');
    const again = await ask('PROGRAM_STAFF', RECORDED, { partner: 'nordwind' });
    assert.equal(again.partner.balance, partner.balance, 'a preview changes nothing');
    await it.confirm('Void');
    const after = await ask('PROGRAM_STAFF', RECORDED, { partner: 'nordwind' });
    const taken = Number(/This takes ([\d,]+) credit/.exec(said)?.[1]?.replace(',', '') ?? 0);
    assert.equal(after.partner.balance, partner.balance - taken, said);
  });

  await step('staff: a reported win is approved, and the partner has its credits', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/deals?status=WON_REPORTED');
    await it.loaded('Deals');
    await it.page.locator('.board .tile').click();
    await it.press('Approve the win');
    await it.preview('This gives');
    await it.confirm('Approve');
    await it.main('Won');
    await it.accessible('deal');
  });

  await step('staff: an order is fulfilled and returned', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/orders?status=PLACED');
    await it.loaded('Orders');
    const number = await it.page.$eval('tbody td', (cell) => cell.innerText.split('\n')[0]);
    await it.press('Fulfil', { within: 'tbody tr' });
    await it.confirm('Fulfil');
    await it.until('the row to leave', (number) => !document.querySelector('tbody')?.innerText.includes(number), number);
    await it.fill('Status', 'FULFILLED');
    await it.main(number);
    await it.press('Return', { within: 'tbody tr', near: number });
    await it.fill('Reason', 'The customer stepped back', '.dialog');
    await it.preview('This');
    await it.confirm('Return');
    await it.fill('Status', 'RETURNED');
    await it.main(number, 'The customer stepped back');
    assert.match(it.page.url(), /status=RETURNED/);
  });

  await step('staff: swag is shipped', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/swag?status=PLACED');
    await it.loaded('Swag orders');
    await it.press('Ship', { within: 'tbody tr' });
    await it.confirm('Ship');
    await it.text('.notices', 'Done');
  });

  await step('staff: partners are filtered, ordered and exported; the address can be shared', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/partners');
    await it.loaded('Partners');
    await it.fill('Search', 'nordwind');
    await it.until('one row', () => document.querySelectorAll('tbody tr').length === 1);
    const shared = await open('PROGRAM_STAFF', WIDE, it.page.url().slice(server.base.length));
    await shared.until('one row', () => document.querySelectorAll('tbody tr').length === 1);
    await it.fill('Search', '');
    await it.press('Balance ▿', { within: 'thead' });
    await it.until('an order', () => document.querySelector('th[aria-sort]')?.innerText.includes('Balance'));
    await it.saves();
    await it.press('Export CSV');
    const csv = await it.until('the file', () => globalThis.saved);
    assert.match(csv, /Code,Name,Enrolled on,Technical,Business,Credits this year,Balance\r\n/);
    assert.match(csv, /\r\nnordwind,Nordwind Systems,/);
  });

  await step('staff: a correction of a partner shows its effect; the override can be ended', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/partners/polder');
    await it.loaded('Polder Integrations');
    await it.press('Change…');
    await it.press('Override a level');
    await it.fill('Level', 'CREATOR', '.dialog');
    await it.fill('Track', 'BUSINESS', '.dialog');
    await it.fill('Reason', 'Strategic partner', '.dialog');
    await it.preview('Creator');
    await it.shot('console-override');
    await it.confirm('Override a level');
    await it.main('Set to Creator until');
    await it.press('Change…');
    await it.press('End the override');
    await it.fill('Reason', 'It was a test', '.dialog');
    await it.preview();
    await it.confirm('End the override');
    for (const tab of ['Ledger', 'People', 'Level history']) {
      await it.press(tab, { within: '[role=tablist]' });
      await it.loaded();
      await it.accessible(`partner-${tab.toLowerCase().replace(' ', '-')}`);
    }
  });

  await step('staff: an activity with points is recorded for a professional', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/professionals/ada.nowak');
    await it.loaded('Ada Nowak');
    await it.press('Change…');
    await it.press('Record an activity');
    await it.fill('Kind', 'BLOG_POST_PUBLISHED', '.dialog');
    await it.fill('Points', '700', '.dialog');
    await it.fill('Address of the evidence', 'https://example.com/post-7', '.dialog');
    await it.preview('This gives 700 points');
    await it.accessible('record');
    await it.confirm('Record an activity');
    await it.press('Points ledger', { within: '[role=tablist]' });
    await it.main('Blog post published: 700 points');
  });

  await step('staff: two customers become one, and names of a customer are kept apart', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/customers');
    await it.loaded('Customers');
    await it.press('Join Marina Sat into another customer');
    await it.fill('Customer that remains', 'Kanaal', '.dialog');
    await it.until('the suggestion', () => document.querySelector('.dialog option[value="Kanaal Noord"]'));
    await it.fill('Customer that remains', 'Kanaal Noord', '.dialog');
    await it.fill('Reason', 'They merged', '.dialog');
    await it.preview('This takes 100 credits');
    await it.accessible('customers-join');
    await it.confirm('Join');
    await it.main('Kanaal Noord · Kanaal Noord Broadcasting · Marina Sat');
    await it.press('Keep apart: Separate names of Kanaal Noord');
    await it.press('Marina Sat', { within: '.dialog' });
    await it.fill('Reason', 'They did not', '.dialog');
    await it.preview('This gives 100 credits');
    await it.accessible('customers-separate');
    await it.confirm('Keep apart');
    await it.main('Marina Sat');
  });

  await step('staff: a product gets a price in another currency; a contract is ended and voided', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/products');
    await it.loaded('Products');
    await it.press('Change DataMiner licence');
    await it.fill('Further currency', 'gbp', '.dialog');
    await it.fill('Its list price', '10500', '.dialog');
    await it.accessible('products-change');
    await it.confirm('Change');
    await it.main('£10,500.00');
    await it.page.goto(`${server.base}/console/partners/polder?tab=contracts`);
    await it.loaded('Polder Integrations');
    await it.press('Change…');
    await it.press('Record a contract');
    await it.fill('Reference', 'C-2026', '.dialog');
    await it.fill('Support, percent', '25', '.dialog');
    await it.confirm('Record a contract');
    await it.main('C-2026', 'Support 25%', 'In force');
    await it.press('Change the end: End contract C-2026');
    await it.fill('Reason', 'Agreed by both', '.dialog');
    await it.preview('changes no credits');
    await it.confirm('Change the end');
    await it.press('Void contract C-2026');
    await it.fill('Reason', 'Never signed', '.dialog');
    await it.preview('changes no credits');
    await it.confirm('Void');
    await it.main('voided', 'Never signed');
    await it.accessible('partner-contracts');
  });

  await step('staff: every page is accessible in both themes', async () => {
    const it = await open('PROGRAM_STAFF');
    await it.loaded('Dashboard');
    await it.main('Credits by month');
    await it.until('the chart', () => document.querySelector('.chart .bar'));
    await it.accessible('dashboard');
    for (const [path, heading] of [
      ['/claims?status=ALL', 'Claims'],
      ['/deals', 'Deals'],
      ['/deals?view=list', 'Deals'],
      ['/orders', 'Orders'],
      ['/swag', 'Swag orders'],
      ['/partners', 'Partners'],
      ['/partners/nordwind', 'Nordwind Systems'],
      ['/professionals', 'Professionals'],
      ['/professionals/ada.nowak', 'Ada Nowak'],
      ['/customers', 'Customers'],
      ['/products', 'Products'],
      ['/swag-items', 'Swag items'],
      ['/professionals/ada.nowak/certificate', 'Certificate'],
      ['/quote?partner=nordwind', 'Quote and order'],
      ['/partners/nordwind?tab=contracts', 'Nordwind Systems'],
      ['/partners/nordwind?tab=quotes', 'Nordwind Systems'],
      ['/imports', 'Imports'],
      ['/imports/new', 'Upload a file'],
      ['/report', 'Report'],
      ['/policy', 'Policy'],
      ['/audit', 'Audit log'],
      ['/webhooks', 'Webhooks'],
      ['/nothing/here', ''],
    ]) {
      await it.page.goto(`${server.base}/console${path}`);
      if (heading) {
        await it.loaded(heading);
      } else {
        await it.main('nothing at this address');
      }
      await it.until('the rows', () => !document.querySelector('main .spinner'));
      await it.accessible(path.slice(1).replaceAll(/\W+/g, '-'));
      await it.fits();
    }
    assert.equal((await it.page.$$('nav a[href="/console/keys"]')).length, 0, 'what a role may not do is not shown');
  });

  await step('staff: a long list loads while scrolling, and keeps few rows in the page', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/claims?status=ALL');
    await it.loaded('Claims');
    // A file has all rows, also those that were not scrolled to.
    await it.saves();
    await it.press('Export CSV');
    const csv = await it.until('the file', () => globalThis.saved);
    const total = await it.page.$eval('.table-footer', (element) => Number(/of ([\d,]+)/.exec(element.innerText)[1].replace(',', '')));
    assert.equal(csv.trimEnd().split('\r\n').length, total + 1);
    const box = await it.page.waitForSelector('.table-box.scrolls');
    await it.until(
      'the whole list',
      (box) => {
        box.scrollBy(0, 4_000);
        const [, shown, total] = /^([\d,]+) of ([\d,]+)/.exec(document.querySelector('.table-footer').innerText) ?? [];
        return shown && shown === total && Number(total.replace(',', '')) > 1_000;
      },
      box,
    );
    const rows = (await it.page.$$('tbody tr')).length;
    assert.ok(rows < 80, `${rows} rows are in the page`);
  });

  await step('integrator: what it recorded', async () => {
    const it = await open('INTEGRATOR');
    await it.loaded('Claims');
    await it.accessible('integrator');
    await it.go('/deals', 'Deals');
    assert.equal((await it.page.$$('nav a[href="/console/partners"]')).length, 0);
  });
}
