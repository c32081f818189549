// Claims and their evidence, from those who claim to those who review: steps of `console.mjs`.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConsolePage, PHONE, WIDE } from './console-page.mjs';
import { post, startServer } from './page.mjs';

const { SCREENSHOTS, SERVER } = process.env;

const SUBMIT = `mutation($input: ActivityInput!) { submitActivity(input: $input) { activity { id } userErrors { message } } }`;
const REJECT = `mutation($input: ReviewActivityInput!) { reviewActivity(input: $input) { userErrors { message } } }`;
const DOCUMENT = '{ edition { document } }';

const claimOf = (professional, day, externalId) => ({
  subject: { professional },
  kind: 'BLOG_POST_PUBLISHED',
  occurredOn: day,
  points: 700,
  attributes: { title: 'Probes' },
  source: 'claims',
  externalId,
});

export async function claimSteps({ step, open, ask, browser, pages, TODAY }) {
  await step('professional: a rejected claim is sent again with its evidence, and the reviewer sees it', async () => {
    const { submitActivity } = await ask('PROFESSIONAL', SUBMIT, { input: claimOf('ada.nowak', TODAY, 'again') });
    const input = { activityId: submitActivity.activity.id, decision: 'REJECT', reason: 'Where is the post?' };
    assert.deepEqual((await ask('PROGRAM_STAFF', REJECT, { input })).reviewActivity.userErrors, []);
    const it = await open('PROFESSIONAL', PHONE, '/console/claims');
    await it.loaded('Claims');
    await it.main('Title: Probes', 'Rejected', 'Where is the post?');
    await it.press('Send again', { within: 'tbody tr', near: 'Where is the post?' });
    await it.text('.dialog', 'Where is the post?', 'Title', 'Probes');
    assert.equal(await it.page.$eval('.dialog input[name=points]', (field) => field.value), '700', 'it begins with what was claimed');
    await it.fill('Address of the evidence', 'https://example.com/probes', '.dialog');
    await it.fill('Note', 'The address of the post.', '.dialog');
    await it.preview('changes no credits');
    await it.accessible('claim-again-phone');
    await it.confirm('Submit claim');
    await it.main('example.com', 'Waits for review');
    await it.until('one way on', () => ![...document.querySelectorAll('tbody tr')].some((row) => row.innerText.includes('Where is the post?') && row.innerText.includes('Send again')));
    await it.fits();
    const staff = await open('PROGRAM_STAFF', WIDE, '/console/claims?professional=ada.nowak');
    await staff.loaded('Claims');
    assert.equal(await staff.page.$eval('tbody a[href="https://example.com/probes"]', (link) => link.rel), 'noopener noreferrer');
    await staff.press('Approve', { within: 'tbody tr', near: 'The address of the post.' });
    await staff.text('.dialog', 'https://example.com/probes', 'In place of', 'Rejected: Where is the post?');
    await staff.accessible('claim-evidence');
    await staff.fill('Points', '700', '.dialog');
    await staff.preview('This gives 700 points');
    await staff.confirm('Approve');
    await staff.go('/professionals/ada.nowak?tab=claims', 'Ada Nowak');
    await staff.main('example.com', 'Recorded', '700');
    await staff.accessible('professional-claims');
  });

  await step('staff: what a kind asks for is entered with an activity', async () => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/partners/polder');
    await it.loaded('Polder Integrations');
    await it.press('Change…');
    await it.press('Record an activity');
    await it.fill('Kind', 'DEMO_SYSTEM', '.dialog');
    await it.preview('Fill in the fields');
    await it.fill('Dataminer services enabled', 'true', '.dialog');
    await it.fill('Address of the evidence', 'https://example.com/demo', '.dialog');
    await it.preview('This gives');
    await it.confirm('Record an activity');
    await it.press('Claims and activities', { within: '[role=tablist]' });
    await it.main('Dataminer services enabled: Yes', 'example.com', 'Recorded');
    await it.accessible('partner-claims');
  });

  await step('a kind whose evidence has a last day says so to both', async () => {
    // An edition that asks for evidence within two weeks, in a database of its own.
    const folder = mkdtempSync(join(tmpdir(), 'console-evidence-'));
    const settings = { DATABASE_URL: `sqlite://${folder}/program.db` };
    const command = (today, ...words) =>
      execFileSync(SERVER, words, { cwd: folder, env: { PATH: process.env.PATH, ...settings, PROGRAM_TODAY: today }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const { edition } = await ask('ADMINISTRATOR', DOCUMENT);
    const kind = 'kind = "BLOG_POST_PUBLISHED"';
    assert.ok(edition.document.includes(kind));
    writeFileSync(join(folder, 'edition.toml'), edition.document.replace(kind, `${kind}\nevidence_days = 14`));
    writeFileSync(join(folder, 'professionals.csv'), 'professional,name,email,signed_up_on\ngrace,Grace Hall,grace@example.com,2025-01-01\n');
    command(TODAY, 'import', '--create', 'professionals.csv');
    command(TODAY, 'edition', 'publish', 'edition.toml', '--from', '2026-12-01');
    const keyOf = (...words) => /pp_\w+/.exec(command(TODAY, 'key', 'create', '--label', 'evidence', '--role', ...words))[0];
    const keys = { PROFESSIONAL: keyOf('PROFESSIONAL', '--subject', 'grace'), PROGRAM_STAFF: keyOf('PROGRAM_STAFF') };
    const other = await startServer(SERVER, { ...settings, PROGRAM_TODAY: '2026-12-02' }, ['serve']);
    try {
      const visit = async (role, viewport) => {
        const it = await ConsolePage.start(browser, other.base, SCREENSHOTS, viewport, keys[role], '/console/claims');
        pages.push(it);
        await it.loaded('Claims');
        return it;
      };
      const it = await visit('PROFESSIONAL', PHONE);
      await it.fill('Kind', 'BLOG_POST_PUBLISHED');
      await it.press('New claim');
      await it.text('.dialog', 'Without it, the claim is rejected 14 days after it was submitted.');
      await it.preview('changes no credits');
      await it.confirm('Submit claim');
      await it.main('Evidence until 16 Dec 2026');
      await it.accessible('evidence-due-phone');
      await it.fits();
      const staff = await visit('PROGRAM_STAFF', WIDE);
      await staff.main('Grace Hall', 'Evidence until 16 Dec 2026');
      await staff.press('Reject', { within: 'tbody tr' });
      await staff.text('.dialog', 'Evidence until', '16 Dec 2026');
      const { activities } = await post(other, keys.PROGRAM_STAFF, '{ activities(first: 1) { nodes { evidenceDueOn } } }');
      assert.equal(activities.nodes[0].evidenceDueOn, '2026-12-16');
      await staff.page.close();
      await it.page.close();
    } finally {
      await other.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
