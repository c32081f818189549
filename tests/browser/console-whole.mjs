// An account with more than fits on a page: nothing that is shown or exported stops silently. Steps of `console.mjs`.

import assert from 'node:assert/strict';

import { WIDE } from './console-page.mjs';

const CREATE = `mutation($input: CreatePartnerInput!) { createPartner(input: $input) { userErrors { message } } }`;
const RECORD = `mutation($input: RecordActivitiesInput!) { recordActivities(input: $input) { results { userErrors { message } } userErrors { message } } }`;
const STANDING = `query($code: String!) {
  partner(code: $code) { balance standing { business { credits } } ledger(first: 0) { totalCount } }
}`;
const CODE = 'busy';
const MEETINGS = 1_100;
const PEOPLE = 55;
/// The mutations of one document.
const AT_ONCE = 5;

/// A partner with many people and many entries.
async function fill(ask) {
  const created = await ask('PROGRAM_STAFF', CREATE, { input: { code: CODE, name: 'Busy Systems', enrolledOn: '2024-05-01' } });
  assert.deepEqual(created.createPartner.userErrors, []);
  const day = (at) => new Date(Date.UTC(2024, 4, 1) + (at % 900) * 86_400_000).toISOString().slice(0, 10);
  const activities = Array.from({ length: MEETINGS }, (_, at) => ({ subject: { partner: CODE }, kind: 'CUSTOMER_MEETING', occurredOn: day(at), source: 'whole', externalId: `${at}` }));
  for (let at = 0; at < MEETINGS; at += 500) {
    const { recordActivities } = await ask('PROGRAM_STAFF', RECORD, { input: { activities: activities.slice(at, at + 500) } });
    assert.ok(recordActivities.results.every((it) => it.userErrors.length === 0));
  }
  for (let at = 0; at < PEOPLE; at += AT_ONCE) {
    const fields = Array.from({ length: AT_ONCE }, (_, index) => {
      const code = `busy.${at + index}`;
      return `s${index}: signUpProfessional(input: { code: "${code}", name: "Person ${at + index}", email: "${code}@example.com", signedUpOn: "2025-01-01" }) { userErrors { message } }
        a${index}: affiliateProfessional(input: { professional: "${code}", partner: "${CODE}", startsOn: "2025-01-01" }) { userErrors { message } }`;
    });
    const done = await ask('PROGRAM_STAFF', `mutation { ${fields.join('\n')} }`);
    assert.ok(Object.values(done).every((it) => it.userErrors.length === 0), JSON.stringify(done));
  }
}

const rowsOf = (csv) => csv.trimEnd().split('\r\n');

/// The file that a button of a chart or table saves.
async function fileOf(it, name, options) {
  await it.page.evaluate(() => delete globalThis.saved);
  await it.saves();
  await it.press(name, options);
  return it.until('the file', () => globalThis.saved);
}

export async function wholeSteps({ step, open, ask, TODAY }) {
  await step('staff: an account with many entries and people is shown whole', async () => {
    await fill(ask);
    const { partner } = await ask('PROGRAM_STAFF', STANDING, { code: CODE });
    assert.ok(partner.ledger.totalCount > 1_000, `${partner.ledger.totalCount} entries`);
    const it = await open('PROGRAM_STAFF', WIDE, `/console/partners/${CODE}`);
    await it.loaded('Busy Systems');
    // Too many entries for one chart: the sums of months, to the same end.
    await it.main('more than 1,000 entries');
    const credits = rowsOf(await fileOf(it, 'Credits of the calendar year: CSV'));
    assert.deepEqual(credits.at(-1).split(',').slice(-2), ['0', `${partner.standing.business.credits}`]);
    const balances = rowsOf(await fileOf(it, 'Balance: CSV'));
    assert.equal(balances.at(-1).split(',').at(-1), `${partner.balance}`);
    assert.ok(balances.length > 30, 'a line for each month');
    await it.accessible('partner-busy');
    await it.press('People', { within: '[role=tablist]' });
    await it.main(`of ${PEOPLE}`);
    assert.equal(rowsOf(await fileOf(it, 'Export CSV')).length, PEOPLE + 1);
    await it.go(`/partners/${CODE}/statement?from=2024-05-01&to=${TODAY}`, 'Statement');
    await it.until('all movements', (count) => document.querySelectorAll('main section table tbody tr').length === count + 2, partner.ledger.totalCount);
    await it.until('the print button', () => document.querySelector('.page-header .primary:not(:disabled)'));
  });
}
