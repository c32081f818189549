// Runs the audits of GraphQL over HTTP against a server: `node audits.mjs URL KEY`.

import { serverAudits } from 'graphql-http';

const [url, key] = process.argv.slice(2);

// The audits ask as clients do that need not say who they are; here everybody has to.
const fetchFn = (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${key}`);
  return fetch(input, { ...init, headers });
};

const counts = { MUST: [0, 0], SHOULD: [0, 0], MAY: [0, 0] };
const failures = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const level = Object.keys(counts).find((word) => audit.name.startsWith(word));
  if (level === undefined) {
    throw new Error(`${audit.id} is none of ${Object.keys(counts)}: ${audit.name}`);
  }
  const result = await audit.fn();
  counts[level][1] += 1;
  if (result.status === 'ok') {
    counts[level][0] += 1;
  } else {
    failures.push(`${result.status}: ${audit.id} ${audit.name}: ${result.reason}`);
  }
}

for (const failure of failures) {
  console.log(failure);
}
const [passed, all] = Object.values(counts).reduce(([a, b], [c, d]) => [a + c, b + d]);
const levels = Object.entries(counts).map(([level, [some, of]]) => `${level} ${some} of ${of}`);
console.log(`audits passed: ${passed} of ${all} (${levels.join(', ')})`);
process.exitCode = passed === all ? 0 : 1;
