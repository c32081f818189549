// Files that program staff uploads to the console: steps of `console.mjs`.

import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RECORDED } from './console-staff.mjs';
import { WIDE } from './console-page.mjs';

const PARTNER = `query($code: String!) { partner(code: $code) { name enrolledOn } }`;
const PERSON = `query($code: String!) {
  professional(code: $code) { name email affiliations(first: 10) { nodes { partner { code } startsOn } } }
}`;

const folder = mkdtempSync(join(tmpdir(), 'console-'));

function fileOf(name, rows) {
  const file = join(folder, name);
  writeFileSync(file, rows.join('\r\n'));
  return file;
}

export async function uploadSteps({ step, open, ask, TODAY }) {
  await step('staff: a file of activities is tried, recorded and voided; refused rows are shown with line and reason', async () => {
    const rows = [
      'source,external_id,kind,occurred_on,partner,quantity,note',
      `upload,1,CUSTOMER_MEETING,${TODAY},nordwind,2,"two`,
      'lines"',
      'upload,2,NO_SUCH_KIND,2026-11-01,nordwind,1,',
      'upload,3,CUSTOMER_MEETING,01.11.2026,nordwind,1,',
    ];
    const file = fileOf('activities.csv', rows);
    const it = await open('PROGRAM_STAFF', WIDE, '/console/imports');
    await it.loaded('Imports');
    await it.press('Upload a file', { within: '.page-header' });
    await it.loaded('Upload a file');
    const { partner } = await ask('PROGRAM_STAFF', RECORDED, { partner: 'nordwind' });
    const field = await it.page.waitForSelector('#upload-file:enabled');
    await field.uploadFile(file);
    await it.main('What the file would do', 'This gives', '4 NO_SUCH_KIND', '5 occurred_on must be a date');
    await it.accessible('upload');
    assert.equal((await ask('PROGRAM_STAFF', RECORDED, { partner: 'nordwind' })).partner.balance, partner.balance, 'a trial changes nothing');
    await it.saves();
    await it.press('Download refused rows');
    const csv = await it.until('the file', () => globalThis.saved);
    assert.match(csv, /quantity,note,import_errors\r\nupload,2,NO_SUCH_KIND,/);
    await it.press('Record 1 row');
    await it.main('What the file did', 'Void 1 activity');
    const after = await ask('PROGRAM_STAFF', RECORDED, { partner: 'nordwind' });
    assert.ok(after.partner.balance > partner.balance);
    await it.press('Void 1 activity of the file');
    await it.fill('Reason', 'The wrong file', '.dialog');
    await it.preview('This takes');
    await it.confirm('Undo');
    assert.equal((await ask('PROGRAM_STAFF', RECORDED, { partner: 'nordwind' })).partner.balance, partner.balance);
    writeFileSync(file, 'partner,nickname\nx,X\n');
    await field.uploadFile(file);
    await it.main('The header fits no kind of rows: partner, nickname');
    writeFileSync(file, 'partner,nickname,enrolled_on\nx,X,2026-01-01\n');
    await field.uploadFile(file);
    await it.main('Partners: columns are missing: name');
  });

  /// The page of uploads, with a file chosen.
  const choose = async (file) => {
    const it = await open('PROGRAM_STAFF', WIDE, '/console/imports/new');
    await it.loaded('Upload a file');
    const field = await it.page.waitForSelector('#upload-file:enabled');
    await field.uploadFile(file);
    return { it, field };
  };
  const figure = (it, label, value) =>
    it.until(
      `${label} ${value}`,
      (label, value) => [...document.querySelectorAll('.figure')].some((one) => one.innerText.startsWith(label) && one.querySelector('.value').innerText === value),
      label,
      value,
    );

  await step('staff: a file of partners is tried and recorded; other names update, other days are refused', async () => {
    // More than one request of ten, and fewer than two.
    const twelve = Array.from({ length: 12 }, (_, at) => `upload-${at},Uploaded ${at},2025-02-${String(at + 1).padStart(2, '0')}`);
    const file = fileOf('partners.csv', ['partner,name,enrolled_on', ...twelve, twelve[0], 'upload-1,Another,2025-02-02', 'upload 13,X,2025-01-01', 'upload-14,,2025-01-01']);
    const { it, field } = await choose(file);
    await it.main('What the file would do', 'Would be recorded 12', '15 The row contradicts that of line 3.', '16', '17 name is empty.');
    await figure(it, 'Duplicate', '1');
    assert.equal((await ask('PROGRAM_STAFF', PARTNER, { code: 'upload-0' })).partner, null, 'a trial keeps nothing');
    await it.accessible('upload-partners');
    await it.saves();
    await it.press('Download refused rows');
    const csv = await it.until('the file', () => globalThis.saved);
    assert.match(csv, /^partner,name,enrolled_on,import_errors\r\nupload-1,Another,2025-02-02,The row contradicts/);
    await it.press('Record 12 rows');
    await it.main('What the file did');
    await figure(it, 'Recorded', '12');
    const found = await ask('PROGRAM_STAFF', PARTNER, { code: 'upload-11' });
    assert.deepEqual(found.partner, { name: 'Uploaded 11', enrolledOn: '2025-02-12' });
    writeFileSync(file, ['partner;name;enrolled_on', 'upload-0;Renamed;2025-02-01', 'upload-1;Uploaded 1;2025-02-02', 'upload-2;Uploaded 2;2025-03-03'].join('\n'));
    await field.uploadFile(file);
    await it.main('What the file would do', 'Would be updated', '4', 'already');
    await figure(it, 'Would be updated', '1');
    await figure(it, 'Duplicate', '1');
    await figure(it, 'Refused', '1');
    assert.equal((await ask('PROGRAM_STAFF', PARTNER, { code: 'upload-0' })).partner.name, 'Uploaded 0');
    await it.press('Record 1 row');
    await it.main('What the file did');
    assert.equal((await ask('PROGRAM_STAFF', PARTNER, { code: 'upload-0' })).partner.name, 'Renamed');
  });

  await step('staff: files of professionals and of affiliations, whose credits are shown before', async () => {
    const people = fileOf('professionals.csv', [
      'professional,name,email,signed_up_on',
      'upload.one,Person One,one@example.com,2025-01-01',
      'upload.two,Person Two,no address,2025-01-01',
      'ada.nowak,Ada Nowak,another@example.com,1999-01-01',
    ]);
    const { it, field } = await choose(people);
    await it.main('What the file would do', '3', 'address', '4', 'already');
    await figure(it, 'Would be recorded', '1');
    await it.press('Record 1 row');
    await it.main('What the file did');
    assert.equal((await ask('PROGRAM_STAFF', PERSON, { code: 'upload.one' })).professional.email, 'one@example.com');
    // What the person has earned since the start is credited to the partner.
    const activity = { subject: { professional: 'upload.one' }, kind: 'CERTIFICATION_OBTAINED', points: 1000, occurredOn: '2026-03-02', source: 'upload', externalId: 'credit' };
    const record = 'mutation($input: ActivityInput!) { recordActivity(input: $input) { userErrors { message } } }';
    assert.deepEqual((await ask('PROGRAM_STAFF', record, { input: activity })).recordActivity.userErrors, []);
    const affiliations = fileOf('affiliations.csv', [
      'professional,partner,starts_on,ends_on',
      'upload.one,polder,2026-01-01,',
      'upload.one,polder,2024-01-01,2024-12-31',
      'nobody,polder,2026-01-01,',
    ]);
    await field.uploadFile(affiliations);
    await it.main('What the file would do', 'This gives', '3', 'before', '4', 'nobody');
    await figure(it, 'Would be recorded', '1');
    await it.accessible('upload-affiliations');
    await it.press('Record 1 row');
    await it.main('What the file did', 'This gives');
    const { professional } = await ask('PROGRAM_STAFF', PERSON, { code: 'upload.one' });
    assert.deepEqual(professional.affiliations.nodes, [{ partner: { code: 'polder' }, startsOn: '2026-01-01' }]);
    await field.uploadFile(affiliations);
    await it.main('What the file would do');
    await figure(it, 'Duplicate', '1');
    await figure(it, 'Would be recorded', '0');
  });
}
