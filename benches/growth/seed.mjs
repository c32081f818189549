// The CSV files of a program of 200 partners, 2,000 professionals and 20,000 activities: `node seed.mjs FOLDER`.
// fill.sql copies it. One activity in ten is a partner's.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [PARTNERS, PROFESSIONALS, ACTIVITIES] = [200, 2_000, 20_000];
const OF_PARTNERS = ['CUSTOMER_MEETING', 'EVENT_ORGANIZED', 'LINKEDIN_POST'];
const OF_PROFESSIONALS = [['COURSE_COMPLETED', 25, 250], ['CERTIFICATION_OBTAINED', 500, 1000], ['DOCS_LARGE_CONTRIBUTION', 250, 1000]];

// A generator of its own, so that every run has the same rows.
let state = 7;
const below = (limit) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
const numbers = (count) => Array.from({ length: count }, (_, number) => number);
const code = (prefix, number) => `${prefix}-${String(number).padStart(4, '0')}`;
const day = (number) => new Date(Date.UTC(2025, 0, 1) + number * 86_400_000).toISOString().slice(0, 10);
const DAYS = 600;

const folder = process.argv[2];
const write = (name, header, rows) => writeFileSync(join(folder, name), [header, ...rows, ''].join('\n'));
write('1-partners.csv', 'partner,name,enrolled_on', numbers(PARTNERS).map((n) => `${code('partner', n)},Partner ${n},2024-06-01`));
write('2-professionals.csv', 'professional,name,email,signed_up_on', numbers(PROFESSIONALS).map((n) =>
  `${code('person', n)},Person ${n},person-${n}@example.com,2024-06-01`));
write('3-affiliations.csv', 'professional,partner,starts_on', numbers(PROFESSIONALS).map((n) =>
  `${code('person', n)},${code('partner', n % PARTNERS)},2024-06-01`));
const ofPartners = [];
const ofProfessionals = [];
for (const number of numbers(ACTIVITIES)) {
  const on = day(Math.floor((number * DAYS) / ACTIVITIES));
  if (below(10) === 0) {
    ofPartners.push(`seed,${number},${code('partner', below(PARTNERS))},${OF_PARTNERS[below(3)]},${on}`);
  } else {
    const [kind, least, most] = OF_PROFESSIONALS[below(3)];
    ofProfessionals.push(`seed,${number},${code('person', below(PROFESSIONALS))},${kind},${on},${least + below(most - least + 1)}`);
  }
}
write('4-activities.csv', 'source,external_id,partner,kind,occurred_on', ofPartners);
write('5-activities.csv', 'source,external_id,professional,kind,occurred_on,points', ofProfessionals);
